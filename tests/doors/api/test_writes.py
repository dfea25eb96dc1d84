"""Every writing address does what it says once, and refuses by name what may not be."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import count

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from blanko.cards.custody import operations as custody
from blanko.cards.custody import queries as custody_queries
from blanko.ground.access.acting import acting
from blanko.records.procurement import operations as procurement

NOW = datetime(2017, 5, 2, 3, tzinfo=UTC)
TAKEN = count()

pytestmark = pytest.mark.database

# The addresses that this module and test_api call; a new one without a test fails here.
WRITES = {
    "/custody/seized", "/alerts/find", "/alerts/acknowledge", "/cases/open", "/cases/due", "/cases/sheet",
    "/cases/groups", "/cases/groups/{group_no}/undo", "/cases/{case_no}/ask", "/cases/{case_no}/settle",
    "/cases/{case_no}/sign", "/cases/{case_no}/refuse", "/cases/{case_no}/undo", "/deaths/{person_id}/object",
    "/deaths/{person_id}/uphold", "/deaths/{person_id}/reject", "/deaths/{person_id}/undo",
    "/deaths/{person_id}/withdraw", "/registry/records/{office}/{record_id}/withdraw",
    "/registry/records/{office}/{record_id}/restore",
    "/intake/files", "/allocation/share", "/planning/demand/overrules", "/planning/rounds",
    "/planning/rounds/{number}/objections", "/planning/rounds/{number}/commit", "/planning/rounds/{number}/review",
    "/planning/rounds/{number}/versions", "/planning/rules", "/planning/deferrals", "/planning/collections",
    "/planning/routes", "/planning/tables/{kind}",
    "/planning/rounds/{number}/discard", "/planning/rounds/{number}/override", "/custody/movements",
    "/custody/movements/{movement}/receive", "/custody/movements/{movement}/void",
    "/custody/movements/{movement}/return", "/custody/openings", "/custody/changes", "/custody/manifests",
    "/custody/discrepancies/{movement}/{number}/hand-on", "/custody/discrepancies/{movement}/{number}/resolve",
    "/issuance/print",
    "/issuance/order", "/issuance/offices/{office}", "/issuance/jobs", "/issuance/jobs/{job}/finish",
    "/issuance/jobs/{job}/fail", "/issuance/cards/{serial}/lost", "/issuance/shipments",
    "/issuance/shipments/{movement}/arrive", "/issuance/old-cards", "/sukets", "/sukets/bulk", "/sukets/taken-over",
    "/sukets/{number}/renew", "/sukets/{number}/void", "/issuance/cards/{serial}/spoil",
    "/issuance/cards/{serial}/hand-over",
    "/registry/whole/{regency}", "/entitlement/refresh", "/transparency/publish",
    "/registry/persons/{person_id}/lift-death", "/registry/records/{office}/{record_id}/status",
    "/registry/records/{office}/{record_id}/nik", "/registry/check", "/registry/captures",
    "/procurement/tenders", "/procurement/contracts", "/procurement/contracts/{contract_no}/schedule",
    "/procurement/contracts/{contract_no}/prices", "/procurement/contracts/{contract_no}/material",
    "/procurement/contracts/{contract_no}/amendments",
    "/procurement/contracts/{contract_no}/sheets/{kind}", "/procurement/lots", "/procurement/lots/{lot_no}/stages",
    "/procurement/lots/{lot_no}/acceptance", "/procurement/payments", "/procurement/services", "/procurement/notices",
    "/procurement/notices/preview", "/procurement/lists/{kind}",
    "/counting/reconciles", "/counting/counts", "/counting/counts/{count}/sheets",
    "/counting/counts/{count}/decision", "/counting/counts/{count}/abandon", "/counting/samples",
    "/counting/samples/{sample}/count", "/counting/samples/{sample}/results", "/destruction/old-cards",
    "/destruction/batches", "/destruction/batches/{batch}/witnesses", "/destruction/batches/{batch}/photos",
    "/destruction/batches/{batch}/destroy", "/destruction/batches/{batch}/cancel", "/destruction/holds",
    "/destruction/holds/{hold}/lift",
    "/equipment/printers", "/equipment/reports", "/planning/scenarios",
}  # fmt: skip


@pytest.fixture
def program(replayed, django_db_blocker):
    with django_db_blocker.unblock():
        yield Client()


def post(program, address, body=None, officer=None, status=None):
    headers = {"X-Blanko-Officer": officer} if officer else {}
    answer = program.post("/api" + address, json.dumps(body or {}), content_type="application/json", headers=headers)
    if status:
        assert answer.status_code == status, answer.content
    return answer.json()


def refusal(program, address, body=None, officer=None):
    return post(program, address, body, officer)["type"].removeprefix("urn:blanko:problem:")


def get(program, address):
    return program.get("/api" + address).json()


def balance(program):
    held = get(program, "/custody/balance")
    assert held["received"] == sum(value for name, value in held.items() if name != "received")
    return held


@pytest.fixture
def stocked(program):
    """The lot that lay unpaid in April 2017 is released, so that the warehouse has something to send."""
    if not any(lot["lot_no"] == "PB17-L06" and lot["is_stock"] for lot in get(program, "/procurement/lots")):
        with acting(principal="gudang.pusat"):
            given = {"lot_no": "PB17-L06", "by": "gudang.pusat", "at": NOW}
            procurement.advance_lot(stage="released", on=NOW.date(), **given)
            procurement.accept_lot(bast_no="BAST-TEST-06", on=NOW.date(), **given)
            custody.receive_lot(**given)


def central_boxes(wanted):
    """Sealed boxes of that lot which nobody has moved yet."""
    return [f"PB17-{9_900 - next(TAKEN):06d}" for _ in range(wanted)]


def test_every_writing_address_is_called_by_a_test(program):
    described = {
        path.removeprefix("/api") for path, verbs in get(program, "/openapi.json")["paths"].items() if "post" in verbs
    }
    assert described == WRITES


@pytest.mark.usefixtures("stocked")
def test_a_round_is_drafted_overridden_committed_and_its_papers_read(program):
    before = balance(program)
    given = {"title": "By the door", "as_of": "2017-04-30", "release": 20_000, "part_reserve": 5_000}
    number = post(program, "/planning/rounds", given, status=201)["number"]
    shares = get(program, f"/planning/rounds/{number}")
    assert (shares["state"], shares["shared"]) == ("draft", 20_000)
    body = {"regency": "9171", "share": 0, "reason": "the office burned down", "second": "planner.pusat"}
    same = refusal(program, f"/planning/rounds/{number}/override", body, officer="planner.pusat")
    assert same == "override_refused"
    body["second"] = "kepala.pusat"
    after = post(program, f"/planning/rounds/{number}/override", body, officer="planner.pusat", status=200)
    assert after["shared"] <= 20_000
    assert refusal(program, f"/planning/rounds/{number}/commit", officer="planner.pusat") == "round_not_reviewed"
    own = refusal(program, f"/planning/rounds/{number}/review", {"approve": True}, officer="svc.planning")
    assert own == "review_refused"
    seen = post(program, f"/planning/rounds/{number}/review", {"approve": True}, officer="kepala.pusat", status=200)
    assert (seen["state"], seen["author"], seen["reviewer"]) == ("reviewed", "svc.planning", "kepala.pusat")
    done = post(program, f"/planning/rounds/{number}/commit", officer="planner.pusat", status=200)
    assert done["state"] == "committed"
    sent = get(program, f"/planning/rounds/{number}/dispatches")
    assert sum(item["blanks"] for item in sent) == done["shared"]
    assert balance(program)["in_transit"] == before["in_transit"] + done["shared"]
    paper = program.get(f"/api/planning/rounds/{number}/papers/{sent[0]['regency']}/packing-list.pdf")
    assert paper.content.startswith(b"%PDF")
    assert refusal(program, f"/planning/rounds/{number}/commit") == "round_closed"


@pytest.mark.usefixtures("stocked")
def test_a_version_supersedes_another_and_keeps_the_terms_that_are_not_named(program):
    given = {
        "title": "With terms", "as_of": "2017-04-30", "release": 2_000, "lot_min": 500, "reserve": 1_000,
        "reserve_for": "floods", "classes": ["suket_holders"], "lending": True,
    }  # fmt: skip
    first = post(program, "/planning/rounds", given, status=201)["number"]
    address = f"/planning/rounds/{first}/versions"
    assert refusal(program, address, {"reason": " "}) == "version_needs_reason"
    made = post(program, address, {"reason": "the press counted anew", "release": 1_500}, status=201)
    assert (made["version"], made["release"], made["lot_min"], made["reserve_for"]) == (2, 1_500, 500, "floods")
    told = [(row["number"], row["state"]) for row in get(program, address)]
    assert told == [(first, "superseded"), (made["number"], "draft")]
    returned = {"approve": False, "remark": "the reserve is too small"}
    back = post(program, f"/planning/rounds/{made['number']}/review", returned, officer="kepala.pusat", status=200)
    assert (back["state"], back["remark"]) == ("returned", "the reserve is too small")
    assert post(program, f"/planning/rounds/{made['number']}/discard", {"reason": "a test"}, status=200)
    without = {**given, "reserve_for": ""}
    assert refusal(program, "/planning/rounds", without) == "reserve_without_purpose"
    assert refusal(program, "/planning/rounds", {**given, "classes": ["friends"]}) == "invalid_terms"


def test_offices_put_off_fetch_and_state_their_ways_and_a_rule_comes_into_force(program):
    told = [{"regency": "1871", "blanks": 500, "reason": "no ink until June"}]
    assert post(program, "/planning/deferrals", told, officer="kepala.1871", status=201)[-1]["by"] == "kepala.1871"
    assert refusal(program, "/planning/deferrals", [{**told[0], "blanks": -1}]) == "deferral_refused"
    letter = {"regency": "1871", "letter": "1/ST/2017", "officer": "Sri Wahyuni", "collect_on": "2099-01-01"}
    assert not post(program, "/planning/collections", [letter], status=201)[-1]["used"]
    assert refusal(program, "/planning/collections", [letter]) == "collection_refused"
    way = {"regency": "1871", "mode": "courier", "from_date": "2099-01-01", "days": 2, "lot_cost": 300_000,
           "blank_cost": 10, "source": "a tariff"}  # fmt: skip
    assert post(program, "/planning/routes", [way], status=201) == {"stated": 1}
    assert refusal(program, "/planning/routes", [{**way, "mode": "pigeon"}]) == "route_refused"
    rule = {"rule": "days-of-cover/1", "from_date": "2099-01-01", "reference": "a decision", "reason": "a test of it",
            "second": "kepala.pusat"}  # fmt: skip
    assert post(program, "/planning/rules", rule, status=201)[-1]["rule"] == "days-of-cover/1"
    assert refusal(program, "/planning/rules", {**rule, "from_date": "2017-01-01"}) == "rule_acts_backwards"


def test_a_table_is_shown_first_stored_when_told_and_wrong_cells_are_named(program):
    def send(body, **form):
        file = SimpleUploadedFile("asked.csv", body.encode())
        return program.post("/api/planning/tables/requests", {"file": file, **form})

    heads = "area,requested,date,source\n"
    shown = send(heads + "1871,4000,2017-05-01,a letter\n").json()
    assert (shown["new"] + shown["changed"], shown["stored"], shown["problems"]) == (1, 0, [])
    assert shown["rows"][0]["values"]["requested"] == 4_000
    assert send(heads + "1871,4000,2017-05-01,a letter\n", store="true").json()["stored"] == 1
    out = program.get("/api/planning/tables/requests.xlsx")
    assert out.content.startswith(b"PK")
    again = program.post(
        "/api/planning/tables/requests", {"file": SimpleUploadedFile("again.xlsx", out.content)}
    ).json()
    assert (again["new"], again["changed"], again["problems"]) == (0, 0, [])
    wrong = send(heads + "1871,-3,2017-05-01,a letter\n9999,1,2017-05-01,x\n", store="true").json()
    assert wrong["stored"] == 0
    assert [(one["row"], one["column"]) for one in wrong["problems"]] == [(2, "requested"), (3, "area")]
    assert wrong["problems"][0]["says"] == "row 2, column requested: -3 is below zero"
    assert (
        program.post("/api/planning/tables/dice", {"file": SimpleUploadedFile("x.csv", b"a\n1\n")}).status_code == 422
    )


@pytest.mark.usefixtures("stocked")
def test_a_draft_is_discarded_with_a_reason(program):
    given = {"title": "Not this one", "as_of": "2017-04-30", "release": 1_000}
    number = post(program, "/planning/rounds", given, status=201)["number"]
    done = post(program, f"/planning/rounds/{number}/discard", {"reason": "the stock is needed elsewhere"}, status=200)
    assert done["state"] == "discarded"
    assert refusal(program, f"/planning/rounds/{number}/discard", {"reason": "again, by mistake"}) == "round_closed"


@pytest.mark.usefixtures("stocked")
def test_boxes_are_sent_once_whatever_is_repeated_voided_and_sent_back(program):
    before = balance(program)
    first, second = central_boxes(2)
    body = {"from_office": "00", "to_office": "1871", "boxes": [first], "device": "test-door", "sequence": 1}
    sent = post(program, "/custody/movements", body, officer="gudang.pusat", status=201)["movement"]
    assert post(program, "/custody/movements", body, officer="gudang.pusat", status=201)["movement"] == sent
    assert balance(program)["in_transit"] == before["in_transit"] + 500
    assert refusal(program, "/custody/movements", {**body, "boxes": [second]}, "gudang.pusat") == "key_reused"
    address = f"/custody/movements/{sent.replace('/', '~')}"
    post(program, f"{address}/void", {"reason": "the lorry broke down"}, officer="gudang.pusat", status=200)
    assert balance(program) == before
    assert refusal(program, f"{address}/void", {"reason": "again"}) == "movement_settled"
    again = {**body, "sequence": 2}
    sent = post(program, "/custody/movements", again, officer="gudang.pusat", status=201)["movement"]
    back = post(
        program, f"/custody/movements/{sent.replace('/', '~')}/return",
        {"reason": "wrong office", "device": "test-door", "sequence": 3}, officer="operator.1871", status=201,
    )["movement"]  # fmt: skip
    post(program, f"/custody/movements/{back.replace('/', '~')}/receive", officer="gudang.pusat", status=200)
    assert balance(program) == before
    opened = {"office": "00", "box": first, "device": "test-door", "sequence": 4}
    post(program, "/custody/openings", opened, officer="gudang.pusat", status=201)
    assert refusal(program, "/custody/openings", {**opened, "sequence": 5}) == "box_already_opened"
    assert refusal(program, "/custody/movements", {**body, "boxes": ["nonsense"]}) == "invalid_value"


@pytest.fixture
def blanks_at_3101(program, stocked):
    """The replay's office has printed all it had: one more box."""
    (box,) = central_boxes(1)
    body = {"from_office": "00", "to_office": "3101", "boxes": [box], "device": f"test-more/{box}", "sequence": 1}
    sent = post(program, "/custody/movements", body, officer="gudang.pusat", status=201)["movement"]
    post(program, f"/custody/movements/{sent.replace('/', '~')}/receive", officer="operator.3101", status=200)


