"""Forecasts are scored against what happened, by nation, and an oracle says what could have been known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from blanko.engines.demand.history import TURNED_17
from blanko.engines.demand.published import RECORDED, pace_of_recording
from blanko.engines.demand.seeded import KINDS, seeded_nation
from blanko.engines.demand.trials import ALL, GRAINS, Tally, by_size, judge, score, spans, told_the_nation, trial


@pytest.fixture(scope="module")
def tried():
    return trial("stable", seed=3, areas=30, origin=36)


@pytest.mark.parametrize("kind", KINDS)
def test_the_oracle_knows_the_past_and_nothing_that_is_to_come(kind):
    true = seeded_nation(kind, seed=3, areas=30)
    known = seeded_nation(kind, seed=3, areas=30, until=36)
    assert np.array_equal(true.demand, known.demand)
    assert np.array_equal(true.history.applications, known.history.applications)
    assert known.true_mean[:, :, :36] == pytest.approx(true.true_mean[:, :, :36])
    assert not np.allclose(known.true_mean[:8, :, 36:48], true.true_mean[:8, :, 36:48], rtol=1e-3)
    later = seeded_nation(kind, seed=3, areas=30, until=60)
    assert later.true_mean == pytest.approx(true.true_mean)


def test_the_oracle_is_told_the_share_that_returns_only_when_it_has_begun_to():
    near, after = (
        [
            np.abs(
                seeded_nation("censored", seed=seed, areas=30, until=until).true_mean[TURNED_17, :, 36:39].sum()
                / seeded_nation("censored", seed=seed, areas=30).true_mean[TURNED_17, :, 36:39].sum()
                - 1
            )
            for seed in range(5)
        ]
        for until in (36, 37)
    )
    assert np.mean(near) > 4 * np.mean(after)


def test_who_knows_the_true_mean_misses_least(tried):
    tally = score(tried, nation_number=1, grains=GRAINS[:1], seed=1)
    for subject in (ALL, "turned_17"):
        errors = [tally.error(GRAINS[0], subject, method) for method in ("floor", "oracle", "ours", "last-year")]
        assert errors == sorted(errors)


def test_a_forecast_that_is_told_the_nation_sums_to_it(tried):
    told = told_the_nation(tried)
    assert spans(told.sum(axis=1), "quarter") == pytest.approx(spans(tried.happened.sum(axis=1), "quarter"))
    # And offices keep how they lie to each other.
    shares = [values[TURNED_17, :, 0] / values[TURNED_17, :, 0].sum() for values in (told, tried.made.mean)]
    assert shares[0] == pytest.approx(shares[1])


def test_errors_and_coverage_are_of_all_nations_and_their_spread_is_between_nations(tried):
    whole = Tally()
    for number in (1, 2):
        whole.add(score(tried, nation_number=number, grains=("province-quarter",), seed=1))
    one = score(tried, nation_number=1, grains=("province-quarter",), seed=1)
    grain = "province-quarter"
    assert whole.error(grain, ALL, "ours") == pytest.approx(one.error(grain, ALL, "ours"))
    share, count, spread = whole.coverage(grain, ALL, 0.8)
    assert (share, count) == (one.coverage(grain, ALL, 0.8)[0], 2 * one.coverage(grain, ALL, 0.8)[1])
    # The same nation twice tells no more of others than once, and two that agree differ by nothing.
    assert spread == 0
    points, unsure = whole.ahead(grain, ALL, "seasonal-naive")
    assert points == pytest.approx(one.error(grain, ALL, "seasonal-naive") - one.error(grain, ALL, "ours"))
    assert unsure == pytest.approx(0)
    assert np.isnan(one.coverage(grain, ALL, 0.8)[2])
    apart = Tally()
    apart.add(one)
    apart.add(one, first=10)
    assert {number for number, *_ in apart.misses[grain, ALL, "ours"]} == {1, 11}


def test_a_forecast_that_is_always_right_lies_inside_and_misses_nothing(tried):
    sure = replace(tried, happened=tried.made.mean.copy())
    tally = score(sure, nation_number=1, grains=("nation-year",), seed=1)
    assert tally.error("nation-year", ALL, "ours") == 0
    assert tally.coverage("nation-year", ALL, 0.8)[0] == 100


def test_offices_of_every_size_are_counted_once(tried):
    happened = sum(values[2] for values in by_size(tried).values())
    assert happened == pytest.approx(tried.happened[TURNED_17].sum())


def test_the_published_counts_are_foretold_from_those_before_alone(monkeypatch):
    said = pace_of_recording()
    assert [span.until for span in said] == [day for day, *_ in RECORDED[2:]]
    assert all(span.low < span.said < span.high for span in said)
    assert sum(span.happened for span in said) == RECORDED[-1][1] - RECORDED[1][1]
    changed = (*RECORDED[:-1], (RECORDED[-1][0], RECORDED[-1][1] + 5_000_000, RECORDED[-1][2]))
    monkeypatch.setattr("blanko.engines.demand.published.RECORDED", changed)
    again = pace_of_recording()
    assert [(span.said, span.low, span.high) for span in again] == [(span.said, span.low, span.high) for span in said]


def test_causes_that_are_off_together_are_told_from_those_that_are_not():
    generator = np.random.default_rng(1)
    alone, shared = Tally(), Tally()
    for number in range(200):
        own, common = generator.normal(size=8), generator.normal()
        alone.surprises.append((number, own))
        shared.surprises.append((number, own + common))
    apart, unsure = alone.together()
    assert abs(apart) < 3 * unsure
    assert shared.together()[0] == pytest.approx(0.5, abs=0.06)


def test_a_nation_is_judged_by_its_intervals_and_by_how_far_each_cause_was_off(tried):
    tally = judge(tried, nation_number=7, paths=200, seed=1)
    for grain, many in (("nation-quarter", 4), ("nation-year", 1)):
        ((number, share, count),) = tally.inside[grain, ALL, 0.8]
        assert (number, count) == (7, many)
        assert share * many == int(share * many)
        assert tally.inside[grain, ALL, 0.95][0][1] >= share
    ((number, off),) = tally.surprises
    assert (number, off.shape) == (7, (8,))
    assert (np.abs(off) < 6).all()
