"""Score cards and lead times begin with their priors and move towards what was seen."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from blanko.records.procurement import lead_times, scorecard
from blanko.records.procurement.lead_times import Prior
from blanko.records.procurement.scorecard import BetaPrior, Record

shapes = st.floats(0.2, 50)


@given(st.integers(0, 200), st.integers(0, 200), shapes, shapes)
def test_a_rate_lies_between_its_prior_and_what_was_seen(cases, others, alpha, beta):
    assume(cases + others)
    found = scorecard.rate(cases, cases + others, BetaPrior(alpha, beta))
    low, high = sorted((alpha / (alpha + beta), cases / (cases + others)))
    assert low - 1e-12 <= found.mean <= high + 1e-12


@given(st.integers(1, 50), shapes, shapes)
def test_each_good_case_more_moves_a_rate_up_and_narrows_nothing_away(cases, alpha, beta):
    prior = BetaPrior(alpha, beta)
    few, more = scorecard.rate(cases, cases, prior), scorecard.rate(cases + 1, cases + 1, prior)
    assert few.mean < more.mean < 1
    assert few.quantile(0.1) < more.quantile(0.1) + 1e-12


@given(st.floats(0.02, 0.98), shapes, shapes)
def test_a_quantile_is_the_inverse_of_the_distribution(probability, alpha, beta):
    at = scorecard.beta_quantile(probability, alpha, beta)
    assume(1e-9 < at < 1 - 1e-9)
    assert scorecard.beta_below(at, alpha, beta) == pytest.approx(probability, abs=1e-6)


@pytest.mark.parametrize("x", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_the_distribution_equals_the_binomial_sum_for_whole_numbers(x):
    a, b = 3, 5
    n = a + b - 1
    binomial = sum(math.comb(n, k) * x**k * (1 - x) ** (n - k) for k in range(a, n + 1))
    assert scorecard.beta_below(x, a, b) == pytest.approx(binomial, abs=1e-12)


def test_a_supplier_of_whom_nothing_is_known_shows_the_priors():
    card = scorecard.score(Record())
    for rate in (card.on_time, card.short, card.defect):
        assert (rate.alpha, rate.beta) == (rate.prior.alpha, rate.prior.beta)
        assert rate.prior.source
    assert card.days_late.observed == 0
    assert card.days_late.median_days == pytest.approx(card.days_late_prior.median_days)


@pytest.mark.parametrize(("cases", "tried"), [(2, 1), (-1, 3)])
def test_more_cases_than_were_tried_are_refused(cases, tried):
    with pytest.raises(scorecard.MoreThanTried):
        scorecard.rate(cases, tried, BetaPrior(1, 1))


def test_records_of_several_contracts_add_up():
    one = Record(due=2, on_time=1, short=0.5, days_late=(3.0,), boxes=10, rejected=1)
    assert scorecard.together([one, one]) == Record(4, 2, 1.0, (3.0, 3.0), 20, 2)


days = st.lists(st.floats(1, 400), min_size=1, max_size=30)
priors = st.builds(Prior, st.floats(1, 200), st.floats(0.1, 1.5), st.floats(0.5, 10))


@given(days, priors)
def test_a_median_lies_between_its_prior_and_what_was_seen(observed, prior):
    found = lead_times.posterior(observed, prior)
    seen = math.exp(math.fsum(map(math.log, observed)) / len(observed))
    low, high = sorted((prior.median_days, seen))
    assert low * (1 - 1e-9) <= found.median_days <= high * (1 + 1e-9)
    assert found.sigma > 0
    assert found.observed == len(observed)


@given(priors)
def test_without_observations_the_prior_stands(prior):
    found = lead_times.posterior([], prior)
    assert found.median_days == pytest.approx(prior.median_days)
    assert found.sigma == pytest.approx(prior.sigma)
    assert found.source == prior.source


def test_a_thousand_like_contracts_outweigh_the_prior():
    found = lead_times.posterior([20.0, 40.0] * 500, Prior(200.0, 0.2))
    assert found.median_days == pytest.approx(math.sqrt(800), rel=0.02)
    assert found.sigma == pytest.approx(math.log(2) / 2, rel=0.1)


def test_one_late_contract_moves_the_answer_and_does_not_become_it():
    found = lead_times.posterior([120.0], Prior(30.0, 0.4, 3.0))
    assert 30 < found.median_days < 60
    assert found.sigma > 0.4


def test_every_stage_has_its_prior_and_its_source():
    found = lead_times.learn({"tender": [20.0]})
    assert tuple(found) == lead_times.STAGES
    assert found["tender"].observed == 1
    assert all(lead.source for lead in found.values())


@pytest.mark.parametrize("wrong", [-1.0, math.nan, math.inf])
def test_a_stage_that_ends_before_it_begins_is_refused(wrong):
    with pytest.raises(lead_times.NegativeDays):
        lead_times.learn({"tender": [wrong]})


def test_an_unknown_stage_is_refused():
    with pytest.raises(lead_times.UnknownStage):
        lead_times.learn({"prayer": [1.0]})


def test_a_stage_within_one_day_has_some_length():
    assert lead_times.posterior([0.0] * 50, Prior(3.0, 0.5)).median_days < 1
