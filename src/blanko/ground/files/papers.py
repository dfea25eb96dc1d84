"""PDF through Typst. The same template and data give the same bytes, on every machine: only Typst's own fonts are
used.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from blanko.kernel.errors import BlankoError

# The paper carries its own date; the file's date is fixed, so that the same paper has the same bytes.
FIXED_TIME = datetime(2017, 4, 4, tzinfo=UTC)


ROOT = Path(__file__).parents[2]


class PaperFailed(BlankoError):
    """A template and its data do not fit."""


@cache
def _compiler(template: str) -> Any:
    import typst

    # A paper may take its frame from a lower room: the house is the root.
    return typst.Compiler(template, root=str(ROOT), ignore_system_fonts=True)


def render(template: str, data: dict[str, Any]) -> bytes:
    """The PDF of a template file; it reads its data as ``json(bytes(sys.inputs.data))``. Raises PaperFailed."""
    import typst

    given = {"data": json.dumps(data, ensure_ascii=False, sort_keys=True)}
    try:
        made = _compiler(template).compile(format="pdf", sys_inputs=given, timestamp=FIXED_TIME)
    except typst.TypstError as error:
        raise PaperFailed(
            "{name}: {text}", mend="check the paper's data", name=Path(template).name, text=error.message
        ) from error
    assert isinstance(made, bytes)
    return made
