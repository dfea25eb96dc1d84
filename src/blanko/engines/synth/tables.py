"""From numbers to the columns of the intake's files, one part of the nation at a time."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from blanko.engines.synth.draws import Bools, Ints, number_within, stream
from blanko.engines.synth.events import CAUSES, LOSS, Applications, Deaths
from blanko.engines.synth.names import split
from blanko.engines.synth.naming import Names, render
from blanko.engines.synth.people import MARITAL, People, civil
from blanko.engines.synth.repeats import NIK_NOTES, REPEATS, Records
from blanko.engines.synth.statuses import STATUSES, Standing
from blanko.engines.synth.villages import VillageTable

HAMLETS = split(
    "Krajan Sukamaju Mekarsari Karanganyar Sidomulyo Tegalrejo Sumberejo Banjarsari Cibodas Pasirhalang Kebonagung "
    "Wonosari Purwodadi Sukasari Mekarjaya Tanjungsari Karangrejo Bojong Babakan Cikole Mulyorejo Ngadirejo Sidorejo"
)
# Names that streets bear everywhere; Faker's are those of one town.
STREETS = split(
    "Melati Mawar Kenanga Anggrek Cempaka Dahlia Flamboyan Teratai Kamboja Bougenville Merdeka Pemuda Pahlawan Veteran "
    "Proklamasi Pancasila Diponegoro Sudirman Kartini Hasanuddin Pattimura Gajahmada Majapahit Siliwangi Imam_Bonjol "
    "Ahmad_Yani Gatot_Subroto Teuku_Umar Cut_Nyak_Dien Hayam_Wuruk Masjid Sekolah Pasar Stasiun Pelabuhan Raya Garuda "
    "Rajawali Merpati Mangga Rambutan Nangka Kelapa Jati Beringin Cendana Merapi Semeru Rinjani Kerinci Musi Barito"
)
ORIGIN_SHARE = 0.85
# The largest prime with ten digits: a multiplication by it leaves no two numbers alike.
RECORD_PRIME = 9_999_999_967


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The tables of one part, with the columns of the intake."""

    registrations: pa.Table
    applications: pa.Table
    deaths: pa.Table
    truth: pa.Table


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """All numbers of one part, before they become columns. ``base`` is the count of people in earlier parts."""

    people: People
    standing: Standing
    records: Records
    mothers: Names
    nik: Ints
    nik_note: Ints
    family_card: Ints
    applications: Applications
    deaths: Deaths
    base: int
    part: int
    seed: int
    areas: VillageTable


def texts(words: tuple[str, ...] | list[str], index: Ints, *, none: Bools | None = None) -> pa.StringArray:
    """``words[index]`` as Arrow text, null where ``none``."""
    return pa.array(list(words), pa.string()).take(pa.array(index, mask=none))


def dates(day: Ints) -> pa.Array:
    """Days since 1970 as dates; 0 is no date."""
    return pa.array(day.astype(np.int32), pa.int32(), mask=day == 0).cast(pa.date32())


def born_on(day: Ints) -> pa.Array:
    """Birth dates: here 0 is the first of January 1970 like any other day."""
    return pa.array(day.astype(np.int32), pa.int32()).cast(pa.date32())


def digits(number: Ints, width: int, *, none: Bools | None = None) -> pa.StringArray:
    """Numbers with leading zeros."""
    return pc.utf8_lpad(pa.array(number, mask=none).cast(pa.string()), width, "0")


def joined(*pieces: pa.StringArray | str) -> pa.StringArray:
    """The pieces side by side; null where a piece is."""
    return pc.binary_join_element_wise(*pieces, "")


def record_ids(row: Ints, *, base: int, seed: int) -> Ints:
    """Ten-digit numbers, no two alike in the nation, that show neither order nor person.

    A part of n people has at most 2 n records, so twice the people before it leaves room.
    """
    rng = stream(seed, "record ids")
    factor, shift = int(rng.integers(10**8, 4 * 10**8)), int(rng.integers(0, RECORD_PRIME))
    return np.asarray(((row + 2 * base) * factor + shift) % RECORD_PRIME)


