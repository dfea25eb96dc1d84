"""Cases over HTTP: read, asked, settled, signed, undone, alone and in groups; a sheet out and in."""

from __future__ import annotations

import json
from datetime import date
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from blanko.decisions.cases import operations as cases
from blanko.ground.access.acting import acting
from blanko.ground.files import spreadsheets
from blanko.records.registry import operations as registry

pytestmark = pytest.mark.database
HEAD, OTHER = "kepala.3101", "kepala.pusat"
REASON = {"reason": "both papers seen"}


@pytest.fixture
def program(replayed, django_db_blocker):
    with django_db_blocker.unblock():
        yield Client()


def get(program, address):
    return program.get("/api" + address).json()


def post(program, address, body, *, officer=HEAD, status=200):
    answer = program.post(
        "/api" + address, json.dumps(body), content_type="application/json", headers={"X-Blanko-Officer": officer}
    )
    assert answer.status_code == status, answer.content
    return answer.json()


def waiting(program, *, alone=""):
    """An open case of records held as one person's, and the pattern of its group."""
    found = next(g for g in get(program, "/cases/groups") if g["kind"] == "merged")
    rows = program.get("/api/cases/group", {"kind": "merged", "pattern": found["pattern"]}).json()
    return next(row for row in rows if row["alone"] == alone), found["pattern"], rows


def test_looking_again_finds_nothing_new(program):
    assert post(program, "/cases/open", {}) == {"opened": 0, "reopened": 0, "overtaken": 0, "notices": 0}
    assert post(program, "/cases/due", {})["settled"] >= 0


def test_a_case_is_asked_settled_and_undone(program):
    row, _pattern, _rows = waiting(program)
    number = row["case_no"]
    assert post(program, f"/cases/{number}/ask", {**REASON, "due": "2017-01-01"}, status=422)["type"].endswith(
        "due_too_soon"
    )
    assert post(program, f"/cases/{number}/ask", REASON)["state"] == "asked"
    keep = row["keep"]
    settled = post(program, f"/cases/{number}/settle", {"outcome": "same", "keep": [keep], **REASON})
    assert settled["state"] == "settled"
    assert {m["record_id"]: m["closed"] for m in settled["members"]}[keep.partition("/")[2]] is False
    assert sum(m["closed"] for m in settled["members"]) == 1
    assert post(program, f"/cases/{number}/undo", {"reason": " "}, status=422)["type"].endswith("reason_missing")
    back = post(program, f"/cases/{number}/undo", REASON)
    assert (back["state"], sum(m["closed"] for m in back["members"])) == ("open", 0)
    assert post(program, f"/cases/{number}/undo", REASON, status=422)["type"].endswith("case_stands")
    assert post(program, f"/cases/{number}/settle", {"outcome": "parts", "parts": [[keep]], **REASON}, status=422)


def test_a_second_officer_signs_or_refuses(program):
    row, _pattern, _rows = waiting(program, alone="second_card")
    number = row["case_no"]
    decision = {"outcome": "same", **REASON}
    assert post(program, f"/cases/{number}/settle", decision)["state"] == "second"
    assert post(program, f"/cases/{number}/sign", {}, status=422)["type"].endswith("second_officer_is_first")
    assert post(program, f"/cases/{number}/refuse", REASON, officer=OTHER)["state"] == "open"
    post(program, f"/cases/{number}/settle", decision)
    assert post(program, f"/cases/{number}/sign", {}, officer=OTHER)["state"] == "settled"
    post(program, f"/cases/{number}/undo", REASON)


def test_a_group_is_settled_and_undone_whole(program):
    _row, pattern, rows = waiting(program)
    free = [row["case_no"] for row in rows if not row["alone"]][:3]
    asked = {"kind": "merged", "pattern": pattern, "cases": free, "outcome": "same", **REASON}
    done = post(program, "/cases/groups", asked)
    assert done["cases"] == len(free)
    assert {get(program, f"/cases/{number}")["group_no"] for number in free} == {done["group_no"]}
    assert post(program, "/cases/groups", asked, status=422)["type"].endswith("not_grouped")
    assert post(program, f"/cases/groups/{done['group_no']}/undo", REASON)["cases"] == len(free)
    assert {get(program, f"/cases/{number}")["state"] for number in free} == {"open"}


