"""A result of fingerprints and irises that names a candidate opens or strengthens a case; by file and by API."""

from __future__ import annotations

import json

import pytest
from decisions.cases.doubles import AT, BY, double, key
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from records.filed import put, registration

from blanko.decisions.cases import operations, queries
from blanko.ground.access.acting import acting
from blanko.records.entitlement import queries as owed
from blanko.records.registry import queries as registered

pytestmark = pytest.mark.django_db
HEADS = "recorded_office,record_id,result,candidate_ids,score,engine,decided_at"


def result(number, said, *candidates, **changes):
    row = {
        "recorded_office": "3171", "record_id": f"R{number:05d}", "result": said, "candidate_ids": ";".join(candidates),
        "score": "0.97", "engine": "simulated ABIS 1", "decided_at": "2017-03-01T10:00:00+07:00",
    }  # fmt: skip
    return {**row, **changes}


def take(**files):
    with acting(principal="svc.registry"):
        put(**files)
        return operations.catch_up(by="svc.registry", at=AT)


def status(of):
    return registered.record(recorded_office=of[0], record_id=of[1])["status"]


def settle(number, outcome, **given):
    with acting(principal=BY["by"]):
        return operations.settle(case_no=number, outcome=outcome, reason="faces and papers seen", **given, **BY)


def asked():
    """Two records that nothing in writing ties together, and a result that says they are one person's."""
    waiting = registration(2, name="SITI RAHMA", sex="P", status="SENT_FOR_ENROLLMENT")
    take(registrations=[registration(1), waiting])
    assert queries.queue() == []
    take(biometrics=[result(2, "duplicate", "R00001")])
    (row,) = queries.queue()
    assert (row["kind"], row["records"]) == ("biometric", 2)
    assert status(key(2)) == "DUPLICATE_RECORD"
    return row["case_no"]


def test_a_double_said_by_fingerprints_opens_a_case_and_one_record_stays():
    number = asked()
    settle(number, "same", keep=[key(1)])
    assert [row["record_id"] for row in owed.queue()] == ["R00001"]
    assert registered.record(recorded_office="3171", record_id="R00002")["closed"]


def test_a_person_who_says_that_they_differ_makes_nobody_unique_only_the_engine_does():
    number = asked()
    settle(number, "different")
    # Nobody is print-ready by a decision: a doubt of the engine goes back to it, what it called a double stays one.
    assert status(key(2)) == "DUPLICATE_RECORD"
    assert [row["record_id"] for row in owed.queue()] == ["R00001"]
    take(biometrics=[result(2, "unique", decided_at="2017-03-09")])
    assert queries.queue() == []


def test_an_uncertain_result_asks_and_the_same_answer_is_not_asked_again():
    take(registrations=[registration(1), registration(2, status="SENT_FOR_ENROLLMENT")])
    take(biometrics=[result(2, "uncertain", "3171/R00001")])
    (row,) = queries.queue()
    settle(row["case_no"], "different")
    assert status(key(2)) == "RECEIVED_AT_CENTRAL"
    assert take().opened == 0


def test_fingerprints_strengthen_the_case_of_two_records_that_are_held_as_one():
    take(registrations=[registration(0), double(0)])
    (row,) = queries.queue()
    assert row["kind"] == "merged"
    take(biometrics=[result(50, "duplicate", "3171/R00000", recorded_office="3201")])
    # No second question about the same two records; the double left the queue by what the engine said.
    assert [found["case_no"] for found in queries.queue()] == [row["case_no"]]
    assert status(key(50, "3201")) == "DUPLICATE_RECORD"
    assert [found["record_id"] for found in owed.queue()] == ["R00000"]


def test_the_api_takes_the_engines_file_and_shows_the_case():
    take(registrations=[registration(1), registration(2, status="SENT_FOR_ENROLLMENT")])
    rows = "\n".join((HEADS, ",".join(result(2, "duplicate", "R00001").values())))
    program = Client()
    file = SimpleUploadedFile("biometrics.csv", rows.encode())
    assert program.post("/api/intake/files", {"file": file}).json()["accepted"] == 1
    program.post("/api/cases/open", "{}", content_type="application/json")
    (found,) = json.loads(program.get("/api/cases?kind=biometric").content)
    assert found["records"] == 2
    assert program.get(f"/api/cases/{found['case_no']}").json()["reason"] == "duplicate"


@pytest.mark.parametrize("change", [{"candidate_ids": "R09999"}, {"candidate_ids": ""}])
def test_a_candidate_that_nobody_knows_opens_no_case_and_the_record_stays_a_double(change):
    take(registrations=[registration(2, status="SENT_FOR_ENROLLMENT")], biometrics=[result(2, "duplicate", **change)])
    assert queries.queue() == []
    assert status(key(2)) == "DUPLICATE_RECORD"
