"""Every address of the description answers, and every refusal is a problem."""

from __future__ import annotations

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

pytestmark = pytest.mark.database


@pytest.fixture
def program(replayed, django_db_blocker):
    with django_db_blocker.unblock():
        yield Client()


def description(program):
    return program.get("/api/openapi.json").json()


READS = [
    "/places/areas/9301", "/places/offices", "/intake/files", "/intake/files/{sha256}",
    "/entitlement/backlog?area=3101",
    "/entitlement/queue?regency=3101",
    "/registry/persons/{person}",
    "/registry/records/{record}", "/procurement/contracts", "/procurement/lots", "/planning/rounds",
    "/planning/rounds/2", "/planning/rounds/2/document", "/custody/balance", "/custody/holdings",
    "/custody/way/PB17-000001", "/custody/movements", "/transparency/figures?known_on=2017-04-04",
    "/transparency/conflicts?metric=recorded_share&known_on=2017-04-04", "/audit/events?limit=3",
    "/audit/events/20/verification",
]  # fmt: skip


@pytest.mark.parametrize("address", READS)
def test_every_reading_address_answers(program, address):
    sha256 = program.get("/api/intake/files").json()[0]["sha256"]
    first = program.get("/api/entitlement/queue?regency=3101&limit=1").json()[0]
    for name, value in (
        ("{sha256}", sha256),
        ("{person}", str(first["person_id"])),
        ("{record}", f"{first['recorded_office']}/{first['record_id']}"),
    ):
        address = address.replace(name, value)
    answer = program.get("/api" + address)
    assert answer.status_code == 200, answer.content
    assert json.loads(answer.content) not in (None, [], {})


def test_every_address_of_the_description_is_called_by_a_test(program):
    from django.urls import Resolver404, resolve

    described = {
        (method.upper(), path.removeprefix("/api"))
        for path, verbs in description(program)["paths"].items()
        for method in verbs
    }
    writes = {
        ("POST", "/intake/files"), ("POST", "/allocation/share"), ("POST", "/planning/rounds"),
        ("POST", "/planning/rounds/{number}/commit"), ("POST", "/planning/rounds/{number}/discard"),
        ("POST", "/planning/rounds/{number}/override"), ("POST", "/custody/movements/{movement}/receive"),
    }  # fmt: skip
    assert {path for method, path in described if method == "POST"} == {path for _, path in writes}
    filled = (address.replace("{person}", "1").replace("{record}", "3101/1") for address in READS)
    called = {resolve("/api" + address.partition("?")[0]).route for address in filled}
    reads = {path for method, path in described if method == "GET"}
    assert len(called) == len(reads), (called, reads)
    with pytest.raises(Resolver404):
        resolve("/api/nothing/here/at/all/x")


def test_the_description_is_the_same_each_time(program):
    assert program.get("/api/openapi.json").content == program.get("/api/openapi.json").content


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("/places/areas/9999", 404, "unknown_area"),
        ("/planning/rounds/99", 404, "unknown_round"),
        ("/planning/rounds/x", 422, "invalid_request"),
        ("/custody/way/PB17-999999", 404, "nothing_held"),
        ("/custody/way/x", 422, "invalid_value"),
        ("/intake/files/00", 404, "not_found"),
        ("/audit/events/999999999/verification", 404, "unknown_event"),
    ],
)
def test_a_refusal_is_a_problem_with_a_stable_type(program, address, status, code):
    answer = program.get("/api" + address)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"urn:blanko:problem:{code}"
    assert answer.json()["mend"]


def test_only_this_machine_is_answered(program):
    answer = program.get("/api/custody/balance", REMOTE_ADDR="10.0.0.5")
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:blanko:problem:not_from_here")


def post(program, address, body, **headers):
    return program.post("/api" + address, json.dumps(body), content_type="application/json", headers=headers)


def test_a_stock_is_shared_by_the_published_rule(program):
    body = {
        "needs": [{"area_code": "1871", "need": 1000, "in_hand": 200}, {"area_code": "3171", "need": 1000}],
        "stock": 1000,
        "box": 100,
    }
    answer = post(program, "/allocation/share", body).json()
    assert [(s["area_code"], s["share"]) for s in answer["shares"]] == [("1871", 400), ("3171", 600)]
    body["needs"][0]["need"] = -1
    assert post(program, "/allocation/share", body).json()["type"] == "urn:blanko:problem:invalid_need"


