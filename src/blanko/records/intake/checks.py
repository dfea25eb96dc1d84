"""A batch of text into rows that can be stored, with warnings, and rows that cannot, each with its reason. Pure.

Only what cannot be stored or placed is refused: everything else is kept with a warning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from blanko.ground.files.rejects import Cause, Reject
from blanko.records.intake import columns as parse
from blanko.records.intake.kinds import CHOICE_WORDS, Column, Kind
from blanko.records.intake.rules import MENDS

NIK_LENGTH = 16
ADULT_AGE = 17
EVER_MARRIED = ("KAWIN", "CERAI HIDUP", "CERAI MATI")
VALUE_TYPES = {"date": pa.date32(), "count": pa.int64()}


@dataclass(slots=True)
class Checked:
    """``values`` the kind's columns in its order, ``regency``, ``warnings`` of the rows that have any, by their place,
    ``rows`` their numbers, ``rejects``.
    """

    values: dict[str, pa.Array]
    regency: pa.Array
    warnings: dict[int, list[str]]
    rows: np.ndarray
    rejects: list[Reject]


@dataclass(slots=True)
class _Work:
    rows: np.ndarray
    refused: np.ndarray
    reasons: dict[int, dict[str, str]] = field(default_factory=dict)
    warned: list[tuple[str, np.ndarray]] = field(default_factory=list)

    def refuse(self, mask: np.ndarray, column: str, reason: str) -> None:
        """The first reason that a cell is refused for stands; a row may have several such cells."""
        for at in np.flatnonzero(mask):
            self.reasons.setdefault(int(at), {}).setdefault(column, reason)
        self.refused |= mask

    def warn(self, mask: np.ndarray, warning: str) -> None:
        if mask.any():
            self.warned.append((warning, mask))


def check(
    batch: pa.RecordBatch, *, kind: Kind, positions: dict[str, int], rows: Sequence[int], today: date,
    repeated: npt.NDArray[np.int64] | None = None,
) -> Checked:  # fmt: skip
    """Check one batch. ``positions`` column -> its place in the file; a column that the file lacks is empty.

    ``today`` is the day against which ages and futures are judged. ``repeated`` are the NIKs, as numbers and in order,
    that stand on several rows of the file.
    """
    count = batch.num_rows
    numbers = np.fromiter(rows, np.int64, count)
    nothing = pa.nulls(count, pa.string())
    texts = {
        column.name: parse.trimmed(batch.column(positions[column.name])) if column.name in positions else nothing
        for column in kind.columns
    }
    # A line without any cell is no row.
    blank = parse.is_null(texts[kind.key[0]]) & parse.is_null(texts[kind.key[1]])
    if blank.any():
        blank &= np.logical_and.reduce([parse.is_null(parse.trimmed(column)) for column in batch.columns])
    if blank.any():
        keep = pa.array(~blank)
        texts = {name: text.filter(keep) for name, text in texts.items()}
        batch = batch.filter(keep)
        numbers = numbers[~blank]
        count = batch.num_rows
    work = _Work(numbers, np.zeros(count, bool))
    values: dict[str, pa.Array] = {}
    regency: pa.Array = pa.nulls(count, pa.string())
    for column in kind.columns:
        text = texts[column.name]
        if not column.required and text.null_count == count:
            values[column.name] = text.cast(VALUE_TYPES.get(column.type, pa.string()))
            continue
        if column.required:
            work.refuse(parse.is_null(text), column.name, "missing")
        work.refuse(parse.has_control(text), column.name, "control_characters")
        value, place = _parsed(column, text, work)
        values[column.name] = value
        if column.name == kind.place:
            regency = place if place is not None else _regency_of(value)
    if kind.name == "registrations":
        _warn_registrations(values, work, today, repeated)
    if kind.name == "deaths":
        nameless = [parse.is_null(texts[name]) for name in ("nik", "record_id", "name")]
        work.refuse(np.logical_and.reduce(nameless), "nik", "missing")
    return _sorted_out(batch, texts, values, regency, work)


def _parsed(column: Column, text: pa.Array, work: _Work) -> tuple[pa.Array, pa.Array | None]:
    """The column's values; for a village also its regency."""
    if column.type == "date":
        value, wrong = parse.dates(text)
        work.refuse(wrong, column.name, "impossible_date")
        return value, None
    if column.type == "count":
        value, wrong = parse.counts(text)
        work.refuse(wrong, column.name, "not_a_count")
        if column.most is not None:
            above = pc.fill_null(pc.greater(value, column.most), False)
            work.refuse(np.asarray(above.to_numpy(zero_copy_only=False), bool), column.name, "too_many")
        return value, None
    if column.type == "nik":
        matrix, fits = parse.fixed(text, NIK_LENGTH)
        _, numeric = parse.digits(matrix)
        given = ~parse.is_null(text)
        work.refuse(given & ~fits, column.name, "wrong_length")
        work.refuse(given & fits & ~numeric, column.name, "not_digits")
        return text, None
    if column.type in ("sex", "choice"):
        allowed = ("L", "P") if column.type == "sex" else column.choices
        value, wrong = parse.choices(text, allowed, CHOICE_WORDS.get(column.name, {}))
        work.refuse(wrong, column.name, "unknown_choice")
        return value, None
    if column.type == "village":
        value, place, wrong, no_village, no_district = parse.villages(text)
        work.refuse(wrong, column.name, "unknown_area")
        work.warn(no_village, "village_unknown")
        work.warn(no_district, "district_unknown")
        return value, place
    if column.type in ("office", "area"):
        value, wrong = parse.codes_of(text, offices=column.type == "office")
        work.refuse(wrong, column.name, "unknown_office" if column.type == "office" else "unknown_area")
        return value, None
    if column.type == "moment":
        value, wrong = parse.moments(text)
        work.refuse(wrong, column.name, "impossible_moment")
        return value, None
    if column.type == "decimal":
        wrong = ~np.asarray(
            pc.fill_null(pc.match_substring_regex(text, r"^-?\d{1,12}(\.\d{1,9})?$"), True).to_numpy(
                zero_copy_only=False
            ),
            bool,
        )
        work.refuse(wrong, column.name, "not_a_number")
    if column.type == "digits":
        wrong = ~np.asarray(
            pc.fill_null(pc.match_substring_regex(text, r"^\d+$"), True).to_numpy(zero_copy_only=False), bool
        )
        work.refuse(wrong, column.name, "not_digits")
    # Bytes are counted first: a cell is never longer in characters than in bytes.
    if (pc.max(pc.binary_length(text)).as_py() or 0) > column.length_max:
        long = pc.fill_null(pc.greater(pc.utf8_length(text), column.length_max), False)
        work.refuse(np.asarray(long.to_numpy(zero_copy_only=False), bool), column.name, "too_long")
    return text, None


