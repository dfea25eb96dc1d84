"""A scenario of one's own, tried without being kept."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import File, Router
from ninja.files import UploadedFile

from blanko.decisions.planning.outlook.answer import outlook
from blanko.decisions.planning.outlook.case import BYTES_MAX, parse, read
from blanko.doors.api.planning import Outlook

router = Router()
PATHS_MAX = 20_000


@router.post("/planning/scenarios", response=Outlook, summary="Try a scenario of your own (TOML); nothing is stored")
def try_case(
    request: HttpRequest, file: File[UploadedFile], reading: str | None = None, risk: float | None = None,
    seed: int = 1, paths: int = PATHS_MAX,
) -> dict[str, Any]:  # fmt: skip
    """The file is that of `./blanko planning runout --scenario FILE`; a wrong key or value is refused with its line."""
    text = read(file.read(BYTES_MAX + 1), name=str(file.name))
    made = outlook(parse(text), seed=seed, paths=min(paths, PATHS_MAX), reading=reading, risk=risk, side_by_side=False)
    return made.as_json()
