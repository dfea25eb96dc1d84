"""Records one by one under a frozen model: packed into bytes that a database can keep, their keys, and their weights.

A packed record holds the fields that are compared, and its words as numbers of the frozen model's words, or letter by
letter where the model does not know them. It is a function of the record and the model alone.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from blanko.engines.linkage.blocks import names_may_match
from blanko.engines.linkage.columns import COLUMNS, UNUSED
from blanko.engines.linkage.compare import compare, patterns
from blanko.engines.linkage.errors import UnreadableRecords
from blanko.engines.linkage.features import Features, _read_dates, _read_numbers, _read_sexes, _Reader
from blanko.engines.linkage.frozen import Frozen, place_of, whole_bits, words_of
from blanko.engines.linkage.jit import loop
from blanko.engines.linkage.keys import KEYS, fill_keys
from blanko.engines.linkage.model import tables
from blanko.engines.linkage.score import Pairs, weigh, weigh_pairs
from blanko.engines.linkage.shared import date_slot
from blanko.engines.linkage.text import (
    ADDRESS_WORDS,
    LETTERS,
    RAW_TOKENS,
    bigrams,
    fold,
    hash_bytes,
    places_hashed,
    skeleton,
)
from blanko.engines.linkage.words import LISTS, MOTHER_WORDS, NAME_WORDS, Words, _empty, _take

HEAD: Final = 56
"""Bytes before a packed record's words."""
ROOM: Final = 1 << 13
_SMALL: Final = 64


ONE: Final = (
    "name", "mother_name", "birth_place", "nik", "family_card_no", "village_code", "recorded_office", "address", "sex",
    "birth_date",
)  # fmt: skip
"""What is read of a single record, in the order of ``_read_one``."""


class Packed(NamedTuple):
    """``data[ends[i]:ends[i + 1]]`` is record i."""

    data: npt.NDArray[np.uint8]
    ends: npt.NDArray[np.int64]

    def each(self) -> list[bytes]:
        """The records apart."""
        whole, ends = self.data.tobytes(), self.ends.tolist()
        return [whole[ends[i] : ends[i + 1]] for i in range(len(ends) - 1)]


def joined(records: Sequence[bytes]) -> Packed:
    """Packed records that lie apart, one behind the other."""
    ends = np.zeros(len(records) + 1, dtype=np.int64)
    np.cumsum([len(each) for each in records], out=ends[1:])
    return Packed(np.frombuffer(b"".join(records) or b"\0", dtype=np.uint8), ends)


@loop
def _sizes(f, known, words, ends):  # type: ignore[no-untyped-def]
    for r in range(len(f.nik)):
        size = 56
        for k in range(f.name.shape[1] + f.mother.shape[1] + 1):
            if k < f.name.shape[1]:
                w = f.name[r, k]
            elif k < f.name.shape[1] + f.mother.shape[1]:
                w = f.mother[r, k - f.name.shape[1]]
            else:
                w = f.place[r]
            if w >= 0:
                size += 4 if known[w] >= 0 else 13 + words.length[w]
        ends[r + 1] = ends[r] + size


@loop
def _pack(f, known, words, ends, out):  # type: ignore[no-untyped-def]  # noqa: C901 - for numba
    for r in range(len(f.nik)):
        at = ends[r]
        for k in range(6):
            if k == 0:
                value = np.uint64(f.nik[r])
            elif k == 1:
                value = np.uint64(f.family[r])
            elif k == 2:
                value = np.uint64(f.village[r])
            elif k == 3:
                value = f.address[r]
            elif k == 4:
                value = f.name_whole[r]
            else:
                value = f.mother_whole[r]
            for b in range(8):
                out[at + b] = np.uint8((value >> np.uint64(8 * b)) & np.uint64(255))
            at += 8
        born = np.uint64(f.born[r])
        for b in range(4):
            out[at + b] = np.uint8((born >> np.uint64(8 * b)) & np.uint64(255))
        at += 4
        out[at] = np.uint8(f.sex[r]) | np.uint8(f.born_shared[r] << 2)
        names, mothers = 0, 0
        for k in range(f.name.shape[1]):
            names += 1 if f.name[r, k] >= 0 else 0
        for k in range(f.mother.shape[1]):
            mothers += 1 if f.mother[r, k] >= 0 else 0
        out[at + 1] = names
        out[at + 2] = mothers
        out[at + 3] = 1 if f.place[r] >= 0 else 0
        at += 4
        for k in range(f.name.shape[1] + f.mother.shape[1] + 1):
            if k < f.name.shape[1]:
                w = f.name[r, k]
            elif k < f.name.shape[1] + f.mother.shape[1]:
                w = f.mother[r, k - f.name.shape[1]]
            else:
                w = f.place[r]
            if w < 0:
                continue
            number = np.uint64(known[w]) if known[w] >= 0 else np.uint64(0xFFFFFFFF)
            for b in range(4):
                out[at + b] = np.uint8((number >> np.uint64(8 * b)) & np.uint64(255))
            at += 4
            if known[w] < 0:
                for b in range(8):
                    out[at + b] = np.uint8((words.hash[w] >> np.uint64(8 * b)) & np.uint64(255))
                at += 8
                out[at] = words.length[w]
                at += 1
                for b in range(words.length[w]):
                    out[at + b] = words.letters[w, b]
                at += words.length[w]


