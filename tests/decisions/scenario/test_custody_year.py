"""A year of honest work raises hardly an alarm, and in a year with thieves each theft is told."""

from __future__ import annotations

import secrets

import pytest

from blanko.decisions.scenario.custody_world.year import FALSE_SHARE_MAX, THEFTS, live


@pytest.fixture
def databases(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        yield


def test_an_honest_year_raises_hardly_a_false_alarm(databases):
    year = live(2017, thieves=False)
    assert year.movements > 7_000
    assert year.false_share <= FALSE_SHARE_MAX, year.alerts


def test_each_theft_of_a_year_is_alarmed_or_named_by_the_next_count(databases):
    seed = secrets.randbelow(2**31)
    year = live(seed, thieves=True)
    assert [theft.kind for theft in year.thefts] == list(THEFTS.values())
    assert not [theft for theft in year.thefts if not theft.told_by], f"./blanko simulate alerts --seed {seed}"
    assert year.false_share <= FALSE_SHARE_MAX, year.alerts
    # Alarms and counts both do their part.
    told = {kind for theft in year.thefts for kind in theft.told_by}
    assert told == {"count", "overdue", "at_night", "both_ends", "spoilage", "seen_twice"}
