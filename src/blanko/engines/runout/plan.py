"""A plan that is to be tried against the future: what is held, what comes in, what prints, what is on its way. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt

from blanko.engines.runout.draws import Stage
from blanko.engines.runout.errors import InvalidPlan

Floats = npt.NDArray[np.float64]
WEEKS_MAX, LATE_WEEKS_MAX = 520, 26


@dataclass(frozen=True, slots=True)
class Delivery:
    """Blanks that are ordered and not yet stock. ``elapsed_days`` counts for its first step, which is under way.

    ``accepted`` and ``accepted_weight`` are the mean and the strength of the Beta distribution of the good share;
    ``lost_chance`` is the chance that it never comes. What is not accepted is made good with ``replaced_chance``, a
    lognormal number of days (``replaced_days``, ``replaced_sigma``) later.
    """

    name: str
    quantity: float
    stages: tuple[Stage, ...]
    elapsed_days: float = 0.0
    accepted: float = 0.99
    accepted_weight: float = 200.0
    lost_chance: float = 0.0
    replaced_chance: float = 0.0
    replaced_days: float = 45.0
    replaced_sigma: float = 0.5


@dataclass(frozen=True, slots=True)
class Receipts:
    """What offices receive of what they are sent. Of a path's blanks the share ``lost`` never comes, and ``late`` comes
    ``late_weeks`` after the rest; both shares have the coefficient of variation that stands beside them.
    """

    lost: float = 0.0
    lost_cv: float = 0.0
    late: float = 0.0
    late_cv: float = 0.0
    late_weeks: int = 2


@dataclass(frozen=True, slots=True)
class Deadline:
    """A stage: ``release`` blanks go to these areas before anybody else, from week ``opens`` to the deadline ``week``.

    ``areas`` are codes of the plan; a release of 0 opens no stage, and only the odds of the deadline are asked.
    """

    name: str
    areas: tuple[str, ...]
    week: int
    release: float = 0.0
    opens: int = 0


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
    cards) is used up and filled by ``ribbon_cards`` a week; what is not used stays. Where there is a ``ribbon_lot`` it
    does not come week by week: that much is bought at once, when less than a lot is left and so much was granted, and
    comes about ``ribbon_lead_weeks`` later. ``deaths`` is the share of those owed a card who die in a week.
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
    ribbon_lot: Floats
    ribbon_lead_weeks: Floats
    deaths: Floats
    transport_weeks: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Plan:
    """One plan. Week w covers the days from ``start`` + 7 w; ``areas`` are codes in order.

    Offices are sent whole boxes of ``box`` blanks (1: single blanks); where ``boxes_opened``, who needs less than a
    box gets single ones.
    """

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
    box: int = 1
    boxes_opened: bool = True
    deaths_cv: float = 0.0
    receipts: Receipts = Receipts()
    deadlines: tuple[Deadline, ...] = ()
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
            _share(f"the chance to replace {delivery.name}", delivery.replaced_chance)
        if self.box < 1:
            raise InvalidPlan("a box of {count} blanks", mend="give a whole number from 1", count=self.box)
        self._check_receipts()
        self._check_deadlines()

    def _check_receipts(self) -> None:
        _share("the share lost on the way", self.receipts.lost)
        _share("the share that comes late", self.receipts.late)
        if not 0 <= self.receipts.late_weeks <= LATE_WEEKS_MAX:
            raise InvalidPlan("what comes late comes {weeks} weeks later", mend="give 0 to 26 weeks",
                              weeks=self.receipts.late_weeks)  # fmt: skip

    def _check_deadlines(self) -> None:
        known = set(self.areas)
        for deadline in self.deadlines:
            if unknown := [code for code in deadline.areas if code not in known]:
                raise InvalidPlan("{area} is no area of the plan", mend="name areas of the plan", area=unknown[0])
            if not 0 <= deadline.opens <= deadline.week < self.weeks:
                raise InvalidPlan(
                    "the deadline {name} lies in week {week}", mend="give a week of the plan, not before it opens",
                    name=deadline.name, week=deadline.week,
                )  # fmt: skip
            if not deadline.release >= 0:
                raise InvalidPlan("the deadline {name} releases {count}", mend="give a number from 0 up",
                                  name=deadline.name, count=deadline.release)  # fmt: skip

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
        if (self.offices.deaths > 1).any():
            raise InvalidPlan("more die in a week than there are", mend="give the share that dies in a week")

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
