"""Publish figures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import connection
from django.db.transaction import atomic

from blanko.decisions.transparency import models, rules
from blanko.ground.audit import operations as audit
from blanko.ground.audit.merkle import Facts
from blanko.ground.database import sql

_FOUR_PLACES = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Published:
    """How many figures were added, how many stood already, and how many counts name no base and stay unpublished."""

    published: int
    unchanged: int
    without_base: int = 0


def publish(*, figures: Iterable[rules.Figure], by: str, at: datetime, without_base: int = 0) -> Published:
    """Add figures to the published ones; those that stand already are left alone.

    Raises FigureChanged, and adds nothing, when a figure has the name, area, date, source and known_on of a published
    one and other content: a correction becomes known on a day of its own.
    """
    offered = {(f.key, f.known_on): f for f in figures}
    ordered = sorted(offered.values(), key=lambda f: (f.name, f.area, f.date, f.source, f.known_on))
    with atomic():
        with connection.cursor() as cursor:
            # Two publishers at once would both find a figure missing; the second one waits and finds it.
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('transparency_figure'))")
        names = {f.name for f in ordered}
        known = {
            (row["name"], row["area"], row["date"], row["source"], row["known_on"]): row
            for row in models.Figure.objects.filter(name__in=names).values()
        }
        added = []
        for figure in ordered:
            row = _row(figure)
            stored = known.get((figure.name, figure.area, figure.date, figure.source, figure.known_on))
            if stored is None:
                added.append(row)
            elif any(stored[column] != value for column, value in row.items()):
                raise rules.FigureChanged(
                    "{key} was published with {numerator} of {denominator}, now {new_numerator} of {new_denominator}",
                    mend="publish the correction with the day on which it became known",
                    key=figure.key,
                    numerator=stored["numerator"],
                    denominator=stored["denominator"],
                    new_numerator=figure.numerator,
                    new_denominator=figure.denominator,
                )
        if added:
            event = audit.record(
                operation="transparency.publish",
                by=by,
                at=at,
                facts=Facts.of({"transparency_figure": added}),
                subject={"names": sorted({str(row["name"]) for row in added})},
            )
            models.Figure.objects.bulk_create([models.Figure(event_id=event, **row) for row in added], batch_size=2000)
    return Published(published=len(added), unchanged=len(ordered) - len(added), without_base=without_base)


def publish_counts(*, by: str, at: datetime, known_on: date | None = None) -> Published:
    """Publish each count of the intake that names its base and was known on ``known_on`` (default: the day of at)."""
    day = known_on or at.date()
    with atomic():
        with connection.cursor() as cursor:
            cursor.execute(sql.text(__package__, "counts_known.sql"), {"known_on": day})
            columns = [column.name for column in cursor.description]
            counts = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
        based = [count for count in counts if count["denominator"]]
        found = [figure for count in based for figure in rules.figures_of_count(count)]
        return publish(figures=found, by=by, at=at, without_base=len(counts) - len(based))


def _row(figure: rules.Figure) -> dict[str, object]:
    """The sealed columns of a figure's row."""
    return {
        "name": figure.name,
        "area": figure.area,
        "regency": figure.regency,
        "unit": figure.unit,
        "value": figure.value.quantize(_FOUR_PLACES),
        "numerator": figure.numerator,
        "denominator": figure.denominator,
        "date": figure.date,
        "source": figure.source,
        "kind": figure.kind,
        "known_on": figure.known_on,
        "arithmetic": list(figure.arithmetic),
        "inputs": list(figure.inputs),
    }
