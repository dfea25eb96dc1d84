"""Rates are learned with their uncertainty, borrow where they have to, and are overruled in the open."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blanko.engines.demand.comingofage import lagged, learn_delay
from blanko.engines.demand.course import Course, learn_trend_odds
from blanko.engines.demand.errors import InvalidHistory, InvalidRate
from blanko.engines.demand.forecast import forecast
from blanko.engines.demand.heldback import apart, beta_mean, beta_of, beta_spread, coming, echoes, returns
from blanko.engines.demand.history import CAUSES, TURNED_17, Split
from blanko.engines.demand.learn import learn
from blanko.engines.demand.offices import Spread, learn_together, moving, still, without_events
from blanko.engines.demand.priors import Priors, Rate, nation

from .histories import LOSS, history


def test_a_rate_is_found_again():
    rates = learn(history(rate=0.003), priors=nation())
    assert rates.rate_of("loss") == pytest.approx(0.003, rel=0.02)
    assert rates.rate_of("turned_17") == pytest.approx(0.9, rel=0.03)


def test_without_history_the_belief_is_the_rate():
    seen = history(months=0)
    rates = learn(seen, priors=nation())
    made = forecast(rates, seen, months=12)
    believed = nation().rates["loss"]
    assert made.mean[LOSS].sum() / seen.base.sum() / 12 == pytest.approx(believed.mean, rel=0.02)
    assert made.common_cv[LOSS] > 0.7
    # Those who turn 17 are counted, whatever is believed of the others.
    assert made.mean[TURNED_17].sum() == pytest.approx(0.9 * seen.birthdays[:, :12].sum(), rel=0.02)


def test_more_months_are_surer():
    short, long = (forecast(learn(history(months=m), priors=nation()), history(months=m), months=6) for m in (4, 48))
    assert long.common_cv[LOSS] < short.common_cv[LOSS]
    assert (long.area_cv[LOSS] < short.area_cv[LOSS]).all()


def test_a_new_office_is_taken_to_be_like_its_province():
    rate = np.where(np.arange(12) % 2 == 0, 0.001, 0.004)
    seen = history(rate=rate)
    new = [place for place, code in enumerate(seen.areas) if code in ("1101", "1201")]
    censored = seen.censored.copy()
    censored[new] = True
    rates = learn(replace(seen, censored=censored), priors=nation())
    assert rates.rate[LOSS, new[0]] == pytest.approx(0.001, rel=0.25)
    assert rates.rate[LOSS, new[1]] == pytest.approx(0.004, rel=0.25)
    assert (rates.rate_cv[LOSS, new] > 2 * np.delete(rates.rate_cv[LOSS], new).max()).all()


def test_a_small_office_borrows_more_than_a_large_one():
    """Both saw twice their province's rate; what a hundred persons did in a few months says little."""
    base = np.array([100_000.0] * 10 + [300.0, 300_000.0])
    seen = history(months=6, base=base, rate=np.array([0.002] * 10 + [0.004] * 2))
    rates = learn(seen, priors=nation())
    small, large = np.argmin(seen.base), np.argmax(seen.base)
    assert rates.rate[LOSS, small] < 0.0032
    assert rates.rate[LOSS, large] > 0.0035
    assert rates.rate_cv[LOSS, small] > 3 * rates.rate_cv[LOSS, large]


@given(seed=st.integers(0, 50))
@settings(max_examples=15, deadline=None)
def test_shrinkage_lies_between_the_office_and_its_province(seed):
    rng = np.random.default_rng(seed)
    expected, groups = rng.uniform(1, 1000, 20), np.arange(20) // 10
    counts = rng.poisson(expected * rng.lognormal(0, 0.3, 20)).astype(float)
    factor, province, _, _ = still(counts, expected, groups, Spread(0.35, 0.25))
    own = counts / expected
    assert (factor >= np.minimum(own, province) - 1e-9).all()
    assert (factor <= np.maximum(own, province) + 1e-9).all()


