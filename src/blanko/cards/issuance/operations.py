"""Print, spoil and hand over: the blank, the card and the record's status change together or not at all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.transaction import atomic
from django.utils import timezone

from blanko.cards.custody import operations as custody
from blanko.cards.custody import queries as custody_journal
from blanko.cards.custody.rules import Condition, Key, KeyReused, Kind, Line, UnknownMovement, lines_of_serials
from blanko.cards.issuance import rules
from blanko.cards.issuance.models import ActiveCard, Card, CardStep
from blanko.cards.issuance.rules import HandedTo, Step
from blanko.cards.suket import operations as suket
from blanko.ground.audit import operations as audit
from blanko.ground.audit.merkle import Facts
from blanko.kernel.boxes import BlankSerial, BoxId
from blanko.records.entitlement import operations as entitlement
from blanko.records.entitlement import queries as owed
from blanko.records.registry import operations as registry
from blanko.records.registry.operations import StatusStep

LOCK_SPACE = 0x155
CHUNK = 2_000


def print_cards(*, office: str, limit: int, by: str, at: datetime, key: Key | None = None) -> list[str]:
    """Print up to ``limit`` cards at a regency's office, in the order of the stored queue; returns their serials.

    Takes one blank for each card from an opened box, opening the next one when none is open. Fewer when fewer are owed
    or fewer blanks are there; none when there is nothing to do. A ``key`` that printed before prints nothing again and
    returns what it printed. Raises HolderHasCard, KeyReused and what else custody and registry refuse.
    """
    with atomic():
        _alone(office)
        if key is not None and (before := _printed_before(key, office=office, limit=limit)):
            return before
        waiting = owed.queue(regency=office, limit=limit)
        lines = custody.next_blanks(office=office, wanted=len(waiting))
        serials = [serial for line, _sealed in lines for serial in _serials(line)]
        waiting = waiting[: len(serials)]
        if not waiting:
            return []
        serials = serials[: len(waiting)]
        cards = [
            {
                "serial": serial, "person_id": row["person_id"], "recorded_office": row["recorded_office"],
                "record_id": row["record_id"], "office": office, "regency": row["regency"], "cause": row["cause"],
                "print_ready_since": row["print_ready_since"],
            }
            for serial, row in zip(serials, waiting, strict=True)
        ]  # fmt: skip
        steps = [_step(serial, Step.PRINTED, by=by, at=at) for serial in serials]
        event = audit.record(
            operation="issuance.print", by=by, at=at,
            facts=Facts.of({"issuance_card": cards, "issuance_step": steps}),
            subject={"office": office, "cards": len(cards)},
        )  # fmt: skip
        sealed = sorted({(line.series, line.box_no) for line, is_sealed in lines if is_sealed})
        if sealed:
            custody.open_boxes(boxes=sealed, office=office, key=Key(f"issuance/open/{office}", event), by=by, at=at)
        custody.change(
            kind=Kind.PERSONALISATION, after=Condition.PERSONALISED, lines=lines_of_serials(serials), office=office,
            key=key or Key(f"issuance/print/{office}", event), by=by, at=at,
        )  # fmt: skip
        Card.objects.bulk_create([Card(event_id=event, **card) for card in cards], batch_size=CHUNK)
        CardStep.objects.bulk_create([CardStep(event_id=event, **step) for step in steps], batch_size=CHUNK)
        _make_active(cards, event)
        day = timezone.localtime(at).date()
        for status in ("SENT_FOR_CARD_PRINTING", "CARD_PRINTED"):
            registry.change_statuses(
                changes=[StatusStep(c["recorded_office"], c["record_id"], status, day) for c in cards], by=by, at=at
            )
        _refresh(cards, by=by, at=at)
        return serials


def spoil(*, cards: Iterable[str], reason: str, by: str, at: datetime) -> int:
    """Cards that failed: their blanks are spoiled, and their persons are owed a card as before. Returns how many.

    Raises ReasonMissing, UnknownCard, CardEnded, CardNamedTwice.
    """
    if not reason.strip():
        raise rules.ReasonMissing("a spoiled card has no reason", mend="say what failed")
    with atomic():
        found = _locked(cards, Step.SPOILED)
        _take_step(
            found, Step.SPOILED, "PRINT_READY_RECORD", Condition.SPOILED, Kind.SPOILAGE, by=by, at=at, reason=reason
        )
        ActiveCard.objects.filter(serial__in=[card["serial"] for card in found]).delete()
    return len(found)


def hand_over(*, cards: Iterable[str], to: HandedTo | str, checked: str, by: str, at: datetime) -> int:
    """Put cards into their holders' hands, or an authorised person's, with what was checked. Returns how many.

    Raises NotChecked, UnknownCard, CardEnded, CardNamedTwice.
    """
    to = HandedTo(to)
    if not checked.strip():
        raise rules.NotChecked("nothing was checked", mend="say what was checked, for example face and fingerprint")
    with atomic():
        found = _locked(cards, Step.ISSUED)
        _take_step(
            found, Step.ISSUED, "CARD_ISSUED", Condition.ISSUED, Kind.ISSUANCE, by=by, at=at, handed_to=str(to),
            checked=checked,
        )  # fmt: skip
        ActiveCard.objects.filter(serial__in=[card["serial"] for card in found]).update(issued=True)
        suket.end_by_cards(cards={card["person_id"]: card["serial"] for card in found}, by=by, at=at)
    return len(found)


def _alone(office: str) -> None:
    """Two print jobs of one office take turns, so that both follow the queue."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [LOCK_SPACE, office])