def build(made: Made) -> Part:
    """The columns of one part, registrations in the order of offices and record numbers."""
    areas, records, people = made.areas, made.records, made.people
    rng = stream(made.seed, "columns", made.part)
    regency = areas.regency[people.village]
    number = record_ids(np.arange(len(records)), base=made.base, seed=made.seed)
    office = regency[records.home]
    # Neither who is whose double nor who lives with whom may be read from the order.
    order = np.lexsort((number, office))
    birth_home = people.first_home.copy()
    elsewhere = np.flatnonzero(rng.random(len(people)) > ORIGIN_SHARE)
    birth_home[elsewhere] = people.first_home[rng.integers(0, len(people), len(elsewhere))]
    places = [re.sub(r"^(Kabupaten|Kota)( Administrasi)? ", "", name).upper() for name in areas.regency_names]
    ordered = records.take(order)
    home, person = ordered.home, ordered.person
    offices = texts(areas.regency_codes, office[order])
    record_id = digits(number[order], 10)
    registrations = pa.table(
        {
            "record_id": record_id,
            "nik": digits(ordered.nik, 16),
            "name": render(ordered.names),
            "birth_place": texts(places, areas.regency[birth_home[person]]),
            "birth_date": born_on(ordered.born),
            "sex": texts(("L", "P"), people.woman[person].astype(np.int64)),
            "mother_name": render(made.mothers.take(person)),
            "address": _addresses(rng, made, home, person),
            "village_code": digits(areas.code[people.village[home]], 10),
            "recorded_on": dates(ordered.recorded_on),
            "recorded_office": offices,
            "marital_status": texts(MARITAL, people.marital[person]),
            "status": texts(STATUSES, ordered.status, none=ordered.status == 0),
            "status_since": dates(ordered.status_since),
            "card_issued_on": dates(ordered.issued_on),
            "suket_no": _suket_numbers(ordered, office[order], made),
            "family_card_no": digits(_family_cards(made, ordered, order), 16),
        }
    )
    names = (number, office)
    return Part(registrations, _applications(made, *names), _deaths(made, *names), _truth(made, order, *names))


