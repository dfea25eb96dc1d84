"""The demand to come: means, paths whose nation is the sum of its regencies, and intervals. Pure numpy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import numpy.typing as npt

from blanko.engines.demand import draws
from blanko.engines.demand.comingofage import lagged
from blanko.engines.demand.errors import InvalidHistory, InvalidRate
from blanko.engines.demand.floods import Events, strikes
from blanko.engines.demand.heldback import beta_mean, beta_spread, coming
from blanko.engines.demand.history import (
    CAUSES,
    FIRST_CARD,
    REGION_SPLIT,
    SUKET,
    TURNED_17,
    Bools,
    Floats,
    History,
    Ints,
    month_after,
    months_between,
)
from blanko.engines.demand.learn import split_pattern
from blanko.engines.demand.rates import Rates

MONTHS_MAX = 120
PATHS = 2_000
SPANS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True)
class Intervals:
    """``names`` the areas, provinces or "ID"; ``starts`` the first month of each span; ``mean`` [name, span];
    ``low`` and ``high`` [level, name, span] at ``levels``.
    """

    names: tuple[str, ...]
    starts: tuple[date, ...]
    levels: tuple[float, ...]
    mean: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True)
class Comeback:
    """One way in which what was held back may come: ``weight`` its probability, ``beliefs`` [cause] the Beta belief in
    the share that comes, in which areas are ``unlike`` by a coefficient of variation; ``due`` [cause, area, month] what
    comes, were the share 1.
    """

    weight: float
    beliefs: tuple[tuple[float, float], ...]
    unlike: tuple[float, ...]
    due: Floats


@dataclass(frozen=True)
class Forecast:
    """Demand of the months from ``first_month``. Shapes: C causes, A areas, M months.

    ``mean`` [C, A, M]; ``course`` [C, M, M] the covariance of the logarithm of a factor that all areas share;
    ``fading`` [C, M] how far that logarithm lies higher if trends go on and lower if they fade, one or the other
    for all causes of a path; ``area_cv`` [C, A] of each area's factor at the start, of which ``shared_cv`` is what
    a province's areas have in common; ``drift`` [C] the spread of that factor's further move in a month, of whose
    variance the share ``together`` [C] is the province's; ``dispersion`` [C]: a month's variance is m + dispersion
    m * m; ``of_sum`` [C]: the course was learned from the nation's sum, so that in every path areas average to it,
    and what is unknown of them is not counted in the nation once more; ``events`` floods and the like, that come to
    provinces as often as they did; ``comebacks`` what was held back in months without blanks and is part of the
    mean.
    """

    areas: tuple[str, ...]
    causes: tuple[str, ...]
    first_month: date
    mean: Floats
    course: Floats
    fading: Floats
    area_cv: Floats
    shared_cv: Floats
    drift: Floats
    together: Floats
    dispersion: Floats
    of_sum: Bools
    comebacks: tuple[Comeback, ...] = ()
    events: tuple[Events, ...] = (Events(),) * len(CAUSES)

    @property
    def months(self) -> int:
        """Months ahead."""
        return int(self.mean.shape[-1])

    def paths(self, *, paths: int, seed: int) -> npt.NDArray[np.int32]:
        """[path, cause, area, month] whole applications. The same seed gives the same bytes; the nation of a path is
        the sum of its regencies. 1,000 paths of 514 regencies, 10 causes and 12 months take 0.25 GB.
        """
        if not 1 <= paths <= 1_000_000:
            raise InvalidRate("{paths} paths", mend="draw between 1 and 1,000,000 paths", paths=paths)
        drawn = np.empty((paths, *self.mean.shape), np.int32)
        for cause in range(len(self.causes)):
            drawn[:, cause] = self._draw(cause, paths, seed)
        return drawn

    @cached_property
    def returned(self) -> Floats:
        """[C, A, M] the part of the mean that was held back before."""
        total = np.zeros(self.mean.shape)
        for each in self.comebacks:
            share = np.array([beta_mean(belief) for belief in each.beliefs])
            total += each.weight * share[:, None, None] * each.due
        return total

    @cached_property
    def common_cv(self) -> Floats:
        """[C] the coefficient of variation of all months together that all areas share."""
        plain = (self.mean - self.returned).sum(axis=1)
        variance = np.einsum("cm,cmn,cn->c", plain, np.expm1(np.minimum(self.course, 4.0)), plain)
        variance += (plain * self.fading).sum(axis=1) ** 2
        varies = np.array([each.varies for each in self.events])
        variance += plain.sum(axis=1) ** 2 * varies / max(self.months, 1)
        first, second = np.zeros((2, len(self.causes)))
        for each in self.comebacks:
            share = np.array([beta_mean(belief) for belief in each.beliefs])
            spread = np.array([beta_spread(belief) for belief in each.beliefs])
            due = each.due.sum(axis=(1, 2))
            first += each.weight * share * due
            second += each.weight * (share**2 + spread**2) * due**2
        variance += np.maximum(second - first**2, 0)
        return np.asarray(np.sqrt(variance) / np.maximum(self.mean.sum(axis=(1, 2)), 1e-9))

    def _draw(self, cause: int, paths: int, seed: int) -> npt.NDArray[np.int32]:
        """One cause's paths [path, area, month]. Its stream is its own; whether trends fade and which way what was
        held back comes is one draw for all causes.
        """
        if not self.mean[cause].any():
            return np.zeros((paths, *self.mean.shape[1:]), np.int32)
        shared = draws.stream(seed, len(CAUSES))
        goes_on = shared.random(paths) < 0.5
        which = (
            shared.choice(len(self.comebacks), paths, p=[each.weight for each in self.comebacks])
            if self.comebacks
            else np.zeros(0, np.int64)
        )
        generator = draws.stream(seed, cause)
        common = draws.together(generator, paths, self.course[cause])
        trend = np.exp(np.where(goes_on[:, None], 1, -1) * self.fading[cause]) / np.cosh(self.fading[cause])
        common *= trend.astype(np.float32)
        plain = (self.mean[cause] - self.returned[cause]).astype(np.float32)
        struck = None
        if self.events[cause].starts:
            names, member = self._groups["province"]
            struck = strikes(self.events, cause, paths=paths, provinces=len(names), months=self.months, seed=seed)
            plain /= np.float32(1 + self.events[cause].added)
        share_of = plain / np.maximum(plain.sum(axis=0), np.float32(1e-9))
        drawn = np.empty((paths, *plain.shape), np.int32)
        step = max(1, draws.BLOCK // plain.size)
        for first in range(0, paths, step):
            block = slice(first, min(first + step, paths))
            level = common[block, None, :] * plain
            if struck is not None:
                level *= struck[block][:, member]
            for place, each in enumerate(self.comebacks):
                chosen = np.flatnonzero(which[block] == place)
                if len(chosen) and each.due[cause].any():
                    share = generator.beta(*each.beliefs[cause], size=len(chosen)).astype(np.float32)
                    areas = draws.apart(generator, len(chosen), np.full(len(self.areas), each.unlike[cause]))
                    level[chosen] += (share[:, None] * areas)[:, :, None] * each.due[cause].astype(np.float32)
            own = self._own(generator, cause, len(level))
            if self.of_sum[cause]:
                own /= np.einsum("pam,am->pm", own, share_of)[:, None, :]
            level *= own
            drawn[block] = draws.counts(generator, draws.scatter(generator, level, float(self.dispersion[cause])))
        return drawn

    def _own(self, generator: np.random.Generator, cause: int, paths: int) -> draws.Singles:
        """[path, area, month] the factors of mean 1 by which areas leave the nation's course, with their provinces."""
        names, member = self._groups["province"]
        start = np.log1p(self.area_cv[cause] ** 2)
        shared = np.minimum(np.log1p(self.shared_cv[cause] ** 2), start)
        move = self.drift[cause] ** 2
        steps = draws.normals(generator, paths, len(self.areas), self.months)
        steps[:, :, 1:] *= np.float32(np.sqrt(move * (1 - self.together[cause])))
        steps[:, :, 0] *= np.sqrt(start - shared + move * (1 - self.together[cause])).astype(np.float32)
        provinces = draws.normals(generator, paths, len(names), self.months)
        provinces *= np.float32(np.sqrt(move * self.together[cause]))
        steps += provinces[:, member]
        steps[:, :, 0] += draws.normals(generator, paths, len(names))[:, member] * np.sqrt(shared).astype(np.float32)
        logs = np.cumsum(steps, axis=2, out=steps)
        logs -= ((start[:, None] + move * np.arange(1, self.months + 1)) / 2).astype(np.float32)
        return np.exp(logs, out=logs)

    def intervals(
        self, level: float | Iterable[float] = (0.8, 0.95), *, by: str = "nation", every: str = "quarter",
        causes: Iterable[str] | None = None, paths: int = PATHS, seed: int = 1,
    ) -> Intervals:  # fmt: skip
        """Central intervals of the sum over ``causes`` (all of them), by "area", "province" or "nation", for every
        "month", "quarter" or "year" from the first month ahead; what is left at the end is a shorter span.
        """
        levels = (level,) if isinstance(level, float) else tuple(level)
        for each in levels:
            if not 0 < each < 1:
                raise InvalidRate("an interval of {level}", mend="give a share such as 0.8", level=each)
        if every not in SPANS or by not in ("area", "province", "nation"):
            raise InvalidRate("intervals by {by} and {every}", mend="by area, province or nation; every month, "
                              "quarter or year", by=by, every=every)  # fmt: skip
        names, member = self._groups[by]
        starts = np.arange(0, self.months, SPANS[every])
        total = np.zeros((paths, len(names), len(starts)))
        mean = np.zeros(total.shape[1:])
        for cause in causes if causes is not None else self.causes:
            if cause not in self.causes:
                raise InvalidRate("{cause} is no cause", mend="name one of the causes", cause=cause)
            place = self.causes.index(cause)
            mean += _grouped(self.mean[place], starts, member, len(names))
            if self.mean[place].any():
                total += _grouped(self._draw(place, paths, seed), starts, member, len(names))
        tails = np.array([[(1 - each) / 2, (1 + each) / 2] for each in levels])
        # The quantile of which a further path lies below with just this chance, however few paths there are.
        low, high = (np.quantile(total, tails[:, end], axis=0, method="weibull") for end in (0, 1))
        months = tuple(month_after(self.first_month, int(start)) for start in starts)
        return Intervals(names, months, levels, mean, low, high)

    @cached_property
    def _groups(self) -> dict[str, tuple[tuple[str, ...], Ints]]:
        provinces, member = np.unique([code[:2] for code in self.areas], return_inverse=True)
        count = len(self.areas)
        return {
            "area": (self.areas, np.arange(count)),
            "province": (tuple(str(code) for code in provinces), member.astype(np.int64)),
            "nation": (("ID",), np.zeros(count, np.int64)),
        }


