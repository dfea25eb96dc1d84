"""A file of several parts is one file: what one part knows, the others know, and all of it stands or none."""

from __future__ import annotations

import csv
from datetime import UTC, datetime

import pytest
from django.db import connection

from blanko.ground.audit import operations as audit
from blanko.ground.files.batches import BATCH_ROWS
from blanko.records.intake import operations
from blanko.records.intake.ahead import ahead

NOW = datetime(2017, 4, 4, 3, tzinfo=UTC)
HEAD = "record_id,nik,name,birth_date,sex,village_code,recorded_office"
ROWS = 2 * BATCH_ROWS + 10_000


def line(number, *, nik=None, name="SITI", record=None):
    # Ages fall among the serials so that NIKs stay distinct beyond 9,999 rows.
    nik = nik or f"317101{41 + number // 10_000:02d}0690{number % 10_000:04d}"
    return f"{record or f'R{number}'},{nik},{name},1990-06-{1 + number // 10_000:02d},P,3171011001,3171"


@pytest.fixture
def load(db, acting_as, tmp_path):
    def do(lines, name="long.csv"):
        path = tmp_path / name
        path.write_text("\n".join([HEAD, *lines]), "utf-8")
        with acting_as("svc.intake"):
            return operations.load(path=path, by="svc.intake", at=NOW, data_dir=tmp_path / "data")

    return do


def stored(sql, *values):
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def test_parts_have_their_own_seals_and_the_file_its_balance(load):
    result = load([line(number) for number in range(ROWS)])
    assert (result.read, result.accepted, result.refused, result.warnings) == (ROWS, ROWS, 0, 0)
    events = [event for (event,) in stored("SELECT DISTINCT event_id FROM intake_registration ORDER BY 1")]
    assert len(events) == 3
    checked = [audit.verify(event) for event in events]
    assert all(item.holds for item in checked)
    assert sum(item.sealed.count for item in checked) == ROWS


def test_a_nik_repeated_across_parts_is_told_on_both_rows(load):
    lines = [line(number) for number in range(ROWS)]
    lines[-1] = line(ROWS - 1, nik="3171014106900003")
    result = load(lines)
    assert result.warning_counts["nik_repeated"] == 2
    told = stored("SELECT record_id FROM intake_registration WHERE 'nik_repeated' = ANY(warnings) ORDER BY row_no")
    assert told == [("R3",), (f"R{ROWS - 1}",)]


def test_a_key_repeated_across_parts_is_a_version_and_an_equal_row_adds_nothing(load):
    lines = [line(number) for number in range(ROWS)]
    lines[-2:] = [line(5, name="AMINAH"), line(6)]
    result = load(lines)
    assert (result.read, result.accepted, result.unchanged) == (ROWS, ROWS - 1, 1)
    assert stored("SELECT version, name FROM intake_registration WHERE record_id = 'R5' ORDER BY 1") == [
        (1, "SITI"), (2, "AMINAH"),
    ]  # fmt: skip


def test_a_long_file_that_corrects_few_rows_adds_only_those(load):
    load([line(number) for number in range(ROWS)])
    second = [line(number, name="AMINAH" if number in (0, ROWS - 1) else "SITI") for number in range(ROWS + 1)]
    result = load(second, name="second.csv")
    assert (result.accepted, result.unchanged) == (3, ROWS - 2)
    events = stored(
        "SELECT DISTINCT event_id FROM intake_registration WHERE file_id = (SELECT max(id) FROM intake_file)"
    )
    assert events
    assert all(audit.verify(event).holds for (event,) in events)


def test_a_quote_left_open_after_the_first_parts_refuses_its_own_row_only(load):
    lines = [line(number) for number in range(ROWS)]
    # Longer than a block: the reader cannot know that the quote will never close.
    lines[ROWS - 30_000] = line(ROWS - 30_000, name='"SITI')
    lines[0] = line(0, name='"SITI, A"')
    result = load(lines)
    assert (result.read, result.accepted, result.refused) == (ROWS, ROWS - 1, 1)
    with open(result.rejects, encoding="utf-8-sig", newline="") as file:
        (told,) = csv.DictReader(file)
    assert int(told["row"]) == ROWS - 30_000 + 2
    assert stored("SELECT count(*) FROM intake_registration") == [(ROWS - 1,)]
    assert stored("SELECT name FROM intake_registration WHERE record_id = 'R0'") == [("SITI, A",)]


def test_a_failure_in_a_later_part_leaves_nothing(load, monkeypatch):
    made = operations.part
    count = iter(range(10))

    def broken(kind, checked):
        if next(count) == 2:
            raise OSError("the disk is full")
        return made(kind, checked)

    monkeypatch.setattr(operations, "part", broken)
    with pytest.raises(OSError, match="disk is full"):
        load([line(number) for number in range(ROWS)])
    assert stored("SELECT (SELECT count(*) FROM intake_registration), (SELECT count(*) FROM intake_file)") == [(0, 0)]


def test_items_come_in_order_and_an_error_where_its_item_would_stand():
    def items():
        yield 1
        yield 2
        raise ValueError("three")

    seen = []
    with pytest.raises(ValueError, match="three"):
        for item in ahead(items()):
            seen.append(item)
    assert seen == [1, 2]


def test_a_reader_that_leaves_early_ends_the_thread():
    closed = []

    def items():
        try:
            yield from range(1_000)
        finally:
            closed.append(True)

    source = items()
    reader = ahead(source)
    assert next(reader) == 0
    reader.close()
    source.close()
    assert closed == [True]
