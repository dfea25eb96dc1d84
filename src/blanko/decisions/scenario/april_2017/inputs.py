"""The April 2017 data files, read as values."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from importlib.resources import files

from blanko.decisions.scenario.april_2017.estimates import Count, read_count
from blanko.decisions.scenario.april_2017.lines import Statement


@dataclass(frozen=True, slots=True)
class Deadline:
    """A day by which the cards of a regency are needed, why, and since when everybody could know it."""

    regency: str
    deadline: date
    reason: str
    published_on: date
    source: str


def _rows(name: str) -> list[dict[str, str]]:
    text = (files(__package__) / name).read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text)))


def facts() -> tuple[Count, ...]:
    """The published figures of facts.csv."""
    return tuple(read_count(row) for row in _rows("facts.csv"))


def statements() -> Mapping[str, Statement]:
    """What was said on 4 April 2017, by key."""
    found: dict[str, Statement] = {}
    for row in _rows("statements.csv"):
        text = row["value"]
        value: Fraction | date = date.fromisoformat(text) if text.count("-") == 2 else Fraction(text)
        found[row["key"]] = Statement(value, row["source"])
    return found


def deadlines() -> tuple[Deadline, ...]:
    """The deadlines of April 2017."""
    return tuple(
        Deadline(
            regency=row["regency"],
            deadline=date.fromisoformat(row["deadline"]),
            reason=row["reason"],
            published_on=date.fromisoformat(row["published_on"]),
            source=row["source"],
        )
        for row in _rows("deadlines.csv")
    )
