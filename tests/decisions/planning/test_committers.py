"""Two officers commit the same round at the same moment."""

import threading

from django.db import connections
from planning_data import APRIL_4, AT, load_counts, make_stock

from blanko.cards.custody import queries as custody
from blanko.decisions.planning import operations, queries, rules
from blanko.ground.access.acting import acting

PLANNER, SECOND = "planner.pusat", "kepala.pusat"


def drafted():
    with acting(principal=PLANNER):
        number = operations.draft_round(title="a test", as_of=APRIL_4, release=10_000, by=PLANNER, at=AT)
    with acting(principal=SECOND):
        operations.review_round(round_no=number, approve=True, by=SECOND, at=AT)
    return number


def committed(number, *, by):
    with acting(principal=by):
        return operations.commit_round(round_no=number, by=by, at=AT)


def test_of_two_who_commit_at_once_one_wins(fresh_database, tmp_path):
    stock = make_stock(boxes=40)
    load_counts(tmp_path)
    number = drafted()
    outcomes = []

    def run(officer):
        try:
            outcomes.append(len(committed(number, by=officer)))
        except rules.RoundClosed:
            outcomes.append("closed")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(officer,)) for officer in (PLANNER, SECOND)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("closed") == 1
    assert custody.holdings()["00"].good == stock - 10_000
    assert sum(dispatch.blanks for dispatch in queries.dispatches(round_no=number)) == 10_000
