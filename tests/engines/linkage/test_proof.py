"""Proof without truth, from end to end: draw, two blind readers, and what their answers prove."""

import csv
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from blanko.doors.cli.linkage_audit import GROUPS, READERS, draw, judge
from blanko.doors.cli.main import main
from blanko.engines.linkage.audit import MERGED_LEAST
from blanko.engines.linkage.dedupe import link_files, write
from blanko.engines.linkage.errors import UnreadableRecords
from tests.engines.linkage.records import nation, parquet, registrations


def answer(out, says, readers=READERS):
    """Fill the sheets: ``says(reader, row)`` is the answer to a row of a sheet."""
    for reader in readers:
        path = out / f"reader_{reader}.csv"
        with path.open(newline="", encoding="utf-8") as file:
            sheet = list(csv.DictReader(file))
        with path.open("w", newline="", encoding="utf-8") as file:
            filled = csv.DictWriter(file, sheet[0])
            filled.writeheader()
            filled.writerows({**row, "answer": says(reader, row)} for row in sheet)


def key_of(out):
    return json.loads((out / "key.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def linked(tmp_path_factory):
    """(links, file, person of each record) of a nation."""
    folder = tmp_path_factory.mktemp("proof")
    made = nation(20_000, 31)
    path = parquet(folder, registrations(made))
    write(link_files([path]), folder / "links")
    truth = made.truth.filter(made.truth["record_id"].is_valid())
    return (
        folder / "links",
        path,
        dict(zip(truth["record_id"].to_pylist(), truth["person_id"].to_pylist(), strict=True)),
    )


def test_readers_who_know_the_truth_bound_it_in_all_and_in_every_group(linked, tmp_path, capsys):
    links, path, person = linked
    draw(links, [path], seed="31 12 64", out=tmp_path, merged=MERGED_LEAST, per_band=40)
    pairs = {row["pair"]: row for row in key_of(tmp_path)["pairs"]}

    def truly(reader, row):
        pair = pairs[int(row["pair"])]
        return "same" if person[pair["record_a"]] == person[pair["record_b"]] else "different"

    answer(tmp_path, truly)
    found = judge(tmp_path)
    kept = pq.read_table(links / "pairs.parquet").to_pylist()
    same = [person[row["record_a"]] == person[row["record_b"]] for row in kept]
    merged = np.array([row["decided"] == "merged" for row in kept])
    right = np.array(same)[merged].mean()
    assert found["precision"]["judged"] == merged.sum()
    assert found["precision"]["precision"] == pytest.approx(right, abs=1e-6)
    assert found["precision"]["at_least"] <= right <= found["precision"]["at_most"]
    recall = merged.sum() / (merged.sum() + (np.array(same) & ~merged).sum())
    assert found["recall"]["at_least"] <= recall and found["recall"]["at_least"] < found["recall"]["recall"]
    assert set(found["by"]) == {"band", *GROUPS}
    for group, each in found["by"].items():
        assert sum(row["precision"]["judged"] for row in each.values()) == merged.sum(), group
        assert sum(row["recall"]["apart"] for row in each.values()) == (~merged).sum(), group
        assert all(row["recall"]["at_least"] <= row["recall"]["recall"] for row in each.values())
    assert set(found["by"]["sex"]) == {"L", "P"} and set(found["by"]["name_words"]) == {"one", "more"}
    assert len(found["by"]["province"]) > 5
    assert main(["linkage", "judge", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "not proven" in said and "province 12" in said and "name words one" in said


def test_a_sheet_shows_neither_weight_nor_decision_nor_the_other_reader_s_order(linked, tmp_path):
    links, path, _ = linked
    draw(links, [path], seed="1 2 3", out=tmp_path, merged=50, per_band=5)
    sheets = {}
    for reader in READERS:
        with (tmp_path / f"reader_{reader}.csv").open(newline="", encoding="utf-8") as file:
            sheets[reader] = list(csv.DictReader(file))
    assert not {"match_weight", "decided", "band", "record_a", "record_b"} & set(sheets["a"][0])
    assert [row["pair"] for row in sheets["a"]] != [row["pair"] for row in sheets["b"]]
    assert all(row["answer"] == "" for row in sheets["a"])


@pytest.fixture
def many(tmp_path):
    """Links of 6,500 merged pairs and a few left apart, and their records."""
    n = 6_600
    ids = [f"{k:06d}" for k in range(2 * n)]
    names = ["SITI AMINAH" if k % 3 else "SUPARMAN" for k in range(2 * n)]
    records = pa.table(
        {"record_id": ids, "name": names, "sex": ["P"] * (2 * n), "village_code": ["3171011001"] * (2 * n)}
    )
    decided = ["merged"] * 6_500 + ["review"] * 100
    weight = np.concatenate([np.full(6_500, 20.0), np.full(100, 3.0)])
    pairs = {"record_a": ids[:n], "record_b": ids[n:], "match_weight": weight, "decided": decided}
    pq.write_table(pa.table(pairs), tmp_path / "pairs.parquet")
    return parquet(tmp_path, records), tmp_path


def test_it_stops_when_proven_and_not_a_pair_earlier(many, capsys):
    path, folder = many
    out = folder / "audit"
    draw(folder, [path], seed="6 6 6", out=out, merged=MERGED_LEAST, per_band=20)
    last = str(MERGED_LEAST)
    answer(out, lambda reader, row: "" if row["pair"] == last else "same")
    told = judge(out)["precision"]
    assert not told["proven"] and told["more"] == 1
    answer(out, lambda reader, row: "same")
    assert judge(out)["precision"]["proven"]
    assert main(["linkage", "judge", str(out)]) == 0
    assert "PROVEN" in capsys.readouterr().out


def test_a_draw_goes_on_with_its_seed_and_keeps_what_was_answered(many):
    path, folder = many
    out = folder / "audit"
    draw(folder, [path], seed="6 6 6", out=out, merged=100, per_band=10)
    answer(out, lambda reader, row: "same" if int(row["pair"]) <= 100 else "different")
    before = {(row["record_a"], row["record_b"]) for row in key_of(out)["pairs"]}
    told = draw(folder, [path], seed="6 6 6", out=out, merged=200, per_band=10)
    assert told["answered"] == {"a": 110, "b": 110} and told["merged"] == 200
    after = key_of(out)["pairs"]
    assert before <= {(row["record_a"], row["record_b"]) for row in after}
    found = judge(out)
    assert found["precision"]["judged"] == 100 and found["precision"]["errors"] == 0
    assert found["recall"]["judged"] == 10 and found["recall"]["missed"] == 0


@pytest.mark.parametrize(("seed", "merged", "says"), [("6 6 5", 100, "another seed"), ("6 6 6", 50, "leaves out")])
def test_answers_are_never_overwritten_by_another_draw(many, seed, merged, says):
    path, folder = many
    out = folder / "audit"
    draw(folder, [path], seed="6 6 6", out=out, merged=100, per_band=10)
    answer(out, lambda reader, row: "same")
    with pytest.raises(UnreadableRecords, match=says):
        draw(folder, [path], seed=seed, out=out, merged=merged, per_band=10)
    assert judge(out)["precision"]["judged"] == 100


def test_a_word_that_is_no_answer_is_refused_by_its_pair(many):
    path, folder = many
    out = folder / "audit"
    draw(folder, [path], seed="6 6 6", out=out, merged=10, per_band=1)
    answer(out, lambda reader, row: "sama" if row["pair"] == "7" else "same", readers=("b",))
    with pytest.raises(UnreadableRecords, match="pair 7: 'sama'"):
        judge(out)


def test_a_group_that_nobody_judged_bounds_nothing(many):
    path, folder = many
    out = folder / "audit"
    draw(folder, [path], seed="6 6 6", out=out, merged=10, per_band=0)
    answer(out, lambda reader, row: "same")
    recall = judge(out)["recall"]
    assert recall["not_sampled"] == 100 and recall["at_least"] == pytest.approx(6_500 / 6_600, abs=1e-4)
