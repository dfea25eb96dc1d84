"""Every address of the description answers, and every refusal is a problem."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from blanko.cards.custody import arrivals
from blanko.cards.custody import operations as custody
from blanko.cards.custody import queries as custody_queries
from blanko.cards.custody.rules import Key
from blanko.cards.custody.transit import Discrepancy, DiscrepancyKind
from blanko.ground.access.acting import acting
from blanko.records.equipment import operations as equipment
from blanko.records.procurement import importing
from blanko.records.procurement import operations as procurement

pytestmark = pytest.mark.database


@pytest.fixture
def program(replayed, django_db_blocker):
    with django_db_blocker.unblock():
        yield Client()


def description(program):
    return program.get("/api/openapi.json").json()


# Every reading address of the description, and one call of it.
READS = {
    "/places/areas/{code}": "/places/areas/9301",
    "/places/offices": "/places/offices",
    "/intake/files": "/intake/files",
    "/intake/files/{sha256}": "/intake/files/{sha256}",
    "/intake/files/{sha256}/rejects": "/intake/files/{refused}/rejects",
    "/intake/files/{sha256}/original": "/intake/files/{sha256}/original",
    "/entitlement/backlog": "/entitlement/backlog?area=3101&as_of=2017-04-30",
    "/entitlement/queue": "/entitlement/queue?regency=3101",
    "/entitlement/persons/{person_id}": "/entitlement/persons/{person}",
    "/registry/persons/{person_id}": "/registry/persons/{person}",
    "/registry/records/{office}/{record_id}": "/registry/records/{record}",
    "/registry/whole": "/registry/whole",
    "/registry/linkage": "/registry/linkage",
    "/procurement/contracts": "/procurement/contracts",
    "/procurement/tenders": "/procurement/tenders",
    "/procurement/lots": "/procurement/lots",
    "/procurement/contracts/{contract_no}": "/procurement/contracts/BLANKO-KTPEL-2017",
    "/procurement/contracts/{contract_no}/schedule": "/procurement/contracts/BLANKO-KTPEL-2017/schedule",
    "/procurement/contracts/{contract_no}/material": "/procurement/contracts/BLANKO-KTPEL-2017/material",
    "/procurement/lots/{lot_no}/rejected": "/procurement/lots/PB17-L03/rejected",
    "/procurement/payments": "/procurement/payments?contract_no=BLANKO-KTPEL-2017",
    "/procurement/suppliers": "/procurement/suppliers?as_of=2017-04-30&with_estimates=true",
    "/procurement/lead-times": "/procurement/lead-times",
    "/procurement/value": "/procurement/value",
    "/procurement/notices": "/procurement/notices?kind=tender",
    "/procurement/services": "/procurement/services",
    "/equipment/printers": "/equipment/printers?office=3171",
    "/equipment/reports": "/equipment/reports?as_of=2017-04-30",
    "/planning/needs": "/planning/needs?as_of=2017-04-30",
    "/planning/demand": "/planning/demand",
    "/planning/outlook": "/planning/outlook?paths=500&checks=2",
    "/planning/rounds": "/planning/rounds",
    "/planning/rounds/{number}": "/planning/rounds/2",
    "/planning/rounds/{number}/dossier": "/planning/rounds/2/dossier",
    "/planning/rounds/{number}/versions": "/planning/rounds/2/versions",
    "/planning/rounds/{number}/difference": "/planning/rounds/2/difference",
    "/planning/rounds/{number}/loans": "/planning/rounds/3/loans",
    "/planning/rules": "/planning/rules",
    "/planning/tables/{kind}.{form}": "/planning/tables/needs.csv?as_of=2017-04-30",
    "/procurement/lists/{kind}.{form}": "/procurement/lists/lots.csv",
    "/planning/deferrals": "/planning/deferrals",
    "/planning/collections": "/planning/collections",
    "/planning/routes": "/planning/routes?as_of=2017-04-30",
    "/planning/rounds/{number}/document": "/planning/rounds/2/document",
    "/planning/rounds/{number}/dispatches": "/planning/rounds/2/dispatches?regency=1871",
    "/planning/rounds/{number}/papers/{regency}/{paper}.pdf": "/planning/rounds/2/papers/1871/surat-jalan.pdf",
    "/custody/trace/{identifier}": "/custody/trace/PB17-000001",
    "/custody/at/{office}": "/custody/at/1871?on=2017-04-30",
    "/alerts": "/alerts?ended=true",
    "/cases": "/cases?office=3101&limit=3",
    "/cases/overview": "/cases/overview?on=2017-04-30",
    "/cases/rules": "/cases/rules",
    "/cases/groups": "/cases/groups",
    "/cases/group": "/cases/group?{group}",
    "/cases/{case_no}": "/cases/1",
    "/cases/cases.xlsx": "/cases/cases.xlsx?office=3101",
    "/deaths": "/deaths?office=3101&limit=3",
    "/deaths/notices.xlsx": "/deaths/notices.xlsx?office=3101",
    "/deaths/notices/{notice_no}/letter.pdf": "/deaths/notices/1/letter.pdf",
    "/registry/withdrawn": "/registry/withdrawn?office=3101",
    "/custody/balance": "/custody/balance",
    "/custody/holdings": "/custody/holdings",
    "/custody/way/{identifier}": "/custody/way/PB17-000001",
    "/custody/places/{identifier}": "/custody/places/PB17-000001",
    "/custody/movements": "/custody/movements",
    "/custody/movements/{movement}": "/custody/movements/{moved}",
    "/custody/movements/{movement}/bast.pdf": "/custody/movements/{moved}/bast.pdf",
    "/counting/reconciles": "/counting/reconciles",
    "/counting/reconciles/{number}": "/counting/reconciles/{reconcile}",
    "/counting/counts": "/counting/counts",
    "/counting/counts/{count}": "/counting/counts/test~reads:1",
    "/counting/counts/{count}/differences": "/counting/counts/test~reads:1/differences",
    "/counting/samples": "/counting/samples",
    "/counting/samples/{sample}": "/counting/samples/test~reads:1",
    "/destruction/spoiled": "/destruction/spoiled?office=1871",
    "/destruction/old-cards": "/destruction/old-cards?office=1871&waiting=false",
    "/destruction/batches": "/destruction/batches",
    "/destruction/batches/{batch}": "/destruction/batches/test~reads:1",
    "/destruction/batches/{batch}/berita-acara.pdf": "/destruction/batches/test~reads:1/berita-acara.pdf",
    "/destruction/holds": "/destruction/holds",
    "/custody/flow": "/custody/flow?lot=PB17-L01",
    "/custody/chips/{uid}": "/custody/chips/04A1B2C3D4E5F6",
    "/custody/discrepancies": "/custody/discrepancies?resolved=true",
    "/issuance/cards/{serial}": "/issuance/cards/{card}",
    "/issuance/uncollected": "/issuance/uncollected?office=3101",
    "/issuance/uncollected/ages": "/issuance/uncollected/ages?office=3101",
    "/issuance/queue": "/issuance/queue?office=3101&limit=3",
    "/issuance/order": "/issuance/order",
    "/issuance/offices/{office}": "/issuance/offices/3101",
    "/issuance/turns": "/issuance/turns?first=2017-03-20&last=2017-04-30",
    "/issuance/jobs": "/issuance/jobs?office=3101",
    "/issuance/old-cards": "/issuance/old-cards?office=3101",
    "/sukets": "/sukets?office=3101&limit=3",
    "/sukets/holders": "/sukets/holders?on=2017-04-30",
    "/sukets/{number}": "/sukets/{suket}",
    "/sukets/{number}/paper.pdf": "/sukets/{suket}/paper.pdf",
    "/transparency/figures": "/transparency/figures?known_on=2017-04-04",
    "/transparency/conflicts": "/transparency/conflicts?metric=recorded_share&known_on=2017-04-04",
    "/audit/events": "/audit/events?limit=3",
    "/audit/events/{number}/verification": "/audit/events/20/verification",
}
FILES = {
    "/destruction/batches/{batch}/berita-acara.pdf": "application/pdf",
    "/custody/movements/{movement}/bast.pdf": "application/pdf",
    "/sukets/{number}/paper.pdf": "application/pdf",
    "/cases/cases.xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "/deaths/notices.xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "/deaths/notices/{notice_no}/letter.pdf": "application/pdf",
    "/intake/files/{sha256}/rejects": "text/csv",
    "/intake/files/{sha256}/original": "application/octet-stream",
    "/planning/rounds/{number}/papers/{regency}/{paper}.pdf": "application/pdf",
    "/planning/rounds/{number}/document": "application/json",
    "/planning/rounds/{number}/dossier": "application/json",
    "/planning/tables/{kind}.{form}": "text/csv",
    "/procurement/lists/{kind}.{form}": "text/csv",
}


def filled(program, address):
    first = program.get("/api/entitlement/queue?regency=3101&limit=1").json()[0]
    values = {
        "sha256": lambda: program.get("/api/intake/files").json()[-1]["sha256"],
        "refused": lambda: next(f["sha256"] for f in program.get("/api/intake/files").json() if f["refused"]),
        "person": lambda: first["person_id"],
        "record": lambda: f"{first['recorded_office']}/{first['record_id']}",
        "moved": lambda: program.get("/api/custody/way/PB17-000001").json()[-1]["movement"].replace("/", "~"),
        "suket": lambda: program.get("/api/sukets?office=3101&limit=1").json()[0]["number"].replace("/", "~"),
        "reconcile": lambda: program.get("/api/counting/reconciles").json()[0]["number"],
        "group": lambda: urlencode(
            {name: program.get("/api/cases/groups").json()[0][name] for name in ("kind", "pattern")}
        ),
        "card": lambda: program.get("/api/issuance/uncollected?office=3101").json()[0]["serial"],
    }
    for name, value in values.items():
        if f"{{{name}}}" in address:
            address = address.replace(f"{{{name}}}", str(value()))
    return address


@pytest.fixture
def refused(program):
    """The replay's own files are clean: one with a row that cannot be placed."""
    rows = "area,metric,value,date,source,kind,known_on\n9999,recorded,5,2017-04-04,me,observed,2017-04-04\n"
    answer = program.post("/api/intake/files", {"file": SimpleUploadedFile("refused.csv", rows.encode())}).json()
    assert answer["rejects"] == f"/api/intake/files/{answer['sha256']}/rejects" or answer["seen_before"]


