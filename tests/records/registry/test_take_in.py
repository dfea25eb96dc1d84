"""Records become persons; statuses become chains."""

import random
from datetime import UTC, date, datetime
from itertools import product

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction
from records.filed import death, nik, put, registration

from blanko.ground.audit import operations as audit
from blanko.records.registry import operations, queries
from blanko.records.registry.models import DeathReport, StatusName, StatusTransition
from blanko.records.registry.operations import StatusStep
from blanko.records.registry.rules import (
    LEAD_RANK,
    TRANSITIONS,
    Candidate,
    ChainLink,
    IllegalTransition,
    Kind,
    Standing,
    Status,
    believes_file,
    lead_of,
    standing,
)

pytestmark = pytest.mark.django_db
AT = datetime(2017, 4, 4, 2, tzinfo=UTC)
BY = {"by": "svc.registry", "at": AT}


@pytest.fixture(autouse=True)
def acting(db, acting_as):
    with acting_as("svc.registry"):
        yield


def take(**rows):
    put(**rows)
    return operations.take_in(**BY)


def record(number, office="3171"):
    return queries.record(recorded_office=office, record_id=f"R{number:05d}")


def test_the_database_holds_the_rules_own_tables():
    rows = set(StatusTransition.objects.values_list("from_status", "to_status", "kind"))
    assert rows == {(str(a), str(b), str(kind)) for a, b, kind in TRANSITIONS}
    assert dict(StatusName.objects.values_list("status", "lead_rank")) == {str(s): r for s, r in LEAD_RANK.items()}


def test_each_record_finds_one_person_and_a_second_call_writes_nothing():
    first = take(registrations=[registration(n) for n in range(5)])
    assert (first.records_new, first.persons_new, first.statuses) == (5, 5, 5)
    assert operations.take_in(**BY) == operations.TakeIn()


def test_every_event_holds_its_seal():
    done = take(
        registrations=[
            registration(1, name='Siti "É" \\ O\'Neil'),
            registration(2, record_id='A"\\/2', status=None, status_since=None),
            registration(3, record_id="R3b"),
            registration(3, record_id="R3c", status="UNREGISTERED"),
        ],
        deaths=[death(1)],
    )
    again = take(registrations=[registration(1, status="CARD_ISSUED", status_since=date(2017, 3, 30))])
    steps = operations.change_statuses(
        changes=[StatusStep("3171", "R3b", "SENT_FOR_CARD_PRINTING", date(2017, 4, 4))], **BY
    )
    assert len(done.events) == 2
    for event in [*done.events, *again.events, steps]:
        seal = audit.verify(event)
        assert seal.holds, seal
        assert seal.sealed.count > 0


def test_exact_duplicates_are_one_person_across_offices_and_files():
    take(registrations=[registration(1)])
    done = take(registrations=[registration(1, recorded_office="3201", record_id="X", name="Hj. budi b1, S.Pd")])
    assert (done.persons_new, done.duplicates_linked) == (0, 1)
    person = queries.person(record(1)["person_id"])
    assert [(r["recorded_office"], r["is_lead"], r["cluster_size"]) for r in person["records"]] == [
        ("3171", True, 2),
        ("3201", False, 2),
    ]


def test_person_ids_do_not_depend_on_the_order_of_rows_and_say_nothing_of_the_nik():
    take(registrations=[registration(n) for n in (3, 1, 2)])
    ids = [record(n)["person_id"] for n in (1, 2, 3)]
    assert ids == sorted(ids)
    assert ids[2] - ids[0] == 2


def test_one_nik_of_two_people_is_a_warning_on_both_until_one_is_mended():
    take(registrations=[registration(1), registration(2, nik=nik(1))])
    assert record(1)["person_id"] != record(2)["person_id"]
    assert "nik_shared" in record(1)["warnings"]
    assert "nik_shared" in record(2)["warnings"]
    take(registrations=[registration(2)])
    assert "nik_shared" not in record(1)["warnings"] + record(2)["warnings"]


