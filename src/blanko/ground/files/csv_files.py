"""CSV in any of the ways that offices save it: comma, semicolon or tab; UTF-8, UTF-16 or Windows-1252."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from blanko.ground.files.batches import (
    BAD_ROWS_HELD,
    BATCH_BYTES,
    BATCH_ROWS,
    LONGEST_LINE,
    BadRow,
    Batch,
    ReadByLine,
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
HEADS_LONGEST = 1 << 20
LINE_END = re.compile(r"\r\n|\r|\n")
CLOSE_QUOTE = "close the quote, or double a quote inside a quoted cell"
# A long cell is refused with its row by whoever reads it; Python's own limit would refuse the file.
csv.field_size_limit(LONGEST_LINE)


BROKEN: Final = "utf-8, broken"
"""UTF-8 in which some bytes are none: read as what it is, with a mark where a character was lost."""
LOST: Final = "\x1a"
"""Unicode's SUBSTITUTE, for what cannot be read. As a control character it has its row refused, and no other."""


def _lost(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return LOST, error.end


codecs.register_error("blanko.lost", _lost)


def _encoding(path: Path) -> str:
    """UTF-8 (with or without a mark), UTF-16 by its mark, else Windows-1252 as offices save it, in its widest form.

    A file in which more characters are UTF-8 than bytes are not is UTF-8 with broken bytes, and so is one that says so
    by its mark: another reading would spoil every name in it without a word.
    """
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
        if first.startswith(codecs.BOM_UTF8) or _mostly_utf8(file):
            return BROKEN
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


def _mostly_utf8(file: IO[bytes]) -> bool:
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")("blanko.lost")
    whole = lost = 0
    while True:
        chunk = file.read(1 << 20)
        text = decoder.decode(chunk, final=not chunk)
        lost += text.count(LOST)
        whole += len(text) - len(text.encode("ascii", "ignore"))
        if not chunk:
            return whole > lost


class _Mended(io.RawIOBase):
    """A file of broken UTF-8 as whole UTF-8, with LOST where a character was."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._held = file, b""
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("blanko.lost")

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Up to ``size`` bytes; none at the end."""
        parts, held = [self._held], len(self._held)
        while size < 0 or held < size:
            chunk = self._file.read(BLOCK_BYTES)
            parts.append(self._decoder.decode(chunk, final=not chunk).encode())
            held += len(parts[-1])
            if not chunk:
                break
        whole = b"".join(parts)
        cut = len(whole) if size < 0 else size
        self._held = whole[cut:]
        return whole[:cut]


def _text(file: IO[bytes], encoding: str, *, newline: str | None) -> io.TextIOWrapper:
    if encoding == BROKEN:
        return io.TextIOWrapper(file, encoding="utf-8-sig", errors="blanko.lost", newline=newline)
    return io.TextIOWrapper(file, encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline=newline)


def _head_lines(path: Path, encoding: str) -> list[str]:
    """The lines of the heads: one, or more when a head in quotes has a line break."""
    with open(path, "rb") as raw:
        file = _text(raw, encoding, newline="")
        lines = [file.readline(HEADS_LONGEST)]
        while sum(line.count('"') for line in lines) % 2 and sum(map(len, lines)) < HEADS_LONGEST:
            line = file.readline(HEADS_LONGEST)
            if not line:
                break
            lines.append(line)
    whole = "".join(lines)
    # A quote inside a head opens nothing, and one that is never closed ends with its line.
    return lines[:1] if _runs_on(whole, _delimiter(whole)) else lines


def _delimiter(heads: str) -> str:
    outside = re.sub(r'"[^"]*"', "", heads)
    return max(",;\t", key=outside.count)


def open_csv(path: Path, size: int, *, line_by_line: bool) -> TableFile:
    """Open a CSV file. ``line_by_line`` takes no line break for a part of a cell. Raises UnreadableFile."""
    encoding = _encoding(path)
    try:
        lines = _head_lines(path, encoding)
    except UnicodeError:
        raise UnreadableFile("{path} breaks off inside a character", mend="save it again as UTF-8", path=path) from None
    line = "".join(lines)
    if "\0" in line:
        raise UnreadableFile("{path} is no text", mend="save it as CSV in UTF-8, or as XLSX", path=path)
    delimiter = _delimiter(line)
    heads = next(csv.reader(io.StringIO(line, newline=""), delimiter=delimiter), [])
    if len(line) >= HEADS_LONGEST or not any(head.strip() for head in heads):
        raise UnreadableFile(
            "{path} has no heads in its first row", mend="write the column names in the first row", path=path
        )
    names = {",": "comma", ";": "semicolon", "\t": "tab"}
    told = {"cp1252": "Windows-1252", BROKEN: "UTF-8 with broken characters"}.get(encoding, encoding.upper())
    details = f"CSV, {names[delimiter]}, {told}"

    def batches(only: int | None = None) -> Iterator[Batch]:
        read = _lines if line_by_line else _blocks
        try:
            for batch in _joined(read(path, size, encoding, delimiter, heads, len(lines), only)):
                if not line_by_line and only is None and _holds_a_row(batch.columns, delimiter):
                    raise UnclosedQuote("{path} has a quote that is never closed", mend="close it", path=path)
                yield batch
        except UnicodeError:
            raise UnreadableFile(
                "{path} breaks off inside a character", mend="save it again as UTF-8", path=path
            ) from None

    return TableFile(path, "csv", heads, details, batches)


class _Numbers:
    """The rows' numbers. A bad row takes one too; an open quote takes those of all lines that it swallowed."""

    def __init__(self) -> None:
        # As Arrow counts, and how many lines it has counted as one: of the next good row, and of the next bad one.
        self._next, self._shift, self._shift_ahead = 2, 0, 0
        self._bad: deque[tuple[int, int]] = deque()

    def bad(self, number: int, lines: int) -> int:
        """The number of a bad row. The reader looks ahead: it may belong to a later batch."""
        self._bad.append((number, lines))
        shown = number + self._shift_ahead
        self._shift_ahead += lines - 1
        return shown

    def good(self, count: int) -> list[int] | range:
        """The numbers of the next ``count`` good rows."""
        rows: list[int] | range = range(0)
        while count:
            while self._bad and self._bad[0][0] == self._next:
                self._shift += self._bad.popleft()[1] - 1
                self._next += 1
            run = min(count, self._bad[0][0] - self._next) if self._bad else count
            numbers = range(self._next + self._shift, self._next + self._shift + run)
            rows = [*rows, *numbers] if rows else numbers
            self._next += run
            count -= run
        return rows


class _BadRows:
    """The rows that are no row of the table, kept until a batch takes them along."""

    def __init__(self, path: Path, delimiter: str, head_lines: int) -> None:
        self._path, self._delimiter, self._head_lines = path, delimiter, head_lines
        self._waiting: deque[BadRow] = deque()
        self.numbers = _Numbers()

    def keep(self, row: pyarrow.csv.InvalidRow) -> str:
        """What Arrow does with the row: skip it. Blocks without any row bring no batch, so that there is an end."""
        # Arrow counts the heads' lines, a person their one row.
        number = (row.number or 0) - self._head_lines + 1
        if _runs_on(row.text, self._delimiter):
            number = self.numbers.bad(number, len(LINE_END.split(row.text.rstrip("\r\n"))))
            self._waiting.append(BadRow(number, row.text, "unclosed_quote", CLOSE_QUOTE))
        else:
            mend = _cell_count(row.expected_columns, row.actual_columns)
            self._waiting.append(BadRow(self.numbers.bad(number, 1), row.text, "wrong_cell_count", mend))
        return "skip" if len(self._waiting) < BAD_ROWS_HELD else "error"

    def take(self) -> list[BadRow]:
        """Those that are there. Arrow tells them from a thread of its own, and may go on meanwhile."""
        return [self._waiting.popleft() for _ in range(len(self._waiting))]

    def refusal(self, error: pa.ArrowInvalid) -> UnreadableFile:
        if len(self._waiting) >= BAD_ROWS_HELD:
            return ReadByLine("{path}: {error}", mend="save the table again", path=self._path, error=error)
        if "straddling" in str(error):
            return UnclosedQuote("{path} has a quote that is never closed", mend="close it", path=self._path)
        return UnreadableFile("{path}: {error}", mend="save the table again", path=self._path, error=error)


def _blocks(
    path: Path, size: int, encoding: str, delimiter: str, heads: list[str], head_lines: int, only: int | None
) -> Iterator[Batch]:
    bad = _BadRows(path, delimiter, head_lines)
    names = [f"c{i}" for i in range(len(heads))]
    with open(path, "rb") as file:
        try:
            reader = _csv_reader(file, encoding, delimiter, names, head_lines, bad.keep, only)
            while (batch := next(reader, None)) is not None:
                rows = bad.numbers.good(batch.num_rows)
                done = min(1.0, file.tell() / size)
                told, recovered = _recovered(bad.take(), names, delimiter, only)
                yield Batch(batch, rows, told, done)
                if recovered is not None:
                    yield recovered
        except pa.ArrowInvalid as error:
            if "Empty CSV" in str(error):
                return
            raise bad.refusal(error) from None
        told, recovered = _recovered(bad.take(), names, delimiter, only)
        if told:
            yield Batch(only_at(no_rows(names), only), [], told, 1.0)
        if recovered is not None:
            yield recovered


def _holds_a_row(columns: pa.RecordBatch, delimiter: str) -> bool:
    """Whether a cell of several lines has as many delimiters as a row: an open quote that met the next one by chance.

    The row then has the right number of cells, and the rows that it swallowed would be missed by nobody.
    """
    for column in columns.columns:
        _, offsets, data = column.buffers()
        if data is None or not len(column):
            continue
        ends = np.frombuffer(offsets, np.int32)
        raw = np.frombuffer(data, np.uint8)[ends[column.offset] : ends[column.offset + len(column)]]
        if (raw == 10).any() or (raw == 13).any():
            cells = column.filter(pc.match_substring_regex(column, "[\r\n]")).to_pylist()
            if any(cell.count(delimiter) >= max(1, columns.num_columns - 1) for cell in cells):
                return True
    return False


def _runs_on(text: str, delimiter: str) -> bool:
    """Whether a bad row has several lines because its quote was left open, and not because a cell has several."""
    if not LINE_END.search(text.rstrip("\r\n")):
        return False
    try:
        return len(list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))) != 1
    except csv.Error:
        return True


