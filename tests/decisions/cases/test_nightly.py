"""The night settles by the published rule what nobody answered in time, and looks again at papers about deaths."""

from datetime import date, timedelta

import pytest
from decisions.cases.doubles import AT, BY, double, file, key
from records.filed import death, put, registration

from blanko.cards.alerts.nightly import NIGHTLY
from blanko.decisions.cases import deaths, operations, queries
from blanko.decisions.cases.nightly import casework, nightly
from blanko.records.entitlement import operations as entitlement
from blanko.records.registry import queries as registered

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(days=40)


@pytest.fixture(autouse=True)
def acting(db, acting_as):
    with acting_as(NIGHTLY):
        yield


def test_a_night_lets_the_published_rule_choose_where_nobody_answered_and_says_so():
    (number,) = file(registration(0), double(0))
    operations.ask(case_no=number, reason="a letter was sent", **BY)
    assert nightly(at=AT).cases.overdue == operations.Overdue()
    done = nightly(at=LATER)
    assert (done.holds, done.cases.overdue) == (True, operations.Overdue(1, 0, 0))
    assert queries.case(number)["steps"][-1]["by"] == NIGHTLY
    # The newest registration stays, and the night after has nothing to do.
    assert not registered.record(recorded_office="3201", record_id=key(50)[1])["closed"]
    again = nightly(at=LATER)
    assert (again.before, again.cases.overdue) == (True, operations.Overdue())


def test_a_night_finds_who_came_after_the_paper_about_the_death():
    put(deaths=[death(1, name="BUDI B1", birth_date=date(1980, 1, 1))])
    entitlement.catch_up(**BY)
    put(registrations=[registration(1)])
    entitlement.catch_up(**BY)
    assert deaths.standing() == []
    done = casework(by=NIGHTLY, at=AT)
    assert (done.papers.sure, done.opened.notices) == (1, 1)
    assert [row["record_id"] for row in deaths.standing()] == ["R00001"]
    assert casework(by=NIGHTLY, at=AT).papers.deaths == 0
