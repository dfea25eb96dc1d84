"""Suspended cards of the deceased: notices and objections; and records withdrawn as mistakes."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router, Schema

from blanko.decisions.cases import deaths, mistakes
from blanko.doors.api.downloads import of_type
from blanko.doors.api.officers import acting_officer
from blanko.ground.access.acting import acting
from blanko.ground.files.spreadsheets import XLSX
from blanko.records.registry import queries as registry
from blanko.records.registry import withdrawing

router = Router()


class SuspendedCard(Schema):
    """``objection``: open, rejected, or empty."""

    person_id: int
    name: str | None
    nik: str | None
    recorded_office: str
    record_id: str
    died_on: date
    source: str
    document_office: str
    document_no: str
    matched_by: str | None
    notice_no: int | None
    noticed_on: date
    object_until: date
    objection: str
    objector: str | None
    shown: str | None
    says: str | None
    objected_by: str | None


class ObjectionKept(Schema):
    objector: str
    shown: str
    reason: str


class DeathReason(Schema):
    reason: str


class ObjectionUntil(Schema):
    until: date


class ObjectionDecided(Schema):
    """``stands``: the report of the death stands after it."""

    person_id: int
    stands: bool


class WithdrawnRecord(Schema):
    recorded_office: str
    record_id: str
    person_id: int
    regency: str
    nik: str | None
    name: str | None
    birth_date: date | None
    status: str
    reason: str
    event_id: int


class RecordStands(Schema):
    recorded_office: str
    record_id: str
    person_id: int
    withdrawn: bool


@router.get("/deaths", response=list[SuspendedCard], summary="Suspended cards, with notice and objection")
def suspended(request: HttpRequest, office: str | None = None, limit: int = 200) -> list[dict[str, Any]]:
    return deaths.standing(office=office, limit=max(1, min(limit, 1_000)))


@router.get("/deaths/notices.xlsx", summary="The notices as a list, for delivery", openapi_extra=of_type(XLSX))
def notices(request: HttpRequest, office: str | None = None) -> HttpResponse:
    answer = HttpResponse(deaths.notices(office=office), content_type=XLSX)
    answer["Content-Disposition"] = 'attachment; filename="notices.xlsx"'
    return answer


@router.get(
    "/deaths/notices/{int:notice_no}/letter.pdf", summary="The letter to the family",
    openapi_extra=of_type("application/pdf"),
)  # fmt: skip
def letter(request: HttpRequest, notice_no: int) -> HttpResponse:
    return HttpResponse(deaths.paper(notice_no), content_type="application/pdf")


@router.post("/deaths/{int:person_id}/object", response=ObjectionUntil, summary="Keep an objection to a death")
def object_to(request: HttpRequest, person_id: int, asked: ObjectionKept) -> dict[str, Any]:
    by = acting_officer(request, "svc.registry")
    with acting(principal=by):
        until = deaths.object_to(
            person_id=person_id, objector=asked.objector, shown=asked.shown, reason=asked.reason, by=by,
            at=timezone.now(),
        )  # fmt: skip
    return {"until": until}


@router.post("/deaths/{int:person_id}/uphold", response=ObjectionDecided, summary="The objection is right")
def uphold(request: HttpRequest, person_id: int, asked: DeathReason) -> dict[str, Any]:
    return _decided(request, deaths.uphold, person_id, asked)


@router.post("/deaths/{int:person_id}/reject", response=ObjectionDecided, summary="The report stands")
def reject(request: HttpRequest, person_id: int, asked: DeathReason) -> dict[str, Any]:
    return _decided(request, deaths.reject, person_id, asked)


@router.post("/deaths/{int:person_id}/undo", response=ObjectionDecided, summary="Take the decision back")
def undo(request: HttpRequest, person_id: int, asked: DeathReason) -> dict[str, Any]:
    return _decided(request, deaths.undo, person_id, asked)


@router.post("/deaths/{int:person_id}/withdraw", response=ObjectionDecided, summary="Whoever objected takes it back")
def withdraw_objection(request: HttpRequest, person_id: int, asked: DeathReason) -> dict[str, Any]:
    return _decided(request, deaths.withdraw_objection, person_id, asked)


def _decided(request: HttpRequest, decide: Any, person_id: int, asked: DeathReason) -> dict[str, Any]:
    by = acting_officer(request, "svc.registry")
    with acting(principal=by):
        decide(person_id=person_id, reason=asked.reason, by=by, at=timezone.now())
    return {"person_id": person_id, "stands": bool(deaths.standing(person_id=person_id))}


@router.get("/registry/withdrawn", response=list[WithdrawnRecord], summary="Records withdrawn as mistakes")
def withdrawn(request: HttpRequest, office: str | None = None, limit: int = 200) -> list[dict[str, Any]]:
    return withdrawing.withdrawn(office=office, limit=max(1, min(limit, 1_000)))


@router.post("/registry/records/{office}/{record_id}/withdraw", response=RecordStands, summary="A record was a mistake")
def withdraw(request: HttpRequest, office: str, record_id: str, asked: DeathReason) -> dict[str, Any]:
    return _moved(request, mistakes.withdraw, (office, record_id), asked, withdrawn=True)


@router.post("/registry/records/{office}/{record_id}/restore", response=RecordStands, summary="It was no mistake")
def restore(request: HttpRequest, office: str, record_id: str, asked: DeathReason) -> dict[str, Any]:
    return _moved(request, mistakes.restore, (office, record_id), asked, withdrawn=False)


def _moved(
    request: HttpRequest, move: Any, record: tuple[str, str], asked: DeathReason, *, withdrawn: bool
) -> dict[str, Any]:
    by = acting_officer(request, "svc.registry")
    with acting(principal=by):
        move(record=record, reason=asked.reason, by=by, at=timezone.now())
    person = registry.resolve_record(recorded_office=record[0], record_id=record[1])
    return {"recorded_office": record[0], "record_id": record[1], "person_id": person, "withdrawn": withdrawn}
