"""Columns of text into values, whole columns at a time. Pure: Arrow and numpy in and out.

Each parser returns the values (null where there is none) and a mask of cells that are none of this type, so that the
caller
refuses the row by name. A cell of blanks is empty.
"""

from __future__ import annotations

from datetime import date
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from blanko.ground.files.headers import folded
from blanko.ground.places import gazetteer

Mask = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

MONTH_DAYS = np.array([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
YEAR_MIN, YEAR_MAX = 1000, 2999
# A longer text is no day, and Python refuses to count with numbers of thousands of digits.
DAY_LONGEST = 20


# Made once: each value that Arrow is given as Python's own costs a look for a library that is not there.
_BLANK, _NULL = pa.scalar("", pa.string()), pa.scalar(None, pa.string())


def trimmed(column: pa.Array) -> pa.Array:
    """Without blanks at both ends; nothing where nothing is left."""
    text = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.equal(text, _BLANK), _NULL, text)


def is_null(column: pa.Array) -> Mask:
    return np.asarray(column.is_null().to_numpy(zero_copy_only=False), dtype=bool)


def has_control(column: pa.Array) -> Mask:
    """Cells with characters that no table can show (C0 and C1 controls). Looks at the bytes first: most columns have
    none.
    """
    rows = len(column)
    _, offsets, data = column.buffers()
    if data is None or rows == 0:
        return np.zeros(rows, bool)
    bounds = np.frombuffer(offsets, np.int32)[column.offset : column.offset + rows + 1]
    raw = np.frombuffer(data, np.uint8)[bounds[0] : bounds[-1]]
    suspicious = bool(
        (raw < 32).any() or (raw == 127).any() or ((raw[:-1] == 0xC2) & (raw[1:] >= 0x80) & (raw[1:] < 0xA0)).any()
    )
    if not suspicious:
        return np.zeros(rows, bool)
    found = pc.match_substring_regex(column, r"[\x00-\x1f\x7f]|\xC2[\x80-\x9f]|[\x{80}-\x{9f}]")
    return np.asarray(pc.fill_null(found, False).to_numpy(zero_copy_only=False), dtype=bool)


def fixed(column: pa.Array, width: int) -> tuple[npt.NDArray[np.uint8], Mask]:
    """The bytes of the cells that are exactly ``width`` bytes long as a matrix (others zero), and which those are."""
    rows = len(column)
    _, offsets, data = column.buffers()
    bounds = np.frombuffer(offsets, np.int32)[column.offset : column.offset + rows + 1].astype(np.int64)
    fits = (np.diff(bounds) == width) & ~is_null(column)
    matrix = np.zeros((rows, width), np.uint8)
    if fits.any():
        raw = np.frombuffer(data, np.uint8)
        matrix[fits] = raw[bounds[:-1][fits, None] + np.arange(width)]
    return matrix, fits


def digits(matrix: npt.NDArray[np.uint8]) -> tuple[Ints, Mask]:
    """The number that each row of bytes spells, and whether all of them are digits."""
    value = matrix - np.uint8(48)
    good = (value <= 9).all(axis=1)
    number = value @ (10 ** np.arange(matrix.shape[1] - 1, -1, -1, dtype=np.int64))
    return np.where(good, number, 0), good


def dates(column: pa.Array) -> tuple[pa.Array, Mask]:
    """Days (date32) from YYYY-MM-DD or DD-MM-YYYY (also with / or .); anything else the slow way, cell by cell."""
    empty = is_null(column)
    if empty.all():
        return pa.nulls(len(column), pa.date32()), np.zeros(len(column), bool)
    matrix, fits = fixed(column, 10)
    iso = fits & (matrix[:, 4] == 45) & (matrix[:, 7] == 45)
    local = fits & ~iso & np.isin(matrix[:, 2], (45, 46, 47)) & (matrix[:, 2] == matrix[:, 5])
    if local.any():
        # The day-first form is turned round in place, so that one reading serves both.
        matrix[local] = matrix[local][:, [6, 7, 8, 9, 2, 3, 4, 2, 0, 1]]
    number, numeric = digits(matrix[:, [0, 1, 2, 3, 5, 6, 8, 9]])
    year, month, day = number // 10_000, number // 100 % 100, number % 100
    good = (iso | local) & numeric & (month >= 1) & (month <= 12) & (day >= 1)
    good &= (year >= YEAR_MIN) & (year <= YEAR_MAX)
    good &= day <= MONTH_DAYS[np.where(good, month, 1)]
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    good &= ~((month == 2) & (day == 29) & ~leap)
    months = (np.where(good, year, 1970) - 1970) * 12 + np.where(good, month, 1) - 1
    days = months.astype("M8[M]").astype("M8[D]").astype(np.int64) + np.where(good, day, 1) - 1
    others = np.flatnonzero(~good & ~empty & ~fits)
    for at in others:
        found = _slow_date(column[int(at)].as_py())
        if found is not None:
            days[at], good[at] = (found - date(1970, 1, 1)).days, True
    array = pa.Array.from_pandas(days.astype(np.int32), mask=~good, type=pa.int32()).cast(pa.date32())
    return array, ~good & ~empty


@lru_cache(maxsize=10_000)
def _slow_date(text: str) -> date | None:
    text = text.partition(" ")[0].partition("T")[0]
    if len(text) > DAY_LONGEST:
        return None
    for separator in "-/.":
        parts = text.split(separator)
        if len(parts) == 3 and all(part.isascii() and part.isdigit() for part in parts):
            numbers = [int(part) for part in parts]
            year, month, day = numbers if len(parts[0]) == 4 else numbers[::-1]
            if not YEAR_MIN <= year <= YEAR_MAX:
                return None
            try:
                return date(year, month, day)
            except ValueError:
                return None
    return None


_MOMENT = r"^\d{4}-\d{2}-\d{2}([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?(Z|[+-](0\d|1[0-4]):?[0-5]\d)?)?$"
# The hour of the capital, where a file names no zone.
_WIB = "+07:00"


def moments(column: pa.Array) -> tuple[pa.Array, Mask]:
    """Times as text in ISO 8601 with their zone, so that they compare and cast as they are: Jakarta's where none is
    given, midnight where only a day is."""
    fits = pc.fill_null(pc.match_substring_regex(column, _MOMENT), False)
    _, no_day = dates(pc.if_else(fits, pc.utf8_slice_codeunits(column, 0, 10), pa.scalar(None, pa.string())))
    good = np.asarray(fits.to_numpy(zero_copy_only=False), bool) & ~no_day
    text = pc.replace_substring(column, " ", "T")
    text = pc.if_else(pc.equal(pc.utf8_length(text), 10), pc.binary_join_element_wise(text, "T00:00:00", ""), text)
    zoned = pc.match_substring_regex(text, r"(Z|[+-]\d{2}:?\d{2})$")
    text = pc.if_else(zoned, text, pc.binary_join_element_wise(text, _WIB, ""))
    kept = pc.if_else(pa.array(good), text, pa.scalar(None, pa.string()))
    return kept, ~good & ~is_null(column)


def counts(column: pa.Array) -> tuple[pa.Array, Mask]:
    """Whole numbers from 0 up (int64)."""
    good = pc.fill_null(pc.match_substring_regex(column, r"^\d{1,18}$"), False)
    kept = pc.if_else(good, column, pa.scalar(None, pa.string())).cast(pa.int64())
    return kept, np.asarray(pc.and_(pc.invert(good), column.is_valid()).to_numpy(zero_copy_only=False), dtype=bool)


def choices(column: pa.Array, allowed: tuple[str, ...], words: dict[str, str]) -> tuple[pa.Array, Mask]:
    """One of the allowed words, also in the other ways that files write them. Looks each different word up once."""
    encoded = column.dictionary_encode()
    by_folded = {folded(word): word for word in allowed} | words
    found = [by_folded.get(folded(text)) for text in encoded.dictionary.to_pylist()]
    values = pa.array(found, pa.string()).take(encoded.indices)
    return values, is_null(values) & ~is_null(column)


@cache
def regency_table() -> npt.NDArray[np.int32]:
    """From the four digits of any regency code, of 2017 or today, to those of 2017; -1 where there is none."""
    table = np.full(10_000, -1, np.int32)
    for today, own in gazetteer.today_codes().items():
        table[int(today)] = int(own)
    for regency in gazetteer.regencies_2017():
        table[int(regency.code)] = int(regency.code)
    return table


@cache
def village_numbers() -> Ints:
    """The village codes of today, in order."""
    return gazetteer.village_codes().astype(np.int64)


@cache
def district_numbers() -> Ints:
    """The district codes of today, in order."""
    return np.array(sorted(int(code) for code in gazetteer.district_codes()), np.int64)


def _inside(numbers: Ints, known: Ints) -> Mask:
    at = np.minimum(np.searchsorted(known, numbers), len(known) - 1)
    return np.asarray(known[at] == numbers, dtype=bool)


def villages(column: pa.Array) -> tuple[pa.Array, pa.Array, Mask, Mask, Mask]:
    """(village code of 2017, its regency, cells that are no area, village not known today, district not known today).

    Ten digits; dots are tolerated (32.01.01.2001).
    """
    plain = pc.replace_substring(column, ".", "")
    matrix, fits = fixed(plain, 10)
    number, numeric = digits(matrix)
    regency = np.where(numeric & fits, regency_table()[number // 1_000_000], -1)
    good = regency >= 0
    own = np.where(good, regency.astype(np.int64) * 1_000_000 + number % 1_000_000, 0)
    if (own[good] == number[good]).all():
        codes = pc.if_else(pa.array(good), plain, pa.scalar(None, pa.string()))
    else:
        codes = pa.Array.from_pandas(own, mask=~good).cast(pa.string())
    places = pc.utf8_slice_codeunits(codes, 0, 4)
    village_known = _inside(own, village_numbers())
    district_known = _inside(own // 10_000, district_numbers())
    return codes, places, ~good & ~is_null(column), good & ~village_known & district_known, good & ~district_known


@cache
def office_words() -> dict[str, str]:
    """From how an office's code may be written to its code of 2017."""
    words = {office.code: office.code for office in gazetteer.offices()}
    return words | {today: own for today, own in gazetteer.today_codes().items() if today not in words}


@cache
def _area_words() -> dict[str, str]:
    words = {"ID": "ID", "id": "ID"} | {province.code: province.code for province in gazetteer.provinces_today()}
    words |= {regency.code: regency.code for regency in gazetteer.regencies_2017()}
    return words | {today: own for today, own in gazetteer.today_codes().items() if today not in words}


def codes_of(column: pa.Array, *, offices: bool) -> tuple[pa.Array, Mask]:
    """Office codes (00, 2 or 4 digits) or area codes (ID, 2 or 4 digits), in the codes of 2017."""
    words = office_words() if offices else _area_words()
    encoded = column.dictionary_encode()
    found = [words.get(text.replace(".", "")) for text in encoded.dictionary.to_pylist()]
    values = pa.array(found, pa.string()).take(encoded.indices)
    return values, is_null(values) & ~is_null(column)
