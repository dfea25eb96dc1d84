"""What does not look right is told once, to an owner, and stays until it is over or somebody says why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import comb

import pytest
from cards.conftest import AT, accepted_lot
from django.db import Error, transaction
from hypothesis import given
from hypothesis import strategies as st

from blanko.cards.alerts import operations, queries, rules
from blanko.cards.alerts.models import Alert, AlertEnd
from blanko.cards.alerts.rules import AlertKind, Finding, Limits, Pace
from blanko.cards.custody import arrivals
from blanko.cards.custody import operations as custody
from blanko.cards.custody.rules import Condition, Kind, Line
from blanko.cards.custody.transit import Discrepancy, DiscrepancyKind
from blanko.cards.issuance.models import Card, CardStep
from blanko.ground.audit import operations as audit
from blanko.ground.audit.merkle import Facts
from blanko.ground.audit.models import Event

A, B = "1101", "1102"
# 15:00 in Jakarta.
NOON = AT
BY = {"by": "svc.custody"}


def line(box, first=1, last=50):
    return Line("PB17", box, first, last)


def send(warehouse, lines, office="00", to=A, by="gudang.pusat", at=NOON):
    return custody.dispatch(
        consignment=lines, from_office=office, to_office=to, key=warehouse.key(), by=by, at=at
    )  # fmt: skip


def find(at=NOON, **limits):
    return operations.find(at=at, limits=Limits(**limits) if limits else None, **BY)


def kinds():
    return sorted(row["kind"] for row in queries.alerts())


@pytest.fixture
def stocked(warehouse):
    """Boxes 1 to 4 at A, box 1 opened there."""
    movement = send(warehouse, [line(box) for box in (1, 2, 3, 4)])
    custody.receive(movement=movement, by="operator.1101", at=NOON)
    custody.open_box(series="PB17", box_no=1, office=A, key=warehouse.key(), by="operator.1101", at=NOON)
    return warehouse


def change(warehouse, kind, after, lines, office=A, at=NOON, by="operator.1101", before=Condition.GOOD):
    return custody.change(
        kind=kind, before=before, after=after, lines=lines, office=office, key=warehouse.key(), by=by, at=at,
        reason="so",
    )  # fmt: skip


def test_ordinary_work_by_day_is_no_alert(stocked):
    change(stocked, Kind.PERSONALISATION, Condition.PERSONALISED, [line(1, 1, 20)])
    change(stocked, Kind.SPOILAGE, Condition.SPOILED, [line(1, 21, 21)])
    assert find(at=NOON + timedelta(hours=1)) == operations.Found((), ())


def test_stock_below_the_days_of_cover_is_told_and_is_over_when_blanks_come(stocked):
    change(stocked, Kind.PERSONALISATION, Condition.PERSONALISED, [line(1)])
    for box in (2, 3, 4):
        custody.open_box(series="PB17", box_no=box, office=A, key=stocked.key(), by="operator.1101", at=NOON)
        change(stocked, Kind.PERSONALISATION, Condition.PERSONALISED, [line(box, 1, 49)])
    (name,) = find(at=NOON + timedelta(hours=1)).new
    (told,) = queries.alerts()
    assert (told["kind"], told["office"], told["owner"], told["status"]) == ("low_cover", A, "kepala.1101", "open")
    assert told["says"] == {"good": 3, "coming": 0, "a_day": 7.0, "limit_days": 3}
    assert find(at=NOON + timedelta(hours=2)).new == (), "told twice"
    send(stocked, [line(5)])
    assert find(at=NOON + timedelta(hours=3)) == operations.Found((), (name,))
    assert queries.alerts() == []
    assert queries.alert(name)["status"] == "over"


def test_spoilage_far_above_the_allowance_is_told(stocked):
    change(stocked, Kind.PERSONALISATION, Condition.PERSONALISED, [line(1, 1, 38)])
    change(stocked, Kind.SPOILAGE, Condition.SPOILED, [line(1, 39, 50)])
    find(at=NOON + timedelta(hours=1))
    (told,) = queries.alerts()
    assert (told["kind"], told["office"]) == ("spoilage", A)
    assert told["says"] == {"spoiled": 12, "tried": 50, "allowed_per_mille": 20, "contract": "C-1"}


@pytest.mark.parametrize(("allowed", "told"), [(20, True), (300, False), (0, False)])
def test_what_is_too_much_spoilage_is_said_by_the_contract_of_the_blanks(warehouse, allowed, told):
    """The blanks of another contract, which allows more, less, or names nothing."""
    accepted_lot(lot_no="L-2", series="PB18", contract="C-2", allowed=allowed)
    custody.receive_lot(lot_no="L-2", by="gudang.pusat", at=NOON)
    movement = send(warehouse, [Line("PB18", 1, 1, 50), line(1)])
    custody.receive(movement=movement, by="operator.1101", at=NOON)
    custody.open_boxes(boxes=[("PB18", 1), ("PB17", 1)], office=A, key=warehouse.key(), by="operator.1101", at=NOON)
    change(warehouse, Kind.PERSONALISATION, Condition.PERSONALISED, [Line("PB18", 1, 1, 38), line(1)])
    change(warehouse, Kind.SPOILAGE, Condition.SPOILED, [Line("PB18", 1, 39, 50)])
    find(at=NOON + timedelta(hours=1))
    says = [(row["office"], row["says"]["contract"]) for row in queries.alerts(kind="spoilage")]
    assert says == ([(A, "C-2")] if told else [])


def test_more_cards_than_blanks_that_were_printed_are_told_until_the_book_has_them(stocked):
    """The cards' register says more than custody's journal: somebody wrote past the functions."""
    change(stocked, Kind.PERSONALISATION, Condition.PERSONALISED, [line(1, 1, 2)])
    for position in (1, 2, 3):
        card_past_the_functions(f"PB17-000001-{position:04d}")
    find(at=NOON + timedelta(hours=1))
    (told,) = queries.alerts()
    assert (told["kind"], told["office"], told["owner"]) == ("prints_above_blanks", A, "kepala.1101")
    assert told["says"] == {"cards": 3, "blanks": 2}
    change(stocked, Kind.PERSONALISATION, Condition.PERSONALISED, [line(1, 3, 3)])
    assert find(at=NOON + timedelta(hours=2)).over == (told["alert"],)


def card_past_the_functions(serial):
    """A card and its first step as rows alone, under an event of their own."""
    card = {
        "serial": serial, "person_id": int(serial[-4:]), "recorded_office": A, "record_id": serial, "office": A,
        "regency": A, "cause": "first", "turn": "queue", "turn_note": "", "passed_over": 0, "rule": 0, "job": "",
        "print_ready_since": NOON.date(), "printed_on": NOON.date(),
    }  # fmt: skip
    step = {
        "serial": serial, "seq": 1, "before": "", "step": "printed", "office": A, "at": NOON, "by": "operator.1101",
        "reason": "", "movement": "", "handed_to": "", "checked": "", "receiver": "", "relation": "", "document": "",
    }  # fmt: skip
    event = audit.record(
        operation="issuance.print", by="operator.1101", at=NOON, subject={},
        facts=Facts.of({"issuance_card": [card], "issuance_step": [step]}),
    )  # fmt: skip
    Card.objects.create(event_id=event, **card)
    CardStep.objects.create(event_id=event, **step)


def test_an_overdue_consignment_is_told_until_it_arrives(warehouse):
    movement = send(warehouse, [line(1)])
    assert find(at=NOON + timedelta(days=13)).new == ()
    assert find(at=NOON + timedelta(days=15)).new == (f"overdue/{movement}/{NOON + timedelta(days=14):%Y-%m-%d}",)
    (told,) = queries.alerts(kind="overdue")
    assert (told["office"], told["says"]["sent_by"], told["says"]["quantity"]) == (A, "gudang.pusat", 50)
    custody.receive(movement=movement, by="operator.1101", at=NOON + timedelta(days=16))
    assert len(find(at=NOON + timedelta(days=16)).over) == 1


def test_one_person_at_both_ends_across_legs_is_told(warehouse):
    first = send(warehouse, [line(1), line(2)], by="mallory")
    custody.receive(movement=first, by="operator.1101", at=NOON)
    onward = send(warehouse, [line(1)], office=A, to=B, by="operator.1101")
    custody.receive(movement=onward, by="mallory", at=NOON)
    find(at=NOON + timedelta(hours=1))
    (told,) = queries.alerts()
    assert (told["kind"], told["office"], told["says"]["person"]) == ("both_ends", B, "mallory")
    assert (told["says"]["sent_as"], told["says"]["taken_as"]) == (first, onward)


def test_who_takes_back_what_he_sent_is_at_no_second_end(warehouse):
    first = send(warehouse, [line(1)])
    custody.receive(movement=first, by="operator.1101", at=NOON)
    back = send(warehouse, [line(1)], office=A, to="00", by="operator.1101")
    custody.receive(movement=back, by="gudang.pusat", at=NOON)
    assert find(at=NOON + timedelta(hours=1)).new == ()


@pytest.mark.parametrize(
    ("office", "hour_utc", "told"),
    [(A, 16, True), (A, 14, False), (A, 21, True), (A, 23, False), ("9471", 13, True), ("9471", 21, False)],
)
def test_activity_at_night_goes_by_the_offices_own_clock(warehouse, office, hour_utc, told):
    movement = send(warehouse, [line(1)], to=office)
    custody.receive(movement=movement, by=f"operator.{office}", at=datetime(2017, 3, 28, hour_utc, 30, tzinfo=UTC))
    find(at=NOON + timedelta(days=3))
    assert [(row["kind"], row["office"]) for row in queries.alerts()] == ([("at_night", office)] if told else [])


def test_a_blank_in_two_places_is_told(warehouse):
    """Box 2 lies in the warehouse by the book, and comes out of a consignment that did not have it."""
    movement = send(warehouse, [line(1)])
    arrivals.receive_found(
        movement=movement, by="operator.1101", at=NOON,
        found=[Discrepancy(DiscrepancyKind.SURPLUS, "gudang.pusat", identifier="PB17-000002-0007")],
    )  # fmt: skip
    find(at=NOON + timedelta(hours=1))
    (told,) = queries.alerts(kind="seen_twice")
    assert (told["office"], told["says"]["seen"], told["says"]["book"]) == (A, "PB17-000002-0007", "00")


def test_an_alert_is_acknowledged_once_with_a_reason_and_not_told_again(warehouse):
    movement = send(warehouse, [line(1)], by="mallory")
    custody.receive(movement=movement, by="operator.1101", at=NOON.replace(hour=18))
    (name,) = find(at=NOON + timedelta(days=1)).new
    with pytest.raises(rules.NoReason):
        operations.acknowledge(alert=name, reason=" ", at=NOON, by="kepala.1101")
    operations.acknowledge(alert=name, reason="truck came late, head was there", at=NOON, by="kepala.1101")
    with pytest.raises(rules.AlertEnded):
        operations.acknowledge(alert=name, reason="again", at=NOON, by="kepala.1101")
    assert queries.alerts() == []
    assert queries.alerts(ended=True)[0]["reason"] == "truck came late, head was there"
    assert find(at=NOON + timedelta(days=2)).new == ()
    with pytest.raises(rules.UnknownAlert):
        operations.acknowledge(alert="at_night/none", reason="x", at=NOON, by="kepala.1101")


def test_alerts_are_sealed_facts_that_nobody_changes(warehouse):
    send(warehouse, [line(1)], at=NOON.replace(hour=18))
    (name,) = find(at=NOON + timedelta(days=1)).new
    operations.acknowledge(alert=name, reason="inventory night", at=NOON, by="kepala.pusat")
    events = Event.objects.filter(operation__startswith="alerts.").values_list("id", flat=True)
    assert len(events) == 2
    assert all(audit.verify(event).holds for event in events)
    for attempt in (
        lambda: Alert.objects.filter(pk=name).update(owner="nobody"),
        lambda: AlertEnd.objects.filter(alert=name).delete(),
    ):
        with pytest.raises(Error), transaction.atomic():
            attempt()


@pytest.mark.parametrize(("good", "coming", "told"), [(8, 0, True), (9, 0, False), (2, 7, False), (0, 8, True)])
def test_cover_counts_what_is_on_its_way(good, coming, told):
    pace = Pace(A, good, coming, printed=84)
    assert bool(rules.low_cover([pace], limits=Limits(cover_days=3, pace_days=28), at=NOON)) is told


def test_an_office_that_prints_nothing_has_no_cover_to_lack():
    assert rules.low_cover([Pace(A, 0, 0, 0)], limits=Limits(), at=NOON) == []


@given(st.integers(0, 60), st.integers(0, 60), st.floats(0.001, 0.3))
def test_the_chance_of_a_tail_is_what_adding_it_up_gives(count, more, rate):
    of = count + more
    added = sum(comb(of, number) * rate**number * (1 - rate) ** (of - number) for number in range(count, of + 1))
    assert rules.chance_of(count, of=of, rate=rate) == pytest.approx(added, rel=1e-9, abs=1e-12)


def test_heads_own_the_alerts_of_their_offices():
    def owner(office):
        return Finding(AlertKind.OVERDUE, "x", office, NOON, {}).owner

    assert (owner("1101"), owner("11"), owner("00")) == ("kepala.1101", "kepala.11", "kepala.pusat")
