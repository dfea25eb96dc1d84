"""Where a blank went and through whose hands, what an office held on a day, and what does not look right."""

from __future__ import annotations

import tempfile
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import File, Router, Schema
from ninja.files import UploadedFile

from blanko.cards.alerts import operations as alert_operations
from blanko.cards.alerts import queries as alert_queries
from blanko.cards.counting import queries as counts
from blanko.cards.custody import tracing
from blanko.cards.issuance import queries as issuance
from blanko.doors.api.officers import acting_officer
from blanko.ground.access.acting import acting

router = Router()
KINDS = Literal[
    "low_cover", "spoilage", "prints_above_blanks", "seen_twice", "both_ends", "at_night", "overdue"
]  # fmt: skip


class Holder(Schema):
    office: str
    on_the_way: bool
    person: str
    movement: str
    since: datetime
    until: datetime | None


class TraceStep(Schema):
    at: datetime
    movement: str
    kind: str
    phase: str
    from_office: str
    to_office: str
    by: str
    condition_before: str
    condition_after: str
    lot: str
    first: int
    last: int
    papers: dict[str, Any]
    reason: str
    event: int


class NowAt(Schema):
    condition: str
    office: str | None
    movement: str | None
    lot: str
    sealed: bool


class PrintedFor(Schema):
    recorded_office: str
    record_id: str
    cause: str


class Trace(Schema):
    identifier: str
    named: str
    uid: str | None
    now: list[NowAt]
    steps: list[TraceStep]
    holders: list[Holder]
    card: PrintedFor | None


class HeldThen(Schema):
    series: str
    box_no: int
    first: int
    last: int
    condition: str
    quantity: int


class SeizedGroup(Schema):
    holder: Holder
    conditions: list[str]
    serials: list[str]


class Seized(Schema):
    groups: list[SeizedGroup]
    together: Holder | None
    unknown: list[str]


class Alert(Schema):
    alert: str
    kind: str
    what: str
    office: str
    regency: str
    owner: str
    since: datetime
    found_at: datetime
    says: dict[str, Any]
    status: Literal["open", "acknowledged", "over"]
    reason: str
    ended_by: str | None
    ended_at: datetime | None


class Explanation(Schema):
    alert: str
    reason: str


class AlertsFound(Schema):
    new: list[str]
    over: list[str]


@router.get("/custody/trace/{identifier}", response=Trace, summary="The whole way of a box, a serial or a chip's UID")
def trace(request: HttpRequest, identifier: str) -> dict[str, Any]:
    found = tracing.trace(identifier)
    return {
        "identifier": found.identifier, "named": found.named, "uid": found.uid, "now": list(found.now),
        "steps": list(found.steps), "holders": [holder._asdict() for holder in found.holders],
        "card": issuance.card(found.named),
    }  # fmt: skip


@router.get("/custody/at/{office}", response=list[HeldThen], summary="What an office held at the end of a day")
def at_office(request: HttpRequest, office: str, on: date) -> list[dict[str, Any]]:
    counts.check_shown(office)
    moment = timezone.make_aware(datetime.combine(on, time.max))
    return [{**line._asdict(), "quantity": line.quantity} for line in tracing.at_office(office, at=moment)]


@router.post("/custody/seized", response=Seized, summary="Trace a list of serials and UIDs; nothing is stored")
def seized(request: HttpRequest, file: File[UploadedFile]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "seized"
        with path.open("wb") as copy:
            for chunk in file.chunks():
                copy.write(chunk)
        found = tracing.seized(tracing.identifiers_in(path))
    return {
        "groups": [
            {"holder": group.holder._asdict(), "conditions": list(group.conditions), "serials": list(group.serials)}
            for group in found.groups
        ],
        "together": found.together._asdict() if found.together else None,
        "unknown": list(found.unknown),
    }


@router.get("/alerts", response=list[Alert], summary="What does not look right: open alerts, or all of them")
def alerts(
    request: HttpRequest, office: str | None = None, kind: KINDS | None = None, ended: bool = False
) -> list[dict[str, Any]]:
    return alert_queries.alerts(office=office, kind=kind, ended=ended)


@router.post("/alerts/find", response=AlertsFound, summary="Look at everything now and keep what is new")
def find(request: HttpRequest) -> dict[str, Any]:
    by = acting_officer(request, "svc.custody")
    with acting(principal=by):
        found = alert_operations.find(by=by, at=timezone.now())
    return {"new": list(found.new), "over": list(found.over)}


@router.post("/alerts/acknowledge", response=Alert, summary="Say why an alert is in order, or what was done")
def acknowledge(request: HttpRequest, said: Explanation) -> dict[str, Any]:
    by = acting_officer(request, "svc.custody")
    with acting(principal=by):
        alert_operations.acknowledge(alert=said.alert, reason=said.reason, by=by, at=timezone.now())
    return alert_queries.alert(said.alert)
