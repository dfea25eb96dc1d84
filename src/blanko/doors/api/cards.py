"""The cards that are printed on blanks, from the queue into a hand."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Router, Schema, Status

from blanko.cards.custody.rules import Key
from blanko.cards.issuance import operations as issuance_operations
from blanko.cards.issuance import queries as issuance
from blanko.doors.api.officers import acting_officer
from blanko.ground.access.acting import acting

router = Router()


class Reason(Schema):
    reason: str


class CardStep(Schema):
    step: str
    at: datetime
    by: str
    reason: str
    handed_to: str
    checked: str


class Card(Schema):
    serial: str
    person_id: int
    recorded_office: str
    record_id: str
    office: str
    regency: str
    cause: str
    steps: list[CardStep]


class Uncollected(Schema):
    serial: str
    person_id: int
    printed_at: datetime


class PrintRequest(Schema):
    office: str
    limit: int = 1
    device: str
    sequence: int


class Printed(Schema):
    serials: list[str]


class HandOver(Schema):
    to: Literal["holder", "authorised"] = "holder"
    checked: str


@router.get("/issuance/cards/{serial}", response=Card, summary="The card on a blank, with its steps")
def card(request: HttpRequest, serial: str) -> dict[str, Any]:
    found = issuance.card(serial.upper())
    if found is None:
        raise Http404(f"no card was printed on {serial}")
    return found


@router.get(
    "/issuance/uncollected", response=list[Uncollected], summary="Printed and not yet handed over, oldest first"
)
def uncollected(request: HttpRequest, office: str, limit: int = 200) -> list[dict[str, Any]]:
    return issuance.uncollected(office=office, limit=max(1, min(limit, 1000)))


@router.post(
    "/issuance/print",
    response={201: Printed},
    summary="Print the next cards; the same device and sequence act once",
)
def print_cards(request: HttpRequest, asked: PrintRequest) -> Status[dict[str, Any]]:
    by = acting_officer(request, "svc.issuance")
    with acting(principal=by):
        serials = issuance_operations.print_cards(
            office=asked.office,
            limit=max(0, min(asked.limit, 2_000)),
            by=by,
            at=timezone.now(),
            key=Key(asked.device, asked.sequence),
        )
    return Status(201, {"serials": serials})


@router.post("/issuance/cards/{serial}/spoil", response=Card, summary="A card failed: its person is owed one as before")
def spoil(request: HttpRequest, serial: str, asked: Reason) -> dict[str, Any]:
    by = acting_officer(request, "svc.issuance")
    with acting(principal=by):
        issuance_operations.spoil(cards=[serial.upper()], reason=asked.reason, by=by, at=timezone.now())
    return card(request, serial)


@router.post("/issuance/cards/{serial}/hand-over", response=Card, summary="Put a card into its holder's hand")
def hand_over(request: HttpRequest, serial: str, asked: HandOver) -> dict[str, Any]:
    by = acting_officer(request, "svc.issuance")
    with acting(principal=by):
        issuance_operations.hand_over(
            cards=[serial.upper()], to=asked.to, checked=asked.checked, by=by, at=timezone.now()
        )
    return card(request, serial)