def test_season_and_trend_are_believed_only_where_the_months_show_them():
    rng, months = np.random.default_rng(3), np.arange(48)
    noise = np.full(48, 0.0004)

    def course(logs):
        return Course(-6 + logs + rng.normal(0, 0.02, 48), noise, 0, -6.0, 1.0)

    flat = course(np.zeros(48))
    seasonal = course(0.2 * np.sin(2 * np.pi * months / 12))
    rising = course(0.01 * months)
    assert flat.support()["season"] < 0.3
    assert seasonal.support()["season"] > 0.99
    assert seasonal.season[3] == pytest.approx(0.2, abs=0.03)
    assert flat.trend == pytest.approx(0, abs=0.001)
    assert rising.trend == pytest.approx(0.01, abs=0.002)
    assert rising.ahead(12)[0][11] > rising.level + 0.07
    assert abs(flat.ahead(12)[0][11] - flat.level) < 0.02


def test_whether_rates_have_trends_is_learned_from_all_causes():
    rng, months = np.random.default_rng(3), np.arange(48)

    def course(slope, scatter=0.02):
        logs = -6 + slope * months + rng.normal(0, scatter, 48)
        return Course(logs, np.full(48, 0.0002), 0, -6.0, 1.0)

    flat, rising = [course(0) for _ in range(6)], [course(0.007) for _ in range(6)]
    unclear = course(0.004, scatter=0.06)
    few, many = learn_trend_odds([*flat, unclear]), learn_trend_odds([*rising, unclear])
    assert few < unclear.trend_odds < 1 < many
    assert unclear.believing(few).trend < unclear.trend < unclear.believing(many).trend
    # Solved once, and the same as if it were made anew.
    anew = replace(unclear, trend_odds=many)
    assert unclear.believing(many).ahead(12)[0] == pytest.approx(anew.ahead(12)[0])
    assert learn_trend_odds([]) == pytest.approx(unclear.trend_odds)


def test_a_trend_that_was_seen_is_half_believed_to_fade():
    rng, months = np.random.default_rng(3), np.arange(48)
    course = Course(-6 + 0.01 * months + rng.normal(0, 0.01, 48), np.full(48, 0.0001), 0, -6.0, 1.0)
    mean, fading = course.ahead(24)[0], course.fading(24)
    # If it goes on, as far again as the months before; if it fades, no further than 20 months of it.
    assert (mean + fading)[23] - course.level == pytest.approx(24 * course.trend, rel=0.15)
    assert (mean - fading)[23] - course.level < 15 * course.trend
    assert (np.diff(fading) > 0).all()


def test_a_step_of_the_nation_is_found_and_stays():
    rng, months = np.random.default_rng(4), np.arange(48)
    logs = -6 + 0.3 * (months >= 30) + rng.normal(0, 0.02, 48)
    plain = Course(logs, np.full(48, 0.0002), 0, -6.0, 1.0)
    found = plain.with_shocks()
    assert [(shock.month, shock.stays) for shock in found.shocks] == [(30, True)]
    assert found.jumps()[0][1] == pytest.approx(0.3, abs=0.05)
    assert found.level == pytest.approx(-5.7, abs=0.03)
    # What is explained by the step need not be explained by drift: the future is surer.
    assert found.ahead(6)[1][5, 5] < plain.ahead(6)[1][5, 5]


def test_a_jump_of_the_last_month_counts_half():
    rng, months = np.random.default_rng(4), np.arange(48)
    logs = -6 + 0.5 * (months == 47) + rng.normal(0, 0.02, 48)
    found = Course(logs, np.full(48, 0.0002), 0, -6.0, 1.0).with_shocks()
    assert found.shocks
    assert -5.9 < found.ahead(1)[0][0] < -5.6
    assert found.ahead(1)[1][0, 0] > 0.01


