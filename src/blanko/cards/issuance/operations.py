"""Print, spoil, send and hand over: the blank, the card and the record's status change together or not at all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.transaction import atomic
from django.utils import timezone

from blanko.cards.custody import operations as custody
from blanko.cards.custody import queries as custody_journal
from blanko.cards.custody.rules import Condition, Key, Kind, lines_of_serials
from blanko.cards.issuance import printing, rules
from blanko.cards.issuance.keeping import Row, Sheet, called
from blanko.cards.issuance.models import CardStep
from blanko.cards.issuance.printing import fail_job, finish_job, print_cards, print_for, send_to_printer
from blanko.cards.issuance.rules import CardState, HandedTo, OldCardKind, OldCardReason, Standing, Step
from blanko.cards.suket import operations as suket

__all__ = [
    "OldCardBack", "arrive", "fail_job", "finish_job", "give_back", "hand_over", "print_cards", "print_for",
    "report_lost", "send_to_printer", "ship", "spoil",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class OldCardBack:
    """A card that somebody gave back. ``serial`` is empty for one from before this system."""

    kind: OldCardKind = OldCardKind.KTP_EL
    serial: str = ""
    reason: OldCardReason = OldCardReason.REPLACED


def spoil(*, cards: Iterable[str], reason: str, by: str, at: datetime) -> int:
    """Cards that failed: their blanks are spoiled, and their persons are owed a card as before. Returns how many.

    Raises ReasonMissing, UnknownCard, CardEnded, CardOnTheWay, CardNamedTwice.
    """
    return _fail(Step.SPOILED, cards, Kind.SPOILAGE, Condition.SPOILED, reason, by=by, at=at)


def report_lost(*, cards: Iterable[str], reason: str, by: str, at: datetime) -> int:
    """Cards that are gone before their holders had them: their blanks are missing, and their persons are owed a card
    as before. Returns how many. Raises as ``spoil`` does.
    """
    return _fail(Step.LOST, cards, Kind.LOSS, Condition.MISSING, reason, by=by, at=at)


def hand_over(
    *, cards: Iterable[str], to: HandedTo | str, checked: str, by: str, at: datetime, receiver: str = "",
    relation: str = "", document: str = "", old_card: OldCardBack | None = None, office: str | None = None,
) -> int:  # fmt: skip
    """Put cards into their holders' hands, or an authorised person's, with what was checked. Returns how many.

    An authorised person is named, with the relation to the holder (rules.Relation) and the paper shown. The holder's
    suket ends in the same transaction; an ``old_card`` given back is registered for destruction (with one card only).
    Raises NotChecked, NotAuthorised, UnknownCard, CardEnded, CardOnTheWay, CardElsewhere, CardNamedTwice,
    GivenBackBefore.
    """
    to = HandedTo(to)
    rules.check_receiver(to, checked=checked, receiver=receiver, relation=relation, document=document)
    with atomic():
        found = _ready(list(cards), Step.ISSUED, by=by, at=at, office=office)
        if not found:
            return 0
        if old_card is not None and len(found) > 1:
            raise rules.CardNamedTwice("one old card was given back for several cards", mend="hand them over singly")
        if withheld := next((card["serial"] for card in found if card["withheld"]), None):
            raise rules.CardWithheld(
                "the card on {serial} is withheld: its holder has another",
                mend="settle the case of these records first",
                serial=withheld,
            )
        sheet, day = Sheet(), timezone.localtime(at).date()
        for card in found:
            sheet.step(
                card["serial"], Step.ISSUED, seq=card["seq"] + 1, before=card["last"], office=card["office"], by=by,
                at=at, handed_to=str(to), checked=checked.strip(), receiver=receiver.strip(), relation=relation,
                document=document.strip(),
            )  # fmt: skip
            sheet.changes.append({"serial": card["serial"], "state": str(CardState.ISSUED)})
            sheet.move(card, "CARD_ISSUED", since=day)
            if old_card is not None:
                _give_back(sheet, old_card, card["person_id"], card["office"], card["serial"], by=by, at=at)
        _move_blanks(sheet, found, Kind.ISSUANCE, Condition.ISSUED, by=by, at=at)
        sheet.keep("issuance.issued", by=by, at=at, subject=_subject(found), claims=found)
        held = {card["person_id"]: card["serial"] for card in found if card["holds_suket"]}
        if held:
            suket.end_by_cards(cards=held, by=by, at=at)
    return len(found)


def ship(*, cards: Iterable[str], office: str, to_office: str, key: Key, by: str, at: datetime) -> str:
    """Send printed cards to another office, where their holders collect them; returns the movement.

    It is a movement of custody like any other: pending until somebody there takes it over (``arrive``). Raises what
    custody's dispatch raises, UnknownCard, CardEnded, CardOnTheWay, CardElsewhere.
    """
    key = Key(*key)
    with atomic():
        wanted = list(cards)
        if not wanted:
            raise rules.UnknownCard("no card was named", mend="scan the cards first")
        if _sent_in(key.movement) == set(wanted):
            return key.movement
        try:
            found = _ready(wanted, Step.SHIPPED, by=by, at=at, office=office)
        except rules.CardOnTheWay:
            # The same message may have waited here for the one that came first: look again.
            if _sent_in(key.movement) == set(wanted):
                return key.movement
            raise
        sheet, day = Sheet(), timezone.localtime(at).date()
        for card in found:
            sheet.step(
                card["serial"], Step.SHIPPED, seq=card["seq"] + 1, before=card["last"], office=office, by=by, at=at,
                movement=key.movement,
            )  # fmt: skip
            sheet.changes.append({"serial": card["serial"], "state": str(CardState.ON_THE_WAY)})
            if card["status"] != "CARD_SHIPPED":
                sheet.move(card, "CARD_SHIPPED", since=day)
        sheet.keep(
            "issuance.shipped", by=by, at=at, subject={**_subject(found), "to_office": to_office},
            claims=found,
        )  # fmt: skip
        return custody.dispatch(
            consignment=lines_of_serials(card["serial"] for card in found), from_office=office, to_office=to_office,
            key=key, by=by, at=at, kind=Kind.TRANSFER, condition=Condition.PERSONALISED,
        )  # fmt: skip


def _sent_in(movement: str) -> set[str]:
    return set(CardStep.objects.filter(movement=movement, step=Step.SHIPPED).values_list("serial", flat=True))


def arrive(*, movement: str, by: str, at: datetime) -> int:
    """Take over printed cards that another office sent; they wait for their holders here. Returns how many.

    One that came back to its sender, or that was taken over in the warehouse's way, is only written down here. Said
    twice, it is done once. Raises UnknownMovement, SamePersonBothEnds.
    """
    with atomic():
        sent = list(CardStep.objects.filter(movement=movement, step=Step.SHIPPED).values_list("serial", flat=True))
        found = [card for card in _cards(sent) if card["last"] == Step.SHIPPED and card["movement"] == movement]
        if sent and not found:
            return 0
        if not sent or _place(sent[0])[1] == movement:
            custody.receive(movement=movement, by=by, at=at)
        sheet = Sheet()
        for card in found:
            office = _place(card["serial"])[0]
            if office is None:
                raise rules.CardOnTheWay(
                    "the card on {serial} is on its way in movement {movement}",
                    mend="take that movement over first", serial=card["serial"], movement=_place(card["serial"])[1],
                )  # fmt: skip
            sheet.step(
                card["serial"], Step.ARRIVED, seq=card["seq"] + 1, before=card["last"], office=office, by=by, at=at,
                movement=movement,
            )  # fmt: skip
            sheet.changes.append({"serial": card["serial"], "state": str(CardState.PRINTED), "office": office})
        if found:
            sheet.keep("issuance.arrived", by=by, at=at, subject={**_subject(found), "movement": movement})
        return len(found)


def give_back(*, office: str, person_id: int, by: str, at: datetime, old_card: OldCardBack = OldCardBack()) -> str:
    """Register an old card for destruction; returns the number of its receipt. Raises GivenBackBefore."""
    with atomic():
        sheet = Sheet()
        number = _give_back(sheet, old_card, person_id, office, "", by=by, at=at)
        sheet.keep("issuance.give_back", by=by, at=at, subject={"office": office, "number": number})
        return number


def _give_back(
    sheet: Sheet, old: OldCardBack, person_id: int, office: str, replaced_by: str, *, by: str, at: datetime
) -> str:
    moment = timezone.localtime(at)
    number = f"KL/{office}/{moment:%Y%m%d%H%M%S%f}/{person_id}"
    sheet.given_back.append(
        {
            "number": number, "serial": old.serial.strip().upper(), "kind": str(OldCardKind(old.kind)),
            "reason": str(OldCardReason(old.reason)), "person_id": person_id, "office": office, "regency": office,
            "replaced_by": replaced_by, "by": by, "at": at,
        }
    )  # fmt: skip
    return number


def _fail(step: Step, cards: Iterable[str], kind: Kind, after: Condition, reason: str, *, by: str, at: datetime) -> int:
    if not reason.strip():
        raise rules.ReasonMissing("a spoiled or lost card has no reason", mend="say what happened")
    with atomic():
        found = _ready(list(cards), step, by=by, at=at)
        if not found:
            return 0
        sheet, day = Sheet(), timezone.localtime(at).date()
        for card in found:
            sheet.step(
                card["serial"], step, seq=card["seq"] + 1, before=card["last"], office=card["office"], by=by, at=at,
                reason=reason.strip(),
            )  # fmt: skip
            printing.give_way(sheet, card["serial"], card["replaces"] or "", card["cause"])
            if card["closed"]:
                continue
            # It costs its person no place in the queue: it is print-ready since it first was.
            sheet.move(card, "PRINT_READY_RECORD", since=card["print_ready_since"] or day)
        _move_blanks(sheet, found, kind, after, by=by, at=at, reason=reason.strip())
        sheet.keep(f"issuance.{step}", by=by, at=at, reason=reason.strip(), subject=_subject(found), claims=found)
    return len(found)


def _cards(serials: Iterable[str]) -> list[Row]:
    # In one order, so that two clerks who name the same cards wait for each other and never for ever.
    return called("SELECT * FROM issuance_hold(%(serials)s)", {"serials": sorted(serials)})


def _held(serials: Iterable[str], step: Step, *, office: str | None = None) -> list[Row]:
    wanted = list(serials)
    rows = {row["serial"]: row for row in _cards(set(wanted))}
    held = {s: Standing(Step(r["last"]), r["seq"], r["office"], r["movement"]) for s, r in rows.items()}
    return [rows[serial] for serial in rules.check_step(step, wanted=wanted, held=held, office=office)]


def _ready(serials: list[str], step: Step, *, by: str, at: datetime, office: str | None = None) -> list[Row]:
    """The cards for their next step. One that the warehouse took over has arrived, though nobody wrote it down here."""
    for _shipment in range(len(serials)):
        try:
            return _held(serials, step, office=office)
        except rules.CardOnTheWay as refusal:
            if _place(str(refusal.values["serial"]))[0] is None:
                raise
            arrive(movement=str(refusal.values["movement"]), by=by, at=at)
    return _held(serials, step, office=office)


def _move_blanks(
    sheet: Sheet, found: Iterable[Row], kind: Kind, after: Condition, *, by: str, at: datetime, reason: str = ""
) -> None:
    by_office: dict[str, list[Row]] = defaultdict(list)
    for card in found:
        by_office[card["office"]].append(card)
    for office, cards in sorted(by_office.items()):
        # A card takes its nth step once, so that this names the movement for ever.
        key = Key(f"issuance/{kind}/{cards[0]['serial']}", cards[0]["seq"] + 1)
        lines = lines_of_serials(card["serial"] for card in cards)
        sheet.blank(kind, Condition.PERSONALISED, after, lines, office=office, key=key, by=by, at=at, reason=reason)


def _place(serial: str) -> tuple[str | None, str | None]:
    """The office or the movement that a blank is in."""
    (row,) = custody_journal.places(serial)
    return row["office"], row["movement"]


def _subject(found: list[Row]) -> Row:
    return {"cards": len(found), "first": found[0]["serial"]}
