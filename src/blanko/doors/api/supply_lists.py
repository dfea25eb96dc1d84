"""Procurement's own tables in and out as CSV or XLSX files."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import File, Form, Router, Schema
from ninja.files import UploadedFile

from blanko.doors.api.downloads import of_type
from blanko.doors.api.officers import acting_officer
from blanko.ground.access.acting import acting
from blanko.ground.files.spreadsheets import CONTENT_TYPES
from blanko.records.procurement import lists

router = Router()
Kind = Literal["tenders", "services", "lots", "stages", "acceptances", "payments"]


class LoadedList(Schema):
    kind: str
    read: int
    new: int
    unchanged: int
    stored: bool
    rows: list[dict[str, Any]]


@router.get(
    "/procurement/lists/{kind}.{form}", summary="A list of procurement as it stands, with the heads it comes in by",
    openapi_extra=of_type("text/csv"),
)  # fmt: skip
def table(request: HttpRequest, kind: Kind, form: Literal["csv", "xlsx"]) -> HttpResponse:
    answer = HttpResponse(lists.export(kind, form), content_type=CONTENT_TYPES[form])
    answer["Content-Disposition"] = f'attachment; filename="blanko-{kind}.{form}"'
    return answer


@router.post(
    "/procurement/lists/{kind}", response=LoadedList,
    summary="Show what a list would bring; with store=true do what every row says, whole or not at all",
)  # fmt: skip
def load(request: HttpRequest, kind: Kind, file: File[UploadedFile], store: Form[bool] = False) -> dict[str, Any]:
    """Every wrong cell and every refused row stands in ``errors``; while there is one, nothing is stored."""
    by, at = acting_officer(request, "svc.procurement"), timezone.now()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "upload"
        with path.open("wb") as copy:
            for chunk in file.chunks():
                copy.write(chunk)
        with acting(principal=by):
            done = lists.load(path=path, kind=kind, name=Path(str(file.name)).name[:200], store=store, by=by, at=at)
    return done.as_json()