@pytest.mark.usefixtures("stocked")
def test_cards_are_printed_spoiled_and_handed_over(program):
    (box,) = central_boxes(1)
    body = {"from_office": "00", "to_office": "3101", "boxes": [box], "device": "test-door", "sequence": 9}
    sent = post(program, "/custody/movements", body, officer="gudang.pusat", status=201)["movement"]
    post(program, f"/custody/movements/{sent.replace('/', '~')}/receive", officer="operator.3101", status=200)
    before = balance(program)
    job = {"office": "3101", "limit": 2, "device": "test-printer", "sequence": 1}
    printed = post(program, "/issuance/print", job, officer="operator.3101", status=201)
    spoiled, good = printed["serials"]
    assert balance(program)["personalised"] == before["personalised"] + 2
    assert post(program, "/issuance/print", job, officer="operator.3101", status=201) == printed
    assert balance(program)["personalised"] == before["personalised"] + 2, "a repeated job prints nothing"
    assert refusal(program, "/issuance/print", {**job, "office": "1871"}) == "key_reused"
    assert refusal(program, "/issuance/print", {**job, "device": "test-door", "sequence": 9}) == "key_reused"
    failed = post(program, f"/issuance/cards/{spoiled}/spoil", {"reason": "the print head failed"}, status=200)
    assert failed["steps"][-1]["step"] == "spoiled"
    handed = {"to": "holder", "checked": "face and fingerprint"}
    given = post(program, f"/issuance/cards/{good}/hand-over", handed, status=200)
    assert given["steps"][-1]["handed_to"] == "holder"
    after = balance(program)
    assert (after["spoiled"], after["issued"]) == (before["spoiled"] + 1, before["issued"] + 1)
    assert refusal(program, f"/issuance/cards/{good}/spoil", {"reason": "too late"}) == "card_ended"
    assert refusal(program, f"/issuance/cards/{good}/hand-over", handed) == "card_ended"
    assert refusal(program, "/issuance/cards/PB17-000001-0499/spoil", {"reason": "x"}) == "unknown_card"