def test_a_sheet_goes_out_is_filled_and_comes_in_once(program):
    out = program.get("/api/cases/cases.xlsx?kind=merged")
    assert out.content.startswith(b"PK")
    row, _pattern, _rows = waiting(program)
    heads = ["case_no", "decision", "keep", "due", "reason"]

    def send(*rows):
        body = BytesIO(spreadsheets.xlsx_bytes(heads, rows)).getvalue()
        file = SimpleUploadedFile("cases.xlsx", body)
        return program.post("/api/cases/sheet", {"file": file}, headers={"X-Blanko-Officer": HEAD})

    wrong = send([row["case_no"], "perhaps", "", "", "seen"], [999_999, "same", "", "", "seen"])
    assert (wrong.status_code, wrong.json()["type"]) == (422, "urn:blanko:problem:bad_cases")
    assert get(program, f"/cases/{row['case_no']}")["state"] == "open"
    good = [row["case_no"], "sama", row["keep"], "", "dua surat diperiksa"]
    counts = {"settled": 1, "second": 0, "asked": 0, "unchanged": 0, "undecided": 0}
    assert send(good).json() == counts
    assert send(good).json() == {**counts, "settled": 0, "unchanged": 1}
    post(program, f"/cases/{row['case_no']}/undo", REASON)


def test_a_suspended_card_is_told_of_objected_to_decided_by_another_and_taken_back(program):
    row = next(row for row in get(program, "/deaths?office=3101") if not row["objection"])
    person = row["person_id"]
    assert row["notice_no"]
    assert row["document_no"]
    said = {"objector": "SITI, anak", "shown": "orangnya sendiri", **REASON}
    # The demo's notices are of 2017: nobody can object any more.
    assert post(program, f"/deaths/{person}/object", said, status=422)["type"].endswith("objection_too_late")
    with acting(principal=HEAD):
        registry.report_death(
            recorded_office=row["recorded_office"], record_id=row["record_id"], died_on=date(2017, 4, 1),
            document_no="AKM/99", by=HEAD, at=timezone.now(),
        )  # fmt: skip
        cases.open_cases(by=HEAD, at=timezone.now())
    for wrong in ("objector", "shown"):
        assert post(program, f"/deaths/{person}/object", {**said, wrong: " "}, status=422)["type"].endswith(
            "reason_missing"
        )
    assert post(program, f"/deaths/{person}/object", said)["until"] > "2017-05-01"
    assert post(program, f"/deaths/{person}/uphold", REASON, status=422)["type"].endswith("second_officer_is_first")
    assert post(program, f"/deaths/{person}/uphold", REASON, officer=OTHER) == {"person_id": person, "stands": False}
    assert post(program, f"/deaths/{person}/undo", REASON, officer=OTHER) == {"person_id": person, "stands": True}
    assert post(program, f"/deaths/{person}/reject", REASON, officer=OTHER)["stands"]
    assert post(program, f"/deaths/{person}/undo", REASON, officer=OTHER)["stands"]
    assert post(program, f"/deaths/{person}/withdraw", REASON)["stands"]
    assert post(program, f"/deaths/{person}/withdraw", REASON, status=422)["type"].endswith("no_objection")


def test_a_record_is_withdrawn_as_a_mistake_and_restored(program):
    row = get(program, "/entitlement/queue?regency=3101&limit=1")[0]
    address = f"/registry/records/{row['recorded_office']}/{row['record_id']}"
    assert post(program, f"{address}/withdraw", {"reason": " "}, status=422)["type"].endswith("reason_missing")
    done = post(program, f"{address}/withdraw", REASON)
    assert (done["record_id"], done["withdrawn"]) == (row["record_id"], True)
    assert [r["record_id"] for r in get(program, "/registry/withdrawn?office=3101")] == [row["record_id"]]
    assert post(program, f"{address}/withdraw", REASON, status=422)["type"].endswith("record_closed")
    assert post(program, f"{address}/restore", REASON)["withdrawn"] is False
    assert get(program, "/registry/withdrawn") == []
