"""Links new records with all others, a step at a time, and makes the persons what linkage and verdicts say they are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection
from django.db.transaction import atomic

from blanko.ground.audit import operations as audit
from blanko.ground.audit.merkle import Facts
from blanko.ground.database import sql
from blanko.records.registry import adopting, persons
from blanko.records.registry.keying import BATCH, add_keys, as_bigint, bigints
from blanko.records.registry.keying import waiting as unkeyed
from blanko.records.registry.operations import TAKE_IN_LOCK

Key = tuple[str, str]
AT_ONCE = 20_000
"""Records that a load links in its own transaction; a bulk file's wait for the job."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """What one call did: records linked, pairs written and dropped, records that changed their person. ``capped``:
    records of blocks above the cap, which met only their neighbours. ``waiting``: records still to be keyed or linked.
    """

    records: int = 0
    pairs: int = 0
    dropped: int = 0
    moved: int = 0
    capped: int = 0
    waiting: int = 0
    persons: frozenset[int] = field(default_factory=frozenset)


def resolve(
    *, by: str, at: datetime, around: Iterable[Key] = (), most: int = BATCH, cap: int | None = None
) -> Resolved:
    """Key and link up to ``most`` records that wait, and records ``around`` whose verdicts changed; in one transaction.

    Every order of calls ends in the same pairs and persons: those of the batch under the adopted model and the standing
    verdicts. Idempotent: without anything new it writes nothing. Raises NoModel.
    """
    adopting.book()
    with atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TAKE_IN_LOCK])
        add_keys(by=by, at=at, most=most)
        cursor.execute("SELECT rec FROM registry_unlinked ORDER BY rec LIMIT %s", [most])
        new = [rec for (rec,) in cursor.fetchall()]
        cursor.execute("SELECT key, rec FROM registry_dropped_key")
        lost = cursor.fetchall()
        near = _recs(cursor, around)
        if not (new or lost or near):
            return Resolved(waiting=_waiting(cursor))
        return link_records(cursor, new=new, lost=lost, around=near, by=by, at=at, cap=cap)


def link_records(
    cursor: Any, *, new: list[int], lost: list[tuple[int, int]], around: list[int], by: str, at: datetime,
    cap: int | None = None, withdrawn: Collection[int] = (), counted: bool = True,
) -> Resolved:  # fmt: skip
    """The part of ``resolve`` that compares: keyed records by their numbers, keys that records lost, and records that
    are withdrawn, whose keys are among the lost.

    Inside the caller's transaction, which holds TAKE_IN_LOCK alone. Unless ``counted``, nobody is told how many wait:
    counting costs more than linking one record.
    """
    from blanko.engines.linkage.blocks import CAP
    from blanko.engines.linkage.incremental import link

    version, book = adopting.book()
    keys = np.array([key for key, _ in lost], np.int64).view(np.uint64)
    recs = np.array([rec for _, rec in lost], np.int64)
    with book.lock:
        change = link(
            book=book, store=Stored(cursor), new=new, around=around, cap=CAP if cap is None else cap,
            lost=(keys, recs), withdrawn=withdrawn,
        )  # fmt: skip
    if change.kept or change.dropped:
        event = audit.record(
            operation="registry.link", by=by, at=at, facts=Facts.none(),
            subject={
                "records": len(new), "pairs": len(change.kept), "dropped": len(change.dropped), "model": version
            },
        )  # fmt: skip
        _keep(cursor, change, model=version, event=event)
    cursor.execute("DELETE FROM registry_unlinked WHERE rec = ANY (%s::bigint[])", [bigints(new)])
    if lost:
        cursor.execute("DELETE FROM registry_dropped_key")
    groups = _to_move(cursor, change.groups)
    done = persons.partition(groups=groups, cause="linkage", by=by, at=at) if groups else persons.Regrouped()
    return Resolved(
        len(new),
        len(change.kept),
        len(change.dropped),
        done.moved,
        change.capped,
        _waiting(cursor) if counted else 0,
        done.persons,
    )


def resolve_all(
    *,
    by: str,
    at: datetime,
    acting: Callable[[], Any],
    batch: int = BATCH,
    progress: Callable[[float], None] | None = None,
) -> Resolved:
    """Key and link everything that waits, a transaction (opened by ``acting``) a batch. Raises NoModel."""
    records = pairs = dropped = moved = capped = 0
    touched: set[int] = set()
    while True:
        with acting():
            done = resolve(by=by, at=at, most=batch)
        records, pairs, dropped = records + done.records, pairs + done.pairs, dropped + done.dropped
        moved, capped = moved + done.moved, capped + done.capped
        touched |= done.persons
        if progress and (records or done.waiting):
            progress(records / (records + done.waiting))
        if not done.records:
            return Resolved(records, pairs, dropped, moved, capped, done.waiting, frozenset(touched))


def keep_up(*, by: str, at: datetime) -> Resolved | None:
    """``resolve`` in the transaction of a load or a capture. None when that is left to the job (``resolve_all``).

    Nothing is lost when linkage is down: without an adopted model, after a bulk file, or when linking fails (an event
    says why), the records stay in the queue, and whoever calls goes on.
    """
    if adopting.newest() is None:
        return None
    with connection.cursor() as cursor:
        if _waiting(cursor) > AT_ONCE:
            return None
    try:
        with atomic():
            return resolve(by=by, at=at, most=AT_ONCE)
    except Exception as error:  # noqa: BLE001 - whatever stops linkage must not stop a capture
        audit.record(
            operation="registry.link_failed", by=by, at=at, facts=Facts.none(),
            reason=f"{type(error).__name__}: {error}"[:500],
        )  # fmt: skip
        return None


@dataclass(frozen=True, slots=True)
class State:
    """Where linkage and the engine of fingerprints stand: the adopted model, and who waits since when."""

    model: int | None
    model_records: int | None
    unkeyed: int
    unkeyed_since: datetime | None
    unlinked: int
    awaiting_biometrics: int
    awaiting_biometrics_since: date | None
    pairs_merged: int
    pairs_for_review: int


def state() -> State:
    """The queues of both engines with their ages. Counts whole tables: for people, not for every request."""
    newest = next(iter(adopting.models()), None)
    waiting, since = unkeyed()
    with connection.cursor() as cursor:
        cursor.execute(sql.text(__package__, "linkage_state.sql"))
        unlinked, awaiting, awaiting_since, merged, review = cursor.fetchone()
    return State(
        newest["version"] if newest else None, newest["records"] if newest else None, waiting, since, unlinked,
        awaiting, awaiting_since, merged, review,
    )  # fmt: skip


def _waiting(cursor: Any) -> int:
    cursor.execute("SELECT (SELECT count(*) FROM registry_unkeyed) + (SELECT count(*) FROM registry_unlinked)")
    return int(cursor.fetchone()[0])


def _recs(cursor: Any, keys: Iterable[Key]) -> list[int]:
    found = list(keys)
    cursor.execute(
        "SELECT k.rec FROM unnest(%s::text[], %s::text[]) AS w (office, record)"
        " JOIN registry_keyed AS k ON k.recorded_office = w.office AND k.record_id = w.record",
        [[office for office, _ in found], [record for _, record in found]],
    )
    return [rec for (rec,) in cursor.fetchall()]


class Stored:
    """engines.linkage.incremental.Store over the registry's tables."""

    def __init__(self, cursor: Any) -> None:
        self.cursor = cursor

    def _all(self, text: str, *values: Any) -> list[Any]:
        self.cursor.execute(text, values)
        return list(self.cursor.fetchall())

    def rows(self, recs: Collection[int]) -> list[Any]:
        from blanko.engines.linkage.incremental import Row

        found = self._all(
            "SELECT rec, recorded_office, record_id, packed FROM registry_keyed WHERE rec = ANY (%s::bigint[])",
            bigints(recs),
        )
        return [Row(rec, (office, record), bytes(packed)) for rec, office, record, packed in found]

    def members(self, keys: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
        found = self._all(
            "SELECT key, rec FROM registry_key WHERE key = ANY (%s::bigint[])",
            bigints(as_bigint(np.sort(keys)).tolist()),
        )
        pairs = np.array(found, dtype=np.int64).reshape(-1, 2)
        return np.ascontiguousarray(pairs[:, 0]).view(np.uint64), np.ascontiguousarray(pairs[:, 1])

    def pairs(self, recs: Collection[int]) -> list[Any]:
        from blanko.engines.linkage.incremental import Held

        side = (
            "SELECT l.rec, r.rec, m.weight, m.pattern, m.decided, m.reason FROM registry_keyed AS k"
            " JOIN registry_match AS m ON m.{0}_office = k.recorded_office AND m.{0}_id = k.record_id"
            " JOIN registry_keyed AS l ON l.recorded_office = m.left_office AND l.record_id = m.left_id"
            " JOIN registry_keyed AS r ON r.recorded_office = m.right_office AND r.record_id = m.right_id"
            " WHERE k.rec = ANY (%s::bigint[])"
        )
        given = bigints(recs)
        return [Held(*row) for row in self._all(f"{side.format('left')} UNION {side.format('right')}", given, given)]

    def together(self, recs: Collection[int]) -> set[int]:
        found = self._all(
            "SELECT DISTINCT o.rec FROM registry_keyed AS k"
            " JOIN registry_record AS r ON r.recorded_office = k.recorded_office AND r.record_id = k.record_id"
            " JOIN registry_record AS f ON f.person_id = r.person_id"
            " JOIN registry_keyed AS o ON o.recorded_office = f.recorded_office AND o.record_id = f.record_id"
            " WHERE k.rec = ANY (%s::bigint[]) AND r.cluster_size > 1",
            bigints(recs),
        )
        return {rec for (rec,) in found}

    def verdicts(self, recs: Collection[int]) -> list[tuple[int, int, str]]:
        side = (
            "SELECT l.rec, r.rec, v.verdict FROM registry_keyed AS k"
            " JOIN registry_pair_verdict_standing AS v ON v.{0}_office = k.recorded_office AND v.{0}_id = k.record_id"
            " JOIN registry_keyed AS l ON l.recorded_office = v.left_office AND l.record_id = v.left_id"
            " JOIN registry_keyed AS r ON r.recorded_office = v.right_office AND r.record_id = v.right_id"
            " WHERE k.rec = ANY (%s::bigint[])"
        )
        given = bigints(recs)
        return [tuple(row) for row in self._all(f"{side.format('left')} UNION {side.format('right')}", given, given)]


def _keep(cursor: Any, change: Any, *, model: int, event: int) -> None:
    dropped = {"ones": [one for one, _ in change.dropped], "others": [other for _, other in change.dropped]}
    cursor.execute(sql.text(__package__, "match_drop.sql"), dropped)
    names = ("ones", "others", "weights", "patterns", "decided", "reasons")
    columns = zip(*change.kept, strict=True) if change.kept else [()] * len(names)
    kept = {name: list(column) for name, column in zip(names, columns, strict=True)}
    cursor.execute(sql.text(__package__, "match_keep.sql"), {**kept, "model": model, "event": event})


def _to_move(cursor: Any, groups: list[list[int]]) -> list[list[Key]]:
    """The groups that are not yet one person of exactly these records, as record keys.

    Records of their persons that have no keys yet stay with the group of the person's first record.
    """
    recs = [rec for group in groups for rec in group]
    cursor.execute(
        "SELECT k.rec, r.recorded_office, r.record_id, r.person_id FROM registry_keyed AS k"
        " JOIN registry_record AS r ON r.recorded_office = k.recorded_office AND r.record_id = k.record_id"
        " WHERE k.rec = ANY (%s::bigint[])",
        [bigints(recs)],
    )
    of = {rec: ((office, record), person) for rec, office, record, person in cursor.fetchall()}
    size: dict[int, int] = {}
    for _, person in of.values():
        size[person] = size.get(person, 0) + 1
    moved: list[list[Key]] = []
    for group in groups:
        found = [of[rec] for rec in group if rec in of]
        held = {person for _, person in found}
        if len(held) > 1 or any(size[person] != len(found) for person in held):
            moved.append([key for key, _ in found])
    if not moved:
        return []
    touched = {key for group in moved for key in group}
    held_by = {person for key, person in of.values() if key in touched}
    cursor.execute(
        "SELECT r.recorded_office, r.record_id, r.person_id FROM registry_record AS r"
        " WHERE r.person_id = ANY (%s) AND r.cluster_size > 1 AND NOT EXISTS (SELECT FROM registry_keyed AS k"
        " WHERE k.recorded_office = r.recorded_office AND k.record_id = r.record_id)",
        [sorted(held_by)],
    )
    for office, record, person in cursor.fetchall():
        first = min(key for key, owner in of.values() if owner == person)
        next(group for group in moved if first in group).append((office, record))
    return moved
