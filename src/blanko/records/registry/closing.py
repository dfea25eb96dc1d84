"""Records of one person are closed in favour of another, and opened again: quarantine, never deletion."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.transaction import atomic
from django.utils import timezone

from blanko.ground.audit import operations as audit
from blanko.ground.audit.merkle import Facts
from blanko.ground.database import sql
from blanko.kernel.errors import BlankoError
from blanko.records.registry.models import Record, RecordClosing
from blanko.records.registry.operations import ReasonMissing, StatusStep, change_statuses
from blanko.records.registry.queries import UnknownRecord
from blanko.records.registry.rules import TRANSITIONS, Kind, Status, Transition

Key = tuple[str, str]


class RecordClosed(BlankoError):
    """The record is closed already, or it is not."""


class KeptElsewhere(BlankoError):
    """A record is closed only in favour of an open record of the same person."""


def close(*, records: Mapping[Key, Key], cause: str, reason: str, by: str, at: datetime) -> None:
    """Close each record in favour of another of its person.

    Its chain goes to DUPLICATE_RECORD, by a step where one leads there and else by a correction with the reason. Raises
    ReasonMissing, UnknownRecord, RecordClosed, KeptElsewhere. Whoever holds an issued card keeps its date.
    """
    if not reason.strip():
        raise ReasonMissing("a record is closed without a reason", mend="say why the other one stays")
    if not records:
        return
    with atomic():
        held = _held({*records, *records.values()})
        for key, kept in sorted(records.items()):
            if held[key]["closed"]:
                raise RecordClosed("record {office}/{record_id} is closed", mend="look it up", **_named(key))
            if kept in records or held[kept]["closed"] or held[kept]["person_id"] != held[key]["person_id"]:
                raise KeptElsewhere(
                    "record {office}/{record_id} is closed for one that is not an open record of the same person",
                    mend="choose an open record of the person",
                    **_named(key),
                )
        _keep(
            [
                _row((o, r), held[o, r]["status"], held[o, r]["status_since"], closed=True, kept=k)
                for (o, r), k in sorted(records.items())
            ],
            held, operation="registry.close", cause=cause, reason=reason, by=by, at=at,
        )  # fmt: skip
        day = timezone.localtime(at).date()
        for kind in (Kind.STEP, Kind.CORRECTION):
            steps = [
                StatusStep(*key, str(Status.DUPLICATE_RECORD), max(day, held[key]["status_since"]))
                for key in sorted(records)
                if held[key]["status"] != Status.DUPLICATE_RECORD and _kind(held[key]["status"]) is kind
            ]
            if steps:
                change_statuses(changes=steps, kind=kind, reason=reason, by=by, at=at)


def reopen(*, records: Iterable[Key], cause: str, reason: str, by: str, at: datetime) -> None:
    """Open closed records again, each with the status and the date that it had. Raises ReasonMissing, UnknownRecord,
    RecordClosed (it is not closed).

    What a file has shown of a closed record since stays: its chain then goes on from there.
    """
    if not reason.strip():
        raise ReasonMissing("a record is opened again without a reason", mend="say why")
    keys = sorted(set(records))
    if not keys:
        return
    with atomic():
        held = _held(keys)
        was = {}
        for key in keys:
            last = RecordClosing.objects.filter(recorded_office=key[0], record_id=key[1]).order_by("-seq").first()
            if not held[key]["closed"] or held[key]["withdrawn"] or last is None:
                raise RecordClosed("record {office}/{record_id} is not closed", mend="look it up", **_named(key))
            was[key] = (last.status, last.status_since)
        _keep(
            [_row(key, *was[key], closed=False) for key in keys], held, operation="registry.reopen", cause=cause,
            reason=reason, by=by, at=at,
        )  # fmt: skip
        steps = [
            StatusStep(*key, *was[key])
            for key in keys
            if held[key]["status"] == Status.DUPLICATE_RECORD and was[key][0] != Status.DUPLICATE_RECORD
        ]
        if steps:
            change_statuses(changes=steps, kind=Kind.CORRECTION, reason=reason, by=by, at=at)


def set_aside(*, record: Key, cause: str, reason: str, by: str, at: datetime) -> int:
    """Close a record in favour of none: it is nobody's (``withdrawing``). Returns the id that ends with it."""
    return _alone(record, closed=True, operation="registry.withdraw", cause=cause, reason=reason, by=by, at=at)


