"""``./blanko bench coverage``: how often the nation's intervals hold, on enough nations that luck can be told apart.

``bench demand`` scores every level of few nations; this one only the nation's intervals, of many small ones.
"""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

from blanko.engines.demand.seeded import KINDS
from blanko.engines.demand.trials import ALL, LEVELS, Tally, judge, trial

# One origin of each nation, since two of one nation share their luck.
FIRST_SEED, NATIONS, AREAS, PATHS, ORIGINS = 5_000, 90, 60, 400, (36, 42, 48)


def _run(job: tuple[str, int]) -> tuple[str, Tally]:
    kind, number = job
    tried = trial(kind, seed=FIRST_SEED + number, areas=AREAS, origin=ORIGINS[number % len(ORIGINS)])
    return kind, judge(tried, nation_number=number, paths=PATHS, seed=number)


def run(records: int = NATIONS) -> list[dict[str, Any]]:
    """Rows for ``./blanko bench coverage``; ``records`` is the number of nations of each kind."""
    tallies = {kind: Tally() for kind in KINDS}
    before = {name: os.environ.get(name) for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")}
    os.environ.update(dict.fromkeys(before, "1"))
    try:
        with ProcessPoolExecutor(max_workers=os.cpu_count(), mp_context=get_context("spawn")) as pool:
            jobs = [(kind, number) for kind in KINDS for number in range(records)]
            for kind, found in pool.map(_run, jobs, chunksize=4):
                tallies[kind].add(found)
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
    return [row for kind, tally in tallies.items() for row in _rows(kind, tally)]


def _rows(kind: str, tally: Tally) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for grain in ("nation-quarter", "nation-year"):
        for level in LEVELS:
            value, count, unsure = tally.coverage(grain, ALL, level)
            rows.append({
                "job": f"{kind}: inside the {level:.0%} interval, {ALL}, {grain}", "value": round(value, 1),
                "unit": f"% of {count:,}", "target": f"{100 * level:.0f} +- 3", "met": abs(value - 100 * level) <= 3,
                "peer": f"standard error {unsure:.1f}",
            })  # fmt: skip
    shared, unsure = tally.together()
    rows.append({
        "job": f"{kind}: correlation of what two causes of a nation's year are off by", "value": round(shared, 3),
        "unit": "of 1", "target": None, "met": None, "peer": f"standard error {unsure:.3f}",
    })  # fmt: skip
    return rows
