"""Blanks are conserved, the nation is the sum of its areas, and every bound binds."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blanko.engines.allocation import AreaNeed, allocate
from blanko.engines.runout import answers
from blanko.engines.runout.draws import Stage, delivery_days, level, normal_quantile
from blanko.engines.runout.errors import InvalidPlan
from blanko.engines.runout.plan import Delivery
from blanko.engines.runout.simulate import simulate

from .plans import plan, sure_delivery

SHAPES = st.fixed_dictionaries(
    {
        "areas": st.integers(1, 5),
        "central": st.floats(0, 50_000),
        "on_hand": st.floats(0, 50_000),
        "print_ready": st.floats(0, 50_000),
        "awaiting": st.floats(0, 50_000),
        "direct": st.floats(0, 3_000),
        "enrolled": st.floats(0, 3_000),
        "printer_cards": st.floats(100, 5_000),
        "availability": st.floats(0.2, 1),
        "checks": st.floats(0, 5_000),
        "spoilage": st.floats(0, 0.2),
    }
)


def digest(futures):
    parts = (futures.stock, futures.print_ready, futures.runout, futures.area_stock, futures.binding)
    return sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in parts)).hexdigest()


@given(shape=SHAPES, seed=st.integers(0, 1_000))
@settings(max_examples=40, deadline=None)
def test_blanks_are_conserved_in_every_path(shape, seed):
    given_plan = plan(weeks=30, deliveries=[sure_delivery(20_000, 40)], **shape)
    futures = simulate(given_plan, seed=seed, paths=64)
    begin = shape["central"] + shape["on_hand"]
    left = begin + np.cumsum(futures.arrived, axis=1) - np.cumsum(futures.used, axis=1)
    assert np.allclose(left, futures.stock, atol=2 + 1e-4 * (begin + 20_000))
    assert (futures.stock >= -0.5).all()
    assert (futures.print_ready >= -0.5).all()
    assert (futures.awaiting >= -0.5).all()


@given(shape=SHAPES, seed=st.integers(0, 1_000))
@settings(max_examples=40, deadline=None)
def test_the_nation_is_the_sum_of_its_areas(shape, seed):
    given_plan = plan(weeks=20, **{**shape, "central": 0.0})
    futures = simulate(given_plan, seed=seed, paths=64, watch=given_plan.areas)
    # Without a warehouse and with one week of transport all blanks lie at offices.
    assert np.allclose(futures.watched[:, :, 0].sum(axis=1), futures.stock, rtol=1e-4, atol=2)
    assert np.allclose(futures.watched[:, :, 1].sum(axis=1), futures.print_ready, rtol=1e-4, atol=2)
    assert np.allclose(futures.area_print_ready.sum(axis=1), futures.print_ready.mean(axis=0), rtol=1e-4, atol=2)


def test_the_same_seed_gives_the_same_bytes_on_any_number_of_cores():
    script = (
        "from tests.engines.runout.test_futures import digest, plan, simulate\n"
        "print(digest(simulate(plan(areas=9, printer_cards=900, availability=.7, checks=500, enrolled=300),"
        " seed=5, paths=300)))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", script], env={**os.environ, "NUMBA_NUM_THREADS": threads}, check=True,
            capture_output=True, text=True,
        ).stdout
        for threads in ("1", "2")
    }  # fmt: skip
    assert len(found) == 1
    other = simulate(plan(areas=9, printer_cards=900, availability=0.7, checks=500, enrolled=300), seed=6, paths=300)
    assert digest(other) + "\n" not in found


def test_a_sure_plan_runs_out_on_the_week_that_arithmetic_says():
    # 100,000 blanks at 1,000 a week: the 100 weeks 0 to 99 are covered, week 100 is not.
    futures = simulate(plan(weeks=110, sure=True, central=100_000.0, direct=1_000.0), seed=1, paths=500)
    assert 98 <= np.median(futures.runout) <= 101
    assert answers.runout_day(futures, 0.5) == answers.day_of(futures, int(np.sort(futures.runout)[249]))


def test_enough_blanks_never_run_out():
    futures = simulate(plan(central=1e7), seed=1, paths=200)
    assert (futures.runout == 52).all()
    assert answers.runout_day(futures, 0.9) is None
    assert answers.chance_before(futures, answers.day_of(futures, 52)) == 0


BOUND = [
    ({"central": 0.0, "print_ready": 50_000.0}, "blanks"),
    ({"central": 1e6, "print_ready": 50_000.0, "printer_cards": 500.0}, "printers"),
    ({"central": 1e6, "print_ready": 50_000.0, "operator_cards": 500.0}, "operators"),
    ({"central": 1e6, "print_ready": 50_000.0, "ribbon_cards": 500.0}, "ribbon"),
    ({"central": 1e6, "awaiting": 50_000.0, "checks": 10.0}, "uniqueness_checks"),
]


@pytest.mark.parametrize(("changed", "binds"), BOUND, ids=[name for _, name in BOUND])
def test_what_binds_is_what_was_scarce(changed, binds):
    shares = answers.binding(simulate(plan(**changed), seed=1, paths=200))
    assert max(shares, key=shares.get) == binds
    assert sum(shares.values()) == pytest.approx(1)


def test_more_blanks_do_not_clear_what_awaits_the_check_of_uniqueness():
    short = plan(awaiting=50_000.0, checks=100.0, central=20_000.0)
    more = replace(short, central=2e6)
    some, many = (simulate(item, seed=1, paths=300) for item in (short, more))
    assert np.array_equal(some.awaiting, many.awaiting)
    assert many.print_ready.mean() <= some.print_ready.mean()


def test_printers_that_fail_print_less_and_an_office_without_ink_prints_nothing():
    works, fails, dry = (
        simulate(plan(printer_cards=900.0, availability=a, ribbon_cards=r), seed=1, paths=300).printed.sum()
        for a, r in ((1.0, np.inf), (0.5, np.inf), (1.0, 0.0))
    )
    assert fails < 0.65 * works
    assert dry == 0


def test_a_lost_delivery_leaves_the_stock_shorter_and_a_late_stage_is_drawn_from_what_is_left():
    comes = Delivery("a", 10_000, (Stage("customs", 1, 30, 0.5),))
    lost = replace(comes, lost_chance=0.4)
    futures = simulate(plan(deliveries=[lost]), seed=1, paths=4_000)
    assert 0.55 < (futures.arrived.sum(axis=1) > 0).mean() < 0.65
    generator = np.random.default_rng(1)
    fresh = delivery_days(generator, comes.stages, elapsed=0, paths=20_000)
    waited = delivery_days(generator, comes.stages, elapsed=60, paths=20_000)
    assert np.median(fresh) == pytest.approx(30, rel=0.05)
    # Whoever has waited twice the median waits on: the customs of this lot are slow.
    assert (waited >= 0).all()
    assert np.median(waited + 60) > 60


def test_stages_of_one_step_run_side_by_side():
    generator = np.random.default_rng(1)
    stages = (Stage("chips", 1, 60, 0.0), Stage("cards", 1, 40, 0.0), Stage("customs", 2, 14, 0.0))
    assert np.allclose(delivery_days(generator, stages, elapsed=0, paths=5), 74)
    assert np.allclose(delivery_days(generator, (), elapsed=0, paths=5), 0)


def test_levels_have_mean_one_and_quantiles_are_the_normal_ones():
    values = level(np.random.default_rng(1), 0.3, 200_000)
    assert values.mean() == pytest.approx(1, abs=0.005)
    assert values.std() == pytest.approx(0.3, abs=0.01)
    known = {0.5: 0.0, 0.975: 1.959964, 0.001: -3.090232, 0.9: 1.281552}
    assert np.allclose(normal_quantile(np.array(list(known))), list(known.values()), atol=1e-5)


WRONG = [
    ({"central": -1.0}, "negative stock"),
    ({"weeks": 0}, "0 weeks"),
    ({"passed_share": 1.5}, "passed_share is 1.5"),
    ({"spoilage": 2.0}, "spoilage is 2"),
    ({"print_ready": -5.0}, "print_ready of 1101"),
    ({"direct": -1.0}, "negative number"),
    ({"availability": 1.2}, "availability over 1"),
    ({"deliveries": [Delivery("a", 0, ())]}, "no quantity"),
    ({"deliveries": [Delivery("a", 5, (), lost_chance=2)]}, "lose a is 2"),
]


@pytest.mark.parametrize(("changed", "says"), WRONG, ids=[says for _, says in WRONG])
def test_a_plan_that_cannot_be_is_refused_by_name(changed, says):
    with pytest.raises(InvalidPlan, match=says) as refused:
        plan(**changed)
    assert refused.value.mend


def test_a_negative_seed_and_no_path_are_refused():
    with pytest.raises(InvalidPlan, match="seed -1"):
        simulate(plan(), seed=-1, paths=10)
    with pytest.raises(InvalidPlan, match="0 paths"):
        simulate(plan(), seed=1, paths=0)


def test_watching_an_area_outside_the_plan_is_refused():
    with pytest.raises(InvalidPlan, match="9999"):
        simulate(plan(), seed=1, paths=10, watch=("9999",))


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_what_comes_is_sent_by_the_rule_of_a_round(data):
    """Offices that print nothing: what arrives after a week is the published rule's share, to the card."""
    count = data.draw(st.integers(2, 9))
    # Of a handful of cards a whole one is much of a need; the kernel shares parts of cards.
    numbers = st.lists(st.just(0) | st.integers(1_000, 40_000), min_size=count, max_size=count)
    need, held, coming = (np.array(data.draw(numbers), float) for _ in range(3))
    central = float(data.draw(st.integers(1, 60_000)))
    whole = plan(areas=count, weeks=3, direct=0.0, central=central, printer_cards=0.0, sure=True, cover_weeks=0.0)
    offices = replace(whole.offices, print_ready=need, on_hand=held, in_transit=coming)
    futures = simulate(replace(whole, offices=offices), seed=1, paths=1, watch=whole.areas)
    sent = futures.watched[0, :, 0, 1] - held - coming
    shares = allocate(
        [
            AreaNeed(code, int(n), in_hand=int(h), in_transit=int(c))
            for code, n, h, c in zip(whole.areas, need, held, coming, strict=True)
        ],
        stock=int(central), box_size=1,
    )  # fmt: skip
    assert np.allclose(sent, [share.share for share in shares.shares], atol=1.01)