def test_a_flood_of_one_province_is_no_rate():
    seen = history(rate=0.002)
    counts = seen.applications.copy()
    flooded = np.array([code.startswith("11") for code in seen.areas])
    counts[LOSS, flooded, 10:13] *= 3
    rates = learn(replace(seen, applications=counts), priors=nation())
    usual = learn(seen, priors=nation())
    assert rates.rate_of("loss", "11") == pytest.approx(usual.rate_of("loss", "11"), rel=0.05)
    # But floods come, and their average is part of the forecast.
    found = rates.events[LOSS]
    assert found.added == pytest.approx(3 * 2 / 36 / 2, rel=0.2)
    assert (found.starts, found.length) == (1, 3)
    assert found.size == pytest.approx(2, rel=0.1)
    kept = without_events(
        counts[LOSS].astype(float), np.full(counts[LOSS].shape, 200.0), ~seen.censored, flooded.astype(int),
        dispersion=0.0,
    )  # fmt: skip
    assert not kept[flooded, 10:13].any()
    assert kept.sum() == kept.size - 3 * flooded.sum()


def test_the_delay_after_a_birthday_is_learned_from_birthdays_that_differ():
    rng = np.random.default_rng(5)
    birthdays = rng.poisson(2_000 * (1 + 0.4 * np.sin(np.arange(60))), (30, 60)).astype(float)
    true = np.array([0.1, 0.5, 0.2, 0.1])
    born = lagged(birthdays, 4, 48)
    counts = rng.poisson(np.tensordot(true, born, 1)).astype(float)
    prior = np.array([0.5, 0.2, 0.1, 0.1])
    found = learn_delay(counts[:, 4:], born[:, :, 4:], np.ones((30, 44), bool), prior=prior, dispersion=0.0)
    assert found == pytest.approx(true, abs=0.04)


def test_nobody_applies_a_negative_number_of_times():
    born = lagged(np.random.default_rng(6).poisson(50, (3, 30)).astype(float), 6, 30)
    counts = np.zeros((3, 30))
    counts[:, ::2] = 60
    prior = np.full(6, 0.15)
    assert (learn_delay(counts, born, np.ones((3, 30), bool), prior=prior, dispersion=0.0) >= 0).all()


def stocked_out(*, come=0.4, months=48, first=24, last=30, echo=0.35, seed=1):
    """(a history of which seven tenths were held back for six months and ``come`` of that returned, the plain one)."""
    plain = history(months=months, base=400_000.0, births=2_000.0, seed=seed)
    seen, censored = plain.applications.copy(), plain.censored.copy()
    censored[:, first:last] = True
    rng, waiting = np.random.default_rng(seed), np.zeros(seen.shape[:2])
    for month in range(first, months):
        if month < last:
            held = rng.binomial(seen[:, :, month], 0.7)
            seen[:, :, month] -= held
            waiting += come * held
        else:
            back = rng.binomial(waiting.astype(int), echo)
            seen[:, :, month] += back
            waiting -= back
    return replace(plain, applications=seen, censored=censored), plain


def test_a_month_without_blanks_is_no_demand():
    cut, plain = stocked_out()
    true = learn(plain, priors=nation()).rate_of("loss")
    named = learn(cut, priors=nation()).rate_of("loss")
    blind = learn(replace(cut, censored=np.zeros_like(cut.censored)), priors=nation())
    assert named == pytest.approx(true, rel=0.02)
    # Taken at their word, the same months bend the course so far that half a year of it is missed.
    assert blind.courses[LOSS].fitted()[24:30].mean() < 0.5 * true


def test_the_returning_share_is_learned_and_stays_a_distribution():
    for come in (0.2, 0.6):
        found = learn(stocked_out(come=come)[0], priors=nation()).returning[LOSS]
        assert beta_mean(found) == pytest.approx(come, abs=0.12)
        assert 0.02 < beta_spread(found) < 0.2


