"""A blank's whole way by any of its names, an office's past by the journal, and a seized list by its last holder."""

from __future__ import annotations

from datetime import timedelta

import pytest
import xlsxwriter

from blanko.cards.custody import operations, queries, rules, tracing
from blanko.cards.custody.rules import Condition, Key, Kind, Line
from blanko.kernel.errors import InvalidValue

A, B = "1101", "1102"


@pytest.fixture
def walked(warehouse):
    """Boxes 1 to 4 went to A, of which box 3 was opened there: 10 printed, 5 lent on to B and taken over; box 5 is on
    its way to B; box 6 came back to the warehouse.
    """
    days = iter(range(1, 100))

    def at():
        return warehouse.at + timedelta(days=next(days))

    first = operations.dispatch(
        consignment=[Line("PB17", box, 1, 50) for box in (1, 2, 3, 4)], from_office="00", to_office=A,
        key=warehouse.key(), by="gudang.pusat", at=at(), papers={"surat_jalan": "SJ/1"},
    )  # fmt: skip
    operations.receive(movement=first, by="operator.1101", at=at())
    operations.open_box(series="PB17", box_no=3, office=A, key=warehouse.key(), by="operator.1101", at=at())
    operations.change(
        kind=Kind.PERSONALISATION, after=Condition.PERSONALISED, lines=[Line("PB17", 3, 1, 10)], office=A,
        key=warehouse.key(), by="operator.1101", at=at(),
    )  # fmt: skip
    warehouse.before_lending = warehouse.at + timedelta(days=4, hours=12)
    lent = operations.dispatch(
        consignment=[Line("PB17", 3, 46, 50)], from_office=A, to_office=B, key=warehouse.key(), by="operator.1101",
        at=at(), kind=Kind.LOAN,
    )  # fmt: skip
    warehouse.while_lending = warehouse.at + timedelta(days=5, hours=12)
    operations.receive(movement=lent, by="kepala.1102", at=at())
    warehouse.on_the_way = operations.dispatch(
        consignment=[Line("PB17", 5, 1, 50)], from_office="00", to_office=B, key=warehouse.key(), by="gudang.pusat",
        at=at(),
    )  # fmt: skip
    sent = operations.dispatch(
        consignment=[Line("PB17", 6, 1, 50)], from_office="00", to_office=B, key=warehouse.key(), by="gudang.pusat",
        at=at(),
    )  # fmt: skip
    back = operations.return_to_sender(
        movement=sent, reason="seal broken", key=warehouse.key(), by="kepala.1102", at=at()
    )
    operations.receive(movement=back, by="gudang2.pusat", at=at())
    return warehouse


def hands(identifier):
    return [(h.office, h.on_the_way, h.person) for h in tracing.trace(identifier).holders]


def test_a_trace_names_every_hand_in_order(walked):
    assert hands("PB17-000003-0050") == [
        ("00", False, "gudang.pusat"), (A, True, "gudang.pusat"), (A, False, "operator.1101"),
        (B, True, "operator.1101"), (B, False, "kepala.1102"),
    ]  # fmt: skip
    assert hands("PB17-000003-0001")[-1] == (A, False, "operator.1101")
    assert hands("PB17-000005")[-1] == (B, True, "gudang.pusat")
    assert [hand[:2] for hand in hands("PB17-000006")] == [("00", False), (B, True), ("00", True), ("00", False)]


def test_a_trace_holds_dates_papers_and_where_the_blank_is_now(walked):
    found = tracing.trace("pb17-000003-0001")
    assert [(step["kind"], step["phase"]) for step in found.steps] == [
        ("receipt", "posted"), ("dispatch", "pending"), ("dispatch", "posted"), ("opening", "posted"),
        ("personalisation", "posted"),
    ]  # fmt: skip
    assert found.steps[1]["papers"] == {"surat_jalan": "SJ/1"}
    assert [(place["condition"], place["office"]) for place in found.now] == [("personalised", A)]
    ends = [holder.until for holder in found.holders]
    assert ends[:-1] == [holder.since for holder in found.holders][1:]
    assert ends[-1] is None


@pytest.mark.parametrize(
    ("identifier", "error"),
    [("PB17-000099-0001", rules.NothingHeld), ("zzz", InvalidValue), ("04A1B2C3", rules.NothingHeld)],
)
def test_what_was_never_here_is_said_by_name(walked, identifier, error):
    with pytest.raises(error):
        tracing.trace(identifier)


