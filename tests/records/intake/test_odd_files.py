"""What an office may hand in: every row is told, nothing is half done, and a refusal names its mend."""

from __future__ import annotations

import csv
import os
import threading
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.db import connection

from blanko.ground.audit import operations as audit
from blanko.ground.files.batches import UnreadableFile
from blanko.ground.files.rejects import Cause, Reject, RejectsFile, RejectsNotKept
from blanko.kernel.errors import BlankoError
from blanko.records.intake import columns as parse
from blanko.records.intake import operations

NOW = datetime(2017, 4, 4, 3, tzinfo=UTC)
HEAD = "record_id,nik,name,birth_date,sex,village_code,recorded_office,address"


def line(number=1, *, nik=None, name="SITI", born="1990-06-15", village="3171011001", office="3171", address="JL. A"):
    return f"R{number},{nik or f'317101550690{number:04d}'},{name},{born},P,{village},{office},{address}"


@pytest.fixture
def load(db, acting_as, tmp_path):
    def do(lines, *, name="r.csv", at=NOW, **given):
        path = tmp_path / "upload"
        path.write_bytes(lines if isinstance(lines, bytes) else "\n".join([HEAD, *lines]).encode())
        with acting_as("svc.intake"):
            result = operations.load(path=path, by="svc.intake", at=at, data_dir=tmp_path / "data", name=name, **given)
        assert result.read == result.accepted + result.unchanged + result.refused
        return result

    return do


def numbers(result):
    return (result.read, result.accepted, result.unchanged, result.refused)


def stored(sql, *values):
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def rejected(result):
    with open(result.rejects, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_a_file_of_refused_rows_only_is_told_whole(load):
    result = load([line(1, born="?"), "R2,x", '"R3', line(4, born="2017-13-01")])
    assert numbers(result) == (4, 0, 0, 4)
    assert [int(told["row"]) for told in rejected(result)] == [2, 3, 4, 5]
    assert not stored("SELECT 1 FROM intake_registration")


def test_open_quotes_and_known_rows_keep_row_and_version_apart(load):
    load([line(number) for number in range(1, 9)])
    # The open quote of row 3 swallows rows 4 and 5; all of them are read, and their numbers do not meet others.
    lines = [line(number, name="A") for number in range(1, 9)]
    lines[1] = line(2, name='"A')
    lines[3] = line(4, name='"A"')
    result = load(lines, name="b.csv")
    assert numbers(result) == (8, 7, 0, 1)
    assert stored("SELECT count(*), count(DISTINCT row_no) FROM intake_registration WHERE version = 2") == [(7, 7)]
    assert [int(told["row"]) for told in rejected(result)] == [3]


def test_rows_swallowed_by_a_cell_that_is_not_stored_are_read(load):
    lines = [line(1) + ",ok", line(2) + ',"left open', line(3) + ",ok", line(4) + ',"closed"', line(5) + ",ok"]
    result = load("\n".join([HEAD + ",catatan", *lines]).encode())
    assert numbers(result) == (5, 4, 0, 1)


def test_rejects_mended_and_loaded_again_say_what_was_meant(load):
    first = load([line(1, address="-", village="9999011001"), line(2)])
    (told,) = rejected(first)
    assert (told["village_code"], told["address"]) == ("9999011001", "'-")
    text = Path(first.rejects).read_bytes().replace(b"9999011001", b"3171011001")
    again = load(text, name="mended.csv")
    assert numbers(again) == (1, 1, 0, 0)
    assert again.ignored == ()
    assert stored("SELECT address FROM intake_registration WHERE record_id = 'R1'") == [("-",)]


def test_rejects_of_counts_can_be_loaded_again_and_again(load):
    head = "area,metric,value,date,denominator,source,kind,known_on"
    first = load(f"{head}\nID,recorded,five,2017-04-04,6,me,observed,2017-04-04\n".encode())
    assert numbers(first) == (1, 0, 0, 1)
    second = load(Path(first.rejects).read_bytes() + b"\r\n", name="again.csv")
    assert numbers(second) == (1, 0, 0, 1)
    with open(second.rejects, encoding="utf-8-sig", newline="") as file:
        assert next(csv.reader(file)) == ["row", "column", "value", "reason", "mend", *head.split(",")]
    third = load(Path(second.rejects).read_bytes().replace(b"five", b"5"), name="c.csv")
    assert numbers(third) == (1, 1, 0, 0)


@pytest.mark.parametrize("text", ["01-01-" + "9" * 5_000, "9" * 5_000 + "-01-01", "1-1-1990" * 2_000])
def test_a_day_of_thousands_of_digits_is_refused(text):
    values, wrong = parse.dates(pa.array([text, "2017-4-4"]))
    assert values.to_pylist() == [None, date(2017, 4, 4)]
    assert wrong.tolist() == [True, False]


@pytest.mark.parametrize("text", ["9999-01-01", "1-1-9999", "9999-1-1", "0999-1-1"])
def test_a_year_is_refused_in_every_form_of_a_day(text):
    values, wrong = parse.dates(pa.array([text]))
    assert (values.to_pylist(), wrong.tolist()) == ([None], [True])


def test_a_file_that_changes_while_it_is_taken_in_is_taken_as_it_was_kept(load, monkeypatch, tmp_path):
    kept = operations.originals.keep

    def late(path, **given):
        # A copy onto the share goes on while the file is loaded: the columns stand in another order now.
        swapped = ["nik,record_id," + HEAD.split(",", 2)[2], "3171015506900001,R1," + line(1).split(",", 2)[2]]
        path.write_text("\n".join(swapped))
        return kept(path, **given)

    monkeypatch.setattr(operations.originals, "keep", late)
    assert numbers(load([line(1)])) == (1, 1, 0, 0)
    assert stored("SELECT record_id, nik FROM intake_registration") == [("R1", "3171015506900001")]


def test_one_file_taken_in_as_two_kinds_at_once_is_taken_in_once(fresh_database, tmp_path):
    from blanko.ground.access.acting import acting

    path = tmp_path / "both.csv"
    rows = "".join(
        f"3171,D{number},3171015506900001,hilang,2017-03-01,2017-03-02,2017-03-01\n" for number in range(5_000)
    )
    path.write_text(f"office,document_no,nik,cause,event_date,applied_on,died_on\n{rows}")
    results, failed = [], []

    def one(kind):
        try:
            with acting(principal="svc.intake"):
                results.append(
                    operations.load(path=path, by="svc.intake", at=NOW, data_dir=tmp_path / "data", kind=kind)
                )
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(kind,)) for kind in ("applications", "deaths")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert sorted(result.seen_before for result in results) == [False, True]
    assert sum(result.accepted for result in results) == 5_000


