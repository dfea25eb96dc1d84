"""Claims of whole registries: the set-based decision, and what moves a claim."""

from datetime import UTC, date, datetime

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from records.filed import application, death, nik, put, registration

from blanko.ground.audit import operations as audit
from blanko.records.entitlement import operations, queries
from blanko.records.entitlement.models import Claim
from blanko.records.entitlement.rules import (
    BLOCK_OF_WARNING,
    EVER_MARRIED,
    FIRST_CARD_CAUSES,
    LOST_CARD_CAUSES,
    Application,
    Claimant,
    State,
    decide,
)
from blanko.records.registry import operations as registry
from blanko.records.registry import queries as persons
from blanko.records.registry.operations import StatusStep
from blanko.records.registry.rules import Status

pytestmark = pytest.mark.django_db
AT = datetime(2017, 4, 4, 2, tzinfo=UTC)
AS_OF = date(2017, 4, 4)
BY = {"by": "svc.registry", "at": AT}

DAYS = st.sampled_from(
    [
        date(2016, 2, 29),
        date(2016, 12, 1),
        date(2017, 3, 1),
        date(2017, 3, 2),
        AS_OF,
        date(2017, 4, 5),
        date(2017, 6, 1),
    ]
)
CLAIMANTS = st.builds(
    Claimant,
    status=st.sampled_from(Status),
    status_since=DAYS,
    birth_date=st.sampled_from(
        [
            date(1960, 1, 1),
            date(1999, 12, 31),
            date(2000, 2, 29),
            date(2000, 4, 4),
            date(2000, 4, 5),
            date(2001, 1, 1),
            None,
        ]
    ),
    recorded_on=DAYS,
    marital_status=st.sampled_from([None, "BELUM KAWIN", *EVER_MARRIED]),
    died_on=st.none() | DAYS,
    issued_on=st.none() | DAYS,
    warnings=st.frozensets(st.sampled_from([*BLOCK_OF_WARNING, "status_conflict", "nik_repeated"]), max_size=3),
)
CAUSES = st.sampled_from([*FIRST_CARD_CAUSES, *LOST_CARD_CAUSES, "marriage", "divorce", "move", "change_of_element"])
APPLICATIONS = st.lists(st.builds(Application, cause=CAUSES, applied_on=DAYS, event_date=st.none() | DAYS), max_size=3)


@pytest.fixture(autouse=True)
def acting(db, acting_as):
    with acting_as("svc.registry"):
        yield


def fill(cursor, people):
    """The two tables that gather.sql makes from the registry and the applications."""
    cursor.execute("DROP TABLE IF EXISTS entitlement_lead, entitlement_applied")
    cursor.execute(
        "CREATE TEMP TABLE entitlement_lead (person_id bigint, recorded_office text, record_id text, regency text,"
        " nik text, status text, status_since date, birth_date date, recorded_on date,"
        " marital_status text, died_on date, warnings text[], issued_on date)"
    )
    cursor.execute(
        "CREATE TEMP TABLE entitlement_applied (person_id bigint, cause text, applied_on date, event_date date)"
    )
    for number, (one, applications) in enumerate(people):
        cursor.execute(
            "INSERT INTO entitlement_lead VALUES (%s, '3171', %s, '3171', '', %s, %s, %s, %s, %s, %s, %s, %s)",
            [number, f"R{number}", str(one.status), one.status_since, one.birth_date, one.recorded_on]
            + [one.marital_status, one.died_on, sorted(one.warnings), one.issued_on],
        )
        for a in applications:
            cursor.execute(
                "INSERT INTO entitlement_applied VALUES (%s, %s, %s, %s)", [number, a.cause, a.applied_on, a.event_date]
            )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(people=st.lists(st.tuples(CLAIMANTS, APPLICATIONS), min_size=1, max_size=25))
