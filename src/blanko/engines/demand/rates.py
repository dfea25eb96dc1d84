"""What was learned: rates with their uncertainty, and what a person has put in their place. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from blanko.engines.demand.course import Course
from blanko.engines.demand.errors import InvalidRate
from blanko.engines.demand.floods import Events
from blanko.engines.demand.heldback import Wave
from blanko.engines.demand.history import CAUSES, REGION_SPLIT, SUKET, Floats
from blanko.engines.demand.offices import Spread
from blanko.engines.demand.priors import Priors, check_rate


@dataclass(frozen=True, slots=True)
class Overrule:
    """Who put which rate in the place of the learned one, for which area (a regency, a province, "" the nation)."""

    cause: str
    area: str
    rate: float
    was: float
    cv: float
    who: str
    why: str


@dataclass(frozen=True)
class Rates:
    """Rates of one history. ``rate`` [cause, area] is of the end of the history and without season: cards an obliged
    person asks for in a month; for turned_17 the share of those who turn 17 that applies, for first_card cards of each
    person not recorded yet where those were counted. ``rate_cv`` [cause, area].

    ``events`` of each cause, see ``floods``; ``weight`` [area] the obliged persons, by whom rates are averaged;
    ``courses`` the nation's level, trend and season of each cause; ``shared_cv`` [cause, area] the part of
    ``rate_cv`` that a province's areas share; ``drift`` [cause] how far an area's rate moves in a month,
    ``together`` the share of its variance that is the province's; ``common_cv`` [cause] what a person stated, nan
    where the course says it; ``delay`` [lag] sums to 1; ``waves`` the ways in which what was held back may come,
    see ``heldback``; ``version`` counts from 1, ``previous`` is the version before.
    """

    areas: tuple[str, ...]
    first_month: date
    months: int
    priors: Priors
    weight: Floats
    rate: Floats
    rate_cv: Floats
    shared_cv: Floats
    dispersion: Floats
    drift: Floats
    together: Floats
    spreads: tuple[Spread | None, ...]
    events: tuple[Events, ...]
    courses: tuple[Course | None, ...]
    common_cv: Floats
    delay: Floats
    waves: tuple[Wave, ...]
    death_rate: Floats
    split_share: tuple[float, float]
    version: int = 1
    overrules: tuple[Overrule, ...] = ()
    previous: Rates | None = None

    @property
    def likeliest(self) -> Wave:
        """The likeliest way in which what was held back comes."""
        return max(self.waves, key=lambda wave: wave.weight)

    @property
    def returning(self) -> tuple[tuple[float, float], ...]:
        """The Beta belief of each cause in the share that comes back, in the likeliest way."""
        return self.likeliest.beliefs

    @property
    def pending(self) -> Floats:
        """[wave, cause, area] what is still held back, in the likeliest way; were all of it to come."""
        return self.likeliest.pending

    def places(self, area: str) -> Floats:
        """Which areas a regency, a province ("18") or the nation ("") holds. Raises InvalidRate for none."""
        inside = np.array([code.startswith(area) for code in self.areas])
        if not inside.any() or len(area) not in (0, 2, 4):
            raise InvalidRate("{area} is no area of the rates", mend="name a regency, a province or nothing", area=area)
        return inside

    def rate_of(self, cause: str, area: str = "") -> float:
        """The rate of a regency, a province or the nation: an average by obliged persons."""
        inside = self.places(area)
        rates = self.rate[_cause(cause), inside]
        weights = self.weight[inside]
        return float(np.average(rates, weights=weights) if weights.sum() > 0 else rates.mean())

    def overruled(self, cause: str, *, rate: float, who: str, why: str, area: str = "", cv: float = 0.1) -> Rates:
        """A further version in which a person's rate stands in the place of the learned one; this one stays.

        Offices inside ``area`` keep how they lie to each other. Season and trend stay too. ``cv`` says how sure the
        person is. Raises InvalidRate without who or why, for a rate outside 0 to 1, or an unknown area or cause.
        """
        place = _cause(cause)
        if place in (REGION_SPLIT, SUKET):
            raise InvalidRate("{cause} follows a count, not a rate", mend="correct the count", cause=cause)
        for name, text in (("who", who), ("why", why)):
            if not text.strip():
                raise InvalidRate("a rate is overruled without {name}", mend="say who and why", name=name)
        check_rate("the rate", rate)
        if not cv >= 0:
            raise InvalidRate("a cv of {value}", mend="give a number from 0 up", value=cv)
        inside, was = self.places(area), self.rate_of(cause, area)
        rates, spread, common = self.rate.copy(), self.rate_cv.copy(), self.common_cv.copy()
        shared = self.shared_cv.copy()
        rates[place, inside] = rates[place, inside] * (rate / was) if was > 0 else rate
        if (rates[place] > 1).any():
            # Only where offices differ widely; then the person's rate is everybody's.
            rates[place, inside] = rate
        if area:
            spread[place, inside] = cv
            # Where a person misjudges a province, it is misjudged as a whole.
            shared[place, inside] = cv if len(area) == 2 else 0.0
        else:
            common[place] = cv
        stated = Overrule(cause=cause, area=area, rate=rate, was=was, cv=cv, who=who, why=why)
        return replace(
            self, rate=rates, rate_cv=spread, shared_cv=shared, common_cv=common, version=self.version + 1,
            overrules=(*self.overrules, stated), previous=self,
        )  # fmt: skip


def _cause(cause: str) -> int:
    if cause not in CAUSES:
        raise InvalidRate("{cause} is no cause", mend="name one of the causes", cause=cause)
    return CAUSES.index(cause)
