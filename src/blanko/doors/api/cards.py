"""The cards that are printed on blanks, from the queue into a hand."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Router, Schema, Status

from blanko.cards.custody.rules import Key
from blanko.cards.issuance import operations as issuance_operations
from blanko.cards.issuance import ordering
from blanko.cards.issuance import queries as issuance
from blanko.cards.issuance.rules import (
    Blank,
    HandedTo,
    OldCardKind,
    OldCardReason,
    OutOfTurn,
    PrinterFault,
    Prints,
    Relation,
    SuketEffect,
)
from blanko.doors.api.officers import acting_officer
from blanko.ground.access.acting import acting

router = Router()


class Reason(Schema):
    reason: str


class CardStep(Schema):
    step: str
    at: datetime
    by: str
    office: str
    reason: str
    movement: str
    handed_to: str
    checked: str
    receiver: str
    relation: str
    document: str


class Card(Schema):
    serial: str
    person_id: int
    recorded_office: str
    record_id: str
    office: str
    regency: str
    cause: str
    turn: str
    turn_note: str
    passed_over: int
    rule: int
    job: str
    printed_on: date
    print_ready_since: date | None
    steps: list[CardStep]


class Uncollected(Schema):
    serial: str
    person_id: int
    printed_at: datetime
    name: str | None
    nik: str | None


class Ages(Schema):
    office: str
    days_from: int
    days_to: int | None
    cards: int


class PrintRequest(Schema):
    """Down the queue, or with ``nik`` the card of one person, out of turn for a reason of the list."""

    office: str
    limit: int = 1
    device: str
    sequence: int
    nik: str | None = None
    turn: OutOfTurn | None = None
    note: str = ""


class Printed(Schema):
    serials: list[str]


class Job(Schema):
    job: str
    serial: str
    person_id: int


class JobInPrinter(Job):
    at: datetime
    name: str | None
    nik: str | None


class JobDone(Schema):
    serial: str


class JobFailed(Schema):
    fault: PrinterFault
    blank: Blank
    note: str = ""


class CardGivenBack(Schema):
    kind: OldCardKind = OldCardKind.KTP_EL
    serial: str = ""
    reason: OldCardReason = OldCardReason.REPLACED


class OldCardReceipt(Schema):
    number: str
    serial: str
    kind: str
    reason: str
    person_id: int
    office: str
    replaced_by: str
    by: str
    given_on: datetime


class GivenBack(CardGivenBack):
    office: str
    person_id: int


class Number(Schema):
    number: str


class HandOver(Schema):
    to: HandedTo = HandedTo.HOLDER
    checked: str
    receiver: str = ""
    relation: Relation | None = None
    document: str = ""
    old_card: CardGivenBack | None = None
    office: str | None = None


class Shipment(Schema):
    cards: list[str]
    from_office: str
    to_office: str
    device: str
    sequence: int


class CardMovement(Schema):
    movement: str


class CardArrived(Schema):
    cards: int


class Next(Schema):
    place: int
    person_id: int
    recorded_office: str
    record_id: str
    nik: str | None
    name: str | None
    cause: str
    since: date
    print_ready_since: date
    holds_suket: bool
    rule: int


class OrderRule(Schema):
    since: date
    suket: SuketEffect
    source: str


class OrderVersion(OrderRule):
    version: int


class Setting(Schema):
    office: str
    prints: str


class NewSetting(Schema):
    prints: Prints
    reason: str


class Turns(Schema):
    office: str
    turn: str
    cards: int
    passed_over: int


def _old(card: CardGivenBack | None) -> issuance_operations.OldCardBack | None:
    return None if card is None else issuance_operations.OldCardBack(card.kind, card.serial, card.reason)


@router.get("/issuance/queue", response=list[Next], summary="Who is printed for next, by the published order")
def queue(request: HttpRequest, office: str, on: date | None = None, limit: int = 200) -> list[dict[str, Any]]:
    return issuance.queue(office=office, on=on or timezone.localdate(), limit=max(1, min(limit, 1000)))


@router.get("/issuance/order", response=list[OrderVersion], summary="Every published version of the queue's order")
def order(request: HttpRequest) -> list[dict[str, Any]]:
    return [rule._asdict() for rule in issuance.rules_known()]


@router.post("/issuance/order", response={201: OrderVersion}, summary="Publish the next version of the queue's order")
def publish_order(request: HttpRequest, asked: OrderRule) -> Status[dict[str, Any]]:
    by = acting_officer(request, "svc.issuance")
    with acting(principal=by):
        version = ordering.publish_rule(
            since=asked.since, suket=asked.suket, source=asked.source, by=by, at=timezone.now()
        )
    return Status(201, {**asked.model_dump(), "version": version})


@router.get("/issuance/offices/{office}", response=Setting, summary="How an office prints: queue or collection")
def setting(request: HttpRequest, office: str) -> dict[str, Any]:
    return {"office": office, "prints": issuance.office_prints(office, timezone.localdate())}


@router.post("/issuance/offices/{office}", response=Setting, summary="Choose how an office prints from today on")
def choose(request: HttpRequest, office: str, asked: NewSetting) -> dict[str, Any]:
    by = acting_officer(request, "svc.issuance")
    with acting(principal=by):
        ordering.set_office(office=office, prints=asked.prints, reason=asked.reason, by=by, at=timezone.now())
    return setting(request, office)


@router.get(
    "/issuance/turns", response=list[Turns], summary="How cards were printed: in turn, or before others and why"
)
def turns(request: HttpRequest, first: date, last: date, office: str | None = None) -> list[dict[str, Any]]:
    return issuance.turns(first=first, last=last, office=office)


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


@router.get("/issuance/uncollected/ages", response=list[Ages], summary="Uncollected cards by days since printing")
def uncollected_ages(request: HttpRequest, office: str | None = None) -> list[dict[str, Any]]:
    return issuance.uncollected_by_age(at=timezone.now(), office=office)


@router.post(
    "/issuance/print",
    response={201: Printed},
    summary="Print the next cards, or one by NIK; the same device and sequence act once",
)
def print_cards(request: HttpRequest, asked: PrintRequest) -> Status[dict[str, Any]]:
    by = acting_officer(request, "svc.issuance")
    key = Key(asked.device, asked.sequence)
    with acting(principal=by):
        if asked.nik:
            serials = [
                issuance_operations.print_for(
                    nik=asked.nik, office=asked.office, by=by, at=timezone.now(), key=key, turn=asked.turn,
                    note=asked.note,
                )
            ]  # fmt: skip
        else:
            serials = issuance_operations.print_cards(
                office=asked.office, limit=max(0, min(asked.limit, 2_000)), by=by, at=timezone.now(), key=key
            )
    return Status(201, {"serials": serials})


@router.get("/issuance/jobs", response=list[JobInPrinter], summary="What is in an office's printers")
def jobs(request: HttpRequest, office: str) -> list[dict[str, Any]]:
    return issuance.jobs(office=office)


@router.post("/issuance/jobs", response={201: list[Job]}, summary="Put blanks into printers; each job ends by itself")
def send(request: HttpRequest, asked: PrintRequest) -> Status[list[dict[str, Any]]]:
    by = acting_officer(request, "svc.issuance")
    with acting(principal=by):
        made = issuance_operations.send_to_printer(
            office=asked.office, key=Key(asked.device, asked.sequence), by=by, at=timezone.now(),
            limit=max(0, min(asked.limit, 2_000)), nik=asked.nik, turn=asked.turn, note=asked.note,
        )  # fmt: skip
    return Status(201, made)


@router.post("/issuance/jobs/{job}/finish", response=JobDone, summary="The printer has made the card")
def finish(request: HttpRequest, job: str) -> dict[str, Any]:
    by = acting_officer(request, "svc.issuance")
    with acting(principal=by):
        return {"serial": issuance_operations.finish_job(job=_named(job), by=by, at=timezone.now())}


@router.post("/issuance/jobs/{job}/fail", response=JobDone, summary="The printer failed: the blank is good or spoiled")
def fail(request: HttpRequest, job: str, asked: JobFailed) -> dict[str, Any]:
    by = acting_officer(request, "svc.issuance")
    with acting(principal=by):
        issuance_operations.fail_job(
            job=_named(job), fault=asked.fault, blank=asked.blank, note=asked.note, by=by, at=timezone.now()
        )
    return {"serial": issuance.job(_named(job))["serial"]}


@router.post("/issuance/cards/{serial}/spoil", response=Card, summary="A card failed: its person is owed one as before")
def spoil(request: HttpRequest, serial: str, asked: Reason) -> dict[str, Any]:
    by = acting_officer(request, "svc.issuance")
    with acting(principal=by):
        issuance_operations.spoil(cards=[serial.upper()], reason=asked.reason, by=by, at=timezone.now())
    return card(request, serial)


@router.post("/issuance/cards/{serial}/lost", response=Card, summary="A card is gone before its holder had it")
def lost(request: HttpRequest, serial: str, asked: Reason) -> dict[str, Any]:
    by = acting_officer(request, "svc.issuance")
    with acting(principal=by):
        issuance_operations.report_lost(cards=[serial.upper()], reason=asked.reason, by=by, at=timezone.now())
    return card(request, serial)


@router.post("/issuance/cards/{serial}/hand-over", response=Card, summary="Put a card into its holder's hand")
def hand_over(request: HttpRequest, serial: str, asked: HandOver) -> dict[str, Any]:
    by = acting_officer(request, "svc.issuance")
    with acting(principal=by):
        issuance_operations.hand_over(
            cards=[serial.upper()], to=asked.to, checked=asked.checked, receiver=asked.receiver,
            relation=asked.relation or "", document=asked.document, old_card=_old(asked.old_card), office=asked.office,
            by=by, at=timezone.now(),
        )  # fmt: skip
    return card(request, serial)


@router.post("/issuance/shipments", response={201: CardMovement}, summary="Send printed cards to another office")
def ship(request: HttpRequest, asked: Shipment) -> Status[dict[str, Any]]:
    by = acting_officer(request, "svc.issuance")
    with acting(principal=by):
        movement = issuance_operations.ship(
            cards=[serial.upper() for serial in asked.cards], office=asked.from_office, to_office=asked.to_office,
            key=Key(asked.device, asked.sequence), by=by, at=timezone.now(),
        )  # fmt: skip
    return Status(201, {"movement": movement})


@router.post("/issuance/shipments/{movement}/arrive", response=CardArrived, summary="Take printed cards over")
def arrive(request: HttpRequest, movement: str) -> dict[str, Any]:
    by = acting_officer(request, "svc.issuance")
    with acting(principal=by):
        return {"cards": issuance_operations.arrive(movement=_named(movement), by=by, at=timezone.now())}


@router.get("/issuance/old-cards", response=list[OldCardReceipt], summary="Old cards given back, for destruction")
def old_cards(request: HttpRequest, office: str, limit: int = 200) -> list[dict[str, Any]]:
    return issuance.old_cards(office=office, limit=max(1, min(limit, 1000)))


@router.post("/issuance/old-cards", response={201: Number}, summary="Register an old card for destruction")
def give_back(request: HttpRequest, asked: GivenBack) -> Status[dict[str, Any]]:
    by = acting_officer(request, "svc.issuance")
    old = issuance_operations.OldCardBack(asked.kind, asked.serial, asked.reason)
    with acting(principal=by):
        number = issuance_operations.give_back(
            office=asked.office, person_id=asked.person_id, old_card=old, by=by, at=timezone.now()
        )
    return Status(201, {"number": number})


def _named(text: str) -> str:
    """The name of a job or a movement holds a slash, which an address cannot: it is written ``~`` there."""
    return text.replace("~", "/")
