"""The published rule: which record stays, who signs, which steps follow."""

from datetime import date
from itertools import product

import pytest

from blanko.decisions.cases import rules
from blanko.decisions.cases.rules import Member, Outcome, State, Step

A = Member(("3171", "A"), "PRINT_READY_RECORD", date(2015, 1, 1))
B = Member(("3201", "B"), "PRINT_READY_RECORD", date(2016, 1, 1))
C = Member(("3201", "C"), "CARD_ISSUED", date(2014, 1, 1))


@pytest.mark.parametrize(
    ("members", "stays"),
    [
        ([A, B], B),
        ([A, B, C], C),
        ([A, Member(("3171", "Z"), "PRINT_READY_RECORD")], A),
        ([Member(("3201", "C"), "CARD_ISSUED", None, closed=True), A], A),
        ([Member(("2", "A"), "PROCESSING"), Member(("1", "B"), "PROCESSING")], Member(("1", "B"), "PROCESSING")),
    ],
)
def test_when_nobody_answers_the_card_decides_then_the_newest_registration(members, stays):
    assert rules.chosen(members) == rules.chosen(members[::-1]) == stays


def test_a_second_officer_signs_for_a_printed_card_and_for_many_records():
    assert rules.second_officer([A, B]) == ""
    assert rules.second_officer([C]) == "second_card"
    assert rules.second_officer([A, A, A]) == "second_many"


def test_the_parts_name_each_record_once_and_the_one_that_stays_first():
    assert rules.parts_of(Outcome.SAME, [A, B], keep=[A.key]) == [[A.key, B.key]]
    assert rules.parts_of(Outcome.SAME, [A, B]) == [[B.key, A.key]]
    assert rules.parts_of(Outcome.DIFFERENT, [A, B]) == [[A.key], [B.key]]
    assert rules.parts_of(Outcome.PARTS, [A, B, C], parts=[[C.key, A.key], [B.key]]) == [[B.key], [C.key, A.key]]


@pytest.mark.parametrize(
    ("outcome", "given"),
    [
        (Outcome.PARTS, {"parts": [[A.key]]}),
        (Outcome.PARTS, {"parts": [[A.key, B.key], [B.key]]}),
        (Outcome.PARTS, {"parts": [[A.key, B.key], []]}),
        (Outcome.SAME, {"keep": [C.key]}),
        (Outcome.SAME, {"keep": [A.key, B.key]}),
    ],
)
def test_unclear_parts_are_refused(outcome, given):
    with pytest.raises(rules.PartsUnclear):
        rules.parts_of(outcome, [A, B], **given)


def test_only_the_steps_of_the_table_follow():
    for state, step in product(State, Step):
        if (state, step) in rules.AFTER:
            assert rules.after(state, step, case_no=1) is rules.AFTER[state, step]
        else:
            with pytest.raises(rules.CaseStands):
                rules.after(state, step, case_no=1)
    # What is settled or overtaken can come back; nothing is an end.
    assert {state for state, _step in rules.AFTER} == set(State)


def test_a_person_has_time_to_answer():
    assert rules.due_on(date(2017, 4, 4), None) == date(2017, 5, 4)
    assert rules.due_on(date(2017, 4, 4), date(2017, 6, 1)) == date(2017, 6, 1)
    with pytest.raises(rules.DueTooSoon):
        rules.due_on(date(2017, 4, 4), date(2017, 5, 3))


def test_ages_fall_into_one_band_each():
    assert [rules.age_of(date(2017, 4, 4), date(2017, 4, day)) for day in (1, 4, 11, 12)] == [
        (0, 7), (0, 7), (0, 7), (8, 30),
    ]  # fmt: skip
    assert rules.age_of(date(2017, 1, 1), date(2018, 1, 1)) == (91, None)
