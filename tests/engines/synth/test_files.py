"""What ``./blanko synth`` leaves in a folder."""

from __future__ import annotations

import csv
import errno
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from blanko.doors.cli import main as cli
from blanko.engines.synth import writing
from blanko.engines.synth.nation import synthesise
from blanko.engines.synth.villages import VillageTable
from blanko.engines.synth.writing import FILES, CannotWriteThere, DiskFull, UnknownFile, write

# Issue 2, item 2, in its order; the optional columns after the required ones.
HEADS = {
    "registrations.csv": "record_id,nik,name,birth_place,birth_date,sex,mother_name,address,village_code,recorded_on,"
    "recorded_office,marital_status,status,status_since,card_issued_on,suket_no,family_card_no",
    "applications.csv": "nik,cause,event_date,applied_on,office,document_no",
    "deaths.csv": "nik,record_id,recorded_office,died_on,reported_on,office,document_no",
    "stock.csv": "office,counted_on,good,spoiled",
    "counts.csv": "area,metric,value,date,denominator,source,kind,known_on",
}


@pytest.fixture(scope="module")
def nation():
    codes = [f"327601{1000 + i}" for i in range(1, 9)] + [f"327602{2000 + i}" for i in range(1, 9)]
    areas = VillageTable.of(codes, people={"3276": 9000}, names={"3276": "Kota Depok"})
    return synthesise(people=3000, seed=7, areas=areas)


def blanko(*arguments):
    return cli.main(["synth", *map(str, arguments)])


def test_the_files_have_the_heads_of_the_intake_and_every_row(nation, tmp_path):
    written = write(nation, tmp_path / "new" / "folder")
    assert [each.path.name for each in written] == list(FILES)
    for each in written:
        assert each.size == each.path.stat().st_size
        if each.path.suffix == ".csv":
            assert each.path.read_text(encoding="utf-8").partition("\n")[0] == HEADS[each.path.name]
            assert len(list(csv.DictReader(each.path.open(encoding="utf-8", newline="")))) == each.rows
    assert pq.read_table(tmp_path / "new" / "folder" / "truth.parquet").equals(nation.truth)


def test_csv_gives_back_every_cell(nation, tmp_path):
    write(nation, tmp_path, only=["registrations.csv"])
    with (tmp_path / "registrations.csv").open(encoding="utf-8", newline="") as file:
        for row, made in zip(csv.DictReader(file), nation.registrations.to_pylist(), strict=True):
            assert row == {column: "" if value is None else str(value) for column, value in made.items()}


def test_chunks_change_no_byte(nation, tmp_path, monkeypatch):
    write(nation, tmp_path / "one", only=["registrations.csv"])
    monkeypatch.setattr(writing, "CHUNK_ROWS", 7)
    write(nation, tmp_path / "two", only=["registrations.csv"])
    one, two = (tmp_path / name / "registrations.csv" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


def test_a_full_disk_leaves_no_half_file_and_the_earlier_one_untouched(nation, tmp_path, monkeypatch):
    (tmp_path / "registrations.csv").write_text("earlier")
    calls = []

    def full(table):
        calls.append(table)
        if len(calls) > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return memoryview(b"a row\n")

    monkeypatch.setattr(writing, "csv_lines", full)
    with pytest.raises(DiskFull) as refused:
        write(nation, tmp_path)
    assert refused.value.mend
    assert [path.name for path in tmp_path.iterdir()] == ["registrations.csv"]
    assert (tmp_path / "registrations.csv").read_text() == "earlier"


def test_a_folder_that_is_a_file_is_refused(nation, tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(CannotWriteThere):
        write(nation, tmp_path / "taken")
    with pytest.raises(UnknownFile):
        write(nation, tmp_path, only=["people.csv"])


def test_progress_counts_up_to_the_end(nation, tmp_path):
    seen = []
    write(nation, tmp_path, progress=lambda what, done, of: seen.append((what, done, of)))
    assert {what for what, done, of in seen if done == of} == set(FILES)


# The command


def test_the_command_writes_the_same_bytes_twice(tmp_path, capsys):
    for name in ("one", "two"):
        assert blanko("--people", 2000, "--seed", 5, "--out", tmp_path / name, "--whole", "1810=500", "--json") == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["people"] == 2000
    assert [Path(each["file"]).name for each in told["files"]] == list(FILES)
    for name in FILES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--people", 99],
        ["--people", 500, "--whole", "9999"],
        ["--people", 500, "--whole", "3276=many"],
        ["--people", 500, "--whole", "3276=501"],
        ["--people", 500, "--as-of", "1999-01-01"],
    ],
)
def test_wrong_use_is_exit_code_2_and_one_line_with_the_mend(tmp_path, capsys, arguments):
    assert blanko("--out", tmp_path / "out", *arguments) == 2
    told = capsys.readouterr().err.strip()
    assert told.startswith("blanko: ")
    assert "\n" not in told
    assert "give" in told or "write" in told
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_made_is_exit_code_2(tmp_path, capsys):
    (tmp_path / "taken").write_text("")
    assert blanko("--people", 200, "--out", tmp_path / "taken" / "out") == 2
    assert "name a folder" in capsys.readouterr().err
