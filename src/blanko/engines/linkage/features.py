"""What is compared of each record: numbers of fixed width, in the order of the record ids, about 110 bytes a record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from blanko.engines.linkage.columns import Source, batches, open_files, text
from blanko.engines.linkage.errors import UnreadableRecords
from blanko.engines.linkage.jit import loop, part, workers
from blanko.engines.linkage.space import MEMORY, Space
from blanko.engines.linkage.text import ACCENTS, ADDRESS_WORDS, CLASSES, LETTERS, places_hashed
from blanko.engines.linkage.words import MOTHER, MOTHER_WORDS, NAME_WORDS, PERSON, PLACE, Words

FIRST_YEAR, LAST_YEAR = 1850, 2100
DATES: Final = (LAST_YEAR - FIRST_YEAR + 1) * 372
"""Length of a table with a place for each day, months of 31 days."""

LONG_TEXT = (1 << 31) - 1
"""Bytes of all ids beyond which their places need 64 bits."""

Progress = Callable[[float], None]


class Features(NamedTuple):
    """One row a record. 0 (-1 for word numbers) is missing, or shared by so many that it says nothing.

    ``born`` yyyymmdd; ``sex`` 1 man, 2 woman; ``village`` ten digits as a number, zeros where only the upper levels
    are known; ``name`` [n, NAME_WORDS], ``mother`` [n, MOTHER_WORDS] and ``place`` [n] numbers of words; ``..._whole``
    hashes of all letters; ``name_mask`` bigram bits; ``name_bits``, ``mother_bits`` float32: how much it tells that
    somebody has this very name, -log2 of its share; ``born_shared`` 1: a birthday written for many who have another.
    """

    nik: npt.NDArray[np.int64]
    family: npt.NDArray[np.int64]
    born: npt.NDArray[np.int32]
    born_shared: npt.NDArray[np.uint8]
    sex: npt.NDArray[np.int8]
    village: npt.NDArray[np.int64]
    address: npt.NDArray[np.uint64]
    place: npt.NDArray[np.int32]
    name: npt.NDArray[np.int32]
    name_whole: npt.NDArray[np.uint64]
    name_mask: npt.NDArray[np.uint64]
    name_bits: npt.NDArray[np.float32]
    mother: npt.NDArray[np.int32]
    mother_whole: npt.NDArray[np.uint64]
    mother_bits: npt.NDArray[np.float32]


@dataclass(slots=True)
class Loaded:
    """``features`` in the order of ``ids``, which are sorted; ``words`` they refer to; ``notes`` what was seen."""

    ids: pa.Array
    features: Features
    words: Words
    source: Source
    notes: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.features.nik)


@part
def _ordinal(year, month, day):  # type: ignore[no-untyped-def]
    if year < 1850 or year > 2100 or month < 1 or month > 12 or day < 1 or day > 31:
        return 0
    if day > 30 and (month == 4 or month == 6 or month == 9 or month == 11):
        return 0
    if month == 2 and day > (29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28):
        return 0
    return year * 10000 + month * 100 + day


@loop
def _read_dates(data, offsets, out):  # type: ignore[no-untyped-def]
    """yyyymmdd of texts like 1971-07-01 and 01-07-1971 (any sign between); 0 for what is no date. Returns the bad."""
    bad = 0
    for r in range(len(offsets) - 1):
        parts = np.zeros(3, dtype=np.int64)
        widths = np.zeros(3, dtype=np.int64)
        at, inside, wrong = -1, False, False
        for i in range(offsets[r], offsets[r + 1]):
            c = np.int64(data[i]) - 48
            if 0 <= c <= 9:
                if not inside:
                    at += 1
                    if at == 3:
                        break
                    inside = True
                parts[at] = parts[at] * 10 + c
                widths[at] += 1
                wrong |= widths[at] > 4
            elif inside and at == 2:
                break
            else:
                inside = False
                wrong |= data[i] >= 65
        found = 0
        if at >= 2 and not wrong:
            if widths[0] == 4:
                found = _ordinal(parts[0], parts[1], parts[2])
            elif widths[2] == 4:
                found = _ordinal(parts[2], parts[1], parts[0])
        out[r] = found
        if found == 0 and offsets[r + 1] > offsets[r]:
            bad += 1
    return bad


@loop
def _days_to_dates(days, valid, out):  # type: ignore[no-untyped-def]
    """yyyymmdd of days since 1970. Source: Hinnant, civil_from_days (proleptic Gregorian)."""
    bad = 0
    for r in range(len(days)):
        if not valid[r]:
            out[r] = 0
            continue
        z = np.int64(days[r]) + 719468
        era = z // 146097
        doe = z - era * 146097
        yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
        doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
        mp = (5 * doy + 2) // 153
        month = mp + 3 if mp < 10 else mp - 9
        out[r] = _ordinal(yoe + era * 400 + (1 if month <= 2 else 0), month, doy - (153 * mp + 2) // 5 + 1)
        bad += 1 if out[r] == 0 else 0
    return bad


@loop
def _read_numbers(data, offsets, width, short, out):  # type: ignore[no-untyped-def]
    """A code of ``width`` digits as a number, 0 for what is none or is one digit throughout. Returns the bad.

    ``short`` takes fewer digits as the beginning of a code.
    """
    bad = 0
    for r in range(len(offsets) - 1):
        value, digits, wrong, same = np.int64(0), 0, False, True
        first = np.uint8(0)
        for i in range(offsets[r], offsets[r + 1]):
            c = data[i]
            if 48 <= c <= 57:
                if digits == 0:
                    first = c
                same &= c == first
                digits += 1
                if digits <= width:
                    value = value * 10 + np.int64(c) - 48
            elif c != 32 and c != 46 and c != 45 and c != 39 and c != 34:
                wrong = True
        if short and 0 < digits < width:
            for _ in range(width - digits):
                value *= 10
            digits, same = width, False
        good = digits == width and not wrong and not (same and width > 2)
        out[r] = value if good else 0
        if not good and offsets[r + 1] > offsets[r]:
            bad += 1
    return bad


@loop
def _read_sexes(data, offsets, out):  # type: ignore[no-untyped-def]
    """L, M, 1 are men; P, F, W, 2 women; 0 else. Returns the bad."""
    bad = 0
    for r in range(len(offsets) - 1):
        out[r] = 0
        if offsets[r] < offsets[r + 1]:
            c = data[offsets[r]] & 0xDF
            if c == 76 or c == 77 or c == 17:
                out[r] = 1
            elif c == 80 or c == 70 or c == 87 or c == 18:
                out[r] = 2
            else:
                bad += 1
    return bad


def buffers(column: pa.Array) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]]:
    """(bytes, offsets) of an Arrow text column without nulls, not copied."""
    flat = text(column)
    _, offsets, data = flat.buffers()
    ends = np.frombuffer(offsets, dtype=np.int32)[flat.offset : flat.offset + len(flat) + 1]
    return (np.frombuffer(data, dtype=np.uint8) if data is not None and data.size else np.zeros(1, np.uint8)), ends


class _Reader:
    """Turns batches into feature columns and keeps the notes. Words are read beside all else, where there are cores."""

    def __init__(
        self, words: Words | None = None, *, space: Space = MEMORY, pool: ThreadPoolExecutor | None = None
    ) -> None:
        self.words = Words() if words is None else words
        self.space, self.pool = space, pool
        self.notes: dict[str, int] = {}
        self.chunks: dict[str, list[npt.NDArray[Any]]] = {}
        self.ids: list[pa.Array] = []
        self.row = 0

    def note(self, what: str, count: int) -> None:
        if count:
            self.notes[what] = self.notes.get(what, 0) + int(count)

    def keep(self, name: str, values: npt.NDArray[Any]) -> None:
        self.chunks.setdefault(name, []).append(self.space.kept(values))

    def bad_text(self, path: Path, column: str, row: int) -> UnreadableRecords:
        return UnreadableRecords(
            "{path}: {column} in row {row} is not UTF-8",
            mend="save the file as UTF-8",
            path=path,
            column=column,
            row=self.row + row + 1,
        )

    def people(self, path: Path, batch: pa.RecordBatch, column: str, out: str, role: int, words: int) -> None:
        n = batch.num_rows
        if column not in batch.schema.names:
            ids, whole, mask = (
                np.full((n, words), -1, np.int32),
                np.zeros(n, np.uint64),
                np.zeros(n, np.uint64),
            )
        else:
            ids, whole, mask, bad = self.words.take(*buffers(batch.column(column)), role=role, words=words)
            if bad >= 0:
                raise self.bad_text(path, column, bad)
        self.keep(out, ids)
        self.keep(f"{out}_whole", whole)
        if role == PERSON:
            self.keep("name_mask", mask)

    def places(self, path: Path, batch: pa.RecordBatch) -> None:
        """Birth places: each distinct one once."""
        if "birth_place" not in batch.schema.names:
            self.keep("place", np.full(batch.num_rows, -1, np.int32))
            return
        values, rows = distinct(batch.column("birth_place"))
        ids, _, _, bad = self.words.take(*buffers(values), role=PLACE, words=1)
        if bad >= 0:
            raise self.bad_text(path, "birth_place", int(np.argmax(rows == bad)) if rows is not None else bad)
        found = ids[:, 0].copy()
        if rows is not None:
            # The dictionary was counted once, not its rows.
            counted = self.words.arrays.counted[PLACE]
            np.subtract.at(counted, found[found >= 0], 1)
            found = np.append(found, np.int32(-1))[rows]
            counted += np.bincount(found[found >= 0], minlength=len(counted))
        self.keep("place", found)

    def code(self, batch: pa.RecordBatch, column: str, width: int, *, short: bool = False) -> npt.NDArray[np.int64]:
        if column not in batch.schema.names:
            return np.zeros(batch.num_rows, dtype=np.int64)
        values, rows = distinct(batch.column(column))
        out = np.zeros(len(values), dtype=np.int64)
        bad = _read_numbers(*buffers(values), width, short, out)
        if rows is None:
            self.note(f"{column} unreadable", bad)
            return out
        return self.spread(column, values, rows, out)

    def spread(
        self, column: str, values: pa.Array, rows: npt.NDArray[np.int32], read: npt.NDArray[Any]
    ) -> npt.NDArray[Any]:
        """What was read of distinct values, for each row; those that could not be read are noted."""
        if not len(values):
            return np.zeros(len(rows), dtype=read.dtype)
        unreadable = (read == 0) & (np.diff(buffers(values)[1]) > 0)
        if unreadable.any():
            self.note(f"{column} unreadable", int((unreadable[rows] & (rows >= 0)).sum()))
        return np.where(rows >= 0, read[rows], 0).astype(read.dtype)

    def take(self, path: Path, batch: pa.RecordBatch) -> None:
        raw = batch.column("record_id")
        if raw.null_count:
            raise UnreadableRecords(
                "{path}: a record_id is missing", mend="give each record an id of its own", path=path
            )
        beside = self.pool.submit(self.numbers, path, batch) if self.pool else None
        self.ids.append(text(raw))
        self.people(path, batch, "name", "name", PERSON, NAME_WORDS)
        self.people(path, batch, "mother_name", "mother", MOTHER, MOTHER_WORDS)
        self.places(path, batch)
        if beside is None:
            self.numbers(path, batch)
        else:
            beside.result()
        self.row += batch.num_rows

    def numbers(self, path: Path, batch: pa.RecordBatch) -> None:
        """All that needs no words."""
        n = batch.num_rows
        self.keep("nik", self.code(batch, "nik", 16))
        self.keep("family", self.code(batch, "family_card_no", 16))
        village = self.code(batch, "village_code", 10, short=True)
        if "recorded_office" in batch.schema.names:
            village = np.where(village > 0, village, self.code(batch, "recorded_office", 10, short=True))
        self.keep("village", village)
        address = np.zeros(n, dtype=np.uint64)
        if "address" in batch.schema.names:
            scratch = (
                np.zeros((12, LETTERS), np.uint8),
                np.zeros(12, np.int64),
                np.zeros(12, np.uint64),
                np.zeros(12, np.bool_),
            )
            bad = places_hashed(*buffers(batch.column("address")), CLASSES, ACCENTS, ADDRESS_WORDS, *scratch, address)
            if bad >= 0:
                raise self.bad_text(path, "address", bad)
        self.keep("address", address)
        sex = np.zeros(n, dtype=np.int8)
        if "sex" in batch.schema.names:
            values, rows = distinct(batch.column("sex"))
            sex = np.zeros(len(values), dtype=np.int8)
            bad = _read_sexes(*buffers(values), sex)
            if rows is None:
                self.note("sex unreadable", bad)
            else:
                sex = self.spread("sex", values, rows, sex)
        self.keep("sex", sex)
        self.keep("born", self.dates(batch))

    def dates(self, batch: pa.RecordBatch) -> npt.NDArray[np.int32]:
        out = np.zeros(batch.num_rows, dtype=np.int32)
        if "birth_date" not in batch.schema.names:
            return out
        column = batch.column("birth_date")
        if pa.types.is_null(column.type):
            return out
        if pa.types.is_date(column.type) or pa.types.is_timestamp(column.type):
            valid = column.is_valid().to_numpy(zero_copy_only=False)
            days = pc.fill_null(column.cast(pa.date32(), safe=False).cast(pa.int32()), 0).to_numpy(zero_copy_only=False)
            self.note("birth_date unreadable", _days_to_dates(days, valid, out))
        else:
            self.note("birth_date unreadable", _read_dates(*buffers(column), out))
        return out


def distinct(column: pa.Array) -> tuple[pa.Array, npt.NDArray[np.int32] | None]:
    """(values, the place of each row's value or -1 for none) of a dictionary; of another column itself and None."""
    if not pa.types.is_dictionary(column.type):
        return column, None
    rows = pc.fill_null(column.indices.cast(pa.int32()), -1)
    return column.dictionary, rows.to_numpy(zero_copy_only=False)


def load(paths: Sequence[Path], *, progress: Progress | None = None, space: Space = MEMORY) -> Loaded:
    """Read files (columns.COLUMNS) into features, sorted by record id, so that the order of rows says nothing.

    Large arrays lie in ``space``. Raises UnreadableRecords: no file, no rows, a column that lacks or has another type,
    a record id missing or twice, text that is not UTF-8. What a single cell spoils (a date that is none) is counted in
    ``notes`` and missing.
    """
    source = open_files(paths)
    with ThreadPoolExecutor(workers()) as pool:
        reader = _Reader(space=space, pool=pool)
        for path, batch in batches(source):
            if batch.num_rows:
                reader.take(path, batch)
            if progress and source.rows:
                progress(reader.row / source.rows)
        if not reader.row:
            raise UnreadableRecords("the files hold no record", mend="give files with rows")
        return _arranged(reader, source, pool)


def _arranged(reader: _Reader, source: Source, pool: ThreadPoolExecutor) -> Loaded:
    """Sort what was read by record id and weigh the words."""
    ids = pa.chunked_array(reader.ids)
    reader.ids.clear()
    order, ids = _sorted_ids(ids)
    n, space = len(ids), reader.space

    def joined(name: str) -> npt.NDArray[Any]:
        chunks = reader.chunks.pop(name)
        found = space.empty((n, *chunks[0].shape[1:]), chunks[0].dtype)
        np.concatenate(chunks, out=found)
        if order is None:
            return found
        chunks.clear()
        sorted_by_id = space.empty(found.shape, found.dtype)
        np.take(found, order, axis=0, out=sorted_by_id, mode="clip")
        return sorted_by_id

    names = list(reader.chunks)
    columns = dict(zip(names, pool.map(joined, names), strict=True))
    reader.words.weigh(n)
    for name in ("name_bits", "mother_bits"):
        columns[name] = space.zeros(n, np.float32)
    columns["born_shared"] = space.zeros(n, np.uint8)
    return Loaded(ids, Features(**columns), reader.words, source, reader.notes)


def _sorted_ids(ids: pa.ChunkedArray) -> tuple[npt.NDArray[np.int64] | None, pa.Array]:
    """(order of rows, None when they are in order; the sorted ids). Raises UnreadableRecords for one that is twice."""
    if pc.sum(pc.binary_length(ids)).as_py() > LONG_TEXT:
        ids = ids.cast(pa.large_string())
    numeric = _as_numbers(ids)
    if numeric is not None:
        order = None if bool((numeric[1:] > numeric[:-1]).all()) else np.argsort(numeric)
        values = numeric if order is None else numeric[order]
        twice = np.flatnonzero(values[1:] == values[:-1])
        found = (ids if order is None else ids.take(pa.array(order))).combine_chunks()
    else:
        order = np.asarray(pc.sort_indices(ids).to_numpy(), dtype=np.int64)
        found = ids.take(pa.array(order)).combine_chunks()
        twice = np.flatnonzero(np.asarray(pc.equal(found.slice(1), found.slice(0, len(found) - 1))))
    if isinstance(found, pa.ChunkedArray):
        found = found.chunk(0)
    if len(twice):
        raise UnreadableRecords(
            "record_id {value} stands {count} times or more",
            mend="give each record an id of its own",
            value=found[int(twice[0])].as_py(),
            count=2,
        )
    return order, found


def _as_numbers(ids: pa.ChunkedArray) -> npt.NDArray[np.int64] | None:
    """Ids of digits and one width, which are in the order of their numbers; None for others."""
    lengths = pc.min_max(pc.binary_length(ids)).as_py()
    if lengths["min"] != lengths["max"] or not 0 < lengths["max"] <= 18:
        return None
    found = np.zeros(len(ids), dtype=np.int64)
    at = 0
    for chunk in ids.chunks:
        part = found[at : at + len(chunk)]
        bad = _read_numbers(*buffers(chunk), lengths["max"], False, part)
        same = part == 0
        if bad > same.sum() or (bad and not _all_digits(chunk)):
            return None
        if bad:
            part[same] = [int(each) for each in chunk.filter(pa.array(same)).to_pylist()]
        at += len(chunk)
    return found


def _all_digits(chunk: pa.Array) -> bool:
    return bool(pc.all(pc.match_substring_regex(chunk, "^[0-9]+$")).as_py())
