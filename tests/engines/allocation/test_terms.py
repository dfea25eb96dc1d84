"""The terms of a round, around every policy: reserve, claims, classes, smallest lots, what is put off, what is lent."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

import numpy as np
import pytest
from engines.allocation.test_policies import ABOVE_NEED, ALL, situations
from hypothesis import given, settings
from hypothesis import strategies as st

from blanko.engines.allocation import AreaNeed, allocate
from blanko.engines.allocation.errors import InvalidTerms
from blanko.engines.allocation.policies import Situation, equal_counts, leximin
from blanko.engines.allocation.terms import CLASS_REFERENCES, Claim, PriorityClass, Terms, classes_on, divide, lend

DAY = date(2017, 5, 1)


@ALL
@settings(deadline=None)
@given(now=situations(), lot=st.sampled_from([0, 300, 1_000]), reserve=st.integers(0, 5_000), parts=st.booleans())
def test_under_any_terms_the_sums_hold(rule, now, lot, reserve, parts):
    terms = Terms(part_boxes=parts, lot_min=lot, reserve=reserve, purpose="floods in May")
    done = divide(now, rule.share, terms)
    assert done.shares.sum() + done.left + done.reserve == now.stock
    assert done.left >= 0 and done.reserve == min(reserve, now.stock)
    assert (done.shares <= now.limit).all()
    if rule.policy not in ABOVE_NEED:
        assert (done.shares <= now.remaining).all()
        # A share is nothing, a lot, or all that the area could still use.
        whole = np.minimum(now.remaining, now.limit)
        enough = np.minimum(lot, whole // now.unit * now.unit)
        assert ((done.shares == 0) | (done.shares >= enough)).all()
    if not parts:
        assert (done.shares % now.unit == 0).all()


@settings(deadline=None)
@given(now=situations(), split=st.integers(0, 100))
def test_a_class_is_served_everywhere_before_the_next_one_begins(now, split):
    first = now.need * split // 100
    classes = classes_on(DAY, {"vulnerable": first, "everybody_else": now.need - first})
    shares = divide(now, leximin, Terms(classes=classes)).shares
    lacking = np.minimum(np.maximum(first - now.held, 0), now.limit) // now.unit * now.unit
    if (shares < lacking).any():
        assert (shares <= lacking).all()


def test_a_class_needs_a_reference_and_its_day():
    with pytest.raises(InvalidTerms, match="has no reference"):
        PriorityClass("friends", " ", DAY, np.array([1]))
    with pytest.raises(InvalidTerms, match="'suket_holders' may go first on 2017-04-04"):
        classes_on(date(2017, 4, 4), {"suket_holders": [5]})
    assert [one.name for one in classes_on(DAY, {"everybody_else": [1], "suket_holders": [1]})] == [
        "suket_holders",
        "everybody_else",
    ]
    assert all(reference for _name, reference, _day in CLASS_REFERENCES)
    with pytest.raises(InvalidTerms, match="area 2 do not sum to its need"):
        now = Situation.of(need=[5, 6], stock=1, unit=1)
        divide(now, leximin, Terms(classes=classes_on(DAY, {"vulnerable": [5, 5]})))


@ALL
@settings(deadline=None)
@given(now=situations(), wish=st.integers(0, 3_000))
def test_what_is_put_off_goes_to_others_at_once_and_comes_first_next_time(rule, now, wish):
    plain = divide(now, rule.share).shares
    done = divide(now, rule.share, Terms(deferred=(Claim(0, wish, DAY),)))
    claim = sum(one.blanks for one in done.claims)
    assert claim == min(wish, int(plain[0])) // now.unit * now.unit
    assert done.shares[0] <= plain[0] - claim or rule.policy == "projected_proportional"
    if rule.policy not in ABOVE_NEED | {"projected_proportional"} and claim:
        assert done.shares[1:].sum() >= plain[1:].sum()
    # The next round: the same need, new stock for the claim alone.
    held = now.held + done.shares
    then = replace(now, held=held, unprinted=held, stock=claim, limit=np.full_like(now.limit, 10**7))
    after = divide(then, rule.share, Terms(claims=done.claims))
    assert after.claimed[0] == min(claim, int(then.remaining[0])) // now.unit * now.unit


def test_claims_are_served_oldest_first_and_lapse_with_the_need():
    now = Situation.of(need=[500, 2_000, 100], stock=1_500, unit=100)
    claims = (Claim(1, 1_000, date(2017, 6, 1)), Claim(0, 900, DAY), Claim(2, 300, DAY))
    done = divide(now, equal_counts, Terms(claims=claims))
    assert done.claimed.tolist() == [500, 900, 100]
    assert done.claims == (Claim(1, 100, date(2017, 6, 1)),)


def test_a_small_lot_goes_to_those_who_get_a_whole_one():
    now = Situation.of(need=[10_000, 10_000, 10_000], stock=2_000, unit=500)
    assert divide(now, leximin).shares.tolist() == [1_000, 500, 500]
    assert divide(now, leximin, Terms(lot_min=1_000)).shares.tolist() == [1_000, 1_000, 0]


def test_a_reserve_needs_its_purpose_and_a_claim_its_area():
    now = Situation.of(need=[5], stock=5, unit=1)
    with pytest.raises(InvalidTerms, match="has no purpose"):
        divide(now, leximin, Terms(reserve=3))
    with pytest.raises(InvalidTerms, match="by area 3"):
        divide(now, leximin, Terms(claims=(Claim(2, 1, DAY),)))
    with pytest.raises(InvalidTerms, match="puts off twice"):
        divide(now, leximin, Terms(deferred=(Claim(0, 1, DAY), Claim(0, 1, DAY))))
    with pytest.raises(InvalidTerms, match="below zero"):
        divide(now, leximin, Terms(lot_min=-1))


@settings(deadline=None)
@given(now=situations(units=(1, 100)))
def test_lending_levels_the_cover_inside_a_province_and_makes_no_lender_the_poorest(now):
    held = np.minimum(now.held, 3_000)
    now = replace(now, held=held, unprinted=held)
    loans = lend(now)
    after = now.held.copy()
    for loan in loans:
        assert now.province[loan.lender] == now.province[loan.borrower] and loan.blanks % now.unit == 0
        after[loan.lender] -= loan.blanks
        after[loan.borrower] += loan.blanks
    assert (after >= 0).all() and after.sum() == now.held.sum()
    borrowers = {loan.borrower for loan in loans}
    assert not borrowers & {loan.lender for loan in loans}
    assert all(after[i] <= max(now.need[i], now.held[i]) for i in borrowers)

    def cover(held, i):
        return Fraction(int(held[i]), int(now.use[i]))

    for province in set(now.province.tolist()):
        members = np.flatnonzero(now.province == province).tolist()
        touched = [i for i in members if after[i] != now.held[i]]
        if touched:
            # The one that stood lowest among those who lend or borrow stands higher now, and nobody fell below it.
            assert min(cover(after, i) for i in touched) > min(cover(now.held, i) for i in touched)
    taken = np.maximum(after - now.held, 0)
    assert lend(replace(now, held=after, unprinted=after, limit=now.limit - taken)) == ()


def test_a_province_runs_out_together_after_lending():
    now = Situation.of(need=[9_000, 9_000, 9_000], held=[6_000, 0, 0], use=[100, 200, 300], stock=0, unit=100)
    held = now.held.copy()
    for loan in lend(now):
        held[loan.lender] -= loan.blanks
        held[loan.borrower] += loan.blanks
    assert held.tolist() == [1_000, 2_000, 3_000]


def test_an_office_lends_only_what_lies_there_and_nothing_that_is_on_its_way():
    now = Situation.of(need=[9_000, 9_000], held=[6_000, 0], use=[100, 100], stock=0, unit=100)
    assert sum(loan.blanks for loan in lend(now, lendable=np.array([700, 0]))) == 700
    assert lend(now, lendable=np.array([0, 0])) == ()


@settings(deadline=None)
@given(now=situations(), kept=st.integers(0, 3_000))
def test_blanks_kept_for_part_boxes_give_what_the_published_round_gives(now, kept):
    by_rank = np.argsort(now.rank)
    needs = [
        AreaNeed(f"{place:04d}", int(now.need[i]), in_hand=int(now.held[i])) for place, i in enumerate(by_rank.tolist())
    ]
    free = replace(now, limit=np.full_like(now.limit, 10**7))
    mine = divide(free, leximin, Terms(part_boxes=True, part_reserve=kept)).shares
    published = allocate(needs, stock=now.stock, box_size=now.unit, part_boxes=True, part_reserve=kept)
    assert mine[by_rank].tolist() == [share.share for share in published.shares]
