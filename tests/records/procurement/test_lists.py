"""Tenders, services, lots, stages, acceptances and payments come from a file whole, or not at all; and go out again."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from blanko.ground.files.spreadsheets import csv_bytes, xlsx_bytes
from blanko.records.procurement import lists, material, models, operations, queries, sheets

AT = datetime(2017, 6, 4, 3, tzinfo=UTC)
WHO = {"by": "svc.procurement", "at": AT}
TENDER = ["tender_no", "title", "quantity", "outcome", "decided_on", "winner", "award_idr", "source"]
TENDERS = [["T-1", "Blanko 2017", "7.000.000", "awarded", "2017-03-20", "a maker", "Rp82250000000", "a test"],
           ["T-2", "Blanko 2016", 8_000_000, "failed", "01-11-2016", "", "", "a test"]]  # fmt: skip
LOTS = ["lot_no", "contract_no", "series", "first_box", "box_count", "announced_on"]


@pytest.fixture
def sheet(tmp_path):
    def made(heads, *rows, name="list.xlsx"):
        path = tmp_path / name
        path.write_bytes(xlsx_bytes(heads, rows) if name.endswith("xlsx") else csv_bytes(heads, rows))
        return path

    return made


@pytest.fixture
def contract(db, acting_as):
    with acting_as("svc.procurement"):
        operations.sign_contract(
            contract_no="C-1", supplier="a maker", signed_on=date(2017, 3, 1), quantity=1_000_000, box_size=500,
            unit_price_idr=12_000, total_idr=12_000_000_000, source="a test",
            deliveries=[(date(2017, 4, 1), 1_000_000)], **WHO,
        )  # fmt: skip
        yield "C-1"


@pytest.mark.parametrize("name", ["list.xlsx", "list.csv"])
def test_tenders_come_in_once_and_go_out_as_they_came(contract, sheet, name):
    rows = [[cell.replace("Rp", "") if isinstance(cell, str) else cell for cell in row] for row in TENDERS]
    path = sheet(TENDER, *rows, name=name)
    seen = lists.load(path=path, kind="tenders", store=False, **WHO)
    assert (len(seen.new), seen.unchanged, models.Tender.objects.count()) == (2, 0, 0)
    lists.load(path=path, kind="tenders", **WHO)
    assert {row["tender_no"]: row["quantity"] for row in queries.tenders()} == {"T-1": 7_000_000, "T-2": 8_000_000}
    out = path.with_name(f"out.{name[-4:].lstrip('.')}")
    out.write_bytes(lists.export("tenders", "xlsx" if name.endswith("xlsx") else "csv"))
    again = lists.load(path=out, kind="tenders", **WHO)
    assert (len(again.new), again.unchanged) == (0, 2)


def test_a_lot_its_stages_its_acceptance_and_its_payment_come_from_files(contract, sheet):
    lists.load(path=sheet(LOTS, ["L-1", contract, "AA", 1, 100, "2017-04-02"]), kind="lots", **WHO)
    stages = [
        ["L-1", str(stage), f"2017-04-{day:02d}", "", ""]
        for day, stage in enumerate((stage for stage in lists.rules.Stage if stage not in ("ordered", "accepted")), 3)
    ]
    lists.load(path=sheet(["lot_no", "stage", "reached_on", "held_for", "note"], *stages), kind="stages", **WHO)
    accept = sheet(
        ["Lot", "Nomor BAST", "Tanggal BAST", "Dus ditolak"], ["L-1", "BAST-1", "2017-05-01", "7=wet; 8=torn"]
    )
    lists.load(path=accept, kind="acceptances", **WHO)
    assert [row["reason"] for row in queries.rejected_boxes(lot_no="L-1")] == ["wet", "torn"]
    pay = sheet(["payment_no", "lot_no", "quantity", "paid_on"], ["SP2D-1", "L-1", 49_000, "2017-05-09"])
    lists.load(path=pay, kind="payments", **WHO)
    assert queries.payments(lot_no="L-1")[0]["amount_idr"] == 49_000 * 12_000
    for kind in lists.LISTS:
        path = accept.with_name(f"{kind}.xlsx")
        path.write_bytes(lists.export(kind, "xlsx"))
        if models_of(kind):
            assert lists.load(path=path, kind=kind, **WHO).new == ()


def models_of(kind):
    return lists.LISTS[kind].standing()


def test_one_refused_row_keeps_the_whole_list_out_and_every_one_is_named(contract, sheet):
    path = sheet(
        LOTS, ["L-1", contract, "AA", 1, 100, "2017-04-02"], ["L-2", "C-9", "AA", 200, 10, "2017-04-02"],
        ["L-3", contract, "AA", 50, 100, "2017-04-02"],
    )  # fmt: skip
    with pytest.raises(lists.RowsRefused) as refused:
        lists.load(path=path, kind="lots", **WHO)
    assert [(row, column, value) for row, column, value, _error in refused.value.refused] == [
        (3, "contract_no", "C-9"), (4, "first_box", "50"),
    ]  # fmt: skip
    assert "there is no contract C-9" in str(refused.value)
    assert queries.lots() == []


@pytest.mark.parametrize(
    ("kind", "heads", "row", "column"),
    [
        ("tenders", TENDER, ["T-1", "x", -5, "awarded", "2017-03-20", "w", "", "s"], "quantity"),
        ("tenders", TENDER, ["T-1", "x", 5, "won", "2017-03-20", "w", "", "s"], "outcome"),
        ("tenders", TENDER, ["", "x", 5, "failed", "2017-03-20", "", "", "s"], "tender_no"),
        ("payments", ["payment_no", "lot_no", "quantity", "paid_on"], ["P", "L", 1, "2017-02-30"], "paid_on"),
        ("acceptances", ["lot_no", "bast_no", "accepted_on", "rejected"], ["L", "B", "2017-02-03", "17"], "rejected"),
        ("stages", ["lot_no", "stage", "reached_on"], ["L", "accepted", "2017-02-03"], "stage"),
    ],
)
def test_a_wrong_cell_is_named_by_row_and_column(contract, sheet, kind, heads, row, column):
    with pytest.raises(sheets.BadSheet) as refused:
        lists.load(path=sheet(heads, row), kind=kind, **WHO)
    assert [(cause["row"], cause["column"]) for cause in sheets.causes_of(refused.value)] == [(2, column)]


def test_a_list_that_nobody_knows_is_refused(contract, sheet):
    with pytest.raises(lists.UnknownList):
        lists.load(path=sheet(["a"], ["b"]), kind="wishes", **WHO)
    with pytest.raises(lists.UnknownList):
        lists.export("wishes", "csv")


def test_a_cycle_of_parts_names_its_row_and_cell(contract, sheet):
    path = sheet(
        ["part", "country", "stage", "lead_days", "needs"], ["chip", "ZZ", "chips_made_abroad", 30, "print"],
        ["print", "ID", "printed_and_tested", 7, "chip"],
    )  # fmt: skip
    with pytest.raises(material.MaterialCycle) as refused:
        sheets.parts(path)
    (cause,) = sheets.causes_of(refused.value)
    assert (cause["column"], cause["reason"]) == ("needs", "material_cycle")
    assert cause["value"] == {2: "print", 3: "chip"}[cause["row"]]
