"""The published rule: who gets the next box, and that nobody can do better without someone worse off losing."""

from __future__ import annotations

import heapq
from dataclasses import replace
from datetime import date
from fractions import Fraction

import highspy
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blanko.engines.allocation import (
    AreaNeed,
    InvalidNeed,
    OverrideRefused,
    Stage,
    allocate,
    allocate_stages,
    check_override,
    dispatch_by,
)
from blanko.engines.allocation.schedule import Outlook, schedule

RUNOFF = date(2017, 4, 19)


@st.composite
def areas(draw, *, size_max=8, need_max=6000):
    count = draw(st.integers(1, size_max))
    # Few different numbers, so that ties are common.
    numbers = st.sampled_from([0, 1, 250, 499, 500, 501, 1000, 1500, 2000, need_max]) | st.integers(0, need_max)
    days = st.sampled_from([None, date(2017, 4, 3), date(2017, 4, 10)])
    return [
        AreaNeed(
            code=f"{11 + i}01",
            need=draw(numbers),
            in_hand=draw(st.sampled_from([0, 0, 500, 700])),
            in_transit=draw(st.sampled_from([0, 0, 500])),
            earlier=draw(st.sampled_from([0, 0, 500])),
            last_box_on=draw(days),
            deadline=draw(st.sampled_from([None, RUNOFF])),
        )
        for i in range(count)
    ]


def one_by_one(needs, *, stock, unit, clock=0, got=None, caps=None):
    """The rule word for word, with exact fractions: the next unit to the lowest fill, then longest without, then code."""
    holdings = {a.code: a.in_hand + a.in_transit + a.earlier + (got or {}).get(a.code, 0) for a in needs}
    gross = {a.code: a.need + a.earlier for a in needs}
    left = {a.code: max(0, gross[a.code] - holdings[a.code]) for a in needs}
    received = {a.code: 0 for a in needs}
    last = {
        a.code: (1, clock) if (got or {}).get(a.code) else (0, (a.last_box_on or date.min).toordinal()) for a in needs
    }
    heap = [(Fraction(holdings[c], gross[c]), last[c], c) for c in gross if left[c] >= unit]
    heapq.heapify(heap)
    step = clock
    while heap and stock >= unit:
        _fill, _last, code = heapq.heappop(heap)
        step += 1
        received[code] += unit
        stock -= unit
        last[code] = (1, step)
        if left[code] - received[code] >= unit:
            heapq.heappush(heap, (Fraction(holdings[code] + received[code], gross[code]), last[code], code))
    return received


@given(needs=areas(), stock=st.integers(0, 30_000), box=st.sampled_from([1, 7, 100, 500]))
def test_whole_boxes_are_given_exactly_as_one_by_one(needs, stock, box):
    expected = one_by_one(needs, stock=stock, unit=box)
    assert {share.code: share.share for share in allocate(needs, stock=stock, box_size=box).shares} == expected


@given(needs=areas(), stock=st.integers(0, 30_000), part_boxes=st.booleans(), reserve=st.sampled_from([0, 0, 1000]))
def test_shares_never_exceed_stock_or_remaining_need(needs, stock, part_boxes, reserve):
    result = allocate(needs, stock=stock, box_size=500, part_boxes=part_boxes, reserve=reserve)
    assert result.shared <= max(0, stock - reserve)
    for share in result.shares:
        assert 0 <= share.share <= share.remaining
        assert share.share == share.boxes * 500 + share.part
        if share.need == 0:
            assert (share.share, share.fill_after, share.binding) == (0, 1.0, "no_need")
    if part_boxes:
        assert result.shared == min(max(0, stock - reserve), sum(share.remaining for share in result.shares))


@given(needs=areas(), stock=st.integers(0, 30_000))
def test_nobody_can_gain_without_one_as_poor_losing(needs, stock):
    """The certificate of leximin in single blanks: an unmet area is at most one blank poorer than any that got something."""
    shares = allocate(needs, stock=stock, box_size=1, part_boxes=True).shares
    for poor in (share for share in shares if share.share < share.remaining):
        for rich in (share for share in shares if share.share > 0 and share.code != poor.code):
            before_last = Fraction(rich.holdings + rich.share - 1, rich.need)
            assert before_last <= Fraction(poor.holdings + poor.share, poor.need)


@given(needs=areas(), stock=st.integers(0, 20_000), part_boxes=st.booleans(), seed=st.randoms())
def test_the_order_of_the_rows_does_not_matter(needs, stock, part_boxes, seed):
    mixed = list(needs)
    seed.shuffle(mixed)
    given_order = {"stock": stock, "box_size": 500, "part_boxes": part_boxes}
    assert allocate(mixed, **given_order) == allocate(needs, **given_order)


