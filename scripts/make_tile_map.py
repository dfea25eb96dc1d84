"""Make the map of 514 equal cells, once; a run reads the table.

Usage: python scripts/make_tile_map.py   (in an environment of requirements/data.txt)
Writes src/blanko/ground/places/data/tile_map.csv: regency, column, row.

1. A target for each regency: inside the frame of its island (``FRAMES``), its longitude and latitude, each blended of
rank and value, drawn towards the middle of its province.
2. One linear assignment of regencies to the cells of a grid (least squared distance).
3. Annealing by exchanges of two cells: keep near the target, gather provinces, keep sea between islands. Seeded: the
same table.
"""

from __future__ import annotations

import csv
import math
import random
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

DATA = Path(__file__).resolve().parents[1] / "src" / "blanko" / "ground" / "places" / "data"
COLUMNS, ROWS, SEED, STEPS = 61, 26, 2017, 2_000_000
RANK_X, RANK_Y, GATHER = 0.5, 0.42, 0.25
ISLANDS = {
    **dict.fromkeys(("11", "12", "13", "14", "15", "16", "17", "18", "19", "21"), "Sumatra"),
    **dict.fromkeys(("31", "32", "33", "34", "35", "36"), "Java"),
    **dict.fromkeys(("51", "52", "53"), "Nusa Tenggara"),
    **dict.fromkeys(("61", "62", "63", "64", "65"), "Kalimantan"),
    **dict.fromkeys(("71", "72", "73", "74", "75", "76"), "Sulawesi"),
    **dict.fromkeys(("81", "82"), "Maluku"),
    **dict.fromkeys(("91", "92"), "Papua"),
}
# Where each island lies in the grid: left, top, width, height in cells. Wider than true where many regencies crowd
# (Java), with sea between; west to east and north to south stay in order.
FRAMES = {
    "Sumatra": (0, 0, 16, 16),
    "Java": (11, 18.5, 23, 5),
    "Nusa Tenggara": (34.5, 19, 13, 4),
    "Kalimantan": (19, 3, 13, 11),
    "Sulawesi": (33, 3, 11, 13),
    "Maluku": (45, 4, 6, 13),
    "Papua": (50, 7, 9, 9),
}
SAME_PROVINCE, OTHER_ISLAND = 5.0, 6.0
NEIGHBOURS = ((1, 0), (-1, 0), (0, 1), (0, -1))


def targets(rows: list[dict[str, str]]) -> np.ndarray:
    """Where each regency would like to lie, in cells: inside the frame of its island, drawn towards its province."""
    longitude = np.array([float(row["longitude"]) for row in rows])
    latitude = np.array([float(row["latitude"]) for row in rows])
    provinces = np.array([row["code"][:2] for row in rows])
    islands = np.array([ISLANDS[province] for province in provinces])

    def blend(values: np.ndarray, share_of_rank: float) -> np.ndarray:
        rank = np.argsort(np.argsort(values)) / (len(values) - 1)
        value = (values - values.min()) / (values.max() - values.min())
        return share_of_rank * rank + (1 - share_of_rank) * value

    x, y = np.empty(len(rows)), np.empty(len(rows))
    for island, (left, top, width, height) in FRAMES.items():
        inside = islands == island
        x[inside] = left + blend(longitude[inside], RANK_X) * (width - 1)
        y[inside] = top + (1 - blend(latitude[inside], RANK_Y)) * (height - 1)
    for province in sorted(set(provinces)):
        inside = provinces == province
        x[inside] += GATHER * (x[inside].mean() - x[inside])
        y[inside] += GATHER * (y[inside].mean() - y[inside])
    return np.stack([x, y], axis=1)


