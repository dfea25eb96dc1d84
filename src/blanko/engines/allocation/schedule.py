"""Many weeks of sharing: what arrives each week is shared by the rule, shipped, and printed as fast as offices can."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from blanko.engines.allocation.waterfill import Ints, give


@dataclass(frozen=True, slots=True)
class Outlook:
    """Inputs of a schedule.

    ``stock`` the blanks that arrive at the centre each week (shape: weeks). For each area ``backlog`` (cards owed at
    the start), ``growth`` (cards a week), ``lead_weeks`` on the way, and ``capacity`` (cards printed a week at most).
    """

    stock: Ints
    backlog: Ints
    growth: Ints
    lead_weeks: Ints
    capacity: Ints

    @classmethod
    def seeded(cls, *, areas: int, weeks: int, seed: int) -> Outlook:
        """A made-up nation for benches: log-normal backlogs, 4.5 million cards in all; one to five weeks on the way."""
        draw = np.random.Generator(np.random.PCG64(seed))
        weight = draw.lognormal(0.0, 0.9, areas)
        backlog = np.maximum(1, (4_500_000 * weight / weight.sum()).astype(np.int64))
        return cls(
            stock=draw.integers(150_000, 400_000, weeks),
            backlog=backlog,
            growth=(backlog * 0.02).astype(np.int64),
            lead_weeks=draw.integers(1, 6, areas),
            capacity=np.maximum(50, (backlog * 0.1).astype(np.int64)),
        )


@dataclass(frozen=True, slots=True)
class Schedule:
    """Results, each of shape (weeks, areas) in blanks or cards, and the central stock left after each week (weeks)."""

    shipped: Ints
    arrived: Ints
    printed: Ints
    waiting: Ints
    central: Ints


def schedule(outlook: Outlook, *, box_size: int) -> Schedule:
    """Share week by week in whole boxes, lowest fill first; they arrive after the lead time, printed within capacity.

    Blanks already printed count in need and holdings alike (see ``AreaNeed.earlier``): speed of printing earns and
    costs no share. Blanks due after the last week stay on their way. The same outlook gives the same schedule.
    """
    weeks, areas = len(outlook.stock), len(outlook.backlog)
    shape = (weeks, areas)
    shipped, arrived, printed, waiting = (np.zeros(shape, np.int64) for _ in range(4))
    central = np.zeros(weeks, np.int64)
    on_hand = np.zeros(areas, np.int64)
    received = np.zeros(areas, np.int64)
    backlog = outlook.backlog.copy()
    done = np.zeros(areas, np.int64)
    rank: Ints = np.arange(areas)
    last_box: npt.NDArray[np.int64] = np.full(areas, -1, np.int64)
    stock = 0
    for week in range(weeks):
        stock += int(outlook.stock[week])
        need = backlog + done
        rank[np.lexsort((np.arange(areas), last_box))] = np.arange(areas)
        given = give(
            need=need,
            held=received,
            unit=box_size,
            units_max=np.maximum(need - received, 0) // box_size,
            count=stock // box_size,
            rank=rank,
        ).units
        shipped[week] = given * box_size
        last_box[given > 0] = week
        received += shipped[week]
        stock -= int(shipped[week].sum())
        central[week] = stock
        due = week + outlook.lead_weeks
        reaches = due < weeks
        arrived[due[reaches], np.flatnonzero(reaches)] += shipped[week][reaches]
        on_hand += arrived[week]
        printed[week] = np.minimum(np.minimum(on_hand, outlook.capacity), backlog)
        on_hand -= printed[week]
        backlog += outlook.growth - printed[week]
        done += printed[week]
        waiting[week] = backlog
    return Schedule(shipped, arrived, printed, waiting, central)
