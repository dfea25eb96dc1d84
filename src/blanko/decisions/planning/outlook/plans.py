"""From a case and one reading of it to the plan that the engine tries. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import timedelta
from typing import Literal

import numpy as np

from blanko.decisions.planning.outlook import printing
from blanko.decisions.planning.outlook.case import Case, Number, Reading
from blanko.engines.runout import plan as engine
from blanko.engines.runout.draws import Stage
from blanko.engines.runout.errors import InvalidPlan
from blanko.ground.places import gazetteer

WEEKS_A_YEAR = 365.25 / 7
# What was held back comes back over this many weeks once there are blanks.
RETURN_WEEKS = 26
AREA_CV = 0.2
WHAT_IF_MAX = 100
Level = Literal["nation", "province", "regency"]


def weights(case: Case, level: Level) -> dict[str, float]:
    """Each area's part of the nation, by code; parts add up to 1."""
    if case.weights is not None:
        found: Mapping[str, float] = case.weights
    else:
        found = {regency.code: float(regency.population_2024) for regency in gazetteer.regencies_2017()}
    merged: dict[str, float] = {}
    for code, weight in found.items():
        key = {"nation": "ID", "province": code[:2], "regency": code}[level]
        merged[key] = merged.get(key, 0.0) + weight
    total = sum(merged.values())
    return {code: weight / total for code, weight in sorted(merged.items())}


def plan(
    case: Case, reading: Reading, *, level: Level = "nation", doubles_inside: bool = False,
    changed: Mapping[str, float] | None = None,
) -> engine.Plan:  # fmt: skip
    """The plan of one reading. ``doubles_inside``: the doubles sit inside the print-ready records and get no card.

    ``changed`` multiplies demand, checks, printers or deliveries (a planner's what-if): 1 is as the case says.
    """
    for name, factor in (changed or {}).items():
        if not 0 < factor <= WHAT_IF_MAX:
            raise InvalidPlan(
                "the what-if {name} is {value}", mend="give a factor above 0, at most 100", name=name, value=factor
            )
    what_if = {"demand": 1.0, "checks": 1.0, "printers": 1.0, "delivery_days": 1.0, **(changed or {})}
    parts = weights(case, level)
    areas = tuple(parts)
    share = np.array(list(parts.values()))
    backlog = {key: number.value for key, number in case.backlog.items()}
    ready = max(0.0, backlog["print_ready"] - (backlog["doubles"] if doubles_inside else 0.0))
    direct, enrolled = _claims(case, reading, factor=what_if["demand"])
    able = _able(case, level, areas, share, factor=what_if["printers"])
    on_hand = _local(case, "on_hand", areas, level, np.zeros(len(areas)))
    if "on_hand" not in case.local and (offices := case.stock.get("offices")) is not None:
        inside = np.array([code == "ID" or code.startswith(offices.area) for code in areas])
        on_hand[inside] = offices.value * share[inside] / share[inside].sum() if inside.any() else 0.0
    return engine.Plan(
        start=case.as_of, weeks=case.weeks, areas=areas, central=case.stock["central"].value,
        offices=engine.Offices(
            on_hand=on_hand,
            in_transit=_local(case, "in_transit", areas, level, np.zeros(len(areas))),
            print_ready=_print_ready(case, areas, level, share, ready),
            awaiting=share * backlog["awaiting"], uncollected=share * backlog["uncollected"],
            printer_cards=able.printer_cards, printers=able.printers, availability=able.availability,
            working=able.working, operator_cards=able.operator_cards, ribbon_on_hand=able.ribbon_on_hand,
            ribbon_cards=able.ribbon_cards, ribbon_lot=_ribbon_lot(case, level, able.ribbon_cards),
            ribbon_lead_weeks=np.full(len(areas), case.printing.ribbon_lead_weeks),
            deaths=np.full(len(areas), 1 - (1 - case.deaths.value) ** (1 / WEEKS_A_YEAR)),
            transport_weeks=_transport_weeks(areas),
        ),
        demand=engine.Demand(
            direct=np.outer(direct, share), enrolled=np.outer(enrolled, share),
            direct_common_cv=_direct_cv(case), enrolled_common_cv=_enrolled_cv(case),
            direct_area_cv=np.full(len(areas), 0.0 if level == "nation" else AREA_CV),
            enrolled_area_cv=np.full(len(areas), 0.0 if level == "nation" else AREA_CV),
        ),
        deliveries=(*_deliveries(case, what_if["delivery_days"]), *_supply(case, reading)),
        checks_a_week=case.checks["a_week"].value * what_if["checks"], checks_cv=case.checks["a_week"].cv,
        passed_share=case.checks["passed_share"].value, spoilage=case.spoilage.value, spoilage_cv=case.spoilage.cv,
        repair_weeks=case.printing.repair_weeks, collected_share=case.collection.value,
        box=max(1, case.order.box), deaths_cv=case.deaths.cv, receipts=_receipts(case),
        deadlines=_deadlines(case, areas),
    )  # fmt: skip