def _regency_of(codes: pa.Array) -> pa.Array:
    """The regency of an office or area code; nothing for the centre, a province or the nation."""
    return pc.if_else(pc.equal(pc.utf8_length(codes), 4), codes, pa.scalar(None, pa.string()))


def _warn_registrations(
    values: dict[str, pa.Array], work: _Work, today: date, repeated: npt.NDArray[np.int64] | None
) -> None:
    nik, birth, sex = values["nik"], values["birth_date"], values["sex"]
    matrix, has_nik = parse.fixed(nik, NIK_LENGTH)
    born = ~parse.is_null(birth)
    known_sex = ~parse.is_null(sex)
    days = np.asarray(birth.cast(pa.int32()).fill_null(0).to_numpy(), dtype=np.int64)
    stamp = days.astype("M8[D]")
    months = stamp.astype("M8[M]")
    day = (stamp - months).astype(np.int64) + 1
    month = months.astype(np.int64) % 12 + 1
    year = months.astype("M8[Y]").astype(np.int64) + 1970
    number, numeric = parse.digits(matrix)
    has_nik &= numeric
    code = number // 10_000 % 1_000_000
    if repeated is not None and len(repeated):
        at = np.minimum(np.searchsorted(repeated, number), len(repeated) - 1)
        work.warn(has_nik & (repeated[at] == number), "nik_repeated")
    nik_day = code // 10_000
    woman = nik_day > 40
    contradicts = (nik_day - 40 * woman != day) | (code // 100 % 100 != month) | (code % 100 != year % 100)
    is_woman = np.asarray(pc.fill_null(pc.equal(sex, "P"), False).to_numpy(zero_copy_only=False), bool)
    work.warn(~has_nik, "nik_missing")
    work.warn(has_nik & born & contradicts, "nik_contradicts_birth_date")
    work.warn(has_nik & known_sex & (woman != is_woman), "nik_contradicts_sex")
    work.warn(~born, "birth_date_missing")
    work.warn(~known_sex, "sex_missing")
    work.warn(parse.is_null(values["name"]), "name_missing")
    now = np.datetime64(today, "D").astype(np.int64)
    work.warn(born & (days > now), "birth_date_in_future")
    recorded = np.asarray(values["recorded_on"].cast(pa.int32()).fill_null(0).to_numpy(), dtype=np.int64)
    work.warn(recorded > now, "recorded_in_future")
    adult_since = np.datetime64(years_before(today, ADULT_AGE), "D").astype(np.int64)
    never_married = ~np.asarray(
        pc.fill_null(pc.is_in(values["marital_status"], pa.array(EVER_MARRIED)), False).to_numpy(zero_copy_only=False),
        bool,
    )
    work.warn(born & (days > adult_since) & (days <= now) & never_married, "under_17")


def years_before(day: date, years: int) -> date:
    """The day so many years earlier."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        # Born on 29 February: 17 is reached on 1 March of a common year.
        return date(day.year - years, 3, 1)


def _sorted_out(
    batch: pa.RecordBatch, texts: dict[str, pa.Array], values: dict[str, pa.Array], regency: pa.Array, work: _Work
) -> Checked:
    rejects = []
    for at in np.flatnonzero(work.refused):
        reasons = work.reasons[int(at)]
        cells = tuple(batch.column(i)[int(at)].as_py() or "" for i in range(batch.num_columns))
        causes = [
            Cause(column, texts[column][int(at)].as_py() or "", reason, MENDS[reason])
            for column, reason in reasons.items()
        ]
        rejects.append(Reject(int(work.rows[at]), causes, cells))
    good = ~work.refused
    place = np.cumsum(good) - 1
    warnings: dict[int, list[str]] = {}
    for warning, mask in work.warned:
        for at in np.flatnonzero(mask & good):
            warnings.setdefault(int(place[at]), []).append(warning)
    if not good.all():
        keep = pa.array(good)
        values = {name: value.filter(keep) for name, value in values.items()}
        regency = regency.filter(keep)
    return Checked(values, regency, warnings, work.rows[good], rejects)
