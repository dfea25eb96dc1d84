"""A plan of many weeks: who can be served by the last week, leximin and exact, and then as early as possible.

Whoever prints ``y`` cards by the end can print them as late as its capacity allows; so by each week it must have been
sent ``max(0, y - what it can still print afterwards)``. A plan exists when these sums never pass what has come.
The totals that fit form an integer polymatroid (Megiddo 1974, flows to several sinks), on which giving unit by unit to
the lowest fill that can still take one is lexicographically optimal (Fujishige 1980; Groenevelt 1991). That is computed
here by levels, as in ``waterfill``. Method, proof and limits: docs/allocation.md, "Many weeks ahead".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from blanko.engines.allocation.errors import InvalidPlan
from blanko.engines.allocation.schedule import Outlook
from blanko.engines.allocation.sooner import sooner
from blanko.engines.allocation.waterfill import NEED_MAX, Ints, order_of_units, units_below

PlanBinding = Literal["no_need", "need_met", "box_size", "time", "stock"]
NOBODY = -1


@dataclass(frozen=True, slots=True, eq=False)
class Horizon:
    """What is known or expected of the weeks ahead, in blanks and cards.

    ``stock`` comes to the centre each week (shape: weeks). ``need`` becomes print-ready each week (weeks, areas); the
    first row holds the backlog. ``held`` are blanks at the offices now, ``lead`` whole weeks on the way (0: the same
    week), ``capacity`` cards a week. ``earlier`` were printed before: they count in need and holdings alike.
    """

    stock: Ints
    need: Ints
    held: Ints
    lead: Ints
    capacity: Ints
    earlier: Ints | None = None

    @classmethod
    def of(cls, outlook: Outlook) -> Horizon:
        """The horizon of a schedule's outlook: growth of a week can be printed from the next week on."""
        weeks = len(outlook.stock)
        need = np.tile(outlook.growth, (weeks, 1))
        need[0] = outlook.backlog
        return cls(outlook.stock, need, np.zeros_like(outlook.backlog), outlook.lead_weeks, outlook.capacity)

    def times(self, factor: int) -> Horizon:
        """The same weeks counted in parts of a card."""
        earlier = None if self.earlier is None else self.earlier * factor
        return Horizon(
            self.stock * factor, self.need * factor, self.held * factor, self.lead, self.capacity * factor, earlier
        )

    def check(self) -> None:
        """Raise InvalidPlan, naming the table, the week and the area (from 1) of the first wrong number."""
        shape = (len(self.stock), len(self.held))
        if not shape[0]:
            raise InvalidPlan("a plan of no week", mend="give at least one week of stock")
        for name, table, wanted in (
            ("stock", self.stock, shape[:1]),
            ("need", self.need, shape),
            ("held", self.held, shape[1:]),
            ("lead", self.lead, shape[1:]),
            ("capacity", self.capacity, shape[1:]),
            ("earlier", self.held if self.earlier is None else self.earlier, shape[1:]),
        ):
            if table.shape != wanted:
                raise InvalidPlan(
                    "{table} has the shape {found}",
                    mend="give {wanted}: weeks, then areas",
                    table=name,
                    found=table.shape,
                    wanted=wanted,
                )
            wrong = np.argwhere(table < 0)
            if len(wrong):
                at = tuple(int(i) for i in wrong[0])
                raise InvalidPlan(
                    "{table}[{cell}] is {value}",
                    mend="give counts from 0 up",
                    table=name,
                    cell=", ".join(str(i + 1) for i in at),
                    value=int(table[at]),
                )
        gross = self.need.sum(0) if self.earlier is None else self.need.sum(0) + self.earlier
        if len(gross) and int(gross.max()) > NEED_MAX:
            raise InvalidPlan(
                "area {place} needs more than {need_max} in all weeks",
                mend="split it into smaller areas",
                place=int(gross.argmax()) + 1,
                need_max=NEED_MAX,
            )


