"""Only an engine of fingerprints and irises makes a record unique; its results are taken once, in order, and kept."""

from __future__ import annotations

from itertools import product

import pytest
from django.db import Error, connection, transaction
from records.filed import AT, put, registration

from blanko.ground.audit import operations as audit
from blanko.records.entitlement import operations as entitlement
from blanko.records.registry import biometrics, queries
from blanko.records.registry import operations as registry
from blanko.records.registry.operations import StatusStep
from blanko.records.registry.rules import Result, Status, way_after


def result(number, said="unique", **changes):
    row = {"recorded_office": "3171", "record_id": f"R{number:05d}", "result": said, "candidate_ids": "",
           "score": "0.97", "engine": "simulated ABIS 1", "decided_at": "2017-03-01T10:00:00+07:00"}  # fmt: skip
    return {**row, **changes}


def waiting(number, **changes):
    return registration(number, status="SENT_FOR_ENROLLMENT", **changes)


def status(number):
    return queries.record(recorded_office="3171", record_id=f"R{number:05d}")["status"]


@pytest.fixture
def desk(db, acting_as):
    with acting_as("svc.registry"):
        yield lambda: biometrics.take_results(by="svc.registry", at=AT)


def test_each_result_moves_a_waiting_record_to_what_it_says(desk):
    put(
        registrations=[waiting(n) for n in range(1, 5)],
        biometrics=[result(n, said) for n, said in enumerate(("unique", "duplicate", "uncertain", "failed"), 1)],
    )
    registry.take_in(by="svc.registry", at=AT)
    taken = desk()
    assert (taken.results, taken.moved, taken.late) == (4, 4, 0)
    assert [status(n) for n in range(1, 5)] == [
        "PRINT_READY_RECORD", "DUPLICATE_RECORD", "ADJUDICATE_RECORD", "SEARCH_FAILURE_AT_CENTRAL",
    ]  # fmt: skip
    assert desk().results == 0, "a result was taken twice"


def test_results_are_taken_in_the_order_in_which_they_were_decided(desk):
    put(registrations=[waiting(1)], biometrics=[
        result(1, "unique", decided_at="2017-03-02 09:00"), result(1, "uncertain", decided_at="2017-03-01"),
    ])  # fmt: skip
    registry.take_in(by="svc.registry", at=AT)
    assert desk().moved == 2
    assert status(1) == "PRINT_READY_RECORD"


def test_a_result_waits_until_its_registration_comes(desk):
    put(biometrics=[result(1)])
    assert desk().results == 0
    put(registrations=[waiting(1)])
    registry.take_in(by="svc.registry", at=AT)
    assert desk().moved == 1


def test_a_printed_card_is_not_touched_and_a_late_double_leaves_the_queue(desk):
    put(
        registrations=[registration(1, status="CARD_PRINTED"), registration(2)],
        biometrics=[result(1, "duplicate"), result(2, "duplicate")],
    )
    registry.take_in(by="svc.registry", at=AT)
    taken = desk()
    assert (taken.moved, taken.late) == (1, 1)
    assert (status(1), status(2)) == ("CARD_PRINTED", "DUPLICATE_RECORD")


def test_work_done_here_makes_nobody_print_ready_without_a_result(desk):
    put(registrations=[waiting(1)])
    registry.take_in(by="svc.registry", at=AT)

    def step(to):
        return registry.change_statuses(changes=[StatusStep("3171", "R00001", to, AT.date())], by="svc.registry", at=AT)

    step("RECEIVED_AT_CENTRAL")
    with pytest.raises(Error, match="no biometric result says"), transaction.atomic():
        step("PRINT_READY_RECORD")
    assert status(1) == "RECEIVED_AT_CENTRAL"
    put(biometrics=[result(1, "uncertain")])
    desk()
    with pytest.raises(Error, match="no biometric result says"), transaction.atomic():
        step("PRINT_READY_RECORD")
    put(biometrics=[result(1, decided_at="2017-03-05")])
    assert desk().moved == 1
    assert status(1) == "PRINT_READY_RECORD"


def test_the_seal_of_a_taking_holds_and_the_claim_follows(desk):
    put(registrations=[waiting(1)], biometrics=[result(1)])
    entitlement.catch_up(by="svc.registry", at=AT)
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM audit_event WHERE operation = 'registry.take_biometrics'")
        (event,) = cursor.fetchone()
        cursor.execute("SELECT count(*) FROM entitlement_claim WHERE state = 'print_ready'")
        assert cursor.fetchone()[0] == 1
    assert audit.verify(event).holds


@pytest.mark.parametrize(("start", "said"), list(product(Status, Result)))
def test_a_result_never_makes_a_step_that_is_not_allowed(start, said):
    from blanko.records.registry.rules import Kind, check_transition

    way, outcome = way_after(start, said)
    assert outcome == "moved" if way else outcome in ("kept", "late")
    before = start
    for status_ in way:
        check_transition(before, status_, Kind.STEP)
        before = status_


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"result": "perhaps"}, "result"), ({"engine": ""}, "engine"),
        ({"decided_at": "2017-02-30T10:00"}, "decided_at"),
        ({"decided_at": "yesterday"}, "decided_at"), ({"decided_at": "2017-03-01T25:00"}, "decided_at"),
        ({"score": "high"}, "score"), ({"recorded_office": "9999"}, "recorded_office"),
        ({"record_id": ""}, "record_id"),
    ],
)  # fmt: skip
def test_a_wrong_row_is_refused_by_its_column(desk, tmp_path, changes, column):
    import csv

    from blanko.records.intake import operations

    path = tmp_path / "b.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(result(1)))
        writer.writeheader()
        writer.writerows([result(1), result(2, **changes)])
    done = operations.load(path=path, by="svc.intake", at=AT, data_dir=tmp_path)
    assert (done.kind, done.accepted, done.refused) == ("biometrics", 1, 1)
    with open(done.rejects, encoding="utf-8") as file:
        assert next(csv.DictReader(file))["column"] == column
