"""The course of a nation's rate: level, drift, trend and season, each only as far as the months support it. Pure numpy.

The logarithm of a month's rate is a sum of Gaussian parts: a level (with its prior), a random walk, a straight trend,
twelve effects that sum to zero, and a month's own noise; each count adds the noise that its size brings. The spreads of
the parts are not chosen but averaged over a grid, each weighted by how well it explains the months (the marginal
likelihood): a season that the months do not show weighs nothing.
Source: Rasmussen and Williams (2006), Gaussian Processes for Machine Learning, equations 2.23, 2.24 and 2.30.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product

import numpy as np

from blanko.engines.demand.history import Floats, Ints

WALKS = (0.0, 0.0012, 0.004, 0.01, 0.025, 0.08)
TRENDS = (0.0, 0.006)
SEASONS = (0.0, 0.04, 0.15)
NOISES = (0.002, 0.004, 0.01, 0.03, 0.1)
GRID = np.array(list(product(WALKS, TRENDS, SEASONS, NOISES))) ** 2
# Most rates have no trend of their own: before anything was seen it is believed in one case of four.
TREND_ODDS = 1 / 3
# A shock is a month of its own, or a step that stays; it is believed in when the months are this much likelier with it.
SHOCK_VARIANCE, SHOCK_ODDS, SHOCKS_MAX = 0.3**2, 1 / 100, 5
# So many months have to follow a jump before it is taken to stay.
OPEN = 3
# Nobody knows whether a trend goes on or fades. Half and half: all of it stays, or a 20th of it is lost each month.
# Source of fading trends: Gardner and McKenzie (1985), Forecasting Trends in Time Series.
FADES = 0.95


@dataclass(frozen=True, slots=True)
class Shock:
    """The rate jumped in ``month``: for that month only, or for good (``stays``)."""

    month: int
    stays: bool

    def touches(self, months: Ints) -> Floats:
        """1 for each month that it moves."""
        return np.where(months >= self.month if self.stays else months == self.month, 1.0, 0.0)


@dataclass(frozen=True)
class Course:
    """Months of one cause: ``log_rate`` (nan where unseen), ``noise`` its variance, ``start`` the calendar month;
    ``unsure`` by how much all of them may be off together, since what came back was taken off by a belief.
    """

    log_rate: Floats
    noise: Floats
    start: int
    prior_mean: float
    prior_variance: float
    unsure: Floats | None = None
    shocks: tuple[Shock, ...] = ()
    trend_odds: float = TREND_ODDS

    @property
    def months(self) -> int:
        """Months of the history, seen or not."""
        return len(self.log_rate)

    @cached_property
    def _seen(self) -> Ints:
        return np.flatnonzero(np.isfinite(self.log_rate))

    @cached_property
    def weights(self) -> Floats:
        """How much each setting of the grid is worth, summing to 1."""
        if not len(self._seen):
            return np.full(len(GRID), 1 / len(GRID))
        logs = self._evidence
        weights = np.exp(logs - logs.max())
        return np.asarray(weights / weights.sum())

    @cached_property
    def _evidence(self) -> Floats:
        """The log marginal likelihood of each setting and its prior odds, but for a constant."""
        _, inverse, white = self._solved
        odds = np.where(GRID[:, 1] > 0, np.log(self.trend_odds), 0.0)
        return np.asarray(
            odds + np.log(np.diagonal(inverse, axis1=1, axis2=2)).sum(axis=1) - 0.5 * (white * white).sum(axis=1)
        )

    @cached_property
    def _solved(self) -> tuple[Floats, Floats, Floats]:
        """Per setting: (covariance^-1 (y - mean), inverse of its Cholesky factor, whitened y - mean)."""
        seen = self._seen
        covariance = self._covariance(seen, seen, GRID) + self._level(seen, seen)
        covariance += self._jumps(seen, seen, lasting=False)
        if self.unsure is not None:
            covariance += np.outer(self.unsure[seen], self.unsure[seen])
        covariance += np.eye(len(seen)) * (GRID[:, 3, None, None] + self.noise[seen] + 1e-9)
        inverse = _inverse_of_lower(np.linalg.cholesky(covariance))
        white = inverse @ (self.log_rate[seen] - self.prior_mean)
        return (white[:, None, :] @ inverse)[:, 0, :], inverse, white

    def _covariance(self, left: Ints, right: Ints, grid: Floats) -> Floats:
        """Of drift, trend and season between two sets of months, one matrix a setting."""
        walk = np.minimum.outer(left, right) + 1.0
        trend = np.outer(self._reach(left), self._reach(right))
        season = ((left[:, None] - right[None, :]) % 12 == 0) - 1 / 12
        shapes = np.stack([walk, trend, season]).reshape(3, -1)
        own = (grid[:, :3] @ shapes).reshape(len(grid), len(left), len(right))
        return np.asarray(own)

    def _jumps(self, left: Ints, right: Ints, *, lasting: bool) -> Floats:
        """The covariance that the shocks add: those that stay, or those of a month."""
        total = np.zeros((len(left), len(right)))
        for shock in self.shocks:
            both = SHOCK_VARIANCE * np.outer(shock.touches(left), shock.touches(right))
            if shock.stays and shock.month >= self.months - OPEN:
                # A jump of the last months may stay or pass: half of its variance is of either kind.
                past = np.outer(left < self.months, right < self.months)
                total += both / 2 if lasting else both / 2 * past
            elif shock.stays is lasting:
                total += both
        return total

    def _level(self, left: Ints, right: Ints) -> Floats:
        """What level and lasting shocks share; the same for every setting."""
        return self.prior_variance + self._jumps(left, right, lasting=True)

    def _reach(self, months: Ints) -> Floats:
        """How far the trend carries from the last month seen: one a month in the past, ever less in the future."""
        away = (months - (self.months - 1)).astype(float)
        return np.where(away > 0, (away + _faded(away)) / 2, away)

    @cached_property
    def _kept(self) -> Ints:
        """The settings that matter: those with all but a thousandth of the weight."""
        order = np.argsort(-self.weights, kind="stable")
        enough = int(np.searchsorted(np.cumsum(self.weights[order]), 0.999)) + 1
        return order[: min(enough, 40)]

    def _mix(self, months: Ints, parts: str) -> Floats:
        """The mean of some parts (walk, trend, season, level, months), less the prior mean, at some months."""
        if not len(self._seen):
            return np.zeros(len(months))
        kept, chosen = self._kept, parts.split()
        shapes = GRID[kept, :3] * [name in chosen for name in ("walk", "trend", "season")]
        cross = self._covariance(months, self._seen, shapes)
        if "level" in chosen:
            cross = cross + self._level(months, self._seen)
        if "months" in chosen:
            cross = cross + self._jumps(months, self._seen, lasting=False)
        means = (cross @ self._solved[0][kept][:, :, None])[:, :, 0]
        return np.asarray(self.weights[kept] @ means / self.weights[kept].sum())

    @cached_property
    def level(self) -> float:
        """The logarithm of the rate at the end of what was seen, without season."""
        last = np.array([max(self.months - 1, 0)])
        return float(self.prior_mean + self._mix(last, "walk trend level")[0])

    @cached_property
    def season(self) -> Floats:
        """The twelve effects on the logarithm, January first."""
        return self._mix((np.arange(12) - self.start) % 12, "season")

    @property
    def trend(self) -> float:
        """The trend a month, on the logarithm."""
        ends = self._mix(np.array([self.months - 2, self.months - 1]), "trend")
        return float(ends[1] - ends[0])

    def fading(self, months: int) -> Floats:
        """How far above the mean of ``ahead`` each month to come lies if the trend goes on; below, if it fades."""
        away = np.arange(1, months + 1).astype(np.float64)
        return np.asarray(self.trend * (away - _faded(away)) / 2)

    def jumps(self) -> tuple[tuple[Shock, float], ...]:
        """Each shock with its size on the logarithm."""
        found = []
        for shock in self.shocks:
            alone = replace(self, shocks=(shock,))
            cross = alone._jumps(np.array([shock.month]), self._seen, lasting=shock.stays)
            means = (self._solved[0][self._kept] @ cross.T)[:, 0]
            found.append((shock, float(self.weights[self._kept] @ means / self.weights[self._kept].sum())))
        return tuple(found)

    def with_shocks(self) -> Course:
        """The same course with the shocks that the months show, the clearest first; each has to be likely on its own.

        Adding v u u' to a covariance K changes the log evidence by (v (u'K^-1 y)^2 / (1 + v u'K^-1 u) - log(1 + v
        u'K^-1 u)) / 2, so that all candidates cost one inverse.
        """
        seen = self._seen
        if len(seen) < 6 or len(self.shocks) >= SHOCKS_MAX:
            return self
        solved, inverse, _ = self._solved
        logs = self._evidence
        candidates = [Shock(int(month), stays) for stays in (True, False) for month in seen[1:]]
        touched = np.stack([shock.touches(seen) for shock in candidates], axis=1)
        pulled = solved @ touched
        half = inverse @ touched
        stiff = 1 + SHOCK_VARIANCE * (half * half).sum(axis=1)
        gain = 0.5 * (SHOCK_VARIANCE * pulled * pulled / stiff - np.log(stiff))
        top = logs.max()
        odds = np.log(np.exp(logs - top) @ np.exp(np.minimum(gain, 600))) - np.log(np.exp(logs - top).sum())
        best = int(np.argmax(odds))
        if odds[best] + np.log(SHOCK_ODDS) < np.log(10.0):
            return self
        return replace(self, shocks=(*self.shocks, candidates[best])).with_shocks()

    def believing(self, trend_odds: float) -> Course:
        """The same months with other odds of a trend beforehand; nothing has to be solved again."""
        other = replace(self, trend_odds=trend_odds)
        if len(self._seen):
            other.__dict__["_solved"] = self._solved
        return other

    def support(self) -> dict[str, float]:
        """How probable drift, trend and season are, given the months; before them 5/6, 1/4 and 2/3."""
        names = {"drift": 0, "trend": 1, "season": 2}
        return {name: float(self.weights[GRID[:, place] > 0].sum()) for name, place in names.items()}

    def fitted(self) -> Floats:
        """The rate of each month of the history, seen or not: what the counts say beyond their own noise."""
        logs = self.prior_mean + self._mix(np.arange(self.months), "walk trend season level months")
        if len(self._seen):
            kept = self._kept
            own = self.weights[kept] * GRID[kept, 3] / self.weights[kept].sum()
            logs[self._seen] += own @ self._solved[0][kept]
        return np.exp(logs)

    def ahead(self, months: int) -> tuple[Floats, Floats]:
        """(mean [months], covariance [months, months]) of the logarithm of the rate of the months to come."""
        return self._known(self.months + np.arange(months))

    def known(self, months: Ints) -> Floats:
        """The covariance of what the counts leave open of the logarithm of the rate, at months of any time."""
        return self._known(months)[1]

    def _known(self, at: Ints) -> tuple[Floats, Floats]:
        """(mean, covariance) of the logarithm of the rate at these months, with the months' own noise."""
        kept = self._kept
        weights = self.weights[kept] / self.weights[kept].sum()
        own = self._covariance(at, at, GRID[kept]) + self._level(at, at) + self._jumps(at, at, lasting=False)
        own += np.eye(len(at)) * GRID[kept, 3, None, None]
        if not len(self._seen):
            return np.full(len(at), self.prior_mean), np.asarray(np.tensordot(weights, own, 1))
        cross = self._covariance(at, self._seen, GRID[kept]) + self._level(at, self._seen)
        cross += self._jumps(at, self._seen, lasting=False)
        cross += GRID[kept, 3, None, None] * (at[:, None] == self._seen[None, :])
        means = (cross @ self._solved[0][kept][:, :, None])[:, :, 0]
        white = self._solved[1][kept] @ cross.transpose(0, 2, 1)
        covariance = own - white.transpose(0, 2, 1) @ white
        mean = weights @ means
        apart = means - mean
        mixed = np.tensordot(weights, covariance + apart[:, :, None] * apart[:, None, :], 1)
        return self.prior_mean + mean, np.asarray(mixed)


def learn_trend_odds(courses: list[Course]) -> float:
    """The odds of a trend where several causes of a nation were seen: what moves one often moves the others too.

    What was believed counts as two causes. Each cause's own evidence is how much likelier its months are with a trend.
    """
    support = np.array([course.support()["trend"] for course in courses])
    odds_of = np.array([course.trend_odds for course in courses])
    told = support / np.maximum(1 - support, 1e-9) / odds_of
    believed = TREND_ODDS / (1 + TREND_ODDS)
    share = believed
    for _ in range(20):
        odds = share / (1 - share)
        share = float((2 * believed + (told * odds / (1 + told * odds)).sum()) / (2 + len(courses)))
    return share / (1 - share)


def _inverse_of_lower(lower: Floats) -> Floats:
    """The inverse of lower triangular matrices [setting, n, n], half by half: four times as fast as a general one."""
    size = lower.shape[-1]
    if size <= 12:
        return np.linalg.inv(lower)
    half = size // 2
    whole = np.zeros_like(lower)
    whole[:, :half, :half] = first = _inverse_of_lower(lower[:, :half, :half])
    whole[:, half:, half:] = last = _inverse_of_lower(lower[:, half:, half:])
    whole[:, half:, :half] = -(last @ lower[:, half:, :half] @ first)
    return whole


def _faded(away: Floats) -> Floats:
    """How far a trend that fades carries in so many months, in months of the trend as it was."""
    return np.asarray(FADES * (1 - FADES ** np.maximum(away, 0)) / (1 - FADES))