@pytest.mark.usefixtures("blanks_at_3101")
def test_a_job_ends_as_a_card_or_says_what_became_of_its_blank(program):
    by = {"officer": "operator.3101"}
    job = {"office": "3101", "limit": 2, "device": "test-printer", "sequence": 20}
    first, second = post(program, "/issuance/jobs", job, **by, status=201)
    assert post(program, "/issuance/jobs", job, **by, status=201) == [first, second]
    assert {first["job"], second["job"]} <= {row["job"] for row in get(program, "/issuance/jobs?office=3101")}
    named = first["job"].replace("/", "~"), second["job"].replace("/", "~")
    assert post(program, f"/issuance/jobs/{named[0]}/finish", **by, status=200) == {"serial": first["serial"]}
    fault = {"fault": "chip", "blank": "spoiled"}
    assert post(program, f"/issuance/jobs/{named[1]}/fail", fault, **by, status=200) == {"serial": second["serial"]}
    assert refusal(program, f"/issuance/jobs/{named[0]}/fail", fault) == "job_ended"
    assert refusal(program, "/issuance/jobs/none:1~1/finish") == "unknown_job"
    gone = post(program, f"/issuance/cards/{first['serial']}/lost", {"reason": "drawer empty"}, **by, status=200)
    assert gone["steps"][-1]["step"] == "lost"


