"""A release divided among areas by a rule under a round's terms, and what stopped each share. Pure.

One path for every rule: whatever shares, the same terms stand around it and the same words explain it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from blanko.decisions.planning.asked import Area, Terms
from blanko.engines.allocation import terms as around
from blanko.engines.allocation.policies import Rule, Situation
from blanko.engines.allocation.share import fill
from blanko.engines.allocation.waterfill import Ints

WORKING_DAYS = 5
# Days of cover are compared exactly up to this many cards a week.
USE_MAX = 65_535
# The last class of every round that has classes.
EVERYBODY = "everybody_else"


@dataclass(frozen=True, slots=True)
class Given:
    """One area's share and why (blanks). ``claimed`` of it served an older claim; ``deferred`` it put off itself.

    ``binding``: no_need, need_met, box_size, stock; deferred (its own wish), lot (less than the smallest lot), class
    (its people of the first classes are served, the others wait for those of other areas); not_in_stage.
    """

    remaining: int
    share: int
    claimed: int
    deferred: int
    claim_left: int
    claim_left_since: date | None
    fill_before: float
    fill_after: float
    binding: str
    would_lose: str | None


def outside(area: Area) -> Given:
    """An area that has no part in a stage: it gets nothing, and its claim stands."""
    gross, held = _gross(area), _held(area)
    stopped = "no_need" if held >= gross else "not_in_stage"
    full = fill(held, gross)
    return Given(max(0, gross - held), 0, 0, 0, area.claim, area.claim_since, full, full, stopped, None)


def has_terms(areas: Sequence[Area], terms: Terms) -> bool:
    """Whether anything beyond part boxes stands around the rule."""
    return bool(terms.lot_min or terms.classes) or any(area.claim or area.wish for area in areas)


def divided(areas: Sequence[Area], terms: Terms, rule: Rule, *, stock: int | None = None) -> dict[str, Given]:
    """Share the release (or ``stock``) among ``areas``; by code. Raises InvalidTerms, InvalidNeed."""
    now, asked = _situation(areas, terms, terms.release if stock is None else stock), _terms(areas, terms)
    done = around.divide(now, rule.share, asked)
    stopped = _stopped(now, asked, rule, done, terms)
    losers = _losers(now, asked, rule, done.shares)
    open_: dict[int, list[around.Claim]] = {}
    for claim in done.claims:
        open_.setdefault(claim.area, []).append(claim)
    found = {}
    for at, area in enumerate(areas):
        left = open_.get(at, [])
        share, gross, held = int(done.shares[at]), int(now.need[at]), int(now.held[at])
        loser = losers[1] if losers[0] == at else losers[0]
        found[area.code] = Given(
            remaining=max(0, gross - held),
            share=share,
            claimed=int(done.claimed[at]),
            deferred=int(done.deferred[at]),
            claim_left=sum(claim.blanks for claim in left),
            claim_left_since=min((claim.since for claim in left), default=None),
            fill_before=fill(held, gross),
            fill_after=fill(held + share, gross),
            binding=stopped[at],
            would_lose=areas[loser].code if stopped[at] == "stock" and loser >= 0 else None,
        )
    return found


def lost(areas: Sequence[Area], terms: Terms, rule: Rule, deadline: date, *, stock: int) -> dict[str, int]:
    """What areas outside a stage have less, once all of ``stock`` is shared, than had it been shared at once."""
    inside = [area for area in areas if area.deadline == deadline]
    early = {code: one.share for code, one in divided(inside, terms, rule).items()}
    at_once = divided(areas, terms, rule, stock=stock)
    later = [
        replace(
            area, in_hand=area.in_hand + early[area.code], last_box_on=terms.as_of, claim=0, claim_since=None, wish=0
        )
        if early.get(area.code)
        else area
        for area in areas
    ]
    rest = divided(later, terms, rule, stock=stock - sum(early.values()))
    return {
        area.code: max(0, at_once[area.code].share - rest[area.code].share)
        for area in areas
        if area.deadline != deadline
    }


def loans(areas: Sequence[Area], shares: Mapping[str, int], terms: Terms) -> tuple[dict[str, object], ...]:
    """Proposed loans inside provinces after the round, so that a province's stock lasts equally: whole boxes only.

    Only what lies good at an office can be lent, not what is on its way to it.
    """
    now = _situation(areas, terms, 0)
    got = np.array([shares.get(area.code, 0) for area in areas], np.int64)
    after = replace(now, held=now.held + got, unprinted=now.unprinted + got)
    lendable = np.array([area.in_hand for area in areas], np.int64)
    return tuple(
        {"lender": areas[loan.lender].code, "borrower": areas[loan.borrower].code, "blanks": loan.blanks}
        for loan in around.lend(after, lendable=lendable)
    )


def _gross(area: Area) -> int:
    return area.need.need + area.need.earlier


def _held(area: Area) -> int:
    return area.in_hand + area.in_transit + area.need.earlier


def _situation(areas: Sequence[Area], terms: Terms, stock: int) -> Situation:
    order = sorted(range(len(areas)), key=lambda i: (areas[i].last_box_on or date.min, areas[i].code))
    rank = np.empty(len(areas), np.int64)
    rank[order] = np.arange(len(areas))
    provinces = {code: place for place, code in enumerate(sorted({area.code[:2] for area in areas}))}
    return Situation.of(
        need=[_gross(area) for area in areas],
        held=[_held(area) for area in areas],
        unprinted=[area.in_hand + area.in_transit for area in areas],
        province=[provinces[area.code[:2]] for area in areas],
        use=[min(USE_MAX, max(1, area.cards_a_day * WORKING_DAYS)) for area in areas],
        rank=rank,
        stock=stock,
        unit=terms.box_size,
    )


def _terms(areas: Sequence[Area], terms: Terms) -> around.Terms:
    return around.Terms(
        part_boxes=terms.part_boxes,
        part_reserve=terms.part_reserve,
        lot_min=terms.lot_min,
        classes=_classes(areas, terms),
        claims=tuple(
            around.Claim(at, area.claim, area.claim_since or terms.as_of) for at, area in enumerate(areas) if area.claim
        ),
        deferred=tuple(around.Claim(at, area.wish, terms.as_of) for at, area in enumerate(areas) if area.wish),
    )


def _classes(areas: Sequence[Area], terms: Terms) -> tuple[around.PriorityClass, ...]:
    """The whole gross need of each area split into its classes; what was printed earlier served the first of them."""
    if not terms.classes:
        return ()
    left = [area.need.need for area in areas]
    needs: dict[str, list[int]] = {}
    lawful = [name for name, _reference, _begins in around.CLASS_REFERENCES]
    for place, name in enumerate(sorted(terms.classes, key=lambda one: lawful.index(one) if one in lawful else 0)):
        counts = [min(area.first.get(name, 0), left[at]) for at, area in enumerate(areas)]
        left = [have - count for have, count in zip(left, counts, strict=True)]
        needs[name] = [
            count + area.need.earlier if place == 0 else count for count, area in zip(counts, areas, strict=True)
        ]
    return around.classes_on(terms.as_of, {**needs, EVERYBODY: left})


def _stopped(now: Situation, asked: around.Terms, rule: Rule, done: around.Division, terms: Terms) -> list[str]:
    """What stopped each share."""
    without_lots = done.shares
    if asked.lot_min:
        without_lots = around.divide(now, rule.share, replace(asked, lot_min=0)).shares
    before_last = np.sum([one.need for one in asked.classes[:-1]], axis=0) if asked.classes else None
    found = []
    for at, share in enumerate(done.shares.tolist()):
        remaining = int(now.remaining[at])
        if remaining == 0:
            found.append("no_need")
        elif share >= remaining:
            found.append("need_met")
        elif done.deferred[at]:
            found.append("deferred")
        elif share == 0 and int(without_lots[at]) > 0:
            found.append("lot")
        elif not terms.part_boxes and remaining - share < now.unit:
            found.append("box_size")
        elif before_last is not None and int(now.held[at]) + share >= int(before_last[at]):
            found.append("class")
        else:
            found.append("stock")
    return found


def _losers(now: Situation, asked: around.Terms, rule: Rule, shares: Ints) -> tuple[int, int]:
    """Who would lose its last box (or blank), had another area got one more; and who, had that one (-1: nobody).

    Found by sharing one unit less, and once more among the others: so it holds for every rule.
    """
    if not shares.any():
        return -1, -1
    step = 1 if asked.part_boxes and (shares % now.unit).any() else now.unit
    fewer = replace(asked, part_reserve=max(0, asked.part_reserve - step))
    first = _dropped(now, fewer, rule, shares, stock=now.stock - step, but=-1)
    if first < 0:
        return -1, -1
    mine = int(shares[first])
    boxes = replace(fewer, part_reserve=max(0, fewer.part_reserve - mine % now.unit))
    return first, _dropped(now, boxes, rule, shares, stock=now.stock - mine - step, but=first)


def _dropped(now: Situation, asked: around.Terms, rule: Rule, shares: Ints, *, stock: int, but: int) -> int:
    """The area that loses most when ``stock`` is shared without the area ``but``; -1 when nobody does."""
    if stock < 0:
        return -1
    limit = now.limit.copy()
    if but >= 0:
        limit[but] = 0
    drop = shares - around.divide(replace(now, stock=stock, limit=limit), rule.share, asked).shares
    if but >= 0:
        drop[but] = 0
    at = int(np.lexsort((-now.rank, -drop))[0])
    return at if drop[at] > 0 else -1
