"""Who is owed a card, as rules."""

from datetime import date
from pathlib import Path

import pytest

from blanko.records.entitlement.rules import (
    STAGE_OF_STATUS,
    Application,
    Backlog,
    Claimant,
    State,
    birthday_17,
    decide,
    queue_key,
)
from blanko.records.registry.rules import TRANSITIONS, Kind, Status

AS_OF = date(2017, 4, 4)
BORN = date(1980, 6, 15)


def who(status="PRINT_READY_RECORD", **changes):
    facts = {"status_since": date(2016, 11, 1), "birth_date": BORN, "recorded_on": date(2016, 5, 2)}
    return Claimant(status=Status(status), **{**facts, **changes})


def test_every_status_has_a_stage():
    assert set(STAGE_OF_STATUS) == set(Status)


@pytest.mark.parametrize(
    ("status", "state", "blocks"),
    [
        ("SENT_FOR_ENROLLMENT", "awaiting_uniqueness", ("awaiting_uniqueness",)),
        ("SEARCH_FAILURE_AT_CENTRAL", "awaiting_uniqueness", ("search_failed",)),
        ("ENROLL_FAILURE_AT_REGIONAL", "enrolment_failed", ("enrolment_failed",)),
        ("ADJUDICATE_RECORD", "duplicate_case", ("adjudication",)),
        ("DUPLICATE_RECORD", "duplicate_case", ("duplicate_record",)),
        ("PRINT_READY_RECORD", "print_ready", ()),
        ("SENT_FOR_CARD_PRINTING", "printed_uncollected", ("at_the_printer",)),
        ("CARD_PRINTED", "printed_uncollected", ("not_collected",)),
        ("CARD_ISSUED", "settled", ()),
    ],
)
def test_a_claim_stands_where_its_status_puts_it(status, state, blocks):
    claim = decide(who(status), [], as_of=AS_OF)
    assert (claim.state, claim.blocks) == (state, blocks)


def test_a_first_card_is_owed_since_the_record_and_waits_for_a_blank_since_print_ready():
    claim = decide(who(), [], as_of=AS_OF)
    assert (claim.cause, claim.since) == ("first_card", date(2016, 5, 2))
    assert claim.print_ready_since == date(2016, 11, 1)


@pytest.mark.parametrize(
    ("day", "state"), [(date(2017, 4, 9), State.NOT_YET_OBLIGED), (date(2017, 4, 10), State.PRINT_READY)]
)
def test_a_card_is_owed_on_the_17th_birthday_and_not_a_day_before(day, state):
    claim = decide(who(birth_date=date(2000, 4, 10)), [], as_of=day)
    assert (claim.state, claim.cause, claim.owed_from) == (state, "turned_17", date(2017, 4, 10))
    assert claim.since == date(2017, 4, 10)
    if state is State.PRINT_READY:
        assert claim.print_ready_since == date(2017, 4, 10)


def test_being_married_counts_before_17():
    young = date(2001, 1, 1)
    assert decide(who(birth_date=young), [], as_of=AS_OF).state is State.NOT_YET_OBLIGED
    assert decide(who(birth_date=young, marital_status="KAWIN"), [], as_of=AS_OF).state is State.PRINT_READY
    wedding = Application("marriage", date(2017, 3, 1), date(2017, 2, 1))
    claim = decide(who(birth_date=young), [wedding], as_of=AS_OF)
    assert (claim.state, claim.cause, claim.since) == (State.PRINT_READY, "marriage", date(2017, 2, 1))


def test_who_is_born_on_29_february_comes_of_age_on_28_february():
    assert birthday_17(date(2000, 2, 29)) == date(2017, 2, 28)


@pytest.mark.parametrize("cause", ["loss", "damage", "change_of_element", "move", "marriage", "divorce"])
def test_a_holder_who_applies_after_the_day_of_issue_is_owed_a_new_card_at_once(cause):
    holder = who("CARD_ISSUED", status_since=date(2016, 12, 1))
    claim = decide(holder, [Application(cause, date(2017, 3, 3))], as_of=AS_OF)
    assert (claim.state, claim.cause, claim.blocks) == (State.PRINT_READY, cause, ())
    assert claim.since == claim.print_ready_since == date(2017, 3, 3)


