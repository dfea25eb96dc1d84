"""Every policy: never more than the stock, never above need but where the real rule did, whole boxes, one result."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

import numpy as np
import pytest
from engines.allocation.plan_oracle import best_units, made_up
from hypothesis import given, settings
from hypothesis import strategies as st

from blanko.engines.allocation import RULE_VERSION, AreaNeed, allocate
from blanko.engines.allocation.errors import InvalidNeed, NoRuleThen, UnknownPolicy
from blanko.engines.allocation.policies import POLICIES, RULES, Rule, Situation, leximin, rule_of, rule_on

ALL = pytest.mark.parametrize("rule", RULES, ids=POLICIES)
ABOVE_NEED = {"equal_counts"}


@st.composite
def situations(draw, *, units=(1, 7, 100, 500)):
    count = draw(st.integers(1, 9))
    numbers = st.sampled_from([0, 1, 99, 100, 500, 1000, 1500, 2000]) | st.integers(0, 6000)

    def column(values):
        return draw(st.lists(values, min_size=count, max_size=count))

    return Situation.of(
        need=column(numbers),
        held=column(st.sampled_from([0, 0, 0, 100, 500, 7000])),
        province=column(st.integers(1, 3)),
        use=column(st.integers(1, 400)),
        arrival=column(st.integers(0, 4)),
        rank=draw(st.permutations(range(count))),
        limit=column(st.sampled_from([10**6, 10**6, 700, 0])),
        stock=draw(st.integers(0, 20_000)),
        unit=draw(st.sampled_from(units)),
        future_need=draw(st.integers(0, 20_000)),
        future_stock=draw(st.integers(0, 20_000)),
    )


@ALL
@settings(deadline=None)
@given(now=situations())
def test_no_policy_gives_more_than_there_is_or_than_one_can_take_and_all_give_whole_boxes(rule, now):
    shares = rule.share(now)
    assert (shares >= 0).all() and (shares % now.unit == 0).all()
    assert shares.sum() <= now.stock
    assert (shares <= now.limit).all()
    if rule.policy not in ABOVE_NEED:
        assert (shares <= now.remaining).all()
    again = rule.share(now)
    assert (shares == again).all()


@ALL
@settings(deadline=None)
@given(now=situations(), data=st.data())
def test_the_order_of_the_areas_does_not_matter(rule, now, data):
    order = np.array(data.draw(st.permutations(range(len(now.need)))))
    names = ("need", "held", "province", "use", "arrival", "rank", "limit", "unprinted")
    turned = replace(now, **{name: getattr(now, name)[order] for name in names})
    assert (rule.share(turned) == rule.share(now)[order]).all()


@ALL
@settings(deadline=None)
@given(now=situations())
def test_what_is_left_is_less_than_a_box_or_nobody_wants_it(rule, now):
    left = now.stock - int(rule.share(now).sum())
    if rule.policy == "projected_proportional":
        return  # it keeps blanks back on purpose
    if rule.policy == "equal_counts":
        assert left < now.unit or left == now.stock - int((now.limit // now.unit).sum()) * now.unit
    else:
        assert left < now.unit or left == now.stock - int(now.units_max.sum()) * now.unit


def test_equal_counts_gave_lampung_more_than_some_needed():
    shares = rule_of("equal-counts/1").share(Situation.of(need=[2_000, 90_000], stock=20_000, unit=500))
    assert shares.tolist() == [10_000, 10_000]


@settings(deadline=None)
@given(now=situations())
def test_leximin_is_the_published_rule(now):
    by_rank = np.argsort(now.rank)
    needs = [
        AreaNeed(f"{place:04d}", int(now.need[i]), in_hand=int(now.held[i])) for place, i in enumerate(by_rank.tolist())
    ]
    unlimited = replace(now, limit=np.full_like(now.limit, 10**7))
    published = allocate(needs, stock=now.stock, box_size=now.unit).shares
    assert leximin(unlimited)[by_rank].tolist() == [share.share for share in published]


def test_a_round_equals_the_integer_programme_to_the_last_box_in_200_cases():
    for seed in range(200):
        draw, box = made_up(1_000 + seed, areas=(2, 6), weeks=(1, 1))
        draw |= {"lead": np.zeros_like(draw["lead"]), "capacity": np.full_like(draw["capacity"], 10**6)}
        needs = [
            AreaNeed(f"{i:04d}", int(n), in_hand=int(h))
            for i, (n, h) in enumerate(zip(draw["need"][0], draw["held"], strict=True))
        ]
        shares = allocate(needs, stock=int(draw["stock"][0]), box_size=box).shares
        assert [share.boxes for share in shares] == best_units(draw, box).tolist(), f"seed {seed}"


@settings(deadline=None)
@given(now=situations())
def test_inside_a_province_nobody_with_less_cover_is_passed_over(now):
    shares = rule_of("days-of-cover/1").share(now)
    able = np.flatnonzero(now.units_max * now.unit - shares >= now.unit)
    for poor in able.tolist():
        for rich in np.flatnonzero((shares > 0) & (now.province == now.province[poor])).tolist():
            before_last = Fraction(int(now.held[rich] + shares[rich] - now.unit), int(now.use[rich]))
            assert rich == poor or before_last <= Fraction(int(now.held[poor] + shares[poor]), int(now.use[poor]))


@settings(deadline=None)
@given(now=situations(units=(1,)))
def test_proportional_shares_lie_within_one_card_of_their_quota(now):
    free = replace(now, limit=np.full_like(now.limit, 10**7))
    shares, total = rule_of("proportional/1").share(free), int(free.remaining.sum())
    for share, need in zip(shares.tolist(), free.remaining.tolist(), strict=True):
        quota = Fraction(min(free.stock, total) * need, max(total, 1))
        assert abs(share - quota) < 1


def test_first_come_serves_the_first_in_full_and_the_last_by_chance():
    now = Situation.of(need=[5_000, 5_000, 5_000], arrival=[2, 0, 1], stock=7_000, unit=500)
    assert rule_of("first-come/1").share(now).tolist() == [0, 5_000, 2_000]


def test_the_projected_rule_keeps_back_what_later_need_deserves():
    """The paper's formula by hand: 8,000 * 4,000 / (8,000 + 8,000) = 2,000 for each of two areas."""
    now = Situation.of(need=[4_000, 4_000], stock=8_000, unit=1, future_need=8_000)
    assert rule_of("projected-proportional/1").share(now).tolist() == [2_000, 2_000]
    assert rule_of("projected-proportional/1").share(replace(now, future_stock=8_000)).tolist() == [4_000, 4_000]


