"""A tender becomes a contract whose lots are delivered, accepted and paid through the API; refusals name the cell."""

from __future__ import annotations

import json
import re
from importlib.resources import files

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from blanko.ground.files.spreadsheets import xlsx_bytes

pytestmark = pytest.mark.database
CONTRACT_2017 = "BLANKO-KTPEL-2017"
CONTRACT = {
    "contract_no": "C-API", "supplier": "a maker", "signed_on": "2017-04-01", "quantity": 1_000_000,
    "unit_price_idr": 12_000, "total_idr": 12_000_000_000, "box_size": 500, "source": "a test",
    "tender_no": "T-API", "lead_days": {"shipped": 4},
}  # fmt: skip
TENDER = {
    "tender_no": "T-API", "title": "blanks", "quantity": 1_000_000, "outcome": "awarded", "winner": "a maker",
    "award_idr": 12_000_000_000, "decided_on": "2017-03-01", "objection_until": "2017-03-06", "source": "a test",
}  # fmt: skip


@pytest.fixture
def program(replayed, django_db_blocker):
    with django_db_blocker.unblock():
        yield Client()


@pytest.fixture
def post(program):
    def do(address, body, status=201):
        answer = program.post("/api" + address, json.dumps(body), content_type="application/json")
        assert answer.status_code == status, answer.content
        return answer.json()

    return do


@pytest.fixture
def upload(program):
    def do(address, name, body, status=201):
        answer = program.post("/api" + address, {"file": SimpleUploadedFile(name, body)})
        assert answer.status_code == status, answer.content
        return answer.json()

    return do


def code(problem):
    return problem["type"].removeprefix("urn:blanko:problem:")


def test_a_tender_becomes_a_paid_lot_and_every_step_is_refused_when_it_cannot_be(program, post, upload):
    assert code(post("/procurement/contracts", CONTRACT, 404)) == "unknown_tender"
    assert post("/procurement/tenders", TENDER)["winner"] == "a maker"
    assert code(post("/procurement/tenders", {**TENDER, "tender_no": "T-2", "award_idr": None}, 422)) == "bad_outcome"
    early = {**CONTRACT, "signed_on": "2017-03-05"}
    assert code(post("/procurement/contracts", early, 422)) == "objection_open"
    assert code(post("/procurement/contracts", {**CONTRACT, "quantity": -5}, 422)) == "not_positive"
    assert code(post("/procurement/contracts", {**CONTRACT, "lead_days": {"dreamt": 4}}, 422)) == "invalid_request"
    whole = post("/procurement/contracts", CONTRACT)
    assert (whole["planned"], whole["lead_days"], whole["price_breaks"]) == (0, {"shipped": 4}, [])

    lot = {"lot_no": "L-API", "contract_no": "C-API", "series": "API", "first_box": 1, "box_count": 300,
           "announced_on": "2017-04-02"}  # fmt: skip
    assert code(post("/procurement/lots", lot, 422)) == "contract_without_schedule"
    at = "/procurement/contracts/C-API"
    wrong = xlsx_bytes(["due_on", "quantity"], [["2017-05-01", -3], ["soon", 5]], sheet="x")
    refused = upload(at + "/sheets/schedule", "plan.xlsx", wrong, 422)
    assert code(refused) == "bad_sheet"
    assert [item["where"] for item in refused["errors"]] == [["row", 2, "quantity"], ["row", 3, "due_on"]]
    right = xlsx_bytes(["jatuh tempo", "jumlah"], [["2017-05-01", 400_000]], sheet="x")
    assert upload(at + "/sheets/schedule", "plan.xlsx", right)["planned"] == 400_000
    rows = post(at + "/schedule", {"deliveries": [{"due_on": "2017-06-01", "quantity": 600_000}]})
    assert [row["quantity"] for row in rows] == [400_000, 600_000]
    assert code(post(at + "/schedule", {"deliveries": [{"due_on": "2017-06-01", "quantity": 1}]}, 422)) == (
        "more_than_contract"
    )
    steps = [{"from_quantity": 100_000, "unit_price_idr": 11_000}]
    assert code(post(at + "/prices", {"price_breaks": steps * 2}, 422)) == "bad_price_breaks"
    assert post(at + "/prices", {"price_breaks": steps})["price_breaks"] == steps
    assert code(upload(at + "/sheets/prices", "p.csv", b"from_quantity,unit_price_idr\n200000,10000\n", 422)) == (
        "already_registered"
    )

    assert post("/procurement/lots", lot)["unit_price_idr"] == 11_000
    assert code(post("/procurement/lots/L-API/stages", {"stage": "shipped", "on": "2017-04-03"}, 422)) == (
        "stage_out_of_order"
    )
    for stage in ("chips_made_abroad", "chips_arrived", "body_made_home", "printed_and_tested", "shipped"):
        post("/procurement/lots/L-API/stages", {"stage": stage, "on": "2017-04-20"})
    held = post("/procurement/lots/L-API/stages", {"stage": "arrived", "on": "2017-04-25", "held_for": ["customs"]})
    assert (held["held_for"], held["is_stock"]) == (["customs"], False)
    bast = {"bast_no": "BAST-API", "on": "2017-04-28", "rejected": [{"box_no": 7, "reason": "wet"}]}
    assert code(post("/procurement/lots/L-API/acceptance", bast, 422)) == "not_released"
    post("/procurement/lots/L-API/stages", {"stage": "released", "on": "2017-04-27"})
    twice = {**bast, "rejected": bast["rejected"] * 2}
    assert code(post("/procurement/lots/L-API/acceptance", twice, 422)) == "box_not_in_lot"
    assert post("/procurement/lots/L-API/acceptance", bast)["accepted_boxes"] == 299
    paid = {"payment_no": "SP2D-API", "lot_no": "L-API", "quantity": 299 * 500, "paid_on": "2017-05-02"}
    assert code(post("/procurement/payments", {**paid, "quantity": 150_000}, 422)) == "paid_more_than_accepted"
    assert post("/procurement/payments", paid)["amount_idr"] == 299 * 500 * 11_000


