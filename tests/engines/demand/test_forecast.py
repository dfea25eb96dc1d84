"""The nation is the sum of its regencies in every path, and intervals hold what they say."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blanko.engines.demand.errors import InvalidHistory, InvalidRate
from blanko.engines.demand.forecast import Forecast, forecast, owed_after_deaths
from blanko.engines.demand.history import CAUSES, REGION_SPLIT, SUKET, TURNED_17, Split
from blanko.engines.demand.learn import learn
from blanko.engines.demand.priors import nation
from blanko.engines.demand.scores import covered, pinball, seasonal_naive, wape
from blanko.engines.demand.seeded import KINDS, seeded_nation

from .histories import LOSS, history


def made(months=12, **more):
    seen = history(**more)
    return forecast(learn(seen, priors=nation()), seen, months=months)


def test_the_nation_is_the_sum_of_its_regencies_in_every_path():
    each = made()
    paths = each.paths(paths=200, seed=7)
    assert paths.shape == (200, len(CAUSES), 12, 12)
    assert np.issubdtype(paths.dtype, np.integer)
    assert (paths >= 0).all()
    # The intervals of the nation, of provinces and of areas are of these very paths.
    for by, groups in (("nation", [slice(None)]), ("province", [slice(0, 6), slice(6, 12)])):
        said = each.intervals(0.8, by=by, every="year", paths=200, seed=7)
        for place, inside in enumerate(groups):
            total = paths[:, :, inside].sum(axis=(1, 2, 3))
            assert said.low[0, place, 0] == pytest.approx(np.quantile(total, 0.1, method="weibull"))
            assert said.high[0, place, 0] == pytest.approx(np.quantile(total, 0.9, method="weibull"))


def test_the_same_seed_gives_the_same_bytes():
    first, second = made(), made()
    digest = [sha256(each.paths(paths=50, seed=3).tobytes()).hexdigest() for each in (first, second)]
    assert digest[0] == digest[1]
    assert not np.array_equal(first.paths(paths=50, seed=3), first.paths(paths=50, seed=4))


def test_paths_have_the_means_and_spreads_that_the_forecast_states():
    mean = np.zeros((len(CAUSES), 40, 3))
    mean[LOSS] = 500.0
    each = Forecast(
        areas=tuple(f"11{place:02d}" for place in range(1, 41)), causes=CAUSES, first_month=date(2017, 1, 1), mean=mean,
        common_cv=np.full(len(CAUSES), 0.1), area_cv=np.full(mean.shape[:2], 0.2),
        dispersion=np.full(len(CAUSES), 0.05), returned=np.zeros_like(mean),
    )  # fmt: skip
    drawn = each.paths(paths=8_000, seed=1)[:, LOSS].astype(float)
    assert drawn.mean() == pytest.approx(500, rel=0.01)
    one = 500 + 500**2 * ((1 + 0.1**2) * (1 + 0.2**2) * (1 + 0.05) - 1)
    assert drawn[:, 0, 0].var() == pytest.approx(one, rel=0.08)
    # All areas share one factor, so that the nation does not average it away.
    nation_cv = drawn.sum(axis=(1, 2)).std() / drawn.sum(axis=(1, 2)).mean()
    assert nation_cv == pytest.approx(np.sqrt(0.1**2 + 0.2**2 / 40 + 0.05 / 120), rel=0.05)


def test_wider_levels_hold_narrower_ones_and_the_mean():
    said = made().intervals((0.5, 0.8, 0.95), by="area", every="month")
    assert (np.diff(said.low, axis=0) <= 0).all()
    assert (np.diff(said.high, axis=0) >= 0).all()
    assert ((said.mean > said.low[2]) & (said.mean < said.high[2])).all()
    assert said.starts[0] == date(2017, 1, 1)
    assert len(said.names) == 12


def test_a_quarter_begins_with_the_first_month_and_the_rest_is_a_shorter_span():
    said = made(months=7).intervals(0.8, every="quarter", causes=("loss",))
    assert said.starts == (date(2017, 1, 1), date(2017, 4, 1), date(2017, 7, 1))
    assert said.mean[0, 2] < said.mean[0, 0] / 2


def test_birthdays_to_come_are_cards_to_come():
    seen = history(ahead=24)
    more = seen.birthdays.copy()
    more[:, 36:] *= 1.5
    usual, larger = (
        forecast(learn(each, priors=nation()), each, months=24) for each in (seen, replace(seen, birthdays=more))
    )
    assert larger.mean[TURNED_17, :, 12:].sum() / usual.mean[TURNED_17, :, 12:].sum() == pytest.approx(1.5, rel=0.02)
    assert larger.mean[LOSS] == pytest.approx(usual.mean[LOSS])


def test_open_sukets_come_for_a_card_once_and_the_dead_do_not():
    seen = history(open_sukets=np.full(12, 1_000.0))
    each = forecast(learn(seen, priors=nation()), seen, months=24)
    came = each.mean[SUKET].sum(axis=1)
    assert (came < 900).all()
    assert (came > 800).all()
    assert (np.diff(each.mean[SUKET], axis=1) < 0).all()
    assert not made().mean[SUKET].any()
    rates = learn(seen, priors=nation())
    left = owed_after_deaths(rates, np.full(12, 1_000.0), months=12)
    assert (np.diff(left, axis=1) < 0).all()
    assert left[0, -1] == pytest.approx(1_000 * (1 - rates.death_rate[0]) ** 12)


def test_a_split_is_an_event_of_its_area():
    seen = history(splits=(Split("1103", date(2017, 3, 1), 50_000.0),))
    each = forecast(learn(seen, priors=nation()), seen, months=24)
    place = seen.areas.index("1103")
    brought = each.mean[REGION_SPLIT]
    assert brought[place, :2].sum() == 0
    assert brought[place].sum() == pytest.approx(0.3 * 50_000, rel=0.05)
    assert np.delete(brought, place, axis=0).sum() == 0


def test_what_an_earlier_split_brought_tells_of_the_next():
    counts = history().applications
    counts[REGION_SPLIT, 0, 6:30] = 40_000 / 24
    seen = history(counts=counts, splits=(Split("1101", date(2014, 7, 1), 50_000.0),))
    assert learn(seen, priors=nation()).split_share[0] > 0.4


@pytest.mark.parametrize(
    ("ask", "error", "names"),
    [
        (lambda rates, seen: forecast(rates, seen, months=25), InvalidHistory, "birthdays end after 60"),
        (lambda rates, seen: forecast(rates, seen, months=0), InvalidHistory, "0 months"),
        (lambda rates, seen: forecast(rates, history(areas=4), months=3), InvalidHistory, "other areas"),
        (lambda rates, seen: forecast(rates, seen, months=3).paths(paths=0, seed=1), InvalidRate, "0 paths"),
        (lambda rates, seen: forecast(rates, seen, months=3).intervals(1.5), InvalidRate, "1.5"),
        (lambda rates, seen: forecast(rates, seen, months=3).intervals(by="village"), InvalidRate, "village"),
        (lambda rates, seen: forecast(rates, seen, months=3).intervals(causes=("theft",)), InvalidRate, "theft"),
    ],
)
def test_what_cannot_be_forecast_is_refused_by_name(ask, error, names):
    seen = history()
    with pytest.raises(error, match=names) as refused:
        ask(learn(seen, priors=nation()), seen)
    assert refused.value.mend


@pytest.mark.parametrize("kind", KINDS)
def test_forecasts_of_seeded_nations_beat_last_year_and_hold_their_intervals(kind):
    misses, naive, inside = [], [], {0.8: [], 0.95: []}
    for seed in range(3):
        seeded = seeded_nation(kind, seed=seed, areas=60)
        seen = seeded.history.before(42)
        each = forecast(learn(seen, priors=nation()), seen, months=12)
        actual = seeded.demand[:, :, 42:54].sum(axis=0).astype(float)
        misses.append(wape(actual, each.mean.sum(axis=0)))
        naive.append(wape(actual, seasonal_naive(seen.applications.sum(axis=0).astype(float), 12)))
        said = each.intervals(by="area", every="month", paths=300)
        for place, level in enumerate(said.levels):
            inside[level].append(covered(actual, said.low[place], said.high[place]))
    assert np.mean(misses) < 0.85 * np.mean(naive)
    if kind == "shocked":
        # A flood that is to come, in one of only four provinces, lies outside the intervals: that is said in the docs.
        return
    assert np.mean(inside[0.8]) == pytest.approx(0.8, abs=0.05)
    assert np.mean(inside[0.95]) == pytest.approx(0.95, abs=0.03)


def test_a_seeded_nation_is_the_same_for_the_same_seed_and_hides_what_stock_outs_held_back():
    first, second = (seeded_nation("censored", seed=5, areas=20) for _ in range(2))
    assert np.array_equal(first.history.applications, second.history.applications)
    cut = np.broadcast_to(first.history.censored, first.demand.shape)
    assert cut.any()
    assert first.history.applications[cut].sum() < 0.8 * first.demand[cut].sum()
    assert np.array_equal(first.history.applications[~cut], first.demand[~cut])
    assert first.history.before(12).ends == date(2013, 1, 1)
    with pytest.raises(InvalidHistory, match="calm"):
        seeded_nation("calm", seed=1)


def test_pinball_loss_is_least_for_the_true_quantiles():
    rng = np.random.default_rng(1)
    actual = rng.normal(100, 10, 20_000)
    at = (0.1, 0.9)
    true = np.quantile(actual, at)[:, None] + np.zeros_like(actual)
    assert pinball(actual, true, at) < pinball(actual, true + np.array([[-8], [8]]), at)
    assert pinball(actual, true, at) < pinball(actual, true + np.array([[5], [-5]]), at)


@given(
    seed=st.integers(0, 10_000),
    areas=st.integers(1, 5),
    months=st.integers(0, 30),
    rate=st.sampled_from([0.0, 1e-5, 0.01, 0.9]),
    base=st.sampled_from([0.0, 3.0, 50_000.0]),
    births=st.sampled_from([0.0, 0.3, 5_000.0]),
    cut=st.sampled_from([0.0, 0.3, 1.0]),
)
@settings(max_examples=25, deadline=None)
def test_any_lawful_history_gives_a_forecast_that_can_be(seed, areas, months, rate, base, births, cut):
    seen = history(areas=areas, months=months, rate=rate, base=base, births=births, seed=seed)
    censored = np.random.default_rng(seed).random((areas, months)) < cut
    seen = replace(seen, censored=censored)
    rates = learn(seen, priors=nation())
    each = forecast(rates, seen, months=6)
    for values in (each.mean, each.common_cv, each.area_cv, each.dispersion, each.returned, rates.rate, rates.rate_cv):
        assert np.isfinite(values).all()
        assert (values >= 0).all()
    # Nobody is asked for more cards than ten times what anybody could have asked for.
    assert each.mean[1:8].sum(axis=0).max(initial=0) <= 10 * max(base, 1)
    assert each.mean[TURNED_17].max(initial=0) <= 10 * max(births, 1)
    each.paths(paths=5, seed=1)
