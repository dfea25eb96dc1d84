"""A count's sheet as a CSV, XLSX or Parquet file: what was seen, and in which condition."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from blanko.cards.counting.rules import MalformedCount, Reason, Refused
from blanko.ground.files.batches import UnreadableFile
from blanko.ground.files.headers import map_heads
from blanko.ground.files.tables import open_table

NAMES = {
    "seen": ("box", "serial", "blank", "dus", "dus atau nomor", "nomor", "nomor seri", "terlihat"),
    "condition": ("kondisi", "keadaan"),
}


class SheetRows(NamedTuple):
    """The rows of a sheet as text, and their numbers as a spreadsheet shows them (the heads are row 1)."""

    rows: list[tuple[str, str]]
    numbers: list[int]


def read_sheet(path: Path) -> SheetRows:
    """The rows of a file, in order. Raises UnreadableFile, and MalformedCount for rows with too many or few cells."""
    table = open_table(path)
    columns = map_heads(table.heads, NAMES)
    if "seen" not in columns.columns or columns.repeated:
        raise UnreadableFile(
            "{path} is no sheet of a count", mend="give it the heads seen and condition, each once", path=path.name
        )
    rows: list[tuple[str, str]] = []
    numbers: list[int] = []
    refused: list[Refused] = []
    for batch in table.batches():
        cells = {name: batch.columns.column(place).to_pylist() for name, place in columns.columns.items()}
        conditions = cells.get("condition", [""] * len(batch.rows))
        for number, seen, state in zip(batch.rows, cells["seen"], conditions, strict=True):
            # A line without any cell is no row.
            if seen or state:
                rows.append((seen or "", state or ""))
                numbers.append(number)
        refused += [Refused(bad.row, bad.text[:80], Reason.WRONG_CELLS) for bad in batch.bad]
    if refused:
        raise MalformedCount(refused)
    return SheetRows(rows, numbers)
