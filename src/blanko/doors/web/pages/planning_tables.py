"""The planner's tables out and in: what a file would change is shown first, then stored."""

from __future__ import annotations

import tempfile
from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from blanko.decisions.planning import loading, tables
from blanko.doors.web import words
from blanko.doors.web.pages.files import NoFileChosen
from blanko.doors.web.pages.responses import in_readers_words, named_errors, page
from blanko.ground.access.acting import acting
from blanko.ground.files import spreadsheets
from blanko.ground.files.spreadsheets import CONTENT_TYPES
from blanko.kernel.errors import BlankoError

PLANNER = "planner.pusat"
SHOWN = 50
# A preview travels with the page until it is stored.
PREVIEW_BYTES_MAX = 2_000_000


class TableTooLong(tables.TableRefused):
    """A table is too long to be shown on a page first."""


def kinds() -> dict[str, str]:
    """The tables in the reader's words."""
    return {
        "needs": _("needs of the regencies"),
        "requests": _("requests for blanks"),
        "priorities": _("people who go first"),
        "deadlines": _("published deadlines"),
        "overrides": _("shares changed by hand"),
        "deferrals": _("shares put off"),
        "collections": _("lots fetched by offices"),
        "routes": _("ways, days and costs"),
        "rates": _("rates of demand overruled"),
    }


def changes() -> dict[str, str]:
    return {"new": _("new"), "changed": _("changed"), "unchanged": _("unchanged")}


@named_errors
def tables_or_load(request: HttpRequest) -> HttpResponse:
    """``/rounds/tables``: the list, and on POST the preview of a file, or its storing."""
    number = words.whole(request.POST.get("round", "") or request.GET.get("round", ""))
    context = {"kinds": kinds(), "number": number, "crumbs": [("/rounds", _("Rounds"))]}
    if request.method != "POST":
        return page(request, "planning_tables.html", **context)
    kind, at = tables.kind_of(request.POST.get("kind", "")), timezone.now()
    stored = None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "upload"
        _write(request, path)
        with acting(principal=PLANNER):
            made = loading.preview(path, kind.name, at=at, by=PLANNER, round_no=number)
            if request.POST.get("store"):
                stored = loading.store(made, by=PLANNER, at=at)
    changed = made.rows("new", "changed")
    # What was understood goes back to the browser as the table itself: nothing is kept here before it is stored.
    again = spreadsheets.csv_bytes(kind.heads, [[row.values[name] for name in kind.heads] for row in changed])
    if len(again) > PREVIEW_BYTES_MAX:
        raise TableTooLong("the table is too long for a page", mend="load it with ./blanko planning load")
    said = changes()
    return page(
        request, "planning_tables.html", **context, made=made, chosen=kind.name, stored=stored, heads=kind.heads,
        again=again.decode("utf-8-sig"), new=made.count("new"), changed=made.count("changed"),
        unchanged=made.count("unchanged"), ignored=made.table.ignored,
        problems=[
            (problem.values["row"], problem.values["column"], *_cell(problem)) for problem in made.problems[:SHOWN]
        ],
        more=max(0, len(made.problems) - SHOWN),
        rows=[
            (
                row.number,
                said["changed" if made.before(row) else "new"],
                [(name, _shown(row.values[name]), _shown(made.before(row).get(name))) for name in kind.heads],
            )
            for row in changed[:SHOWN]
        ],
        rows_more=max(0, len(changed) - SHOWN),
    )  # fmt: skip


def _shown(value: object) -> str:
    """A cell as the file holds it: a day in ISO form, a number without separators."""
    return "" if value is None else str(value)


def _cell(problem: tables.CellRefused) -> tuple[str, str]:
    """What is wrong with a cell and what mends it, without its row and column."""
    inner = problem.values["refusal"]
    return in_readers_words(inner if isinstance(inner, BlankoError) else problem)


def _write(request: HttpRequest, path: Path) -> None:
    """The file that was sent, or the table that an earlier preview sent back."""
    if request.POST.get("store"):
        path.write_text(request.POST.get("table", ""), encoding="utf-8", newline="")
        return
    given = request.FILES.get("file")
    if given is None:
        raise NoFileChosen("no file was chosen", mend="choose a CSV, XLSX or Parquet file")
    with path.open("wb") as copy:
        for chunk in given.chunks():
            copy.write(chunk)


@require_GET
@named_errors
def export(request: HttpRequest, kind: str, form: str) -> HttpResponse:
    """``/rounds/tables/<kind>.csv`` or ``.xlsx``: the table as it stands."""
    number = words.whole(request.GET.get("round", ""))
    if form not in CONTENT_TYPES:
        raise tables.UnknownWord(
            "{word} is none of {words}", mend="use one of the list", word=form, words=", ".join(CONTENT_TYPES)
        )
    body = loading.export(kind, "csv" if form == "csv" else "xlsx", day=timezone.localdate(), round_no=number)
    answer = HttpResponse(body, content_type=CONTENT_TYPES[form])
    answer["Content-Disposition"] = f'attachment; filename="blanko-{kind}.{form}"'
    return answer
