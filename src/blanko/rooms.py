"""The order of the house: floors from the ground up, and on each floor its rooms in import order.

A room imports lower floors and earlier rooms of its own floor. Models, migrations and the house tests read this one
list.
"""

from __future__ import annotations

from importlib.resources import files
from importlib.util import find_spec

FLOORS: dict[str, tuple[str, ...]] = {
    "kernel": (),
    "engines": ("linkage", "demand", "runout", "allocation", "synth"),
    "ground": ("database", "files", "audit", "places", "access"),
    "records": ("intake", "procurement", "equipment", "registry", "entitlement"),
    "cards": ("custody", "counting", "destruction", "suket", "issuance", "alerts"),
    "decisions": ("cases", "planning", "transparency", "takeover", "scenario"),
    "doors": ("api", "web", "cli", "jobs"),
}


def open_rooms(*, floors: tuple[str, ...] = tuple(FLOORS)) -> tuple[str, ...]:
    """Dotted paths of the rooms that exist today, lowest first. A room that later work fills has no folder yet."""
    paths = (f"blanko.{floor}.{room}" for floor in floors for room in FLOORS[floor])
    return tuple(path for path in paths if find_spec(path) is not None)


def sql_in_order() -> tuple[tuple[str, str], ...]:
    """(name, text) of each room's schema and published SQL, in the order in which a new database takes them."""
    found = []
    for room in open_rooms(floors=("ground", "records", "cards", "decisions")):
        for name in ("schema.sql", "published.sql"):
            file = files(room) / "sql" / name
            if file.is_file():
                found.append((f"{room}/{name}", file.read_text(encoding="utf-8")))
    return tuple(found)
