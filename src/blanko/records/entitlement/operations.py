"""Decide every claim again, and write what changed."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.transaction import atomic
from django.utils import timezone
from psycopg.types.json import Jsonb

from blanko.ground.audit import operations as audit
from blanko.ground.audit.merkle import Facts
from blanko.ground.database import sql
from blanko.records.entitlement.models import ClaimDay
from blanko.records.entitlement.queries import claims_as_of
from blanko.records.entitlement.rules import (
    BLOCK_OF_WARNING,
    EVER_MARRIED,
    FIRST_CARD_CAUSES,
    LOST_CARD_CAUSES,
    STAGE_OF_STATUS,
    Application,
    Claim,
    Claimant,
    State,
    decide,
)
from blanko.records.registry import biometrics, capturing, dying, matching
from blanko.records.registry import operations as registry
from blanko.records.registry.capturing import Captured
from blanko.records.registry.rules import Status

# Refreshes follow one another: two at once would both write the same persons. entitlement_gather takes it shared.
REFRESH_LOCK = 4_2018


@dataclass(frozen=True, slots=True)
class Refreshed:
    """Claims written and claims that ended, in persons; ``event`` is None when nothing changed."""

    changed: int
    ended: int
    event: int | None


def refresh(*, as_of: date, by: str, at: datetime, persons: Collection[int] | None = None) -> Refreshed:
    """Decide the claims of all persons as of a day, or only of ``persons`` (present ids), and write what changed.

    Idempotent. Call it after ``registry.take_in`` and, with ``persons``, in the transaction that changes their
    statuses. A refresh of all also sets the day to which the backlog refers.
    """
    with atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [REFRESH_LOCK])
        scope = None if persons is None else sorted(persons)
        cursor.execute(sql.text(__package__, "gather.sql"), {"persons": scope})
        decide_all(cursor, as_of=as_of)
        cursor.execute(sql.text(__package__, "differences.sql"), {"persons": scope})
        changed, ended = _count(cursor, "entitlement_changed"), _count(cursor, "entitlement_gone")
        new_day = scope is None and not ClaimDay.objects.filter(as_of=as_of).exists()
        if not (changed or ended or new_day):
            return Refreshed(0, 0, None)
        # Claims are folded from facts of other rooms; they are no facts of their own.
        event = audit.record(
            operation="entitlement.refresh",
            by=by,
            at=at,
            facts=Facts.none(),
            subject={"as_of": as_of.isoformat(), "changed": changed, "ended": ended},
        )
        cursor.execute(sql.text(__package__, "store.sql"), {"event": event})
        if new_day:
            ClaimDay.objects.update_or_create(id=1, defaults={"as_of": as_of, "event_id": event})
        return Refreshed(changed, ended, event)


def decided(*, gathered: dict[str, Any], day: date) -> tuple[list[dict[str, Any]], list[int]]:
    """The claims of a few persons by the rule, and who is owed nothing: what ``entitlement_keep`` writes.

    For work that is done card by card, without staging tables. ``gathered`` is what ``entitlement_gather`` found.
    Claims stay on the day on which all stand, or on ``day`` before the first refresh.
    """
    as_of = _day(gathered["as_of"]) or day
    kept, gone = [], []
    for row in gathered["records"]:
        claim = decide(_claimant(row), _applications(row["applications"]), as_of=as_of)
        if claim.state is State.SETTLED:
            gone.append(row["person_id"])
        else:
            kept.append(_claim_row(row, claim))
    return kept, gone


def follow(*, gathered: dict[str, Any], event: int, day: date) -> None:
    """Decide the claims of a few persons again, under the event of whoever changed their statuses."""
    kept, gone = decided(gathered=gathered, day=day)
    with connection.cursor() as cursor:
        cursor.execute("SELECT entitlement_keep(%s, %s, %s)", [Jsonb(kept), gone, event])


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _claimant(row: dict[str, Any]) -> Claimant:
    since = date.fromisoformat(row["status_since"])
    return Claimant(
        status=Status(row["status"]),
        status_since=since,
        birth_date=_day(row["birth_date"]),
        recorded_on=_day(row["recorded_on"]) or since,
        marital_status=row["marital_status"],
        died_on=_day(row["died_on"]),
        warnings=frozenset(row["warnings"]),
        issued_on=_day(row["issued_on"]),
    )


def _applications(rows: list[list[str]] | None) -> list[Application]:
    return [
        Application(cause, date.fromisoformat(applied_on), _day(event_date))
        for cause, applied_on, event_date in rows or []
    ]


def _claim_row(row: dict[str, Any], claim: Claim) -> dict[str, Any]:
    ready = claim.print_ready_since
    return {
        "person_id": row["person_id"],
        "recorded_office": row["recorded_office"],
        "record_id": row["record_id"],
        "regency": row["regency"],
        "state": str(claim.state),
        "stage": str(claim.stage),
        "cause": claim.cause,
        "since": claim.since.isoformat(),
        "owed_from": claim.owed_from.isoformat(),
        "print_ready_since": ready and ready.isoformat(),
        "blocks": [str(block) for block in claim.blocks],
        "deceased": claim.deceased,
    }


def catch_up(*, by: str, at: datetime) -> Refreshed:
    """Bring persons and claims up to date after files came in, in the caller's transaction.

    Claims keep the day on which they stand: a replay of 2017 that takes in one more file stays in 2017. Without claims
    so far it is the day of ``at``.
    """
    with atomic():
        registry.take_in(by=by, at=at)
        biometrics.take_results(by=by, at=at)
        matching.keep_up(by=by, at=at)
        dying.match(by=by, at=at)
        return refresh(as_of=claims_as_of() or timezone.localtime(at).date(), by=by, at=at)


def capture(*, row: Mapping[str, str | None], by: str, at: datetime) -> Captured:
    """Take one registration in from a counter, resolve it (``capturing.capture``), and decide the claims that it moves.

    One transaction; once for an office and number. Raises RowRefused.
    """
    with atomic():
        done = capturing.capture(row=row, by=by, at=at)
        if done.event is None:
            return done
        day = timezone.localtime(at).date()
        if done.answer in ("new", "waiting") and len(done.persons) == 1:
            with connection.cursor() as cursor:
                cursor.execute("SELECT entitlement_gather(%s)", [sorted(done.persons)])
                (gathered,) = cursor.fetchone()
            follow(gathered=json.loads(gathered) if isinstance(gathered, str) else gathered, event=done.event, day=day)
        else:
            refresh(as_of=claims_as_of() or day, by=by, at=at, persons=done.persons)
        return done


def decide_all(cursor: Any, *, as_of: date) -> None:
    """Fill ``entitlement_decided`` from ``entitlement_lead`` and ``entitlement_applied`` by the tables of ``rules``."""
    _table(
        cursor,
        "entitlement_stage",
        ("status", "stage", "block"),
        ((status.value, stage.value, block and block.value) for status, (stage, block) in STAGE_OF_STATUS.items()),
    )
    _table(
        cursor,
        "entitlement_warning",
        ("warning", "block"),
        ((warning, block.value) for warning, block in BLOCK_OF_WARNING.items()),
    )
    cursor.execute(
        sql.text(__package__, "claims.sql"),
        {
            "as_of": as_of,
            "lost": list(LOST_CARD_CAUSES),
            "first": list(FIRST_CARD_CAUSES),
            "ever_married": list(EVER_MARRIED),
        },
    )


def _table(cursor: Any, name: str, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    """A table of rules.py as a staging table, so that SQL and Python read one source."""
    cursor.execute(f"DROP TABLE IF EXISTS {name}")
    shape = ", ".join(f'{column} text COLLATE "C"' for column in columns)
    cursor.execute(f"CREATE TEMP TABLE {name} ({shape}) ON COMMIT DROP")
    with cursor.connection.cursor().copy(f"COPY {name} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _count(cursor: Any, table: str) -> int:
    cursor.execute(f"SELECT count(*) FROM {table}")
    return int(cursor.fetchone()[0])