@pytest.mark.usefixtures("blanks_at_3101")
def test_printing_out_of_turn_is_named_and_printed_cards_travel(program):
    by = {"officer": "operator.3101"}
    queue = get(program, "/issuance/queue?office=3101&limit=5")
    job = {"office": "3101", "device": "test-printer", "sequence": 30, "nik": queue[3]["nik"]}
    assert refusal(program, "/issuance/print", job) == "not_next"
    (serial,) = post(program, "/issuance/print", {**job, "turn": "medical"}, **by, status=201)["serials"]
    assert get(program, f"/issuance/cards/{serial}")["passed_over"] == 3
    sent = {"cards": [serial], "from_office": "3101", "to_office": "3171", "device": "test-ship", "sequence": 1}
    movement = post(program, "/issuance/shipments", sent, **by, status=201)["movement"].replace("/", "~")
    assert (
        refusal(program, f"/issuance/shipments/{movement}/arrive", officer="operator.3101") == "same_person_both_ends"
    )
    arrived = post(program, f"/issuance/shipments/{movement}/arrive", officer="operator.3171", status=200)
    assert arrived == {"cards": 1}
    handed = {"to": "authorised", "checked": "letter", "receiver": "SITI", "relation": "family", "document": "KK",
              "office": "3171", "old_card": {"serial": "OLD-000001-0001"}}  # fmt: skip
    assert refusal(program, f"/issuance/cards/{serial}/hand-over", {**handed, "relation": None}) == "not_authorised"
    post(program, f"/issuance/cards/{serial}/hand-over", handed, officer="operator.3171", status=200)
    given = get(program, "/issuance/old-cards?office=3171")
    assert (given[0]["serial"], given[0]["replaced_by"]) == ("OLD-000001-0001", serial)
    old = {"office": "3171", "person_id": queue[4]["person_id"], "serial": "OLD-000001-0001"}
    assert refusal(program, "/issuance/old-cards", old) == "given_back_before"
    assert post(program, "/issuance/old-cards", {**old, "serial": ""}, status=201)["number"].startswith("KL/3171/")


