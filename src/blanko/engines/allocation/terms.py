"""The terms of a round around its policy: a reserve, claims, classes, part boxes, smallest lots, deferral, lending.

None of them knows which policy it stands around. What each promises: docs/allocation.md, "Terms of a round".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np

from blanko.engines.allocation.errors import InvalidTerms
from blanko.engines.allocation.policies import Policy, Situation
from blanko.engines.allocation.waterfill import Ints, order_of_units


@dataclass(frozen=True, slots=True)
class PriorityClass:
    """People who are served before the next class. Without a reference nobody goes first (InvalidTerms)."""

    name: str
    reference: str
    from_date: date
    need: Ints = field(compare=False)

    def __post_init__(self) -> None:
        if not self.reference.strip():
            raise InvalidTerms(
                "the class {name} has no reference",
                mend="name the law or the decision that lets it go first",
                name=repr(self.name),
            )
        if len(self.need) and int(self.need.min()) < 0:
            raise InvalidTerms("the class {name} has a need below zero", mend="give counts from 0 up", name=self.name)


# Which classes the ministry may name, in their order. UU 23/2006 obliges offices to seek out vulnerable residents; that
# they also go first is our reading, and needs a decision. The suket holders are the minister's own words.
CLASS_REFERENCES: tuple[tuple[str, str, date], ...] = (
    (
        "vulnerable",
        "UU 23/2006, Art. 25 (victims of disasters, displaced people, remote communities)",
        date(2006, 12, 29),
    ),
    (
        "suket_holders",
        (
            "Home Minister, 27 April 2017: holders of a suket are redeemed first, "
            "https://merdeka.com/amp/peristiwa/mendagri-baru-cetak-dan-bagikan-blanko-e-ktp-pada-oktober-2017.html"
        ),
        date(2017, 4, 27),
    ),
    ("everybody_else", "UU 24/2013, Art. 63: everybody obliged gets a card", date(2013, 12, 24)),
)


def classes_on(day: date, needs: Mapping[str, Sequence[int] | Ints]) -> tuple[PriorityClass, ...]:
    """The classes of ``needs`` in their lawful order on a day. Raises InvalidTerms for one that is unknown then."""
    found = []
    for name, reference, from_date in CLASS_REFERENCES:
        if name in needs and from_date <= day:
            found.append(PriorityClass(name, reference, from_date, np.asarray(needs[name], np.int64)))
    unknown = sorted(set(needs) - {one.name for one in found})
    if unknown:
        raise InvalidTerms(
            "no class {name} may go first on {day}",
            mend="the classes then are {known}",
            name=repr(unknown[0]),
            day=day,
            known=", ".join(name for name, _ref, begins in CLASS_REFERENCES if begins <= day),
        )
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Claim:
    """Blanks of an earlier round that an area put off (``area``: its place). Claims are served first, oldest first."""

    area: int
    blanks: int
    since: date


@dataclass(frozen=True, slots=True)
class Terms:
    """``lot_min`` the smallest lot worth sending (blanks); ``reserve`` stays at the centre, for ``purpose``.

    ``part_reserve`` is kept from whole boxes for single blanks, where there are part boxes. ``classes`` are served one
    after the other. ``deferred`` is what areas put off by their own wish, by place.
    """

    part_boxes: bool = False
    part_reserve: int = 0
    lot_min: int = 0
    reserve: int = 0
    purpose: str = ""
    classes: tuple[PriorityClass, ...] = ()
    claims: tuple[Claim, ...] = ()
    deferred: tuple[Claim, ...] = ()

    def check(self, now: Situation) -> None:
        """Raise InvalidTerms for what contradicts itself or the situation."""
        areas = len(now.need)
        if min(self.lot_min, self.reserve, self.part_reserve) < 0:
            raise InvalidTerms("a lot or a reserve is below zero", mend="give counts from 0 up")
        if self.reserve and not self.purpose.strip():
            raise InvalidTerms("a central reserve of {reserve} has no purpose", mend="say what it is kept for",
                               reserve=self.reserve)  # fmt: skip
        for one in self.claims + self.deferred:
            if not 0 <= one.area < areas or one.blanks < 0:
                raise InvalidTerms(
                    "a claim of {blanks} by area {place}",
                    mend="give counts from 0 up, and places from 1 to {areas}",
                    blanks=one.blanks,
                    place=one.area + 1,
                    areas=areas,
                )
        if len({one.area for one in self.deferred}) != len(self.deferred):
            raise InvalidTerms("an area puts off twice", mend="give one line for each area")
        if self.classes:
            total = np.sum([one.need for one in self.classes], axis=0)
            wrong = np.flatnonzero(total != now.need) if total.shape == now.need.shape else np.arange(1)
            if len(wrong):
                raise InvalidTerms(
                    "the classes of area {place} do not sum to its need",
                    mend="split the whole gross need of each area",
                    place=int(wrong[0]) + 1,
                )


@dataclass(frozen=True, slots=True, eq=False)
class Division:
    """Blanks for each area, ``claimed`` of them by earlier claims; ``deferred`` what areas put off now (part of the
    open ``claims``); what stays, and for what."""

    shares: Ints
    claimed: Ints
    deferred: Ints
    claims: tuple[Claim, ...]
    left: int
    reserve: int
    purpose: str


def divide(now: Situation, policy: Policy, terms: Terms = Terms()) -> Division:
    """Share by a policy under terms: reserve aside, old claims first, then class by class, then what was put off.

    What an area puts off goes to the others at once, so that no blank lies idle for it; in return its claim comes
    first in the next round, before any policy is asked. Deterministic; never more than the stock.
    """
    terms.check(now)
    reserve = min(terms.reserve, now.stock)
    free = replace(now, stock=now.stock - reserve)
    claimed, claims = _serve_claims(replace(free, unit=1) if terms.part_boxes else free, terms.claims)
    after = replace(
        free,
        held=free.held + claimed,
        unprinted=free.unprinted + claimed,
        limit=free.limit - claimed,
        stock=free.stock - int(claimed.sum()),
    )
    shares = _with_lots(after, policy, terms)
    put_off = np.zeros_like(shares)
    if terms.deferred:
        wished = np.zeros_like(shares)
        for one in terms.deferred:
            wished[one.area] += one.blanks
        put_off = np.minimum(wished, shares)
        if not terms.part_boxes:
            put_off = put_off // now.unit * now.unit
        # What would be left is no lot any more: then all of it waits.
        put_off = np.where((put_off > 0) & (shares - put_off < terms.lot_min), shares, put_off)
        kept = np.where(put_off > 0, shares - put_off, 0)
        claims += tuple(
            Claim(one.area, int(put_off[one.area]), one.since)
            for one in sorted(terms.deferred, key=lambda one: (one.since, one.area))
            if put_off[one.area]
        )
        # It keeps the rest of its share whatever the others gain: only what it put off is shared anew.
        others = replace(after, limit=np.where(put_off > 0, 0, after.limit), stock=after.stock - int(kept.sum()))
        shares = kept + _with_lots(others, policy, terms)
    total = claimed + shares
    return Division(total, claimed, put_off, claims, free.stock - int(total.sum()), reserve, terms.purpose)


def _serve_claims(now: Situation, claims: Sequence[Claim]) -> tuple[Ints, tuple[Claim, ...]]:
    """Whole units for open claims, oldest first; a claim lapses as far as the area's need has gone meanwhile."""
    given, stock = np.zeros_like(now.need), now.stock
    open_ = []
    for one in sorted(claims, key=lambda one: (one.since, int(now.rank[one.area]))):
        wanted = min(one.blanks, int(now.remaining[one.area] - given[one.area]))
        able = min(wanted, int(now.limit[one.area] - given[one.area]), stock) // now.unit * now.unit
        given[one.area] += able
        stock -= able
        if wanted - able >= now.unit:
            open_.append(replace(one, blanks=wanted - able))
    return given, tuple(open_)


