"""A recorded person without a card holds at most one suket, and the card ends it."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import Error, IntegrityError, connection, connections, transaction
from hypothesis import given
from hypothesis import strategies as st
from records.filed import AT, application, put, registration

from blanko.cards.custody import operations as custody
from blanko.cards.custody.rules import Key, Line
from blanko.cards.issuance import operations as issuance
from blanko.cards.suket import operations, papers, queries, rules
from blanko.cards.suket.models import LiveSuket, Suket
from blanko.ground.audit import operations as audit
from blanko.records.entitlement import operations as entitlement
from blanko.records.registry import operations as registry

OFFICE, OPERATOR = "3171", "operator.3171"
DAY = date(2017, 4, 4)
BY = {"by": OPERATOR, "at": AT}


def load(*registrations, **more):
    put(registrations=list(registrations), **more)
    registry.take_in(by="svc.registry", at=AT)
    entitlement.refresh(as_of=DAY, by="svc.registry", at=AT)


def person(number):
    with connection.cursor() as cursor:
        cursor.execute("SELECT person_id FROM registry_record_current WHERE record_id = %s", [f"R{number:05d}"])
        return cursor.fetchone()[0]


@pytest.fixture
def office(warehouse):
    """Six print-ready persons, two that await uniqueness, one holder of a card; one box of 50 blanks."""
    movement = custody.dispatch(
        consignment=[Line("PB17", 1, 1, 50)], from_office="00", to_office=OFFICE, key=Key("suket", 1),
        by="gudang.pusat", at=AT,
    )  # fmt: skip
    custody.receive(movement=movement, by=OPERATOR, at=AT)
    load(
        *(registration(n, status_since=date(2016, 11, 1) + timedelta(days=n)) for n in range(6)),
        *(registration(n, status="SENT_FOR_ENROLLMENT") for n in (6, 7)),
        registration(8, status="CARD_ISSUED", card_issued_on=date(2016, 11, 1)),
    )
    return OFFICE


def test_a_suket_says_why_from_when_to_when_and_by_which_rule(office):
    number = operations.issue(person_id=person(0), office=office, **BY)
    found = queries.suket(number)
    assert number == "470/00001/SUKET/3171/2017"
    assert (found["reason"], found["issued_on"], found["valid_until"]) == ("PRR", DAY, date(2017, 10, 4))
    assert "471.13/10231" in found["rule"]
    assert queries.suket(operations.issue(person_id=person(6), office=office, **BY))["reason"] == "SFE"


@given(st.dates(date(2016, 9, 29), date(2030, 1, 1)))
def test_a_suket_is_valid_for_six_months_of_the_calendar(day):
    until = rules.valid_until(day)
    months = (until.year - day.year) * 12 + until.month - day.month
    assert months == 6
    assert until.day == day.day or (until + timedelta(days=1)).day == 1 and until.day < day.day


def test_no_suket_was_issued_before_the_circular():
    with pytest.raises(rules.NoRuleInForce):
        rules.validity(date(2016, 9, 28))


@pytest.mark.parametrize(
    ("number", "given", "error"),
    [
        (8, {}, rules.NoSuketDue),
        (0, {"reason": "SFE"}, rules.ReasonDisagrees),
        (0, {"office": "3172"}, rules.OfAnotherOffice),
    ],
)
def test_what_the_record_does_not_bear_out_is_refused(office, number, given, error):
    with pytest.raises(error):
        operations.issue(**{"person_id": person(number), "office": office, **BY, **given})
    assert not Suket.objects.exists()


def test_a_person_holds_one_suket_also_past_its_last_day(office):
    number = operations.issue(person_id=person(0), office=office, **BY)
    later = {"by": OPERATOR, "at": AT + timedelta(days=300)}
    with pytest.raises(rules.SuketHeld, match=number):
        operations.issue(person_id=person(0), office=office, **later)
    renewed = operations.renew(number=number, **later)
    assert (queries.suket(number)["ended"], queries.suket(number)["renewed_by"]) == ("renewed", renewed)
    with pytest.raises(rules.SuketEnded):
        operations.renew(number=number, **later)


def test_a_suket_is_renewed_near_its_end_only(office):
    number = operations.issue(person_id=person(0), office=office, **BY)
    with pytest.raises(rules.NotYetRenewable):
        operations.renew(number=number, by=OPERATOR, at=AT + timedelta(days=100))
    operations.renew(number=number, by=OPERATOR, at=AT + timedelta(days=160))


def test_a_voided_suket_says_why_and_another_may_follow(office):
    number = operations.issue(person_id=person(0), office=office, **BY)
    with pytest.raises(rules.NoReasonGiven):
        operations.void(number=number, cause="lost", note=" ", **BY)
    operations.void(number=number, cause="lost", note="lost on a ferry", **BY)
    assert queries.suket(number)["note"] == "lost on a ferry"
    with pytest.raises(rules.SuketEnded):
        operations.void(number=number, cause="lost", note="again", **BY)
    with pytest.raises(rules.UnknownSuket):
        operations.void(number="470/9", cause="lost", note="none", **BY)
    assert operations.issue(person_id=person(0), office=office, **BY) != number


def test_the_hand_over_of_the_card_ends_the_suket_in_the_same_transaction(office, monkeypatch):
    numbers = {n: operations.issue(person_id=person(n), office=office, **BY) for n in (0, 1)}
    first, second = issuance.print_cards(office=office, limit=2, **BY)
    assert queries.suket(numbers[0])["ended"] is None, "printed is not handed over"
    issuance.hand_over(cards=[first], to="holder", checked="face", **BY)
    found = queries.suket(numbers[0])
    assert (found["ended"], found["card"], found["ended_by"]) == ("card_issued", first, OPERATOR)

    def fail(**_):
        raise RuntimeError("crash between")

    monkeypatch.setattr("blanko.cards.suket.operations.end_by_cards", fail)
    with pytest.raises(RuntimeError), transaction.atomic():
        issuance.hand_over(cards=[second], to="holder", checked="face", **BY)
    assert queries.suket(numbers[1])["ended"] is None
    with connection.cursor() as cursor:
        cursor.execute("SELECT status FROM registry_record_current WHERE record_id = 'R00001'")
        assert cursor.fetchone() == ("CARD_PRINTED",)


def test_a_suket_of_an_earlier_id_ends_with_the_card_of_the_person(office):
    number = operations.issue(person_id=person(3), office=office, **BY)
    # The live row still carries the id under which it was issued; the record carries the present one.
    LiveSuket.objects.filter(number=number).update(person_id=-5)
    assert operations.end_by_cards(cards={person(3): "PB17-000001-0001"}, **BY) == 1


def test_a_bulk_issue_reaches_each_waiting_person_once_in_the_order_of_the_queue(office):
    operations.issue(person_id=person(1), office=office, **BY)
    first = operations.issue_bulk(office=office, limit=2, **BY)
    assert [queries.suket(number)["record_id"] for number in first] == ["R00000", "R00002"]
    assert len(operations.issue_bulk(office=office, **BY)) == 3
    assert operations.issue_bulk(office=office, **BY) == []
    assert queries.waiting_without(office=office) == {"SFE": 2}
    assert len(operations.issue_bulk(office=office, reasons=["PRR", "SFE"], **BY)) == 2


def test_holders_are_counted_by_office_and_age(office):
    operations.issue_bulk(office=office, limit=4, **BY)
    operations.issue_bulk(office=office, by=OPERATOR, at=AT + timedelta(days=40))

    def counted(day, **given):
        return {row["age"]: row["holders"] for row in queries.holders(on=day, office=office, **given)}

    assert counted(DAY) == {"under_1": 6}
    assert counted(DAY + timedelta(days=45)) == {"1_to_3": 4, "under_1": 2}
    assert counted(DAY + timedelta(days=100)) == {"3_to_6": 4, "1_to_3": 2}
    assert counted(DAY + timedelta(days=190)) == {"expired": 4, "3_to_6": 2}
    assert counted(DAY, of_holder=True) == {"25_to_59": 6}
    assert queries.holders(on=DAY, office="3172") == []


def test_numbers_that_files_brought_are_taken_over_once_and_have_no_day(office):
    load(
        registration(20, suket_no="470/0100012/3171/2017"),
        registration(21, suket_no="470/0100013/3171/2017"), registration(22, suket_no="470/0100013/3171/2017"),
        registration(23, status="CARD_ISSUED", card_issued_on=date(2016, 11, 1), suket_no="470/0100014/3171/2017"),
    )  # fmt: skip
    assert operations.take_from_files(**BY) == 1
    assert operations.take_from_files(**BY) == 0
    found = queries.suket("470/0100012/3171/2017")
    assert (found["reason"], found["issued_on"], found["taken_over"]) == ("UNK", None, True)
    with pytest.raises(rules.SuketHeld):
        operations.issue(person_id=person(20), office=office, **BY)
    operations.renew(number=found["number"], **BY)
    assert {row["age"] for row in queries.holders(on=DAY, office=office)} == {"under_1"}


def test_the_paper_is_an_a5_that_the_same_suket_gives_again(office):
    number = operations.issue(person_id=person(0), office=office, **BY)
    pdf = papers.paper(number)
    assert pdf.startswith(b"%PDF")
    assert pdf == papers.paper(number)
    data = papers.paper_data(queries.suket(number))
    assert (data["valid_until"], data["name"], data["ended"]) == ("4 Oktober 2017", "BUDI A0", False)
    operations.void(number=number, cause="wrong_data", note="name", **BY)
    assert papers.paper_data(queries.suket(number))["ended"] is True


def test_every_event_seals_its_rows(office):
    number = operations.issue(person_id=person(0), office=office, **BY)
    operations.renew(number=number, by=OPERATOR, at=AT + timedelta(days=170))
    operations.issue_bulk(office=office, **BY)
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM audit_event WHERE operation LIKE 'suket.%%'")
        events = [event for (event,) in cursor.fetchall()]
    assert len(events) == 4
    assert [event for event in events if not audit.verify(event).holds] == []


def test_the_database_holds_one_live_suket_a_person_and_none_that_ended(office):
    number = operations.issue(person_id=person(0), office=office, **BY)
    held = LiveSuket.objects.values().get()
    other = operations.issue(person_id=person(1), office=office, **BY)
    for clash in ({"number": other}, {"recorded_office": "9999"}, {"person_id": -1}):
        with pytest.raises(IntegrityError), transaction.atomic():
            LiveSuket.objects.create(**{**held, **clash})
    operations.void(number=number, cause="lost", note="lost", **BY)
    with pytest.raises(Error, match="has ended"), transaction.atomic(), connection.cursor() as cursor:
        LiveSuket.objects.create(**held)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_two_clerks_at_once_give_a_person_one_suket_and_no_number_twice(fresh_database, acting_as):
    with acting_as("svc.registry"):
        load(*(registration(n) for n in range(12)))
        persons = [person(n) for n in range(12)]
    given_out: list[str] = []
    refused: list[int] = []

    def clerk(ordered):
        try:
            for number in ordered:
                try:
                    with acting_as(OPERATOR):
                        given_out.append(
                            operations.issue(
                                person_id=number, office=OFFICE, by=OPERATOR, at=datetime(2017, 4, 5, tzinfo=UTC)
                            )
                        )
                except rules.SuketHeld:
                    refused.append(number)
        finally:
            connections.close_all()

    clerks = [threading.Thread(target=clerk, args=[order]) for order in (persons, persons[::-1])]
    for one in clerks:
        one.start()
    for one in clerks:
        one.join()
    assert sorted(given_out) == [rules.numbered(OFFICE, 2017, n) for n in range(1, 13)]
    assert sorted(refused) == sorted(persons)


def test_who_lost_a_card_is_print_ready_and_may_have_a_suket(office):
    put(applications=[application(8, applied_on=DAY)])
    registry.take_in(by="svc.registry", at=AT)
    entitlement.refresh(as_of=DAY, by="svc.registry", at=AT)
    assert queries.suket(operations.issue(person_id=person(8), office=office, **BY))["reason"] == "PRR"
