"""The latest day and the smallest quantity of an order that keeps the risk of running out below what was chosen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from blanko.engines.runout.draws import Stage, delivery_days
from blanko.engines.runout.errors import InvalidPlan
from blanko.engines.runout.simulate import Futures


@dataclass(frozen=True, slots=True)
class Advice:
    """Order ``quantity`` blanks by week ``latest_week`` (negative: that many weeks ago) to stay below ``risk``.

    ``risk_without`` is the risk with no order, ``risk_with`` with exactly this one placed at the latest week, or today
    when that has passed. ``reachable`` is False when even an order of any size placed today comes too late; then
    ``quantity`` is what covers all but ``risk`` of the paths once it comes, and ``risk_lowest`` the risk that stays.
    ``lead_days`` are the 10th, 50th and 90th percentile from the decision to good blanks in the warehouse.
    """

    latest_week: int | None
    quantity: int
    risk: float
    risk_without: float
    risk_with: float
    risk_lowest: float
    reachable: bool
    lead_days: tuple[float, float, float]


def advise(
    futures: Futures, unlimited: Futures, *, stages: tuple[Stage, ...], risk: float, until_week: int, box: int = 1,
    accepted: float = 0.99,
) -> Advice:  # fmt: skip
    """Advise on one further order, by counting paths.

    A path fails when its blanks run out before ``until_week``: the order comes after the week of run-out, or is
    smaller than what the path lacks at its worst. Half of ``risk`` is left to lateness, what remains of it to the
    quantity. ``unlimited`` are the same plan's futures (same seed, same paths) without any lack of blanks.
    Raises InvalidPlan.
    """
    if not 0 < risk < 1:
        raise InvalidPlan("a risk of {risk}", mend="give a share between 0 and 1", risk=risk)
    if unlimited.paths != futures.paths or unlimited.seed != futures.seed:
        raise InvalidPlan("the two sets of futures differ", mend="simulate the same plan with the same seed and paths")
    weeks = min(until_week, futures.plan.weeks)
    paths = futures.paths
    generator = np.random.default_rng(np.random.SeedSequence([futures.seed, 0x4F52]))
    days = delivery_days(generator, stages, elapsed=0.0, paths=paths)
    lead = np.ceil(days / 7).astype(np.int64)
    fails = futures.runout < weeks
    without = float(fails.mean())
    spread = tuple(float(value) for value in np.percentile(days, (10, 50, 90)))
    if without <= risk:
        return Advice(None, 0, risk, without, without, without, True, (spread[0], spread[1], spread[2]))
    lacking = _lacking(futures, unlimited, weeks) / accepted
    # The last week in which ordering still helps this path; paths that never run out can wait for ever.
    slack = np.where(fails, futures.runout - lead, np.iinfo(np.int64).max // 2)
    ordered = np.sort(slack)
    latest = int(ordered[int(np.floor(risk / 2 * paths))])
    placed = max(latest, 0)
    late = fails & (slack < placed)
    lowest = float((fails & (slack < 0)).mean())
    reachable = lowest <= risk
    # Where no order comes in time, the quantity is still what must come: late blanks end the shortage too.
    counted = fails & ~late if reachable else fails
    spare = max(0, int(np.floor(risk * paths)) - int(late.sum() if reachable else 0))
    amounts = np.sort(np.where(counted, lacking, 0.0))
    quantity = float(amounts[paths - 1 - spare])
    whole = int(-(-quantity // box) * box)
    failing = late | (fails & (lacking > whole))
    return Advice(
        latest, whole, risk, without, float(failing.mean()), lowest, reachable, (spread[0], spread[1], spread[2])
    )


def _lacking(futures: Futures, unlimited: Futures, weeks: int) -> npt.NDArray[np.float64]:
    """Blanks that each path lacks at its worst from its run-out to ``weeks``, if it always printed what it could.

    What lacked before, in a shortage that the plan itself ends, is no reason to order.
    """
    plan = futures.plan
    held = plan.central + float(plan.offices.on_hand.sum() + plan.offices.in_transit.sum())
    used = np.cumsum(unlimited.used[:, :weeks], axis=1, dtype=np.float64)
    come = np.cumsum(futures.arrived[:, :weeks], axis=1, dtype=np.float64)
    after = np.arange(weeks)[None, :] >= futures.runout[:, None]
    worst: npt.NDArray[np.float64] = np.maximum(np.where(after, used - come, -np.inf).max(axis=1) - held, 0.0)
    return worst