def test_deciding_all_at_once_is_deciding_each_by_the_rule(people):
    columns = ("state", "stage", "cause", "since", "owed_from", "print_ready_since", "blocks", "deceased")
    with transaction.atomic(), connection.cursor() as cursor:
        fill(cursor, people)
        operations.decide_all(cursor, as_of=AS_OF)
        cursor.execute(f"SELECT person_id, {', '.join(columns)} FROM entitlement_decided")
        found = {row[0]: dict(zip(columns, row[1:], strict=True)) for row in cursor.fetchall()}
        cursor.execute("DROP TABLE entitlement_lead, entitlement_applied")
    for number, (one, applications) in enumerate(people):
        claim = decide(one, applications, as_of=AS_OF)
        if claim.state is State.SETTLED:
            assert number not in found
            continue
        wanted = {name: getattr(claim, name) for name in columns}
        assert found[number] == {**wanted, "blocks": list(claim.blocks)}, (one, applications)


def load(*, as_of=AS_OF, **rows):
    put(**rows)
    registry.take_in(**BY)
    return operations.refresh(as_of=as_of, **BY)


def split(area=""):
    found = queries.backlog(area=area)
    return {**{k: v for k, v in found.split().items() if v}, "deceased": found.suspended_deceased}


def test_the_backlog_is_split_and_a_holder_is_no_part_of_it():
    load(
        registrations=[
            registration(1),
            registration(2, status=None, status_since=None),
            registration(3, status="ADJUDICATE_RECORD"),
            registration(4, status="CARD_PRINTED"),
            registration(5, status="CARD_ISSUED"),
            registration(6, birth_date=date(2001, 1, 1)),
            registration(7, status="ENROLL_FAILURE_AT_CENTRAL"),
            registration(8, village_code="1871011001"),
        ]
    )
    assert queries.backlog(area="31").split() == {
        "awaiting_uniqueness": 1,
        "duplicate_cases": 1,
        "print_ready": 1,
        "printed_uncollected": 1,
        "not_yet_obliged": 1,
        "needs_correction": 0,
        "enrolment_failed": 1,
    }
    assert queries.backlog_by_regency(as_of=AS_OF)["1871"].print_ready == 1


def test_a_refresh_without_news_writes_nothing_and_leaves_no_event():
    first = load(registrations=[registration(1), registration(2)])
    assert first.changed == 2
    assert audit.verify(first.event).holds
    assert operations.refresh(as_of=AS_OF, **BY) == operations.Refreshed(0, 0, None)


def test_a_backlog_of_another_day_is_refused_until_it_is_refreshed():
    load(registrations=[registration(1, birth_date=date(2000, 4, 10))])
    with pytest.raises(queries.ClaimsOfAnotherDay, match="2017-04-10"):
        queries.backlog_by_regency(as_of=date(2017, 4, 10))
    assert split() == {"not_yet_obliged": 1, "deceased": 0}
    operations.refresh(as_of=date(2017, 4, 10), **BY)
    assert queries.backlog_by_regency(as_of=date(2017, 4, 10))["3171"].print_ready == 1


@pytest.mark.parametrize("way", ["new version", "death", "step", "moved away"])
def test_removing_one_print_ready_record_of_a_whole_regency_lowers_its_need_by_one(way):
    load(registrations=[registration(n) for n in range(1, 6)])
    registry.declare_whole(regency="3171", as_of=AS_OF, reason="compared 1:1", by="kepala.3171", at=AT)
    assert "3171" in persons.whole_regencies()
    assert queries.backlog_by_regency()["3171"].print_ready == 5
    match way:
        case "new version":
            load(registrations=[registration(3, status="CARD_ISSUED", status_since=AS_OF)])
        case "death":
            load(deaths=[death(3)])
        case "step":
            registry.change_statuses(changes=[StatusStep("3171", "R00003", "CARD_PRINTED", AS_OF)], **BY)
            person = persons.resolve_record(recorded_office="3171", record_id="R00003")
            operations.refresh(as_of=AS_OF, persons=[person], **BY)
        case "moved away":
            load(registrations=[registration(3, village_code="3201011001")])
    assert queries.backlog_by_regency()["3171"].print_ready == 4


def test_exact_duplicates_are_owed_one_card():
    load(registrations=[registration(1), registration(1, recorded_office="3201", village_code="3201011001")])
    assert split() == {"print_ready": 1, "deceased": 0}
    load(registrations=[registration(1, recorded_office="3201", village_code="3201011001", status="CARD_ISSUED")])
    assert split() == {"deceased": 0}


