"""Rounds, their shares, and why each is what it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from blanko.decisions.planning import dossier, papers
from blanko.decisions.planning import queries as planning
from blanko.decisions.planning.rules import UnknownRound
from blanko.doors.web import officer, pictures, words
from blanko.doors.web.forms import Form
from blanko.doors.web.pages.responses import named_errors, page
from blanko.doors.web.tables import Column, Table
from blanko.ground.places import gazetteer

# The reference of the rule that comes with the release; another rule's is shown as it was adopted.
OWN_REFERENCE = gettext_noop("own rule, docs/allocation.md; the minister on 4 April 2017: no region has priority")
SHARES_SHOWN = 40
# The acts that a round waits for; the others stand folded below them.
FIRST = ("review", "commit")


def bindings() -> dict[str, str]:
    """What stopped a share, in the reader's words."""
    return {
        "no_need": _("nothing is needed"),
        "need_met": _("the need is met"),
        "box_size": _("less than a box is missing"),
        "stock": _("the stock ran out"),
        "not_in_stage": _("another date"),
        "override": _("changed by hand"),
        "deferred": _("put off by its own wish"),
        "lot": _("less than the smallest lot"),
        "class": _("its people who go first are served; the others wait"),
    }


def states() -> dict[str, str]:
    return {
        "draft": _("draft"), "reviewed": _("reviewed"), "returned": _("returned to its author"),
        "committed": _("committed"), "discarded": _("discarded"), "superseded": _("superseded"),
    }  # fmt: skip


def modes() -> dict[str, str]:
    """How blanks travel, in the reader's words."""
    return {"courier": _("courier"), "collection": _("fetched by the office")}


def classes() -> dict[str, str]:
    """Who may go first, in the reader's words."""
    return {"vulnerable": _("vulnerable residents"), "suket_holders": _("holders of a suket")}


@named_errors
def rounds(request: HttpRequest) -> HttpResponse:
    """``/rounds``"""
    rows = [{**row, "state": states()[row["state"]]} for row in planning.rounds()]
    table = Table.of(
        request,
        name="rounds",
        columns=[
            Column("number", _("Round"), href=lambda row: f"/rounds/{row['number']}"),
            Column("title", _("Title"), href=lambda row: f"/rounds/{row['number']}"),
            Column("version", _("Version"), number=True),
            Column("as_of", _("As of"), form=words.day),
            Column("deadline", _("Deadline"), form=words.day),
            Column("release", _("Released"), unit=_("blanks"), number=True),
            Column("shared", _("Shared"), unit=_("blanks"), number=True),
            Column("fill_min", _("Lowest fill"), number=True, form=words.percent),
            Column("fill_max", _("Highest fill"), number=True, form=words.percent),
            Column("state", _("State")),
            Column("author", _("Author")),
            Column("reviewer", _("Reviewer")),
        ],
        rows=rows,
    )
    return page(request, "rounds.html", table, newest=rows[0] if rows else None, acting=officer.chosen(request))