def test_a_circle_of_parts_is_refused_in_json_and_with_its_row_in_a_file(post, upload):
    post("/procurement/contracts", {**CONTRACT, "contract_no": "C-PARTS", "tender_no": None})
    at = "/procurement/contracts/C-PARTS"
    ring = [{"part": a, "country": "ID", "stage": "shipped", "lead_days": 1, "needs": [b]} for a, b in ("ab", "ba")]
    refused = post(at + "/material", {"parts": ring}, 422)
    assert (code(refused), "a -> b -> a" in refused["detail"]) == ("material_cycle", True)
    body = b"part,country,stage,lead_days,needs\nx,ID,shipped,1,\na,ID,shipped,1,b\nb,ID,shipped,2,a\n"
    refused = upload(at + "/sheets/material", "parts.csv", body, 422)
    assert (code(refused), refused["detail"].startswith("row 3: ")) == ("material_cycle", True)
    done = post(at + "/material", {"parts": [{**ring[0], "needs": []}, ring[1]]})
    assert (done["days"], [part["part"] for part in done["parts"]]) == (2, ["a", "b"])


def test_a_service_contract_and_its_successor(post, program):
    given = {"service_no": "S-API", "title": "servers", "supplier": "a keeper", "starts_on": "2016-01-01",
             "ends_on": "2017-05-31", "source": "a test"}  # fmt: skip
    assert post("/procurement/services", given)["successor"] is None
    assert (
        code(post("/procurement/services", {**given, "service_no": "S-2", "follows": "S-0"}, 404)) == "unknown_service"
    )
    post("/procurement/services", {**given, "service_no": "S-2", "follows": "S-API", "ends_on": "2018-05-31"})
    found = {row["service_no"]: row["successor"] for row in program.get("/api/procurement/services").json()}
    assert (found["S-API"], found["S-2"]) == ("S-2", None)


def test_an_addendum_makes_a_version_beside_the_signed_one(post, program):
    post("/procurement/contracts", {**CONTRACT, "contract_no": "C-ADD", "tender_no": None})
    at = "/procurement/contracts/C-ADD"
    given = {"document": "ADD-1", "reason": "more were owed", "from_date": "2017-05-01", "quantity": 1_200_000}
    assert code(post(at + "/amendments", {**given, "document": " "}, 422)) == "amendment_without_document"
    assert code(post("/procurement/contracts/C-0/amendments", given, 404)) == "unknown_contract"
    steps = [{"from_quantity": 100_000, "unit_price_idr": 11_000}]
    made = post(at + "/amendments", {**given, "price_breaks": steps})
    assert [version["quantity"] for version in made["versions"]] == [1_000_000, 1_200_000]
    assert (made["version"], made["changed_by"], made["price_breaks"]) == (2, "ADD-1", steps)
    assert made["versions"][1]["above_the_limit"]
    assert code(post(at + "/amendments", given, 422)) == "amendment_out_of_order"
    assert program.get("/api" + at).json()["total_idr"] == 1_200_000 * 12_000


def test_a_portals_list_is_shown_first(upload, program):
    body = b"kd_rup,nama_paket,pagu\n54321,blanks,1000\nnone,blanks,5\n"
    shown = upload("/procurement/notices/preview", "plans.csv", body, 200)
    assert [(row["change"], row["code"]) for row in shown["rows"]] == [("new", "54321")]
    assert [(cell["row"], cell["column"]) for cell in shown["refused"]] == [(3, "rup_code")]
    assert "54321" not in {row["code"] for row in program.get("/api/procurement/notices").json()}