@ALL
def test_between_equals_the_rank_decides_the_last_box(rule):
    now = Situation.of(need=[900, 900], rank=[1, 0], arrival=[0, 0], province=[1, 1], stock=300, unit=300)
    assert rule.share(now).tolist() == [0, 300]


def test_an_old_round_replays_under_the_rule_of_its_day():
    newer = Rule("leximin-fill/2", "leximin", date(2018, 1, 1), "a decree of 2018", "says", lambda now: now.need * 0)
    rules = (*RULES, newer)
    assert rule_on(date(2017, 4, 10), rules=rules).id == RULE_VERSION == rule_on(date(2017, 12, 31), rules=rules).id
    assert rule_on(date(2018, 1, 1), rules=rules) is newer
    assert rule_of(RULE_VERSION, rules=rules).share is leximin
    with pytest.raises(NoRuleThen, match="had no version on 2011-01-01"):
        rule_on(date(2011, 1, 1))


def test_every_rule_names_its_day_and_its_reference_and_no_id_stands_twice():
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert all(rule.reference and rule.says for rule in RULES)
    with pytest.raises(UnknownPolicy, match="no policy 'lottery'"):
        rule_on(date(2017, 4, 10), "lottery")
    with pytest.raises(UnknownPolicy, match="no rule 'leximin-fill/9'"):
        rule_of("leximin-fill/9")


def test_a_wrong_number_is_named_by_its_area():
    with pytest.raises(InvalidNeed, match="area 2: need is -1"):
        Situation.of(need=[5, -1], stock=1, unit=1)
    with pytest.raises(InvalidNeed, match="area 1: use is 0"):
        Situation.of(need=[5], use=[0], stock=1, unit=1)
    with pytest.raises(InvalidNeed, match="held has 1 entries for 2 areas"):
        Situation.of(need=[5, 5], held=[1], stock=1, unit=1)
    with pytest.raises(InvalidNeed, match="a box of 0"):
        Situation.of(need=[5], stock=1, unit=0)
    with pytest.raises(InvalidNeed, match="below zero"):
        Situation.of(need=[5], stock=-1, unit=1)
    close = Situation.of(need=[30_000_000] * 2, use=[5_000_000, 1], stock=50_000_000, unit=1)
    with pytest.raises(InvalidNeed, match="too close together"):
        rule_of("days-of-cover/1").share(close)