def test_a_correction_that_shows_two_persons_to_be_one_merges_them_and_the_earlier_id_resolves():
    take(registrations=[registration(1), registration(2)])
    one, two = record(1)["person_id"], record(2)["person_id"]
    done = take(registrations=[registration(2, nik=nik(1), name="BUDI B1")])
    assert done.persons_merged == 1
    assert queries.resolve(two) == one
    assert queries.person(two)["earlier_ids"] == [two]
    assert record(2)["person_id"] == one
    assert sum(r["is_lead"] for r in queries.person(one)["records"]) == 1


def test_a_new_version_never_tears_a_record_from_its_person():
    take(registrations=[registration(1), registration(1, recorded_office="3201")])
    take(registrations=[registration(1, recorded_office="3201", name="ANOTHER NAME")])
    assert record(1)["person_id"] == record(1, office="3201")["person_id"]


def test_what_a_row_lacks_matches_nothing_and_is_dated_by_the_day_it_came():
    lacking = {"nik": None, "name": None, "birth_date": None, "sex": None, "recorded_on": None}
    done = take(registrations=[registration(n, status=None, status_since=None, **lacking) for n in (1, 2)])
    assert (done.persons_new, done.niks_shared) == (2, 0)
    assert (record(1)["status_since"], record(1)["recorded_on"]) == (date(2017, 4, 4), None)


def test_a_person_may_be_named_null():
    named = {"name": "NULL", "nik": nik(1)}
    assert take(registrations=[registration(n, **named) for n in (1, 2)]).duplicates_linked == 1


def test_without_a_status_a_record_awaits_uniqueness():
    take(registrations=[registration(1, status=None, status_since=None)])
    found = record(1)
    assert (found["status"], found["status_since"]) == ("SENT_FOR_ENROLLMENT", date(2016, 5, 2))
    assert found["statuses"][0]["reason"] == "the file gives no status"


def test_a_card_issued_on_is_a_status():
    take(registrations=[registration(1, status=None, status_since=None, card_issued_on=date(2017, 1, 9))])
    assert (record(1)["status"], record(1)["status_since"]) == ("CARD_ISSUED", date(2017, 1, 9))


def test_a_later_file_adds_what_it_shows_to_the_chain():
    take(registrations=[registration(1)])
    take(registrations=[registration(1, status="CARD_ISSUED", status_since=date(2017, 4, 2))])
    assert [(s["from_status"], s["to_status"], s["kind"]) for s in record(1)["statuses"]] == [
        ("UNREGISTERED", "PRINT_READY_RECORD", "first"),
        ("PRINT_READY_RECORD", "CARD_ISSUED", "observed"),
    ]


def test_a_file_without_a_status_leaves_the_held_one():
    take(registrations=[registration(1)])
    take(registrations=[registration(1, status=None, status_since=None, name="BUDI BARU")])
    assert (record(1)["status"], len(record(1)["statuses"])) == ("PRINT_READY_RECORD", 1)


def test_what_the_chain_cannot_take_is_kept_as_a_conflict_until_a_file_agrees():
    take(registrations=[registration(1, status="CARD_PRINTED")])
    done = take(registrations=[registration(1, status="BIO_CAPTURED", status_since=date(2017, 3, 1))])
    assert done.status_conflicts == 1
    found = record(1)
    assert (found["status"], found["warnings"]) == ("CARD_PRINTED", ["status_conflict"])
    assert found["conflicts"][0]["shown_status"] == "BIO_CAPTURED"
    take(registrations=[registration(1, status="CARD_ISSUED", status_since=date(2017, 3, 2))])
    assert (record(1)["status"], record(1)["warnings"]) == ("CARD_ISSUED", [])


def test_a_recorded_row_that_says_unregistered_is_kept_as_a_conflict_and_the_record_awaits_uniqueness():
    take(registrations=[registration(1, status="UNREGISTERED")])
    found = record(1)
    assert (found["status"], found["conflicts"][0]["shown_status"]) == ("SENT_FOR_ENROLLMENT", "UNREGISTERED")


