"""Records move between persons: merges and splits, each an event with its cause. Ids stay stable.

An id belongs to the record that bore it first and goes where that record goes; a person stands under the smallest id
that its records bore first. So today's ids depend on nothing but which records are together: a merge that is taken
back gives everybody the id they had, whatever lies between, and doing a thing twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from django.db import connection
from django.db.transaction import atomic

from blanko.ground.audit import operations as audit
from blanko.ground.audit.merkle import Facts
from blanko.ground.database import sql
from blanko.kernel.errors import BlankoError
from blanko.records.registry.operations import TAKE_IN_LOCK
from blanko.records.registry.queries import UnknownPerson, UnknownRecord
from blanko.records.registry.rules import merged_persons

Key = tuple[str, str]
Cause = Literal["linkage", "decision"]


class RecordInTwoParts(BlankoError, ValueError):
    """One call says of a record that it is two persons'."""


@dataclass(frozen=True, slots=True)
class Regrouped:
    """What one call did: records that changed their person, ids that ended in another, ids taken back or given anew.

    ``persons`` are the present and former ids of everybody touched; ``event`` is None when nothing changed.
    """

    moved: int = 0
    merged: int = 0
    split: int = 0
    persons: frozenset[int] = frozenset()
    event: int | None = None


def merge(*, groups: Iterable[Iterable[int]], cause: Cause, by: str, at: datetime, reason: str = "") -> Regrouped:
    """Each group of person ids (earlier ones too) is one person from now on. Groups that share a person become one.

    Raises UnknownPerson. The present id of each is its smallest; every earlier id leads to it.
    """
    with atomic(), connection.cursor() as cursor:
        _alone(cursor)
        asked = [list(group) for group in groups]
        today = _today(cursor, {person for group in asked for person in group})
        found = merged_persons([today[person] for person in group] for group in asked)
        members = set(found) | set(found.values())
        cursor.execute(
            "SELECT recorded_office, record_id, person_id FROM registry_record WHERE person_id = ANY (%s)",
            [sorted(members)],
        )
        rows = [(office, record, found.get(person, person)) for office, record, person in cursor.fetchall()]
        return _regroup(cursor, rows, cause=cause, by=by, at=at, reason=reason)


def split(*, parts: Iterable[Iterable[Key]], cause: Cause, by: str, at: datetime, reason: str = "") -> Regrouped:
    """Each part, a set of record keys, is a person of its own from now on; what it leaves behind stays together.

    Raises UnknownRecord, RecordInTwoParts. The part with the record that bore the person's id first keeps that id.
    """
    return partition(groups=parts, cause=cause, by=by, at=at, reason=reason)


def partition(*, groups: Iterable[Iterable[Key]], cause: Cause, by: str, at: datetime, reason: str = "") -> Regrouped:
    """Each group of record keys is exactly one person from now on: whoever else was with them is not.

    Records of the same persons that no group names stay with each other. Raises UnknownRecord, RecordInTwoParts.
    """
    rows: dict[Key, int] = {}
    for number, group in enumerate(groups, start=1):
        for office, record in set(group):
            if (office, record) in rows:
                raise RecordInTwoParts(
                    "record {office}/{record} stands in two groups", mend="name it once", office=office, record=record
                )
            rows[office, record] = number
    with atomic(), connection.cursor() as cursor:
        _alone(cursor)
        return _regroup(
            cursor, [(*key, number) for key, number in rows.items()], cause=cause, by=by, at=at, reason=reason
        )


def _alone(cursor: Any) -> None:
    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TAKE_IN_LOCK])


def _today(cursor: Any, persons: set[int]) -> dict[int, int]:
    """Under which id each of these persons stands today."""
    cursor.execute(
        "SELECT asked.id, coalesce(w.survivor, (SELECT min(r.person_id) FROM registry_record AS r"
        " WHERE r.person_id = asked.id)) FROM unnest(%s::bigint[]) AS asked (id)"
        " LEFT JOIN registry_person_resolved AS w ON w.person_id = asked.id",
        [sorted(persons)],
    )
    found = dict(cursor.fetchall())
    for person, today in sorted(found.items()):
        if today is None:
            raise UnknownPerson(
                "no person has the id {person_id}", mend="look the record up by its office and number", person_id=person
            )
    return found


def _regroup(
    cursor: Any, rows: list[tuple[str, str, int]], *, cause: Cause, by: str, at: datetime, reason: str
) -> Regrouped:
    if not rows:
        return Regrouped()
    cursor.execute("DROP TABLE IF EXISTS registry_wanted")
    cursor.execute(
        'CREATE TEMP TABLE registry_wanted (recorded_office text COLLATE "C", record_id text COLLATE "C", grp bigint)'
        " ON COMMIT DROP"
    )
    with cursor.connection.cursor().copy("COPY registry_wanted FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    cursor.execute("ANALYZE registry_wanted")
    cursor.execute(
        "SELECT w.recorded_office, w.record_id FROM registry_wanted AS w WHERE NOT EXISTS (SELECT FROM registry_record"
        " AS r WHERE r.recorded_office = w.recorded_office AND r.record_id = w.record_id) ORDER BY 1, 2 LIMIT 1"
    )
    if unknown := cursor.fetchone():
        raise UnknownRecord(
            "there is no record {recorded_office}/{record_id}",
            mend="check the office and the number, or load its file",
            recorded_office=unknown[0],
            record_id=unknown[1],
        )
    cursor.execute(sql.text(__package__, "regroup_stage.sql"))
    # A closed record goes wherever the record goes that it was closed for, and that may be closed for a third.
    cursor.execute(sql.text(__package__, "regroup_closed.sql"))
    while cursor.rowcount:
        cursor.execute(sql.text(__package__, "regroup_closed.sql"))
    cursor.execute(sql.text(__package__, "regroup.sql"), {"cause": cause, "reason": reason})
    cursor.execute(
        "SELECT (SELECT count(*) FROM registry_link_new), (SELECT count(*) FROM registry_merge_new),"
        " (SELECT count(*) FROM registry_split_new)"
    )
    moved, merged, split_off = cursor.fetchone()
    if not moved:
        return Regrouped()
    cursor.execute(sql.text(__package__, "regroup_leaves.sql"))
    facts = Facts.of_leaves(bytes(leaf) for (leaf,) in cursor.fetchall())
    event = audit.record(
        operation="registry.regroup",
        by=by,
        at=at,
        facts=facts,
        reason=reason,
        subject={"cause": cause, "records": moved, "merged": merged, "split": split_off},
    )
    for step in ("regroup_keep.sql", "lead.sql", "bury.sql", "tell.sql"):
        cursor.execute(sql.text(__package__, step), {"event": event})
    cursor.execute("SELECT person_id FROM registry_touched")
    persons = frozenset(int(person) for (person,) in cursor.fetchall())
    return Regrouped(moved=moved, merged=merged, split=split_off, persons=persons, event=event)
