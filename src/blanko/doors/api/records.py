"""Areas, files, persons, and who is owed a card."""

from __future__ import annotations

import tempfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest
from django.utils import timezone
from ninja import File, Form, Router, Schema
from ninja.files import UploadedFile

from blanko.cards.suket import operations as suket
from blanko.decisions.cases import operations as cases
from blanko.doors.api.downloads import of_type
from blanko.doors.api.officers import acting_officer
from blanko.ground.access.acting import acting
from blanko.ground.files import originals
from blanko.ground.places import gazetteer
from blanko.records.entitlement import operations as entitlement
from blanko.records.entitlement import queries as owed
from blanko.records.intake import operations as intake
from blanko.records.intake import queries as files
from blanko.records.registry import operations as registry
from blanko.records.registry import queries as persons
from blanko.records.registry.operations import StatusStep

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


class Reason(Schema):
    reason: str


class Record(Schema):
    recorded_office: str
    record_id: str
    person_id: int
    regency: str
    nik: str | None
    name: str | None
    birth_date: date | None
    sex: str | None
    marital_status: str | None
    status: str
    status_since: date
    recorded_on: date | None
    died_on: date | None
    is_lead: bool
    cluster_size: int
    warnings: list[str]
    version: int


class Person(Schema):
    person_id: int
    earlier_ids: list[int]
    died_on: date | None
    records: list[Record]


class StatusChange(Schema):
    seq: int
    from_status: str | None
    to_status: str
    since: date
    kind: str
    reason: str
    event_id: int


class Link(Schema):
    seq: int
    person_id: int
    cause: str
    event_id: int


class StatusConflict(Schema):
    version: int
    held_status: str
    held_since: date
    shown_status: str
    shown_since: date | None
    event_id: int


class NikConfirmation(Schema):
    seq: int
    nik: str
    stands: bool
    reason: str
    event_id: int


class NikRequest(Schema):
    reason: str
    stands: bool = True


class RecordWithHistory(Record):
    statuses: list[StatusChange]
    nik_confirmations: list[NikConfirmation]
    links: list[Link]
    conflicts: list[StatusConflict]


class StatusRequest(Schema):
    to_status: str
    since: date | None = None


class Claim(Schema):
    state: str
    stage: str
    cause: str
    since: date
    owed_from: date
    print_ready_since: date | None
    blocks: list[str]


class Application(Schema):
    cause: str
    applied_on: date
    event_date: date | None


class Refreshed(Schema):
    changed: int
    ended: int
    event: int | None


class RefreshRequest(Schema):
    as_of: date


class Whole(Schema):
    as_of: date
    by: str
    reason: str


class WholeRequest(Schema):
    whole: bool = True
    as_of: date
    reason: str


class Why(Schema):
    person_id: int
    as_of: date
    claim: Claim
    record: Record
    applications: list[Application]
    place_in_queue: int | None


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
                cases.catch_up(by=by, at=now)
                suket.take_from_files(by="svc.suket", at=now)
    at = f"/api/intake/files/{result.sha256}/rejects" if result.refused else None
    return {**result.as_json(), "rejects": at}


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
    "/intake/files/{sha256}/rejects", summary="Every refused row of a file with its causes (CSV)",
    openapi_extra=of_type("text/csv"),
)  # fmt: skip
def rejects(request: HttpRequest, sha256: str) -> FileResponse:
    found = one_file(request, sha256)
    if not found["rejects"] or not Path(found["rejects"]).exists():
        raise Http404(f"no row of {sha256} was refused")
    return FileResponse(open(found["rejects"], "rb"), filename="rejects.csv", content_type="text/csv; charset=utf-8")


@router.get(
    "/intake/files/{sha256}/original", summary="A file as it came, byte for byte",
    openapi_extra=of_type("application/octet-stream"),
)  # fmt: skip
def original(request: HttpRequest, sha256: str) -> FileResponse:
    found = one_file(request, sha256)
    kept = originals.place(found["sha256"], store=settings.DATA_DIR / "originals")
    if not kept.exists():
        raise Http404(f"the original {sha256} is not on this machine")
    return FileResponse(
        open(kept, "rb"),
        as_attachment=True,
        filename=found["name"],
        content_type="application/octet-stream",
    )


def _claims_follow(person_id: int, *, by: str, at: datetime) -> None:
    """Bring what one person is owed up to date, on the day on which all claims stand."""
    day = owed.claims_as_of() or timezone.localdate(at)
    entitlement.refresh(as_of=day, by=by, at=at, persons=[persons.resolve(person_id)])


@router.get("/registry/persons/{person_id}", response=Person, summary="A person with all records")
def person(request: HttpRequest, person_id: int) -> dict[str, Any]:
    """An earlier id resolves to the person of today."""
    return persons.person(person_id)