def test_a_step_moves_the_record_and_chooses_the_lead_again():
    take(registrations=[registration(1), registration(1, record_id="B", status_since=date(2016, 12, 1))])
    assert record(1)["is_lead"]
    operations.change_statuses(changes=[StatusStep("3171", "B", "CARD_PRINTED", date(2017, 4, 3))], **BY)
    assert not record(1)["is_lead"]
    assert queries.record(recorded_office="3171", record_id="B")["is_lead"]


def test_one_illegal_step_refuses_the_whole_call_by_name():
    take(registrations=[registration(1), registration(2, status="SENT_FOR_ENROLLMENT")])
    steps = [StatusStep("3171", f"R{n:05d}", "CARD_PRINTED", date(2017, 4, 4)) for n in (1, 2)]
    with pytest.raises(IllegalTransition, match="R00002.*SENT_FOR_ENROLLMENT.*CARD_PRINTED"):
        operations.change_statuses(changes=steps, **BY)
    assert record(1)["status"] == "PRINT_READY_RECORD"
    with pytest.raises(operations.StatusRepeated):
        operations.change_statuses(changes=[steps[0], steps[0]], **BY)
    with pytest.raises(queries.UnknownRecord):
        operations.change_statuses(changes=[StatusStep("3171", "none", "CARD_PRINTED", date(2017, 4, 4))], **BY)


def test_a_correction_needs_a_reason_and_may_go_anywhere():
    take(registrations=[registration(1, status="CARD_ISSUED")])
    back = [StatusStep("3171", "R00001", "BIO_CAPTURED", date(2017, 4, 4))]
    with pytest.raises(operations.ReasonMissing):
        operations.change_statuses(changes=back, kind=Kind.CORRECTION, **BY)
    operations.change_statuses(changes=back, kind=Kind.CORRECTION, reason="typed into the wrong row", **BY)
    assert record(1)["status"] == "BIO_CAPTURED"


def test_the_database_folds_a_chain_as_the_rule_does():
    day = date(2017, 4, 4)
    take(registrations=[registration(1, status="CARD_ISSUED", status_since=date(2017, 1, 5)), registration(2)])
    assert record(1)["issued_on"] == date(2017, 1, 5)
    move = lambda n, status, **how: operations.change_statuses(  # noqa: E731 - one word for a step
        changes=[StatusStep("3171", f"R{n:05d}", status, day)], **BY, **how
    )
    for n, status in ((1, "SENT_FOR_CARD_PRINTING"), (2, "CARD_PRINTED"), (2, "CARD_ISSUED")):
        move(n, status)
    assert (record(1)["issued_on"], record(2)["issued_on"]) == (date(2017, 1, 5), day)
    move(2, "CARD_PRINTED", kind=Kind.CORRECTION, reason="handed to nobody")
    assert record(2)["issued_on"] is None
    for n in (1, 2):
        found = record(n)
        chain = [
            ChainLink(Status(s["from_status"]), Status(s["to_status"]), s["since"], Kind(s["kind"]))
            for s in found["statuses"]
        ]
        assert standing(chain) == Standing(Status(found["status"]), found["status_since"], found["issued_on"])


@pytest.mark.parametrize(
    ("seq", "from_status", "to_status", "kind", "code"),
    [
        (2, "PRINT_READY_RECORD", "CARD_ISSUED", "step", "BL301"),
        (2, "CARD_PRINTED", "CARD_ISSUED", "step", "BL302"),
        (3, "PRINT_READY_RECORD", "CARD_PRINTED", "step", "BL302"),
    ],
)
def test_the_database_itself_refuses_an_illegal_link_of_a_chain(seq, from_status, to_status, kind, code):
    take(registrations=[registration(1)])
    with pytest.raises(DatabaseError) as refusal, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO registry_status (recorded_office, record_id, seq, from_status, to_status, since, kind, reason,"
            " event_id) SELECT '3171', 'R00001', %s, %s, %s, '2017-04-04', %s, '', max(id) FROM audit_event",
            [seq, from_status, to_status, kind],
        )
    assert refusal.value.__cause__.sqlstate == code
    assert len(record(1)["statuses"]) == 1