def summed(office, at):
    totals = {}
    for held in tracing.at_office(office, at=at):
        totals[held.condition] = totals.get(held.condition, 0) + held.quantity
    return totals


def test_what_an_office_held_on_a_day_is_told_from_the_journal(walked):
    assert summed(A, walked.before_lending) == {"good": 190, "personalised": 10}
    assert summed(A, walked.while_lending) == {"good": 185, "personalised": 10}
    assert tracing.at_office(B, at=walked.while_lending) == [("PB17", 3, 46, 50, "in_transit")]
    assert tracing.at_office(A, at=walked.at) == []
    assert tracing.HeldThen("PB17", 3, 11, 45, "good") in tracing.at_office(A, at=walked.while_lending)


@pytest.mark.parametrize("office", ["00", A, B])
def test_what_an_office_holds_today_is_the_same_by_the_journal_and_by_the_places(walked, office):
    held = {line[:5] for line in tracing.at_office(office, at=walked.at + timedelta(days=99))}
    in_transit = {line for line in held if line[4] == "in_transit"}
    totals = queries.holdings(office=office)[office]
    assert sum(line[3] - line[2] + 1 for line in in_transit) == totals.in_transit_in
    found = set()
    for box in range(1, 21):
        if box != 13:
            for row in queries.places(f"PB17-{box:06d}"):
                if row["office"] == office:
                    found.add(("PB17", box, row["first"], row["last"], row["condition"]))
    assert held - in_transit == found


def test_a_seized_list_is_grouped_by_the_last_holder_and_names_the_last_common_one(walked):
    found = tracing.seized(
        ["PB17-000003-0050", "PB17-000003-0049", "PB17-000001-0007", "PB17-000003-0048", "PB17-000098-0001", "what"]
    )
    assert [(group.holder.office, group.holder.person, len(group.serials)) for group in found.groups] == [
        (B, "kepala.1102", 3), (A, "operator.1101", 1),
    ]  # fmt: skip
    assert found.groups[0].serials == ("PB17-000003-0048", "PB17-000003-0049", "PB17-000003-0050")
    assert (found.together.office, found.together.on_the_way, found.together.person) == (A, False, "operator.1101")
    assert found.unknown == ("PB17-000098-0001", "what")


def test_blanks_that_nobody_held_together_have_no_common_holder(walked, accept):
    accept(lot_no="L-2", first_box=40, boxes=2, contract="C-1")
    operations.receive_lot(lot_no="L-2", by="gudang.pusat", at=walked.at, key=Key("other", 1))
    assert tracing.seized(["PB17-000001-0001", "PB17-000040-0001"]).together is None


def test_a_seized_list_that_is_too_long_is_refused():
    with pytest.raises(tracing.TooManySeized):
        tracing.seized([f"PB17-000001-{n:04d}" for n in range(tracing.SEIZED_MAX + 1)])


@pytest.mark.parametrize(
    "text",
    ["serial\nPB17-000001-0001\nPB17-000001-0002\n", "PB17-000001-0001\nPB17-000001-0002\n",
     "no,Serial\n1,PB17-000001-0001\n2,PB17-000001-0002\n", "found\nPB17-000001-0001\nPB17-000001-0002\n"],
    ids=["head", "no head", "second column", "another head"],
)  # fmt: skip
def test_a_seized_list_may_be_any_table_with_or_without_heads(tmp_path, text):
    path = tmp_path / "list.csv"
    path.write_text(text, encoding="utf-8")
    assert tracing.identifiers_in(path) == ["PB17-000001-0001", "PB17-000001-0002"]


def test_a_seized_list_may_be_a_spreadsheet(tmp_path):
    book = xlsxwriter.Workbook(tmp_path / "list.xlsx")
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["uid", "found"])
    sheet.write_row(1, 0, ["04A1B2C3D4E5F6", "market"])
    book.close()
    assert tracing.identifiers_in(tmp_path / "list.xlsx") == ["04A1B2C3D4E5F6"]


def test_a_file_that_names_nothing_is_refused(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("serial\n", encoding="utf-8")
    with pytest.raises(InvalidValue):
        tracing.identifiers_in(path)
