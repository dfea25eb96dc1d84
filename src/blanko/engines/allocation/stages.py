"""A deadline opens a stage with its own stock. It is a date, not a favour: every area that has it shares in it.

Later the earlier share counts as in hand, so that being early yields earlier, never more; and the stage says what it cost each other area.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from blanko.engines.allocation.errors import InvalidNeed
from blanko.engines.allocation.share import Allocation, AreaNeed, allocate


@dataclass(frozen=True, slots=True)
class Stage:
    """Stock (blanks) that is released for the areas with this deadline."""

    deadline: date
    released: int


@dataclass(frozen=True, slots=True)
class StagedAllocation:
    """``early`` one allocation a stage, in the order of the deadlines; ``rest`` what all areas then share.

    ``totals`` blanks over all stages by code; ``lost`` what each area without the deadline has less than if the same stock had been
    shared at once (0 for most; never negative).
    """

    early: tuple[tuple[Stage, Allocation], ...]
    rest: Allocation
    totals: dict[str, int]
    lost: dict[str, int]


def allocate_stages(
    areas: Sequence[AreaNeed], *, stages: Sequence[Stage], stock: int, box_size: int, part_boxes: bool = False,
    reserve: int = 0,
) -> StagedAllocation:  # fmt: skip
    """Share each stage's release among its areas, then ``stock`` less all releases among everybody.

    Raises InvalidNeed when the releases exceed the stock, when a date stands twice, or when no area has a stage's deadline.
    """
    released = sum(stage.released for stage in stages)
    if released > stock - reserve:
        raise InvalidNeed(
            f"the stages release {released:,} of a stock of {stock - reserve:,}", mend="release less, or give more stock"
        )
    if len({stage.deadline for stage in stages}) != len(stages):
        raise InvalidNeed("a deadline stands twice", mend="give one release for each deadline")
    now = {area.code: area for area in areas}
    totals = dict.fromkeys(now, 0)
    early = []
    left = stock
    for stage in sorted(stages, key=lambda stage: stage.deadline):
        inside = [area for area in now.values() if area.deadline == stage.deadline]
        if not inside:
            raise InvalidNeed(f"no area has the deadline {stage.deadline}", mend="check the date or the deadline column")
        got = allocate(inside, stock=stage.released, box_size=box_size, part_boxes=part_boxes)
        early.append((stage, got))
        left -= got.shared
        for share in got.shares:
            totals[share.code] += share.share
            area = now[share.code]
            now[share.code] = replace(area, in_hand=area.in_hand + share.share)
    rest = allocate(tuple(now.values()), stock=left, box_size=box_size, part_boxes=part_boxes, reserve=reserve)
    for share in rest.shares:
        totals[share.code] += share.share
    at_once = allocate(areas, stock=stock, box_size=box_size, part_boxes=part_boxes, reserve=reserve)
    deadlines = {stage.deadline for stage in stages}
    without = {area.code for area in areas if area.deadline not in deadlines}
    lost = {
        share.code: max(0, share.share - totals[share.code]) for share in at_once.shares if share.code in without
    }
    return StagedAllocation(tuple(early), rest, totals, lost)