def forecast(rates: Rates, history: History, *, months: int) -> Forecast:
    """The demand of so many months after the history, as if blanks were there: what was held back comes back in part.

    Raises InvalidHistory where the birthdays of these months are not known, or the areas are others.
    """
    if not 1 <= months <= MONTHS_MAX:
        raise InvalidHistory("a forecast of {months} months", mend="forecast between 1 and 120 months", months=months)
    if rates.areas != history.areas:
        raise InvalidHistory("the rates are of other areas", mend="learn the rates from this history")
    seen = history.months
    if history.birthdays.shape[1] < seen + months:
        raise InvalidHistory(
            "birthdays end after {known} months", mend="give those of {wanted} months", wanted=seen + months,
            known=history.birthdays.shape[1],
        )  # fmt: skip
    count = len(history.areas)
    mean, course = np.zeros((len(CAUSES), count, months)), np.zeros((len(CAUSES), months, months))
    fading, area_cv = np.zeros((len(CAUSES), months)), rates.rate_cv.copy()
    for cause, learned in enumerate(rates.courses):
        if learned is None:
            continue
        if cause == TURNED_17:
            born = lagged(history.birthdays, len(rates.delay), seen + months)[:, :, seen:]
            exposure = np.tensordot(rates.delay, born, 1)
        else:
            exposure = np.repeat(history.base[:, None], months, axis=1)
        log_mean, covariance = learned.ahead(months)
        fading[cause] = learned.fading(months)
        shape = np.exp(log_mean + np.diag(covariance) / 2 - learned.level) * np.cosh(fading[cause])
        if cause == FIRST_CARD and history.unrecorded is not None:
            exposure = _left(history.unrecorded, rates.rate[cause][:, None] * shape, rates.death_rate)
        mean[cause] = exposure * rates.rate[cause][:, None] * shape * (1 + rates.events[cause].added)
        if np.isnan(rates.common_cv[cause]):
            course[cause] = covariance
        else:
            # A person's word stands for the whole span.
            course[cause], fading[cause] = np.log1p(rates.common_cv[cause] ** 2), 0.0
    comebacks = tuple(
        Comeback(wave.weight, wave.beliefs, wave.unlike, coming(wave.pending, wave.echo, 1 - rates.death_rate, months))
        for wave in rates.waves
        if any(each.pending.any() for each in rates.waves)
    )
    for each in comebacks:
        share = np.array([beta_mean(belief) for belief in each.beliefs])
        mean += each.weight * share[:, None, None] * each.due
    if history.open_sukets is not None:
        _sukets(mean, course, area_cv, rates, history.open_sukets)
    _splits(mean, course, area_cv, rates, history)
    return Forecast(
        areas=history.areas, causes=CAUSES, first_month=history.ends, mean=mean, course=course, fading=fading,
        area_cv=area_cv, shared_cv=rates.shared_cv, drift=rates.drift, together=rates.together,
        dispersion=rates.dispersion, of_sum=_of_sum(rates, mean), comebacks=comebacks, events=rates.events,
    )  # fmt: skip


