"""Read the backlog, the queue and the reasons."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from django.db import connection

from blanko.kernel.errors import BlankoError
from blanko.records.entitlement.models import Claim, ClaimDay
from blanko.records.entitlement.rules import Application, Backlog, Claimant, State, decide, queue_key
from blanko.records.registry import queries as registry
from blanko.records.registry.rules import Status


class ClaimsOfAnotherDay(BlankoError):
    """The claims were last decided as of another day than the one asked for."""


class NotYetRecorded(BlankoError, LookupError):
    """The person had no record on the day asked about."""


def claims_as_of() -> date | None:
    """The day as of which all claims were last decided; None before the first refresh."""
    return ClaimDay.objects.values_list("as_of", flat=True).first()


def backlog_by_regency(*, as_of: date | None = None) -> dict[str, Backlog]:
    """The split of the claims of each regency that has any, by code, in persons.

    ``as_of`` must be the day of the last refresh (None takes it as it is). Raises ClaimsOfAnotherDay.
    """
    held = claims_as_of()
    if as_of is not None and held != as_of:
        raise ClaimsOfAnotherDay(
            "claims stand as of {held}, not of {as_of}",
            mend="refresh entitlement as of {as_of} first",
            held=held or "no day",
            as_of=as_of,
        )
    counts: dict[str, dict[tuple[str, str], int]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT regency, state, stage, count(*) FROM entitlement_claim"
            " GROUP BY regency, state, stage ORDER BY regency, state, stage"
        )
        for regency, state, stage, number in cursor.fetchall():
            counts[regency][state, stage] = number
    return {regency: Backlog.of(by_state) for regency, by_state in counts.items()}


def backlog(*, area: str = "", as_of: date | None = None) -> Backlog:
    """The split of a regency (4 digits), a province (2) or the country (empty). Raises ClaimsOfAnotherDay."""
    totals: dict[str, int] = defaultdict(int)
    deceased: dict[str, int] = defaultdict(int)
    for regency, found in backlog_by_regency(as_of=as_of).items():
        if not regency.startswith(area):
            continue
        for name, number in {**found.split(), "suspended_deceased": found.suspended_deceased}.items():
            totals[name] += number
        for name, number in found.deceased.items():
            deceased[name] += number
    return Backlog(**totals, deceased=dict(sorted(deceased.items())))


def queue(
    *, regency: str | None = None, limit: int | None = None, deadlines: Mapping[str, date] | None = None
) -> list[dict[str, Any]]:
    """Print-ready claims in the published order (rules.queue_key), of one regency or of all.

    Rows: person_id, recorded_office, record_id, regency, cause, since, print_ready_since. ``deadlines`` maps regencies
    to dates; without it every regency is in the same class.
    """
    found = Claim.objects.filter(state=State.PRINT_READY.value)
    if regency is not None:
        found = found.filter(regency=regency)
    rows = found.values("person_id", "recorded_office", "record_id", "regency", "cause", "since", "print_ready_since")
    if not deadlines:
        return list(rows.order_by("print_ready_since", "record_id", "recorded_office")[:limit])
    ordered = sorted(
        rows,
        key=lambda row: queue_key(
            deadline=deadlines.get(row["regency"]),
            print_ready_since=row["print_ready_since"],
            recorded_office=row["recorded_office"],
            record_id=row["record_id"],
        ),
    )
    return ordered[:limit]


def why(*, person_id: int, as_of: date) -> dict[str, Any]:
    """The claim of one person as of a day, decided now by the pure rule from the statuses of that day, with all that
    it rests on. Raises UnknownPerson, NotYetRecorded.

    Keys: ``person_id``, ``as_of``, ``claim`` (the rule's fields), ``record`` (the leading record), ``applications``,
    ``place_in_queue`` (1 is next; None unless print-ready in the last refresh, and for another day than its).
    """
    # On the day of the claims it agrees with the stored one, which rests on the statuses as they are known now.
    of_claims = as_of == claims_as_of()
    person = registry.person(person_id) if of_claims else registry.person_as_of(person_id, on=as_of)
    if not person["records"]:
        raise NotYetRecorded("no status of this person is known for {as_of}", mend="ask about a later day", as_of=as_of)
    lead = person["records"][0]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT cause, applied_on, event_date FROM intake_application_latest WHERE nik = %s"
            " ORDER BY applied_on, cause, event_date",
            [lead["nik"]],
        )
        applications = [Application(cause, applied_on, event) for cause, applied_on, event in cursor.fetchall()]
    claimant = Claimant(
        status=Status(lead["status"]),
        status_since=lead["status_since"],
        birth_date=lead["birth_date"],
        recorded_on=lead["recorded_on"] or lead["status_since"],
        marital_status=lead["marital_status"],
        died_on=lead["died_on"],
        warnings=frozenset(lead["warnings"]) | registry.doubts(lead["recorded_office"], lead["record_id"]),
        issued_on=lead["issued_on"],
    )
    return {
        "person_id": person["person_id"],
        "as_of": as_of,
        "claim": asdict(decide(claimant, applications, as_of=as_of)),
        "record": lead,
        "applications": [asdict(a) for a in applications],
        # The queue is that of the last refresh, whatever day is asked about.
        "place_in_queue": _place_in_queue(person["person_id"]) if of_claims else None,
    }


def _place_in_queue(person_id: int) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM entitlement_claim AS mine JOIN entitlement_claim AS other"
            " ON other.regency = mine.regency AND other.state = mine.state"
            " AND (other.print_ready_since, other.record_id, other.recorded_office)"
            " <= (mine.print_ready_since, mine.record_id, mine.recorded_office)"
            " WHERE mine.person_id = %s AND mine.state = 'print_ready'",
            [person_id],
        )
        (place,) = cursor.fetchone()
    return int(place) or None