def test_the_order_and_an_offices_choice_are_published(program):
    rule = {"since": "2100-01-01", "suket": "first", "source": "SE 470/test"}
    assert post(program, "/issuance/order", rule, status=201)["version"] == len(get(program, "/issuance/order"))
    assert refusal(program, "/issuance/order", {**rule, "since": "2017-01-01"}) == "rule_not_ahead"
    choice = {"prints": "collection", "reason": "cards are never collected"}
    assert post(program, "/issuance/offices/9171", choice, status=200)["prints"] == "collection"
    job = {"office": "9171", "device": "test-printer", "sequence": 40}
    assert refusal(program, "/issuance/print", job) == "prints_on_collection"
    assert refusal(program, "/issuance/offices/9171", {**choice, "reason": " "}) == "reason_missing"


def test_a_suket_is_issued_renewed_and_voided_by_its_number(program):
    queue = get(program, "/issuance/queue?office=3101&limit=400")
    asked = {"office": "3101", "nik": next(row["nik"] for row in queue if not row["holds_suket"])}
    made = post(program, "/sukets", asked, officer="operator.3101", status=201)
    assert (made["reason"], made["ended"]) == ("PRR", None)
    assert refusal(program, "/sukets", asked) == "suket_held"
    assert refusal(program, "/sukets", {**asked, "nik": "9999999999999999"}) == "unknown_nik"
    address = f"/sukets/{made['number'].replace('/', '~')}"
    assert refusal(program, f"{address}/renew") == "not_yet_renewable"
    voided = post(program, f"{address}/void", {"cause": "lost", "note": "on a ferry"}, status=200)
    assert (voided["ended"], voided["cause"]) == ("voided", "lost")
    assert refusal(program, f"{address}/void", {"cause": "lost", "note": "again"}) == "suket_ended"
    waiting = {row["person_id"] for row in get(program, "/issuance/queue?office=3101&limit=1000")}
    held = get(program, "/sukets?office=3101&reason=UNK&limit=5000")
    taken = next(row["number"] for row in held if row["person_id"] in waiting)
    renewed = post(program, f"/sukets/{taken.replace('/', '~')}/renew", status=201)
    assert renewed["renews"] == taken
    bulk = post(program, "/sukets/bulk", {"office": "3101", "limit": 3}, status=201)["numbers"]
    assert bulk
    assert {get(program, f"/sukets/{number.replace('/', '~')}")["reason"] for number in bulk} == {"PRR"}
    assert post(program, "/sukets/taken-over", status=200) == {"taken": 0}


