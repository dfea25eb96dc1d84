"""A simulated engine of fingerprints and irises: it knows what was planted; its results come in as a real one's do.

No engine ran here: what it says of a synthetic person is what was planted, with some questions and some failures, and
every row names it as simulated.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

from django.db import connection

from blanko.decisions.cases import operations as cases
from blanko.ground.access.acting import acting
from blanko.records.entitlement import operations as entitlement
from blanko.records.entitlement import queries as owed
from blanko.records.intake import operations as intake
from blanko.records.intake.operations import LoadResult
from blanko.records.registry import biometrics

Key = tuple[str, str]
ENGINE: Final = "simulated engine (planted truth)"
RECORDS_A_WEEK: Final = 600
"""What the engine gets through for one regency in a week."""
UNCERTAIN_PCT, FAILED_PCT = 3, 2


def week(
    offices: Sequence[str], truth: Mapping[Key, int], *, at: datetime, folder: Path, data_dir: Path
) -> LoadResult | None:
    """The engine judges the records that wait longest; its file is loaded, taken in, and cases and claims follow.

    None when no record waits. Raises what the operations raise.
    """
    rows = [row for office in offices for row in _judged(_waiting(office), truth, at=at)]
    if not rows:
        return None
    path = folder / f"biometrics-{at:%Y-%m-%d}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    with acting(principal="svc.intake"):
        done = intake.load(path=path, kind="biometrics", by="svc.intake", at=at, data_dir=data_dir)
    with acting(principal="svc.registry"):
        taken = biometrics.take_results(by="svc.registry", at=at)
        day: date = owed.claims_as_of() or at.date()
        entitlement.refresh(as_of=day, persons=taken.persons, by="svc.registry", at=at)
        cases.open_cases(by="svc.registry", at=at)
    return done


def _waiting(office: str) -> list[Key]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT recorded_office, record_id FROM registry_record_current WHERE regency = %s AND NOT closed"
            " AND status IN ('SENT_FOR_ENROLLMENT', 'RECEIVED_AT_CENTRAL')"
            " ORDER BY status_since, recorded_office, record_id LIMIT %s",
            [office, RECORDS_A_WEEK],
        )
        return [(row[0], row[1]) for row in cursor.fetchall()]


def _judged(waiting: Sequence[Key], truth: Mapping[Key, int], *, at: datetime) -> list[dict[str, str]]:
    """What the engine says of each record: of a person's records the first is unique, the others are its doubles."""
    of_person: dict[int, list[Key]] = defaultdict(list)
    for key, person in truth.items():
        of_person[person].append(key)
    rows = []
    for key in waiting:
        earlier = [other for other in of_person.get(truth.get(key, -1), []) if other < key]
        dice = int.from_bytes(sha256("/".join(key).encode()).digest()[:4], "big") % 100
        if earlier:
            result = "uncertain" if dice < 10 * UNCERTAIN_PCT else "duplicate"
        else:
            result = "failed" if dice < FAILED_PCT else "unique"
        rows.append(
            {
                "recorded_office": key[0], "record_id": key[1], "result": result,
                "candidate_ids": ";".join("/".join(other) for other in sorted(earlier)),
                "score": {"unique": "0.02", "duplicate": "0.99", "uncertain": "0.61", "failed": ""}[result],
                "engine": ENGINE, "decided_at": at.isoformat(),
            }
        )  # fmt: skip
    return rows
