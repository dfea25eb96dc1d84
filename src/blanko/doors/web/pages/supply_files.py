"""Lists of contracts, of portals and of the room itself from spreadsheets: shown first, then taken in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from blanko.doors.web import officer, waiting, words
from blanko.doors.web.forms import Field, Form, done_once
from blanko.doors.web.pages import supply
from blanko.doors.web.pages.responses import CELLS_SHOWN, in_readers_words, named_errors, page
from blanko.ground.access.acting import acting
from blanko.ground.files.rejects import Cause
from blanko.ground.files.spreadsheets import CONTENT_TYPES
from blanko.kernel.errors import BlankoError
from blanko.records.procurement import importing, lists, operations, sheets
from blanko.records.procurement import queries as procurement

SHOWN = 50


def sheet_kinds() -> dict[str, str]:
    """A contract's own lists in the reader's words."""
    return {
        "schedule": _("planned deliveries"), "prices": _("price breaks"), "material": _("parts of a card"),
    }  # fmt: skip


def notice_kinds() -> dict[str, str]:
    return {"plan": _("plan (SiRUP)"), "tender": _("tender (SPSE)")}


def sheet_form() -> Form:
    return Form(
        "sheet", "/supply/files", _("A contract's own list"), _("Show what it would bring"), [
            Field("contract", _("Contract"), "choice",
                  choices=[(row["contract_no"], row["contract_no"]) for row in procurement.contracts()]),
            Field("kind", _("List"), "choice", choices=list(sheet_kinds().items())),
            Field("file", _("File"), "file", _(
                "Heads: due_on, quantity; from_quantity, unit_price_idr; part, title, country, stage, lead_days, "
                "needs, source")),
        ],
        _("Deliveries are added to those that stand; prices and parts are agreed once. A list with one wrong cell "
          "changes nothing, and every such cell is named."),
    )  # fmt: skip


def notices_form() -> Form:
    return Form(
        "notices", "/supply/files", _("A list of SiRUP or SPSE"), _("Show what it would bring"), [
            Field("kind", _("List"), "choice", _("As its heads say, when it is left empty."), required=False,
                  choices=list(notice_kinds().items())),
            Field("file", _("File"), "file", _("CSV or XLSX as the portal gives it: kd_rup, nama_paket, pagu, ...")),
        ],
        _("Rows that can be read are taken; each refused row is named with its cell, its reason and its mend."),
    )  # fmt: skip


def table_form() -> Form:
    heads = "; ".join(f"{says}: {', '.join(lists.LISTS[kind].sheet.needed)}" for kind, says in list_kinds().items())
    return Form(
        "table", "/supply/files", _("Tenders, lots, payments and services"), _("Show what it would bring"), [
            Field("kind", _("List"), "choice", choices=list(list_kinds().items())),
            Field("file", _("File"), "file", _("Necessary heads: %(heads)s. Each list below has them all.")
                  % {"heads": heads}),
        ],
        _("Every row is done in its order, or none of them: each refused row is named with its cell. A row that stands "
          "already changes nothing."),
    )  # fmt: skip


def list_kinds() -> dict[str, str]:
    """The room's own lists in the reader's words."""
    return {
        "tenders": _("tenders"), "services": _("service contracts"), "lots": _("lots"),
        "stages": _("stages of lots"), "acceptances": _("acceptances (BAST)"), "payments": _("payments"),
    }  # fmt: skip


READERS: dict[str, Callable[..., list[Any]]] = {
    "schedule": sheets.schedule, "prices": sheets.price_breaks, "material": sheets.parts,
}  # fmt: skip


@require_http_methods(["GET", "POST"])
@named_errors
def files(request: HttpRequest) -> HttpResponse:
    """``/supply/files``: a list is chosen, shown as it was understood, and taken in when somebody says so."""
    forms = {"sheet": sheet_form(), "notices": notices_form(), "table": table_form()}
    shown: dict[str, Any] = {}
    status = 200
    name = request.POST.get("form", "") if request.method == "POST" else ""
    if name in ("sheet_yes", "notices_yes", "table_yes"):
        return done_once(request, lambda by: _take(request, name, by))
    if name in forms:
        form = forms[name]
        given, status = form.read(request), 422
        if given is not None:
            try:
                shown = {"sheet": _sheet, "notices": _notices, "table": _table}[name](given)
                status = 422 if shown.get("cells") and name != "notices" else 200
            except BlankoError as error:
                form.refuse(error, {"unknown_contract": "contract", "bad_sheet": "file", "unreadable_file": "file",
                                    "unknown_notices": "file"})  # fmt: skip
    answer = page(
        request, "supply_files.html", tabs=supply.tabs("files"), forms=list(forms.values()),
        acting=officer.chosen(request), crumbs=[("/supply", _("Supply"))], agreed=procurement.contracts(),
        lists=list_kinds(), **shown,
    )  # fmt: skip
    answer.status_code = status
    return answer


def _name(file: UploadedFile) -> str:
    return Path(str(file.name)).name[:200]


def _cells(causes: Sequence[tuple[int, Cause]]) -> list[dict[str, Any]]:
    """Wrong cells as the page shows them."""
    from django.utils.translation import gettext

    return [
        {"row": row, "column": cause.column, "value": cause.value, "mend": gettext(cause.mend)}
        for row, cause in causes[:CELLS_SHOWN]
    ]


def _sheet(given: dict[str, Any]) -> dict[str, Any]:
    """What a contract's list says, or its wrong cells."""
    token, name, kind = waiting.keep(given["file"]), _name(given["file"]), given["kind"]
    told = {"made": "sheet", "token": token, "file": name, "kind": kind, "contract": given["contract"],
            "kind_says": sheet_kinds()[kind]}  # fmt: skip
    try:
        rows = READERS[kind](waiting.path(token), name=name)
    except BlankoError as error:
        causes = error.causes
        if not causes:
            raise
        return {**told, "cells": _cells(causes), "wrong": len(causes), "says": in_readers_words(error)[0]}
    if kind == "material":
        heads = [_("Code"), _("Part"), _("Where"), _("Stage"), _("Days"), _("Needs first")]
        cells = [[part.part, part.title, part.country, supply.stages().get(part.stage, part.stage),
                  words.count(part.lead_days), ", ".join(part.needs)] for part in rows]  # fmt: skip
    elif kind == "schedule":
        heads = [_("Due"), _("Blanks")]
        cells = [[words.day(due), words.count(blanks)] for due, blanks in rows]
    else:
        heads = [_("From so many"), _("Price")]
        cells = [[words.count(quantity), words.rupiah(price)] for quantity, price in rows]
    return {**told, "heads": heads, "rows": [list(zip(heads, row, strict=True)) for row in cells[:SHOWN]],
            "more": max(0, len(cells) - SHOWN), "total": len(cells),
            "once": Form("", "", "", "").once}  # fmt: skip


