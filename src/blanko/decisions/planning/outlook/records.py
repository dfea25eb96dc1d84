"""The case that the records themselves make: stocks from custody, needs by their best source, lots and lead times from
procurement, demand learned from applications. What nobody recorded is taken from a built-in case and marked so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
from django.db import connection

from blanko.cards.custody import queries as custody
from blanko.decisions.planning import demand
from blanko.decisions.planning import queries as planning
from blanko.decisions.planning.asked import Area
from blanko.decisions.planning.outlook import printing, receipts
from blanko.decisions.planning.outlook.case import Case, Contract, Delivery, Number, Order, Printing, Reading, load
from blanko.engines.demand import forecast as demand_forecast
from blanko.engines.demand.history import CAUSES, History
from blanko.engines.demand.priors import OBLIGED_2017
from blanko.engines.demand.rates import Rates
from blanko.engines.runout.draws import Stage
from blanko.ground.database import sql
from blanko.ground.places import gazetteer
from blanko.kernel.errors import BlankoError
from blanko.records.entitlement import queries as entitlement
from blanko.records.equipment import queries as equipment
from blanko.records.procurement import queries as procurement
from blanko.records.procurement import scorecard

NAME = "records"
ROOM = "blanko.decisions.planning"
# Causes that need no check of uniqueness: the person was found unique before.
# Sukets are no further demand here: those who hold one are owed a card and stand in what is print-ready or waits for a
# check.
DIRECT = ("marriage", "divorce", "move", "loss", "damage", "change_of_element", "region_split")
HORIZON_WEEKS = 104
# The steps of an order in their order; stages of one step run side by side.
STEPS = {
    "budget": 1, "tender": 2, "objection": 3, "contract": 4, "chips_abroad": 5, "cards_at_home": 5,
    "customs_release": 6, "transport": 7,
}  # fmt: skip


# What a maker's lot was refused is mostly made again; how often was never counted: an estimate.
REPLACED_CHANCE = 0.8


class NothingRecorded(BlankoError):
    """The database holds nothing that a plan could begin with."""


def case(*, as_of: date | None = None, assumed: str = "2017-04") -> Case:
    """The case of what is recorded, as of the claims' day unless another is given. Raises NothingRecorded.

    ``assumed`` is the built-in case whose printing, spoilage, checks and collection stand in where nothing is recorded.
    """
    day = as_of or entitlement.claims_as_of()
    if day is None:
        raise NothingRecorded("nothing is recorded yet", mend="load registrations, or ./blanko demo")
    base = load(assumed)
    areas = planning.areas(day)
    stated = _stated(day)
    # A planner's numbers are plain here; a part of a nation is its regencies' sum, never a second source added to it.
    local = {
        "print_ready": {area.code: float(area.need.need) for area in areas},
        "on_hand": {area.code: float(area.in_hand) for area in areas},
        "in_transit": {area.code: float(area.in_transit) for area in areas},
        **_printing(base.printing, day),
    }
    # Counts and stocks make a case even where no registration was ever loaded.
    split = entitlement.backlog(as_of=None if entitlement.claims_as_of() is None else day)
    backlog = {
        "print_ready": _print_ready(areas, day),
        "awaiting": _newest(stated, ("awaiting_uniqueness",), _recorded(split.awaiting_uniqueness, day, "registry")),
        "not_recorded": _newest(stated, ("not_recorded",), replace(base.backlog["not_recorded"], value=0.0)),
        "uncollected": _recorded(split.printed_uncollected, day, "registry"),
        "doubles": _newest(stated, ("duplicate_records",), _recorded(split.duplicate_cases, day, "registry")),
    }
    held = custody.holdings()
    # Learned once: claims to come and deaths of those who wait are of the same months.
    seen = demand.history(day, months_ahead=round(HORIZON_WEEKS / 52 * 12) + 1)
    rates = None if seen is None else demand.rates(seen)
    stock = {
        "central": _recorded(held[gazetteer.CENTRE].good if gazetteer.CENTRE in held else 0, day, "custody"),
        "offices": _recorded(sum(local["on_hand"].values()), day, "custody"),
    }
    return replace(
        base, title=f"The records of {day.isoformat()}", as_of=day, weeks=HORIZON_WEEKS, local=local, backlog=backlog,
        stock=stock, demand={**base.demand, **_demand(seen, rates, day)}, deliveries=_deliveries(day),
        order=_order(base, day),
        readings=(Reading("records", "what is contracted, and nothing more"),), promises=(),
        contracts=_services(day), later=(), printing=replace(base.printing, **_wear(base.printing, day)),
        ask_before=tuple(day + timedelta(days=days) for days in (90, 180, 365, 540)),
        deaths=_deaths(base, seen, rates, day), receipts=_receipts(base, day),
    )  # fmt: skip


def _printing(assumed: Printing, day: date) -> dict[str, dict[str, float]]:
    """What offices told of printers, operators, ribbon and ink; prints between two reports are those that custody has.

    An office that told nothing has the printers that somebody counted there, or is left to what the case assumes.
    """
    seen: dict[tuple[date, date], dict[str, float]] = {}

    def printed(office: str, after: date, until: date) -> float:
        if (after, until) not in seen:
            rows = _rows("printed_by_office.sql", after=after, until=until)
            seen[after, until] = {str(code): float(cards) for code, cards in rows}
        return seen[after, until].get(office, 0.0)

    told = printing.local(
        equipment.offices(as_of=day, pace=printing.pace(assumed), prior=printing.rates(assumed), printed=printed)
    )
    learned = equipment.nation(as_of=day, prior=printing.rates(assumed))
    return printing.with_counts(told, _counted_printers(day), pace=printing.pace(assumed), rates=learned)


def _counted_printers(day: date) -> dict[str, float]:
    """How many printers somebody counted at a regency's office, an observation before an estimate."""
    rows = sorted(_rows("stated_counts.sql", metrics=["printers"], as_of=day), key=lambda row: row[1] == "observed")
    return {str(regency): float(value) for regency, _kind, value, _on, _source in rows}


