"""A case of one's own for the policy lab, from CSV: ``area_code,backlog,weekly,capacity[,...]``."""

from __future__ import annotations

import csv
import io
from datetime import date

import numpy as np

from blanko.engines.allocation.errors import InvalidPlan
from blanko.engines.allocation.lab import Mark, Months
from blanko.engines.allocation.table import count_of
from blanko.engines.allocation.waterfill import Ints

REQUIRED = ("area_code", "backlog", "weekly", "capacity")
OPTIONAL = ("name", "province", "lead_weeks", "lot_cost", "blank_cost", "sent")
WEEKS_MAX = 520


def read_months(text: str, *, name: str, deliveries: str, begins: date, box: int) -> Months:
    """A case from CSV text (comma, semicolon or tab) and the deliveries to the centre, one number a week.

    ``lead_weeks`` is 1 where it is not given, costs are 0, the province is the first two places of the code. Raises
    InvalidPlan and InvalidNeed with the line and the column, or the week.
    """
    rows = _rows(text.removeprefix("\ufeff"))
    numbers: dict[str, Ints] = {
        column: np.array([count_of(row.get(column) or default, column, line) for line, row in rows])
        for column, default in (
            ("backlog", ""), ("weekly", ""), ("capacity", ""), ("lead_weeks", "1"), ("lot_cost", "0"),
            ("blank_cost", "0"), ("sent", "0"),
        )
    }  # fmt: skip
    provinces = [row.get("province") or row["area_code"][:2] for _line, row in rows]
    known = {province: place for place, province in enumerate(sorted(set(provinces)))}
    return Months(
        name=name,
        title=name,
        begins=begins,
        codes=tuple(row["area_code"] for _line, row in rows),
        names=tuple(row.get("name") or row["area_code"] for _line, row in rows),
        province=np.array([known[province] for province in provinces]),
        backlog=numbers["backlog"],
        weekly=numbers["weekly"],
        deliveries=_weeks(deliveries),
        lead=numbers["lead_weeks"],
        capacity=numbers["capacity"],
        lot_cost=numbers["lot_cost"],
        blank_cost=numbers["blank_cost"],
        box=box,
        marks=(Mark("all figures", "assumed", f"the file {name}"),),
        sent=numbers["sent"] if numbers["sent"].any() else None,
    )


def _rows(text: str) -> list[tuple[int, dict[str, str]]]:
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))
    heads = [head.strip().lower() for head in next(reader, [])]
    for head in REQUIRED:
        if heads.count(head) != 1:
            raise InvalidPlan(
                "line 1: the column {head} is missing or stands twice",
                mend="the heads are {required}, and may be {optional}",
                head=head,
                required=",".join(REQUIRED),
                optional=",".join(OPTIONAL),
            )
    rows: list[tuple[int, dict[str, str]]] = []
    seen: dict[str, int] = {}
    for cells in reader:
        line = reader.line_num
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(heads):
            raise InvalidPlan(
                "line {line}: {cells} cells under {heads} heads",
                mend="check the delimiters",
                line=line,
                cells=len(cells),
                heads=len(heads),
            )
        row = dict(zip(heads, (cell.strip() for cell in cells), strict=True))
        code = row["area_code"]
        if not code or code in seen:
            raise InvalidPlan(
                "line {line}: area_code {code} is empty or stands on line {first_line} already",
                mend="give one line for each area",
                line=line,
                code=repr(code),
                first_line=seen.get(code, line),
            )
        seen[code] = line
        rows.append((line, row))
    if not rows:
        raise InvalidPlan("line 2: no area stands under the heads", mend="give one line for each area")
    return rows


def _weeks(text: str) -> Ints:
    parts = [part.strip() for part in text.split(",")]
    for week, part in enumerate(parts, start=1):
        if not (part.isascii() and part.isdigit()) or len(part) > 12:
            raise InvalidPlan(
                "the delivery of week {week} is {value}",
                mend="write whole numbers from 0 up, one a week, as in 6000,0,0,4000",
                week=week,
                value=repr(part[:40]),
            )
    if len(parts) > WEEKS_MAX:
        raise InvalidPlan("{weeks} weeks of deliveries", mend="give at most {most}", weeks=len(parts), most=WEEKS_MAX)
    return np.array([int(part) for part in parts], np.int64)
