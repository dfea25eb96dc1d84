"""What the journal says, what the book says, and what a reconcile names when they differ."""

from __future__ import annotations

from itertools import count
from types import SimpleNamespace

import pytest
from django.db import connections

from blanko.cards.counting import queries, reconciling
from blanko.cards.counting.balance import Source, named
from blanko.cards.custody import operations
from blanko.cards.custody.rules import Condition, Key, Kind, Line
from blanko.ground.audit import operations as audit
from blanko.kernel.errors import InvalidValue

BY = "svc.custody"


def run(at, scope="ID"):
    return reconciling.reconcile(by=BY, at=at, scope=scope)


def send(warehouse, boxes, *, to="1871", received=True):
    lines = [Line("PB17", number, 1, 50) for number in boxes]
    movement = operations.dispatch(
        consignment=lines, from_office="00", to_office=to, key=warehouse.key(), by="gudang.pusat", at=warehouse.at
    )
    if received:
        operations.receive(movement=movement, by=f"operator.{to}", at=warehouse.at)
    return movement


def test_received_is_the_sum_of_all_terms_after_every_kind_of_step(warehouse):
    send(warehouse, [1, 2, 3])
    send(warehouse, [4], received=False)
    given = {"office": "1871", "by": "operator.1871", "at": warehouse.at}
    operations.open_box(series="PB17", box_no=1, key=warehouse.key(), **given)
    for kind, before, after, first, last in (
        (Kind.PERSONALISATION, "good", "personalised", 1, 20),
        (Kind.ISSUANCE, "personalised", "issued", 1, 5),
        (Kind.SPOILAGE, "good", "spoiled", 41, 44),
        (Kind.DESTRUCTION, "spoiled", "destroyed", 41, 42),
        (Kind.LOSS, "good", "missing", 45, 45),
    ):
        operations.change(
            kind=kind, before=Condition(before), after=Condition(after), lines=[Line("PB17", 1, first, last)],
            key=warehouse.key(), reason="test", **given,
        )  # fmt: skip
    done = run(warehouse.at)
    assert done.holds
    assert (done.sheet.received, done.differences) == (19 * 50, ())
    assert done.sheet.terms == {
        "in_hand": 19 * 50 - 50 - 20 - 4 - 1, "in_transit": 50, "quarantined": 0, "personalised": 15, "issued": 5,
        "spoiled": 2, "destroyed": 2, "missing": 1,
    }  # fmt: skip
    province, office = run(warehouse.at, "18"), run(warehouse.at, "1871")
    assert province.sheet.terms == office.sheet.terms
    assert (office.sheet.received, office.holds) == (200, True)
    assert run(warehouse.at, "00").sheet.received == 15 * 50


@pytest.fixture
def stolen_from(fresh_database, acting_as, accept):
    """A committed warehouse with boxes at two offices, and somebody with the owner's rights beside it."""
    from cards.conftest import AT

    keys = count(1)
    warehouse = SimpleNamespace(at=AT, key=lambda: Key("test", next(keys)))
    with acting_as(BY):
        accept(rejected={13: "wet"})
        operations.receive_lot(lot_no="L-1", by="gudang.pusat", at=AT)
        send(warehouse, [1, 2], to="1871")
        send(warehouse, [3, 4], to="1801")
        send(warehouse, [5], to="1801", received=False)
        operations.open_box(series="PB17", box_no=1, office="1871", key=warehouse.key(), by="operator.1871", at=AT)

    def past_the_functions(statement, *values):
        with connections["owner"].cursor() as cursor:
            cursor.execute(statement, values)

    yield SimpleNamespace(warehouse=warehouse, write=past_the_functions, at=AT, acting=acting_as)
    connections["owner"].close()


def compare(place, scope="ID", **given):
    with place.acting(BY):
        return reconciling.reconcile(by=BY, at=place.at, scope=scope, **given)


def blanks(done, source=Source.BOOK):
    return sorted(
        (d.series, d.box_no, d.first, d.last, d.office, d.note) for d in done.differences if d.source is source
    )


def test_a_box_that_was_moved_past_the_journal_is_named_with_both_hands(stolen_from):
    stolen_from.write("UPDATE custody_box SET office = '1801' WHERE box_no = 2")
    done = compare(stolen_from)
    assert not done.holds
    (found,) = [d for d in done.differences if d.source is Source.BOOK]
    assert named(found) == "PB17-000002 0001-0050"
    assert (found.office, found.condition, found.expected, found.found) == ("1871", "good", 50, 0)
    assert (found.movement, found.sent_by, found.received_by) == ("test:1", "gudang.pusat", "operator.1871")
    assert "1801" in found.note
    assert blanks(compare(stolen_from, "1871")) == blanks(done)


def test_blanks_that_became_issued_past_the_journal_are_named_by_their_positions(stolen_from):
    stolen_from.write("UPDATE custody_range SET first = 11 WHERE box_no = 1")
    stolen_from.write(
        "INSERT INTO custody_range (series, box_no, first, last, condition, office, regency, event_id)"
        " VALUES ('PB17', 1, 1, 10, 'issued', '1871', '1871', 1)"
    )
    done = compare(stolen_from, "1871")
    assert blanks(done) == [("PB17", 1, 1, 10, "1871", "the book says 1871, issued")]
    assert (done.sheet.terms["issued"], done.sheet.closes) == (10, True)