def _of_sum(rates: Rates, mean: Floats) -> Bools:
    """Which causes have a course that was learned from the sum; a person's word on an area is news for the nation."""
    stated = {each.cause for each in rates.overrules if each.area}
    learned = [course is not None and CAUSES[place] not in stated for place, course in enumerate(rates.courses)]
    return np.array(learned) & (mean.sum(axis=(1, 2)) > 0)


def owed_after_deaths(rates: Rates, owed: Floats, *, months: int) -> Floats:
    """[area, month] how many of the persons ``owed`` [area] a card today are alive at the end of each month."""
    return owed[:, None] * (1 - rates.death_rate[:, None]) ** np.arange(1, months + 1)


def _left(unrecorded: Floats, rate: Floats, deaths: Floats) -> Floats:
    """[area, month] who are still unrecorded at the start of each month: fewer as they come, and as they die."""
    stays = (1 - np.minimum(rate, 1.0)) * (1 - deaths[:, None])
    left = np.concatenate([np.ones((len(rate), 1)), np.cumprod(stays, axis=1)[:, :-1]], axis=1)
    return np.asarray(unrecorded[:, None] * left)


def _sukets(mean: Floats, course: Floats, area_cv: Floats, rates: Rates, waiting: Floats) -> None:
    """Those who hold a suket come for a card: most of them, fewer each month, and the dead do not."""
    priors, months = rates.priors, mean.shape[-1]
    alive = np.concatenate([waiting[:, None], owed_after_deaths(rates, waiting, months=months)[:, :-1]], axis=1)
    mean[SUKET] = alive * priors.suket_share * split_pattern(0, months, priors.suket_months)
    course[SUKET], area_cv[SUKET] = np.log1p(priors.suket_share_cv**2 + 0.2**2), 0.2


def _splits(mean: Floats, course: Floats, area_cv: Floats, rates: Rates, history: History) -> None:
    share, cv = rates.split_share
    course[REGION_SPLIT] = np.log1p(cv * cv)
    area_cv[REGION_SPLIT] = 0.3
    months = mean.shape[-1]
    for split in history.splits:
        since = months_between(history.ends, split.effective)
        pattern = split_pattern(since, months, rates.priors.split_months)
        mean[REGION_SPLIT, history.place(split.area)] += split.persons * share * pattern


def _grouped(values: npt.NDArray[np.generic], starts: Ints, member: Ints, groups: int) -> Floats:
    """Sums over spans of months (last axis) and over the members of each group (the axis before)."""
    spans = np.add.reduceat(values, starts, axis=-1, dtype=np.float64)
    if groups == len(member):
        return np.asarray(spans)
    order = np.argsort(member, kind="stable")
    firsts = np.searchsorted(member[order], np.arange(groups))
    return np.asarray(np.add.reduceat(spans[..., order, :], firsts, axis=-2))