def test_a_status_moves_by_allowed_steps_and_the_claim_follows(program):
    first = get(program, "/entitlement/queue?regency=3101&limit=1")[0]
    address = f"/registry/records/{first['recorded_office']}/{first['record_id']}"
    owed = get(program, "/entitlement/backlog?area=3101")["print_ready"]
    assert refusal(program, f"{address}/status", {"to_status": "CARD_ISSUED"}) == "illegal_transition"
    after = post(program, f"{address}/status", {"to_status": "ADJUDICATE_RECORD", "since": "2017-04-29"}, status=200)
    assert (after["status"], after["statuses"][-1]["to_status"]) == ("ADJUDICATE_RECORD", "ADJUDICATE_RECORD")
    assert get(program, "/entitlement/backlog?area=3101")["print_ready"] == owed - 1
    assert get(program, f"/entitlement/persons/{first['person_id']}")["claim"]["state"] == "duplicate_case"


def test_a_nik_is_confirmed_by_an_officer_alone_and_only_where_it_is_doubted(program):
    first = get(program, "/entitlement/queue?regency=3101&limit=1")[0]
    address = f"/registry/records/{first['recorded_office']}/{first['record_id']}/nik"
    assert refusal(program, address, {"reason": "seen"}) == "unknown_officer", "no service sees papers"
    assert refusal(program, address, {"reason": " "}, "kepala.3171") == "reason_missing"
    assert refusal(program, address, {"reason": "seen"}, "kepala.3171") == "nik_not_doubted"


def test_a_regency_is_declared_whole_by_an_officer_and_withdrawn(program):
    body = {"as_of": "2017-04-30", "reason": "counted against the ledger"}
    assert "9171" not in get(program, "/registry/whole")
    assert refusal(program, "/registry/whole/9171", body) == "unknown_officer", "no service vouches for a regency"
    assert refusal(program, "/registry/whole/9171", {**body, "reason": " "}, "kepala.9171") == "reason_missing"
    assert refusal(program, "/registry/whole/9999", body, "kepala.9171") == "unknown_area"
    post(program, "/registry/whole/9171", body, officer="kepala.9171", status=200)
    assert get(program, "/registry/whole")["9171"] == {**body, "by": "kepala.9171"}
    post(program, "/registry/whole/9171", {**body, "whole": False}, officer="kepala.9171", status=200)
    assert "9171" not in get(program, "/registry/whole")


def test_claims_are_decided_again_once(program):
    day = get(program, "/entitlement/backlog")["as_of"]
    post(program, "/entitlement/refresh", {"as_of": day}, status=200)
    again = post(program, "/entitlement/refresh", {"as_of": day}, status=200)
    assert again == {"changed": 0, "ended": 0, "event": None}
    assert refusal(program, "/entitlement/refresh", {"as_of": day}, "nobody") == "unknown_officer"
    assert refusal(program, "/entitlement/refresh", {"as_of": "yesterday"}) == "invalid_request"


def test_counts_of_intake_are_published_once(program):
    rows = (
        "area,metric,value,date,source,kind,denominator,known_on\n"
        "1871,recorded,512,2017-04-04,door-test,observed,1024,2017-04-04\n"
    )
    taken = program.post("/api/intake/files", {"file": SimpleUploadedFile("count.csv", rows.encode())}).json()
    assert taken["accepted"] == 1, taken
    first = post(program, "/transparency/publish?known_on=2017-04-05", status=200)
    assert first["published"] >= 1
    shown = get(program, "/transparency/figures?known_on=2017-04-05&area=1871")
    assert ("door-test", 512, 1024) in [(f["source"], f["numerator"], f["denominator"]) for f in shown]
    again = post(program, "/transparency/publish?known_on=2017-04-05", status=200)
    assert (again["published"], again["unchanged"]) == (0, first["published"] + first["unchanged"])
    assert refusal(program, "/transparency/publish", officer="nobody") == "unknown_officer"


