"""Learn rates from what was seen. Pure numpy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from blanko.engines.demand.comingofage import lagged, learn_delay
from blanko.engines.demand.course import Course, learn_trend_odds
from blanko.engines.demand.floods import Events, learn_events
from blanko.engines.demand.heldback import Wave, echoes, returns
from blanko.engines.demand.history import (
    CAUSES,
    FIRST_CARD,
    RATE_CAUSES,
    REGION_SPLIT,
    SUKET,
    TURNED_17,
    Bools,
    Floats,
    History,
    Ints,
    months_between,
)
from blanko.engines.demand.offices import (
    Spread,
    learn_dispersion,
    learn_drift,
    learn_together,
    moving,
    still,
    without_events,
)
from blanko.engines.demand.priors import Priors, Rate
from blanko.engines.demand.rates import Rates
from blanko.engines.demand.returning import Usual, as_waves, mixed, ways

# Months into which this share of a month would come, were all of it to come back, are no plain months.
MARKED = 0.08
# By how much a month may be off by what came back: to tell of an area, and to tell of the nation.
OFF_AREA, OFF_NATION = 0.01, 0.2
# A cause that is only sometimes counted, and of which nothing is believed beforehand.
# Monthly counts of the nation from which on their logarithms may stand for them.
LARGE = 100.0
UNKNOWN = Rate(mean=1e-6, cv=3.0, source="none")


@dataclass(frozen=True, slots=True)
class _Learned:
    """One cause: its course, each area's factor now, its noise, and what was to be expected of each month."""

    course: Course
    factor: Floats
    cv: Floats
    shared_cv: Floats
    dispersion: float
    drift: float
    together: float
    spread: Spread
    expected: Floats
    events: Events


def learn(history: History, *, priors: Priors) -> Rates:
    """Rates of each cause and area, with their uncertainty. An empty history gives the priors back."""
    shape = history.applications.shape
    deaths = _death_rate(history, priors)
    counts = history.applications.astype(np.float64)
    # Months into which much comes back are no plain months: they are left out at first, then less what came back.
    marked = returns(np.ones((1, *shape[1:])), history.censored, echoes(priors.echo_months), 1 - deaths).due[0]
    valid = np.broadcast_to(~history.censored & (marked < MARKED), shape)
    delay, found = _learn_causes(history, counts, valid, priors)
    echo = echoes(priors.echo_months)
    waves: tuple[Wave, ...] = (
        Wave(
            1.0, (priors.returning,) * len(CAUSES), (priors.returning_unlike,) * len(CAUSES), echo,
            np.zeros((len(echo), *shape[:2])),
        ),
    )  # fmt: skip
    if history.censored.any():
        # Learned from courses that leave out the very months in which it came, so that none is used twice.
        usual = [None if one is None else Usual(one.expected, one.course, one.dispersion, one.cv) for one in found]
        back = ways(counts, history.censored, usual, 1 - deaths, priors)
        came, unsure, own = mixed(back)
        expected = np.stack([np.ones(shape[1:]) if each is None else each.expected for each in found])
        delay, found = _learn_causes(
            history, np.maximum(counts - came, 0.0), np.broadcast_to(~history.censored, shape), priors,
            off=np.stack([unsure, own]) / np.maximum(expected, 1e-9),
        )  # fmt: skip
        waves = as_waves(back)

    odds = learn_trend_odds([one.course for cause, one in enumerate(found) if one and cause in RATE_CAUSES])
    for cause in RATE_CAUSES:
        if (one := found[cause]) is not None:
            found[cause] = replace(one, course=one.course.believing(odds))

    rate, rate_cv, shared_cv = np.zeros((3, *shape[:2]))
    for cause, one in enumerate(found):
        if one is not None:
            share_of = priors.take_up if cause == TURNED_17 else 1.0
            rate[cause], rate_cv[cause] = share_of * one.factor * np.exp(one.course.level), one.cv
            shared_cv[cause] = one.shared_cv
    return Rates(
        areas=history.areas, first_month=history.first_month, months=history.months, priors=priors,
        weight=history.base, rate=rate, rate_cv=rate_cv, shared_cv=shared_cv,
        dispersion=np.array([one.dispersion if one else 0.0 for one in found]),
        drift=np.array([one.drift if one else 0.0 for one in found]),
        together=np.array([one.together if one else 0.0 for one in found]),
        spreads=tuple(one.spread if one else None for one in found),
        events=tuple(one.events if one else Events() for one in found),
        courses=tuple(one.course if one else None for one in found), common_cv=np.full(len(CAUSES), np.nan),
        delay=delay, waves=waves, death_rate=deaths,
        split_share=_split_share(history, ~history.censored, priors),
    )  # fmt: skip


