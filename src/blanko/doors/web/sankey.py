"""A flow as plain data for an SVG: columns of nodes, and bands between them whose widths are quantities. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, NODE, GAP = 1000.0, 520.0, 14.0, 3.0


@dataclass(frozen=True, slots=True)
class Node:
    """A bar: its place, its height for ``value``, and where its label stands."""

    name: str
    label: str
    value: int
    x: float
    y: float
    height: float
    text_x: float
    anchor: str
    labelled: bool


@dataclass(frozen=True, slots=True)
class Band:
    """A band from one node to another as an SVG path."""

    path: str
    value: int
    says: str
    colour: str


@dataclass(frozen=True, slots=True)
class Sankey:
    nodes: list[Node]
    bands: list[Band]
    width: float = WIDTH
    height: float = HEIGHT
    node: float = NODE


def sankey(
    columns: Sequence[Sequence[str]], flows: Sequence[tuple[str, str, int]], labels: Mapping[str, str],
    colours: Mapping[str, str],
) -> Sankey:  # fmt: skip
    """Draw ``flows`` (from, to, quantity) between the nodes of neighbouring ``columns``, each from top to bottom.

    A node is as high as what flows through it; the same scale holds everywhere, so that heights compare. Flows of
    nothing are left out. ``colours`` target node -> class of the style sheet.
    """
    flows = [flow for flow in flows if flow[2] > 0]
    through: dict[str, int] = {}
    for number, column in enumerate(columns):
        for name in column:
            out = sum(q for a, _, q in flows if a == name)
            into = sum(q for _, b, q in flows if b == name)
            through[name] = out if number == 0 else max(into, out)
    shown = [[name for name in column if through[name] > 0] for column in columns]
    total = max((sum(through[name] for name in column) for column in shown), default=0)
    if not total:
        return Sankey([], [])
    gaps = max(len(column) - 1 for column in shown) * GAP
    scale = (HEIGHT - gaps) / total
    nodes: dict[str, Node] = {}
    step = (WIDTH - NODE) / max(1, len(columns) - 1)
    for number, column in enumerate(shown):
        y = 0.0
        last = number == len(columns) - 1
        for name in column:
            high = through[name] * scale
            x = round(number * step, 1)
            nodes[name] = Node(
                name, labels.get(name, name), through[name], x, round(y, 2), round(max(high, 0.5), 2),
                x - 6 if last else x + NODE + 6, "end" if last else "start", high >= 11,
            )  # fmt: skip
            y += high + GAP
    out_at = {name: node.y for name, node in nodes.items()}
    in_at = dict(out_at)
    order = {name: place for column in shown for place, name in enumerate(column)}
    bands = []
    for a, b, quantity in sorted(flows, key=lambda flow: (order[flow[0]], order[flow[1]])):
        high = quantity * scale
        x1, x2, y1, y2 = nodes[a].x + NODE, nodes[b].x, out_at[a], in_at[b]
        out_at[a], in_at[b] = y1 + high, y2 + high
        middle = (x1 + x2) / 2
        path = (
            f"M{x1:.1f} {y1:.2f}C{middle:.1f} {y1:.2f} {middle:.1f} {y2:.2f} {x2:.1f} {y2:.2f}"
            f"V{y2 + high:.2f}C{middle:.1f} {y2 + high:.2f} {middle:.1f} {y1 + high:.2f} {x1:.1f} {y1 + high:.2f}Z"
        )
        says = f"{nodes[a].label} → {nodes[b].label}: {quantity:,}"
        bands.append(Band(path, quantity, says, colours.get(b, "flow")))
    return Sankey(list(nodes.values()), bands)
