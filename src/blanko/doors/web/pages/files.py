"""Drop your own file: what it holds, what was refused and how to mend it, and how the need moved."""

from __future__ import annotations

import csv
import tempfile
from itertools import islice
from pathlib import Path

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from blanko.cards.suket import operations as suket
from blanko.decisions.cases import operations as cases
from blanko.decisions.planning import queries as planning
from blanko.doors.web import codes, words
from blanko.doors.web.pages.responses import named_errors, page
from blanko.doors.web.tables import Column, Table
from blanko.ground.access.acting import acting
from blanko.ground.files.rejects import BETWEEN
from blanko.kernel.errors import BlankoError
from blanko.records.entitlement import queries as owed
from blanko.records.intake import operations, queries
from blanko.records.intake.kinds import KINDS

REJECTS_SHOWN = 50
# The session is a signed cookie: a browser drops one beyond 4,096 bytes, with all that it has to tell.
HEADS_SHOWN = 20
# A made-up next lot, to show how a file moves the shares.
TRIAL_STOCK, TRIAL_BOX = 100_000, 500


class NoFileChosen(BlankoError, ValueError):
    """The form came without a file."""


@require_GET
@named_errors
def files(request: HttpRequest) -> HttpResponse:
    """``/files``"""
    table = Table.of(
        request,
        name="files",
        columns=[
            Column("name", _("File"), href=lambda row: f"/files/{row['sha256']}"),
            Column("kind", _("Kind"), form=codes.file_kind),
            Column("read", _("Read"), number=True),
            Column("accepted", _("Accepted"), number=True),
            Column("unchanged", _("Unchanged"), number=True),
            Column("refused", _("Refused"), number=True),
            Column("warnings", _("Warnings"), number=True),
            Column("loaded_at", _("Loaded"), form=words.moment),
        ],
        rows=queries.files(),
    )
    return page(request, "files.html", table, kinds=list(KINDS))


@require_POST
@named_errors
def take_in(request: HttpRequest) -> HttpResponse:
    """``POST /files``: the file, then persons and cards owed, in one transaction."""
    given = request.FILES.get("file")
    if given is None:
        raise NoFileChosen("no file was chosen", mend="choose a CSV, XLSX or Parquet file")
    now = timezone.now()
    before, shares_before = _needs_and_shares()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "upload"
        with path.open("wb") as copy:
            for chunk in given.chunks():
                copy.write(chunk)
        with acting(principal="svc.intake"):
            result = operations.load(
                path=path, kind=request.POST.get("kind") or None, name=Path(str(given.name)).name[:200],
                by="svc.intake",
                at=now, data_dir=settings.DATA_DIR,
            )  # fmt: skip
            if result.moves_claims:
                cases.catch_up(by="svc.registry", at=now)
                suket.take_from_files(by="svc.suket", at=now)
    after, shares_after = _needs_and_shares()
    moved = {
        code: [before.get(code, 0), after.get(code, 0), shares_before.get(code, 0), shares_after.get(code, 0)]
        for code in before | after
        if before.get(code, 0) != after.get(code, 0)
    }
    request.session["moved"] = {"sha256": result.sha256, "by_regency": dict(islice(sorted(moved.items()), 20))}
    ignored = [head[:40] for head in result.ignored[:HEADS_SHOWN]]
    if len(result.ignored) > HEADS_SHOWN:
        ignored.append(f"… (+{len(result.ignored) - HEADS_SHOWN})")
    request.session["heads"] = {"sha256": result.sha256, "ignored": ignored}
    request.session["seen_before"] = result.sha256 if result.seen_before else ""
    return HttpResponseRedirect(f"/files/{result.sha256}")


def reasons() -> dict[str, tuple[str, str]]:
    """Each reason of a refusal and its mend, in the reader's words; rejects.csv keeps the codes."""
    return {
        "missing": (_("a necessary cell is empty"), _("fill this cell: without it the row cannot be stored or placed")),
        "unknown_area": (
            _("unknown area"),
            _("use the Interior Ministry's code: 10 digits for a village, 4 for a regency"),
        ),
        "unknown_office": (
            _("unknown office"),
            _("use the office's code: 00, 2 digits for a province, 4 for a regency"),
        ),
        "impossible_date": (_("impossible date"), _("write a day that exists as YYYY-MM-DD or DD-MM-YYYY")),
        "wrong_length": (_("wrong length"), _("write exactly 16 digits; format the column as text in the spreadsheet")),
        "too_long": (_("too long"), _("shorten the text")),
        "not_digits": (_("not only digits"), _("write digits only; format the column as text in the spreadsheet")),
        "control_characters": (
            _("invisible characters"),
            _("remove the invisible characters and save the file as UTF-8"),
        ),
        "unknown_choice": (_("unknown word"), _("use one of the words of the list")),
        "not_a_count": (_("not a whole number"), _("write a whole number from 0 up, without separators")),
        "too_many": (_("more than can be meant"), _("write a number that can be meant: a week has 168 hours")),
        "wrong_cell_count": (_("wrong number of cells"), _("give the row as many cells as there are heads")),
        "unclosed_quote": (_("a quote is not closed"), _("close the quote, or double a quote inside a cell")),
    }


def _needs_and_shares() -> tuple[dict[str, int], dict[str, int]]:
    """Print-ready cards of each regency, and its share of a next trial stock, by what the database now holds."""
    ready = {code: split.print_ready for code, split in owed.backlog_by_regency().items()}
    as_of = owed.claims_as_of()
    shares = planning.trial_shares(as_of=as_of, stock=TRIAL_STOCK, box_size=TRIAL_BOX) if as_of else {}
    return ready, shares


@require_GET
@named_errors
def one_file(request: HttpRequest, sha256: str) -> HttpResponse:
    """``/files/<sha256>``"""
    found = queries.file(sha256)
    if found is None:
        raise Http404
    heads: list[str] = []
    rejects: list[dict[str, str]] = []
    if found["rejects"] and Path(found["rejects"]).exists():
        with open(found["rejects"], encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            heads = list(reader.fieldnames or [])
            rejects = list(islice(reader, REJECTS_SHOWN))
    told = reasons()
    for row in rejects:
        causes = [told.get(code, (code, row["mend"])) for code in row["reason"].split(BETWEEN)]
        row["says"], row["mends"] = ("; ".join(texts) for texts in zip(*causes, strict=True))
    moved = request.session.get("moved", {})
    heads_told = request.session.get("heads", {})
    return page(
        request, "file.html", file=found, rejects=rejects, heads=heads,
        moved=moved.get("by_regency", {}) if moved.get("sha256") == sha256 else {},
        ignored=heads_told.get("ignored", []) if heads_told.get("sha256") == sha256 else [],
        warnings=[(codes.warnings().get(code, code), rows) for code, rows in found["warning_counts"].items()],
        trial=TRIAL_STOCK, seen_before=request.session.get("seen_before") == sha256,
        crumbs=[("/files", _("Your file"))],
    )  # fmt: skip


@require_GET
@named_errors
def rejects(request: HttpRequest, sha256: str) -> HttpResponse:
    """``/files/<sha256>/rejects.csv``"""
    found = queries.file(sha256)
    if found is None or not found["rejects"] or not Path(found["rejects"]).exists():
        raise Http404
    return FileResponse(
        open(found["rejects"], "rb"), as_attachment=True, filename="rejects.csv", content_type="text/csv"
    )
