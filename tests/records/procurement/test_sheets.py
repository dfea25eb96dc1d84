"""A contract's schedule, prices and parts come from a spreadsheet whole, or not at all with every wrong cell named."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from blanko.ground.files.batches import UnreadableFile
from blanko.ground.files.spreadsheets import xlsx_bytes
from blanko.records.procurement import material, models, operations, queries, rules, sheets, stock

AT = datetime(2017, 4, 4, 3, tzinfo=UTC)
WHO = {"by": "svc.procurement", "at": AT}


@pytest.fixture
def sheet(tmp_path):
    def made(heads, *rows, name="list.xlsx"):
        path = tmp_path / name
        if name.endswith("xlsx"):
            path.write_bytes(xlsx_bytes(heads, rows, sheet="list"))
        else:
            path.write_text("\n".join(";".join(map(str, row)) for row in (heads, *rows)), encoding="utf-8")
        return path

    return made


@pytest.fixture
def contract(db, acting_as):
    with acting_as("svc.procurement"):
        operations.sign_contract(
            contract_no="C-1", supplier="a maker", signed_on=date(2017, 3, 1), quantity=1_000_000,
            unit_price_idr=12_000, total_idr=12_000_000_000, box_size=500, source="a test", **WHO,
        )  # fmt: skip
        yield "C-1"


@pytest.mark.parametrize("name", ["list.xlsx", "list.csv"])
def test_a_schedule_comes_from_a_spreadsheet(contract, sheet, name):
    path = sheet(["Jatuh tempo", "Jumlah"], ["2017-04-01", 400_000], ["01-05-2017", "600.000"], name=name)
    assert operations.schedule_deliveries(contract_no=contract, deliveries=sheets.schedule(path), **WHO) == 2
    kept = [(row["due_on"], row["quantity"]) for row in queries.deliveries(contract_no=contract)]
    assert kept == [(date(2017, 4, 1), 400_000), (date(2017, 5, 1), 600_000)]


def test_price_breaks_come_from_a_spreadsheet_once(contract, sheet):
    path = sheet(["mulai jumlah", "harga satuan"], [100_000, "Rp 11.500"], [500_000, 11_000])
    assert operations.agree_prices(contract_no=contract, price_breaks=sheets.price_breaks(path), **WHO) == 2
    assert queries.contract(contract)["price_breaks"] == [
        {"from_quantity": 100_000, "unit_price_idr": 11_500}, {"from_quantity": 500_000, "unit_price_idr": 11_000},
    ]  # fmt: skip
    with pytest.raises(rules.AlreadyRegistered):
        operations.agree_prices(contract_no=contract, price_breaks=[(2, 1)], **WHO)
    with pytest.raises(stock.BadPriceBreaks):
        operations.sign_contract(
            contract_no="C-2", supplier="a maker", signed_on=date(2017, 3, 1), quantity=10, unit_price_idr=5,
            total_idr=50, box_size=1, source="a test", price_breaks=[(100, 6)], **WHO,
        )  # fmt: skip


PARTS = ["part", "title", "country", "stage", "lead_days", "needs", "source"]


def test_parts_come_from_a_spreadsheet_in_any_order(contract, sheet):
    path = sheet(
        PARTS, ["print", "Printing", "ID", "printed_and_tested", 7, "chip, body", "a test"],
        ["chip", "Chip", "ZZ", "chips_made_abroad", 30, "", ""], ["body", "Body", "ID", "body_made_home", 14, "", ""],
    )  # fmt: skip
    assert operations.register_material(contract_no=contract, parts=sheets.parts(path), **WHO) == 37
    assert [part.part for part in queries.parts(contract)] == ["chip", "body", "print"]


WRONG_SCHEDULES = [
    (["2017-04-01", -5], "row 2: quantity cannot be '-5'"),
    (["2017-04-01", 0], "row 2: quantity cannot be '0'"),
    (["2017-02-30", 5], "row 2: due_on cannot be '2017-02-30'"),
    (["", 5], "row 2: due_on cannot be ''"),
    (["2017-04-01", "many"], "row 2: quantity cannot be 'many'"),
]


@pytest.mark.parametrize(("row", "says"), WRONG_SCHEDULES, ids=[says for _, says in WRONG_SCHEDULES])
def test_a_wrong_cell_refuses_the_list_by_row_and_column(sheet, row, says):
    with pytest.raises(sheets.BadSheet, match=says) as refused:
        sheets.schedule(sheet(["due_on", "quantity"], row, ["2017-05-01", 7]))
    assert refused.value.mend
    assert [cause["row"] for cause in sheets.causes_of(refused.value)] == [2]


def test_every_wrong_cell_is_named_and_nothing_is_stored(contract, sheet):
    path = sheet(["due_on", "quantity"], ["2017-04-01", 5], ["soon", -1], ["2017-04-02", "x"])
    with pytest.raises(sheets.BadSheet, match="3 wrong cells") as refused:
        operations.schedule_deliveries(contract_no=contract, deliveries=sheets.schedule(path), **WHO)
    cells = [(cause["row"], cause["column"]) for cause in sheets.causes_of(refused.value)]
    assert cells == [(3, "due_on"), (3, "quantity"), (4, "quantity")]
    assert not models.Delivery.objects.exists()


def test_a_circle_of_parts_is_refused_with_its_row_and_its_way(contract, sheet):
    path = sheet(PARTS, ["a", "", "ID", "shipped", 1, "b", ""], ["b", "", "ID", "shipped", 1, "c", ""],
                 ["c", "", "ID", "shipped", 1, "b", ""])  # fmt: skip
    with pytest.raises(material.MaterialCycle, match="row 3: the parts need each other in a circle: b -> c -> b"):
        sheets.parts(path)


@pytest.mark.parametrize(
    ("rows", "kind", "says"),
    [
        ([["a", "", "ID", "shipped", 1, "z", ""]], material.UnknownPart, "row 2: a needs z"),
        ([["a", "", "ID", "shipped", 1, "", ""], ["a", "", "ID", "shipped", 2, "", ""]], material.PartTwice, "row 3"),
        ([["a", "", "Indonesia", "shipped", 1, "", ""]], sheets.BadSheet, "row 2: country cannot be 'Indonesia'"),
        ([["a", "", "ID", "dreamt", 1, "", ""]], sheets.BadSheet, "row 2: stage cannot be 'dreamt'"),
        ([["a", "", "ID", "shipped", -1, "", ""]], sheets.BadSheet, "row 2: lead_days cannot be '-1'"),
    ],
    ids=["unknown", "twice", "country", "stage", "negative"],
)
def test_parts_that_cannot_be_are_refused_with_their_row(sheet, rows, kind, says):
    with pytest.raises(kind, match=says) as refused:
        sheets.parts(sheet(PARTS, *rows))
    assert refused.value.mend


def test_heads_that_lack_or_repeat_a_column_and_empty_lists_are_refused(sheet, tmp_path):
    with pytest.raises(sheets.BadSheet, match="lacks the columns quantity"):
        sheets.schedule(sheet(["due_on", "note"], ["2017-04-01", 1]))
    with pytest.raises(sheets.BadSheet, match="two heads for quantity"):
        sheets.schedule(sheet(["due_on", "quantity", "jumlah"], ["2017-04-01", 1, 2]))
    with pytest.raises(sheets.BadSheet, match="no row"):
        sheets.schedule(sheet(["due_on", "quantity"]))
    with pytest.raises(UnreadableFile, match="nothing"):
        sheets.schedule(tmp_path / "nothing.xlsx")


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"quantity": -1}, rules.NotPositive), ({"unit_price_idr": 0}, rules.NotPositive),
        ({"box_size": -500}, rules.NotPositive), ({"total_idr": 5}, rules.NotContractSum),
        ({"box_sizes": [500, -1]}, rules.NotPositive), ({"lead_days": {"shipped": -3}}, rules.NotPositive),
        ({"lead_days": {"dreamt": 3}}, rules.UnknownLotStage), ({"spoilage_per_mille": 2_000}, rules.NotPositive),
        ({"contract_no": " "}, rules.BadCode), ({"tender_no": "none"}, rules.UnknownTender),
        ({"kind": "catalogue"}, rules.CatalogueWithoutEnd), ({"ends_on": date(2016, 1, 1)}, rules.DatesOutOfOrder),
        ({"deliveries": [(date(2016, 1, 1), 5)]}, rules.DueOutsideContract),
        ({"deliveries": [(date(2017, 4, 1), -5)]}, rules.NotPositive),
        ({"deliveries": [(date(2017, 4, 1), 2_000_000)]}, rules.MoreThanContract),
        ({"quantity": 10**30, "unit_price_idr": 1, "total_idr": 10**30}, rules.NotPositive),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_a_contract_that_cannot_be_is_refused_by_name(db, acting_as, changed, kind):
    given = {
        "contract_no": "C-9", "supplier": "a maker", "signed_on": date(2017, 3, 1), "quantity": 1_000_000,
        "unit_price_idr": 12_000, "total_idr": 12_000_000_000, "box_size": 500, "source": "a test", **WHO, **changed,
    }  # fmt: skip
    with acting_as("svc.procurement"), pytest.raises(kind) as refused:
        operations.sign_contract(**given)
    assert refused.value.mend or str(refused.value)


def test_a_lot_needs_a_schedule_a_delivery_that_is_there_and_reasons_for_its_rejects(contract):
    lot = {"lot_no": "L-1", "contract_no": contract, "series": "PB", "first_box": 1, "box_count": 2, **WHO}
    with pytest.raises(rules.ContractWithoutSchedule):
        operations.announce_lot(**lot)
    operations.schedule_deliveries(contract_no=contract, deliveries=[(date(2017, 4, 1), 1_000)], **WHO)
    with pytest.raises(rules.UnknownDelivery):
        operations.announce_lot(**lot, delivery_no=7)
    operations.announce_lot(**lot, delivery_no=1, announced_on=date(2017, 3, 2))
    with pytest.raises(rules.UnknownLotStage):
        operations.advance_lot(lot_no="L-1", stage="dreamt", on=date(2017, 3, 3), **WHO)
    for stage in list(rules.Stage)[1:-1]:
        operations.advance_lot(lot_no="L-1", stage=stage, on=date(2017, 3, 3), **WHO)
    given = {"lot_no": "L-1", "on": date(2017, 3, 4), **WHO}
    with pytest.raises(rules.RejectionWithoutReason):
        operations.accept_lot(bast_no="B-1", rejected={1: " "}, **given)
    with pytest.raises(rules.BadCode):
        operations.accept_lot(bast_no="", **given)
    assert operations.accept_lot(bast_no="B-1", rejected={1: "wet"}, **given) == 1


def test_a_service_that_ends_before_it_begins_or_follows_nothing_is_refused(db, acting_as):
    given = {"service_no": "S-1", "title": "servers", "supplier": "a keeper", "starts_on": date(2017, 1, 1),
             "ends_on": date(2017, 12, 31), "source": "a test", **WHO}  # fmt: skip
    with acting_as("svc.procurement"):
        for changed, kind in [
            ({"ends_on": date(2017, 1, 1)}, rules.DatesOutOfOrder), ({"amount_idr": -1}, rules.NotPositive),
            ({"follows": "S-0"}, rules.UnknownService), ({"title": ""}, rules.BadCode),
        ]:  # fmt: skip
            with pytest.raises(kind):
                operations.register_service(**{**given, **changed})
        operations.register_service(**given)
        with pytest.raises(rules.AlreadyRegistered):
            operations.register_service(**given)
        operations.register_service(**{**given, "service_no": "S-2", "follows": "S-1", "ends_on": date(2018, 12, 31)})
    assert [(row["service_no"], row["successor"]) for row in queries.services()] == [("S-1", "S-2"), ("S-2", None)]