def _notices(given: dict[str, Any]) -> dict[str, Any]:
    """What a portal's list would bring, and every refused row."""
    token, name = waiting.keep(given["file"]), _name(given["file"])
    found = importing.preview_notices(path=waiting.path(token), kind=given["kind"] or None, name=name)
    says = {"new": _("new"), "changed": _("changed")}
    cells = [
        [words.count(number), says[change], content["code"], content["title"] or "",
         words.rupiah(content["ceiling_idr"]), content["winner"] or "", words.day(content["announced_on"])]
        for number, change, content in found.rows
    ]  # fmt: skip
    heads = [_("Row"), _("Change"), _("Code"), _("What"), _("Ceiling"), _("Winner"), _("Announced")]
    return {
        "made": "notices", "token": token, "file": name, "kind": found.kind, "kind_says": notice_kinds()[found.kind],
        "heads": heads,
        "rows": [list(zip(heads, row, strict=True)) for row in cells[:SHOWN]],
        "more": max(0, len(cells) - SHOWN), "total": len(cells), "read": found.read, "unchanged": found.unchanged,
        "refused_rows": len(found.refused), "ignored": found.ignored,
        "mapping": sorted(found.mapping.items()),
        "cells": _cells([(reject.row, cause) for reject in found.refused for cause in reject.causes]),
        "once": Form("", "", "", "").once,
    }  # fmt: skip


