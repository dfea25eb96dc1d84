"""Pictures as plain data for the SVG templates: bars, tiles and dots. Pure; colours are classes of the style sheet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import sqrt

from blanko.ground.places import tile_map

STEPS = 7


def step_of_share(value: float | None) -> str:
    """The colour class of a share from 0 (orange, waiting) to 1 (blue, served); ``fn`` where it is not known."""
    if value is None:
        return "fn"
    return f"f{min(STEPS - 1, max(0, int(value * STEPS)))}"


def step_of_rank(value: float | None, *, worst: float, best: float) -> str:
    """The colour class of a quantity between its worst and its best, on a root scale: need has a long tail."""
    if value is None:
        return "fn"
    if worst == best:
        return f"f{STEPS - 1}"
    along = (sqrt(max(value, 0)) - sqrt(max(worst, 0))) / (sqrt(max(best, 0)) - sqrt(max(worst, 0)))
    return step_of_share(min(1.0, max(0.0, along)))


@dataclass(frozen=True, slots=True)
class Tile:
    code: str
    x: float
    y: float
    column: int
    row: int
    colour: str
    label: str


TILE = 16.0


def tiles(colour: Callable[[str], str], label: Callable[[str], str]) -> dict[str, object]:
    """The 514 regencies as equal cells with province outlines; coordinates in SVG units of ``TILE`` a cell."""
    cells = tile_map.cells()
    drawn = [
        Tile(c.regency, c.column * TILE, c.row * TILE, c.column, c.row, colour(c.regency), label(c.regency))
        for c in cells
    ]
    provinces = sorted({cell.regency[:2] for cell in cells})
    outlines = {
        code: " ".join(
            f"M{x1 * TILE:g} {y1 * TILE:g}L{x2 * TILE:g} {y2 * TILE:g}"
            for (x1, y1), (x2, y2) in tile_map.outlines(code)
        )
        for code in provinces
    }
    return {
        "tiles": drawn,
        "outlines": outlines,
        "width": (max(c.column for c in cells) + 1) * TILE,
        "height": (max(c.row for c in cells) + 1) * TILE,
        "size": TILE,
    }


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of a stacked bar: from ``x`` for ``width``, of 1000 in all."""

    name: str
    value: int
    x: float
    width: float
    colour: str


def stacked(parts: Sequence[tuple[str, int, str]]) -> list[Piece]:
    """A stacked bar of (name, value, colour class); empty when nothing is counted."""
    total = sum(value for _, value, _ in parts)
    pieces: list[Piece] = []
    x = 0.0
    for name, value, colour in parts:
        width = 1000 * value / total if total else 0.0
        pieces.append(Piece(name, value, x, width, colour))
        x += width
    return pieces


@dataclass(frozen=True, slots=True)
class Dot:
    code: str
    x: float
    y: float
    colour: str


def dots(values: Mapping[str, float], *, width: float = 1000, height: float = 220, radius: float = 3.5) -> list[Dot]:
    """Shares from 0 to 1 on one line, stacked upwards where they would cover each other (a beeswarm).

    Every share has its dot. Where the tallest stack would pass ``height``, all stacks are pressed together alike, so
    that none is cut off and their heights still compare.
    """
    heights: dict[int, int] = {}
    placed: list[Dot] = []
    for code in sorted(values, key=lambda code: (values[code], code)):
        slot = round(min(1.0, max(0.0, values[code])) * width / (radius * 2))
        level = heights.get(slot, 0)
        heights[slot] = level + 1
        placed.append(Dot(code, slot * radius * 2, level * radius * 2, step_of_share(values[code])))
    press = min(1.0, height / max((dot.y for dot in placed), default=0.0)) if any(dot.y for dot in placed) else 1.0
    return [replace(dot, y=dot.y * press) for dot in placed]


@dataclass(frozen=True, slots=True)
class Fan:
    """Bands of 95, 80 and 50 % with the median, as point lists of SVG, and the labels of both axes."""

    name: str
    bands: list[tuple[str, str]]
    middle: str
    highs: list[tuple[float, float]]
    days: list[tuple[float, date]]
    marks: list[tuple[float, str]]


FAN_WIDTH, FAN_HEIGHT = 1000.0, 200.0


def fan(
    name: str, weeks: Sequence[date], levels: Mapping[str, Sequence[float]],
    marks: Mapping[str, date | None] | None = None,
) -> Fan:  # fmt: skip
    """Quantiles week by week as a fan of FAN_WIDTH by FAN_HEIGHT; ``marks`` are days to draw a line at, by label."""
    highest = max(max(levels["0.975"]), 1.0)
    span = max(1, (weeks[-1] - weeks[0]).days)

    def x(day: date) -> float:
        return round(FAN_WIDTH * (day - weeks[0]).days / span, 1)

    def line(level: str) -> list[str]:
        return [
            f"{x(day)},{FAN_HEIGHT * (1 - value / highest):.1f}"
            for day, value in zip(weeks, levels[level], strict=True)
        ]

    bands = [
        (colour, " ".join([*line(high), *reversed(line(low))]))
        for low, high, colour in (("0.025", "0.975", "b95"), ("0.1", "0.9", "b80"), ("0.25", "0.75", "b50"))
    ]
    days = [(x(day), day) for day in weeks[::13]]
    inside = [(x(day), text) for text, day in (marks or {}).items() if day and weeks[0] <= day <= weeks[-1]]
    highs = [(FAN_HEIGHT * (1 - part), highest * part) for part in (0.0, 0.5, 1.0)]
    return Fan(name, bands, " ".join(line("0.5")), highs, days, inside)
