"""CSV and XLSX out: what a person opens in a spreadsheet. The same rows give the same bytes."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Final

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
LONGEST_CELL = 32_767
# What a browser is told that a file is.
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CONTENT_TYPES: Final = {"csv": "text/csv; charset=utf-8", "xlsx": XLSX}


def safe_cell(value: object) -> object:
    """A text that a spreadsheet would run as a formula gets a quote before it. Source: OWASP, CSV injection."""
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return "'" + value
    return value


def csv_bytes(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """UTF-8 with a mark, so that a spreadsheet reads the letters right."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(heads)
    writer.writerows([safe_cell(value) for value in row] for row in rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode("utf-8")


def xlsx_bytes(heads: Sequence[str], rows: Iterable[Sequence[object]], *, sheet: str = "blanko") -> bytes:
    """One sheet with bold heads, a filter and a fixed first row; long digits stay text."""
    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    # A fixed day: the same rows give the same bytes.
    book.set_properties({"created": datetime(2017, 4, 4)})  # noqa: DTZ001 - the format has no zone
    page = book.add_worksheet(sheet[:31])
    bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd"})
    page.write_row(0, 0, heads, bold)
    count = 0
    for count, row in enumerate(rows, start=1):
        for column, value in enumerate(row):
            if isinstance(value, datetime):
                page.write_string(count, column, value.astimezone(UTC).isoformat(timespec="seconds"))
            elif isinstance(value, date):
                page.write_datetime(count, column, datetime(value.year, value.month, value.day), day)  # noqa: DTZ001
            elif isinstance(value, int | float) and not isinstance(value, bool):
                page.write_number(count, column, value)
            elif value is not None:
                page.write_string(count, column, str(value)[:LONGEST_CELL])
    page.freeze_panes(1, 0)
    page.autofilter(0, 0, count, max(0, len(heads) - 1))
    book.close()
    return out.getvalue()
