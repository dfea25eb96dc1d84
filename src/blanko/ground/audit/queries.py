"""Read events."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from blanko.ground.audit.models import Event


def events(
    *, operation: str | None = None, after: int = 0, limit: int = 100, newest_first: bool = True
) -> list[dict[str, Any]]:
    """Events as plain rows: id, at, operation, by, principal, reason, subject, row_count, root (hex)."""
    found = Event.objects.filter(pk__gt=after)
    if operation:
        found = found.filter(operation=operation)
    rows = found.order_by("-pk" if newest_first else "pk").values(
        "id", "at", "operation", "by", "principal", "reason", "subject", "row_count", "root"
    )[:limit]
    return [{**row, "root": bytes(row["root"]).hex()} for row in rows]


def moments(events: Collection[int]) -> dict[int, datetime]:
    """When each of these events was done."""
    return dict(Event.objects.filter(pk__in=list(events)).values_list("pk", "at"))
