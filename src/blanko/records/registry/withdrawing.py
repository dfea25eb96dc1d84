"""A record that was entered by mistake is withdrawn: kept in quarantine, nobody's, compared with nothing; and restored.

Whoever else was held as one person with it is made anew, as if it had never come: every order of arrivals, corrections
and withdrawals ends in the batch's partition of the records that are left.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import numpy as np
import pyarrow as pa
from django.db import connection
from django.db.transaction import atomic

from blanko.engines.linkage.linkage import link
from blanko.kernel.errors import BlankoError
from blanko.records.registry import adopting, closing, matching, persons
from blanko.records.registry.keying import as_bigint
from blanko.records.registry.operations import TAKE_IN_LOCK, ReasonMissing
from blanko.records.registry.queries import UnknownRecord
from blanko.records.registry.rules import Status

Key = tuple[str, str]
CAUSE: Final = "withdrawn"
CARD_OUT: Final = (
    Status.SENT_FOR_CARD_PRINTING, Status.CARD_PRINTED, Status.CARD_SHIPPED, Status.CARD_ISSUED,
)  # fmt: skip


class CardWasMade(BlankoError):
    """A card is in the printer, printed or handed over for this record."""


class OthersDependOnIt(BlankoError):
    """Other records are closed in favour of this one, so that their person would be left without an open record."""


def withdraw(*, record: Key, reason: str, by: str, at: datetime) -> frozenset[int]:
    """Withdraw a record; returns the ids of everybody concerned, present and former.

    It is split off its person, loses its keys and pairs, and carries no card; its versions, statuses and verdicts stay.
    Those who shared a person with it stay together as far as they belong together without it. Raises ReasonMissing,
    UnknownRecord, RecordClosed (closed or withdrawn before), CardWasMade, OthersDependOnIt.
    """
    if not reason.strip():
        raise ReasonMissing("a record is withdrawn without a reason", mend="say what the mistake was")
    with atomic(), connection.cursor() as cursor:
        held = _held(cursor, record)
        names = {"office": record[0], "record_id": record[1]}
        if held["closed"]:
            raise closing.RecordClosed(
                "record {office}/{record_id} is closed", mend="take its case back first, or restore it", **names
            )
        if held["status"] in CARD_OUT or held["issued_on"]:
            raise CardWasMade(
                "a card was made for record {office}/{record_id}", mend="spoil or give back the card first", **names
            )
        cursor.execute(
            "SELECT recorded_office || '/' || record_id FROM registry_record_closed"
            " WHERE kept_office = %s AND kept_id = %s ORDER BY 1 LIMIT 1",
            list(record),
        )
        if (other := cursor.fetchone()) is not None:
            raise OthersDependOnIt(
                "record {other} is closed in favour of {office}/{record_id}", mend="take that case back first",
                other=other[0], **names,
            )  # fmt: skip
        concerned = {held["person_id"]} | _unlink(cursor, record, by=by, at=at)
        concerned |= persons.partition(groups=[[record]], cause="decision", by=by, at=at, reason=reason).persons
        for table in ("registry_keyed", "registry_unkeyed"):
            cursor.execute(f"DELETE FROM {table} WHERE recorded_office = %s AND record_id = %s", list(record))
        concerned.add(closing.set_aside(record=record, cause=CAUSE, reason=reason, by=by, at=at))
        return frozenset(concerned | _others_again(cursor, record, held["nik"]))


def restore(*, record: Key, reason: str, by: str, at: datetime) -> frozenset[int]:
    """The record was no mistake: it is somebody's again, in its newest version, and is compared with all others.

    Returns the ids of everybody concerned. Raises ReasonMissing, UnknownRecord, RecordClosed (it is not withdrawn).
    """
    if not reason.strip():
        raise ReasonMissing("a record is restored without a reason", mend="say why it was no mistake")
    with atomic(), connection.cursor() as cursor:
        held = _held(cursor, record)
        if not held["withdrawn"]:
            raise closing.RecordClosed(
                "record {office}/{record_id} is not withdrawn", mend="look it up", office=record[0], record_id=record[1]
            )
        concerned = {closing.take_up(record=record, cause="restored", reason=reason, by=by, at=at)}
        cursor.execute(
            "INSERT INTO registry_unkeyed (recorded_office, record_id, since, event_id)"
            " SELECT recorded_office, record_id, %s, event_id FROM registry_record"
            " WHERE recorded_office = %s AND record_id = %s ON CONFLICT DO NOTHING",
            [at, *record],
        )
        if len(alike := _alike(cursor, held["nik"], record)) > 1:
            done = persons.merge(groups=[alike], cause="decision", by=by, at=at, reason=reason)
            concerned |= done.persons
        linked = matching.keep_up(by=by, at=at)
        concerned |= _others_again(cursor, record, held["nik"])
        cursor.execute(
            "SELECT person_id FROM registry_record WHERE recorded_office = %s AND record_id = %s", list(record)
        )
        return frozenset(concerned | {int(cursor.fetchone()[0])} | (linked.persons if linked else frozenset()))


def withdrawn(*, office: str | None = None, limit: int = 200) -> list[dict[str, Any]]:
    """Records in quarantine as mistakes, the last first: their key, name, NIK, person, reason and event."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.recorded_office, r.record_id, r.person_id, r.regency, r.nik, r.name, r.birth_date, r.status,"
            " c.reason, c.event_id FROM registry_record_current AS r"
            " JOIN registry_record_closed AS c ON c.recorded_office = r.recorded_office AND c.record_id = r.record_id"
            " WHERE r.withdrawn AND r.regency LIKE %s || '%%' ORDER BY c.event_id DESC, 1, 2 LIMIT %s",
            [office or "", limit],
        )
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _held(cursor: Any, record: Key) -> dict[str, Any]:
    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TAKE_IN_LOCK])
    cursor.execute(
        "SELECT person_id, nik, status, issued_on, closed, withdrawn FROM registry_record"
        " WHERE recorded_office = %s AND record_id = %s FOR UPDATE",
        list(record),
    )
    row = cursor.fetchone()
    if row is None:
        raise UnknownRecord(
            "there is no record {office}/{record_id}", mend="check the office and the number",
            office=record[0], record_id=record[1],
        )  # fmt: skip
    return dict(zip(("person_id", "nik", "status", "issued_on", "closed", "withdrawn"), row, strict=True))