def test_a_portals_list_comes_in(upload):
    body = b"kd_rup,nama_paket,pagu\n12345,blanks,1000\nnone,blanks,5\n"
    done = upload("/procurement/notices", "plans.csv", body)
    assert (done["kind"], done["accepted"], done["refused"]) == ("plan", 1, 1)


def test_a_list_of_procurement_is_shown_first_then_stored_whole(upload, program):
    body = b"service_no,title,supplier,starts_on,ends_on,source\nSRV-L1,servers,a firm,2017-01-01,2017-12-31,a test\n"
    shown = upload("/procurement/lists/services", "s.csv", body, 200)
    assert (shown["new"], shown["stored"]) == (1, False)
    wrong = upload("/procurement/lists/services", "s.csv", body.replace(b"2017-12-31", b"2016-12-31"), 422)
    assert [cell["where"] for cell in wrong["errors"]] == [["row", 2, "ends_on"]]
    assert "SRV-L1" not in program.get("/api/procurement/lists/services.csv").content.decode()
    file = SimpleUploadedFile("s.csv", body)
    done = program.post("/api/procurement/lists/services", {"file": file, "store": "true"}).json()
    assert (done["new"], done["stored"]) == (1, True)
    assert "SRV-L1" in program.get("/api/procurement/lists/services.csv").content.decode()


def test_offices_tell_what_they_print_with(post, program):
    printer = {"office": "8171", "printer": "SN-1", "state": "failed", "since": "2017-04-01", "note": "head"}
    assert post("/equipment/printers", printer)["accepted"] == 1
    assert post("/equipment/printers", printer)["unchanged"] == 1
    assert code(post("/equipment/printers", {**printer, "office": "9999"}, 422)) == "refused_report"
    report = {"office": "8171", "reported_on": "2017-04-02", "ribbon_cards": 0}
    post("/equipment/reports", report)
    assert code(post("/equipment/reports", {**report, "ribbon_cards": -1}, 422)) == "refused_report"
    (row,) = program.get("/api/equipment/printers?office=8171&as_of=2017-04-30").json()
    assert (row["state"], row["note"]) == ("failed", "head")
    assert program.get("/api/equipment/reports?office=8171&as_of=2017-04-30").json()[0]["ribbon_cards"] == 0
    plan = program.get("/api/planning/outlook?case=records&paths=200").json()
    assert "no_printer_works" in {problem["code"] for problem in plan["problems"]}


def test_a_scenario_of_ones_own_is_tried_and_a_wrong_one_refused_with_its_line(upload):
    text = (files("blanko.decisions.planning.outlook") / "cases" / "2017-04.toml").read_text(encoding="utf-8")
    found = upload("/planning/scenarios?paths=200", "case.toml", text.encode(), 200)
    assert (found["as_of"], found["paths"]) == ("2017-04-04", 200)
    for old, new, says in (
        ("districts_a_printer", "districts_per_printer", "nobody reads the key districts_per_printer"),
        ("value = 4_500_000", "value = -4", "print_ready is -4"),
        ("ends = 2017-06-30", 'ends = "soon"', "ends is 'soon'"),
    ):
        if old not in text:
            old = re.search(r"^ends = .*$", text, re.MULTILINE)[0]
        refused = upload("/planning/scenarios", "case.toml", text.replace(old, new, 1).encode(), 422)
        assert code(refused) == "bad_case"
        assert re.match(rf"line \d+: {says}", refused["detail"])
    assert code(upload("/planning/scenarios", "case.toml", b"\xff", 422)) == "bad_case"
    stageless = re.sub(r"stages = \[\{ name.*", "stages = []", text, count=1)
    assert "no schedule" in upload("/planning/scenarios", "case.toml", stageless.encode(), 422)["detail"]


@pytest.mark.parametrize(
    ("address", "body", "status"),
    [
        ("/procurement/tenders", {**TENDER, "tender_no": "T\0", "title": "x"}, 422),
        ("/procurement/services", {"service_no": "S-N", "title": "a", "supplier": "b", "starts_on": "2017-01-01",
                                   "ends_on": "0001-01-01", "source": "c"}, 422),
        ("/procurement/lots", {"lot_no": "L-END", "contract_no": CONTRACT_2017, "series": "END", "first_box": 1,
                               "box_count": 1, "announced_on": "9999-12-31"}, 201),
        ("/procurement/lots", {"lot_no": "L-BIG", "contract_no": CONTRACT_2017, "series": "BIG", "first_box": 10**30,
                               "box_count": 1}, 422),
    ],
    ids=["nul", "year one", "year 9999", "too large"],
)  # fmt: skip
def test_odd_values_are_refused_or_kept_and_never_an_error_of_ours(post, program, address, body, status):
    post(address, body, status)
    assert program.get("/api/procurement/lots").status_code == 200
