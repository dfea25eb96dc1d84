"""Candidate pairs where all keys of the rows are at hand (Spark's parts): blocks cut at a cap, names compared by their
bigrams first."""

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
def names_alike(a, b):  # type: ignore[no-untyped-def]
    """Half of the shorter name's bigrams must be in the other: cheap, and true of every name that a slip made."""
    return 2 * popcount(a & b) >= min(popcount(a), popcount(b))


@part
def names_may_match(i, j, f):  # type: ignore[no-untyped-def]
    """``names_alike`` of two rows."""
    return names_alike(f.name_mask[i], f.name_mask[j])


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


def empty_pairs(room: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Room for pairs."""
    return np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int32)