def test_a_box_without_a_row_is_named_by_its_lot(stolen_from):
    stolen_from.write("DELETE FROM custody_box WHERE box_no = 7")
    done = compare(stolen_from)
    assert not done.sheet.closes
    assert [(d.series, d.box_no, d.office) for d in done.differences if d.source is Source.LOT and d.box_no] == [
        ("PB17", 7, "00")
    ]


@pytest.mark.parametrize(("condition", "expected"), [("good", 100), ("spoiled", 3), ("missing", 0)])
def test_a_balance_that_was_raised_is_named_though_no_box_moved(stolen_from, condition, expected):
    with stolen_from.acting(BY):
        operations.change(
            kind=Kind.SPOILAGE, before=Condition.GOOD, after=Condition.SPOILED, lines=[Line("PB17", 1, 1, 3)],
            office="1871", key=stolen_from.warehouse.key(), by="operator.1871", at=stolen_from.at, reason="torn",
        )  # fmt: skip
    stolen_from.write(
        "INSERT INTO custody_balance (office, series, condition, slot, quantity, regency, event_id)"
        " VALUES ('1871', 'PB17', %s, 0, 5, '1871', 1)"
        " ON CONFLICT (office, series, condition, slot) DO UPDATE SET quantity = custody_balance.quantity + 5",
        condition,
    )
    expected -= 3 * (condition == "good")
    done = compare(stolen_from)
    found = [(d.source, d.office, d.condition, d.series, d.expected, d.found) for d in done.differences]
    assert found == [(Source.BALANCE, "1871", condition, "PB17", expected, expected + 5)]
    assert not done.holds


@pytest.mark.parametrize("thorough", [False, True])
@pytest.mark.parametrize("scope", ["ID", "18", "1871"])
def test_two_boxes_that_changed_places_are_named_though_every_sum_is_as_it_was(stolen_from, scope, thorough):
    stolen_from.write(
        "UPDATE custody_box SET office = CASE box_no WHEN 2 THEN '1801' ELSE '1871' END WHERE box_no IN (2, 3)"
    )
    done = compare(stolen_from, scope, thorough=thorough)
    assert done.sheet.closes
    assert not done.holds
    assert [found[1] for found in blanks(done)] == ([2] if scope == "1871" else [2, 3])


def test_blanks_of_one_box_that_changed_conditions_are_named(stolen_from):
    with stolen_from.acting(BY):
        operations.change(
            kind=Kind.SPOILAGE, before=Condition.GOOD, after=Condition.SPOILED, lines=[Line("PB17", 1, 1, 5)],
            office="1871", key=stolen_from.warehouse.key(), by="operator.1871", at=stolen_from.at, reason="torn",
        )  # fmt: skip
    stolen_from.write("DELETE FROM custody_range WHERE box_no = 1")
    for first, last, condition in ((1, 45, "good"), (46, 50, "spoiled")):
        stolen_from.write(
            "INSERT INTO custody_range (series, box_no, box_state, first, last, condition, office, regency, event_id)"
            f" VALUES ('PB17', 1, 'opened', {first}, {last}, '{condition}', '1871', '1871', 1)"
        )
    assert [found[:4] for found in blanks(compare(stolen_from))] == [("PB17", 1, 1, 5), ("PB17", 1, 46, 50)]


def test_a_consignment_that_was_diverted_on_its_way_is_named(stolen_from):
    stolen_from.write("UPDATE custody_box SET office = '9171', movement = NULL WHERE box_no = 5")
    (found,) = blanks(compare(stolen_from))
    assert found[1] == 5
    assert "9171" in found[5]


def test_every_run_is_one_sealed_event_and_can_be_read_again(stolen_from):
    stolen_from.write("UPDATE custody_box SET office = '1801' WHERE box_no = 2")
    done = compare(stolen_from)
    kept = queries.reconcile(done.number)
    assert kept["differences"] == len(kept["lines"]) == len(done.differences)
    assert kept["lines"][0]["movement"] == "test:1"
    assert audit.verify(done.number).holds
    assert queries.last_reconcile("ID")["number"] == done.number
    assert compare(stolen_from, keep=False).number == 0
    assert len(queries.reconciles()) == 1


def test_a_nightly_run_keeps_every_node_and_their_sum_is_the_nation(stolen_from):
    stolen_from.write("UPDATE custody_box SET office = '1801' WHERE box_no = 2")
    done = compare(stolen_from, nodes=True)
    kept = queries.reconcile(done.number)
    assert [node["scope"] for node in kept["nodes"]] == ["00", "18", "1801", "1871"]
    sheets = {node["scope"]: node for node in kept["nodes"]}
    assert sum(sheets[scope]["received"] for scope in ("00", "18")) == kept["received"] == 950
    assert (sheets["1871"]["differences"], sheets["1801"]["differences"], sheets["18"]["differences"]) == (1, 0, 1)
    assert queries.last_reconcile("1801")["in_hand"] == 150
    assert len(queries.reconciles()) == 1


@pytest.mark.parametrize("scope", ["99", "1", "nation", "99999"])
def test_what_is_no_node_is_refused(db, acting_as, scope):
    from cards.conftest import AT

    with acting_as(BY), pytest.raises(InvalidValue):
        run(AT, scope)
