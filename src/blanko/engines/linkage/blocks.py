"""From keys to candidate pairs: rows grouped by key, blocks cut at a cap, names compared by their bigrams first."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from blanko.engines.linkage.compare import compare, popcount
from blanko.engines.linkage.jit import loop, part

CAP: Final = 64
"""Most records of a block in which all are compared with all."""
WINDOW: Final = 8
"""In a larger block each record meets so many that follow it, in the order of mother and village."""


@part
def _sort_run(keys, rows):  # type: ignore[no-untyped-def]
    """Stable sort of one bucket, small ones by insertion, others by merging."""
    n = len(keys)
    if n <= 40:
        for i in range(1, n):
            k, r = keys[i], rows[i]
            j = i - 1
            while j >= 0 and keys[j] > k:
                keys[j + 1] = keys[j]
                rows[j + 1] = rows[j]
                j -= 1
            keys[j + 1] = k
            rows[j + 1] = r
        return
    order = np.argsort(keys, kind="mergesort")
    sorted_keys, sorted_rows = keys[order], rows[order]
    keys[:] = sorted_keys
    rows[:] = sorted_rows


@loop
def group(column):  # type: ignore[no-untyped-def]
    """Rows with a key, in the order of (key, row); int32. One scatter by the top bits, then small sorts."""
    n = len(column)
    bits = 1
    while (1 << bits) < n // 8 and bits < 22:
        bits += 1
    shift = np.uint64(64 - bits)
    ends = np.zeros((1 << bits) + 1, dtype=np.int64)
    for i in range(n):
        if column[i] != 0:
            ends[np.int64(column[i] >> shift) + 1] += 1
    for b in range(1 << bits):
        ends[b + 1] += ends[b]
    total = ends[-1]
    keys = np.empty(total, dtype=np.uint64)
    rows = np.empty(total, dtype=np.int32)
    at = ends[:-1].copy()
    for i in range(n):
        if column[i] != 0:
            bucket = np.int64(column[i] >> shift)
            keys[at[bucket]] = column[i]
            rows[at[bucket]] = i
            at[bucket] += 1
    for b in range(1 << bits):
        if ends[b + 1] - ends[b] > 1:
            _sort_run(keys[ends[b] : ends[b + 1]], rows[ends[b] : ends[b + 1]])
    return rows


@loop
def cut(keys, k, rows, cap, mother, village):  # type: ignore[no-untyped-def]
    """Take the blocks above ``cap`` out of key k: (rows of them side by side in the order of mother, village and row,
    starts of the blocks, pairs that all blocks below the cap hold).

    Their key becomes 0, so that pairs which they no longer make are made by later keys.
    """
    n = len(rows)
    count, blocks, pairs = 0, 0, 0
    start = 0
    while start < n:
        stop = start + 1
        while stop < n and keys[rows[stop], k] == keys[rows[start], k]:
            stop += 1
        if stop - start > cap:
            count += stop - start
            blocks += 1
        else:
            pairs += (stop - start) * (stop - start - 1) // 2
        start = stop
    large = np.empty(count, dtype=np.int32)
    starts = np.zeros(blocks + 1, dtype=np.int64)
    at, b, start = 0, 0, 0
    while start < n and blocks:
        stop = start + 1
        while stop < n and keys[rows[stop], k] == keys[rows[start], k]:
            stop += 1
        if stop - start > cap:
            inside = rows[start:stop]
            by_village = np.argsort(village[inside], kind="mergesort")
            inside = inside[by_village]
            by_mother = np.argsort(mother[inside], kind="mergesort")
            inside = inside[by_mother]
            large[at : at + len(inside)] = inside
            at += len(inside)
            b += 1
            starts[b] = at
            for r in inside:
                keys[r, k] = 0
        start = stop
    return large, starts, pairs


@part
def _earlier(keys, i, j, k):  # type: ignore[no-untyped-def]
    for e in range(k):  # noqa: SIM110 - a loop for numba
        if keys[i, e] == keys[j, e] and keys[i, e] != 0:
            return True
    return False


@part
def names_may_match(i, j, f):  # type: ignore[no-untyped-def]
    """Half of the shorter name's bigrams must be in the other: cheap, and true of every name that a slip made."""
    a, b = f.name_mask[i], f.name_mask[j]
    return 2 * popcount(a & b) >= min(popcount(a), popcount(b))


@loop
def make_pairs(keys, k, rows, at, offset, f, words, known, filtered, left, right, pattern, name_bits, mother_bits):  # type: ignore[no-untyped-def]
    """Pairs of key k that no earlier key makes, compared, until the arrays are full.

    Starts with the block at ``at`` and its record ``offset``; returns (next block, next record, pairs made, pairs
    before the filter). Done when the next block is ``len(rows)``.
    """
    n, room = len(rows), len(left)
    made, met = 0, 0
    start = at
    while start < n:
        stop = start + 1
        key = keys[rows[start], k]
        if key == 0:
            start += 1
            continue
        while stop < n and keys[rows[stop], k] == key:
            stop += 1
        for x in range(start + offset, stop):
            if made + stop - start > room:
                return start, x - start, made, met
            i = rows[x]
            for y in range(x + 1, stop):
                j = rows[y]
                if _earlier(keys, i, j, k):
                    continue
                met += 1
                if filtered and not names_may_match(i, j, f):
                    continue
                left[made], right[made] = i, j
                pattern[made], name_bits[made], mother_bits[made] = compare(i, j, f, words, known)
                made += 1
        offset = 0
        start = stop
    return n, 0, made, met


@loop
def make_window_pairs(rows, starts, window, f, left, right):  # type: ignore[no-untyped-def]
    """Pairs of neighbours in the blocks above the cap, smaller row first. Returns how many."""
    made = 0
    for b in range(len(starts) - 1):
        for x in range(starts[b], starts[b + 1]):
            for y in range(x + 1, min(x + 1 + window, starts[b + 1])):
                if names_may_match(rows[x], rows[y], f):
                    left[made], right[made] = min(rows[x], rows[y]), max(rows[x], rows[y])
                    made += 1
    return made


@loop
def sample_pairs(keys, k, rows, one_in, left, right):  # type: ignore[no-untyped-def]
    """All pairs of one block in ``one_in``, chosen by the key, unfiltered: for training. Returns how many."""
    n, made, start = len(rows), 0, 0
    while start < n:
        stop = start + 1
        key = keys[rows[start], k]
        while stop < n and keys[rows[stop], k] == key:
            stop += 1
        if key != 0 and (key >> np.uint64(7)) % np.uint64(one_in) == 0:
            for x in range(start, stop):
                for y in range(x + 1, stop):
                    if made == len(left):
                        return made
                    left[made], right[made] = rows[x], rows[y]
                    made += 1
        start = stop
    return made


def empty_pairs(room: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Room for pairs."""
    return np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int32)
