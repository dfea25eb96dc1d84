"""rejects.csv: every refused row with its number, column, value, reason and mend, and the row itself to be mended."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from pathlib import Path
from typing import IO, NamedTuple, Self

from blanko.ground.files.spreadsheets import safe_cell

HEADS = ("row", "column", "value", "reason", "mend")


class Reject(NamedTuple):
    """Why one row was refused. ``cells`` are its own cells in the order of the file's heads."""

    row: int
    column: str
    value: str
    reason: str
    mend: str
    cells: tuple[str, ...] = ()


class RejectsFile:
    """Written row by row, seen only when it is whole. Used as a context manager; without rejects no file is left."""

    def __init__(self, path: Path, heads: Sequence[str]) -> None:
        self.path, self.heads, self.count = path, tuple(heads), 0
        self._part = path.with_name(f"{path.name}.{os.getpid()}.part")
        self._file: IO[str] | None = None

    def __enter__(self) -> Self:
        return self

    def add(self, reject: Reject) -> None:
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = open(self._part, "w", encoding="utf-8-sig", newline="")  # noqa: SIM115 - closed on exit
            self._writer = csv.writer(self._file)
            self._writer.writerow((*HEADS, *self.heads))
        self.count += 1
        self._writer.writerow([reject.row, *(safe_cell(text) for text in (*reject[1:5], *reject.cells))])

    def __exit__(self, kind: object, _error: object, _trace: object) -> None:
        if self._file is None:
            return
        self._file.close()
        if kind is None:
            self._part.replace(self.path)
        else:
            self._part.unlink(missing_ok=True)
