"""Which PostgreSQL serves a home: data stays with the server that made it, whatever else is installed meanwhile."""

from __future__ import annotations

import pytest

from blanko.ground.database import binaries
from blanko.ground.database.errors import NoPostgres


@pytest.fixture
def newly_installed(tmp_path, monkeypatch):
    """A PostgreSQL 99 on the PATH, beside whatever this machine has."""
    folder = tmp_path / "postgresql-99" / "bin"
    folder.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (folder / name).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 99.1'\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    monkeypatch.delenv("BLANKO_POSTGRES")
    return folder


@pytest.fixture(autouse=True)
def choice(monkeypatch):
    monkeypatch.setenv("BLANKO_POSTGRES", "")


def test_a_home_stays_with_the_bundled_server_after_another_was_installed(tmp_path, newly_installed):
    bundled = binaries.find(unpack_to=tmp_path, held=("bundled", major_of_the_wheel(tmp_path)))
    assert bundled.kind == "bundled"
    assert binaries.find(unpack_to=tmp_path).kind == "installed"


def test_a_home_stays_with_the_version_that_made_it(tmp_path, newly_installed):
    found = binaries.find(unpack_to=tmp_path, held=("installed", 99))
    assert (found.major, found.folder) == (99, newly_installed)


def test_data_whose_server_has_gone_is_said_and_never_replaced_by_an_empty_one(tmp_path, newly_installed):
    with pytest.raises(NoPostgres, match="installed PostgreSQL 98, which is no longer there"):
        binaries.find(unpack_to=tmp_path, held=("installed", 98))
    with pytest.raises(NoPostgres, match="made by PostgreSQL 7, and this release brings"):
        binaries.find(unpack_to=tmp_path, held=("bundled", 7))


def test_a_wanted_kind_wins_over_the_one_that_is_held(tmp_path, newly_installed, monkeypatch):
    monkeypatch.setenv("BLANKO_POSTGRES", "bundled")
    assert binaries.find(unpack_to=tmp_path, held=("installed", 99)).kind == "bundled"


def major_of_the_wheel(tmp_path) -> int:
    return binaries._bundled(tmp_path).major
