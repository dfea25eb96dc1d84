"""Printers fail and are repaired at rates that the records teach; ribbon comes as it was seen to come."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blanko.records.equipment import rules
from blanko.records.equipment.rules import Pace, PrinterRow, ReportRow

DAY = date(2017, 1, 2)
PACE = Pace(cards_an_hour=20, print_hours=40, operator_cards_an_hour=15)
PRIOR = rules.prior_rates(availability=0.8, repair_weeks=4)


def after(days):
    return DAY + timedelta(days=days)


def nothing_printed(*_):
    return 0.0


def state(printer, state, days, *, office="3171", pace=None):
    return PrinterRow(printer, office, state, after(days), pace)


states = st.lists(
    st.tuples(
        st.sampled_from("ABC"), st.sampled_from(["working", "failed", "retired"]), st.integers(0, 300),
        st.sampled_from(["3171", "3172"]),
    ),
    max_size=20, unique_by=lambda row: (row[0], row[2]),
)  # fmt: skip


@given(states, st.integers(0, 320))
def test_a_printer_is_in_one_spell_at_a_time_and_no_week_is_counted_twice(rows, days):
    as_of = after(days)
    found = rules.spells([PrinterRow(p, office, s, after(d)) for p, s, d, office in rows], as_of=as_of)
    for name in "ABC":
        own = sorted((spell for spell in found if spell.printer == name), key=lambda spell: spell.begin)
        first = [d for p, _s, d, _o in rows if p == name and d <= days]
        assert bool(own) == bool(first)
        if own:
            lengths = [((spell.end or as_of) - spell.begin).days for spell in own]
            assert sum(lengths) == days - min(first)
            assert [spell.end is None for spell in own] == [False] * (len(own) - 1) + [True]
    seen = rules.wear(found, as_of=as_of)
    # Between two failures of one printer lies a repair or a report that it works.
    assert seen.failures <= sum(s == "failed" for _p, s, d, _o in rows if d <= days)
    assert seen.repairs <= sum(s == "working" for _p, s, d, _o in rows if d <= days)


def test_without_records_the_prior_stands_and_many_records_outweigh_it():
    same = rules.learn(rules.Wear(), PRIOR)
    assert (same.availability, same.repair_weeks) == (pytest.approx(0.8), pytest.approx(4))
    # A thousand printers, each a year: the truth is a failure in 26 weeks and a week of repair.
    generator = np.random.default_rng(4)
    rows, end = [], 364
    for number in range(400):
        day, works = 0.0, True
        while day < end:
            rows.append(state(f"P{number}", "working" if works else "failed", int(day)))
            day += 1 + generator.exponential(26 * 7 if works else 7)
            works = not works
    learned = rules.learn(rules.wear(rules.spells(rows, as_of=after(end)), as_of=after(end)), PRIOR)
    assert learned.repair_weeks == pytest.approx(8 / 7, rel=0.1)
    assert 1 / learned.fails_a_week == pytest.approx(26, rel=0.1)


def test_an_office_of_few_printers_borrows_from_all():
    nation = rules.Wear(100, 2_000, 95, 200)
    learned = rules.learn(nation, PRIOR)
    alone = rules.learn(rules.Wear(1, 1.0, 0, 3.0), learned, cases=rules.OFFICE_CASES)
    assert learned.fails_a_week < alone.fails_a_week < 0.1
    assert alone.repairs_a_week < learned.repairs_a_week


def test_a_retired_printer_prints_nothing_and_one_that_moved_stands_where_it_is():
    rows = [state("A", "working", 0), state("B", "working", 0), state("B", "retired", 30), state("C", "failed", 5),
            state("D", "working", 0), state("D", "working", 40, office="3172", pace=50)]  # fmt: skip
    found = rules.offices(rows, [], as_of=after(60), pace=PACE, prior=PRIOR, printed=nothing_printed)
    here, there = found["3171"], found["3172"]
    assert (here.printers, here.working, here.printer_cards) == (2, 1, 2 * 20 * 40)
    assert here.failed == (("C", after(5)),)
    assert (there.printers, there.working, there.printer_cards) == (1, 1, 50 * 40)
    assert (here.operator_cards, here.ribbon_cards) == (None, None)


def test_what_a_later_report_leaves_empty_still_stands_and_the_scarcer_of_ribbon_and_ink_counts():
    reports = [ReportRow("3171", after(0), 900, 300, None, 80, 30), ReportRow("3171", after(7), 800, 200)]
    found = rules.offices([state("A", "working", 0)], reports, as_of=after(8), pace=PACE, prior=PRIOR,
                          printed=nothing_printed)["3171"]  # fmt: skip
    assert found.ribbon_cards == 200
    assert found.operator_cards == 80 * 15
    assert found.printer_cards == 20 * 30
    assert found.cards_a_week == pytest.approx(600 * found.rates.availability)


def test_operators_without_hours_work_the_hours_of_the_week_that_are_assumed():
    report = ReportRow("3171", DAY, None, None, 3)
    found = rules.offices([], [report], as_of=DAY, pace=PACE, prior=PRIOR, printed=nothing_printed)["3171"]
    assert (found.operator_cards, found.printers, found.printer_cards) == (3 * 40 * 15, None, None)


def test_a_store_that_stays_empty_tells_that_nothing_comes():
    empty = [ReportRow("3171", after(7 * week), 0) for week in range(13)]
    rate = rules.ribbon_a_week(empty, prior=700, printed=nothing_printed)
    assert rate == pytest.approx(700 * 4 / 16)
    # What was printed in between must have come.
    assert rules.ribbon_a_week(empty, prior=700, printed=lambda *_: 700) == pytest.approx(700)


def test_a_store_that_fell_without_a_recorded_print_tells_nothing():
    fell = [ReportRow("3171", after(0), 5_000), ReportRow("3171", after(70), 100)]
    assert rules.ribbon_a_week(fell, prior=700, printed=nothing_printed) == pytest.approx(700)


def test_an_old_report_says_nothing_of_today():
    report = ReportRow("3171", DAY, 0)
    late = after(7 * rules.STALE_WEEKS + 1)
    assert rules.offices([], [report], as_of=late, pace=PACE, prior=PRIOR, printed=nothing_printed) == {}
    assert "3171" in rules.offices([], [report], as_of=after(20), pace=PACE, prior=PRIOR, printed=nothing_printed)


@given(st.floats(0.05, 1), st.floats(0.2, 20))
def test_prior_rates_give_back_what_they_were_made_of(availability, weeks):
    rates = rules.prior_rates(availability=availability, repair_weeks=weeks)
    assert rates.repair_weeks == pytest.approx(weeks)
    assert rates.availability == pytest.approx(availability, abs=0.02)