@dataclass(frozen=True, slots=True)
class Certificate:
    """Why an area gets no unit more, checkable without this code.

    ``binding`` stock: by the end of ``week`` everything that has come must be out, or somebody named here is late; all
    who depend on that week stand no higher before their last box than this area before its next (in single cards: than
    it would stand with one card more). ``would_lose`` is the
    one of them that took its last unit latest (place; -1: nobody). ``time``: no more can be printed by the end, however
    much is sent.
    """

    area: int
    units: int
    fill: float
    binding: PlanBinding
    week: int
    would_lose: int


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """``shipped`` (weeks, areas) in blanks; ``printed`` and ``waiting`` in cards; one certificate for each area."""

    shipped: Ints
    printed: Ints
    waiting: Ints
    central: Ints
    certificates: tuple[Certificate, ...]

    @property
    def card_weeks(self) -> int:
        """Cards that wait, summed over the weeks' ends."""
        return int(self.waiting.sum())


def plan(horizon: Horizon, *, box_size: int = 1, rank: Ints | None = None, earliest: bool = True) -> Plan:
    """The leximin of what each area can have printed by the last week, in whole units, shipped as early as is useful.

    Fill is ``(held + shipped) / need of all weeks``. Blanks that could not be printed by the last week are not sent.
    Boxes go one by one to the lowest fill; ties as in a round: the unit before it came earlier, then ``rank``. Single
    cards (``box_size`` 1) are the exact level of each area, rounded to a card beside it: largest remainder first, then
    ``rank``; they leave in the weeks that give the fewest card-weeks of waiting, unless ``earliest`` is False. Boxes
    leave by a rule that comes near it.
    Raises InvalidPlan.
    """
    horizon.check()
    if not 1 <= box_size <= NEED_MAX:
        raise InvalidPlan("a box of {box_size} blanks", mend="give 1 or more", box_size=box_size)
    places = np.arange(len(horizon.held)) if rank is None else rank
    totals = _Totals(horizon, box_size, places)
    if box_size == 1:
        totals.fill_up_evenly(horizon)
    else:
        totals.fill_up()
    shipped = _ship(horizon, totals, box_size)
    if box_size == 1 and earliest:
        slots, known = _on_arrival(horizon)
        shipped = sooner(shipped, slots=slots, known=known, come=totals.come)
    printed = prints(horizon, shipped)
    waiting = np.cumsum(horizon.need, 0) - np.cumsum(printed, 0)
    central = np.cumsum(horizon.stock) - np.cumsum(shipped.sum(1))
    return Plan(shipped, printed, waiting, central, totals.certificates())


def prints(horizon: Horizon, shipped: Ints) -> Ints:
    """What offices print of shipments, each week as much as blanks, capacity and need allow."""
    weeks, areas = shipped.shape
    arrived = np.zeros((weeks, areas), np.int64)
    for week in range(weeks):
        due = week + horizon.lead
        reaches = np.flatnonzero(due < weeks)
        arrived[due[reaches], reaches] += shipped[week][reaches]
    printed = np.zeros((weeks, areas), np.int64)
    on_hand, waiting = horizon.held.copy(), np.zeros(areas, np.int64)
    for week in range(weeks):
        on_hand += arrived[week]
        waiting += horizon.need[week]
        printed[week] = np.minimum(np.minimum(on_hand, horizon.capacity), waiting)
        on_hand -= printed[week]
        waiting -= printed[week]
    return printed


