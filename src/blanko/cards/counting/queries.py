"""Read counts and reconciles, and the accounts that they compare. Of an open count no figure of the book is given."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db import connection
from django.db.models import F

from blanko.cards.counting import rules
from blanko.cards.counting.balance import BREACHES, NATION, TERMS
from blanko.cards.counting.models import (
    CountBook,
    CountDecision,
    CountSheet,
    CountSheetLine,
    OfficeCount,
    OpenCount,
    Reconcile,
    ReconcileDifference,
)
from blanko.cards.counting.rules import Outcome, Place, Seen, Status, Verdict
from blanko.cards.custody import queries as custody
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
    """One run with its ``lines`` (every difference, in order), ``nodes`` (the equations of the nodes below it), and
    whether journal and book were one (``holds``).

    Raises UnknownReconcile.
    """
    sheets = [_numbered(row) for row in Reconcile.objects.filter(event_id=number).order_by("scope").values()]
    top = next((row for row in sheets if row["scope"] == row["run_scope"]), None)
    if top is None:
        raise UnknownReconcile("there is no reconcile {number}", mend="choose one of the list", number=number)
    lines = list(ReconcileDifference.objects.filter(event_id=number).order_by("number").values())
    closes = top["received"] == sum(top[term] for term in TERMS.values())
    return {
        **top,
        "holds": closes and not any(line["source"] in BREACHES for line in lines),
        "lines": [_numbered(line) for line in lines],
        "nodes": [row for row in sheets if row is not top],
    }


def reconcile_on(day: date, *, by: str) -> int | None:
    """The number of the first national run of a day (Jakarta) by somebody, or None."""
    found = Reconcile.objects.filter(scope=NATION, run_scope=NATION, by=by, at__date=day).order_by("event_id")
    return found.values_list("event_id", flat=True).first()


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


def at_office(office: str, boxes: Iterable[tuple[str, int]] = ()) -> list[Place]:
    """What the book has at an office now, of it only these boxes when some are named."""
    named = list(boxes)
    found = rows(
        "at_office.sql", office=office, series=[box[0] for box in named], box_no=[box[1] for box in named]
    )  # fmt: skip
    return [Place(*row) for row in found]


def of_boxes(office: str, boxes: Iterable[tuple[str, int]]) -> list[Place]:
    """All blanks of these boxes as this office sees them: a condition, or ``elsewhere``."""
    named = sorted(set(boxes))
    found = rows(
        "of_boxes.sql", office=office, series=[box[0] for box in named], box_no=[box[1] for box in named]
    )  # fmt: skip
    return [Place(*row) for row in found]


def sizes(boxes: Iterable[tuple[str, int]]) -> dict[tuple[str, int], int]:
    """The sizes of the boxes that custody knows."""
    named = sorted(set(boxes))
    if not named:
        return {}
    known = {(p.series, p.box_no) for p in of_boxes("", named)}
    return {(line.series, line.box_no): line.last for line in custody.box_lines(named) if line[:2] in known}


def frozen(count: str) -> list[Place]:
    """The book of a count as it was when it began. Not for doors: see ``book``."""
    lines = CountBook.objects.filter(count=count).order_by("series", "box_no", "first")
    return [Place(*row) for row in lines.values_list("series", "box_no", "first", "last", "condition", "sealed")]


def sheet_lines(count: str, round_no: int) -> list[Seen]:
    """What the person of a round saw."""
    lines = CountSheetLine.objects.filter(count=count, round=round_no).order_by("series", "box_no", "first")
    return [Seen(*row) for row in lines.values_list("series", "box_no", "first", "last", "condition", "sealed")]


def header(count: str) -> dict[str, Any]:
    """Office, reason, boxes and beginning of a count. Raises UnknownCount."""
    row = OfficeCount.objects.filter(pk=count).values().first()
    if row is None:
        raise rules.UnknownCount("there is no count {count}", mend="choose one of the list", count=count)
    return row


def counts(*, office: str | None = None, limit: int = 100) -> list[dict[str, Any]]:
    """Counts with their status, the newest first."""
    found = OfficeCount.objects.all() if office is None else OfficeCount.objects.filter(office=office)
    return [_with_status(row) for row in found.order_by("-event_id").values()[:limit]]


def count(name: str) -> dict[str, Any]:
    """A count: its head, its status, who handed in which round, and its decisions. No figure of the book.

    Raises UnknownCount.
    """
    row = _with_status(header(name))
    sheets = CountSheet.objects.filter(count=name).order_by("round").values("round", "by", "at", "note")
    decisions = CountDecision.objects.filter(count=name).order_by("event_id")
    ended = row["status"] not in (Status.OPEN, Status.RECOUNT, Status.TO_DECIDE)
    told = decisions.values("round", "decision", "reason", "by", "at", "booked") if ended else decisions.values(
        "round", "decision", "by", "at"
    )  # fmt: skip
    return {**row, "sheets": list(sheets), "decisions": list(told)}


def differences(name: str) -> list[dict[str, Any]]:
    """What two persons saw otherwise than the book has it, for who decides and for who reads later.

    Raises UnknownCount, and CountIsBlind while somebody may still count.
    """
    status = _with_status(header(name))["status"]
    if status in (Status.OPEN, Status.RECOUNT):
        raise rules.CountIsBlind(
            "{count} is open: what was counted and what the book says is shown when two persons have counted",
            mend="count first",
            count=name,
        )
    last = CountSheet.objects.filter(count=name).order_by("-round").values_list("differences", flat=True).first()
    return [rules.Difference(*item)._asdict() for item in last or []]


def left(name: str) -> list[dict[str, Any]]:
    """The differences of an ended count that no movement could mend, each with why. Raises as differences does."""
    differences(name)
    items = CountDecision.objects.filter(count=name, decision=Verdict.APPROVED).values_list("left", flat=True).first()
    return [{**rules.Difference(*item[:-1])._asdict(), "why": item[-1]} for item in items or []]


def _with_status(row: dict[str, Any]) -> dict[str, Any]:
    name = row["count"]
    last = CountSheet.objects.filter(count=name).order_by("-round").values_list("round", "outcome").first()
    ends = CountDecision.objects.filter(count=name).exclude(decision=Verdict.REFUSED)
    verdict = ends.values_list("decision", flat=True).first()
    refused = last is not None and CountDecision.objects.filter(
        count=name, round=last[0], decision=Verdict.REFUSED
    ).exists()  # fmt: skip
    if verdict is not None:
        status = {
            Verdict.MATCHED: Status.MATCHED, Verdict.APPROVED: Status.CORRECTED, Verdict.ABANDONED: Status.ABANDONED,
        }[Verdict(verdict)]  # fmt: skip
    elif last is None:
        status = Status.OPEN
    elif last[1] == Outcome.CONFIRMED and not refused:
        status = Status.TO_DECIDE
    else:
        status = Status.RECOUNT
    return {**{key: value for key, value in row.items() if key != "event_id"}, "status": str(status)}


def blind_offices() -> set[str]:
    """Offices of which no figure of the book is shown, because somebody there may still count."""
    opened = OpenCount.objects.values_list("office", "count")
    return {office for office, name in opened if _with_status(header(name))["status"] in (Status.OPEN, Status.RECOUNT)}


def check_shown(office: str) -> None:
    """Raises CountIsBlind while somebody may still count at this office: the book must not tell what to find."""
    if office in blind_offices():
        raise rules.CountIsBlind(
            "office {office} is being counted, and a counter must not know what the book says",
            mend="its book is shown again when two persons have counted",
            office=office,
        )


def open_at(office: str) -> str | None:
    """The count that is open at an office."""
    return OpenCount.objects.filter(pk=office).values_list("count", flat=True).first()
