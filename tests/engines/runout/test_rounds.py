"""Boxes, stages and their deadlines, ribbon bought in lots, blanks that never arrive or come late, and the dead."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blanko.engines.allocation import AreaNeed, allocate
from blanko.engines.runout.errors import InvalidPlan
from blanko.engines.runout.plan import Deadline, Delivery, Receipts
from blanko.engines.runout.simulate import simulate

from .plans import plan, sure_delivery
from .test_futures import digest

BOX = 500


def everything():
    """A plan of nine areas in which all of this happens at once."""
    whole = plan(areas=9, printer_cards=9_000.0, availability=0.7, checks=500, enrolled=300, print_ready=40_000.0)
    lots = replace(whole.offices, ribbon_cards=np.full(9, 150.0), ribbon_lot=np.full(9, 900.0), deaths=np.full(9, 2e-4))
    return replace(
        whole, offices=lots, box=BOX, receipts=Receipts(0.01, 0.5, 0.2, 0.5, 3), deaths_cv=0.3,
        deadlines=(Deadline("vote", whole.areas[2:4], 20, 9_000.0, 2), Deadline("asked", whole.areas[:1], 30)),
        deliveries=(sure_delivery(30_000, 60),),
    )  # fmt: skip


def test_with_all_of_it_the_same_seed_gives_the_same_bytes_on_any_number_of_cores():
    script = (
        "from tests.engines.runout.test_rounds import digest, everything, simulate\n"
        "futures = simulate(everything(), seed=5, paths=200)\n"
        "print(digest(futures), futures.died.sum(), futures.deadline_left.sum(), futures.used.sum())"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", script], env={**os.environ, "NUMBA_NUM_THREADS": threads}, check=True,
            capture_output=True, text=True,
        ).stdout
        for threads in ("1", "2")
    }  # fmt: skip
    assert len(found) == 1
    assert digest(simulate(everything(), seed=6, paths=200)) not in found.pop()


@given(seed=st.integers(0, 1_000), opened=st.booleans(), lost=st.sampled_from([0.0, 0.05]))
@settings(max_examples=15, deadline=None)
def test_blanks_are_conserved_with_boxes_stages_losses_and_late_parts(seed, opened, lost):
    tried = replace(everything(), boxes_opened=opened, receipts=Receipts(lost, 0.5, 0.3, 0.5, 4))
    futures = simulate(tried, seed=seed, paths=48)
    left = tried.central + np.cumsum(futures.arrived, axis=1) - np.cumsum(futures.used, axis=1)
    assert np.allclose(left, futures.stock, atol=15)
    assert (futures.stock >= -0.5).all()


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_boxes_are_sent_by_the_published_rule_within_one_box(data):
    count = data.draw(st.integers(2, 9))
    numbers = st.lists(st.just(0) | st.integers(200, 40_000), min_size=count, max_size=count)
    need, held = (np.array(data.draw(numbers), float) for _ in range(2))
    central = float(data.draw(st.integers(BOX, 60_000)))
    whole = plan(areas=count, weeks=3, direct=0.0, central=central, printer_cards=0.0, sure=True, cover_weeks=0.0)
    offices = replace(whole.offices, print_ready=need, on_hand=held)
    tried = replace(whole, offices=offices, box=BOX, boxes_opened=data.draw(st.booleans()))
    futures = simulate(tried, seed=1, paths=1, watch=whole.areas)
    sent = futures.watched[0, :, 0, 1] - held
    missing = np.maximum(need - held, 0.0)
    # Who needs less than a box is kept single blanks by the common level: the part reserve of a round.
    areas = [AreaNeed(code, int(n), in_hand=int(h)) for code, n, h in zip(whole.areas, need, held, strict=True)]
    single = int(sent[missing < BOX].sum()) if tried.boxes_opened and missing.sum() > central else 0
    published = allocate(
        areas, stock=int(central), box_size=BOX, part_boxes=tried.boxes_opened, part_reserve=single
    )  # fmt: skip
    shares = np.array([share.share for share in published.shares], float)
    assert (sent <= missing + 0.01).all()
    assert np.abs(sent - shares).max() <= BOX + 1
    scarce = missing.sum() > central
    if scarce or not tried.boxes_opened:
        # Whoever needs a box gets whole ones; single blanks are for who needs less, and only where boxes are opened.
        boxed = sent[(missing >= BOX)] / BOX
        assert np.allclose(boxed, np.round(boxed), atol=1e-3)
        assert tried.boxes_opened or (sent[missing < BOX] == 0).all()
        # Nothing that is a box and that somebody needs stays behind.
        assert central - sent.sum() < BOX or (missing - sent < BOX).all()
    else:
        assert np.allclose(sent, missing, atol=0.01)


def test_the_last_boxes_go_to_the_lowest_fill():
    whole = plan(areas=3, weeks=3, direct=0.0, central=1_500.0, printer_cards=0.0, sure=True, cover_weeks=0.0)
    offices = replace(whole.offices, print_ready=np.array([4_000.0, 2_000.0, 10_000.0]))
    futures = simulate(replace(whole, offices=offices, box=BOX), seed=1, paths=1, watch=whole.areas)
    # Fill before the box: 0, 0, 0 for the first of each; then nobody is left a box.
    assert futures.watched[0, :, 0, 1].tolist() == [500, 500, 500]
    more = simulate(replace(whole, offices=offices, box=BOX, central=2_500.0), seed=1, paths=1, watch=whole.areas)
    # At 5, 12.5 and 25 %: the third area is the lowest twice, and equal to the first's one box after that.
    assert more.watched[0, :, 0, 1].tolist() == [500, 500, 1500]


def test_a_stage_is_served_first_up_to_its_release_and_others_wait():
    whole = plan(areas=4, weeks=20, direct=0.0, central=10_000.0, print_ready=40_000.0, sure=True)
    stage = Deadline("vote", whole.areas[:1], 12, 8_000.0)
    futures = simulate(replace(whole, deadlines=(stage,)), seed=1, paths=1, watch=whole.areas)
    assert futures.area_printed.sum(axis=0)[0] == pytest.approx(8_000, abs=2)
    assert futures.area_printed.sum(axis=0)[1:] == pytest.approx(np.full(3, 2_000 / 3), abs=2)
    assert futures.deadline_left[0, 0] == pytest.approx(2_000, abs=2)
    # Without a release only the odds are asked, and nobody is served before others.
    asked = simulate(replace(whole, deadlines=(replace(stage, release=0.0),)), seed=1, paths=1, watch=whole.areas)
    assert asked.area_printed.sum(axis=0) == pytest.approx(np.full(4, 2_500.0), abs=2)
    assert asked.deadline_left[0, 0] == pytest.approx(7_500, abs=2)


def test_a_stage_that_is_over_or_not_yet_open_sends_nobody_first():
    whole = plan(areas=2, weeks=20, direct=0.0, central=0.0, print_ready=40_000.0, sure=True)
    comes = replace(whole, deliveries=(sure_delivery(6_000, 28),))
    for opens, ends, first in ((0, 2, 3_000), (6, 9, 3_000), (1, 9, 6_000)):
        stage = Deadline("vote", whole.areas[:1], ends, 6_000.0, opens)
        futures = simulate(replace(comes, deadlines=(stage,)), seed=1, paths=1)
        assert futures.area_printed.sum(axis=0)[0] == pytest.approx(first, abs=2), (opens, ends)


def test_ribbon_that_is_bought_in_lots_comes_late_and_never_exceeds_what_was_granted():
    weeks = 100
    base = plan(areas=8, weeks=weeks, print_ready=1e7, direct=0.0, central=1e8, sure=True, ribbon_cards=8 * 100.0)
    lots = replace(base.offices, ribbon_lot=np.full(8, 800.0), ribbon_lead_weeks=np.full(8, 4.0))
    steady = simulate(base, seed=1, paths=200)
    futures = simulate(replace(base, offices=lots), seed=1, paths=200)
    printed, granted = futures.printed.sum(axis=1), 8 * 100.0 * weeks
    # Half a lot was granted before on average; what is on its way at the end is not printed.
    assert (printed <= granted + 8 * 800).all()
    assert 0.9 * granted < printed.mean() < granted
    # Whoever buys in lots has weeks without, and waits for ribbon where a steady trickle would have printed.
    assert steady.printed[:, 5:].std(axis=1).max() < 1
    assert (futures.printed[:, 5:].std(axis=1) > 100).all()
    one = replace(base, offices=replace(lots, ribbon_on_hand=np.full(8, 1e7)))
    assert simulate(one, seed=1, paths=20).printed.sum(axis=1) == pytest.approx(np.full(20, 1e7), rel=1e-3)


def test_the_dead_leave_the_backlog_and_how_many_is_uncertain():
    weeks, rate = 52, 0.002
    base = plan(areas=4, weeks=weeks, print_ready=100_000.0, awaiting=40_000.0, checks=0.0, direct=0.0, central=0.0)
    tried = replace(base, offices=replace(base.offices, deaths=np.full(4, rate)))
    sure = simulate(tried, seed=1, paths=50)
    assert sure.print_ready[0] == pytest.approx(100_000 * (1 - rate) ** np.arange(1, weeks + 1), rel=1e-4)
    assert sure.awaiting[:, -1] == pytest.approx(np.full(50, 40_000 * (1 - rate) ** weeks), rel=1e-4)
    assert sure.died == pytest.approx(140_000 - sure.print_ready[:, -1] - sure.awaiting[:, -1], rel=1e-3)
    unsure = simulate(replace(tried, deaths_cv=0.3), seed=1, paths=2_000)
    assert unsure.died.std() / unsure.died.mean() == pytest.approx(0.3, abs=0.03)
    assert unsure.died.mean() == pytest.approx(sure.died.mean(), rel=0.03)


def test_what_is_lost_on_the_way_is_missed_and_what_is_late_comes_after():
    whole = plan(areas=2, weeks=12, direct=0.0, central=10_000.0, print_ready=50_000.0, sure=True)
    futures = simulate(replace(whole, receipts=Receipts(lost=0.1)), seed=1, paths=3)
    assert futures.printed.sum(axis=1) == pytest.approx(np.full(3, 9_000.0), abs=2)
    assert futures.used.sum(axis=1) == pytest.approx(np.full(3, 10_000.0), abs=2)
    late = simulate(replace(whole, receipts=Receipts(late=0.4, late_weeks=3)), seed=1, paths=1)
    assert late.printed[0, 1] == pytest.approx(6_000, abs=2)
    assert late.printed[0, 4] == pytest.approx(4_000, abs=2)
    # An order has to cover what will be lost too.
    free = simulate(replace(whole, receipts=Receipts(lost=0.1)), seed=1, paths=1, unlimited=True)
    assert free.used.sum() == pytest.approx(50_000 / 0.9, rel=1e-3)


def test_what_a_lot_was_refused_comes_later_where_it_is_replaced():
    lot = Delivery("a", 10_000, (), accepted=0.7, accepted_weight=1e9, replaced_chance=1.0, replaced_sigma=0.0)
    whole = plan(areas=1, weeks=30, direct=0.0, central=0.0, sure=True)
    futures = simulate(replace(whole, deliveries=(lot,)), seed=1, paths=50)
    assert futures.arrived[:, 0] == pytest.approx(np.full(50, 7_000.0), rel=1e-3)
    assert futures.arrived[:, 6] == pytest.approx(np.full(50, 3_000.0), rel=1e-3)
    never = simulate(replace(whole, deliveries=(replace(lot, replaced_chance=0.0),)), seed=1, paths=50)
    assert never.arrived.sum(axis=1) == pytest.approx(np.full(50, 7_000.0), rel=1e-3)
    half = simulate(replace(whole, deliveries=(replace(lot, replaced_chance=0.5),)), seed=1, paths=2_000)
    assert (half.arrived[:, 6] > 1).mean() == pytest.approx(0.5, abs=0.05)


WRONG = [
    ({"box": 0}, "a box of 0 blanks"),
    ({"receipts": Receipts(lost=1.5)}, "lost on the way is 1.5"),
    ({"receipts": Receipts(late=0.1, late_weeks=99)}, "99 weeks later"),
    ({"deadlines": (Deadline("vote", ("9999",), 5),)}, "9999 is no area"),
    ({"deadlines": (Deadline("vote", ("1101",), 500),)}, "lies in week 500"),
    ({"deadlines": (Deadline("vote", ("1101",), 5, -1.0),)}, "releases -1"),
    ({"deliveries": [Delivery("a", 5, (), replaced_chance=2)]}, "replace a is 2"),
]


@pytest.mark.parametrize(("changed", "says"), WRONG, ids=[says for _, says in WRONG])
def test_a_plan_that_cannot_be_is_refused_by_name(changed, says):
    with pytest.raises(InvalidPlan, match=says) as refused:
        plan(**changed)
    assert refused.value.mend


def test_deaths_are_a_share():
    whole = plan()
    with pytest.raises(InvalidPlan, match="more die"):
        replace(whole, offices=replace(whole.offices, deaths=np.array([1.5])))
