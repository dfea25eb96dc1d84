"""``./blanko procurement``: every verb answers in words and as JSON, and a payment beyond acceptance fails by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from blanko.doors.cli import procurement
from blanko.records.procurement import lead_times, rules, stock

EXAMPLE = Path(__file__).parents[3] / "examples" / "tenders-spse.csv"
CONTRACT = "BLANKO-KTPEL-2017"

pytestmark = pytest.mark.database


@pytest.fixture
def run(replayed, django_db_blocker, capsys):
    def called(*words):
        assert procurement.main(list(words)) == 0
        return capsys.readouterr().out

    with django_db_blocker.unblock():
        yield called


@pytest.mark.parametrize(
    "words",
    [("list", "tenders"), ("contracts",), ("lots",), ("show", CONTRACT), ("show", "PB17-L03"),
     ("show", "LPSE-KEMENDAGRI-2017"), ("score",), ("lead-times",), ("material", CONTRACT), ("value",)],
)  # fmt: skip
def test_every_verb_answers_in_words_and_as_json(run, words):
    assert run(*words).strip()
    for line in run(*words, "--json").splitlines():
        assert json.loads(line)


def test_the_chips_from_abroad_are_a_number_of_the_plan(run):
    told = json.loads(run("material", CONTRACT, "--json"))
    assert (told["days"], told["abroad_days"], told["critical_path"]) == (51, 44, ["chip", "chip_voyage", "print"])


def test_the_maker_of_2017_is_not_scored_from_estimated_days(run):
    told = json.loads(run("score", "--json", "--as-of", "2017-04-30"))
    assert (told["left_out"], told["on_time"]["tried"], told["defect"]["tried"]) == ([CONTRACT], 0, 0)
    asked = json.loads(run("score", "--json", "--as-of", "2017-04-30", "--with-estimates"))
    assert (asked["on_time"]["tried"], asked["defect"]["cases"]) == (6, 3)


def test_lead_times_name_every_stage_and_what_taught_it(run):
    told = {row["stage"]: row for row in map(json.loads, run("lead-times", "--json").splitlines())}
    assert tuple(told) == lead_times.STAGES
    assert {stage for stage, row in told.items() if row["observed"]} == {"tender", "objection"}


def test_a_list_is_imported_and_a_lot_paid_once(run, tmp_path):
    told = json.loads(run("import", str(EXAMPLE), "--rejects", str(tmp_path), "--json"))
    assert told["accepted"] + told["unchanged"] + told["refused"] == told["read"] == 6
    assert json.loads(run("import", str(EXAMPLE), "--json"))["accepted"] == 0
    assert "PT Contoh Kartu" in run("notices")
    paid = json.loads(run("pay", "PB17-L02", "800000", "--payment", "SP2D-CLI", "--on", "2017-04-05", "--json"))
    assert paid["amount_idr"] == 800_000 * 11_750
    with pytest.raises(rules.PaidMoreThanAccepted):
        run("pay", "PB17-L02", "1", "--payment", "SP2D-CLI-2", "--on", "2017-04-05")
    assert "SP2D-CLI" in run("payments")


@pytest.mark.parametrize(
    ("words", "error"),
    [(("show", "NOPE"), rules.UnknownContract), (("score", "Nobody"), rules.UnknownSupplier),
     (("material", "NOPE"), rules.UnknownContract), (("value", "--on-hand", "-1"), stock.MoreThanAccepted)],
)  # fmt: skip
def test_what_is_not_there_is_named(run, words, error):
    with pytest.raises(error):
        run(*words)
