"""One contract with every version of it, and the form that an addendum is registered by."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from blanko.doors.web import officer, words
from blanko.doors.web.forms import Field, Form, done_once
from blanko.doors.web.pages import supply, supply_tables
from blanko.doors.web.pages.responses import named_errors, page
from blanko.doors.web.tables import Column, Table
from blanko.kernel.errors import BlankoError, InvalidValue
from blanko.records.entitlement import queries as entitlement
from blanko.records.procurement import amending
from blanko.records.procurement import queries as procurement
from blanko.records.procurement.contract_versions import Version


class LineNotUnderstood(InvalidValue):
    """A line of a list on the page is not two values."""


FIELDS = {
    "amendment_without_document": "document", "amendment_out_of_order": "from_date", "not_positive": "quantity",
    "more_than_contract": "quantity", "schedule_outside_amendment": "deliveries", "due_outside_contract": "deliveries",
    "contract_without_schedule": "deliveries", "bad_price_breaks": "price_breaks", "line_not_understood": "deliveries",
}  # fmt: skip


def _lines(rows: list[tuple[Any, int]]) -> str:
    return "\n".join(f"{first} {second}" for first, second in rows)


def amend_form(number: str, now: Version) -> Form:
    return Form(
        "amend", supply.contract_address(number), _("Register an addendum"), _("Register it"), [
            Field("document", _("Addendum no."), hint=_("As it stands on the signed document.")),
            Field("from_date", _("In force from"), "day"),
            Field("reason", _("Why?"), "long"),
            Field("quantity", _("Blanks contracted"), "number", value=now.quantity, low=1),
            Field("unit_price_idr", _("Price of a blank, rupiah"), "number", value=now.unit_price_idr, low=1),
            Field("ends_on", _("Ends"), "day", required=False, value=now.ends_on),
            Field("deliveries", _("Schedule"), "long",
                  _("One delivery a line: day and blanks, for example 2017-06-01 500000."), required=False,
                  value=_lines([(item.due_on, item.quantity) for item in now.deliveries])),
            Field("price_breaks", _("Price breaks"), "long",
                  _("One a line: from so many blanks, and the price, for example 100000 11500."), required=False,
                  value=_lines([(step.from_quantity, step.unit_price_idr) for step in now.price_breaks])),
        ],
        _("Change what the addendum changes and leave the rest. The versions before it stay visible, and each day is "
          "computed by the version that was in force."),
    )  # fmt: skip


def _pairs(form: Form, name: str, of_days: bool) -> list[tuple[Any, int]] | None:
    """A list typed as lines of two values; its field says which line is none."""
    found: list[tuple[Any, int]] = []
    field = form.named(name)
    for number, line in enumerate(str(field.value).splitlines(), start=1):
        if not line.strip():
            continue
        parts = line.replace(";", " ").split()
        try:
            first, second = parts
            blanks = int(second.replace(".", "").replace(",", ""))
            found.append((date.fromisoformat(first) if of_days else int(first.replace(".", "")), blanks))
        except ValueError:
            field.refuse(
                _("line %(n)s cannot be read: %(line)s") % {"n": number, "line": line.strip()[:60]},
                _("write a day and blanks, as in 2017-06-01 500000") if of_days
                else _("write two numbers, as in 100000 11500"),
            )  # fmt: skip
            return None
    return found


@require_http_methods(["GET", "POST"])
@named_errors
def contract(request: HttpRequest, number: str) -> HttpResponse:
    """``/supply/contracts/<number>``: its terms, versions and schedule; POST registers an addendum."""
    found, versions = procurement.contract(number), procurement.versions(number)
    now = versions[-1]
    form, status = amend_form(number, now), 200
    if request.method == "POST":
        given = form.read(request)
        status = 422
        if given is not None:
            due, breaks = _pairs(form, "deliveries", True), _pairs(form, "price_breaks", False)
            if due is not None and breaks is not None:
                given |= {
                    "deliveries": None if due == [(item.due_on, item.quantity) for item in now.deliveries] else due,
                    "price_breaks": None
                    if breaks == [(step.from_quantity, step.unit_price_idr) for step in now.price_breaks]
                    else breaks,
                }

                def amend(by: str) -> str:
                    amending.amend_contract(contract_no=number, **given, by=by, at=timezone.now())
                    return f"{supply.contract_address(number)}?done=amend"

                try:
                    return done_once(request, amend)
                except BlankoError as error:
                    form.refuse(error, FIELDS)
    day = entitlement.claims_as_of() or timezone.localdate()
    kept = supply_tables.deliveries([found], as_of=day)
    lots = supply.lots_table(request)
    lots.rows = [row for row in lots.rows if row["contract_no"] == number]
    lots.total = len(lots.rows)
    for one in (kept, lots):
        # Every row is of this contract.
        one.columns = [column for column in one.columns if column.key != "contract_no"]
    table = _versions_table(versions)
    answer = page(
        request, "contract.html", table, kept, lots, contract=found, now=now, versions_table=table, form=form,
        as_of=day, acting=officer.chosen(request), tabs=supply.tabs("?"), several=len(versions) > 1,
        above=[version for version in versions if version.above_the_limit and found["kind"] == "tender"],
        crumbs=[("/supply", _("Supply"))],
    )  # fmt: skip
    answer.status_code = status
    return answer


def _versions_table(versions: list[Version]) -> Table:
    """Every version beside the others, the newest first; what it changed of the one before stands in words."""
    rows = [
        {
            "version": version.version, "from_date": version.from_date, "document": version.document,
            "reason": version.reason, "quantity": version.quantity, "unit_price_idr": version.unit_price_idr,
            "total_idr": version.total_idr, "ends_on": version.ends_on,
            "deliveries": "; ".join(
                f"{words.day(item.due_on)}: {words.count(item.quantity)}" for item in version.deliveries
            ),
            "price_breaks": "; ".join(
                f"{words.count(step.from_quantity)}: {words.rupiah(step.unit_price_idr)}"
                for step in version.price_breaks
            ),
            "added": version.added_per_mille / 1000,
        }
        for version in reversed(versions)
    ]  # fmt: skip
    return Table.plain(
        "versions",
        [
            Column("version", _("Version"), number=True), Column("from_date", _("In force from"), form=words.day),
            Column("document", _("Document")), Column("reason", _("Why")),
            Column("quantity", _("Contracted"), unit=_("blanks"), number=True),
            Column("unit_price_idr", _("Price"), number=True, form=words.rupiah),
            Column("total_idr", _("Total"), number=True, form=words.rupiah),
            Column("added", _("Above the first total"), number=True, form=words.percent),
            Column("ends_on", _("Ends"), form=words.day), Column("deliveries", _("Schedule")),
            Column("price_breaks", _("Price breaks")),
        ],
        rows,
    )  # fmt: skip
