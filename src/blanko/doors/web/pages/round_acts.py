"""What an officer can do with rounds: draft after a preview, change, review, commit; each refusal by its field."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from blanko.decisions.planning import operations, warehouse
from blanko.decisions.planning import queries as planning
from blanko.decisions.planning.rules import ENDS
from blanko.doors.web import officer, words
from blanko.doors.web.forms import Field, Form, done_once
from blanko.doors.web.pages import rounds
from blanko.doors.web.pages.responses import named_errors, page
from blanko.doors.web.tables import Column, Table
from blanko.engines.allocation.terms import CLASS_REFERENCES
from blanko.ground.access import queries as access
from blanko.ground.places import gazetteer
from blanko.kernel.errors import BlankoError

CENTRE = "00"
TERM_FIELDS = {
    "release_exceeds_stock": "release", "nothing_released": "release", "reserve_without_purpose": "reserve_for",
    "nobody_has_deadline": "deadline", "no_rule_then": "as_of", "invalid_terms": "part_reserve",
    "claims_of_another_day": "as_of",
}  # fmt: skip
OVERRIDE_FIELDS = {
    "override_refused": "reason", "override_exceeds_need": "share", "override_exceeds_release": "share",
    "area_not_in_round": "regency", "unknown_area": "regency",
}  # fmt: skip


def regency_choices() -> list[tuple[str, str]]:
    """The 514 regencies by province and name."""
    return [
        (one.code, f"{one.code} {gazetteer.name_of(one.code)} ({words.area(one.code[:2])})")
        for one in gazetteer.regencies_2017()
    ]


def second_choices(by: str) -> list[tuple[str, str]]:
    return [
        (one["username"], f"{one['name']} ({one['username']})")
        for one in access.officers(office=CENTRE)
        if one["username"] != by
    ]


def draft_form() -> Form:
    day = planning.claims_day() or timezone.localdate()
    due = sorted({row["deadline"] for row in planning.deadlines(day)})
    return Form(
        "draft", "/rounds/new", "", _("Show what it would give"), [
            Field("title", _("Title"), hint=_("As it will stand on papers, for example: Round of May, second stage.")),
            Field("as_of", _("As of"), "day", _("Needs and holdings of this day."), value=day),
            Field("release", _("Blanks released"), "number", _("%(n)s lie in the central warehouse.") % {
                "n": words.count(warehouse.holdings().get(warehouse.CENTRE, (0, 0))[0])}, low=1),
            Field("deadline", _("Only for a deadline"), "choice", _(
                "Then only areas that have published this deadline share in it."), required=False,
                choices=[(one.isoformat(), words.day(one)) for one in due]),
            Field("reserve", _("Kept at the centre"), "number", required=False),
            Field("reserve_for", _("What the reserve is for"), required=False),
            Field("part_boxes", _("Boxes may be opened"), "tick", value=True, hint=_(
                "So that nobody waits for a whole box.")),
            Field("part_reserve", _("Kept for offices that need less than a box"), "number", required=False),
            Field("lot_min", _("Smallest lot"), "number", required=False),
            Field("classes", _("Go first"), "ticks", _(
                "Only what a law or a decision lets go first, by stated counts (table “people who go first”)."),
                  required=False, choices=[
                      (name, rounds.classes()[name]) for name, _reference, _begins in CLASS_REFERENCES
                      if name in rounds.classes()], value=[]),
            Field("lending", _("Propose loans inside provinces"), "tick", value=True),
        ],
    )  # fmt: skip


def _terms(given: dict[str, Any]) -> dict[str, Any]:
    """What was typed as the keywords of draft_round; what stayed empty is left out."""
    terms = {name: value for name, value in given.items() if value not in (None, "")}
    if terms.get("deadline"):
        terms["deadline"] = date.fromisoformat(terms["deadline"])
    return terms


@require_http_methods(["GET", "POST"])
@named_errors
def new(request: HttpRequest) -> HttpResponse:
    """``/rounds/new``: the terms of a round, what they would give, and its draft."""
    form, drafted = draft_form(), None
    status = 200
    if request.method == "POST":
        given = form.read(request)
        status = 422
        if given is not None:
            try:
                terms = _terms(given)
                if request.POST.get("do") == "draft":
                    return done_once(
                        request,
                        lambda by: f"/rounds/{operations.draft_round(**terms, by=by, at=timezone.now())}?done=draft",
                    )
                drafted = operations.preview_round(**terms)
                form.second, status = ("draft", _("Draft it")), 200
                form.submit = _("Show it again")
            except BlankoError as error:
                form.refuse(error, TERM_FIELDS)
    rows: list[dict[str, Any]] = [
        {**share, "name": gazetteer.name_of(str(share["regency"])), "binding": rounds.bindings()[str(share["binding"])]}
        for share in (drafted.shares if drafted else ())
        if share["binding"] != "not_in_stage"
    ]
    given_rows = [row for row in rows if row["need"]]
    table = Table.plain(
        "preview",
        [
            Column("name", _("Regency")), Column("need", _("Need"), unit=_("cards"), number=True),
            Column("need_source", _("Source of the need"), form=words.mark),
            Column("share", _("Share"), unit=_("blanks"), number=True),
            Column("fill_before", _("Fill before"), number=True, form=words.percent),
            Column("fill_after", _("Fill after"), number=True, form=words.percent),
            Column("binding", _("What stopped it")),
        ],
        sorted(given_rows, key=lambda row: (row["fill_after"], row["regency"])),
    )  # fmt: skip
    # A class that nobody counted goes first with nobody in it: said, because the plan would look as if it did.
    uncounted = [
        rounds.classes().get(name, name)
        for name in (drafted.terms.classes if drafted else ())
        if not any(dict(row["first"]).get(name) for row in rows)
    ]
    answer = page(
        request, "round_new.html", table, form=form, drafted=drafted, uncounted=uncounted,
        acting=officer.chosen(request),
        shared=sum(int(row["share"]) for row in rows), areas=sum(1 for row in rows if row["share"]),
        lowest=table.rows[0] if table.rows else None, highest=table.rows[-1] if table.rows else None,
        cost=sum(int(row["transport_cost"]) for row in rows), crumbs=[("/rounds", _("Rounds"))],
    )  # fmt: skip
    answer.status_code = status
    return answer


def acts(full: dict[str, Any], who: dict[str, Any] | None) -> dict[str, Form]:
    """The forms that a round's state and the acting officer allow, by name."""
    number, by = full["number"], str(who["username"]) if who else ""
    found: dict[str, Form] = {}
    if who is None:
        return found

    def reason(says: str, hint: str = "") -> Field:
        return Field("reason", says, "long", hint)

    if full["state"] == "draft" and by != full["author"]:
        found["review"] = Form(
            "review", f"/rounds/{number}/review", _("Review it"), _("Approve"), [
                Field("remark", _("Remark"), "long", _("What was looked at; necessary when it is returned."),
                      required=False)],
            _("Approved, it can be committed and does not change any more. Returned, it goes back to its author."),
            ("return", _("Return")),
        )  # fmt: skip
    if full["state"] == "draft":
        found["override"] = Form(
            "override", f"/rounds/{number}/override", _("Change one share by hand"), _("Change it"), [
                Field("regency", _("Regency"), "choice", choices=regency_choices()),
                Field("share", _("Blanks that it gets"), "number", _("At most its need, and within the release.")),
                reason(_("Why?"), _("It is shown for ever, beside the share by rule.")),
                Field("second", _("Second officer who agrees"), "choice", choices=second_choices(by))],
        )  # fmt: skip
    if full["state"] == "reviewed":
        found["commit"] = Form(
            "commit", f"/rounds/{number}/commit", _("Commit it"), _("Put the boxes on their way"), [],
            _("Every share becomes boxes with papers that leave the warehouse. This cannot be taken back."),
        )  # fmt: skip
    if full["state"] not in ENDS:
        found["supersede"] = Form(
            "supersede", f"/rounds/{number}/supersede", _("Draft the next version"), _("Draft the next version"), [
                reason(_("Why is a new version needed?"),
                       _("It is drafted by what the offices hold now; this one stays visible.")),
                Field("release", _("Blanks released"), "number", value=full["release"], low=1)],
        )  # fmt: skip
        found["discard"] = Form(
            "discard", f"/rounds/{number}/discard", _("Set it aside"), _("Discard"), [
                reason(_("Why?"), _("Nothing has moved. The round stays visible with its reason."))],
        )  # fmt: skip
    found["object"] = Form(
        "object", f"/rounds/{number}/object", _("Object to a share"), _("Publish the objection"), [
            Field("regency", _("Regency"), "choice", choices=regency_choices(),
                  value=who["office"] if who["office"] != CENTRE else ""),
            Field("text", _("What is objected to, and why?"), "long",
                  _("It changes no share; it is sealed and published with the round."))],
    )  # fmt: skip
    return found


