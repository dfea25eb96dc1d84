"""Take records in, and change what is known of them. Set-based; every operation is one event with its facts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from typing import Any, NamedTuple

import pyarrow as pa
from django.db import connection
from django.db.transaction import atomic
from django.utils.timezone import localdate
from pyarrow import compute, csv

from blanko.engines.linkage.linkage import link
from blanko.ground.audit import operations as audit
from blanko.ground.audit.merkle import Facts
from blanko.ground.database import sql
from blanko.kernel.errors import BlankoError
from blanko.records.registry.models import Coverage, DeathReport, NikConfirmation, Record
from blanko.records.registry.queries import UnknownRecord, resolve, resolve_record
from blanko.records.registry.rules import Kind, Status, check_transition, merged_persons

# One take_in at a time: two would give one new person two numbers.
TAKE_IN_LOCK = 3_2017


class StatusRepeated(BlankoError):
    """One call asks for two changes of one record."""


class ReasonMissing(BlankoError):
    """What goes against a record, or speaks for a whole regency, needs a reason in words."""


class NikNotDoubted(BlankoError):
    """Nothing about this record's NIK is there to confirm, or to take back."""


class NotDead(BlankoError):
    """No report of this person's death stands."""


@dataclass(frozen=True, slots=True)
class TakeIn:
    """What one ``take_in`` did, in rows. ``events`` are the numbers of its events, none when nothing was new."""

    records_new: int = 0
    records_changed: int = 0
    persons_new: int = 0
    duplicates_linked: int = 0
    persons_merged: int = 0
    statuses: int = 0
    status_conflicts: int = 0
    niks_shared: int = 0
    deaths: int = 0
    deaths_lifted: int = 0
    deaths_unmatched: int = 0
    events: tuple[int, ...] = ()


class StatusStep(NamedTuple):
    """One wanted change of one record's status."""

    recorded_office: str
    record_id: str
    to_status: str
    since: date


def take_in(*, by: str, at: datetime) -> TakeIn:
    """Link every record version of intake that the registry has not seen, and every death.

    Incremental and idempotent: a second call finds nothing and writes nothing. Exact duplicates become one person; a
    NIK that several persons carry stays a warning on each. A status that the chain cannot take is kept as a conflict
    and changes nothing. A NIK names the person of a death only when one person alone carries it; else the death stays
    unmatched and is tried again next time. A death document whose newer version names somebody else lifts what its
    earlier version did to the first, with the reason.
    """
    with atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TAKE_IN_LOCK])
        # A first load sorts and joins whole regencies; the default would do it on disk.
        cursor.execute("SET LOCAL work_mem = '128MB'")
        cursor.execute(sql.text(__package__, "gather.sql"), {"today": localdate(at)})
        counts: dict[str, Any] = {}
        events: list[int] = []
        if _count(cursor, "registry_incoming"):
            events.append(_take_records(cursor, counts=counts, by=by, at=at))
        death = _take_deaths(cursor, counts=counts, by=by, at=at)
        return TakeIn(**counts, events=tuple(events if death is None else [*events, death]))


