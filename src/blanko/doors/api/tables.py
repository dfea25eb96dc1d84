"""The planner's tables in and out as CSV or XLSX files."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import File, Form, Router, Schema
from ninja.files import UploadedFile

from blanko.decisions.planning import loading
from blanko.doors.api.downloads import of_type
from blanko.doors.api.officers import acting_officer
from blanko.ground.access.acting import acting
from blanko.ground.files.spreadsheets import CONTENT_TYPES

router = Router()


class CellProblem(Schema):
    row: int
    column: str
    says: str
    mend: str


class ChangedRow(Schema):
    row: int
    change: str
    values: dict[str, Any]
    before: dict[str, Any]


class Loaded(Schema):
    kind: str
    new: int
    changed: int
    unchanged: int
    stored: int
    ignored_columns: list[str]
    problems: list[CellProblem]
    rows: list[ChangedRow]


@router.get(
    "/planning/tables/{kind}.{form}", summary="A planner's table as it stands: needs, requests, routes ... (CSV, XLSX)",
    openapi_extra=of_type("text/csv"),
)  # fmt: skip
def table(
    request: HttpRequest, kind: str, form: Literal["csv", "xlsx"], as_of: date | None = None, round: int | None = None
) -> HttpResponse:
    body = loading.export(kind, form, day=as_of or timezone.localdate(), round_no=round)
    answer = HttpResponse(body, content_type=CONTENT_TYPES[form])
    answer["Content-Disposition"] = f'attachment; filename="blanko-{kind}.{form}"'
    return answer


@router.post(
    "/planning/tables/{kind}", response=Loaded, summary="Show what a table would change; with store=true do it"
)
def load(
    request: HttpRequest, kind: str, file: File[UploadedFile], store: Form[bool] = False, round: Form[int | None] = None
) -> dict[str, Any]:
    """Wrong cells are named by row and column; while there is one, nothing is stored."""
    by, at = acting_officer(request, "planner.pusat"), timezone.now()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "upload"
        with path.open("wb") as copy:
            for chunk in file.chunks():
                copy.write(chunk)
        with acting(principal=by):
            made = loading.preview(path, kind, at=at, by=by, round_no=round)
            told = loading.told(made)
            if store and not made.problems:
                told["stored"] = loading.store(made, by=by, at=at)
    return told
