"""What was seen: applications by cause, area and month, and what they stand on. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from blanko.engines.demand.errors import InvalidHistory

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# The first eight are the causes that an application file can name (records.intake.kinds).
CAUSES = (
    "turned_17",
    "first_card",
    "marriage",
    "divorce",
    "move",
    "loss",
    "damage",
    "change_of_element",
    "region_split",
    "suket_replacement",
)
TURNED_17 = CAUSES.index("turned_17")
FIRST_CARD = CAUSES.index("first_card")
REGION_SPLIT = CAUSES.index("region_split")
SUKET = CAUSES.index("suket_replacement")
RATE_CAUSES = tuple(place for place in range(len(CAUSES)) if place not in (TURNED_17, REGION_SPLIT, SUKET))


@dataclass(frozen=True, slots=True)
class Split:
    """A region split that is decreed or has happened: ``persons`` of ``area`` get another address on ``effective``."""

    area: str
    effective: date
    persons: float


@dataclass(frozen=True, slots=True)
class History:
    """What was seen, month by month from ``first_month``. Areas are 4-digit codes; the province is the first two.

    ``applications`` [cause, area, month]; ``base`` [area] obliged persons; ``birthdays`` [area, month] persons who turn
    17, from ``first_month`` on and beyond the history as far as the registry knows; ``censored`` [area, month] months
    without blanks, whose applications are no demand; ``open_sukets`` [area] certificates that wait for a card at the
    end; ``unrecorded`` [area] obliged persons who are not recorded yet at the end, who alone can ask for a first card
    late; ``deaths`` [area, month] of obliged persons, where they are counted; ``splits`` seen and to come.
    """

    areas: tuple[str, ...]
    first_month: date
    applications: Ints
    base: Floats
    birthdays: Floats
    censored: Bools
    open_sukets: Floats | None = None
    deaths: Floats | None = None
    splits: tuple[Split, ...] = ()
    unrecorded: Floats | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot have been seen. Raises InvalidHistory, naming the area."""
        self._check_areas()
        count, months = len(self.areas), self.months
        self._shape("applications", self.applications, (len(CAUSES), count, months))
        self._shape("base", self.base, (count,))
        self._shape("censored", self.censored, (count, months))
        if self.birthdays.ndim != 2 or self.birthdays.shape[0] != count or self.birthdays.shape[1] < months:
            raise InvalidHistory(
                "birthdays have the shape {found}", mend="give each of {count} areas at least {months} months",
                found=self.birthdays.shape, count=count, months=months,
            )  # fmt: skip
        self._counts("applications", self.applications.min(axis=(0, 2), initial=0))
        self._counts("base", self.base)
        self._counts("birthdays", self.birthdays.min(axis=1, initial=0))
        if self.open_sukets is not None:
            self._shape("open_sukets", self.open_sukets, (count,))
            self._counts("open_sukets", self.open_sukets)
        if self.unrecorded is not None:
            self._shape("unrecorded", self.unrecorded, (count,))
            self._counts("unrecorded", self.unrecorded)
        if self.deaths is not None:
            self._shape("deaths", self.deaths, (count, months))
            self._counts("deaths", self.deaths.min(axis=1, initial=0))
        for split in self.splits:
            self.place(split.area)
            if split.persons < 0:
                raise InvalidHistory(
                    "the split of {area} moves {persons} persons", mend="give a number from 0 up", area=split.area,
                    persons=split.persons,
                )  # fmt: skip

    @property
    def months(self) -> int:
        """Months that were seen."""
        return int(self.applications.shape[-1])

    @property
    def ends(self) -> date:
        """The first month that was not seen."""
        return month_after(self.first_month, self.months)

    def place(self, area: str) -> int:
        """Where an area stands. Raises InvalidHistory for one that is not in the history."""
        try:
            return self.areas.index(area)
        except ValueError:
            raise InvalidHistory("{area} is no area of the history", mend="name one of its areas", area=area) from None

    def late(self) -> Floats:
        """[area, month] persons who could ask for a first card late, at the start of each month that was seen.

        Those who are not recorded at the end, and those who came in that month or after it; where nobody counted them,
        all obliged persons.
        """
        if self.unrecorded is None:
            return np.repeat(self.base[:, None], self.months, axis=1)
        later = np.cumsum(self.applications[FIRST_CARD][:, ::-1], axis=1)[:, ::-1]
        return np.asarray(self.unrecorded[:, None] + later, dtype=np.float64)

    def before(self, month: int) -> History:
        """The same history as it was known when ``month`` months had been seen: later applications are cut off."""
        came = self.applications[FIRST_CARD][:, month:].sum(axis=1)
        return History(
            areas=self.areas, first_month=self.first_month, applications=self.applications[:, :, :month],
            base=self.base, birthdays=self.birthdays, censored=self.censored[:, :month],
            open_sukets=self.open_sukets, deaths=None if self.deaths is None else self.deaths[:, :month],
            splits=self.splits, unrecorded=None if self.unrecorded is None else self.unrecorded + came,
        )  # fmt: skip

    def _check_areas(self) -> None:
        if not self.areas:
            raise InvalidHistory("a history without areas", mend="name at least one area")
        for code in self.areas:
            if not (len(code) == 4 and code.isascii() and code.isdigit()):
                raise InvalidHistory("{area} is no regency code", mend="give codes of 4 digits", area=code)
        if list(self.areas) != sorted(set(self.areas)):
            raise InvalidHistory("the areas are not in order, or one stands twice", mend="sort them, each once")
        if self.first_month.day != 1:
            raise InvalidHistory("{day} is no first day of a month", mend="give the first day", day=self.first_month)

    def _shape(self, name: str, values: npt.NDArray[np.generic], shape: tuple[int, ...]) -> None:
        if values.shape != shape:
            raise InvalidHistory(
                "{name} have the shape {found}", mend="give the shape {shape}", name=name, found=values.shape,
                shape=shape,
            )  # fmt: skip

    def _counts(self, name: str, lowest: npt.NDArray[np.generic]) -> None:
        wrong = np.flatnonzero(~np.isfinite(lowest.astype(float)) | (lowest.astype(float) < 0))
        if len(wrong):
            raise InvalidHistory(
                "{name} of {area} hold {value}", mend="give counts from 0 up", name=name, area=self.areas[wrong[0]],
                value=lowest[wrong[0]],
            )  # fmt: skip


def month_after(first: date, months: int) -> date:
    """The first day of the month that lies so many months after another."""
    place = first.year * 12 + first.month - 1 + months
    return date(place // 12, place % 12 + 1, 1)


def months_between(first: date, later: date) -> int:
    """Months from the month of ``first`` to that of ``later``; negative when it lies before."""
    return (later.year - first.year) * 12 + later.month - first.month


def calendar_months(first: date, months: int) -> Ints:
    """0 for January to 11 for December, for so many months from ``first``."""
    return (first.month - 1 + np.arange(months)) % 12
