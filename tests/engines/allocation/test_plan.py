"""A plan of many weeks: leximin to the last box, the least waiting, and a certificate that a stranger can check."""

from __future__ import annotations

import numpy as np
import pytest
from engines.allocation.certificates import check
from engines.allocation.plan_oracle import best_units, least_waiting, leximin_lp, made_up

from blanko.doors.cli.bench_allocation import scarce
from blanko.engines.allocation.errors import InvalidPlan
from blanko.engines.allocation.plan import Horizon, plan


def _plain(given):
    return {name: table.tolist() for name, table in given.items()}


def _said(made):
    return [(c.area, c.units, c.binding, c.week, c.would_lose) for c in made.certificates]


def test_a_plan_in_boxes_equals_the_integer_programme_to_the_last_box_in_200_cases():
    stopped = set()
    for seed in range(200):
        given, box = made_up(seed)
        made = plan(Horizon(**given), box_size=box)
        assert [c.units for c in made.certificates] == best_units(given, box).tolist(), f"seed {seed}"
        stopped |= {c.binding for c in made.certificates}
    assert stopped == {"no_need", "need_met", "box_size", "time", "stock"}


def test_a_plan_in_single_cards_lies_within_one_card_of_the_leximin_programme():
    for seed in range(25):
        given, _ = made_up(seed, areas=(4, 9), weeks=(4, 8))
        given["held"][:] = 0
        made = plan(Horizon(**given))
        apart = np.abs(made.shipped.sum(0) - leximin_lp(given)).max()
        assert apart <= 1, f"seed {seed}"


def test_no_plan_of_the_same_totals_waits_less():
    sooner = 0
    for seed in range(120):
        given, _ = made_up(seed, areas=(4, 10), weeks=(4, 10))
        made = plan(Horizon(**given))
        fewest = least_waiting(given, made.shipped.sum(0), made.printed.sum(0))
        assert made.card_weeks == pytest.approx(fewest, abs=1e-3), f"seed {seed}"
        sooner += plan(Horizon(**given), earliest=False).card_weeks > made.card_weeks
    assert sooner > 0  # or the exchange of weeks would be idle and could go


def test_a_stranger_can_check_every_certificate():
    for seed in range(300):
        given, box = made_up(seed, areas=(1, 8), weeks=(1, 8))
        for unit in (1, box):
            made = plan(Horizon(**given), box_size=unit)
            check(_plain(given), unit, made.shipped.tolist(), _said(made))


@pytest.mark.parametrize("unit", [1, 500])
def test_the_certificates_of_a_nation_hold_too(unit):
    horizon = scarce(areas=514, weeks=26, seed=2017)
    made = plan(horizon, box_size=unit)
    tables = ("stock", "need", "held", "lead", "capacity")
    given = {name: getattr(horizon, name).tolist() for name in tables}
    check(given, unit, made.shipped.tolist(), _said(made))
    assert len({c.week for c in made.certificates if c.binding == "stock"}) == 3  # weeks that bind


@pytest.mark.parametrize("change", ["unit", "week", "loser", "binding", "early"])
def test_the_check_refuses_what_is_not_so(change):
    given, box = made_up(11, areas=(8, 8), weeks=(5, 5))
    given |= {"stock": np.full(5, 300), "capacity": np.full(8, 1000), "lead": np.zeros(8, np.int64)}
    made = plan(Horizon(**given), box_size=box)
    shipped, said = made.shipped.tolist(), _said(made)
    at = next(i for i, c in enumerate(made.certificates) if c.binding == "stock" and c.units)
    area, units, binding, week, loser = said[at]
    if change == "unit":
        row = next(r for r in range(5) if shipped[r][area])
        shipped[row][area] -= box
        said[at] = (area, units - 1, binding, week, loser)
    elif change == "week":
        said[at] = (area, units, binding, 0, loser)
    elif change == "loser":
        said[at] = (area, units, binding, week, area)
    elif change == "binding":
        said[at] = (area, units, "need_met", week, loser)
    else:
        late = next(r for r in range(4, 0, -1) if shipped[r][area])
        shipped[late][area] -= box
        shipped[0][area] += box
    with pytest.raises(AssertionError):
        check(_plain(given), box, shipped, said)


def test_the_same_horizon_gives_the_same_plan_and_ties_go_by_rank():
    given, _ = made_up(3, areas=(6, 6), weeks=(6, 6))
    one, two = plan(Horizon(**given)), plan(Horizon(**given))
    assert (one.shipped == two.shipped).all() and one.certificates == two.certificates
    even = Horizon(
        np.array([100]), np.array([[100, 100]]), np.zeros(2, np.int64), np.zeros(2, np.int64), np.array([100, 100])
    )
    assert plan(even, box_size=100).shipped.tolist() == [[100, 0]]
    assert plan(even, box_size=100, rank=np.array([1, 0])).shipped.tolist() == [[0, 100]]


def test_nobody_waits_for_the_last_week_while_another_is_filled_first():
    """Equal areas get the same every week; filling one first would wait no longer in sum, and is not done."""
    need = np.zeros((4, 2), np.int64)
    need[0] = 200
    even = Horizon(np.full(4, 100), need, np.zeros(2, np.int64), np.zeros(2, np.int64), np.full(2, 1_000))
    assert plan(even).shipped.tolist() == [[50, 50]] * 4


def test_a_wrong_cell_is_named():
    given, _ = made_up(3, areas=(3, 3), weeks=(4, 4))
    need = given["need"].copy()
    need[2, 1] = -5
    with pytest.raises(InvalidPlan, match=r"need\[3, 2\] is -5"):
        plan(Horizon(**(given | {"need": need})))
    with pytest.raises(InvalidPlan, match="lead has the shape"):
        plan(Horizon(**(given | {"lead": np.zeros(2, np.int64)})))
    with pytest.raises(InvalidPlan, match="area 3 needs more than"):
        plan(Horizon(**(given | {"need": given["need"] + np.array([0, 0, 2**25])})))
    with pytest.raises(InvalidPlan, match="a box of 0"):
        plan(Horizon(**given), box_size=0)
    with pytest.raises(InvalidPlan, match="no week"):
        plan(Horizon(**(given | {"stock": np.zeros(0, np.int64)})))
