"""The night's work in the serving program: at its hour, once a day, and again soon when it failed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest

from blanko.cards.alerts.operations import Found
from blanko.decisions.cases.nightly import Casework, Night
from blanko.decisions.cases.operations import Overdue
from blanko.doors.jobs import nightly

JAKARTA = timezone(timedelta(hours=7))
NIGHT = Night(
    date(2017, 4, 4), 12, True, 0, alerts=Found(("overdue/x",), ()), cases=Casework(overdue=Overdue(3, 1, 0)),
)  # fmt: skip


class Waits:
    """An event that is waited for without waiting: a clock of its own goes on by what was asked for."""

    def __init__(self, now, times):
        self.now, self.left = now, times

    def wait(self, seconds):
        self.now += timedelta(seconds=seconds)
        self.left -= 1
        return self.left < 0


@pytest.fixture
def run(django_db_setup, django_db_blocker):
    def go(times, does):
        waits, done = Waits(datetime(2017, 4, 3, 23, 0, tzinfo=JAKARTA), times), []
        with django_db_blocker.unblock():
            nightly.run(
                time(1, 30), ends=waits, clock=lambda: waits.now, does=lambda at: done.append(at) or does(len(done))
            )
        return done

    return go


@pytest.mark.parametrize(("hour", "day"), [(1, 5), (2, 5), (0, 4)])
def test_the_next_time_is_the_next_one_after_now(hour, day):
    now = datetime(2017, 4, 4, 0, 10, tzinfo=JAKARTA) if hour == 0 else datetime(2017, 4, 4, hour, 30, tzinfo=JAKARTA)
    assert nightly.next_time(now, time(1, 30)) == datetime(2017, 4, day, 1, 30, tzinfo=JAKARTA)


def test_each_night_is_done_at_its_hour(run, capsys):
    done = run(3, lambda _number: NIGHT)
    assert done == [datetime(2017, 4, day, 1, 30, tzinfo=JAKARTA) for day in (4, 5, 6)]
    told = capsys.readouterr().err
    assert "run 12, journal and book are one" in told
    assert "3 cases settled since nobody answered, 1 to be signed" in told


def test_a_night_that_failed_is_tried_again_soon_and_the_next_is_at_its_hour(run, capsys):
    def does(number):
        if number < 3:
            raise OSError("the server is away")
        return NIGHT

    done = run(4, does)
    assert [at.astimezone(UTC).strftime("%d %H:%M") for at in done] == [
        "03 18:30", "03 18:45", "03 19:00", "04 18:30",
    ]  # fmt: skip
    assert capsys.readouterr().err.count("the server is away") == 2