def _wear(assumed: Printing, day: date) -> dict[str, float]:
    """The share of printers that works and the weeks of a repair, learned from all printers' records."""
    learned = equipment.nation(as_of=day, prior=printing.rates(assumed))
    if not learned.observed:
        return {}
    return {"availability": learned.availability, "repair_weeks": learned.repair_weeks}


def _services(day: date) -> tuple[Contract, ...]:
    """Contracts for work that cards hang on, which still run or have just ended."""
    return tuple(
        Contract(f"{row['title']} ({row['service_no']})", row["ends_on"], row["successor"] is not None)
        for row in procurement.services()
        if row["starts_on"] <= day and row["ends_on"] >= day - timedelta(days=90)
    )


def _print_ready(areas: Sequence[Area], day: date) -> Number:
    """The sum of the regencies' needs. One estimate among them makes the sum an estimate."""
    counted = all(area.need.need_source in ("registry", "reported") for area in areas if area.need.need)
    total = float(sum(area.need.need for area in areas))
    return Number(total, 0.0, "observed" if counted else "estimated", day, "each regency by its best source")


def _rows(name: str, **values: object) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql.text(ROOM, name), values)
        return cursor.fetchall()


def _recorded(value: float, day: date, source: str) -> Number:
    return Number(float(value), 0.0, "observed", day, source)


def _stated(day: date) -> dict[str, Number]:
    metrics = ["awaiting_uniqueness", "not_recorded", "duplicate_records", "obliged_domestic", "obliged"]
    return {
        metric: Number(float(value), 0.0, kind, known_on, source, f"of {on}")
        for metric, value, on, source, kind, known_on in _rows("national_counts.sql", metrics=metrics, as_of=day)
    }


def _newest(stated: Mapping[str, Number], metrics: tuple[str, ...], otherwise: Number) -> Number:
    """A stated national count where there is one, else what the registry counts: never both together."""
    return next((stated[metric] for metric in metrics if metric in stated), otherwise)


def _demand(seen: History | None, rates: Rates | None, day: date) -> dict[str, Number]:
    """Cards a year of the nation, direct and after a check, by the rates of the regencies that are loaded whole."""
    if seen is None or rates is None:
        return {}
    expected = demand_forecast.forecast(rates, seen, months=12)
    obliged = _newest(_stated(day), ("obliged_domestic", "obliged"), Number(float(OBLIGED_2017)))
    scale = obliged.value / max(1.0, float(seen.base.sum()))
    overruled = f"; {len(rates.overrules)} rates overruled" if rates.overrules else ""
    note = f"{int(seen.applications.sum()):,} applications in {seen.months} months, for {obliged.value:,.0f} obliged"
    found = {}
    for name, causes in (("direct", DIRECT), ("enrolled", ("turned_17", "first_card"))):
        places = [CAUSES.index(cause) for cause in causes]
        means = expected.mean[places].sum(axis=(1, 2))
        total = float(means.sum())
        spread = float(np.sqrt(((expected.common_cv[places] * means) ** 2).sum())) / total if total > 0 else 0.0
        found[name] = Number(
            total * scale, max(0.05, spread), "modelled", day, "applications of the regencies that are loaded whole",
            note + overruled,
        )  # fmt: skip
    return found


