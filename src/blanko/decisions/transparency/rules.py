"""What a published figure is. Pure.

A figure without its denominator, its date or its source is no figure: it cannot be made here and cannot be stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from datetime import date as Day
from decimal import Decimal
from typing import Literal

from blanko.kernel.errors import BlankoError
from blanko.kernel.share import Share

Kind = Literal["observed", "estimated", "modelled", "synthetic"]
KINDS: tuple[Kind, ...] = ("observed", "estimated", "modelled", "synthetic")
Unit = Literal["count", "share"]
NATION = "ID"
SHARE_PLACES = 4

# Which counts are also spoken of as a share of their base, and under which name that share is published.
SHARE_NAMES: Mapping[str, str] = {"recorded": "recorded_share"}


class FigureWithoutDenominator(BlankoError):
    """A figure was offered without the base that it is a part of."""


class FigureWithoutSource(BlankoError):
    """A figure was offered without saying where it comes from."""


class FigureOfUnknownKind(BlankoError):
    """A figure is observed, estimated, modelled or synthetic, and nothing else."""


class FigureKnownTooEarly(BlankoError):
    """A figure claims to have been known before the day that it counts."""


class FigureWithoutArithmetic(BlankoError):
    """A computed figure names its inputs and no arithmetic, or arithmetic and no inputs."""


class FigureChanged(BlankoError):
    """The same source said something else of the same day and area before, and was published with it."""


@dataclass(frozen=True, slots=True)
class Figure:
    """``numerator`` of ``denominator`` in an area on a day, said by one source, known from ``known_on`` on.

    ``unit`` says which number the figure is named after: the count (``value`` = numerator) or the share (``value`` =
    numerator / denominator in SHARE_PLACES decimals). ``arithmetic`` and ``inputs`` are there for computed figures.
    """

    name: str
    area: str
    unit: Unit
    numerator: int
    denominator: int
    date: Day
    source: str
    kind: str
    known_on: Day
    arithmetic: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.denominator is None or self.denominator <= 0:
            raise FigureWithoutDenominator(
                "{name} of {area} names no base", mend="say of how many it is a part", name=self.name, area=self.area
            )
        if not self.source.strip():
            raise FigureWithoutSource(
                "{name} of {area} names no source", mend="name who said it and where", name=self.name, area=self.area
            )
        if self.kind not in KINDS:
            raise FigureOfUnknownKind(
                "{kind} is no kind of figure", mend="use one of {kinds}", kind=repr(self.kind), kinds=", ".join(KINDS)
            )
        if self.kind == "observed" and self.known_on < self.date:
            raise FigureKnownTooEarly(
                "{name} of {date} was not known on {known_on}",
                mend="give the day of publication",
                name=self.name,
                date=self.date,
                known_on=self.known_on,
            )
        if bool(self.arithmetic) != bool(self.inputs):
            raise FigureWithoutArithmetic(
                "{name} of {area} is computed and does not say how",
                mend="give arithmetic and inputs together",
                name=self.name,
                area=self.area,
            )

    @property
    def share(self) -> Share:
        return Share(self.numerator, self.denominator)

    @property
    def value(self) -> Decimal:
        """The number that the figure is named after."""
        if self.unit == "count":
            return Decimal(self.numerator)
        places: int = 10**SHARE_PLACES
        # Half up, as offices round and as PostgreSQL's round(numeric) does.
        return Decimal((self.numerator * places * 2 + self.denominator) // (2 * self.denominator)) / places

    @property
    def key(self) -> str:
        """What a link to the figure says: name, area, day and source."""
        return f"{self.name}/{self.area}/{self.date.isoformat()}/{self.source}"

    @property
    def regency(self) -> str | None:
        """The regency that the figure belongs to; None for the nation and for a province."""
        return self.area[:4] if len(self.area) >= 4 else None

    def plain(self) -> dict[str, object]:
        """The figure as doors show it; ``percent`` has two decimals, without the sign."""
        return {
            "key": self.key,
            "name": self.name,
            "area": self.area,
            "unit": self.unit,
            "value": self.value,
            "numerator": self.numerator,
            "denominator": self.denominator,
            "percent": self.share.percent(2),
            "date": self.date,
            "source": self.source,
            "kind": self.kind,
            "known_on": self.known_on,
            "arithmetic": list(self.arithmetic),
            "inputs": list(self.inputs),
        }


def figures_of_count(count: Mapping[str, object]) -> tuple[Figure, ...]:
    """The figures that one row of the counts gives: the count of its base, and its share where it is spoken of as one.

    ``count`` has area, metric, value, date, denominator, source, kind, known_on. Raises FigureWithoutDenominator.
    """
    denominator = count["denominator"]
    metric, area = str(count["metric"]), str(count["area"])
    if denominator is None:
        raise FigureWithoutDenominator(
            "{metric} of {area} names no base", mend="say of how many it is a part", metric=metric, area=area
        )
    plain = Figure(
        name=metric,
        area=area,
        unit="count",
        numerator=int(str(count["value"]).split(".", maxsplit=1)[0]),
        denominator=int(str(denominator).split(".", maxsplit=1)[0]),
        date=_day(count["date"]),
        source=str(count["source"]),
        kind=str(count["kind"]),
        known_on=_day(count["known_on"]),
    )
    if metric not in SHARE_NAMES:
        return (plain,)
    return (plain, replace(plain, name=SHARE_NAMES[metric], unit="share"))


def _day(value: object) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))


def known(figures: Iterable[Figure], *, on: date) -> tuple[Figure, ...]:
    """What was known on a day, in the order name, area, date, source. Of two versions the later known stands."""
    latest: dict[str, Figure] = {}
    for figure in sorted(figures, key=lambda f: f.known_on):
        if figure.known_on <= on:
            latest[figure.key] = figure
    return tuple(sorted(latest.values(), key=lambda f: (f.name, f.area, f.date, f.source)))


@dataclass(frozen=True, slots=True)
class Conflict:
    """One name and area, and all that was said of it, the newest day first."""

    name: str
    area: str
    figures: tuple[Figure, ...]

    @property
    def bases(self) -> tuple[int, ...]:
        """The different bases in use, largest first. More than one means that the shares cannot be compared."""
        return tuple(sorted({figure.denominator for figure in self.figures}, reverse=True))


def conflicts(figures: Sequence[Figure]) -> tuple[Conflict, ...]:
    """The names and areas of which more than one thing was said: another number, another base or another day."""
    groups: dict[tuple[str, str], list[Figure]] = {}
    for figure in figures:
        groups.setdefault((figure.name, figure.area), []).append(figure)
    return tuple(
        Conflict(name, area, tuple(sorted(said, key=lambda f: (-f.date.toordinal(), f.source))))
        for (name, area), said in sorted(groups.items())
        if len({(f.numerator, f.denominator) for f in said}) > 1
    )
