"""A deadline gives earlier, never more; and says what it cost everybody else."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from engines.allocation.oracle import RUNOFF, areas
from hypothesis import given
from hypothesis import strategies as st

from blanko.engines.allocation import AreaNeed, InvalidNeed, Stage, allocate, allocate_stages


@given(
    needs=areas(),
    stock=st.integers(0, 20_000),
    released=st.integers(0, 20_000),
    box=st.sampled_from([1, 7, 100, 500]),
)
def test_being_early_never_yields_more_in_whole_boxes(needs, stock, released, box):
    """In the end an early area has what its stage gave it, or what one pooled round would have given it: not a box
    more.
    """
    needs = [AreaNeed("3171", 4_000, deadline=RUNOFF), *needs]
    stages = [Stage(RUNOFF, min(released, stock))]
    staged = allocate_stages(needs, stages=stages, stock=stock, box_size=box)
    pooled = {s.code: s.share for s in allocate(needs, stock=stock, box_size=box).shares}
    early = {s.code: s.share for s in staged.early[0][1].shares}
    assert all(got <= max(pooled[code], early.get(code, 0)) for code, got in staged.totals.items())
    assert sum(staged.totals.values()) <= stock
    if all(got <= pooled[code] for code, got in early.items()):
        assert staged.totals == pooled
        assert set(staged.lost.values()) <= {0}
    assert staged.lost == {
        area.code: pooled[area.code] - staged.totals[area.code]
        for area in sorted(needs, key=lambda area: area.code)
        if area.deadline is None
    }


@given(needs=areas(), stock=st.integers(0, 20_000), released=st.integers(0, 20_000))
def test_being_early_yields_less_than_a_box_and_its_own_part_more_with_part_boxes(needs, stock, released):
    needs = [AreaNeed("3171", 4_000, deadline=RUNOFF), *needs]
    stages = [Stage(RUNOFF, min(released, stock))]
    staged = allocate_stages(needs, stages=stages, stock=stock, box_size=500, part_boxes=True)
    pooled = {s.code: s.share for s in allocate(needs, stock=stock, box_size=500, part_boxes=True).shares}
    early = {s.code: s.share for s in staged.early[0][1].shares}
    # Boxes cannot be cut twice: what a stage gave singly shifts where the whole boxes of the rest fall.
    assert all(got < max(pooled[code], early.get(code, 0)) + 2 * 500 for code, got in staged.totals.items())
    assert sum(staged.totals.values()) == sum(pooled.values())


@given(needs=areas(), stock=st.integers(0, 20_000), released=st.integers(0, 20_000), kept=st.integers(0, 5_000))
def test_with_stages_too_a_part_reserve_goes_out_singly_and_never_beyond_the_stock(needs, stock, released, kept):
    needs = [AreaNeed("3171", 4_000, deadline=RUNOFF), *needs]
    asked = {"stages": [Stage(RUNOFF, min(released, stock))], "stock": stock, "box_size": 500}
    staged = allocate_stages(needs, **asked, part_boxes=True, part_reserve=kept)
    early, later = staged.early[0][1], staged.rest
    left = stock - early.shared
    assert sum(share.boxes * 500 for share in later.shares) <= max(0, left - kept)
    # Nothing that somebody needs stays behind: what was kept from whole boxes is all given singly.
    assert early.shared + later.shared == min(stock, early.shared + sum(share.remaining for share in later.shares))
    lacking = sum(share.remaining - share.boxes * 500 for share in later.shares)
    assert sum(share.part for share in later.shares) >= min(kept, left, lacking)
    # The stage itself is what it is without a reserve, and a reserve is nothing to whole boxes alone.
    assert early == allocate_stages(needs, **asked, part_boxes=True).early[0][1]
    assert allocate_stages(needs, **asked, part_reserve=kept) == allocate_stages(needs, **asked)


@given(needs=areas(), stock=st.integers(0, 20_000), part_boxes=st.booleans())
def test_a_part_reserve_of_nothing_changes_nothing(needs, stock, part_boxes):
    asked = {"stages": [], "stock": stock, "box_size": 500, "part_boxes": part_boxes}
    none = allocate_stages(needs, **asked, part_reserve=0)
    assert none.shares == allocate(needs, stock=stock, box_size=500, part_boxes=part_boxes).shares


def test_a_negative_part_reserve_is_refused():
    with pytest.raises(InvalidNeed, match="negative"):
        allocate_stages([AreaNeed("3171", 10)], stages=[], stock=10, box_size=5, part_boxes=True, part_reserve=-1)


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


def test_the_whole_of_a_staged_share_explains_itself():
    needs = [
        AreaNeed("3171", 10_000, in_hand=500, deadline=RUNOFF),
        AreaNeed("3172", 1_000, deadline=RUNOFF),
        AreaNeed("1871", 10_000),
    ]
    staged = allocate_stages(needs, stages=[Stage(RUNOFF, 4_000)], stock=9_000, box_size=500)
    shares = {s.code: s for s in staged.shares}
    assert {code: s.share for code, s in shares.items()} == staged.totals
    jakarta, met = shares["3171"], shares["3172"]
    assert (jakarta.holdings, jakarta.early, jakarta.fill_before) == (500, 3_500, 0.05)
    assert jakarta.fill_after == (500 + jakarta.share) / 10_000
    assert "3,500 of them in an early stage" in jakarta.sentence()
    assert (met.share, met.early, met.binding) == (500, 500, "stock")
    assert (shares["1871"].early, shares["1871"].boxes) == (0, 9)


def test_a_need_met_in_its_stage_is_not_called_no_need():
    needs = [AreaNeed("3171", 1_000, deadline=RUNOFF), AreaNeed("1871", 1_000)]
    staged = allocate_stages(needs, stages=[Stage(RUNOFF, 1_000)], stock=1_500, box_size=500)
    assert [(s.code, s.binding) for s in staged.shares] == [("1871", "stock"), ("3171", "need_met")]


def test_boxes_of_a_stage_and_of_the_rest_are_added_not_their_single_blanks():
    """250 single blanks in the stage and 250 later are no sealed box of 500."""
    needs = [AreaNeed("3171", 4_000, deadline=RUNOFF), AreaNeed("1871", 4_000)]
    staged = allocate_stages(needs, stages=[Stage(RUNOFF, 250)], stock=1_250, box_size=500, part_boxes=True)
    assert all(s.share == s.boxes * 500 + s.part for s in staged.shares)
    assert sum(s.share for s in staged.shares) == 1_250


def test_each_stage_names_its_own_cost():
    """The first deadline costs the second's area something; the second costs the first's nothing it had."""
    later = RUNOFF + timedelta(days=7)
    needs = [
        AreaNeed("3171", 10_000, deadline=RUNOFF),
        AreaNeed("3271", 10_000, deadline=later),
        AreaNeed("1871", 10_000),
    ]
    stages = [Stage(later, 3_000), Stage(RUNOFF, 9_000)]
    staged = allocate_stages(needs, stages=stages, stock=15_000, box_size=500)
    assert [stage.deadline for stage, _ in staged.early] == [RUNOFF, later]
    assert staged.totals == {"3171": 9_000, "3271": 3_000, "1871": 3_000}
    assert staged.lost_to == ({"1871": 2_000, "3271": 2_000}, {"1871": 0, "3171": 0})
    assert staged.lost == {"1871": 2_000}


def test_without_a_stage_it_is_one_plain_round():
    needs = [AreaNeed("3171", 10_000, deadline=RUNOFF), AreaNeed("1871", 5_000)]
    staged = allocate_stages(needs, stages=[], stock=6_000, box_size=500)
    assert staged.shares == allocate(needs, stock=6_000, box_size=500).shares
    assert (staged.early, staged.lost_to) == ((), ())


def test_a_stage_that_cannot_be_is_refused():
    needs = [AreaNeed("3171", 100, deadline=RUNOFF)]
    for stages, stock in (
        ([Stage(RUNOFF, 200)], 100),
        ([Stage(RUNOFF, 10), Stage(RUNOFF, 10)], 100),
        ([Stage(date(2017, 5, 1), 10)], 100),
        ([Stage(RUNOFF, -1)], 100),
    ):
        with pytest.raises(InvalidNeed):
            allocate_stages(needs, stages=stages, stock=stock, box_size=10)


def test_an_area_that_stands_twice_is_refused_in_a_stage_too():
    needs = [AreaNeed("3171", 100, deadline=RUNOFF), AreaNeed("3171", 200, deadline=RUNOFF)]
    with pytest.raises(InvalidNeed, match="twice"):
        allocate_stages(needs, stages=[Stage(RUNOFF, 100)], stock=100, box_size=10)
