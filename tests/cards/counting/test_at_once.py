"""Two persons at once, and a transaction that is cut off."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import count as numbers
from threading import Barrier

import pytest
from cards.counting.conftest import ALL_THERE, OFFICE, stocked, without
from django.db import connection

from blanko.cards.counting import operations, queries, reconciling, rules
from blanko.cards.custody import operations as custody
from blanko.cards.custody import queries as book
from blanko.cards.custody.rules import BlankNotInCondition, Condition, Key, Kind, Line
from blanko.kernel.errors import BlankoError


@pytest.fixture
def at(fresh_database, acting_as, accept):
    from cards.conftest import AT

    keys = numbers(1)
    with acting_as("svc.custody"):
        accept(rejected={13: "wet"})
        custody.receive_lot(lot_no="L-1", by="gudang.pusat", at=AT)
        stocked(AT, lambda: Key("test", next(keys)))
    return AT


def at_once(acting_as, calls):
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


def begin(at, number, by="kepala.1871"):
    return operations.begin(office=OFFICE, reason="monthly", key=Key("count", number), by=by, at=at)


def hand_in(count, rows, by, at):
    return operations.hand_in(count=count, rows=rows, by=by, at=at)


def decide(count, by, at):
    return operations.decide(count=count, approve=True, reason="stolen", by=by, at=at)


def confirmed(acting_as, at, rows):
    for step in (lambda: begin(at, 1), lambda: hand_in("count:1", rows, "operator.1871", at),
                 lambda: hand_in("count:1", rows, "operator.1801", at)):  # fmt: skip
        with acting_as("svc.custody"):
            last = step()
    assert last == "confirmed"


def test_of_two_who_begin_a_count_at_once_one_does(at, acting_as):
    done = at_once(acting_as, [lambda n=n: begin(at, n) for n in range(4)])
    assert sum(isinstance(item, str) for item in done) == 1
    assert sum(isinstance(item, rules.CountIsOpen) for item in done) == 3


def test_two_sheets_at_once_are_two_rounds(at, acting_as):
    with acting_as("svc.custody"):
        begin(at, 1)
    rows = without("PB17-000003")
    calls = [lambda by=by: hand_in("count:1", rows, by, at) for by in ("operator.1871", "operator.1801")]
    assert sorted(at_once(acting_as, calls)) == ["confirmed", "differs"]


def test_the_same_sheet_of_one_person_at_once_is_one_round(at, acting_as):
    with acting_as("svc.custody"):
        begin(at, 1)
    calls = [lambda: hand_in("count:1", without("PB17-000003"), "operator.1871", at)] * 3
    assert at_once(acting_as, calls) == ["differs"] * 3
    assert len(queries.count("count:1")["sheets"]) == 1


def test_a_correction_that_two_approve_at_once_is_booked_once(at, acting_as):
    confirmed(acting_as, at, without("PB17-000003"))
    done = at_once(acting_as, [lambda by=by: decide("count:1", by, at) for by in ("kepala.pusat", "planner.pusat")])
    assert sum(isinstance(item, operations.Decided) for item in done) == 1
    assert sum(isinstance(item, rules.CountEnded) for item in done) == 1
    assert book.balance_sheet()["missing"] == 50


def test_blanks_that_are_printed_while_their_loss_is_approved_are_printed_or_lost_and_never_both(at, acting_as):
    confirmed(acting_as, at, without("PB17-000001-0045..0050"))
    printing = lambda: custody.change(  # noqa: E731
        kind=Kind.PERSONALISATION, before=Condition.GOOD, after=Condition.PERSONALISED,
        lines=[Line("PB17", 1, 45, 50)], office=OFFICE, key=Key("printer", 1), by="operator.1871", at=at,
    )  # fmt: skip
    decided, printed = at_once(acting_as, [lambda: decide("count:1", "kepala.pusat", at), printing])
    state = book.places("PB17-000001-0045")[0]["condition"]
    if isinstance(printed, str):
        assert state == "personalised"
        # Either the decision saw it and left it, or custody refused it and the count is still open.
        assert isinstance(decided, BlankNotInCondition) or decided.left[0].why == "moved_since"
    else:
        assert isinstance(printed, BlankNotInCondition)
        assert state == "missing"
    with acting_as("svc.custody"):
        assert reconciling.reconcile(by="svc.custody", at=at).holds


@pytest.mark.parametrize("step", ["begin", "hand_in", "decide"])
def test_a_step_that_is_cut_off_is_not_done_at_all_and_can_be_done_again(at, acting_as, step):
    rows = without("PB17-000003")
    steps = {
        "begin": lambda: begin(at, 1),
        "hand_in": lambda: hand_in("count:1", rows, "operator.1871", at),
        "decide": lambda: decide("count:1", "kepala.pusat", at),
    }
    if step == "hand_in":
        with acting_as("svc.custody"):
            begin(at, 1)
    if step == "decide":
        confirmed(acting_as, at, rows)
    before = (book.balance_sheet(), queries.counts())

    class CutOffError(Exception):
        pass

    def cut_off():
        with acting_as("svc.custody"):
            steps[step]()
            raise CutOffError

    with pytest.raises(CutOffError):
        cut_off()
    assert (book.balance_sheet(), queries.counts()) == before
    with acting_as("svc.custody"):
        steps[step]()


def test_a_matched_count_and_its_repeated_message_at_once_agree(at, acting_as):
    with acting_as("svc.custody"):
        begin(at, 1)
    assert at_once(acting_as, [lambda: hand_in("count:1", ALL_THERE, "operator.1871", at)] * 2) == ["matched"] * 2
