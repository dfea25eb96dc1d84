"""The engine's one entry: the wiring of a synthetic nation on one screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa

from blanko.engines.synth.counts import METRICS, count_table, stock_table, tally
from blanko.engines.synth.draws import Floats, Ints, stream
from blanko.engines.synth.events import apply, report_deaths
from blanko.engines.synth.naming import name_people
from blanko.engines.synth.people import day_number, family_cards, populate
from blanko.engines.synth.repeats import number_people, record
from blanko.engines.synth.statuses import StatusMix, regency_factors, stand
from blanko.engines.synth.tables import Made, Part, build
from blanko.engines.synth.villages import TooFewPeople, VillageTable, settle
from blanko.kernel.errors import BlankoError

PEOPLE_MIN = 100
AS_OF = date(2017, 4, 4)
AS_OF_MIN, AS_OF_MAX = date(2013, 1, 1), date(2030, 12, 31)
# The two provinces of Papua recorded the smallest shares of their people.
HARD_TO_REACH = ("91", "92")

Progress = Callable[[str, int, int], None]


class BadDay(BlankoError, ValueError):
    """The day is one for which no nation can be made."""


@dataclass(frozen=True, slots=True, eq=False)
class Nation:
    """Arrow tables with the columns of the intake's files, and the truth. Dates are date32, codes and numbers text."""

    people: int
    seed: int
    as_of: date
    registrations: pa.Table
    applications: pa.Table
    deaths: pa.Table
    stock: pa.Table
    counts: pa.Table
    truth: pa.Table


def synthesise(
    *,
    people: int,
    seed: int,
    areas: VillageTable,
    as_of: date = AS_OF,
    whole: Mapping[str, int] | None = None,
    mix: StatusMix | None = None,
    progress: Progress | None = None,
) -> Nation:
    """A nation of ``people`` persons aged 16 and over, as its offices had recorded it by ``as_of``.

    ``whole`` maps regency codes to the people they get exactly, over all their villages; the rest fill whole villages
    of every province. The same arguments give the same tables, cell for cell. ``progress(what, done, of)`` counts
    people. Memory grows with the result, about 300 bytes a person; what is computed on the way stays within one part.

    Raises TooFewPeople (below 100, or fewer than ``whole`` needs), UnknownRegency, BadDay, BadMix.
    """
    if people < PEOPLE_MIN:
        raise TooFewPeople(
            "{people} people make no nation",
            mend="give --people {people_min} or more",
            people=people,
            people_min=PEOPLE_MIN,
        )
    if seed < 0:
        raise TooFewPeople("the seed {seed} is negative", mend="give a whole number from 0", seed=seed)
    if not AS_OF_MIN <= as_of <= AS_OF_MAX:
        raise BadDay(
            "{as_of} is out of range",
            mend="give a day from {as_of_min} to {as_of_max}",
            as_of=as_of,
            as_of_min=AS_OF_MIN,
            as_of_max=AS_OF_MAX,
        )
    sums = np.zeros((len(areas.regency_codes), len(METRICS)), dtype=np.int64)
    parts: list[Part] = []
    done = 0
    for made, its_sums, its_people in _parts(people, seed, areas, as_of, whole or {}, mix or StatusMix()):
        parts.append(made)
        sums += its_sums
        done += its_people
        if progress:
            progress("people", done, people)
    return Nation(
        people=people,
        seed=seed,
        as_of=as_of,
        registrations=pa.concat_tables([made_part.registrations for made_part in parts]),
        applications=pa.concat_tables([made_part.applications for made_part in parts]),
        deaths=pa.concat_tables([made_part.deaths for made_part in parts]),
        stock=stock_table(areas=areas, as_of=as_of, seed=seed),
        counts=count_table(sums, areas=areas, as_of=as_of, seed=seed),
        truth=pa.concat_tables([made_part.truth for made_part in parts]),
    )


def registrations(*, people: int, seed: int, areas: VillageTable) -> Iterator[tuple[pa.Table, pa.Table]]:
    """(registrations, truth) of the nation that ``synthesise`` makes, a part at a time: for more than memory holds."""
    for made, _, _ in _parts(people, seed, areas, AS_OF, {}, StatusMix()):
        yield made.registrations, made.truth


def _parts(
    people: int, seed: int, areas: VillageTable, as_of: date, whole: Mapping[str, int], mix: StatusMix
) -> Iterator[tuple[Part, Ints, int]]:
    """Each part's tables, its sums by regency, and its people."""
    settlement = settle(areas, people=people, seed=seed, whole=whole)
    lived_in = np.bincount(
        areas.regency[settlement.village], weights=settlement.people, minlength=len(areas.regency_codes)
    )
    hard = np.array([code[:2] in HARD_TO_REACH for code in areas.regency_codes])
    missing = regency_factors(lived_in, seed=seed, subject="missing", spread=0.45, heavier=hard)
    waiting = regency_factors(lived_in, seed=seed, subject="waiting", spread=0.5, heavier=np.zeros_like(hard))
    done = 0
    for part in range(settlement.parts):
        inside = settlement.part == part
        made, sums = _make(
            villages=settlement.village[inside],
            people=settlement.people[inside],
            areas=areas,
            factors=(missing, waiting),
            as_of=as_of,
            mix=mix,
            seed=seed,
            part=part,
            base=done,
        )
        count = int(settlement.people[inside].sum())
        done += count
        yield build(made), sums, count


def _make(
    *,
    villages: Ints,
    people: Ints,
    areas: VillageTable,
    factors: tuple[Floats, Floats],
    as_of: date,
    mix: StatusMix,
    seed: int,
    part: int,
    base: int,
) -> tuple[Made, Ints]:
    on = day_number(as_of)
    persons = populate(village=villages, people=people, as_of=as_of, seed=seed, part=part)
    regency, district = areas.regency[persons.village], areas.code[persons.village] // 10_000
    first_district = areas.code[persons.first_home] // 10_000
    names, mothers = name_people(persons, province=district // 10_000, as_of=on, seed=seed, part=part)
    standing = stand(
        persons, missing=factors[0][regency], waiting=factors[1][regency], mix=mix, as_of=as_of, seed=seed, part=part
    )
    nik, note = number_people(persons, standing, district=first_district, mix=mix, seed=seed, part=part)
    cards = family_cards(stream(seed, "family cards", part), household=persons.household, district=district, as_of=on)
    records = record(
        persons, standing, names, nik=nik, nik_note=note, district=district, mix=mix, on=on, seed=seed, part=part
    )
    made = Made(
        people=persons,
        standing=standing,
        records=records,
        mothers=mothers,
        nik=nik,
        nik_note=note,
        family_card=cards,
        applications=apply(persons, standing, records, mix=mix, on=on, seed=seed, part=part),
        deaths=report_deaths(standing, seed=seed, part=part),
        base=base,
        part=part,
        seed=seed,
        areas=areas,
    )
    return made, tally(persons, standing, areas)
