"""Reconcile, blind counts by scanning, and destruction before witnesses."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from blanko.cards.counting import operations as counting
from blanko.cards.counting import queries as counts
from blanko.cards.counting.balance import TERMS, named
from blanko.cards.custody.rules import Key
from blanko.cards.destruction import operations as destruction
from blanko.cards.destruction import papers, rules
from blanko.cards.destruction import queries as batches
from blanko.cards.destruction.rules import WitnessGiven
from blanko.cards.issuance import comparing, following
from blanko.doors.web import officer, words
from blanko.doors.web.pages.custody import condition_names
from blanko.doors.web.pages.responses import named_errors, page
from blanko.doors.web.tables import Column, Table
from blanko.ground.access.acting import acting
from blanko.ground.places import gazetteer
from blanko.kernel.boxes import BoxId
from blanko.kernel.errors import InvalidValue


def statuses() -> dict[str, str]:
    """Where a count stands, in the reader's words."""
    return {
        "open": _("somebody counts"), "recount": _("another person counts"), "to_decide": _("a third person decides"),
        "matched": _("agreed with the book"), "corrected": _("corrected"), "abandoned": _("abandoned"),
    }  # fmt: skip


def sources() -> dict[str, str]:
    """Which account differs from the journal, in the reader's words."""
    return {
        "book": _("boxes and ranges"), "balance": _("running balance"), "lot": _("accepted lot"),
        "card": _("printed cards"), "stock_file": _("stock file of the office"),
    }  # fmt: skip


def states() -> dict[str, str]:
    """Where a batch stands, in the reader's words."""
    return {"assembled": _("laid aside"), "destroyed": _("destroyed"), "cancelled": _("cancelled")}


def methods() -> dict[str, str]:
    return {"burned": _("burned"), "shredded": _("shredded"), "cut": _("cut"), "melted": _("melted")}


