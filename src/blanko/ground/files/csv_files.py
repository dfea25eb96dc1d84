"""CSV in any of the ways that offices save it: comma, semicolon or tab; UTF-8, UTF-16 or Windows-1252."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.csv

from blanko.ground.files.batches import (
    BATCH_ROWS,
    BadRow,
    Batch,
    TableFile,
    UnclosedQuote,
    UnreadableFile,
    batch_of,
    no_rows,
    only_at,
)

# Arrow reads up to 32 blocks ahead of its reader: small blocks keep memory flat, and are joined to batches that are
# worth their overhead.
BLOCK_BYTES = 1 << 20


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


def open_csv(path: Path, size: int, *, line_by_line: bool) -> TableFile:
    """Open a CSV file. ``line_by_line`` takes no line break for a part of a cell. Raises UnreadableFile."""
    encoding = _encoding(path)
    try:
        line = _first_line(path, encoding)
    except UnicodeError:
        raise UnreadableFile("{path} breaks off inside a character", mend="save it again as UTF-8", path=path) from None
    if "\0" in line:
        raise UnreadableFile("{path} is no text", mend="save it as CSV in UTF-8, or as XLSX", path=path)
    delimiter = max(",;\t", key=line.count)
    heads = next(csv.reader(io.StringIO(line), delimiter=delimiter), [])
    if not any(head.strip() for head in heads):
        raise UnreadableFile(
            "{path} has no heads in its first row", mend="write the column names in the first row", path=path
        )
    names = {",": "comma", ";": "semicolon", "\t": "tab"}
    details = f"CSV, {names[delimiter]}, {'Windows-1252' if encoding == 'cp1252' else encoding.upper()}"

    def batches(only: int | None = None) -> Iterator[Batch]:
        if line_by_line:
            yield from _lines(path, size, encoding, delimiter, heads, only)
        else:
            yield from _joined(_csv_batches(path, size, encoding, delimiter, heads, only))

    return TableFile(path, "csv", heads, details, batches)


def _csv_batches(
    path: Path, size: int, encoding: str, delimiter: str, heads: list[str], only: int | None
) -> Iterator[Batch]:
    bad: list[BadRow] = []
    # All of them to the end: the reader looks ahead, so that a bad row may belong to a later batch.
    skipped: set[int] = set()

    def keep_bad(row: pyarrow.csv.InvalidRow) -> str:
        reason, mend = "wrong_cell_count", _cell_count(row.expected_columns, row.actual_columns)
        if "\n" in row.text.strip():
            reason, mend = "unclosed_quote", "close the quote, or double a quote inside a quoted cell"
        skipped.add(row.number or 0)
        bad.append(BadRow(row.number or 0, row.text, reason, mend))
        return "skip"

    names = [f"c{i}" for i in range(len(heads))]
    with open(path, "rb") as file:
        reader = _csv_reader(file, path, encoding, delimiter, names, keep_bad, only)
        if reader is None:
            return
        at = 2
        while True:
            try:
                batch = reader.read_next_batch()
            except StopIteration:
                break
            except pa.ArrowInvalid as error:
                if "straddling" in str(error):
                    raise UnclosedQuote("{path} has a quote that is never closed", mend="close it", path=path) from None
                raise UnreadableFile("{path}: {error}", mend="save the table again", path=path, error=error) from None
            except UnicodeError:
                raise UnreadableFile(
                    "{path} breaks off inside a character", mend="save it again as UTF-8", path=path
                ) from None
            rows, at = _numbers(at, batch.num_rows, skipped)
            done = min(1.0, file.tell() / size)
            told, recovered = _recovered(bad, names, delimiter, only)
            bad.clear()
            yield Batch(batch, rows, told, done)
            if recovered is not None:
                yield recovered
        told, recovered = _recovered(bad, names, delimiter, only)
        if told:
            yield Batch(no_rows(names), [], told, 1.0)
        if recovered is not None:
            yield recovered


def _joined(batches: Iterator[Batch]) -> Iterator[Batch]:
    """Small batches as larger ones, of at least ``BATCH_ROWS`` rows but for the last."""
    waiting: list[Batch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(len(item.rows) for item in waiting) >= BATCH_ROWS:
            yield _one(waiting)
            waiting = []
    if waiting:
        yield _one(waiting)


def _one(batches: list[Batch]) -> Batch:
    return Batch(
        pa.concat_batches([batch.columns for batch in batches]),
        [row for batch in batches for row in batch.rows],
        [bad for batch in batches for bad in batch.bad],
        batches[-1].done,
    )


def _csv_reader(
    file: IO[bytes], path: Path, encoding: str, delimiter: str, names: list[str],
    keep_bad: Callable[[pyarrow.csv.InvalidRow], str], only: int | None,
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
                newlines_in_values=True,
                invalid_row_handler=keep_bad,
                ignore_empty_lines=False,
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=False,
                check_utf8=False,
                include_columns=None if only is None else [names[only]],
            ),
        )
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error):
            return None
        if "straddling" in str(error):
            raise UnclosedQuote("{path} has a quote that is never closed", mend="close it", path=path) from None
        raise UnreadableFile("{path}: {error}", mend="save the table again", path=path, error=error) from None
    except StopIteration:
        return None


def _recovered(
    bad: list[BadRow], names: list[str], delimiter: str, only: int | None
) -> tuple[list[BadRow], Batch | None]:
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
                told.append(BadRow(number, line, "wrong_cell_count", _cell_count(len(names), len(cells))))
    return told, Batch(only_at(batch_of(block, names), only), rows, [], 1.0) if block else None


def _lines(path: Path, size: int, encoding: str, delimiter: str, heads: list[str], only: int | None) -> Iterator[Batch]:
    """Every line a row, at the pace of Python: for a file whose quote is never closed. A line with one is refused."""
    names = [f"c{i}" for i in range(len(heads))]
    rows: list[int] = []
    block: list[list[str]] = []
    bad: list[BadRow] = []
    with open(path, "rb") as raw:
        text = io.TextIOWrapper(raw, encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline=None)
        for number, line in enumerate(text, start=1):
            if number == 1:
                continue
            whole = line.rstrip("\n")
            if whole.count('"') % 2:
                mend = "close the quote, or double a quote inside a quoted cell"
                bad.append(BadRow(number, whole, "unclosed_quote", mend))
                continue
            cells = next(csv.reader([whole], delimiter=delimiter), [])
            if len(cells) == len(names):
                rows.append(number)
                block.append(cells)
            elif cells:
                bad.append(BadRow(number, whole, "wrong_cell_count", _cell_count(len(names), len(cells))))
            if len(rows) + len(bad) >= BATCH_ROWS:
                columns = batch_of(block, names) if block else no_rows(names)
                yield Batch(only_at(columns, only), rows, bad, min(1.0, raw.tell() / size))
                rows, block, bad = [], [], []
    columns = batch_of(block, names) if block else no_rows(names)
    yield Batch(only_at(columns, only), rows, bad, 1.0)


def _cell_count(expected: int, found: int) -> str:
    return f"give it {expected} cells; it has {found}"


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