def test_a_merged_person_keeps_one_claim():
    load(registrations=[registration(1), registration(2)])
    load(registrations=[registration(2, nik=nik(1), name="BUDI B1")])
    assert Claim.objects.count() == 1


def test_a_death_suspends_the_claim_until_it_is_lifted_and_the_split_shows_both():
    load(registrations=[registration(1), registration(2)])
    registry.report_death(
        recorded_office="3171", record_id="R00001", died_on=date(2017, 3, 1), document_no="AK-1", **BY
    )
    operations.refresh(as_of=AS_OF, **BY)
    assert split() == {"print_ready": 1, "deceased": 1}
    assert queries.backlog().with_deceased()["print_ready"] == 2
    person = persons.resolve_record(recorded_office="3171", record_id="R00001")
    registry.lift_death(person_id=person, reason="came to the counter", **BY)
    operations.refresh(as_of=AS_OF, **BY)
    assert split() == {"print_ready": 2, "deceased": 0}


def test_a_lost_card_is_owed_again_and_leaves_the_queue_when_it_is_handed_over():
    load(
        registrations=[registration(1, status="CARD_ISSUED")],
        applications=[application(1)],
    )
    (row,) = queries.queue(regency="3171")
    assert (row["cause"], row["print_ready_since"]) == ("loss", date(2017, 4, 1))
    for status in ("CARD_PRINTED", "CARD_ISSUED"):
        registry.change_statuses(changes=[StatusStep("3171", "R00001", status, AS_OF)], **BY)
        operations.refresh(as_of=AS_OF, persons=[row["person_id"]], **BY)
    assert queries.queue(regency="3171") == []
    assert Claim.objects.count() == 0


@pytest.mark.parametrize("cause", ["move", "marriage", "change_of_element", "loss", "damage"])
def test_a_replacement_keeps_its_cause_and_its_place_from_the_printer_to_the_hand(cause):
    load(
        registrations=[registration(1, status="CARD_ISSUED")],
        applications=[application(1, cause=cause, applied_on=date(2017, 4, 1))],
    )
    (row,) = queries.queue(regency="3171")
    for status, since in (
        ("SENT_FOR_CARD_PRINTING", AS_OF),
        ("CARD_PRINTED", AS_OF),
        ("PRINT_READY_RECORD", row["print_ready_since"]),
        ("CARD_PRINTED", AS_OF),
    ):
        registry.change_statuses(changes=[StatusStep("3171", "R00001", status, since)], **BY)
        operations.refresh(as_of=AS_OF, persons=[row["person_id"]], **BY)
        claim = Claim.objects.get()
        assert (claim.cause, claim.since) == (cause, date(2017, 4, 1)), status
        if status == "PRINT_READY_RECORD":
            assert claim.print_ready_since == row["print_ready_since"]
    registry.change_statuses(changes=[StatusStep("3171", "R00001", "CARD_ISSUED", AS_OF)], **BY)
    operations.refresh(as_of=AS_OF, **BY)
    assert not Claim.objects.exists()


def test_why_of_a_day_speaks_of_the_statuses_of_that_day():
    load(registrations=[registration(1, status_since=date(2017, 1, 1))])
    person = persons.resolve_record(recorded_office="3171", record_id="R00001")
    for status, since in (
        ("SENT_FOR_CARD_PRINTING", date(2017, 3, 1)),
        ("CARD_PRINTED", date(2017, 3, 2)),
        ("PRINT_READY_RECORD", date(2017, 1, 1)),
        ("CARD_PRINTED", date(2017, 3, 9)),
        ("CARD_ISSUED", date(2017, 3, 20)),
    ):
        registry.change_statuses(changes=[StatusStep("3171", "R00001", status, since)], **BY)
    operations.refresh(as_of=date(2017, 5, 1), **BY)

    def state(day):
        found = queries.why(person_id=person, as_of=day)
        return str(found["claim"]["state"])

    assert state(date(2017, 2, 1)) == "print_ready"
    assert state(date(2017, 3, 1)) == "printed_uncollected"
    # The card that was spoiled on 2 March gave back the place in the queue since 1 January.
    assert state(date(2017, 3, 5)) == "print_ready"
    assert state(date(2017, 3, 19)) == "printed_uncollected"
    assert state(AS_OF) == "settled"
    with pytest.raises(queries.NotYetRecorded):
        state(date(2016, 12, 31))