@require_http_methods(["GET", "POST"])
@named_errors
def reconcile(request: HttpRequest) -> HttpResponse:
    """``/custody/reconcile?scope=``: the newest run of a node; a press of the button makes another one."""
    scope = (request.POST.get("scope") or request.GET.get("scope") or "ID").strip()
    if request.method == "POST":
        with acting(principal="svc.custody"):
            done = comparing.reconcile(by="svc.custody", at=timezone.now(), scope=scope)
        return HttpResponseRedirect(f"{request.path}?{urlencode({'run': done.number})}")
    counts.check_shown(scope)
    wanted = words.whole(request.GET.get("run", ""))
    last = counts.last_reconcile(scope)
    if wanted is None and last is not None:
        wanted = last["number"]
    run = counts.reconcile(wanted) if wanted is not None else None
    names = condition_names() | {"in_hand": _("on hand"), "in_transit": _("on their way")}
    rows: list[dict[str, Any]] = [] if run is None else [
        {
            **line, "what": named(line), "source": sources()[line["source"]],
            "hands": " → ".join(filter(None, (line["sent_by"], line["received_by"]))),
            "condition": names.get(line["condition"], line["condition"]),
        }
        for line in run["lines"]
    ]  # fmt: skip
    table = Table.of(
        request, name="differences", rows=rows,
        columns=[
            Column("source", _("Account")),
            Column("office", _("Office"), form=words.area),
            Column("condition", _("Condition")),
            Column("what", _("Blanks"), href=lambda row: f"/blanks?q={row['what'][:11]}" if row["what"] else None),
            Column("expected", _("By the journal"), number=True),
            Column("found", _("Found"), number=True),
            Column("movement", _("Last movement")),
            Column("hands", _("Both hands")),
            Column("note", _("Note")),
        ],
    )  # fmt: skip
    terms = [] if run is None else [(names.get(term, term), run[term]) for term in TERMS.values()]
    return page(
        request, "reconcile.html", table, run=run, scope=run["run_scope"] if run else scope, terms=terms,
        accounted=sum(value for _name, value in terms), offices=list(gazetteer.offices()),
        crumbs=[("/custody", _("Custody"))],
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
@named_errors
def count(request: HttpRequest) -> HttpResponse:
    """``/custody/counts?count=``: begin a count, hand in a sheet by scanning, decide. Never the book of an open one."""
    if request.method == "POST":
        return HttpResponseRedirect(f"{request.path}?{urlencode({'count': _count_step(request)})}")
    name = request.GET.get("count", "")
    found = counts.count(name) if name else None
    blind = found is None or found["status"] in ("open", "recount")
    names = {**condition_names(), "": _("nothing")}
    seen = [
        {
            **row,
            "what": _range(row),
            "book": names.get(row["now"], row["now"]),
            "seen": names.get(row["seen"], row["seen"]),
        }
        for row in ([] if blind else counts.differences(name))
    ]
    table = Table.of(
        request, name="counts",
        rows=[{**row, "says": statuses()[row["status"]]} for row in counts.counts()],
        columns=[
            Column("at", _("Begun"), form=words.moment),
            Column("office", _("Office"), form=words.area),
            Column("reason", _("Reason")),
            Column("says", _("State"), href=lambda row: f"/custody/counts?{urlencode({'count': row['count']})}"),
        ],
    )  # fmt: skip
    return page(
        request, "counts.html", table, found=found, says=statuses()[found["status"]] if found else "", seen=seen,
        offices=list(gazetteer.offices()), crumbs=[("/custody", _("Custody"))], acting=officer.chosen(request),
    )  # fmt: skip


def _count_step(request: HttpRequest) -> str:
    """One step of a count; its name."""
    given, by, at = request.POST, officer.required(request), timezone.now()
    name = given.get("count", "")
    with acting(principal=by):
        if not name:
            return counting.begin(
                office=given.get("office", ""), reason=given.get("reason", ""),
                key=Key("web", int(at.timestamp() * 1_000_000)), by=by, at=at,
            )  # fmt: skip
        if given.get("step") in ("approve", "refuse"):
            counting.decide(
                count=name, approve=given["step"] == "approve", reason=given.get("reason", ""), by=by, at=at
            )
            following.follow(by=by, at=at, office=counts.header(name)["office"])
        elif given.get("step") == "abandon":
            counting.abandon(count=name, reason=given.get("reason", ""), by=by, at=at)
        else:
            lines = [line.split(None, 1) for line in given.get("scans", "").splitlines() if line.strip()]
            rows = [(line[0], line[1] if len(line) > 1 else "") for line in lines]
            counting.hand_in(count=name, rows=rows, by=by, at=at)
    return name


def _range(row: dict[str, Any]) -> str:
    return f"{BoxId(row['series'], row['box_no'])} {row['first']:04d}–{row['last']:04d}"


@require_http_methods(["GET", "POST"])
@named_errors
def destroy(request: HttpRequest) -> HttpResponse:
    """``/destruction?batch=&office=``: what lies spoiled, and the steps of a batch until it is destroyed."""
    if request.method == "POST":
        return HttpResponseRedirect(f"{request.path}?{urlencode({'batch': _batch_step(request)})}")
    name, office, today = request.GET.get("batch", ""), request.GET.get("office", ""), timezone.localdate()
    if office:
        counts.check_shown(office)
    found = batches.batch(name) if name else None
    register = Table.of(
        request, name="register",
        rows=[
            {**piece._asdict(), "what": rules.written(piece), "quantity": piece.quantity, "age": piece.age(today)}
            for piece in (batches.spoiled(office=office) if office else [])
        ],
        columns=[
            Column("what", _("Blanks"), href=lambda row: f"/blanks?q={row['what'][:16]}"),
            Column("quantity", _("Number"), number=True),
            Column("reason", _("Reason")),
            Column("age", _("Age"), unit=_("days"), number=True),
            Column("batch", _("Batch")),
        ],
    )  # fmt: skip
    listed = Table.of(
        request, name="batches",
        rows=[{**row, "says": states()[row["state"]]} for row in batches.batches(office=office or None)],
        columns=[
            Column("at", _("Laid aside"), form=words.moment),
            Column("office", _("Office"), form=words.area),
            Column("blanks", _("Blanks"), number=True),
            Column("old_cards", _("Old cards"), number=True),
            Column("says", _("State"), href=lambda row: f"/destruction?{urlencode({'batch': row['batch']})}"),
        ],
    )  # fmt: skip
    return page(
        request, "destruction.html", register, listed, found=found, office=office, offices=list(gazetteer.offices()),
        says=states()[found["state"]] if found else "", methods=methods(), done=batches.destroyed(),
        crumbs=[("/custody", _("Custody"))], acting=officer.chosen(request),
    )  # fmt: skip


def _batch_step(request: HttpRequest) -> str:
    """One step of a batch; its name."""
    given, by, at = request.POST, officer.required(request), timezone.now()
    name, step = given.get("batch", ""), given.get("step", "")
    with acting(principal=by):
        if not name:
            lines, cards = batches.free(given.get("office", ""))
            return destruction.assemble(
                office=given.get("office", ""), lines=lines, cards=cards, method=given.get("method", ""),
                place=given.get("place", ""), key=Key("web", int(at.timestamp() * 1_000_000)), by=by, at=at,
            )  # fmt: skip
        if step == "witness":
            witness = WitnessGiven(*(given.get(part, "") for part in ("name", "body", "title", "identity")))
            destruction.add_witness(batch=name, witness=witness, by=by, at=at)
        elif step == "photo":
            _keep_photo(request, name, by=by)
        elif step == "cancel":
            destruction.cancel(batch=name, reason=given.get("reason", ""), by=by, at=at)
        else:
            counted = {f"counted_{part}": words.whole(given.get(part, "")) or 0 for part in ("blanks", "cards")}
            destruction.destroy(batch=name, paper_no=given.get("paper_no", ""), **counted, by=by, at=at)
    return name


def _keep_photo(request: HttpRequest, batch: str, *, by: str) -> None:
    file = request.FILES.get("photo")
    if file is None:
        raise InvalidValue("no photograph was chosen", mend="choose a JPEG, PNG, WebP or HEIC file")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photo"
        with path.open("wb") as copy:
            for chunk in file.chunks():
                copy.write(chunk)
        destruction.add_photograph(
            batch=batch, path=path, name=Path(str(file.name)).name, data_dir=settings.DATA_DIR, by=by, at=timezone.now()
        )


@require_GET
@named_errors
def berita_acara(request: HttpRequest) -> HttpResponse:
    """``/destruction/berita-acara.pdf?batch=``"""
    response = HttpResponse(papers.berita_acara(request.GET.get("batch", "")), content_type="application/pdf")
    response["Content-Disposition"] = 'inline; filename="berita-acara-pemusnahan.pdf"'
    return response
