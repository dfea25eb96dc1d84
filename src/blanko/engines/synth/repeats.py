"""Records: what offices wrote about people, some of them twice, some with errors. The truth is kept beside each."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from blanko.engines.synth.draws import Bools, Ints, choose_share, day_after, stream
from blanko.engines.synth.names import NONE, TYPOS, lexicon
from blanko.engines.synth.naming import Names
from blanko.engines.synth.people import People, civil, day_of, niks
from blanko.engines.synth.statuses import (
    ADJUDICATED,
    DUPLICATE,
    ISSUED,
    NO_STATUS,
    PRINT_READY,
    SENT,
    Standing,
    StatusMix,
)

# What a repeated registration differs in. "first" is no repeat; "exact" has the NIK, name and birth date of the first.
(FIRST, EXACT, TYPO, SWAPPED_DATE, OLD_SPELLING, NAME_ORDER, DROPPED_PART, NEW_NIK) = range(8)
REPEATS = ("first", "exact", "typo", "swapped_date", "old_spelling", "name_order", "dropped_part", "new_nik")
REPEAT_SHARES = (0.0, 0.40, 0.15, 0.08, 0.08, 0.06, 0.08, 0.15)
KEEPS_NIK_SHARE = 0.5
# A second record is mostly found: it is a duplicate, is being judged, or waits to be found unique.
REPEAT_STATUSES = (DUPLICATE, ADJUDICATED, SENT, NO_STATUS, PRINT_READY, ISSUED)
REPEAT_STATUS_SHARES = (0.42, 0.15, 0.22, 0.05, 0.06, 0.10)

NIK_GOOD, NIK_CLASH, NIK_OTHER_DATE, NIK_OTHER_SEX = range(4)
NIK_NOTES = ("", "clash", "contradicts_birth_date", "contradicts_sex")


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """One row a record; days since 1970, 0 for none. ``home`` is the row of the person whose address it states."""

    person: Ints
    names: Names
    nik: Ints
    born: Ints
    home: Ints
    recorded_on: Ints
    status: Ints
    status_since: Ints
    issued_on: Ints
    suket: Bools
    repeat: Ints
    nik_note: Ints

    def __len__(self) -> int:
        return len(self.person)

    def take(self, rows: Ints) -> Records:
        def column(field: str) -> Ints | Bools | Names:
            value = getattr(self, field)
            return value.take(rows) if isinstance(value, Names) else value[rows]

        return Records(**{field.name: column(field.name) for field in fields(self)})  # type: ignore[arg-type]


def number_people(
    people: People, standing: Standing, *, district: Ints, mix: StatusMix, seed: int, part: int
) -> tuple[Ints, Ints]:
    """Everybody's NIK, and what is wrong with it (a code of NIK_NOTES). ``district`` of first registration, a person.

    A small share contradicts the birth date or the sex, and a small share is another person's NIK.
    """
    rng = stream(seed, "niks", part)
    count = len(people)
    note = np.zeros(count, dtype=np.int64)
    wrong = np.flatnonzero(rng.random(count) < mix.nik_contradiction)
    note[wrong] = np.where(rng.random(len(wrong)) < 0.4, NIK_OTHER_SEX, NIK_OTHER_DATE)
    born, woman = people.born.copy(), people.woman.copy()
    other = np.flatnonzero(note == NIK_OTHER_DATE)
    born[other] += np.array([1, -1, 31, 365, -366, 10])[rng.integers(0, 6, len(other))]
    woman[note == NIK_OTHER_SEX] ^= True
    numbers = niks(first_district=district, born=born, woman=woman)
    clashes = round(mix.nik_clash * int(standing.recorded.sum()))
    if clashes:
        _clash(rng, numbers, note, np.flatnonzero(standing.recorded & (note == NIK_GOOD)), clashes)
    return numbers, note


def _clash(rng: np.random.Generator, numbers: Ints, note: Ints, usable: Ints, clashes: int) -> None:
    """Give ``clashes`` people the NIK of somebody else, first where only the serial differs: so real clashes begin."""
    order = usable[np.argsort(numbers[usable], kind="stable")]
    near = np.flatnonzero(numbers[order][1:] // 10_000 == numbers[order][:-1] // 10_000)
    near = near[np.append(True, np.diff(near) > 1)] if len(near) else near
    near = rng.permutation(near)[: clashes // 2]
    taker, giver = order[near + 1], order[near]
    rest = np.setdiff1d(usable, np.append(taker, giver))
    pairs = rng.permutation(rest)[: 2 * min(clashes - len(near), len(rest) // 2)].reshape(-1, 2)
    taker, giver = np.append(taker, pairs[:, 0]), np.append(giver, pairs[:, 1])
    numbers[taker] = numbers[giver]
    note[taker] = NIK_CLASH


def record(
    people: People,
    standing: Standing,
    names: Names,
    *,
    nik: Ints,
    nik_note: Ints,
    district: Ints,
    mix: StatusMix,
    on: int,
    seed: int,
    part: int,
) -> Records:
    """The first record of everybody who is recorded, then the repeated ones.

    ``district`` is the number of each person's home district. A repeat lies in the office of the home that
    it states: the person's own, or another person's whose place they had moved to.
    """
    rng = stream(seed, "repeats", part)
    rows = np.flatnonzero(standing.recorded)
    first = Records(
        person=rows,
        names=names.take(rows),
        nik=nik[rows],
        born=people.born[rows],
        home=rows,
        recorded_on=standing.recorded_on[rows],
        status=standing.status[rows],
        status_since=standing.status_since[rows],
        issued_on=standing.issued_on[rows],
        suket=standing.suket[rows],
        repeat=np.zeros(len(rows), dtype=np.int64),
        nik_note=nik_note[rows],
    )
    again = round(mix.repeated * len(rows))
    if not again:
        return first
    repeats = _repeat(rng, first, people, district, again, mix, on)
    return _join(first, repeats)


def _repeat(
    rng: np.random.Generator,
    first: Records,
    people: People,
    district: Ints,
    again: int,
    mix: StatusMix,
    on: int,
) -> Records:
    # Drawn with replacement: a few are recorded three times, as happens.
    source = np.sort(rng.integers(0, len(first), again))
    records = first.take(source)
    kind = choose_share(rng, REPEAT_SHARES, again)
    words, kind = _misspell(rng, records.names.words.copy(), kind)
    born, kind = _swap_dates(records.born, kind)
    changed = kind != EXACT
    title = np.where(changed & (rng.random(again) < 0.5), NONE, records.names.title)
    degree = np.where(changed & (rng.random(again) < 0.5), NONE, records.names.degree)
    home = records.home.copy()
    away = (rng.random(again) >= mix.repeated_same_office) | (kind == NEW_NIK)
    home[away] = rng.integers(0, len(people), int(away.sum()))
    fresh = (kind == NEW_NIK) | (kind == SWAPPED_DATE) | (changed & (rng.random(again) >= KEEPS_NIK_SHARE))
    nik = records.nik.copy()
    # Serials of second NIKs start high: they are free of those that the first registrations took.
    second = niks(first_district=district[home], born=born, woman=people.woman[records.person])
    nik[fresh] = second[fresh] // 10_000 * 10_000 + 9_999 - second[fresh] % 10_000
    status = np.array(REPEAT_STATUSES)[choose_share(rng, REPEAT_STATUS_SHARES, again)]
    recorded_on = day_after(rng, records.recorded_on, 500, on)
    since = day_after(rng, recorded_on, 100, on)
    return Records(
        person=records.person,
        names=Names(words, title, degree),
        nik=nik,
        born=born,
        home=home,
        recorded_on=recorded_on,
        status=status,
        status_since=np.where(status == NO_STATUS, 0, since),
        issued_on=np.where(status == ISSUED, since, 0),
        suket=np.zeros(again, dtype=bool),
        repeat=kind,
        nik_note=np.where(fresh, NIK_GOOD, records.nik_note),
    )


def _misspell(rng: np.random.Generator, words: Ints, kind: Ints) -> tuple[Ints, Ints]:
    lex = lexicon()
    parts = (words >= 0).sum(axis=1)
    # An error that the name cannot show becomes another that it can.
    kind = np.where(np.isin(kind, (NAME_ORDER, DROPPED_PART)) & (parts < 2), TYPO, kind)
    rows = np.flatnonzero(kind == OLD_SPELLING)
    old = np.where(words[rows] >= 0, lex.old[words[rows]], NONE)
    unchanged = (old == words[rows]).all(axis=1)
    kind[rows[unchanged]] = TYPO
    words[rows] = old
    rows = np.flatnonzero(kind == TYPO)
    column = rng.integers(0, parts[rows])
    words[rows, column] = lex.typo[words[rows, column], rng.integers(0, TYPOS, len(rows))]
    rows = np.flatnonzero(kind == NAME_ORDER)
    last = parts[rows] - 1
    words[rows, 0], words[rows, last] = words[rows, last], words[rows, 0]
    rows = np.flatnonzero(kind == DROPPED_PART)
    words[rows, parts[rows] - 1] = NONE
    return words, kind


def _swap_dates(born: Ints, kind: Ints) -> tuple[Ints, Ints]:
    year, month, day = civil(born)
    swapped = day_of(year, np.minimum(day, 12), month)
    can = (day <= 12) & (day != month)
    off_by_one = day_of(year, month, np.where(day > 1, day - 1, 2))
    wrong = kind == SWAPPED_DATE
    return np.where(wrong, np.where(can, swapped, off_by_one), born), kind


def _join(first: Records, second: Records) -> Records:
    def column(field: str) -> Ints | Bools | Names:
        one, two = getattr(first, field), getattr(second, field)
        if isinstance(one, Names):
            return Names(
                np.concatenate((one.words, two.words)),
                np.concatenate((one.title, two.title)),
                np.concatenate((one.degree, two.degree)),
            )
        return np.concatenate((one, two))

    return Records(**{field.name: column(field.name) for field in fields(Records)})  # type: ignore[arg-type]
