"""Areas, files, persons, and who is owed a card."""

from __future__ import annotations

import tempfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import File, Form, Router, Schema
from ninja.files import UploadedFile

from blanko.doors.api.officers import acting_officer
from blanko.ground.access.acting import acting
from blanko.ground.places import gazetteer
from blanko.records.entitlement import operations as entitlement
from blanko.records.entitlement import queries as owed
from blanko.records.intake import operations as intake
from blanko.records.intake import queries as files
from blanko.records.registry import queries as persons

router = Router()


class Area(Schema):
    code: str
    code_on: str
    name: str
    regency: str | None


class Office(Schema):
    code: str
    name: str
    kind: str
    regency: str | None
    province: str | None
    transport_days: int


class Balance(Schema):
    file: str
    kind: str
    read: int
    accepted: int
    unchanged: int
    refused: int
    warnings: int
    rejects: str | None
    sha256: str
    seen_before: bool
    mapping: dict[str, str]


class LoadedFile(Schema):
    sha256: str
    name: str
    kind: str
    read: int
    accepted: int
    unchanged: int
    refused: int
    warnings: int
    loaded_at: datetime
    loaded_by: str
    event_id: int


class Backlog(Schema):
    area: str
    as_of: date | None
    awaiting_uniqueness: int
    duplicate_cases: int
    print_ready: int
    printed_uncollected: int
    not_yet_obliged: int
    needs_correction: int
    enrolment_failed: int
    suspended_deceased: int


class Waiting(Schema):
    person_id: int
    recorded_office: str
    record_id: str
    regency: str
    cause: str
    since: date | None
    print_ready_since: date | None


@router.get("/places/areas/{code}", response=Area, summary="An area by its code of 2017 or today")
def area(request: HttpRequest, code: str, on: date | None = None) -> dict[str, Any]:
    own = gazetteer.to_2017(code)
    day = on or timezone.localdate()
    return {
        "code": own,
        "code_on": gazetteer.resolve(code, on=day) if len(own) >= 4 else own,
        "name": gazetteer.name_of(code),
        "regency": own[:4] if len(own) >= 4 else None,
    }


@router.get("/places/offices", response=list[Office], summary="The offices that can hold blanks")
def offices(request: HttpRequest) -> list[gazetteer.Office]:
    return list(gazetteer.offices())


@router.post("/intake/files", response=Balance, summary="Take a file in; registrations also bring persons up to date")
def take_in(request: HttpRequest, file: File[UploadedFile], kind: Form[str | None] = None) -> dict[str, Any]:
    by = acting_officer(request, "svc.intake")
    now = timezone.now()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "upload"
        with path.open("wb") as copy:
            for chunk in file.chunks():
                copy.write(chunk)
        with acting(principal=by):
            result = intake.load(
                path=path, kind=kind, name=Path(str(file.name)).name[:200], by=by, at=now, data_dir=settings.DATA_DIR
            )
            if result.moves_claims:
                entitlement.catch_up(by=by, at=now)
    return result.as_json()


@router.get("/intake/files", response=list[LoadedFile], summary="Files that came in, newest first")
def loaded(request: HttpRequest, limit: int = 100) -> list[dict[str, Any]]:
    return files.files(limit=max(1, min(limit, 1000)))


@router.get("/intake/files/{sha256}", response=LoadedFile, summary="One file's balance")
def one_file(request: HttpRequest, sha256: str) -> dict[str, Any]:
    found = files.file(sha256)
    if found is None:
        raise Http404(f"no file has the sha256 {sha256}")
    return found


@router.get(
    "/registry/persons/{person_id}",
    response=dict[str, Any],
    summary="A person with all records; an earlier id resolves",
)
def person(request: HttpRequest, person_id: int) -> dict[str, Any]:
    return persons.person(person_id)


@router.get("/registry/records/{office}/{record_id}", response=dict[str, Any], summary="One record with its statuses")
def record(request: HttpRequest, office: str, record_id: str) -> dict[str, Any]:
    return persons.record(recorded_office=office, record_id=record_id)


@router.get("/entitlement/backlog", response=Backlog, summary="Who waits for what, in an area or in all records")
def backlog(request: HttpRequest, area: str = "") -> dict[str, Any]:
    code = gazetteer.to_2017(area) if area else ""
    split = owed.backlog(area=code)
    names = [name for name in Backlog.model_fields if name not in ("area", "as_of")]
    return {"area": code, "as_of": owed.claims_as_of(), **{name: getattr(split, name) for name in names}}


@router.get("/entitlement/queue", response=list[Waiting], summary="Print-ready claims in the published order")
def queue(request: HttpRequest, regency: str, limit: int = 100) -> list[dict[str, Any]]:
    return owed.queue(regency=gazetteer.regency_of(regency), limit=max(1, min(limit, 1000)))
