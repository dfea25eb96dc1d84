"""What stands before a round: what offices put off or fetch themselves, and the rule that is in force."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from blanko.decisions.planning import offices, rulebook
from blanko.decisions.planning import queries as planning
from blanko.doors.web import officer, words
from blanko.doors.web.forms import Field, Form, done_once
from blanko.doors.web.pages.responses import named_errors, page
from blanko.doors.web.pages.round_acts import CENTRE, regency_choices, second_choices
from blanko.doors.web.pages.rounds import OWN_REFERENCE
from blanko.doors.web.tables import Column, Table
from blanko.engines.allocation.policies import RULES
from blanko.ground.places import gazetteer
from blanko.kernel.errors import BlankoError


def defer_form(office: str) -> Form:
    return Form(
        "defer", "/rounds/offices", _("Put off a part of the next share"), _("Put it off"), [
            Field("regency", _("Regency"), "choice", choices=regency_choices(), value=office),
            Field("blanks", _("Blanks"), "number", low=1),
            Field("reason", _("Why?"), "long", _("For example: no ink until June.")),
        ],
        _("What is put off goes to the others in the next round and is served first in the round after."),
    )  # fmt: skip


def collect_form(office: str) -> Form:
    return Form(
        "collect", "/rounds/offices", _("Fetch the next lot oneself"), _("Announce it"), [
            Field("regency", _("Regency"), "choice", choices=regency_choices(), value=office),
            Field("letter", _("Surat tugas no."), hint=_("Each letter is used once; it stands on the surat jalan.")),
            Field("officer", _("Who comes"), hint=_("The name on the letter.")),
            Field("collect_on", _("Day"), "day"),
        ],
        _("The next round in which the office has a share hands its lot out at the warehouse on this letter."),
    )  # fmt: skip


FIELDS = {
    "defer": {"deferral_refused": "blanks", "unknown_area": "regency"},
    "collect": {"unknown_area": "regency"},
}


@require_http_methods(["GET", "POST"])
@named_errors
def wishes(request: HttpRequest) -> HttpResponse:
    """``/rounds/offices``: what offices put off and fetch; POST adds one."""
    who = officer.chosen(request)
    own = str(who["office"]) if who and who["office"] != CENTRE and len(str(who["office"])) == 4 else ""
    forms = {"defer": defer_form(own), "collect": collect_form(own)}
    status = 200
    if request.method == "POST" and (form := forms.get(request.POST.get("form", ""))) is not None:
        given = form.read(request)
        status = 422
        if given is not None:
            try:
                return done_once(request, lambda by: _keep(form.name, given, by))
            except BlankoError as error:
                form.refuse(error, FIELDS[form.name] | _collection_field(error))
    deferrals = Table.plain(
        "deferrals",
        [
            Column("name", _("Regency"), href=lambda row: f"/regencies/{row['regency']}"),
            Column("blanks", _("Blanks"), number=True), Column("since", _("Since"), form=words.day),
            Column("reason", _("Why")), Column("by", _("By")),
        ],
        [{**row, "name": gazetteer.name_of(row["regency"])} for row in reversed(planning.deferrals())],
    )  # fmt: skip
    collections = Table.plain(
        "collections",
        [
            Column("name", _("Regency"), href=lambda row: f"/regencies/{row['regency']}"),
            Column("letter", _("Surat tugas no.")), Column("officer", _("Who comes")),
            Column("collect_on", _("Day"), form=words.day),
            Column("used", _("Used"), form=lambda used: _("yes") if used else _("no")), Column("by", _("By")),
        ],
        [{**row, "name": gazetteer.name_of(row["regency"])} for row in reversed(planning.collections())],
    )  # fmt: skip
    answer = page(
        request, "round_offices.html", deferrals, collections, acting=who, forms=list(forms.values()),
        crumbs=[("/rounds", _("Rounds"))],
    )  # fmt: skip
    answer.status_code = status
    return answer


def _collection_field(error: BlankoError) -> dict[str, str]:
    """Which field a refused collection is about: the day when it names one, else the letter."""
    return {"collection_refused": "collect_on" if "collect_on" in error.values else "letter"}


def _keep(name: str, given: dict[str, Any], by: str) -> str:
    if name == "defer":
        offices.defer(deferrals=[given], by=by, at=timezone.now())
    else:
        offices.announce_collections(collections=[given], by=by, at=timezone.now())
    return f"/rounds/offices?done={name}"


def rule_names() -> dict[str, str]:
    """The rules that may share real blanks, in the reader's words."""
    return {
        "leximin-fill/1": _("the lowest share of need filled gets the next box"),
        "days-of-cover/1": _("a province runs out together"),
        "proportional/1": _("in proportion to what is still needed"),
    }


RULE_FIELDS = {
    "rule_not_for_rounds": "reference", "rule_acts_backwards": "from_date", "rule_adopted_then": "from_date",
    "override_refused": "reason", "unknown_policy": "rule",
}  # fmt: skip


@require_http_methods(["GET", "POST"])
@named_errors
def rules(request: HttpRequest) -> HttpResponse:
    """``/rounds/rules``: which rule is in force from when; POST puts another in force from a day to come."""
    who = officer.chosen(request)
    names = rule_names()
    form = Form(
        "adopt", "/rounds/rules", _("Put a rule in force from a day to come"), _("Adopt it"), [
            Field("rule", _("Rule"), "choice",
                  choices=[(rule.id, names.get(rule.id, rule.id)) for rule in RULES if rule.in_rounds]),
            Field("from_date", _("In force from"), "day", _("A day to come; rounds of earlier days keep their rule.")),
            Field("reference", _("On what it rests"), hint=_("The law or decision, with its number and date.")),
            Field("reason", _("Why?"), "long"),
            Field("second", _("Second officer who agrees"), "choice",
                  choices=second_choices(str(who["username"]) if who else "")),
        ],
    )  # fmt: skip
    status = 200
    if request.method == "POST":
        given = form.read(request)
        status = 422
        if given is not None:

            def adopt(by: str) -> str:
                rulebook.adopt(**given, by=by, at=timezone.now())
                return "/rounds/rules?done=adopt"

            try:
                return done_once(request, adopt)
            except BlankoError as error:
                form.refuse(error, RULE_FIELDS)
    book = rulebook.book()
    today = timezone.localdate()
    table = Table.plain(
        "rules",
        [
            Column("rule", _("Rule")), Column("says", _("What it does")),
            Column("from_date", _("In force from"), form=words.day), Column("reference", _("On what it rests")),
            Column("reason", _("Why")), Column("by", _("By")), Column("second", _("With")),
        ],
        [{**row, "says": names.get(row["rule"], row["rule"]),
          "reference": _(row["reference"]) if row["reference"] == OWN_REFERENCE else row["reference"]} for row in book],
    )  # fmt: skip
    begun = [row for row in book if row["from_date"] <= today]
    answer = page(
        request, "round_rules.html", table, acting=who, form=form, now=begun[-1] if begun else None,
        says=names.get(begun[-1]["rule"], "") if begun else "", crumbs=[("/rounds", _("Rounds"))],
    )  # fmt: skip
    answer.status_code = status
    return answer
