"""Every distinct word once: its letters, spelling fold, skeleton and bigrams, and in how many records it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from blanko.engines.linkage.jit import inlined, loop
from blanko.engines.linkage.text import (
    ACCENTS,
    CLASSES,
    CONNECTORS,
    LETTERS,
    MUHAMMAD,
    NOTHING,
    PLACE_WORDS,
    RAW_TOKENS,
    TITLES,
    bigrams,
    fold,
    hash_bytes,
    listed,
    pack8,
    packed,
    person_words,
    skeleton,
    split,
)

PERSON, MOTHER, PLACE = 0, 1, 2
NAME_WORDS: Final = 6
"""Words kept of a name: later ones are told apart by the hash of the whole."""
MOTHER_WORDS: Final = 4
_M = np.uint64(packed("M"))
_MUHAMMAD = np.frombuffer(b"MUHAMMAD", dtype=np.uint8).copy()
LISTS: Final = (CLASSES, ACCENTS, TITLES, CONNECTORS, MUHAMMAD, PLACE_WORDS, NOTHING, _MUHAMMAD)
"""What ``_take`` knows of letters and words."""
_ROOM: Final = 1 << 15


class WordArrays(NamedTuple):
    """Row w describes word w. ``letters`` [W, LETTERS], ``fold`` and ``skeleton`` hashes, ``counted`` [3, W] records
    in which it stands as a word of the name, of the mother's name, and as a whole birth place. ``bits`` [3, W]
    float64: -log2 of that share of all records. ``table`` finds a word by its hash.
    """

    table: npt.NDArray[np.int32]
    hash: npt.NDArray[np.uint64]
    letters: npt.NDArray[np.uint8]
    length: npt.NDArray[np.uint8]
    fold: npt.NDArray[np.uint64]
    skeleton: npt.NDArray[np.uint64]
    mask: npt.NDArray[np.uint64]
    counted: npt.NDArray[np.int64]
    bits: npt.NDArray[np.float64]


def _empty(room: int) -> WordArrays:
    return WordArrays(
        table=np.full(4 * room, -1, dtype=np.int32),
        hash=np.zeros(room, dtype=np.uint64),
        letters=np.zeros((room, LETTERS), dtype=np.uint8),
        length=np.zeros(room, dtype=np.uint8),
        fold=np.zeros(room, dtype=np.uint64),
        skeleton=np.zeros(room, dtype=np.uint64),
        mask=np.zeros(room, dtype=np.uint64),
        counted=np.zeros((3, room), dtype=np.int64),
        bits=np.zeros((3, room), dtype=np.float64),
    )


@loop
def _rehash(table, hashes, size):  # type: ignore[no-untyped-def]
    ring = np.uint64(len(table) - 1)
    for w in range(size):
        slot = np.int64(hashes[w] & ring)
        while table[slot] >= 0:
            slot = np.int64((np.uint64(slot) + np.uint64(1)) & ring)
        table[slot] = w


@dataclass(slots=True)
class Words:
    """A dictionary that grows with the batches. Numbers of words depend on the order of rows, so nothing that leaves
    the engine may; what is compared are hashes, letters and counts.
    """

    size: int = 0
    arrays: WordArrays = field(default_factory=lambda: _empty(_ROOM))

    def grow(self) -> None:
        """Double the room."""
        old = self.arrays
        new = _empty(2 * len(old.hash))
        for name in ("hash", "letters", "length", "fold", "skeleton", "mask"):
            getattr(new, name)[: self.size] = getattr(old, name)[: self.size]
        new.counted[:, : self.size] = old.counted[:, : self.size]
        _rehash(new.table, new.hash, self.size)
        self.arrays = new

    def take(
        self, data: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int32], *, role: int, words: int
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint64], npt.NDArray[np.uint64], int]:
        """The words of a batch of texts (Arrow's buffers; an empty text is a missing one).

        Returns (ids [n, words] with -1 for none, hash of all letters [n] with 0 for none, bigram bits [n], first row
        of invalid UTF-8 or -1). A birth place is one word.
        """
        n = len(offsets) - 1
        ids = np.full((n, words), -1, dtype=np.int32)
        whole = np.zeros(n, dtype=np.uint64)
        masks = np.zeros(n, dtype=np.uint64)
        row = 0
        scratch = (
            np.zeros((RAW_TOKENS, LETTERS), dtype=np.uint8),
            np.zeros(RAW_TOKENS, dtype=np.int64),
            np.zeros(RAW_TOKENS, dtype=np.uint64),
            np.zeros(RAW_TOKENS, dtype=np.bool_),
            np.zeros(RAW_TOKENS, dtype=np.bool_),
            np.zeros(LETTERS + 1, dtype=np.uint8),
        )
        while True:
            row, self.size, bad = _take(
                data, offsets, row, role, ids, whole, masks, self.size, self.arrays, scratch, LISTS
            )
            if bad or row == n:
                return ids, whole, masks, row if bad else -1
            self.grow()

    def weigh(self, records: int) -> None:
        """Set ``bits`` from the counts, once all batches are in."""
        counted = np.maximum(self.arrays.counted[:, : self.size], 1)
        self.arrays.bits[:, : self.size] = np.log2(max(records, 1) / counted)


@inlined
def _find_or_add(rows, k, length, h, size, arrays, scratch_fold):  # type: ignore[no-untyped-def]
    ring = np.uint64(len(arrays.table) - 1)
    slot = np.int64(h & ring)
    while arrays.table[slot] >= 0:
        if arrays.hash[arrays.table[slot]] == h:
            return arrays.table[slot], size
        slot = np.int64((np.uint64(slot) + np.uint64(1)) & ring)
    arrays.table[slot] = size
    arrays.hash[size] = h
    for i in range(length):
        arrays.letters[size, i] = rows[k, i]
    arrays.length[size] = length
    n = fold(rows[k], length, scratch_fold)
    # A word longer than its kept letters is like no other.
    arrays.fold[size] = hash_bytes(scratch_fold, n) if length < rows.shape[1] else h
    arrays.skeleton[size] = skeleton(scratch_fold, n)
    arrays.mask[size] = bigrams(scratch_fold, n)
    return size, size + 1


@loop
def _take(data, offsets, begin, role, ids, whole, masks, size, arrays, scratch, lists):  # type: ignore[no-untyped-def]  # noqa: C901 - one loop, for numba
    rows, lengths, hashes, glued, keep, folded = scratch
    classes, accents, titles, connectors, muhammads, place_words, nothing, muhammad = lists
    limit = len(arrays.hash) - 16
    for r in range(begin, len(offsets) - 1):
        if size >= limit:
            return r, size, False
        start, stop = offsets[r], offsets[r + 1]
        if start == stop:
            continue
        words, before, valid = split(data, start, stop, classes, accents, rows, lengths, hashes, glued, len(lengths))
        if not valid:
            return r, size, True
        if words == 0:
            continue
        if role == 2:
            kept = 0
            for k in range(words):
                keep[k] = not (lengths[k] <= 8 and listed(pack8(rows, k, lengths[k]), place_words))
                kept += 1 if keep[k] else 0
        else:
            kept = person_words(rows, lengths, glued, words, before, titles, connectors, keep)
        if kept == 0:
            continue
        h = np.uint64(0xCBF29CE484222325)
        head = np.uint64(0)
        letters, k_out = 0, 0
        for k in range(words):
            if not keep[k]:
                continue
            if role != 2 and lengths[k] <= 8:
                code = pack8(rows, k, lengths[k])
                if listed(code, muhammads) or (code == np.uint64(77) and k_out == 0 and kept > 1):
                    rows[k, :8] = muhammad
                    lengths[k] = 8
                    hashes[k] = hash_bytes(rows[k], 8)
            for i in range(lengths[k]):
                h = (h ^ np.uint64(rows[k, i])) * np.uint64(0x100000001B3)
                if letters < 8:
                    head |= np.uint64(rows[k, i]) << np.uint64(8 * letters)
                letters += 1
            if lengths[k] == rows.shape[1]:
                h = (h ^ hashes[k]) * np.uint64(0x100000001B3)
            k_out += 1
        if listed(head, nothing):
            continue
        h ^= h >> np.uint64(32)
        h *= np.uint64(0x9E3779B97F4A7C15)
        h ^= h >> np.uint64(29)
        whole[r] = h if h != np.uint64(0) else np.uint64(1)
        if role == 2:
            # All its words as one.
            n = 0
            for k in range(words):
                if keep[k]:
                    for i in range(lengths[k]):
                        if n < rows.shape[1]:
                            folded[n] = rows[k, i]
                            n += 1
            rows[0, :n] = folded[:n]
            w, size = _find_or_add(rows, 0, n, whole[r], size, arrays, folded)
            ids[r, 0] = w
            arrays.counted[2, w] += 1
            continue
        at = 0
        mask = np.uint64(0)
        for k in range(words):
            if not keep[k] or at == ids.shape[1]:
                continue
            w, size = _find_or_add(rows, k, lengths[k], hashes[k], size, arrays, folded)
            known = False
            for before_k in range(at):
                known |= ids[r, before_k] == w
            if known:
                continue
            ids[r, at] = w
            arrays.counted[role, w] += 1
            mask |= arrays.mask[w]
            at += 1
        masks[r] = mask
    return len(offsets) - 1, size, False
