"""Take the results of the engine of fingerprints and irises: it alone makes a record unique, and so print-ready."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db import connection
from django.db.transaction import atomic
from django.utils.timezone import localdate
from psycopg.types.json import Jsonb

from blanko.ground.audit import operations as audit
from blanko.ground.audit.merkle import Facts
from blanko.ground.database import sql
from blanko.records.registry.models import BiometricResult
from blanko.records.registry.operations import TAKE_IN_LOCK
from blanko.records.registry.rules import Result, Status, way_after

CHUNK = 5_000


@dataclass(frozen=True, slots=True)
class Taken:
    """What one call took: results in all, records that moved, and results that came when a card was on its way."""

    results: int = 0
    moved: int = 0
    late: int = 0
    persons: frozenset[int] = frozenset()


class _Held(NamedTuple):
    status: Status
    seq: int
    since: date


def take_results(*, by: str, at: datetime) -> Taken:
    """Take every result that intake holds and the registry has not, in the order in which they were decided.

    A record that waits moves to what its result says; a double that is found late goes out of the queue; a result that
    comes when a card is printed moves nothing and stays to be seen (``late``). Idempotent. A result of a record that
    nobody knows waits in intake until its registration comes.
    """
    with atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TAKE_IN_LOCK])
        cursor.execute(sql.text(__package__, "biometrics.sql"))
        rows = cursor.fetchall()
        held: dict[tuple[str, str], _Held] = {}
        results: list[dict[str, Any]] = []
        steps: list[dict[str, Any]] = []
        persons = set()
        for office, record, decided, version, result, candidates, score, engine, status, seq, since, person in rows:
            key = (office, record)
            now = held.get(key) or _Held(Status(status), seq, since)
            way, outcome = way_after(now.status, Result(result))
            results.append(
                {
                    "recorded_office": office, "record_id": record, "decided_at": decided, "version": version,
                    "result": result, "candidate_ids": candidates, "score": score, "engine": engine, "outcome": outcome,
                }
            )  # fmt: skip
            day = max(localdate(datetime.fromisoformat(decided)), now.since)
            for to_status in way:
                steps.append(
                    {
                        "recorded_office": office, "record_id": record, "seq": now.seq + 1,
                        "from_status": str(now.status), "to_status": str(to_status), "since": day, "kind": "step",
                        "reason": f"{engine}: {result}",
                    }
                )  # fmt: skip
                now = _Held(to_status, now.seq + 1, day)
                persons.add(person)
            held[key] = now
        if not results:
            return Taken()
        event = audit.record(
            operation="registry.take_biometrics", by=by, at=at,
            facts=Facts.of({"registry_biometric": results, "registry_status": steps}),
            subject={"results": len(results), "moved": sum(row["outcome"] == "moved" for row in results)},
        )  # fmt: skip
        BiometricResult.objects.bulk_create(
            [BiometricResult(event_id=event, **row) for row in results], batch_size=CHUNK
        )
        for start in range(0, len(steps), CHUNK):
            told = [{**row, "since": row["since"].isoformat()} for row in steps[start : start + CHUNK]]
            cursor.execute("SELECT registry_take_steps(%s, %s)", [Jsonb(told), event])
        outcomes = [row["outcome"] for row in results]
        return Taken(len(results), outcomes.count("moved"), outcomes.count("late"), frozenset(persons))