@given(mean=st.floats(-5, 5), variance=st.floats(0, 1e6))
def test_the_returning_share_never_reaches_1(mean, variance):
    belief = beta_of(mean, variance)
    assert min(belief) > 0
    assert 0 < beta_mean(belief) < 1
    assert 0 < beta_mean(apart(belief, 0.08)) < 1
    assert beta_spread(apart(belief, 0.08)) >= beta_spread(belief) - 1e-9


def test_what_is_said_of_the_returning_share_is_as_sure_as_it_is_right():
    """The months in which it came back are used once: a course that had learned from them too would agree too well."""
    off = []
    for seed in range(3):
        for come in (0.25, 0.5):
            found = learn(stocked_out(come=come, seed=seed)[0], priors=nation())
            off += [(beta_mean(each) - come) / beta_spread(each) for each in (found.returning[LOSS],)]
    assert np.sqrt(np.mean(np.square(off))) < 1.6
    assert np.abs(np.mean(off)) < 1.0


@pytest.mark.parametrize(("echo", "months"), [(0.2, 5.0), (0.5, 2.0)])
def test_how_fast_it_comes_back_is_learned(echo, months):
    found = learn(stocked_out(echo=echo, come=0.6, months=42)[0], priors=nation()).likeliest
    speed = (np.arange(len(found.echo)) + 1) @ found.echo
    assert speed == pytest.approx(months, rel=0.3)


def test_a_speed_that_nothing_was_seen_of_stays_open():
    """At the end of the first stock-out all speeds are possible, so that no month's return is promised."""
    waves = learn(stocked_out(months=30)[0], priors=nation()).waves
    assert len(waves) > 4
    assert max(wave.weight for wave in waves) < 0.3
    assert sum(wave.weight for wave in waves) == pytest.approx(1)


def test_what_comes_back_to_an_office_is_not_taken_for_its_drift():
    cut, plain = stocked_out(months=44)
    assert learn(cut, priors=nation()).drift[LOSS] < 1.5 * learn(plain, priors=nation()).drift[LOSS]
    after, before = (learn(each, priors=nation()) for each in (cut, plain))
    assert after.rate_of("loss") == pytest.approx(before.rate_of("loss"), rel=0.015)


def test_offices_that_differ_in_what_comes_back_are_found_to_differ():
    alike, _ = stocked_out(months=40)
    seen = alike.applications.copy()
    # Half of the offices see a third less of what returns, half a third more.
    extra = np.maximum(seen[:, :, 30:40] - np.median(seen[:, :, :24], axis=2)[:, :, None], 0)
    seen[:, ::2, 30:40] -= (extra[:, ::2] / 3).astype(np.int64)
    seen[:, 1::2, 30:40] += (extra[:, 1::2] / 3).astype(np.int64)
    both = (alike, replace(alike, applications=seen))
    apart_by = [learn(each, priors=nation()).likeliest.unlike[TURNED_17] for each in both]
    assert apart_by[1] > apart_by[0] + 0.05


@pytest.mark.parametrize("share", [0.0, 0.8])
def test_drift_that_a_province_shares_is_told_from_offices_that_drift_alone(share):
    rng = np.random.default_rng(7)
    groups = np.repeat(np.arange(10), 12)
    steps = np.sqrt(share) * rng.normal(0, 0.02, (10, 48))[groups]
    steps = steps + np.sqrt(1 - share) * rng.normal(0, 0.02, (120, 48))
    expected = np.full((120, 48), 5_000.0)
    counts = rng.poisson(expected * np.exp(np.cumsum(steps, axis=1))).astype(float)
    found = learn_together(counts, expected, np.ones((120, 48), bool), groups, dispersion=0.0, drift=0.02)
    assert found == pytest.approx(share, abs=0.2)


