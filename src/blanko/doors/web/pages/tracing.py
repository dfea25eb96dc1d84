"""The hands that a blank went through as a picture, an office's past, a seized list; and what does not look right."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from blanko.cards.alerts import operations as alert_operations
from blanko.cards.alerts import queries as alert_queries
from blanko.cards.counting import queries as counts
from blanko.cards.custody import tracing
from blanko.cards.custody.tracing import Holder
from blanko.doors.web import officer, words
from blanko.doors.web.pages.custody import condition_names
from blanko.doors.web.pages.responses import named_errors, page
from blanko.doors.web.tables import Column, Table
from blanko.ground.access.acting import acting
from blanko.kernel.errors import InvalidValue

WIDTH, LABELS, ROW = 1000.0, 330.0, 26.0


@dataclass(frozen=True, slots=True)
class Bar:
    """A holder on the time line; coordinates in SVG units."""

    label: str
    x: float
    y: float
    width: float
    colour: str
    says: str


@require_http_methods(["GET", "POST"])
@named_errors
def trace(request: HttpRequest) -> HttpResponse:
    """``/trace?q=``, ``/trace?office=&on=``, and a posted file of serials or UIDs."""
    context: dict[str, Any] = {"q": request.GET.get("q", "").strip(), "office": request.GET.get("office", "").strip()}
    context["on"] = request.GET.get("on", "").strip()
    if request.method == "POST":
        return page(request, "trace.html", **context, **_seized(request))
    if context["q"]:
        found = tracing.trace(context["q"])
        context |= {"found": found, "bars": time_line(found.holders, until=_end_of(found.holders))}
        context |= {"width": WIDTH, "height": ROW * len(found.holders), "hands": _hands("hands", found.holders)}
    if context["office"] and context["on"]:
        try:
            day = date.fromisoformat(context["on"])
        except ValueError:
            raise InvalidValue("{on} is no day", mend="write it as 2017-04-04", on=repr(context["on"])) from None
        counts.check_shown(context["office"])
        held = tracing.at_office(context["office"], at=timezone.make_aware(datetime.combine(day, time.max)))
        table = _held(request, held)
        return page(request, "trace.html", table, total=sum(line.quantity for line in held), looked=True, **context)
    return page(request, "trace.html", **context)


def time_line(holders: tuple[Holder, ...], *, until: datetime) -> list[Bar]:
    """One row for each holder, from the left when the first had them to the right when the last one still has. Pure."""
    if not holders:
        return []
    whole = max((until - holders[0].since).total_seconds(), 1.0)
    scale = (WIDTH - LABELS) / whole
    bars = []
    for number, holder in enumerate(holders):
        # A clock may run behind the one before it.
        start = max(0.0, (holder.since - holders[0].since).total_seconds())
        ends = max(start, ((holder.until or until) - holders[0].since).total_seconds())
        place = _place(holder)
        says = f"{place}, {holder.person}: {words.moment(holder.since)}"
        colour = "flow-warn" if holder.on_the_way else "flow-good"
        bars.append(Bar(place, LABELS + start * scale, number * ROW, max(3.0, (ends - start) * scale), colour, says))
    return bars


@require_GET
@named_errors
def alerts(request: HttpRequest) -> HttpResponse:
    """``/alerts``: what is open, who has to explain it, and the form that ends one."""
    ended = request.GET.get("ended") == "1"
    rows = alert_queries.alerts(ended=ended)
    for row in rows:
        row["figures"] = ", ".join(f"{figure(name)} {_value(value)}" for name, value in row["says"].items())
        row["stands"] = statuses().get(row["status"], row["status"])
    table = Table.of(
        request,
        name="alerts",
        columns=[
            Column("kind", _("What"), form=kind_of_alert),
            Column("office", _("Office"), form=words.area),
            Column("since", _("Since"), form=words.moment),
            Column("owner", _("Who has to explain it")),
            Column("figures", _("What was seen")),
            Column("stands", _("How it stands")),
            Column("reason", _("Explanation")),
        ],
        rows=rows,
    )
    still = [row for row in rows if row["status"] == "open"]
    return page(
        request, "alerts.html", table, open=still, ended=ended, acting=officer.chosen(request),
        offices=len({row["office"] for row in still}),
    )  # fmt: skip


@require_POST
@named_errors
def look(request: HttpRequest) -> HttpResponse:
    """``POST /alerts/find``: look at everything now."""
    with acting(principal="svc.custody"):
        alert_operations.find(by="svc.custody", at=timezone.now())
    return HttpResponseRedirect("/alerts")


@require_POST
@named_errors
def acknowledge(request: HttpRequest) -> HttpResponse:
    """``POST /alerts/acknowledge``: alert, reason; in the chosen officer's name."""
    by = officer.required(request)
    with acting(principal=by):
        alert_operations.acknowledge(
            alert=request.POST.get("alert", ""), reason=request.POST.get("reason", ""), by=by, at=timezone.now()
        )
    return HttpResponseRedirect("/alerts")