def show(request: HttpRequest, number: int, forms: Mapping[str, Form]) -> HttpResponse:
    """A round with its shares, and the forms that the acting officer may use on it."""
    full = planning.round(number)
    inside = [share for share in full["shares"] if share["binding"] != "not_in_stage"]
    fills = {share["regency"]: float(share["fill_after"]) for share in inside if share["need"]}
    rows = [
        {
            **share,
            "name": gazetteer.name_of(share["regency"]),
            "binding": bindings()[share["binding"]],
            "holdings": share["in_hand"] + share["in_transit"],
            "mode": modes()[share["mode"]],
        }
        for share in inside
    ]
    table = Table.of(
        request,
        name="shares",
        sort="fill_after",
        # 514 regencies would be two hundred thousand pixels of a phone; the filter and the exports hold them all.
        page_size=SHARES_SHOWN,
        columns=[
            Column("name", _("Regency"), href=lambda row: f"/rounds/{number}/{row['regency']}"),
            Column("need", _("Need"), unit=_("cards"), number=True),
            Column("need_source", _("Source of the need"), form=words.mark),
            Column("holdings", _("Held or coming"), number=True),
            Column("requested", _("Requested"), number=True),
            Column("share", _("Share"), unit=_("blanks"), number=True),
            Column("boxes", _("Boxes"), number=True),
            Column("part", _("Singly"), number=True),
            Column("fill_after", _("Fill after"), number=True, form=words.percent),
            Column("binding", _("What stopped it")),
            Column("dispatch_by", _("Leaves by"), form=words.day),
            Column("mode", _("Travels by")),
            Column("transport_days", _("Days on the way"), number=True),
            Column("transport_cost", _("Transport, estimated"), number=True, form=words.rupiah),
        ],
        rows=rows,
        caption=_("The regency's name leads to why it gets this many. A request is shown and never raises a share."),
    )
    lowest = min(inside, key=lambda share: (share["fill_after"], share["regency"]), default=None)
    highest = max(inside, key=lambda share: (share["fill_after"], share["regency"]), default=None)
    dots = pictures.dots(fills)
    top = round(max((dot.y for dot in dots), default=0)) + 8
    return page(
        request, "round.html", table, _loans(request, full), _changes(request, number), round=full, dots=dots,
        top=top, lowest=lowest,
        highest=highest, state=states()[full["state"]],
        hardest=sorted(full["effects"], key=lambda e: -e["lost_now"])[:5],
        acting=officer.chosen(request), forms=forms, offered=[form for form in forms.values() if form.name in FIRST],
        others=[form for form in forms.values() if form.name not in FIRST],
        offered_open=any(form.is_open for form in forms.values()),
        versions=[{**one, "state": states()[one["state"]], "was": one["state"]} for one in full["versions"]],
        reference=_(full["rule_reference"]) if full["rule_reference"] == OWN_REFERENCE else full["rule_reference"],
        first=[classes()[name] for name in full["classes"]],
        waiting=sum(1 for share in inside if share["deferred"]),
        claims=sum(1 for share in inside if share["claimed"]),
        crumbs=[("/rounds", _("Rounds"))],
    )  # fmt: skip


CHANGES_SHOWN = 8


def _changes(request: HttpRequest, number: int) -> Table:
    """What a version changed of the one before it: the largest changes, each split into its reasons."""
    found = planning.changed_from(number, shown=CHANGES_SHOWN)
    rows = [
        {"regency": one.regency, "name": gazetteer.name_of(one.regency), "before": one.before, "after": one.after,
         "by_terms": one.by_terms, "by_own": one.by_own, "by_others": one.by_others}
        for one in (found.changes if found else ())
    ]  # fmt: skip
    return Table.of(
        request,
        name="changes",
        columns=[
            Column("name", _("Regency"), href=lambda row: f"/rounds/{number}/{row['regency']}"),
            Column("before", _("Share before"), unit=_("blanks"), number=True),
            Column("after", _("Share now"), unit=_("blanks"), number=True),
            Column("by_terms", _("By the release and its terms"), number=True, form=words.signed),
            Column("by_own", _("By its own figures"), number=True, form=words.signed),
            Column("by_others", _("By the others' figures"), number=True, form=words.signed),
        ],
        rows=rows,
        caption=_("The largest changes. The three reasons add up; each is found by computing the round again."),
    )


def _loans(request: HttpRequest, full: dict[str, Any]) -> Table:
    """Loans that the round proposes, each between two offices of a province."""
    rows = [
        {**loan, "province": gazetteer.name_of(loan["lender"][:2]), "lends": gazetteer.name_of(loan["lender"]),
         "borrows": gazetteer.name_of(loan["borrower"])}
        for loan in full["loans"]
    ]  # fmt: skip
    return Table.of(
        request,
        name="loans",
        columns=[
            Column("province", _("Province")),
            Column("lends", _("Lends"), href=lambda row: f"/regencies/{row['lender']}"),
            Column("borrows", _("Borrows"), href=lambda row: f"/regencies/{row['borrower']}"),
            Column("blanks", _("Blanks"), number=True),
        ],
        rows=rows,
        caption=_("So that a province's stock lasts equally long. A proposal moves nothing: both offices agree on it."),
    )


