"""What each regency probably waited for in April 2017. Pure.

Only national figures and a few regional ones were published. Each estimate shares a national figure over the
population of the areas that published none of their own, so that 514 estimates sum to the national figure exactly. An
estimate is marked as one everywhere, and its source text names the method and the figures it used.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from datetime import date as Day
from decimal import Decimal

from blanko.kernel.errors import BlankoError

# An area's own figure stands while it is as fresh as the national one it is set beside. Older ones do not: five
# provinces published more people not recorded in August 2016 than the whole country had in April 2017.
FACT_AGE_DAYS_MAX = 60

NATION = "ID"


class NoNationalFigure(BlankoError):
    """No national figure of this metric was known by the day."""


class FactsExceedNation(BlankoError):
    """The areas' own figures together exceed the national figure that they are part of."""


class NoPopulation(BlankoError):
    """An area that must take a share has no population to share by."""


@dataclass(frozen=True, slots=True)
class Count:
    """One stated or estimated count, as the intake of counts takes it."""

    area: str
    metric: str
    value: int
    date: Day
    denominator: int | None
    source: str
    kind: str
    known_on: Day


@dataclass(frozen=True, slots=True)
class Sharing:
    """Which national metric is shared, and under which name the shares are kept."""

    metric: str
    national_metric: str


SHARINGS = (
    Sharing("print_ready", "prr_unprinted"),
    Sharing("awaiting_uniqueness", "awaiting_uniqueness"),
    Sharing("not_recorded", "not_recorded"),
)


def share_out(total: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Divide ``total`` over ``weights`` in whole numbers that sum to it exactly.

    Largest remainder (Hamilton); equal remainders go by code. Raises NoPopulation when there is something to share and
    no weight to share it by.
    """
    weight = sum(weights.values())
    if weight <= 0:
        if total:
            raise NoPopulation("{total} cannot be shared without a population", mend="give the population", total=total)
        return dict.fromkeys(sorted(weights), 0)
    shares = {code: total * weights[code] // weight for code in sorted(weights)}
    # Largest remainder: plain rounding would miss the national figure by hundreds of people.
    by_remainder = sorted(shares, key=lambda code: (-(total * weights[code] % weight), code))
    for code in by_remainder[: total - sum(shares.values())]:
        shares[code] += 1
    return shares


def _latest(facts: Iterable[Count], *, metric: str, as_of: date) -> dict[str, Count]:
    """By area the newest observed figure of a metric that was known by the day; equal dates go to the later known."""
    found: dict[str, Count] = {}
    known = (f for f in facts if f.metric == metric and f.kind == "observed" and f.known_on <= as_of)
    for fact in sorted(known, key=lambda f: (f.date, f.known_on, f.source)):
        found[fact.area] = fact
    return found


def estimate(
    sharing: Sharing, *, facts: Sequence[Count], populations: Mapping[str, int], as_of: date
) -> tuple[Count, ...]:
    """One estimate for each regency of ``populations`` (code to people), as could be made on the day ``as_of``.

    The newest national figure known by then is the total. A province's or regency's own figure is respected when it was
    known by then and is at most FACT_AGE_DAYS_MAX days older than the national one; the rest is shared by population.
    ``known_on`` is the day on which the last of the figures that went in was known.
    Raises NoNationalFigure and FactsExceedNation.
    """
    latest = _latest(facts, metric=sharing.national_metric, as_of=as_of)
    if NATION not in latest:
        raise NoNationalFigure(
            "no national {national_metric} was known on {as_of}",
            mend="load the counts or choose a later day",
            national_metric=sharing.national_metric,
            as_of=as_of,
        )
    national = latest[NATION]
    oldest = national.date - timedelta(days=FACT_AGE_DAYS_MAX)
    own = {area: fact for area, fact in latest.items() if area != NATION and fact.date >= oldest}
    method = f"{national.value} of {national.date.isoformat()} shared by population of 2024; {national.source}"
    # From the day on which the last of its figures was known, anybody could have made the estimate.
    used = [own[area] for area in {*populations, *(code[:2] for code in populations)} if area in own]
    known_on = max([national.known_on, *(fact.known_on for fact in used)])
    shared: dict[str, tuple[int, str]] = {}

    provinces = sorted({code[:2] for code in populations})
    by_province = {p: {c: n for c, n in populations.items() if c[:2] == p} for p in provinces}
    left, open_to_nation = national.value, dict[str, int]()
    for province, members in by_province.items():
        known = {code: own[code] for code in sorted(members) if code in own}
        for code, fact in known.items():
            shared[code] = (fact.value, f"its own figure of {fact.date.isoformat()}; {fact.source}")
        unknown = {code: people for code, people in members.items() if code not in known}
        spoken_for = sum(fact.value for fact in known.values())
        stated = own.get(province)
        if stated is None:
            left -= spoken_for
            open_to_nation |= unknown
            continue
        left -= stated.value if unknown else spoken_for
        if unknown:
            if stated.value < spoken_for:
                raise FactsExceedNation(
                    "the regencies of {province} state {spoken_for}, the province {stated}",
                    mend="drop the figure that is wrong",
                    province=province,
                    spoken_for=spoken_for,
                    stated=stated.value,
                )
            day = stated.date.isoformat()
            text = f"{stated.value} of its province on {day} shared by population of 2024; {stated.source}"
            for code, value in share_out(stated.value - spoken_for, unknown).items():
                shared[code] = (value, text)
    if left < 0:
        raise FactsExceedNation(
            "areas state {stated} of a national {national}",
            mend="drop the figure that is wrong",
            stated=national.value - left,
            national=national.value,
        )
    for code, value in share_out(left, open_to_nation).items():
        shared[code] = (value, method)
    return tuple(
        Count(
            area=code,
            metric=sharing.metric,
            value=shared[code][0],
            date=national.date,
            denominator=None,
            source=f"estimate: {shared[code][1]}",
            kind="estimated",
            known_on=known_on,
        )
        for code in sorted(populations)
    )


def estimates(
    *, facts: Sequence[Count], populations: Mapping[str, int], as_of: date, sharings: Sequence[Sharing] = SHARINGS
) -> tuple[Count, ...]:
    """All estimates of a day: for each sharing one count for each regency, in the order of ``sharings``, then code."""
    return tuple(
        count for sharing in sharings for count in estimate(sharing, facts=facts, populations=populations, as_of=as_of)
    )


def read_count(row: Mapping[str, str]) -> Count:
    """One row of a counts file (all text) as a Count. Raises ValueError or KeyError for a row that is none."""
    return Count(
        area=row["area"],
        metric=row["metric"],
        value=int(Decimal(row["value"])),
        date=date.fromisoformat(row["date"]),
        denominator=int(row["denominator"]) if row["denominator"] else None,
        source=row["source"],
        kind=row["kind"],
        known_on=date.fromisoformat(row["known_on"]),
    )
