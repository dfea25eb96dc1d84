"""Who gets the next lot: every way of sharing that was practised, ordered or proposed, under one signature.

A policy takes a ``Situation`` and returns blanks for each area, in whole units. Each version of each policy is a
``Rule`` with the day from which it holds and its reference; ``rule_on`` finds the version of a day, so that an old
round replays under the rule of its own day.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from blanko.engines.allocation.errors import InvalidNeed, NoRuleThen, UnknownPolicy
from blanko.engines.allocation.share import RULE_VERSION
from blanko.engines.allocation.waterfill import NEED_MAX, Ints, give

# Two quotients held / use are told apart in double precision while use * use * quotient stays below this.
COVER_EXACT = 2**51


@dataclass(frozen=True, slots=True, eq=False)
class Situation:
    """What a policy may look at. Every array has one entry an area.

    ``need`` is gross (print-ready and printed earlier in the campaign), ``held`` what stands against it. ``use`` is how
    many cards the office would print in a week if it had blanks (at least 1), ``arrival`` the order in which the
    requests came, ``rank`` what is left of a tie (0 first), ``limit`` the most blanks that the office can take now
    (print capacity). ``unprinted`` is the part of ``held`` that still lies at the office or is on its way.
    ``future_need`` and ``future_stock`` are expected for the rest of the period, over all areas.
    """

    need: Ints
    held: Ints
    province: Ints
    use: Ints
    arrival: Ints
    rank: Ints
    limit: Ints
    unprinted: Ints
    stock: int
    unit: int
    future_need: int = 0
    future_stock: int = 0

    @classmethod
    def of(
        cls,
        *,
        need: Sequence[int] | Ints,
        stock: int,
        unit: int,
        held: Sequence[int] | Ints | None = None,
        province: Sequence[int] | Ints | None = None,
        use: Sequence[int] | Ints | None = None,
        arrival: Sequence[int] | Ints | None = None,
        rank: Sequence[int] | Ints | None = None,
        limit: Sequence[int] | Ints | None = None,
        unprinted: Sequence[int] | Ints | None = None,
        future_need: int = 0,
        future_stock: int = 0,
    ) -> Situation:
        """A checked situation; what is not given is the plainest: nothing held, one province, the order given.

        Raises InvalidNeed, which names the area by its place in the list (from 1).
        """
        gross = np.asarray(need, np.int64)
        count = len(gross)
        made = cls(
            need=gross,
            held=_column("held", held, count, 0),
            province=_column("province", province, count, 0),
            use=_column("use", use, count, 1),
            arrival=np.arange(count) if arrival is None else _column("arrival", arrival, count, 0),
            rank=np.arange(count) if rank is None else _column("rank", rank, count, 0),
            limit=_column("limit", limit, count, NEED_MAX),
            unprinted=_column("held", held, count, 0)
            if unprinted is None
            else _column("unprinted", unprinted, count, 0),
            stock=int(stock),
            unit=int(unit),
            future_need=int(future_need),
            future_stock=int(future_stock),
        )
        made._check()
        return made

    def _check(self) -> None:
        if min(self.stock, self.future_need, self.future_stock) < 0:
            raise InvalidNeed("a stock or a future count is below zero", mend="give counts from 0 up")
        if not 1 <= self.unit <= NEED_MAX:
            raise InvalidNeed(
                "a box of {box_size} blanks",
                mend="give a box size from 1 to {need_max}",
                box_size=self.unit,
                need_max=NEED_MAX,
            )
        for name, column, low in (("need", self.need, 0), ("held", self.held, 0), ("use", self.use, 1),
                                  ("limit", self.limit, 0), ("unprinted", self.unprinted, 0)):  # fmt: skip
            wrong = np.flatnonzero((column < low) | (column > NEED_MAX))
            if len(wrong):
                raise InvalidNeed(
                    "area {place}: {column} is {value}",
                    mend="give a whole number from {low} to {need_max}",
                    place=int(wrong[0]) + 1,
                    column=name,
                    value=int(column[wrong[0]]),
                    low=low,
                    need_max=NEED_MAX,
                )

    @property
    def remaining(self) -> Ints:
        return np.asarray(np.maximum(self.need - self.held, 0), np.int64)

    @property
    def units_max(self) -> Ints:
        """Whole units that each area still needs and can take."""
        return np.asarray(np.minimum(self.remaining, self.limit) // self.unit, np.int64)

    @property
    def count(self) -> int:
        return self.stock // self.unit


def _column(name: str, values: Sequence[int] | Ints | None, count: int, default: int) -> Ints:
    if values is None:
        return np.full(count, default, np.int64)
    column = np.asarray(values, np.int64)
    if column.shape != (count,):
        raise InvalidNeed(
            "{column} has {found} entries for {count} areas",
            mend="give one for each area",
            column=name,
            found=column.size,
            count=count,
        )
    return column


Policy = Callable[[Situation], Ints]


def leximin(now: Situation) -> Ints:
    """The published rule: the next unit goes to the lowest fill. Never above need."""
    given = give(need=now.need, held=now.held, unit=now.unit, units_max=now.units_max, count=now.count, rank=now.rank)
    return given.units * now.unit


def days_of_cover(now: Situation) -> Ints:
    """Between provinces by fill; inside one, the next unit goes where stock lasts the fewest days. Never above need.

    So a province runs out together, as the ministry ordered in November 2022: stock over weekly use is levelled.
    """
    units_max = now.units_max
    provinces, member = np.unique(now.province, return_inverse=True)
    held = np.minimum(now.held, now.need)
    need_there = np.bincount(member, now.need, len(provinces)).astype(np.int64)
    if len(need_there) and int(need_there.max()) > NEED_MAX:
        raise InvalidNeed("a province needs more than {need_max}", mend="split it", need_max=NEED_MAX)
    most = (now.unprinted + units_max * now.unit) / now.use
    if len(most) and float(most.max()) * float(now.use.max()) ** 2 >= COVER_EXACT:
        raise InvalidNeed(
            "days of cover lie too close together to be told apart",
            mend="give use in cards a week, at most 65,535 an area",
        )
    first = np.full(len(provinces), np.iinfo(np.int64).max)
    np.minimum.at(first, member, now.rank)
    to_province = give(
        need=need_there,
        held=np.bincount(member, held, len(provinces)).astype(np.int64),
        unit=now.unit,
        units_max=np.bincount(member, units_max, len(provinces)).astype(np.int64),
        count=now.count,
        rank=first,
    ).units
    units = np.zeros_like(units_max)
    order = np.argsort(member, kind="stable")
    bounds = np.cumsum(np.bincount(member, minlength=len(provinces)))[:-1]
    for at, count in zip(np.split(order, bounds), to_province.tolist(), strict=True):
        if count:
            units[at] = give(
                need=now.use[at],
                held=now.unprinted[at],
                unit=now.unit,
                units_max=units_max[at],
                count=count,
                rank=now.rank[at],
            ).units
    return units * now.unit


def proportional(now: Situation) -> Ints:
    """In proportion to what is still needed, largest remainder first (Hamilton). Never above need."""
    return _largest_remainder(now.remaining, now.units_max, now.count, now.rank) * now.unit


def equal_counts(now: Situation) -> Ints:
    """The same number for everybody, WHATEVER the need: as in Lampung in 2017 and 500 a month in 2019.

    It may give more than an area needs, as the real rule did; only what an office cannot take (``limit``) stops it.
    """
    most = now.limit // now.unit
    return _largest_remainder(np.ones_like(most), most, now.count, now.rank) * now.unit


def first_come(now: Situation) -> Ints:
    """Who asks first gets all that it needs; who asks last gets what is left. Never above need."""
    order = np.lexsort((now.rank, now.arrival))
    wanted = now.units_max[order]
    before = np.cumsum(wanted) - wanted
    units = np.zeros_like(wanted)
    units[order] = np.clip(now.count - before, 0, wanted)
    return units * now.unit


def projected_proportional(now: Situation) -> Ints:
    """Keeps back what later need is expected to deserve, and shares the rest in proportion to need. Never above need.

    Projected proportional allocation (Manshadi, Niazadeh, Rodilitz, Fair Dynamic Rationing, Management Science 69(11),
    2023): x = min(d, s * d / (d + expected later demand)). In the paper the supply s comes once; here the expected
    deliveries of the period stand in s, and never more goes out than lies in the warehouse.
    """
    total = int(now.remaining.sum())
    if not total:
        return np.zeros_like(now.need)
    release = min(now.stock, (now.stock + now.future_stock) * total // (total + now.future_need))
    return _largest_remainder(now.remaining, now.units_max, release // now.unit, now.rank) * now.unit


def _largest_remainder(weight: Ints, units_max: Ints, count: int, rank: Ints) -> Ints:
    """``count`` units in proportion to ``weight``; what one cannot take goes to the others by the same rule."""
    units = np.zeros_like(units_max)
    left = min(count, int(units_max.sum()))
    while left:
        room = units_max - units
        open_ = np.where(room > 0, weight, 0)
        total = int(open_.sum())
        if not total:
            break
        quota = left * open_ // total
        full = quota > room
        if full.any():
            # Who reaches its limit first takes that much; the next pass shares the rest among the others.
            given = np.where(full, room, 0)
        else:
            by_remainder = np.lexsort((rank, -(left * open_ % total)))
            able = by_remainder[(open_ > 0)[by_remainder] & (quota < room)[by_remainder]]
            given = quota
            given[able[: left - int(quota.sum())]] += 1
        units = units + given
        left -= int(given.sum())
    return units


@dataclass(frozen=True, slots=True)
class Rule:
    """One version of a policy: what it is called, from which day it holds, on what it rests.

    ``in_rounds``: real rounds may be shared by it. It must never give above need, and ask for nothing that a round
    does not know (an order of arrival, deliveries to come).
    """

    id: str
    policy: str
    from_date: date
    reference: str
    says: str
    share: Policy
    in_rounds: bool = False


_OWN = "own rule, docs/allocation.md; the minister on 4 April 2017: no region has priority"
_ORDER_2022 = (
    "Director General of Dukcapil, 4 November 2022: lend 'sehingga satu provinsi habisnya bersama-sama', "
    "https://disdukcapil.patikab.go.id/berita/detail/surat-keterangan-dilarang-blangko-ktpel-di-bulan-november-masih-tersedia-cukup"
)
_LAMPUNG = (
    "practice, Lampung, 10 April 2017, http://www.pringsewu24.com/2017/04/136-ribu-blanko-e-ktp-didistribusikan.html"
)
_FAIR = "Manshadi, Niazadeh, Rodilitz: Fair Dynamic Rationing, doi 10.1287/mnsc.2023.4700"
_CAMPAIGN = date(2017, 3, 1)

# A new version is a new line, never an edit: a round keeps the id of the rule that shared it. leximin-fill is in force
# for real rounds until another one with ``in_rounds`` is adopted (decisions.planning); the others exist to be compared,
# and their day is the day from which they can be replayed.
RULES: tuple[Rule, ...] = (
    Rule(RULE_VERSION, "leximin", _CAMPAIGN, _OWN, "the lowest fill gets the next box", leximin, in_rounds=True),
    Rule(
        "days-of-cover/1",
        "days_of_cover",
        _CAMPAIGN,
        _ORDER_2022,
        "a province runs out together",
        days_of_cover,
        in_rounds=True,
    ),
    Rule(
        "proportional/1",
        "proportional",
        _CAMPAIGN,
        "none",
        "in proportion to what is still needed",
        proportional,
        in_rounds=True,
    ),
    Rule("equal-counts/1", "equal_counts", _CAMPAIGN, _LAMPUNG, "the same number for everybody", equal_counts),
    Rule("first-come/1", "first_come", _CAMPAIGN, "none", "who asks first gets all", first_come),
    Rule(
        "projected-proportional/1",
        "projected_proportional",
        _CAMPAIGN,
        _FAIR,
        "keeps back for need that is expected",
        projected_proportional,
    ),
)
POLICIES: tuple[str, ...] = tuple(dict.fromkeys(rule.policy for rule in RULES))


def rule_on(day: date, policy: str = "leximin", *, rules: Sequence[Rule] = RULES) -> Rule:
    """The version of a policy that held on a day: the latest that began by then. Raises UnknownPolicy, NoRuleThen."""
    versions = [rule for rule in rules if rule.policy == policy]
    if not versions:
        raise UnknownPolicy(
            "there is no policy {policy}",
            mend="the policies are {known}",
            policy=repr(policy),
            known=", ".join(dict.fromkeys(rule.policy for rule in rules)),
        )
    begun = [rule for rule in versions if rule.from_date <= day]
    if not begun:
        first = min(rule.from_date for rule in versions)
        raise NoRuleThen(
            "{policy} had no version on {day}", mend="it begins on {first}", policy=policy, day=day, first=first
        )
    return max(begun, key=lambda rule: rule.from_date)


def rule_of(rule_id: str, *, rules: Sequence[Rule] = RULES) -> Rule:
    """A rule by its id, as a stored round names it. Raises UnknownPolicy."""
    for rule in rules:
        if rule.id == rule_id:
            return rule
    raise UnknownPolicy(
        "there is no rule {rule}",
        mend="the rules are {known}",
        rule=repr(rule_id),
        known=", ".join(rule.id for rule in rules),
    )
