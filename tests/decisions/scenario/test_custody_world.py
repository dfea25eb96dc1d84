"""The simulator: many steps hold every promise, the same seed is the same run, and it finds what somebody breaks."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blanko.cards.custody.rules import Line
from blanko.decisions.scenario.custody_world.book import lines_of
from blanko.decisions.scenario.custody_world.play import run
from blanko.decisions.scenario.custody_world.shrink import shrink
from blanko.decisions.scenario.custody_world.world import Counted, Difference, World, compare

# Together 100,000 steps: one half always the same, one half never the same twice.
FIXED, STEPS_A_SEED = 2017, 50_000


@pytest.fixture
def databases(django_db_setup, django_db_blocker):
    """Runs have databases of their own; they only need to be allowed to connect."""
    with django_db_blocker.unblock():
        yield


@pytest.mark.launcher
@pytest.mark.long
@pytest.mark.timeout(1200)
def test_a_hundred_thousand_steps_make_or_lose_nothing_and_name_every_fraud(databases, capsys):
    seeds = (FIXED, secrets.randbelow(2**31))
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "blanko", "simulate", "custody", "--seed", str(seed), "--steps", str(STEPS_A_SEED),
             "--json"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ,
        )
        for seed in seeds
    ]  # fmt: skip
    told = []
    for process in started:
        out, err = process.communicate(timeout=1150)
        assert out, err
        told.append(json.loads(out))
    with capsys.disabled():
        for report in told:
            sys.stdout.write(f"\nseed {report['seed']}: {report['steps']:,} steps in {report['seconds']:.0f} s\n")
    for report in told:
        assert not report["failed"], f"{report['failed']}\nreplay: {report['replay']}"
        assert report["named"] == sum(report["frauds"].values())
        assert set(report["frauds"]) == {
            "theft", "theft on the way", "swap", "printed without right", "issued without right",
            "boxes exchanged in the book", "a balance raised",
        }  # fmt: skip
        assert report["movements"] > STEPS_A_SEED / 4, "hardly anything moved"
        # Every kind of trouble came up, many times.
        troubles = ("again", "reuse", "arrive", "crash", "race", "deadlock", "theft", "swap", "count", "counted twice",
                    "card", "follow", "destroy", "made past the queue", "past the journal", "reconcile")  # fmt: skip
        assert all(report["done"][trouble] > 20 for trouble in troubles), report["done"]


def test_the_same_seed_is_the_same_run_and_another_seed_another(databases):
    first, again, other = run(7, range(400)), run(7, range(400)), run(8, range(400))
    assert not first.failed
    assert first.fingerprint == again.fingerprint != other.fingerprint


# What somebody might break, and what the simulator must then say.
BROKEN = {
    "a movement that came twice is not looked up, its balance is": (
        "CREATE OR REPLACE FUNCTION custody_seen(movements jsonb) RETURNS boolean LANGUAGE sql AS 'SELECT false'"
    ),
    "a balance is one too high": (
        "CREATE FUNCTION sabotage() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF NEW.condition = 'spoiled' AND NEW.quantity > 5 THEN NEW.quantity := NEW.quantity + 1; END IF;"
        " RETURN NEW; END $$;"
        "CREATE TRIGGER sabotage BEFORE UPDATE ON custody_balance FOR EACH ROW EXECUTE FUNCTION sabotage()"
    ),
    "the sender may receive": "ALTER TABLE custody_movement_phase DROP CONSTRAINT custody_phase_two_persons",
    "an event's rows are changed behind its seal": (
        "CREATE FUNCTION sabotage() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " NEW.reason := NEW.reason || ' indeed'; RETURN NEW; END $$;"
        "CREATE TRIGGER sabotage BEFORE INSERT ON custody_movement_phase FOR EACH ROW EXECUTE FUNCTION sabotage()"
    ),
    "blanks vanish on the way": (
        "CREATE FUNCTION sabotage() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF OLD.office IS NULL AND NEW.office = '7371' THEN NEW.office := '3273'; END IF; RETURN NEW; END $$;"
        "CREATE TRIGGER sabotage BEFORE UPDATE ON custody_box FOR EACH ROW EXECUTE FUNCTION sabotage()"
    ),
}


def test_what_nobody_breaks_stands(databases):
    assert not run(2017, range(700)).failed


@pytest.mark.parametrize("what", BROKEN)
def test_what_somebody_breaks_is_found(databases, what):
    report = run(2017, range(700), before=lambda admin: admin.execute(BROKEN[what]))
    assert report.failed


def test_a_failing_run_shrinks_to_the_few_steps_that_are_enough(databases):
    def broken(steps):
        return run(3, steps, before=lambda admin: admin.execute(next(iter(BROKEN.values()))))

    whole = broken(range(300))
    only = shrink(list(range(whole.failed_at + 1)), lambda steps: bool(broken(steps).failed), tries=40)
    assert len(only) <= 5
    assert broken(only).failed


@given(st.sets(st.integers(0, 199), min_size=1, max_size=5))
def test_shrinking_keeps_exactly_what_is_needed(needed):
    assert shrink(range(200), lambda steps: needed <= set(steps), tries=10_000) == sorted(needed)


def test_a_count_names_what_is_missing_what_is_surplus_and_what_was_counted_twice():
    book = [Line("PB17", 1, 1, 10), Line("PB17", 2, 1, 3)]
    sheet = [Counted("PB17", 1, 1, 8), Counted("PB17", 2, 1, 3), Counted("PB17", 9, 5, 5), Counted("PB17", 2, 3, 3)]
    assert compare(book, sheet) == [
        Difference("missing", ("PB17", 1, 9)), Difference("missing", ("PB17", 1, 10)),
        Difference("surplus", ("PB17", 9, 5)), Difference("twice", ("PB17", 2, 3)),
    ]  # fmt: skip


@given(st.sets(st.tuples(st.sampled_from(["A1", "B2"]), st.integers(1, 2), st.integers(1, 9))))
def test_lines_hold_exactly_their_blanks(blanks):
    lines = lines_of(blanks)
    assert {(line.series, line.box_no, p) for line in lines for p in range(line.first, line.last + 1)} == blanks


def test_a_fraud_is_open_until_each_of_its_blanks_is_named():
    world = World()
    world.commit_fraud("theft", 5, [("PB17", 1, 1), ("PB17", 1, 2)])
    assert world.named(("PB17", 1, 1))
    assert world.open_frauds
    assert world.named(("PB17", 1, 2))
    assert not world.open_frauds
    assert not world.named(("PB17", 1, 3)), "nothing was done to this one"
