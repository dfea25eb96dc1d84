"""One blank for one card owed, in the order of the queue; blank, card and status change together or not at all."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from records.filed import AT, application, put, registration

from blanko.cards.custody import operations as custody
from blanko.cards.custody import queries as held
from blanko.cards.custody.rules import Key, Line
from blanko.cards.issuance import operations, queries, rules
from blanko.cards.issuance.models import ActiveCard
from blanko.ground.audit import operations as audit
from blanko.kernel.errors import BlankoError
from blanko.records.entitlement import operations as entitlement
from blanko.records.entitlement import queries as owed
from blanko.records.registry import operations as registry

OFFICE, OPERATOR = "3171", "operator.3171"
DAY = date(2017, 4, 4)
BY = {"by": OPERATOR, "at": AT}


def send_boxes(count, *, size=50):
    movement = custody.dispatch(
        consignment=[Line("PB17", number, 1, size) for number in range(1, count + 1)],
        from_office="00",
        to_office=OFFICE,
        key=Key("test", 1),
        by="gudang.pusat",
        at=AT,
    )
    custody.receive(movement=movement, by=OPERATOR, at=AT)


def load_people(count, **changes):
    put(
        registrations=[
            registration(n, status_since=date(2016, 11, 1) + timedelta(days=count - n), **changes) for n in range(count)
        ]
    )
    registry.take_in(by="svc.registry", at=AT)
    entitlement.refresh(as_of=DAY, by="svc.registry", at=AT)


@pytest.fixture
def office(warehouse):
    """Two sealed boxes of 50 at Central Jakarta, where 60 people wait, the last recorded one for longest."""
    send_boxes(2)
    load_people(60)
    return OFFICE


def status_of(record_id):
    with connection.cursor() as cursor:
        cursor.execute("SELECT status FROM registry_record_current WHERE record_id = %s", [record_id])
        return cursor.fetchone()[0]


def test_cards_are_printed_in_the_order_of_the_queue(office):
    queue = [row["record_id"] for row in owed.queue(regency=office)]
    serials = operations.print_cards(office=office, limit=3, **BY)
    assert serials == ["PB17-000001-0001", "PB17-000001-0002", "PB17-000001-0003"]
    assert [queries.card(serial)["record_id"] for serial in serials] == queue[:3] == ["R00059", "R00058", "R00057"]
    assert {status_of(record) for record in queue[:3]} == {"CARD_PRINTED"}
    assert [row["record_id"] for row in owed.queue(regency=office)] == queue[3:]


def test_an_opened_box_is_used_up_before_the_next_is_opened(office):
    operations.print_cards(office=office, limit=45, **BY)
    assert held.holdings()[office] == (55, 0, 1, 5)
    serials = operations.print_cards(office=office, limit=15, **BY)
    assert serials[4:6] == ["PB17-000001-0050", "PB17-000002-0001"]
    assert held.balance_sheet()["personalised"] == 60
    assert operations.print_cards(office=office, limit=15, **BY) == [], "nobody is owed a card any more"


def test_fewer_cards_are_printed_when_blanks_run_out(warehouse):
    send_boxes(1)
    load_people(60)
    assert len(operations.print_cards(office=OFFICE, limit=60, **BY)) == 50
    assert len(owed.queue(regency=OFFICE)) == 10
    assert operations.print_cards(office=OFFICE, limit=60, **BY) == []


def test_a_spoiled_card_leaves_its_person_owed_and_takes_another_blank(office):
    (serial,) = operations.print_cards(office=office, limit=1, **BY)
    assert operations.spoil(cards=[serial], reason="chip does not answer", **BY) == 1
    assert held.balance_sheet()["spoiled"] == 1
    (again,) = operations.print_cards(office=office, limit=1, **BY)
    assert again != serial
    assert queries.card(again)["person_id"] == queries.card(serial)["person_id"]
    assert [step["step"] for step in queries.card(serial)["steps"]] == ["printed", "spoiled"]


def test_a_card_reaches_a_hand_with_what_was_checked(office):
    first, second = operations.print_cards(office=office, limit=2, **BY)
    assert [row["serial"] for row in queries.uncollected(office=office)] == [first, second]
    operations.hand_over(
        cards=[first],
        to="authorised",
        checked="letter and face",
        receiver="SITI",
        relation="family",
        document="KK 3171",
        by="kepala.3171",
        at=AT,
    )
    assert [row["serial"] for row in queries.uncollected(office=office)] == [second]
    followed = queries.follow(first)
    assert followed["now"][0]["condition"] == "issued"
    assert [step["kind"] for step in followed["way"]] == [
        "receipt", "dispatch", "dispatch", "opening", "personalisation", "issuance",
    ]  # fmt: skip
    last = followed["card"]["steps"][-1]
    assert (last["step"], last["handed_to"], last["checked"], last["receiver"], last["relation"], last["by"]) == (
        "issued", "authorised", "letter and face", "SITI", "family", "kepala.3171",
    )  # fmt: skip
    assert status_of(followed["card"]["record_id"]) == "CARD_ISSUED"


def test_a_replacement_takes_the_place_of_a_card_that_was_handed_over(office):
    (first,) = operations.print_cards(office=office, limit=1, **BY)
    operations.hand_over(cards=[first], to="holder", checked="face", **BY)
    put(applications=[application(59, applied_on=DAY + timedelta(days=1))])
    registry.take_in(by="svc.registry", at=AT)
    entitlement.refresh(as_of=DAY + timedelta(days=2), by="svc.registry", at=AT)
    serials = operations.print_cards(office=office, limit=60, **BY)
    person = queries.card(first)["person_id"]
    (second,) = [serial for serial in serials if queries.card(serial)["person_id"] == person]
    assert queries.card(second)["cause"] == "loss"
    assert list(ActiveCard.objects.filter(person_id=person).values_list("serial", flat=True)) == [second]


@pytest.mark.parametrize(
    ("attempt", "error"),
    [
        (lambda printed, ended: operations.spoil(cards=[printed], reason=" ", **BY), rules.ReasonMissing),
        (lambda printed, ended: operations.spoil(cards=[printed, ended], reason="torn", **BY), rules.CardEnded),
        (lambda printed, ended: operations.spoil(cards=[printed, printed], reason="torn", **BY), rules.CardNamedTwice),
        (
            lambda printed, ended: operations.hand_over(cards=[printed], to="holder", checked="", **BY),
            rules.NotChecked,
        ),
        (
            lambda printed, ended: operations.hand_over(cards=[printed, ended], to="holder", checked="face", **BY),
            rules.CardEnded,
        ),
        (
            lambda printed, ended: operations.hand_over(
                cards=[printed, "PB17-000001-0050"], to="holder", checked="face", **BY
            ),
            rules.UnknownCard,
        ),
    ],
)
def test_what_is_unlawful_is_refused_by_name_and_changes_nothing(office, attempt, error):
    printed, ended = operations.print_cards(office=office, limit=2, **BY)
    operations.hand_over(cards=[ended], to="holder", checked="face", **BY)
    before = (held.balance_sheet(), queries.follow(printed), queries.follow(ended))
    with pytest.raises(error):
        attempt(printed, ended)
    assert (held.balance_sheet(), queries.follow(printed), queries.follow(ended)) == before


def test_when_the_status_cannot_change_no_blank_is_used(office, monkeypatch):
    before = held.balance_sheet()

    def refuse(*_):
        raise BlankoError("the registry says no")

    monkeypatch.setattr("blanko.cards.issuance.keeping.check_transition", refuse)
    with pytest.raises(BlankoError, match="says no"):
        operations.print_cards(office=office, limit=5, **BY)
    assert held.balance_sheet() == before
    assert len(owed.queue(regency=office)) == 60
    assert ActiveCard.objects.count() == 0


@pytest.mark.parametrize("column", ["person_id", "serial"])
def test_the_database_holds_one_card_a_person_and_one_a_blank(office, column):
    operations.print_cards(office=office, limit=1, **BY)
    other = {"person_id": -1, "serial": "PB17-000009-0001"}
    other[column] = ActiveCard.objects.values_list(column, flat=True).get()
    with pytest.raises(IntegrityError), transaction.atomic():
        ActiveCard(event_id=1, state="printed", office=office, since=AT, **other).save(force_insert=True)


def test_every_event_of_a_cards_life_seals_its_rows(office):
    first, second = operations.print_cards(office=office, limit=2, **BY)
    operations.spoil(cards=[first], reason="torn", **BY)
    operations.hand_over(cards=[second], to="holder", checked="face", **BY)
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM audit_event WHERE operation LIKE 'issuance.%%' OR operation LIKE 'custody.%%'")
        assert [event for (event,) in cursor.fetchall() if not audit.verify(event).holds] == []


def test_a_batch_of_2000_cards_is_printed_in_a_few_statements(db, acting_as, accept):
    with acting_as("svc.issuance"):
        accept(boxes=5, size=500)
        custody.receive_lot(lot_no="L-1", by="gudang.pusat", at=AT)
        send_boxes(5, size=500)
        load_people(2_000)
        with CaptureQueriesContext(connection) as asked:
            serials = operations.print_cards(office=OFFICE, limit=2_000, **BY)
    assert len(serials) == 2_000
    assert len(asked) < 20
