"""Look at the records for what does not look right: each look is a few queries over all offices at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from blanko.cards.alerts import rules
from blanko.cards.alerts.rules import AlertKind, Finding, Limits, Pace, Tried
from blanko.cards.counting import queries as counting
from blanko.cards.custody import queries as custody
from blanko.cards.custody import signals
from blanko.ground.database import sql
from blanko.kernel.errors import InvalidValue
from blanko.records.procurement import queries as procurement

COUNTS_LOOKED_AT = 2_000


def look(*, at: datetime, limits: Limits) -> list[Finding]:
    """Everything that does not look right at a moment, in the order of the kinds."""
    since = at - timedelta(days=limits.look_back_days)
    pace_since = at - timedelta(days=limits.pace_days)
    paces = [Pace(*row) for row in _rows("paces.sql", since=pace_since, until=at)]
    return [
        *rules.low_cover(paces, limits=limits, at=at),
        *rules.spoilage(_tried(pace_since, at), limits=limits, at=at),
        *_prints(),
        *_seen_twice(since, at),
        *_both_ends(since, at),
        *_at_night(since, at, limits),
        *_overdue(at),
    ]


def _tried(since: datetime, at: datetime) -> Iterator[Tried]:
    allowed = {row["contract_no"]: row["spoilage_per_mille"] for row in procurement.contracts()}
    for office, contract_no, printed, spoiled in _rows("tried.sql", since=since, until=at):
        # A contract that names no allowance (0) says nothing about what is too much.
        if allowed[contract_no]:
            yield Tried(office, contract_no, printed, spoiled, allowed[contract_no])


def _prints() -> Iterator[Finding]:
    for office, cards, blanks, since in _rows("prints.sql"):
        yield Finding(AlertKind.PRINTS_ABOVE_BLANKS, office, office, since, {"cards": cards, "blanks": blanks})


def _seen_twice(since: datetime, at: datetime) -> Iterator[Finding]:
    """A receiver or a counter had a blank in the hand that the book has somewhere else."""
    for movement, number, office, identifier, seen_at, by in _rows("sightings.sql", since=since, until=at):
        yield from _elsewhere(identifier, office, f"{movement}/{number}", seen_at, by)
    for counted in counting.counts(limit=COUNTS_LOOKED_AT):
        # While somebody may still count, nobody sees the differences.
        if counted["at"] <= since or counted["at"] > at or counted["status"] not in ("to_decide", "corrected"):
            continue
        for found in counting.differences(counted["count"]):
            if found["seen"] and not found["now"]:
                serial = f"{found['series']}-{found['box_no']:06d}-{found['first']:04d}"
                yield from _elsewhere(serial, counted["office"], counted["count"], counted["at"], counted["by"])


def _elsewhere(identifier: str, office: str, source: str, seen_at: datetime, by: str) -> Iterator[Finding]:
    try:
        places = custody.places(identifier)
    except InvalidValue:
        return
    for place in places:
        if place["office"] != office or place["condition"] in ("issued", "destroyed"):
            says: dict[str, Any] = {
                "seen": identifier, "by": by, "book": place["office"] or place["movement"],
                "condition": place["condition"], "source": source,
            }  # fmt: skip
            yield Finding(AlertKind.SEEN_TWICE, f"{identifier}/{source}", office, seen_at, says)
            return


def _both_ends(since: datetime, at: datetime) -> Iterator[Finding]:
    for row in signals.hands_across(since=since, until=at):
        what = f"{row['sent_as']}/{row['taken_as']}"
        says = {name: row[name] for name in ("person", "sent_as", "taken_as", "from_office", "series", "box_no")}
        yield Finding(AlertKind.BOTH_ENDS, what, row["office"], row["since"], says)


def _at_night(since: datetime, at: datetime, limits: Limits) -> Iterator[Finding]:
    nights = signals.at_night(
        since=since, until=at, begins=limits.night_begins, ends=limits.night_ends, zones=rules.ZONES,
        else_hours=rules.WEST,
    )  # fmt: skip
    for row in nights:
        says = {"steps": row["steps"], "persons": row["persons"], "first_movement": row["first_movement"]}
        yield Finding(AlertKind.AT_NIGHT, f"{row['office']}/{row['night']}", row["office"], row["since"], says)


def _overdue(at: datetime) -> Iterator[Finding]:
    for row in custody.on_the_way(overdue_at=at):
        says = {
            "from_office": row["from_office"], "quantity": row["quantity"], "sent_by": row["by"],
            "answerable": row["answerable"] or row["by"],
        }  # fmt: skip
        yield Finding(AlertKind.OVERDUE, row["movement"], row["to_office"], row["due_at"], says)


def _rows(file: str, **values: object) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql.text(__package__, file), values)
        return list(cursor.fetchall())
