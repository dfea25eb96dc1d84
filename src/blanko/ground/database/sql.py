"""SQL is a named file of its room; values are parameters."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def text(package: str, name: str) -> str:
    """The text of ``sql/<name>`` in the room ``package`` (pass ``__package__``). Raises FileNotFoundError."""
    return (files(package) / "sql" / name).read_text(encoding="utf-8")
