"""Boxes and blanks move in two phases, and what is unlawful is refused by name and changes nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import Error, connection, connections, transaction

from blanko.cards.custody import operations, queries, rules
from blanko.cards.custody.drafts import Consignment
from blanko.cards.custody.rules import Condition, Key, Kind, Line, Receipt
from blanko.ground.audit import operations as audit

A, B = "1101", "1102"


def box(number, series="PB17"):
    return Line(series, number, 1, 50)


def send(warehouse, lines, to=A, office="00", by="gudang.pusat", key=None, **more):
    return operations.dispatch(
        consignment=lines, from_office=office, to_office=to, key=key or warehouse.key(), by=by, at=warehouse.at, **more
    )


def state():
    """All that stands: for showing that a refused call changed nothing."""
    with connection.cursor() as cursor:
        found = []
        for table in ("custody_box", "custody_range", "custody_balance", "custody_movement", "custody_movement_line",
                      "custody_movement_phase"):  # fmt: skip
            cursor.execute(f"SELECT to_jsonb(t)::text FROM {table} AS t ORDER BY 1")
            found.append(cursor.fetchall())
    return found


def test_a_lot_is_received_without_its_rejected_boxes(warehouse):
    assert queries.holdings()["00"] == (950, 0, 19, 0)
    assert box(13) not in queries.boxes_at("00")
    assert queries.oldest_boxes("00", 2) == [box(1), box(2)]


def test_a_lot_that_is_not_accepted_is_not_stock(warehouse):
    with pytest.raises(rules.LotNotAccepted):
        operations.receive_lot(lot_no="L-9", by="gudang.pusat", at=warehouse.at)


def test_a_lot_received_twice_is_received_once(warehouse):
    before = state()
    operations.receive_lot(lot_no="L-1", by="gudang.pusat", at=warehouse.at)
    assert state() == before
    with pytest.raises(rules.BoxReceivedTwice):
        operations.receive_lot(lot_no="L-1", by="gudang.pusat", at=warehouse.at, key=Key("other", 1))
    assert state() == before


def test_a_dispatch_is_in_transit_until_a_second_person_receives_it(warehouse):
    movement = send(warehouse, [box(1), box(2)], papers={"surat_jalan": "SJ/1", "seals": ["77"]})
    assert queries.holdings() == {"00": (850, 0, 17, 0), A: (0, 100, 0, 0)}
    assert [row["papers"] for row in queries.on_the_way(to_office=A)] == [{"surat_jalan": "SJ/1", "seals": ["77"]}]
    with pytest.raises(rules.SamePersonBothEnds):
        operations.receive(movement=movement, by="gudang.pusat", at=warehouse.at)
    assert queries.holdings()[A] == (0, 100, 0, 0)
    operations.receive(movement=movement, by="operator.1101", at=warehouse.at)
    assert queries.holdings()[A] == (100, 0, 2, 0)
    assert queries.on_the_way() == []


def test_a_voided_dispatch_never_left(warehouse):
    before = queries.holdings()
    movement = send(warehouse, [box(1)])
    operations.void(movement=movement, reason="truck broke down", by="gudang.pusat", at=warehouse.at)
    assert {k: v for k, v in queries.holdings().items() if any(v)} == before
    with pytest.raises(rules.MovementSettled):
        operations.receive(movement=movement, by="operator.1101", at=warehouse.at)


def test_a_returned_dispatch_is_on_its_way_back(warehouse):
    movement = send(warehouse, [box(1)])
    back = operations.return_to_sender(
        movement=movement, reason="seal broken", key=warehouse.key(), by="operator.1101", at=warehouse.at
    )
    assert queries.holdings()["00"] == (900, 50, 18, 0)
    operations.receive(movement=back, by="gudang2.pusat", at=warehouse.at)
    assert queries.holdings()["00"] == (950, 0, 19, 0)
    assert [(step["kind"], step["phase"]) for step in queries.way_of("PB17-000001")] == [
        ("receipt", "posted"), ("dispatch", "pending"), ("dispatch", "returned"), ("return", "pending"),
        ("return", "posted"),
    ]  # fmt: skip


def test_a_message_that_comes_twice_is_applied_once(warehouse):
    key = warehouse.key()
    first = send(warehouse, [box(1)], key=key)
    before = state()
    assert send(warehouse, [box(1)], key=key) == first
    assert state() == before
    operations.receive(movement=first, by="operator.1101", at=warehouse.at)
    before = state()
    operations.receive(movement=first, by="operator.1101", at=warehouse.at)
    assert send(warehouse, [box(1)], key=key) == first
    assert state() == before
    with pytest.raises(rules.KeyReused):
        send(warehouse, [box(2)], key=key)


@pytest.mark.parametrize(
    ("attempt", "error"),
    [
        (lambda w: send(w, [box(99)]), rules.UnknownBox),
        (lambda w: send(w, [box(1, "XX99")]), rules.UnknownBox),
        (lambda w: send(w, [Line("PB17", 2, 1, 51)]), rules.UnknownBox),
        (lambda w: send(w, [box(1)]), rules.BoxAlreadyDispatched),
        (lambda w: send(w, [box(4)], office=B), rules.BlankElsewhere),
        (lambda w: send(w, [box(2)], office=A, to=B), rules.BlankElsewhere),
        (lambda w: send(w, [Line("PB17", 2, 1, 7)]), rules.BoxNotOpened),
        (lambda w: send(w, [Line("PB17", 3, 1, 20)]), rules.BlankNotInCondition),
        (lambda w: send(w, [box(2)], to="00"), rules.Unlawful),
        (lambda w: send(w, [box(2), box(2)]), rules.LineTwice),
        (lambda w: send(w, []), rules.EmptyMovement),
        (lambda w: send(w, [box(4), box(5), box(1)]), rules.BoxAlreadyDispatched),
        (lambda w: operations.receive(movement="no:1", by="operator.1101", at=w.at), rules.UnknownMovement),
        (
            lambda w: operations.open_box(
                series="PB17", box_no=3, office="00", key=w.key(), by="gudang.pusat", at=w.at
            ),
            rules.BoxAlreadyOpened,
        ),
        (
            lambda w: operations.open_box(series="PB17", box_no=2, office=A, key=w.key(), by="operator.1101", at=w.at),
            rules.BlankElsewhere,
        ),
        (
            lambda w: operations.change(
                kind=Kind.ISSUANCE, before=Condition.GOOD, after=Condition.ISSUED, lines=[Line("PB17", 3, 30, 30)],
                office="00", key=w.key(), by="gudang.pusat", at=w.at,
            ),
            rules.Unlawful,
        ),
        (
            lambda w: operations.change(
                kind=Kind.DISPATCH, after=Condition.GOOD, lines=[Line("PB17", 3, 30, 30)], office="00", key=w.key(),
                by="gudang.pusat", at=w.at,
            ),
            rules.Unlawful,
        ),
    ],
)  # fmt: skip
def test_what_is_unlawful_is_refused_by_name_and_changes_nothing(warehouse, attempt, error):
    send(warehouse, [box(1)])
    operations.open_box(series="PB17", box_no=3, office="00", key=warehouse.key(), by="gudang.pusat", at=warehouse.at)
    operations.change(
        kind=Kind.SPOILAGE,
        after=Condition.SPOILED,
        lines=[Line("PB17", 3, 10, 10)],
        office="00",
        key=warehouse.key(),
        by="gudang.pusat",
        at=warehouse.at,
        reason="scratched",
    )
    before = state()
    with pytest.raises(error):
        attempt(warehouse)
    assert state() == before


def test_ranges_split_and_neighbours_merge_again(warehouse):
    operations.open_box(series="PB17", box_no=3, office="00", key=warehouse.key(), by="gudang.pusat", at=warehouse.at)
    part = send(warehouse, [Line("PB17", 3, 1, 20)])
    assert queries.holdings()[A].in_transit_in == 20
    assert [(row["first"], row["last"]) for row in queries.places("PB17-000003")] == [(1, 20), (21, 50)]
    operations.receive(movement=part, by="operator.1101", at=warehouse.at)
    assert queries.holdings()[A] == (20, 0, 0, 20)
    back = send(warehouse, [Line("PB17", 3, 5, 8)], office=A, to="00", by="operator.1101")
    operations.receive(movement=back, by="gudang.pusat", at=warehouse.at)
    assert [(row["first"], row["last"], row["office"]) for row in queries.places("PB17-000003")] == [
        (1, 4, A), (5, 8, "00"), (9, 20, A), (21, 50, "00"),
    ]  # fmt: skip
    rest = send(warehouse, [Line("PB17", 3, 1, 4), Line("PB17", 3, 9, 20)], office=A, to="00", by="operator.1101")
    operations.receive(movement=rest, by="gudang.pusat", at=warehouse.at)
    assert [(row["first"], row["last"]) for row in queries.places("PB17-000003")] == [(1, 50)]


def test_many_consignments_leave_in_one_event_or_not_at_all(warehouse):
    consignments = [Consignment(A, [box(1), box(2)], Key("round-1", 1)), Consignment(B, [box(3)], Key("round-1", 2))]
    bad = [*consignments, Consignment("1103", [box(99)], Key("round-1", 3))]
    before = state()
    with pytest.raises(rules.UnknownBox):
        operations.dispatch_many(consignments=bad, from_office="00", by="gudang.pusat", at=warehouse.at)
    assert state() == before
    moved = operations.dispatch_many(consignments=consignments, from_office="00", by="gudang.pusat", at=warehouse.at)
    assert moved == ("round-1:1", "round-1:2")
    done = operations.receive_many(
        receipts=[Receipt(moved[0], "operator.1101"), Receipt(moved[1], "operator.1102")],
        by="svc.custody",
        at=warehouse.at,
    )
    assert done == 2
    assert queries.holdings() == {"00": (800, 0, 16, 0), A: (100, 0, 2, 0), B: (50, 0, 1, 0)}


def test_every_event_seals_its_rows(warehouse):
    movement = send(warehouse, [box(1)], papers={"surat_jalan": "SJ/1"})
    operations.return_to_sender(
        movement=movement, reason="wrong office", key=warehouse.key(), by="operator.1101", at=warehouse.at
    )
    operations.open_box(series="PB17", box_no=3, office="00", key=warehouse.key(), by="gudang.pusat", at=warehouse.at)
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, operation FROM audit_event WHERE operation LIKE 'custody.%%'")
        events = cursor.fetchall()
    assert len(events) == 4
    for event, operation in events:
        checked = audit.verify(event)
        assert checked.holds, operation
        assert checked.found.count > 0


def test_holdings_of_an_earlier_day_come_from_the_journal(warehouse):
    early = queries.holdings()
    later = warehouse.at + timedelta(days=3)
    movement = operations.dispatch(
        consignment=[box(1)], from_office="00", to_office=A, key=warehouse.key(), by="gudang.pusat", at=later
    )
    on_the_way = queries.holdings()
    operations.receive(movement=movement, by="operator.1101", at=later + timedelta(days=1))
    assert queries.holdings(at=warehouse.at)["00"][:2] == early["00"][:2]
    assert {k: v[:2] for k, v in queries.holdings(at=later).items()} == {k: v[:2] for k, v in on_the_way.items()}
    assert queries.holdings(at=later + timedelta(days=2))[A][:2] == (50, 0)


def test_the_way_of_a_blank_names_hands_and_papers(warehouse):
    movement = send(warehouse, [box(1)], papers={"surat_jalan": "SJ/1"})
    operations.receive(movement=movement, by="operator.1101", at=warehouse.at, papers={"bast": "B/1"})
    way = queries.way_of("pb17-000001-0007")
    assert [(step["kind"], step["phase"], step["by"], step["papers"]) for step in way] == [
        ("receipt", "posted", "gudang.pusat", {"bast": "BAST/L-1"}),
        ("dispatch", "pending", "gudang.pusat", {"surat_jalan": "SJ/1"}),
        ("dispatch", "posted", "operator.1101", {"bast": "B/1"}),
    ]
    with pytest.raises(rules.NothingHeld):
        queries.way_of("PB17-000099")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE custody_box SET office = '1101'",
        "DELETE FROM custody_box",
        "UPDATE custody_balance SET quantity = 0",
        "DELETE FROM custody_range",
        "DELETE FROM custody_movement_line",
        "INSERT INTO custody_movement_phase (movement) VALUES ('x')",
        "SELECT custody_put('PB17', 1, 1, 1, '1101', NULL, 'good', '', 1)",
        "UPDATE custody_lawful SET condition_after = 'good'",
    ],
)
def test_the_app_cannot_write_past_the_functions(warehouse, statement):
    with connection.cursor() as cursor, pytest.raises(Error, match="permission denied"), transaction.atomic():
        cursor.execute(statement)


def test_the_database_holds_the_table_of_lawful_movements(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind, condition_before, condition_after, begins FROM custody_lawful")
        kept = set(cursor.fetchall())
    assert kept == {(str(k), str(b or ""), str(a), str(p)) for k, b, a, p in rules.LAWFUL}


def test_the_constraint_on_the_journal_allows_exactly_that_table(db):
    conditions = ["", *map(str, Condition)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT k, b, a, custody_begins(k, b, a) FROM unnest(%s::text[]) AS k, unnest(%s::text[]) AS b,"
            " unnest(%s::text[]) AS a WHERE custody_begins(k, b, a) IS NOT NULL",
            [[*map(str, Kind), "", "gift"], conditions, conditions],
        )
        allowed = set(cursor.fetchall())
        cursor.execute("SELECT kind, condition_before, condition_after, begins FROM custody_lawful")
        assert allowed == set(cursor.fetchall())


def test_rows_of_the_journal_belong_to_an_event_of_their_own_transaction(fresh_database):
    """Whoever owns the tables meets this too, also when the transaction remembers another event."""
    with connections["owner"].cursor() as cursor:
        for remembered in ("", "1"):
            with pytest.raises(Error, match="no audit event of this transaction"), transaction.atomic(using="owner"):
                cursor.execute("SELECT set_config('blanko.event', %s, true)", [remembered])
                cursor.execute(
                    "INSERT INTO custody_movement_line (movement, series, box_no, first, last, event_id)"
                    " VALUES ('x:1', 'PB17', 1, 1, 1, 2)"
                )
    connections["owner"].close()