@given(needs=areas(), stock=st.integers(0, 20_000), more=st.integers(1, 5000))
def test_more_stock_lowers_nobody(needs, stock, more):
    fewer = allocate(needs, stock=stock, box_size=500).shares
    greater = allocate(needs, stock=stock + more, box_size=500).shares
    assert all(b.share >= a.share for a, b in zip(fewer, greater, strict=True))


@given(needs=areas(), stock=st.integers(0, 20_000), wish=st.integers(0, 10**6))
def test_a_request_never_raises_a_share(needs, stock, wish):
    wishing = [replace(area, requested=wish) for area in needs]
    plain = allocate(needs, stock=stock, box_size=500)
    assert [s.share for s in allocate(wishing, stock=stock, box_size=500).shares] == [s.share for s in plain.shares]


@given(needs=areas(), stock=st.integers(0, 20_000), printed=st.integers(0, 5000))
def test_printing_what_one_got_earns_and_costs_nothing(needs, stock, printed):
    area = needs[0]
    printed = min(printed, area.in_hand, area.need)
    busy = replace(area, need=area.need - printed, in_hand=area.in_hand - printed, earlier=area.earlier + printed)
    idle = {s.code: s.share for s in allocate(needs, stock=stock, box_size=100).shares}
    assert {s.code: s.share for s in allocate([busy, *needs[1:]], stock=stock, box_size=100).shares} == idle


def leximin_by_lp(needs, stock):
    """Max-min by HiGHS, then fix who cannot rise, and again: leximin fills in fractions of blanks."""
    fixed: dict[str, float] = {}
    gross = {a.code: a.need + a.earlier for a in needs if a.need + a.earlier > 0}
    held = {a.code: a.in_hand + a.in_transit + a.earlier for a in needs}
    free = [code for code in gross if held[code] < gross[code]]
    shares = dict.fromkeys((a.code for a in needs), 0.0)
    while len(fixed) < len(free):
        model = highspy.Highs()
        model.silent()
        level = model.addVariable(lb=0, ub=1)
        x = {c: model.addVariable(lb=0, ub=gross[c] - held[c]) for c in free}
        for c in free:
            if c in fixed:
                model.addConstr(x[c] == fixed[c])
            else:
                model.addConstr(x[c] + held[c] >= level * gross[c])
        model.addConstr(sum(x.values()) <= stock)
        model.maximize(level)
        best = model.val(level)
        # Whoever stands above the level already gets nothing yet; those at it who cannot rise are fixed at it.
        at_level = {c: max(0.0, best * gross[c] - held[c]) for c in free if c not in fixed}
        spent = sum(fixed.values()) + sum(at_level.values())
        if best >= 1 - 1e-9 or stock - spent < 1e-6:
            fixed |= at_level
            break
        capped = [c for c in at_level if at_level[c] >= gross[c] - held[c] - 1e-6]
        if not capped:
            fixed |= at_level
            break
        fixed |= {c: at_level[c] for c in capped}
    shares.update(fixed)
    return shares


@given(needs=areas(size_max=5, need_max=900), stock=st.integers(0, 2500))
def test_single_blanks_agree_with_a_linear_programme_within_one_card(needs, stock):
    expected = leximin_by_lp(needs, stock)
    for share in allocate(needs, stock=stock, box_size=1, part_boxes=True).shares:
        assert abs(share.share - expected[share.code]) <= 1 + 1e-6


@given(needs=areas(), stock=st.integers(0, 20_000), released=st.integers(0, 20_000))
def test_being_early_never_yields_more_than_the_stage_alone_or_the_pool(needs, stock, released):
    if not any(area.deadline for area in needs):
        return
    released = min(released, stock)
    staged = allocate_stages(needs, stages=[Stage(RUNOFF, released)], stock=stock, box_size=1, part_boxes=True)
    pooled = {s.code: s.share for s in allocate(needs, stock=stock, box_size=1, part_boxes=True).shares}
    early = {s.code: s.share for s in staged.early[0][1].shares}
    assert sum(staged.totals.values()) == min(stock, sum(s.remaining for s in staged.rest.shares) + sum(early.values()))
    for code, got in staged.totals.items():
        assert got <= max(pooled[code], early.get(code, 0)) + 1
    others = [area.code for area in needs if area.deadline is None]
    assert set(staged.lost) == set(others)
    assert all(staged.lost[code] == max(0, pooled[code] - staged.totals[code]) for code in others)


