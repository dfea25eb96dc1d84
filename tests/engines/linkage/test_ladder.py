"""What a rule of plain fields costs the people behind the records."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from blanko.doors.cli.main import main
from blanko.engines.linkage.errors import UnreadableRecords
from blanko.engines.linkage.ladder import RULES, groups, persons, read, rung
from tests.engines.linkage.records import parquet, rows

BUDI = {"name": "Budi Santoso", "birth_date": "1980-01-01", "birth_place": "BLITAR", "nik": "3505010101800001"}
NAMESAKE = {**BUDI, "birth_place": "MALANG", "nik": "3507010101800001"}


def test_a_person_whose_every_record_is_closed_counts_as_one_person_and_removes_no_double():
    # Person 1 has rows 0 and 1, person 2 row 2, person 3 rows 3 and 4.
    person = np.array([1, 1, 2, 3, 3])
    found = rung("", np.array([0, 0, 0, 0, 0]), person)
    assert (found.closed, found.removed, found.people, found.doubles) == (4, 1, 2, 2)
    assert found.people_per_double == 2.0
    assert rung("", np.arange(5), person).people_per_double is None


def test_namesakes_of_one_birthday_fall_to_two_fields_and_not_to_four(tmp_path):
    records = read([parquet(tmp_path, rows(BUDI, {**BUDI, "name": " budi santoso"}, NAMESAKE))])
    firsts = {rule: groups(records, fields, digits).tolist() for rule, fields, digits in RULES}
    two, twelve, six, whole = firsts.values()
    assert two == [0, 0, 0] and twelve == six == whole == [0, 0, 2]


def test_a_record_that_lacks_a_field_is_in_no_group(tmp_path):
    records = read([parquet(tmp_path, rows(BUDI, {**BUDI, "nik": "35"}, {**BUDI, "birth_date": None}))])
    for _, fields, digits in RULES[1:]:
        assert groups(records, fields, digits).tolist() == [0, 1, 2]


def test_truth_of_another_nation_is_refused_by_the_record_that_it_lacks(tmp_path):
    records = read([parquet(tmp_path, rows(BUDI))])
    pq.write_table(pa.table({"record_id": ["x"], "person_id": pa.array([1], pa.int64())}), tmp_path / "truth.parquet")
    with pytest.raises(UnreadableRecords, match="000000"):
        persons(records, tmp_path / "truth.parquet")


def test_the_command_says_each_rule_and_the_engine_last(tmp_path, capsys):
    path = parquet(tmp_path, rows(BUDI, {**BUDI, "name": "budi santoso"}, NAMESAKE))
    pq.write_table(
        pa.table({"record_id": ["000000", "000001", "000002"], "person_id": pa.array([1, 1, 2], pa.int64())}),
        tmp_path / "truth.parquet",
    )
    pq.write_table(
        pa.table({"record_id": ["000000", "000001", "000002"], "person_id": ["000000", "000000", "000002"]}),
        tmp_path / "clusters.parquet",
    )
    command = ["linkage", "ladder", str(path), "--truth", str(tmp_path / "truth.parquet"), "--links", str(tmp_path)]
    assert main([*command, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [row["people"] for row in told] == [1, 0, 0, 0, 0] and told[-1]["removed"] == 1
    assert main(command) == 0
    assert "1 records are one too many" in capsys.readouterr().out