@named_errors
def one_round(request: HttpRequest, number: int) -> HttpResponse:
    """``/rounds/<number>``"""
    return rounds.show(request, number, acts(planning.round(number), officer.chosen(request)))


FIELDS = {
    "review": {"review_refused": "remark"},
    "override": OVERRIDE_FIELDS,
    "supersede": {**TERM_FIELDS, "version_needs_reason": "reason"},
    "discard": {},
    "object": {"objection_empty": "text", "area_not_in_round": "regency"},
    "commit": {},
}


def _do(request: HttpRequest, number: int, name: str, act: Callable[[dict[str, Any], str], str]) -> HttpResponse:
    """One form of a round's page: done, or the page again with the refusal beside its field."""
    full, who = planning.round(number), officer.chosen(request)
    allowed = acts(full, who)
    # A form that the state or the officer does not offer is still asked of the room, which says why not.
    form = allowed.get(name) or acts({**full, "state": STATE_OF[name]}, {**(who or NOBODY), "username": "?"})[name]
    given = form.read(request)
    if given is not None:
        try:
            return done_once(request, lambda by: act(given, by))
        except BlankoError as error:
            form.refuse(error, FIELDS[name])
    answer = rounds.show(request, number, {**allowed, name: form})
    answer.status_code = 422
    return answer


