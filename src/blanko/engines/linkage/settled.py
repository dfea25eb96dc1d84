"""Clusters under what people decided: two records judged the same are one person's, two judged different never are."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from blanko.engines.linkage.cluster import ALL_COMPARED, CUT, MERGED, WEAK, Clusters, kept_apart, linked
from blanko.engines.linkage.score import Pairs, Scorer, reasons

SAME, DIFFERENT = "same", "different"
_MOST: Final = 40.0


def cluster_under(pairs: Pairs, scorer: Scorer, verdicts: dict[tuple[int, int], str]) -> Clusters:
    """``cluster.cluster`` of few records under verdicts on pairs of rows (smaller first).

    What is judged the same joins first, and no rule of the engine forbids it. A link that would bring together two who
    are judged different is refused (``chain_cut``). Verdicts that contradict each other: the different ones win.
    """
    n, model = len(scorer.features.nik), scorer.model
    links, reason = linked(pairs, model)
    order = links[np.lexsort((pairs.right[links], pairs.left[links], -pairs.weight[links]))]
    members = {row: [row] for row in range(n)}
    of = list(range(n))
    apart = {pair for pair, word in verdicts.items() if word == DIFFERENT}

    def judged_apart(a: int, b: int) -> bool:
        return any((min(x, y), max(x, y)) in apart for x in members[a] for y in members[b])

    def join(a: int, b: int) -> None:
        low, high = min(a, b), max(a, b)
        members[low] += members.pop(high)
        for row in members[low]:
            of[row] = low

    for one, other in sorted(pair for pair, word in verdicts.items() if word == SAME):
        a, b = of[one], of[other]
        if a != b and not judged_apart(a, b):
            join(a, b)
    for k in order.tolist():
        left, right = int(pairs.left[k]), int(pairs.right[k])
        a, b = of[left], of[right]
        if a == b:
            continue
        if judged_apart(a, b):
            reason[k] = CUT
            continue
        refused = _refused(members[a], members[b], (left, right), float(pairs.weight[k]), scorer, verdicts)
        if refused:
            reason[k] = refused
        else:
            join(a, b)
    person = np.array(of, dtype=np.int32)
    together = person[pairs.left] == person[pairs.right]
    decided = np.where(together, MERGED, kept_apart(pairs, reason, model))
    reason[together] = 0
    waiting = np.zeros(n, dtype=np.bool_)
    return Clusters(person, waiting, decided.astype(np.int8), reason)


def _refused(
    one: list[int],
    other: list[int],
    link: tuple[int, int],
    weight: float,
    scorer: Scorer,
    verdicts: dict[tuple[int, int], str],
) -> int:
    """Why two clusters are not joined by this link, or 0: the rule of ``cluster._join_all``."""
    across = [
        (min(x, y), max(x, y))
        for x in one[:ALL_COMPARED]
        for y in other[:ALL_COMPARED]
        if {x, y} != set(link) and verdicts.get((min(x, y), max(x, y))) != SAME
    ]
    if not across:
        return 0
    rows: list[npt.NDArray[np.int32]] = [np.array(side, np.int32) for side in zip(*across, strict=True)]
    found = scorer.score(rows[0], rows[1])
    if reasons(found).any():
        return CUT
    same = (found.pattern & np.uint32(0xFC7)) == np.uint32(7 | 5 << 6 | 4 << 9)
    capped = np.where(same, _MOST, np.minimum(found.weight, _MOST))
    return WEAK if (capped.sum() + min(weight, _MOST)) / (len(across) + 1) < scorer.model.review else 0
