"""Small files of records to link."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from blanko.decisions.scenario.villages import villages
from blanko.engines.linkage.cluster import DECIDED, PAIR_REASONS
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


def crowd(seed):
    """Records of a few persons, doubled with slips, and a block above the cap: one name, birthday and village."""
    draw = random.Random(seed)
    table = registrations(nation(400, 1_000 + seed))
    taken = [{k: None if v is None else str(v) for k, v in row.items()} for row in table.to_pylist()]
    picked = draw.sample(taken, 6)
    found = []
    for row in picked:
        for _ in range(draw.choice((1, 2, 3, 4))):
            double = dict(row)
            for name in draw.sample(TEXT[1:], draw.choice((0, 1, 2))):
                double[name] = draw.choice((None, draw.choice(taken)[name]))
            double["name"] = double["name"] or row["name"]
            found.append(double)
    for k in range(draw.choice((0, 5, 9))):
        other = {"nik": None, "family_card_no": None, "address": f"JL MAWAR {k}"}
        found.append({**picked[0], **other, "mother_name": draw.choice(taken)["mother_name"]})
    return [{**row, "record_id": f"r{k:03d}"} for k, row in enumerate(found)], draw, taken


def batch_of(frozen, folder, records, *, cap, window):
    """(persons, kept pairs) as the batch says."""
    made = frozen.link([parquet(folder, rows(*records), "final.parquet")], cap=cap, window=window)
    ids, person = made.loaded.ids.to_pylist(), made.clusters.person.tolist()
    groups = {}
    for name, at in zip(ids, person, strict=True):
        groups.setdefault(at, set()).add(name)
    pairs = {}
    for k in range(len(made.pairs.left)):
        decided = DECIDED[made.clusters.decided[k]]
        clash = PAIR_REASONS[made.clusters.reason[k]] == "nik_clash"
        if decided != "apart" and (made.pairs.weight[k] >= frozen.model.review or clash):
            pairs[ids[made.pairs.left[k]], ids[made.pairs.right[k]]] = (
                float(made.pairs.weight[k]), int(made.pairs.pattern[k]), decided, PAIR_REASONS[made.clusters.reason[k]],
            )  # fmt: skip
    return {frozenset(group) for group in groups.values()}, pairs
