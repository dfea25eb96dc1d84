"""How fast shares are made, with the linear programme of HiGHS beside it where that is installed."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np

from blanko.engines.allocation.schedule import Outlook, schedule

SEED, RUNS = 2017, 7


def _best_ms(areas: int) -> tuple[float, float]:
    outlook = Outlook.seeded(areas=areas, weeks=26, seed=SEED)
    schedule(outlook, box_size=500)
    times = []
    for _ in range(RUNS):
        start = perf_counter()
        schedule(outlook, box_size=500)
        times.append((perf_counter() - start) * 1000)
    return float(np.median(times)), float(max(times))


def _highs_ms() -> float | None:
    """One max-min programme of the same nation and weeks in HiGHS: the first of the many that full leximin needs."""
    try:
        import highspy
    except ImportError:
        return None
    outlook = Outlook.seeded(areas=514, weeks=26, seed=SEED)
    model = highspy.Highs()
    model.setOptionValue("output_flag", False)
    level = [model.addVariable(lb=0, ub=1) for _ in outlook.stock]
    shipped = [[model.addVariable(lb=0) for _ in outlook.backlog] for _ in outlook.stock]
    supplied = np.cumsum(outlook.stock)
    for week in range(len(outlook.stock)):
        model.addConstr(sum(x for row in shipped[: week + 1] for x in row) <= float(supplied[week]))
        for area, backlog in enumerate(outlook.backlog):
            need = float(backlog + (week + 1) * outlook.growth[area])
            model.addConstr(sum(shipped[w][area] for w in range(week + 1)) >= level[week] * need)
    # Only the solver is timed: building the model row by row in Python would be counted against it.
    start = perf_counter()
    model.maximize(sum(level))
    return (perf_counter() - start) * 1000


def run() -> list[dict[str, Any]]:
    """Rows for ``./blanko bench allocation``: median of seven runs, the slowest beside it."""
    highs = _highs_ms()
    peer = f"HiGHS, solving one max-min programme of it, {highs:,.0f} ms" if highs else "HiGHS is not installed"
    rows = []
    for areas, target, beside in ((514, 50, peer), (7_160, 300, None)):
        median, slowest = _best_ms(areas)
        rows.append(
            {
                "job": f"{areas:,} areas x 26 weeks in whole boxes (slowest of {RUNS}: {slowest:.1f} ms)",
                "value": round(median, 1),
                "unit": "ms",
                "target": f"<= {target} ms",
                "met": median <= target,
                "peer": beside,
            }
        )
    return rows