def anneal(cells: list[tuple[int, int]], wanted: np.ndarray, provinces: list[str]) -> list[tuple[int, int]]:
    """Exchange cells (or move into the sea) while that lowers the energy, and sometimes when it does not."""
    draw = random.Random(SEED)
    grid: dict[tuple[int, int], int] = {cell: i for i, cell in enumerate(cells)}
    every = [(x, y) for x in range(COLUMNS) for y in range(ROWS)]

    def energy(i: int, cell: tuple[int, int]) -> float:
        dx, dy = cell[0] - wanted[i][0], cell[1] - wanted[i][1]
        total = dx * dx + dy * dy
        for ax, ay in NEIGHBOURS:
            other = grid.get((cell[0] + ax, cell[1] + ay))
            if other is None or other == i:
                continue
            if provinces[other] == provinces[i]:
                total -= SAME_PROVINCE
            elif ISLANDS[provinces[other]] != ISLANDS[provinces[i]]:
                total += OTHER_ISLAND
        return total

    for step in range(STEPS):
        heat = 6.0 * (1 - step / STEPS) ** 2 + 0.02
        i = draw.randrange(len(cells))
        here = cells[i]
        if draw.random() < 0.7:
            there = (here[0] + draw.randint(-2, 2), here[1] + draw.randint(-2, 2))
            if not (0 <= there[0] < COLUMNS and 0 <= there[1] < ROWS):
                continue
        else:
            there = every[draw.randrange(len(every))]
        if there == here:
            continue
        j = grid.get(there)
        before = energy(i, here) + (energy(j, there) if j is not None else 0)
        grid[there] = i
        if j is None:
            del grid[here]
        else:
            grid[here] = j
        after = energy(i, there) + (energy(j, here) if j is not None else 0)
        if after <= before or draw.random() < math.exp((before - after) / heat):
            cells[i] = there
            if j is not None:
                cells[j] = here
        else:
            grid[here] = i
            if j is None:
                del grid[there]
            else:
                grid[there] = j
    return cells


def pieces(cells: list[tuple[int, int]]) -> list[set[tuple[int, int]]]:
    """The connected parts of a set of cells, by sides."""
    left, found = set(cells), []
    while left:
        part, queue = set(), [left.pop()]
        while queue:
            cell = queue.pop()
            part.add(cell)
            for ax, ay in NEIGHBOURS:
                near = (cell[0] + ax, cell[1] + ay)
                if near in left:
                    left.remove(near)
                    queue.append(near)
        found.append(part)
    return sorted(found, key=len, reverse=True)


def join(cells: list[tuple[int, int]], provinces: list[str]) -> list[tuple[int, int]]:
    """Move what is still apart beside its province: to the nearest free cell, or along a chain of exchanges."""
    for _ in range(200):
        grid = {cell: i for i, cell in enumerate(cells)}
        apart = [
            (part, parts[0])
            for province in sorted(set(provinces))
            if len(parts := pieces([cells[i] for i in range(len(cells)) if provinces[i] == province])) > 1
            for part in parts[1:]
        ]
        if not apart:
            return cells
        part, main = apart[0]
        for cell in sorted(part):
            border = {(x + ax, y + ay) for x, y in main for ax, ay in NEIGHBOURS} - main
            border = {(x, y) for x, y in border if 0 <= x < COLUMNS and 0 <= y < ROWS}
            # Free cells first, then those whose owner can leave without cutting its own province in two.
            best = min(
                border,
                key=lambda spot: (
                    abs(spot[0] - cell[0])
                    + abs(spot[1] - cell[1])
                    + (0 if spot not in grid else 6 + _cuts(spot, cells, provinces, grid)),
                    spot,
                ),
            )
            i, j = grid[cell], grid.get(best)
            cells[i] = best
            if j is not None:
                cells[j] = cell
            break
    return cells


def _cuts(
    spot: tuple[int, int], cells: list[tuple[int, int]], provinces: list[str], grid: dict[tuple[int, int], int]
) -> int:
    owner = grid[spot]
    rest = [cells[i] for i in range(len(cells)) if provinces[i] == provinces[owner] and i != owner]
    return 40 * (len(pieces(rest)) - 1) + 10


def main() -> None:
    rows = list(csv.DictReader((DATA / "regencies.csv").open(encoding="utf-8")))
    provinces = [row["code"][:2] for row in rows]
    wanted = targets(rows)
    every = np.array([(x, y) for x in range(COLUMNS) for y in range(ROWS)], dtype=float)
    distance = ((wanted[:, None, :] - every[None, :, :]) ** 2).sum(axis=2)
    _, chosen = linear_sum_assignment(distance)
    cells = [(int(every[c][0]), int(every[c][1])) for c in chosen]
    cells = join(anneal(cells, wanted, provinces), provinces)
    left, top = min(x for x, _ in cells), min(y for _, y in cells)
    with (DATA / "tile_map.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["regency", "column", "row"])
        for row, (x, y) in sorted(zip(rows, cells, strict=True), key=lambda item: item[0]["code"]):
            writer.writerow([row["code"], x - left, y - top])
    split = {p: len(pieces([c for c, q in zip(cells, provinces, strict=True) if q == p])) for p in set(provinces)}
    print(
        f"{len(set(cells))} cells; provinces in more than one piece: {[p for p, n in sorted(split.items()) if n > 1]}"
    )


if __name__ == "__main__":
    main()
