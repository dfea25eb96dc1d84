"""Fans as SVG that stands alone, for pages written to a file. Pure text; readable in print and grey."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from html import escape

WIDTH, HEIGHT, LEFT, GAP = 900, 170, 90, 46
BANDS = (("0.025", "0.975", "#c9d7e8"), ("0.1", "0.9", "#9fb9d6"), ("0.25", "0.75", "#6d93be"))
NAMES = {
    "stock": "good blanks",
    "print_ready": "print-ready, not printed",
    "awaiting": "awaiting the check of uniqueness",
}


def fans(
    weeks: Sequence[date], series: Mapping[str, Mapping[str, Sequence[float]]],
    points: Mapping[str, Sequence[tuple[date, float]]],
) -> str:  # fmt: skip
    """One panel a series: bands of 95, 80 and 50 %, the median as a line, what happened as points."""
    panels = []
    for number, (name, levels) in enumerate(series.items()):
        top = 30 + number * (HEIGHT + GAP)
        panels.append(_panel(weeks, name, levels, points.get(name, ()), top))
    height = 30 + len(series) * (HEIGHT + GAP)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 20} {height}" font-family="sans-serif"'
        f' font-size="13"><title>Forecast and what happened</title>\n{"".join(panels)}</svg>\n'
    )


def _panel(
    weeks: Sequence[date], name: str, levels: Mapping[str, Sequence[float]], points: Sequence[tuple[date, float]],
    top: int,
) -> str:  # fmt: skip
    highest = max(*levels["0.975"], *(value for _, value in points), 1.0)
    first, last = weeks[0], weeks[-1]

    def x(day: date) -> float:
        return round(LEFT + WIDTH * (day - first).days / max(1, (last - first).days), 1)

    def y(value: float) -> float:
        return round(top + HEIGHT * (1 - value / highest), 1)

    parts = [f'<text x="{LEFT}" y="{top - 8}" font-weight="bold">{escape(NAMES.get(name, name))}</text>\n']
    for low, high, colour in BANDS:
        there = " ".join(f"{x(day)},{y(value)}" for day, value in zip(weeks, levels[high], strict=True))
        back = " ".join(
            f"{x(day)},{y(value)}" for day, value in zip(reversed(weeks), reversed(levels[low]), strict=True)
        )
        parts.append(f'<polygon points="{there} {back}" fill="{colour}"/>\n')
    middle = " ".join(f"{x(day)},{y(value)}" for day, value in zip(weeks, levels["0.5"], strict=True))
    parts.append(f'<polyline points="{middle}" fill="none" stroke="#16324f" stroke-width="2"/>\n')
    parts.append(f'<line x1="{LEFT}" y1="{y(0)}" x2="{LEFT + WIDTH}" y2="{y(0)}" stroke="#555"/>\n')
    for value in (0.0, highest / 2, highest):
        parts.append(f'<text x="{LEFT - 8}" y="{y(value) + 4}" text-anchor="end">{value:,.0f}</text>\n')
    for week in range(0, len(weeks), 13):
        at, below = x(weeks[week]), top + HEIGHT + 16
        parts.append(f'<text x="{at}" y="{below}" text-anchor="middle">{weeks[week]:%b %Y}</text>\n')
    for day, value in points:
        mark = f'<circle cx="{x(day)}" cy="{y(value)}" r="5" fill="#c25a1c" stroke="#fff">'
        parts.append(f"{mark}<title>{day}: {value:,.0f}</title></circle>\n")
    return "".join(parts)
