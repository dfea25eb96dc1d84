"""The engine of ``DATABASES``: Django's own, with a cheaper question whether a kept connection still lives."""

from __future__ import annotations

import select

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """Django asks each kept connection ``SELECT 1`` before a request's first statement: a round trip of its own.

    A server that goes away says so on the connection, which then can be read though nobody asked. While there is
    nothing to read the connection is as good as that answer would be; else Django's question is asked.
    """

    def is_usable(self) -> bool:
        """Whether the connection can be used for a request."""
        held = self.connection
        if held is None or held.closed:
            return False
        watched = select.poll()
        watched.register(held.fileno(), select.POLLIN | select.POLLPRI)
        if not watched.poll(0):
            return True
        return bool(super().is_usable())
