"""What must not be destroyed: two officers hold a batch, an office or a box, and two end the hold."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from blanko.cards.custody.rules import Key
from blanko.cards.destruction import operations
from blanko.cards.destruction import queries as destruction
from blanko.cards.destruction.rules import Target
from blanko.doors.web import officer, words
from blanko.doors.web.forms import Field, Form, done_once
from blanko.doors.web.pages.responses import named_errors, page
from blanko.doors.web.tables import Column, Table
from blanko.ground.access import queries as access
from blanko.kernel.boxes import BoxId
from blanko.kernel.errors import BlankoError

CENTRE = "00"


def target_names() -> dict[str, str]:
    return {"batch": _("a batch"), "office": _("all of an office"), "box": _("a box")}


def seconds(who: dict[str, Any] | None) -> list[tuple[str, str]]:
    """Who may agree: the centre's officers and those of the own office, without who acts."""
    if who is None:
        return []
    places = dict.fromkeys((str(who["office"]), CENTRE))
    return [
        (one["username"], f"{one['name']} ({one['username']})")
        for place in places
        for one in access.officers(office=place)
        if one["username"] != who["username"]
    ]


def hold_form(who: dict[str, Any] | None, batch: str = "") -> Form:
    return Form(
        "hold", "/destruction/holds", _("Forbid a destruction"), _("Forbid it"), [
            Field("target", _("What"), "choice", choices=[(one.value, target_names()[one.value]) for one in Target],
                  value="batch" if batch else ""),
            Field("what", _("Which one"), hint=_("A batch's name, an office's code, or a box as PB17-000042."),
                  value=batch),
            Field("reason", _("What it is evidence of"), "long"),
            Field("paper", _("Paper"), hint=_("For example the number of the police report."), required=False),
            Field("second", _("Second officer who agrees"), "choice", choices=seconds(who)),
        ],
        _("From now on nothing of it can be destroyed, until two officers end the hold."),
    )  # fmt: skip


def lift_form(who: dict[str, Any] | None, held: list[dict[str, Any]]) -> Form:
    return Form(
        "lift", "/destruction/holds", _("End a hold"), _("End it"), [
            Field("hold", _("Hold"), "choice", choices=[(row["hold"], f"{row['what']}: {row['reason'][:60]}")
                                                        for row in held]),
            Field("reason", _("Why it is not needed any more"), "long"),
            Field("second", _("Second officer who agrees"), "choice", choices=seconds(who)),
        ],
        _("It can be destroyed again from now on. The hold and its end stay visible."),
    )  # fmt: skip


FIELDS = {
    "hold": {"unknown_batch": "what", "invalid_value": "what", "invalid_box_id": "what", "unknown_area": "what",
             "two_officers_needed": "second", "reason_missing": "reason"},
    "lift": {"two_officers_needed": "second", "reason_missing": "reason", "unknown_hold": "hold",
             "hold_lifted": "hold"},
}  # fmt: skip


@require_http_methods(["GET", "POST"])
@named_errors
def holds(request: HttpRequest) -> HttpResponse:
    """``/destruction/holds?batch=``: every hold with both officers; POST sets one or ends one."""
    who = officer.chosen(request)
    rows = [_row(row) for row in destruction.holds(lifted=True)]
    held = [row for row in rows if not row["lifted"]]
    forms = {"hold": hold_form(who, request.GET.get("batch", ""))}
    if held:
        forms["lift"] = lift_form(who, held)
    status = 200
    if request.method == "POST" and (form := forms.get(request.POST.get("form", ""))) is not None:
        given, status = form.read(request), 422
        if given is not None:
            try:
                return done_once(request, lambda by: _do(form.name, given, by))
            except BlankoError as error:
                form.refuse(error, FIELDS[form.name])
    table = Table.of(
        request, name="holds", rows=rows,
        columns=[
            Column("what", _("Held")), Column("reason", _("What it is evidence of")), Column("paper", _("Paper")),
            Column("at", _("Since"), form=words.moment), Column("hands", _("Both officers")),
            Column("ended", _("Ended"), form=words.moment), Column("ended_hands", _("Ended by")),
            Column("ended_why", _("Why")),
        ],
    )  # fmt: skip
    answer = page(
        request, "holds.html", table, acting=who, forms=list(forms.values()), held=len(held),
        crumbs=[("/custody", _("Custody")), ("/destruction", _("Destroy"))],
    )  # fmt: skip
    answer.status_code = status if status != 200 else answer.status_code
    return answer


def _row(row: dict[str, Any]) -> dict[str, Any]:
    """A hold as the page shows it."""
    if row["target"] == Target.BOX:
        what = str(BoxId(row["series"], row["box_no"]))
    else:
        what = row["batch"] or f"{row['office']} {words.area(row['office'])}"
    ended = row["lifted"] or {}
    return {
        **row, "what": what, "hands": f"{row['by']}, {row['second']}", "ended": ended.get("at"),
        "ended_hands": f"{ended['by']}, {ended['second']}" if ended else "", "ended_why": ended.get("reason", ""),
    }  # fmt: skip


def _do(name: str, given: dict[str, Any], by: str) -> str:
    at = timezone.now()
    if name == "lift":
        operations.lift(**given, by=by, at=at)
    else:
        operations.hold(**given, key=Key("web", int(at.timestamp() * 1_000_000)), by=by, at=at)
    return f"/destruction/holds?done={name}"
