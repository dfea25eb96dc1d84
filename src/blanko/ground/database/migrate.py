"""Bring a database to the shape that this release expects, as its owner. Needs a configured Django."""

from __future__ import annotations

import hashlib
from importlib.resources import files

from django.core.management import call_command
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from blanko.ground.database import roles
from blanko.ground.database.errors import NotOurs
from blanko.rooms import sql_in_order

LOCK = 0x0B1A_9C0


def fingerprint() -> str:
    """Names the shape of the database that this code makes: its migrations and every room's SQL."""
    digest = hashlib.sha256()
    for file in sorted(files("blanko.migrations").iterdir(), key=lambda item: item.name):
        if file.name.endswith(".py"):
            digest.update(file.read_bytes())
    for name, text in sql_in_order():
        digest.update(f"{name}\0{text}\0".encode())
    return digest.hexdigest()[:16]


def state() -> str:
    """``empty``, ``current``, or ``other`` when the tables were made by another state of the code."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT to_regclass('public.audit_event') IS NULL")
        if cursor.fetchone() == (True,):
            return "empty"
        cursor.execute("SELECT obj_description('public'::regnamespace, 'pg_namespace')")
        return "current" if cursor.fetchone() == (f"shape={fingerprint()}",) else "other"


def migrate() -> bool:
    """Apply what is missing; True when something was. Two commands at once do it once, under an advisory lock.

    Raises NotOurs when the database was made by another version of a migration that is already applied.
    """
    connection = connections["owner"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        try:
            cursor.execute("SELECT obj_description('public'::regnamespace, 'pg_namespace')")
            (mark,) = cursor.fetchone()
            made_by = (mark or "").rpartition("=")[2] if "shape=" in (mark or "") else ""
            wanted = fingerprint()
            if made_by == wanted:
                return False
            executor = MigrationExecutor(connection)
            plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
            if not plan:
                raise NotOurs(
                    "the tables were made by another state of the code",
                    mend="run './blanko demo' to make a replay anew, or set BLANKO_HOME to a new folder",
                )
            call_command("migrate", database="owner", verbosity=0, interactive=False)
            cursor.execute(f"COMMENT ON SCHEMA public IS 'shape={wanted}'")
            return True
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def is_replay_or_empty() -> bool:
    """True when nobody's real work would be lost by starting anew: no tables, no loaded files, or a marked replay."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT to_regclass('public.audit_event') IS NULL")
        if cursor.fetchone() == (True,):
            return True
        cursor.execute(
            "SELECT (SELECT count(*) FROM audit_event WHERE operation NOT LIKE 'places.%%') = 0"
            " OR EXISTS (SELECT FROM audit_event WHERE operation = 'scenario.begin')"
        )
        return cursor.fetchone() == (True,)


def start_anew() -> None:
    """Empty the database for a replay. Raises NotOurs when it holds anything but an earlier replay."""
    if not is_replay_or_empty():
        raise NotOurs(
            "this database holds loaded files, and a replay would replace them",
            mend="run the demo with BLANKO_HOME set to another folder",
        )
    owner = connections["owner"]
    with owner.cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE")
        cursor.execute("CREATE SCHEMA public")
    roles.grant(owner.connection)
