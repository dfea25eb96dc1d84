"""Events come before their facts, and nobody can pass that by."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, connection
from django.db.transaction import atomic

from blanko.ground.access.acting import UnknownOfficer, acting
from blanko.ground.audit import operations, queries
from blanko.ground.audit.merkle import Facts

NOW = datetime(2017, 4, 4, 3, tzinfo=UTC)


def note(**given):
    return operations.record(
        **{"operation": "audit.note", "by": "planner.pusat", "at": NOW, "facts": Facts.none(), **given}
    )


def test_an_event_names_who_acts_and_who_signs(db):
    with acting(principal="svc.demo"):
        event = note(reason="a trial", subject={"about": "nothing"})
    (row,) = queries.events(operation="audit.note")
    assert (row["id"], row["by"], row["principal"], row["reason"]) == (event, "planner.pusat", "svc.demo", "a trial")
    assert operations.verify(event).holds


def test_without_a_principal_nothing_is_recorded(db):
    with pytest.raises(DatabaseError, match="no principal"), atomic():
        note()


def test_an_unknown_principal_opens_no_transaction(db):
    with pytest.raises(UnknownOfficer), acting(principal="nobody.here"):
        raise AssertionError("must not get here")


@pytest.mark.parametrize(
    "forbidden",
    ["UPDATE audit_event SET reason = 'x'", "DELETE FROM audit_event", "TRUNCATE audit_event",
     "INSERT INTO audit_event (at) VALUES (now())", "SELECT audit_guard('audit_event')"],
)  # fmt: skip
def test_the_app_cannot_change_or_forge_events(db, forbidden):
    with acting(principal="svc.demo"):
        note()
    with pytest.raises(DatabaseError, match="permission denied"), atomic(), connection.cursor() as cursor:
        cursor.execute(forbidden)


def test_an_event_that_seals_more_than_stands_there_does_not_hold(db):
    with acting(principal="svc.demo"):
        event = note(facts=Facts.of({"custody_movement": [{"lost": 1}]}))
    found = operations.verify(event)
    assert not found.holds
    assert (found.sealed.count, found.found.count) == (1, 0)


def test_an_unknown_event_is_named(db):
    with pytest.raises(operations.UnknownEvent):
        operations.verify(10**12)
