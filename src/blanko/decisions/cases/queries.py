"""Read cases: the queue, one case with its records side by side, groups, ages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Count

from blanko.decisions.cases.models import AuditSample, Case, CaseMember, CaseStanding, CaseStep
from blanko.decisions.cases.rules import (
    AGES,
    GROUP_MAX,
    WAITING,
    Key,
    Kind,
    Member,
    State,
    UnknownCase,
    age_of,
    chosen,
    second_officer,
)
from blanko.records.registry import dying, verdicts
from blanko.records.registry.queries import UnknownRecord

_COLUMNS = ("case_no", "kind", "office", "weight", "pattern", "opened_on", "records", "state", "outcome", "due",
            "group_no")  # fmt: skip


def queue(
    *, office: str | None = None, kind: str | None = None, state: str | None = None, limit: int = 200, offset: int = 0
) -> list[dict[str, Any]]:
    """Cases that wait (or stand as ``state`` says), the heaviest first, then the oldest; with their first two names."""
    rows = list(_filtered(office, kind, state).order_by("-weight", "opened_on", "case_no")
                .values(*_COLUMNS)[offset : offset + limit])  # fmt: skip
    names = _names([row["case_no"] for row in rows])
    return [{**row, "names": names.get(row["case_no"], [])} for row in rows]


def count(*, office: str | None = None, kind: str | None = None, state: str | None = None) -> int:
    """How many ``queue`` would list without its limit."""
    return int(_filtered(office, kind, state).count())


def _filtered(office: str | None, kind: str | None, state: str | None) -> Any:
    found = CaseStanding.objects.filter(state__in=[state] if state else [s.value for s in WAITING])
    if office:
        found = found.filter(office__startswith=office)
    return found.filter(kind=kind) if kind else found


def case(case_no: int) -> dict[str, Any]:
    """One case: its standing, ``members`` as they stand (as ``records``; ``changed`` since the case was opened), its
    ``steps``, the ``verdicts`` that bind between its records, the ``results`` of fingerprints about them, and the
    ``paper`` of a death that asks. Raises UnknownCase.
    """
    row = CaseStanding.objects.filter(pk=case_no).values(*_COLUMNS, "seq").first()
    if row is None:
        raise UnknownCase("there is no case {case_no}", mend="look it up in the queue", case_no=case_no)
    seen = list(CaseMember.objects.filter(case_no=case_no).order_by("place").values_list(
        "recorded_office", "record_id", "version"))  # fmt: skip
    held = records([(office, record) for office, record, _version in seen])
    members = []
    for office, record, version in seen:
        now = held[office, record]
        members.append({**now, "seen_version": version, "changed": now["version"] != version})
    names = ("seq", "step", "outcome", "parts", "due", "group_no", "cause", "by", "at", "reason")
    steps = list(CaseStep.objects.filter(case_no=case_no).order_by("seq").values(*names))
    opened = Case.objects.filter(pk=case_no).values("reason", "document").get()
    return {
        **row, **opened, "paper": paper_of(opened["document"]), "members": members, "steps": steps,
        "results": results(list(held)),
        "verdicts": [
            {"left": "/".join(left), "right": "/".join(right), **word}
            for (left, right), word in sorted(verdicts.standing(held).items())
        ],
    }  # fmt: skip


class Document(NamedTuple):
    """A paper about a death that asks, in the version that was seen."""

    office: str
    number: str
    version: int


def document_of(case_no: int) -> Document:
    """The paper of a case of kind death."""
    return _document(Case.objects.values_list("document", flat=True).get(pk=case_no))


def _document(text: str) -> Document:
    # A number of a certificate has slashes of its own.
    office, _slash, rest = text.partition("/")
    number, _slash, version = rest.rpartition("/")
    return Document(office, number, int(version))


def paper_of(document: str) -> dict[str, Any] | None:
    """What the paper of a case of kind death says, in its newest version; None for other kinds."""
    return dying.paper(*_document(document)[:2]) if document else None


def records(keys: Sequence[Key]) -> dict[Key, dict[str, Any]]:
    """Records as they stand, each with the card that was printed for it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.recorded_office, r.record_id, r.person_id, r.version, r.nik, r.name, r.birth_date, r.sex,"
            " r.marital_status, r.regency, r.recorded_on, r.status, r.status_since, r.closed, r.is_lead, r.died_on,"
            " r.withdrawn, f.birth_place, f.mother_name, f.address, c.serial, c.state AS card_state,"
            " c.counts AS card_counts, c.job, k.kept_office, k.kept_id"
            " FROM unnest(%s::text[], %s::text[]) AS n (office, record)"
            " JOIN registry_record_current AS r ON r.recorded_office = n.office AND r.record_id = n.record"
            " LEFT JOIN intake_registration_latest AS f"
            "   ON f.recorded_office = r.recorded_office AND f.record_id = r.record_id"
            " LEFT JOIN issuance_card_of_record AS c"
            "   ON c.person_id = r.person_id AND c.recorded_office = r.recorded_office AND c.record_id = r.record_id"
            " LEFT JOIN registry_record_closed AS k"
            "   ON r.closed AND k.recorded_office = r.recorded_office AND k.record_id = r.record_id",
            [[office for office, _record in keys], [record for _office, record in keys]],
        )
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return {(row["recorded_office"], row["record_id"]): row for row in rows}


