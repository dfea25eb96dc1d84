"""Contracts, shares, rounds and custody."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router, Schema

from blanko.cards.custody import operations as movements
from blanko.cards.custody import queries as custody
from blanko.decisions.planning import operations as plans
from blanko.decisions.planning import queries as planning
from blanko.doors.api.officers import acting_officer
from blanko.engines.allocation import RULE_VERSION, AreaNeed, allocate
from blanko.ground.access.acting import acting
from blanko.records.procurement import queries as procurement

router = Router()


class Contract(Schema):
    contract_no: str
    supplier: str
    signed_on: date
    quantity: int
    unit_price_idr: int
    total_idr: int
    planned: int
    announced: int
    held: int
    accepted: int
    rejected: int


class Lot(Schema):
    lot_no: str
    quantity: int
    stage: str
    is_stock: bool
    accepted_boxes: int
    rejected_boxes: int
    bast_no: str | None


class Need(Schema):
    area_code: str
    need: int
    in_hand: int = 0
    in_transit: int = 0
    deadline: date | None = None


class ShareRequest(Schema):
    needs: list[Need]
    stock: int
    box: int
    part_boxes: bool = False


class Share(Schema):
    area_code: str
    share: int
    boxes: int
    fill: float
    binding: str
    explanation: str


class Shares(Schema):
    rule: str
    stock: int
    shared: int
    shares: list[Share]


class Round(Schema):
    number: int
    title: str
    as_of: date
    deadline: date | None
    release: int
    shared: int
    boxes: int
    part: int
    state: str
    fill_min: float
    fill_max: float
    rule_version: str
    document_sha256: str


class Draft(Schema):
    title: str
    as_of: date
    release: int
    deadline: date | None = None
    part_boxes: bool = True
    part_reserve: int = 0


class Override(Schema):
    regency: str
    share: int
    reason: str
    second: str


class Reason(Schema):
    reason: str


class Holding(Schema):
    office: str
    good: int
    in_transit_in: int


@router.get("/procurement/contracts", response=list[Contract], summary="Contracts with what came of them")
def contracts(request: HttpRequest) -> list[dict[str, Any]]:
    return procurement.contracts()


@router.get("/procurement/lots", response=list[Lot], summary="Lots; what is not released is no stock")
def lots(request: HttpRequest) -> list[dict[str, Any]]:
    return [
        {**{name: getattr(lot, name) for name in Lot.model_fields}, "stage": str(lot.stage)}
        for lot in procurement.lots()
    ]


@router.post("/allocation/share", response=Shares, summary="Share a stock by the published rule; nothing is stored")
def share(request: HttpRequest, asked: ShareRequest) -> dict[str, Any]:
    result = allocate(
        [
            AreaNeed(n.area_code, n.need, in_hand=n.in_hand, in_transit=n.in_transit, deadline=n.deadline)
            for n in asked.needs
        ],
        stock=asked.stock,
        box_size=asked.box,
        part_boxes=asked.part_boxes,
    )
    return {
        "rule": RULE_VERSION,
        "stock": asked.stock,
        "shared": result.shared,
        "shares": [
            {
                "area_code": s.code, "share": s.share, "boxes": s.boxes, "fill": round(s.fill_after, 6),
                "binding": s.binding, "explanation": s.sentence(),
            }
            for s in result.shares
        ],
    }  # fmt: skip


@router.get("/planning/rounds", response=list[Round], summary="All rounds, newest first")
def rounds(request: HttpRequest) -> list[dict[str, Any]]:
    return planning.rounds()


@router.post("/planning/rounds", response={201: Round}, summary="Draft a round; nothing moves yet")
def draft(request: HttpRequest, asked: Draft) -> tuple[int, dict[str, Any]]:
    by = acting_officer(request, "svc.planning")
    with acting(principal=by):
        number = plans.draft_round(**asked.dict(), by=by, at=timezone.now())
        return 201, planning.summary(number)


@router.get("/planning/rounds/{number}", response=Round, summary="One round in figures")
def one_round(request: HttpRequest, number: int) -> dict[str, Any]:
    return planning.summary(number)


@router.get("/planning/rounds/{number}/document", summary="The published bytes of a round (canonical JSON)")
def document(request: HttpRequest, number: int) -> HttpResponse:
    return HttpResponse(planning.round_document(number), content_type="application/json")


@router.post("/planning/rounds/{number}/commit", response=Round, summary="Put the round's boxes on their way")
def commit(request: HttpRequest, number: int) -> dict[str, Any]:
    by = acting_officer(request, "svc.planning")
    with acting(principal=by):
        plans.commit_round(round_no=number, by=by, at=timezone.now())
        return planning.summary(number)


@router.post("/planning/rounds/{number}/discard", response=Round, summary="Set a draft aside, with a reason")
def discard(request: HttpRequest, number: int, asked: Reason) -> dict[str, Any]:
    by = acting_officer(request, "svc.planning")
    with acting(principal=by):
        plans.discard_round(round_no=number, reason=asked.reason, by=by, at=timezone.now())
        return planning.summary(number)


@router.post("/planning/rounds/{number}/override", response=Round, summary="Change one share, with a second officer")
def override(request: HttpRequest, number: int, asked: Override) -> dict[str, Any]:
    by = acting_officer(request, "svc.planning")
    with acting(principal=by):
        plans.override_share(round_no=number, **asked.dict(), by=by, at=timezone.now())
        return planning.summary(number)


@router.get("/custody/balance", response=dict[str, int], summary="Every blank: received is the sum of the rest")
def balance(request: HttpRequest) -> dict[str, int]:
    return custody.balance_sheet()


@router.get("/custody/holdings", response=list[Holding], summary="Good blanks of each office, and what is on its way")
def holdings(request: HttpRequest) -> list[dict[str, Any]]:
    return [
        {"office": office, "good": held.good, "in_transit_in": held.in_transit_in}
        for office, held in sorted(custody.holdings().items())
    ]


@router.get("/custody/way/{identifier}", response=list[dict[str, Any]], summary="Every step of a box or a blank")
def way(request: HttpRequest, identifier: str) -> list[dict[str, Any]]:
    return custody.way_of(identifier)


@router.get("/custody/movements", response=list[dict[str, Any]], summary="What is on its way")
def on_the_way(request: HttpRequest, to_office: str | None = None) -> list[dict[str, Any]]:
    return custody.on_the_way(to_office=to_office)


@router.post(
    "/custody/movements/{movement}/receive", response=dict[str, int], summary="Take a movement over; not by its sender"
)
def receive(request: HttpRequest, movement: str) -> dict[str, int]:
    by = acting_officer(request, "svc.custody")
    with acting(principal=by):
        movements.receive(movement=movement.replace("~", "/"), by=by, at=timezone.now())
    return custody.balance_sheet()
