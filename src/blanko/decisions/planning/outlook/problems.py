"""What is about to go wrong, each with what mends it, as planners of health supplies know it from QAT. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np

from blanko.decisions.planning.outlook.areas import AreaAnswer
from blanko.decisions.planning.outlook.case import Case
from blanko.engines.runout.draws import median_days
from blanko.engines.runout.plan import Plan
from blanko.engines.runout.simulate import Futures
from blanko.ground.places import gazetteer

STOCKOUT_MONTHS = 18
OVERSTOCK_YEARS = 2
OFFICES_NAMED = 10
CODES = (
    "order_date_passed", "order_date_near", "stockout_soon", "overstock", "prints_slower_than_it_receives",
    "contract_ends_before_stock_is_safe", "locked_stock", "maintenance_without_successor", "checks_bind",
    "no_ribbon_or_ink", "no_printer_works",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Problem:
    """``code`` is one of CODES; ``says`` and ``mend`` are English templates with ``values``, for the door to translate.

    ``severity`` 1 needs a decision now, 2 this month, 3 is to be watched.
    """

    code: str
    severity: int
    says: str
    mend: str
    values: Mapping[str, Any] = field(default_factory=dict)


def of(
    case: Case, plan: Plan, futures: Futures, *, order: Mapping[str, Any], areas: Sequence[AreaAnswer],
    runout: Mapping[str, date | None], by_office: Plan | None = None,
) -> list[Problem]:  # fmt: skip
    """All problems of a case, the most urgent first. ``by_office`` is the same plan with each office by itself."""
    found = [
        *_orders(case, order, runout),
        *_stock(case, plan, futures, runout),
        *_offices(by_office or plan),
        *_standing_still(case, by_office or plan),
        *_contracts(case),
        *_checks(futures),
        *_regencies(areas),
    ]
    return sorted(found, key=lambda problem: (problem.severity, CODES.index(problem.code)))


def _orders(case: Case, order: Mapping[str, Any], runout: Mapping[str, date | None]) -> list[Problem]:
    latest, quantity = order["latest_date"], order["quantity"]
    if latest is None:
        return []
    if order["passed"]:
        return [
            Problem(
                "order_date_passed", 1, "the latest day to order, {latest}, has passed: the risk stays {risk} or more",
                "order {quantity} blanks now and ask for a shorter way (emergency purchase, catalogue)",
                {"latest": latest, "risk": float(order["risk_lowest"]), "quantity": quantity},
            )
        ]  # fmt: skip
    severity = 2 if latest <= case.as_of + timedelta(days=60) else 3
    return [
        Problem(
            "order_date_near", severity, "{quantity} blanks must be ordered by {latest}",
            "open the tender before that day", {"latest": latest, "quantity": quantity},
        )
    ]  # fmt: skip


def _stock(case: Case, plan: Plan, futures: Futures, runout: Mapping[str, date | None]) -> list[Problem]:
    found = []
    middle = runout["p50"]
    if middle is not None and middle <= case.as_of + timedelta(days=STOCKOUT_MONTHS * 30.44):
        found.append(
            Problem(
                "stockout_soon", 1 if (middle - case.as_of).days < 180 else 2,
                "blanks run out about {day}, with even odds", "order by the advised date, or promise less",
                {"day": middle},
            )
        )  # fmt: skip
    if case.deliveries and runout["p10"] is not None:
        last = case.as_of + timedelta(days=max(median_days(item.stages) for item in case.deliveries))
        if last < runout["p10"]:
            found.append(
                Problem(
                    "contract_ends_before_stock_is_safe", 2,
                    "the last delivery that is contracted comes about {last}, blanks may run out from {runout} on",
                    "sign the next contract before this one ends", {"last": last, "runout": runout["p10"]},
                )
            )  # fmt: skip
    year = float(np.median(futures.used[:, : min(52, plan.weeks)].sum(axis=1)))
    held = plan.central + float(plan.offices.on_hand.sum())
    if year > 0 and held > OVERSTOCK_YEARS * year:
        found.append(
            Problem(
                "overstock", 3, "{held} blanks are held, more than {years} years' use", "defer deliveries",
                {"held": round(held), "years": OVERSTOCK_YEARS},
            )
        )  # fmt: skip
    locked = [item for item in case.deliveries if item.held_for]
    found.extend(
        Problem(
            "locked_stock", 1, "{quantity} blanks of {name} have arrived and are held for {held_for}",
            "pay or clear them: they are no stock until then",
            {"quantity": round(item.quantity), "name": item.name, "held_for": item.held_for},
        )
        for item in locked
    )  # fmt: skip
    return found


def _offices(plan: Plan) -> list[Problem]:
    """Offices whose claims come faster than they can print, with nothing else in their way."""
    able = np.minimum(
        np.minimum(plan.offices.printer_cards * plan.offices.availability, plan.offices.operator_cards),
        plan.offices.ribbon_cards,
    )
    weekly = plan.demand.direct[:52].mean(axis=0) + plan.demand.enrolled[:52].mean(axis=0) * plan.passed_share
    slow = np.flatnonzero(weekly > able).tolist()
    if not slow:
        return []
    worst = sorted(slow, key=lambda place: (-(weekly[place] - able[place]), plan.areas[place]))
    return [
        Problem(
            "prints_slower_than_it_receives", 2, "{count} offices print slower than their claims come, first {offices}",
            "lend printers or operators, or print at the province",
            {"count": len(slow), "offices": _named(plan, worst)},
        )
    ]  # fmt: skip


def _standing_still(case: Case, plan: Plan) -> list[Problem]:
    """Offices that told that they have no ribbon or ink, or no printer that works, while cards or blanks wait there."""
    offices, found = plan.offices, []
    waits = (offices.print_ready + offices.on_hand + offices.in_transit) >= 1
    told = np.array([code in case.local.get("ribbon_on_hand", {}) for code in plan.areas])
    dry = np.flatnonzero(told & waits & (offices.ribbon_on_hand < 1)).tolist()
    if dry:
        dry.sort(key=lambda place: (-float(offices.on_hand[place]), plan.areas[place]))
        blanks = round(float(offices.on_hand[dry].sum()))
        found.append(
            Problem(
                "no_ribbon_or_ink", 1, "offices without ribbon or ink: {count}, with {blanks} blanks; first {offices}",
                "send ribbon and ink before more blanks",
                {"count": len(dry), "blanks": blanks, "offices": _named(plan, dry)},
            )
        )  # fmt: skip
    told = np.array([code in case.local.get("printers", {}) for code in plan.areas])
    down = np.flatnonzero(told & waits & ((offices.working <= 0) | (offices.printers <= 0))).tolist()
    if down:
        down.sort(key=lambda place: (-float(offices.print_ready[place]), plan.areas[place]))
        found.append(
            Problem(
                "no_printer_works", 1, "offices without a printer that works: {count}; first {offices}",
                "repair or lend a printer, or print at the province",
                {"count": len(down), "offices": _named(plan, down)},
            )
        )  # fmt: skip
    return found


def _named(plan: Plan, places: Sequence[int]) -> str:
    """The first of these areas by name and code; an area that the gazetteer does not know by its code."""
    known = {regency.code for regency in gazetteer.regencies_2017()}
    codes = [plan.areas[place] for place in places[:OFFICES_NAMED]]
    return ", ".join(f"{gazetteer.name_of(code)} ({code})" if code in known else code for code in codes)


def _contracts(case: Case) -> list[Problem]:
    return [
        Problem(
            "maintenance_without_successor", 1 if contract.ends <= case.as_of + timedelta(days=90) else 2,
            "{name} ends on {ends} without a successor", "sign its successor, with passwords and source code",
            {"name": contract.name, "ends": contract.ends},
        )
        for contract in case.contracts
        if not contract.successor and contract.ends <= case.as_of + timedelta(days=365)
    ]  # fmt: skip


def _checks(futures: Futures) -> list[Problem]:
    begin = float(futures.plan.offices.awaiting.sum())
    end = float(np.median(futures.awaiting[:, min(51, futures.plan.weeks - 1)]))
    if end < begin or end < 1:
        return []
    return [
        Problem(
            "checks_bind", 1, "after a year {end} records still await the check of uniqueness, of {begin} today",
            "speed up the check: more blanks do not clear these", {"begin": round(begin), "end": round(end)},
        )
    ]  # fmt: skip


def _regencies(areas: Sequence[AreaAnswer]) -> list[Problem]:
    short = [area for area in areas if area.weeks_short >= 8]
    if not short:
        return []
    named = ", ".join(area.code for area in short[:OFFICES_NAMED])
    return [
        Problem(
            "stockout_soon", 2, "{count} areas are short of blanks for eight weeks or more, first {offices}",
            "send to them first, or lend within the province", {"count": len(short), "offices": named},
        )
    ]  # fmt: skip
