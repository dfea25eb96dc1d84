"""The demand to come: means, paths whose nation is the sum of its regencies, and intervals. Pure numpy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import numpy.typing as npt

from blanko.engines.demand.comingofage import lagged
from blanko.engines.demand.errors import InvalidHistory, InvalidRate
from blanko.engines.demand.heldback import coming
from blanko.engines.demand.history import (
    CAUSES,
    REGION_SPLIT,
    SUKET,
    TURNED_17,
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


@dataclass(frozen=True)
class Forecast:
    """Demand of the months from ``first_month``. Shapes: C causes, A areas, M months.

    ``mean`` [C, A, M]; ``common_cv`` [C] of one lognormal factor a path that all areas share; ``area_cv`` [C, A] of
    one a path and area; ``dispersion`` [C]: a month's variance is m + dispersion * m * m; ``returned`` [C, A, M] the
    part of the mean that was held back in months without blanks.
    """

    areas: tuple[str, ...]
    causes: tuple[str, ...]
    first_month: date
    mean: Floats
    common_cv: Floats
    area_cv: Floats
    dispersion: Floats
    returned: Floats

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

    def _draw(self, cause: int, paths: int, seed: int) -> npt.NDArray[np.int32]:
        """One cause's paths [path, area, month]; its stream is its own, so that no cause moves another."""
        if not self.mean[cause].any():
            return np.zeros((paths, *self.mean.shape[1:]), np.int32)
        generator = np.random.Generator(np.random.SFC64(np.random.SeedSequence([seed, 0x444D44, cause])))
        common = _lognormal(generator, np.full((paths, 1), self.common_cv[cause]))
        own = _lognormal(generator, np.broadcast_to(self.area_cv[cause], (paths, len(self.areas))))
        level = (common * own)[:, :, None] * self.mean[cause]
        if (spread := self.dispersion[cause]) > 1e-9:
            level *= generator.standard_gamma(1 / spread, level.shape) * spread
        return np.asarray(generator.poisson(level), np.int32)

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
    mean = np.zeros((len(CAUSES), count, months))
    common, area_cv = np.zeros(len(CAUSES)), np.zeros((len(CAUSES), count))
    share = np.array([a / (a + b) for a, b in rates.returning])
    returned = coming(rates.pending, rates.echo, 1 - rates.death_rate, months) * share[:, None, None]
    for cause, course in enumerate(rates.courses):
        if course is None:
            continue
        if cause == TURNED_17:
            born = lagged(history.birthdays, len(rates.delay), seen + months)[:, :, seen:]
            exposure = np.tensordot(rates.delay, born, 1)
        else:
            exposure = np.repeat(history.base[:, None], months, axis=1)
        log_mean, covariance = course.ahead(months)
        shape = np.exp(log_mean + np.diag(covariance) / 2 - course.level)
        added, varies = rates.events[cause]
        mean[cause] = exposure * rates.rate[cause][:, None] * shape * (1 + added)
        common[cause] = (
            np.hypot(_common(covariance), np.sqrt(varies / months))
            if np.isnan(rates.common_cv[cause])
            else rates.common_cv[cause]
        )
        # An area drifts on; on average over the span by half of it.
        area_cv[cause] = np.sqrt(rates.rate_cv[cause] ** 2 + rates.drift[cause] ** 2 * months / 2)
        a, b = rates.returning[cause]
        part = returned[cause].sum() / max(float((mean[cause] + returned[cause]).sum()), 1e-9)
        common[cause] = np.hypot((1 - part) * common[cause], part * np.sqrt(b / a / (a + b + 1)))
        mean[cause] += returned[cause]
    if history.open_sukets is not None:
        _sukets(mean, common, area_cv, rates, history.open_sukets)
    _splits(mean, common, area_cv, rates, history)
    return Forecast(
        areas=history.areas, causes=CAUSES, first_month=history.ends, mean=mean, common_cv=common, area_cv=area_cv,
        dispersion=rates.dispersion, returned=returned,
    )  # fmt: skip


def owed_after_deaths(rates: Rates, owed: Floats, *, months: int) -> Floats:
    """[area, month] how many of the persons ``owed`` [area] a card today are alive at the end of each month."""
    return owed[:, None] * (1 - rates.death_rate[:, None]) ** np.arange(1, months + 1)


def _sukets(mean: Floats, common: Floats, area_cv: Floats, rates: Rates, waiting: Floats) -> None:
    """Those who hold a suket come for a card: most of them, fewer each month, and the dead do not."""
    priors, months = rates.priors, mean.shape[-1]
    alive = np.concatenate([waiting[:, None], owed_after_deaths(rates, waiting, months=months)[:, :-1]], axis=1)
    mean[SUKET] = alive * priors.suket_share * split_pattern(0, months, priors.suket_months)
    common[SUKET], area_cv[SUKET] = np.hypot(priors.suket_share_cv, 0.2), 0.2


def _splits(mean: Floats, common: Floats, area_cv: Floats, rates: Rates, history: History) -> None:
    share, common[REGION_SPLIT] = rates.split_share
    area_cv[REGION_SPLIT] = 0.3
    months = mean.shape[-1]
    for split in history.splits:
        since = months_between(history.ends, split.effective)
        pattern = split_pattern(since, months, rates.priors.split_months)
        mean[REGION_SPLIT, history.place(split.area)] += split.persons * share * pattern


def _common(covariance: Floats) -> float:
    """The cv of one factor that stands for the span: what a quarter of it varies by, averaged over its quarters."""
    months = len(covariance)
    quarters = [covariance[first : first + 3, first : first + 3].mean() for first in range(0, months, 3)]
    return float(np.sqrt(np.expm1(min(float(np.mean(quarters)), 4.0))))


def _lognormal(generator: np.random.Generator, cv: Floats) -> Floats:
    """Lognormal factors of mean 1 with these coefficients of variation."""
    variance = np.log1p(cv * cv)
    return np.exp(np.sqrt(variance) * generator.standard_normal(cv.shape) - variance / 2)


def _grouped(values: npt.NDArray[np.generic], starts: Ints, member: Ints, groups: int) -> Floats:
    """Sums over spans of months (last axis) and over the members of each group (the axis before)."""
    spans = np.add.reduceat(values, starts, axis=-1, dtype=np.float64)
    if groups == len(member):
        return np.asarray(spans)
    order = np.argsort(member, kind="stable")
    firsts = np.searchsorted(member[order], np.arange(groups))
    return np.asarray(np.add.reduceat(spans[..., order, :], firsts, axis=-2))
