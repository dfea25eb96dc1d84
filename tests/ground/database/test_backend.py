"""A kept connection is used without asking while it is quiet, and is made anew when its server went away."""

from __future__ import annotations

import select

from django.core.signals import request_started
from django.db import connection
from django.db.backends.postgresql import base


def backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def begin_request():
    """What Django does before each request: kept connections are doubted again."""
    request_started.send(sender=None)


def test_a_quiet_connection_is_used_without_asking(fresh_database, monkeypatch):
    first, asked = backend(), []
    monkeypatch.setattr(base.DatabaseWrapper, "is_usable", lambda self: asked.append(self) or True)
    begin_request()
    assert backend() == first
    assert not asked


def test_a_connection_whose_server_went_away_is_made_anew(fresh_database):
    first = backend()
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [first])
    finally:
        other.close()
    select.select([connection.connection.fileno()], [], [], 10)
    begin_request()
    assert backend() != first


def test_what_was_said_unasked_is_no_farewell(fresh_database):
    first = backend()
    with connection.cursor() as cursor:
        cursor.execute("LISTEN blanko_test")
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("NOTIFY blanko_test")
    finally:
        other.close()
    select.select([connection.connection.fileno()], [], [], 10)
    begin_request()
    assert backend() == first
