"""The warehouse's and the offices' pages: where blanks flow, what is on its way, and taking over by scanning."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from blanko.cards.custody import arrivals, operations, papers, queries
from blanko.cards.custody.rules import CENTRE, Key, Kind, Phase
from blanko.cards.custody.transit import Discrepancy, DiscrepancyKind, Leg, Mode, Resolution
from blanko.cards.issuance import following
from blanko.doors.web import officer, words
from blanko.doors.web.pages.responses import named_errors, page
from blanko.doors.web.sankey import sankey
from blanko.doors.web.tables import Column, Table
from blanko.ground.access.acting import acting, acting_alone
from blanko.ground.places import gazetteer
from blanko.kernel.errors import InvalidValue
from blanko.records.entitlement import queries as entitlement

# Of a long consignment a page lists so many lines; the packing list has them all.
LINES_SHOWN = 600
MARKED = (DiscrepancyKind.BROKEN_SEAL, DiscrepancyKind.WRONG_SEAL, DiscrepancyKind.DAMAGED)


@require_GET
@named_errors
def custody(request: HttpRequest) -> HttpResponse:
    """``/custody``"""
    now = _today()
    lot = request.GET.get("lot") or None
    flows = queries.flow(lot=lot)
    moving = [
        {**row, "late": row["due_at"] < now, "days": (now - row["at"]).days, "answers": row["answerable"] or row["by"]}
        for row in queries.on_the_way()
    ]
    table = Table.of(
        request,
        name="moving",
        columns=[
            Column("movement", _("Movement"), href=lambda row: f"/custody/receive?movement={row['movement']}"),
            Column("kind", _("Kind"), form=kind_of_movement),
            Column("from_office", _("From"), form=words.area),
            Column("to_office", _("To"), form=words.area),
            Column("quantity", _("Blanks"), number=True),
            Column("due_at", _("Due"), form=words.moment),
            Column("answers", _("Who answers")),
        ],
        rows=moving,
        caption=_("Without a written way a consignment is due after 14 days."),
    )
    wrong = Table.plain(
        "wrong",
        columns=[
            Column("movement", _("Movement"), href=lambda row: f"/custody/receive?movement={row['movement']}"),
            Column("kind", _("What is wrong"), form=kind_of_discrepancy),
            Column("what", _("Blanks")),
            Column("office", _("Office"), form=words.area),
            Column("owner", _("Who answers")),
            Column("days", _("Age"), unit=_("days"), number=True),
        ],
        rows=[{**row, "what": named(row), "days": (now - row["at"]).days} for row in queries.discrepancies()],
    )
    return page(
        request, "custody.html", table, wrong=wrong, sheet=queries.balance_sheet(), lot=lot or "",
        lots=queries.lots_held(), picture=_flow_picture(flows), flow=_flow_table(flows),
        overdue=sum(row["late"] for row in moving),
    )  # fmt: skip


def _today() -> datetime:
    """The moment of the records: the end of the day to which claims were brought up to date, in a replay as in use."""
    as_of = entitlement.claims_as_of()
    if as_of is None:
        return timezone.now()
    return min(timezone.now(), timezone.make_aware(datetime.combine(as_of, time.max)))


def _flow_picture(flows: list[tuple[str, str, int]]) -> Any:
    """The maker's lot, where it went, and what became of it there."""
    total = sum(quantity for _place, _condition, quantity in flows)
    by_place: dict[str, int] = {}
    for place, _condition, quantity in flows:
        by_place[place] = by_place.get(place, 0) + quantity
    where = sorted(by_place, key=lambda place: (place != CENTRE, place != "transit", place))
    conditions = ["good", "quarantined", "personalised", "issued", "spoiled", "destroyed", "missing"]
    labels = {"received": _("accepted"), **{place: _place(place) for place in where}, **condition_names()}
    colours = {
        "good": "flow-good", "personalised": "flow-good", "issued": "flow-good", "quarantined": "flow-warn",
        "spoiled": "flow-warn", "destroyed": "flow-warn", "missing": "flow-warn",
    }  # fmt: skip
    drawn = [("received", place, by_place[place]) for place in where]
    drawn += [(place, condition, quantity) for place, condition, quantity in flows]
    return sankey([["received"], where, conditions], drawn, labels, colours) if total else None


