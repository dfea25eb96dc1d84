"""New, changed and withdrawn records among many: what that changes, in time proportional to the new.

Under a frozen model the batch's result is a function of the records alone. Here the same result is reached step by
step, in any order: pairs that the new records make are added; blocks that grow above the cap, or shrink to it, are
looked at again; and the persons of every component of links that was touched are made anew. Whoever keeps the records
(a database, or dictionaries in a test) is a ``Store``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from blanko.engines.linkage.blocks import CAP, WINDOW, make_window_pairs, names_may_match
from blanko.engines.linkage.cluster import DECIDED, MERGED, PAIR_REASONS, REVIEW, cluster, linked
from blanko.engines.linkage.features import Features
from blanko.engines.linkage.jit import loop
from blanko.engines.linkage.packed import Book
from blanko.engines.linkage.score import Pairs, Scorer
from blanko.engines.linkage.settled import SAME, cluster_under

JOINING: Final = frozenset({"chain_cut", "weak_together"})
"""Reasons of pairs that are links all the same: what they would join was refused."""


class Row(NamedTuple):
    """A record by its number. ``order`` puts records in the order of their ids, as the batch has them."""

    rec: int
    order: Any
    packed: bytes


class Held(NamedTuple):
    """A pair that is kept, the record with the smaller id first."""

    left: int
    right: int
    weight: float
    pattern: int
    decided: str
    reason: str


class Store(Protocol):
    """Who keeps the records, their keys and pairs, as they stand before the step (keys: after it)."""

    def rows(self, recs: Collection[int]) -> list[Row]:
        """These records."""

    def members(self, keys: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
        """(key, record) for each record that has one of these keys."""

    def pairs(self, recs: Collection[int]) -> list[Held]:
        """Kept pairs with at least one of these records."""

    def together(self, recs: Collection[int]) -> set[int]:
        """All records of the persons that these records belong to."""

    def verdicts(self, recs: Collection[int]) -> list[tuple[int, int, str]]:
        """(one, other, same or different) for standing verdicts about at least one of these records."""


@dataclass(slots=True)
class Change:
    """``dropped`` pairs are no longer kept; ``kept`` are new or decided anew; ``groups``: the persons of every record
    that was touched. ``capped``: records of blocks above the cap, which met only their neighbours.
    """

    dropped: set[tuple[int, int]] = field(default_factory=set)
    kept: list[Held] = field(default_factory=list)
    groups: list[list[int]] = field(default_factory=list)
    capped: int = 0


@loop
def _count_pairs(starts, rows, fresh, whole):  # type: ignore[no-untyped-def]
    total = 0
    for b in range(len(starts) - 1):
        n = starts[b + 1] - starts[b]
        if whole[b]:
            total += n * (n - 1) // 2
            continue
        new = 0
        for x in range(starts[b], starts[b + 1]):
            new += 1 if fresh[rows[x]] else 0
        total += new * n
    return total


@loop
def _make_pairs(starts, rows, fresh, whole, filtered, f, left, right):  # type: ignore[no-untyped-def]
    """Pairs of each block, ``whole`` or of ``fresh`` rows with the others. Returns how many."""
    made = 0
    for b in range(len(starts) - 1):
        for x in range(starts[b], starts[b + 1]):
            for y in range(x + 1, starts[b + 1]):
                i, j = rows[x], rows[y]
                if not (whole[b] or fresh[i] or fresh[j]):
                    continue
                if filtered[b] and not names_may_match(i, j, f):
                    continue
                left[made], right[made] = i, j
                made += 1
    return made


@loop
def _may_match(left, right, f, out):  # type: ignore[no-untyped-def]
    for k in range(len(left)):
        out[k] = names_may_match(left[k], right[k], f)


def names_alike(left: npt.NDArray[np.int32], right: npt.NDArray[np.int32], f: Features) -> npt.NDArray[np.bool_]:
    """Which pairs of rows the batch compares when no NIK brings them together (``blocks.names_may_match``)."""
    out = np.empty(len(left), dtype=np.bool_)
    _may_match(left, right, f, out)
    return out


class _Blocks:
    """Blocks by key: their records, as numbers, in no order."""

    def __init__(self, key: npt.NDArray[np.uint64], rec: npt.NDArray[np.int64]) -> None:
        order = np.argsort(key, kind="stable")
        self.rec = rec[order]
        self.key, first = np.unique(key[order], return_index=True)
        self.starts = np.append(first, len(key)).astype(np.int64)

    def sizes(self, keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
        at = np.minimum(np.searchsorted(self.key, keys), max(len(self.key) - 1, 0))
        if not len(self.key):
            return np.zeros(len(keys), np.int64)
        return np.where(self.key[at] == keys, self.starts[at + 1] - self.starts[at], 0)


def _window_pairs(
    blocks: list[npt.NDArray[np.int32]], f: Features, window: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Pairs of neighbours in blocks above the cap, as ``blocks.cut`` orders them."""
    if not blocks:
        return np.empty(0, np.int32), np.empty(0, np.int32)
    ordered = [b[np.lexsort((b, f.village[b], f.mother_whole[b]))] for b in blocks]
    starts = np.cumsum([0, *(len(b) for b in ordered)])
    rows = np.concatenate(ordered)
    left, right = np.empty(len(rows) * window, np.int32), np.empty(len(rows) * window, np.int32)
    made = make_window_pairs(rows, starts, window, f, left, right)
    return left[:made], right[:made]


