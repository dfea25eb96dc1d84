"""The values that the table "said and recorded" is computed from and made of. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from blanko.decisions.transparency.rules import NATION, Figure
from blanko.kernel.errors import BlankoError


class StatementMissing(BlankoError):
    """The table needs a statement that the inputs do not hold."""


class FigureMissing(BlankoError):
    """The table needs a figure that was not known on the day."""


@dataclass(frozen=True, slots=True)
class AreaName:
    """An area code that is read as the area's name."""

    code: str


@dataclass(frozen=True, slots=True)
class Percent:
    """A share that is read in percent with ``places`` decimals."""

    share: Fraction
    places: int = 2


@dataclass(frozen=True, slots=True)
class Number:
    """A number that is read with ``places`` decimals."""

    number: Fraction
    places: int = 1


Param = int | str | date | AreaName | Percent | Number
Sentence = tuple[str, Mapping[str, Param]]


@dataclass(frozen=True, slots=True)
class Statement:
    """One number or day that was said, by whom and where."""

    value: int | Fraction | date
    source: str


@dataclass(frozen=True, slots=True)
class StageCost:
    """What one deadline gave to the areas that have it, and what it took from every other area (code to blanks)."""

    deadline: date
    areas: tuple[str, ...]
    blanks: int
    lost: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything that the table is computed from.

    ``figures`` may hold later ones: only those known on ``said_on`` are used. ``custody`` is the balance sheet on
    ``counted_on``; ``fills`` is each regency's filled share of its need then; ``lampung_*`` are blanks and people by
    regency.
    """

    said_on: date
    statements: Mapping[str, Statement]
    figures: Sequence[Figure]
    counted_on: date
    custody: Mapping[str, int]
    fills: Mapping[str, Fraction]
    stages: Sequence[StageCost]
    lampung_allocated: Mapping[str, int]
    lampung_needs: Mapping[str, int]
    lampung_figures: Sequence[str] = ()
    box_size: int = 500

    def number(self, key: str) -> int:
        value = self._statement(key).value
        if isinstance(value, date) or Fraction(value).denominator != 1:
            raise StatementMissing("the statement {key} is no count", mend="give a whole number", key=key)
        return int(value)

    def day(self, key: str) -> date:
        value = self._statement(key).value
        if not isinstance(value, date):
            raise StatementMissing("the statement {key} is no day", mend="give a date", key=key)
        return value

    def fraction(self, key: str) -> Fraction:
        value = self._statement(key).value
        if isinstance(value, date):
            raise StatementMissing("the statement {key} is no number", mend="give a number", key=key)
        return Fraction(value)

    def _statement(self, key: str) -> Statement:
        if key not in self.statements:
            raise StatementMissing("nobody said {key}", mend="add it to the statements", key=key)
        return self.statements[key]

    def told(self, name: str) -> list[Figure]:
        """The nation's figures of a name that were known when it was said, newest day first."""
        found = [f for f in self.figures if f.name == name and f.area == NATION and f.known_on <= self.said_on]
        if not found:
            raise FigureMissing(
                "no {name} was known on {said_on}", mend="publish it first", name=name, said_on=self.said_on
            )
        return sorted(found, key=lambda f: (f.date, f.known_on, f.source), reverse=True)


@dataclass(frozen=True, slots=True)
class Line:
    """One row: what was said, what the records say (one or more sentences), the verdict, its figures and arithmetic."""

    key: str
    said: Sentence
    records_say: tuple[Sentence, ...]
    verdict: str
    figures: tuple[str, ...] = ()
    arithmetic: tuple[Sentence, ...] = ()
    details: tuple[Mapping[str, Param], ...] = ()