def _with_lots(now: Situation, policy: Policy, terms: Terms) -> Ints:
    """Shares of at least ``lot_min`` each, or of all that the area still needs; smaller ones go to the others."""
    smallest = np.minimum(terms.lot_min, np.minimum(now.remaining, now.limit) // now.unit * now.unit)
    limit = now.limit
    while True:
        shares = _by_class(replace(now, limit=limit), policy, terms)
        short = np.where(shares > 0, smallest - shares, 0)
        if terms.lot_min == 0 or not (short > 0).any():
            return shares
        # One at a time, the farthest from a lot first, the last in a tie: its blanks may lift another one to a lot.
        out = np.lexsort((-now.rank, -short))[0]
        limit = limit.copy()
        limit[out] = 0


def _by_class(now: Situation, policy: Policy, terms: Terms) -> Ints:
    """One class after the other: a class is served everywhere, or the stock is gone, before the next begins.

    Holdings stand for the first classes first, so the need of a class is that of all classes up to it.
    """
    needs = np.cumsum([one.need for one in terms.classes], axis=0) if terms.classes else [now.need]
    shares, rank = np.zeros_like(now.need), now.rank
    parts = terms.part_boxes and now.unit > 1
    for need in needs:
        for unit in (now.unit, 1) if parts else (now.unit,):
            asked = replace(
                now,
                need=need,
                held=now.held + shares,
                unprinted=now.unprinted + shares,
                limit=now.limit - shares,
                stock=max(0, now.stock - int(shares.sum()) - (terms.part_reserve if parts and unit > 1 else 0)),
                unit=unit,
                rank=rank,
            )
            given = policy(asked)
            rank = _after(asked, given)
            shares = shares + given
    return shares


def _after(now: Situation, given: Ints) -> Ints:
    """The rank in later ties: who got a unit just now goes behind all who did not, in the order of their last ones."""
    got = np.flatnonzero(given)
    if not len(got):
        return now.rank
    last = order_of_units(
        now.need[got], now.held[got], now.unit, given[got] // now.unit - 1, now.rank[got], np.zeros_like(given[got])
    )
    rank = now.rank.copy()
    rank[got[last]] = int(now.rank.max()) + 1 + np.arange(len(got))
    return rank


@dataclass(frozen=True, slots=True)
class Loan:
    """``blanks`` that one office lends another of its province; both by place. A loan is a debt, not a gift."""

    lender: int
    borrower: int
    blanks: int


def lend(now: Situation, *, lendable: Ints | None = None) -> tuple[Loan, ...]:
    """Loans inside provinces, unit by unit, so that stock lasts as long everywhere ("the province runs out together").

    The office whose stock lasts the fewest days gets a unit from the one that keeps the longest cover after lending,
    while the lender still stands above where the borrower stood. Nobody borrows above its need; ``stock`` is not used.
    ``lendable`` is what lies at each office already, when ``unprinted`` also counts what is on its way to it.
    """
    loans: list[Loan] = []
    floor = np.zeros_like(now.unprinted) if lendable is None else now.unprinted - lendable
    for province in np.unique(now.province):
        members = np.flatnonzero(now.province == province)
        held = now.unprinted.copy()
        # Large steps first, and only the last ones may end with the borrower above: the same end in fewer moves.
        for step in (4096, 256, 16, 1):
            while _lend_one(now, held, members, floor, step * now.unit, overtake=step == 1):
                pass
        loans += _matched(members, held - now.unprinted)
    return tuple(loans)


def _lend_one(now: Situation, held: Ints, members: Ints, floor: Ints, size: int, *, overtake: bool) -> bool:
    """Move one size from the longest cover to the shortest in ``held``; False when that would level nothing more."""
    short = members[held[members] + size <= np.minimum(_useful(now), now.unprinted + now.limit)[members]]
    able = members[held[members] - size >= floor[members]]
    if not len(short) or not len(able):
        return False
    poor = short[np.lexsort((now.rank[short], held[short] / now.use[short]))[0]]
    rich = able[np.lexsort((now.rank[able], -((held[able] - size) / now.use[able])))[0]]
    # In whole numbers: rounding must not let two offices lend to each other for ever.
    there = held[poor] if overtake else held[poor] + size
    if (held[rich] - size) * now.use[poor] <= there * now.use[rich]:
        return False
    held[rich] -= size
    held[poor] += size
    return True


def _matched(members: Ints, change: Ints) -> list[Loan]:
    """Who lends to whom, by place: each lender to the first borrowers that still lack some."""
    found = []
    lacking = {int(i): int(change[i]) for i in members if change[i] > 0}
    for lender in (int(i) for i in members if change[i] < 0):
        left = -int(change[lender])
        for borrower in [i for i, lacks in lacking.items() if lacks]:
            blanks = min(left, lacking[borrower])
            if blanks:
                found.append(Loan(lender, borrower, blanks))
            lacking[borrower] -= blanks
            left -= blanks
    return found


def _useful(now: Situation) -> Ints:
    """What an office can use of all that lies there: its unprinted blanks and what it still needs."""
    return np.asarray(now.unprinted + now.remaining, np.int64)