def _unlink(cursor: Any, record: Key, *, by: str, at: datetime) -> frozenset[int]:
    """Take the record out of linkage, and make those anew whom it tied together. Nothing when it has no keys."""
    cursor.execute("SELECT rec, packed FROM registry_keyed WHERE recorded_office = %s AND record_id = %s", list(record))
    if (row := cursor.fetchone()) is None:
        return frozenset()
    rec, packed = int(row[0]), bytes(row[1])
    _version, book = adopting.book()
    with book.lock:
        keys = book.keys(book.open([packed]))[0]
    lost = [(key, rec) for key in np.unique(as_bigint(keys[keys != 0])).tolist()]
    # Keys that others lost and that no step has looked at yet are looked at with these.
    cursor.execute("SELECT key, rec FROM registry_dropped_key")
    lost += [row for row in cursor.fetchall() if row not in set(lost)]
    cursor.execute("DELETE FROM registry_key WHERE rec = %s AND key = ANY (%s::bigint[])", [rec, [k for k, _ in lost]])
    cursor.execute("DELETE FROM registry_unlinked WHERE rec = %s", [rec])
    return matching.link_records(cursor, new=[], lost=lost, around=[], withdrawn=[rec], by=by, at=at).persons


def _alike(cursor: Any, nik: str | None, record: Key) -> list[int]:
    """The persons whose records are this one to the letter, by the engine of exact doubles, unless told apart."""
    cursor.execute(
        "SELECT recorded_office || '/' || record_id, nik, name, birth_date::text, person_id FROM registry_record"
        " WHERE nik = %s AND NOT withdrawn ORDER BY recorded_office, record_id",
        [nik],
    )
    rows = cursor.fetchall()
    if not rows:
        return []
    columns = dict(zip(("key", "nik", "name", "birth_date"), zip(*(row[:4] for row in rows), strict=True), strict=True))
    found = link(pa.table({name: pa.array(column, pa.string()) for name, column in columns.items()})).clusters
    cluster = dict(zip(found["key"].to_pylist(), found["cluster"].to_pylist(), strict=True))
    own = cluster.get("/".join(record))
    group = sorted({row[4] for row in rows if own is not None and cluster.get(row[0]) == own})
    cursor.execute(
        "SELECT EXISTS (SELECT FROM registry_pair_verdict_standing AS v"
        " JOIN registry_record AS one ON one.recorded_office = v.left_office AND one.record_id = v.left_id"
        " JOIN registry_record AS other ON other.recorded_office = v.right_office AND other.record_id = v.right_id"
        " WHERE v.verdict = 'different' AND one.person_id = ANY (%(group)s) AND other.person_id = ANY (%(group)s))",
        {"group": group},
    )
    return [] if cursor.fetchone()[0] else group


def _others_again(cursor: Any, record: Key, nik: str | None) -> set[int]:
    """What others are held for because of this record: a NIK of several (those whom that concerns are returned), and
    whom a paper about a death means.
    """
    cursor.execute("DELETE FROM registry_death_match WHERE %s = ANY (records)", ["/".join(record)])
    cursor.execute(
        "UPDATE registry_record AS r SET nik_shared = carried.repeated"
        " FROM (SELECT count(DISTINCT person_id) FILTER (WHERE NOT withdrawn) > 1 AS repeated FROM registry_record"
        "       WHERE nik = %(nik)s) AS carried"
        " WHERE r.nik = %(nik)s AND r.nik_shared <> carried.repeated RETURNING r.person_id",
        {"nik": nik},
    )
    return {int(person) for (person,) in cursor.fetchall()}
