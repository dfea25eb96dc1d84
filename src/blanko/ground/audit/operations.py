"""Write events, and check them against the facts they sealed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db import connection
from psycopg.types.json import Jsonb

from blanko.ground.audit.facts import Fact
from blanko.ground.audit.merkle import Facts
from blanko.ground.audit.models import Event
from blanko.kernel.errors import BlankoError


class UnknownEvent(BlankoError, LookupError):
    """No event has this number."""


def record(
    *,
    operation: str,
    by: str,
    at: datetime,
    facts: Facts,
    reason: str = "",
    subject: dict[str, Any] | None = None,
) -> int:
    """Write the event of one operation and return its number, which its facts then carry.

    Call it inside the operation's own ``atomic`` block and before the facts: the database refuses a fact whose event
    was not written in the same transaction. ``operation`` is ``room.verb``; ``subject`` names what it is about (plain
    JSON).
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT audit_record(%s, %s, %s, %s, %s, %s, %s)",
            [operation, by, at, facts.count, facts.root, reason, Jsonb(subject or {})],
        )
        (event_id,) = cursor.fetchone()
    return int(event_id)


@dataclass(frozen=True, slots=True)
class Verification:
    """An event's seal beside the seal of the facts that stand in the database today."""

    event_id: int
    operation: str
    sealed: Facts
    found: Facts

    @property
    def holds(self) -> bool:
        return self.sealed == self.found


def verify(event_id: int) -> Verification:
    """Recompute an event's seal from the stored rows of every fact table. Raises UnknownEvent."""
    event = Event.objects.filter(pk=event_id).first()
    if event is None:
        raise UnknownEvent("there is no event {event_id}", mend="list events to find its number", event_id=event_id)
    leaves: list[bytes] = []
    for model in apps.get_models():
        if issubclass(model, Fact):
            leaves.extend(model.leaves_of_event(event_id))
    return Verification(
        event_id=event.pk,
        operation=event.operation,
        sealed=Facts(event.row_count, bytes(event.root)),
        found=Facts.of_leaves(leaves),
    )
