"""Files in, persons out: the promises of the whole batch."""

import json
import os
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from blanko.doors.cli.main import main
from blanko.engines.linkage.compare import NIK, level
from blanko.engines.linkage.dedupe import FILES, link_files, write
from blanko.engines.linkage.errors import CannotWriteLinks, InvalidModel, UnreadableRecords
from blanko.engines.linkage.model import read_model
from tests.engines.linkage.records import nation, parquet, registrations, rows

NATION = nation(60_000, 511)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("linkage")


@pytest.fixture(scope="module")
def whole(folder):
    return parquet(folder, registrations(NATION), "whole.parquet")


@pytest.fixture(scope="module")
def linked(whole):
    return link_files([whole], seed=3)


def person_of(linked):
    truth = NATION.truth.filter(NATION.truth["record_id"].is_valid()).sort_by("record_id")
    assert truth["record_id"].to_pylist() == linked.loaded.ids.to_pylist()
    return truth["person_id"].to_numpy()


def pairs_of(labels):
    sizes = np.unique(labels, return_counts=True)[1]
    return int((sizes * (sizes - 1) // 2).sum())


def test_what_is_merged_is_nearly_always_one_person_and_most_doubles_are_found(linked):
    truth, found = person_of(linked), linked.clusters.person.astype(np.int64)
    right = pairs_of(found << 32 | truth)
    assert right / pairs_of(found) >= 0.998
    assert right / pairs_of(truth) >= 0.90


def test_order_of_rows_files_and_cores_leave_no_trace(linked, whole, folder):
    write(linked, folder / "one")
    table = registrations(NATION)
    mixed = table.take(pa.array(np.random.default_rng(1).permutation(len(table))))
    half = len(mixed) // 2
    second = parquet(folder, mixed.slice(0, half), "b.parquet")
    pacsv.write_csv(mixed.slice(half), folder / "a.csv")
    code = (
        "import os, sys\n"
        "if hasattr(os, 'sched_setaffinity'): os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "from pathlib import Path\nfrom blanko.engines.linkage.dedupe import link_files, write\n"
        "write(link_files([Path(p) for p in sys.argv[2:]], seed=3), Path(sys.argv[1]))"
    )
    subprocess.run(
        [sys.executable, "-c", code, folder / "two", folder / "a.csv", second],
        check=True,
        env={**os.environ, "PYTHONPATH": "src"},
    )
    for name in FILES:
        assert (folder / "one" / name).read_bytes() == (folder / "two" / name).read_bytes(), name


def test_a_model_that_was_written_and_read_gives_the_same_persons(linked, whole, folder):
    write(linked, folder / "trained")
    again = link_files([whole], model=read_model(folder / "trained" / "model.json"))
    assert (again.clusters.person == linked.clusters.person).all()


def test_no_person_holds_one_nik_with_two_names_or_two_twins(linked):
    together = linked.clusters.decided == 0
    assert not np.isin(linked.clusters.reason[together], (1, 2, 3)).any()
    f, person = linked.loaded.features, linked.clusters.person
    # Twins of the truth, by their own first records.
    truth = NATION.truth.filter(NATION.truth["record_id"].is_valid()).sort_by("record_id")
    twin = truth["twin_of"].to_numpy(zero_copy_only=False)
    rows_of = {p: i for i, p in enumerate(truth["person_id"].to_pylist())}
    both = [(i, rows_of[t]) for i, t in enumerate(twin) if t == t and t in rows_of]
    joined = [(i, j) for i, j in both if person[i] == person[j]]
    # Namesake twins with one NIK between them are beyond written data.
    assert all(f.name_whole[i] == f.name_whole[j] for i, j in joined) and len(joined) <= len(both) * 0.01


def test_every_record_is_in_the_clusters_once_under_the_smallest_id_of_its_person(linked, folder):
    write(linked, folder / "files")
    clusters = pq.read_table(folder / "files" / "clusters.parquet")
    assert clusters["record_id"].to_pylist() == sorted(registrations(NATION)["record_id"].to_pylist())
    smallest = clusters.group_by("person_id").aggregate([("record_id", "min"), ("record_id", "count")])
    assert smallest["person_id"].to_pylist() == smallest["record_id_min"].to_pylist()
    merged = pc.equal(clusters["decided"], "merged")
    sizes = dict(zip(smallest["person_id"].to_pylist(), smallest["record_id_count"].to_pylist(), strict=True))
    assert [sizes[p] > 1 for p in clusters["person_id"].to_pylist()] == merged.to_pylist()
    pairs = pq.read_table(folder / "files" / "pairs.parquet")
    assert set(pairs["decided"].unique().to_pylist()) <= {"merged", "review", "apart"}
    assert all(a < b for a, b in zip(pairs["record_a"].to_pylist(), pairs["record_b"].to_pylist(), strict=True))
    page = (folder / "files" / "report.html").read_text()
    assert "http" not in page and "<script" not in page and "histogram" in page


def test_the_command_writes_four_files_and_counts(whole, folder, capsys):
    assert main(["linkage", "dedupe", str(whole), "--out", str(folder / "cli"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["records"] == len(registrations(NATION)) and len(told["files"]) == 4


PERSON = {
    "name": "SITI NURHALIZA RAHMAWATI",
    "birth_date": "1981-05-17",
    "mother_name": "WARSITI HANDAYANI",
    "nik": "3171015705810002",
    "sex": "P",
    "birth_place": "BLITAR",
    "village_code": "3171011001",
}


def test_one_record_is_one_person(tmp_path):
    found = link_files([parquet(tmp_path, rows(PERSON))]).summary()
    assert found["persons"] == 1 and found["records_by_decision"]["single"] == 1


def test_records_that_are_all_alike_are_one_person(tmp_path):
    found = link_files([parquet(tmp_path, rows(*[PERSON] * 300))]).summary()
    assert found["persons"] == 1 and found["capped"]


def test_fifty_thousand_of_one_name_and_birthday_are_capped_said_so_and_not_lost(tmp_path):
    table = registrations(NATION).slice(0, 50_000).select(["record_id", "nik", "name", "birth_date", "village_code"])
    n = len(table)
    for name, value in (("name", "SITI AMINAH"), ("birth_date", "1970-12-31")):
        table = table.set_column(table.column_names.index(name), name, pa.array([value] * n))
    linked = link_files([parquet(tmp_path, table)])
    found = linked.summary()
    assert sum(found["records_by_decision"].values()) == n
    assert any(each["records"] > 40_000 for each in found["capped"])
    write(linked, tmp_path / "out")
    assert "above the cap" in (tmp_path / "out" / "report.html").read_text()
    # Strangers of one name and day are not one person.
    assert found["persons"] > 0.98 * n


def test_a_placeholder_nik_stops_counting(tmp_path):
    table = registrations(NATION).slice(0, 20_000)
    niks = table["nik"].to_pylist()
    niks[:2000] = ["3171010101010001"] * 2000
    linked = link_files([parquet(tmp_path, table.set_column(1, "nik", pa.array(niks)))])
    assert [(each.field, each.records) for each in linked.shared if each.field == "nik"] == [("nik", 2000)]
    assert linked.summary()["persons"] > 19_000


def test_a_mother_who_is_not_known_is_nobodys_mother(tmp_path):
    table = registrations(NATION).slice(0, 20_000)
    at = table.column_names.index("mother_name")
    mothers = table["mother_name"].to_pylist()
    mothers[:1500] = ["MOHON DIISI"] * 1500
    linked = link_files([parquet(tmp_path, table.set_column(at, "mother_name", pa.array(mothers)))])
    assert ("mother_name", 1500) in [(each.field, each.records) for each in linked.shared]


def test_a_name_of_ten_thousand_characters_is_read(tmp_path):
    long = {**PERSON, "name": "SITI " + "A" * 9_995}
    found = link_files([parquet(tmp_path, rows(long, long, PERSON))])
    assert found.summary()["persons"] == 2 and found.clusters.person[0] == found.clusters.person[1]


def test_a_nik_of_one_person_who_was_written_in_five_ways_still_counts(tmp_path):
    names = ["SITI NURHALIZA RAHMAWATI", "SITI NURHALISA", "SITTI NURHALIZA R", "S NURHALIZAH RAHMAWATY", "NURHALIZA"]
    linked = link_files([parquet(tmp_path, rows(*[{**PERSON, "name": name} for name in names]))])
    assert not linked.shared and (linked.loaded.features.nik > 0).all()


def test_a_nik_that_many_persons_turn_out_to_have_stops_counting_and_they_are_joined_anew(tmp_path):
    table = registrations(NATION).slice(0, 20_000)
    at = table.column_names.index("nik")
    niks, names = table["nik"].to_pylist(), table["name"].to_pylist()
    # Two names only: no placeholder by its names, and yet the NIK of six persons.
    niks[:6] = [PERSON["nik"]] * 6
    names[:6] = ["SITI NURHALIZA RAHMAWATI", "BUDI SANTOSO"] * 3
    table = table.set_column(at, "nik", pa.array(niks))
    table = table.set_column(table.column_names.index("name"), "name", pa.array(names))
    linked = link_files([parquet(tmp_path, table)])
    assert [(each.field, each.records) for each in linked.shared if each.field == "nik"] == [("nik", 6)]
    first = set(table["record_id"].to_pylist()[:6])
    place = [i for i, each in enumerate(linked.loaded.ids.to_pylist()) if each in first]
    assert len(set(linked.clusters.person[place].tolist())) == 6
    shown = [k for k in range(len(linked.pairs.left)) if {linked.pairs.left[k], linked.pairs.right[k]} <= set(place)]
    assert shown and (level(linked.pairs.pattern[shown], NIK) == 0).all()


def test_what_was_spilt_gives_the_same_bytes_and_leaves_nothing(linked, whole, folder):
    write(linked, folder / "in memory")
    spilt = link_files([whole], seed=3, spill=folder / "spill")
    write(spilt, folder / "spilt")
    for name in FILES:
        assert (folder / "in memory" / name).read_bytes() == (folder / "spilt" / name).read_bytes(), name
    assert spilt.spilt > 100 * len(spilt.loaded) and list((folder / "spill").iterdir()) == []


def test_a_disk_that_fills_while_spilling_is_said_and_nothing_is_left(linked, whole, folder, capsys):
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    words = ["linkage", "dedupe", str(whole), "--out", str(folder / "never"), "--spill", str(folder / "full")]
    # Smaller than the names of all records, larger than all that comes before them.
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(linked.loaded) * 20, hard))
    try:
        assert main(words) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "no room left" in capsys.readouterr().err
    assert list((folder / "full").iterdir()) == [] and not (folder / "never").exists()


def test_ids_longer_than_32_bits_can_say_are_sorted_too(linked, whole, monkeypatch):
    monkeypatch.setattr("blanko.engines.linkage.features.LONG_TEXT", 1000)
    again = link_files([whole], seed=3)
    assert pa.types.is_large_string(again.loaded.ids.type)
    assert (again.clusters.person == linked.clusters.person).all()


@pytest.mark.parametrize("column", ["birth_place", "name", "address"])
def test_parquet_that_is_not_utf8_is_refused_too(tmp_path, column):
    table = rows(PERSON, PERSON, {**PERSON, "address": "JL MAWAR 3"})
    bad = pa.array([b"SITI", b"SITI", b"B\xff\xfe"]).view(pa.string())
    names = [*table.column_names, *({column} - set(table.column_names))]
    table = table.set_column(names.index(column), column, bad)
    with pytest.raises(UnreadableRecords, match=f"{column} in row 3 is not UTF-8"):
        link_files([parquet(tmp_path, table)])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "is empty"),
        (b"record_id,name\n", "no record"),
        (b"name,nik\nSITI,1\n", "no column record_id"),
        (b"record_id,nmae,name2\n1,SITI,x\n", "name"),
        (b"record_id,name,birth_dat\n1,SITI,1970-01-01\n", "birth_date"),
        (b"record_id,name\n1,SITI\n1,BUDI\n", "stands 2 times"),
        (b"record_id,name\n1,SITI\n2,B\xff\xfe\n", "not UTF-8"),
        (b"record_id,name\n1,SITI,extra\n2\n", "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_is_wrong(tmp_path, text, says):
    path = tmp_path / "records.csv"
    path.write_bytes(text)
    with pytest.raises(UnreadableRecords, match=says):
        link_files([path])


def test_a_column_of_another_type_is_refused(tmp_path):
    table = rows(PERSON).set_column(2, "name", pa.array([1.5]))
    with pytest.raises(UnreadableRecords, match="column name is double"):
        link_files([parquet(tmp_path, table)])


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UnreadableRecords, match="cannot read"):
        link_files([tmp_path / "none.csv"])


@pytest.mark.parametrize("text", ["", "[]", '{"format": "other"}', '{"format": "blanko-linkage-1", "fields": {}}'])
def test_a_file_that_is_no_model_is_refused(tmp_path, text):
    path = tmp_path / "model.json"
    path.write_text(text)
    with pytest.raises(InvalidModel):
        read_model(path)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_full_disk_leaves_no_half_file(tmp_path):
    linked = link_files([parquet(tmp_path, rows(PERSON))])
    out = tmp_path / "out"
    out.mkdir()
    (out / "pairs.parquet.part").symlink_to("/dev/full")
    with pytest.raises(CannotWriteLinks, match="no room left"):
        write(linked, out)
    assert list(out.iterdir()) == []


def test_an_audit_drawn_from_a_run_judges_what_two_readers_answer(linked, whole, folder, capsys):
    write(linked, folder / "links")
    words = [
        "linkage",
        "audit",
        str(folder / "links"),
        str(whole),
        "--seed",
        "31 12 64",
        "--out",
        str(folder / "audit"),
    ]
    assert main([*words, "--merged", "200", "--per-band", "20"]) == 0
    key = json.loads((folder / "audit" / "key.json").read_text())["pairs"]
    truth = dict(zip(NATION.truth["record_id"].to_pylist(), NATION.truth["person_id"].to_pylist(), strict=True))
    same = {row["pair"]: truth[row["record_a"]] == truth[row["record_b"]] for row in key}
    for reader in "ab":
        path = folder / "audit" / f"reader_{reader}.csv"
        head, *lines = path.read_text().splitlines()
        assert "weight" not in head and "decided" not in head
        told = [line + ("same" if same[int(line.split(",")[0])] else "different") for line in lines]
        path.write_text("\n".join([head, *told]) + "\n")
    capsys.readouterr()
    assert main(["linkage", "judge", str(folder / "audit"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    merged = [row["pair"] for row in key if row["decided"] == "merged"]
    assert found["precision"]["judged"] == len(merged) == 200
    assert found["precision"]["errors"] == sum(not same[pair] for pair in merged)
    assert not found["precision"]["proven"] and 0.8 < found["recall"]["recall"] <= 1
    assert main(["linkage", "judge", str(folder / "audit")]) == 0 and "not proven" in capsys.readouterr().out