def _codes(left: npt.NDArray[Any], right: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    return left.astype(np.int64) << 32 | right.astype(np.int64)


def link(
    *,
    book: Book,
    store: Store,
    new: Sequence[int],
    lost: tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]] | None = None,
    withdrawn: Collection[int] = (),
    around: Iterable[int] = (),
    cap: int = CAP,
    window: int = WINDOW,
) -> Change:
    """What changes by ``new`` (or changed) records, by ``withdrawn`` ones, by keys that records ``lost`` (keys,
    records), and for the records ``around`` whose verdicts changed. ``store`` already has the new records and keys; its
    pairs and persons are the old.
    """
    change = Change()
    lost_keys, lost_recs = lost or (np.empty(0, np.uint64), np.empty(0, np.int64))
    made, rows = _pairs_of(book, store, new, lost_keys, change, cap, window)
    fresh = set(new)
    gone = set(lost_recs.tolist()) | set(withdrawn)
    held_of_new = store.pairs(fresh | gone) if fresh or gone else []
    change.dropped |= {(each.left, each.right) for each in held_of_new}
    seeds = fresh | gone | set(around) | {rec for pair in change.dropped for rec in pair}
    joins: dict[int, set[int]] = {}
    if made is not None:
        is_link = np.zeros(len(made.left), dtype=bool)
        links, reason = linked(made, book.frozen.model)
        is_link[links] = True
        kept = is_link | (((made.weight >= book.frozen.model.review) | (reason == 1)) & (reason != 2) & (reason != 3))
        at = np.flatnonzero(kept)
        found = {}
        for k in at.tolist():
            a, b = rows[int(made.left[k])].rec, rows[int(made.right[k])].rec
            found[a, b] = Held(
                a, b, float(made.weight[k]), int(made.pattern[k]), DECIDED[REVIEW], PAIR_REASONS[reason[k]]
            )
            if a not in fresh and b not in fresh:
                seeds |= {a, b}
            if is_link[k]:
                joins.setdefault(a, set()).add(b)
                joins.setdefault(b, set()).add(a)
                seeds |= {a, b}
    else:
        found = {}
    closed, held, verdicts = _closure(store, seeds, joins, change.dropped)
    closed -= set(withdrawn)
    before = {pair: each for pair, each in held.items() if pair not in found}
    decided = _decide(book, store, closed, {**before, **found}, verdicts, change)
    for pair, each in decided.items():
        if before.get(pair) != each:
            change.kept.append(each)
    change.dropped -= decided.keys()
    return change


