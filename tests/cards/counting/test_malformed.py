"""2,000 malformed counts: each is refused with its rows and reasons, and nothing of it is kept."""

from __future__ import annotations

import random

import pytest
from cards.counting.conftest import ALL_THERE
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from blanko.cards.counting import operations, queries, rules
from blanko.cards.counting.rules import MalformedCount, Reason, Seen
from blanko.cards.counting.sheet_files import read_sheet
from blanko.ground.files.batches import UnreadableFile

SEED = 20_170_404
COUNTS = 2_000


def spoil(draw, row):
    """A row that cannot be used, made of one that can, and why it cannot."""
    what, condition = row
    box = what[:11]
    return draw.choice(
        [
            (("", condition), Reason.EMPTY),
            (("   ", ""), Reason.EMPTY),
            ((what.replace("-", "/"), condition), Reason.NOT_A_BOX),
            ((what[:-1], condition), Reason.NOT_A_BOX),
            ((what + "9", condition), Reason.NOT_A_BOX),
            ((f"{box}-7", ""), Reason.NOT_A_BOX),
            ((f"{box}-0001..0002..0003", ""), Reason.NOT_A_BOX),
            (("'; DROP TABLE counting_count; --", ""), Reason.NOT_A_BOX),
            (("\u0661\u0662" + what, ""), Reason.NOT_A_BOX),
            ((what + "\x00", ""), Reason.NOT_A_BOX),
            ((what, "x" * draw.randint(1, 9_999)), Reason.UNKNOWN_CONDITION),
            ((what, "hilang"), Reason.UNKNOWN_CONDITION),
            ((box, "rusak"), Reason.SEALED_IS_GOOD),
            ((box, "tercetak"), Reason.SEALED_IS_GOOD),
            ((f"{box}-0000", ""), Reason.NO_POSITION),
            ((f"{box}-0000..0005", ""), Reason.NO_POSITION),
            ((f"{box}-0009..0003", ""), Reason.BACKWARDS),
        ]
    )


def stored():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM counting_sheet), (SELECT count(*) FROM counting_sheet_line),"
            " (SELECT count(*) FROM counting_hand), (SELECT count(*) FROM counting_decision),"
            " (SELECT count(*) FROM audit_event)"
        )
        return cursor.fetchone()


def test_2000_malformed_counts_are_refused_row_by_row_and_leave_nothing(office):
    draw = random.Random(SEED)
    count = office.begin()
    before = stored()
    for number in range(COUNTS):
        rows = draw.sample(ALL_THERE, draw.randint(1, len(ALL_THERE)))
        expected = {}
        for place in sorted(draw.sample(range(len(rows)), draw.randint(1, len(rows)))):
            rows[place], expected[place + 1] = spoil(draw, rows[place])
        with pytest.raises(MalformedCount) as refused:
            office.hand_in(count, rows, "operator.1871")
        found = {item.row: item.reason for item in refused.value.refused}
        assert found == expected, f"seed {SEED}, count {number}: {rows}"
        assert all(len(item.text) <= 80 for item in refused.value.refused)
    assert stored() == before
    assert queries.count(count)["status"] == "open"
    assert office.hand_in(count, ALL_THERE, "operator.1871") == "matched"


@pytest.mark.parametrize(
    "twice",
    [
        ["PB17-000002", "PB17-000002"],
        ["PB17-000002", "PB17-000002-0007"],
        ["PB17-000001-0006..0020", "PB17-000001-0020"],
    ],
)
def test_what_stands_twice_on_a_sheet_is_refused_by_its_second_row(office, twice):
    count = office.begin()
    with pytest.raises(MalformedCount) as refused:
        office.hand_in(count, [(what, "") for what in twice], "operator.1871")
    assert [(item.row, item.reason) for item in refused.value.refused] == [(2, Reason.NAMED_TWICE)]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=12)), min_size=1, max_size=8))
def test_any_text_is_read_or_refused_and_nothing_else(rows):
    try:
        assert len(rules.read(rows)) == len(rows)
    except MalformedCount as error:
        assert {item.row for item in error.refused} <= set(range(1, len(rows) + 1))


@given(
    st.integers(1, 999_999), st.integers(1, 9_999), st.integers(0, 50), st.sampled_from(["baik", "rusak", "tercetak"])
)  # fmt: skip
def test_what_can_be_written_is_read_back(box, first, more, condition):
    last = min(9_999, first + more)
    written = f" pb17-{box:06d}-{first:04d}..{last:04d} "
    assert rules.read([(written, condition.upper())]) == (
        Seen("PB17", box, first, last, rules.WORDS[condition], False),
    )


def test_a_files_rows_are_refused_by_the_numbers_that_a_spreadsheet_shows(office, tmp_path):
    count = office.begin()
    path = tmp_path / "sheet.csv"
    path.write_text("Nomor;Kondisi\nPB17-000002;\nPB17-000003;hilang\n\nPB17-4;baik\n", encoding="utf-8")
    sheet = read_sheet(path)
    with pytest.raises(MalformedCount) as refused:
        operations.hand_in(count=count, rows=sheet.rows, numbers=sheet.numbers, by="operator.1871", at=office.at)
    assert [(item.row, item.reason) for item in refused.value.refused] == [
        (3, Reason.UNKNOWN_CONDITION), (5, Reason.NOT_A_BOX),
    ]  # fmt: skip
    path.write_text("nomor,kondisi\nPB17-000002,baik,extra\n", encoding="utf-8")
    with pytest.raises(MalformedCount) as refused:
        read_sheet(path)
    assert [(item.row, item.reason) for item in refused.value.refused] == [(2, Reason.WRONG_CELLS)]
    path.write_text("kota;jumlah\nBandung;7\n", encoding="utf-8")
    with pytest.raises(UnreadableFile):
        read_sheet(path)


def test_a_sheet_that_a_spreadsheet_wrote_is_read(office, tmp_path):
    path = tmp_path / "sheet.csv"
    lines = "".join(f"{what};{condition}\r\n" for what, condition in ALL_THERE)
    path.write_bytes(b"\xef\xbb\xbfnomor seri;kondisi\r\n" + lines.encode())
    sheet = read_sheet(path)
    done = operations.hand_in(
        count=office.begin(), rows=sheet.rows, numbers=sheet.numbers, by="operator.1871", at=office.at
    )
    assert done == "matched"
