"""What offices print with, as reported until a day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.db import connection

from blanko.ground.database import sql
from blanko.records.equipment import rules
from blanko.records.equipment.rules import OfficePrinting, Pace, PrinterRow, Rates, ReportRow


def _rows(name: str, as_of: date) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql.text(__package__, name), {"as_of": as_of})
        return cursor.fetchall()


def history(*, as_of: date) -> list[PrinterRow]:
    """Every state of every printer that began until ``as_of``, in its newest version."""
    return [PrinterRow(*row) for row in _rows("printers.sql", as_of)]


def printers(*, as_of: date, office: str | None = None) -> list[PrinterRow]:
    """Where each printer stands on ``as_of`` and how it is; those that are retired are left out."""
    newest = {row.printer: row for row in history(as_of=as_of)}
    return [
        row
        for row in sorted(newest.values(), key=lambda row: (row.office, row.printer))
        if row.state != rules.RETIRED and office in (None, row.office)
    ]


def reports(*, as_of: date, office: str | None = None) -> list[ReportRow]:
    """What offices reported of ribbon, ink, operators and hours until ``as_of``, in its newest version."""
    return [row for row in (ReportRow(*found) for found in _rows("reports.sql", as_of)) if office in (None, row.office)]


def offices(
    *, as_of: date, pace: Pace, prior: Rates, printed: Callable[[str, date, date], float] = lambda *_: 0.0
) -> dict[str, OfficePrinting]:
    """Office -> what it can print with. ``printed`` counts an office's cards after a day until another."""
    return rules.offices(
        history(as_of=as_of), reports(as_of=as_of), as_of=as_of, pace=pace, prior=prior, printed=printed
    )


def nation(*, as_of: date, prior: Rates) -> Rates:
    """How often the nation's printers fail and are repaired, learned from all of them."""
    return rules.learn(rules.wear(rules.spells(history(as_of=as_of), as_of=as_of), as_of=as_of), prior)
