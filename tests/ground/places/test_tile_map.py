"""514 distinct cells, provinces in one piece, the archipelago where it was."""

from __future__ import annotations

import numpy as np
import pytest

from blanko.ground.places import gazetteer, tile_map

PROVINCES = [province.code for province in gazetteer.provinces_2017()]


def test_each_regency_has_a_cell_of_its_own():
    cells = tile_map.cells()
    assert [cell.regency for cell in cells] == [regency.code for regency in gazetteer.regencies_2017()]
    assert len({(cell.column, cell.row) for cell in cells}) == 514
    assert min(cell.column for cell in cells) == min(cell.row for cell in cells) == 0


@pytest.mark.parametrize("province", PROVINCES)
def test_a_province_is_one_piece(province):
    left = {(cell.column, cell.row) for cell in tile_map.cells() if cell.regency[:2] == province}
    queue = [left.pop()]
    while queue:
        x, y = queue.pop()
        for near in ((x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)):
            if near in left:
                left.remove(near)
                queue.append(near)
    assert not left


def test_west_stays_left_and_north_stays_up():
    cells = tile_map.cells()
    where = [gazetteer.regency(cell.regency) for cell in cells]

    def rank(values):
        return np.argsort(np.argsort(np.array(values)))

    east = np.corrcoef(rank([cell.column for cell in cells]), rank([place.longitude for place in where]))[0, 1]
    south = np.corrcoef(rank([cell.row for cell in cells]), rank([-place.latitude for place in where]))[0, 1]
    assert east > 0.95
    assert south > 0.95


ISLANDS = (
    "11 12 13 14 15 16 17 18 19 21",
    "31 32 33 34 35 36",
    "51 52 53",
    "61 62 63 64 65",
    "71 72 73 74 75 76",
    "81 82",
    "91 92",
)


def test_sea_lies_between_the_islands():
    island = {code: number for number, codes in enumerate(ISLANDS) for code in codes.split()}
    assert set(island) == set(PROVINCES)
    grid = {(cell.column, cell.row): island[cell.regency[:2]] for cell in tile_map.cells()}
    for (x, y), own in grid.items():
        assert grid.get((x + 1, y), own) == own
        assert grid.get((x, y + 1), own) == own


def test_java_is_wider_than_tall():
    java = [cell for cell in tile_map.cells() if cell.regency[0] == "3"]
    wide = max(cell.column for cell in java) - min(cell.column for cell in java) + 1
    tall = max(cell.row for cell in java) - min(cell.row for cell in java) + 1
    assert wide >= 3 * tall


@pytest.mark.parametrize("province", PROVINCES)
def test_an_outline_is_as_long_as_the_border(province):
    inside = {(cell.column, cell.row) for cell in tile_map.cells() if cell.regency[:2] == province}
    sides = sum((x + dx, y + dy) not in inside for x, y in inside for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)))
    assert sum(abs(x2 - x1) + abs(y2 - y1) for (x1, y1), (x2, y2) in tile_map.outlines(province)) == sides
