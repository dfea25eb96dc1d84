"""Rows that share a value, side by side, and the pairs they make: one number each, so that they sort fast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from blanko.engines.linkage.blocks import names_alike
from blanko.engines.linkage.jit import loop, part

ROW_BITS: Final = 30
MOST_ROWS: Final = 1 << ROW_BITS
"""Records of one run: a pair is two row numbers and the number of its key in 64 bits."""


@dataclass(slots=True)
class Groups:
    """Rows that share a value with another, side by side: group g is ``rows[starts[g]:starts[g + 1]]``, ascending, and
    shares ``values[g]``; groups are in the order of their values. ``having`` rows have a value at all.
    """

    rows: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int64]
    values: npt.NDArray[np.uint64]
    having: int

    def sizes(self) -> npt.NDArray[np.int64]:
        """Rows of each group."""
        return np.diff(self.starts)

    def pairs(self) -> int:
        """Pairs of rows within groups."""
        sizes = self.sizes()
        return int((sizes * (sizes - 1) // 2).sum())

    def take(self, chosen: npt.NDArray[np.bool_]) -> Groups:
        """Some of the groups."""
        sizes = self.sizes()
        starts = np.zeros(int(chosen.sum()) + 1, dtype=np.int64)
        np.cumsum(sizes[chosen], out=starts[1:])
        return Groups(self.rows[np.repeat(chosen, sizes)], starts, self.values[chosen], self.having)


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


@part
def _twice(column):  # type: ignore[no-untyped-def]
    """(values, rows) of what may stand twice, in the order of rows, and how many rows have a value: most values stand
    once and make no pair, which two bits for each (by hash) tell: 0 never met, 1 once, 3 twice or more.
    """
    n = len(column)
    bits = 16
    while (1 << bits) < 12 * n and bits < 36:
        bits += 1
    ring = np.uint64((1 << bits) - 1)
    met = np.zeros(1 << (bits - 5), dtype=np.uint64)
    having = 0
    for i in range(n):
        if column[i] != 0:
            having += 1
            at = column[i] & ring
            word, place = np.int64(at >> np.uint64(5)), (at & np.uint64(31)) << np.uint64(1)
            before = (met[word] >> place) & np.uint64(1)
            met[word] |= (np.uint64(1) | before << np.uint64(1)) << place
    some = 0
    for i in range(n):
        if column[i] != 0:
            at = column[i] & ring
            place = ((at & np.uint64(31)) << np.uint64(1)) + np.uint64(1)
            if (met[np.int64(at >> np.uint64(5))] >> place) & np.uint64(1) != 0:
                some += 1
    values = np.empty(some, dtype=np.uint64)
    rows = np.empty(some, dtype=np.int32)
    some = 0
    for i in range(n):
        if column[i] != 0:
            at = column[i] & ring
            place = ((at & np.uint64(31)) << np.uint64(1)) + np.uint64(1)
            if (met[np.int64(at >> np.uint64(5))] >> place) & np.uint64(1) != 0:
                values[some] = column[i]
                rows[some] = i
                some += 1
    return values, rows, having


@part
def _in_order(values, rows):  # type: ignore[no-untyped-def]
    """Both by (value, row): one scatter of the top bits, then small sorts."""
    some = len(values)
    top = 1
    while (1 << top) < some // 8 and top < 24:
        top += 1
    shift = np.uint64(64 - top)
    ends = np.zeros((1 << top) + 1, dtype=np.int64)
    for i in range(some):
        ends[np.int64(values[i] >> shift) + 1] += 1
    for b in range(1 << top):
        ends[b + 1] += ends[b]
    sorted_values = np.empty(some, dtype=np.uint64)
    sorted_rows = np.empty(some, dtype=np.int32)
    following = ends[:-1].copy()
    for i in range(some):
        bucket = np.int64(values[i] >> shift)
        sorted_values[following[bucket]] = values[i]
        sorted_rows[following[bucket]] = rows[i]
        following[bucket] += 1
    for b in range(1 << top):
        if ends[b + 1] - ends[b] > 1:
            _sort_run(sorted_values[ends[b] : ends[b + 1]], sorted_rows[ends[b] : ends[b + 1]])
    return sorted_values, sorted_rows


@loop
def _group(column):  # type: ignore[no-untyped-def]
    values, rows, having = _twice(column)
    values, rows = _in_order(values, rows)
    # Those of which the hash alone was met twice go.
    starts = np.empty(len(values) // 2 + 1, dtype=np.int64)
    groups, kept, start = 0, 0, 0
    while start < len(values):
        stop = start + 1
        while stop < len(values) and values[stop] == values[start]:
            stop += 1
        if stop - start > 1:
            starts[groups] = kept
            values[groups] = values[start]
            groups += 1
            for x in range(start, stop):
                rows[kept] = rows[x]
                kept += 1
        start = stop
    starts[groups] = kept
    return rows[:kept].copy(), starts[: groups + 1].copy(), values[:groups].copy(), having


def group(column: npt.NDArray[np.uint64]) -> Groups:
    """Rows that share a value (well-mixed hashes; 0 is none) with another row."""
    return Groups(*_group(column))


def cut(
    groups: Groups, cap: int, mother: npt.NDArray[np.uint64], village: npt.NDArray[np.int64]
) -> tuple[Groups, Groups]:
    """(the groups of up to ``cap`` rows, the larger ones with their rows in the order of mother, village and row)."""
    sizes = groups.sizes()
    above = sizes > cap
    if not above.any():
        return groups, groups.take(above)
    large = groups.take(above)
    of = np.repeat(np.arange(len(large.values)), large.sizes())
    order = np.lexsort((large.rows, village[large.rows], mother[large.rows], of))
    large.rows = large.rows[order]
    return groups.take(~above), large


@loop
def _pack_pairs(rows, starts, masks, number, filtered, out):  # type: ignore[no-untyped-def]
    made = 0
    for g in range(len(starts) - 1):
        for x in range(starts[g], starts[g + 1]):
            i = rows[x]
            for y in range(x + 1, starts[g + 1]):
                j = rows[y]
                if filtered and not names_alike(masks[i], masks[j]):
                    continue
                out[made] = (np.uint64(i) << np.uint64(34)) | (np.uint64(j) << np.uint64(4)) | np.uint64(number)
                made += 1
    return made


def pack_pairs(
    groups: Groups, masks: npt.NDArray[np.uint64], number: int, *, filtered: bool, out: npt.NDArray[np.uint64]
) -> int:
    """Pairs of rows within groups as one number each: the smaller row, the larger, the number of the key. Returns how
    many; ``filtered`` leaves out those whose names share too little.
    """
    return int(_pack_pairs(groups.rows, groups.starts, masks, number, filtered, out))


@loop
def _pack_windows(rows, starts, window, masks, number, out):  # type: ignore[no-untyped-def]
    made = 0
    for g in range(len(starts) - 1):
        for x in range(starts[g], starts[g + 1]):
            for y in range(x + 1, min(x + 1 + window, starts[g + 1])):
                if names_alike(masks[rows[x]], masks[rows[y]]):
                    i, j = min(rows[x], rows[y]), max(rows[x], rows[y])
                    out[made] = (np.uint64(i) << np.uint64(34)) | (np.uint64(j) << np.uint64(4)) | np.uint64(number)
                    made += 1
    return made


def pack_windows(large: Groups, masks: npt.NDArray[np.uint64], number: int, window: int) -> npt.NDArray[np.uint64]:
    """Pairs of neighbours in groups above the cap, packed as ``pack_pairs`` does."""
    out = np.empty(len(large.rows) * window, dtype=np.uint64)
    return out[: _pack_windows(large.rows, large.starts, window, masks, number, out)]


def unpacked(pairs: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """(smaller, larger) rows of packed pairs."""
    left = (pairs >> np.uint64(ROW_BITS + 4)).astype(np.int32)
    right = ((pairs >> np.uint64(4)) & np.uint64(MOST_ROWS - 1)).astype(np.int32)
    return left, right


def sample_pairs(groups: Groups, one_in: int, most: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """All pairs of one group in ``one_in``, chosen by its value, unfiltered, up to ``most``: for training."""
    chosen = groups.take((groups.values >> np.uint64(7)) % np.uint64(one_in) == 0)
    out = np.empty(chosen.pairs(), dtype=np.uint64)
    made = pack_pairs(chosen, np.empty(0, dtype=np.uint64), 0, filtered=False, out=out)
    return unpacked(out[: min(made, most)])