def _flow_table(flows: list[tuple[str, str, int]]) -> Table:
    names = condition_names()
    return Table.plain(
        "flow",
        [
            Column("place", _("Where")),
            Column("condition", _("Condition")),
            Column("quantity", _("Blanks"), number=True),
        ],
        [
            {"place": _place(place), "condition": names.get(condition, condition), "quantity": quantity}
            for place, condition, quantity in flows
        ],
    )


def _place(code: str) -> str:
    return _("on its way") if code == "transit" else words.area(code)


@require_http_methods(["GET", "POST"])
@named_errors
def receive(request: HttpRequest) -> HttpResponse:
    """``/custody/receive?movement=``: scan what arrived, mark what is broken, and sign; or see how it ended."""
    movement = (request.POST.get("movement") or request.GET.get("movement") or "").strip()
    if not movement:
        waiting = [{**row, "days": (timezone.now() - row["at"]).days} for row in queries.on_the_way()]
        return page(request, "receive.html", waiting=waiting, movement="")
    if request.method == "POST":
        by = officer.required(request)
        marked = [
            Discrepancy(kind, request.POST.get("owner", ""), line, note=note)
            for kind in MARKED
            for text in (request.POST.get(str(kind)) or "").split()
            for line in queries.lines_named([text])
            for note in [request.POST.get("note", "")]
        ]
        with acting_alone(principal="svc.custody"):
            arrivals.receive_scanned(
                movement=movement, scans=(request.POST.get("scans") or "").splitlines(), further=marked, by=by,
                at=timezone.now(),
            )  # fmt: skip
        with acting(principal="svc.issuance"):
            following.follow(by=by, at=timezone.now(), office=queries.pending(movement).from_office)
        return HttpResponseRedirect(f"{request.path}?movement={movement}")
    sent = queries.pending(movement)
    lines: list[dict[str, Any]] = [
        {"name": str(line.box), "first": line.first, "last": line.last, "blanks": line.quantity} for line in sent.lines
    ]
    wrong = [
        {**row, "what": named(row), "says": kind_of_discrepancy(row["kind"]),
         "ended": resolution_names().get(row["resolution"] or "", "")}
        for row in queries.discrepancies(movement=movement, resolved_too=True)
    ]  # fmt: skip
    return page(
        request, "receive.html", movement=movement, sent=sent, pending=sent.phase == Phase.PENDING,
        posted=sent.phase == Phase.POSTED,
        kind=kind_of_movement(sent.kind), lines=lines[:LINES_SHOWN], more=max(0, len(lines) - LINES_SHOWN),
        expects=" ".join(dict.fromkeys(line["name"] for line in lines)),
        total=sum(line.quantity for line in sent.lines),
        legs=queries.legs(movement), acting=officer.chosen(request),
        marks=[(str(kind), kind_of_discrepancy(kind)) for kind in MARKED], resolutions=resolution_names(),
        wrong=wrong, unended=any(not row["resolution"] for row in wrong),
    )  # fmt: skip


@require_GET
@named_errors
def bast(request: HttpRequest) -> HttpResponse:
    """``/custody/bast.pdf?movement=``"""
    response = HttpResponse(papers.bast(request.GET.get("movement", "")), content_type="application/pdf")
    response["Content-Disposition"] = 'inline; filename="bast.pdf"'
    return response


