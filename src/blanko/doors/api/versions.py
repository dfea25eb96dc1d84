"""Versions of rounds and their reviews, the rules by date, and what offices say before a round."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema, Status

from blanko.decisions.planning import offices, rulebook
from blanko.decisions.planning import operations as plans
from blanko.decisions.planning import queries as planning
from blanko.doors.api.officers import acting_officer
from blanko.doors.api.planning import Round
from blanko.ground.access.acting import acting

router = Router()


class Version(Schema):
    number: int
    version: int
    state: str
    author: str
    reviewer: str | None
    remark: str
    reviewed_at: datetime | None
    supersede_reason: str


class ProposedLoan(Schema):
    lender: str
    borrower: str
    blanks: int


class ShareChange(Schema):
    """Blanks: what of a change came from the terms, from the regency's own figures, and from the others."""

    regency: str
    before: int
    after: int
    by_terms: int
    by_own: int
    by_others: int
    sentence: str


class ChangedFrom(Schema):
    supersedes: int | None
    changed: int
    shared_before: int
    shared_after: int
    changes: list[ShareChange]


class NextVersion(Schema):
    """What is not named stays as the version before had it."""

    reason: str
    title: str | None = None
    as_of: date | None = None
    release: int | None = None
    deadline: date | None = None
    part_boxes: bool | None = None
    part_reserve: int | None = None
    reserve: int | None = None
    reserve_for: str | None = None
    lot_min: int | None = None
    classes: list[str] | None = None
    lending: bool | None = None


class Review(Schema):
    approve: bool
    remark: str = ""


class RuleInForce(Schema):
    rule: str
    from_date: date
    reference: str
    reason: str
    by: str
    second: str


class Adoption(Schema):
    rule: str
    from_date: date
    reference: str
    reason: str
    second: str


class Deferral(Schema):
    regency: str
    blanks: int
    since: date
    reason: str
    by: str


class DeferralRequest(Schema):
    regency: str
    blanks: int
    reason: str
    since: date | None = None


class CollectionRequest(Schema):
    regency: str
    letter: str
    officer: str
    collect_on: date


class Collection(CollectionRequest):
    by: str
    used: bool


class RouteRequest(Schema):
    regency: str
    mode: str
    from_date: date
    days: int
    lot_cost: int
    blank_cost: int | None = None
    kg_cost: int | None = None
    blank_mg: int | None = None
    source: str


class Route(Schema):
    regency: str
    mode: str
    days: int
    lot_cost: int
    blank_cost: int
    kg_cost: int | None
    blank_mg: int | None
    kind: str
    source: str
    from_date: date | None


@router.get("/planning/rounds/{number}/versions", response=list[Version], summary="All versions of a round's plan")
def all_versions(request: HttpRequest, number: int) -> list[dict[str, Any]]:
    return planning.versions(planning.head(number)["plan"])


@router.get("/planning/rounds/{number}/loans", response=list[ProposedLoan], summary="Loans that a round proposes")
def proposed_loans(request: HttpRequest, number: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = planning.round(number)["loans"]
    return found


@router.get(
    "/planning/rounds/{number}/difference", response=ChangedFrom, summary="What a version changed of the one before it"
)
def changed_from(request: HttpRequest, number: int, shown: int = 20) -> dict[str, Any]:
    """The largest changes first, each with its reasons; nothing for a first version."""
    found = planning.changed_from(number, shown=min(max(shown, 0), 100))
    if found is None:
        return {"supersedes": None, "changed": 0, "shared_before": 0, "shared_after": 0, "changes": []}
    return {
        "supersedes": planning.head(number)["supersedes"], "changed": found.changed,
        "shared_before": found.shared_before, "shared_after": found.shared_after,
        "changes": [
            {"regency": one.regency, "before": one.before, "after": one.after, "by_terms": one.by_terms,
             "by_own": one.by_own, "by_others": one.by_others, "sentence": one.sentence()}
            for one in found.changes
        ],
    }  # fmt: skip


@router.post("/planning/rounds/{number}/versions", response={201: Round}, summary="Supersede a round, with a reason")
def supersede(request: HttpRequest, number: int, asked: NextVersion) -> Status[dict[str, Any]]:
    by = acting_officer(request, "svc.planning")
    with acting(principal=by):
        made = plans.supersede_round(round_no=number, **asked.dict(), by=by, at=timezone.now())
        return Status(201, planning.summary(made))


@router.post("/planning/rounds/{number}/review", response=Round, summary="Approve or return another one's version")
def review(request: HttpRequest, number: int, asked: Review) -> dict[str, Any]:
    by = acting_officer(request, "svc.planning")
    with acting(principal=by):
        plans.review_round(round_no=number, **asked.dict(), by=by, at=timezone.now())
        return planning.summary(number)


@router.get("/planning/rules", response=list[RuleInForce], summary="Which rule is in force from when, and why")
def rule_book(request: HttpRequest) -> list[dict[str, Any]]:
    return rulebook.book()


@router.post("/planning/rules", response={201: list[RuleInForce]}, summary="Put a rule in force from a day to come")
def adopt(request: HttpRequest, asked: Adoption) -> Status[list[dict[str, Any]]]:
    by = acting_officer(request, "planner.pusat")
    with acting(principal=by):
        rulebook.adopt(**asked.dict(), by=by, at=timezone.now())
    return Status(201, rulebook.book())


@router.get("/planning/deferrals", response=list[Deferral], summary="What offices put off, oldest first")
def deferrals(request: HttpRequest) -> list[dict[str, Any]]:
    return planning.deferrals()


@router.post("/planning/deferrals", response={201: list[Deferral]}, summary="Put off a part of a next share")
def defer(request: HttpRequest, asked: list[DeferralRequest]) -> Status[list[dict[str, Any]]]:
    by = acting_officer(request, "svc.planning")
    with acting(principal=by):
        offices.defer(deferrals=[one.dict() for one in asked], by=by, at=timezone.now())
    return Status(201, planning.deferrals())


@router.get("/planning/collections", response=list[Collection], summary="Letters by which offices fetch blanks")
def collections(request: HttpRequest) -> list[dict[str, Any]]:
    return planning.collections()


@router.post("/planning/collections", response={201: list[Collection]}, summary="Announce that offices fetch their lot")
def collect(request: HttpRequest, asked: list[CollectionRequest]) -> Status[list[dict[str, Any]]]:
    by = acting_officer(request, "svc.planning")
    with acting(principal=by):
        offices.announce_collections(collections=[one.dict() for one in asked], by=by, at=timezone.now())
    return Status(201, planning.collections())


@router.get("/planning/routes", response=list[Route], summary="What the way to each office takes and costs")
def all_routes(request: HttpRequest, as_of: date | None = None) -> list[Any]:
    return list(planning.route_table(as_of or timezone.localdate()).values())


@router.post("/planning/routes", response={201: dict[str, int]}, summary="State what ways take and cost, with a source")
def state_routes(request: HttpRequest, asked: list[RouteRequest]) -> Status[dict[str, int]]:
    by = acting_officer(request, "svc.planning")
    with acting(principal=by):
        stated = offices.state_routes(routes=[one.dict() for one in asked], by=by, at=timezone.now())
    return Status(201, {"stated": stated})