def _table(given: dict[str, Any]) -> dict[str, Any]:
    """What one of the room's lists would do, or every refused row; nothing is stored."""
    token, name, kind = waiting.keep(given["file"]), _name(given["file"]), given["kind"]
    told = {"made": "table", "token": token, "file": name, "kind": kind, "kind_says": list_kinds()[kind]}
    try:
        with acting(principal="svc.procurement"):
            found = lists.load(
                path=waiting.path(token), kind=kind, name=name, by="svc.procurement", at=timezone.now(), store=False
            )
    except lists.RowsRefused as error:
        cells = [
            {"row": row, "column": column, "value": value, "mend": ": ".join(filter(None, in_readers_words(cause)))}
            for row, column, value, cause in error.refused[:CELLS_SHOWN]
        ]
        return {**told, "cells": cells, "wrong": len(error.refused)}
    except sheets.BadSheet as error:
        if not error.causes:
            raise
        return {**told, "cells": _cells(error.causes), "wrong": len(error.causes)}
    columns = [column for column in lists.LISTS[kind].columns if any(column in row for _number, row in found.new)]
    heads = [_("Row"), *columns]
    rows = [
        [words.count(number), *(_cell(lists.shown(row).get(column)) for column in columns)]
        for number, row in found.new[:SHOWN]
    ]
    return {
        **told, "heads": heads, "rows": [list(zip(heads, row, strict=True)) for row in rows],
        "more": max(0, len(found.new) - SHOWN), "total": len(found.new), "unchanged": found.unchanged,
        "once": Form("", "", "", "").once,
    }  # fmt: skip


def _cell(value: Any) -> str:
    return words.count(value) if isinstance(value, int) else str(value or words.NOTHING)


@require_GET
@named_errors
def export(request: HttpRequest, kind: str, form: str) -> HttpResponse:
    """``/supply/lists/<kind>.csv`` or ``.xlsx``: a list as it stands, with the heads that it comes in by."""
    if form not in CONTENT_TYPES:
        raise Http404
    answer = HttpResponse(
        lists.export(kind, "csv" if form == "csv" else "xlsx"), content_type=CONTENT_TYPES[form]
    )  # fmt: skip
    answer["Content-Disposition"] = f'attachment; filename="blanko-{kind}.{form}"'
    return answer


def _take(request: HttpRequest, name: str, by: str) -> str:
    """Take in what was shown."""
    path, shown = waiting.path(request.POST.get("token", "")), request.POST.get("file", "")[:200]
    kind, who = request.POST.get("kind", ""), {"by": by, "at": timezone.now()}
    if name == "notices_yes":
        importing.import_notices(path=path, kind=kind, name=shown, data_dir=settings.DATA_DIR, **who)
        return "/supply/tenders?done=notices"
    if name == "table_yes":
        lists.load(path=path, kind=kind, name=shown, **who)
        return f"/supply/files?done=list&list={kind}"
    contract_no = request.POST.get("contract", "")
    if kind == "schedule":
        operations.schedule_deliveries(
            contract_no=contract_no, deliveries=sheets.schedule(path, name=shown), **who
        )  # fmt: skip
    elif kind == "prices":
        operations.agree_prices(contract_no=contract_no, price_breaks=sheets.price_breaks(path, name=shown), **who)
    else:
        operations.register_material(contract_no=contract_no, parts=sheets.parts(path, name=shown), **who)
    return f"{supply.contract_address(contract_no)}?done=sheet"
