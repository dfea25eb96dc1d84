"""Every table of the supply and plan pages leaves as a workbook; a contract's lists come in again as they left."""

from __future__ import annotations

import re
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from blanko.doors.web.pages import printing
from blanko.doors.web.pages import supply as page
from blanko.ground.files.spreadsheets import xlsx_bytes
from blanko.records.equipment import queries as equipment
from blanko.records.intake.rules import MENDS
from blanko.records.procurement import sheets

pytestmark = pytest.mark.database
CONTRACT = "BLANKO-KTPEL-2017"
TABLES = {
    "/supply": ("lots", "contracts", "schedule", "prices", "lead_times", "suppliers", "worth", "payments", "services",
                "tenders", "notices", "material_1"),
    "/plan": ("numbers", "promises", "readings", "stages", "problems_list", "weeks"),
    "/regencies/3171": ("printers", "reports"),
}  # fmt: skip


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
    for address in ("/supply", "/plan"):
        text = reader.get(address).content.decode()
        named = set(re.findall(r'<table id="(\w+)"', text))
        assert text.count("<table") == len(named)
        assert {name for name in named if f"table={name}&amp;format=xlsx" in text} == named


def test_a_filter_of_one_table_leaves_the_others_whole(reader):
    text = reader.get("/supply?q=PB17-L03").content.decode()
    assert "PB17-L01" not in text.split('<table id="lots"')[1].split("</table>")[0]
    assert CONTRACT in text.split('<table id="contracts"')[1].split("</table>")[0]


def test_a_schedule_and_parts_that_left_as_a_workbook_are_read_again(reader, tmp_path):
    for table, read in (("schedule", sheets.schedule), ("material_1", sheets.parts)):
        path = tmp_path / f"{table}.xlsx"
        path.write_bytes(reader.get(f"/supply?table={table}&format=xlsx").content)
        assert len(read(path)) == len(
            reader.get(f"/supply?table={table}&format=csv").content.decode().strip().splitlines()
        ) - 1  # fmt: skip


def test_a_list_that_is_wrong_names_every_cell_on_the_page_and_a_right_one_is_kept(reader):
    def send(kind, body):
        given = {"contract": CONTRACT, "kind": kind, "file": SimpleUploadedFile("prices.xlsx", body)}
        return reader.post("/supply", given)

    heads = ["from_quantity", "unit_price_idr"]
    wrong = send("prices", xlsx_bytes(heads, [[-5, 100], [9, "cheap"]], sheet="x"))
    assert wrong.status_code == 422
    text = wrong.content.decode()
    assert text.count("<tr><td") == 2
    assert "write a whole number above 0" in text
    assert send("prices", xlsx_bytes(heads, [[5_000_000, 10_000]], sheet="x")).status_code == 302
    assert "5,000,000" in reader.get("/supply").content.decode().split('<table id="prices"')[1]
    assert send("nonsense", b"a").status_code == 422
    assert reader.post("/supply", {"kind": "prices"}).status_code == 422


def test_what_mends_a_wrong_cell_is_there_in_the_readers_words():
    told = {mend for sheet in (sheets.SCHEDULE, sheets.PRICES, sheets.MATERIAL) for *_, mend in sheet.readers.values()}
    assert told <= set(page.cell_mends())
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
