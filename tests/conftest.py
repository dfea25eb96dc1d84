"""Real PostgreSQL for every test that asks for it, and the role of the app in all of them."""

from __future__ import annotations

import os

import database
import pytest
from hypothesis import settings

os.environ["DJANGO_SETTINGS_MODULE"] = "blanko.settings"
from blanko.ready import start_django

os.environ["BLANKO_DATABASE"] = "postgres"
start_django()

# No test is timed: a machine that others use is slow, not wrong.
settings.register_profile("blanko", deadline=None)
settings.load_profile("blanko")

DATABASE_FIXTURES = {"db", "transactional_db", "fresh_database", "client", "acting_as"}


def pytest_report_header() -> str:
    from blanko.ground.database import cluster

    server = cluster.ensure_running()
    return f"database: PostgreSQL {server.major} ({server.kind})"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if DATABASE_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.database)
    # What takes minutes begins first, so that no core waits for it at the end.
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(scope="session")
def template_database(django_db_blocker) -> str:
    with django_db_blocker.unblock():
        return database.template()


@pytest.fixture(scope="session")
def django_db_setup(template_database, django_db_blocker):
    """pytest-django's databases are made by an owner's template: the app's role may not create any."""
    name = f"blanko_test_{os.getpid()}"
    with django_db_blocker.unblock():
        database.clone(template_database, name)
        database.use(name)
    yield
    with django_db_blocker.unblock():
        from django.db import connections

        connections.close_all()
        database.drop(name)


@pytest.fixture
def fresh_database(template_database, django_db_setup, django_db_blocker, request):
    """A database of this test's own: it may commit, use threads and several connections."""
    from django.db import connections

    session, name = f"blanko_test_{os.getpid()}", f"blanko_test_{os.getpid()}_own"
    with django_db_blocker.unblock():
        database.clone(template_database, name)
        database.use(name)
        yield name
        connections.close_all()
        database.use(session)
        database.drop(name)


@pytest.fixture
def acting_as():
    """``with acting_as("svc.intake"):`` is the one transaction of a command in that principal's name."""
    from blanko.ground.access.acting import acting

    return lambda principal: acting(principal=principal)
