"""A plan that is to be tried against the future: what is held, what comes in, what prints, what is on its way. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt

from blanko.engines.runout.draws import Stage
from blanko.engines.runout.errors import InvalidPlan

Floats = npt.NDArray[np.float64]
WEEKS_MAX = 520


@dataclass(frozen=True, slots=True)
class Delivery:
    """Blanks that are ordered and not yet stock. ``elapsed_days`` counts for its first step, which is under way.

    ``accepted`` and ``accepted_weight`` are the mean and the strength of the Beta distribution of the good share;
    ``lost_chance`` is the chance that it never comes.
    """

    name: str
    quantity: float
    stages: tuple[Stage, ...]
    elapsed_days: float = 0.0
    accepted: float = 0.99
    accepted_weight: float = 200.0
    lost_chance: float = 0.0


@dataclass(frozen=True, slots=True)
class Demand:
    """New claims of each area and week. ``direct`` need only a blank; ``enrolled`` await the check of uniqueness first.

    Shapes: direct and enrolled [week, area]; ``*_common_cv`` of a factor that all areas share in a path;
    ``*_area_cv`` [area] of each area's own; dispersion: a week's variance is m + dispersion * m * m.
    """

    direct: Floats
    enrolled: Floats
    direct_common_cv: float
    enrolled_common_cv: float
    direct_area_cv: Floats
    enrolled_area_cv: Floats
    direct_dispersion: float = 0.01
    enrolled_dispersion: float = 0.01


@dataclass(frozen=True, slots=True)
class Offices:
    """What each office holds and can do; all arrays [area]. Cards a week where nothing is known: infinity.

    ``printer_cards`` is what its ``printers`` (a count) print a week when all work; ``working`` is the share of them
    that works today, ``availability`` the share that works on the long run. ``ribbon_on_hand`` (ribbon and ink, in
    cards) is used up and filled by ``ribbon_cards`` a week; what is not used stays.
    """

    on_hand: Floats
    in_transit: Floats
    print_ready: Floats
    awaiting: Floats
    uncollected: Floats
    printer_cards: Floats
    printers: Floats
    availability: Floats
    working: Floats
    operator_cards: Floats
    ribbon_on_hand: Floats
    ribbon_cards: Floats
    transport_weeks: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Plan:
    """One plan. Week w covers the days from ``start`` + 7 w; ``areas`` are codes in order."""

    start: date
    weeks: int
    areas: tuple[str, ...]
    central: float
    offices: Offices
    demand: Demand
    deliveries: tuple[Delivery, ...]
    checks_a_week: float
    checks_cv: float = 0.3
    passed_share: float = 0.95
    spoilage: float = 0.02
    spoilage_cv: float = 0.5
    repair_weeks: float = 3.0
    collected_share: float = 0.25
    cover_weeks: float = 4.0
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        """Refuse what no plan can be. Raises InvalidPlan, naming the area or the delivery."""
        self._check_shape()
        self._check_offices()
        self._check_claims()
        for name in ("passed_share", "collected_share", "spoilage"):
            _share(name, getattr(self, name))
        if self.central < 0 or self.checks_a_week < 0:
            raise InvalidPlan("a negative stock or speed of checking", mend="give a number from 0 up")
        for delivery in self.deliveries:
            if not delivery.quantity > 0:
                raise InvalidPlan(
                    "the delivery {name} has no quantity", mend="give a number above 0", name=delivery.name
                )
            _share(f"the chance to lose {delivery.name}", delivery.lost_chance)
            _share(f"the good share of {delivery.name}", delivery.accepted)

    def _check_shape(self) -> None:
        if not 1 <= self.weeks <= WEEKS_MAX:
            raise InvalidPlan("a plan of {weeks} weeks", mend="plan between 1 and 520 weeks", weeks=self.weeks)
        if not self.areas:
            raise InvalidPlan("a plan without areas", mend="name at least one area")
        if len(set(self.areas)) != len(self.areas):
            raise InvalidPlan("an area stands twice in the plan", mend="name each area once")

    def _check_offices(self) -> None:
        count = len(self.areas)
        for name in Offices.__slots__:
            values = getattr(self.offices, name)
            if values.shape != (count,):
                raise InvalidPlan(
                    "{name} has the shape {found}", mend="give one value for each of {count} areas", name=name,
                    found=values.shape, count=count,
                )  # fmt: skip
            wrong = np.flatnonzero(np.isnan(values) | (values < 0))
            if len(wrong):
                raise InvalidPlan(
                    "{name} of {area} is {value}", mend="give a number from 0 up", name=name,
                    area=self.areas[wrong[0]], value=values[wrong[0]],
                )  # fmt: skip
        if (self.offices.availability > 1).any() or (self.offices.working > 1).any():
            raise InvalidPlan("an availability over 1", mend="give the share of weeks in which the printers work")

    def _check_claims(self) -> None:
        for name in ("direct", "enrolled"):
            values = getattr(self.demand, name)
            if values.shape != (self.weeks, len(self.areas)):
                raise InvalidPlan(
                    "{name} claims have the shape {found}", mend="give {weeks} weeks of {count} areas", name=name,
                    found=values.shape, weeks=self.weeks, count=len(self.areas),
                )  # fmt: skip
            if not np.isfinite(values).all() or (values < 0).any():
                raise InvalidPlan("{name} claims hold a negative number", mend="give numbers from 0 up", name=name)


def _share(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise InvalidPlan("{name} is {value}", mend="give a share between 0 and 1", name=name, value=value)
