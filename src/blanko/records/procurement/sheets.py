"""Lists that belong to a contract, from a CSV, XLSX or Parquet file: its schedule, its price breaks, its material.

Half a schedule would be another schedule: a list with one wrong cell is refused whole, and every such cell is named.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from blanko.ground.files.batches import ReadByLine, TableFile, UnreadableFile
from blanko.ground.files.headers import map_heads
from blanko.ground.files.rejects import Cause
from blanko.ground.files.tables import open_table
from blanko.kernel.errors import BlankoError, InvalidValue
from blanko.records.procurement import material, notices
from blanko.records.procurement.rules import Stage

ROWS_MAX: Final = 5_000
# Of many wrong cells the message names the first; all stand in the error.
COUNT_MAX: Final = 10**15


class BadSheet(InvalidValue):
    """A list of a contract has cells that cannot be what they should be; ``causes`` names each with its row."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """Heads by column, those that must be there, and how a cell is read: None for what it cannot be."""

    heads: Mapping[str, tuple[str, ...]]
    needed: tuple[str, ...]
    readers: Mapping[str, tuple[Callable[[str], Any], str, str]]


def _count(text: str) -> int | None:
    found = re.fullmatch(r"[0-9]{1,3}(?:[.,][0-9]{3})+|[0-9]{1,15}", text)
    value = int(re.sub("[.,]", "", text)) if found else 0
    return value if 0 < value <= COUNT_MAX else None


def _days(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,4}", text) else None


def _price(text: str) -> int | None:
    return notices.rupiah(text) or None


def _stage(text: str) -> str | None:
    return text if text in set(Stage) else None


_COUNTED = (_count, "not_a_count", "write a whole number above 0")
SCHEDULE: Final = Sheet(
    heads={
        "due_on": ("jatuh tempo", "tanggal kirim", "tgl_kirim", "tanggal", "batas waktu"),
        "quantity": ("jumlah", "jumlah blanko", "blanko", "kuantitas", "blanks"),
    },
    needed=("due_on", "quantity"),
    readers={
        "due_on": (notices.day, "no_date", "write the day as YYYY-MM-DD or DD-MM-YYYY"),
        "quantity": _COUNTED,
    },
)  # fmt: skip
PRICES: Final = Sheet(
    heads={
        "from_quantity": ("mulai jumlah", "dari jumlah", "jumlah minimal", "minimal"),
        "unit_price_idr": ("harga satuan", "harga", "unit price"),
    },
    needed=("from_quantity", "unit_price_idr"),
    readers={
        "from_quantity": _COUNTED,
        "unit_price_idr": (_price, "no_amount", "write whole rupiah above 0"),
    },
)  # fmt: skip
MATERIAL: Final = Sheet(
    heads={
        "part": ("bagian", "komponen"), "title": ("nama", "nama bagian", "uraian"),
        "country": ("negara", "kode negara", "asal"), "stage": ("tahap",),
        "lead_days": ("hari", "lama hari", "waktu hari", "days"), "needs": ("butuh", "membutuhkan", "perlu"),
        "source": ("sumber",),
    },
    needed=("part", "country", "stage", "lead_days"),
    readers={
        "country": (
            lambda text: text if re.fullmatch("[A-Z]{2}", text) else None, "no_country",
            "write two capital letters of ISO 3166; ZZ is abroad, not published",
        ),
        "stage": (_stage, "no_stage", "use the code of a stage, such as chips_arrived or shipped"),
        "lead_days": (_days, "not_a_count", "write whole days from 0 up"),
    },
)  # fmt: skip


def schedule(path: Path, *, name: str | None = None) -> list[tuple[date, int]]:
    """Deliveries (due day, blanks) from a file. Raises UnreadableFile, BadSheet with every wrong cell."""
    return [(row["due_on"], row["quantity"]) for _, row in read(path, SCHEDULE, name)]


def price_breaks(path: Path, *, name: str | None = None) -> list[tuple[int, int]]:
    """Price breaks (from so many blanks, rupiah) from a file. Raises UnreadableFile, BadSheet."""
    return [(row["from_quantity"], row["unit_price_idr"]) for _, row in read(path, PRICES, name)]


def parts(path: Path, *, name: str | None = None) -> list[material.Part]:
    """What cards are made of, from a file; the needs of a part stand between commas or semicolons.

    Raises UnreadableFile, BadSheet, and MaterialCycle, UnknownPart or PartTwice with the row.
    """
    rows = list(read(path, MATERIAL, name))
    found = [
        material.Part(
            row["part"], row.get("title") or row["part"], row["country"], row["stage"], row["lead_days"],
            tuple(need for need in re.split(r"\s*[,;]\s*", row.get("needs", "")) if need), row.get("source", ""),
        )
        for _, row in rows
    ]  # fmt: skip
    try:
        material.in_order(found)
    except (material.MaterialCycle, material.UnknownPart, material.PartTwice, material.BadPart) as error:
        # The last row of that name: of a part that stands twice the second is the one too many.
        named = str(error.values.get("path", error.values.get("part", ""))).partition(" -> ")[0].strip("'")
        at = next((number for number, row in reversed(rows) if row["part"] == named), 0)
        column = "part" if isinstance(error, material.PartTwice | material.BadPart) else "needs"
        value = next((str(row.get(column) or "") for number, row in rows if number == at), "")
        raise type(error)(
            f"row {{row}}: {error.message}", mend=error.mend_message, row=at,
            causes=[(at, Cause(column, value, error.code, error.mend))], **error.values,
        ) from None  # fmt: skip
    return found


def read(path: Path, sheet: Sheet, name: str | None) -> list[tuple[int, dict[str, Any]]]:
    """Rows of a list with their numbers, each cell read. Raises UnreadableFile, BadSheet with every wrong cell."""
    shown = name or path.name
    try:
        table = open_table(path)
        try:
            return _rows(table, sheet, shown)
        except ReadByLine:
            return _rows(open_table(path, line_by_line=True), sheet, shown)
    except UnreadableFile as error:
        raise type(error)(error.message, mend=error.mend_message, **{**error.values, "path": shown}) from error


def _rows(table: TableFile, sheet: Sheet, shown: str) -> list[tuple[int, dict[str, Any]]]:
    mapping = map_heads(table.heads, sheet.heads)
    missing = [column for column in sheet.needed if column not in mapping.columns]
    if missing or mapping.repeated:
        raise BadSheet(
            "{path} lacks the columns {listed}" if missing else "{path} has two heads for {listed}",
            mend="use the heads {heads}", path=shown, listed=", ".join(missing or mapping.repeated),
            heads=", ".join(sheet.heads),
        )  # fmt: skip
    found: list[tuple[int, dict[str, Any]]] = []
    causes: list[tuple[int, Cause]] = []
    for number, cells in _cells(table, causes):
        row = {column: cells[place].strip() for column, place in mapping.columns.items()}
        if not any(row.values()):
            continue
        found.append((number, {column: _value(sheet, column, text, number, causes) for column, text in row.items()}))
    if len(found) > ROWS_MAX:
        causes.append((found[ROWS_MAX][0], Cause("", "", "too_many_rows", f"a list has at most {ROWS_MAX:,} rows")))
    if not found and not causes:
        raise BadSheet("{path} has no row", mend="write at least one", path=shown)
    if causes:
        row_no, first = min(causes, key=lambda item: item[0])
        raise BadSheet(
            "{path}, row {row}: {column} cannot be {value} ({count} wrong cells)", mend=first.mend, path=shown,
            row=row_no, column=first.column or "row", value=repr(first.value),
            count=len(causes), causes=sorted(causes),
        )  # fmt: skip
    return found


def _cells(table: TableFile, causes: list[tuple[int, Cause]]) -> Iterator[tuple[int, tuple[str, ...]]]:
    for batch in table.batches():
        causes += [(bad.row, Cause("", bad.text[:200], bad.reason, bad.mend)) for bad in batch.bad]
        columns = [column.to_pylist() for column in batch.columns.columns]
        for number, *cells in zip(batch.rows, *columns, strict=True):
            yield int(number), tuple(cell or "" for cell in cells)


def _value(sheet: Sheet, column: str, text: str, row: int, causes: list[tuple[int, Cause]]) -> Any:
    if not text.isprintable():
        causes.append((row, Cause(column, text, "control_character", "write it without what cannot be seen")))
    if not text and column in sheet.needed:
        causes.append((row, Cause(column, "", "missing", "fill this cell")))
        return None
    if column not in sheet.readers:
        return text
    if not text:
        # An empty cell that need not be filled says nothing.
        return None
    reader, reason, mend = sheet.readers[column]
    value = reader(text)
    if value is None:
        causes.append((row, Cause(column, text, reason, mend)))
    return value


def causes_of(error: BlankoError) -> list[dict[str, Any]]:
    """The wrong cells behind an error, for a door: row, column, value, reason, mend. Empty where there are none."""
    return [{"row": row, **cause._asdict()} for row, cause in error.causes]
