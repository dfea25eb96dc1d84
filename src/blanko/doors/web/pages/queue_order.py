"""The published order in which cards are printed: its versions by date, and the form that publishes the next one."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from blanko.cards.issuance import ordering, queries
from blanko.cards.issuance.rules import SuketEffect
from blanko.doors.web import officer, words
from blanko.doors.web.forms import Field, Form, done_once
from blanko.doors.web.pages.responses import named_errors, page
from blanko.doors.web.tables import Column, Table
from blanko.kernel.errors import BlankoError


def suket_names() -> dict[str, str]:
    """What a suket does to its holder's place, in the reader's words."""
    return {"none": _("changes nothing"), "first": _("puts its holder first")}


def publish_form() -> Form:
    return Form(
        "order", "/turns/order", _("Publish the next version"), _("Publish it"), [
            Field("since", _("In force from"), "day", _("Today or later, and after every version before.")),
            Field("suket", _("A suket"), "choice", choices=[(one.value, suket_names()[one.value])
                                                            for one in SuketEffect]),
            Field("source", _("On what it rests"), hint=_("The law or decision, with its number and date.")),
        ],
        _("From that day on every office prints in this order. A version is not taken back, only followed by another."),
    )  # fmt: skip


FIELDS = {"rule_not_ahead": "since", "reason_missing": "source"}


@require_http_methods(["GET", "POST"])
@named_errors
def order(request: HttpRequest) -> HttpResponse:
    """``/turns/order``: which order is in force from when; POST publishes the next version."""
    form, status = publish_form(), 200
    if request.method == "POST":
        given, status = form.read(request), 422
        if given is not None:
            try:
                return done_once(request, lambda by: _publish(given, by))
            except BlankoError as error:
                form.refuse(error, FIELDS)
    today = timezone.localdate()
    now, known = queries.rule_on(today), queries.rules_known()
    table = Table.of(
        request, name="versions",
        rows=[{"version": rule.version, "since": rule.since, "source": rule.source, "says": suket_names()[rule.suket],
               "stands": _("in force") if rule.version == now.version
               else _("to come") if rule.since > today else _("ended")} for rule in known],
        columns=[
            Column("version", _("Version"), number=True), Column("since", _("In force from"), form=words.day),
            Column("says", _("A suket")), Column("source", _("On what it rests")), Column("stands", _("How it stands")),
        ],
    )  # fmt: skip
    due = Table.of(
        request, name="deadlines",
        rows=[{"regency": code, "name": words.area(code), "deadline": day}
              for code, day in sorted(queries.deadlines(today).items())],
        columns=[
            Column("regency", _("Code")), Column("name", _("Office")),
            Column("deadline", _("Published deadline"), form=words.day),
        ],
    )  # fmt: skip
    answer = page(
        request, "queue_order.html", table, due, form=form, acting=officer.chosen(request), now=now,
        now_says=suket_names()[now.suket], crumbs=[("/counter", _("Counters")), ("/turns", _("Printed out of turn"))],
    )  # fmt: skip
    answer.status_code = status if status != 200 else answer.status_code
    return answer


def _publish(given: dict[str, Any], by: str) -> str:
    ordering.publish_rule(**given, by=by, at=timezone.now())
    return "/turns/order?done=order"