STATE_OF = {
    "review": "draft", "override": "draft", "commit": "reviewed", "supersede": "draft", "discard": "draft",
    "object": "draft",
}  # fmt: skip
NOBODY = {"username": "", "name": "", "title": "", "office": CENTRE}


@require_POST
@named_errors
def review(request: HttpRequest, number: int) -> HttpResponse:
    """``POST /rounds/<number>/review``: another officer approves a version, or returns it with a remark."""

    def act(given: dict[str, Any], by: str) -> str:
        approve = request.POST.get("do") == "yes"
        operations.review_round(round_no=number, approve=approve, remark=given["remark"], by=by, at=timezone.now())
        return f"/rounds/{number}?done={'review' if approve else 'return'}"

    return _do(request, number, "review", act)


@require_POST
@named_errors
def override(request: HttpRequest, number: int) -> HttpResponse:
    """``POST /rounds/<number>/override``: one share changed by hand, with a second officer."""

    def act(given: dict[str, Any], by: str) -> str:
        operations.override_share(round_no=number, **given, by=by, at=timezone.now())
        return f"/rounds/{number}?done=override"

    return _do(request, number, "override", act)


@require_POST
@named_errors
def commit(request: HttpRequest, number: int) -> HttpResponse:
    """``POST /rounds/<number>/commit``: the boxes are put on their way."""

    def act(_given: dict[str, Any], by: str) -> str:
        operations.commit_round(round_no=number, by=by, at=timezone.now())
        return f"/rounds/{number}?done=commit"

    return _do(request, number, "commit", act)


@require_POST
@named_errors
def supersede(request: HttpRequest, number: int) -> HttpResponse:
    """``POST /rounds/<number>/supersede``: the next version, by today's needs, for a reason."""

    def act(given: dict[str, Any], by: str) -> str:
        made = operations.supersede_round(round_no=number, **given, by=by, at=timezone.now())
        return f"/rounds/{made}?done=draft"

    return _do(request, number, "supersede", act)


@require_POST
@named_errors
def discard(request: HttpRequest, number: int) -> HttpResponse:
    """``POST /rounds/<number>/discard``: set aside, with a reason."""

    def act(given: dict[str, Any], by: str) -> str:
        operations.discard_round(round_no=number, reason=given["reason"], by=by, at=timezone.now())
        return f"/rounds/{number}?done=discard"

    return _do(request, number, "discard", act)


@require_POST
@named_errors
def object_to(request: HttpRequest, number: int) -> HttpResponse:
    """``POST /rounds/<number>/object``: an objection, published with the round."""

    def act(given: dict[str, Any], by: str) -> str:
        operations.object_to_round(round_no=number, **given, by=by, at=timezone.now())
        return f"/rounds/{number}?done=object"

    return _do(request, number, "object", act)
