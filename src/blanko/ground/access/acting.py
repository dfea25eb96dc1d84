"""In whose name a transaction acts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.db.transaction import atomic

from blanko.kernel.errors import BlankoError


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
