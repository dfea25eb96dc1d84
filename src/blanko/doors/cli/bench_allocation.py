"""How fast shares are made, with HiGHS beside it as peer and oracle where it is installed."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np

from blanko.decisions.planning.lab import nation_2017
from blanko.engines.allocation.lab import compare
from blanko.engines.allocation.plan import Horizon, Plan, plan
from blanko.engines.allocation.policies import POLICIES
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


def scarce(*, areas: int, weeks: int, seed: int) -> Horizon:
    """A made-up nation whose weeks bind: stock comes late, slow printers, one to five weeks on the way."""
    horizon = Horizon.of(Outlook.seeded(areas=areas, weeks=weeks, seed=seed))
    draw = np.random.Generator(np.random.PCG64(seed))
    slow = np.maximum(20, (horizon.capacity * draw.uniform(0.25, 1.2, areas)).astype(np.int64))
    stock = (horizon.stock * np.linspace(0.1, 1.6, weeks) * areas / 514).astype(np.int64)
    return Horizon(stock, horizon.need, horizon.held, horizon.lead, slow)


class PlanProgramme:
    """The linear programme of a plan, in fractions of cards: cumulated shipments, then cumulated prints, then a level."""

    def __init__(self, highspy: Any, horizon: Horizon) -> None:
        self.highspy, self.horizon = highspy, horizon
        self.weeks, self.areas = horizon.need.shape
        cells = self.weeks * self.areas
        self.sent = np.arange(cells).reshape(self.weeks, self.areas)
        self.done = self.sent + cells
        self.level = 2 * cells
        known = np.cumsum(horizon.need, 0)
        early = np.arange(self.weeks)[:, None] < horizon.lead
        self.lower = np.zeros(2 * cells + 1)
        self.upper = np.full(2 * cells + 1, np.inf)
        self.upper[self.done] = np.where(early, np.minimum(known, horizon.held), known)
        self.upper[self.done[0]] = np.minimum(self.upper[self.done[0]], horizon.capacity)
        self.upper[self.level] = 1.0
        self.rows: list[tuple[Any, Any, Any, Any]] = []
        come = np.cumsum(horizon.stock)
        for week in range(self.weeks):
            self._row(self.sent[week][None, :], np.ones((1, self.areas)), -np.inf, float(come[week]))
        for week in range(1, self.weeks):
            pair, signs = np.array([1.0, -1.0]), np.ones((self.areas, 1))
            self._row(np.column_stack([self.sent[week], self.sent[week - 1]]), signs * pair, 0.0, np.inf)
            self._row(np.column_stack([self.done[week], self.done[week - 1]]), signs * pair, 0.0, horizon.capacity)
        for week in range(self.weeks):
            at = np.flatnonzero(week >= horizon.lead)
            columns = np.column_stack([self.done[week, at], self.sent[week - horizon.lead[at], at]])
            self._row(columns, np.tile([1.0, -1.0], (len(at), 1)), -np.inf, horizon.held[at])

    def _row(self, columns: Any, values: Any, low: Any, high: Any) -> None:
        count = len(columns)
        self.rows.append((columns, values, np.broadcast_to(low, count), np.broadcast_to(high, count)))

    def _solve(self, cost: Any) -> float:
        lp = self.highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(cost), sum(len(row[0]) for row in self.rows)
        lp.sense_ = self.highspy.ObjSense.kMaximize
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = cost, self.lower, self.upper
        lp.row_lower_ = np.concatenate([row[2] for row in self.rows]).astype(float)
        lp.row_upper_ = np.concatenate([row[3] for row in self.rows]).astype(float)
        widths = np.concatenate([np.full(len(row[0]), row[0].shape[1]) for row in self.rows])
        lp.a_matrix_.format_ = self.highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = np.concatenate([[0], np.cumsum(widths)])
        lp.a_matrix_.index_ = np.concatenate([row[0].ravel() for row in self.rows])
        lp.a_matrix_.value_ = np.concatenate([row[1].ravel() for row in self.rows]).astype(float)
        model = self.highspy.Highs()
        model.setOptionValue("output_flag", False)
        model.passModel(lp)
        model.run()
        return float(model.getInfo().objective_function_value)

    def highest_level(self, made: Plan, rising: Any) -> float:
        """The highest share of all need that the ``rising`` areas can all print while the others print what they do."""
        gross = self.horizon.need.sum(0)
        ends = np.flatnonzero(rising)
        self.lower[self.done[-1]] = np.where(rising, 0, made.printed.sum(0))
        columns = np.column_stack([self.done[-1, ends], np.full(len(ends), self.level)])
        self._row(columns, np.column_stack([np.ones(len(ends)), -gross[ends].astype(float)]), 0.0, np.inf)
        return self._solve(np.append(np.zeros(self.level), 1.0))

    def least_waiting(self, made: Plan) -> float:
        """The fewest card-weeks of waiting with the totals of a plan."""
        self.lower[self.sent[-1]] = self.upper[self.sent[-1]] = made.shipped.sum(0)
        self.lower[self.done[-1]] = self.upper[self.done[-1]] = made.printed.sum(0)
        cost = np.zeros(self.level + 1)
        cost[self.done.ravel()] = 1.0
        return float(np.cumsum(self.horizon.need, 0).sum()) - self._solve(cost)


def _plan_rows() -> list[dict[str, Any]]:
    """Many weeks ahead: our plan, and what HiGHS makes of the same weeks."""
    horizon = scarce(areas=514, weeks=WEEKS, seed=SEED)
    rows = []
    made = plan(horizon)
    for box, says in ((1, "single cards, the least waiting"), (BOX, "whole boxes")):
        times = []
        for _ in range(RUNS):
            start = perf_counter()
            plan(horizon, box_size=box)
            times.append((perf_counter() - start) * 1000)
        rows.append({
            "job": f"leximin plan of 514 areas x {WEEKS} weeks, {says} (slowest of {RUNS}: {max(times):.0f} ms)",
            "value": round(float(np.median(times)), 1), "unit": "ms", "target": None, "met": None,
            "peer": None,
        })  # fmt: skip
    try:
        import highspy
    except ImportError:
        return rows
    count, cards, spent = _levels(highspy, horizon, made)
    rows.append({
        "job": f"an area's cards from its leximin level, at each of {count} levels", "value": round(cards, 3),
        "unit": "cards", "target": "<= 1 card", "met": cards <= 1,
        "peer": f"HiGHS, these {count} levels, {spent:,.1f} s",
    })  # fmt: skip
    fewest = PlanProgramme(highspy, horizon).least_waiting(made)
    apart = abs(made.card_weeks - fewest) / fewest
    rows.append({
        "job": f"waiting above the least possible with the same totals ({made.card_weeks:,} card-weeks)",
        "value": round(apart * 100, 6), "unit": "%", "target": "<= 0.1 %", "met": apart <= 0.001, "peer": None,
    })  # fmt: skip
    return rows


def _levels(highspy: Any, horizon: Horizon, made: Plan) -> tuple[int, float, float]:
    """Leximin level by level: how many levels, the most cards that an area lies from its level, and seconds spent.

    A level is the lowest fill of those who share a binding week, or of those who stop for want of time. At each one
    HiGHS raises all who stand at it or above; who stands below keeps what it has.
    """
    gross, done = horizon.need.sum(0), made.printed.sum(0)
    fill = np.where(gross > 0, done / np.maximum(gross, 1), np.inf)
    week = np.array([one.week if one.binding == "stock" else -1 for one in made.certificates])
    levels = {float(fill[week == w].min()): np.flatnonzero(week == w) for w in set(week.tolist())}
    apart, start = 0.0, perf_counter()
    for low, shared in sorted(levels.items()):
        level = PlanProgramme(highspy, horizon).highest_level(made, (fill >= low) & (gross > 0))
        poorest = shared[fill[shared].argmin()]
        apart = max(apart, abs(level - low) * float(gross[poorest]))
    return len(levels), apart, perf_counter() - start


def _lab_row() -> dict[str, Any]:
    case = nation_2017()
    start = perf_counter()
    compare(case, POLICIES)
    spent = perf_counter() - start
    return {
        "job": f"policy lab: 514 areas x {WEEKS} weeks x {len(POLICIES)} policies",
        "value": round(spent, 2), "unit": "s", "target": "<= 3 s", "met": spent <= 3, "peer": None,
    }  # fmt: skip


def run() -> list[dict[str, Any]]:
    """Rows for ``./blanko bench allocation``: median of seven runs, the slowest beside it."""
    rows: list[dict[str, Any]] = []
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
    return [*rows, *_plan_rows(), _lab_row()]
