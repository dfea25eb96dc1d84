"""Read persons, records and coverage."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import connection

from blanko.kernel.errors import BlankoError
from blanko.records.registry.models import NikConfirmation, PersonMerge, RecordLink, StatusChange, StatusConflict
from blanko.records.registry.rules import Candidate, ChainLink, Kind, Status, lead_of, standing


class UnknownPerson(BlankoError, LookupError):
    """No person ever had this id."""


class UnknownRecord(BlankoError, LookupError):
    """No record has this key."""


class UnknownNik(BlankoError, LookupError):
    """No record carries this NIK."""


class NikOfSeveral(BlankoError):
    """Several persons carry this NIK, so that it names none of them."""


def person_under(nik: str) -> int:
    """The one person whose leading record carries this NIK. Raises UnknownNik, NikOfSeveral."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT person_id FROM registry_record_current WHERE nik = %s AND is_lead LIMIT 2", [nik])
        found = cursor.fetchall()
    if not found:
        raise UnknownNik("no record carries the NIK {nik}", mend="check its 16 digits, or load its file", nik=nik)
    if len(found) > 1:
        raise NikOfSeveral("several persons carry the NIK {nik}", mend="mend one of their records first", nik=nik)
    return int(found[0][0])


def resolve(person_id: int) -> int:
    """The id under which this person stands today; an earlier id leads here for ever. Raises UnknownPerson."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT survivor FROM registry_person_resolved WHERE person_id = %s", [person_id])
        if row := cursor.fetchone():
            return int(row[0])
    if not RecordLink.objects.filter(person_id=person_id).exists():
        raise UnknownPerson(
            "no person has the id {person_id}", mend="look the record up by its office and number", person_id=person_id
        )
    return person_id


def resolve_record(*, recorded_office: str, record_id: str) -> int:
    """The person of a record. Raises UnknownRecord."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT person_id FROM registry_record_current WHERE recorded_office = %s AND record_id = %s",
            [recorded_office, record_id],
        )
        row = cursor.fetchone()
    if row is None:
        raise UnknownRecord(
            "there is no record {recorded_office}/{record_id}",
            mend="check the office and the number, or load its file",
            recorded_office=recorded_office,
            record_id=record_id,
        )
    return int(row[0])


def person(person_id: int) -> dict[str, Any]:
    """One person: ``person_id`` of today, ``earlier_ids``, ``died_on`` and its ``records`` as they stand, the lead
    first.

    Raises UnknownPerson.
    """
    today = resolve(person_id)
    records = _records("person_id = %s ORDER BY NOT is_lead, recorded_office, record_id", [today])
    with connection.cursor() as cursor:
        cursor.execute("SELECT person_id FROM registry_person_resolved WHERE survivor = %s ORDER BY person_id", [today])
        earlier = [int(row[0]) for row in cursor.fetchall()]
    died_on = next((r["died_on"] for r in records if r["died_on"] is not None), None)
    return {"person_id": today, "earlier_ids": earlier, "died_on": died_on, "records": records}


def record(*, recorded_office: str, record_id: str) -> dict[str, Any]:
    """One record as it stands, with its chain of ``statuses``, its ``links`` and the ``conflicts`` of files with the
    chain.

    Raises UnknownRecord.
    """
    resolve_record(recorded_office=recorded_office, record_id=record_id)
    key = {"recorded_office": recorded_office, "record_id": record_id}
    (found,) = _records("recorded_office = %s AND record_id = %s", [recorded_office, record_id])
    found["statuses"] = list(
        StatusChange.objects.filter(**key)
        .order_by("seq")
        .values("seq", "from_status", "to_status", "since", "kind", "reason", "event_id")
    )
    found["links"] = list(
        RecordLink.objects.filter(**key).order_by("seq").values("seq", "person_id", "cause", "event_id")
    )
    found["nik_confirmations"] = list(
        NikConfirmation.objects.filter(**key).order_by("seq").values("seq", "nik", "stands", "reason", "event_id")
    )
    found["conflicts"] = list(
        StatusConflict.objects.filter(**key)
        .order_by("pk")
        .values("version", "held_status", "held_since", "shown_status", "shown_since", "event_id")
    )
    return found


def person_as_of(person_id: int, *, on: date) -> dict[str, Any]:
    """Like ``person``, with the statuses of a day and the record that led then; ``records`` are those that had one.

    What a record says of its person (name, birth date, warnings) is its newest version, not that of the day. Raises
    UnknownPerson.
    """
    found = person(person_id)
    then = []
    for held in found["records"]:
        key = {"recorded_office": held["recorded_office"], "record_id": held["record_id"]}
        rows = (
            StatusChange.objects.filter(**key).order_by("seq").values_list("from_status", "to_status", "since", "kind")
        )
        was = standing((ChainLink(Status(a), Status(b), since, Kind(kind)) for a, b, since, kind in rows), on=on)
        if was:
            then.append({**held, "status": was.status, "status_since": was.since, "issued_on": was.issued_on})
    if then:
        lead = lead_of(map(_candidate, then))
        for held in then:
            held["is_lead"] = (held["recorded_office"], held["record_id"]) == (lead.office, lead.record_id)
    return {**found, "records": sorted(then, key=lambda held: not held["is_lead"])}


def _candidate(held: dict[str, Any]) -> Candidate:
    return Candidate(
        office=held["recorded_office"],
        record_id=held["record_id"],
        status=held["status"],
        status_since=held["status_since"],
        # The database sorts an unknown day last, as lead.sql does.
        recorded_on=held["recorded_on"] or date.max,
        closed=held["closed"],
    )


def merges(*, survivor: int) -> list[dict[str, Any]]:
    """The merges that ended in this id, oldest first."""
    rows = PersonMerge.objects.filter(survivor=survivor).order_by("event_id", "person_id")
    return list(rows.values("person_id", "survivor", "cause", "event_id"))


def doubts(recorded_office: str, record_id: str) -> frozenset[str]:
    """``{"possible_double"}`` while a pair of this record with an earlier one of somebody else waits to be settled."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM registry_pair_open WHERE later_office = %(office)s AND later_id = %(record)s"
            " AND ((left_office = %(office)s AND left_id = %(record)s)"
            " OR (right_office = %(office)s AND right_id = %(record)s)))",
            {"office": recorded_office, "record": record_id},
        )
        return frozenset(("possible_double",) if cursor.fetchone()[0] else ())


def whole_regencies() -> dict[str, dict[str, Any]]:
    """The regencies whose registrations are loaded whole, each with as_of, by, reason."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT regency, as_of, by, reason FROM registry_whole_regency ORDER BY regency")
        return {r: {"as_of": as_of, "by": by, "reason": reason} for r, as_of, by, reason in cursor.fetchall()}


def _records(condition: str, values: list[Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT recorded_office, record_id, person_id, regency, nik, name, birth_date, sex, marital_status, status,"
            " status_since, issued_on, recorded_on, died_on, is_lead, cluster_size, warnings, version, closed"
            f" FROM registry_record_current WHERE {condition}",
            values,
        )
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