KINDS = {
    "string": str, "integer": int, "number": (int, float), "boolean": bool, "null": type(None), "array": list,
    "object": dict,
}  # fmt: skip
FORMS = {"date": date.fromisoformat, "date-time": datetime.fromisoformat}


def unfit(value, schema, root, where="answer"):
    """What of an answer does not fit its JSON schema, a field that the schema does not name included."""
    if "$ref" in schema:
        found = root
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        return unfit(value, found, root, where)
    if "anyOf" in schema:
        tries = [unfit(value, one, root, where) for one in schema["anyOf"]]
        return [] if [] in tries else tries[0]
    kind = schema.get("type")
    if kind and (not isinstance(value, KINDS[kind]) or (kind in ("integer", "number") and isinstance(value, bool))):
        return [f"{where} is {value!r} and no {kind}"]
    if isinstance(value, list):
        return [told for i, item in enumerate(value) for told in unfit(item, schema["items"], root, f"{where}.{i}")]
    if isinstance(value, dict):
        return unfit_fields(value, schema, root, where)
    if isinstance(value, str) and schema.get("format") in FORMS:
        FORMS[schema["format"]](value)
    return [f"{where} is {value!r}"] if value not in schema.get("enum", [value]) else []


def unfit_fields(value, schema, root, where):
    fields, others = schema.get("properties", {}), schema.get("additionalProperties", False)
    wrong = [f"{where} lacks {name}" for name in schema.get("required", []) if name not in value]
    for name, item in value.items():
        if name in fields:
            wrong += unfit(item, fields[name], root, f"{where}.{name}")
        elif others is False:
            wrong.append(f"{where}.{name} is not described")
        elif isinstance(others, dict):
            wrong += unfit(item, others, root, f"{where}.{name}")
    return wrong


