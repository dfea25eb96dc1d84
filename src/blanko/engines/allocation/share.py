"""The published rule: leximin on the share of need filled, in whole boxes, then (if asked) in single blanks.

Method: leximin, also called lexicographic max-min fairness; water-filling computes it (Bertsekas and Gallager,
Data Networks, 2nd edition, section 6.5.2). What it promises and why: docs/allocation.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    that an area which was served early, and printed, is not served as if it had got nothing. ``requested`` is shown,
    never used. ``last_box_on`` None: never had a box, first in a tie.
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
    """What one area gets, and why. Counts are blanks; fills are of the gross need, 1 where nothing is needed.

    ``remaining`` is what it still needed before; ``share`` = ``boxes`` whole boxes + ``part`` single blanks, and
    ``early`` of it came in a stage. ``binding`` says what stopped the share: there was no need, the need is met, what
    is left of the need is less than a box, or the stock. ``would_lose`` is the area that had to give up its last
    ``loses``, had this one got one more; None where the stock did not bind or nobody else got any.
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
    loses: Literal["box", "blank"] = "box"
    early: int = 0
    rule_version: str = RULE_VERSION

    def sentence(self) -> str:
        """The explanation in English; screens translate the same figures by ``binding``."""
        if self.need == 0:
            return f"{self.code} needs nothing and gets nothing (rule {self.rule_version})."
        has = f"{self.code} needs {self.need:,} and has {self.holdings:,} ({self.fill_before:.1%})"
        if self.binding == "no_need":
            return f"{has}: what it has is enough, it gets nothing (rule {self.rule_version})."
        early = f" ({self.early:,} of them in an early stage)" if self.early else ""
        gets = f"{has}; it gets {self.share:,}{early} and stands at {self.fill_after:.1%}"
        return f"{gets}: {self._why()} (rule {self.rule_version})."

    def _why(self) -> str:
        if self.binding == "need_met":
            return "its need is met"
        if self.binding == "box_size":
            return "what it still needs is less than a whole box"
        if self.would_lose is None:
            return "the stock ran out"
        return f"the stock ran out; one {self.loses} more would have been taken from {self.would_lose}"


@dataclass(frozen=True, slots=True)
class Allocation:
    """All shares by code, and what they add up to (blanks). ``reserve`` stays at the centre, on purpose."""

    shares: tuple[AreaShare, ...]
    stock: int
    box_size: int
    part_boxes: bool
    reserve: int = 0
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
    areas: Sequence[AreaNeed],
    *,
    stock: int,
    box_size: int,
    part_boxes: bool = False,
    reserve: int = 0,
    part_reserve: int = 0,
    boxes_before: Mapping[str, int] | None = None,
) -> Allocation:
    """Share ``stock`` blanks (less a central ``reserve``) in whole boxes of ``box_size``, lowest fill first.

    Never more than the remaining need, never more than the stock; the order of ``areas`` does not matter. With
    ``part_boxes`` what whole boxes leave is water-filled in single blanks; ``part_reserve`` blanks are kept from whole
    boxes for that: an area that needs less than a box would else wait until all others are served. ``boxes_before``
    are boxes by code that this very round gave in a stage; they stand in ``in_hand`` and count for ties as given in
    this round.
    Raises InvalidNeed for negative or impossible numbers and repeated codes.
    """
    _check(areas, stock=stock, box_size=box_size, reserve=min(reserve, part_reserve))
    ordered = sorted(areas, key=lambda area: area.code)
    need = np.array([area.need + area.earlier for area in ordered], dtype=np.int64)
    held = np.array([area.in_hand + area.in_transit + area.earlier for area in ordered], dtype=np.int64)
    before = np.array([(boxes_before or {}).get(area.code, 0) for area in ordered], dtype=np.int64)
    remaining = np.maximum(need - held, 0)
    free = max(0, stock - reserve)
    boxes = give(
        need=need,
        held=held,
        unit=box_size,
        units_max=remaining // box_size,
        count=max(0, free - (part_reserve if part_boxes else 0)) // box_size,
        rank=_rank(ordered),
        before=before,
    )
    part = Given(np.zeros_like(need), np.zeros(0, np.intp))
    if part_boxes:
        after = boxes.units * box_size
        part = give(
            need=need,
            held=held + after,
            unit=1,
            units_max=remaining - after,
            count=free - int(after.sum()),
            rank=_rank(ordered, boxes),
        )
    losers = part.losers() if len(part.order) else boxes.losers()
    rows = zip(
        ordered, need.tolist(), held.tolist(), boxes.units.tolist(), part.units.tolist(), range(len(need)), strict=True
    )
    shares = tuple(
        _explained(
            area,
            gross=gross,
            have=have,
            boxes=whole,
            part=single,
            box_size=box_size,
            part_boxes=part_boxes,
            loser=ordered[loser].code if (loser := losers[1] if losers[0] == i else losers[0]) >= 0 else None,
            loses="blank" if len(part.order) else "box",
        )
        for area, gross, have, whole, single, i in rows
    )
    return Allocation(shares, stock=stock, box_size=box_size, part_boxes=part_boxes, reserve=reserve)