@pytest.mark.parametrize(
    ("cause", "applied_on"),
    [
        ("loss", date(2016, 12, 1)),
        ("loss", date(2016, 1, 1)),
        ("loss", date(2017, 4, 5)),
        ("first_card", date(2017, 3, 3)),
    ],
)
def test_an_application_that_the_card_answered_or_that_is_still_to_come_owes_nothing(cause, applied_on):
    holder = who("CARD_ISSUED", status_since=date(2016, 12, 1))
    assert decide(holder, [Application(cause, applied_on)], as_of=AS_OF).state is State.SETTLED


@pytest.mark.parametrize("warning", ["nik_contradicts_birth_date", "name_missing", "nik_shared"])
def test_a_wrong_nik_blocks_print_ready_with_its_reason(warning):
    claim = decide(who(warnings=frozenset({warning})), [], as_of=AS_OF)
    assert claim.state is State.NEEDS_CORRECTION
    assert len(claim.blocks) == 1
    assert claim.print_ready_since is None


def test_a_warning_about_the_file_blocks_nothing():
    assert decide(who(warnings=frozenset({"status_conflict"})), [], as_of=AS_OF).state is State.PRINT_READY


def test_a_death_suspends_what_is_owed_and_keeps_where_it_stood():
    claim = decide(who(died_on=date(2017, 1, 1)), [], as_of=AS_OF)
    assert (claim.state, claim.stage, claim.blocks) == (State.SUSPENDED_DECEASED, State.PRINT_READY, ("deceased",))
    assert claim.deceased
    assert decide(who(died_on=date(2017, 5, 1)), [], as_of=AS_OF).state is State.PRINT_READY
    assert decide(who("CARD_ISSUED", died_on=date(2017, 1, 1)), [], as_of=AS_OF).state is State.SETTLED


def test_figures_are_shown_with_and_without_the_deceased():
    backlog = Backlog.of(
        {
            ("print_ready", "print_ready"): 7,
            ("duplicate_case", "duplicate_case"): 2,
            ("suspended_deceased", "print_ready"): 3,
            ("suspended_deceased", "awaiting_uniqueness"): 1,
        }
    )
    assert (backlog.print_ready, backlog.duplicate_cases, backlog.suspended_deceased) == (7, 2, 4)
    assert backlog.with_deceased()["print_ready"] == 10
    assert backlog.with_deceased()["awaiting_uniqueness"] == 1
    assert sum(backlog.with_deceased().values()) == sum(backlog.split().values()) + backlog.suspended_deceased


def test_the_queue_goes_by_deadline_then_waiting_then_record():
    def key(deadline=None, since=date(2016, 11, 1), record_id="A"):
        return queue_key(deadline=deadline, print_ready_since=since, recorded_office="3171", record_id=record_id)

    late = key(date(2017, 4, 19), since=date(2017, 3, 1))
    assert late < key(since=date(2014, 1, 1)) < key() < key(record_id="B")


def test_a_missing_birth_date_is_a_reason_to_mend_and_no_reason_to_forget():
    claim = decide(who(birth_date=None, warnings=frozenset({"birth_date_missing"})), [], as_of=AS_OF)
    assert (claim.state, claim.blocks, claim.since) == (State.NEEDS_CORRECTION, ("data_missing",), date(2016, 5, 2))


def test_the_page_of_the_statuses_is_the_rules_own_table():
    page = (Path(__file__).parents[3] / "docs" / "registry.md").read_text(encoding="utf-8")
    for status, (stage, block) in STAGE_OF_STATUS.items():
        steps = ", ".join(t.to_status for t in TRANSITIONS if t.kind is Kind.STEP and t.from_status is status)
        stands = f"{stage} ({block})" if block else stage
        assert f"| {status} | {stands} | {steps} |" in page
