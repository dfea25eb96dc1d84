"""From weighed pairs to persons: the strongest links first, and no person who would hold two that certainly differ.

Not connected components: in a chain A-B-C the link between B and C joins only if nothing speaks against A and C. Links
are taken from the strongest down, so that a chain which has to be cut is cut at its weakest link. Every record that two
clusters would bring together is compared with every other, whether or not a key had made that pair.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from blanko.engines.linkage.compare import DATE, NIK, compare, level
from blanko.engines.linkage.jit import loop, part
from blanko.engines.linkage.model import Model
from blanko.engines.linkage.score import LEAST_NAME, Pairs, Scorer, certainly_apart, identical, reasons, weigh

MERGED, REVIEW, APART = 0, 1, 2
DECIDED: Final = ("merged", "review", "apart")
SINGLE: Final = "single"
CUT: Final = 4
"""The reason of a pair that is left for review because joining it would bring together two who certainly differ."""
WEAK: Final = 5
"""The reason of a pair whose clusters, taken together, are not one person: the mean of all their pairs is too low."""
PAIR_REASONS: Final = (
    "", "nik_clash", "twins", "differ", "chain_cut", "weak_together", "names_differ", "maybe_twins"
)  # fmt: skip
NAMES_DIFFER: Final = 6
MAYBE_TWINS: Final = 7
"""One birth date, and NIKs that follow each other: as twins have them who were named nearly alike."""
ALL_COMPARED: Final = 48
"""In a larger cluster a newcomer is compared with so many of its records, the first by number."""


@dataclass(frozen=True, slots=True)
class Clusters:
    """``person`` [n] the smallest row of each record's cluster; ``waiting`` [n] a pair of it waits for somebody;
    ``decided`` and ``reason`` [pairs] numbers of DECIDED and PAIR_REASONS.
    """

    person: npt.NDArray[np.int32]
    waiting: npt.NDArray[np.bool_]
    decided: npt.NDArray[np.int8]
    reason: npt.NDArray[np.int8]


@part
def _find(parent, i):  # type: ignore[no-untyped-def]
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@loop
def _join_all(order, pairs, f, words, known, slots, date_bits, t, review, state, reason):  # type: ignore[no-untyped-def]
    """Join along links in ``order``; where a join is refused, its reason."""
    left, right, weight = pairs
    parent, following, last, size = state
    for k in order:
        a, b = _find(parent, left[k]), _find(parent, right[k])
        if a == b:
            continue
        refused = 0
        if size[a] > 1 or size[b] > 1:
            total, count = 0.0, 0
            x, nx = a, 0
            while x >= 0 and nx < 48 and refused == 0:
                y, ny = b, 0
                while y >= 0 and ny < 48:
                    if not (x == left[k] and y == right[k]) and not (y == left[k] and x == right[k]):
                        i, j = min(x, y), max(x, y)
                        pattern, name_bits, mother_bits = compare(i, j, f, words, known)
                        place = words.bits[2, f.place[i]] if f.place[i] >= 0 else 0.0
                        w = weigh(pattern, name_bits, mother_bits, date_bits[slots[i]], place, t)[2]
                        if certainly_apart(pattern, w) != 0:
                            refused = 4
                            break
                        total += 40.0 if identical(pattern) else min(w, 40.0)
                        count += 1
                    y = following[y]
                    ny += 1
                x = following[x]
                nx += 1
            if refused == 0 and count > 0 and (total + min(weight[k], 40.0)) / (count + 1) < review:
                refused = 5
        if refused:
            reason[k] = refused
            continue
        low, high = min(a, b), max(a, b)
        parent[high] = low
        following[last[low]] = high
        last[low] = last[high]
        size[low] += size[high]
    for i in range(len(parent)):
        parent[i] = _find(parent, i)


def cluster(pairs: Pairs, scorer: Scorer) -> Clusters:
    """Decide every pair and every record. ``pairs`` hold each pair once, with weights.

    merged: one NIK, name and birth date, or from the model's ``merge`` bits on, names that agree, and nothing that
    forbids it. review: from ``review`` bits on, or one NIK with two names. The same pairs in any order give the same
    clusters.
    """
    n = len(scorer.features.nik)
    model = scorer.model
    links, reason = linked(pairs, model)
    # Weight down, then rows: no order of arrival is left in it.
    order = links[np.lexsort((pairs.right[links], pairs.left[links], -pairs.weight[links]))]
    parent = np.arange(n, dtype=np.int32)
    following = np.full(n, -1, dtype=np.int32)
    last = np.arange(n, dtype=np.int32)
    size = np.ones(n, dtype=np.int32)
    _join_all(
        order.astype(np.int64),
        (pairs.left, pairs.right, pairs.weight),
        scorer.features,
        scorer.words,
        scorer.known,
        scorer.slots,
        scorer.date_bits,
        scorer.tables,
        model.review,
        (parent, following, last, size),
        reason,
    )
    together = parent[pairs.left] == parent[pairs.right]
    decided = np.where(together, MERGED, kept_apart(pairs, reason, model))
    reason[together] = 0
    waiting = np.zeros(n, dtype=np.bool_)
    open_pairs = decided == REVIEW
    waiting[pairs.left[open_pairs]] = True
    waiting[pairs.right[open_pairs]] = True
    return Clusters(parent, waiting, decided.astype(np.int8), reason)


def linked(pairs: Pairs, model: Model) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int8]]:
    """(pairs that may join two clusters; the reason why a pair may not, a number of PAIR_REASONS or 0)."""
    reason = reasons(pairs)
    name = pairs.pattern & np.uint32(7)
    same = (name == 7) & (level(pairs.pattern, DATE) == 5) & (level(pairs.pattern, NIK) == 4)
    strong = ((pairs.weight >= model.merge) | same) & (reason == 0)
    named = (name >= LEAST_NAME) | (name == 0)
    reason[strong & ~named] = NAMES_DIFFER
    neighbours = (level(pairs.pattern, NIK) == 2) & (level(pairs.pattern, DATE) == 5)
    reason[strong & named & neighbours] = MAYBE_TWINS
    return np.flatnonzero(strong & named & ~neighbours), reason


def kept_apart(pairs: Pairs, reason: npt.NDArray[np.int8], model: Model) -> npt.NDArray[np.int64]:
    """REVIEW or APART for pairs whose records are in two clusters."""
    decided = np.where((pairs.weight >= model.review) | (reason == 1), REVIEW, APART)
    decided[(reason == 2) | (reason == 3)] = APART
    return decided


def record_decisions(clusters: Clusters) -> npt.NDArray[np.int8]:
    """For each record 0 merged (its cluster has more records), 1 review (alone, and a pair of it waits), 2 single."""
    size = np.bincount(clusters.person, minlength=len(clusters.person))[clusters.person]
    return np.where(size > 1, 0, np.where(clusters.waiting, 1, 2)).astype(np.int8)


assert ALL_COMPARED == 48 and (CUT, WEAK) == (4, 5)
