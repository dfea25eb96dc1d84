"""Many weeks: what is shipped was there, what is printed had arrived."""

from __future__ import annotations

import numpy as np
from engines.allocation.oracle import OneByOne

from blanko.engines.allocation import AreaNeed
from blanko.engines.allocation.schedule import Outlook, schedule


def test_a_schedule_ships_what_it_has_and_prints_what_arrived():
    outlook = Outlook.seeded(areas=60, weeks=26, seed=7)
    plan = schedule(outlook, box_size=500)
    assert plan.shipped.sum() + plan.central[-1] == outlook.stock.sum()
    assert (plan.shipped % 500 == 0).all()
    assert (plan.printed <= outlook.capacity).all()
    assert (np.cumsum(plan.printed, 0) <= np.cumsum(plan.arrived, 0)).all()
    assert (plan.waiting >= 0).all()
    assert (plan.waiting[-1] == outlook.backlog + 26 * outlook.growth - plan.printed.sum(0)).all()
    again = schedule(Outlook.seeded(areas=60, weeks=26, seed=7), box_size=500)
    assert (again.shipped == plan.shipped).all()


def test_each_week_is_one_round_of_the_rule():
    """The same 12 weeks by the one-by-one oracle, ties included: last box in weeks, then the area's place."""
    outlook = Outlook(
        stock=np.array([900, 0, 2_100, 450] * 3),
        backlog=np.array([4_000, 4_000, 2_000, 150, 0, 900]),
        growth=np.array([40, 40, 20, 2, 0, 300]),
        lead_weeks=np.array([1, 2, 5, 1, 1, 3]),
        capacity=np.array([200, 900, 100, 50, 50, 400]),
    )
    plan = schedule(outlook, box_size=100)
    received, stock = np.zeros(6, np.int64), 0
    last = [-1] * 6
    for week in range(12):
        stock += int(outlook.stock[week])
        need = outlook.backlog + week * outlook.growth
        rule = OneByOne([AreaNeed(str(i), int(need[i]), in_hand=int(received[i])) for i in range(6)])
        rule.last = {str(i): (0, last[i]) for i in range(6)}
        stock = rule.give(stock=stock, unit=100)
        given_out = np.array([rule.received[str(i)] for i in range(6)])
        assert (plan.shipped[week] == given_out).all()
        assert plan.central[week] == stock
        last = [week if given_out[i] else last[i] for i in range(6)]
        received += given_out


def test_blanks_arrive_after_their_lead_time_and_speed_of_printing_earns_nothing():
    base = {
        "stock": np.array([1_000, 1_000, 0, 0]),
        "backlog": np.array([2_000, 2_000]),
        "growth": np.array([0, 0]),
        "lead_weeks": np.array([1, 2]),
    }
    slow = schedule(Outlook(**base, capacity=np.array([100, 100])), box_size=500)
    fast = schedule(Outlook(**base, capacity=np.array([9_000, 100])), box_size=500)
    assert (slow.shipped == fast.shipped).all()
    assert slow.arrived.tolist() == [[0, 0], [500, 0], [500, 500], [0, 500]]
    assert slow.printed.tolist() == [[0, 0], [100, 0], [100, 100], [100, 100]]
    assert fast.printed.tolist() == [[0, 0], [500, 0], [500, 100], [0, 100]]
