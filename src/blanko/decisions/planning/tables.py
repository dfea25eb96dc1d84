"""The planner's tables as files: their columns, and every wrong cell by its row and column. Pure but for the file.

What is exported has the same heads, so that a table goes out, is changed in a spreadsheet, and comes in again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

from blanko.decisions.planning.routes import MODES
from blanko.engines.allocation.terms import CLASS_REFERENCES
from blanko.engines.demand.history import CAUSES
from blanko.ground.files.headers import map_heads
from blanko.ground.files.tables import open_table
from blanko.ground.places import gazetteer
from blanko.kernel.errors import BlankoError

ROWS_MAX = 20_000
Form = Literal["regency", "area", "text", "day", "count", "share", "number", "word"]


class TableRefused(BlankoError, ValueError):
    """A table has a wrong cell; nothing of it was stored."""


class CellRefused(BlankoError, ValueError):
    """One cell of a table is wrong; the message says which row and column."""


class CellEmpty(BlankoError, ValueError):
    """A necessary cell is empty."""


class BelowZero(BlankoError, ValueError):
    """A count or a rate below zero."""


class NotANumber(BlankoError, ValueError):
    """A cell that should hold a number holds something else."""


class RateOverOne(BlankoError, ValueError):
    """A share or a rate above one."""


class NotADay(BlankoError, ValueError):
    """A cell that should hold a day holds something else."""


class DeadlinePassed(BlankoError, ValueError):
    """A deadline that lies in the past."""


class DayToCome(BlankoError, ValueError):
    """Something counted, stated or published on a day that has not come."""


class UnknownOffice(BlankoError, LookupError):
    """No office of this code."""


class UnknownWord(BlankoError, ValueError):
    """A word that is none of the list."""


class RowBroken(BlankoError, ValueError):
    """A row has another number of cells than the heads, or a quote that is never closed."""


class RowTwice(BlankoError, ValueError):
    """Two rows of a table say something of the same thing."""


@dataclass(frozen=True, slots=True)
class Column:
    """``required``: the cell must not be empty. ``others``: heads that mean the same."""

    name: str
    form: Form = "text"
    required: bool = True
    others: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """``key``: the columns that make a row the same row again."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def heads(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


_REGENCY = Column("regency", "regency", others=("kode", "kabupaten_kota", "area_code", "wilayah"))
_SOURCE = Column("source", others=("sumber",))
_REASON = Column("reason", others=("alasan",))
_LAWFUL = tuple(name for name, _reference, _begins in CLASS_REFERENCES[:-1])