@require_POST
@named_errors
def resolve(request: HttpRequest) -> HttpResponse:
    """``POST /custody/resolve``: end a discrepancy, or make somebody else answer for it."""
    movement, number = request.POST.get("movement", ""), int(request.POST.get("number") or 0)
    by, note, at = officer.required(request), request.POST.get("note", ""), timezone.now()
    with acting_alone(principal="svc.custody"):
        if request.POST.get("owner", "").strip():
            arrivals.hand_on(
                movement=movement, number=number, owner=request.POST["owner"].strip(), note=note, by=by, at=at
            )
        else:
            as_ = request.POST.get("resolution", "")
            if as_ not in set(map(str, Resolution)):
                raise InvalidValue("no way of ending it was chosen", mend="choose one from the list")
            arrivals.resolve(movement=movement, number=number, as_=as_, note=note, by=by, at=at)
    return HttpResponseRedirect(f"/custody/receive?movement={movement}")


@require_http_methods(["GET", "POST"])
@named_errors
def dispatch(request: HttpRequest) -> HttpResponse:
    """``/custody/dispatch``: scan what leaves, say who carries it and who answers, and print the packing list later."""
    if request.method == "POST":
        given = request.POST
        by, now = officer.required(request), timezone.now()
        blanks = [line for line in (given.get("scans") or "").splitlines() if line.strip()]
        legs = []
        if given.get("carrier") or given.get("answerable"):
            legs = [
                Leg(
                    mode=Mode.COLLECTION if given.get("assignment_no") else Mode.COURIER,
                    from_place=given.get("from_office", ""), to_place=given.get("to_office", ""),
                    carrier=given.get("carrier", ""), answerable=given.get("answerable", ""),
                    due_at=_due(given.get("due", "")), seals=given.get("seals", "").split(),
                    assignment_no=given.get("assignment_no", ""), identity_checked=given.get("identity_checked", ""),
                )
            ]  # fmt: skip
        with acting_alone(principal="svc.custody"):
            movement = operations.dispatch(
                consignment=queries.lines_named(blanks), from_office=given.get("from_office", ""),
                to_office=given.get("to_office", ""), key=Key("web", int(now.timestamp() * 1_000_000)), by=by, at=now,
                kind=Kind.LOAN if given.get("loan") else Kind.DISPATCH, legs=legs,
            )  # fmt: skip
        return HttpResponseRedirect(f"/custody/receive?movement={movement}")
    office = request.GET.get("from", CENTRE)
    here = queries.boxes_at(office)
    return page(
        request, "dispatch.html", office=office, here=len(here), offices=list(gazetteer.offices()),
        acting=officer.chosen(request), first=here[:8],
    )  # fmt: skip


def _due(text: str) -> datetime:
    try:
        return timezone.make_aware(datetime.fromisoformat(text))
    except ValueError:
        raise InvalidValue("the way has no due time", mend="say by when it must be there") from None


def named(row: dict[str, Any]) -> str:
    """The blanks of a discrepancy as they are written."""
    if row["identifier"]:
        return str(row["identifier"])
    box = f"{row['series']}-{row['box_no']:06d}"
    return f"{box} {row['first']}-{row['last']}"


def kind_of_movement(code: str) -> str:
    return {
        "dispatch": _("dispatch"), "loan": _("loan"), "transfer": _("printed cards sent on"), "return": _("return"),
        "receipt": _("receipt"),
    }.get(str(code), str(code))  # fmt: skip


def kind_of_discrepancy(code: str) -> str:
    return {
        "short": _("did not come"), "broken_seal": _("seal broken"), "wrong_seal": _("another seal"),
        "damaged": _("damaged"), "surplus": _("not of this consignment"), "unknown_serial": _("unknown number"),
        "wrong_office": _("meant for another office"), "wrong_papers": _("wrong papers"),
    }.get(str(code), str(code))  # fmt: skip


def resolution_names() -> dict[str, str]:
    return {
        "found": _("found"), "sent_on": _("sent on"), "sent_back": _("sent back"), "accepted": _("accepted"),
        "written_off": _("written off"), "papers_mended": _("papers mended"),
    }  # fmt: skip


def condition_names() -> dict[str, str]:
    return {
        "good": _("good"), "quarantined": _("quarantined"), "personalised": _("printed, waiting"),
        "issued": _("in holders' hands"), "spoiled": _("spoiled"), "destroyed": _("destroyed"), "missing": _("missing"),
    }  # fmt: skip
