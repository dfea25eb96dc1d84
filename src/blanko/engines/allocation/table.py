"""The CSV of ``./blanko allocation share``: in ``area_code,need,in_hand,deadline[,in_transit]``, out ``area_code,share,boxes,fill,binding``."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import date

from blanko.engines.allocation.errors import InvalidNeed
from blanko.engines.allocation.share import AreaNeed, AreaShare
from blanko.engines.allocation.waterfill import NEED_MAX

REQUIRED = ("area_code", "need", "in_hand", "deadline")
OPTIONAL = ("in_transit", "earlier", "last_box_on", "requested")


def read_needs(text: str) -> tuple[AreaNeed, ...]:
    """Needs from CSV text (comma, semicolon or tab; a byte order mark is ignored). Raises InvalidNeed with the line number."""
    text = text.removeprefix("\ufeff")
    first = text.partition("\n")[0]
    if not first.strip():
        raise InvalidNeed("line 1: the file is empty", mend=f"begin with the heads {','.join(REQUIRED)}")
    delimiter = max(",;\t", key=first.count)
    rows = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    try:
        heads = [head.strip().lower() for head in next(rows)]
        _check_heads(heads)
        needs, seen = [], {}
        for cells in rows:
            line = rows.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(heads):
                raise InvalidNeed(f"line {line}: {len(cells)} cells under {len(heads)} heads", mend="check the delimiters")
            area = _need(dict(zip(heads, (cell.strip() for cell in cells), strict=True)), line)
            if area.code in seen:
                raise InvalidNeed(
                    f"line {line}: area {area.code} stands on line {seen[area.code]} already", mend="keep one of the two"
                )
            seen[area.code] = line
            needs.append(area)
    except csv.Error as error:
        raise InvalidNeed(f"line {rows.line_num}: {error}", mend="close the quotes") from error
    if not needs:
        raise InvalidNeed("line 2: no area stands under the heads", mend="give one line for each area")
    return tuple(needs)


def _check_heads(heads: list[str]) -> None:
    for head in REQUIRED:
        if head not in heads:
            raise InvalidNeed(f"line 1: the column {head} is missing", mend=f"the heads are {','.join(REQUIRED)}[,in_transit]")
    for head in heads:
        if heads.count(head) > 1:
            raise InvalidNeed(f"line 1: the column {head} stands twice", mend="keep one of the two")
        if head not in REQUIRED + OPTIONAL:
            raise InvalidNeed(f"line 1: the column {head or '(no name)'} is unknown", mend="remove it or correct its name")


def _need(row: dict[str, str], line: int) -> AreaNeed:
    if not row["area_code"]:
        raise InvalidNeed(f"line {line}: area_code is empty", mend="write the code of the area")
    return AreaNeed(
        code=row["area_code"],
        need=_count(row["need"], "need", line),
        in_hand=_count(row["in_hand"], "in_hand", line),
        in_transit=_count(row.get("in_transit") or "0", "in_transit", line),
        deadline=_day(row["deadline"], "deadline", line),
        earlier=_count(row.get("earlier") or "0", "earlier", line),
        last_box_on=_day(row.get("last_box_on", ""), "last_box_on", line),
        requested=_count(row["requested"], "requested", line) if row.get("requested") else None,
    )


def _count(text: str, column: str, line: int) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) > NEED_MAX:
        raise InvalidNeed(
            f"line {line}: {column} is {text!r}", mend=f"write a whole number from 0 to {NEED_MAX} without separators"
        )
    return int(text)


def _day(text: str, column: str, line: int) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidNeed(f"line {line}: {column} is {text!r}", mend="write a date as 2017-04-19 or leave it empty") from None


def write_shares(shares: Iterable[AreaShare], *, totals: dict[str, int], box_size: int) -> str:
    """The shares as CSV text, by code; ``totals`` are blanks over all stages. The same input gives the same bytes."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["area_code", "share", "boxes", "fill", "binding"])
    for share in shares:
        total = totals[share.code]
        writer.writerow([share.code, total, total // box_size, f"{share.fill_after:.6f}", share.binding])
    return out.getvalue()
