"""A reported death suspends a card; the family is told, may object within OBJECTION_DAYS, and another officer decides.

Also whom a paper about a death means, where its case asks a person.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from importlib.resources import files as package_files
from typing import Any, Final

from django.db import connection
from django.db.transaction import atomic
from django.utils import timezone

from blanko.decisions.cases import effects, rules
from blanko.decisions.cases.models import DeathNotice, DeathObjection
from blanko.decisions.cases.queries import Document
from blanko.ground.audit import operations as audit
from blanko.ground.audit.merkle import Facts
from blanko.ground.audit.queries import moments
from blanko.ground.database import sql
from blanko.ground.files import papers, spreadsheets
from blanko.ground.places import gazetteer
from blanko.kernel import wording
from blanko.records.registry import dying
from blanko.records.registry import operations as registry
from blanko.records.registry.operations import ReasonMissing
from blanko.records.registry.queries import resolve
from blanko.records.registry.rules import person_text

NOTICE_HEADS: Final = (
    "notice_no", "person", "record", "name", "nik", "address", "died_on", "document_office", "document_no",
    "matched_by", "noticed_on", "object_until", "objection",
)  # fmt: skip
ROWS_MAX: Final = 20_000
_MATCHED_BY: Final = {
    "case": "keputusan petugas atas dokumen",
    "name": "nama dan data kelahiran pada dokumen",
    "nik": "NIK pada dokumen",
    "record": "nomor rekaman pada dokumen",
    "status": "status pada data perekaman",
    "officer": "laporan petugas",
}


def standing(*, office: str | None = None, limit: int = 200, person_id: int | None = None) -> list[dict[str, Any]]:
    """Persons whose death is reported, the newest report first: person_id, name, nik, recorded_office, record_id,
    died_on, ``source``, ``document_office`` and ``document_no``, ``noticed_on`` (the day of the report here),
    ``object_until``, ``notice_no``; ``objection`` (open, rejected or empty) with objector, shown, says, objected_by.
    """
    where, values = ("r.regency LIKE %s || '%%'", [office or ""])
    if person_id is not None:
        where, values = ("r.person_id = %s", [str(resolve(person_id))])
    rows = _rows(sql.text(__package__, "deaths.sql").replace("/* WHERE */", where), [*values, limit])
    told = moments({row["event_id"] for row in rows})
    for row in rows:
        row["noticed_on"] = row["noticed_on"] or timezone.localtime(told[row["event_id"]]).date()
        row["object_until"] = row["object_until"] or row["noticed_on"] + timedelta(days=rules.OBJECTION_DAYS)
        step = row.pop("step")
        row["objection"] = {"object": "open", "undo": "open", "reject": "rejected"}.get(step, "")
    return rows


def upheld(*, office: str | None = None, limit: int = 200) -> list[dict[str, Any]]:
    """Objections that were upheld, so that the death is lifted, the last first; each can be taken back (``undo``)."""
    return _rows(
        "SELECT r.person_id, r.name, r.recorded_office, r.record_id, f.objector, f.shown, f.reason AS says,"
        " f.by AS objected_by, o.by AS decided_by, o.reason AS decided FROM registry_record_current AS r"
        " JOIN LATERAL (SELECT * FROM cases_death_objection AS o WHERE o.recorded_office = r.recorded_office"
        "   AND o.record_id = r.record_id ORDER BY o.seq DESC LIMIT 1) AS o ON o.step = 'uphold'"
        " JOIN LATERAL (SELECT * FROM cases_death_objection AS f WHERE f.recorded_office = r.recorded_office"
        "   AND f.record_id = r.record_id AND f.step = 'object' ORDER BY f.seq DESC LIMIT 1) AS f ON true"
        " WHERE r.is_lead AND r.died_on IS NULL AND r.regency LIKE %s || '%%' ORDER BY o.event_id DESC LIMIT %s",
        [office or "", limit],
    )


def _rows(text: str, values: list[Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def notify(*, by: str, at: datetime) -> int:
    """Write a notice for every standing report of a death that no family was told of; returns how many. Idempotent."""
    day = timezone.localtime(at).date()
    with atomic(), connection.cursor() as cursor:
        cursor.execute(sql.text(__package__, "notices.sql"))
        names = [column.name for column in cursor.description]
        rows = [
            {
                **dict(zip(names, row, strict=True)), "noticed_on": day,
                "object_until": day + timedelta(days=rules.OBJECTION_DAYS),
            }
            for row in cursor.fetchall()
        ]  # fmt: skip
        if rows:
            event = audit.record(
                operation="cases.death_notice", by=by, at=at, facts=Facts.of({"cases_death_notice": rows}),
                subject={"notices": len(rows)},
            )  # fmt: skip
            DeathNotice.objects.bulk_create([DeathNotice(event_id=event, **row) for row in rows], batch_size=5_000)
        return len(rows)


def notices(*, office: str | None = None, form: str = "xlsx") -> bytes:
    """The notices whose report stands, one row each: for whoever delivers them, with the address. CSV or XLSX."""
    rows = [
        [
            row["notice_no"], person_text(row["person_id"]), f"{row['recorded_office']}/{row['record_id']}",
            *(row[name] for name in NOTICE_HEADS[3:]),
        ]
        for row in standing(office=office, limit=ROWS_MAX)
        if row["notice_no"] is not None
    ]  # fmt: skip
    if form == "csv":
        return spreadsheets.csv_bytes(NOTICE_HEADS, rows)
    return spreadsheets.xlsx_bytes(NOTICE_HEADS, rows, sheet="notices")


def notice(notice_no: int) -> dict[str, Any]:
    """One notice with the name, NIK and address of its record, and whether its report still ``stands``.

    Raises UnknownNotice.
    """
    rows = _rows(
        "SELECT n.*, r.name, r.nik, r.birth_date, f.address,"
        " EXISTS (SELECT FROM registry_death_noticed AS d WHERE d.person_id = r.person_id"
        " AND d.event_id = n.death_event) AS stands FROM cases_death_notice AS n JOIN registry_record_current AS r"
        " ON r.recorded_office = n.recorded_office AND r.record_id = n.record_id"
        " LEFT JOIN intake_registration_latest AS f"
        " ON f.recorded_office = n.recorded_office AND f.record_id = n.record_id WHERE n.notice_no = %s",
        [notice_no],
    )
    if not rows:
        raise rules.UnknownNotice("there is no notice {number}", mend="look it up in the list", number=notice_no)
    return rows[0]


def paper(notice_no: int) -> bytes:
    """The letter to the family as PDF, A4, in Indonesian; one that no longer stands says so. Raises UnknownNotice."""
    held = notice(notice_no)
    regency = gazetteer.regency(held["office"])
    said = {
        "number": str(held["notice_no"]), "regency": regency.name, "province": gazetteer.name_of(regency.province),
        "name": held["name"] or "–", "nik": held["nik"] or "–", "address": held["address"] or "–",
        "person": person_text(held["person_id"]), "record": f"{held['recorded_office']}/{held['record_id']}",
        "died_on": wording.day(held["died_on"]), "document": held["document_no"] or "–",
        "document_office": gazetteer.name_of(held["document_office"]), "matched_by": _MATCHED_BY[held["matched_by"]],
        "noticed_on": wording.day(held["noticed_on"]), "object_until": wording.day(held["object_until"]),
        "days": rules.OBJECTION_DAYS, "ended": not held["stands"],
    }  # fmt: skip
    return papers.render(str(package_files(__package__) / "paper" / "notice.typ"), said)


def object_to(*, person_id: int, objector: str, shown: str, reason: str, by: str, at: datetime) -> date:
    """Keep an objection to a reported death: who objects and what was shown. The card stays suspended till it is
    decided.

    Returns the last day on which one could be raised. Raises NotDead of the registry, ObjectionTooLate, ObjectionOpen,
    ReasonMissing.
    """
    with atomic():
        effects.alone()
        held = _held(person_id, reason)
        if not objector.strip() or not shown.strip():
            raise ReasonMissing(
                "an objection names nobody, or nothing was shown", mend="say who came and what was shown"
            )
        if held["objection"] == "open":
            raise rules.ObjectionOpen("an objection to this death is open", mend="decide that one")
        if timezone.localtime(at).date() > held["object_until"]:
            raise rules.ObjectionTooLate(
                "objections ended on {day}", mend="an officer lifts the death with the reason", day=held["object_until"]
            )
        _keep("object", held, objector=objector.strip(), shown=shown.strip(), reason=reason, by=by, at=at)
        until: date = held["object_until"]
        return until


def uphold(*, person_id: int, reason: str, by: str, at: datetime) -> None:
    """The objection is right: the report is lifted, what was owed is owed again. Raises NoObjection, ReasonMissing."""
    with atomic():
        effects.alone()
        held = _open(person_id, reason, by)
        lifted = registry.lift_death(person_id=person_id, reason=reason, by=by, at=at)
        _keep("uphold", held, lift_event=lifted, reason=reason, by=by, at=at)
        effects.follow({held["person_id"]}, by=by, at=at)


def reject(*, person_id: int, reason: str, by: str, at: datetime) -> None:
    """The report stands: the card stays suspended. Raises NoObjection, ReasonMissing."""
    with atomic():
        effects.alone()
        _keep("reject", _open(person_id, reason, by), reason=reason, by=by, at=at)


def undo(*, person_id: int, reason: str, by: str, at: datetime) -> None:
    """Take the decision on an objection back: it is open again, and a death that was lifted stands again till then.

    Raises NoObjection (nothing is decided), ReasonMissing, NotDead of the registry (the report is gone).
    """
    with atomic():
        effects.alone()
        last = _last(person_id, reason)
        if last is None or last.step not in ("uphold", "reject"):
            raise rules.NoObjection("no decision on an objection is there to be taken back", mend="look it up")
        if last.step == "uphold":
            registry.restate_death(lift_event=last.lift_event, reason=reason, by=by, at=at)
        _keep("undo", _named(last), reason=reason, by=by, at=at)
        effects.follow({resolve(person_id)}, by=by, at=at)


def withdraw_objection(*, person_id: int, reason: str, by: str, at: datetime) -> None:
    """Whoever objected takes that back; the report stands. Raises NoObjection, ReasonMissing."""
    with atomic():
        effects.alone()
        last = _last(person_id, reason)
        if last is None or last.step not in ("object", "undo"):
            raise rules.NoObjection("no objection to this death is open", mend="look it up")
        _keep("withdraw", _named(last), reason=reason, by=by, at=at)


def answer(document: Document, record: rules.Key | None, *, reason: str, by: str, at: datetime) -> list[list[str]]:
    """Whom a paper about a death means, with the claims that follow; returns what ``take_back`` needs."""
    lifted, persons = dying.answer(
        paper=document[:2], version=document.version, record=record, reason=reason, by=by, at=at
    )
    effects.follow(set(persons), by=by, at=at)
    notify(by=by, at=at)
    return lifted


def take_back(document: Document, lifted: list[list[str]], *, reason: str, by: str, at: datetime) -> None:
    """The reverse of ``answer``."""
    persons = dying.take_back(paper=document[:2], version=document.version, lifted=lifted, reason=reason, by=by, at=at)
    effects.follow(set(persons), by=by, at=at)


def _held(person_id: int, reason: str) -> dict[str, Any]:
    if not reason.strip():
        raise ReasonMissing("a death is judged without a reason", mend="say who came and what was shown")
    rows = standing(person_id=person_id)
    if not rows:
        raise registry.NotDead(
            "no report of a death of person {person_id} stands", mend="look the person up first",
            person_id=resolve(person_id),
        )  # fmt: skip
    return rows[0]


def _last(person_id: int, reason: str) -> DeathObjection | None:
    if not reason.strip():
        raise ReasonMissing("a death is judged without a reason", mend="say who came and what was shown")
    rows = _rows(
        "SELECT recorded_office, record_id FROM registry_record_current WHERE person_id = %s AND is_lead",
        [resolve(person_id)],
    )
    key = rows[0] if rows else {"recorded_office": "", "record_id": ""}
    return DeathObjection.objects.filter(**key).order_by("-seq").first()


def _named(last: DeathObjection) -> dict[str, Any]:
    return {"recorded_office": last.recorded_office, "record_id": last.record_id, "person_id": last.person_id}


def _open(person_id: int, reason: str, by: str) -> dict[str, Any]:
    held = _held(person_id, reason)
    if held["objection"] != "open":
        raise rules.NoObjection("no objection to this death is open", mend="keep the objection first")
    if held["objected_by"] == by:
        raise rules.SecondOfficerIsFirst(
            "{officer} kept this objection", mend="let another officer decide it", officer=by
        )
    return held


def _keep(step: str, held: dict[str, Any], *, reason: str, by: str, at: datetime, **given: Any) -> None:
    key = {"recorded_office": held["recorded_office"], "record_id": held["record_id"]}
    last = DeathObjection.objects.filter(**key).order_by("-seq").values_list("seq", flat=True).first() or 0
    row = {
        **key, "seq": last + 1, "step": step, "person_id": held["person_id"], "objector": "", "shown": "",
        "lift_event": None, "by": by, "at": at, "reason": reason.strip(), **given,
    }  # fmt: skip
    event = audit.record(
        operation=f"cases.death_{step}", by=by, at=at, facts=Facts.of({"cases_death_objection": [row]}),
        reason=reason.strip(), subject={"person": held["person_id"]},
    )  # fmt: skip
    DeathObjection.objects.create(event_id=event, **row)
