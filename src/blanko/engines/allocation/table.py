"""The CSV of ``./blanko allocation share``.

In: ``area_code,need,in_hand,deadline[,in_transit]``; out: ``area_code,share,boxes,fill,binding``.
"""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from blanko.engines.allocation.errors import InvalidNeed
from blanko.engines.allocation.share import AreaNeed, AreaShare
from blanko.engines.allocation.waterfill import NEED_MAX

REQUIRED = ("area_code", "need", "in_hand", "deadline")
OPTIONAL = ("in_transit", "earlier", "last_box_on", "requested")
DIGITS_MAX = 18


@dataclass(frozen=True, slots=True)
class Needs:
    """What a file says: one need for each area, and the columns that were not used."""

    areas: tuple[AreaNeed, ...]
    unused: tuple[str, ...]


def read_needs(text: str) -> Needs:
    """Needs from CSV text (comma, semicolon or tab; a byte order mark is ignored).

    Other columns (a name, a province) are left aside and named. Raises InvalidNeed with the line number.
    """
    text = text.removeprefix("\ufeff")
    first = text.partition("\n")[0]
    if not first.strip():
        raise InvalidNeed("line 1: the file is empty", mend="begin with the heads {heads}", heads=",".join(REQUIRED))
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count), strict=True)
    needs: list[AreaNeed] = []
    seen: dict[str, int] = {}
    try:
        heads = [head.strip().lower() for head in next(rows)]
        unused = _check_heads(heads)
        for cells in rows:
            line = rows.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(heads):
                raise InvalidNeed(
                    "line {line}: {cells} cells under {heads} heads",
                    mend="check the delimiters",
                    line=line,
                    cells=len(cells),
                    heads=len(heads),
                )
            area = _need(dict(zip(heads, (cell.strip() for cell in cells), strict=True)), line)
            if area.code in seen:
                raise InvalidNeed(
                    "line {line}: area {code} stands on line {first_line} already",
                    mend="keep one of the two",
                    line=line,
                    code=area.code,
                    first_line=seen[area.code],
                )
            seen[area.code] = line
            needs.append(area)
    except csv.Error as error:
        raise InvalidNeed(
            "line {line_num}: {error}", mend="check its quotes and line ends", line_num=rows.line_num, error=error
        ) from error
    if not needs:
        raise InvalidNeed("line 2: no area stands under the heads", mend="give one line for each area")
    return Needs(tuple(needs), unused)


def _check_heads(heads: list[str]) -> tuple[str, ...]:
    for head in REQUIRED:
        if head not in heads:
            raise InvalidNeed(
                "line 1: the column {head} is missing",
                mend="the heads are {heads}[,in_transit]",
                head=head,
                heads=",".join(REQUIRED),
            )
    for head in heads:
        if heads.count(head) > 1:
            raise InvalidNeed(
                "line 1: the column {head} stands twice", mend="keep one of the two", head=head or "(no name)"
            )
    unused = tuple(head for head in heads if head not in REQUIRED + OPTIONAL)
    for head in unused:
        # A misspelt optional column would change shares without a word: ask instead of guessing.
        meant = difflib.get_close_matches(head.replace(" ", "_"), REQUIRED + OPTIONAL, n=1, cutoff=0.8)
        if meant:
            raise InvalidNeed(
                "line 1: the column {head} is unknown",
                mend="call it {meant}, or give it another name",
                head=repr(head),
                meant=meant[0],
            )
    return unused


def _need(row: dict[str, str], line: int) -> AreaNeed:
    if not row["area_code"]:
        raise InvalidNeed("line {line}: area_code is empty", mend="write the code of the area", line=line)
    area = AreaNeed(
        code=row["area_code"],
        need=count_of(row["need"], "need", line),
        in_hand=count_of(row["in_hand"], "in_hand", line),
        in_transit=count_of(row.get("in_transit") or "0", "in_transit", line),
        deadline=_day(row["deadline"], "deadline", line),
        earlier=count_of(row.get("earlier") or "0", "earlier", line),
        last_box_on=_day(row.get("last_box_on", ""), "last_box_on", line),
        requested=count_of(row["requested"], "requested", line) if row.get("requested") else None,
    )
    if max(area.need, area.in_hand, area.in_transit, area.earlier) + area.earlier > NEED_MAX:
        raise InvalidNeed(
            "line {line}: the counts pass {need_max}",
            mend="split the area into smaller ones",
            line=line,
            need_max=NEED_MAX,
        )
    return area


def count_of(text: str, column: str, line: int) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > DIGITS_MAX or int(text) > NEED_MAX:
        raise InvalidNeed(
            "line {line}: {column} is {value}",
            mend="write a whole number from 0 to {need_max} without separators",
            line=line,
            column=column,
            value=repr(text[:40]),
            need_max=NEED_MAX,
        )
    return int(text)


def _day(text: str, column: str, line: int) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidNeed(
            "line {line}: {column} is {value}",
            mend="write a date as 2017-04-19 or leave it empty",
            line=line,
            column=column,
            value=repr(text[:40]),
        ) from None


def write_shares(shares: Iterable[AreaShare]) -> str:
    """The shares as CSV text, by code. The same input gives the same bytes.

    ``fill`` is what the area then holds, of its gross need, in six decimals; ``boxes`` whole boxes only.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["area_code", "share", "boxes", "fill", "binding"])
    for share in shares:
        writer.writerow([share.code, share.share, share.boxes, f"{share.fill_after:.6f}", share.binding])
    return out.getvalue()
