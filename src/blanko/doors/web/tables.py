"""Tables that a reader can sort, filter and take along: what is exported is exactly what is seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from blanko.doors.web import words
from blanko.ground.files import spreadsheets

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``form`` shows a value (a function of it), ``href`` makes it a link (a function of the row)."""

    key: str
    head: str
    unit: str = ""
    number: bool = False
    form: Callable[[Any], str | SafeString] | None = None
    href: Callable[[Row], str | None] | None = None

    def shown(self, row: Row) -> str | SafeString:
        value = row.get(self.key)
        if self.form is not None:
            return self.form(value)
        if self.number:
            return words.count(value)
        return words.NOTHING if value is None or value == "" else str(value)


@dataclass(slots=True)
class Table:
    """Rows as the address asks for them. ``sort`` and ``q`` stand in the address, so that a view can be sent on."""

    name: str
    columns: Sequence[Column]
    rows: list[Row]
    caption: str = ""
    page_size: int = 600
    query: str = ""
    sort: str = ""
    page: int = 1
    total: int = field(default=0)

    @classmethod
    def of(
        cls,
        request: HttpRequest,
        *,
        name: str,
        columns: Sequence[Column],
        rows: list[Row],
        caption: str = "",
        sort: str = "",
        page_size: int = 600,
    ) -> Table:
        """The table as this request asks for it: filtered by ``q``, ordered by ``sort`` (- turns it round)."""
        table = cls(name=name, columns=columns, rows=rows, caption=caption, page_size=page_size)
        table.query = request.GET.get("q", "").strip()
        table.sort = request.GET.get("sort", sort)
        if table.query:
            wanted = table.query.casefold()
            table.rows = [row for row in rows if any(wanted in str(column.shown(row)).casefold() for column in columns)]
        key = table.sort.removeprefix("-")
        if key in {column.key for column in columns}:
            # Nothing known sorts last either way; ties keep the given order.
            known = [row for row in table.rows if row.get(key) is not None]
            unknown = [row for row in table.rows if row.get(key) is None]
            known.sort(key=lambda row: row[key], reverse=table.sort.startswith("-"))
            table.rows = known + unknown
        table.total = len(table.rows)
        table.page = max(1, words.whole(request.GET.get("page", "")) or 1)
        return table

    @classmethod
    def plain(cls, name: str, columns: Sequence[Column], rows: list[Row], *, caption: str = "") -> Table:
        """A table that stands whole and in its own order, whatever the address asks of the page's others."""
        return cls(name=name, columns=columns, rows=rows, caption=caption, page_size=max(1, len(rows)), total=len(rows))

    def export(self, request: HttpRequest) -> HttpResponse | None:
        """The file that the address asks for with ``format=csv`` or ``format=xlsx``, or None."""
        wanted = request.GET.get("format")
        if wanted not in ("csv", "xlsx") or request.GET.get("table", self.name) != self.name:
            return None
        heads = [column.key for column in self.columns]
        rows = [[row.get(column.key) for column in self.columns] for row in self.rows]
        if wanted == "csv":
            body = spreadsheets.csv_bytes(heads, rows)
        else:
            body = spreadsheets.xlsx_bytes(heads, rows, sheet=self.name)
        response = HttpResponse(body, content_type=spreadsheets.CONTENT_TYPES[wanted])
        response["Content-Disposition"] = f'attachment; filename="blanko-{self.name}.{wanted}"'
        return response

    @property
    def seen(self) -> list[Row]:
        start = (self.page - 1) * self.page_size
        return self.rows[start : start + self.page_size]

    @property
    def pages(self) -> range:
        return range(1, -(-self.total // self.page_size) + 1)

    @property
    def body(self) -> list[list[dict[str, Any]]]:
        """The seen cells for the template: text, address, whether a number, and the head for narrow screens."""
        return [
            [
                {
                    "text": column.shown(row),
                    "href": column.href(row) if column.href else None,
                    "number": column.number,
                    "head": column.head,
                }
                for column in self.columns
            ]
            for row in self.seen
        ]

    @property
    def heads(self) -> list[dict[str, Any]]:
        """The heads with the sort that a click asks for next, and the aria-sort of the present one."""
        key = self.sort.removeprefix("-")
        down = self.sort.startswith("-")
        return [
            {
                "label": column.head,
                "unit": column.unit,
                "number": column.number,
                "sort": f"-{column.key}"
                if (column.key != key and column.number) or (column.key == key and not down)
                else column.key,
                "aria": ("descending" if down else "ascending") if column.key == key else "",
            }
            for column in self.columns
        ]