def test_a_province_s_share_of_the_error_fades_as_its_offices_are_counted():
    expected, cv = np.full((4, 24), 400.0), np.full(4, 0.3)
    given = {"mean": np.ones(4), "cv": cv, "dispersion": 0.0, "drift": 0.0, "together": 0.5}
    given["province_cv"] = np.full(4, 0.2)
    many, few = (
        moving(expected[:, :months], expected[:, :months], np.ones((4, months), bool), **given) for months in (24, 1)
    )
    assert (many[2] < few[2]).all()
    assert (many[2] <= many[1]).all()
    nothing = moving(np.zeros((4, 0)), np.zeros((4, 0)), np.ones((4, 0), bool), **given)
    assert nothing[2] == pytest.approx(0.2)


def test_what_all_offices_share_is_counted_once():
    """The course is the sum's: a nation that rose is not lifted once more by each of its offices."""
    seen = history(months=40)
    counts = seen.applications.copy()
    counts[LOSS, :, 36:] = counts[LOSS, :, 36:] * 1.15
    rates = learn(replace(seen, applications=counts), priors=nation())
    level = np.exp(rates.courses[LOSS].level)
    assert rates.rate_of("loss") == pytest.approx(level, rel=0.01)


def test_what_is_held_back_comes_after_the_stock_out_in_part():
    cut, _ = stocked_out(months=30)
    rates = learn(cut, priors=nation())
    made = forecast(rates, cut, months=12)
    held = rates.pending.sum(axis=0)[LOSS].sum()
    assert held == pytest.approx(0.7 * 6 * 800 * 12, rel=0.05)
    # Nothing was seen to return yet: the belief from Britain holds, under a half.
    assert made.returned[LOSS].sum() == pytest.approx(0.375 * held, rel=0.15)
    assert made.returned[LOSS, :, 0].sum() > made.returned[LOSS, :, 6].sum() > 0
    assert (
        made.common_cv[LOSS]
        > forecast(learn(stocked_out()[1], priors=nation()), stocked_out()[1], months=12).common_cv[LOSS]
    )


@given(months=st.floats(1.5, 12), waits=st.integers(1, 5))
@settings(max_examples=20)
def test_what_is_held_back_is_due_once(months, waits):
    echo = echoes(months)
    held, censored = np.zeros((1, 2, waits + 60)), np.zeros((2, waits + 60), bool)
    held[:, :, :waits], censored[:, :waits] = 10.0, True
    found = returns(held, censored, echo, np.ones(2))
    later = coming(found.pending, echo, np.ones(2), 60)
    assert found.due.sum() + later.sum() == pytest.approx(held.sum())
    assert not found.due[:, censored].any()


def test_the_dead_do_not_come_back():
    cut, _ = stocked_out(months=30)
    deaths = np.full(cut.censored.shape, 0.02 * 400_000)
    dying = learn(replace(cut, deaths=deaths), priors=nation())
    alive = learn(cut, priors=nation())
    assert dying.pending.sum() < 0.97 * alive.pending.sum()
    assert dying.death_rate == pytest.approx(np.full(12, 0.02), rel=0.05)


def test_an_overruled_rate_keeps_both_versions():
    seen = history()
    learned = learn(seen, priors=nation())
    was = learned.rate_of("loss")
    mended = learned.overruled("loss", rate=0.004, who="perencana", why="police letters are free from May", cv=0.05)
    assert (learned.rate_of("loss"), learned.version, learned.overrules) == (was, 1, ())
    assert mended.rate_of("loss") == pytest.approx(0.004)
    assert (mended.version, mended.previous) == (2, learned)
    stated = mended.overrules[0]
    assert (stated.who, stated.was, stated.area) == ("perencana", was, "")
    before, after = (forecast(each, seen, months=12) for each in (learned, mended))
    assert after.mean[LOSS].sum() / before.mean[LOSS].sum() == pytest.approx(0.004 / was)
    assert after.common_cv[LOSS] == pytest.approx(0.05)
    again = mended.overruled("loss", rate=0.001, who="perencana", why="counted in one office", area="1103")
    assert again.rate_of("loss", "1103") == pytest.approx(0.001)
    assert again.rate_of("loss", "1104") == mended.rate_of("loss", "1104")
    assert len(again.overrules) == 2
    assert again.previous.previous == learned


