"""How fast registrations come in: from a CSV file into PostgreSQL, sealed and in one transaction."""

from __future__ import annotations

import csv
import random
import resource
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

from blanko.doors.cli.own_home import own_home

ROWS, TARGET = 300_000, 150_000
# Flat: three times the rows in one file may cost no more than what is kept a row while repeated NIKs are looked for.
LONG, GROWTH_MIB = 900_000, 32


def _write(path: Path, rows: int, start: int, regency: str) -> None:
    from blanko.ground.places import gazetteer

    villages = [code for code in gazetteer.village_codes().tolist() if code.startswith(regency)]
    draw = random.Random(start)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["record_id", "nik", "name", "birth_place", "birth_date", "sex", "mother_name", "address", "village_code",
             "recorded_on", "recorded_office"]
        )  # fmt: skip
        for number in range(start, start + rows):
            village = draw.choice(villages)
            born = date(1950, 1, 1) + timedelta(days=draw.randrange(18_000))
            sex = draw.choice("LP")
            nik = f"{village[:6]}{born.day + 40 * (sex == 'P'):02d}{born:%m%y}{draw.randrange(10_000):04d}"
            writer.writerow(
                [f"B{number:09d}", nik, f"NAMA ORANG {number}", "BANDUNG", born, sex, f"IBU {number}",
                 f"JL. MERDEKA NO. {number % 300} RT 01", village, "2015-03-04", village[:4]]
            )  # fmt: skip


def run() -> list[dict[str, Any]]:
    """Loads into a database of the bench's own: two as a regency sends them, one in no order at all, and a long one.

    Rows of all offices mixed at random are the worst case: each falls on another page of the key's index.
    """
    home = own_home()
    from blanko.ready import make_ready

    make_ready()
    from django.conf import settings

    from blanko.ground.access.acting import acting
    from blanko.records.intake import operations

    def load(start: int, count: int, regency: str) -> int:
        path = Path(home) / f"bench-{start}.csv"
        _write(path, count, start, regency)
        begun = perf_counter()
        with acting(principal="svc.intake"):
            result = operations.load(path=path, by="svc.intake", at=datetime.now(UTC), data_dir=settings.DATA_DIR)
        speed = round(result.accepted / (perf_counter() - begun))
        path.unlink()
        return speed

    rows = []
    for turn, start, regency in (
        ("a regency's file, empty table", 0, "3201"),
        ("another regency's file", ROWS, "3578"),
        ("all offices mixed", 2 * ROWS, ""),
    ):
        speed = load(start, ROWS, regency)
        rows.append({"job": f"{ROWS:,} registrations, {turn}", "value": speed, "unit": "rows/s",
                     "target": f">= {TARGET:,}", "met": speed >= TARGET, "peer": None})  # fmt: skip
    peak = _peak_mib()
    speed = load(3 * ROWS, LONG, "3174")
    grown = _peak_mib() - peak
    rows.append({"job": f"{LONG:,} registrations in one file", "value": speed, "unit": "rows/s",
                 "target": f">= {TARGET:,}", "met": speed >= TARGET, "peer": None})  # fmt: skip
    rows.append({"job": f"peak memory of the process, files of {ROWS:,} rows", "value": peak, "unit": "MiB",
                 "target": None, "met": None, "peer": None})  # fmt: skip
    rows.append({"job": f"more memory for {LONG:,} rows in one file", "value": grown, "unit": "MiB",
                 "target": f"<= {GROWTH_MIB}", "met": grown <= GROWTH_MIB, "peer": None})  # fmt: skip
    return rows


def _peak_mib() -> int:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1 << 20))
