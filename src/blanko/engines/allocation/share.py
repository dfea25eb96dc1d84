"""The published rule: leximin on the share of need filled, in whole boxes, then (if asked) in single blanks.

Method: leximin, also called lexicographic max-min fairness; water-filling computes it (Bertsekas and Gallager, Data Networks, 6.5.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np

from blanko.engines.allocation.errors import InvalidNeed
from blanko.engines.allocation.waterfill import NEED_MAX, Given, Ints, give

RULE_VERSION = "leximin-fill/1"

Binding = Literal["no_need", "need_met", "box_size", "stock"]


@dataclass(frozen=True, slots=True)
class AreaNeed:
    """What one area needs and has, in blanks.

    ``need`` is its print-ready backlog; ``in_hand`` the good blanks at its office, ``in_transit`` those on their way.
    ``earlier`` are blanks of this campaign that it has printed already: they count both in need and in holdings, so
    that an area which was served early, and printed, is not served as if it had got nothing. ``requested`` is shown, never used.
    """

    code: str
    need: int
    in_hand: int = 0
    in_transit: int = 0
    deadline: date | None = None
    earlier: int = 0
    last_box_on: date | None = None
    requested: int | None = None


@dataclass(frozen=True, slots=True)
class AreaShare:
    """What one area gets, and why. Fills are of the gross need, 1 where nothing is needed.

    ``would_lose`` is the area that had to give up its last box, had this one got one more; None where stock did not bind.
    """

    code: str
    need: int
    holdings: int
    remaining: int
    share: int
    boxes: int
    part: int
    fill_before: float
    fill_after: float
    binding: Binding
    would_lose: str | None
    requested: int | None

    def sentence(self) -> str:
        """The explanation in one English sentence; screens translate the same figures by ``binding``."""
        if self.binding == "no_need":
            return f"{self.code} needs nothing and gets nothing."
        start = f"{self.code} needs {self.need:,} and has {self.holdings:,} ({self.fill_before:.1%}); it gets {self.share:,}"
        start += f" and stands at {self.fill_after:.1%}"
        if self.binding == "need_met":
            return f"{start}: its need is met."
        if self.binding == "box_size":
            return f"{start}: what it still needs is less than a whole box."
        lost = f"; one box more would have been taken from {self.would_lose}" if self.would_lose else ""
        return f"{start}: the stock ran out{lost}."


@dataclass(frozen=True, slots=True)
class Allocation:
    """All shares by code, and what they add up to (blanks)."""

    shares: tuple[AreaShare, ...]
    stock: int
    box_size: int
    part_boxes: bool
    rule_version: str = RULE_VERSION

    @property
    def shared(self) -> int:
        return sum(share.share for share in self.shares)

    @property
    def left(self) -> int:
        return self.stock - self.shared

    @property
    def fill_min(self) -> float:
        return min((share.fill_after for share in self.shares), default=1.0)

    @property
    def fill_max(self) -> float:
        return max((share.fill_after for share in self.shares), default=1.0)


def allocate(
    areas: Sequence[AreaNeed], *, stock: int, box_size: int, part_boxes: bool = False, reserve: int = 0
) -> Allocation:
    """Share ``stock`` blanks (less a central ``reserve``) in whole boxes of ``box_size``, lowest fill first.

    Never more than the remaining need, never more than the stock; the order of ``areas`` does not matter. With ``part_boxes``
    what whole boxes leave is water-filled in single blanks. Raises InvalidNeed for negative or impossible numbers and repeated codes.
    """
    _check(areas, stock=stock, box_size=box_size, reserve=reserve)
    ordered = sorted(areas, key=lambda area: area.code)
    need = np.array([area.need + area.earlier for area in ordered], dtype=np.int64)
    held = np.array([area.in_hand + area.in_transit + area.earlier for area in ordered], dtype=np.int64)
    remaining = np.maximum(need - held, 0)
    free = max(0, stock - reserve)
    boxes = give(
        need=need,
        held=held,
        unit=box_size,
        units_max=remaining // box_size,
        count=free // box_size,
        rank=_rank(ordered, np.zeros(len(ordered), np.int64)),
    )
    part = Given(np.zeros_like(need), -1, -1)
    if part_boxes:
        after = boxes.units * box_size
        part = give(
            need=need,
            held=held + after,
            unit=1,
            units_max=remaining - after,
            count=free - int(after.sum()),
            rank=_rank(ordered, boxes.units),
        )
    last = part if part.last >= 0 else boxes
    shares = tuple(
        _explained(ordered[i], i, need, held, boxes.units, part.units, box_size, part_boxes, last, ordered)
        for i in range(len(ordered))
    )
    return Allocation(shares, stock=stock, box_size=box_size, part_boxes=part_boxes)


def _check(areas: Sequence[AreaNeed], *, stock: int, box_size: int, reserve: int) -> None:
    if stock < 0 or reserve < 0:
        raise InvalidNeed(f"stock {stock} and reserve {reserve} must not be negative", mend="give counts from 0 up")
    if box_size < 1:
        raise InvalidNeed(f"a box of {box_size} blanks", mend="give a box size from 1 up")
    codes = set()
    for area in areas:
        if area.code in codes:
            raise InvalidNeed(f"area {area.code} stands twice", mend="give one line for each area")
        codes.add(area.code)
        numbers = (area.need, area.in_hand, area.in_transit, area.earlier)
        if min(numbers) < 0:
            raise InvalidNeed(f"area {area.code} has a negative number", mend="give counts from 0 up")
        if max(numbers) + area.earlier > NEED_MAX:
            raise InvalidNeed(f"area {area.code} has more than {NEED_MAX:,}", mend="split it into smaller areas")


def _rank(areas: list[AreaNeed], got: Ints) -> Ints:
    """Who goes first in a tie: longest without a box, then code. A box of this round is the most recent of all."""
    order = sorted(
        range(len(areas)),
        key=lambda i: (got[i] > 0, areas[i].last_box_on or date.min, areas[i].code),
    )
    rank = np.empty(len(areas), np.int64)
    rank[order] = np.arange(len(areas))
    return rank


def _explained(
    area: AreaNeed, i: int, need: Ints, held: Ints, boxes: Ints, part: Ints, box_size: int, part_boxes: bool,
    last: Given, ordered: list[AreaNeed],
) -> AreaShare:  # fmt: skip
    gross, have = int(need[i]), int(held[i])
    share = int(boxes[i]) * box_size + int(part[i])
    remaining = max(0, gross - have)
    binding: Binding
    if gross == 0 or remaining == 0:
        binding = "no_need"
    elif share == remaining:
        binding = "need_met"
    elif not part_boxes and remaining - share < box_size:
        binding = "box_size"
    else:
        binding = "stock"
    loser = last.last if last.last != i else last.last_other
    return AreaShare(
        code=area.code,
        need=gross,
        holdings=have,
        remaining=remaining,
        share=share,
        boxes=int(boxes[i]),
        part=int(part[i]),
        fill_before=min(1.0, have / gross) if gross else 1.0,
        fill_after=min(1.0, (have + share) / gross) if gross else 1.0,
        binding=binding,
        would_lose=ordered[loser].code if binding == "stock" and loser >= 0 else None,
        requested=area.requested,
    )
