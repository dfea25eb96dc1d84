"""What offices print with: printers, ribbon and ink, operators and hours."""

from __future__ import annotations

from datetime import date
from typing import Literal

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema, Status

from blanko.doors.api.officers import acting_officer
from blanko.ground.access.acting import acting
from blanko.records.equipment import operations, queries
from blanko.records.intake.operations import LoadResult

router = Router()


class Printer(Schema):
    office: str
    printer: str
    state: str
    since: date
    cards_an_hour: int | None
    note: str | None


class PrinterRequest(Schema):
    office: str
    printer: str
    state: Literal["working", "failed", "retired"]
    since: date
    cards_an_hour: int | None = None
    note: str = ""


class PrintingReport(Schema):
    office: str
    reported_on: date
    ribbon_cards: int | None
    ink_cards: int | None
    operators: int | None
    operator_hours: int | None
    print_hours: int | None


class PrintingRequest(Schema):
    office: str
    reported_on: date
    ribbon_cards: int | None = None
    ink_cards: int | None = None
    operators: int | None = None
    operator_hours: int | None = None
    print_hours: int | None = None


class Told(Schema):
    """``accepted`` 1 when it says something new, ``unchanged`` 1 when that stood already."""

    kind: str
    accepted: int
    unchanged: int
    sha256: str


def _told(result: LoadResult) -> Status[Told]:
    return Status(
        201,
        Told(kind=result.kind, accepted=result.accepted, unchanged=result.unchanged, sha256=result.sha256),
    )


@router.get(
    "/equipment/printers", response=list[Printer], summary="Printers as they stand on a day; retired ones left out"
)
def printers(request: HttpRequest, office: str | None = None, as_of: date | None = None) -> list[dict[str, object]]:
    return [row._asdict() for row in queries.printers(as_of=as_of or timezone.localdate(), office=office)]


@router.get("/equipment/reports", response=list[PrintingReport], summary="Ribbon, ink, operators and hours as reported")
def reports(request: HttpRequest, office: str | None = None, as_of: date | None = None) -> list[dict[str, object]]:
    return [row._asdict() for row in queries.reports(as_of=as_of or timezone.localdate(), office=office)]


@router.post("/equipment/printers", response={201: Told}, summary="Say how a printer is, since a day")
def report_printer(request: HttpRequest, asked: PrinterRequest) -> Status[Told]:
    """Lists of printers come in by `POST /intake/files`."""
    by = acting_officer(request, "svc.intake")
    with acting(principal=by):
        return _told(operations.report_printer(**asked.dict(), by=by, at=timezone.now(), data_dir=settings.DATA_DIR))


@router.post("/equipment/reports", response={201: Told}, summary="Say what an office has to print with")
def report_printing(request: HttpRequest, asked: PrintingRequest) -> Status[Told]:
    """Lists of reports come in by `POST /intake/files`."""
    by = acting_officer(request, "svc.intake")
    with acting(principal=by):
        return _told(operations.report_printing(**asked.dict(), by=by, at=timezone.now(), data_dir=settings.DATA_DIR))
