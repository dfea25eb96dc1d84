"""The policy lab: the same months, the same surprises, under several policies, side by side. Pure and seeded.

Needs are known when they arise, deliveries when they come; before that a policy knows only what is expected. Every week
each policy shares what lies at the centre; offices print as fast as blanks and printers allow. What the figures mean
and what they cannot prove: docs/allocation.md, "The policy lab".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np

from blanko.engines.allocation.errors import InvalidPlan, UnknownPolicy
from blanko.engines.allocation.plan import Horizon, plan
from blanko.engines.allocation.policies import POLICIES, Situation, equal_counts, rule_on
from blanko.engines.allocation.terms import Terms, divide
from blanko.engines.allocation.waterfill import Floats, Ints

REPLANNED, AS_SENT = "leximin_replanned", "as_sent"
# A tenth of what lies at the centre is shared singly, or areas that need less than a box would wait for all others.
PART_RESERVE = 10


@dataclass(frozen=True, slots=True)
class Mark:
    """One input of a case: what it is, how it is known, and from where or by which method."""

    name: str
    kind: Literal["observed", "estimated", "assumed"]
    source: str


@dataclass(frozen=True, slots=True)
class Surprise:
    """How far the months may differ from what is expected.

    ``demand_nation`` and ``demand_area`` are spreads (standard deviations of logarithms) of a shock that the nation
    shares and that lasts (``lasting``: what is left of it after a week) and of one of each area and week. A delivery
    after the first week is late with chance ``late``, by at least a week, and each week it ends with ``late_ends``.
    """

    demand_nation: float = 0.15
    lasting: float = 0.7
    demand_area: float = 0.4
    late: float = 0.3
    late_ends: float = 0.4


@dataclass(frozen=True, slots=True, eq=False)
class Months:
    """Months to replay. ``weekly`` new print-ready cards and ``deliveries`` to the centre are what is expected.

    Arrays of areas, but ``deliveries`` (weeks). ``lot_cost`` and ``blank_cost`` are rupiah for one lot and one blank to
    an area; ``sent`` is what was really sent in the first week, where that is known.
    """

    name: str
    title: str
    begins: date
    codes: tuple[str, ...]
    names: tuple[str, ...]
    province: Ints
    backlog: Ints
    weekly: Ints
    deliveries: Ints
    lead: Ints
    capacity: Ints
    lot_cost: Ints
    blank_cost: Ints
    box: int
    marks: tuple[Mark, ...]
    sent: Ints | None = None

    def check(self) -> None:
        """Raise InvalidPlan, naming the column and the area, for a negative number or a column of another length."""
        columns = {name: getattr(self, name) for name in
                   ("province", "backlog", "weekly", "lead", "capacity", "lot_cost", "blank_cost")}  # fmt: skip
        if self.sent is not None:
            columns["sent"] = self.sent
        if not len(self.deliveries) or not self.codes:
            raise InvalidPlan("the case {case} has no week or no area", mend="give at least one", case=self.name)
        for name, column in columns.items():
            if column.shape != (len(self.codes),):
                raise InvalidPlan(
                    "{case}: {column} has {found} entries for {areas} areas",
                    mend="give one for each area",
                    case=self.name,
                    column=name,
                    found=column.size,
                    areas=len(self.codes),
                )
            if (column < 0).any():
                area = int(np.flatnonzero(column < 0)[0])
                raise InvalidPlan(
                    "{case}: {column} of {code} is {value}",
                    mend="give counts from 0 up",
                    case=self.name,
                    column=name,
                    code=self.codes[area],
                    value=int(column[area]),
                )
        if (self.deliveries < 0).any():
            week = int(np.flatnonzero(self.deliveries < 0)[0]) + 1
            raise InvalidPlan(
                "{case}: the delivery of week {week} is below zero",
                mend="give counts from 0 up",
                case=self.name,
                week=week,
            )


@dataclass(frozen=True, slots=True, eq=False)
class Future:
    """What happens: cards that become print-ready and blanks that come, by week, and who asks first each week."""

    need: Ints
    stock: Ints
    arrival: Ints


def future(case: Months, *, seed: int, surprise: Surprise = Surprise()) -> Future:
    """One seeded course of events. All policies of a comparison meet the same one."""
    draw = np.random.Generator(np.random.PCG64(seed))
    weeks, areas = len(case.deliveries), len(case.codes)
    need, shock = np.zeros((weeks, areas), np.int64), 0.0
    for week in range(weeks):
        shock = surprise.lasting * shock + draw.normal(0.0, surprise.demand_nation)
        spread = draw.normal(0.0, surprise.demand_area, areas) - surprise.demand_area**2 / 2
        need[week] = draw.poisson(case.weekly * np.exp(shock + spread))
    stock = np.zeros(weeks, np.int64)
    late = np.where(draw.random(weeks) < surprise.late, draw.geometric(surprise.late_ends, weeks), 0)
    late[0] = 0  # what lies there when the case begins is there
    for week in range(weeks):
        if week + late[week] < weeks:
            stock[week + late[week]] += case.deliveries[week]
    arrival = draw.permuted(np.tile(np.arange(areas), (weeks, 1)), axis=1)
    need[0] += case.backlog
    return Future(need, stock, arrival)


@dataclass(frozen=True, slots=True)
class AreaOutcome:
    """One regency at the end. ``fill`` is printed of needed; ``over`` blanks it was sent above its need."""

    code: str
    name: str
    needed: int
    received: int
    printed: int
    fill: float
    waiting_weeks: float
    stock_out_weeks: int
    over: int


@dataclass(frozen=True, slots=True)
class WeekOutcome:
    """The end of one week: cards waiting; blanks at offices, on their way and at the centre; how offices stand."""

    week: int
    waiting: int
    at_offices: int
    on_the_way: int
    central: int
    shipped: int
    printed: int
    stock_outs: int
    fill_lowest: float
    fill_median: float
    fill_highest: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """One policy's months. Waits are in weeks; cards not printed by the end count as waiting until then (``unserved``).

    ``idle`` is the mean number of blanks that lay at offices at a week's end, ``idle_central`` at the centre.
    ``stock_outs`` are weeks of offices with waiting people and no blank; ``cost`` rupiah of transport for ``lots``.
    """

    policy: str
    rule: str
    waiting_mean: float
    waiting_p95: int
    unserved: int
    idle: int
    idle_central: int
    over: int
    worst: str
    fill_worst: float
    stock_outs: int
    lots: int
    cost: int
    areas: tuple[AreaOutcome, ...]
    weeks: tuple[WeekOutcome, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Several policies over the same months; everything that a table or a page shows."""

    case: str
    title: str
    begins: date
    seed: int
    needed: int
    delivered: int
    marks: tuple[Mark, ...]
    outcomes: tuple[Outcome, ...]


