"""A reported death suspends with notice and objection; a paper that leaves open whom it means asks in a case."""

from datetime import date, timedelta

import pytest
from decisions.cases.doubles import AT, BY, OTHER, snapshot
from django.db import IntegrityError, connection, transaction
from records.filed import death, put, registration

from blanko.decisions.cases import deaths, operations, queries, rules, sheets
from blanko.decisions.cases.models import CaseStep, DeathNotice, DeathObjection
from blanko.ground.audit import operations as audit
from blanko.records.entitlement import operations as entitlement
from blanko.records.registry import operations as registry
from blanko.records.registry.operations import ReasonMissing

pytestmark = pytest.mark.django_db
FAMILY = {"objector": "SITI, anak", "shown": "orangnya sendiri", "reason": "came to the counter"}


@pytest.fixture(autouse=True)
def acting(db, acting_as):
    with acting_as("svc.registry"):
        yield


def take(**files):
    put(**files)
    entitlement.catch_up(**BY)
    return operations.open_cases(**BY)


def suspended():
    return sorted(row[2] for row in snapshot()[1] if row[3] == "suspended_deceased")


def unsure():
    """Two records and a paper that means neither by NIK and name together; the number of its case."""
    said = {"name": "SLAMET RIYADI", "birth_date": date(1980, 1, 1)}
    take(registrations=[registration(1), registration(2)], deaths=[death(1, document_no="AKM/3171/7", **said)])
    (row,) = queries.queue()
    return row["case_no"]


def test_a_death_suspends_and_an_objection_that_another_officer_upholds_lifts_it():
    take(registrations=[registration(0), registration(1)], deaths=[death(0), death(1)])
    assert suspended() == ["R00000", "R00001"]
    (one, other) = sorted(row["person_id"] for row in deaths.standing())
    assert deaths.standing()[0]["object_until"] == date(2017, 5, 4)
    deaths.object_to(person_id=one, **FAMILY, **BY)
    assert [(row["objector"], row["shown"]) for row in deaths.standing(person_id=one)] == [
        ("SITI, anak", "orangnya sendiri")
    ]
    with pytest.raises(rules.ObjectionOpen), transaction.atomic():
        deaths.object_to(person_id=one, **FAMILY, **BY)
    with pytest.raises(rules.SecondOfficerIsFirst), transaction.atomic():
        deaths.uphold(person_id=one, reason="face seen", **BY)
    # Until it is decided the card stays suspended.
    assert suspended() == ["R00000", "R00001"]
    deaths.uphold(person_id=one, reason="face and fingers seen", **OTHER)
    assert {row[0]: row[3] for row in snapshot()[1]} == {one: "print_ready", other: "suspended_deceased"}
    with pytest.raises(rules.NoObjection), transaction.atomic():
        deaths.reject(person_id=other, reason="none", **OTHER)
    with pytest.raises(rules.ObjectionTooLate), transaction.atomic():
        deaths.object_to(person_id=other, **FAMILY, by="operator.3171", at=AT + timedelta(days=31))
    deaths.object_to(person_id=other, **FAMILY, **BY)
    deaths.reject(person_id=other, reason="the certificate was shown", **OTHER)
    assert [row["objection"] for row in deaths.standing()] == ["rejected"]
    with pytest.raises(registry.NotDead):
        deaths.object_to(person_id=one, **FAMILY, **BY)


def test_a_decision_on_an_objection_is_taken_back_and_the_objection_is_open_again():
    take(registrations=[registration(0)], deaths=[death(0)])
    (person,) = (row["person_id"] for row in deaths.standing())
    before = snapshot()
    with pytest.raises(rules.NoObjection):
        deaths.undo(person_id=person, reason="nothing is decided", **OTHER)
    deaths.object_to(person_id=person, **FAMILY, **BY)
    for decide in (deaths.uphold, deaths.reject):
        decide(person_id=person, reason="seen", **OTHER)
        if decide is deaths.uphold:
            assert (suspended(), [row["objector"] for row in deaths.upheld()]) == ([], ["SITI, anak"])
        deaths.undo(person_id=person, reason="the wrong person came", **OTHER)
        assert snapshot() == before
        assert [row["objection"] for row in deaths.standing()] == ["open"]
        assert deaths.upheld() == []
    with pytest.raises(rules.SecondOfficerIsFirst), transaction.atomic():
        deaths.uphold(person_id=person, reason="who kept it does not decide it", **BY)
    deaths.withdraw_objection(person_id=person, reason="the family was mistaken", **BY)
    assert [(row["objection"], row["objector"]) for row in deaths.standing()] == [("", None)]
    with pytest.raises(rules.NoObjection):
        deaths.withdraw_objection(person_id=person, reason="once more", **BY)
    events = set(DeathObjection.objects.values_list("event_id", flat=True))
    assert len(events) == 6
    assert all(audit.verify(event).holds for event in events)


