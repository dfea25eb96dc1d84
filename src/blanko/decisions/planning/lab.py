"""The built-in cases of the policy lab: Lampung and the nation from April 2017 on. Pure; no database.

Only what was sent to Lampung's regencies on 10 April 2017 is observed by regency. Needs, capacities and later
deliveries are estimates or assumptions, and every one is marked so. ``compare`` is the function for terminal and page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date

import numpy as np

from blanko.decisions.planning.routes import BLANK_DAY_RUPIAH, LOT_DAY_RUPIAH
from blanko.decisions.planning.rules import (
    CARDS_PER_PRINTER_DAY,
    DISTRICTS_PER_PRINTER,
    HANDLING_DAYS_MAX,
    cards_per_day,
)
from blanko.engines.allocation.errors import UnknownPolicy
from blanko.engines.allocation.lab import AS_SENT, REPLANNED, Comparison, Mark, Months
from blanko.engines.allocation.lab import compare as compare_case
from blanko.engines.allocation.policies import POLICIES
from blanko.engines.allocation.waterfill import Ints
from blanko.ground.places import gazetteer

WEEKS = 26
BOX = 500
BACKLOG, YEARLY, CONTRACT = 4_500_000, 5_000_000, 7_000_000
WORKING_DAYS = 5
LAMPUNG = "18"
# Planning all weeks anew each week takes 3 seconds for the nation: there it is run when it is named.
REPLANNED_AREAS_MAX = 50
LAMPUNG_SOURCE = "http://www.pringsewu24.com/2017/04/136-ribu-blanko-e-ktp-didistribusikan.html"
# What each regency of Lampung was given on 10 April 2017; the sum of 136,000 was stated too.
LAMPUNG_SENT = {
    "1801": 10_000, "1802": 10_000, "1803": 10_000, "1804": 10_000, "1805": 10_000, "1806": 10_000, "1807": 10_000,
    "1808": 10_000, "1809": 10_000, "1810": 10_000, "1811": 8_000, "1812": 10_000, "1813": 6_000, "1871": 10_000,
    "1872": 2_000,
}  # fmt: skip
# From the end of March to 19 September 2017 the 7 million blanks of the contract went out: 25 weeks, from 10 April 23.
WEEKS_OF_CONTRACT = 23

_MARKS = (
    Mark(
        "backlog",
        "estimated",
        f"{BACKLOG:,} print-ready on 29 March 2017, shared by population of 2024; "
        "https://www.tempo.co/politik/nyaris-100-persen-wni-yang-telah-merekam-data-e-ktp-nbsp--1283997",
    ),
    Mark(
        "weekly need",
        "estimated",
        f"{YEARLY:,} cards a year (the minister, 4 April 2017), shared by population of 2024 over 52 weeks",
    ),
    Mark(
        "capacity",
        "estimated",
        f"one printer for {DISTRICTS_PER_PRINTER} districts, {CARDS_PER_PRINTER_DAY} cards a printer and day, "
        f"{WORKING_DAYS} days a week (docs/planning.md)",
    ),
    Mark(
        "lead time", "estimated", f"{HANDLING_DAYS_MAX} days of handling and days on the way by distance, whole weeks"
    ),
    Mark(
        "cost",
        "assumed",
        f"Rp {LOT_DAY_RUPIAH:,} a lot and Rp {BLANK_DAY_RUPIAH} a blank for each day on the way; no tariff known",
    ),
    Mark("surprise", "assumed", "spread of demand and delay of deliveries as in docs/allocation.md, seeded"),
)


def _by_population(total: int) -> dict[str, int]:
    """A national figure over the 514 regencies by population, largest remainder first, summing exactly."""
    people = {place.code: place.population_2024 for place in gazetteer.regencies_2017()}
    whole = sum(people.values())
    shares = {code: total * count // whole for code, count in people.items()}
    by_remainder = sorted(people, key=lambda code: (-(total * people[code] % whole), code))
    for code in by_remainder[: total - sum(shares.values())]:
        shares[code] += 1
    return shares


def _case(
    name: str, title: str, codes: Sequence[str], deliveries: Ints, marks: tuple[Mark, ...], sent: Ints | None = None
) -> Months:
    districts = Counter(code[:4] for code in gazetteer.district_codes())
    backlog, yearly = _by_population(BACKLOG), _by_population(YEARLY)
    days = np.array([gazetteer.transport_days(code) for code in codes])
    return Months(
        name=name,
        title=title,
        begins=date(2017, 4, 10),
        codes=tuple(codes),
        names=tuple(gazetteer.name_of(code) for code in codes),
        province=np.array([int(code[:2]) for code in codes]),
        backlog=np.array([backlog[code] for code in codes]),
        weekly=np.array([-(-yearly[code] // 52) for code in codes]),
        deliveries=deliveries,
        lead=-(-(days + HANDLING_DAYS_MAX) // 7),
        capacity=np.array([cards_per_day(districts=districts[code]) * WORKING_DAYS for code in codes]),
        lot_cost=days * LOT_DAY_RUPIAH,
        blank_cost=days * BLANK_DAY_RUPIAH,
        box=BOX,
        marks=marks + _MARKS,
        sent=sent,
    )


def _even(total: int) -> Ints:
    """A total over the weeks of the contract, as evenly as whole blanks allow, and nothing after them."""
    deliveries = np.zeros(WEEKS, np.int64)
    deliveries[:WEEKS_OF_CONTRACT] = total // WEEKS_OF_CONTRACT
    deliveries[: total % WEEKS_OF_CONTRACT] += 1
    return deliveries


def nation_2017() -> Months:
    """The 514 regencies from 10 April 2017: 4.5 million owed, 7 million blanks until 19 September."""
    mark = Mark(
        "deliveries", "assumed", f"{CONTRACT:,} blanks evenly over the {WEEKS_OF_CONTRACT} weeks to 19 September 2017"
    )
    codes = [place.code for place in gazetteer.regencies_2017()]
    return _case("nation-2017", "The nation from 10 April 2017", codes, _even(CONTRACT), (mark,))


def lampung_2017() -> Months:
    """Lampung's 15 regencies: what 136,000 blanks of 10 April 2017 did, and what they could have done."""
    sent = np.array([LAMPUNG_SENT[code] for code in sorted(LAMPUNG_SENT)])
    share = _by_population(CONTRACT)
    deliveries = np.zeros(WEEKS, np.int64)
    deliveries[0] = int(sent.sum())
    later = sum(share[code] for code in LAMPUNG_SENT) - int(sent.sum())
    # Every fourth week until September: the province's share of the contract by population, less the first lot.
    weeks = np.arange(4, WEEKS_OF_CONTRACT, 4)
    deliveries[weeks] = later // len(weeks) // BOX * BOX
    marks = (
        Mark("sent", "observed", LAMPUNG_SOURCE),
        Mark("first delivery", "observed", f"136,000 blanks on 10 April 2017; {LAMPUNG_SOURCE}"),
        Mark("later deliveries", "assumed", "the province's share by population of 7 million, every fourth week"),
    )
    return _case("lampung-2017", "Lampung from 10 April 2017", sorted(LAMPUNG_SENT), deliveries, marks, sent)


CASES: dict[str, Callable[[], Months]] = {"lampung-2017": lampung_2017, "nation-2017": nation_2017}


def compare(case: str | Months = "lampung-2017", policies: Sequence[str] = (), *, seed: int = 1) -> Comparison:
    """A case, built in or one's own, under some policies.

    None named: all six, replanning each week where that takes a moment (few areas), and what was really sent where that
    is known.
    Raises UnknownPolicy for a policy or a case that is not known.
    """
    if isinstance(case, str) and case not in CASES:
        raise UnknownPolicy(
            "there is no case {case}",
            mend="the cases are {known}, or a file of your own",
            case=repr(case),
            known=", ".join(CASES),
        )
    found = CASES[case]() if isinstance(case, str) else case
    replanned = (REPLANNED,) if len(found.codes) <= REPLANNED_AREAS_MAX else ()
    named = tuple(policies) or (*POLICIES, *replanned, *((AS_SENT,) if found.sent is not None else ()))
    return compare_case(found, named, seed=seed)
