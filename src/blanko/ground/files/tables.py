"""Any table as a stream of batches of text, each row with the number that a person sees in a spreadsheet.

Everything stays text: what a value means is decided by whoever asked for it, so that a leading zero is never lost here.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from blanko.kernel.errors import BlankoError

BLOCK_BYTES = 4 << 20
BATCH_ROWS = 65_536
# Beyond 15 digits a spreadsheet's number has lost its end: it is shown so that nobody takes it for exact.
EXACT_DIGITS = 15


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
    """An open table: its format, its heads, and ``batches()`` once."""

    path: Path
    format: str
    heads: list[str]
    details: str
    batches: Callable[[], Iterator[Batch]] = field(repr=False)


def open_table(path: Path, *, quoting: bool = True) -> TableFile:
    """Open a CSV, XLSX or Parquet file by its content, not by its name. Raises UnreadableFile with the mend.

    ``quoting=False`` reads a CSV line by line without joining lines inside quotes, for a file whose quote is never
    closed.
    """
    try:
        with open(path, "rb") as file:
            start = file.read(8)
            size = path.stat().st_size
    except OSError as error:
        raise UnreadableFile(f"{path}: {error.strerror}", mend="check the path and its rights") from None
    if size == 0:
        raise UnreadableFile(f"{path} is empty", mend="save the table again with its heads in the first row")
    if start.startswith(b"PK\x03\x04"):
        return _open_xlsx(path)
    if start.startswith(b"PAR1"):
        return _open_parquet(path)
    if start.startswith((b"\xd0\xcf\x11\xe0", b"%PDF", b"\x1f\x8b", b"Rar!")):
        raise UnreadableFile(f"{path} is no table", mend="save it as CSV, XLSX or Parquet")
    return _open_csv(path, size, quoting=quoting)


# CSV -----------------------------------------------------------------------------------------------------------------


def _encoding(path: Path) -> str:
    """UTF-8 (with or without a mark), UTF-16 by its mark, else Windows-1252 as offices save it, in its widest form."""
    with open(path, "rb") as file:
        first = file.read(1 << 16)
        if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            decoder.decode(first)
            while chunk := file.read(1 << 20):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
            return "utf-8"
        except UnicodeDecodeError:
            pass
        file.seek(0)
        windows = codecs.getincrementaldecoder("cp1252")()
        try:
            while chunk := file.read(1 << 20):
                windows.decode(chunk)
            return "cp1252"
        except UnicodeDecodeError:
            # Five bytes mean nothing in Windows-1252; as Latin-1 they become control characters, which rows are refused
            # for.
            return "latin-1"


def _first_line(path: Path, encoding: str) -> str:
    with open(path, encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline="") as file:
        return file.readline(1 << 20)


def _open_csv(path: Path, size: int, *, quoting: bool) -> TableFile:
    encoding = _encoding(path)
    try:
        line = _first_line(path, encoding)
    except UnicodeError:
        raise UnreadableFile(f"{path} breaks off inside a character", mend="save it again as UTF-8") from None
    if "\0" in line:
        raise UnreadableFile(f"{path} is no text", mend="save it as CSV in UTF-8, or as XLSX")
    delimiter = max(",;\t", key=line.count)
    heads = next(csv.reader(io.StringIO(line), delimiter=delimiter), [])
    if not any(head.strip() for head in heads):
        raise UnreadableFile(f"{path} has no heads in its first row", mend="write the column names in the first row")
    names = {",": "comma", ";": "semicolon", "\t": "tab"}
    details = f"CSV, {names[delimiter]}, {'Windows-1252' if encoding == 'cp1252' else encoding.upper()}"

    def batches() -> Iterator[Batch]:
        yield from _csv_batches(path, size, encoding, delimiter, heads, quoting)

    return TableFile(path, "csv", heads, details, batches)


def _csv_batches(
    path: Path, size: int, encoding: str, delimiter: str, heads: list[str], quoting: bool
) -> Iterator[Batch]:
    bad: list[BadRow] = []
    # All of them to the end: the reader looks ahead, so that a bad row may belong to a later batch.
    skipped: set[int] = set()

    def keep_bad(row: pyarrow.csv.InvalidRow) -> str:
        reason, mend = "wrong_cell_count", f"give it {row.expected_columns} cells; it has {row.actual_columns}"
        if "\n" in row.text.strip():
            reason, mend = "unclosed_quote", "close the quote, or double a quote inside a quoted cell"
        skipped.add(row.number or 0)
        bad.append(BadRow(row.number or 0, row.text, reason, mend))
        return "skip"

    names = [f"c{i}" for i in range(len(heads))]
    with open(path, "rb") as file:
        reader = _csv_reader(file, path, encoding, delimiter, names, quoting, keep_bad)
        if reader is None:
            return
        at = 2
        while True:
            try:
                batch = reader.read_next_batch()
            except StopIteration:
                break
            except pa.ArrowInvalid as error:
                if "straddling" in str(error) and quoting:
                    raise UnclosedQuote(f"{path} has a quote that is never closed", mend="close it") from None
                raise UnreadableFile(f"{path}: {error}", mend="save the table again") from None
            except UnicodeError:
                raise UnreadableFile(f"{path} breaks off inside a character", mend="save it again as UTF-8") from None
            rows, at = _numbers(at, batch.num_rows, skipped)
            done = min(1.0, file.tell() / size)
            told, recovered = _recovered(bad, names, delimiter)
            bad.clear()
            yield Batch(batch, rows, told, done)
            if recovered is not None:
                yield recovered
        told, recovered = _recovered(bad, names, delimiter)
        if told:
            yield Batch(_no_rows(names), [], told, 1.0)
        if recovered is not None:
            yield recovered


def _csv_reader(
    file: IO[bytes], path: Path, encoding: str, delimiter: str, names: list[str], quoting: bool,
    keep_bad: Callable[[pyarrow.csv.InvalidRow], str],
) -> pyarrow.csv.CSVStreamingReader | None:  # fmt: skip
    """A reader of text columns, or None when nothing stands under the heads."""
    try:
        return pyarrow.csv.open_csv(
            file,
            read_options=pyarrow.csv.ReadOptions(
                use_threads=False, block_size=BLOCK_BYTES, encoding=encoding, column_names=names, skip_rows=1
            ),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=delimiter,
                quote_char='"' if quoting else False,
                newlines_in_values=quoting,
                invalid_row_handler=keep_bad,
                ignore_empty_lines=False,
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False, check_utf8=False
            ),
        )
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error):
            return None
        if "straddling" in str(error) and quoting:
            raise UnclosedQuote(f"{path} has a quote that is never closed", mend="close it") from None
        raise UnreadableFile(f"{path}: {error}", mend="save the table again") from None
    except StopIteration:
        return None


class UnclosedQuote(UnreadableFile):
    """A quote runs on for megabytes: read the file again line by line."""


def _recovered(bad: list[BadRow], names: list[str], delimiter: str) -> tuple[list[BadRow], Batch | None]:
    """A quote that is never closed swallows the lines after it: refuse its own line, and read the others as rows."""
    told: list[BadRow] = []
    rows: list[int] = []
    block: list[list[str]] = []
    for row in bad:
        if row.reason != "unclosed_quote":
            told.append(row)
            continue
        first, *others = row.text.splitlines()
        told.append(BadRow(row.row, first, row.reason, row.mend))
        for number, line in enumerate(others, start=row.row + 1):
            cells = next(csv.reader([line], delimiter=delimiter), [])
            if len(cells) == len(names):
                rows.append(number)
                block.append(cells)
            elif cells:
                told.append(
                    BadRow(number, line, "wrong_cell_count", f"give it {len(names)} cells; it has {len(cells)}")
                )
    return told, Batch(_batch(block, names), rows, [], 1.0) if block else None


def _no_rows(names: list[str]) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.array([], pa.string()) for _ in names], names=names)


def _numbers(at: int, count: int, skip: set[int]) -> tuple[list[int] | range, int]:
    """Numbers of ``count`` good rows from ``at`` on, stepping over the bad ones, and where the next batch starts."""
    if not any(at <= number < at + count + len(skip) for number in skip):
        return range(at, at + count), at + count
    rows: list[int] = []
    while len(rows) < count:
        if at not in skip:
            rows.append(at)
        at += 1
    while at in skip:
        at += 1
    return rows, at


# XLSX and Parquet ----------------------------------------------------------------------------------------------------


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
        sheet = book.get_sheet_by_index(0)
    except Exception as error:  # noqa: BLE001 - the reader raises several kinds for a broken workbook
        raise UnreadableFile(f"{path} is no workbook that can be read: {error}", mend="save it again as XLSX") from None
    rows = iter(sheet.to_python(skip_empty_area=False))
    first = next(rows, None)
    heads = [cell_text(value) for value in first] if first else []
    while heads and not heads[-1].strip():
        heads.pop()
    if not heads:
        raise UnreadableFile(
            f"{path} has no heads in its first row", mend="write the column names in row 1 of the first sheet"
        )
    total = max(1, sheet.height)

    def batches() -> Iterator[Batch]:
        names = [f"c{i}" for i in range(len(heads))]
        at, block, numbers = 1, [], []
        for row in rows:
            at += 1
            cells = [cell_text(value) for value in row[: len(heads)]]
            if not any(cells):
                continue
            block.append(cells + [""] * (len(heads) - len(cells)))
            numbers.append(at)
            if len(block) == BATCH_ROWS:
                yield Batch(_batch(block, names), numbers, [], at / total)
                block, numbers = [], []
        if block:
            yield Batch(_batch(block, names), numbers, [], 1.0)

    return TableFile(path, "xlsx", heads, f"XLSX, sheet {sheet.name}", batches)


def _batch(block: list[list[str]], names: list[str]) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays(
        [pa.array(column, pa.string()) for column in zip(*block, strict=True)], names=names
    )


def _open_parquet(path: Path) -> TableFile:
    try:
        file = pyarrow.parquet.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise UnreadableFile(f"{path} is a Parquet file that breaks off: {error}", mend="write it again") from None
    schema = file.schema_arrow
    for item in schema:
        if pa.types.is_nested(item.type):
            raise UnreadableFile(f"{path}: column {item.name} holds {item.type}", mend="give one plain value a cell")
    total = max(1, file.metadata.num_rows)

    def batches() -> Iterator[Batch]:
        at = 2
        try:
            for batch in file.iter_batches(batch_size=BATCH_ROWS):
                columns = [pc_text(column) for column in batch.columns]
                names = [f"c{i}" for i in range(len(columns))]
                rows = range(at, at + batch.num_rows)
                at += batch.num_rows
                yield Batch(pa.RecordBatch.from_arrays(columns, names=names), rows, [], (at - 2) / total)
        except (pa.ArrowException, OSError) as error:
            raise UnreadableFile(f"{path} is a Parquet file that breaks off: {error}", mend="write it again") from None

    return TableFile(path, "parquet", list(schema.names), f"Parquet, {total:,} rows", batches)


def pc_text(column: pa.Array) -> pa.Array:
    """A Parquet column as text, nothing for null; whole floats without .0."""
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.date32(), safe=False)
    if pa.types.is_floating(column.type):
        return pa.array(["" if value is None else cell_text(value) for value in column.to_pylist()], pa.string())
    return pc.fill_null(column.cast(pa.string()), "")
