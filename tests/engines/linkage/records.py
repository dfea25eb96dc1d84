"""Small files of records to link."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from blanko.decisions.scenario.villages import villages
from blanko.engines.linkage.columns import COLUMNS
from blanko.engines.synth.nation import Nation, synthesise

TEXT = [name for name in COLUMNS if name not in ("birth_date", "recorded_on")]


def nation(people: int, seed: int) -> Nation:
    return synthesise(people=people, seed=seed, areas=villages())


def registrations(made: Nation) -> pa.Table:
    return made.registrations.select(list(COLUMNS))


def parquet(folder: Path, table: pa.Table, name: str = "records.parquet") -> Path:
    path = folder / name
    pq.write_table(table, path)
    return path


def rows(*given: dict) -> pa.Table:
    """Records of a few columns; ids are made where they are not given."""
    filled = [{"record_id": f"{k:06d}", **row} for k, row in enumerate(given)]
    names = [name for name in COLUMNS if any(name in row for row in filled)]
    return pa.table({name: pa.array([row.get(name) for row in filled], pa.string()) for name in names})