def described_answer(root, path, method):
    responses = root["paths"]["/api" + path][method]["responses"]
    return next(answer["content"] for status, answer in responses.items() if str(status).startswith("2"))


def test_an_answer_that_differs_from_its_schema_is_found():
    root = {"made": {"type": "object", "properties": {"n": {"anyOf": [{"type": "integer"}, {"type": "null"}]}},
                     "required": ["n"]}}  # fmt: skip
    schema = {"type": "array", "items": {"$ref": "#/made"}}
    assert unfit([{"n": 1}, {"n": None}], schema, root) == []
    for wrong in ({"n": "1"}, {}, {"n": 1, "more": 2}, {"n": True}, 3):
        assert len(unfit([wrong], schema, root)) == 1, wrong


@pytest.fixture
def bought(program, tmp_path):
    """What the replay leaves out: a payment, a list of a portal, a service, and what an office prints with."""
    if program.get("/api/procurement/payments").json():
        return
    list_of_tenders = tmp_path / "tenders.csv"
    list_of_tenders.write_text("kd_tender,kd_rup,nama_paket,pagu\n9000001,8000001,Contoh,1000\n")
    who = {"by": "pengadaan.pusat", "at": datetime.now(UTC)}
    with acting(principal="pengadaan.pusat"):
        procurement.pay(payment_no="SP2D-1", lot_no="PB17-L01", quantity=200_000, paid_on=date(2017, 4, 5), **who)
        importing.import_notices(path=list_of_tenders, data_dir=tmp_path, **who)
        procurement.register_service(
            service_no="S-1", title="servers", supplier="a keeper", starts_on=date(2016, 1, 1),
            ends_on=date(2017, 12, 31), source="a test", **who,
        )  # fmt: skip
        at_office = {"office": "3171", "data_dir": tmp_path, **who}
        equipment.report_printer(printer="SN-1", state="working", since=date(2017, 4, 1), **at_office)
        equipment.report_printing(reported_on=date(2017, 4, 1), ribbon_cards=500, **at_office)