def test_a_round_is_refused_by_name_and_an_unknown_officer_may_not_act(program):
    body = {"title": "too much", "as_of": "2017-04-30", "release": 10**9}
    assert post(program, "/planning/rounds", body).json()["type"] == "urn:blanko:problem:release_exceeds_stock"
    unknown = post(program, "/planning/rounds", body, **{"X-Blanko-Officer": "nobody"})
    assert (unknown.status_code, unknown.json()["type"]) == (403, "urn:blanko:problem:unknown_officer")
    for action, given in (
        ("commit", {}),
        ("discard", {"reason": "a trial of the door"}),
        ("override", {"regency": "1871", "share": 1, "reason": "a trial of the door", "second": "kepala.pusat"}),
    ):
        answer = post(program, f"/planning/rounds/1/{action}", given)
        assert answer.json()["type"] == "urn:blanko:problem:round_closed"


def test_a_movement_is_received_by_somebody_else_than_its_sender(program):
    waiting = program.get("/api/custody/movements").json()
    movement = waiting[0]["movement"].replace("/", "~")
    same = post(program, f"/custody/movements/{movement}/receive", {}, **{"X-Blanko-Officer": waiting[0]["by"]})
    assert same.json()["type"] == "urn:blanko:problem:same_person_both_ends"
    answer = post(
        program,
        f"/custody/movements/{movement}/receive",
        {},
        **{"X-Blanko-Officer": f"operator.{waiting[0]['to_office']}"},
    )
    assert answer.status_code == 200
    held = answer.json()
    assert held["received"] == sum(value for name, value in held.items() if name != "received")


def test_removing_one_print_ready_record_lowers_the_need_by_one(program):
    before = program.get("/api/entitlement/backlog?area=3101").json()["print_ready"]
    first = program.get("/api/entitlement/queue?regency=3101&limit=1").json()[0]
    from blanko.decisions.planning import queries as planning
    from blanko.decisions.scenario.april_2017.outcome import LAST
    from blanko.records.registry import queries as registry

    record = registry.record(recorded_office=first["recorded_office"], record_id=first["record_id"])
    need = {area.code: area.need.need for area in planning.areas(LAST)}["3101"]
    rows = (
        "nik,record_id,recorded_office,died_on,reported_on,office,document_no\n"
        f"{record['nik']},{first['record_id']},{first['recorded_office']},2017-04-01,2017-04-20,3101,AKTA-API-1\n"
    )
    answer = program.post("/api/intake/files", {"file": SimpleUploadedFile("deaths.csv", rows.encode())})
    assert answer.status_code == 200, answer.content
    assert answer.json()["accepted"] == 1
    assert program.get("/api/entitlement/backlog?area=3101").json()["print_ready"] == before - 1
    after = {area.code: area.need.need for area in planning.areas(LAST)}["3101"]
    assert after == need - 1


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://evil.example"}, {"Origin": "http://127.0.0.1:3000"}, {"Origin": "null"},
     {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}],
)  # fmt: skip
def test_a_page_of_another_site_cannot_write_through_a_browser(program, headers):
    before = len(program.get("/api/intake/files?limit=1000").json())
    rows = "area,metric,value,date,source,kind,known_on\n1871,evil,5,2017-04-04,me,observed,2017-04-04\n"
    answer = program.post("/api/intake/files", {"file": SimpleUploadedFile("evil.csv", rows.encode())}, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:blanko:problem:from_another_site")
    assert len(program.get("/api/intake/files?limit=1000").json()) == before


def test_its_own_pages_and_programs_are_let_in(program):
    body = {"needs": [{"area_code": "1871", "need": 5}], "stock": 5, "box": 5}
    for headers in ({}, {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}):
        assert post(program, "/allocation/share", body, Host="testserver", **headers).status_code == 200


@pytest.mark.parametrize("address", ["/openapi.json", "/custody/balance", "/nothing"])
def test_no_address_answers_another_machine(program, address):
    answer = program.get("/api" + address, REMOTE_ADDR="10.0.0.5")
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:blanko:problem:not_from_here")


def test_every_refusal_is_a_problem_whoever_makes_it(program):
    broken = program.post("/api/allocation/share", "{", content_type="application/json")
    wrong_verb = program.delete("/api/custody/balance")
    nowhere = program.get("/api/nothing/at/all")
    foreign = program.get("/api/custody/balance", headers={"Host": "evil.example"})
    for answer, status in ((broken, 400), (wrong_verb, 405), (nowhere, 404), (foreign, 400)):
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["mend"]
    assert wrong_verb.headers["Allow"] == "GET"


@pytest.mark.parametrize("address", ["/registry/persons/999999999", "/registry/records/3101/none"])
def test_an_unknown_person_or_record_is_not_found(program, address):
    assert program.get("/api" + address).status_code == 404
