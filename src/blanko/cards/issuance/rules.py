"""What may be done with a card, and by which name it is refused. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum

from blanko.kernel.errors import BlankoError


class Step(StrEnum):
    """The life of a card here."""

    PRINTED = "printed"
    SPOILED = "spoiled"
    ISSUED = "issued"


class HandedTo(StrEnum):
    """Into whose hand."""

    HOLDER = "holder"
    AUTHORISED = "authorised"


# What may follow: a card in its holder's hand is not spoiled here any more, it is replaced.
FOLLOWS: Mapping[Step, tuple[Step, ...]] = {
    Step.PRINTED: (Step.SPOILED, Step.ISSUED),
    Step.SPOILED: (),
    Step.ISSUED: (),
}


class UnknownCard(BlankoError, LookupError):
    """No card was printed on this blank."""


class CardEnded(BlankoError):
    """The card was spoiled or handed over before."""


class CardNamedTwice(BlankoError, ValueError):
    """A card stands twice in one call."""


class ReasonMissing(BlankoError, ValueError):
    """A spoiled card needs a reason."""


class NotChecked(BlankoError, ValueError):
    """A card is handed over only with what was checked."""


class HolderHasCard(BlankoError):
    """The person holds an active card that is not yet handed over."""


def check_step(step: Step, *, wanted: Iterable[str], held: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """The cards in their order, if each may take this step. ``held`` serial -> steps so far.

    Raises CardNamedTwice, UnknownCard, CardEnded; nothing is done when one of them cannot.
    """
    serials = tuple(wanted)
    if len(set(serials)) != len(serials):
        raise CardNamedTwice("a card stands twice", mend="name each card once")
    for serial in serials:
        steps = held.get(serial, ())
        if Step.PRINTED not in steps:
            raise UnknownCard("no card was printed on {serial}", mend="look the serial up on the card", serial=serial)
        last = Step.ISSUED if Step.ISSUED in steps else Step.SPOILED if Step.SPOILED in steps else Step.PRINTED
        if step not in FOLLOWS[last]:
            raise CardEnded(
                "the card on {serial} was {last} before",
                mend="print another card if one is owed",
                serial=serial,
                last=last,
            )
    return serials