def test_a_stage_within_the_pooled_share_costs_nobody_anything():
    needs = [AreaNeed("3171", 10_000, deadline=RUNOFF), AreaNeed("1871", 10_000), AreaNeed("1872", 5_000)]
    staged = allocate_stages(needs, stages=[Stage(RUNOFF, 4_000)], stock=12_500, box_size=500)
    assert staged.totals == {"3171": 5_000, "1871": 5_000, "1872": 2_500}
    assert staged.lost == {"1871": 0, "1872": 0}


def test_a_stage_above_the_pooled_share_says_what_the_others_lost():
    needs = [AreaNeed("3171", 10_000, deadline=RUNOFF), AreaNeed("1871", 10_000)]
    staged = allocate_stages(needs, stages=[Stage(RUNOFF, 8_000)], stock=10_000, box_size=500)
    assert staged.totals == {"3171": 8_000, "1871": 2_000}
    assert staged.lost == {"1871": 3_000}


def test_ties_go_to_the_area_longest_without_a_box_then_to_the_code():
    needs = [
        AreaNeed("1101", 1_000, last_box_on=date(2017, 4, 10)),
        AreaNeed("1102", 1_000, last_box_on=date(2017, 4, 3)),
        AreaNeed("1103", 1_000),
        AreaNeed("1104", 1_000),
    ]
    order = []
    for stock in (500, 1000, 1500, 2000):
        got = {s.code for s in allocate(needs, stock=stock, box_size=500).shares if s.share}
        order += sorted(got - set(order))
    assert order == ["1103", "1104", "1102", "1101"]


def test_a_share_names_who_would_have_lost_had_it_gained():
    needs = [AreaNeed("1101", 10_000), AreaNeed("1102", 5_000), AreaNeed("1103", 400), AreaNeed("1104", 0)]
    shares = {s.code: s for s in allocate(needs, stock=3_000, box_size=500).shares}
    assert [(c, s.share, s.binding) for c, s in shares.items()] == [
        ("1101", 2_000, "stock"),
        ("1102", 1_000, "stock"),
        ("1103", 0, "box_size"),
        ("1104", 0, "no_need"),
    ]
    assert shares["1102"].would_lose == "1101"
    assert shares["1101"].would_lose == "1102"
    assert "would have been taken from 1101" in shares["1102"].sentence()
    assert {s.sentence().split()[0] for s in shares.values()} == set(shares)


def test_a_central_reserve_stays():
    result = allocate([AreaNeed("1101", 10_000)], stock=3_000, box_size=500, reserve=1_200)
    assert (result.shared, result.left) == (1_500, 1_500)


@pytest.mark.parametrize(
    ("needs", "given_numbers"),
    [
        ([AreaNeed("1101", -1)], {}),
        ([AreaNeed("1101", 1), AreaNeed("1101", 2)], {}),
        ([AreaNeed("1101", 2**26)], {}),
        ([AreaNeed("1101", 1)], {"stock": -1}),
        ([AreaNeed("1101", 1)], {"box_size": 0}),
        ([AreaNeed("1101", 1)], {"reserve": -5}),
    ],
)
def test_impossible_numbers_are_refused_with_a_mend(needs, given_numbers):
    with pytest.raises(InvalidNeed) as refused:
        allocate(needs, **{"stock": 10, "box_size": 5, **given_numbers})
    assert refused.value.mend


def test_a_stage_that_cannot_be_is_refused():
    needs = [AreaNeed("3171", 100, deadline=RUNOFF)]
    for stages, stock in (
        ([Stage(RUNOFF, 200)], 100),
        ([Stage(RUNOFF, 10), Stage(RUNOFF, 10)], 100),
        ([Stage(date(2017, 5, 1), 10)], 100),
    ):
        with pytest.raises(InvalidNeed):
            allocate_stages(needs, stages=stages, stock=stock, box_size=10)


def test_no_areas_share_nothing():
    result = allocate([], stock=100, box_size=10)
    assert (result.shares, result.left, result.fill_min, result.fill_max) == ((), 100, 1.0, 1.0)


@pytest.mark.parametrize(
    ("by", "second", "reason"),
    [("a", "b", ""), ("a", "b", "too short"), ("a", "A ", "a flood took the office's stock"),
     ("a", "", "a flood took the office's stock"), ("", "b", "a flood took the office's stock")],
)  # fmt: skip
def test_an_override_needs_a_reason_and_a_second_officer(by, second, reason):
    with pytest.raises(OverrideRefused):
        check_override(by=by, second_officer=second, reason=reason)


def test_an_override_with_both_passes_and_blanks_leave_in_time():
    check_override(by="planner.pusat", second_officer="kepala.pusat", reason="a flood took the office's stock")
    assert dispatch_by(RUNOFF, transport_days=1, printing_days=7) == date(2017, 4, 11)


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
