"""A record that was entered by mistake is withdrawn with all that follows from it, and restored."""

from __future__ import annotations

from datetime import datetime

from django.db.transaction import atomic

from blanko.decisions.cases import effects, operations
from blanko.decisions.cases.rules import Key
from blanko.records.registry import withdrawing


def withdraw(*, record: Key, reason: str, by: str, at: datetime) -> None:
    """Withdraw a record: persons, claims and cases follow in the same transaction; nothing is deleted.

    Raises what ``registry.withdrawing.withdraw`` does: CardWasMade, OthersDependOnIt, RecordClosed, UnknownRecord,
    ReasonMissing.
    """
    with atomic():
        effects.alone()
        effects.follow(set(withdrawing.withdraw(record=record, reason=reason, by=by, at=at)), by=by, at=at)
        operations.open_cases(by=by, at=at)


def restore(*, record: Key, reason: str, by: str, at: datetime) -> None:
    """The record was no mistake: it is somebody's again. Raises RecordClosed, UnknownRecord, ReasonMissing."""
    with atomic():
        effects.alone()
        effects.follow(set(withdrawing.restore(record=record, reason=reason, by=by, at=at)), by=by, at=at)
        operations.open_cases(by=by, at=at)