def _learn_causes(
    history: History, counts: Floats, valid: Bools, priors: Priors, *, off: Floats | None = None
) -> tuple[Floats, list[_Learned | None]]:
    """(delay shares, what was learned of each cause; None for those that follow a count). ``off`` [2, cause, area,
    month]: by which share the ``counts`` may be off, all to one side and each area on its own.
    """
    provinces = np.unique([code[:2] for code in history.areas], return_inverse=True)[1].astype(np.int64)
    exposure = np.repeat(history.base[:, None], history.months, axis=1)
    found: list[_Learned | None] = [None] * len(CAUSES)
    delay, found[TURNED_17] = _turned_17(
        counts[TURNED_17], history, valid[TURNED_17], provinces, priors, None if off is None else off[:, TURNED_17]
    )
    # Without a count of open sukets their replacement can only go on as it was seen to.
    as_seen = (SUKET,) if history.open_sukets is None and history.applications[SUKET].any() else ()
    for cause in (*RATE_CAUSES, *as_seen):
        believed, stands_on = priors.rates.get(CAUSES[cause], UNKNOWN), exposure
        scale = 1.0
        if cause == FIRST_CARD and history.unrecorded is not None:
            # The belief is of all obliged persons; it is the same cards, asked for by fewer.
            stands_on = history.late()
            scale = float(history.base.sum() / max(float(history.unrecorded.sum()), 1.0))
        found[cause] = _learn_cause(
            counts[cause], stands_on, valid[cause], provinces, start=history.first_month,
            believed=(min(believed.mean * scale, 0.5), believed.cv),
            spread=Spread(priors.spread_area, priors.spread_province), dispersion=priors.dispersion,
            drift=priors.drift, off=None if off is None else off[:, cause],
        )  # fmt: skip
    return delay, found


def _learn_cause(
    counts: Floats, exposure: Floats, valid: Bools, provinces: Ints, *, start: date, believed: tuple[float, float],
    spread: Spread, dispersion: float, drift: float, off: Floats | None = None,
) -> _Learned:  # fmt: skip
    """``exposure`` [area, month]: what a rate of 1 would bring. ``believed`` the prior mean and cv of that rate."""
    mean, cv = believed
    variance = float(np.log1p(cv * cv))
    # So that the mean of the rate, not its median, is what was believed.
    log_mean = float(np.log(mean)) - variance / 2
    factor = np.ones(len(counts))
    province, province_cv = factor, np.full(len(counts), spread.province)
    wide = valid
    if off is not None:
        valid, wide = valid & (np.hypot(*off) <= OFF_AREA), valid & (off[0] <= OFF_NATION)
    usable = valid
    for turn in range(4):
        total, many = (counts * valid).sum(axis=0), (exposure * factor[:, None] * valid).sum(axis=0)
        level = (total + 0.5) / (many + 0.5 / mean)
        seen, expected = (counts * valid).sum(axis=1), (exposure * level * valid).sum(axis=1)
        factor, province, province_cv, found = still(seen, expected, provinces, spread)
        middle = float((exposure * factor[:, None] * valid).sum() / max((exposure * valid).sum(), 1e-9)) or 1.0
        factor, province = factor / middle, province / middle
        fitted = exposure * level * factor[:, None]
        if turn == 1:
            dispersion = learn_dispersion(counts, fitted, valid, believed=dispersion)
            valid = without_events(counts, fitted, valid, provinces, dispersion=dispersion)
    dispersion = learn_dispersion(counts, fitted, valid, believed=dispersion)
    wide = wide & (valid | ~usable)
    weight = exposure * factor[:, None] * wide
    unsure = None if off is None else (weight * off[0]).sum(axis=0) / np.maximum(weight.sum(axis=0), 1e-9)
    course = _course(
        (counts * wide).sum(axis=0), weight.sum(axis=0), (weight * weight).sum(axis=0), dispersion=dispersion,
        bare=Course(np.full(0, np.nan), np.zeros(0), start.month - 1, log_mean, variance, unsure),
    )  # fmt: skip
    smooth = course.fitted()
    state = {"mean": province, "cv": np.hypot(found.area, province_cv), "dispersion": dispersion}
    drift = learn_drift(counts, exposure * smooth, valid, believed=drift, **state)
    together = learn_together(
        counts, exposure * smooth * factor[:, None], valid, provinces, dispersion=dispersion, drift=drift
    )
    now, now_cv, shared_cv = moving(
        counts, exposure * smooth, valid, drift=drift, together=together, province_cv=province_cv, **state
    )
    # The nation's course is that of the sum: what all areas share is the course's, and not each area's once more.
    if (whole := float((exposure * now[:, None]).sum())) > 0:
        now = now * float((exposure * factor[:, None]).sum()) / whole
    usual = exposure * smooth * factor[:, None]
    events = learn_events(counts, usual, usable & ~valid, usable, provinces)
    return _Learned(course, now, now_cv, shared_cv, dispersion, drift, together, found, usual, events)


