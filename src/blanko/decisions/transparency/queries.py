"""Read published figures as they were known on a day."""

from __future__ import annotations

from datetime import date
from typing import Any

from blanko.decisions.transparency import models, rules

_COLUMNS = (
    "name",
    "area",
    "unit",
    "numerator",
    "denominator",
    "date",
    "source",
    "kind",
    "known_on",
    "arithmetic",
    "inputs",
)


def published(*, known_on: date, metric: str | None = None, area: str | None = None) -> tuple[rules.Figure, ...]:
    """The figures that were known on a day, as values. Nothing that became known later is among them."""
    rows = models.Figure.objects.filter(known_on__lte=known_on)
    if metric is not None:
        rows = rows.filter(name=metric)
    if area is not None:
        rows = rows.filter(area=area)
    found = (
        rules.Figure(**{**row, "arithmetic": tuple(row["arithmetic"]), "inputs": tuple(row["inputs"])})
        for row in rows.values(*_COLUMNS)
    )
    return rules.known(found, on=known_on)


def figures(*, known_on: date, metric: str | None = None, area: str | None = None) -> list[dict[str, Any]]:
    """The figures that were known on a day, as plain rows (see rules.Figure.plain), by name, area, date, source."""
    return [figure.plain() for figure in published(known_on=known_on, metric=metric, area=area)]


def conflicts(metric: str, known_on: date) -> list[dict[str, Any]]:
    """For each area of which different things were known: all side by side, the newest day first, and the bases."""
    return [
        {
            "name": conflict.name,
            "area": conflict.area,
            "bases": list(conflict.bases),
            "figures": [figure.plain() for figure in conflict.figures],
        }
        for conflict in rules.conflicts(published(known_on=known_on, metric=metric))
    ]
