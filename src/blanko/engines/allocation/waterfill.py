"""Leximin in equal units: the next unit always goes to the area with the lowest fill.

Giving units one by one in that order equals taking the first ``count`` of all units, sorted by the fill that each
area has before it. So a level found by bisection, and a sort of the few units around that level, give the exact
result without a loop over units.

Order of units: the fill before the unit; then the area longest without one (an area that got a unit in this very
run is more recent than all that did not, and among those the one whose previous unit came earlier goes first);
then the area's rank.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# Two different fractions with denominators below 2**26 lie more than 2**-52 apart, and a quotient of at most 1 is
# rounded by at most 2**-54: so division in double precision orders them exactly, and equal fractions come out equal.
NEED_MAX = 2**26 - 1


@dataclass(frozen=True, slots=True)
class Given:
    """``units`` for each area; ``order`` the areas that got any (``before`` included), by when their last one came."""

    units: Ints
    order: npt.NDArray[np.intp]

    def losers(self) -> tuple[int, int]:
        """The two areas that got the last units of this run: who would lose one, had another gained (-1: nobody)."""
        latest = [int(i) for i in self.order[::-1] if self.units[i] > 0][:2]
        first, second = (*latest, -1, -1)[:2]
        return first, second


def give(
    *, need: Ints, held: Ints, unit: int, units_max: Ints, count: int, rank: Ints, before: Ints | None = None
) -> Given:
    """Give ``count`` units of ``unit`` blanks, at most ``units_max`` an area, lowest ``(held + given) / need`` first.

    All arrays have one entry an area. ``need`` is at most NEED_MAX, and ``held + units_max * unit`` at most ``need``
    where ``units_max`` is above 0 (or the caller has made sure that the quotients can be told apart). ``rank`` decides
    what is left of a tie. ``before`` are units which this same run gave already (a stage), part of ``held``.
    Time: areas x log(1 / level) + areas x log(areas).
    """
    earlier = np.zeros_like(units_max) if before is None else before
    if int(units_max.sum()) <= count:
        units = units_max.copy()
    else:
        units = _share_out(need, held, unit, units_max, count, rank, earlier)
    receivers = np.flatnonzero(earlier + units)
    last = order_of_units(
        need[receivers], held[receivers], unit, units[receivers] - 1, rank[receivers], earlier[receivers]
    )
    return Given(units, receivers[last])


def _share_out(need: Ints, held: Ints, unit: int, units_max: Ints, count: int, rank: Ints, before: Ints) -> Ints:
    """The first ``count`` of more units than that."""
    divisor = np.maximum(need, 1).astype(np.float64)
    # A fill never reaches 1 before a unit; weeks of cover, which the same algorithm levels, may pass it.
    before_last = np.where(units_max > 0, (held + (units_max - 1) * unit) / divisor, 0.0)
    low, high = 0.0, max(1.0, float(np.nextafter(before_last.max(), np.inf)))
    # Invariant: the units strictly below ``low`` fit, those strictly below ``high`` are more than enough.
    units, enough = np.zeros_like(units_max), units_max
    while int(enough.sum() - units.sum()) > len(need):
        # Units of one area lie unit / need > 2**-26 apart: after 26 halvings each area has one between the levels.
        middle = (low + high) / 2
        below = units_below(middle, divisor, held, unit, units_max)
        if int(below.sum()) <= count:
            low, units = middle, below
        else:
            high, enough = middle, below
    between = enough - units
    areas = np.repeat(np.arange(len(need)), between)
    within = np.arange(len(areas)) - np.repeat(np.cumsum(between) - between, between)
    order = order_of_units(need[areas], held[areas], unit, units[areas] + within, rank[areas], before[areas])
    picked = areas[order][: count - int(units.sum())]
    return units + np.bincount(picked, minlength=len(need)).astype(np.int64)


def units_below(level: float, divisor: Floats, held: Ints, unit: int, units_max: Ints) -> Ints:
    """How many units of each area have a fill before them strictly below the level."""
    guess = np.floor((level * divisor - held) / unit).astype(np.int64)
    # The product above is rounded; the comparison below is the exact one, so look one unit to each side.
    units: Ints = np.clip(guess - 1, 0, units_max)
    for _ in range(3):
        units = units + ((units < units_max) & ((held + units * unit) / divisor < level))
    return units


def order_of_units(need: Ints, held: Ints, unit: int, index: Ints, rank: Ints, before: Ints) -> npt.NDArray[np.intp]:
    """The order of giving of units, each the ``index``-th (from 0) that its area gets in this call."""
    divisor = np.maximum(need, 1)
    fill = (held + index * unit) / divisor
    previous = np.where(before + index > 0, (held + (index - 1) * unit) / divisor, -1.0)
    return np.lexsort((rank, before + index, previous, fill))
