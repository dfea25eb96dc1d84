"""The map of 514 equal cells: each regency once, with the weight that the programme promises to all. Pure.

Made by ``scripts/make_tile_map.py``; coordinates are whole cells, columns from west to east, rows from north to south.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

Point = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Cell:
    regency: str
    column: int
    row: int


@cache
def cells() -> tuple[Cell, ...]:
    """The cell of every regency of April 2017, by code."""
    text = (files(__package__) / "data" / "tile_map.csv").read_text(encoding="utf-8")
    return tuple(Cell(row["regency"], int(row["column"]), int(row["row"])) for row in csv.DictReader(io.StringIO(text)))


@cache
def outlines(province: str) -> tuple[tuple[Point, Point], ...]:
    """The edges around a province as segments between corners of cells; straight runs are one segment each."""
    inside = {(cell.column, cell.row) for cell in cells() if cell.regency[:2] == province}
    across: set[Point] = set()
    down: set[Point] = set()
    for x, y in inside:
        if (x, y - 1) not in inside:
            across.add((x, y))
        if (x, y + 1) not in inside:
            across.add((x, y + 1))
        if (x - 1, y) not in inside:
            down.add((x, y))
        if (x + 1, y) not in inside:
            down.add((x + 1, y))
    segments: list[tuple[Point, Point]] = []
    for x, y in sorted(across):
        if (x - 1, y) not in across:
            end = x + 1
            while (end, y) in across:
                end += 1
            segments.append(((x, y), (end, y)))
    for x, y in sorted(down):
        if (x, y - 1) not in down:
            end = y + 1
            while (x, end) in down:
                end += 1
            segments.append(((x, y), (x, end)))
    return tuple(segments)
