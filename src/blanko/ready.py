"""From nothing to a database that is ready for work. The one place where the floors are put together."""

from __future__ import annotations

import os
from datetime import UTC, datetime, time
from importlib import import_module

import django


def start_django() -> None:
    """Hold the embedded server (unless DATABASE_URL names another) and configure Django; safe to call again."""
    from django.apps import apps

    if apps.ready:
        return
    from blanko.ground.database import roles, urls

    if not urls.is_external():
        roles.ensure_embedded(database=urls.database_name())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "blanko.settings")
    django.setup()


def make_ready(*, anew: bool = False) -> None:
    """Django, the newest shape and the lists that come with the release. ``anew`` empties a replay's database first."""
    start_django()
    from django.db import connection

    from blanko.ground.database import migrate, roles, urls

    if anew:
        migrate.start_anew()
    changed = migrate.migrate()
    if urls.is_external():
        connection.ensure_connection()
        roles.refuse_unsafe(connection.connection)
    if changed:
        load_lists(at=datetime.now(UTC))


def load_lists(*, at: datetime) -> None:
    """The officers, areas and offices of the release. Running it again changes nothing."""
    from blanko.ground.access import operations as access
    from blanko.ground.access.acting import acting
    from blanko.ground.places import operations as places

    access.seed()
    with acting(principal="svc.registry"):
        places.load_places(by="svc.registry", at=at)


def start_jobs(*, nightly: time) -> None:
    """Do the night's work at this hour (Jakarta) beside what the program serves; the database must be ready."""
    # By name, as commands are: the floors below this module do not come to import a door through it.
    import_module("blanko.doors.jobs.nightly").start(nightly)
