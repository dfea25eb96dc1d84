"""The intake takes what the engine makes: the two speak of the same columns, words and areas."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from blanko.doors.cli.synth import villages
from blanko.engines.synth.nation import synthesise
from blanko.engines.synth.writing import write
from blanko.records.intake import operations

AT = datetime(2017, 4, 4, 3, 0, tzinfo=UTC)


@pytest.mark.django_db
def test_the_intake_refuses_no_row_of_a_nation_and_warns_of_what_the_truth_knows(acting_as, tmp_path):
    nation = synthesise(people=4000, seed=7, areas=villages(), whole={"3276": 3000})
    files = [each for each in write(nation, tmp_path) if each.path.suffix == ".csv"]
    with acting_as("svc.intake"):
        loaded = {
            each.path.name: (each, operations.load(path=each.path, by="svc.intake", at=AT, data_dir=tmp_path / "kept"))
            for each in files
        }
    for name, (each, result) in loaded.items():
        assert result.kind == name.removesuffix(".csv")
        assert (result.read, result.accepted, result.refused) == (each.rows, each.rows, 0)
        assert not result.ignored
    wrong = [note for note in nation.truth["nik_note"].to_pylist() if note.startswith("contradicts_")]
    assert wrong
    warnings = loaded["registrations.csv"][1].warning_counts
    assert 0 < warnings["nik_contradicts_birth_date"] + warnings["nik_contradicts_sex"] <= len(wrong) + 10
