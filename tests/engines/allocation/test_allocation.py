"""The published rule: who gets the next box, and that nobody can do better without someone worse off losing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction
from time import perf_counter

import highspy
import pytest
from engines.allocation.oracle import RUNOFF, OneByOne, areas
from hypothesis import example, given
from hypothesis import strategies as st

from blanko.engines.allocation import (
    RULE_VERSION,
    AreaNeed,
    InvalidNeed,
    OverrideRefused,
    allocate,
    check_override,
    dispatch_by,
)
from blanko.engines.allocation.waterfill import NEED_MAX


@given(needs=areas(), stock=st.integers(0, 30_000), box=st.sampled_from([1, 7, 100, 500]), reserve=st.integers(0, 900))
def test_whole_boxes_are_given_exactly_as_one_by_one(needs, stock, box, reserve):
    rule = OneByOne(needs)
    rule.give(stock=stock, unit=box, reserve=reserve)
    given_out = allocate(needs, stock=stock, box_size=box, reserve=reserve)
    assert {share.code: share.share for share in given_out.shares} == rule.received
    for share in given_out.shares:
        assert share.boxes * box == share.share
        if share.binding == "stock":
            assert share.would_lose == next((code for code in reversed(rule.steps) if code != share.code), None)


@given(needs=areas(), stock=st.integers(0, 30_000), box=st.sampled_from([7, 100, 500]))
def test_single_blanks_are_given_exactly_as_one_by_one_after_the_boxes(needs, stock, box):
    rule = OneByOne(needs)
    left = rule.give(stock=stock, unit=box)
    boxes = dict(rule.received)
    rule.give(stock=left, unit=1)
    for share in allocate(needs, stock=stock, box_size=box, part_boxes=True).shares:
        assert (share.boxes * box, share.share) == (boxes[share.code], rule.received[share.code])


@given(needs=areas(), stock=st.integers(0, 30_000), kept=st.integers(0, 3_000))
def test_blanks_kept_from_whole_boxes_are_given_singly_and_none_is_lost(needs, stock, kept):
    rule = OneByOne(needs)
    left = rule.give(stock=stock, unit=500, reserve=kept)
    boxes = dict(rule.received)
    rule.give(stock=left + min(kept, stock), unit=1)
    result = allocate(needs, stock=stock, box_size=500, part_boxes=True, part_reserve=kept)
    assert {s.code: (s.boxes * 500, s.share) for s in result.shares} == {
        code: (boxes[code], got) for code, got in rule.received.items()
    }
    assert result.shared == min(stock, sum(share.remaining for share in result.shares))


def test_a_small_area_waits_for_nobody_when_blanks_are_kept_for_it():
    needs = [AreaNeed("1101", 10_000), AreaNeed("1102", 300)]
    without = allocate(needs, stock=5_000, box_size=500, part_boxes=True)
    kept = allocate(needs, stock=5_000, box_size=500, part_boxes=True, part_reserve=300)
    assert [s.share for s in without.shares] == [5_000, 0]
    assert [s.share for s in kept.shares] == [4_854, 146]
    with pytest.raises(InvalidNeed):
        allocate(needs, stock=5_000, box_size=500, part_boxes=True, part_reserve=-1)


@given(needs=areas(), stock=st.integers(0, 30_000))
def test_with_whole_boxes_too_nobody_can_gain_without_one_as_poor_losing(needs, stock):
    """An area that could take another box is never poorer than another was before its last box."""
    shares = allocate(needs, stock=stock, box_size=500).shares
    for poor in (share for share in shares if share.remaining - share.share >= 500):
        for rich in (share for share in shares if share.boxes and share.code != poor.code):
            before_last = Fraction(rich.holdings + rich.share - 500, rich.need)
            assert before_last <= Fraction(poor.holdings + poor.share, poor.need)


def test_fills_that_differ_in_the_sixteenth_digit_are_told_apart():
    """Neighbouring fractions with the largest allowed denominators: 1 / (b * d) apart."""
    big = NEED_MAX
    lower, higher = (big - 2, big - 1), (big - 1, big)
    assert Fraction(*lower) < Fraction(*higher)
    needs = [
        AreaNeed("1101", higher[1], in_hand=higher[0]),
        AreaNeed("1102", lower[1], in_hand=lower[0]),
    ]
    assert [s.share for s in allocate(needs, stock=1, box_size=1).shares] == [0, 1]


@pytest.mark.parametrize("box", [1, 500])
def test_many_equal_areas_are_shared_quickly(box):
    """All units tie: the hard case for a level search, since nothing but the rank decides."""
    needs = [AreaNeed(f"{i:06d}", 10_000) for i in range(7_160)]
    start = perf_counter()
    result = allocate(needs, stock=7_160 * 3_000 + 3_580 * box, box_size=box)
    assert perf_counter() - start < 2
    assert [share.share for share in result.shares] == [3_000 + box] * 3_580 + [3_000] * 3_580


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
    """The certificate of leximin in single blanks: an unmet area is at most one blank poorer than any that got
    something.
    """
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
@example(needs=[AreaNeed("1101", 1), AreaNeed("1201", 1), AreaNeed("1301", 250)], stock=2)
def test_single_blanks_exceed_a_linear_programme_by_less_than_one_card(needs, stock):
    expected = leximin_by_lp(needs, stock)
    for share in allocate(needs, stock=stock, box_size=1, part_boxes=True).shares:
        above = share.share - expected[share.code]
        # The last blank of an area found it the lowest, so it exceeds its exact share by one card at most; what all
        # others have above theirs is what one area can lack.
        assert -(len(needs) - 1) - 1e-6 <= above <= 1 + 1e-6


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
    assert all(RULE_VERSION in s.sentence() and s.rule_version == RULE_VERSION for s in shares.values())


def test_enough_in_hand_is_no_need_and_says_so():
    (share,) = allocate([AreaNeed("1101", 400, in_hand=500)], stock=1_000, box_size=100).shares
    assert (share.share, share.fill_after, share.binding, share.would_lose) == (0, 1.0, "no_need", None)
    assert "what it has is enough" in share.sentence()


def test_the_order_of_boxes_decides_ties_among_single_blanks():
    """Both stand at a half after one box each; 1102 got its box first, so the single blank goes to 1102."""
    needs = [
        AreaNeed("1101", 1_000, last_box_on=date(2017, 4, 10)),
        AreaNeed("1102", 1_000, last_box_on=date(2017, 4, 3)),
    ]
    shares = allocate(needs, stock=1_001, box_size=500, part_boxes=True).shares
    assert [(s.boxes, s.part) for s in shares] == [(1, 0), (1, 1)]
    assert shares[0].loses == "blank"
    assert shares[0].would_lose == "1102"


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