@loop
def _unpack(data, ends, f, words, size, limit, ranks, skeletons, rank_counts, wholes, records, added, scratch):  # type: ignore[no-untyped-def]  # noqa: C901
    """Fill ``f``; words that are not known go behind the known ones. Returns the number of words, -1 without room."""
    names, names_counted, mothers, mothers_counted = wholes
    ring = np.uint64(len(words.table) - 1)
    first = size
    values = np.zeros(6, dtype=np.uint64)
    for r in range(len(ends) - 1):
        at = np.int64(ends[r])
        for k in range(6):
            value = np.uint64(0)
            for b in range(8):
                value |= np.uint64(data[at + b]) << np.uint64(8 * b)
            values[k] = value
            at += 8
        f.nik[r], f.family[r], f.village[r] = np.int64(values[0]), np.int64(values[1]), np.int64(values[2])
        f.address[r], f.name_whole[r], f.mother_whole[r] = values[3], values[4], values[5]
        born = np.int64(0)
        for b in range(4):
            born |= np.int64(data[at + b]) << (8 * b)
        f.born[r] = born
        at += 4
        f.sex[r] = data[at] & 3
        f.born_shared[r] = data[at] >> 2
        n_name, n_mother, n_place = np.int64(data[at + 1]), np.int64(data[at + 2]), np.int64(data[at + 3])
        at += 4
        f.name[r, :] = -1
        f.mother[r, :] = -1
        f.place[r] = -1
        mask = np.uint64(0)
        for k in range(n_name + n_mother + n_place):
            number = np.int64(0)
            for b in range(4):
                number |= np.int64(data[at + b]) << (8 * b)
            at += 4
            if number == 0xFFFFFFFF:
                h = np.uint64(0)
                for b in range(8):
                    h |= np.uint64(data[at + b]) << np.uint64(8 * b)
                at += 8
                length = np.int64(data[at])
                at += 1
                slot = np.int64(h & ring)
                number = np.int64(-1)
                while words.table[slot] >= 0:
                    if words.hash[words.table[slot]] == h:
                        number = words.table[slot]
                        break
                    slot = np.int64((np.uint64(slot) + np.uint64(1)) & ring)
                if number < 0:
                    if size >= limit:
                        return -1
                    number = size
                    words.table[slot] = size
                    added[size - first] = slot
                    words.hash[size] = h
                    for b in range(length):
                        words.letters[size, b] = data[at + b]
                    words.length[size] = length
                    n = fold(words.letters[size], length, scratch)
                    words.fold[size] = hash_bytes(scratch, n) if length < words.letters.shape[1] else h
                    words.skeleton[size] = skeleton(scratch, n)
                    words.mask[size] = bigrams(scratch, n)
                    where = place_of(skeletons, words.skeleton[size])
                    ranks[0, size] = rank_counts[0, where] if where >= 0 else 0
                    ranks[1, size] = rank_counts[1, where] if where >= 0 else 0
                    size += 1
                at += length
            if k < n_name:
                f.name[r, k] = number
                mask |= words.mask[number]
            elif k < n_name + n_mother:
                f.mother[r, k - n_name] = number
            else:
                f.place[r] = number
        f.name_mask[r] = mask
        f.name_bits[r] = whole_bits(f.name, r, words.bits, 0, f.name_whole[r], names, names_counted, records)
        f.mother_bits[r] = whole_bits(f.mother, r, words.bits, 1, f.mother_whole[r], mothers, mothers_counted, records)
    return size