def _take_records(cursor: Any, *, counts: dict[str, Any], by: str, at: datetime) -> int:
    _stage_clusters(cursor)
    cursor.execute(sql.text(__package__, "place.sql"))
    cursor.execute(sql.text(__package__, "rivals.sql"))
    merges = merged_persons(group for (group,) in cursor.fetchall())
    _fill(
        cursor,
        "registry_merge_new",
        "person_id bigint, survivor bigint, cause text",
        ((person, survivor, "exact_duplicate") for person, survivor in sorted(merges.items())),
    )
    cursor.execute(sql.text(__package__, "leaves.sql") + sql.text(__package__, "status_leaves.sql"))
    facts = Facts.of_leaves(bytes(leaf) for (leaf,) in cursor.fetchall())
    counts["records_new"] = _count(cursor, "registry_placed WHERE held_person IS NULL")
    counts["records_changed"] = _count(cursor, "registry_placed WHERE held_person IS NOT NULL")
    counts["persons_new"] = _count(cursor, "registry_link_new WHERE cause = 'first_seen'")
    counts["duplicates_linked"] = _count(cursor, "registry_link_new WHERE cause = 'exact_duplicate'")
    counts["persons_merged"] = len(merges)
    counts["statuses"] = _count(cursor, "registry_status_new")
    counts["status_conflicts"] = _count(cursor, "registry_conflict_new")
    event = audit.record(operation="registry.take_in", by=by, at=at, facts=facts, subject=dict(counts))
    cursor.execute(sql.text(__package__, "settle.sql"), {"event": event, "at": at})
    cursor.execute(sql.text(__package__, "lead.sql"), {"event": event})
    cursor.execute(sql.text(__package__, "bury.sql"), {"event": event})
    if merges:
        told = sorted({*merges, *merges.values()})
        cursor.execute("SELECT registry_tell_followers(%s::bigint[], %s)", [told, event])
    counts["niks_shared"] = _count(
        cursor,
        "(SELECT DISTINCT r.nik FROM registry_record AS r JOIN registry_placed AS p ON p.nik = r.nik"
        " WHERE r.nik_shared) AS shared",
    )
    return event


