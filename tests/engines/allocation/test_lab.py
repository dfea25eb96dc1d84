"""The policy lab: every policy meets the same months, no blank and no card is lost, figures are what they say."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import date

import numpy as np
import pytest

from blanko.engines.allocation.case_table import read_months
from blanko.engines.allocation.errors import InvalidNeed, InvalidPlan, UnknownPolicy
from blanko.engines.allocation.lab import (
    AS_SENT,
    REPLANNED,
    Future,
    Months,
    Surprise,
    compare,
    future,
    known_policies,
)
from blanko.engines.allocation.policies import POLICIES

CERTAIN = Surprise(demand_nation=0.0, demand_area=0.0, late=0.0)


def _case(**changes):
    areas = 6
    plain = {
        "name": "small",
        "title": "A small province",
        "begins": date(2017, 4, 10),
        "codes": tuple(f"180{i}" for i in range(areas)),
        "names": tuple(f"Kabupaten {i}" for i in range(areas)),
        "province": np.full(areas, 18),
        "backlog": np.array([9_000, 4_000, 2_000, 1_000, 300, 0]),
        "weekly": np.array([200, 100, 50, 30, 5, 1]),
        "deliveries": np.array([6_000, 0, 0, 4_000, 0, 0, 4_000, 0, 0, 4_000]),
        "lead": np.array([1, 1, 2, 1, 1, 0]),
        "capacity": np.array([2_000, 900, 900, 900, 200, 200]),
        "lot_cost": np.full(areas, 1_000),
        "blank_cost": np.full(areas, 10),
        "box": 500,
        "marks": (),
        "sent": np.array([1_000] * 6),
    }
    return Months(**(plain | changes))


@pytest.mark.parametrize("policy", known_policies(_case()))
def test_no_blank_and_no_card_is_lost_under_any_policy(policy):
    found = compare(_case(), [policy], seed=3)
    (one,) = found.outcomes
    shipped = 0
    for week in one.weeks:
        shipped += week.shipped
        assert week.central >= 0 and week.on_the_way >= 0
    printed = sum(week.printed for week in one.weeks)
    last = one.weeks[-1]
    assert shipped + last.central == found.delivered
    assert shipped == sum(area.received for area in one.areas) == printed + last.at_offices + last.on_the_way
    assert printed == sum(area.printed for area in one.areas)
    assert one.unserved == last.waiting == found.needed - printed
    assert one.fill_worst == min(area.fill for area in one.areas)
    assert one.cost == one.lots * 1_000 + shipped * 10
    if policy not in ("equal_counts", AS_SENT, REPLANNED):
        assert one.over == 0


def test_all_policies_meet_the_same_months_and_a_seed_gives_the_same_figures():
    one, two = compare(_case(), POLICIES, seed=5), compare(_case(), POLICIES[::-1], seed=5)
    assert sorted(map(str, map(asdict, one.outcomes))) == sorted(map(str, map(asdict, two.outcomes)))
    assert compare(_case(), ["leximin"], seed=6).needed != one.needed
    told = future(_case(), seed=5)
    assert int(told.stock.sum()) <= int(_case().deliveries.sum())
    assert told.stock[0] == 6_000


def test_waits_are_counted_card_by_card_and_who_has_none_waits_to_the_end():
    """100 cards at once, capacity 40, blanks enough: 40 wait 0 weeks, 40 wait 1, 20 are not printed and wait 2."""
    case = replace(
        _case(),
        codes=("1801",), names=("A",), province=np.array([18]), backlog=np.array([100]), weekly=np.array([0]),
        deliveries=np.array([500, 0]), lead=np.array([0]), capacity=np.array([40]), lot_cost=np.array([0]),
        blank_cost=np.array([0]), box=100, sent=None,
    )  # fmt: skip
    (one,) = compare(case, ["leximin"], seed=1, surprise=CERTAIN).outcomes
    assert one.waiting_mean == pytest.approx((40 * 0 + 40 * 1 + 20 * 2) / 100)
    assert (one.waiting_p95, one.unserved, one.stock_outs, one.lots) == (2, 20, 0, 1)
    assert one.areas[0].waiting_weeks == one.waiting_mean
    assert [(week.at_offices, week.waiting) for week in one.weeks] == [(60, 60), (20, 20)]


def test_an_office_with_people_and_no_blank_is_a_stock_out():
    case = replace(_case(), deliveries=np.zeros(4, np.int64), sent=None)
    (one,) = compare(case, ["leximin"], surprise=CERTAIN).outcomes
    waiting_weeks = sum(sum(1 for _ in one.weeks) for area in one.areas if area.needed)
    assert one.stock_outs <= waiting_weeks
    assert one.stock_outs == sum(area.stock_out_weeks for area in one.areas) >= 5 * 4
    assert one.fill_worst == 0


def test_equal_counts_leave_blanks_idle_where_leximin_does_not():
    equal, fair = compare(_case(), ["equal_counts", "leximin"]).outcomes
    assert equal.over > 0 == fair.over
    assert equal.idle > fair.idle
    assert equal.areas[0].fill < fair.areas[0].fill  # the largest


def test_the_first_week_is_as_it_was_where_that_is_known():
    (one,) = compare(_case(), [AS_SENT]).outcomes
    assert one.weeks[0].shipped == 6_000
    with pytest.raises(UnknownPolicy, match="no policy 'as_sent' in the case small"):
        compare(_case(sent=None), [AS_SENT])


def test_replanning_looks_ahead_by_what_is_expected_and_never_by_what_will_happen():
    """Two futures that agree up to week 2 get the same shipments up to week 2."""
    from blanko.engines.allocation import lab

    case = _case()
    told = future(case, seed=8)
    later = Future(told.need.copy(), told.stock.copy(), told.arrival)
    later.need[3:] *= 3
    later.stock[3:] = 0
    for policy in known_policies(case):
        one, two = lab._run(case, told, policy), lab._run(case, later, policy)
        assert one.weeks[:3] == two.weeks[:3], policy
        assert one.weeks[3:] != two.weeks[3:]


def test_a_wrong_case_or_policy_is_named():
    with pytest.raises(UnknownPolicy, match="'lottery'"):
        compare(_case(), ["leximin", "lottery"])
    with pytest.raises(InvalidPlan, match="the seed is -1"):
        compare(_case(), ["leximin"], seed=-1)
    with pytest.raises(UnknownPolicy, match="no policy was named"):
        compare(_case(), [])
    with pytest.raises(InvalidPlan, match="small: weekly of 1802 is -1"):
        compare(_case(weekly=np.array([1, 1, -1, 1, 1, 1])), ["leximin"])
    with pytest.raises(InvalidPlan, match="capacity has 2 entries for 6 areas"):
        compare(_case(capacity=np.array([1, 1])), ["leximin"])
    with pytest.raises(InvalidPlan, match="the delivery of week 2 is below zero"):
        compare(_case(deliveries=np.array([1, -1])), ["leximin"])
    with pytest.raises(InvalidPlan, match="no week or no area"):
        compare(_case(deliveries=np.zeros(0, np.int64)), ["leximin"])


HEADS = "area_code,backlog,weekly,capacity,lead_weeks"


def _read(text, deliveries="500,0,500"):
    return read_months(text, name="mine.csv", deliveries=deliveries, begins=date(2017, 4, 10), box=100)


def test_a_case_of_ones_own_is_read_and_run():
    case = _read(f"{HEADS}\n1801,900,10,300,0\n1802;".replace(";", ",400,5,200,2\n"))
    assert case.codes == ("1801", "1802") and case.lead.tolist() == [0, 2]
    assert case.sent is None and case.deliveries.tolist() == [500, 0, 500]
    (one,) = compare(case, ["leximin"], surprise=CERTAIN).outcomes
    assert sum(area.received for area in one.areas) == 1_000
    assert one.areas[0].received > one.areas[1].received > 0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "line 1: the column area_code"),
        ("area_code,backlog,weekly\n", "line 1: the column capacity"),
        (f"{HEADS}\n", "line 2: no area"),
        (f"{HEADS}\n1801,900,10,300\n", "line 2: 4 cells under 5 heads"),
        (f"{HEADS}\n1801,900,10,300,1\n1802,-4,1,1,1\n", "line 3: backlog is '-4'"),
        (f"{HEADS}\n1801,900,10,300,1\n\n1801,4,1,1,1\n", "line 4: area_code '1801'"),
        (f"{HEADS}\n1801,900,10,x,1\n", "line 2: capacity is 'x'"),
        (f"{HEADS}\n1801,,10,1,1\n", "line 2: backlog is ''"),
    ],
)
def test_a_wrong_cell_of_a_file_is_named_with_its_line(text, says):
    with pytest.raises((InvalidPlan, InvalidNeed), match=says):
        _read(text)


def test_a_wrong_week_of_deliveries_is_named():
    for weeks, says in (("", "week 1 is ''"), ("5,-1", "week 2 is '-1'"), ("5," * 600 + "5", "601 weeks")):
        with pytest.raises(InvalidPlan, match=says):
            _read(f"{HEADS}\n1801,900,10,300,1\n", weeks)