@named_errors
def why(request: HttpRequest, number: int, code: str) -> HttpResponse:
    """``/rounds/<number>/<regency>``: why this many?"""
    full = planning.round(number)
    own = gazetteer.regency_of(code)
    share = next((share for share in full["shares"] if share["regency"] == own), None)
    if share is None:
        raise UnknownRound(
            "round {number} has no share for {code}", mend="choose a regency of the round", number=number, code=code
        )
    effect = next((effect for effect in full["effects"] if effect["regency"] == own), None)
    overrides = [override for override in full["overrides"] if override["regency"] == own]
    holdings = share["in_hand"] + share["in_transit"] + share["earlier"]
    return page(
        request, "why.html", round=full, share=share, effect=effect, overrides=overrides,
        gross=share["need"] + share["earlier"], holdings=holdings, binding=bindings()[share["binding"]],
        mode=modes()[share["mode"]], first=[(classes()[name], people) for name, people in share["first"].items()],
        loans=[loan for loan in full["loans"] if own in (loan["lender"], loan["borrower"])],
        crumbs=[("/rounds", _("Rounds")), (f"/rounds/{number}", full["title"])],
    )  # fmt: skip


@named_errors
def document(request: HttpRequest, number: int, form: str) -> HttpResponse:
    """``/rounds/<number>/document.json`` and ``shares.csv``: the published bytes."""
    if form == "dossier":
        made = dossier.dossier(planning.round(number), planning.round_document(number))
        response = HttpResponse(made, content_type="application/json")
        response["Content-Disposition"] = f'attachment; filename="blanko-round-{number}-dossier.json"'
        return response
    if form == "json":
        response = HttpResponse(planning.round_document(number), content_type="application/json")
    else:
        response = HttpResponse(planning.round_csv(number), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="blanko-round-{number}.{form}"'
    return response


@named_errors
def dispatches(request: HttpRequest) -> HttpResponse:
    """``/dispatches?round=&regency=``"""
    wanted, regency = request.GET.get("round", ""), request.GET.get("regency", "")
    own = gazetteer.regency_of(regency) if regency else None
    lists = planning.dispatches(round_no=words.whole(wanted), regency=own)
    rows = [
        {
            "round": item.round_no,
            "regency": item.regency,
            "name": gazetteer.name_of(item.regency),
            "papers": item.papers,
            "boxes": len(item.boxes),
            "blanks": item.blanks,
            "dispatch_by": item.dispatch_by,
            "mode": modes()[item.mode],
            "letter": item.letter,
            "transport_days": item.transport_days,
            "transport_cost": item.transport_cost,
            "surat_jalan": "PDF",
            "packing_list": "PDF",
        }
        for item in lists
    ]
    here = "/dispatches/{round}/{regency}/"
    table = Table.of(
        request,
        name="dispatches",
        columns=[
            Column("round", _("Round"), href=lambda row: f"/rounds/{row['round']}"),
            Column("name", _("To"), href=lambda row: f"/regencies/{row['regency']}"),
            Column("papers", _("Surat jalan no.")),
            Column("boxes", _("Sealed boxes"), number=True),
            Column("blanks", _("Blanks"), number=True),
            Column("dispatch_by", _("Leaves by"), form=words.day),
            Column("mode", _("Travels by")),
            Column("letter", _("Surat tugas")),
            Column("transport_days", _("Days on the way"), number=True),
            Column("transport_cost", _("Transport, estimated"), number=True, form=words.rupiah),
            Column("surat_jalan", _("Surat jalan"), href=lambda row: here.format(**row) + "surat-jalan.pdf"),
            Column("packing_list", _("Packing list"), href=lambda row: here.format(**row) + "packing-list.pdf"),
        ],
        rows=rows,
    )
    return page(
        request,
        "dispatches.html",
        table,
        blanks=sum(row["blanks"] for row in rows),
        offices=len({r["regency"] for r in rows}),
        regency=own,
    )


@named_errors
def paper(request: HttpRequest, number: int, code: str, name: str) -> HttpResponse:
    """``/dispatches/<round>/<regency>/surat-jalan.pdf`` or ``packing-list.pdf``"""
    found = planning.dispatches(round_no=number, regency=gazetteer.regency_of(code))
    if not found:
        raise UnknownRound(
            "round {number} sends nothing to {code}", mend="choose a dispatch of the list", number=number, code=code
        )
    made = papers.surat_jalan(found[0]) if name == "surat-jalan" else papers.packing_list(found[0])
    response = HttpResponse(made, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}-{number}-{code}.pdf"'
    return response
