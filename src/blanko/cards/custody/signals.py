"""What in the journal may be a sign of something wrong, set-based, for the room of alerts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import connection

from blanko.ground.database import sql


def hands_across(*, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """Ways with one person at both ends: sent_as, taken_as, person, from_office, office, since, series, box_no.

    A person who takes back what he sent, at the office that he sent it from, is not among them.
    """
    return _dicts("hands_across.sql", since=since, until=until)


def at_night(
    *, since: datetime, until: datetime, begins: int, ends: int, zones: Mapping[str, int], else_hours: int
) -> list[dict[str, Any]]:
    """Steps between the local hours ``begins`` and ``ends``: office, night, since, steps, first_movement, persons.

    ``zones`` province -> hours before UTC's clock, ``else_hours`` for all others.
    """
    return _dicts(
        "at_night.sql", since=since, until=until, begins=begins, ends=ends, provinces=list(zones),
        hours=list(zones.values()), else_hours=else_hours,
    )  # fmt: skip


def _dicts(file: str, **values: object) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(sql.text(__package__, file), values)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
