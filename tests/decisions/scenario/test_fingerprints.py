"""The simulated engine says what was planted, comes in by the real import, and moves the split backlog."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest
from django.db import connection
from records.filed import put, registration

from blanko.decisions.cases import queries
from blanko.decisions.scenario.april_2017 import fingerprints
from blanko.records.entitlement import operations as entitlement
from blanko.records.entitlement import queries as owed

AT = datetime(2017, 4, 10, 1, tzinfo=UTC)


def waiting(number, **changes):
    return registration(number, status="SENT_FOR_ENROLLMENT", **changes)


@pytest.mark.django_db
def test_who_waits_becomes_print_ready_and_a_double_opens_a_case(acting_as, tmp_path):
    # R00003 is R00001 again, under another NIK and name.
    with acting_as("svc.registry"):
        put(registrations=[waiting(n) for n in range(1, 4)])
        entitlement.catch_up(by="svc.registry", at=AT)
    before = owed.backlog()
    truth = {("3171", "R00001"): 7, ("3171", "R00003"): 7}
    done = fingerprints.week(["3171"], truth, at=AT, folder=tmp_path, data_dir=tmp_path)
    after = owed.backlog()
    assert (done.kind, done.read, done.accepted) == ("biometrics", 3, 3)
    assert (before.awaiting_uniqueness, after.awaiting_uniqueness, after.print_ready) == (3, 0, 2)
    (case,) = queries.queue()
    assert (case["kind"], case["records"]) == ("biometric", 2)
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT engine FROM registry_biometric_last")
        assert cursor.fetchall() == [(fingerprints.ENGINE,)]
    assert "simulated" in fingerprints.ENGINE
    assert fingerprints.week(["3171"], truth, at=AT, folder=tmp_path, data_dir=tmp_path) is None


def test_of_a_persons_records_the_first_is_unique_and_the_others_are_named_its_doubles():
    keys = [("3171", f"R{n:05d}") for n in range(2_000)]
    truth = {key: n // 2 for n, key in enumerate(keys)}
    rows = fingerprints._judged(keys, truth, at=AT)
    first, second = Counter(row["result"] for row in rows[::2]), Counter(row["result"] for row in rows[1::2])
    assert set(first) == {"unique", "failed"}
    assert set(second) == {"duplicate", "uncertain"}
    assert all(row["candidate_ids"] == "/".join(keys[2 * n]) for n, row in enumerate(rows[1::2]))
    assert 5 <= first["failed"] <= 50
    assert 200 <= second["uncertain"] <= 400