def _pairs_of(
    book: Book,
    store: Store,
    new: Sequence[int],
    lost_keys: npt.NDArray[np.uint64],
    change: Change,
    cap: int,
    window: int,
) -> tuple[Pairs | None, list[Row]]:
    """Pairs that new records make, and those of blocks that passed the cap; drops kept pairs that no key makes now."""
    own = _keys_of(book, store.rows(new))
    touched = np.unique(np.concatenate([own[own != 0], lost_keys]))
    if not len(touched):
        return None, []
    blocks = _Blocks(*store.members(touched))
    sizes = np.diff(blocks.starts)
    lost_each, lost_counts = np.unique(lost_keys, return_counts=True)
    were = np.zeros(len(blocks.key), np.int64)
    known = np.isin(lost_each, blocks.key)
    were[np.searchsorted(blocks.key, lost_each[known])] = lost_counts[known]
    large = sizes > cap
    # A block that shrank to the cap makes all its pairs again.
    passed = ~large & (sizes + were > cap)
    change.capped = int(sizes[large].sum())
    again: list[Held] = []
    extra = np.empty(0, np.uint64)
    if (large | passed).any():
        inside = np.unique(np.concatenate([_of(blocks, b) for b in np.flatnonzero(large | passed)]))
        both = set(inside.tolist())
        again = [each for each in store.pairs(both) if each.left in both and each.right in both]
        if again:
            ends = _keys_of(book, store.rows({rec for each in again for rec in (each.left, each.right)}))
            extra = np.setdiff1d(ends[ends != 0], touched)
    others = _Blocks(*store.members(extra)) if len(extra) else _Blocks(np.empty(0, np.uint64), np.empty(0, np.int64))
    other_large = np.flatnonzero(np.diff(others.starts) > cap)
    # Who shares a key with nobody makes no pair.
    shared = np.repeat(sizes > 1, sizes)
    wanted = [blocks.rec[shared], *(_of(others, b) for b in other_large)]
    wanted.append(np.array([rec for each in again for rec in (each.left, each.right)], dtype=np.int64))
    rows = sorted(store.rows(np.unique(np.concatenate(wanted)).tolist()), key=lambda row: row.order)
    if len(rows) < 2:
        return None, rows
    f = book.open([row.packed for row in rows])
    place = {row.rec: at for at, row in enumerate(rows)}
    keys = book.keys(f)
    local = np.array([place[rec] for rec in blocks.rec[shared].tolist()], dtype=np.int32)
    block = np.repeat(np.flatnonzero(sizes > 1), sizes[sizes > 1])
    local = local[np.lexsort((local, block))]
    is_new = np.zeros(len(rows), dtype=bool)
    is_new[[place[rec] for rec in new if rec in place]] = True
    ends = np.cumsum(sizes[sizes > 1])
    windows = [local[ends[at] - sizes[b] : ends[at]] for at, b in enumerate(np.flatnonzero(sizes > 1)) if large[b]]
    parts = [_window_pairs(windows, f, window)]
    small = np.flatnonzero((sizes > 1) & ~large)
    if len(small):
        members = local[~large[block]]
        starts = np.concatenate([[0], np.cumsum(sizes[small])]).astype(np.int64)
        # Only one NIK compares whatever the names are.
        filtered = keys[members[starts[:-1]], 0] != blocks.key[small]
        args = (starts, members, is_new, passed[small])
        room = _count_pairs(*args)
        left, right = np.empty(room, np.int32), np.empty(room, np.int32)
        count = _make_pairs(*args, filtered, f, left, right)
        parts.append((left[:count], right[:count]))
    codes = np.unique(np.concatenate([_codes(*part) for part in parts]))
    if again:
        more = _window_pairs(
            [np.array([place[rec] for rec in _of(others, b).tolist()], np.int32) for b in other_large], f, window
        )
        near = np.union1d(codes, _codes(*more))
        change.dropped |= _unsupported(again, place, keys, f, near, (blocks, others), cap)
    left, right = (codes >> 32).astype(np.int32), (codes & 0xFFFFFFFF).astype(np.int32)
    return book.weigh(f, left, right), rows


def _of(blocks: _Blocks, b: Any) -> npt.NDArray[np.int64]:
    return blocks.rec[blocks.starts[b] : blocks.starts[b + 1]]


def _keys_of(book: Book, rows: list[Row]) -> npt.NDArray[np.uint64]:
    return book.keys(book.open([row.packed for row in rows]))


