"""Read alerts with how they stand."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from blanko.cards.alerts.models import Alert, AlertEnd
from blanko.cards.alerts.rules import AlertKind, AlertStep, UnknownAlert

OPEN = "open"


def alerts(*, office: str | None = None, kind: str | None = None, ended: bool = False) -> list[dict[str, Any]]:
    """Alerts, the newest first: alert, kind, what, office, owner, since, found_at, says, status (open, acknowledged,
    over), reason, ended_by, ended_at. Only open ones unless ``ended``.
    """
    rows = Alert.objects.all()
    if office is not None:
        rows = rows.filter(office=office)
    if kind is not None:
        rows = rows.filter(kind=str(AlertKind(kind)))
    ends = AlertEnd.objects.all()
    if not ended:
        rows = rows.exclude(pk__in=ends.values("alert"))
    found = list(rows.order_by("-found_at", "alert").values())
    return _with_ends(found)


def alert(name: str) -> dict[str, Any]:
    """One alert. Raises UnknownAlert."""
    found = list(Alert.objects.filter(pk=name).values())
    if not found:
        raise UnknownAlert("there is no alert {alert}", mend="list the alerts", alert=name)
    return _with_ends(found)[0]


def _with_ends(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    ends: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for end in AlertEnd.objects.filter(alert__in=[row["alert"] for row in rows]).values(
        "alert", "step", "reason", "by", "at"
    ):
        ends[end["alert"]].append(end)
    found = []
    for row in rows:
        # What somebody has said of it counts more than that it is over.
        end = min(ends[row["alert"]], key=lambda item: item["step"] != AlertStep.ACKNOWLEDGED, default=None)
        told = {name: value for name, value in row.items() if name != "event_id"}
        told |= {
            "status": end["step"] if end else OPEN, "reason": end["reason"] if end else "",
            "ended_by": end["by"] if end else None, "ended_at": end["at"] if end else None,
        }  # fmt: skip
        found.append(told)
    return found
