"""The earliest shipping of given totals: cards are moved to earlier weeks as long as any exchange gains.

Who gets how many is fixed; only weeks change. A card of one area moves from one week to another while its office can
print it on arrival there; the warehouse can let a card go later at will, and earlier while stock lies idle in between.
Every cycle of such moves that lowers the sum of shipping weeks is carried out; when none is left, the plan has the
fewest card-weeks of waiting (optimality of flows without negative cycles: Klein 1967). Weeks are the only nodes: a
cycle is found in a graph of twice as many nodes as weeks, whatever the number of areas.
"""

from __future__ import annotations

import numpy as np

from blanko.engines.allocation.waterfill import Floats, Ints

FAR = np.int64(2**40)


def sooner(shipped: Ints, *, slots: Ints, known: Ints, come: Ints, rounds_max: int = 100_000) -> Ints:
    """Shipments (weeks, areas) of the same totals and the least sum of weeks.

    ``slots`` is what an office can print on arrival of what is shipped in a week, ``known`` what it can have been sent
    by a week so that all of it is printed on arrival; ``come`` the stock that has come by a week.
    """
    work = _Moves(shipped.T.copy(), slots.T, known.T, come)
    for _ in range(rounds_max):
        cycle = work.cycle()
        if cycle is None:
            break
        work.carry_out(cycle)
    return np.ascontiguousarray(work.sent.T)


class _Moves:
    def __init__(self, sent: Ints, slots: Ints, known: Ints, come: Ints) -> None:
        self.sent, self.slots, self.known, self.come = sent, slots, known, come
        self.weeks = sent.shape[1]
        self.able = np.zeros((*sent.shape, self.weeks), np.int32)
        self._renew(np.arange(len(sent)))
        self.cost: Floats = (np.arange(self.weeks)[None, :] - np.arange(self.weeks)[:, None]).astype(np.float64)

    def _renew(self, areas: Ints) -> None:
        """How many cards each of these areas could move from one week (second axis) to another (third)."""
        sent = self.sent[areas]
        room = self.slots[areas] - sent
        spare = self.known[areas] - np.cumsum(sent, axis=1)
        able = np.minimum(sent[:, :, None], room[:, None, :])
        lowest = np.full((len(areas), self.weeks), FAR)
        for back in range(1, self.weeks):
            # A card that leaves ``back`` weeks earlier must find need in every week in between.
            lowest = np.minimum(lowest[:, : self.weeks - back], spare[:, back - 1 : self.weeks - 1])
            late = np.arange(back, self.weeks)
            able[:, late, late - back] = np.minimum(able[:, late, late - back], lowest)
        able[:, np.arange(self.weeks), np.arange(self.weeks)] = 0
        self.able[areas] = np.minimum(able, 2**30)

    def cycle(self) -> list[tuple[int, int, int, int]] | None:
        """Moves (area, from, to, at most) that together gain, with what the warehouse allows between them."""
        best = self.able.argmax(axis=0)
        most = np.take_along_axis(self.able, best[None], axis=0)[0]
        idle = self.come - np.cumsum(self.sent.sum(axis=0))
        # Stock may be used later at will; earlier as far as it lies idle from then on until the later week.
        free = np.full((self.weeks, self.weeks), FAR)
        for week in range(self.weeks - 1):
            free[week, week + 1 :] = np.minimum.accumulate(idle[week:-1])
        move = np.where(most > 0, self.cost, np.inf)
        supply = np.where(free > 0, 0.0, np.inf)
        reach: Floats = np.zeros(self.weeks)
        parent, through = np.full(self.weeks, -1), np.full(self.weeks, -1)
        for _ in range(self.weeks + 1):
            moved = reach[:, None] + move
            back = moved.min(axis=0)[:, None] + supply
            better = back.min(axis=0) < reach - 0.5
            if not better.any():
                return None
            through[better] = back.argmin(axis=0)[better]
            parent[better] = moved.argmin(axis=0)[through[better]]
            reach = np.minimum(reach, back.min(axis=0))
            found = _closed(parent.tolist(), through.tolist())
            if found:
                return [(int(best[a, b]), a, b, int(min(most[a, b], free[b, c]))) for a, b, c in found]
        return None

    def carry_out(self, cycle: list[tuple[int, int, int, int]]) -> None:
        areas = np.unique([area for area, *_ in cycle])
        before = self.sent[areas].copy()
        for count in (min(most for *_, most in cycle), 1):
            for area, here, there, _most in cycle:
                self.sent[area, here] -= count
                self.sent[area, there] += count
            if self._lawful(areas):
                self._renew(areas)
                return
            self.sent[areas] = before
        # The moves stand in each other's way: do without the first of them.
        area, here, there, _most = cycle[0]
        self.able[area, here, there] = 0

    def _lawful(self, areas: Ints) -> bool:
        sent = self.sent[areas]
        return bool(
            (sent >= 0).all()
            and (sent <= self.slots[areas]).all()
            and (np.cumsum(sent, axis=1) <= self.known[areas]).all()
            and (np.cumsum(self.sent.sum(axis=0)) <= self.come).all()
        )


def _closed(parent: list[int], through: list[int]) -> list[tuple[int, int, int]] | None:
    """A cycle among the parents, if there is one: (moved from, moved to, the week that gives up one for it)."""
    for start in range(len(parent)):
        seen: dict[int, int] = {}
        path: list[tuple[int, int, int]] = []
        at = start
        while at >= 0:
            if at in seen:
                return path[seen[at] :]
            seen[at] = len(path)
            path.append((parent[at], through[at], at))
            at = parent[at]
    return None
