"""Temporary certificates: issued, renewed, voided, counted."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router, Schema, Status

from blanko.cards.suket import operations, papers, queries
from blanko.cards.suket.rules import Reason, VoidCause
from blanko.doors.api.downloads import of_type
from blanko.doors.api.officers import acting_officer
from blanko.ground.access.acting import acting
from blanko.records.registry import queries as registry

router = Router()


class Suket(Schema):
    number: str
    office: str
    person_id: int
    recorded_office: str
    record_id: str
    reason: str
    nik: str
    name: str
    issued_on: date | None
    valid_until: date | None
    rule: str
    renews: str
    renewed_by: str | None
    taken_over: bool
    by: str
    at: datetime
    ended: str | None
    cause: str | None
    note: str | None
    card: str | None
    ended_at: datetime | None
    ended_by: str | None


class Held(Schema):
    number: str
    person_id: int
    name: str
    nik: str
    reason: str
    issued_on: date | None
    valid_until: date | None
    taken_over: bool


class Issue(Schema):
    """For the person of a NIK, or of an id where several carry one NIK."""

    office: str
    nik: str | None = None
    person_id: int | None = None
    reason: Reason | None = None


class Bulk(Schema):
    office: str
    reasons: list[Reason] = [Reason.PRR]
    limit: int = 500


class Numbers(Schema):
    numbers: list[str]


class Void(Schema):
    cause: VoidCause
    note: str


class Holders(Schema):
    office: str
    age: str
    holders: int


class Taken(Schema):
    taken: int


@router.get("/sukets", response=list[Held], summary="The sukets of an office that count, those that end first before")
def sukets(request: HttpRequest, office: str, reason: Reason | None = None, limit: int = 500) -> list[dict[str, Any]]:
    return queries.of_office(office, limit=max(1, min(limit, 5_000)), reason=reason)


@router.get(
    "/sukets/holders", response=list[Holders], summary="Holders by office and age of the suket, or of the holder"
)
def holders(
    request: HttpRequest, office: str | None = None, on: date | None = None, by: Literal["suket", "holder"] = "suket"
) -> list[dict[str, Any]]:
    return queries.holders(on=on or timezone.localdate(), office=office, of_holder=by == "holder")


@router.post("/sukets", response={201: Suket}, summary="Give one person a suket")
def issue(request: HttpRequest, asked: Issue) -> Status[dict[str, Any]]:
    by = acting_officer(request, "svc.suket")
    with acting(principal=by):
        person = asked.person_id if asked.person_id is not None else registry.person_under(asked.nik or "")
        number = operations.issue(person_id=person, office=asked.office, reason=asked.reason, by=by, at=timezone.now())
    return Status(201, queries.suket(number))


@router.post("/sukets/bulk", response={201: Numbers}, summary="Give a suket to everyone of an office who waits without")
def bulk(request: HttpRequest, asked: Bulk) -> Status[dict[str, Any]]:
    by = acting_officer(request, "svc.suket")
    with acting(principal=by):
        numbers = operations.issue_bulk(
            office=asked.office, reasons=asked.reasons, limit=asked.limit, by=by, at=timezone.now()
        )
    return Status(201, {"numbers": numbers})


@router.post("/sukets/taken-over", response=Taken, summary="Take the numbers over that registration files brought")
def take_over(request: HttpRequest) -> dict[str, Any]:
    by = acting_officer(request, "svc.suket")
    with acting(principal=by):
        return {"taken": operations.take_from_files(by=by, at=timezone.now())}


@router.get("/sukets/{number}", response=Suket, summary="One suket, and how it ended")
def suket(request: HttpRequest, number: str) -> dict[str, Any]:
    return queries.suket(_named(number))


@router.get("/sukets/{number}/paper.pdf", summary="The suket on A5", openapi_extra=of_type("application/pdf"))
def paper(request: HttpRequest, number: str) -> HttpResponse:
    return HttpResponse(papers.paper(_named(number)), content_type="application/pdf")


@router.post("/sukets/{number}/renew", response={201: Suket}, summary="Put a new suket in the place of one that ends")
def renew(request: HttpRequest, number: str) -> Status[dict[str, Any]]:
    by = acting_officer(request, "svc.suket")
    with acting(principal=by):
        renewed = operations.renew(number=_named(number), by=by, at=timezone.now())
    return Status(201, queries.suket(renewed))


@router.post("/sukets/{number}/void", response=Suket, summary="Void a suket, with its cause")
def void(request: HttpRequest, number: str, asked: Void) -> dict[str, Any]:
    by = acting_officer(request, "svc.suket")
    with acting(principal=by):
        operations.void(number=_named(number), cause=asked.cause, note=asked.note, by=by, at=timezone.now())
    return queries.suket(_named(number))


def _named(number: str) -> str:
    """A number holds slashes, which an address cannot: they are written ``~`` there."""
    return number.replace("~", "/")
