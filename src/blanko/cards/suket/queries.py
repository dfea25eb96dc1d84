"""Read sukets: one, those of an office, holders by age."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

from django.db import connection

from blanko.cards.suket import rules
from blanko.cards.suket.models import LiveSuket, Suket, SuketEnd
from blanko.ground.database import sql


def _dicts(file: str, **values: object) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(sql.text(__package__, file), values)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def candidates(
    *, office: str, states: Collection[str] = (), limit: int | None = None, person: int | None = None
) -> list[dict[str, Any]]:
    """Claims of an office that a suket is due and none is held for, or the claim of one person whatever it is."""
    return _dicts("candidates.sql", office=office, states=list(states), limit=limit, person=person)


def from_files() -> list[dict[str, Any]]:
    """What files say of sukets that are not here yet."""
    return _dicts("from_files.sql")


def held_by(persons: Collection[int]) -> dict[str, int]:
    """The sukets of persons (present ids): number to person. They stay locked until the transaction ends."""
    return {row["number"]: row["person_id"] for row in _dicts("held_by.sql", persons=list(persons))}


def persons_of(numbers: Collection[str]) -> dict[str, int]:
    """The present person of each suket that counts."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT number, person_id FROM suket_held WHERE number = ANY (%s)", [list(numbers)])
        return {number: int(person) for number, person in cursor.fetchall()}


def suket(number: str) -> dict[str, Any]:
    """A suket with ``ended`` (None while it counts), ``cause``, ``note``, ``card``, ``ended_at``, ``ended_by``.

    Raises UnknownSuket.
    """
    row = Suket.objects.filter(pk=number).values().first()
    if row is None:
        raise rules.UnknownSuket("there is no suket {number}", mend="read the number on the paper", number=number)
    end = SuketEnd.objects.filter(pk=number).values("ended", "cause", "note", "card", "at", "by").first() or {}
    renewed = Suket.objects.filter(renews=number).values_list("number", flat=True).first()
    names = {"ended": "ended", "cause": "cause", "note": "note", "card": "card", "at": "ended_at", "by": "ended_by"}
    return {**row, **{name: end.get(key) for key, name in names.items()}, "renewed_by": renewed}


def of_office(office: str, *, limit: int = 500, reason: str | None = None) -> list[dict[str, Any]]:
    """The sukets of an office that count, those that end first before the others: number, name, nik, reason,
    issued_on, valid_until.
    """
    found = LiveSuket.objects.filter(office=office)
    if reason:
        found = found.filter(reason=reason)
    numbers = list(found.order_by("valid_until", "number").values_list("number", flat=True)[:limit])
    rows = {row["number"]: row for row in Suket.objects.filter(pk__in=numbers).values(
        "number", "name", "nik", "reason", "issued_on", "valid_until", "person_id", "taken_over")}  # fmt: skip
    return [rows[number] for number in numbers]


def holders(*, on: date, office: str | None = None, of_holder: bool = False) -> list[dict[str, Any]]:
    """Holders of sukets that count today, by office and by how long the suket is out on a day (rules.AGES); with
    ``of_holder`` by the holder's age. Rows: office, age, holders.
    """
    return _dicts("holders.sql", day=on, office=office, of_holder=of_holder)


def waiting_without(*, office: str) -> dict[str, int]:
    """Persons of an office whom a suket is due and who hold none, by reason: whom a bulk issue would reach."""
    rows = candidates(office=office, states=[str(state) for state in rules.REASON_OF_STATE])
    counts: dict[str, int] = {}
    for row in rows:
        reason = str(rules.reason_for(row["state"]))
        counts[reason] = counts.get(reason, 0) + 1
    return counts