def _deaths(base: Case, seen: History | None, rates: Rates | None, day: date) -> Number:
    """The share of those owed a card who die in a year: as the obliged did in the regencies that are loaded whole.

    Whether those who wait die as others do is not counted: that belief's uncertainty stays beside the count's own.
    """
    if seen is None or rates is None or seen.deaths is None:
        return base.deaths
    alive = demand_forecast.owed_after_deaths(rates, seen.base, months=12)[:, -1].sum()
    share = 1 - float(alive) / max(1.0, float(seen.base.sum()))
    counted = float(seen.deaths.sum())
    note = f"{counted:,.0f} deaths in {seen.months} months"
    return Number(share, math.hypot(base.deaths.cv, 1 / math.sqrt(counted)), "modelled", day, "registry", note)


def _receipts(base: Case, day: date) -> dict[str, Number]:
    """The shares of what was sent to offices that never came, or came after the rest, as custody wrote them down."""
    ((consignments, sent, lost, late),) = _rows("receipts_kept.sql", as_of=day)
    return receipts.learned(
        base.receipts, consignments=int(consignments), sent=float(sent), lost=float(lost), late=float(late), day=day
    )


def _deliveries(day: date) -> tuple[Delivery, ...]:
    """Lots that are announced and not accepted, and planned deliveries for which no lot is announced yet."""
    times = procurement.learned_lead_times(with_estimates=True)
    customs, transport = times["customs_release"], times["transport"]
    last = (
        Stage("customs_release", 2, customs.median_days, customs.sigma),
        Stage("transport", 3, transport.median_days, transport.sigma),
    )
    found = []
    announced: dict[str, float] = {}
    # How much of a lot is accepted, and how firmly that is known, by the score card of its maker.
    defects = {
        contract: card.card.defect
        for card in procurement.score_cards(as_of=day, with_estimates=True)
        for contract in card.contracts
    }

    def delivery(
        name: str, contract: str, quantity: float, stages: tuple[Stage, ...], gone: float, held: str
    ) -> Delivery:
        known = defects.get(contract) or scorecard.rate(0, 0, scorecard.PRIORS.defect)
        return Delivery(
            name, quantity, stages, gone, 1 - known.mean, 0.0, held, known.alpha + known.beta, REPLACED_CHANCE
        )

    for lot in procurement.lots():
        announced[lot.contract_no] = announced.get(lot.contract_no, 0.0) + lot.quantity
        if lot.is_stock or lot.accepted_on is not None:
            continue
        reached = max((on for on in lot.stages.values() if on <= day), default=day)
        due = max(lot.expected.values(), default=day)
        wait = max(1.0, float((due - day).days))
        held = ", ".join(str(hold) for hold in lot.held_for or ())
        stages = last[:1] if lot.held_for is not None else (Stage("made", 1, wait, 0.4), *last)
        elapsed = float((day - reached).days) if lot.held_for is not None else 0.0
        found.append(delivery(lot.lot_no, lot.contract_no, float(lot.quantity), stages, elapsed, held))
    for contract in procurement.contracts(as_of=day):
        gone = announced.get(contract["contract_no"], 0.0)
        for planned in procurement.deliveries(contract_no=contract["contract_no"], as_of=day):
            rest = max(0.0, planned["quantity"] - gone)
            gone = max(0.0, gone - planned["quantity"])
            if rest > 0:
                wait = max(1.0, float((planned["due_on"] - day).days))
                name = f"{contract['contract_no']}, due {planned['due_on']}"
                stages = (Stage("made", 1, wait, 0.4), *last)
                found.append(delivery(name, contract["contract_no"], rest, stages, 0.0, ""))
    return tuple(found)


def _order(base: Case, day: date) -> Order:
    """A further order at the newest contract's price and box, with the lead times that our own contracts teach."""
    times = procurement.learned_lead_times(with_estimates=True)
    contracts = procurement.contracts(as_of=day)
    newest = contracts[-1] if contracts else None
    stages = tuple(
        Stage(name, step, times[name].median_days, times[name].sigma, "abroad" if name == "chips_abroad" else "")
        for name, step in STEPS.items()
    )
    return replace(
        base.order, stages=stages, until=day + timedelta(days=365),
        unit_price=int(newest["unit_price_idr"]) if newest else base.order.unit_price,
        box=int(newest["box_size"]) if newest and newest.get("box_size") else base.order.box,
    )  # fmt: skip
