"""Every table of the supply and plan pages leaves as a workbook; a contract's lists come in again as they left."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from blanko.doors.web.pages import printing
from blanko.doors.web.pages import supply as page
from blanko.ground.files.spreadsheets import xlsx_bytes
from blanko.records.equipment import queries as equipment
from blanko.records.intake.rules import MENDS
from blanko.records.procurement import importing, lists, notices, queries, sheets

pytestmark = pytest.mark.database
CONTRACT = "BLANKO-KTPEL-2017"
TABLES = {
    "/supply": ("lots", "contracts", "schedule", "prices", "lead_times", "suppliers", "worth", "payments", "services",
                "tenders", "notices", "material_1"),
    "/plan": ("numbers", "promises", "readings", "stages", "problems_list", "weeks"),
    "/regencies/3171": ("printers", "reports"),
}  # fmt: skip
PARTS = [f"/supply/{part}" for part in page.PARTS]


@pytest.fixture
def reader(replayed, django_db_blocker):
    with django_db_blocker.unblock():
        yield Client(headers={"accept-language": "en"})


@pytest.mark.parametrize(("address", "table"), [(at, name) for at, names in TABLES.items() for name in names])
def test_every_table_leaves_as_a_workbook_with_its_own_rows(reader, address, table):
    answer = reader.get(f"{address}?table={table}&format=xlsx")
    assert answer["Content-Disposition"] == f'attachment; filename="blanko-{table}.xlsx"'
    assert answer.content.startswith(b"PK")
    shown = reader.get(f"{address}?table={table}&format=csv").content.decode("utf-8-sig").splitlines()
    assert len(shown[0].split(",")) > 1


def test_no_table_of_the_pages_is_without_its_workbook(reader):
    for address in ("/supply", *PARTS, f"/supply/contracts/{CONTRACT}", "/plan"):
        text = reader.get(address).content.decode()
        named = set(re.findall(r'<table id="(\w+)"', text))
        assert text.count("<table") == len(named)
        assert {name for name in named if f"table={name}&amp;format=xlsx" in text} == named


def test_a_filter_of_one_table_leaves_the_others_whole(reader):
    text = reader.get("/supply/lots?q=PB17-L03").content.decode()
    assert "PB17-L01" not in text.split('<table id="lots"')[1].split("</table>")[0]
    text = reader.get("/supply?q=PB17-L03").content.decode()
    assert CONTRACT in text.split('<table id="contracts"')[1].split("</table>")[0]


def test_a_schedule_and_parts_that_left_as_a_workbook_are_read_again(reader, tmp_path):
    for table, read in (("schedule", sheets.schedule), ("material_1", sheets.parts)):
        path = tmp_path / f"{table}.xlsx"
        path.write_bytes(reader.get(f"/supply?table={table}&format=xlsx").content)
        assert len(read(path)) == len(
            reader.get(f"/supply?table={table}&format=csv").content.decode().strip().splitlines()
        ) - 1  # fmt: skip


@pytest.fixture
def officer(reader):
    reader.post("/officer", {"officer": "pengadaan.pusat", "next": "/"})
    return reader


def test_what_needs_action_stands_first_and_leads_to_its_place(reader):
    text = reader.get("/supply").content.decode()
    first = text.split("<h2>")[1]
    assert "PB17-L06" in first and 'href="/supply/lots"' in first
    assert text.index("What needs action first?") < text.index('<table id="contracts"')
    assert reader.get("/supply/nonsense").status_code == 404


def test_a_list_that_is_wrong_names_every_cell_on_the_page_and_a_right_one_is_shown_then_kept(officer):
    def send(kind, body):
        file = SimpleUploadedFile("prices.xlsx", body)
        return officer.post("/supply/files", {"form": "sheet", "contract": CONTRACT, "kind": kind, "file": file})

    heads = ["from_quantity", "unit_price_idr"]
    wrong = send("prices", xlsx_bytes(heads, [[-5, 100], [9, "cheap"]], sheet="x"))
    assert wrong.status_code == 422
    text = wrong.content.decode()
    assert text.count("<tr><td") == 2
    assert "write a whole number above 0" in text and "Take it in" not in text
    shown = send("prices", xlsx_bytes(heads, [[5_000_000, 10_000]], sheet="x"))
    assert "5,000,000" in shown.content.decode()
    assert "5,000,000" not in officer.get("/supply/money").content.decode().split('<table id="prices"')[1]
    yes = {"form": "sheet_yes", **{name: shown.context[name] for name in ("token", "file", "kind", "contract", "once")}}
    done = [officer.post("/supply/files", yes) for _ in range(2)]
    assert [answer["Location"] for answer in done] == [f"/supply/contracts/{CONTRACT}?done=sheet"] * 2
    assert "5,000,000" in officer.get("/supply/money").content.decode().split('<table id="prices"')[1]
    refused = send("nonsense", b"a")
    assert refused.status_code == 422 and 'id="f-sheet-kind-wrong"' in refused.content.decode()
    none = officer.post("/supply/files", {"form": "sheet", "kind": "prices", "contract": CONTRACT})
    assert 'id="f-sheet-file-wrong"' in none.content.decode()
    assert officer.post("/supply/files", {"form": "sheet_yes", "token": "../../etc/passwd"}).status_code == 404


def test_a_list_of_payments_is_shown_then_done_whole_and_leaves_again(officer):
    heads = ["payment_no", "lot_no", "quantity", "paid_on"]

    def send(*rows):
        file = SimpleUploadedFile("sp2d.xlsx", xlsx_bytes(heads, rows))
        return officer.post("/supply/files", {"form": "table", "kind": "payments", "file": file})

    refused = send(["SP2D-W1", "PB17-L01", 5, "2017-04-20"], ["SP2D-W2", "L-NONE", 5, "2017-04-20"])
    assert refused.status_code == 422
    assert [(cell["row"], cell["column"], cell["value"]) for cell in refused.context["cells"]] == [
        (3, "lot_no", "L-NONE")
    ]  # fmt: skip
    shown = send(["SP2D-W1", "PB17-L01", 5, "2017-04-20"])
    assert "SP2D-W1" in shown.content.decode()
    assert not any(row["payment_no"] == "SP2D-W1" for row in queries.payments()), "a preview stored something"
    yes = {"form": "table_yes", **{name: shown.context[name] for name in ("token", "file", "kind", "once")}}
    assert officer.post("/supply/files", yes)["Location"] == "/supply/files?done=list&list=payments"
    assert sum(row["payment_no"] == "SP2D-W1" for row in queries.payments()) == 1
    assert "SP2D-W1" in officer.get("/supply/lists/payments.csv").content.decode()
    assert officer.get("/supply/lists/payments.xlsx").content[:2] == b"PK"
    assert officer.get("/supply/lists/wishes.csv").status_code == 404
    assert officer.get("/supply/lists/payments.pdf").status_code == 404


def test_a_cycle_of_parts_is_named_with_its_cell_on_the_page(officer):
    rows = [["chip", "ZZ", "chips_made_abroad", 30, "print"], ["print", "ID", "printed_and_tested", 7, "chip"]]
    file = SimpleUploadedFile("parts.xlsx", xlsx_bytes(["part", "country", "stage", "lead_days", "needs"], rows))
    sent = {"form": "sheet", "contract": CONTRACT, "kind": "material", "file": file}
    refused = officer.post("/supply/files", sent)
    assert refused.status_code == 422
    assert [cell["column"] for cell in refused.context["cells"]] == ["needs"]


def test_a_portals_list_is_shown_with_what_is_refused_and_why_and_then_taken(officer):
    body = b"kd_rup,nama_paket,pagu,catatan\n12345,blanks,1000,x\nnone,blanks,5,x\n12346,ribbon,minus,x\n"
    shown = officer.post("/supply/files", {"form": "notices", "file": SimpleUploadedFile("rup.csv", body)})
    assert shown.status_code == 200
    assert (shown.context["total"], shown.context["refused_rows"], shown.context["kind"]) == (1, 2, "plan")
    assert {cell["row"] for cell in shown.context["cells"]} == {3, 4} and "catatan" in shown.content.decode()
    assert "12345" not in officer.get("/supply/tenders").content.decode()
    yes = {"form": "notices_yes", **{name: shown.context[name] for name in ("token", "file", "kind", "once")}}
    assert officer.post("/supply/files", yes)["Location"] == "/supply/tenders?done=notices"
    assert "12345" in officer.get("/supply/tenders").content.decode()
    again = officer.post("/supply/files", {"form": "notices", "file": SimpleUploadedFile("rup.csv", body)})
    assert (again.context["total"], again.context["unchanged"]) == (0, 1)


def test_nobody_changes_the_supply_without_a_name(replayed, reader):
    body = SimpleUploadedFile("s.csv", b"due_on,quantity\n2017-05-01,5\n")
    shown = reader.post("/supply/files", {"form": "sheet", "contract": CONTRACT, "kind": "schedule", "file": body})
    yes = {"form": "sheet_yes", **{name: shown.context[name] for name in ("token", "file", "kind", "contract", "once")}}
    assert reader.post("/supply/files", yes).status_code == 422


def test_an_addendum_is_registered_on_the_page_and_both_versions_are_seen(officer):
    at = f"/supply/contracts/{CONTRACT}"
    form = officer.get(at).context["form"]
    given = {field.name: field.shown for field in form.fields}
    given |= {"document": "ADD-1", "from_date": "2017-04-20", "reason": "more were owed", "quantity": "7.100.000"}
    for wrong, field in (
        ({"document": ""}, "document"), ({"quantity": "5"}, "quantity"), ({"from_date": "2001-01-01"}, "from_date"),
        ({"deliveries": "soon 5"}, "deliveries"), ({"price_breaks": "10"}, "price_breaks"),
        ({"from_date": "2099-01-01"}, "from_date"),
    ):  # fmt: skip
        refused = officer.post(at, {**given, **wrong})
        assert refused.status_code == 422, wrong
        assert f'id="f-amend-{field}-wrong"' in refused.content.decode(), wrong
    assert officer.post(at, given)["Location"] == f"{at}?done=amend"
    text = officer.get(at).content.decode()
    rows = text.split('<table id="versions"')[1].split("</table>")[0]
    assert "7,100,000" in rows and "7,000,000" in rows and "ADD-1" in rows
    assert "Version 2, in force since 20 April 2017 by ADD-1" in text


def test_what_mends_a_wrong_cell_is_there_in_the_readers_words():
    told = {mend for sheet in (sheets.SCHEDULE, sheets.PRICES, sheets.MATERIAL) for *_, mend in sheet.readers.values()}
    told |= {mend for known in lists.LISTS.values() for *_, mend in known.sheet.readers.values()}
    assert told <= set(page.cell_mends())
    text = "".join(Path(module.__file__).read_text(encoding="utf-8") for module in (notices, importing))
    assert set(re.findall(r'Cause\(.*, "(?!\w+"\))([^"]+)"\)', text)) <= set(page.cell_mends())
    assert set(re.findall(r'causes, "\w+", "([^"]+)"\)', text)) <= set(page.cell_mends())
    reasons = {"missing", "unknown_office", "impossible_date", "too_long", "control_characters", "unknown_choice",
               "not_a_count", "too_many"}  # fmt: skip
    assert {MENDS[reason] for reason in reasons} == set(printing.cell_mends())


def test_an_office_tells_on_its_page_what_it_prints_with(reader):
    address = "/regencies/3172"
    assert "Nobody has told yet" in reader.get(address).content.decode()
    printer = {"printer": "SN-7", "state": "failed", "since": "2017-04-02", "cards_an_hour": "30", "note": "head"}
    assert reader.post(address, printer).status_code == 302
    assert reader.post(address, {"on": "2017-04-03", "ribbon_cards": "0", "operator_hours": "80"}).status_code == 302
    text = reader.get(address).content.decode()
    assert "<strong>0</strong> of 1 printers work" in text
    assert "Ribbon and ink are enough for 0 cards" in text
    assert equipment.printers(as_of=date(2017, 4, 30), office="3172")[0].note == "head"
    for wrong in ({**printer, "state": "tired"}, {**printer, "since": "soon"}, {**printer, "cards_an_hour": "many"},
                  {"on": "2017-04-03"}, {"on": "2017-04-03", "print_hours": "169"}):  # fmt: skip
        assert reader.post(address, wrong).status_code == 422
    assert "without a printer that works" in reader.get("/plan?case=records").content.decode()
