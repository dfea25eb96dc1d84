"""What is done every night: cards follow their blanks, all accounts are compared, and what does not look right is told.

One transaction: a night is done whole or not at all, and done once, however often and by how many it is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.db import connection
from django.db.transaction import atomic
from django.utils import timezone

from blanko.cards.alerts import operations
from blanko.cards.alerts.operations import Found
from blanko.cards.counting import queries as counting
from blanko.cards.counting.balance import NATION
from blanko.cards.issuance import comparing, following
from blanko.cards.issuance.following import Followed

# Who does it: nobody else reconciles in this name, so that its runs say which nights were done.
NIGHTLY: Final = "svc.nightly"
NIGHT_LOCK: Final = 0x0B1A_0017


@dataclass(frozen=True, slots=True)
class Night:
    """A night's work: the day (Jakarta), the reconcile's number, whether journal and book are one, and what was found.

    ``before``: it was done before; then the rest says what that run came to, without what it followed and told.
    """

    day: date
    reconcile: int
    holds: bool
    differences: int
    before: bool = False
    followed: Followed = Followed()
    alerts: Found = Found((), ())


def nightly(*, at: datetime) -> Night:
    """Do the night's work of the day (Jakarta) of ``at``, unless it was done; two at once wait for each other."""
    day = timezone.localtime(at).date()
    with atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [NIGHT_LOCK])
        if (number := counting.reconcile_on(day, by=NIGHTLY)) is not None:
            told = counting.reconcile(number)
            return Night(day, number, told["holds"], told["differences"], before=True)
        followed = following.follow(by=NIGHTLY, at=at)
        done = comparing.reconcile(by=NIGHTLY, at=at, scope=NATION, nodes=True)
        found = operations.find(by=NIGHTLY, at=at)
    return Night(day, done.number, done.holds, len(done.differences), followed=followed, alerts=found)