def test_the_place_in_the_queue_is_told_for_the_day_of_the_queue_only():
    load(registrations=[registration(1, status_since=date(2017, 1, 1))])
    person = persons.resolve_record(recorded_office="3171", record_id="R00001")
    assert queries.why(person_id=person, as_of=AS_OF)["place_in_queue"] == 1
    assert queries.why(person_id=person, as_of=date(2017, 2, 1))["place_in_queue"] is None


def test_a_repeated_nik_blocks_both_people_until_one_is_mended():
    load(registrations=[registration(1), registration(2, nik=nik(1))])
    assert split() == {"needs_correction": 2, "deceased": 0}
    load(registrations=[registration(2)])
    assert split() == {"print_ready": 2, "deceased": 0}


def test_a_confirmed_nik_blocks_no_card_until_it_is_taken_back_or_the_row_changes():
    said = {"recorded_office": "3171", "record_id": "R00001", **BY}
    wrong = nik(1, born=date(1981, 1, 1))
    load(registrations=[registration(1, nik=wrong)])
    assert split() == {"needs_correction": 1, "deceased": 0}
    with pytest.raises(registry.ReasonMissing):
        registry.confirm_nik(**said, reason=" ")

    def after(event):
        assert audit.verify(event).holds
        operations.refresh(as_of=AS_OF, **BY)
        return split()

    assert after(registry.confirm_nik(**said, reason="court ruling 12/2016 seen")) == {"print_ready": 1, "deceased": 0}
    with pytest.raises(registry.NikNotDoubted):
        registry.confirm_nik(**said, reason="once more")
    blocked = {"needs_correction": 1, "deceased": 0}
    assert after(registry.withdraw_nik(**said, reason="the ruling is of another person")) == blocked
    assert after(registry.confirm_nik(**said, reason="it is the right one after all"))["print_ready"] == 1
    # Another marital status leaves the confirmation; another birth date asks again.
    load(registrations=[registration(1, nik=wrong, marital_status="KAWIN")])
    assert split()["print_ready"] == 1
    load(registrations=[registration(1, nik=wrong, birth_date=date(1982, 1, 1))])
    assert split() == blocked
    history = persons.record(recorded_office="3171", record_id="R00001")["nik_confirmations"]
    assert [row["stands"] for row in history] == [True, False, True]


def test_a_nik_that_is_not_doubted_or_is_carried_by_several_cannot_be_confirmed():
    load(registrations=[registration(1), registration(2, nik=nik(1))])
    for record_id, error in (("R00001", registry.NikNotDoubted), ("R00099", persons.UnknownRecord)):
        with pytest.raises(error):
            registry.confirm_nik(recorded_office="3171", record_id=record_id, reason="seen", **BY)


def test_the_queue_is_in_the_published_order_and_a_deadline_comes_first():
    far = {"village_code": "1871011001"}
    load(
        registrations=[
            registration(1, status_since=date(2017, 1, 1)),
            registration(2, status_since=date(2016, 1, 1)),
            registration(3, status_since=date(2016, 1, 1)),
            registration(4, status_since=date(2017, 3, 1), **far),
        ]
    )
    assert [row["record_id"] for row in queries.queue(regency="3171", limit=2)] == ["R00002", "R00003"]
    assert [row["record_id"] for row in queries.queue()] == ["R00002", "R00003", "R00001", "R00004"]
    dated = queries.queue(deadlines={"1871": date(2017, 4, 19)}, limit=2)
    assert [row["record_id"] for row in dated] == ["R00004", "R00002"]


def test_why_says_what_the_claim_rests_on_and_agrees_with_the_stored_one():
    load(registrations=[registration(1, status_since=date(2017, 1, 1)), registration(2)])
    person = persons.resolve_record(recorded_office="3171", record_id="R00001")
    found = queries.why(person_id=person, as_of=AS_OF)
    stored = Claim.objects.get(person_id=person)
    assert (found["claim"]["state"], found["claim"]["since"]) == (stored.state, stored.since)
    assert found["place_in_queue"] == 2
    with pytest.raises(persons.UnknownPerson):
        queries.why(person_id=10**9, as_of=AS_OF)
