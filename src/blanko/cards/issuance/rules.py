"""In which order cards are printed, what may be done with one, and by which name it is refused. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Final, NamedTuple

from blanko.kernel.errors import BlankoError


class Step(StrEnum):
    """The life of a card. A blank in a printer is a job; it is a card from ``printed`` on."""

    PRINTED = "printed"
    SHIPPED = "shipped"
    ARRIVED = "arrived"
    SPOILED = "spoiled"
    LOST = "lost"
    ISSUED = "issued"


class CardState(StrEnum):
    """Where the one card of a person that counts stands."""

    IN_PRINTER = "in_printer"
    PRINTED = "printed"
    ON_THE_WAY = "on_the_way"
    ISSUED = "issued"


class HandedTo(StrEnum):
    """Into whose hand."""

    HOLDER = "holder"
    AUTHORISED = "authorised"


class Relation(StrEnum):
    """Who somebody is to the holder for whom they collect."""

    FAMILY = "family"
    GUARDIAN = "guardian"
    VILLAGE_OFFICER = "village_officer"
    REPRESENTATIVE = "representative"


class Outcome(StrEnum):
    """How a print job ended."""

    PRINTED = "printed"
    FAILED = "failed"


class PrinterFault(StrEnum):
    """What failed in the printer."""

    JAM = "jam"
    RIBBON = "ribbon"
    CHIP = "chip"
    MISPRINT = "misprint"
    POWER = "power"
    WRONG_DATA = "wrong_data"
    OTHER = "other"


class Blank(StrEnum):
    """What a failed job left of its blank."""

    GOOD = "good"
    SPOILED = "spoiled"


class OutOfTurn(StrEnum):
    """Why a card may be printed before others that wait longer. Each one is counted in public."""

    MEDICAL = "medical"
    DISASTER = "disaster"
    DEPARTURE = "departure"
    COURT = "court"
    DISABILITY = "disability"
    OFFICE_FAULT = "office_fault"


class Prints(StrEnum):
    """How an office prints."""

    QUEUE = "queue"
    COLLECTION = "collection"


class SuketEffect(StrEnum):
    """What a suket does to its holder's place in the queue."""

    NONE = "none"
    FIRST = "first"


class OldCardKind(StrEnum):
    """What was given back."""

    KTP_EL = "ktp_el"
    KTP_NASIONAL = "ktp_nasional"


class OldCardReason(StrEnum):
    """Why it was given back."""

    REPLACED = "replaced"
    DAMAGED = "damaged"
    FOUND = "found"
    MOVED = "moved"
    DECEASED = "deceased"


# Why a card was printed when it was: it was next, its holder was at the counter of an office that prints so, or it
# passed others for a named reason.
IN_TURN: Final = "queue"
ON_COLLECTION: Final = "collection"
TURNS: Final = (IN_TURN, ON_COLLECTION, *(reason.value for reason in OutOfTurn))

# What may follow: a card in its holder's hand is not spoiled here any more, it is replaced.
FOLLOWS: Final[Mapping[Step, tuple[Step, ...]]] = {
    Step.PRINTED: (Step.SHIPPED, Step.SPOILED, Step.LOST, Step.ISSUED),
    Step.SHIPPED: (Step.ARRIVED, Step.LOST),
    Step.ARRIVED: (Step.SHIPPED, Step.SPOILED, Step.LOST, Step.ISSUED),
    Step.SPOILED: (),
    Step.LOST: (),
    Step.ISSUED: (),
}
LASTS: Final = tuple(step for step, after in FOLLOWS.items() if not after)
# The record's status after a step; None leaves it as it is.
STATUS_AFTER: Final[Mapping[Step, str | None]] = {
    Step.PRINTED: "CARD_PRINTED",
    Step.SHIPPED: "CARD_SHIPPED",
    Step.ARRIVED: None,
    Step.SPOILED: "PRINT_READY_RECORD",
    Step.LOST: "PRINT_READY_RECORD",
    Step.ISSUED: "CARD_ISSUED",
}
# A card whose loss or damage is the cause of a new one is not the holder's card again when the new one fails.
GONE_CAUSES: Final = ("loss", "damage")
# Days since printing, both ends included, under which uncollected cards are counted.
AGES: Final = ((0, 7), (8, 30), (31, 90), (91, 180), (181, None))


class UnknownCard(BlankoError, LookupError):
    """No card was printed on this blank."""


class CardEnded(BlankoError):
    """The card was spoiled, lost or handed over before."""


class CardOnTheWay(BlankoError):
    """The card is on its way to another office."""


class CardNamedTwice(BlankoError, ValueError):
    """A card stands twice in one call."""


class CardElsewhere(BlankoError):
    """The card is at another office."""


class ReasonMissing(BlankoError, ValueError):
    """A spoiled or lost card needs a reason, and so does a setting."""


class NotChecked(BlankoError, ValueError):
    """A card is handed over only with what was checked."""


class NotAuthorised(BlankoError, ValueError):
    """Somebody else than the holder gives a name, a relation and a paper."""


class HolderHasCard(BlankoError):
    """The person holds an active card that is not yet handed over."""


class CardWithheld(BlankoError):
    """The holder has another card, under another record of the same person."""


class NothingOwed(BlankoError):
    """No card is owed to this person here, or something else than a blank is missing."""