def take_up(*, record: Key, cause: str, reason: str, by: str, at: datetime) -> int:
    """The reverse of ``set_aside``: returns the id under which the record is somebody's again."""
    return _alone(record, closed=False, operation="registry.restore", cause=cause, reason=reason, by=by, at=at)


def _alone(record: Key, *, closed: bool, operation: str, cause: str, reason: str, by: str, at: datetime) -> int:
    held = _held([record])
    now = held[record]
    row = _row(record, now["status"], now["status_since"], closed=closed)
    _keep([row], held, operation=operation, cause=cause, reason=reason, by=by, at=at)
    return int(now["person_id"])


def _row(key: Key, status: str, since: date, *, closed: bool, kept: Key = ("", "")) -> dict[str, Any]:
    return {
        "recorded_office": key[0], "record_id": key[1], "closed": closed, "kept_office": kept[0], "kept_id": kept[1],
        "status": status, "status_since": since,
    }  # fmt: skip


def _kind(status: str) -> Kind:
    step = Transition(Status(status), Status.DUPLICATE_RECORD, Kind.STEP)
    return Kind.STEP if step in TRANSITIONS else Kind.CORRECTION


def _named(key: Key) -> dict[str, str]:
    return {"office": key[0], "record_id": key[1]}


def _held(keys: Iterable[Key]) -> dict[Key, dict[str, Any]]:
    """The records as they stand, locked in the order of their keys."""
    found = {}
    for office, record_id in sorted(set(keys)):
        row = (
            Record.objects.select_for_update()
            .filter(recorded_office=office, record_id=record_id)
            .values("person_id", "status", "status_since", "closed", "withdrawn")
            .first()
        )
        if row is None:
            raise UnknownRecord(
                "there is no record {office}/{record_id}", mend="check the office and the number",
                office=office, record_id=record_id,
            )  # fmt: skip
        found[office, record_id] = row
    return found


def _keep(
    rows: list[dict[str, Any]], held: Mapping[Key, Any], *, operation: str, cause: str, reason: str, by: str,
    at: datetime,
) -> None:  # fmt: skip
    for row in rows:
        key = {"recorded_office": row["recorded_office"], "record_id": row["record_id"]}
        last = RecordClosing.objects.filter(**key).order_by("-seq").values_list("seq", flat=True).first() or 0
        row.update(seq=last + 1, cause=cause, reason=reason.strip())
    event = audit.record(
        operation=operation, by=by, at=at, facts=Facts.of({"registry_record_closing": rows}), reason=reason.strip(),
        subject={"records": len(rows), "cause": cause},
    )  # fmt: skip
    RecordClosing.objects.bulk_create([RecordClosing(event_id=event, **row) for row in rows])
    for row in rows:
        # A closed record steps down in the same statement: it may never lead.
        withdrawn = row["closed"] and not row["kept_id"]
        changed: dict[str, Any] = {"closed": row["closed"], "withdrawn": withdrawn, "event_id": event}
        if row["closed"]:
            changed["is_lead"] = False
        Record.objects.filter(recorded_office=row["recorded_office"], record_id=row["record_id"]).update(**changed)
    persons = sorted({held[row["recorded_office"], row["record_id"]]["person_id"] for row in rows})
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS registry_touched")
        cursor.execute(
            "CREATE TEMP TABLE registry_touched ON COMMIT DROP AS SELECT unnest(%s::bigint[]) AS person_id", [persons]
        )
        cursor.execute(sql.text(__package__, "lead.sql"), {"event": event})
        cursor.execute(sql.text(__package__, "tell.sql"), {"event": event})
