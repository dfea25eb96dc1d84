"""Several clients at once: one of them wins, the others get the error by its name."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Thread

import pytest
from django.db import connection

from blanko.cards.custody import operations, queries, rules
from blanko.cards.custody.drafts import Consignment
from blanko.cards.custody.rules import Condition, Key, Kind, Line
from blanko.kernel.errors import BlankoError


@pytest.fixture
def stock(fresh_database, acting_as, accept):
    from cards.conftest import AT

    with acting_as("svc.custody"):
        accept(boxes=40, size=50)
        operations.receive_lot(lot_no="L-1", by="gudang.pusat", at=AT)
    return AT


def at_once(acting_as, calls):
    """Run the calls on connections of their own, at the same moment; what each returned or the error it raised."""
    start = Barrier(len(calls))

    def run(call):
        try:
            start.wait(10)
            with acting_as("svc.custody"):
                return call()
        except BlankoError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def test_of_two_clients_that_send_the_same_box_one_wins(stock, acting_as):
    for number in range(1, 11):
        line = Line("PB17", number, 1, 50)
        calls = [
            lambda to=to, line=line, number=number: operations.dispatch(
                consignment=[line], from_office="00", to_office=to, key=Key(to, number), by="gudang.pusat", at=stock
            )
            for to in ("1101", "1102")
        ]
        results = at_once(acting_as, calls)
        assert {type(result) for result in results} == {str, rules.BoxAlreadyDispatched}
    held = queries.holdings()
    assert held["00"].good == 30 * 50
    # One client may win every time: an office that holds nothing is not listed.
    assert sum(held[office].in_transit_in for office in ("1101", "1102") if office in held) == 10 * 50


def test_the_same_message_at_the_same_moment_is_applied_once(stock, acting_as):
    call = lambda: operations.dispatch(  # noqa: E731
        consignment=[Line("PB17", 1, 1, 50)], from_office="00", to_office="1101", key=Key("twin", 1),
        by="gudang.pusat", at=stock,
    )  # fmt: skip
    assert at_once(acting_as, [call] * 4) == ["twin:1"] * 4
    assert queries.holdings()["1101"].in_transit_in == 50


def test_bulk_dispatches_in_opposite_orders_both_arrive(stock, acting_as):
    def send(office, boxes):
        consignments = [
            Consignment(f"11{n:02d}", [Line("PB17", box, 1, 50)], Key(office, n)) for n, box in enumerate(boxes, 1)
        ]
        return lambda: operations.dispatch_many(
            consignments=consignments, from_office="00", by="gudang.pusat", at=stock
        )

    results = at_once(acting_as, [send("up", range(1, 20)), send("down", range(40, 21, -1))])
    assert [len(result) for result in results] == [19, 19]
    assert queries.balance_sheet()["in_transit"] == 38 * 50


def send(number, to, at):
    return operations.dispatch(
        consignment=[Line("PB17", number, 1, 50)], from_office="00", to_office=to, key=Key(to, number),
        by="gudang.pusat", at=at,
    )  # fmt: skip


def slots():
    with connection.cursor() as cursor:
        cursor.execute("SELECT quantity FROM custody_balance WHERE office = '00' AND condition = 'good' ORDER BY slot")
        return [quantity for (quantity,) in cursor.fetchall()]


def test_two_trucks_are_loaded_at_once_at_the_central_warehouse(stock, acting_as):
    assert slots() == [125] * 16
    loaded, done = [], Event()

    def second():
        with acting_as("svc.custody"):
            loaded.append(send(17, "1102", stock))  # the slot that box 1 was taken from comes first to it, too
        connection.close()
        done.set()

    with acting_as("svc.custody"):
        send(1, "1101", stock)
        other = Thread(target=second)
        other.start()
        assert done.wait(60), "the second waits until the first has committed"
    other.join()
    assert loaded == ["1102:17"]
    assert sorted(slots()) == [75, 75, *[125] * 14]


def test_the_central_warehouse_sends_its_last_blank_though_no_slot_has_a_box(stock, acting_as):
    with acting_as("svc.custody"):
        for number in range(1, 41):
            send(number, "1101", stock)
        assert slots() == [0] * 16
        with pytest.raises(rules.BoxAlreadyDispatched):
            send(1, "1102", stock)
        movement = operations.return_to_sender(
            movement="1101:7", reason="refused", key=Key("back", 1), by="operator.1101", at=stock
        )
        operations.receive(movement=movement, by="gudang.kedua", at=stock)
    assert sum(slots()) == 50 == queries.holdings()["00"].good


def test_two_clients_that_use_blanks_of_one_box_take_different_ones_or_are_refused(stock, acting_as):
    with acting_as("svc.custody"):
        operations.open_box(series="PB17", box_no=1, office="00", key=Key("open", 1), by="gudang.pusat", at=stock)
    spoil = [
        lambda n=n: operations.change(
            kind=Kind.SPOILAGE, after=Condition.SPOILED, lines=[Line("PB17", 1, 10 * (n // 2) + 1, 10 * (n // 2) + 10)],
            office="00", key=Key("spoil", n), by="gudang.pusat", at=stock, reason="test",
        )
        for n in range(8)
    ]  # fmt: skip
    results = at_once(acting_as, spoil)
    assert sum(isinstance(result, str) for result in results) == 4
    assert sum(isinstance(result, rules.BlankNotInCondition) for result in results) == 4
    assert queries.balance_sheet()["spoiled"] == 40


def test_a_movement_can_be_its_own_transaction(stock):
    from blanko.ground.access.acting import acting_alone

    with acting_alone(principal="svc.custody"):
        one = operations.dispatch(
            consignment=[Line("PB17", 1, 1, 50)], from_office="00", to_office="1101", key=Key("alone", 1),
            by="gudang.pusat", at=stock,
        )  # fmt: skip
        with pytest.raises(rules.BoxAlreadyDispatched):
            operations.dispatch(
                consignment=[Line("PB17", 1, 1, 50), Line("PB17", 2, 1, 50)], from_office="00", to_office="1101",
                key=Key("alone", 2), by="gudang.pusat", at=stock,
            )  # fmt: skip
        operations.receive(movement=one, by="operator.1101", at=stock)
    assert queries.boxes_at("1101") == [Line("PB17", 1, 1, 50)]
    assert Line("PB17", 2, 1, 50) in queries.boxes_at("00"), "a refused call left something behind"
    with connection.cursor() as cursor:
        cursor.execute("SELECT principal, count(*) FROM audit_event WHERE operation LIKE 'custody.dispatch' GROUP BY 1")
        assert cursor.fetchall() == [("svc.custody", 1)]


def test_alone_needs_an_active_officer_and_no_open_transaction(stock):
    from django.db import transaction

    from blanko.ground.access.acting import UnknownOfficer, acting_alone

    with acting_alone(principal="nobody"), pytest.raises(UnknownOfficer):
        operations.dispatch(
            consignment=[Line("PB17", 1, 1, 50)],
            from_office="00",
            to_office="1101",
            key=Key("alone", 1),
            by="x",
            at=stock,
        )
    with transaction.atomic(), pytest.raises(RuntimeError), acting_alone(principal="svc.custody"):
        pass
