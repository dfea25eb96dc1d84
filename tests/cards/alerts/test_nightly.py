"""A night's work is done whole, once a day, also when two ask for it at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from cards.conftest import AT
from django.db import connections

from blanko.cards.alerts import nightly as nights
from blanko.cards.alerts import queries
from blanko.cards.alerts.nightly import NIGHTLY, nightly
from blanko.cards.counting import queries as counting
from blanko.cards.custody import operations as custody
from blanko.cards.custody.rules import Key, Line
from blanko.ground.access.acting import acting

LATER = AT + timedelta(days=20)


@pytest.fixture
def overdue(fresh_database, acting_as, accept):
    """A consignment that has been on its way for twenty days, committed."""
    with acting_as("svc.custody"):
        accept()
        custody.receive_lot(lot_no="L-1", by="gudang.pusat", at=AT)
        return custody.dispatch(
            consignment=[Line("PB17", 1, 1, 50)], from_office="00", to_office="1871", key=Key("test", 1),
            by="gudang.pusat", at=AT,
        )  # fmt: skip


def night(at):
    try:
        with acting(principal=NIGHTLY):
            return nightly(at=at)
    finally:
        connections.close_all()


def test_a_night_reconciles_every_node_and_tells_what_is_new_once_a_day(overdue):
    first = night(LATER)
    assert (first.before, first.holds, first.differences) == (False, True, 0)
    assert [name.split("/")[0] for name in first.alerts.new] == ["overdue"]
    assert {node["scope"] for node in counting.reconcile(first.reconcile)["nodes"]} >= {"00", "1871", "18"}
    again = night(LATER + timedelta(hours=2))
    assert (again.before, again.reconcile, again.alerts.new) == (True, first.reconcile, ())
    next_day = night(LATER + timedelta(days=1))
    assert (next_day.before, next_day.alerts.new) == (False, ())
    assert len(counting.reconciles()) == 2
    assert len(queries.alerts()) == 1


def test_of_two_nights_at_once_one_is_done(overdue):
    start = Barrier(2)

    def one(_number):
        start.wait()
        return night(LATER)

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(one, range(2)))
    assert sorted(result.before for result in done) == [False, True]
    assert done[0].reconcile == done[1].reconcile
    assert len(counting.reconciles()) == 1


def test_a_night_that_is_cut_off_is_not_there_and_is_done_next_time(overdue, monkeypatch):
    def fail(**_given):
        raise ConnectionAbortedError

    monkeypatch.setattr(nights.operations, "find", fail)
    with pytest.raises(ConnectionAbortedError):
        night(LATER)
    monkeypatch.undo()
    assert counting.reconciles() == []
    assert not night(LATER).before
