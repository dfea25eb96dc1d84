"""All candidate pairs of all keys, compared once each; the same on any number of cores, in memory or spilt to disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from blanko.engines.linkage.blocks import CAP, WINDOW
from blanko.engines.linkage.errors import UnreadableRecords
from blanko.engines.linkage.features import Loaded
from blanko.engines.linkage.groups import MOST_ROWS, Groups, cut, group, pack_pairs, pack_windows, unpacked
from blanko.engines.linkage.jit import workers
from blanko.engines.linkage.keys import KEYS, keys_of, ranks
from blanko.engines.linkage.score import Pairs, Scorer
from blanko.engines.linkage.space import MEMORY, Space

_KEY_ROWS: Final = 1 << 14
"""Rows whose keys are made at a time: they fit a core's own cache."""
PART_PAIRS: Final = 1 << 20
"""Pairs that are compared at a time."""
NUMBERS: Final = 16
WINDOWS: Final = len(KEYS)
"""The number, in place of a key's, of pairs of neighbours in blocks above the cap; loose keys follow it."""


@dataclass(slots=True)
class Blocks:
    """For each key the rows that share it (``groups``, up to the cap) and those above the cap (``large``). What is as
    long as the pairs lies in ``space``.
    """

    groups: list[Groups]
    large: list[Groups]
    space: Space = field(default=MEMORY)


@dataclass(frozen=True, slots=True)
class KeyCount:
    """What a key did: ``pairs`` of records that share it, ``kept`` of them whose names may match and which no earlier
    key made; ``capped`` records in ``capped_blocks`` blocks above the cap, which met only their neighbours.
    """

    key: str
    records: int
    pairs: int
    kept: int
    capped: int
    capped_blocks: int


def make_blocks(
    loaded: Loaded,
    *,
    rank: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]] | None = None,
    cap: int = CAP,
    space: Space = MEMORY,
) -> Blocks:
    """Keys of all records, grouped; blocks above the cap are set apart. ``rank``: a frozen model's (``keys.ranks``)."""
    n, features, words = len(loaded), loaded.features, loaded.words.arrays
    if n > MOST_ROWS:
        raise UnreadableRecords(
            "{count} records are more than one run takes ({most})",
            mend="link by groups of provinces, or with --engine spark",
            count=f"{n:,}",
            most=f"{MOST_ROWS:,}",
        )
    rank = rank or ranks(words, loaded.words.size)
    columns = [space.empty(n, np.uint64) for _ in KEYS]

    def fill(begin: int) -> None:
        keys = keys_of(features, words, rank, begin, min(_KEY_ROWS, n - begin))
        for k, column in enumerate(columns):
            column[begin : begin + len(keys)] = keys[:, k]

    def grouped(k: int) -> tuple[Groups, Groups]:
        found = group(columns[k])
        # Each is as large as all rows: gone as soon as it is grouped.
        columns[k] = np.empty(0, np.uint64)
        return cut(found, cap, features.mother_whole, features.village)

    with ThreadPoolExecutor(workers()) as pool:
        list(pool.map(fill, range(0, n, _KEY_ROWS)))
        cuts = list(pool.map(grouped, range(len(KEYS))))
    return Blocks([each[0] for each in cuts], [each[1] for each in cuts], space)


def make_candidates(
    loaded: Loaded,
    blocks: Blocks,
    scorer: Scorer,
    *,
    progress: Callable[[float], None] | None = None,
    window: int = WINDOW,
    loose: Mapping[str, Groups] = MappingProxyType({}),
) -> tuple[Pairs, list[KeyCount]]:
    """Every candidate pair once, compared, ``left < right``, in their order. ``loose`` are further groups by name of
    their key, whose names need not be alike.
    """
    masks = loaded.features.name_mask
    space = blocks.space

    def packed(k: int) -> npt.NDArray[np.uint64]:
        out = space.empty(blocks.groups[k].pairs(), np.uint64)
        # Whatever their names: one NIK is looked at.
        made = pack_pairs(blocks.groups[k], masks, k, filtered=k > 0, out=out)
        found: npt.NDArray[np.uint64] = out[:made]
        found.sort()
        return found

    with ThreadPoolExecutor(workers()) as pool:
        lists = list(pool.map(packed, range(len(KEYS))))
        windows = [pack_windows(large, masks, WINDOWS, window) for large in blocks.large if len(large.rows)]
        if windows:
            lists.append(np.unique(np.concatenate(windows)))
        for k, groups in enumerate(loose.values()):
            lists.append(np.empty(groups.pairs(), np.uint64))
            pack_pairs(groups, masks, WINDOWS + 1 + k, filtered=False, out=lists[-1])
            lists[-1].sort()
        bounds = _bounds(lists)
        new = np.zeros(NUMBERS, dtype=np.int64)
        parts: list[Pairs] = []
        for at, part in enumerate(pool.map(lambda bound: _compared(lists, bound, scorer), bounds)):
            parts.append(part[0])
            new += part[1]
            if progress:
                progress((at + 1) / len(bounds))
    counts = [
        KeyCount(
            KEYS[k],
            blocks.groups[k].having,
            blocks.groups[k].pairs(),
            int(new[k]),
            len(blocks.large[k].rows),
            len(blocks.large[k].values),
        )
        for k in range(len(KEYS))
    ]
    for k, (name, groups) in enumerate(loose.items()):
        counts.append(KeyCount(name, groups.having, groups.pairs(), int(new[WINDOWS + 1 + k]), 0, 0))
    columns: list[Any] = [np.concatenate([part[at] for part in parts]) for at in range(6)]
    return Pairs(*columns), counts


def _bounds(lists: list[npt.NDArray[np.uint64]]) -> list[tuple[int, int]]:
    """Cut sorted lists of packed pairs at the same places, into parts of about PART_PAIRS; in order."""
    longest = max(lists, key=len)
    total = sum(len(each) for each in lists)
    count = max(2 * workers(), -(-total // PART_PAIRS))
    # Where the parts end changes nothing that is found.
    ends = [int(longest[len(longest) * at // count] >> np.uint64(4)) << 4 for at in range(1, count)] if total else []
    marks = [0, *sorted(set(ends)), 1 << 64]
    return list(zip(marks[:-1], marks[1:], strict=True))


def _compared(
    lists: list[npt.NDArray[np.uint64]], bound: tuple[int, int], scorer: Scorer
) -> tuple[Pairs, npt.NDArray[np.int64]]:
    """The pairs of one part, each by its first key, compared; and how many each key was first to make."""
    low, high = bound
    pieces = []
    for each in lists:
        begin = np.searchsorted(each, np.uint64(low))
        end = len(each) if high >= 1 << 64 else np.searchsorted(each, np.uint64(high))
        pieces.append(each[begin:end])
    found = np.concatenate(pieces)
    found.sort()
    pair = found >> np.uint64(4)
    first = np.ones(len(found), dtype=np.bool_)
    first[1:] = pair[1:] != pair[:-1]
    found = found[first]
    left, right = unpacked(found)
    new = np.bincount((found & np.uint64(NUMBERS - 1)).astype(np.int64), minlength=NUMBERS)
    return scorer.compared(left, right), new