def known_policies(case: Months) -> tuple[str, ...]:
    """What this case can be run under."""
    return (*POLICIES, REPLANNED, *((AS_SENT,) if case.sent is not None else ()))


def compare(case: Months, policies: Sequence[str], *, seed: int = 1, surprise: Surprise = Surprise()) -> Comparison:
    """Run a case under each policy. The same seed gives the same figures. Raises UnknownPolicy, InvalidPlan."""
    case.check()
    if seed < 0:
        raise InvalidPlan("the seed is {seed}", mend="give a whole number from 0 up", seed=seed)
    if not policies:
        raise UnknownPolicy("no policy was named", mend="name some of {known}", known=", ".join(known_policies(case)))
    for name in policies:
        if name not in known_policies(case):
            raise UnknownPolicy(
                "there is no policy {policy} in the case {case}",
                mend="the policies are {known}",
                policy=repr(name),
                case=case.name,
                known=", ".join(known_policies(case)),
            )
    told = future(case, seed=seed, surprise=surprise)
    return Comparison(
        case=case.name,
        title=case.title,
        begins=case.begins,
        seed=seed,
        needed=int(told.need.sum()),
        delivered=int(told.stock.sum()),
        marks=case.marks,
        outcomes=tuple(_run(case, told, name) for name in dict.fromkeys(policies)),
    )


