"""``./blanko bench nation [--records N]``: one run over 20 million records that spills to disk, and what 182 million need.

A million records are linked first, in the same way, so that the time of a record can be compared; what grows with the
records is then projected to the nation's 182 million of card age. The people are synthetic; their truth is known.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow.parquet as pq

from blanko.doors.cli.bench_linkage import PEOPLE_PER_RECORD, SEED, Run, codes, compiling, dedupe, measured, score

RECORDS: Final = 20_000_000
ONE: Final = 1_000_000
NATION: Final = 182_000_000
MEMORY_GIB: Final = 16
SLOWER: Final = 1.5


def write_nation(records: int, folder: Path, *, few: int = 20_000) -> int:
    """records.parquet, truth.parquet (sorted by record id) and few.parquet, a part of the nation at a time."""
    from blanko.decisions.scenario.villages import villages
    from blanko.engines.linkage.columns import COLUMNS
    from blanko.engines.synth.nation import registrations

    folder.mkdir(parents=True, exist_ok=True)
    made = 0
    file = truths = None
    for table, truth in registrations(people=round(records * PEOPLE_PER_RECORD), seed=SEED, areas=villages()):
        rows = table.select(list(COLUMNS))
        recorded = truth.filter(truth["record_id"].is_valid()).select(["record_id", "person_id"])
        if file is None or truths is None:
            file = pq.ParquetWriter(folder / "records.parquet", rows.schema)
            truths = pq.ParquetWriter(folder / "truth.parquet", recorded.schema)
            pq.write_table(rows.slice(0, few), folder / "few.parquet")
        file.write_table(rows, row_group_size=1 << 17)
        truths.write_table(recorded, row_group_size=1 << 17)
        made += len(rows)
    if file is not None and truths is not None:
        file.close()
        truths.close()
    return made


def run(records: int = RECORDS) -> list[dict[str, Any]]:
    """Rows for the bench."""
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        rows: list[dict[str, Any]] = []
        runs: list[tuple[int, Run, int]] = []
        for name, asked in (("one", ONE), ("many", records)):
            made = write_nation(asked, at / name)
            if name == "one":
                compiling(at / name)
                start = measured(dedupe(at / name / "few.parquet", at / name / "few"), at / name)
            found, spilt = spilling(at / name, at / "one")
            runs.append((made, found, spilt))
            rows += [
                _row(f"{made:,} records, spilling: wall", round(found.wall, 1), "s"),
                _row("processor", round(found.cpu, 1), "s"),
                _row("most memory", round(found.memory, 2), "GiB", f"<= {MEMORY_GIB}", found.memory <= MEMORY_GIB),
                _row("spilt to disk in all", round(spilt / 2**30, 2), "GiB"),
                *_found(at / name),
            ]
        return rows + _projected(start, *runs)


def spilling(folder: Path, home: Path) -> tuple[Run, int]:
    """(what the run took, the bytes that it spilt)."""
    told = folder / "told.json"
    command = dedupe(folder / "records.parquet", folder / "ours", "--spill", str(folder / "spill"), "--json")
    found = measured(command, home, told)
    return found, int(json.loads(told.read_text().splitlines()[-1])["spilt_bytes"])


def _found(folder: Path) -> list[dict[str, Any]]:
    truth = pq.read_table(folder / "truth.parquet").sort_by("record_id")
    ids = truth["record_id"].combine_chunks()
    person = pq.read_table(folder / "ours" / "clusters.parquet", columns=["person_id"])["person_id"]
    right = score(codes(person, ids), truth["person_id"].to_numpy().astype(np.int64))
    return [
        _row("cluster F1", round(right.f1, 4), ""),
        _row("what is merged: precision", round(right.precision, 5), "", ">= 0.9995", right.precision >= 0.9995),
        _row("what is merged: recall", round(right.recall, 4), "", ">= 0.75", right.recall >= 0.75),
    ]


def _projected(start: Run, one: tuple[int, Run, int], many: tuple[int, Run, int]) -> list[dict[str, Any]]:
    """What the nation's records cost, from the two runs and from ``start``, a run on few records."""
    ratio = many[1].wall / many[0] / (one[1].wall / one[0])
    rows = [
        _row("time of a record against that at a million", round(ratio, 2), "times", f"<= {SLOWER}", ratio <= SLOWER)
    ]

    def curve(first: float, second: float, fixed: float = 0.0) -> float:
        """fixed + a n + b n^2 through both runs: pairs of strangers grow with the square, until the cap holds them."""
        each, later = (first - fixed) / one[0], (second - fixed) / many[0]
        square = max((later - each) / (many[0] - one[0]), 0.0)
        return fixed + NATION * (later + square * (NATION - many[0]))

    return [
        *rows,
        _row(
            f"projected to {NATION:,} records: processor",
            round(curve(one[1].cpu, many[1].cpu, start.cpu) / 3600, 2),
            "hours",
        ),
        _row("projected: wall", round(curve(one[1].wall, many[1].wall, start.wall) / 3600, 2), "hours"),
        _row(
            "projected: memory, were pairs to grow as records do",
            round(curve(one[1].memory, many[1].memory, start.memory), 1),
            "GiB",
        ),
        _row("projected: spilt to disk", round(curve(one[2], many[2]) / 2**30, 1), "GiB"),
    ]


def _row(job: str, value: float, unit: str, target: str | None = None, met: bool | None = None) -> dict[str, Any]:
    return {"job": job, "value": value, "unit": unit, "target": target, "met": met, "peer": None}