@loop
def _read_one(data, offsets, f, words, scratch, lists, address_scratch, address_words):  # type: ignore[no-untyped-def]
    """One record's texts (ONE) into row 0 of ``f``, as _Reader reads a batch. Returns the words, or -1: no UTF-8."""
    words.table[:] = -1
    f.name[0, :] = -1
    f.mother[0, :] = -1
    f.place[0] = -1
    f.name_whole[0], f.name_mask[0], f.mother_whole[0], f.address[0] = 0, 0, 0, 0
    mask = np.zeros(1, dtype=np.uint64)
    whole = np.zeros(1, dtype=np.uint64)
    place = np.full((1, 1), -1, dtype=np.int32)
    _, size, bad = _take(data, offsets[0:2], 0, 0, f.name, f.name_whole, f.name_mask, 0, words, scratch, lists)
    if bad:
        return -1
    _, size, bad = _take(data, offsets[1:3], 0, 1, f.mother, f.mother_whole, mask, size, words, scratch, lists)
    if bad:
        return -1
    _, size, bad = _take(data, offsets[2:4], 0, 2, place, whole, mask, size, words, scratch, lists)
    if bad:
        return -1
    f.place[0] = place[0, 0]
    _read_numbers(data, offsets[3:5], 16, False, f.nik)
    _read_numbers(data, offsets[4:6], 16, False, f.family)
    _read_numbers(data, offsets[5:7], 10, True, f.village)
    if f.village[0] == 0:
        _read_numbers(data, offsets[6:8], 10, True, f.village)
    rows, lengths, hashes, glued = address_scratch
    if (
        places_hashed(data, offsets[7:9], lists[0], lists[1], address_words, rows, lengths, hashes, glued, f.address)
        >= 0
    ):
        return -1
    _read_sexes(data, offsets[8:10], f.sex)
    _read_dates(data, offsets[9:11], f.born)
    return size


@loop
def _settle_one(f, words, size, frozen_words, niks, families, mothers, shared_days, slot, known):  # type: ignore[no-untyped-def]
    """What many share becomes missing, as ``Frozen.take_out_shared`` does; the frozen numbers of the words."""
    if f.nik[0] != 0 and place_of(niks, f.nik[0]) >= 0:
        f.nik[0] = 0
    if f.family[0] != 0 and place_of(families, f.family[0]) >= 0:
        f.family[0] = 0
    if f.mother_whole[0] != 0 and place_of(mothers, f.mother_whole[0]) >= 0:
        f.mother_whole[0] = 0
        f.mother[0, :] = -1
    f.born_shared[0] = 1 if f.born[0] > 0 and shared_days[slot] else 0
    for w in range(size):
        known[w] = place_of(frozen_words, words.hash[w])


@loop
def _weigh_beside(first, free, f, words, known, slots, date_bits, t, kept, pattern, name_bits, mother_bits, weight):  # type: ignore[no-untyped-def]
    """Row 0 beside each other row that the batch would compare: with one NIK (``free``), or names that may match.
    ``first[k]``: row k + 1 has the smaller id. Returns how many, into ``kept`` and the columns.
    """
    made = 0
    for k in range(len(free)):
        i, j = (k + 1, 0) if first[k] else (0, k + 1)
        if not free[k] and not names_may_match(i, j, f):
            continue
        kept[made] = k
        found = compare(i, j, f, words, known)
        pattern[made], name_bits[made], mother_bits[made] = found
        bits = words.bits[2, f.place[i]] if f.place[i] >= 0 else 0.0
        weight[made] = weigh(found[0], found[1], found[2], date_bits[slots[i]], bits, t)[2]
        made += 1
    return made


@loop
def _take_back(table, added, count):  # type: ignore[no-untyped-def]
    for k in range(count):
        table[added[k]] = -1


def _blank(n: int) -> Features:
    return Features(
        nik=np.zeros(n, np.int64), family=np.zeros(n, np.int64), born=np.zeros(n, np.int32),
        born_shared=np.zeros(n, np.uint8), sex=np.zeros(n, np.int8), village=np.zeros(n, np.int64),
        address=np.zeros(n, np.uint64), place=np.full(n, -1, np.int32), name=np.full((n, NAME_WORDS), -1, np.int32),
        name_whole=np.zeros(n, np.uint64), name_mask=np.zeros(n, np.uint64), name_bits=np.zeros(n, np.float32),
        mother=np.full((n, MOTHER_WORDS), -1, np.int32), mother_whole=np.zeros(n, np.uint64),
        mother_bits=np.zeros(n, np.float32),
    )  # fmt: skip