def _course(total: Floats, many: Floats, square: Floats, *, dispersion: float, bare: Course) -> Course:
    """The nation's course of ``total`` counts [month], of which a rate of 1 would have brought ``many``.

    Large counts are as good as their logarithms. Small ones are not, since a zero has none: there each month is taken
    at the tangent of its Poisson likelihood, again until the course stays (iteratively reweighted least squares).
    """
    some = many > 0
    scatter = dispersion * square / np.maximum(many, 1e-9) ** 2
    believed = float(np.exp(bare.prior_mean))
    log_rate = np.log((total + 0.5) / (many + 0.5 / believed))
    large = not some.any() or float(np.median(total[some])) >= LARGE
    if not large:
        log_rate = np.full(len(total), np.log((total.sum() + 0.5) / (many.sum() + 0.5 / believed)))
    course = bare
    for _ in range(1 if large else 5):
        mean = np.maximum(many * np.exp(log_rate), 1e-3)
        told = log_rate if large else log_rate + np.clip((total - mean) / mean, -1.0, 3.0)
        noise = 1 / (np.maximum(total, 0.5) if large else mean) + scatter
        course = replace(bare, log_rate=np.where(some, told, np.nan), noise=noise)
        log_rate = np.log(course.fitted())
    return course.with_shocks()


def _turned_17(
    counts: Floats, history: History, valid: Bools, provinces: Ints, priors: Priors, off: Floats | None
) -> tuple[Floats, _Learned]:
    """(delay shares summing to 1, the rest): the registry's birthdays through the delay are the exposure."""
    born = lagged(history.birthdays, len(priors.delay), history.months)
    prior = priors.take_up * np.array(priors.delay) / sum(priors.delay)
    factor: Floats | float = 1.0
    shares, found = prior, None
    for _ in range(2):
        scaled = born * factor
        shares = learn_delay(counts, scaled, valid, prior=prior, dispersion=priors.take_up_dispersion)
        delay = shares / max(float(shares.sum()), 1e-9)
        exposure = priors.take_up * np.tensordot(delay, born, 1)
        found = _learn_cause(
            counts, exposure, valid, provinces, start=history.first_month, believed=(1.0, priors.take_up_cv),
            spread=Spread(priors.take_up_spread, priors.take_up_spread / 2), dispersion=priors.take_up_dispersion,
            drift=priors.take_up_drift, off=off,
        )  # fmt: skip
        factor = (found.expected / np.maximum(exposure, 1e-9))[None] if history.months else 1.0
        factor = factor * priors.take_up / max(float(shares.sum()), 1e-9) if history.months else 1.0
    assert found is not None
    return shares / max(float(shares.sum()), 1e-9), found


def _death_rate(history: History, priors: Priors) -> Floats:
    """Deaths of an obliged person and month, per area: counted where they are, believed where they are not."""
    if history.deaths is None or not history.months:
        return np.full(len(history.areas), priors.death_rate)
    # A belief worth 100 deaths for the nation, and the nation's rate worth 30 for an area.
    years = history.base * history.months
    nation = (100 + history.deaths.sum()) / (100 / priors.death_rate + years.sum())
    return np.minimum((30 + history.deaths.sum(axis=1)) / (30 / nation + years), 1.0)


def _split_share(history: History, valid: Bools, priors: Priors) -> tuple[float, float]:
    """(mean, cv) of the share of a split's persons that asks for a new card, after what earlier splits brought."""
    spread = priors.split_share * priors.split_share_cv
    due = came = 0.0
    for split in history.splits:
        place, since = history.place(split.area), months_between(history.first_month, split.effective)
        expected = split.persons * split_pattern(since, history.months, priors.split_months)
        due += float((expected * valid[place]).sum())
        came += float((history.applications[REGION_SPLIT, place] * valid[place] * (expected > 0)).sum())
    if due <= 0:
        return priors.split_share, priors.split_share_cv
    # Splits differ from each other far more than counts do: one tells its share to within a third.
    noise = (came + 1) / due**2 + (came / due / 3) ** 2
    joined = 1 / (1 / spread**2 + 1 / noise)
    mean = min(joined * (priors.split_share / spread**2 + came / due / noise), 1.0)
    return mean, float(np.sqrt(joined)) / mean


def split_pattern(since: int, months: int, spread: float) -> Floats:
    """[month] shares of those who ask that ask in each month; the split takes effect in month ``since``."""
    after = np.arange(months) - since
    return np.where(after >= 0, (1 / spread) * (1 - 1 / spread) ** np.maximum(after, 0), 0.0)
