"""In whose name a transaction acts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import connection
from django.db.transaction import atomic

from blanko.kernel.errors import BlankoError

_ALONE: ContextVar[str | None] = ContextVar("acting_alone", default=None)


class UnknownOfficer(BlankoError):
    """No active officer or service has this username."""


@contextmanager
def acting(*, principal: str) -> Iterator[None]:
    """The one transaction of a request or a command, done in the name of ``principal`` (a username).

    All that happens inside is kept together or not at all. Raises UnknownOfficer before anything is done.
    """
    with atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('blanko.principal', username, true) FROM access_user "
                "WHERE username = %s AND is_active",
                [principal],
            )
            if cursor.fetchone() is None:
                raise UnknownOfficer(
                    "{principal} is no officer or service here",
                    mend="use the username of an active officer",
                    principal=repr(principal),
                )
        yield


@contextmanager
def acting_alone(*, principal: str) -> Iterator[None]:
    """Each operation inside is a transaction of its own, in the name of ``principal``, and one round trip.

    For operations that are one call of the database (the movements of custody): no transaction is opened here, and
    what an operation did stays when a later one is refused. Raises UnknownOfficer when the first one is called, and
    RuntimeError inside an open transaction, where ``acting`` already says in whose name it is done.
    """
    if connection.in_atomic_block:
        raise RuntimeError("a transaction is open: its operations are not alone")
    before = _ALONE.set(principal)
    try:
        yield
    finally:
        _ALONE.reset(before)


def alone() -> str | None:
    """Who acts in calls that are their own transaction; None inside a transaction, which knows its principal."""
    return None if connection.in_atomic_block else _ALONE.get()