def _local(case: Case, name: str, areas: tuple[str, ...], level: Level, otherwise: np.ndarray) -> np.ndarray:
    """What is known of each area itself, summed to the level; else ``otherwise``."""
    if name not in case.local:
        return otherwise
    summed: dict[str, float] = {}
    for code, value in case.local[name].items():
        key = {"nation": "ID", "province": code[:2], "regency": code}[level]
        summed[key] = summed.get(key, 0.0) + value
    return np.array([summed.get(code, 0.0) for code in areas])


def _print_ready(case: Case, areas: tuple[str, ...], level: Level, share: np.ndarray, whole: float) -> np.ndarray:
    """Each area's print-ready records, those that are doubles taken off all alike."""
    known = _local(case, "print_ready", areas, level, share)
    total = float(known.sum())
    return known * (whole / total) if total > 0 else known


def _claims(case: Case, reading: Reading, *, factor: float) -> tuple[np.ndarray, np.ndarray]:
    """The nation's expected direct and enrolled claims of each week."""
    weeks = np.arange(case.weeks)
    demand = {key: number.value for key, number in case.demand.items()}
    direct = np.full(case.weeks, demand["direct"] / WEEKS_A_YEAR)
    # What was held back returns only in part, and not at once.
    back = demand["held_back"] * demand["returning_share"] / RETURN_WEEKS
    direct[: min(RETURN_WEEKS, case.weeks)] += back
    rate = demand["late_recorded_share"]
    late = case.backlog["not_recorded"].value * rate * (1 - rate) ** weeks
    enrolled = (demand["enrolled"] + reading.enrolled_more) / WEEKS_A_YEAR + late
    return direct * factor, enrolled * factor


def _direct_cv(case: Case) -> float:
    """Uncertainty of the direct claims of the first year: their level, and how much of what was held back returns."""
    demand = case.demand
    back = demand["held_back"].value * demand["returning_share"].value
    whole = max(1.0, demand["direct"].value + back)
    return math.hypot(
        demand["direct"].cv * demand["direct"].value / whole,
        math.hypot(demand["held_back"].cv, demand["returning_share"].cv) * back / whole,
    )


def _enrolled_cv(case: Case) -> float:
    """The same for new records: those who come of age, and those who are recorded late."""
    rate = case.demand["late_recorded_share"]
    late = case.backlog["not_recorded"].value * (1 - (1 - rate.value) ** 52)
    whole = max(1.0, case.demand["enrolled"].value + late)
    return math.hypot(case.demand["enrolled"].cv * case.demand["enrolled"].value / whole, rate.cv * late / whole)