@pytest.mark.parametrize("table", ["registry_status", "registry_record_link", "registry_death", "registry_coverage"])
def test_facts_cannot_be_changed_or_deleted_by_the_app(table):
    for verb in (f"DELETE FROM {table}", f"UPDATE {table} SET event_id = 1", f"TRUNCATE {table}"):
        with pytest.raises(DatabaseError) as refusal, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(verb)
        assert isinstance(refusal.value.__cause__, psycopg.errors.InsufficientPrivilege)


def test_a_death_is_found_by_record_or_by_a_nik_that_one_person_alone_carries():
    done = take(
        registrations=[registration(1), registration(2), registration(3), registration(4, nik=nik(3))],
        deaths=[death(1), death(9, record_id="R00002"), death(3), death(77)],
    )
    assert (done.deaths, done.deaths_unmatched) == (2, 2)
    assert [record(n)["died_on"] for n in (1, 2, 3)] == [date(2017, 2, 2), date(2017, 2, 2), None]
    later = take(registrations=[registration(77)])
    assert (later.deaths, later.deaths_unmatched) == (1, 1)


def test_a_death_erases_nothing_and_can_be_lifted_for_good():
    take(registrations=[registration(1)], deaths=[death(1)])
    found = record(1)
    assert (found["status"], found["died_on"]) == ("PRINT_READY_RECORD", date(2017, 2, 2))
    with pytest.raises(operations.ReasonMissing):
        operations.lift_death(person_id=found["person_id"], reason=" ", **BY)
    operations.lift_death(person_id=found["person_id"], reason="he came to the counter", **BY)
    assert record(1)["died_on"] is None
    assert operations.take_in(**BY).deaths == 0
    with pytest.raises(operations.NotDead):
        operations.lift_death(person_id=found["person_id"], reason="again", **BY)


def test_a_death_document_that_now_names_another_lifts_the_first_ones_suspension_with_its_reason():
    take(registrations=[registration(1), registration(2)], deaths=[death(1, document_no="D-1")])
    done = take(deaths=[death(2, document_no="D-1")])
    assert (done.deaths, done.deaths_lifted) == (1, 1)
    assert (record(1)["died_on"], record(2)["died_on"]) == (None, date(2017, 2, 2))
    lifted = DeathReport.objects.get(stands=False)
    assert lifted.person_id == record(1)["person_id"]
    assert "D-1" in lifted.reason
    assert DeathReport.objects.filter(person_id=lifted.person_id).count() == 2
    assert audit.verify(lifted.event_id).holds
    assert operations.take_in(**BY) == operations.TakeIn()
    # Named again, the first is dead again; and a person who is not known here is another one too.
    assert take(deaths=[death(1, document_no="D-1", reported_on=date(2017, 3, 9))]).deaths == 1
    assert (record(1)["died_on"], record(2)["died_on"]) == (date(2017, 2, 2), None)
    assert take(deaths=[death(77, document_no="D-1")]).deaths_lifted == 1
    assert record(1)["died_on"] is None


def test_a_death_document_lifts_nobody_whom_it_still_names_or_another_report_holds_dead():
    take(
        registrations=[registration(1), registration(2), registration(3), registration(4)],
        deaths=[death(n, document_no=f"D-{n}") for n in (1, 2)]
        + [death(3, document_no="D-3a", died_on=date(2017, 1, 1)), death(3, document_no="D-3b")],
    )
    operations.lift_death(person_id=record(2)["person_id"], reason="she came to the counter", **BY)
    before = DeathReport.objects.count()
    # A day corrected; a name taken from one whom an officer had lifted; the person of two reports named by one only.
    take(
        deaths=[
            death(1, document_no="D-1", record_id="R00001", died_on=date(2017, 2, 3)),
            death(88, document_no="D-2"),
            death(88, document_no="D-3b"),
        ]
    )
    assert record(1)["died_on"] == date(2017, 2, 3)
    assert record(2)["died_on"] is None
    assert record(3)["died_on"] == date(2017, 1, 1)
    assert DeathReport.objects.count() == before + 1 + 2
    # The other report of the third person, renamed as well, ends the matter.
    take(deaths=[death(4, document_no="D-3a")])
    assert (record(3)["died_on"], record(4)["died_on"]) == (None, date(2017, 2, 2))


