"""Read cards, and follow one blank from its lot into a hand."""

from __future__ import annotations

from typing import Any

from blanko.cards.custody import queries as custody
from blanko.cards.issuance.models import ActiveCard, Card, CardStep


def card(serial: str) -> dict[str, Any] | None:
    """A card with its steps in order, or None when nothing was printed on this blank."""
    row = Card.objects.filter(pk=serial).values().first()
    if row is None:
        return None
    steps = CardStep.objects.filter(serial=serial).order_by("at", "id")
    return {**row, "steps": list(steps.values("step", "at", "by", "reason", "handed_to", "checked"))}


def follow(serial: str) -> dict[str, Any]:
    """A blank's whole life: where it is now, every step of its way, and the card on it. Raises what custody's way
    raises.
    """
    return {
        "serial": serial,
        "now": custody.places(serial),
        "way": custody.way_of(serial),
        "card": card(serial),
    }


def uncollected(*, office: str, limit: int = 200) -> list[dict[str, Any]]:
    """Cards printed at an office and not yet handed over, the oldest first."""
    waiting = ActiveCard.objects.filter(issued=False).values("serial")
    steps = CardStep.objects.filter(serial__in=waiting, step="printed").order_by("at", "serial")
    serials = dict(Card.objects.filter(office=office, serial__in=waiting).values_list("serial", "person_id"))
    return [
        {"serial": row["serial"], "person_id": serials[row["serial"]], "printed_at": row["at"]}
        for row in steps.values("serial", "at")
        if row["serial"] in serials
    ][:limit]
