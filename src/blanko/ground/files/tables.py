"""Any table as a stream of batches of text, each row with the number that a person sees in a spreadsheet.

Everything stays text: what a value means is decided by whoever asked for it, so that a leading zero is never lost here.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from blanko.ground.files.batches import BATCH_ROWS, Batch, TableFile, UnreadableFile, batch_of, only_at
from blanko.ground.files.csv_files import open_csv
from blanko.ground.files.rejects import without_causes

# Beyond 15 digits a spreadsheet's number has lost its end: it is shown so that nobody takes it for exact.
EXACT_DIGITS = 15
# Of a wide Parquet file a batch has fewer rows.
CELLS_AT_ONCE = 1 << 20


def open_table(path: Path, *, line_by_line: bool = False, whole_numbers: bool = False) -> TableFile:
    """Open a CSV, XLSX or Parquet file by its content, not by its name. Raises UnreadableFile with the mend.

    Mended rejects are read as the rows that they were. With ``whole_numbers`` a Parquet column of whole numbers without
    a gap stays one (int64) instead of becoming text, for who reads millions.
    ``line_by_line`` joins no lines of a CSV file that stand inside quotes, for a file whose quote is never closed.
    """
    try:
        with open(path, "rb") as file:
            start = file.read(8)
            size = path.stat().st_size
    except OSError as error:
        raise UnreadableFile(
            "{path}: {strerror}", mend="check the path and its rights", path=path, strerror=error.strerror
        ) from None
    if size == 0:
        raise UnreadableFile("{path} is empty", mend="save the table again with its heads in the first row", path=path)
    if start.startswith(b"PK\x03\x04"):
        return without_causes(_open_xlsx(path))
    if start.startswith(b"PAR1"):
        return without_causes(_open_parquet(path, whole_numbers=whole_numbers))
    if start.startswith((b"\xd0\xcf\x11\xe0", b"%PDF", b"\x1f\x8b", b"Rar!")):
        raise UnreadableFile("{path} is no table", mend="save it as CSV, XLSX or Parquet", path=path)
    return without_causes(open_csv(path, size, line_by_line=line_by_line))


def cell_text(value: object) -> str:
    """A spreadsheet's cell as the text that a person sees: whole numbers without .0, dates in ISO, and a number
    of more than 15 digits in E notation, because its last digits are already lost."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, datetime):
        return (
            value.date().isoformat() if (value.hour, value.minute, value.second) == (0, 0, 0) else value.isoformat(" ")
        )
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float | int):
        if abs(value) >= 10**EXACT_DIGITS:
            return f"{value:.14E}"
        return str(int(value)) if float(value).is_integer() else repr(float(value))
    return str(value)


def _open_xlsx(path: Path) -> TableFile:
    import python_calamine

    try:
        book = python_calamine.CalamineWorkbook.from_path(str(path))
        sheet = book.get_sheet_by_index(_first_seen(book.sheets_metadata))
    except Exception as error:  # noqa: BLE001 - the reader raises several kinds for a broken workbook
        raise UnreadableFile(
            "{path} is no workbook that can be read: {error}", mend="save it again as XLSX", path=path, error=error
        ) from None
    # The reader leaves out the empty columns before the first cell, but no rows.
    left = [""] * (sheet.start[1] if sheet.start else 0)
    heads = left + [cell_text(value) for value in next(iter(sheet.iter_rows()), [])]
    while heads and not heads[-1].strip():
        heads.pop()
    if not heads:
        raise UnreadableFile(
            "{path} has no heads in its first row", mend="write the column names in row 1 of the first sheet", path=path
        )
    total = max(1, sheet.height)

    def batches(only: int | None = None) -> Iterator[Batch]:
        names = [f"c{i}" for i in range(len(heads))]
        block: list[list[str]] = []
        numbers: list[int] = []
        # Row by row: as Python's values a sheet is several times as large.
        for at, row in enumerate(sheet.iter_rows(), start=1):
            if at == 1:
                continue
            cells = left + [cell_text(value) for value in row[: len(heads) - len(left)]]
            if not any(cells):
                continue
            block.append(cells + [""] * (len(heads) - len(cells)))
            numbers.append(at)
            if len(block) == BATCH_ROWS:
                yield Batch(only_at(batch_of(block, names), only), numbers, [], at / total)
                block, numbers = [], []
        if block:
            yield Batch(only_at(batch_of(block, names), only), numbers, [], 1.0)

    return TableFile(path, "xlsx", heads, f"XLSX, sheet {sheet.name}", batches)


def _first_seen(sheets: list[Any]) -> int:
    """The place of the first sheet with cells that is not hidden, as a person would open it."""
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    seen = [place for place, sheet in enumerate(sheets) if sheet.typ == SheetTypeEnum.WorkSheet]
    shown = [place for place in seen if sheets[place].visible == SheetVisibleEnum.Visible]
    return (shown or seen or [0])[0]


def _open_parquet(path: Path, *, whole_numbers: bool) -> TableFile:
    try:
        file = pyarrow.parquet.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise UnreadableFile(
            "{path} is a Parquet file that breaks off: {error}", mend="write it again", path=path, error=error
        ) from None
    schema = file.schema_arrow
    for item in schema:
        if pa.types.is_nested(item.type):
            raise UnreadableFile(
                "{path}: column {item} holds {type}",
                mend="give one plain value a cell",
                path=path,
                item=item.name,
                type=item.type,
            )
    total = max(1, file.metadata.num_rows)
    rows_at_once = max(100, min(BATCH_ROWS, CELLS_AT_ONCE // max(1, len(schema))))

    def batches(only: int | None = None) -> Iterator[Batch]:
        at = 2
        wanted = None if only is None else [schema.names[only]]
        try:
            for batch in file.iter_batches(batch_size=rows_at_once, columns=wanted):
                columns = [
                    column.cast(pa.int64()) if whole_numbers and _is_whole(column) else pc_text(column)
                    for column in batch.columns
                ]
                names = [f"c{i}" for i in range(len(columns))]
                rows = range(at, at + batch.num_rows)
                at += batch.num_rows
                yield Batch(pa.RecordBatch.from_arrays(columns, names=names), rows, [], (at - 2) / total)
        except (pa.ArrowException, OSError) as error:
            raise UnreadableFile(
                "{path} is a Parquet file that breaks off: {error}", mend="write it again", path=path, error=error
            ) from None

    return TableFile(path, "parquet", list(schema.names), f"Parquet, {total:,} rows", batches)


def _is_whole(column: pa.Array) -> bool:
    return pa.types.is_integer(column.type) and column.type != pa.uint64() and not column.null_count


def pc_text(column: pa.Array) -> pa.Array:
    """A Parquet column as text, nothing for null; whole floats without .0."""
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.date32(), safe=False)
    if pa.types.is_floating(column.type):
        return pa.array(["" if value is None else cell_text(value) for value in column.to_pylist()], pa.string())
    text = pc.fill_null(column.cast(pa.string()), "")
    # Nothing in a Parquet file says that its text is UTF-8.
    text.validate(full=True)
    return text