@pytest.fixture
def told(program):
    """What no office of the replay says: that it puts off a share, that it fetches its lot."""
    letter = {"regency": "1871", "letter": "7/ST", "officer": "Sri Wahyuni", "collect_on": "2099-01-01"}
    put_off = {"regency": "1871", "blanks": 500, "reason": "no ink until June"}
    if not program.get("/api/custody/discrepancies?resolved=true").json():
        at = datetime(2017, 5, 2, 3, tzinfo=UTC)
        (box,) = custody_queries.oldest_boxes("1871", 1)
        with acting(principal="svc.custody"):
            sent = custody.dispatch(
                consignment=[box], from_office="1871", to_office="1872", key=Key("read", 1), by="operator.1871", at=at
            )
            short = Discrepancy(DiscrepancyKind.SHORT, "kurir.pos", box)
            arrivals.receive_found(movement=sent, found=[short], by="operator.1872", at=at)
    if not program.get("/api/alerts?ended=true").json():
        assert program.post("/api/alerts/find").status_code == 200
    if not program.get("/api/planning/deferrals").json():
        for address, said in (("collections", letter), ("deferrals", put_off)):
            assert program.post(f"/api/planning/{address}", [said], content_type="application/json").status_code == 201


@pytest.fixture
def at_the_counter(program):
    """A published order, a blank in a printer and an old card that was given back: the replay has none of them."""
    if not program.get("/api/issuance/order").json():
        with acting(principal="svc.custody"):
            moved = custody.dispatch(
                consignment=custody_queries.oldest_boxes("1871", 1), from_office="1871", to_office="3101",
                key=Key("read", 2), by="operator.1871", at=datetime(2017, 5, 2, 3, tzinfo=UTC),
            )  # fmt: skip
            custody.receive(movement=moved, by="operator.3101", at=datetime(2017, 5, 2, 4, tzinfo=UTC))
        who = program.get("/api/issuance/queue?office=3101&limit=1").json()[0]
        for address, said in (
            ("order", {"since": "2099-01-01", "suket": "first", "source": "SE 470/read"}),
            ("jobs", {"office": "3101", "device": "read", "sequence": 1}),
            ("old-cards", {"office": "3101", "person_id": who["person_id"]}),
        ):
            assert program.post(f"/api/issuance/{address}", said, content_type="application/json").status_code == 201