def kind_of_alert(code: str) -> str:
    """A kind of alert in the reader's words."""
    names = {
        "low_cover": _("stock under the days of cover"),
        "spoilage": _("more spoiled than the contract allows"),
        "prints_above_blanks": _("more cards than printed blanks"),
        "seen_twice": _("a serial in two places"),
        "both_ends": _("one person at both ends"),
        "at_night": _("activity at night"),
        "overdue": _("overdue on its way"),
    }
    return names.get(code, code)


def statuses() -> dict[str, str]:
    return {"open": _("open"), "acknowledged": _("explained"), "over": _("over by itself")}


def figure(code: str) -> str:
    """A figure of an alert in the reader's words."""
    names = {
        "good": _("good blanks"), "coming": _("on their way"), "a_day": _("cards a day"),
        "limit_days": _("days of cover"),
        "spoiled": _("spoiled"), "tried": _("tried"), "allowed_per_mille": _("allowed per mille"), "cards": _("cards"),
        "blanks": _("printed blanks"), "seen": _("seen"), "by": _("by"), "book": _("in the book at"),
        "condition": _("as"), "source": _("found with"), "person": _("person"), "sent_as": _("sent as"),
        "taken_as": _("taken over as"), "from_office": _("from"), "series": _("series"), "box_no": _("box"),
        "steps": _("steps"), "persons": _("persons"), "first_movement": _("first movement"), "quantity": _("blanks"),
        "sent_by": _("sent by"), "answerable": _("who answers"),
    }  # fmt: skip
    return names.get(code, code)


def _value(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _seized(request: HttpRequest) -> dict[str, Any]:
    given = request.FILES.get("file")
    if given is None:
        raise InvalidValue("no file was chosen", mend="choose a CSV or XLSX file with a column serial or uid")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / Path(str(given.name)).name[:100]
        with path.open("wb") as copy:
            for chunk in given.chunks():
                copy.write(chunk)
        found = tracing.seized(tracing.identifiers_in(path))
    rows = [
        {
            "count": len(group.serials), "place": _place(group.holder), "person": group.holder.person,
            "since": group.holder.since, "movement": group.holder.movement,
            "conditions": ", ".join(condition_names().get(name, name) for name in group.conditions),
            "serials": " ".join(group.serials[:6]) + (" …" if len(group.serials) > 6 else ""),
        }
        for group in found.groups
    ]  # fmt: skip
    groups = Table.plain(
        "seized",
        columns=[
            Column("count", _("Blanks"), number=True),
            Column("place", _("Last held by")),
            Column("person", _("Who signed for them")),
            Column("since", _("Since"), form=words.moment),
            Column("movement", _("Movement")),
            Column("conditions", _("In the book")),
            Column("serials", _("Serials")),
        ],
        rows=rows,
    )
    together = found.together
    return {
        "groups": groups, "known": sum(row["count"] for row in rows), "unknown": found.unknown,
        "together": f"{_place(together)}, {together.person}" if together else "",
        "together_since": together.since if together else None, "traced": True,
    }  # fmt: skip


def _hands(name: str, holders: tuple[Holder, ...]) -> Table:
    rows = [{**holder._asdict(), "place": _place(holder)} for holder in holders]
    return Table.plain(
        name,
        columns=[
            Column("place", _("Where")),
            Column("person", _("Who signed for them")),
            Column("since", _("Since"), form=words.moment),
            Column("until", _("Until"), form=words.moment),
            Column("movement", _("Movement")),
        ],
        rows=rows,
    )


def _held(request: HttpRequest, held: list[tracing.HeldThen]) -> Table:
    names = {**condition_names(), "in_transit": _("on its way")}
    return Table.of(
        request,
        name="held",
        columns=[
            Column("box", _("Box"), href=lambda row: f"/trace?q={row['box']}"),
            Column("first", _("First"), number=True),
            Column("last", _("Last"), number=True),
            Column("quantity", _("Blanks"), number=True),
            Column("condition", _("Condition"), form=lambda code: names.get(code, code)),
        ],
        rows=[
            {**line._asdict(), "box": f"{line.series}-{line.box_no:06d}", "quantity": line.quantity} for line in held
        ],
    )


def _place(holder: Holder) -> str:
    place = words.area(holder.office)
    return _("on the way to %(place)s") % {"place": place} if holder.on_the_way else str(place)


def _end_of(holders: tuple[Holder, ...]) -> datetime:
    """The right end of the picture: a tenth beyond the last change."""
    first, last = holders[0].since, max(holder.since for holder in holders)
    return max(last + (last - first) / 10, last)