class _Levels:
    """Units by area, raised from the lowest fill on, while by no week more are called for than have come.

    Of an area's units all above ``later`` are called for by the end of a week (weeks, areas).
    """

    def __init__(
        self, *, need: Ints, held: Ints, unit: int, rank: Ints, later: Ints, come: Ints, units: Ints, most: Ints
    ) -> None:
        self.need, self.held, self.unit, self.rank = need, held, unit, rank
        self.later, self.come = later, come
        self.units, self.open = units.copy(), most.copy()
        self.stopped_by = np.full(len(units), NOBODY)
        self.closed: list[int] = []

    def due(self, units: Ints) -> Ints:
        """Units that must have been shipped by the end of each week (weeks, areas)."""
        return np.asarray(np.maximum(units - self.later, 0), np.int64)

    def slack(self, units: Ints) -> Ints:
        return np.asarray(self.come - self.due(units).sum(1), np.int64)

    def fill_up(self) -> None:
        """Give unit after unit to the lowest fill that can still take one: by levels, then the last few one by one."""
        low = 0.0
        while (self.units < self.open).any():
            if int(self.slack(self.open).min()) >= 0:
                self.units = self.open.copy()
                return
            low = self._raise_level(low)

    def _raise_level(self, low: float) -> float:
        divisor = np.maximum(self.need, 1).astype(np.float64)
        units, enough, high = self.units, self.open, 1.0
        while int((enough - units).sum()) > len(units):
            middle = (low + high) / 2
            below = np.clip(units_below(middle, divisor, self.held, self.unit, self.open), units, enough)
            if int(self.slack(below).min()) >= 0:
                low, units = middle, below
            else:
                high, enough = middle, below
        self.units = units.copy()
        slack = self.slack(self.units)
        between = enough - units
        areas = np.repeat(np.arange(len(units)), between)
        index = units[areas] + np.arange(len(areas)) - np.repeat(np.cumsum(between) - between, between)
        order = order_of_units(
            self.need[areas], self.held[areas], self.unit, index, self.rank[areas], np.zeros_like(index)
        )
        for area in areas[order].tolist():
            if self.units[area] >= self.open[area]:
                continue
            touches = self.units[area] >= self.later[:, area]
            tight = np.flatnonzero(touches & (slack <= 0))
            if len(tight):
                self._close(int(tight[-1]))
            else:
                self.units[area] += 1
                slack -= touches
        return high

    def _close(self, week: int) -> None:
        """All stock up to a week is spoken for: nobody may ask for more of it."""
        cap = np.minimum(self.open, np.maximum(self.units, self.later[week]))
        self.stopped_by[cap < self.open] = week
        self.closed.append(week)
        self.open = cap


