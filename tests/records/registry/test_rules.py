"""Statuses, leads and person ids as rules."""

from datetime import date
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blanko.kernel.errors import InvalidValue
from blanko.records.registry.rules import (
    TRANSITIONS,
    Candidate,
    IllegalTransition,
    Kind,
    Status,
    believes_file,
    check_transition,
    lead_of,
    merged_persons,
    person_number,
    person_text,
)

S = Status
DAY = date(2017, 3, 1)


def test_no_transition_stands_twice_and_none_leads_back_to_unregistered():
    assert len(set(TRANSITIONS)) == len(TRANSITIONS)
    assert S.UNREGISTERED not in {t.to_status for t in TRANSITIONS}


def test_every_status_can_be_reached_and_every_one_can_be_observed_first():
    assert {t.to_status for t in TRANSITIONS if t.kind is Kind.STEP} == set(S) - {S.UNREGISTERED}
    assert {t.to_status for t in TRANSITIONS if t.kind is Kind.FIRST} == set(S) - {S.UNREGISTERED}


def test_a_file_may_show_exactly_what_steps_lead_to():
    steps = {(t.from_status, t.to_status) for t in TRANSITIONS if t.kind is Kind.STEP}
    reach = set(steps)
    for _ in S:
        reach |= {(a, d) for (a, b), (c, d) in product(reach, steps) if b is c}
    observed = {(t.from_status, t.to_status) for t in TRANSITIONS if t.kind is Kind.OBSERVED}
    known = set(S) - {S.UNREGISTERED}
    assert observed == {(a, b) for a, b in reach if a in known} | {(s, s) for s in known}


@pytest.mark.parametrize(
    ("from_status", "to_status"),
    [
        (S.SENT_FOR_ENROLLMENT, S.CARD_ISSUED),
        (S.PRINT_READY_RECORD, S.CARD_ISSUED),
        (S.CARD_ISSUED, S.BIO_CAPTURED),
        (S.UNREGISTERED, S.PRINT_READY_RECORD),
        (S.DUPLICATE_RECORD, S.CARD_PRINTED),
    ],
)
def test_no_step_is_skipped(from_status, to_status):
    with pytest.raises(IllegalTransition, match=to_status) as refusal:
        check_transition(from_status, to_status, Kind.STEP)
    assert refusal.value.mend.startswith("allowed: ")


@pytest.mark.parametrize(
    ("held", "shown", "days_later", "believed"),
    [
        (S.PRINT_READY_RECORD, S.CARD_ISSUED, 40, True),
        (S.PRINT_READY_RECORD, S.CARD_ISSUED, -40, True),
        (S.PRINT_READY_RECORD, S.CARD_ISSUED, None, True),
        (S.CARD_ISSUED, S.PRINT_READY_RECORD, 40, True),
        (S.CARD_ISSUED, S.PRINT_READY_RECORD, -1, False),
        (S.CARD_ISSUED, S.PRINT_READY_RECORD, None, False),
        (S.CARD_PRINTED, S.SENT_FOR_ENROLLMENT, 40, False),
        (S.PRINT_READY_RECORD, S.PRINT_READY_RECORD, -40, True),
        (S.SENT_FOR_ENROLLMENT, S.UNREGISTERED, 40, False),
    ],
)
def test_an_old_photograph_does_not_undo_what_happened_since(held, shown, days_later, believed):
    since = None if days_later is None else date.fromordinal(DAY.toordinal() + days_later)
    assert believes_file(held=held, held_since=DAY, shown=shown, shown_since=since) is believed


def candidate(status, *, since=DAY, recorded=DAY, record_id="A"):
    return Candidate("3171", record_id, status, since, recorded)


def test_the_card_goes_by_the_record_that_is_furthest_then_longest_then_earliest_then_by_key():
    issued, ready = candidate(S.CARD_ISSUED, record_id="Z"), candidate(S.PRINT_READY_RECORD, record_id="B")
    closed = candidate(S.DUPLICATE_RECORD, since=date(2011, 1, 1), record_id="0")
    waiting = candidate(S.SENT_FOR_ENROLLMENT, record_id="Y")
    assert lead_of([ready, issued, closed]) == issued
    assert lead_of([closed, waiting]) == waiting
    longer = candidate(S.PRINT_READY_RECORD, since=date(2017, 2, 1), record_id="C")
    assert lead_of([ready, longer]) == longer
    earlier = candidate(S.PRINT_READY_RECORD, recorded=date(2012, 1, 1), record_id="D")
    assert lead_of([ready, earlier]) == earlier
    assert lead_of([candidate(S.PRINT_READY_RECORD, record_id="C"), ready]) == ready


@given(groups=st.lists(st.lists(st.integers(1, 12), min_size=1, max_size=4), max_size=8))
def test_merged_persons_end_at_the_smallest_id_of_all_that_hang_together(groups):
    together = {n: {n} for group in groups for n in group}
    for group in groups:
        union = set().union(*(together[n] for n in group))
        for n in union:
            together[n] = union
    assert merged_persons(groups) == {n: min(t) for n, t in together.items() if min(t) != n}
    assert merged_persons(reversed(groups)) == merged_persons(groups)


@given(number=st.integers(1, 10**12), place=st.integers(0, 20), digit=st.integers(0, 9))
def test_a_written_person_id_is_read_back_and_no_wrong_digit_passes(number, place, digit):
    text = person_text(number)
    assert person_number(text.lower()) == number
    at = place % len(text)
    wrong = f"{text[:at]}{digit}{text[at + 1 :]}"
    if text[at].isdigit() and wrong != text:
        with pytest.raises(InvalidValue):
            person_number(wrong)
