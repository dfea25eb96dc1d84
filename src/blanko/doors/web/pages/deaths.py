"""Suspended cards of the deceased with their notices and objections, and records that were withdrawn as mistakes."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from blanko.decisions.cases import deaths as room
from blanko.decisions.cases import mistakes, rules
from blanko.doors.web import officer, words
from blanko.doors.web.codes import record_statuses
from blanko.doors.web.pages.responses import named_errors, page
from blanko.doors.web.tables import Column, Table
from blanko.ground.access.acting import acting
from blanko.ground.files.spreadsheets import XLSX
from blanko.kernel.errors import InvalidValue
from blanko.records.registry import withdrawing
from blanko.records.registry.rules import person_number, person_text

LISTED, SHOWN = 2_000, 20


def matched_words() -> dict[str, str]:
    """How a paper was matched to its person."""
    return {
        "record": _("the record's number"), "nik": _("the NIK"), "name": _("name and NIK, or the name"),
        "case": _("an officer's decision"), "status": _("the status in a file"), "officer": _("an officer's report"),
    }  # fmt: skip


def objection_words() -> dict[str, str]:
    return {"open": _("open"), "rejected": _("rejected"), "": _("none")}


@named_errors
def deaths(request: HttpRequest) -> HttpResponse:
    """``/cases/deaths?office=&person=``; a POST objects, upholds, rejects, takes back or withdraws."""
    if request.method == "POST":
        return _act(request)
    office, person = (request.GET.get(name, "").strip() for name in ("office", "person"))
    rows = room.standing(office=office, limit=LISTED)
    chosen = next((row for row in rows if person_text(row["person_id"]) == person), None)
    if person and chosen is None:
        chosen = next(iter(room.standing(person_id=person_number(person))), None)
    table = Table.of(
        request,
        name="deaths",
        columns=[
            Column("person_id", _("Person"), form=person_text, href=_address),
            Column("name", _("Name")),
            Column("died_on", _("Died on"), form=words.day),
            Column("document_no", _("Document")),
            Column("matched_by", _("Known by"), form=lambda code: matched_words().get(code or "", "–")),
            Column("noticed_on", _("Suspended and told on"), form=words.day),
            Column("object_until", _("Objections until"), form=words.day),
            Column("objection", _("Objection"), form=lambda code: objection_words()[code]),
            Column(
                "notice_no", _("Letter"), form=lambda number: f"{_('PDF')} {number}" if number else "–",
                href=lambda row: f"/cases/notices/{row['notice_no']}.pdf" if row["notice_no"] else "",
            ),
        ],
        rows=rows,
        page_size=SHOWN,
    )  # fmt: skip
    lifted = room.upheld(office=office)
    return page(
        request, "deaths.html", table, office=office, chosen=chosen, suspended=len(rows), days=rules.OBJECTION_DAYS,
        open_objections=sum(row["objection"] == "open" for row in rows), acting=officer.chosen(request),
        matched=matched_words().get((chosen or {}).get("matched_by") or "", "–"),
        person=person_text(chosen["person_id"]) if chosen else "",
        lifted=[{**row, "person": person_text(row["person_id"])} for row in lifted],
        crumbs=[("/cases", _("Doubles"))],
    )  # fmt: skip


def _address(row: dict[str, Any]) -> str:
    return f"/cases/deaths?person={person_text(row['person_id'])}"


def _act(request: HttpRequest) -> HttpResponse:
    by, reason = officer.required(request), request.POST.get("reason", "")
    text = request.POST.get("person", "").strip()
    given = {"person_id": person_number(text), "reason": reason, "by": by, "at": timezone.now()}
    with acting(principal=by):
        match request.POST.get("do", ""):
            case "object":
                room.object_to(objector=request.POST.get("objector", ""), shown=request.POST.get("shown", ""), **given)
            case "uphold":
                room.uphold(**given)
            case "reject":
                room.reject(**given)
            case "undo":
                room.undo(**given)
            case "withdraw":
                room.withdraw_objection(**given)
            case other:
                raise InvalidValue("{what} is nothing to do", mend="use a button of the page", what=repr(other))
    return HttpResponseRedirect(f"/cases/deaths?person={text}")


@require_GET
@named_errors
def sheet(request: HttpRequest) -> HttpResponse:
    """``/cases/notices.xlsx?office=``: the notices, for whoever delivers them."""
    answer = HttpResponse(room.notices(office=request.GET.get("office", "").strip()), content_type=XLSX)
    answer["Content-Disposition"] = 'attachment; filename="notices.xlsx"'
    return answer


@require_GET
@named_errors
def letter(request: HttpRequest, number: int) -> HttpResponse:
    """``/cases/notices/<number>.pdf``: the letter to the family."""
    answer = HttpResponse(room.paper(number), content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="notice-{number}.pdf"'
    return answer


@named_errors
def withdrawn(request: HttpRequest) -> HttpResponse:
    """``/cases/withdrawn?office=``: records entered by mistake; a POST withdraws one or restores it."""
    if request.method == "POST":
        by = officer.required(request)
        given = {
            "record": _key(request.POST.get("record", "")), "reason": request.POST.get("reason", ""), "by": by,
            "at": timezone.now(),
        }  # fmt: skip
        with acting(principal=by):
            match request.POST.get("do", ""):
                case "withdraw":
                    mistakes.withdraw(**given)
                case "restore":
                    mistakes.restore(**given)
                case other:
                    raise InvalidValue("{what} is nothing to do", mend="use a button of the page", what=repr(other))
        return HttpResponseRedirect("/cases/withdrawn")
    office = request.GET.get("office", "").strip()
    rows = withdrawing.withdrawn(office=office, limit=LISTED)
    for row in rows:
        row["record"] = f"{row['recorded_office']}/{row['record_id']}"
    table = Table.of(
        request,
        name="withdrawn",
        columns=[
            Column("record", _("Record")),
            Column("name", _("Name")),
            Column("birth_date", _("Birth date"), form=words.day),
            Column("regency", _("Regency"), form=words.area),
            Column("status", _("Status"), form=lambda code: record_statuses().get(code, code)),
            Column("reason", _("Why")),
        ],
        rows=rows,
        page_size=SHOWN,
    )
    return page(
        request, "withdrawn.html", table, count_withdrawn=len(rows), office=office, acting=officer.chosen(request),
        records=[row["record"] for row in rows], crumbs=[("/cases", _("Doubles"))],
    )  # fmt: skip


def _key(text: str) -> rules.Key:
    office, _slash, record = text.strip().partition("/")
    return office, record
