"""Is this person already recorded? The counter's question, and the queues of the two engines."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Literal

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router, Schema

from blanko.doors.api.officers import acting_officer
from blanko.ground.access.acting import acting
from blanko.records.entitlement import operations as entitlement
from blanko.records.registry import checking, matching
from blanko.records.registry.capturing import Captured

router = Router()


class Applicant(Schema):
    """What an applicant gives, as text; a name is needed. ``record`` (OFFICE/NUMBER) is its own, if it has one."""

    name: str
    nik: str | None = None
    birth_place: str | None = None
    birth_date: str | None = None
    sex: str | None = None
    mother_name: str | None = None
    address: str | None = None
    village_code: str | None = None
    recorded_office: str | None = None
    family_card_no: str | None = None
    record: str | None = None


class PairPart(Schema):
    field: str
    level: str
    bits: float


class RecordFound(Schema):
    recorded_office: str
    record_id: str
    person_id: int
    name: str | None
    birth_date: str | None
    weight: float
    probability: float
    decided: str
    reason: str
    parts: list[PairPart]


class CheckAnswer(Schema):
    answer: Literal["new", "same", "uncertain"]
    person_id: int | None
    model: int
    compared: int
    capped: int
    unkeyed: int
    unkeyed_since: datetime | None
    candidates: list[RecordFound]


class LinkageState(Schema):
    model: int | None
    model_records: int | None
    unkeyed: int
    unkeyed_since: datetime | None
    unlinked: int
    awaiting_biometrics: int
    awaiting_biometrics_since: date | None
    pairs_merged: int
    pairs_for_review: int


@router.post("/registry/check", response=CheckAnswer, summary="Is this person already recorded? Explained, in bits")
def check(request: HttpRequest, asked: Applicant) -> HttpResponse:
    """Reads only: nothing of the applicant is kept."""
    row = asked.dict()
    record = row.pop("record")
    office, _, number = (record or "").partition("/")
    return _told(checking.check(row, key=(office, number) if record else None))


def _told(answer: checking.Answer) -> HttpResponse:
    """The answer as CheckAnswer describes it (a test compares), written without a second look at it."""
    candidates = [
        {
            "recorded_office": each.recorded_office, "record_id": each.record_id, "person_id": each.person_id,
            "name": each.name, "birth_date": each.birth_date, "weight": each.weight, "probability": each.probability,
            "decided": each.decided, "reason": each.reason, "parts": [part._asdict() for part in each.parts],
        }
        for each in answer.candidates
    ]  # fmt: skip
    since = answer.unkeyed_since
    body = {
        "answer": answer.answer, "person_id": answer.person_id, "model": answer.model, "compared": answer.compared,
        "capped": answer.capped, "unkeyed": answer.unkeyed, "unkeyed_since": since and since.isoformat(),
        "candidates": candidates,
    }  # fmt: skip
    return HttpResponse(json.dumps(body), content_type="application/json; charset=utf-8")


class Capture(Schema):
    """A registration from a counter: the columns of registration files, as text. Acts once for an office and number."""

    recorded_office: str
    record_id: str
    village_code: str
    name: str
    nik: str | None = None
    birth_place: str | None = None
    birth_date: str | None = None
    sex: str | None = None
    mother_name: str | None = None
    address: str | None = None
    recorded_on: str | None = None
    marital_status: str | None = None
    status: str | None = None
    status_since: str | None = None
    card_issued_on: str | None = None
    suket_no: str | None = None
    family_card_no: str | None = None


class CaptureAnswer(Schema):
    """``waiting``: linkage is down; the registration is stored and linked later. ``seen_before``: nothing written."""

    recorded_office: str
    record_id: str
    version: int
    person_id: int
    answer: Literal["new", "same", "uncertain", "waiting"]
    seen_before: bool


@router.post("/registry/captures", response=CaptureAnswer, summary="Take one registration in and resolve it, at once")
def capture(request: HttpRequest, asked: Capture) -> Captured:
    by, now = acting_officer(request, "svc.intake"), timezone.now()
    with acting(principal=by):
        return entitlement.capture(row=asked.dict(), by=by, at=now)


@router.get("/registry/linkage", response=LinkageState, summary="The adopted linkage model, and who waits since when")
def linkage_state(request: HttpRequest) -> matching.State:
    return matching.state()
