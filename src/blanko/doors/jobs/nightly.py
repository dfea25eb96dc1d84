"""The night's work in a thread of the serving program: once a day at an hour, and again soon when it failed."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Final

from django.db import connection
from django.utils import timezone

from blanko.cards.alerts.nightly import NIGHTLY
from blanko.decisions.cases.nightly import Night, nightly
from blanko.ground.access.acting import acting

# After a failure (the server is away, a lock) it is tried again so much later.
AGAIN_MINUTES: Final = 15


def next_time(now: datetime, hour: time) -> datetime:
    """The next moment after ``now`` at which the clock of ``now`` shows ``hour``."""
    due = now.replace(hour=hour.hour, minute=hour.minute, second=0, microsecond=0)
    return due if due > now else due + timedelta(days=1)


def do_night(at: datetime) -> Night:
    """The night's work of the day of ``at``, in the name of the nightly service."""
    with acting(principal=NIGHTLY):
        return nightly(at=at)


def run(
    hour: time, *, ends: threading.Event, clock: Callable[[], datetime] = timezone.localtime,
    does: Callable[[datetime], Night] = do_night,
) -> None:  # fmt: skip
    """Do the night's work each day at ``hour`` until ``ends`` is set. What fails is told on stderr and tried again."""
    due = next_time(clock(), hour)
    while not ends.wait(max(0.0, (due - clock()).total_seconds())):
        try:
            night = does(clock())
        except Exception as error:  # noqa: BLE001 - whatever it is, the pages go on and the night is tried again
            _tell(f"the night's work failed: {error}")
            due = clock() + timedelta(minutes=AGAIN_MINUTES)
        else:
            _tell(said(night))
            due = next_time(clock(), hour)
        finally:
            # The connection is not kept through a day.
            connection.close()


def start(hour: time) -> threading.Event:
    """Run beside whatever else the program does; set the event to end it."""
    ends = threading.Event()
    threading.Thread(target=run, args=(hour,), kwargs={"ends": ends}, daemon=True, name="nightly").start()
    return ends


def _tell(line: str) -> None:
    sys.stderr.write(f"blanko: {line}\n")
    sys.stderr.flush()


def said(night: Night) -> str:
    """A night in one line."""
    done = night.cases.overdue
    settled = (
        f"{done.settled:,} cases settled since nobody answered, {done.second:,} to be signed, {done.left:,} refused"
    )
    if night.before:
        return f"the night of {night.day} was done before, run {night.reconcile}; {settled}"
    holds = "journal and book are one" if night.holds else "journal and book DIFFER"
    return (
        f"the night of {night.day}: run {night.reconcile}, {holds}, {night.differences:,} differences,"
        f" {len(night.followed.lost) + len(night.followed.spoiled):,} cards owed again, {len(night.alerts.new):,} new"
        f" alerts, {len(night.alerts.over):,} over; {settled}"
    )
