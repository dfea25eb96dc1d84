"""Households and the people in them: who is whose mother, how old, married or not, where first registered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from blanko.engines.synth.draws import Bools, Floats, Ints, choose_share, days, number_within, stream

YEAR = 365.25
ALONE, HUSBAND, WIFE, PARENT, CHILD, GRANDPARENT = range(6)
NEVER_MARRIED, MARRIED, DIVORCED, WIDOWED = range(4)
MARITAL = ("BELUM KAWIN", "KAWIN", "CERAI HIDUP", "CERAI MATI")

# Members aged 16 and over; children are no business of a card programme. About 2.6 a household.
SIZE_SHARES = (0.13, 0.42, 0.24, 0.14, 0.05, 0.02)
TWIN_SHARE = 0.012
MOVED_SHARE = 0.08
AGE_MIN_DAYS = 5845
AGE_MAX_YEARS = 97.0
# Birthdays written when nobody knew the day, by (month, day) and share of those born before about 1995.
DEFAULT_BIRTHDAYS = (((12, 31), 0.035), ((7, 1), 0.030), ((1, 1), 0.020))
HEAPED_FROM_AGE = 22


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """One row a person, members of a household side by side.

    ``village`` and ``first_district`` (a row of the part whose district first registered this person) are numbers;
    ``born`` days since 1970; ``woman``; ``role`` and ``marital`` are the constants above; ``mother`` is the row of the
    mother in the household or -1; ``twin_of`` the row of the elder twin or -1; ``household`` counts from 0.
    """

    household: Ints
    village: Ints
    role: Ints
    woman: Bools
    born: Ints
    marital: Ints
    mother: Ints
    father: Ints
    twin_of: Ints
    moved: Bools
    first_home: Ints

    def __len__(self) -> int:
        return len(self.household)

    def age_years(self, on: int) -> Floats:
        """Age in years on a day (days since 1970)."""
        return np.asarray((on - self.born) / YEAR, dtype=np.float64)


def day_number(day: date) -> int:
    """Days since 1 January 1970."""
    return day.toordinal() - date(1970, 1, 1).toordinal()


def civil(day: Ints) -> tuple[Ints, Ints, Ints]:
    """Year, month and day of the month of days since 1970."""
    dates = day.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    years = months.astype("datetime64[Y]")
    return (
        years.astype(np.int64) + 1970,
        (months - years.astype("datetime64[M]")).astype(np.int64) + 1,
        (dates - months.astype("datetime64[D]")).astype(np.int64) + 1,
    )


def day_of(year: Ints, month: Ints, day: Ints) -> Ints:
    """Days since 1970; a day past the end of its month runs into the next."""
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    return months.astype("datetime64[D]").astype(np.int64) + day - 1


def populate(*, village: Ints, people: Ints, as_of: date, seed: int, part: int) -> People:
    """``people[i]`` persons aged 16 and over in ``village[i]``, in households, in the order of the villages."""
    rng = stream(seed, "households", part)
    count = int(people.sum())
    start = _household_starts(rng, people, count)
    size = np.diff(np.append(start, count))
    household = np.repeat(np.arange(len(start)), size)
    position = np.arange(count) - start[household]
    role = _roles(rng, size, household, position)
    woman = _sexes(rng, role)
    age, twin = _ages(rng, role, household, position)
    on = day_number(as_of)
    born = _heap(rng, on - age, age)
    elder = np.arange(count) - 1
    # The elder twin's own default birthday, if it has one, is the younger's too.
    born[twin] = born[elder[twin]]
    first = start[household]
    two_parents = role[np.minimum(first + 1, count - 1)] == WIFE
    child = role == CHILD
    mother = np.where(child & two_parents, first + 1, np.where(child & woman[first], first, -1))
    father = np.where(child & (two_parents | ~woman[first]), first, -1)
    # A grandmother in the house is the husband's mother; one too young for that is another relative.
    last = start + size - 1
    is_mother = (role[last] == GRANDPARENT) & woman[last] & (age[last] - age[start] >= 17 * YEAR)
    with_grandmother = last[is_mother]
    mother[first[with_grandmother]] = with_grandmother
    moved = rng.random(count) < MOVED_SHARE
    first_home = np.repeat(village, people)
    first_home[moved] = first_home[rng.integers(0, count, int(moved.sum()))]
    return People(
        household=household,
        village=np.repeat(village, people),
        role=role,
        woman=woman,
        born=born,
        marital=_marital(rng, role, (on - born) / YEAR),
        mother=mother,
        father=father,
        twin_of=np.where(twin, elder, -1),
        moved=moved,
        first_home=first_home,
    )


def _household_starts(rng: np.random.Generator, people: Ints, count: int) -> Ints:
    sizes = choose_share(rng, SIZE_SHARES, count // 2 + 64) + 1
    starts = np.cumsum(sizes) - sizes
    if starts[-1] < count:
        starts = np.append(starts, np.arange(starts[-1] + sizes[-1], count))
    villages = np.cumsum(people) - people
    # A household ends where its village does.
    return np.unique(np.concatenate((starts[starts < count], villages))).astype(np.int64)


def _roles(rng: np.random.Generator, size: Ints, household: Ints, position: Ints) -> Ints:
    draw = rng.random(len(size))
    couple = np.where(size == 2, draw < 0.8, draw < 0.88) & (size > 1)
    grandparent = couple & (size > 2) & (draw < 0.14)
    in_couple, members = couple[household], size[household]
    last = position == members - 1
    return np.select(
        [
            members == 1,
            in_couple & (position == 0),
            in_couple & (position == 1),
            grandparent[household] & last,
            ~in_couple & (position == 0),
        ],
        [ALONE, HUSBAND, WIFE, GRANDPARENT, PARENT],
        default=CHILD,
    ).astype(np.int64)


def _sexes(rng: np.random.Generator, role: Ints) -> Bools:
    share = np.array([0.50, 0.0, 1.0, 0.82, 0.46, 0.70])
    return np.asarray(rng.random(len(role)) < share[role])


def _ages(rng: np.random.Generator, role: Ints, household: Ints, position: Ints) -> tuple[Ints, Bools]:
    """Ages in days, built upward: the youngest child, its elder siblings, their parents, the grandparent."""
    count = len(role)
    child = role == CHILD
    first_child = child & np.append(True, ~(child[:-1] & (household[1:] == household[:-1])))
    twin = child & ~first_child & (rng.random(count) < TWIN_SHARE * 2.2)
    # Triplets are left out: each twin has one elder.
    twin[1:] &= ~twin[:-1]
    gap = np.where(twin, 0, 366 + np.minimum(days(rng, 2.4 * YEAR, count), int(5 * YEAR)))
    youngest = np.minimum(days(rng, 6.5 * YEAR, int(first_child.sum())), int(18 * YEAR))
    gap[first_child] = AGE_MIN_DAYS + youngest
    gap[~child] = 0
    summed = np.cumsum(gap)
    households = int(household[-1]) + 1
    starts = np.flatnonzero(position == 0)
    before = summed[starts] - gap[starts]
    age = np.where(child, summed - before[household], 0)
    oldest = np.maximum.reduceat(age, starts)
    age_at_birth = np.minimum(18 * YEAR + rng.gamma(3.0, 2.2 * YEAR, households), 44 * YEAR).astype(np.int64)
    young = (17.5 + 28 * rng.beta(1.5, 2.2, households)) * YEAR
    old = (45 + 35 * rng.beta(1.2, 2.6, households)) * YEAR
    childless = np.where(rng.random(households) < 0.72, young, old).astype(np.int64)
    lead = np.where(oldest > 0, oldest + age_at_birth, childless)
    lead_of = lead[household]
    husband = np.maximum(lead_of + rng.normal(3.5, 4.0, count) * YEAR, 18 * YEAR)
    husband = np.maximum(husband, np.where(oldest > 0, oldest + 17 * YEAR, 0)[household])
    alone = np.where(
        rng.random(count) < 0.4,
        16.1 * YEAR + rng.exponential(7 * YEAR, count),
        (30 + 50 * rng.beta(1.6, 1.8, count)) * YEAR,
    )
    grandparent = np.maximum(husband[starts][household], lead_of) + 17 * YEAR + rng.gamma(3.0, 2.0 * YEAR, count)
    age = np.select(
        [role == HUSBAND, (role == WIFE) | (role == PARENT), role == ALONE, role == GRANDPARENT],
        [husband, lead_of, alone, grandparent],
        default=age,
    )
    too_old = age > AGE_MAX_YEARS * YEAR
    age = np.where(too_old & (role != CHILD), (AGE_MAX_YEARS - 6 * rng.random(count)) * YEAR, age)
    return np.maximum(age, AGE_MIN_DAYS).astype(np.int64), twin


def _heap(rng: np.random.Generator, born: Ints, age: Ints) -> Ints:
    year, _, _ = civil(born)
    draw, after = rng.random(len(born)), 0.0
    old_enough = age > HEAPED_FROM_AGE * YEAR
    # Older people know their day less often.
    scale = np.clip(age / (40 * YEAR), 0.5, 1.6)
    for (month, day), share in DEFAULT_BIRTHDAYS:
        hit = old_enough & (draw >= after * scale) & (draw < (after + share) * scale)
        after += share
        born = np.where(hit, day_of(year, np.full_like(year, month), np.full_like(year, day)), born)
    return born


def _marital(rng: np.random.Generator, role: Ints, age: Floats) -> Ints:
    draw = rng.random(len(role))
    young, lone = age < 30, (role == ALONE) | (role == CHILD)
    return np.select(
        [
            (role == HUSBAND) | (role == WIFE),
            role == GRANDPARENT,
            (role == PARENT) & (draw < np.clip(age / 90, 0.2, 0.9)),
            role == PARENT,
            young & (draw < 0.9),
            lone & (age < 19),
            (role == CHILD) & (draw < 0.72),
            (role == ALONE) & ~young & (draw < 0.3),
            (role == ALONE) & ~young & (draw < 0.8),
            draw < 0.97,
        ],
        [
            MARRIED,
            WIDOWED,
            WIDOWED,
            DIVORCED,
            NEVER_MARRIED,
            NEVER_MARRIED,
            NEVER_MARRIED,
            NEVER_MARRIED,
            WIDOWED,
            DIVORCED,
        ],
        default=MARRIED,
    ).astype(np.int64)


def niks(*, first_district: Ints, born: Ints, woman: Bools) -> Ints:
    """Sixteen digits as a number: district, day (+40 for women), month, year, and a serial that makes it unique."""
    year, month, day = civil(born)
    prefix = ((first_district * 100 + day + np.where(woman, 40, 0)) * 100 + month) * 100 + year % 100
    # More than 9,999 alike cannot happen in one district; the law gives four digits.
    return prefix * 10_000 + number_within(prefix) % 9_999 + 1


def family_cards(rng: np.random.Generator, *, household: Ints, district: Ints, as_of: int) -> Ints:
    """A family card number a person: district, day of issue DDMMYY, serial; members share it."""
    starts = np.flatnonzero(np.append(True, household[1:] != household[:-1]))
    issued = as_of - rng.integers(0, 3200, len(starts))
    year, month, day = civil(issued)
    prefix = ((district[starts] * 100 + day) * 100 + month) * 100 + year % 100
    return np.asarray((prefix * 10_000 + number_within(prefix) % 9_999 + 1)[household])
