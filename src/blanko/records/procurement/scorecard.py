"""A supplier's score card: on time, short, late by how much, defect; each a distribution with its prior. Pure.

Counts carry Beta priors, days a lognormal one. Nothing is a grade: a maker of whom nothing is known shows the prior.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from blanko.kernel.errors import InvalidValue
from blanko.records.procurement.lead_times import LeadTime, Prior, posterior


class MoreThanTried(InvalidValue):
    """More cases are counted than were tried, or fewer than none."""


@dataclass(frozen=True, slots=True)
class BetaPrior:
    """A Beta distribution before anything is observed: ``alpha`` cases and ``beta`` others, and why."""

    alpha: float
    beta: float
    source: str = "an assumption of this release"


@dataclass(frozen=True, slots=True)
class Rate:
    """A share as Beta(alpha, beta), with its prior beside it. ``cases`` of ``tried`` is what was counted.

    A case may be a part: half a delivery short is half a case.
    """

    cases: float
    tried: int
    alpha: float
    beta: float
    prior: BetaPrior

    @property
    def mean(self) -> float:
        return self.alpha / (self.alpha + self.beta)

    def quantile(self, probability: float) -> float:
        """The share below which the true one lies with this probability."""
        return beta_quantile(probability, self.alpha, self.beta)

    @property
    def interval(self) -> tuple[float, float]:
        """The 80 % interval."""
        return self.quantile(0.1), self.quantile(0.9)


@dataclass(frozen=True, slots=True)
class Record:
    """What was seen of a supplier: deliveries that were due, and boxes that were looked at when a lot was accepted.

    ``short`` adds up, over the deliveries, the share of each that was missing on its day: 0.5 is half of one.
    """

    due: int = 0
    on_time: int = 0
    short: float = 0.0
    days_late: tuple[float, ...] = ()
    boxes: int = 0
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class Priors:
    on_time: BetaPrior
    short: BetaPrior
    defect: BetaPrior
    days_late: Prior


@dataclass(frozen=True, slots=True)
class ScoreCard:
    """``days_late`` is that of a delivery that is late; one still missing counts with its days so far."""

    on_time: Rate
    short: Rate
    defect: Rate
    days_late: LeadTime
    days_late_prior: Prior


PRIORS: Final = Priors(
    on_time=BetaPrior(3.0, 2.0, "an assumption of this release, worth five deliveries"),
    short=BetaPrior(1.0, 4.0, "an assumption of this release, worth five deliveries"),
    defect=BetaPrior(0.5, 99.5, "an assumption of this release, worth a hundred boxes"),
    days_late=Prior(14.0, 0.8, 2.0, "an assumption of this release, worth two deliveries"),
)


def rate(cases: float, tried: int, prior: BetaPrior) -> Rate:
    """A share after ``cases`` of ``tried``. Raises MoreThanTried."""
    if not 0 <= cases <= tried:
        raise MoreThanTried("{cases} of {tried}", mend="count each case once", cases=cases, tried=tried)
    return Rate(cases, tried, prior.alpha + cases, prior.beta + tried - cases, prior)


def score(record: Record, priors: Priors = PRIORS) -> ScoreCard:
    """The score card after what was seen. Raises MoreThanTried, NegativeDays."""
    return ScoreCard(
        on_time=rate(record.on_time, record.due, priors.on_time),
        short=rate(record.short, record.due, priors.short),
        defect=rate(record.rejected, record.boxes, priors.defect),
        days_late=posterior(record.days_late, priors.days_late, stage="days late"),
        days_late_prior=priors.days_late,
    )


def together(records: Sequence[Record]) -> Record:
    """The records of several contracts as one."""
    return Record(
        due=sum(r.due for r in records),
        on_time=sum(r.on_time for r in records),
        short=math.fsum(r.short for r in records),
        days_late=tuple(days for r in records for days in r.days_late),
        boxes=sum(r.boxes for r in records),
        rejected=sum(r.rejected for r in records),
    )


def beta_quantile(probability: float, alpha: float, beta: float) -> float:
    """The quantile of a Beta distribution, by bisection to about 1e-12."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if beta_below(middle, alpha, beta) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def beta_below(x: float, alpha: float, beta: float) -> float:
    """The probability that a Beta(alpha, beta) lies below x: the regularised incomplete beta function.

    Source: the continued fraction of DLMF 8.17.22, evaluated by Lentz's method.
    """
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    if x > (alpha + 1) / (alpha + beta + 2):
        return 1.0 - beta_below(1 - x, beta, alpha)
    front = math.exp(
        math.lgamma(alpha + beta) - math.lgamma(alpha) - math.lgamma(beta)
        + alpha * math.log(x) + beta * math.log1p(-x)
    )  # fmt: skip
    return front * _fraction(x, alpha, beta) / alpha


def _fraction(x: float, a: float, b: float) -> float:
    tiny = 1e-300
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > tiny else tiny)
    found = d
    for m in range(1, 10_000):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 + term * d
            d = 1 / (d if abs(d) > tiny else tiny)
            c = 1 + term / c
            c = c if abs(c) > tiny else tiny
            found *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return found
