"""Where every blank is, who moves it, and the card that is printed on it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Router, Schema, Status

from blanko.cards.custody import operations as custody_operations
from blanko.cards.custody import queries as custody
from blanko.cards.custody.rules import Key
from blanko.cards.issuance import operations as issuance_operations
from blanko.cards.issuance import queries as issuance
from blanko.doors.api.officers import acting_officer
from blanko.ground.access.acting import acting
from blanko.kernel.boxes import BoxId

router = Router()


class Holding(Schema):
    office: str
    good: int
    in_transit_in: int


class Step(Schema):
    at: datetime
    movement: str
    kind: str
    phase: str
    from_office: str | None
    to_office: str | None
    by: str
    before: str | None
    after: str | None
    lot: str | None
    first: int
    last: int
    papers: dict[str, Any]
    reason: str
    event: int


class Place(Schema):
    series: str
    box_no: int
    first: int
    last: int
    condition: str
    office: str | None
    movement: str | None
    lot: str
    sealed: bool


class Pending(Schema):
    movement: str
    kind: str
    from_office: str
    to_office: str
    quantity: int
    by: str
    at: datetime
    papers: dict[str, Any]


class Movement(Schema):
    movement: str


class DispatchRequest(Schema):
    from_office: str
    to_office: str
    boxes: list[str]
    device: str
    sequence: int
    papers: dict[str, str] = {}


class OpenRequest(Schema):
    office: str
    box: str
    device: str
    sequence: int


class Reason(Schema):
    reason: str


class ReturnRequest(Schema):
    reason: str
    device: str
    sequence: int


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


@router.get("/custody/balance", response=dict[str, int], summary="Every blank: received is the sum of the rest")
def balance(request: HttpRequest) -> dict[str, int]:
    return custody.balance_sheet()


@router.get("/custody/holdings", response=list[Holding], summary="Good blanks of each office, and what is on its way")
def holdings(request: HttpRequest, office: str | None = None) -> list[dict[str, Any]]:
    return [
        {"office": office, "good": held.good, "in_transit_in": held.in_transit_in}
        for office, held in sorted(custody.holdings(office=office).items())
    ]


@router.get("/custody/way/{identifier}", response=list[Step], summary="Every step of a box or a blank")
def way(request: HttpRequest, identifier: str) -> list[dict[str, Any]]:
    return custody.way_of(identifier)


@router.get("/custody/places/{identifier}", response=list[Place], summary="Where a box's blanks, or one blank, are now")
def places(request: HttpRequest, identifier: str) -> list[dict[str, Any]]:
    return custody.places(identifier)


@router.get("/custody/movements", response=list[Pending], summary="What is on its way")
def on_the_way(request: HttpRequest, to_office: str | None = None) -> list[dict[str, Any]]:
    return custody.on_the_way(to_office=to_office)


@router.post(
    "/custody/movements", response={201: Movement}, summary="Send sealed boxes; the same device and sequence act once"
)
def dispatch(request: HttpRequest, asked: DispatchRequest) -> Status[dict[str, Any]]:
    by = acting_officer(request, "svc.custody")
    boxes = [BoxId.parse(box) for box in asked.boxes]
    with acting(principal=by):
        movement = custody_operations.dispatch(
            consignment=custody.box_lines((box.series, box.number) for box in boxes), from_office=asked.from_office,
            to_office=asked.to_office, key=Key(asked.device, asked.sequence), by=by, at=timezone.now(),
            papers=asked.papers,
        )  # fmt: skip
    return Status(201, {"movement": movement})


@router.post(
    "/custody/movements/{movement}/receive", response=dict[str, int], summary="Take a movement over; not by its sender"
)
def receive(request: HttpRequest, movement: str) -> dict[str, int]:
    by = acting_officer(request, "svc.custody")
    with acting(principal=by):
        custody_operations.receive(movement=_named(movement), by=by, at=timezone.now())
    return custody.balance_sheet()


@router.post("/custody/movements/{movement}/void", response=dict[str, int], summary="End a movement that never left")
def void(request: HttpRequest, movement: str, asked: Reason) -> dict[str, int]:
    by = acting_officer(request, "svc.custody")
    with acting(principal=by):
        custody_operations.void(movement=_named(movement), reason=asked.reason, by=by, at=timezone.now())
    return custody.balance_sheet()


@router.post("/custody/movements/{movement}/return", response={201: Movement}, summary="Send a movement back")
def send_back(request: HttpRequest, movement: str, asked: ReturnRequest) -> Status[dict[str, Any]]:
    by = acting_officer(request, "svc.custody")
    with acting(principal=by):
        made = custody_operations.return_to_sender(
            movement=_named(movement), reason=asked.reason, key=Key(asked.device, asked.sequence), by=by,
            at=timezone.now(),
        )  # fmt: skip
    return Status(201, {"movement": made})


@router.post("/custody/openings", response={201: Movement}, summary="Break the seal of a box")
def open_box(request: HttpRequest, asked: OpenRequest) -> Status[dict[str, Any]]:
    by = acting_officer(request, "svc.custody")
    box = BoxId.parse(asked.box)
    with acting(principal=by):
        made = custody_operations.open_box(
            series=box.series, box_no=box.number, office=asked.office, key=Key(asked.device, asked.sequence), by=by,
            at=timezone.now(),
        )  # fmt: skip
    return Status(201, {"movement": made})


def _named(movement: str) -> str:
    """A movement's name holds a slash, which an address cannot: it is written ``~`` there."""
    return movement.replace("~", "/")


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
