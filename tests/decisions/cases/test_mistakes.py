"""A record entered by mistake is withdrawn with its claims and cases, and restored."""

import pytest
from decisions.cases.doubles import BY, clash, double, file, key, snapshot, waiting
from django.db import connection, transaction
from records.filed import registration

from blanko.decisions.cases import effects, mistakes, operations, queries, rules
from blanko.records.entitlement import queries as owed
from blanko.records.registry import withdrawing

pytestmark = pytest.mark.django_db
WRONG = {"reason": "typed from the wrong paper", **BY}


@pytest.fixture(autouse=True)
def acting(db, acting_as):
    with acting_as("svc.registry"):
        yield


def test_a_withdrawal_ends_the_question_and_the_claim_and_a_restoring_asks_again():
    (number,) = file(registration(0), double(0))
    before = snapshot()
    mistakes.withdraw(record=key(50, "3201"), **WRONG)
    assert (waiting(), [row["record_id"] for row in owed.queue()]) == ([], ["R00000"])
    assert queries.case(number)["state"] == "overtaken"
    mistakes.restore(record=key(50, "3201"), **WRONG)
    assert (snapshot(), waiting()) == (before, [number])


def test_a_clash_of_niks_ends_with_the_record_that_was_the_mistake():
    file(registration(1), clash(2, of=1))
    assert len(waiting()) == 1
    mistakes.withdraw(record=key(2), **WRONG)
    assert waiting() == []
    assert [row["record_id"] for row in owed.queue()] == ["R00001"]


def test_a_case_that_was_seen_before_the_withdrawal_is_out_of_date():
    (number,) = file(registration(0), double(0))
    # As if the officer's page were older than the withdrawal.
    withdrawing.withdraw(record=key(50, "3201"), **WRONG)
    with pytest.raises(rules.CaseOutOfDate):
        operations.settle(case_no=number, outcome="same", reason="seen", **BY)


def test_no_settlement_leaves_a_person_without_an_active_record():
    file(registration(0), double(0))
    with pytest.raises(Exception, match="without an open record"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE registry_record SET closed = true, is_lead = false")
        effects.follow(set(), **BY)