NEEDS = Kind(
    "needs",
    (
        _REGENCY,
        Column("need_source", "word", False, ("dasar",), ("registry", "reported", "estimated", "unknown")),
        Column("need", "count", others=("kebutuhan", "siap_cetak", "print_ready")),
        Column("counted_on", "day", False, ("per_tanggal", "tanggal")),
        Column("source", required=False, others=("sumber",)),
    ),
    ("regency",),
)
REQUESTS = Kind(
    "requests",
    (
        Column("area", "area", others=("regency", "kode", "wilayah")),
        Column("requested", "count", others=("permintaan", "diminta")),
        Column("date", "day", others=("tanggal",)),
        _SOURCE,
    ),
    ("area",),
)
PRIORITIES = Kind(
    "priorities",
    (
        _REGENCY,
        Column("class", "word", others=("kelompok",), words=_LAWFUL),
        Column("people", "count", others=("jumlah", "orang")),
        Column("date", "day", others=("tanggal",)),
        _SOURCE,
    ),
    ("regency", "class"),
)
DEADLINES = Kind(
    "deadlines",
    (
        _REGENCY,
        Column("deadline", "day", others=("tenggat", "batas_waktu")),
        _REASON,
        Column("published_on", "day", others=("diumumkan",)),
        _SOURCE,
    ),
    ("regency", "deadline"),
)
OVERRIDES = Kind(
    "overrides",
    (
        _REGENCY,
        Column("share", "count", others=("bagian", "alokasi")),
        Column("reason", required=False, others=("alasan",)),
        Column("second", required=False, others=("pejabat_kedua",)),
    ),
    ("regency",),
)
DEFERRALS = Kind(
    "deferrals",
    (_REGENCY, Column("blanks", "count", others=("blanko", "keping")), Column("since", "day", others=("sejak",)),
     _REASON),
    ("regency", "since"),
)  # fmt: skip
COLLECTIONS = Kind(
    "collections",
    (
        _REGENCY,
        Column("letter", others=("surat_tugas", "nomor_surat_tugas")),
        Column("officer", others=("petugas", "nama_petugas")),
        Column("collect_on", "day", others=("tanggal_ambil",)),
    ),
    ("letter",),
)
ROUTES = Kind(
    "routes",
    (
        _REGENCY,
        Column("mode", "word", others=("moda",), words=MODES),
        Column("from_date", "day", False, ("berlaku_sejak",)),
        Column("days", "count", others=("hari",)),
        Column("lot_cost", "count", others=("biaya_kiriman", "trip_cost", "biaya_trip")),
        Column("blank_cost", "count", False, ("biaya_keping",)),
        Column("kg_cost", "count", False, ("biaya_kg", "biaya_per_kg", "tarif_kg")),
        Column("blank_mg", "count", False, ("berat_mg", "berat_keping_mg")),
        _SOURCE,
    ),
    ("regency", "mode"),
)
RATES = Kind(
    "rates",
    (
        Column("cause", "word", others=("sebab",), words=CAUSES),
        Column("area", "area", False, ("wilayah", "kode")),
        Column("rate", "share", others=("laju",)),
        Column("cv", "number", False),
        _REASON,
    ),
    ("cause", "area"),
)
KINDS = {
    kind.name: kind
    for kind in (NEEDS, REQUESTS, PRIORITIES, DEADLINES, OVERRIDES, DEFERRALS, COLLECTIONS, ROUTES, RATES)
}


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it was understood. ``number`` is what a spreadsheet shows beside it."""

    number: int
    values: Mapping[str, Any]


@dataclass(slots=True)
class Table:
    """A file read as a kind: its good rows, every wrong cell, and heads that nobody reads."""

    kind: Kind
    rows: list[Row] = field(default_factory=list)
    problems: list[CellRefused] = field(default_factory=list)
    ignored: tuple[str, ...] = ()

    def refuse(self, row: int, column: str, refusal: BlankoError) -> None:
        """Name one wrong cell."""
        self.problems.append(refused(row, column, refusal))


def refused(row: int, column: str, refusal: BlankoError) -> CellRefused:
    """A refusal with the cell that it is about: "row 7, column need: -3 is below zero"."""
    return CellRefused(
        "row {row}, column {column}: {refusal}", mend=refusal.mend_message,
        **{**refusal.values, "row": row, "column": column, "refusal": refusal},
    )  # fmt: skip


def kind_of(name: str) -> Kind:
    """A table's kind by its name. Raises UnknownWord."""
    if name not in KINDS:
        raise UnknownWord("{word} is none of {words}", mend="use one of the list", word=name, words=", ".join(KINDS))
    return KINDS[name]


def read(path: Path, kind: Kind, *, today: date) -> Table:
    """A CSV or XLSX file as rows of a kind, with every wrong cell named. Raises UnreadableFile, TableRefused for heads.

    ``today`` tells days that have passed from days to come.
    """
    file = open_table(path)
    heads = map_heads(file.heads, {column.name: column.others for column in kind.columns})
    if heads.repeated:
        raise TableRefused("two columns mean {column}", mend="keep one of them", column=heads.repeated[0])
    for column in kind.columns:
        if column.required and column.name not in heads.columns:
            raise TableRefused(
                "the column {column} is missing", mend="the heads are {heads}", column=column.name,
                heads=", ".join(kind.heads),
            )  # fmt: skip
    for head, meant in heads.near.items():
        if meant not in heads.columns:
            raise TableRefused(
                "nobody reads the column {head}", mend="call it {meant}, or leave it out", head=head, meant=meant
            )
    table = Table(kind, ignored=heads.unknown)
    seen: dict[tuple[object, ...], int] = {}
    for number, cells in _rows(file.batches(), table):
        if len(table.rows) + len(table.problems) >= ROWS_MAX:
            raise TableRefused("the table has more than {most} rows", mend="split it", most=ROWS_MAX)
        texts = {column.name: cells[heads.columns[column.name]] if column.name in heads.columns else ""
                 for column in kind.columns}  # fmt: skip
        values = _understood(table, number, texts, today)
        if values is None:
            continue
        key = tuple(values[name] for name in kind.key)
        if key in seen:
            table.refuse(
                number, kind.key[0],
                RowTwice("{what} stands in row {first} already", mend="keep one of the two rows",
                         what=" ".join(str(part) for part in key), first=seen[key]),
            )  # fmt: skip
            continue
        seen[key] = number
        table.rows.append(Row(number, values))
    return table