def results(keys: Sequence[Key]) -> list[dict[str, Any]]:
    """The last word of fingerprints and irises on each record: record, result, score, engine, decided_at."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT b.recorded_office || '/' || b.record_id AS record, b.result, b.score, b.engine, b.decided_at"
            " FROM registry_biometric_last AS b JOIN unnest(%s::text[], %s::text[]) AS n (office, record)"
            " ON b.recorded_office = n.office AND b.record_id = n.record ORDER BY 1",
            [[office for office, _record in keys], [record for _office, record in keys]],
        )
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def members_of(rows: Iterable[Mapping[str, Any]]) -> list[Member]:
    """What the rules need of records."""
    return [Member((r["recorded_office"], r["record_id"]), r["status"], r["recorded_on"], r["closed"]) for r in rows]


def _names(numbers: Sequence[int]) -> dict[int, list[str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT m.case_no, array_agg(coalesce(r.name, '') ORDER BY m.place) FROM cases_member AS m"
            " JOIN registry_record_current AS r ON r.recorded_office = m.recorded_office AND r.record_id = m.record_id"
            " WHERE m.case_no = ANY (%s) AND m.place <= 2 GROUP BY m.case_no",
            [list(numbers)],
        )
        return dict(cursor.fetchall())


def groups(*, office: str | None = None, least: int = 2) -> list[dict[str, Any]]:
    """Open cases of two records by kind and error pattern, the largest group first: kind, pattern, cases."""
    found = CaseStanding.objects.filter(state__in=[State.OPEN, State.ASKED], records=2).exclude(pattern="")
    if office:
        found = found.filter(office__startswith=office)
    rows = found.values("kind", "pattern").annotate(cases=Count("case_no")).filter(cases__gte=least)
    return list(rows.order_by("-cases", "kind", "pattern"))


def group(*, kind: str, pattern: str, office: str | None = None) -> list[dict[str, Any]]:
    """Every case of a group (at most GROUP_MAX) with its two records, and ``alone``: why it is settled by itself."""
    found = CaseStanding.objects.filter(state__in=[State.OPEN, State.ASKED], records=2, kind=kind, pattern=pattern)
    if office:
        found = found.filter(office__startswith=office)
    numbers = list(found.order_by("case_no").values_list("case_no", flat=True)[:GROUP_MAX])
    keys: dict[int, list[Key]] = {number: [] for number in numbers}
    seen: dict[tuple[int, Key], int] = {}
    for number, recorded_office, record, version in (
        CaseMember.objects.filter(case_no__in=numbers).order_by("case_no", "place")
        .values_list("case_no", "recorded_office", "record_id", "version")
    ):  # fmt: skip
        keys[number].append((recorded_office, record))
        seen[number, (recorded_office, record)] = version
    held = records([key for pair in keys.values() for key in pair])
    drawn = sampled([tuple(sorted(pair)) for pair in keys.values()])
    rows = []
    for number in numbers:
        pair = [held[key] for key in keys[number]]
        members = members_of(pair)
        closed = [member for member in members if member.key != chosen(members).key]
        alone = ""
        if tuple(sorted(keys[number])) in drawn:
            alone = "sample"
        elif any(row["version"] != seen[number, (row["recorded_office"], row["record_id"])] for row in pair):
            alone = "changed"
        elif second_officer(closed):
            alone = second_officer(closed)
        rows.append({"case_no": number, "members": pair, "keep": "/".join(chosen(members).key), "alone": alone})
    return rows


def sampled(pairs: Iterable[Sequence[Key]]) -> set[tuple[Key, Key]]:
    """Which of these pairs (smaller key first) were drawn for an audit."""
    wanted = list(pairs)
    lefts = {pair[0] for pair in wanted}
    found = AuditSample.objects.filter(left_id__in=[record for _office, record in lefts])
    drawn = {((s.left_office, s.left_id), (s.right_office, s.right_id)) for s in found}
    return {(pair[0], pair[1]) for pair in wanted} & drawn


def overview(*, on: date, office: str | None = None) -> dict[str, Any]:
    """Cases that wait by kind and age (AGES, days since they were opened), by state; settled ones by outcome."""
    found = CaseStanding.objects.all()
    if office:
        found = found.filter(office__startswith=office)
    states = dict(found.values_list("state").annotate(n=Count("case_no")).order_by("state"))
    outcomes = dict(
        found.filter(state=State.SETTLED).values_list("outcome").annotate(n=Count("case_no")).order_by("outcome")
    )
    waiting = found.filter(state__in=[s.value for s in WAITING])
    days = waiting.values_list("kind", "opened_on").annotate(n=Count("case_no"))
    ages = {str(kind): dict.fromkeys(AGES, 0) for kind in Kind}
    for kind, opened_on, n in days:
        ages[kind][age_of(opened_on, on)] += n
    return {
        "states": states, "outcomes": outcomes,
        "ages": [
            {"kind": kind, "days_from": band[0], "days_to": band[1], "cases": n}
            for kind, bands in ages.items()
            for band, n in bands.items()
        ],
        "due": waiting.filter(state=State.ASKED, due__lt=on).count(),
    }  # fmt: skip


def weights(left: Key, right: Key) -> list[dict[str, Any]]:
    """What each field of two records adds for or against one person: field, level, bits. Nothing without a model."""
    from blanko.records.registry import adopting, checking

    if adopting.newest() is None:
        return []
    try:
        parts = checking.explain(*sorted((left, right)))
    except UnknownRecord:
        # One of the two has no keys yet.
        return []
    return [{"field": part.field, "level": part.level, "bits": float(part.bits)} for part in parts]