def _printed_before(key: Key, *, office: str, limit: int) -> list[str]:
    """What a print job of this key printed; nothing when there was none. Raises KeyReused for another job's key."""
    try:
        found = custody_journal.pending(key.movement)
    except UnknownMovement:
        return []
    serials = [serial for line in found.lines for serial in _serials(line)]
    events = set(Card.objects.filter(serial__in=serials, office=office).values_list("event_id", flat=True))
    of_one_job = len(events) == 1 and Card.objects.filter(event_id__in=events).count() == len(serials)
    if found.from_office != office or len(serials) > limit or not of_one_job:
        raise KeyReused(
            "{movement} was another job", mend="give a new job a new sequence", movement=key.movement
        )  # fmt: skip
    return serials


def _serials(line: Line) -> list[str]:
    box = BoxId(line.series, line.box_no)
    return [str(BlankSerial(box, position)) for position in range(line.first, line.last + 1)]


def _step(serial: str, step: Step, *, by: str, at: datetime, **given: str) -> dict[str, Any]:
    return {
        "serial": serial,
        "step": str(step),
        "at": at,
        "by": by,
        "reason": "",
        "handed_to": "",
        "checked": "",
        **given,
    }


def _make_active(cards: list[dict[str, Any]], event: int) -> None:
    """One active card a person: a replacement takes the place of a card that was handed over, of no other."""
    persons = [card["person_id"] for card in cards]
    held = ActiveCard.objects.filter(person_id__in=persons)
    open_card = held.filter(issued=False).values_list("serial", flat=True).first()
    if open_card is not None:
        raise rules.HolderHasCard(
            "the card on {open_card} waits for its holder", mend="hand it over, or spoil it first", open_card=open_card
        )
    held.delete()
    ActiveCard.objects.bulk_create(
        [ActiveCard(person_id=card["person_id"], serial=card["serial"], event_id=event) for card in cards],
        batch_size=CHUNK,
    )


def _locked(cards: Iterable[str], step: Step) -> list[dict[str, Any]]:
    serials = list(cards)
    # The active row is the one that changes: whoever locks it first decides the card's next step.
    list(ActiveCard.objects.select_for_update().filter(serial__in=serials).order_by("serial").values_list("serial"))
    held: dict[str, set[str]] = defaultdict(set)
    for serial, done in CardStep.objects.filter(serial__in=serials).values_list("serial", "step"):
        held[serial].add(done)
    ordered = rules.check_step(step, wanted=serials, held=held)
    rows = {row["serial"]: row for row in Card.objects.filter(serial__in=ordered).values()}
    return [rows[serial] for serial in ordered]


def _take_step(
    cards: list[dict[str, Any]], step: Step, status: str, after: Condition, kind: Kind, *, by: str, at: datetime,
    **given: str,
) -> None:  # fmt: skip
    if not cards:
        return
    rows = [_step(card["serial"], step, by=by, at=at, **given) for card in cards]
    event = audit.record(
        operation=f"issuance.{step}", by=by, at=at, facts=Facts.of({"issuance_step": rows}),
        reason=given.get("reason", ""), subject={"cards": len(rows)},
    )  # fmt: skip
    by_office: dict[str, list[str]] = defaultdict(list)
    for card in cards:
        by_office[card["office"]].append(card["serial"])
    for office, serials in sorted(by_office.items()):
        custody.change(
            kind=kind, before=Condition.PERSONALISED, after=after, lines=lines_of_serials(serials), office=office,
            key=Key(f"issuance/{step}/{office}", event), by=by, at=at, reason=given.get("reason", ""),
        )  # fmt: skip
    CardStep.objects.bulk_create([CardStep(event_id=event, **row) for row in rows], batch_size=CHUNK)
    day = timezone.localtime(at).date()
    # A spoiled card costs its person no place in the queue: it is print-ready since it first was.
    since = {card["serial"]: card["print_ready_since"] if step is Step.SPOILED else None for card in cards}
    registry.change_statuses(
        changes=[StatusStep(c["recorded_office"], c["record_id"], status, since[c["serial"]] or day) for c in cards],
        by=by,
        at=at,
    )
    _refresh(cards, by=by, at=at)


def _refresh(cards: list[dict[str, Any]], *, by: str, at: datetime) -> None:
    as_of = owed.claims_as_of() or timezone.localtime(at).date()
    entitlement.refresh(as_of=as_of, by=by, at=at, persons={card["person_id"] for card in cards})
