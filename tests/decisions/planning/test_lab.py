"""The built-in cases of the policy lab carry the published figures, mark the rest, and need no database."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from importlib.resources import files
from time import perf_counter

import pytest

from blanko.decisions.planning.lab import BACKLOG, LAMPUNG_SENT, compare, lampung_2017, nation_2017
from blanko.doors.cli import main as cli
from blanko.engines.allocation.errors import UnknownPolicy
from blanko.engines.allocation.policies import POLICIES


def test_lampungs_real_allocation_is_that_of_the_published_facts():
    text = (files("blanko.decisions.scenario.april_2017") / "facts.csv").read_text(encoding="utf-8")
    facts = list(csv.DictReader(text.splitlines()))
    published = {row["area"]: int(row["value"]) for row in facts
                 if row["metric"] == "blanks_allocated" and row["area"].startswith("18")}  # fmt: skip
    received = next(int(r["value"]) for r in facts if r["area"] == "18" and r["metric"] == "blanks_received")
    assert published == LAMPUNG_SENT
    case = lampung_2017()
    assert received == int(case.sent.sum()) == case.deliveries[0] == 136_000
    assert len(case.codes) == 15


def test_every_input_is_marked_and_only_what_was_published_is_observed():
    case = lampung_2017()
    assert {mark.name for mark in case.marks if mark.kind == "observed"} == {"sent", "first delivery"}
    assert {mark.name for mark in case.marks if mark.kind == "estimated"} >= {"backlog", "weekly need", "capacity"}
    assert all(mark.source for mark in case.marks + nation_2017().marks)


def test_the_nation_sums_to_its_published_totals():
    case = nation_2017()
    assert len(case.codes) == 514
    assert int(case.backlog.sum()) == BACKLOG == 4_500_000
    assert int(case.deliveries.sum()) == 7_000_000


def test_equal_counts_left_lampungs_largest_regency_the_farthest_behind():
    by_name = {one.policy: one for one in compare("lampung-2017").outcomes}
    assert by_name["as_sent"].fill_worst < by_name["leximin"].fill_worst
    assert by_name["as_sent"].waiting_mean > by_name["leximin"].waiting_mean
    assert by_name["as_sent"].over > 0


def test_six_policies_over_the_nation_take_less_than_three_seconds():
    began = perf_counter()
    found = compare("nation-2017", POLICIES)
    assert perf_counter() - began < 3
    assert [one.policy for one in found.outcomes] == list(POLICIES)


def test_a_case_that_is_not_known_is_named():
    with pytest.raises(UnknownPolicy, match="no case 'mars-2031'"):
        compare("mars-2031")


def test_the_command_prints_the_table_and_the_same_bytes_for_a_seed(capsys):
    assert cli.main(["planning", "compare", "--policies", "leximin,equal_counts,as_sent"]) == 0
    out = capsys.readouterr().out
    assert "as_sent" in out and "estimated: backlog" in out and "Lampung" in out
    texts = []
    for _ in range(2):
        assert cli.main(["planning", "compare", "--policies", "leximin", "--seed", "4", "--json"]) == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1]
    found = json.loads(texts[0])
    assert (found["seed"], found["case"], found["begins"]) == (4, "lampung-2017", "2017-04-10")
    (outcome,) = found["outcomes"]
    assert outcome["rule"] == "leximin-fill/1"
    assert len(outcome["weeks"]) == 26 and len(outcome["areas"]) == 15


def test_the_command_needs_no_database_and_a_wrong_policy_is_one_line():
    run = [sys.executable, "-m", "blanko", "planning", "compare", "--policies", "lottery"]
    env = {k: v for k, v in os.environ.items() if not k.startswith(("DATABASE_", "DJANGO_"))}
    env["DATABASE_URL"] = "postgresql://nobody@127.0.0.1:1/none"
    done = subprocess.run(run, capture_output=True, text=True, env=env, check=False, timeout=60)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "there is no policy 'lottery'" in done.stderr and "leximin" in done.stderr