def test_an_objection_says_who_came_and_what_was_shown():
    take(registrations=[registration(0)], deaths=[death(0)])
    (person,) = (row["person_id"] for row in deaths.standing())
    for missing in ("objector", "shown", "reason"):
        with pytest.raises(ReasonMissing), transaction.atomic():
            deaths.object_to(person_id=person, **{**FAMILY, missing: " "}, **BY)
    for decide in (deaths.undo, deaths.withdraw_objection):
        with pytest.raises(ReasonMissing), transaction.atomic():
            decide(person_id=person, reason="", **BY)


def test_the_family_gets_one_notice_for_each_report_that_stands():
    found = take(
        registrations=[registration(0), registration(1), registration(2)],
        deaths=[
            death(0, name=None), death(1, name="BUDI B1", document_no="AKM/1"),
            death(2, record_id="R00002", recorded_office="3171", document_no="AKM/2", name=None),
        ],
    )  # fmt: skip
    assert found.notices == 3
    assert operations.open_cases(**BY).notices == 0
    rows = {row["record_id"]: row for row in deaths.standing()}
    assert {record: row["matched_by"] for record, row in rows.items()} == {
        "R00000": "nik", "R00001": "name", "R00002": "record",
    }  # fmt: skip
    told = rows["R00001"]
    assert (told["noticed_on"], told["object_until"]) == (date(2017, 4, 4), date(2017, 5, 4))
    assert (told["document_office"], told["document_no"], told["died_on"]) == ("3171", "AKM/1", date(2017, 2, 2))
    listed = deaths.notices(form="csv").decode("utf-8-sig").splitlines()
    assert (len(listed), listed[0].split(",")[:2]) == (4, ["notice_no", "person"])
    assert deaths.notices()[:2] == b"PK"
    events = set(DeathNotice.objects.values_list("event_id", flat=True))
    assert all(audit.verify(event).holds for event in events)
    # It is told again when the report stands again.
    registry.lift_death(person_id=told["person_id"], reason="he came", **BY)
    assert not deaths.notice(told["notice_no"])["stands"]
    registry.report_death(
        recorded_office="3171", record_id="R00001", died_on=date(2017, 4, 1), document_no="AKM/9", **BY
    )
    assert operations.open_cases(**BY).notices == 1
    assert [row["matched_by"] for row in deaths.standing() if row["record_id"] == "R00001"] == ["officer"]


def test_the_notice_is_a_letter_and_the_same_letter_has_the_same_bytes():
    take(registrations=[registration(0)], deaths=[death(0)])
    (number,) = (row["notice_no"] for row in deaths.standing())
    made = deaths.paper(number)
    assert made.startswith(b"%PDF")
    assert deaths.paper(number) == made
    with pytest.raises(rules.UnknownNotice):
        deaths.paper(999)


def test_a_paper_that_is_not_sure_suspends_nobody_and_opens_a_case_that_is_answered_and_undone():
    number = unsure()
    assert suspended() == []
    shown = queries.case(number)
    assert (shown["kind"], shown["reason"], shown["paper"]["name"]) == ("death", "somebody_else", "SLAMET RIYADI")
    before = snapshot()
    key = ("3171", "R00001")
    for outcome, keep in (("same", [key]), ("died", []), ("died", [("3171", "R00002")]), ("parts", [])):
        with pytest.raises(rules.NotOfThisKind), transaction.atomic():
            operations.settle(case_no=number, outcome=outcome, keep=keep, reason="seen", **BY)
    operations.settle(case_no=number, outcome="died", keep=[key], reason="the family says so", **BY)
    assert suspended() == ["R00001"]
    assert [row["matched_by"] for row in deaths.standing()] == ["case"]
    assert operations.open_cases(**BY) == operations.Opened()
    operations.undo(case_no=number, reason="another man", **BY)
    assert (snapshot(), queries.queue()[0]["case_no"]) == (before, number)
    operations.settle(case_no=number, outcome="different", reason="nobody here", **BY)
    assert (suspended(), queries.queue()) == ([], [])
    assert all(audit.verify(event).holds for event in CaseStep.objects.values_list("event_id", flat=True))


def test_a_case_about_a_death_is_asked_again_when_its_paper_or_record_changes_and_is_never_grouped():
    number = unsure()
    with pytest.raises(rules.NotGrouped):
        operations.settle_group(kind="death", pattern="", cases=[number], outcome="different", reason="all", **BY)
    # A sheet asks same or different, and this is neither.
    assert sheets.export(form="csv").decode("utf-8-sig").count("\n") == 1
    found = take(deaths=[death(1, document_no="AKM/3171/7", name="SLAMET R")])
    assert (found.opened, found.overtaken) == (1, 1)
    found = take(deaths=[death(1, document_no="AKM/3171/7", name="BUDI B1")])
    assert (found.opened, found.overtaken, suspended()) == (0, 1, ["R00001"])


def test_the_database_keeps_who_objected():
    take(registrations=[registration(0)], deaths=[death(0)])
    with pytest.raises(IntegrityError, match="cases_death_objection_by_whom"), transaction.atomic():
        deaths._keep("object", deaths.standing()[0], reason="seen", **BY)
    with pytest.raises(Exception, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM cases_death_notice")