def _stage_clusters(cursor: Any) -> None:
    """Ask the engine, and stage the clusters that hold more than one record."""
    with cursor.connection.cursor().copy(
        f"COPY ({sql.text(__package__, 'linkable.sql')}) TO STDOUT (FORMAT csv, HEADER)"
    ) as copied:
        data = BytesIO(b"".join(copied))
    # An unquoted empty cell is COPY's null; everything else is text, also a person named Null.
    strings = csv.ConvertOptions(
        column_types={c: pa.string() for c in ("key", "nik", "name", "birth_date")},
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    found = link(csv.read_csv(data, convert_options=strings)).clusters
    found = found.filter(compute.greater(found["size"], 1))
    rows = zip(found["key"].to_pylist(), found["cluster"].to_pylist(), strict=True)
    _fill(
        cursor,
        "registry_cluster",
        'recorded_office text COLLATE "C", record_id text COLLATE "C", cluster text COLLATE "C"',
        ((*key.split("/", 1), cluster) for key, cluster in rows),
    )


def _take_deaths(cursor: Any, *, counts: dict[str, Any], by: str, at: datetime) -> int | None:
    cursor.execute(sql.text(__package__, "deaths.sql"))
    counts["deaths_unmatched"] = _count(cursor, "registry_death_found WHERE person_id IS NULL")
    event, counts["deaths"], counts["deaths_lifted"] = write_deaths(
        cursor, operation="registry.take_in_deaths", by=by, at=at
    )
    return event


def write_deaths(cursor: Any, *, operation: str, by: str, at: datetime) -> tuple[int | None, int, int]:
    """Write what ``registry_death_found`` and ``registry_death_lifted`` ask for: (event, new deaths, lifted)."""
    cursor.execute(sql.text(__package__, "deaths_new.sql"))
    columns = (
        "person_id", "seq", "recorded_office", "record_id", "stands", "died_on", "source", "office", "document_no",
        "reason",
    )  # fmt: skip
    cursor.execute(f"SELECT {', '.join(columns)} FROM registry_death_new ORDER BY person_id, seq")
    rows = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    if not rows:
        return None, 0, 0
    lifted = sum(not row["stands"] for row in rows)
    # A report that is only said again is no further death.
    new = sum(row["stands"] and not row["reason"] for row in rows)
    return _keep_deaths(cursor, rows, operation=operation, by=by, at=at), new, lifted


def _keep_deaths(
    cursor: Any, rows: list[dict[str, Any]], *, operation: str, by: str, at: datetime, reason: str = ""
) -> int:
    event = audit.record(
        operation=operation,
        by=by,
        at=at,
        facts=Facts.of({"registry_death": rows}),
        reason=reason,
        subject={"deaths": len(rows)},
    )
    DeathReport.objects.bulk_create(DeathReport(**row, event_id=event) for row in rows)
    # A report may lie on an earlier id; its record carries the present one.
    keys = sorted({(row["recorded_office"], row["record_id"]) for row in rows})
    cursor.execute("DROP TABLE IF EXISTS registry_touched")
    cursor.execute(
        "CREATE TEMP TABLE registry_touched ON COMMIT DROP AS SELECT DISTINCT r.person_id FROM registry_record AS r"
        " JOIN unnest(%s::text[], %s::text[]) AS n (office, record)"
        " ON n.office = r.recorded_office AND n.record = r.record_id",
        [[office for office, _record in keys], [record for _office, record in keys]],
    )
    cursor.execute(sql.text(__package__, "bury.sql"), {"event": event})
    return event


def change_statuses(
    *, changes: Iterable[StatusStep], by: str, at: datetime, kind: Kind = Kind.STEP, reason: str = ""
) -> int:
    """Move each record one allowed step; returns the event. All of them or none.

    Raises StatusRepeated, UnknownRecord, IllegalTransition (rules.TRANSITIONS; the database refuses the same). A
    ``Kind.CORRECTION`` may go anywhere but needs a ``reason``: ReasonMissing.
    """
    wanted = list(changes)
    if kind is Kind.CORRECTION and not reason.strip():
        raise ReasonMissing("a correction has no reason", mend="say why the held status was wrong")
    if len({(w.recorded_office, w.record_id) for w in wanted}) != len(wanted):
        raise StatusRepeated("a record stands twice among the changes", mend="change each record once in a call")
    with atomic(), connection.cursor() as cursor:
        _fill(
            cursor,
            "registry_wanted",
            'recorded_office text COLLATE "C", record_id text COLLATE "C", to_status text COLLATE "C", since date',
            wanted,
        )
        cursor.execute(sql.text(__package__, "change.sql"), {"kind": str(kind), "reason": reason})
        cursor.execute(
            "SELECT DISTINCT ON (from_status, to_status) recorded_office, record_id, from_status, to_status"
            " FROM registry_status_new ORDER BY from_status, to_status, recorded_office, record_id"
        )
        for office, record_id, from_status, to_status in cursor.fetchall():
            if from_status is None:
                raise UnknownRecord(
                    "there is no record {office}/{record_id}",
                    mend="load its registration first",
                    office=office,
                    record_id=record_id,
                )
            try:
                check_transition(Status(from_status), Status(to_status), kind)
            except BlankoError as refusal:
                raise type(refusal)(
                    "record {office}/{record_id}: {refusal}",
                    mend=refusal.mend_message,
                    **{**refusal.values, "office": office, "record_id": record_id, "refusal": refusal},
                ) from refusal
        cursor.execute(sql.text(__package__, "status_leaves.sql"))
        facts = Facts.of_leaves(bytes(leaf) for (leaf,) in cursor.fetchall())
        event = audit.record(
            operation="registry.change_statuses",
            by=by,
            at=at,
            facts=facts,
            reason=reason,
            subject={"records": len(wanted)},
        )
        cursor.execute(sql.text(__package__, "step.sql"), {"event": event})
        cursor.execute(sql.text(__package__, "lead.sql"), {"event": event})
        return event


def report_death(
    *, recorded_office: str, record_id: str, died_on: date, document_no: str, by: str, at: datetime
) -> int:
    """An officer reports the person of this record dead: what is owed is suspended, nothing is erased. Returns the
    event.

    Raises UnknownRecord.
    """
    with atomic(), connection.cursor() as cursor:
        person = resolve_record(recorded_office=recorded_office, record_id=record_id)
        row = _death_row(
            person, (recorded_office, record_id), stands=True, died_on=died_on, office=recorded_office,
            document_no=document_no, reason="",
        )  # fmt: skip
        return _keep_deaths(cursor, [row], operation="registry.report_death", by=by, at=at)


def lift_death(*, person_id: int, reason: str, by: str, at: datetime) -> int:
    """The report that this person died was mistaken: what was owed is owed again. Returns the event.

    Every standing report of the person, under all its ids, is answered by a row that lifts it. Raises UnknownPerson,
    ReasonMissing, NotDead.
    """
    if not reason.strip():
        raise ReasonMissing("the report of a death is lifted without a reason", mend="say why it was mistaken")
    with atomic(), connection.cursor() as cursor:
        person = resolve(person_id)
        cursor.execute(
            "SELECT DISTINCT ON (d.person_id, d.recorded_office, d.record_id)"
            " d.person_id, d.recorded_office, d.record_id, d.stands, d.died_on, d.office, d.document_no"
            " FROM registry_death AS d JOIN registry_record AS r"
            " ON r.recorded_office = d.recorded_office AND r.record_id = d.record_id"
            " WHERE r.person_id = %s ORDER BY d.person_id, d.recorded_office, d.record_id, d.seq DESC",
            [person],
        )
        rows: list[dict[str, Any]] = []
        for number, of_office, of_record, stands, died_on, office, document_no in cursor.fetchall():
            if stands:
                before = sum(row["person_id"] == number for row in rows)
                row = _death_row(
                    number, (of_office, of_record), stands=False, died_on=died_on, office=office,
                    document_no=document_no, reason=reason,
                )  # fmt: skip
                rows.append({**row, "seq": row["seq"] + before})
        if not rows:
            raise NotDead(
                "no report of a death of person {person_id} stands",
                mend="look the person up first",
                person_id=person_id,
            )
        return _keep_deaths(cursor, rows, operation="registry.lift_death", by=by, at=at, reason=reason)


def restate_death(*, lift_event: int, reason: str, by: str, at: datetime) -> int:
    """The lifting of a death was mistaken: every report that it answered stands again, unless another row came since.
    Returns the event. Raises ReasonMissing, NotDead (nothing is left to stand again).
    """
    if not reason.strip():
        raise ReasonMissing("the report of a death stands again without a reason", mend="say what was mistaken")
    with atomic(), connection.cursor() as cursor:
        rows: list[dict[str, Any]] = []
        for held in DeathReport.objects.filter(event_id=lift_event, stands=False).order_by("person_id", "seq"):
            record = (held.recorded_office, held.record_id)
            later = DeathReport.objects.filter(
                person_id=held.person_id, recorded_office=record[0], record_id=record[1], seq__gt=held.seq
            )
            if not later.exists():
                row = _death_row(
                    held.person_id, record, stands=True, died_on=held.died_on, office=held.office,
                    document_no=held.document_no, reason=reason,
                )  # fmt: skip
                before = sum(made["person_id"] == held.person_id for made in rows)
                rows.append({**row, "seq": row["seq"] + before})
        if not rows:
            raise NotDead("no report is left that could stand again", mend="report the death again")
        return _keep_deaths(cursor, rows, operation="registry.restate_death", by=by, at=at, reason=reason)


def _death_row(
    person: int, record: tuple[str, str], *, stands: bool, died_on: date, office: str, document_no: str, reason: str
) -> dict[str, Any]:
    last = DeathReport.objects.filter(person_id=person).order_by("-seq").values_list("seq", flat=True).first() or 0
    return {
        "person_id": person,
        "seq": last + 1,
        "recorded_office": record[0],
        "record_id": record[1],
        "stands": stands,
        "died_on": died_on,
        "source": "officer",
        "office": office,
        "document_no": document_no,
        "reason": reason,
    }


def confirm_nik(*, recorded_office: str, record_id: str, reason: str, by: str, at: datetime) -> int:
    """A named officer says that this record's NIK is right although its digits contradict birth date or sex.

    It no longer blocks a card, until a newer version gives another NIK, birth date or sex. A NIK that several persons
    carry is not confirmed: there one of them must be mended. Returns the event. Raises ReasonMissing, UnknownRecord,
    NikNotDoubted.
    """
    return _confirm(recorded_office, record_id, stands=True, reason=reason, by=by, at=at)


def withdraw_nik(*, recorded_office: str, record_id: str, reason: str, by: str, at: datetime) -> int:
    """Take the confirmation back: the NIK blocks a card as before. Returns the event; raises what confirm_nik does."""
    return _confirm(recorded_office, record_id, stands=False, reason=reason, by=by, at=at)


def _confirm(recorded_office: str, record_id: str, *, stands: bool, reason: str, by: str, at: datetime) -> int:
    if not reason.strip():
        raise ReasonMissing("a NIK is confirmed or doubted without a reason", mend="say which papers were seen")
    key = {"recorded_office": recorded_office, "record_id": record_id}
    with atomic():
        held = Record.objects.select_for_update().filter(**key).first()
        if held is None:
            raise UnknownRecord(
                "there is no record {office}/{record_id}",
                mend="load its registration first",
                office=recorded_office,
                record_id=record_id,
            )
        doubted = bool(held.nik) and any(warning.startswith("nik_contradicts_") for warning in held.warnings)
        if held.nik_confirmed == stands or not doubted:
            raise NikNotDoubted(
                "nothing about the NIK of record {office}/{record_id} is to be confirmed or taken back",
                mend="look at its warnings first",
                office=recorded_office,
                record_id=record_id,
            )
        last = NikConfirmation.objects.filter(**key).order_by("-seq").values_list("seq", flat=True).first() or 0
        row = {**key, "seq": last + 1, "nik": held.nik, "stands": stands, "reason": reason}
        event = audit.record(
            operation="registry.confirm_nik" if stands else "registry.withdraw_nik",
            by=by,
            at=at,
            facts=Facts.of({"registry_nik_confirmation": [row]}),
            reason=reason,
            subject={"record": f"{recorded_office}/{record_id}"},
        )
        NikConfirmation.objects.create(**row, event_id=event)
        Record.objects.filter(**key).update(nik_confirmed=stands, event_id=event)
        return event


def declare_whole(*, regency: str, as_of: date, reason: str, by: str, at: datetime) -> int:
    """A named officer says that this regency's registrations are loaded whole, 1:1, as of a date. Returns the event."""
    return _declare(regency=regency, whole=True, as_of=as_of, reason=reason, by=by, at=at)


def withdraw_whole(*, regency: str, as_of: date, reason: str, by: str, at: datetime) -> int:
    """Take the declaration back: the regency's need no longer comes from the registry. Returns the event."""
    return _declare(regency=regency, whole=False, as_of=as_of, reason=reason, by=by, at=at)


def _declare(*, regency: str, whole: bool, as_of: date, reason: str, by: str, at: datetime) -> int:
    if not reason.strip():
        raise ReasonMissing("a declaration about a regency has no reason", mend="say how it was checked")
    with atomic():
        last = Coverage.objects.filter(regency=regency).order_by("-seq").values_list("seq", flat=True).first() or 0
        row = {"regency": regency, "seq": last + 1, "whole": whole, "as_of": as_of, "by": by, "reason": reason}
        event = audit.record(
            operation="registry.declare_whole" if whole else "registry.withdraw_whole",
            by=by,
            at=at,
            facts=Facts.of({"registry_coverage": [row]}),
            reason=reason,
            subject={"regency": regency},
        )
        Coverage.objects.create(**row, event_id=event)
        return event


def _count(cursor: Any, source: str) -> int:
    """Rows of one of this module's own staging tables; ``source`` is never a value from outside."""
    cursor.execute(f"SELECT count(*) FROM {source}")
    return int(cursor.fetchone()[0])


def _fill(cursor: Any, table: str, columns: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Make a staging table of this transaction anew and COPY rows into it."""
    cursor.execute(f"DROP TABLE IF EXISTS {table}")
    cursor.execute(f"CREATE TEMP TABLE {table} ({columns}) ON COMMIT DROP")
    with cursor.connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
