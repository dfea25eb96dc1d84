"""Cards follow their blanks, and a reconcile names blanks without a card and cards without a blank."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cards.issuance.test_cards import AT, BY, OFFICE, load_people, send_boxes, status_of

from blanko.cards.counting.balance import Source, named
from blanko.cards.custody import arrivals
from blanko.cards.custody import operations as custody
from blanko.cards.custody import queries as held
from blanko.cards.custody.rules import Condition, Key, Kind, lines_of_serials
from blanko.cards.custody.transit import Discrepancy, DiscrepancyKind
from blanko.cards.issuance import comparing, operations, queries
from blanko.cards.issuance.following import Followed, follow
from blanko.records.entitlement import queries as owed

ELSEWHERE = "3172"


@pytest.fixture
def office(warehouse):
    """A sealed box of 50 at Central Jakarta, where 10 people wait."""
    send_boxes(1)
    load_people(10)
    return OFFICE


def change(kind, before, after, serials, *, number, office=OFFICE):
    return custody.change(
        kind=kind, before=Condition(before), after=Condition(after), lines=lines_of_serials(serials), office=office,
        key=Key("test/change", number), reason="burglary", **BY,
    )  # fmt: skip


def differences(scope="ID"):
    done = comparing.reconcile(by="svc.custody", at=AT + timedelta(days=1), scope=scope)
    return [(d.office, d.condition, named(d), d.expected, d.found) for d in done.differences if d.source is Source.CARD]


def test_cards_and_blanks_agree_after_every_kind_of_step(office):
    one, two, three, four = operations.print_cards(office=office, limit=4, **BY)
    operations.hand_over(cards=[one], to="holder", checked="face", **BY)
    operations.spoil(cards=[two], reason="torn", **BY)
    operations.report_lost(cards=[three], reason="gone", **BY)
    operations.ship(cards=[four], office=office, to_office=ELSEWHERE, key=Key("test/ship", 1), **BY)
    operations.send_to_printer(office=office, key=Key("test/job", 1), **BY)
    assert differences() == []
    custody.receive(movement="test/ship:1", by="operator.3172", at=AT)
    assert differences() == [], "the warehouse took it over, which the counter need not have written down yet"
    assert follow(by="svc.issuance", at=AT) == Followed()


def test_a_printed_blank_that_custody_lost_leaves_its_person_owed(office):
    lost, spoiled, kept = operations.print_cards(office=office, limit=3, **BY)
    person = queries.card(lost)["record_id"]
    change(Kind.LOSS, "personalised", "missing", [lost], number=1)
    change(Kind.SPOILAGE, "personalised", "spoiled", [spoiled], number=2)
    assert [(d[2][-9:], d[1], d[3], d[4]) for d in differences()] == [
        ("0001-0001", "personalised", 0, 1), ("0002-0002", "personalised", 0, 1),
    ]  # fmt: skip
    assert follow(by="svc.issuance", at=AT, office="3172") == Followed()
    assert follow(by="svc.issuance", at=AT, office=office) == Followed((lost,), (spoiled,))
    assert follow(by="svc.issuance", at=AT) == Followed(), "done twice"
    assert differences() == []
    assert [row["serial"] for row in queries.uncollected(office=office)] == [kept]
    assert status_of(person) == "PRINT_READY_RECORD"
    assert owed.queue(regency=office)[0]["record_id"] == person, "it costs its person no place"
    last = queries.card(lost)["steps"][-1]
    assert (last["step"], last["reason"]) == ("lost", "burglary (test/change:1)")
    assert len(operations.print_cards(office=office, limit=10, **BY)) == 9


def test_a_transferred_card_that_did_not_come_is_owed_again(office):
    sent, came = operations.print_cards(office=office, limit=2, **BY)
    movement = operations.ship(cards=[sent, came], office=office, to_office=ELSEWHERE, key=Key("test/ship", 1), **BY)
    short = Discrepancy(DiscrepancyKind.SHORT, "operator.3171", line=lines_of_serials([sent])[0])
    arrivals.receive_found(movement=movement, found=[short], by="operator.3172", at=AT)
    assert follow(by="svc.issuance", at=AT, office=office).lost == (sent,)
    assert operations.arrive(movement=movement, by="operator.3172", at=AT) == 1
    assert [row["serial"] for row in queries.uncollected(office=ELSEWHERE)] == [came]
    assert held.balance_sheet()["missing"] == 1
    assert differences() == []


def test_a_card_that_was_spoiled_after_its_transfer_arrived_first(office):
    (sent,) = operations.print_cards(office=office, limit=1, **BY)
    operations.ship(cards=[sent], office=office, to_office=ELSEWHERE, key=Key("test/ship", 1), **BY)
    custody.receive(movement="test/ship:1", by="operator.3172", at=AT)
    change(Kind.SPOILAGE, "personalised", "spoiled", [sent], number=1, office=ELSEWHERE)
    assert follow(by="svc.issuance", at=AT) == Followed((), (sent,), 1)
    assert [step["step"] for step in queries.card(sent)["steps"]] == ["printed", "shipped", "arrived", "spoiled"]


def test_blanks_that_were_printed_and_issued_past_the_queue_are_named(office):
    (card,) = operations.print_cards(office=office, limit=1, **BY)
    serials = [f"PB17-000001-{n:04d}" for n in (5, 6, 9, 10)]
    change(Kind.PERSONALISATION, "good", "personalised", serials, number=1)
    change(Kind.ISSUANCE, "personalised", "issued", serials[2:], number=2)
    assert differences() == [
        (OFFICE, "personalised", "PB17-000001 0005-0006", 2, 0), (OFFICE, "issued", "PB17-000001 0009-0010", 2, 0),
    ]  # fmt: skip
    assert differences("00") == []
    assert follow(by="svc.issuance", at=AT) == Followed()
    change(Kind.ISSUANCE, "personalised", "issued", [card], number=3)
    assert (OFFICE, "personalised", "PB17-000001 0001-0001", 0, 1) in differences()


def test_so_many_blanks_are_named_and_the_rest_is_told_as_a_number(office, monkeypatch):
    monkeypatch.setattr(comparing, "NAMED_MAX", 1)
    custody.open_box(series="PB17", box_no=1, office=office, key=Key("test/open", 1), **BY)
    for number, first in enumerate((1, 11, 21), 1):
        change(Kind.PERSONALISATION, "good", "personalised", [f"PB17-000001-{first:04d}"], number=number)
    assert differences() == [
        (OFFICE, "personalised", "PB17-000001 0001-0001", 1, 0), (OFFICE, "personalised", "", 2, 0),
    ]  # fmt: skip
