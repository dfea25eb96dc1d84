"""Decisions on pairs of records: the same person's, or not. Each binds until one of the records changes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal, NamedTuple

from django.db import connection
from django.db.transaction import atomic

from blanko.ground.audit import operations as audit
from blanko.ground.audit.merkle import Facts
from blanko.records.registry.models import PairVerdict
from blanko.records.registry.operations import ReasonMissing
from blanko.records.registry.queries import UnknownRecord

Key = tuple[str, str]
Word = Literal["same", "different", "withdrawn"]


class Judged(NamedTuple):
    """What is decided of one pair, in either order of its records."""

    one: Key
    other: Key
    verdict: Word


def judge(*, pairs: Iterable[Judged], cause: str, reason: str, by: str, at: datetime) -> int | None:
    """Write what was decided of each pair, with the versions that the records have now; returns the event.

    ``withdrawn`` takes an earlier word back. None when no pair is named. Raises ReasonMissing, UnknownRecord.
    """
    if not reason.strip():
        raise ReasonMissing("a decision on two records has no reason", mend="say what was seen")
    asked = {tuple(sorted((pair.one, pair.other))): pair.verdict for pair in pairs}
    if not asked:
        return None
    with atomic():
        versions = _versions({key for pair in asked for key in pair})
        rows = []
        for (left, right), verdict in sorted(asked.items()):
            names = {"left_office": left[0], "left_id": left[1], "right_office": right[0], "right_id": right[1]}
            last = PairVerdict.objects.filter(**names).order_by("-seq").values_list("seq", flat=True).first() or 0
            rows.append(
                {
                    **names, "left_version": versions[left], "right_version": versions[right], "seq": last + 1,
                    "verdict": verdict, "cause": cause, "reason": reason.strip(),
                }
            )  # fmt: skip
        event = audit.record(
            operation="registry.judge", by=by, at=at, facts=Facts.of({"registry_pair_verdict": rows}),
            reason=reason.strip(), subject={"pairs": len(rows), "cause": cause},
        )  # fmt: skip
        PairVerdict.objects.bulk_create([PairVerdict(event_id=event, **row) for row in rows], batch_size=2_000)
        return event


def standing(keys: Iterable[Key]) -> dict[tuple[Key, Key], dict[str, Any]]:
    """The words that bind between any two of these records: ``{(left, right): verdict, cause, reason, event_id}``."""
    offices, records = _arrays(keys)
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH named AS (SELECT * FROM unnest(%s::text[], %s::text[]) AS n (office, record))"
            " SELECT v.left_office, v.left_id, v.right_office, v.right_id, v.verdict, v.cause, v.reason, v.event_id"
            " FROM registry_pair_verdict_standing AS v"
            " JOIN named AS l ON l.office = v.left_office AND l.record = v.left_id"
            " JOIN named AS r ON r.office = v.right_office AND r.record = v.right_id",
            [offices, records],
        )
        return {
            ((lo, li), (ro, ri)): {"verdict": verdict, "cause": cause, "reason": reason, "event_id": event}
            for lo, li, ro, ri, verdict, cause, reason, event in cursor.fetchall()
        }


def _versions(keys: set[Key]) -> dict[Key, int]:
    """The present version of each record, held against change until the transaction ends."""
    offices, records = _arrays(keys)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.recorded_office, r.record_id, r.version FROM registry_record AS r"
            " JOIN unnest(%s::text[], %s::text[]) AS n (office, record)"
            " ON n.office = r.recorded_office AND n.record = r.record_id"
            " ORDER BY r.recorded_office, r.record_id FOR UPDATE OF r",
            [offices, records],
        )
        found = {(office, record): version for office, record, version in cursor.fetchall()}
    for office, record in sorted(keys - set(found)):
        raise UnknownRecord(
            "there is no record {recorded_office}/{record_id}",
            mend="check the office and the number, or load its file",
            recorded_office=office,
            record_id=record,
        )
    return found


def _arrays(keys: Iterable[Key]) -> tuple[list[str], list[str]]:
    ordered = sorted(set(keys))
    return [office for office, _record in ordered], [record for _office, record in ordered]