def test_cards_printed_since_the_plan_began_earn_no_second_share():
    """Two offices of one need: the one that printed its blanks at once gets no more than the one that kept them."""
    whole = plan(areas=2, weeks=12, direct=0.0, central=0.0, sure=True, cover_weeks=0.0)
    offices = replace(
        whole.offices, print_ready=np.array([10_000.0, 10_000.0]), on_hand=np.array([4_000.0, 4_000.0]),
        printer_cards=np.array([np.inf, 0.0]),
    )  # fmt: skip
    given_plan = replace(whole, offices=offices, deliveries=(sure_delivery(6_000, 28),))
    futures = simulate(given_plan, seed=1, paths=1, watch=whole.areas)
    printed, kept = futures.area_printed[:, 0].sum(), futures.watched[0, 1, 0, -1]
    assert printed == pytest.approx(7_000, abs=2)
    assert kept == pytest.approx(7_000, abs=2)


def test_ribbon_is_used_up_and_what_comes_of_it_is_kept():
    base = plan(areas=1, weeks=20, print_ready=50_000.0, direct=0.0, central=1e6, sure=True, ribbon_cards=100.0)
    stocked = replace(base, offices=replace(base.offices, ribbon_on_hand=np.array([3_000.0])))
    futures = simulate(stocked, seed=1, paths=1)
    # In week 0 the office has no blanks, in week 1 it prints what two weeks' ribbon and the store allow.
    assert futures.printed[0, 1] == pytest.approx(3_200, abs=1)
    assert futures.printed[0].sum() == pytest.approx(3_000 + 20 * 100, abs=2)


def test_many_printers_average_their_failures_and_printers_that_are_down_today_come_back():
    one = plan(weeks=60, print_ready=1e7, central=1e8, printer_cards=1_000.0, availability=0.7)
    many = replace(one, offices=replace(one.offices, printers=np.array([400.0])))
    alone, averaged = (simulate(item, seed=1, paths=500).printed[:, 40].std() for item in (one, many))
    assert averaged < alone / 5
    down = replace(many, offices=replace(many.offices, working=np.array([0.0])))
    weeks = simulate(down, seed=1, paths=500).printed.mean(axis=0)
    assert weeks[1] < 400
    assert weeks[30] == pytest.approx(700, rel=0.05)
