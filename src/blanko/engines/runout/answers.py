"""What many futures say: days, chances, cover, fans, and what binds. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from blanko.engines.runout.simulate import Futures

BINDING = ("blanks", "printers", "operators", "ribbon", "uniqueness_checks")
LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)


def day_of(futures: Futures, week: float) -> date:
    return futures.plan.start + timedelta(days=round(7 * week))


def week_before(futures: Futures, day: date) -> int:
    """How many whole weeks of the plan end on or before ``day``, at most all."""
    return int(np.clip((day - futures.plan.start).days // 7, 0, futures.plan.weeks))


def runout_day(futures: Futures, level: float) -> date | None:
    """The day by which the nation has run out in this share of the paths; None when that lies beyond the plan."""
    ordered = np.sort(futures.runout)
    week = int(ordered[min(futures.paths - 1, int(np.ceil(level * futures.paths)) - 1)])
    return None if week >= futures.plan.weeks else day_of(futures, week)


def area_runout_day(futures: Futures, place: int, level: float) -> date | None:
    """The same for one area: the first week in which its own blanks did not cover what it could print."""
    counted = np.cumsum(futures.area_runout[place])
    week = int(np.searchsorted(counted, np.ceil(level * futures.paths)))
    return None if week >= futures.plan.weeks else day_of(futures, week)


def chance_before(futures: Futures, day: date) -> float:
    """The chance that the nation runs out before ``day``."""
    return float((futures.runout < week_before(futures, day)).mean())


def area_chance_before(futures: Futures, place: int, day: date) -> float:
    """The chance that one area is short of blanks before ``day``."""
    return float(futures.area_runout[place, : week_before(futures, day)].sum() / futures.paths)


def days_of_cover(unlimited: Futures) -> tuple[float | None, float | None, float | None]:
    """How long what is held today lasts without any delivery: 10th, 50th and 90th percentile of days; None: longer."""
    plan = unlimited.plan
    held = plan.central + float(plan.offices.on_hand.sum() + plan.offices.in_transit.sum())
    used = np.cumsum(unlimited.used, axis=1, dtype=np.float64)
    week = (used < held).sum(axis=1)
    inside = np.minimum(week, plan.weeks - 1)
    rows = np.arange(unlimited.paths)
    before = np.where(inside > 0, used[rows, np.maximum(inside - 1, 0)], 0.0)
    step = np.maximum(used[rows, inside] - before, 1e-9)
    days = np.where(week >= plan.weeks, np.inf, 7 * (inside + (held - before) / step))
    low, middle, high = np.quantile(days, (0.1, 0.5, 0.9), method="lower")
    return tuple(None if np.isinf(value) else float(value) for value in (low, middle, high))  # type: ignore[return-value]


def binding(futures: Futures) -> dict[str, float]:
    """What waiting cards wait for, as shares of all card-weeks waited; empty when nothing waits."""
    whole = futures.binding.sum(axis=0)
    total = float(whole.sum())
    return {name: float(value) / total for name, value in zip(BINDING, whole, strict=True)} if total > 0 else {}


def fan(values: npt.NDArray[np.float32]) -> dict[str, list[float]]:
    """Quantiles of a [P, T] series week by week: level -> values."""
    found = np.quantile(values, LEVELS, axis=0, method="lower")
    return {f"{level:g}": [round(float(value), 1) for value in row] for level, row in zip(LEVELS, found, strict=True)}


def cleared_by(
    futures: Futures, day: date, *, below: float, kinds: tuple[str, ...] = ("print_ready", "awaiting")
) -> float:
    """The chance that what is owed of these kinds has once fallen to ``below`` by ``day``."""
    weeks = week_before(futures, day)
    if weeks == 0:
        return 0.0
    owed = sum(getattr(futures, kind)[:, :weeks] for kind in kinds)
    return float((owed <= below).any(axis=1).mean())


def printed_by(futures: Futures, day: date, *, at_least: float) -> float:
    """The chance that this many cards were printed by ``day``."""
    weeks = week_before(futures, day)
    return float((futures.printed[:, :weeks].sum(axis=1, dtype=np.float64) >= at_least).mean())


def arrived_by(futures: Futures, day: date, *, at_least: float) -> float:
    """The chance that this many good blanks have come in by ``day``."""
    weeks = week_before(futures, day)
    return float((futures.arrived[:, :weeks].sum(axis=1, dtype=np.float64) >= at_least).mean())


def arrivals_by_year(futures: Futures) -> Mapping[int, float]:
    """Mean good blanks that come in, by calendar year (Indonesia's fiscal year)."""
    mean = futures.arrived.mean(axis=0, dtype=np.float64)
    found: dict[int, float] = {}
    for week, blanks in enumerate(mean):
        year = day_of(futures, week).year
        found[year] = found.get(year, 0.0) + float(blanks)
    return found