@pytest.mark.parametrize(
    ("more", "names"),
    [
        ({"rate": 1.2}, "1.2"),
        ({"rate": -0.1}, "-0.1"),
        ({"who": " "}, "who"),
        ({"why": ""}, "why"),
        ({"area": "99"}, "99"),
        ({"cause": "theft"}, "theft"),
        ({"cause": "region_split"}, "region_split"),
        ({"cv": float("nan")}, "nan"),
    ],
)
def test_what_no_rate_can_be_is_refused_by_name(more, names):
    given = {"cause": "loss", "rate": 0.1, "who": "a", "why": "b", **more}
    rates = learn(history(months=3), priors=nation())
    with pytest.raises(InvalidRate, match=names) as refused:
        rates.overruled(given.pop("cause"), **given)
    assert refused.value.mend


def test_what_no_belief_can_be_is_refused_by_name():
    with pytest.raises(InvalidRate, match="loss is 1.5"):
        Priors(rates={"loss": Rate(1.5, 1, "")})
    with pytest.raises(InvalidRate, match="theft"):
        Priors(rates={"theft": Rate(0.5, 1, "")})
    with pytest.raises(InvalidRate, match="take_up"):
        Priors(rates={}, take_up=1.1)
    with pytest.raises(InvalidRate, match="returning"):
        Priors(rates={}, returning=(0.0, 1.0))


def wrong(name, change):
    seen = history(months=3)
    values = getattr(seen, name).copy()
    return {name: change(values)}


def put(values, value):
    values[(1,) * values.ndim] = value
    return values


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (wrong("applications", lambda v: put(v, -1)), "applications of 1102 hold -1"),
        (wrong("applications", lambda v: v[:, :, :2]), "shape"),
        (wrong("applications", lambda v: v[:5]), "shape"),
        (wrong("base", lambda v: put(v, np.nan)), "base of 1102"),
        (wrong("birthdays", lambda v: put(v, -2.0)), "birthdays of 1102 hold -2"),
        (wrong("birthdays", lambda v: v[:, :2]), "birthdays have the shape"),
        (wrong("censored", lambda v: v[:3]), "censored have the shape"),
        ({"splits": (Split("9999", date(2014, 2, 1), 5.0),)}, "9999"),
        ({"splits": (Split("1101", date(2014, 2, 1), -5.0),)}, "-5"),
        ({"areas": ("11",) * 12}, "11 is no regency code"),
        ({"areas": tuple(["1101"] * 12)}, "twice"),
        ({"first_month": date(2014, 1, 5)}, "2014-01-05"),
        ({"deaths": np.zeros((1, 1))}, "deaths"),
        ({"unrecorded": np.full(12, -1.0)}, "unrecorded of 1101 hold -1"),
    ],
)
def test_what_cannot_have_been_seen_is_refused_by_name(given, names):
    with pytest.raises(InvalidHistory, match=names) as refused:
        replace(history(months=3), **given)
    assert refused.value.mend


def test_causes_are_those_of_the_application_files():
    from blanko.records.intake.kinds import CAUSES as FILED

    assert set(FILED) == set(CAUSES[:8])


def test_a_handful_of_applications_a_month_is_counted_and_not_lost_in_logarithms():
    """A zero has no logarithm; taken as a half it would drag the rate of two small offices down by a third."""
    found, seen = [], []
    for seed in range(8):
        small = history(areas=2, months=24, base=10_000.0, rate=0.0001, seed=seed)
        found.append(learn(small, priors=nation()).rate_of("loss"))
        seen.append(small.applications[LOSS].sum() / small.base.sum() / 24)
    assert np.mean(found) == pytest.approx(np.mean(seen), rel=0.1)
