"""Doubles of the synthetic nation: those planted beside those found. The truth is known here, and said to be.

A real office has no such table: it has the audit of ``linkage audit``. This one shows what each way of looking finds.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, datetime
from itertools import combinations
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection

from blanko.decisions.cases import operations, queries
from blanko.decisions.cases.rules import Kind, State
from blanko.records.entitlement import queries as entitlement

Key = tuple[str, str]
GROUP_A_WEEK = 25
ASKED_A_WEEK = 5
REASON = "kedua rekaman diperiksa, satu orang"


def planted(truth: pa.Table) -> dict[Key, int]:
    """The person of each record of everybody who was recorded more than once."""
    several = truth.filter(pc.and_(truth["recorded"], pc.greater(truth["times_recorded"], 1)))
    columns = (several[name].to_pylist() for name in ("recorded_office", "record_id", "person_id"))
    return {(office, record): person for office, record, person in zip(*columns, strict=True)}


def compare(truth: dict[Key, int]) -> dict[str, int]:
    """Pairs of records, counted: planted, held as one person's, waiting in a case, not found; and, against the truth,
    pairs held as one person's that are two people's.
    """
    by_person: dict[int, list[Key]] = defaultdict(list)
    for key, person in sorted(truth.items()):
        by_person[person].append(key)
    true = {pair for keys in by_person.values() for pair in combinations(sorted(keys), 2)}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT person_id, array_agg(recorded_office || '/' || record_id)"
            " FROM registry_record_current WHERE cluster_size > 1 GROUP BY person_id"
        )
        held = _pairs(keys for _person, keys in cursor.fetchall())
        cursor.execute(
            "SELECT m.case_no, array_agg(m.recorded_office || '/' || m.record_id) FROM cases_asked AS m"
            " GROUP BY m.case_no"
        )
        asked = _pairs(keys for _case, keys in cursor.fetchall())
    return {
        "planted": len(true),
        "held_as_one": len(true & held),
        "in_a_case": len((true & asked) - held),
        "not_found": len(true - held - asked),
        "held_wrongly": len(held - true),
    }


def _pairs(groups: Any) -> set[tuple[Key, Key]]:
    found = set()
    for keys in groups:
        split = sorted((key.partition("/")[0], key.partition("/")[2]) for key in keys)
        found |= set(combinations(split, 2))
    return found


def week(office: str, *, at: datetime) -> int:
    """What an office settles in a week: its largest group of one error pattern, in one act; and some whom it asks."""
    head = f"kepala.{office}"
    done = 0
    for found in queries.groups(office=office):
        if found["kind"] == Kind.MERGED:
            rows = queries.group(kind=Kind.MERGED, pattern=found["pattern"], office=office)
            numbers = [row["case_no"] for row in rows if not row["alone"]][:GROUP_A_WEEK]
            if numbers:
                operations.settle_group(
                    kind=Kind.MERGED, pattern=found["pattern"], cases=numbers, outcome="same", reason=REASON,
                    office=office, by=head, at=at,
                )  # fmt: skip
                done = len(numbers)
                break
    for row in queries.queue(office=office, kind=Kind.NIK, state=State.OPEN, limit=ASKED_A_WEEK):
        operations.ask(case_no=row["case_no"], reason="pemegang NIK diundang ke kantor", by=head, at=at)
    return done


def standing(day: date) -> dict[str, Any]:
    """Where cases and cards owed stand on a day of the replay."""
    found = queries.overview(on=day)
    states = Counter(found["states"])
    split = entitlement.backlog()
    return {
        "day": day.isoformat(),
        "waiting": states[State.OPEN] + states[State.ASKED] + states[State.SECOND],
        "settled": states[State.SETTLED],
        "awaiting_uniqueness": split.awaiting_uniqueness,
        "duplicate_cases": split.duplicate_cases,
        "print_ready": split.print_ready,
        "needs_correction": split.needs_correction,
    }
