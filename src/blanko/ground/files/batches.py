"""What every kind of table is read into: batches of text, each row with the number that a person sees."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from blanko.kernel.errors import BlankoError

BATCH_ROWS = 32_768
# Of long rows a batch holds fewer, and of bad ones and endless lines nobody holds more than this: memory stays flat.
BATCH_BYTES = 32 << 20
BAD_ROWS_HELD = 4 * BATCH_ROWS
LONGEST_LINE = 16 << 20


class UnreadableFile(BlankoError, ValueError):
    """The file is no table that can be read; nothing of it was used."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that has another number of cells than the heads, or whose quote is never closed."""

    row: int
    text: str
    reason: str
    mend: str


@dataclass(slots=True)
class Batch:
    """Rows of text in the order of ``heads``; ``rows`` their numbers (the heads are row 1); ``done`` from 0 to 1."""

    columns: pa.RecordBatch
    rows: list[int] | range
    bad: list[BadRow]
    done: float


@dataclass(slots=True)
class TableFile:
    """An open table: its format, its heads, and ``batches()``, from the first row each time.

    ``batches(place)`` reads the one column at that place only, at a fraction of the price.
    """

    path: Path
    format: str
    heads: list[str]
    details: str
    batches: Callable[..., Iterator[Batch]] = field(repr=False)


class ReadByLine(UnreadableFile):
    """The file cannot be read in blocks: read it again line by line."""


class UnclosedQuote(ReadByLine):
    """A quote runs on for megabytes."""


def batch_of(block: list[list[str]], names: list[str]) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays(
        [pa.array(column, pa.string()) for column in zip(*block, strict=True)], names=names
    )


def only_at(columns: pa.RecordBatch, place: int | None) -> pa.RecordBatch:
    """The one column at that place, or all of them."""
    return columns if place is None else columns.select([place])


def no_rows(names: list[str]) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.array([], pa.string()) for _ in names], names=names)
