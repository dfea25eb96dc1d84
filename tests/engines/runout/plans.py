"""Small plans for the tests of the engine."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np

from blanko.engines.runout.draws import Stage
from blanko.engines.runout.plan import Delivery, Demand, Offices, Plan

START = date(2017, 4, 4)


def plan(
    *, areas=1, weeks=52, on_hand=0.0, central=100_000.0, print_ready=0.0, awaiting=0.0, direct=1_000.0, enrolled=0.0,
    printer_cards=np.inf, availability=1.0, operator_cards=np.inf, ribbon_cards=np.inf, deliveries=(), checks=np.inf,
    sure=False, **more,
):  # fmt: skip
    """Equal areas; ``direct`` and the others are the nation's figures. ``sure`` takes every uncertainty out."""
    part = np.full(areas, 1 / areas)
    uncertain = 0.0 if sure else 0.1
    offices = Offices(
        on_hand=part * on_hand, in_transit=part * 0, print_ready=part * print_ready, awaiting=part * awaiting,
        uncollected=part * 0, printer_cards=part * printer_cards, printers=np.ones(areas),
        availability=np.full(areas, availability), working=np.full(areas, availability),
        operator_cards=part * operator_cards, ribbon_on_hand=part * 0.0, ribbon_cards=part * ribbon_cards,
        ribbon_lot=part * 0.0, ribbon_lead_weeks=np.full(areas, 3.0), deaths=np.zeros(areas),
        transport_weeks=np.ones(areas, np.int64),
    )  # fmt: skip
    demand = Demand(
        direct=np.tile(part * direct, (weeks, 1)), enrolled=np.tile(part * enrolled, (weeks, 1)),
        direct_common_cv=uncertain, enrolled_common_cv=uncertain, direct_area_cv=part * 0 + uncertain,
        enrolled_area_cv=part * 0 + uncertain, direct_dispersion=0.0, enrolled_dispersion=0.0,
    )  # fmt: skip
    given = {"spoilage": 0.0, "spoilage_cv": 0.0, "checks_cv": 0.0 if sure else 0.2, "passed_share": 1.0, **more}
    return Plan(
        start=START, weeks=weeks, areas=tuple(f"{11 + i // 50}{i % 50 + 1:02d}" for i in range(areas)),
        central=central, offices=offices, demand=demand, deliveries=tuple(deliveries),
        checks_a_week=1e12 if checks == np.inf else checks, **given,
    )  # fmt: skip


def sure_delivery(quantity, days, name="lot"):
    """A delivery that comes whole after exactly ``days``."""
    return Delivery(name, quantity, (Stage("transport", 1, days, 0.0),), accepted=1.0, accepted_weight=1e9)


__all__ = ["START", "plan", "replace", "sure_delivery"]