def _joined(batches: Iterator[Batch]) -> Iterator[Batch]:
    """Small batches as larger ones, of at least ``BATCH_ROWS`` rows or ``BATCH_BYTES`` but for the last."""
    waiting: list[Batch] = []
    rows = held = 0
    for batch in batches:
        waiting.append(batch)
        rows += len(batch.rows) + len(batch.bad)
        held += batch.columns.nbytes
        if rows >= BATCH_ROWS or held >= BATCH_BYTES:
            yield _one(waiting)
            waiting, rows, held = [], 0, 0
    if waiting:
        yield _one(waiting)


def _one(batches: list[Batch]) -> Batch:
    if len(batches) == 1:
        return batches[0]
    return Batch(
        pa.concat_batches([batch.columns for batch in batches]),
        [row for batch in batches for row in batch.rows],
        [bad for batch in batches for bad in batch.bad],
        batches[-1].done,
    )


def _csv_reader(
    file: IO[bytes], encoding: str, delimiter: str, names: list[str], head_lines: int,
    keep_bad: Callable[[pyarrow.csv.InvalidRow], str], only: int | None,
) -> pyarrow.csv.CSVStreamingReader:  # fmt: skip
    """A reader of text columns. Raises ArrowInvalid, also when nothing stands under the heads."""
    broken = encoding == BROKEN
    return pyarrow.csv.open_csv(
        _Mended(file) if broken else file,
        read_options=pyarrow.csv.ReadOptions(
            use_threads=False,
            block_size=BLOCK_BYTES,
            encoding="utf-8" if broken else encoding,
            column_names=names,
            skip_rows=head_lines,
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
        first, *others = LINE_END.split(row.text.rstrip("\r\n"))
        told.append(BadRow(row.row, first, row.reason, row.mend))
        for number, line in enumerate(others, start=row.row + 1):
            cells = next(csv.reader([line], delimiter=delimiter), [])
            if len(cells) == len(names):
                rows.append(number)
                block.append(cells)
            elif cells:
                told.append(BadRow(number, line, "wrong_cell_count", _cell_count(len(names), len(cells))))
    return told, Batch(only_at(batch_of(block, names), only), rows, [], 1.0) if block else None


def _lines(
    path: Path, size: int, encoding: str, delimiter: str, heads: list[str], head_lines: int, only: int | None
) -> Iterator[Batch]:
    """Every line a row, at the pace of Python: for a file whose quote is never closed. A line with one is refused."""
    names = [f"c{i}" for i in range(len(heads))]
    rows: list[int] = []
    block: list[list[str]] = []
    bad: list[BadRow] = []
    held = 0
    with open(path, "rb") as raw:
        text = _text(raw, encoding, newline=None)
        for number, line in enumerate(_whole_lines(text), start=2 - head_lines):
            if number < 2:
                continue
            whole = line.rstrip("\n")
            held += len(whole)
            if len(line) >= LONGEST_LINE:
                bad.append(BadRow(number, whole[:1000], "too_long", "write one row a line"))
            elif whole.count('"') % 2:
                bad.append(BadRow(number, whole, "unclosed_quote", CLOSE_QUOTE))
            else:
                cells = next(csv.reader([whole], delimiter=delimiter), [])
                if len(cells) == len(names):
                    rows.append(number)
                    block.append(cells)
                elif cells:
                    bad.append(BadRow(number, whole, "wrong_cell_count", _cell_count(len(names), len(cells))))
            if len(rows) + len(bad) >= BATCH_ROWS or held >= BATCH_BYTES:
                columns = batch_of(block, names) if block else no_rows(names)
                yield Batch(only_at(columns, only), rows, bad, min(1.0, raw.tell() / size))
                rows, block, bad, held = [], [], [], 0
    columns = batch_of(block, names) if block else no_rows(names)
    yield Batch(only_at(columns, only), rows, bad, 1.0)


def _whole_lines(text: io.TextIOWrapper) -> Iterator[str]:
    """The lines, of an endless one only its start."""
    while line := text.readline(LONGEST_LINE):
        more = line
        while len(more) >= LONGEST_LINE and not more.endswith("\n"):
            more = text.readline(LONGEST_LINE)
        yield line


def _cell_count(expected: int, found: int) -> str:
    return f"give it {expected} cells; it has {found}"
