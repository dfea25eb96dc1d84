"""How many days each stage takes: learned from our own contracts, from priors where there are none. Pure.

A stage's days are lognormal. Mean and spread of the logarithm carry a normal-inverse-chi-squared prior: its median
and sigma count as ``weight`` observations, so that one late contract moves the answer and does not become it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from blanko.kernel.errors import InvalidValue

STAGES: Final = (
    "budget", "tender", "objection", "contract", "chips_abroad", "cards_at_home", "customs_release", "transport",
)  # fmt: skip
# A stage that begins and ends on one day took a part of it; a logarithm needs some length.
SHORTEST_DAYS: Final = 0.5


class NegativeDays(InvalidValue):
    """A stage ends before it begins."""


class UnknownStage(InvalidValue):
    """No lead time goes by this name."""


@dataclass(frozen=True, slots=True)
class Prior:
    """What is believed before anything is observed, worth ``weight`` observations; ``source`` says why."""

    median_days: float
    sigma: float
    weight: float = 3.0
    source: str = "an assumption of this release"


@dataclass(frozen=True, slots=True)
class LeadTime:
    """Days of a stage: median, and sigma of the logarithm, as of the next case. ``observed`` counts what taught it."""

    median_days: float
    sigma: float
    observed: int
    source: str

    def quantile(self, z: float) -> float:
        """The days at ``z`` standard deviations of the logarithm: 1.2816 is what 9 of 10 stay below."""
        return self.median_days * math.exp(z * self.sigma)


_ASSUMED: Final = "an assumption of this release: no public record tells it"
PRIORS: Final[dict[str, Prior]] = {
    "budget": Prior(60.0, 0.5, 3.0, _ASSUMED),
    "tender": Prior(30.0, 0.4, 3.0, "an assumption of this release; the second tender of 2017 took 20 days"),
    "objection": Prior(7.0, 0.3, 3.0, "Perpres 54/2010: five working days, which are seven by the calendar"),
    "contract": Prior(14.0, 0.5, 3.0, "an assumption of this release; about two weeks were planned in March 2017"),
    "chips_abroad": Prior(45.0, 0.5, 3.0, _ASSUMED),
    "cards_at_home": Prior(14.0, 0.5, 3.0, _ASSUMED),
    "customs_release": Prior(4.0, 0.7, 3.0, _ASSUMED),
    "transport": Prior(3.0, 0.5, 3.0, _ASSUMED),
}


def learn(observed: Mapping[str, Sequence[float]], priors: Mapping[str, Prior] = PRIORS) -> dict[str, LeadTime]:
    """The distribution of each stage of ``priors`` after what was observed. Raises UnknownStage, NegativeDays."""
    unknown = sorted(set(observed) - set(priors))
    if unknown:
        raise UnknownStage(
            "there is no stage {stage}", mend="use one of {stages}", stage=unknown[0], stages=", ".join(priors)
        )
    return {stage: posterior(observed.get(stage, ()), prior, stage=stage) for stage, prior in priors.items()}


def posterior(days: Sequence[float], prior: Prior, *, stage: str = "") -> LeadTime:
    """One lognormal after its observations: sigma is that of the next case, what is unknown of the median included.

    With w the prior's weight, n and x the count and the logarithms of the days, m0 and s0 of the prior:
    m = (w m0 + sum x) / (w + n);  v = (w v0 + sum (x - mean)^2 + w n / (w + n) (mean - m0)^2) / (w + n);
    sigma^2 = v (1 + 1 / (w + n)), and v0 is such that sigma = s0 without observations.
    """
    wrong = [value for value in days if not math.isfinite(value) or value < 0]
    if wrong:
        raise NegativeDays(
            "{stage} took {days} days", mend="mend the dates of its begin and end", stage=stage, days=wrong[0]
        )
    logs = [math.log(max(value, SHORTEST_DAYS)) for value in days]
    n, w, m0 = len(logs), prior.weight, math.log(prior.median_days)
    mean = math.fsum(logs) / n if n else m0
    v0 = prior.sigma**2 / (1 + 1 / w)
    within = math.fsum((value - mean) ** 2 for value in logs)
    m = (w * m0 + n * mean) / (w + n)
    v = (w * v0 + within + w * n / (w + n) * (mean - m0) ** 2) / (w + n)
    source = prior.source if not n else f"{n} of our own, with the prior ({prior.source}) worth {w:g}"
    return LeadTime(math.exp(m), math.sqrt(v * (1 + 1 / (w + n))), n, source)
