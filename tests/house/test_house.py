"""The shape of the house, as far as imports cannot show it."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection

from blanko.ground.audit.facts import Fact, Projection, Reference
from blanko.rooms import FLOORS, open_rooms

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "blanko"
ROOMS = [room for floor in FLOORS.values() for room in floor]
DATABASE_ROOMS = [room for floor in ("ground", "records", "cards", "decisions") for room in FLOORS[floor]]


def folder(path: str) -> Path:
    return ROOT / "src" / Path(*path.split("."))


@pytest.mark.parametrize("path", open_rooms())
def test_every_room_says_what_it_promises(path):
    assert "Promises" in (folder(path) / "README.md").read_text(encoding="utf-8")


def test_there_are_no_rooms_that_the_list_does_not_know():
    for floor in ("engines", "ground", "records", "cards", "decisions", "doors"):
        found = {item.name for item in (SOURCE / floor).iterdir() if item.is_dir() and item.name != "__pycache__"}
        assert found <= set(FLOORS[floor]), floor


def test_no_folder_is_a_drawer_for_anything():
    drawers = {"utils", "helpers", "misc", "common", "services", "managers"}
    assert not [item for item in SOURCE.rglob("*") if item.stem in drawers]


@pytest.mark.parametrize("rules", sorted(SOURCE.glob("*/*/rules.py")), ids=lambda path: path.parent.name)
def test_rules_know_no_django_and_no_clock(rules):
    text = rules.read_text(encoding="utf-8")
    imported = {
        name
        for node in ast.walk(ast.parse(text))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert not [name for name in imported if name.split(".")[0] in ("django", "psycopg", "random")]
    assert not re.search(r"\.(now|today|utcnow)\(", text)


@pytest.mark.parametrize("path", [*SOURCE.glob("doors/**/*.py")], ids=lambda path: path.stem)
def test_doors_import_no_models(path):
    assert not re.search(
        r"from blanko\.[a-z_.]+\.models import|import blanko\.[a-z_.]+\.models", path.read_text("utf-8")
    )


@pytest.mark.parametrize("path", open_rooms(floors=("ground", "records", "cards", "decisions")))
def test_models_are_imported_by_their_own_room_only(path):
    for file in folder(path).rglob("*.py"):
        for other in re.findall(r"from (blanko\.[a-z_]+\.[a-z_]+)\.models import", file.read_text("utf-8")):
            assert other == path, f"{file} imports the models of {other}"


def published_by(room: str) -> set[str]:
    floor = next(floor for floor, rooms in FLOORS.items() if room in rooms)
    file = SOURCE / floor / room / "sql" / "published.sql"
    if not file.exists():
        return set()
    return set(re.findall(r"CREATE (?:OR REPLACE )?(?:VIEW|FUNCTION)\s+([a-z0-9_]+)", file.read_text("utf-8")))


@pytest.mark.parametrize("file", sorted(SOURCE.glob("*/*/sql/*.sql")), ids=lambda path: f"{path.parts[-3]}/{path.name}")
def test_sql_names_only_its_own_tables_and_what_lower_rooms_publish(file):
    own = file.parts[-3]
    text = re.sub(r"--.*", "", file.read_text("utf-8"))
    text = re.sub(r"'[^']*'", "''", text)
    tables = {model._meta.db_table for model in apps.get_models()}
    for room in DATABASE_ROOMS:
        if room == own:
            continue
        published = published_by(room)
        lower = DATABASE_ROOMS.index(room) < DATABASE_ROOMS.index(own)
        # Names of things that live in the database: tables, and views or functions that a room publishes.
        for name in set(re.findall(rf"\b{room}_[a-z0-9_]+\b", text)):
            if name in tables:
                raise AssertionError(f"{file} names the table {name} of {room}")
            if name in published:
                assert lower, f"{file} names {name} of the higher room {room}"


def test_no_foreign_key_leaves_its_room():
    for model in apps.get_models():
        room = model._meta.db_table.split("_")[0]
        for field in model._meta.concrete_fields:
            if field.remote_field is not None:
                assert field.related_model._meta.db_table.split("_")[0] == room, field


def test_every_table_carries_its_room_and_is_fact_projection_or_reference():
    for model in apps.get_models():
        assert model._meta.db_table.split("_")[0] in ROOMS, model
        if model.__name__ not in ("Event", "User"):
            assert issubclass(model, Fact | Projection | Reference), model


def test_the_app_cannot_change_facts_and_each_needs_an_event(db):
    with connection.cursor() as cursor:
        for model in apps.get_models():
            if not issubclass(model, Fact):
                continue
            table = model._meta.db_table
            cursor.execute(
                "SELECT has_table_privilege('blanko_app', %s, 'UPDATE'),"
                " has_table_privilege('blanko_app', %s, 'DELETE'),"
                " EXISTS (SELECT FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname = 'audit_event_required')",
                [table, table, table],
            )
            assert cursor.fetchone() == (False, False, True), table


def test_the_role_of_the_tests_is_the_app(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == ("blanko_app", False, False)


def test_area_codes_are_compared_byte_by_byte(db):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name, collation_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND column_name IN ('regency', 'office', 'area') AND data_type = 'text'"
            " AND table_name NOT LIKE '%%_v' AND EXISTS (SELECT FROM pg_tables WHERE tablename = table_name)"
        )
        rows = cursor.fetchall()
        assert rows
        assert not [row for row in rows if row[2] != "C"]


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def test_the_glossary_has_every_room_and_model():
    words = tomllib.loads((ROOT / "docs" / "glossary.toml").read_text(encoding="utf-8"))
    wanted = {path.rpartition(".")[2] for path in open_rooms()}
    wanted |= {snake(model.__name__) for model in apps.get_models()}
    assert not sorted(wanted - set(words))
    for word, entry in words.items():
        assert entry["id"], word
        assert entry["meaning"], word
        assert entry["source"], word


def test_the_glossary_has_every_status():
    from blanko.records.intake.kinds import STATUSES

    words = tomllib.loads((ROOT / "docs" / "glossary.toml").read_text(encoding="utf-8"))
    assert not sorted(status.lower() for status in STATUSES if status.lower() not in words)
