"""The minister's sheet: one page, through Typst, in the words that the door gives."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from blanko.ground.files import papers


def minister_sheet(data: Mapping[str, Any]) -> bytes:
    """The promise, the odds and three actions as PDF. Raises PaperFailed.

    ``data``: language, words, title, as_of, waits, low, middle, high, promises (text, date, odds),
    actions (says, mend), seed, all as the reader reads them.
    """
    return papers.render(str(files("blanko.decisions.planning") / "paper" / "minister.typ"), dict(data))
