"""Read reconciles, and the accounts that they compare."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import F

from blanko.cards.counting.models import Reconcile, ReconcileDifference
from blanko.ground.database import sql
from blanko.kernel.errors import BlankoError


class UnknownReconcile(BlankoError, LookupError):
    """No reconcile has this number."""


def rows(file: str, **values: object) -> list[tuple[Any, ...]]:
    """The rows of a named query of this room."""
    with connection.cursor() as cursor:
        cursor.execute(sql.text(__package__, file), values)
        return list(cursor.fetchall())


def reconciles(*, scope: str | None = None, limit: int = 50) -> list[dict[str, Any]]:
    """Runs as rows with their number (the audit event), the newest first; with ``scope`` the rows of that node.

    Without ``scope`` each run once, by the node that it was asked for.
    """
    found = Reconcile.objects.filter(scope=F("run_scope")) if scope is None else Reconcile.objects.filter(scope=scope)
    return [_numbered(row) for row in found.order_by("-event_id").values()[:limit]]


def reconcile(number: int) -> dict[str, Any]:
    """One run with its ``lines`` (every difference, in order) and ``nodes`` (the equations of the nodes below it).

    Raises UnknownReconcile.
    """
    sheets = [_numbered(row) for row in Reconcile.objects.filter(event_id=number).order_by("scope").values()]
    top = next((row for row in sheets if row["scope"] == row["run_scope"]), None)
    if top is None:
        raise UnknownReconcile("there is no reconcile {number}", mend="choose one of the list", number=number)
    lines = ReconcileDifference.objects.filter(event_id=number).order_by("number")
    return {
        **top,
        "lines": [_numbered(line) for line in lines.values()],
        "nodes": [row for row in sheets if row is not top],
    }


def last_reconcile(scope: str) -> dict[str, Any] | None:
    """The newest reconcile of a node, without its lines."""
    return next(iter(reconciles(scope=scope, limit=1)), None)


def stock_files(scope: str) -> list[dict[str, Any]]:
    """Offices whose last stock file says something else than the book of the end of that day."""
    names = ("office", "counted_on", "counted_good", "counted_spoiled", "good", "spoiled")
    return [dict(zip(names, row, strict=True)) for row in rows("stock_files.sql", scope=scope)]


def _numbered(row: dict[str, Any]) -> dict[str, Any]:
    """The audit event is the number of a run; the surrogate key says nothing."""
    event = row.pop("event_id")
    row.pop("id", None)
    return {"number": event, **row} if "number" not in row else {"run": event, **row}