def _rows(batches: Iterator[Any], table: Table) -> Iterator[tuple[int, list[str]]]:
    for batch in batches:
        for bad in batch.bad:
            table.refuse(
                bad.row, table.kind.columns[0].name,
                RowBroken("the row cannot be read", mend="give it as many cells as there are heads, and close quotes"),
            )  # fmt: skip
        columns = [column.to_pylist() for column in batch.columns.columns]
        for at, number in enumerate(batch.rows):
            cells = [_plain(column[at] or "") for column in columns]
            if any(cells):
                yield number, cells


def _plain(text: str) -> str:
    """A cell without the quote that our own exports put before what a spreadsheet would take for a formula."""
    return re.sub(r"^'(?=[=+\-@])", "", text.strip())


def _understood(table: Table, number: int, texts: Mapping[str, str], today: date) -> dict[str, Any] | None:
    values: dict[str, Any] = {}
    good = True
    for column in table.kind.columns:
        text = texts[column.name]
        try:
            if text:
                values[column.name] = FORMS[column.form](text, column)
            elif column.required:
                raise CellEmpty("the cell is empty", mend="fill it")
            else:
                values[column.name] = "" if column.form in ("text", "area", "word") else None
            if column.name in PAST and isinstance(values[column.name], date) and values[column.name] > today:
                raise DayToCome(
                    "{day} has not come yet, today is {today}", mend="write the day on which it was so",
                    day=values[column.name], today=today,
                )  # fmt: skip
        except BlankoError as refusal:
            table.refuse(number, column.name, refusal)
            good = False
    return values if good else None


# Days that tell when something was counted, stated or published.
PAST = frozenset({"counted_on", "date", "published_on"})


def _regency(text: str, _column: Column) -> str:
    try:
        return gazetteer.regency_of(text) if len(text) == 4 else _no_office(text)
    except gazetteer.UnknownArea:
        return _no_office(text)


def _area(text: str, column: Column) -> str:
    if len(text) != 2:
        return _regency(text, column)
    try:
        return gazetteer.to_2017(text)
    except gazetteer.UnknownArea:
        return _no_office(text)


def _no_office(text: str) -> str:
    raise UnknownOffice(
        "there is no office {code}", mend="use the Interior Ministry's code: 4 digits for a regency, 2 for a province",
        code=repr(text[:40]),
    )  # fmt: skip


def _text(text: str, _column: Column) -> str:
    return text


def _day(text: str, _column: Column) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise NotADay("{value} is no day", mend="write it as 2017-04-19", value=repr(text[:40])) from None


def _number(text: str, _column: Column) -> float:
    try:
        value = float(text)
    except ValueError:
        raise NotANumber(
            "{value} is no number", mend="write digits, and a point before decimals", value=repr(text[:40])
        ) from None
    if value != value or value in (float("inf"), float("-inf")):
        raise NotANumber(
            "{value} is no number", mend="write digits, and a point before decimals", value=repr(text[:40])
        )
    if value < 0:
        raise BelowZero("{value} is below zero", mend="give a number from 0 up", value=text[:40])
    return value


def _share(text: str, column: Column) -> float:
    value = _number(text, column)
    if value > 1:
        raise RateOverOne("a rate of {value} is over 1", mend="give a share between 0 and 1", value=text[:40])
    return value


def _count(text: str, column: Column) -> int:
    if not re.fullmatch(r"-?[0-9]{1,12}", text):
        raise NotANumber(
            "{value} is no whole number", mend="write digits only, without separators", value=repr(text[:40])
        )
    if int(text) < 0:
        raise BelowZero("{value} is below zero", mend="give a number from 0 up", value=text[:40])
    return int(text)


def _word(text: str, column: Column) -> str:
    if text not in column.words:
        raise UnknownWord(
            "{word} is none of {words}", mend="use one of the list", word=repr(text[:40]),
            words=", ".join(column.words),
        )  # fmt: skip
    return text


FORMS: dict[Form, Callable[[str, Column], Any]] = {
    "regency": _regency, "area": _area, "text": _text, "day": _day, "count": _count, "share": _share,
    "number": _number, "word": _word,
}  # fmt: skip


def same(given: Mapping[str, Any], known: Mapping[str, Any], columns: Sequence[str]) -> bool:
    """Whether a row says what is known already; nothing and an empty text are the same."""
    return all((given.get(name) or None) == (known.get(name) or None) for name in columns)
