"""An order is advised so late and so small as the chosen risk allows, and not more so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from blanko.engines.runout import answers
from blanko.engines.runout.draws import Stage
from blanko.engines.runout.errors import InvalidPlan
from blanko.engines.runout.orders import advise
from blanko.engines.runout.plan import Delivery
from blanko.engines.runout.simulate import simulate

from .plans import plan

LEAD = (Stage("tender", 1, 45, 0.3), Stage("make", 2, 60, 0.3))


def both(given, paths=2_000):
    return simulate(given, seed=3, paths=paths), simulate(given, seed=3, paths=paths, unlimited=True)


def ordered(given, advice, weeks_later):
    """The same plan with the advised order in it, placed that many weeks after its latest week."""
    wait = Stage("until ordered", 0, 7 * (max(advice.latest_week, 0) + weeks_later), 0.0)
    return replace(given, deliveries=(Delivery("order", advice.quantity, (wait, *LEAD), accepted_weight=1e9),))


def test_the_advised_order_keeps_the_risk_in_a_simulation_of_its_own():
    given = plan(weeks=80, central=60_000.0, areas=3)
    advice = advise(*both(given), stages=LEAD, risk=0.1, until_week=70)
    assert advice.reachable
    assert advice.risk_without > 0.8
    assert advice.risk_with <= 0.1
    # Another seed, the order drawn inside the simulation: the advice is about the plan, not about its draws.
    tried = simulate(ordered(given, advice, 0), seed=99, paths=4_000)
    assert (tried.runout < 70).mean() <= 0.14
    later = simulate(ordered(given, advice, 8), seed=99, paths=4_000)
    assert (later.runout < 70).mean() > 0.15


def test_a_smaller_risk_asks_for_an_earlier_and_a_larger_order():
    futures = both(plan(weeks=80, central=60_000.0))
    advised = [advise(*futures, stages=LEAD, risk=risk, until_week=70) for risk in (0.02, 0.1, 0.3)]
    assert [item.latest_week for item in advised] == sorted(item.latest_week for item in advised)
    assert [item.quantity for item in advised] == sorted((item.quantity for item in advised), reverse=True)


def test_a_passed_date_is_told_and_the_lowest_risk_that_is_left():
    advice = advise(*both(plan(weeks=60, central=2_000.0)), stages=LEAD, risk=0.05, until_week=50)
    assert not advice.reachable
    assert advice.latest_week < 0
    assert advice.risk_lowest > 0.05
    assert advice.risk_with == pytest.approx(advice.risk_lowest, abs=0.01)


def test_who_never_runs_out_orders_nothing():
    advice = advise(*both(plan(central=1e7)), stages=LEAD, risk=0.05, until_week=50)
    assert (advice.latest_week, advice.quantity) == (None, 0)


def test_the_quantity_comes_in_whole_boxes():
    advice = advise(*both(plan(weeks=80, central=60_000.0)), stages=LEAD, risk=0.1, until_week=70, box=500)
    assert advice.quantity % 500 == 0


def test_wrong_risks_and_unlike_futures_are_refused():
    futures, unlimited = both(plan(), paths=100)
    with pytest.raises(InvalidPlan, match="risk of 0"):
        advise(futures, unlimited, stages=LEAD, risk=0, until_week=10)
    with pytest.raises(InvalidPlan, match="differ"):
        advise(futures, simulate(plan(), seed=4, paths=100), stages=LEAD, risk=0.1, until_week=10)


def test_cover_is_stock_over_use_and_promises_are_counted():
    futures, unlimited = both(plan(weeks=60, central=26_000.0, sure=True))
    low, middle, high = answers.days_of_cover(unlimited)
    assert 26 * 7 * 0.95 < middle < 26 * 7 * 1.05
    assert low <= middle <= high
    assert answers.days_of_cover(both(plan(central=1e9), paths=50)[1]) == (None, None, None)
    end = answers.day_of(futures, 60)
    assert answers.printed_by(futures, end, at_least=20_000) == 1
    assert answers.printed_by(futures, end, at_least=90_000) == 0
    assert answers.cleared_by(futures, end, below=5_000) == 1
    assert answers.cleared_by(futures, futures.plan.start, below=5_000) == 0
    assert answers.arrived_by(futures, end, at_least=1) == 0
    bands = answers.fan(futures.stock)
    assert all(np.diff([bands[level][20] for level in bands]) >= 0)
