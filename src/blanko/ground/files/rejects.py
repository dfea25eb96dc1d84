"""rejects.csv: every refused row with its number, column, value, reason and mend, and the row itself to be mended."""

from __future__ import annotations

import csv
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, NamedTuple, Self

import pyarrow as pa
import pyarrow.compute as pc

from blanko.ground.files.batches import Batch, TableFile
from blanko.ground.files.spreadsheets import safe_cell
from blanko.kernel.errors import BlankoError

HEADS = ("row", "column", "value", "reason", "mend")
# Of a file's name, so that the name of its rejects is none that a disk refuses.
NAME_BYTES = 180


# Between the causes of one row: a row keeps one line, so that it can be mended there and loaded again.
BETWEEN = " | "


class RejectsNotKept(BlankoError):
    """The refused rows could not be written down, so that nothing of the file is used either."""


def rejects_name(shown: str, sha256: str) -> str:
    """What the rejects of a file are called."""
    stem = Path(shown).stem.encode()[:NAME_BYTES].decode(errors="ignore")
    return f"{stem}-{sha256[:8]}.rejects.csv"


def without_causes(table: TableFile) -> TableFile:
    """A table that is rejects.csv itself, mended, as its rows came: without what was told of them, and without the
    quote that keeps a cell from being taken for a formula. Any other table as it is.
    """
    told = len(HEADS)
    if tuple(head.strip().lower() for head in table.heads[:told]) != HEADS:
        return table

    def batches(only: int | None = None) -> Iterator[Batch]:
        for batch in table.batches(None if only is None else only + told):
            columns = batch.columns.columns[told:] if only is None else batch.columns.columns
            plain = [
                pc.replace_substring_regex(column, r"^'([=+\-@\t\r])", r"\1")
                if pa.types.is_string(column.type)
                else column
                for column in columns
            ]
            names = [f"c{place}" for place in range(len(plain))]
            yield Batch(pa.RecordBatch.from_arrays(plain, names=names), batch.rows, batch.bad, batch.done)

    return TableFile(table.path, table.format, table.heads[told:], table.details, batches)


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
    """Written row by row, seen only when it is whole. Used as a context manager; without rejects no file is left.

    Raises RejectsNotKept when the disk is full or may not be written.
    """

    def __init__(self, path: Path, heads: Sequence[str]) -> None:
        self.path, self.heads, self.count = path, tuple(heads), 0
        self.part = path.with_name(f"{uuid.uuid4().hex}.part")
        self._file: IO[str] | None = None

    def __enter__(self) -> Self:
        return self

    def add(self, reject: Reject) -> None:
        with self._kept():
            if self._file is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._file = open(self.part, "w", encoding="utf-8-sig", newline="")  # noqa: SIM115 - closed on exit
                self._writer = csv.writer(self._file)
                self._writer.writerow((*HEADS, *self.heads))
            self.count += 1
            told = [BETWEEN.join(texts) for texts in zip(*reject.causes, strict=True)]
            self._writer.writerow([reject.row, *(safe_cell(text) for text in (*told, *reject.cells))])

    def __exit__(self, kind: object, _error: object, _trace: object) -> None:
        if self._file is None:
            return
        if kind is None:
            with self._kept():
                self._file.close()
                self.part.replace(self.path)
        else:
            self._drop()

    @contextmanager
    def _kept(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._drop()
            raise RejectsNotKept(
                "{path} could not be kept: {strerror}",
                mend="free space on, or the right to write to, {store}",
                path=self.path,
                strerror=error.strerror,
                store=self.path.parent,
            ) from error

    def _drop(self) -> None:
        # On a full disk closing fails too: it still has rows to write.
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
        with suppress(OSError):
            self.part.unlink(missing_ok=True)