@router.post("/registry/persons/{person_id}/lift-death", response=Person, summary="A death was reported by mistake")
def lift_death(request: HttpRequest, person_id: int, asked: Reason) -> dict[str, Any]:
    by, now = acting_officer(request, "svc.registry"), timezone.now()
    with acting(principal=by):
        registry.lift_death(person_id=person_id, reason=asked.reason, by=by, at=now)
        _claims_follow(person_id, by=by, at=now)
    return persons.person(person_id)


@router.get(
    "/registry/records/{office}/{record_id}", response=RecordWithHistory, summary="One record with its statuses"
)
def record(request: HttpRequest, office: str, record_id: str) -> dict[str, Any]:
    return persons.record(recorded_office=office, record_id=record_id)


@router.post(
    "/registry/records/{office}/{record_id}/status",
    response=RecordWithHistory,
    summary="Move a record by a step",
)
def change_status(request: HttpRequest, office: str, record_id: str, asked: StatusRequest) -> dict[str, Any]:
    by, now = acting_officer(request, "svc.registry"), timezone.now()
    with acting(principal=by):
        step = StatusStep(office, record_id, asked.to_status, asked.since or timezone.localdate())
        registry.change_statuses(changes=[step], by=by, at=now)
        _claims_follow(persons.resolve_record(recorded_office=office, record_id=record_id), by=by, at=now)
    return persons.record(recorded_office=office, record_id=record_id)


@router.post(
    "/registry/records/{office}/{record_id}/nik",
    response=RecordWithHistory,
    summary="Confirm a NIK that contradicts birth date or sex, or take that back",
)
def confirm_nik(request: HttpRequest, office: str, record_id: str, asked: NikRequest) -> dict[str, Any]:
    """In the name of an officer, whom the header must give: a service sees no papers."""
    by, now = acting_officer(request, ""), timezone.now()
    say = registry.confirm_nik if asked.stands else registry.withdraw_nik
    with acting(principal=by):
        say(recorded_office=office, record_id=record_id, reason=asked.reason, by=by, at=now)
        _claims_follow(persons.resolve_record(recorded_office=office, record_id=record_id), by=by, at=now)
    return persons.record(recorded_office=office, record_id=record_id)


@router.get("/registry/whole", response=dict[str, Whole], summary="Regencies whose registrations are loaded whole")
def whole(request: HttpRequest) -> dict[str, dict[str, Any]]:
    return persons.whole_regencies()


@router.post(
    "/registry/whole/{regency}", response=dict[str, Whole], summary="Declare a regency loaded whole, or take it back"
)
def declare_whole(request: HttpRequest, regency: str, asked: WholeRequest) -> dict[str, dict[str, Any]]:
    """In the name of an officer, whom the header must give: a service cannot vouch for a regency."""
    by = acting_officer(request, "")
    declare = registry.declare_whole if asked.whole else registry.withdraw_whole
    with acting(principal=by):
        declare(regency=gazetteer.regency_of(regency), as_of=asked.as_of, reason=asked.reason, by=by, at=timezone.now())
    return persons.whole_regencies()


@router.post("/entitlement/refresh", response=Refreshed, summary="Decide every claim again, as of a day")
def refresh(request: HttpRequest, asked: RefreshRequest) -> entitlement.Refreshed:
    by = acting_officer(request, "svc.registry")
    with acting(principal=by):
        return entitlement.refresh(as_of=asked.as_of, by=by, at=timezone.now())


@router.get("/entitlement/backlog", response=Backlog, summary="Who waits for what, in an area or in all records")
def backlog(request: HttpRequest, area: str = "", as_of: date | None = None) -> dict[str, Any]:
    """``as_of`` is refused unless the claims stand as of that day."""
    code = gazetteer.to_2017(area) if area else ""
    split = owed.backlog(area=code, as_of=as_of)
    names = [name for name in Backlog.model_fields if name not in ("area", "as_of")]
    return {"area": code, "as_of": owed.claims_as_of(), **{name: getattr(split, name) for name in names}}


@router.get("/entitlement/persons/{person_id}", response=Why, summary="What a person is owed, why, and what blocks it")
def why(request: HttpRequest, person_id: int, as_of: date | None = None) -> dict[str, Any]:
    return owed.why(person_id=person_id, as_of=as_of or owed.claims_as_of() or timezone.localdate())


@router.get("/entitlement/queue", response=list[Waiting], summary="Print-ready claims in the published order")
def queue(request: HttpRequest, regency: str, limit: int = 100) -> list[dict[str, Any]]:
    return owed.queue(regency=gazetteer.regency_of(regency), limit=max(1, min(limit, 1000)))
