"""rejects.csv: every refused row with its number, column, value, reason and mend, and the row itself to be mended."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from pathlib import Path
from typing import IO, NamedTuple, Self

from blanko.ground.files.spreadsheets import safe_cell

HEADS = ("row", "column", "value", "reason", "mend")


# Between the causes of one row: a row keeps one line, so that it can be mended there and loaded again.
BETWEEN = " | "


class Cause(NamedTuple):
    """Why one cell cannot be taken; ``column`` is empty when it is the row as a whole."""

    column: str
    value: str
    reason: str
    mend: str


class Reject(NamedTuple):
    """Why one row was refused: every cause. ``cells`` are its own cells in the order of the file's heads."""

    row: int
    causes: Sequence[Cause]
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
        told = [BETWEEN.join(texts) for texts in zip(*reject.causes, strict=True)]
        self._writer.writerow([reject.row, *(safe_cell(text) for text in (*told, *reject.cells))])

    def __exit__(self, kind: object, _error: object, _trace: object) -> None:
        if self._file is None:
            return
        self._file.close()
        if kind is None:
            self._part.replace(self.path)
        else:
            self._part.unlink(missing_ok=True)
