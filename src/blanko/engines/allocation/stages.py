"""A deadline opens a stage with its own stock. It is a date, not a favour: every area that has it shares in it.

Later the early share counts as in hand, so that a stage yields earlier and never more; and the stage says what it
cost each other area. Why that holds exactly in whole boxes: docs/allocation.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from blanko.engines.allocation.errors import InvalidNeed
from blanko.engines.allocation.share import Allocation, AreaNeed, AreaShare, allocate, fill


@dataclass(frozen=True, slots=True)
class Stage:
    """Stock (blanks) that is released for the areas with this deadline."""

    deadline: date
    released: int


@dataclass(frozen=True, slots=True)
class StagedAllocation:
    """``early`` one allocation a stage, in the order of the deadlines; ``rest`` what all areas then share.

    ``shares`` the whole of it by code: what an area had before, all that it got, where it then stands, and why.
    ``totals`` blanks over all stages by code. ``lost_to`` one table a stage: for each area outside it the blanks that
    it has less than if this stage had not been opened (0 for most). ``lost`` the same for all stages together, for the
    areas that have none of their deadlines.
    """

    early: tuple[tuple[Stage, Allocation], ...]
    rest: Allocation
    shares: tuple[AreaShare, ...]
    totals: dict[str, int]
    lost: dict[str, int]
    lost_to: tuple[dict[str, int], ...]


def allocate_stages(
    areas: Sequence[AreaNeed],
    *,
    stages: Sequence[Stage],
    stock: int,
    box_size: int,
    part_boxes: bool = False,
    reserve: int = 0,
    part_reserve: int = 0,
) -> StagedAllocation:
    """Share each stage's release among its areas, then what is left of ``stock`` among everybody.

    ``part_reserve`` is kept from the whole boxes of the rest; a stage has none, since its areas have one date.
    Raises InvalidNeed when the releases exceed the stock, when a date stands twice, or when no area has a stage's
    deadline; and for whatever ``allocate`` refuses.
    """
    ordered = sorted(stages, key=lambda stage: stage.deadline)
    _check(areas, ordered, free=stock - reserve)

    def share(opened: Sequence[Stage]) -> tuple[list[tuple[Stage, Allocation]], Allocation]:
        return _in_turn(
            areas,
            opened,
            stock=stock,
            box_size=box_size,
            part_boxes=part_boxes,
            reserve=reserve,
            part_reserve=part_reserve,
        )

    early, rest = share(ordered)
    ahead = {got.code: got for _stage, allocation in early for got in allocation.shares}
    shares = tuple(_whole(ahead.get(later.code), later) for later in rest.shares)
    totals = {got.code: got.share for got in shares}
    deadlines = {stage.deadline for stage in ordered}
    lost_to = tuple(
        _lost(areas, totals, share([one for one in ordered if one != stage]), within={stage.deadline})
        for stage in ordered
    )
    lost = lost_to[0] if len(ordered) == 1 else _lost(areas, totals, share([]), within=deadlines)
    return StagedAllocation(tuple(early), rest, shares, totals, lost, lost_to)


def _check(areas: Sequence[AreaNeed], stages: Sequence[Stage], *, free: int) -> None:
    released = sum(stage.released for stage in stages)
    if any(stage.released < 0 for stage in stages):
        raise InvalidNeed("a stage releases less than nothing", mend="give counts from 0 up")
    if stages and released > free:
        raise InvalidNeed(
            "the stages release {released} of a stock of {free}",
            mend="release less, or give more stock",
            released=f"{released:,}",
            free=f"{free:,}",
        )
    if len({stage.deadline for stage in stages}) != len(stages):
        raise InvalidNeed("a deadline stands twice", mend="give one release for each deadline")
    known = {area.deadline for area in areas}
    for stage in stages:
        if stage.deadline not in known:
            raise InvalidNeed(
                "no area has the deadline {deadline}",
                mend="check the date or the deadline column",
                deadline=stage.deadline,
            )


def _in_turn(
    areas: Sequence[AreaNeed],
    stages: Sequence[Stage],
    *,
    stock: int,
    box_size: int,
    part_boxes: bool,
    reserve: int,
    part_reserve: int,
) -> tuple[list[tuple[Stage, Allocation]], Allocation]:
    now = {area.code: area for area in areas}
    if len(now) != len(areas):
        # Two rows of one area would silently be one here: let the rule refuse them by name.
        return [], allocate(areas, stock=stock, box_size=box_size)
    early: list[tuple[Stage, Allocation]] = []
    boxes: dict[str, int] = {}
    left = stock
    for stage in stages:
        inside = [area for area in now.values() if area.deadline == stage.deadline]
        got = allocate(inside, stock=stage.released, box_size=box_size, part_boxes=part_boxes)
        early.append((stage, got))
        left -= got.shared
        for one in got.shares:
            area = now[one.code]
            boxes[one.code] = one.boxes
            now[one.code] = replace(area, in_hand=area.in_hand + one.share)
    rest = allocate(
        tuple(now.values()),
        stock=left,
        box_size=box_size,
        part_boxes=part_boxes,
        reserve=reserve,
        part_reserve=part_reserve,
        boxes_before=boxes,
    )
    return early, rest


def _lost(
    areas: Sequence[AreaNeed],
    totals: dict[str, int],
    without: tuple[list[tuple[Stage, Allocation]], Allocation],
    *,
    within: set[date],
) -> dict[str, int]:
    """For each area outside the deadlines: its blanks in the other world less those in this one, never below zero."""
    early, rest = without
    otherwise = {got.code: got.share for got in rest.shares}
    for _stage, allocation in early:
        for got in allocation.shares:
            otherwise[got.code] += got.share
    return {
        area.code: max(0, otherwise[area.code] - totals[area.code])
        for area in sorted(areas, key=lambda area: area.code)
        if area.deadline not in within
    }


def _whole(early: AreaShare | None, later: AreaShare) -> AreaShare:
    """One area's stage and the rest as one share; what bound it is what bound it last."""
    if early is None:
        return later
    return replace(
        later,
        holdings=early.holdings,
        remaining=early.remaining,
        share=early.share + later.share,
        boxes=early.boxes + later.boxes,
        part=early.part + later.part,
        fill_before=fill(early.holdings, early.need),
        binding="need_met" if later.binding == "no_need" and early.share else later.binding,
        early=early.share,
    )