def _able(case: Case, level: Level, areas: tuple[str, ...], share: np.ndarray, *, factor: float) -> printing.Able:
    """What the areas can print. Where offices told something a larger area is the sum of its offices: the scarcest
    thing of one office is not made good by another's."""
    if not printing.is_known(case):
        return printing.assumed(case.printing, _districts(areas, share, level), factor=factor)
    parts = weights(case, "regency")
    codes, own = tuple(parts), np.array(list(parts.values()))
    able = printing.assumed(case.printing, _districts(codes, own, "regency"), factor=factor)
    able = printing.with_records(able, case, codes, factor=factor)
    return able if level == "regency" else printing.summed(able, codes, areas)


def _districts(areas: tuple[str, ...], share: np.ndarray, level: Level) -> np.ndarray:
    """How many districts each area has; an area that the gazetteer does not know gets its part of the nation's."""
    codes = gazetteer.district_codes()
    counted: dict[str, int] = {}
    for code in codes:
        key = {"nation": "ID", "province": code[:2], "regency": code[:4]}[level]
        counted[key] = counted.get(key, 0) + 1
    return np.array(
        [counted.get(code, max(1, round(len(codes) * float(part)))) for code, part in zip(areas, share, strict=True)],
        dtype=float,
    )


def _transport_weeks(areas: tuple[str, ...]) -> np.ndarray:
    known = {regency.code for regency in gazetteer.regencies_2017()}
    weeks = [math.ceil(gazetteer.transport_days(code) / 7) if code in known else 1 for code in areas]
    return np.maximum(1, np.array(weeks, dtype=np.int64))


def _ribbon_lot(case: Case, level: Level, a_week: np.ndarray) -> np.ndarray:
    """Cards that one purchase of ribbon is enough for. Many offices buy at different times: their sum comes weekly."""
    weeks = case.printing.ribbon_lot_weeks if level == "regency" else 0.0
    return np.where(np.isfinite(a_week), np.minimum(a_week, 1e9) * weeks, 0.0)


def _receipts(case: Case) -> engine.Receipts:
    lost, late = (case.receipts.get(name, Number(0.0)) for name in ("lost", "late"))
    return engine.Receipts(lost.value, lost.cv, late.value, late.cv)


def _deadlines(case: Case, areas: tuple[str, ...]) -> tuple[engine.Deadline, ...]:
    """The deadlines whose areas the plan has: a nation or province as one office serves no part of itself first."""
    known = set(areas)
    weeks = ((item, (item.date - case.as_of).days // 7) for item in case.deadlines if known.issuperset(item.areas))
    return tuple(
        engine.Deadline(item.name, item.areas, week, item.release) for item, week in weeks if week < case.weeks
    )


def _deliveries(case: Case, slower: float) -> tuple[engine.Delivery, ...]:
    return tuple(
        engine.Delivery(
            name=item.name, quantity=item.quantity,
            stages=tuple(stage._replace(median_days=stage.median_days * slower) for stage in item.stages),
            elapsed_days=item.elapsed_days, accepted=item.accepted, lost_chance=item.lost_chance,
            accepted_weight=item.accepted_weight, replaced_chance=item.replaced_chance,
        )
        for item in case.deliveries
    )  # fmt: skip


def _supply(case: Case, reading: Reading) -> tuple[engine.Delivery, ...]:
    """A reading's yearly supply, a quarter of it each quarter from its first day on."""
    if not reading.supply_a_year or reading.supply_from is None:
        return ()
    found = []
    day, last = reading.supply_from, case.as_of + timedelta(weeks=case.weeks)
    number = 1
    while day < last:
        wait = max(0, (day - case.as_of).days)
        found.append(
            engine.Delivery(
                name=f"reading {reading.key}, quarter {number}", quantity=reading.supply_a_year / 4,
                stages=(Stage("promised", 1, float(wait), 0.05),),
            )
        )  # fmt: skip
        number += 1
        day = reading.supply_from + timedelta(days=round(91.3125 * (number - 1)))
    return tuple(found)