class NotNext(BlankoError):
    """Others wait longer: printing now needs a named reason."""


class PrintsOnCollection(BlankoError):
    """The office prints a card when its holder is at the counter."""


class NoBlanksLeft(BlankoError):
    """The office has no good blank that is not in a printer already."""


class UnknownJob(BlankoError, LookupError):
    """No print job has this name."""


class JobEnded(BlankoError):
    """The print job ended otherwise before."""


class BlankNotAccounted(BlankoError):
    """The first blank is not accounted for: it is no card, not spoiled and not lost."""


class RuleNotAhead(BlankoError):
    """A version of the queue's order begins after every earlier one, and not before it is published."""


class GivenBackBefore(BlankoError):
    """This card was given back before."""


# SQLSTATE or constraint -> error, for what the database alone can see.
REFUSALS: Final[dict[str, type[BlankoError]]] = {
    "BL701": BlankNotAccounted,
    "BL702": HolderHasCard,
    "BL703": PrintsOnCollection,
    "BL704": CardWithheld,
}
CONSTRAINTS: Final[dict[str, type[BlankoError]]] = {
    "issuance_step_once": CardEnded,
    "issuance_step_ends_once": CardEnded,
    "issuance_job_end_pkey": JobEnded,
    "issuance_given_back_once": GivenBackBefore,
}


class Rule(NamedTuple):
    """A version of the queue's order. Version 0 is what holds while none was published."""

    version: int
    since: date
    suket: SuketEffect
    source: str


FIRST_RULE: Final = Rule(0, date.min, SuketEffect.NONE, "docs/issuance.md")


def rule_on(rules: Iterable[Rule], day: date) -> Rule:
    """The version in force on a day."""
    return max((FIRST_RULE, *(rule for rule in rules if rule.since <= day)), key=lambda rule: rule.since)


def queue_key(
    *, rule: Rule, deadline: date | None, holds_suket: bool, print_ready_since: date, record_id: str, office: str
) -> tuple[date, bool, date, str, str]:
    """The place in the queue: deadline class (none comes last), the suket where the version in force says so,
    print-ready since, record id. The set-based twin is sql/published.sql; a test shows that both agree.
    """
    first = rule.suket is SuketEffect.FIRST and holds_suket
    return (deadline or date.max, not first, print_ready_since, record_id, office)


def check_rule(*, since: date, published_on: date, source: str, earlier: Iterable[Rule]) -> int:
    """The number of a new version. Raises RuleNotAhead, ReasonMissing."""
    if not source.strip():
        raise ReasonMissing("an order of the queue names no legal reference", mend="name the rule and where it stands")
    before = max(earlier, key=lambda rule: rule.version, default=FIRST_RULE)
    if since < published_on or before.version and since <= before.since:
        raise RuleNotAhead(
            "an order from {since} on would change what was printed by",
            mend="let it begin after {earliest}",
            since=since,
            earliest=max(published_on, before.since),
        )
    return before.version + 1


class Standing(NamedTuple):
    """A card as far as its next step depends on it: its last step, where it is, and its movement when shipped."""

    last: Step
    seq: int
    office: str
    movement: str = ""


def check_step(
    step: Step, *, wanted: Iterable[str], held: Mapping[str, Standing], office: str | None = None
) -> tuple[str, ...]:
    """The cards in their order, if each may take this step (at ``office``, when one is named).

    Raises CardNamedTwice, UnknownCard, CardOnTheWay, CardEnded, CardElsewhere; nothing is done when one cannot.
    """
    serials = tuple(wanted)
    if len(set(serials)) != len(serials):
        raise CardNamedTwice("a card stands twice", mend="name each card once")
    for serial in serials:
        card = held.get(serial)
        if card is None:
            raise UnknownCard("no card was printed on {serial}", mend="look the serial up on the card", serial=serial)
        if step not in FOLLOWS[card.last]:
            if card.last is Step.SHIPPED:
                raise CardOnTheWay(
                    "the card on {serial} is on its way in movement {movement}",
                    mend="take that movement over first",
                    serial=serial,
                    movement=card.movement,
                )
            raise CardEnded(
                "the card on {serial} was {last} before",
                mend="print another card if one is owed",
                serial=serial,
                last=card.last,
            )
        if office is not None and card.office != office:
            raise CardElsewhere(
                "the card on {serial} is at office {office}, not here",
                mend="do it there, or have the card sent",
                serial=serial,
                office=card.office,
            )
    return serials


def check_receiver(to: HandedTo, *, checked: str, receiver: str, relation: str, document: str) -> None:
    """Raises NotChecked, NotAuthorised."""
    if not checked.strip():
        raise NotChecked("nothing was checked", mend="say what was checked, for example face and fingerprint")
    if to is HandedTo.AUTHORISED and not (receiver.strip() and document.strip() and relation in set(Relation)):
        raise NotAuthorised(
            "somebody else than the holder collects the card and is not named in full",
            mend="give the name, the relation ({relations}) and the paper shown",
            relations=", ".join(Relation),
        )


def age_of(printed_at: datetime, at: datetime) -> tuple[int, int | None]:
    """The band of AGES for an uncollected card, in whole days."""
    days = max((at - printed_at).days, 0)
    return next(band for band in AGES if band[1] is None or days <= band[1])
