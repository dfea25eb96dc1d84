"""Leximin in equal units: the next unit always goes to the area with the lowest fill.

Giving units one by one in that order equals taking the first ``count`` of all units sorted by the fill that each area has before it.
So a level found by bisection, and a sort of the few units at that level, give the exact result without a loop over units.

Order of units: fill before the unit; then the area longest without one (an area that got a unit in this very run is more recent than
all that did not, and among those the one whose previous unit came earlier); then the area's rank.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# Two different fractions with denominators below 2**26 differ by more than double precision rounds: division orders them exactly.
NEED_MAX = 2**26 - 1
BISECTIONS = 60


@dataclass(frozen=True, slots=True)
class Given:
    """``units`` for each area, and the areas of the last two different receivers in the order of giving (-1: none)."""

    units: Ints
    last: int
    last_other: int


def give(*, need: Ints, held: Ints, unit: int, units_max: Ints, count: int, rank: Ints) -> Given:
    """Give ``count`` units of ``unit`` blanks, at most ``units_max`` to each area, lowest ``(held + given) / need`` first.

    All arrays have one entry an area, ``need`` is at most NEED_MAX; ``rank`` decides what is left of a tie.
    Time: O(areas x log precision + marginal units x log); no loop over units.
    """
    total = int(units_max.sum())
    if total <= count:
        units = units_max.copy()
        taken = np.zeros_like(units)
    else:
        divisor = np.maximum(need, 1).astype(np.float64)
        low, high = 0.0, 1.0
        units = np.zeros_like(units_max)
        # Invariant: the units strictly below ``low`` fit, those up to ``high`` do not.
        for _ in range(BISECTIONS):
            middle = (low + high) / 2
            below = _units_below(middle, divisor, held, unit, units_max)
            if int(below.sum()) <= count:
                low, units = middle, below
            else:
                high = middle
            if int(units.sum()) == count:
                break
        taken = units
    areas, order = _marginal(need, held, unit, units_max, taken, count - int(taken.sum()), rank)
    picked = areas[order][: count - int(taken.sum())]
    units = taken + np.bincount(picked, minlength=len(need)).astype(np.int64)
    last, other = _last_receivers(need, held, unit, units, rank)
    return Given(units, last, other)


def _units_below(level: float, divisor: Floats, held: Ints, unit: int, units_max: Ints) -> Ints:
    """How many units of each area have a fill before them strictly below the level."""
    guess = np.floor((level * divisor - held) / unit).astype(np.int64)
    # The product above is rounded; the comparison below is the exact one, so look one unit to each side.
    units = np.clip(guess - 1, 0, units_max)
    for _ in range(3):
        more = (units < units_max) & ((held + units * unit) / divisor < level)
        units = units + more
    result: Ints = np.clip(units, 0, units_max)
    return result


def _marginal(
    need: Ints, held: Ints, unit: int, units_max: Ints, taken: Ints, missing: int, rank: Ints
) -> tuple[Ints, npt.NDArray[np.intp]]:
    """The next units after ``taken``, enough to hold the ``missing`` ones, and their order."""
    if missing <= 0:
        return np.zeros(0, np.int64), np.zeros(0, np.intp)
    left = np.minimum(units_max - taken, missing)
    areas = np.repeat(np.arange(len(need)), left)
    within = np.arange(len(areas)) - np.repeat(np.cumsum(left) - left, left)
    index = taken[areas] + within
    return areas, _order(need[areas], held[areas], unit, index, rank[areas])


def _order(need: Ints, held: Ints, unit: int, index: Ints, rank: Ints) -> npt.NDArray[np.intp]:
    """The order of giving of units, each the ``index``-th (from 0) that its area gets in this run."""
    divisor = np.maximum(need, 1)
    before = (held + index * unit) / divisor
    previous = np.where(index > 0, (held + (index - 1) * unit) / divisor, -1.0)
    return np.lexsort((rank, index, previous, before))


def _last_receivers(need: Ints, held: Ints, unit: int, units: Ints, rank: Ints) -> tuple[int, int]:
    """The two areas whose last unit came last: who would have lost it, had another area got one more."""
    receivers = np.flatnonzero(units)
    if len(receivers) == 0:
        return -1, -1
    order = _order(need[receivers], held[receivers], unit, units[receivers] - 1, rank[receivers])
    return int(receivers[order[-1]]), int(receivers[order[-2]]) if len(receivers) > 1 else -1