@dataclass(slots=True, eq=False)
class _State:
    """Where a run stands at the beginning of a week, after that week's need and deliveries are known."""

    week: int
    central: int
    known: Ints
    printed: Ints
    received: Ints
    on_hand: Ints
    last_box: Ints
    arrived: int

    @property
    def unprinted(self) -> Ints:
        return self.received - self.printed


Sharer = Callable[[Months, Future, _State], Ints]


def _by_rule(policy: str) -> Sharer:
    def share(case: Months, told: Future, now: _State) -> Ints:
        areas = len(case.codes)
        rank = np.empty(areas, np.int64)
        rank[np.lexsort((np.arange(areas), now.last_box))] = np.arange(areas)
        weeks_left = len(case.deliveries) - 1 - now.week
        situation = Situation.of(
            need=now.known,
            held=now.received,
            unprinted=now.unprinted,
            province=case.province,
            use=np.maximum(1, np.minimum(case.capacity, now.known - now.printed + case.weekly)),
            arrival=told.arrival[now.week],
            rank=rank,
            stock=now.central,
            unit=case.box,
            future_need=int(case.weekly.sum()) * weeks_left,
            future_stock=max(0, int(case.deliveries.sum()) - now.arrived),
        )
        terms = Terms(part_boxes=True, part_reserve=now.central // PART_RESERVE)
        return divide(situation, rule_on(case.begins, policy).share, terms).shares

    return share


def _replanned(case: Months, told: Future, now: _State) -> Ints:
    """Plan all weeks that are left by what is expected now, send the first week's part, forget the rest."""
    left = len(case.deliveries) - now.week
    need = np.tile(case.weekly, (left, 1))
    need[0] = now.known - now.printed
    overdue = int(case.deliveries[: now.week + 1].sum()) - now.arrived
    stock = case.deliveries[now.week :].copy()
    stock[0] = now.central
    stock[min(1, left - 1)] += overdue if left > 1 else 0
    horizon = Horizon(stock, need, now.unprinted, case.lead, case.capacity, earlier=now.printed)
    return np.asarray(plan(horizon, earliest=False).shipped[0], np.int64)


def _as_sent(case: Months, told: Future, now: _State) -> Ints:
    """The first week as it really was; then the same number for everybody, as was the practice."""
    if now.week == 0 and case.sent is not None and int(case.sent.sum()) <= now.central:
        return case.sent
    return equal_counts(Situation.of(need=now.known, stock=now.central, unit=case.box))


def _run(case: Months, told: Future, policy: str) -> Outcome:
    weeks, areas = told.need.shape
    share = {REPLANNED: _replanned, AS_SENT: _as_sent}.get(policy) or _by_rule(policy)
    shipped, printed, on_hand = (np.zeros((weeks, areas), np.int64) for _ in range(3))
    central = np.zeros(weeks, np.int64)
    zeros = np.zeros(areas, np.int64)
    now = _State(0, 0, zeros.copy(), zeros.copy(), zeros.copy(), zeros.copy(), zeros - 1, 0)
    for week in range(weeks):
        now.week = week
        now.known = now.known + told.need[week]
        now.central += int(told.stock[week])
        now.arrived += int(told.stock[week])
        shipped[week] = share(case, told, now)
        now.received = now.received + shipped[week]
        now.central -= int(shipped[week].sum())
        now.last_box[shipped[week] > 0] = week
        sent_on = week - case.lead
        due = np.flatnonzero(sent_on >= 0)
        now.on_hand[due] += shipped[sent_on[due], due]
        printed[week] = np.minimum(np.minimum(now.on_hand, case.capacity), now.known - now.printed)
        now.on_hand = now.on_hand - printed[week]
        now.printed = now.printed + printed[week]
        on_hand[week], central[week] = now.on_hand, now.central
    return _outcome(case, told, policy, shipped, printed, on_hand, central)


def _outcome(
    case: Months, told: Future, policy: str, shipped: Ints, printed: Ints, on_hand: Ints, central: Ints
) -> Outcome:
    weeks, _areas = shipped.shape
    needed, done, received = np.cumsum(told.need, 0), np.cumsum(printed, 0), np.cumsum(shipped, 0)
    waiting = needed - done
    fill = np.where(needed > 0, done / np.maximum(needed, 1), 1.0)
    out = (waiting > 0) & (on_hand == 0)
    histogram, mean_by_area = _waits(told.need, printed)
    cards = max(1, int(histogram.sum()))
    lots = shipped > 0
    over = np.maximum(received[-1] - needed[-1], 0)
    worst = int(np.lexsort((np.arange(len(case.codes)), fill[-1]))[0])
    return Outcome(
        policy=policy,
        rule=policy if policy in (REPLANNED, AS_SENT) else rule_on(case.begins, policy).id,
        waiting_mean=float((histogram * np.arange(weeks + 1)).sum() / cards),
        waiting_p95=int(np.searchsorted(np.cumsum(histogram), 0.95 * cards)),
        unserved=int(waiting[-1].sum()),
        idle=int(on_hand.sum() // weeks),
        idle_central=int(central.sum() // weeks),
        over=int(over.sum()),
        worst=case.codes[worst],
        fill_worst=float(fill[-1, worst]),
        stock_outs=int(out.sum()),
        lots=int(lots.sum()),
        cost=int((lots.sum(0) * case.lot_cost + received[-1] * case.blank_cost).sum()),
        areas=tuple(
            AreaOutcome(code, name, *row)
            for code, name, *row in zip(
                case.codes,
                case.names,
                needed[-1].tolist(),
                received[-1].tolist(),
                done[-1].tolist(),
                fill[-1].tolist(),
                mean_by_area.tolist(),
                out.sum(0).tolist(),
                over.tolist(),
                strict=True,
            )
        ),
        weeks=tuple(
            WeekOutcome(week, *row)
            for week, *row in zip(
                range(1, weeks + 1),
                waiting.sum(1).tolist(),
                on_hand.sum(1).tolist(),
                (received - done - on_hand).sum(1).tolist(),
                central.tolist(),
                shipped.sum(1).tolist(),
                printed.sum(1).tolist(),
                out.sum(1).tolist(),
                fill.min(1).tolist(),
                np.median(fill, axis=1).tolist(),
                fill.max(1).tolist(),
                strict=True,
            )
        ),
    )


def _waits(need: Ints, printed: Ints) -> tuple[Ints, Floats]:
    """Cards by weeks waited, and the mean by area: who became print-ready first is printed first.

    A card that is printed in the week in which it became print-ready waited 0 weeks. One that is not printed by the
    end waited at least until then, and is counted so.
    """
    weeks, areas = need.shape
    histogram, total = np.zeros(weeks + 1, np.int64), np.zeros(areas, np.int64)
    before, done = np.cumsum(need, 0) - need, np.cumsum(printed, 0)
    for ready in range(weeks):
        served = np.clip(done[ready:] - before[ready], 0, need[ready])
        by_week = np.diff(served, axis=0, prepend=0)
        late = need[ready] - served[-1]
        histogram[: weeks - ready] += by_week.sum(1)
        histogram[weeks - ready] += int(late.sum())
        total += (by_week * np.arange(weeks - ready)[:, None]).sum(0) + late * (weeks - ready)
    return histogram, total / np.maximum(need.sum(0), 1)
