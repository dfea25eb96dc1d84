"""Keep what a look finds, end what is over, and take explanations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.transaction import atomic

from blanko.cards.alerts import looking, queries, rules
from blanko.cards.alerts.models import Alert, AlertEnd
from blanko.cards.alerts.rules import AlertStep, Finding, Limits
from blanko.ground.audit import operations as audit
from blanko.ground.audit.merkle import Facts

# Two looks at once would both keep the same findings.
LOOK_LOCK = 0x0B1A_A1E


@dataclass(frozen=True, slots=True)
class Found:
    """What a look came to: names of new alerts, and of states that are over."""

    new: tuple[str, ...]
    over: tuple[str, ...]


def find(*, by: str, at: datetime, limits: Limits | None = None) -> Found:
    """Look at everything and keep what is new; running it again at the same moment changes nothing."""
    with atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOOK_LOCK])
        findings = {(finding.kind, finding.what): finding for finding in looking.look(at=at, limits=limits or Limits())}
        open_states = {(row["kind"], row["what"]): row for row in queries.alerts() if row["kind"] in rules.STATES}
        fresh = {rules.name_of(finding): finding for key, finding in findings.items() if key not in open_states}
        known = set(Alert.objects.filter(pk__in=list(fresh)).values_list("alert", flat=True))
        new = {name: finding for name, finding in fresh.items() if name not in known}
        over = [row["alert"] for key, row in sorted(open_states.items()) if key not in findings]
        _keep(new, by=by, at=at)
        _end(over, AlertStep.OVER, "", by=by, at=at)
        return Found(tuple(sorted(new)), tuple(over))


def acknowledge(*, alert: str, reason: str, by: str, at: datetime) -> None:
    """Say why something is in order, or what was done about it. Raises NoReason, UnknownAlert, AlertEnded."""
    said = rules.check_reason(reason)
    with atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOOK_LOCK])
        row = queries.alert(alert)
        if row["status"] == AlertStep.ACKNOWLEDGED:
            raise rules.AlertEnded("alert {alert} was acknowledged", mend="read who said what", alert=alert)
        _end([alert], AlertStep.ACKNOWLEDGED, said, by=by, at=at)


def _keep(new: dict[str, Finding], *, by: str, at: datetime) -> None:
    if not new:
        return
    rows: list[dict[str, Any]] = [
        {
            "alert": name, "kind": str(finding.kind), "what": finding.what, "office": finding.office,
            "regency": finding.office if len(finding.office) == 4 else "", "owner": finding.owner,
            "since": finding.since, "found_at": at, "says": finding.says,
        }
        for name, finding in sorted(new.items())
    ]  # fmt: skip
    event = audit.record(
        operation="alerts.find", by=by, at=at, facts=Facts.of({"alerts_alert": rows}), subject={"alerts": len(rows)}
    )
    Alert.objects.bulk_create([Alert(event_id=event, **row) for row in rows], batch_size=2_000)


def _end(alerts: list[str], step: AlertStep, reason: str, *, by: str, at: datetime) -> None:
    if not alerts:
        return
    rows: list[dict[str, Any]] = [
        {"alert": alert, "step": str(step), "reason": reason, "by": by, "at": at} for alert in alerts
    ]
    event = audit.record(
        operation="alerts.over" if step is AlertStep.OVER else "alerts.acknowledge", by=by, at=at,
        facts=Facts.of({"alerts_alert_end": rows}), reason=reason, subject={"alerts": len(rows), "first": alerts[0]},
    )  # fmt: skip
    AlertEnd.objects.bulk_create([AlertEnd(event_id=event, **row) for row in rows], batch_size=2_000)