@pytest.fixture
def counted(program):
    """What nobody did in the replay: a reconcile, a count with a difference, a sample, a destruction, a hold."""
    if program.get("/api/counting/counts").json():
        return
    key = {"device": "test/reads", "sequence": 1}
    (box,) = [str(line.box) for line in custody_queries.oldest_boxes("1871", 1)]
    serials = [f"{box}-0001", f"{box}-0002"]
    spoil = {"kind": "spoilage", "after": "spoiled", "blanks": serials, "office": "1871", "reason": "water"}
    cut = {
        "office": "1871",
        "serials": serials,
        "cards": ["KL-READS"],
        "method": "cut",
        "place": "Bandar Lampung",
        **key,
    }
    for by, address, said in (
        ("svc.custody", "counting/reconciles", {"scope": "18"}),
        ("kepala.1872", "counting/counts", {"office": "1872", "reason": "monthly", **key}),
        ("operator.1872", "counting/counts/test~reads:1/sheets", {"rows": [{"seen": "ZZ99-000001"}]}),
        ("operator.1801", "counting/counts/test~reads:1/sheets", {"rows": [{"seen": "ZZ99-000001"}]}),
        ("kepala.1871", "counting/samples", {"office": "1871", "seed": "4", **key}),
        ("operator.1871", "custody/openings", {"office": "1871", "box": box, "device": "test/reads", "sequence": 2}),
        ("operator.1871", "custody/changes", {**spoil, "device": "test/reads", "sequence": 3}),
        ("operator.1871", "destruction/old-cards", {"number": "KL-READS", "office": "1871", "reason": "damaged"}),
        ("operator.1871", "destruction/batches", cut),
        ("kepala.1871", "destruction/holds", {"target": "office", "what": "1871", "reason": "evidence",
                                              "second": "kepala.pusat", **key}),
    ):  # fmt: skip
        answer = program.post(
            f"/api/{address}", said, content_type="application/json", headers={"X-Blanko-Officer": by}
        )
        assert answer.status_code in (200, 201), answer.content


@pytest.fixture
def mistaken(program):
    """A record that was entered by mistake: the replay has none."""
    if not program.get("/api/registry/withdrawn").json():
        row = program.get("/api/entitlement/queue?regency=3101&limit=50").json()[-1]
        done = program.post(
            f"/api/registry/records/{row['recorded_office']}/{row['record_id']}/withdraw",
            json.dumps({"reason": "typed from the wrong paper"}),
            content_type="application/json",
            headers={"X-Blanko-Officer": "kepala.3101"},
        )
        assert done.status_code == 200, done.content


@pytest.mark.usefixtures("refused", "bought", "told", "at_the_counter", "counted", "mistaken")
@pytest.mark.parametrize("described", READS)
def test_every_reading_address_answers(program, described):
    answer = program.get("/api" + filled(program, READS[described]))
    assert answer.status_code == 200, answer.content
    root = description(program)
    content = described_answer(root, described, "get")
    assert list(content) == [FILES.get(described, "application/json")]
    assert answer.headers["content-type"].split(";")[0] == FILES.get(described, "application/json")
    if described in FILES:
        assert b"".join(answer) if answer.streaming else answer.content
        return
    told = json.loads(answer.content)
    assert told not in (None, [], {})
    assert unfit(told, content["application/json"]["schema"], root) == []


def test_every_reading_address_of_the_description_is_called_and_typed(program):
    root = description(program)
    paths = {path.removeprefix("/api"): verbs for path, verbs in root["paths"].items()}
    assert set(READS) == {path for path, verbs in paths.items() if "get" in verbs}
    for path, verbs in paths.items():
        for method in verbs:
            if path in FILES:
                continue
            schema = described_answer(root, path, method)["application/json"]["schema"]
            assert "$ref" in json.dumps(schema) or "additionalProperties" in schema, (method, path)


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
    assert answer.json() == [], "nothing was wrong with it"
    held = program.get("/api/custody/balance").json()
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


def test_no_two_different_schemas_share_a_name():
    """The description names a schema by its class alone: two of one name would describe each other's answers."""
    from ninja import Schema

    waiting, held = [Schema], {}
    while waiting:
        for schema in waiting.pop().__subclasses__():
            waiting.append(schema)
            fields = {name: str(field.annotation) for name, field in schema.model_fields.items()}
            if schema.__module__.startswith("blanko."):
                assert held.setdefault(schema.__name__, fields) == fields, (schema.__name__, schema.__module__)
