"""Try a plan against many futures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from blanko.engines.runout.draws import Stage, delivery_days, level, stage_days
from blanko.engines.runout.errors import InvalidPlan
from blanko.engines.runout.plan import Delivery, Plan

PATHS = 20_000
PIECES_WARM = 32


@dataclass(frozen=True, slots=True)
class Futures:
    """What happened in each path. Shapes: P paths, T weeks, A areas, W watched areas.

    ``stock``, ``print_ready``, ``awaiting``, ``uncollected``, ``printed``, ``used``, ``arrived`` [P, T] of the nation;
    ``used`` holds what was lost on the way to offices too; ``died`` [P] those owed a card who died without one;
    ``deadline_left`` [D, P] print-ready cards of each deadline's areas at its end;
    ``runout`` [P] the first week in which the nation's blanks did not cover what could be printed, T for never (of a
    nation that is short today: after four weeks in which they did, and 0 if those never come);
    ``area_runout`` [A, T + 1] how many paths each area's first short week fell on; ``area_stock``,
    ``area_print_ready``, ``area_printed`` [T, A] means; ``binding`` [A, 5] mean card-weeks waited, by what bound;
    ``weeks_short`` [A] mean weeks short of blanks; ``watched`` [P, W, 2, T] stock and print-ready.
    """

    plan: Plan
    seed: int
    paths: int
    stock: npt.NDArray[np.float32]
    print_ready: npt.NDArray[np.float32]
    awaiting: npt.NDArray[np.float32]
    uncollected: npt.NDArray[np.float32]
    printed: npt.NDArray[np.float32]
    used: npt.NDArray[np.float32]
    arrived: npt.NDArray[np.float32]
    died: npt.NDArray[np.float32]
    deadline_left: npt.NDArray[np.float32]
    runout: npt.NDArray[np.int32]
    area_runout: npt.NDArray[np.int64]
    area_stock: npt.NDArray[np.float32]
    area_print_ready: npt.NDArray[np.float32]
    area_printed: npt.NDArray[np.float32]
    binding: npt.NDArray[np.float64]
    weeks_short: npt.NDArray[np.float64]
    watched: npt.NDArray[np.float32]


def simulate(
    plan: Plan, *, seed: int, paths: int = PATHS, watch: tuple[str, ...] = (), unlimited: bool = False
) -> Futures:
    """Draw ``paths`` futures of a plan: the same seed gives the same bytes, on any number of cores.

    ``watch`` names areas whose every path is kept. ``unlimited`` asks how many blanks would be used if none ever
    lacked: what an order has to cover. Raises InvalidPlan.
    """
    from blanko.engines.runout import kernel

    if not 1 <= paths <= 1_000_000:
        raise InvalidPlan("{paths} paths", mend="draw between 1 and 1,000,000 paths", paths=paths)
    if seed < 0:
        raise InvalidPlan("the seed {seed} is negative", mend="give a whole number from 0", seed=seed)
    count, weeks = len(plan.areas), plan.weeks
    places = {code: place for place, code in enumerate(plan.areas)}
    if unknown := [code for code in watch if code not in places]:
        raise InvalidPlan("{area} is no area of the plan", mend="watch areas of the plan", area=unknown[0])
    generator = np.random.default_rng(np.random.SeedSequence([seed, 0x52554E]))
    demand, offices = plan.demand, plan.offices
    direct_factor = level(generator, demand.direct_common_cv, paths)
    enrolled_factor = level(generator, demand.enrolled_common_cv, paths)
    checks = plan.checks_a_week * level(generator, plan.checks_cv, paths)
    spoilage = np.minimum(plan.spoilage * level(generator, plan.spoilage_cv, paths), 0.9)
    # Streams of their own, so that what is drawn for one does not change the others.
    own = np.random.default_rng(np.random.SeedSequence([seed, 2]))
    receipts = plan.receipts
    lost, late = (
        np.minimum(share * level(own, cv, paths), 0.9)
        for share, cv in ((receipts.lost, receipts.lost_cv), (receipts.late, receipts.late_cv))
    )
    mortality = level(own, plan.deaths_cv, paths)
    arrivals = np.zeros((paths, weeks), np.float32)
    for place, delivery in enumerate(plan.deliveries):
        _arrive(arrivals, delivery, np.random.default_rng(np.random.SeedSequence([seed, 1, place])))

    available = np.clip(offices.availability, 0, 1)
    memory = math.exp(-1 / max(plan.repair_weeks, 1e-6))
    # A printer that works a share a of the weeks has the variance a (1 - a); an office's n printers average it.
    noise = np.sqrt(available * (1 - available) * (1 - memory * memory) / np.maximum(offices.printers, 1))
    pieces = kernel.PIECES
    nation = np.empty((5, paths, weeks), np.float32)
    runout = np.empty(paths, np.int32)
    used = np.empty((paths, weeks), np.float32)
    area_runout = np.zeros((pieces, weeks + 1, count), np.int32)
    area_mean = np.zeros((pieces, 3, weeks, count), np.float32)
    binding = np.zeros((pieces, 6, count), np.float32)
    watched = np.empty((paths, len(watch), 2, weeks), np.float32)
    lag = np.clip(offices.transport_weeks, 1, 8).astype(np.int64)
    died, deadline_left = np.empty(paths, np.float32), np.empty((len(plan.deadlines), paths), np.float32)
    inside = np.zeros((len(plan.deadlines), count), np.float32)
    for place, deadline in enumerate(plan.deadlines):
        inside[place, [places[code] for code in deadline.areas]] = 1.0
    kernel.futures(
        np.uint64(seed & (2**64 - 1)), unlimited, np.float32(plan.cover_weeks), np.float32(plan.box), plan.boxes_opened,
        single(demand.direct), single(demand.enrolled),
        np.float32(demand.direct_dispersion), np.float32(demand.enrolled_dispersion),
        single(demand.direct_area_cv), single(demand.enrolled_area_cv),
        direct_factor, enrolled_factor, checks, np.float32(plan.passed_share), spoilage,
        lost, late, int(receipts.late_weeks if late.any() else 0),
        single(offices.on_hand), float(plan.central), single(offices.in_transit), single(offices.print_ready),
        single(offices.awaiting), single(offices.uncollected), single(offices.deaths), mortality,
        single(offices.printer_cards), single(available), single(np.clip(offices.working, 0, 1)), np.float32(memory),
        single(noise), single(offices.operator_cards), single(offices.ribbon_on_hand), single(offices.ribbon_cards),
        single(offices.ribbon_lot), single(offices.ribbon_lead_weeks), np.float32(plan.collected_share),
        lag, arrivals, np.array([places[code] for code in watch], np.int64),
        inside, single(np.array([deadline.release for deadline in plan.deadlines])),
        np.array([deadline.opens for deadline in plan.deadlines], np.int64),
        np.array([deadline.week for deadline in plan.deadlines], np.int64),
        nation, runout, used, died, deadline_left, area_runout, area_mean, binding, watched,
    )  # fmt: skip
    means = area_mean.sum(axis=0, dtype=np.float64) / paths
    bound = binding.sum(axis=0, dtype=np.float64) / paths
    return Futures(
        plan=plan, seed=seed, paths=paths, stock=nation[0], print_ready=nation[1], awaiting=nation[2],
        uncollected=nation[3], printed=nation[4], used=used, arrived=arrivals, died=died,
        deadline_left=deadline_left, runout=runout,
        area_runout=area_runout.sum(axis=0, dtype=np.int64).T,
        area_stock=means[0].astype(np.float32), area_print_ready=means[1].astype(np.float32),
        area_printed=means[2].astype(np.float32), binding=bound[:5].T, weeks_short=bound[5], watched=watched,
    )  # fmt: skip


def warm() -> None:
    """Compile the loop, or load it from its cache: the first answer then comes as fast as the second."""
    from blanko.engines.runout.plan import Demand, Offices

    one, none = np.ones(1), np.zeros(1)
    offices = Offices(
        one, none, one, none, none, one, one, one, one, one, none, one, none, one, none, np.ones(1, np.int64)
    )
    demand = Demand(np.ones((2, 1)), np.ones((2, 1)), 0.1, 0.1, none, none)
    simulate(Plan(date(2017, 4, 4), 2, ("ID",), 1.0, offices, demand, (), 1.0), seed=1, paths=PIECES_WARM)


def _arrive(arrivals: npt.NDArray[np.float32], delivery: Delivery, generator: np.random.Generator) -> None:
    """Add a delivery's good blanks to the week they come in, path by path."""
    paths, weeks = arrivals.shape
    days = delivery_days(generator, delivery.stages, elapsed=delivery.elapsed_days, paths=paths)
    weight = delivery.accepted_weight
    one, other = max(delivery.accepted * weight, 1e-6), max((1 - delivery.accepted) * weight, 1e-6)
    good = generator.beta(np.full(paths, one), np.full(paths, other))
    lost = generator.random(paths) < delivery.lost_chance
    week = np.floor(days / 7).astype(np.int64)
    comes = (week < weeks) & ~lost
    arrivals[np.flatnonzero(comes), week[comes]] += (delivery.quantity * good[comes]).astype(np.float32)
    if not delivery.replaced_chance:
        return
    # What was refused is made again, if it is made again, and comes later.
    again = stage_days(
        generator, Stage("replaced", 1, delivery.replaced_days, delivery.replaced_sigma), elapsed=0.0, paths=paths
    )
    week = np.floor((days + again) / 7).astype(np.int64)
    comes = (week < weeks) & ~lost & (generator.random(paths) < delivery.replaced_chance)
    rest = delivery.quantity * (1 - good)
    arrivals[np.flatnonzero(comes), week[comes]] += rest[comes].astype(np.float32)


def single(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """In single precision: cards are counted in millions at most, and half as many bytes pass through the cores."""
    return np.ascontiguousarray(values, dtype=np.float32)
