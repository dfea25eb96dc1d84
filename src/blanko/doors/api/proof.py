"""Figures with their sources, and events with their seals."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema

from blanko.decisions.transparency import operations as publishing
from blanko.decisions.transparency import queries as transparency
from blanko.doors.api.officers import acting_officer
from blanko.ground.access.acting import acting
from blanko.ground.audit import operations as audit
from blanko.ground.audit import queries as events

router = Router()
# A field that is called date hides its type.
Day = date


class Figure(Schema):
    name: str
    area: str
    value: float
    numerator: int
    denominator: int
    date: Day
    source: str
    kind: str
    known_on: Day


class Conflict(Schema):
    name: str
    area: str
    bases: list[int]
    figures: list[Figure]


class Published(Schema):
    published: int
    unchanged: int
    without_base: int


class Event(Schema):
    id: int
    at: datetime
    operation: str
    by: str
    principal: str
    reason: str
    subject: dict[str, Any]
    row_count: int
    root: str


class Verification(Schema):
    event_id: int
    operation: str
    holds: bool
    sealed: int
    found: int


@router.get("/transparency/figures", response=list[Figure], summary="Figures as they were known on a day")
def figures(
    request: HttpRequest, known_on: date | None = None, metric: str | None = None, area: str | None = None
) -> list[dict[str, Any]]:
    return transparency.figures(known_on=known_on or timezone.localdate(), metric=metric, area=area)


@router.get("/transparency/conflicts", response=list[Conflict], summary="Where sources differ")
def conflicts(request: HttpRequest, metric: str, known_on: date | None = None) -> list[dict[str, Any]]:
    return transparency.conflicts(metric, known_on or timezone.localdate())


@router.post("/transparency/publish", response=Published, summary="Publish the counts of intake that name their base")
def publish(request: HttpRequest, known_on: date | None = None) -> publishing.Published:
    by = acting_officer(request, "svc.transparency")
    with acting(principal=by):
        return publishing.publish_counts(by=by, at=timezone.now(), known_on=known_on)


@router.get("/audit/events", response=list[Event], summary="Events, oldest first after a number")
def listed(
    request: HttpRequest, after: int = 0, limit: int = 100, operation: str | None = None
) -> list[dict[str, Any]]:
    return events.events(after=after, limit=max(1, min(limit, 1000)), operation=operation, newest_first=False)


@router.get(
    "/audit/events/{number}/verification", response=Verification, summary="Recompute a seal from the stored facts"
)
def verification(request: HttpRequest, number: int) -> dict[str, Any]:
    found = audit.verify(number)
    return {
        "event_id": found.event_id, "operation": found.operation, "holds": found.holds,
        "sealed": found.sealed.count, "found": found.found.count,
    }  # fmt: skip