def _check(areas: Sequence[AreaNeed], *, stock: int, box_size: int, reserve: int) -> None:
    if stock < 0 or reserve < 0:
        raise InvalidNeed(
            "stock {stock} and reserve {reserve} must not be negative",
            mend="give counts from 0 up",
            stock=stock,
            reserve=reserve,
        )
    if not 1 <= box_size <= NEED_MAX:
        raise InvalidNeed(
            "a box of {box_size} blanks",
            mend="give a box size from 1 to {need_max}",
            box_size=box_size,
            need_max=NEED_MAX,
        )
    codes = set()
    for area in areas:
        if area.code in codes:
            raise InvalidNeed("area {code} stands twice", mend="give one line for each area", code=area.code)
        codes.add(area.code)
        numbers = (area.need, area.in_hand, area.in_transit, area.earlier)
        if min(numbers) < 0:
            raise InvalidNeed("area {code} has a negative number", mend="give counts from 0 up", code=area.code)
        if max(numbers) + area.earlier > NEED_MAX:
            raise InvalidNeed(
                "area {code} has more than {need_max}",
                mend="split it into smaller areas",
                code=area.code,
                need_max=f"{NEED_MAX:,}",
            )


def _rank(areas: Sequence[AreaNeed], boxes: Given | None = None) -> Ints:
    """Who goes first in a tie: longest without a box, then code. A box of this round is more recent than any date."""
    order = sorted(range(len(areas)), key=lambda i: (areas[i].last_box_on or date.min, areas[i].code))
    rank = np.empty(len(areas), np.int64)
    rank[order] = np.arange(len(areas))
    if boxes is not None:
        rank[boxes.order] = len(areas) + np.arange(len(boxes.order))
    return rank


def _explained(
    area: AreaNeed,
    *,
    gross: int,
    have: int,
    boxes: int,
    part: int,
    box_size: int,
    part_boxes: bool,
    loser: str | None,
    loses: Literal["box", "blank"],
) -> AreaShare:
    share = boxes * box_size + part
    remaining = max(0, gross - have)
    binding: Binding
    if remaining == 0:
        binding = "no_need"
    elif share == remaining:
        binding = "need_met"
    elif not part_boxes and remaining - share < box_size:
        binding = "box_size"
    else:
        binding = "stock"
    return AreaShare(
        code=area.code,
        need=gross,
        holdings=have,
        remaining=remaining,
        share=share,
        boxes=boxes,
        part=part,
        fill_before=fill(have, gross),
        fill_after=fill(have + share, gross),
        binding=binding,
        would_lose=loser if binding == "stock" else None,
        requested=area.requested,
        loses=loses,
    )


def fill(holdings: int, need: int) -> float:
    """The share of a gross need that is filled: at most 1, and 1 where nothing is needed."""
    return min(1.0, holdings / need) if need else 1.0
