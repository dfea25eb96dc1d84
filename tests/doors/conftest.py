"""One small replay for all pages: played once, looked at by every test."""

from __future__ import annotations

import os

import database
import pytest

FILE = "replay"


@pytest.fixture(scope="module")
def replayed(template_database, django_db_blocker, tmp_path_factory):
    """A database of the whole replay of a small nation; Django points at it while the package's tests run."""
    from django.conf import settings
    from django.db import connections

    from blanko.decisions.scenario.april_2017 import replay

    name = f"blanko_test_{os.getpid()}_replay"
    folder = tmp_path_factory.mktemp("replay")
    before = settings.DATA_DIR, connections["default"].settings_dict["NAME"]
    with django_db_blocker.unblock():
        database.clone(template_database, name)
        database.use(name)
        settings.DATA_DIR = folder / "data"
        played = replay.play(
            people=22_000, seed=7, folder=folder / "files", data_dir=settings.DATA_DIR, tell=lambda *_: None,
            # Rooms are looked at here, and most workers would wait for loops to be compiled.
            linkage=False,
        )  # fmt: skip
        yield played
        settings.DATA_DIR = before[0]
        connections.close_all()
        database.use(before[1])
        database.drop(name)