def test_a_lifted_report_of_a_merged_person_shows_on_the_record_of_today():
    take(registrations=[registration(1), registration(1, recorded_office="3201", name="BUDI X")])
    take(deaths=[death(1, document_no="D-1", record_id="R00001", recorded_office="3201")])
    take(registrations=[registration(1, recorded_office="3201")])
    assert record(1)["died_on"] == date(2017, 2, 2)
    take(deaths=[death(99, document_no="D-1")])
    assert record(1)["died_on"] is None


def test_a_status_of_death_is_a_death_and_leaves_the_chain_alone():
    take(registrations=[registration(1)])
    done = take(registrations=[registration(1, status="DECEASED", status_since=date(2017, 3, 3))])
    assert done.deaths == 1
    assert (record(1)["status"], record(1)["died_on"]) == ("PRINT_READY_RECORD", date(2017, 3, 3))


def test_an_officer_reports_a_death_for_all_records_of_the_person():
    take(registrations=[registration(1), registration(1, recorded_office="3201")])
    event = operations.report_death(
        recorded_office="3201", record_id="R00001", died_on=date(2017, 4, 1), document_no="AK-7", **BY
    )
    assert record(1)["died_on"] == date(2017, 4, 1)
    assert audit.verify(event).holds


def test_a_regency_is_whole_when_an_officer_says_so_until_it_is_taken_back():
    said = {"regency": "3171", "as_of": date(2017, 4, 4), "by": "kepala.3171", "at": AT}
    event = operations.declare_whole(reason="compared with SIAK, 1:1", **said)
    assert audit.verify(event).holds
    assert queries.whole_regencies()["3171"]["by"] == "kepala.3171"
    with pytest.raises(operations.ReasonMissing):
        operations.withdraw_whole(reason="", **said)
    operations.withdraw_whole(reason="a counter's file was missing", **said)
    assert queries.whole_regencies() == {}


def test_the_database_believes_a_file_exactly_when_the_rule_does():
    held_on, known = date(2017, 3, 1), [status for status in Status if status is not Status.UNREGISTERED]
    dates = [date(2017, 2, 1), held_on, date(2017, 3, 9), None]
    cases = list(enumerate(product(known, Status, dates), 1))
    take(registrations=[registration(n, status=held, status_since=held_on) for n, (held, _, _) in cases])
    take(
        registrations=[
            registration(n, status=shown, status_since=since, mother_name="SITI") for n, (_, shown, since) in cases
        ]
    )
    for n, (held, shown, since) in cases:
        found = record(n)
        believed = believes_file(held=held, held_since=held_on, shown=shown, shown_since=since)
        assert found["status"] == (shown if believed else held), (held, shown, since)
        assert bool(found["conflicts"]) is not believed, (held, shown, since)


def test_the_database_chooses_the_lead_that_the_rule_chooses():
    chance = random.Random(2017)
    days = [date(2016, 1, 1), date(2016, 2, 2), date(2016, 3, 3)]
    rows = [
        registration(
            person,
            record_id=f"R{person}-{copy}",
            recorded_office=chance.choice(["3171", "3201"]),
            status=chance.choice(["CARD_ISSUED", "CARD_PRINTED", "PRINT_READY_RECORD", "DUPLICATE_RECORD"]),
            status_since=chance.choice(days),
            recorded_on=chance.choice(days),
        )
        for person in range(1, 60)
        for copy in range(chance.randint(1, 4))
    ]
    take(registrations=rows)
    by_person = {}
    for row in rows:
        by_person.setdefault(row["name"], []).append(row)
    for found in by_person.values():
        lead = lead_of(
            Candidate(r["recorded_office"], r["record_id"], Status(r["status"]), r["status_since"], r["recorded_on"])
            for r in found
        )
        person = queries.resolve_record(recorded_office=lead.office, record_id=lead.record_id)
        (first, *others) = queries.person(person)["records"]
        assert (first["recorded_office"], first["record_id"]) == (lead.office, lead.record_id)
        assert [r["is_lead"] for r in others] == [False] * (len(found) - 1)
