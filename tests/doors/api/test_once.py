"""A writing request with a key acts once, and a refusal speaks the caller's language."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from blanko.cards.custody import operations as custody
from blanko.ground.access.acting import acting
from blanko.records.procurement import operations as procurement

pytestmark = pytest.mark.database
ROUND = {"title": "Once", "as_of": "2017-04-30", "release": 1}
KEY = "3f0c6a52-0d1a-4a58-9c7e-once"


@pytest.fixture(scope="module")
def stocked(replayed, django_db_blocker):
    """The lot that lay unpaid in April 2017 is released, so that the warehouse has something to share."""
    at = datetime(2017, 5, 2, 3, tzinfo=UTC)
    given = {"lot_no": "PB17-L06", "by": "gudang.pusat", "at": at}
    with django_db_blocker.unblock(), acting(principal="gudang.pusat"):
        procurement.advance_lot(stage="released", on=at.date(), **given)
        procurement.accept_lot(bast_no="BAST-TEST-06", on=at.date(), **given)
        custody.receive_lot(**given)


@pytest.fixture
def program(stocked, django_db_blocker):
    with django_db_blocker.unblock():
        yield Client()


def post(program, address, body, **headers):
    return program.post("/api" + address, json.dumps(body), content_type="application/json", headers=headers)


def code(answer):
    return answer.json()["type"].removeprefix("urn:blanko:problem:")


def rounds(program):
    return len(program.get("/api/planning/rounds").json())


def test_a_round_that_is_sent_twice_is_drafted_once(program):
    before = rounds(program)
    first = post(program, "/planning/rounds", ROUND, **{"Idempotency-Key": KEY})
    again = post(program, "/planning/rounds", ROUND, **{"Idempotency-Key": KEY})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert ("Idempotency-Replayed" in first.headers, again.headers["Idempotency-Replayed"]) == (False, "true")
    assert rounds(program) == before + 1
    other = post(program, "/planning/rounds", {**ROUND, "title": "Other"}, **{"Idempotency-Key": KEY})
    assert (other.status_code, code(other)) == (422, "request_key_taken")
    as_another = post(
        program, "/planning/rounds", ROUND, **{"Idempotency-Key": KEY, "X-Blanko-Officer": "kepala.pusat"}
    )
    assert code(as_another) == "request_key_taken"
    assert post(program, "/planning/rounds", ROUND).json()["number"] == first.json()["number"] + 1


def test_what_was_refused_may_come_mended_under_the_same_key(program):
    key = {"Idempotency-Key": "refused-first-1"}
    before = rounds(program)
    assert code(post(program, "/planning/rounds", {**ROUND, "release": 10**9}, **key)) == "release_exceeds_stock"
    assert rounds(program) == before
    assert post(program, "/planning/rounds", ROUND, **key).status_code == 201
    assert code(post(program, "/planning/rounds", ROUND, **{"Idempotency-Key": "short"})) == "bad_request_key"


def test_a_file_that_is_sent_twice_is_stored_once_and_a_movement_has_its_own_name(program):
    def send(text):
        file = SimpleUploadedFile("asked.csv", f"area,requested,date,source\n1871,{text},2017-05-01,once\n".encode())
        form = {"file": file, "store": "true"}
        return program.post("/api/planning/tables/requests", form, headers={"Idempotency-Key": "table-once-1"})

    assert send(41).json()["stored"] == 1
    again = send(41)
    assert (again.json()["stored"], again.headers["Idempotency-Replayed"]) == (1, "true")
    assert code(send(42)) == "request_key_taken"
    moved = post(program, "/custody/openings", {}, **{"Idempotency-Key": "movement-key-1"})
    assert (moved.status_code, code(moved)) == (422, "named_by_device")


@pytest.mark.parametrize(
    ("language", "detail", "mend"),
    [
        (None, "there is no contract C-0", "see ./blanko procurement contracts"),
        ("en-GB,en;q=0.9,id;q=0.5", "there is no contract C-0", "see ./blanko procurement contracts"),
        ("id", "tidak ada kontrak C-0", "lihat"),
        ("fr, id-ID;q=0.8, en;q=0.5", "tidak ada kontrak C-0", "lihat"),
        ("fr", "there is no contract C-0", "see ./blanko procurement contracts"),
    ],
)
def test_a_refusal_is_said_in_the_language_that_is_asked_for(program, language, detail, mend):
    headers = {"Accept-Language": language} if language else {}
    answer = program.get("/api/procurement/contracts/C-0", headers=headers)
    told = answer.json()
    assert (answer.status_code, code(answer)) == (404, "unknown_contract")
    assert told["detail"] == detail
    assert mend in told["mend"]
    assert answer.headers["Content-Language"] == ("id" if "tidak" in detail else "en")
    assert "Accept-Language" in answer.headers["Vary"]


def test_every_kind_of_refusal_is_said_in_indonesian(program):
    asked = {"Accept-Language": "id"}
    wrong = post(program, "/planning/rounds", {"title": "x", "as_of": "tomorrow", "release": "many"}, **asked).json()
    assert wrong["title"] == "permintaan tidak sah"
    assert wrong["detail"] == "permintaan tidak sesuai dengan uraiannya"
    assert {item["what"] for item in wrong["errors"]} == {
        "perlu tanggal, ditulis 2017-04-19", "perlu bilangan bulat"
    }  # fmt: skip
    body = SimpleUploadedFile("plan.csv", b"due_on,quantity\nsoon,5\n")
    cells = program.post(
        "/api/procurement/contracts/BLANKO-KTPEL-2017/sheets/schedule", {"file": body}, headers=asked
    ).json()
    assert cells["errors"][0]["mend"] == "tulis tanggal sebagai YYYY-MM-DD atau DD-MM-YYYY"
    for method, address in (
        ("get", "/api/nowhere"),
        ("put", "/api/planning/rounds"),
        ("get", "/api/planning/rounds/99"),
    ):
        told = getattr(program, method)(address, headers=asked).json()
        assert told["mend"] and not told["mend"].startswith(("check", "use", "see")), told
    elsewhere = program.get("/api/planning/rounds", headers=asked, REMOTE_ADDR="10.0.0.9").json()
    assert elsewhere["detail"].startswith("API")
    unknown = post(program, "/planning/rounds", ROUND, **asked, **{"X-Blanko-Officer": "nobody"}).json()
    assert "bukan" in unknown["detail"]