def test_a_death_by_mistake_is_lifted_and_the_card_is_owed_again(program):
    first = get(program, "/entitlement/queue?regency=3101&limit=1")[0]
    record = get(program, f"/registry/records/{first['recorded_office']}/{first['record_id']}")
    owed = get(program, "/entitlement/backlog?area=3101")["print_ready"]
    rows = (
        "nik,record_id,recorded_office,died_on,reported_on,office,document_no\n"
        f"{record['nik']},{first['record_id']},{first['recorded_office']},2017-04-01,2017-04-20,3101,AKTA-LIFT-1\n"
    )
    program.post("/api/intake/files", {"file": SimpleUploadedFile("deaths.csv", rows.encode())})
    assert get(program, "/entitlement/backlog?area=3101")["print_ready"] == owed - 1
    address = f"/registry/persons/{first['person_id']}/lift-death"
    assert refusal(program, address, {"reason": " "}) == "reason_missing"
    assert post(program, address, {"reason": "another person of this name"}, status=200)["died_on"] is None
    assert get(program, "/entitlement/backlog?area=3101")["print_ready"] == owed
    assert refusal(program, address, {"reason": "again"}) == "not_dead"


def test_a_rate_is_overruled_with_a_reason(program):
    body = {"cause": "damage", "rate": 0.003, "reason": "a bad batch of cards came back"}
    found = post(program, "/planning/demand/overrules", body, officer="planner.pusat", status=201)
    assert found["overrules"][0]["rate"] == 0.003
    assert refusal(program, "/planning/demand/overrules", {**body, "rate": 7}) == "invalid_rate"
    assert refusal(program, "/planning/demand/overrules", {**body, "reason": "x"}) == "reason_too_short"


def test_an_objection_is_published_with_its_round(program):
    said = {"regency": "1871", "text": "our printers broke, we need fewer"}
    post(program, "/planning/rounds/2/objections", said, officer="kepala.1871", status=201)
    assert get(program, "/planning/rounds/2/dossier")["objections"][-1]["text"] == said["text"]
    assert refusal(program, "/planning/rounds/2/objections", {**said, "text": " "}) == "objection_empty"
    assert refusal(program, "/planning/rounds/99/objections", said) == "unknown_round"


@pytest.mark.usefixtures("stocked")
def test_what_arrives_is_scanned_and_each_difference_is_owned_until_somebody_else_resolves_it(program):
    first, second, third = central_boxes(3)
    due = {"carrier": "Pos Indonesia", "answerable": "kurir.pos", "due_at": "2099-01-01T00:00:00Z"}
    body = {
        "from_office": "00", "to_office": "3101", "boxes": [first, second], "device": "scan", "sequence": 1,
        "legs": [{"mode": "courier", "from_place": "00", "to_place": "3101", "seals": ["77"], **due}],
    }  # fmt: skip
    assert refusal(program, "/custody/movements", {**body, "legs": [{**body["legs"][0], "to_place": "3171"}]},
                   "gudang.pusat") == "leg_incomplete"  # fmt: skip
    sent = post(program, "/custody/movements", body, officer="gudang.pusat", status=201)["movement"]
    shown = get(program, f"/custody/movements/{sent}")
    assert (shown["phase"], shown["legs"][0]["answerable"], len(shown["lines"])) == ("pending", "kurir.pos", 2)
    arrived = {"scans": [first, third, "no such box"], "found": []}
    told = post(program, f"/custody/movements/{sent}/receive", arrived, officer="operator.3101", status=200)
    assert {item["kind"]: item["owner"] for item in told} == {
        "short": "gudang.pusat", "surplus": "operator.3101", "unknown_serial": "operator.3101",
    }  # fmt: skip
    short = next(item for item in told if item["kind"] == "short")["number"]
    where = f"/custody/discrepancies/{sent}/{short}"
    post(program, f"{where}/hand-on", {"owner": "kurir.pos", "note": "left whole"}, officer="gudang.pusat", status=200)
    end = {"resolution": "written_off", "note": "police report 12"}
    assert refusal(program, f"{where}/resolve", end, "operator.3101") == "same_officer_resolves"
    post(program, f"{where}/resolve", end, officer="kepala.pusat", status=200)
    assert refusal(program, f"{where}/resolve", end, "kepala.pusat") == "discrepancy_resolved"
    assert short not in {item["number"] for item in get(program, "/custody/discrepancies?office=3101")}
    assert balance(program)["missing"] >= 500


