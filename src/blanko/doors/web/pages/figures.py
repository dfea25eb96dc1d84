"""Published figures with their base, day, source and conflicts; and the audit events."""

from __future__ import annotations

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from blanko.decisions.scenario.april_2017 import outcome
from blanko.decisions.transparency import queries as transparency
from blanko.doors.web import codes, stored, words
from blanko.doors.web.pages.responses import named_errors, page
from blanko.doors.web.tables import Column, Table
from blanko.ground.audit import operations as audit
from blanko.ground.audit import queries as events


@named_errors
def figures(request: HttpRequest) -> HttpResponse:
    """``/figures?name=&known_on=&key=``"""
    try:
        known_on = date.fromisoformat(request.GET.get("known_on", ""))
    except ValueError:
        known_on = outcome.day()
    name = request.GET.get("name") or None
    key = request.GET.get("key", "")
    rows = transparency.figures(known_on=known_on, metric=name)
    if key:
        rows = [row for row in rows if row["key"] == key] or rows
    for row in rows:
        row["area_name"] = words.area(str(row["area"]))
    table = Table.of(
        request,
        name="figures",
        columns=[
            Column(
                "name",
                _("Figure"),
                form=codes.figure,
                href=lambda row: f"/figures?name={row['name']}&known_on={known_on}",
            ),
            Column("area_name", _("Area")),
            Column("date", _("Day"), form=words.day),
            Column("numerator", _("Numerator"), number=True),
            Column("denominator", _("Of (base)"), number=True),
            Column("percent", _("Percent"), number=True, form=words.hundredths),
            Column("kind", _("Kind"), form=words.mark),
            Column("known_on", _("Known on"), form=words.day),
            Column(
                "source",
                _("Source"),
                form=stored.site,
                href=lambda row: row["source"] if str(row["source"]).startswith("http") else None,
            ),
        ],
        rows=rows,
    )
    conflicts = transparency.conflicts(name, known_on) if name else []
    return page(request, "figures.html", table, known_on=known_on, metric=name, conflicts=conflicts)


@named_errors
def audit_events(request: HttpRequest) -> HttpResponse:
    """``/audit``"""
    rows = events.events(limit=500)
    table = Table.of(
        request,
        name="events",
        columns=[
            Column("id", _("Event"), href=lambda row: f"/audit/{row['id']}"),
            Column("at", _("At"), form=words.moment),
            Column("operation", _("Operation"), form=codes.operation),
            Column("by", _("By")),
            Column("principal", _("In the name of")),
            Column("reason", _("Reason"), form=stored.stored),
            Column("row_count", _("Facts"), number=True),
            Column("root", _("Seal (Merkle root)"), form=lambda value: f"{value[:16]}…"),
        ],
        rows=rows,
    )
    nothing = {row["operation"] for row in rows} <= {"places.load"}
    return page(request, "audit.html", table, nothing=nothing)


@named_errors
def verify(request: HttpRequest, number: int) -> HttpResponse:
    """``/audit/<number>``: recompute one event's seal from the stored facts."""
    found = audit.verify(number)
    return page(
        request, "verify.html", found=found, sealed=found.sealed.root.hex(), now=found.found.root.hex(),
        crumbs=[("/audit", _("Audit events"))],
    )  # fmt: skip