class _Totals(_Levels):
    """How many units each area gets in all, and what stopped it."""

    def __init__(self, horizon: Horizon, unit: int, rank: Ints) -> None:
        weeks, areas = horizon.need.shape
        week = np.arange(weeks)[:, None]
        last = weeks - 1 - horizon.lead
        known = np.cumsum(horizon.need, 0)
        # By week w an area can have printed at most what is needed by then, and before the first arrival what it holds.
        reachable = np.where(week < horizon.lead, np.minimum(known, horizon.held), known)
        bound = np.min(reachable + horizon.capacity * (weeks - 1 - week), axis=0)
        printable = np.minimum(bound, horizon.capacity * weeks)
        earlier = 0 if horizon.earlier is None else horizon.earlier
        self.rest = np.maximum(printable - horizon.held, 0)
        self.most = self.rest // unit
        super().__init__(
            need=known[-1] + earlier,
            held=horizon.held + earlier,
            unit=unit,
            rank=rank,
            # What an area can still print after what is shipped in a week has come, in whole units.
            later=np.maximum(last - week, 0) * horizon.capacity // unit,
            come=np.cumsum(horizon.stock) // unit,
            units=np.zeros(areas, np.int64),
            most=self.most,
        )

    def fill_up_evenly(self, horizon: Horizon) -> None:
        """Each area's exact level in single cards, rounded to a card below or above it.

        Card by card to the lowest fill would cost a large area some cards for the rounding of many small ones. So the
        level is found in small parts of a card, and what the parts add up to goes to the largest remainders, those of
        the week that closed first before others: a polymatroid has whole points next to each of its bases.
        """
        parts = max(1, min(2**20, NEED_MAX // max(1, int(self.need.max(initial=0)))))
        fine = _Totals(horizon.times(parts), 1, self.rank)
        fine.fill_up()
        self.units, rest = np.divmod(fine.units, parts)
        self.stopped_by = fine.stopped_by
        turn = np.array([fine.closed.index(week) if week != NOBODY else 0 for week in self.stopped_by.tolist()])
        slack = self.slack(self.units)
        for area in np.lexsort((self.rank, -rest, turn)).tolist():
            touches = self.units[area] >= self.later[:, area]
            if rest[area] and self.units[area] < self.most[area] and (slack[touches] > 0).all():
                self.units[area] += 1
                slack -= touches

    def certificates(self) -> tuple[Certificate, ...]:
        due = self.due(self.units)
        got = np.flatnonzero(self.units)
        order = got[
            order_of_units(
                self.need[got], self.held[got], self.unit, self.units[got] - 1, self.rank[got], np.zeros_like(got)
            )
        ][::-1]
        latest: dict[int, list[int]] = {
            week: order[due[week][order] > 0][:2].tolist() for week in set(self.stopped_by.tolist()) if week != NOBODY
        }
        found = []
        for area, units in enumerate(self.units.tolist()):
            has, need = int(self.held[area]) + units * self.unit, int(self.need[area])
            week, loser = NOBODY, NOBODY
            binding: PlanBinding = "time"
            if need == 0 or int(self.held[area]) >= need:
                binding = "no_need"
            elif units < self.most[area]:
                binding, week = "stock", int(self.stopped_by[area])
                loser = next((other for other in latest[week] if other != area), NOBODY)
            elif has >= need:
                binding = "need_met"
            elif units * self.unit < self.rest[area]:
                binding = "box_size"
            found.append(Certificate(area, units, min(1.0, has / need) if need else 1.0, binding, week, loser))
        return tuple(found)


def _ship(horizon: Horizon, totals: _Totals, unit: int) -> Ints:
    """When the units leave: what is due, then whatever would be printed on arrival, the lowest fill first.

    A unit that leaves early must not take the place of one that is due: for each later week the sum of what is due
    and what left before it is due stays within the stock come by then.
    """
    weeks, areas = horizon.need.shape
    due = totals.due(totals.units)
    known = np.cumsum(horizon.need, 0)
    sent = np.zeros(areas, np.int64)
    shipped = np.zeros((weeks, areas), np.int64)
    done = _printed_before_arrivals(horizon, known)
    for week in range(weeks):
        must = np.maximum(due[week] - sent, 0)
        arrives = np.minimum(week + horizon.lead, weeks - 1)
        room = np.minimum(horizon.capacity, known[arrives, np.arange(areas)] - done)
        lacking = np.maximum(room - (horizon.held + (sent + must) * unit - done), 0)
        useful = np.minimum(-(-lacking // unit), totals.units - sent - must)
        useful[week + horizon.lead >= weeks] = 0
        go = must + _early(totals, due[week:], sent + must, useful, totals.come[week:])
        sent = sent + go
        shipped[week] = go * unit
        done = done + np.clip(horizon.held + sent * unit - done, 0, room)
    return shipped


def _on_arrival(horizon: Horizon) -> tuple[Ints, Ints]:
    """By week of shipping: what an office can print when it arrives, besides its own blanks, and in all by then."""
    weeks, areas = horizon.need.shape
    own = prints(horizon, np.zeros((weeks, areas), np.int64))
    arrives = np.arange(weeks)[:, None] + horizon.lead
    inside, at, each = arrives < weeks, np.minimum(arrives, weeks - 1), np.arange(areas)
    slots = np.where(inside, (horizon.capacity - own)[at, each], 0)
    known = np.cumsum(horizon.need - own, 0)[at, each]
    return slots, known


def _printed_before_arrivals(horizon: Horizon, known: Ints) -> Ints:
    """Cards that each office prints of its own blanks before the first shipment could come."""
    done = np.zeros(len(horizon.held), np.int64)
    for week in range(min(int(horizon.lead.max(initial=0)), len(known))):
        room = np.minimum(np.minimum(horizon.capacity, known[week] - done), horizon.held - done)
        done += np.where(week < horizon.lead, room, 0)
    return done


def _early(totals: _Totals, due: Ints, sent: Ints, useful: Ints, come: Ints) -> Ints:
    """Units that leave before they are due, as many as later weeks allow: lowest fill first, or the poor would wait."""
    levels = _Levels(
        need=totals.need,
        held=totals.held,
        unit=totals.unit,
        rank=totals.rank,
        later=due,
        come=come - due.sum(1),
        units=sent,
        most=sent + useful,
    )
    levels.fill_up()
    return levels.units - sent