@pytest.mark.usefixtures("stocked")
def test_blanks_are_quarantined_released_lost_and_found_with_a_reason(program):
    (box,) = central_boxes(1)
    body = {"kind": "quarantine", "office": "00", "blanks": [box], "reason": "report of a theft", "device": "q",
            "sequence": 1}  # fmt: skip
    assert refusal(program, "/custody/changes", {**body, "reason": " "}, "gudang.pusat") == "reason_missing"
    post(program, "/custody/changes", body, officer="gudang.pusat", status=201)
    send = {"from_office": "00", "to_office": "3101", "boxes": [box], "device": "q", "sequence": 2}
    assert refusal(program, "/custody/movements", send, "gudang.pusat") == "blank_not_in_condition"
    before = balance(program)
    post(program, "/custody/changes", {**body, "kind": "loss", "before": "quarantined", "sequence": 3},
         officer="gudang.pusat", status=201)  # fmt: skip
    assert balance(program)["missing"] == before["missing"] + 500
    post(program, "/custody/changes", {**body, "kind": "finding", "after": "good", "sequence": 4},
         officer="gudang.pusat", status=201)  # fmt: skip
    assert balance(program)["missing"] == before["missing"]
    assert refusal(program, "/custody/changes", {**body, "kind": "release", "after": "issued"}) == "unlawful"


def test_a_manifest_is_taken_whole_or_refused_with_its_rows(program):
    shape = custody_queries.lot_shape("PB17-L03")
    rows = [f"PB17,{shape.first_box + n},1,{shape.box_size}" for n in range(shape.box_count)]

    def load(lines):
        text = "\n".join(["series,box,first_serial,last_serial", *lines]).encode()
        return program.post("/api/custody/manifests", {"lot_no": "PB17-L03", "file": SimpleUploadedFile("m.csv", text)})

    wrong = load([*rows[1:], "PB17,1,2,3"])
    assert wrong.status_code == 422
    assert wrong.json()["type"] == "urn:blanko:problem:manifest_refused"
    assert {error["where"][1] for error in wrong.json()["errors"]} == {len(rows) + 1}
    taken = load(rows)
    assert (taken.status_code, taken.json()["boxes"], taken.json()["chips"]) == (201, shape.box_count, 0)
    assert load(rows).json()["repeated"] is True
    assert get(program, "/custody/chips/04A1B2C3D4E5F6") == {"uid": "04A1B2C3D4E5F6", "serials": []}


def test_a_seized_list_is_traced_and_nothing_is_stored(program):
    events = len(get(program, "/audit/events?limit=1000"))
    rows = SimpleUploadedFile("found.csv", b"serial\nPB17-000001-0001\nPB17-000001-0002\nXX99-000001-0001\n")
    answer = program.post("/api/custody/seized", {"file": rows})
    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert sum(len(group["serials"]) for group in told["groups"]) == 2
    assert told["together"]["office"]
    assert told["unknown"] == ["XX99-000001-0001"]
    assert len(get(program, "/audit/events?limit=1000")) == events


def test_alerts_are_found_once_and_end_with_a_reason(program):
    assert post(program, "/alerts/find", status=200)["new"] or get(program, "/alerts?ended=true")
    assert post(program, "/alerts/find", status=200)["new"] == []
    name = get(program, "/alerts")[0]["alert"]
    assert refusal(program, "/alerts/acknowledge", {"alert": name, "reason": " "}) == "no_reason"
    ended = post(program, "/alerts/acknowledge", {"alert": name, "reason": "asked the courier"}, "kepala.pusat", 200)
    assert (ended["status"], ended["ended_by"]) == ("acknowledged", "kepala.pusat")
    assert name not in {row["alert"] for row in get(program, "/alerts")}
    assert refusal(program, "/alerts/acknowledge", {"alert": name, "reason": "again"}) == "alert_ended"


def test_a_counter_captures_while_linkage_is_down_and_is_told_so(program):
    row = {"recorded_office": "9171", "record_id": "COUNTER-1", "village_code": "9171011001", "name": "Siti Rahayu"}
    assert refusal(program, "/registry/check", {"name": "Siti Rahayu"}) == "no_model"
    waiting = get(program, "/registry/linkage")["unkeyed"]
    given = {**row, "birth_date": "1980-05-07"}
    first = post(program, "/registry/captures", given, officer="operator.9171", status=200)
    assert (first["answer"], first["version"], first["seen_before"]) == ("waiting", 1, False)
    again = post(program, "/registry/captures", given, officer="operator.9171", status=200)
    assert (again["seen_before"], again["person_id"]) == (True, first["person_id"])
    state = get(program, "/registry/linkage")
    assert (state["model"], state["unkeyed"]) == (None, waiting + 1)
    assert get(program, "/registry/records/9171/COUNTER-1")["status"] == "SENT_FOR_ENROLLMENT"
    wrong = {**row, "birth_date": "1980-02-30"}
    assert refusal(program, "/registry/captures", wrong, "operator.9171") == "row_refused"
