"""All candidate pairs of all keys, compared once each; the same on any number of cores."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from blanko.engines.linkage.blocks import CAP, WINDOW, cut, empty_pairs, group, make_pairs, make_window_pairs
from blanko.engines.linkage.features import Loaded
from blanko.engines.linkage.keys import KEYS, fill_keys, ranks
from blanko.engines.linkage.score import Pairs, Scorer

ROOM = 1 << 18
_EMPTY = Pairs(
    np.empty(0, np.int32),
    np.empty(0, np.int32),
    np.empty(0, np.uint32),
    np.empty(0, np.float64),
    np.empty(0, np.float64),
    np.empty(0, np.float64),
)


@dataclass(slots=True)
class Blocks:
    """``keys`` [n, K]; for each key its rows in groups, the pairs they hold, and what was above the cap."""

    keys: npt.NDArray[np.uint64]
    orders: list[npt.NDArray[np.int32]]
    totals: list[int]
    large: list[tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]]


@dataclass(frozen=True, slots=True)
class KeyCount:
    """What a key did: ``pairs`` that no earlier key made, ``kept`` after the prefilter, ``capped`` records in
    ``capped_blocks`` blocks above the cap, whose records met only their neighbours.
    """

    key: str
    records: int
    pairs: int
    kept: int
    capped: int
    capped_blocks: int


def workers() -> int:
    """Cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def make_blocks(
    loaded: Loaded,
    *,
    rank: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]] | None = None,
    cap: int = CAP,
) -> Blocks:
    """Keys of all records, grouped; blocks above the cap are set apart. ``rank``: a frozen model's (``keys.ranks``)."""
    n = len(loaded)
    words = loaded.words.arrays
    rank = rank or ranks(words, loaded.words.size)
    keys = np.empty((n, len(KEYS)), dtype=np.uint64)
    step = max(1, -(-n // (4 * workers())))
    with ThreadPoolExecutor(workers()) as pool:
        list(
            pool.map(
                lambda at: fill_keys(loaded.features, words, rank[0], rank[1], at, keys[at : at + step]),
                range(0, n, step),
            )
        )
        orders = list(pool.map(lambda k: group(keys[:, k]), range(len(KEYS))))
        cuts = list(
            pool.map(
                lambda k: cut(keys, k, orders[k], cap, loaded.features.mother_whole, loaded.features.village),
                range(len(KEYS)),
            )
        )
    return Blocks(keys, orders, [int(each[2]) for each in cuts], [(each[0], each[1]) for each in cuts])


def make_candidates(
    loaded: Loaded,
    blocks: Blocks,
    scorer: Scorer,
    *,
    progress: Callable[[float], None] | None = None,
    window: int = WINDOW,
) -> tuple[Pairs, list[KeyCount]]:
    """Every candidate pair once, compared, ``left < right``, in the order of keys and blocks."""
    parts: list[Pairs] = []
    counts: list[KeyCount] = []
    with ThreadPoolExecutor(workers()) as pool:
        found = pool.map(lambda k: _pairs_of_key(loaded, blocks, scorer, k), range(len(KEYS)))
        for k, (pairs, met) in enumerate(found):
            parts.append(pairs)
            large, starts = blocks.large[k]
            counts.append(KeyCount(KEYS[k], len(blocks.orders[k]), met, len(pairs.left), len(large), len(starts) - 1))
            if progress:
                progress((k + 1) / len(KEYS))
    windows = _window_pairs(loaded, blocks, window)
    if len(windows[0]):
        parts.append(scorer.score(*windows)._replace(weight=np.empty(0)))
    joined = _together(parts)
    if len(windows[0]):
        joined = _distinct(joined)
    return joined, counts


def _pairs_of_key(loaded: Loaded, blocks: Blocks, scorer: Scorer, k: int) -> tuple[Pairs, int]:
    rows, at, offset, met = blocks.orders[k], 0, 0, 0
    parts: list[Pairs] = []
    left, right = empty_pairs(ROOM)
    room = np.empty(ROOM, np.uint32), np.empty(ROOM), np.empty(ROOM)
    no_weight = np.empty(0)
    while at < len(rows):
        at, offset, made, new = make_pairs(
            blocks.keys, k, rows, at, offset, loaded.features, scorer.words, scorer.known, k > 0, left, right, *room
        )
        met += new
        columns: list[Any] = [column[:made].copy() for column in (left, right, *room, no_weight)]
        parts.append(Pairs(*columns))
    return _together(parts), met


def _together(parts: list[Pairs]) -> Pairs:
    if not parts:
        return _EMPTY
    columns: list[Any] = [np.concatenate([part[at] for part in parts]) for at in range(6)]
    return Pairs(*columns)


def _window_pairs(loaded: Loaded, blocks: Blocks, window: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    found = []
    for large, starts in blocks.large:
        if len(large):
            left, right = empty_pairs(len(large) * window)
            made = make_window_pairs(large, starts, window, loaded.features, left, right)
            found.append((left[:made], right[:made]))
    if not found:
        return np.empty(0, np.int32), np.empty(0, np.int32)
    left, right = (np.concatenate(columns) for columns in zip(*found, strict=True))
    packed = np.unique(left.astype(np.int64) << 32 | right.astype(np.int64))
    return (packed >> 32).astype(np.int32), (packed & 0xFFFFFFFF).astype(np.int32)


def _distinct(pairs: Pairs) -> Pairs:
    _, first = np.unique(pairs.left.astype(np.int64) << 32 | pairs.right.astype(np.int64), return_index=True)
    return pairs._replace(weight=np.zeros(len(pairs.left))).take(first)