@cache
def _scratch_of_one() -> tuple[Any, ...]:
    """Where the words of one text are cut, and the lists of words; the caller holds the book."""
    rows = (
        np.zeros((RAW_TOKENS, LETTERS), np.uint8), np.zeros(RAW_TOKENS, np.int64), np.zeros(RAW_TOKENS, np.uint64),
        np.zeros(RAW_TOKENS, np.bool_),
    )  # fmt: skip
    of_names = (*rows, np.zeros(RAW_TOKENS, np.bool_), np.zeros(LETTERS + 1, np.uint8))
    return of_names, LISTS, rows, ADDRESS_WORDS


class Book:
    """A frozen model at work: packs records, opens them again, makes their keys and weighs pairs of them.

    One thread at a time works with it: the words of opened records that the model does not know lie behind its own,
    until the next are opened.
    """

    def __init__(self, frozen: Frozen, *, room: int = ROOM) -> None:
        """``room``: how many words that the model does not know the records of one ``open`` may hold together."""
        self.frozen = frozen
        self.lock = threading.RLock()
        self.words = words_of(frozen, room)
        self.known, self.size = len(frozen.word), len(frozen.word)
        self.frequencies = frozen.frequencies()
        self.tables = tables(frozen.model)
        ranks = frozen.ranks_of(self.words.skeleton[: self.known])
        self.ranks = np.concatenate([np.stack(ranks), np.zeros((2, room), np.int64)], axis=1)
        self._added = np.zeros(room, dtype=np.int64)
        self._scratch = np.zeros(self.words.letters.shape[1] + 1, dtype=np.uint8)
        self._wholes = (frozen.names, frozen.names_counted, frozen.mothers, frozen.mothers_counted)
        self._shared_days = frozen.shared_days()
        self._one, self._one_words = _blank(1), _empty(_SMALL)

    def pack_rows(self, rows: Sequence[Mapping[str, str | None]]) -> Packed:
        """Pack records given as columns.COLUMNS (all but ``record_id`` may be absent) in text."""
        names = [name for name in COLUMNS if name not in UNUSED]
        # One array cut into columns: making eleven would cost more than the work.
        n = len(rows)
        cells = pa.array([(row.get(name) or "") for name in names for row in rows], pa.string())
        return self.pack(pa.RecordBatch.from_arrays([cells.slice(at * n, n) for at in range(len(names))], names=names))

    def pack(self, batch: pa.RecordBatch) -> Packed:
        """Pack the rows of a batch (columns as ``columns.batches`` gives them). Raises UnreadableRecords."""
        # A few records need no room for a nation's words.
        reader = _Reader(Words(arrays=_empty(_SMALL if batch.num_rows < 4 else 1 << 15)))
        reader.take(Path("registry"), batch)
        n, words = batch.num_rows, reader.words
        columns: dict[str, Any] = {name: parts[0] for name, parts in reader.chunks.items()}
        columns["name_bits"] = columns["mother_bits"] = np.zeros(n, np.float32)
        columns["born_shared"] = np.zeros(n, np.uint8)
        f = Features(**columns)
        frozen = self.frozen
        f.nik[np.isin(f.nik, frozen.niks)] = 0
        f.family[np.isin(f.family, frozen.families)] = 0
        odd = np.isin(f.mother_whole, frozen.mothers_shared) & (f.mother_whole != 0)
        f.mother_whole[odd] = 0
        f.mother[odd] = -1
        f.born_shared[:] = self._shared_days[date_slot(f.born)] & (f.born > 0)
        known = frozen.word_places(words.arrays.hash[: words.size])
        ends = np.zeros(n + 1, dtype=np.int64)
        _sizes(f, known, words.arrays, ends)
        out = np.empty(int(ends[-1]), dtype=np.uint8)
        _pack(f, known, words.arrays, ends, out)
        return Packed(out, ends)

    def pack_one(self, record: Mapping[str, str | None]) -> tuple[bytes, npt.NDArray[np.uint64]]:
        """One record (ONE, others are not looked at) packed, and its keys: what ``pack_rows`` and ``keys`` say of it,
        at a tenth of their price. Raises UnreadableRecords.
        """
        texts = [(record.get(name) or "").encode("utf-8", "surrogatepass") for name in ONE]
        offsets = np.array([0, *accumulate(map(len, texts))], np.int32)
        data = np.frombuffer(b"".join(texts) or b"\0", np.uint8)
        f, words, frozen = self._one, self._one_words, self.frozen
        size = _read_one(data, offsets, f, words, *_scratch_of_one())
        if size < 0:
            raise UnreadableRecords("a text of the record is not UTF-8", mend="send it as UTF-8")
        known = np.empty(size, np.int64)
        _settle_one(
            f, words, size, frozen.word, frozen.niks, frozen.families, frozen.mothers_shared, self._shared_days,
            int(date_slot(f.born)[0]), known,
        )  # fmt: skip
        ends = np.zeros(2, dtype=np.int64)
        _sizes(f, known, words, ends)
        out = np.empty(int(ends[1]), dtype=np.uint8)
        _pack(f, known, words, ends, out)
        return out.tobytes(), self.keys(self.open(Packed(out, ends)))[0]

    def beside(
        self, one: bytes, others: Sequence[bytes], first: npt.NDArray[np.bool_], free: npt.NDArray[np.bool_]
    ) -> tuple[Features, npt.NDArray[np.int64], Pairs]:
        """Weigh one packed record beside others: (opened, row 0 the one; which others were compared; their pairs).

        ``first``: the other has the smaller id. ``free``: compared whatever the names are. Rows of pairs are those of
        the opened, the smaller id left.
        """
        f = self.open([one, *others])
        n = len(others)
        kept, pattern = np.empty(n, np.int64), np.empty(n, np.uint32)
        name_bits, mother_bits, weight = np.empty(n), np.empty(n), np.empty(n)
        made = _weigh_beside(
            first, free, f, self.words, self.frequencies.known, date_slot(f.born), self.frequencies.date_bits,
            self.tables, kept, pattern, name_bits, mother_bits, weight,
        )  # fmt: skip
        kept = kept[:made]
        rows = (kept + 1).astype(np.int32)
        zero = np.zeros(made, np.int32)
        smaller = first[kept]
        pairs = Pairs(
            np.where(smaller, rows, zero), np.where(smaller, zero, rows), pattern[:made], name_bits[:made],
            mother_bits[:made], weight[:made],
        )  # fmt: skip
        return f, kept, pairs

    def open(self, packed: Packed | Sequence[bytes]) -> Features:
        """The fields of packed records, row by row. Raises UnreadableRecords when they hold more unknown words than
        there is room for.
        """
        if not isinstance(packed, Packed):
            packed = joined(packed)
        _take_back(self.words.table, self._added, self.size - self.known)
        self.size = self.known
        f = _blank(len(packed.ends) - 1)
        size = _unpack(
            packed.data, packed.ends, f, self.words, self.known, len(self.words.hash), self.ranks,
            self.frozen.skeletons, self.frozen.skeletons_counted, self._wholes, float(self.frozen.records), self._added,
            self._scratch,
        )  # fmt: skip
        if size < 0:
            # All room is taken; what was added so far goes again.
            self.size = len(self.words.hash)
            raise UnreadableRecords(
                "the records hold more than {count} words that the model does not know",
                mend="adopt a model learned from the records of today",
                count=len(self._added),
            )
        self.size = size
        return f

    def keys(self, f: Features) -> npt.NDArray[np.uint64]:
        """Keys [n, len(KEYS)] of opened records; 0 where a key's facts are missing."""
        out = np.empty((len(f.nik), len(KEYS)), dtype=np.uint64)
        fill_keys(f, self.words, self.ranks[0], self.ranks[1], 0, out)
        return out

    def weigh(self, f: Features, left: npt.NDArray[np.int32], right: npt.NDArray[np.int32]) -> Pairs:
        """Compare and weigh pairs of opened records; ``left`` is the one with the smaller id, as in the batch."""
        pattern, name_bits, mother_bits = patterns(left, right, f, self.words, known=self.frequencies.known)
        weight = np.empty(len(left), dtype=np.float64)
        weigh_pairs(
            left, pattern, name_bits, mother_bits, date_slot(f.born), self.frequencies.date_bits, f.place,
            self.words.bits, self.tables, weight,
        )  # fmt: skip
        return Pairs(left, right, pattern, name_bits, mother_bits, weight)
