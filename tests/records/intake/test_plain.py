"""What a plain registration is without Arrow is what the check of files says of it."""

from __future__ import annotations

import random
from datetime import date

import pytest

from blanko.records.intake import plain
from blanko.records.intake.capturing import NAMES, RowRefused, prepare, prepare_as_file

TODAY = date(2017, 4, 4)
CELLS: dict[str, list[str | None]] = {
    "recorded_office": ["3201", "32.01", "00", "9999", "32", " 3201", None],
    "record_id": ["A1", "x" * 64, "x" * 65, "É", "", "a\tb"],
    "nik": [
        "3201015203800001", "3201011203800001", "3201015204170001", "3201015203990001", "320101520380000",
        "32010152038000O1", "\u0663201015203800001"[:16], None,
    ],
    "name": ["SITI RAHAYU", "Élise", "x" * 200, "x" * 201, "  ", " A", "a\x1fb", "a\x7fb", None],
    "birth_place": ["BOGOR", None],
    "birth_date": [
        "1980-03-12", "2000-04-04", "2000-04-05", "2017-04-04", "2017-04-05", "12-03-1980", "1980-02-30", "0980-01-01",
        "2999-12-31", "1980-3-12", "1999-03-12", None,
    ],
    "sex": ["L", "P", "l", "perempuan", "X", None],
    "mother_name": ["WATI", None],
    "address": ["JL. MAWAR 1", "x" * 400, "x" * 401, None],
    "village_code": ["3201012001", "3201019999", "3201999999", "32.01.01.2001", "9999012001", "6501012001", None],
    "recorded_on": ["2016-05-05", "2018-01-01", None],
    "marital_status": ["KAWIN", "BELUM KAWIN", "kawin", "CERAI MATI", "?", None],
    "status": [None, None, "PRINT_READY_RECORD", "prr", "?"],
    "status_since": [None, "2016-06-06"],
    "card_issued_on": [None, "2016-06-06"],
    "suket_no": [None, "S/1"],
    "family_card_no": ["3201012001000001", "x", "1" * 17, None],
}  # fmt: skip


@pytest.mark.parametrize("usual", [0.0, 0.9, 1.0])
def test_both_checks_say_the_same_of_every_mixture_of_cells(usual: float) -> None:
    draw = random.Random(f"plain {usual}")
    taken = refused = 0
    for _ in range(700):
        row = {name: cells[0] if draw.random() < usual else draw.choice(cells) for name, cells in CELLS.items()}
        try:
            wanted = prepare_as_file(row, today=TODAY)
        except RowRefused:
            refused += 1
            assert plain.checked(row, today=TODAY) is None, row
            continue
        assert prepare(row, today=TODAY) == wanted, row
        taken += plain.checked(row, today=TODAY) is not None
    assert set(NAMES) == set(CELLS)
    assert taken > 100 if usual else refused > 100


@pytest.mark.parametrize("column", CELLS)
def test_each_cell_alone(column: str) -> None:
    row = {name: cells[0] for name, cells in CELLS.items()}
    assert plain.checked(row, today=TODAY) is not None
    for cell in CELLS[column]:
        found = plain.checked({**row, column: cell}, today=TODAY)
        if found is not None:
            wanted = prepare_as_file({**row, column: cell}, today=TODAY)
            assert found == (wanted.values, wanted.regency, wanted.warnings)