def _unsupported(
    again: list[Held],
    place: dict[int, int],
    keys: npt.NDArray[np.uint64],
    f: Features,
    near: npt.NDArray[np.int64],
    blocks: tuple[_Blocks, _Blocks],
    cap: int,
) -> set[tuple[int, int]]:
    """Kept pairs that no key makes any more."""
    left = np.array([place[each.left] for each in again], np.int32)
    right = np.array([place[each.right] for each in again], np.int32)
    alike = names_alike(left, right, f)
    made = np.isin(_codes(left, right), near)
    for k in range(keys.shape[1]):
        shared = (keys[left, k] == keys[right, k]) & (keys[left, k] != 0)
        sizes = np.maximum(blocks[0].sizes(keys[left, k]), blocks[1].sizes(keys[left, k]))
        made |= shared & (sizes <= cap) & (alike | (k == 0))
    return {(each.left, each.right) for each, still in zip(again, made.tolist(), strict=True) if not still}


def _closure(
    store: Store, seeds: set[int], joins: dict[int, set[int]], dropped: set[tuple[int, int]]
) -> tuple[set[int], dict[tuple[int, int], Held], dict[tuple[int, int], str]]:
    """Every record that a link, a person or a verdict ties to the seeds; the kept pairs and verdicts among them."""
    closed: set[int] = set()
    held: dict[tuple[int, int], Held] = {}
    verdicts: dict[tuple[int, int], str] = {}
    frontier = set(seeds)
    while frontier:
        closed |= frontier
        following = store.together(frontier)
        for each in store.pairs(frontier):
            pair = (each.left, each.right)
            if pair not in dropped:
                held[pair] = each
                if each.decided == DECIDED[MERGED] or each.reason in JOINING:
                    following |= {each.left, each.right}
        for one, other, verdict in store.verdicts(frontier):
            verdicts[one, other] = verdict
            if verdict == SAME:
                following |= {one, other}
        for rec in frontier & joins.keys():
            following |= joins[rec]
        frontier = following - closed
    return closed, held, verdicts


def _decide(
    book: Book,
    store: Store,
    closed: set[int],
    pairs: dict[tuple[int, int], Held],
    verdicts: dict[tuple[int, int], str],
    change: Change,
) -> dict[tuple[int, int], Held]:
    """Persons of the closed records, into ``change.groups``; and what that makes of the pairs."""
    inside = {pair: each for pair, each in pairs.items() if pair[0] in closed and pair[1] in closed}
    judged = {pair: word for pair, word in verdicts.items() if pair[0] in closed and pair[1] in closed}
    if not inside and SAME not in judged.values():
        change.groups = [[rec] for rec in sorted(closed)]
        return dict(pairs)
    concerned = {rec for pair in (*inside, *judged) for rec in pair}
    rows = sorted(store.rows(concerned), key=lambda row: row.order)
    place = {row.rec: at for at, row in enumerate(rows)}
    listed = sorted(inside.values(), key=lambda each: (place[each.left], place[each.right]))
    f = book.open([row.packed for row in rows])
    empty = np.zeros(len(listed))
    made = Pairs(
        np.array([place[each.left] for each in listed], np.int32),
        np.array([place[each.right] for each in listed], np.int32),
        np.array([each.pattern for each in listed], np.uint32), empty, empty,
        np.array([each.weight for each in listed], np.float64),
    )  # fmt: skip
    scorer = Scorer(f, book.words, book.frozen.model, frequencies=book.frequencies)
    if judged:
        words = {(place[one], place[other]): word for (one, other), word in judged.items()}
        found = cluster_under(made, scorer, words)
    else:
        found = cluster(made, scorer)
    groups: dict[int, list[int]] = {}
    for at, person in enumerate(found.person.tolist()):
        groups.setdefault(person, []).append(rows[at].rec)
    change.groups = [*groups.values(), *([rec] for rec in sorted(closed - concerned))]
    decided = {}
    for k, each in enumerate(listed):
        pair = (each.left, each.right)
        word = DECIDED[MERGED] if found.decided[k] == MERGED else DECIDED[REVIEW]
        decided[pair] = each._replace(decided=word, reason=PAIR_REASONS[found.reason[k]])
    return {**{pair: each for pair, each in pairs.items() if pair not in inside}, **decided}
