"""A reported death suspends a card; whoever it is about objects within OBJECTION_DAYS, and an officer decides."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.transaction import atomic
from django.utils import timezone

from blanko.decisions.cases import effects, rules
from blanko.decisions.cases.models import DeathObjection
from blanko.ground.audit import operations as audit
from blanko.ground.audit.merkle import Facts
from blanko.ground.audit.queries import moments
from blanko.records.entitlement import operations as entitlement
from blanko.records.entitlement.queries import claims_as_of
from blanko.records.registry import operations as registry
from blanko.records.registry.operations import ReasonMissing
from blanko.records.registry.queries import resolve

_PERSONS = (
    "SELECT r.person_id, r.name, r.recorded_office, r.record_id, r.died_on, d.event_id, d.document_no,"
    " coalesce(o.step, '') AS step, o.by AS objected_by, o.reason AS says"
    " FROM registry_record_current AS r JOIN registry_death_noticed AS d ON d.person_id = r.person_id"
    " LEFT JOIN LATERAL (SELECT * FROM cases_death_objection AS o WHERE o.recorded_office = r.recorded_office"
    "   AND o.record_id = r.record_id ORDER BY o.seq DESC LIMIT 1) AS o ON true"
    " WHERE r.is_lead AND r.died_on IS NOT NULL"
)


def standing(*, office: str | None = None, limit: int = 200) -> list[dict[str, Any]]:
    """Persons whose death is reported, the newest report first: person_id, name, recorded_office, record_id, died_on,
    document_no, ``noticed_on`` (the day of the report here), ``object_until``, ``objection`` (open, rejected or empty).
    """
    return _rows(
        f"{_PERSONS} AND r.regency LIKE %s || '%%' ORDER BY d.event_id DESC, 1 LIMIT %s", [office or "", limit]
    )


def _rows(text: str, values: list[Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    told = moments({row["event_id"] for row in rows})
    for row in rows:
        row["noticed_on"] = timezone.localtime(told[row["event_id"]]).date()
        row["object_until"] = row["noticed_on"] + timedelta(days=rules.OBJECTION_DAYS)
        row["objection"] = {"object": "open", "reject": "rejected"}.get(row.pop("step"), "")
    return rows


def object_to(*, person_id: int, reason: str, by: str, at: datetime) -> date:
    """Keep an objection to a reported death; the card stays suspended till it is decided. Returns the last day on which
    one could be raised. Raises NotDead of the registry, ObjectionTooLate, ObjectionOpen, ReasonMissing.
    """
    with atomic():
        effects.alone()
        held = _held(person_id, reason)
        if held["objection"] == "open":
            raise rules.ObjectionOpen("an objection to this death is open", mend="decide that one")
        if timezone.localtime(at).date() > held["object_until"]:
            raise rules.ObjectionTooLate(
                "objections ended on {day}", mend="an officer lifts the death with the reason", day=held["object_until"]
            )
        _keep("object", held, reason=reason, by=by, at=at)
        until: date = held["object_until"]
        return until


def uphold(*, person_id: int, reason: str, by: str, at: datetime) -> None:
    """The objection is right: the report is lifted, what was owed is owed again. Raises NoObjection, ReasonMissing."""
    with atomic():
        effects.alone()
        held = _open(person_id, reason, by)
        _keep("uphold", held, reason=reason, by=by, at=at)
        registry.lift_death(person_id=person_id, reason=reason, by=by, at=at)
        _follow(held["person_id"], by=by, at=at)


def reject(*, person_id: int, reason: str, by: str, at: datetime) -> None:
    """The report stands: the card stays suspended. Raises NoObjection, ReasonMissing."""
    with atomic():
        effects.alone()
        _keep("reject", _open(person_id, reason, by), reason=reason, by=by, at=at)


def _held(person_id: int, reason: str) -> dict[str, Any]:
    if not reason.strip():
        raise ReasonMissing("a death is judged without a reason", mend="say who came and what was shown")
    today = resolve(person_id)
    rows = _rows(f"{_PERSONS} AND r.person_id = %s", [today])
    if not rows:
        raise registry.NotDead(
            "no report of a death of person {person_id} stands", mend="look the person up first", person_id=today
        )
    return rows[0]


def _open(person_id: int, reason: str, by: str) -> dict[str, Any]:
    held = _held(person_id, reason)
    if held["objection"] != "open":
        raise rules.NoObjection("no objection to this death is open", mend="keep the objection first")
    if held["objected_by"] == by:
        raise rules.SecondOfficerIsFirst(
            "{officer} kept this objection", mend="let another officer decide it", officer=by
        )
    return held


def _keep(step: str, held: dict[str, Any], *, reason: str, by: str, at: datetime) -> None:
    key = {"recorded_office": held["recorded_office"], "record_id": held["record_id"]}
    last = DeathObjection.objects.filter(**key).order_by("-seq").values_list("seq", flat=True).first() or 0
    row = {
        **key, "seq": last + 1, "step": step, "person_id": held["person_id"], "by": by, "at": at,
        "reason": reason.strip(),
    }  # fmt: skip
    event = audit.record(
        operation=f"cases.death_{step}", by=by, at=at, facts=Facts.of({"cases_death_objection": [row]}),
        reason=reason.strip(), subject={"person": held["person_id"]},
    )  # fmt: skip
    DeathObjection.objects.create(event_id=event, **row)


def _follow(person_id: int, *, by: str, at: datetime) -> None:
    if (day := claims_as_of()) is not None:
        entitlement.refresh(as_of=day, persons=[person_id], by=by, at=at)
