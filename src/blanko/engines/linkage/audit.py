"""Proof without truth: which pairs two people judge blindly, and what their answers prove.

The order of pairs is the order of SHA-256(seed, record_a, record_b): with a seed that dice gave in public nobody can
choose whom to ask about, and everybody can check the draw.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

PRECISION, RISK = 0.9995, 0.05
MERGED_LEAST: Final = 5_990
"""So many merged pairs without one error prove PRECISION at RISK: 0.9995 ** 5990 is below 0.05."""
BAND_PAIRS: Final = 100
BANDS: Final = (-np.inf, 0.0, 6.0, 12.0, 24.0, np.inf)
SAME, DIFFERENT, UNSURE = "same", "different", "unsure"
ANSWERS: Final = (SAME, DIFFERENT, UNSURE)


def draw(pairs: pa.Table, *, seed: str, merged: int = MERGED_LEAST, per_band: int = BAND_PAIRS) -> pa.Table:
    """The rows of ``pairs.parquet`` to judge, in the order of the draw, with a ``band`` column ("0 to 6").

    Up to ``merged`` merged pairs, and up to ``per_band`` pairs that were not merged from each band of weight.
    """
    a, b = pairs["record_a"].to_pylist(), pairs["record_b"].to_pylist()
    drawn = [hashlib.sha256(f"{seed}\n{x}\n{y}".encode()).hexdigest() for x, y in zip(a, b, strict=True)]
    order = np.argsort(np.array(drawn), kind="stable")
    together = np.array([value == "merged" for value in pairs["decided"].to_pylist()], dtype=np.bool_)
    band = band_of(pairs["match_weight"].to_numpy())
    chosen = [i for i in order if together[i]][:merged]
    for k in range(len(BANDS) - 1):
        chosen += [i for i in order if not together[i] and band[i] == k][:per_band]
    rows = np.array(chosen, dtype=np.int64)
    names = pa.array([band_name(int(band[i])) for i in rows], pa.string())
    return pairs.take(pa.array(rows)).append_column("band", names)


def band_of(weight: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """The number of each weight's band."""
    return np.searchsorted(np.array(BANDS[1:-1]), weight, side="right").astype(np.int64)


def band_name(band: int) -> str:
    """A band in words."""
    low, high = BANDS[band], BANDS[band + 1]
    if math.isinf(low):
        return f"below {high:g}"
    return f"from {low:g}" if math.isinf(high) else f"{low:g} to {high:g}"


def blind_order(count: int, *, seed: str, reader: str) -> npt.NDArray[np.int64]:
    """The order in which one of the two sees the pairs: neither band nor the other's order shows in it."""
    keys = np.array([hashlib.sha256(f"{seed}\n{reader}\n{i}".encode()).hexdigest() for i in range(count)])
    return np.asarray(np.argsort(keys, kind="stable"), dtype=np.int64)


def at_most(errors: int, judged: int, risk: float = RISK) -> float:
    """The largest share of errors that a sample leaves possible at this risk, one-sided (Clopper, Pearson 1934)."""
    if judged == 0 or errors >= judged:
        return 1.0
    low, high = errors / judged, 1.0
    for _ in range(100):
        middle = (low + high) / 2
        if _no_more_than(errors, judged, middle) > risk:
            low = middle
        else:
            high = middle
    return high


def at_least(hits: int, judged: int, risk: float = RISK) -> float:
    """The smallest share of hits that the sample leaves possible at this risk, one-sided."""
    return 1.0 - at_most(judged - hits, judged, risk)


def missed_at_most(strata: Sequence[tuple[int, int, int]], risk: float = RISK) -> float:
    """The most doubles that samples of several strata leave possible at this risk: (pairs, same, judged) of each.

    The risk is shared out among the strata, so that all bounds hold together. A stratum that nobody judged may be
    doubles throughout.
    """
    some = [each for each in strata if each[0]]
    return sum(min(pairs, pairs * at_most(same, judged, risk / len(some))) for pairs, same, judged in some)


def _no_more_than(errors: int, judged: int, share: float) -> float:
    """P(at most ``errors`` of ``judged``) when each is wrong with chance ``share``."""
    if share <= 0.0:
        return 1.0
    if share >= 1.0:
        return 0.0
    whole = math.lgamma(judged + 1)
    logs = [
        whole
        - math.lgamma(k + 1)
        - math.lgamma(judged - k + 1)
        + k * math.log(share)
        + (judged - k) * math.log1p(-share)
        for k in range(errors + 1)
    ]
    top = max(logs)
    return math.exp(top) * math.fsum(math.exp(each - top) for each in logs)


@dataclass(frozen=True, slots=True)
class Judged:
    """Merged pairs judged, errors among them, the precision they say and its bounds (each at RISK, one-sided), and
    whether it is proven.

    ``more`` pairs without a further error would prove it. ``open`` pairs still need an answer or a third reader.
    """

    judged: int
    errors: int
    open: int
    precision: float
    precision_at_least: float
    precision_at_most: float
    proven: bool
    more: int


def judge(answers: list[tuple[str, str]]) -> Judged:
    """What two readers' answers on merged pairs prove.

    Readers who differ, or are unsure, leave a pair open; an open pair counts as an error in the bound, so that leaving
    hard pairs open proves nothing.
    """
    same = sum(1 for pair in answers if pair == (SAME, SAME))
    wrong = sum(1 for pair in answers if pair == (DIFFERENT, DIFFERENT))
    left = len(answers) - same - wrong
    judged = len(answers)
    bound = 1.0 - at_most(wrong + left, judged) if answers else 0.0
    # Seen from above an open pair may be right: only certain errors count.
    most = 1.0 - at_least(wrong, judged) if answers else 1.0
    said = same / (same + wrong) if same + wrong else 0.0
    more = max(0, needed(wrong + left) - judged)
    return Judged(judged, wrong, left, said, bound, most, bound >= PRECISION, more)


def needed(errors: int) -> int:
    """Pairs to judge so that ``errors`` among them still prove PRECISION at RISK."""
    low, high = errors + 1, MERGED_LEAST * (errors + 2)
    while low < high:
        middle = (low + high) // 2
        if _no_more_than(errors, middle, 1 - PRECISION) <= RISK:
            high = middle
        else:
            low = middle + 1
    return low
