"""How fast shares are made, with HiGHS beside it as peer and oracle where it is installed."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np

from blanko.engines.allocation.schedule import Outlook, Schedule, schedule

SEED, RUNS, WEEKS, BOX = 2017, 7, 26, 500


def _times_ms(outlook: Outlook, *, box_size: int) -> tuple[float, float]:
    """Median and slowest of the runs, after one to warm up."""
    schedule(outlook, box_size=box_size)
    times = []
    for _ in range(RUNS):
        start = perf_counter()
        schedule(outlook, box_size=box_size)
        times.append((perf_counter() - start) * 1000)
    return float(np.median(times)), float(max(times))


def _beside_highs(outlook: Outlook) -> str:
    """The same weeks, each as one max-min programme, and how far our lowest fill stands from its level.

    HiGHS gets the sparse programme of a single week, one column an area, filled from arrays. It is the first of the
    programmes that leximin needs, and in fractions of blanks: the peer does less work here than we do.
    """
    try:
        import highspy
    except ImportError:
        return "none, HiGHS (highspy) is not installed"
    singly = schedule(outlook, box_size=1)
    spent, apart = 0.0, 0.0
    for week in range(WEEKS):
        need, held, stock = _before(outlook, singly, week)
        start = perf_counter()
        level = _max_min(highspy, need, held, stock)
        spent += perf_counter() - start
        lowest = float(((held + singly.shipped[week]) / need).min())
        apart = max(apart, abs(level - lowest))
    return f"HiGHS, only the highest lowest fill of each week, {spent * 1000:,.0f} ms; ours is within {apart:.5f} of it"


def _before(outlook: Outlook, plan: Schedule, week: int) -> tuple[Any, Any, int]:
    """Gross need (at least 1 in a seeded outlook), holdings and central stock as a week's round finds them."""
    central = int(plan.central[week - 1]) if week else 0
    return (
        outlook.backlog + week * outlook.growth,
        plan.shipped[:week].sum(axis=0),
        central + int(outlook.stock[week]),
    )


def _max_min(highspy: Any, need: Any, held: Any, stock: int) -> float:
    """The highest level that the stock can lift every area to: maximise t with held + x >= t * need, sum x <= stock."""
    count = len(need)
    rows = np.arange(count)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = count + 1, count + 1
    lp.sense_ = highspy.ObjSense.kMaximize
    lp.col_cost_ = np.append(np.zeros(count), 1.0)
    lp.col_lower_ = np.zeros(count + 1)
    lp.col_upper_ = np.append(np.maximum(need - held, 0), 1).astype(float)
    lp.row_lower_ = np.append(-held, -highspy.kHighsInf).astype(float)
    lp.row_upper_ = np.append(np.full(count, highspy.kHighsInf), float(stock))
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = np.append(2 * np.arange(count + 1), 3 * count)
    lp.a_matrix_.index_ = np.append(np.column_stack([rows, np.full(count, count)]).ravel(), rows)
    lp.a_matrix_.value_ = np.append(np.ones(2 * count), -need.astype(float))
    model = highspy.Highs()
    model.setOptionValue("output_flag", False)
    model.passModel(lp)
    model.run()
    return float(model.getInfo().objective_function_value)


def run() -> list[dict[str, Any]]:
    """Rows for ``./blanko bench allocation``: median of seven runs, the slowest beside it."""
    rows = []
    for areas, target in ((514, 50), (7_160, 300)):
        outlook = Outlook.seeded(areas=areas, weeks=WEEKS, seed=SEED)
        median, slowest = _times_ms(outlook, box_size=BOX)
        rows.append(
            {
                "job": f"{areas:,} areas x {WEEKS} weeks in whole boxes (slowest of {RUNS}: {slowest:.1f} ms)",
                "value": round(median, 1),
                "unit": "ms",
                "target": f"<= {target} ms",
                "met": median <= target,
                "peer": None,
            }
        )
    outlook = Outlook.seeded(areas=514, weeks=WEEKS, seed=SEED)
    median, slowest = _times_ms(outlook, box_size=1)
    rows.append(
        {
            "job": f"514 areas x {WEEKS} weeks in single blanks (slowest of {RUNS}: {slowest:.1f} ms)",
            "value": round(median, 1),
            "unit": "ms",
            "target": None,
            "met": None,
            "peer": _beside_highs(outlook),
        }
    )
    return rows