def test_days_are_judged_by_the_day_of_the_offices(load):
    # In Jakarta it is the 5th already.
    result = load(f"{HEAD},recorded_on\n{line(1)},2017-04-05\n".encode(), at=datetime(2017, 4, 4, 20, tzinfo=UTC))
    assert result.warning_counts == {}


def test_a_parquet_file_whose_letters_are_no_text_is_refused_with_a_mend(load, tmp_path):
    names = HEAD.split(",")
    cells = [pa.array([value.encode()]) for value in line(1).split(",")]
    cells[2] = pa.array([b"\xff\xfeA"])
    pq.write_table(pa.table([cell.view(pa.string()) for cell in cells], names=names), tmp_path / "t.parquet")
    with pytest.raises(UnreadableFile) as refused:
        load((tmp_path / "t.parquet").read_bytes())
    assert refused.value.mend
    assert not stored("SELECT 1 FROM intake_file")


def test_a_file_with_a_long_name_is_taken_in_with_its_rejects(load):
    result = load([line(1, born="?")], name="é" * 120 + ".csv")
    assert result.refused == 1
    assert len(rejected(result)) == 1


def test_rejects_that_cannot_be_written_refuse_the_file_and_say_where(load, tmp_path):
    (tmp_path / "full").write_text("a file where the folder should be")
    with pytest.raises(BlankoError) as refused:
        load([line(1), line(2, born="?")], rejects_dir=tmp_path / "full")
    assert str(tmp_path / "full") in f"{refused.value} {refused.value.mend}"
    assert refused.value.mend
    assert not stored("SELECT 1 FROM intake_file UNION ALL SELECT 1 FROM intake_registration")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_disk_that_fills_up_under_the_rejects_leaves_nothing(tmp_path):
    folder = tmp_path / "rejects"
    folder.mkdir()
    file = RejectsFile(folder / "r.csv", ["a"])
    os.symlink("/dev/full", file.part)
    with pytest.raises(RejectsNotKept) as refused, file:
        for number in range(10_000):
            file.add(Reject(number, [Cause("a", "x", "why", "mend")], ("x",)))
    assert refused.value.mend
    assert list(folder.iterdir()) == []


def test_a_repeated_key_in_later_parts_after_a_known_row_is_versioned_and_sealed(load):
    load([line(5, name="OLD")])
    lines = [line(number, nik=f"31710155{number:08d}") for number in range(70_000)]
    lines[69_998] = line(5, nik="3171015500000005", name="B")
    lines[69_999] = line(5, nik="3171015500000005", name="B")
    result = load(lines, name="long.csv")
    assert numbers(result) == (70_000, 69_999, 1, 0)
    assert stored("SELECT version, name FROM intake_registration WHERE record_id = 'R5' ORDER BY 1") == [
        (1, "OLD"), (2, "SITI"), (3, "B"),
    ]  # fmt: skip
    events = stored("SELECT id FROM audit_event")
    assert len(events) >= 5
    assert all(audit.verify(event).holds for (event,) in events)
