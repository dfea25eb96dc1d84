"""What one office prints with: shown on its regency's page, and told there."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from blanko.decisions.planning.outlook import printing
from blanko.decisions.planning.outlook.case import built_in, load
from blanko.doors.web import words
from blanko.doors.web.pages.responses import named_errors
from blanko.doors.web.tables import Column, Table
from blanko.ground.access.acting import acting
from blanko.ground.places import gazetteer
from blanko.records.entitlement import queries as entitlement
from blanko.records.equipment import operations, queries
from blanko.records.equipment.rules import RefusedReport

NUMBERS = ("ribbon_cards", "ink_cards", "operators", "operator_hours", "print_hours")


def states() -> dict[str, str]:
    """How a printer is, in the reader's words."""
    return {"working": _("works"), "failed": _("has failed"), "retired": _("is retired")}


def shown(code: str) -> dict[str, Any]:
    """What a regency's office prints with, as of the day of the claims, for its page."""
    day = entitlement.claims_as_of() or timezone.localdate()
    assumed = load(built_in()[0]).printing
    found = queries.offices(as_of=day, pace=printing.pace(assumed), prior=printing.rates(assumed)).get(code)
    table = Table.plain(
        "printers",
        [
            Column("printer", _("Printer")), Column("state", _("State"), form=lambda state: states().get(state, state)),
            Column("since", _("Since"), form=words.day), Column("cards_an_hour", _("Cards an hour"), number=True),
            Column("note", _("Note")),
        ],
        [row._asdict() for row in queries.printers(as_of=day, office=code)],
    )  # fmt: skip
    reports = Table.plain(
        "reports",
        [
            Column("reported_on", _("Reported"), form=words.day),
            *(Column(name, says, number=True) for name, says in number_names().items()),
        ],
        [row._asdict() for row in reversed(queries.reports(as_of=day, office=code))],
    )
    return {
        "able": found, "day": day, "printers": table, "reports": reports, "states": states(),
        "numbers": number_names(),
    }  # fmt: skip


def cell_mends() -> tuple[str, ...]:
    """What mends a cell of a report told by hand, in the reader's words; a test compares with the files' own."""
    return (
        _("fill this cell: without it the row can neither be stored nor placed"),
        _("use the office's code: 00, 2 digits for a province, 4 for a regency"),
        _("write a day that exists as YYYY-MM-DD or DD-MM-YYYY"), _("shorten the text"),
        _("remove the invisible characters and save the file as UTF-8"), _("use one of the listed words"),
        _("write a whole number from 0 up, without separators"),
        _("write a number that can be meant: a week has 168 hours"),
    )  # fmt: skip


def number_names() -> dict[str, str]:
    return {
        "ribbon_cards": _("Ribbon, enough for so many cards"),
        "ink_cards": _("Ink or film, enough for so many cards"),
        "operators": _("Operators"),
        "operator_hours": _("Operators' hours a week"),
        "print_hours": _("Hours of printing a week"),
    }


@require_POST
@named_errors
def tell(request: HttpRequest, code: str) -> HttpResponse:
    """``POST /regencies/<code>``: how a printer is, or what the office has to print with."""
    place = gazetteer.regency(code)
    given = {name: str(value).strip() for name, value in request.POST.items()}
    who: dict[str, Any] = {"by": "svc.intake", "at": timezone.now(), "data_dir": settings.DATA_DIR}
    with acting(principal="svc.intake"):
        if "printer" in given:
            operations.report_printer(
                office=place.code, printer=given["printer"], state=given.get("state", ""),
                since=_day(given.get("since", "")), cards_an_hour=_number("cards_an_hour", given),
                note=given.get("note", ""), **who,
            )  # fmt: skip
        else:
            numbers: dict[str, Any] = {name: _number(name, given) for name in NUMBERS}
            operations.report_printing(office=place.code, reported_on=_day(given.get("on", "")), **numbers, **who)
    return HttpResponseRedirect(f"/regencies/{place.code}#printing")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise RefusedReport("{value} is no day", mend="choose a day", value=repr(text)) from None


def _number(name: str, given: dict[str, str]) -> int | None:
    text = given.get(name, "")
    if not text:
        return None
    try:
        return int(text)
    except ValueError:
        raise RefusedReport(
            "{column} is {value}", mend="write a whole number from 0 up", column=name, value=repr(text)
        ) from None