def _addresses(rng: np.random.Generator, made: Made, home: Ints, person: Ints) -> pa.StringArray:
    people = made.people
    households = int(people.household[-1]) + 1
    slot, kind = rng.integers(0, 9, households), rng.random(households)
    rt, rw, house = rng.integers(1, 13, households), rng.integers(1, 7, households), rng.integers(1, 180, households)
    of = people.household[home]
    village = made.areas.code[people.village[home]]
    ward = village // 1000 % 10 == 1
    # A repeat that states another place is a lodger there, not a member of the family whose row lent the place.
    lodger = of != people.household[person]
    number = (house[of] + np.where(lodger, 1 + person % 97, 0)) % 250
    lane = np.select([ward & (kind[of] < 0.8), ward, kind[of] < 0.45, kind[of] < 0.75], [0, 1, 2, 3], default=0)
    streets = [name.upper().replace("_", " ") for name in STREETS]
    hamlets = [name.upper() for name in HAMLETS]
    place = (village // 7 * 31 + slot[of] * 977) % 9973
    on_street = lane < 2
    words = [*streets, *hamlets]
    where = np.where(on_street, place % len(streets), len(streets) + place % len(hamlets))
    house_numbers = ["", *(f" NO. {n}" for n in range(1, 251))]
    blocks = [f" RT {r:03d}/RW {w:03d}" for r in range(1, 13) for w in range(1, 7)]
    return joined(
        texts(("JL. ", "GG. ", "DUSUN ", "KP. "), lane),
        texts(words, where),
        texts(house_numbers, np.where(on_street | lodger, number, 0)),
        texts(blocks, (rt[of] - 1) * 6 + rw[of] - 1),
    )


def _suket_numbers(records: Records, office: Ints, made: Made) -> pa.StringArray:
    year = civil(np.where(records.suket, np.maximum(records.status_since, records.recorded_on), 0))[0]
    none = ~records.suket
    serial = number_within(np.where(records.suket, office, -1)) + 1
    return joined(
        f"470/{made.part:02d}",
        digits(serial, 5, none=none),
        "/",
        texts(made.areas.regency_codes, office),
        "/",
        pa.array(year).cast(pa.string()),
    )


def _family_cards(made: Made, ordered: Records, order: Ints) -> Ints:
    people = made.people
    own = made.family_card[ordered.person]
    lodger = np.flatnonzero(people.household[ordered.home] != people.household[ordered.person])
    year, month, day = civil(ordered.recorded_on[lodger])
    district = made.areas.code[people.village[ordered.home[lodger]]] // 10_000
    prefix = ((district * 100 + day) * 100 + month) * 100 + year % 100
    # Counted down from the top, so that a second card never meets a family's own.
    own[lodger] = prefix * 10_000 + 9_999 - number_within(prefix) % 4_000
    return own


def _applications(made: Made, number: Ints, office: Ints) -> pa.Table:
    listed, records = made.applications, made.records
    order = np.lexsort((number[listed.record], listed.applied, office[listed.record]))
    record, applied = listed.record[order], listed.applied[order]
    offices = texts(made.areas.regency_codes, office[record])
    form = texts(("F1.02-", "LP-"), (listed.cause[order] == LOSS).astype(np.int64))
    # Two digits for the part keep the numbers of an office apart when its villages were made in several parts.
    serial = joined(f"{made.part:02d}", digits(number_within(office[record]) + 1, 5))
    year = pa.array(civil(applied)[0]).cast(pa.string())
    return pa.table(
        {
            "nik": digits(records.nik[record], 16),
            "cause": texts(CAUSES, listed.cause[order]),
            "event_date": dates(listed.event[order]),
            "applied_on": dates(applied),
            "office": offices,
            "document_no": joined(form, offices, "-", year, "-", serial),
        }
    )


def _deaths(made: Made, number: Ints, office: Ints) -> pa.Table:
    standing, people = made.standing, made.people
    regency = made.areas.regency[people.village]
    order = np.lexsort(
        (made.nik[made.deaths.person], standing.reported_on[made.deaths.person], regency[made.deaths.person])
    )
    person, named = made.deaths.person[order], made.deaths.names_record[order]
    row = np.full(len(people), -1, dtype=np.int64)
    # The first records stand first, one a person.
    row[made.records.person[: int(standing.recorded.sum())]] = np.arange(int(standing.recorded.sum()))
    at = np.maximum(row[person], 0)
    year, month, day = civil(standing.reported_on[person])
    offices = texts(made.areas.regency_codes, regency[person])
    stamp = digits((day * 100 + month) * 10_000 + year, 8)
    return pa.table(
        {
            "nik": digits(made.nik[person], 16),
            "record_id": digits(number[at], 10, none=~named),
            "recorded_office": texts(made.areas.regency_codes, office[at], none=~named),
            "died_on": dates(standing.died_on[person]),
            "reported_on": dates(standing.reported_on[person]),
            "office": offices,
            "document_no": joined(
                offices, "-KM-", stamp, "-", f"{made.part:02d}", digits(number_within(regency[person]) + 1, 4)
            ),
        }
    )


def _truth(made: Made, order: Ints, number: Ints, office: Ints) -> pa.Table:
    people, standing, records = made.people, made.standing, made.records
    missing = np.flatnonzero(~standing.recorded)
    person = np.concatenate((records.person[order], missing))
    none = np.arange(len(person)) >= len(records)
    row = np.concatenate((order, np.zeros(len(missing), dtype=np.int64)))
    times = np.bincount(records.person, minlength=len(people))
    filler = np.zeros(len(missing), dtype=np.int64)
    nik = np.concatenate((records.nik[order], made.nik[missing]))
    return pa.table(
        {
            "person_id": pa.array(made.base + person + 1),
            "recorded_office": texts(made.areas.regency_codes, np.append(office[order], filler), none=none),
            "record_id": digits(number[row] if len(records) else row, 10, none=none),
            "nik": digits(nik, 16),
            "recorded": pa.array(~none),
            "times_recorded": pa.array(times[person].astype(np.int16)),
            "repeat": texts(REPEATS, np.append(records.repeat[order], filler), none=none),
            "nik_note": texts(NIK_NOTES, np.append(records.nik_note[order], made.nik_note[missing])),
            "died_on": dates(standing.died_on[person]),
            "death_reported": pa.array(standing.reported_on[person] > 0),
            "twin_of": pa.array(made.base + people.twin_of[person] + 1, mask=people.twin_of[person] < 0),
            "household": pa.array(2 * made.base + people.household[person] + 1),
        }
    )
