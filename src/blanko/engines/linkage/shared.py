"""Values that many share: found from the data, and from then on no evidence that two records are one person's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from blanko.engines.linkage.features import DATES, FIRST_YEAR, Loaded
from blanko.engines.linkage.groups import Groups, group
from blanko.engines.linkage.jit import loop, workers
from blanko.engines.linkage.text import mix
from blanko.engines.linkage.words import WordArrays

# A NIK with so many different names and birth dates, or surely with so many names alone, is a placeholder; fewer may be
# a clash, which is a case of its own.
NIK_NAMES, NIK_DATES, NIK_SURELY = 4, 3, 12
NIK_PERSONS: Final = 4
"""A NIK that so many persons turn out to have is nobody's, and merges that rested on it are looked at again."""
FAMILY_MOST: Final = 40
# A birthday is a default when it is written so many times as often as the other days of its year.
DATE_TIMES, DATE_LEAST = 5.0, 30
# A mother's name of two words or more stands for "not known" when its words are met together so much more often
# than their own frequencies say, or hardly ever apart.
MOTHER_ALWAYS: Final = 0.9
MOTHER_TIMES, MOTHER_LEAST, MOTHER_SHARE = 20.0, 50, 2e-4
# A value counted from fewer records says less about its share than its words do.
COUNTED_LEAST: Final = 5


@dataclass(frozen=True, slots=True)
class Shared:
    """What was found: ``values`` distinct values in ``records`` records; ``examples`` the most frequent, as text."""

    field: str
    values: int
    records: int
    examples: tuple[str, ...]


@loop
def _whole_bits(ids, words_bits, role, out):  # type: ignore[no-untyped-def]
    """How much a whole name tells, by its words."""
    for i in range(len(out)):
        total = 0.0
        for k in range(ids.shape[1]):
            if ids[i, k] >= 0:
                total += words_bits[role, ids[i, k]]
        out[i] = total


@loop
def _counted_bits(rows, starts, records, out):  # type: ignore[no-untyped-def]
    """A whole name that several bear tells at most as much as its own count."""
    for g in range(len(starts) - 1):
        count = starts[g + 1] - starts[g]
        if count >= 5:
            bits = np.log2(records / count)
            for x in range(starts[g], starts[g + 1]):
                out[rows[x]] = min(np.float64(out[rows[x]]), bits)


@loop
def _many_people(rows, starts, names, born, least, least_born, surely, hit):  # type: ignore[no-untyped-def]
    """Mark rows whose value stands beside ``least`` different names and ``least_born`` birth dates (or none is known),
    or ``surely`` names. One person recorded five times may have five spellings, but hardly three birth dates.
    """
    for g in range(len(starts) - 1):
        start, stop = starts[g], starts[g + 1]
        if stop - start < least:
            continue
        different, dates = 0, 0
        for x in range(start, min(stop, start + 200)):
            fresh, fresh_date = True, born[rows[x]] != 0
            for y in range(start, x):
                fresh &= names[rows[x]] != names[rows[y]]
                fresh_date &= born[rows[x]] != born[rows[y]]
            different += 1 if fresh else 0
            dates += 1 if fresh_date else 0
            if different >= surely or (different >= least and dates >= least_born):
                break
        if different >= surely or (different >= least and (dates == 0 or dates >= least_born)):
            for x in range(start, stop):
                hit[rows[x]] = True


@loop
def _mixed(values, out):  # type: ignore[no-untyped-def]
    for i in range(len(values)):
        out[i] = mix(np.uint64(values[i])) if values[i] != 0 else np.uint64(0)


def spread(values: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    """Numbers as well-mixed hashes, so that groups fall evenly into buckets."""
    out = np.empty(len(values), dtype=np.uint64)
    _mixed(values, out)
    return out


def date_slot(born: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """The place of a birth date in a table of DATES days."""
    year, month, day = born // 10000, born // 100 % 100, born % 100
    return np.where(born > 0, ((year - FIRST_YEAR) * 12 + month - 1) * 31 + day - 1, 0).astype(np.int64)


def count_dates(born: npt.NDArray[np.int32]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """(bits, shared) by ``date_slot``: -log2 of a day's share of records, and whether it is a day written for many.

    Days that are not shared count as their year's mean, which few births can tell better.
    """
    return weigh_dates(np.bincount(date_slot(born[born > 0]), minlength=DATES).astype(np.float64))


def weigh_dates(counts: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """``count_dates`` where the births of each day are counted already."""
    years = counts.reshape(-1, 372)
    # The mean of the other days: a default day must not raise what it is held against.
    usual = _usual(years)
    shared = (years >= DATE_LEAST) & (years > DATE_TIMES * np.maximum(usual, 1.0))
    rest = np.where(shared, 0, years).sum(axis=1, keepdims=True) / 365.25
    share = np.where(shared, years, np.maximum(rest, 0.5)) / max(float(counts.sum()), 1.0)
    return np.asarray(-np.log2(share)).ravel(), np.asarray(shared.ravel())


def _usual(years: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """What a day of each year mostly counts: the mean without the eight fullest days."""
    ordered = np.sort(years, axis=1)[:, :-8]
    return np.asarray(ordered.sum(axis=1, keepdims=True) / 357.25)


def settle_shared(loaded: Loaded) -> tuple[Shared, ...]:
    """Set the bits of whole names, and take out what many share: NIKs, family cards, mothers' names, birthdays.

    Changes ``loaded.features`` in place: a shared NIK, family card or mother becomes missing; a shared birthday is
    marked and keeps the little that its own frequency tells.
    """
    f, words, n = loaded.features, loaded.words.arrays, len(loaded)
    found: list[Shared] = []
    with ThreadPoolExecutor(workers()) as pool:
        names = pool.submit(group, f.name_whole)
        mothers = pool.submit(group, f.mother_whole)
        niks = pool.submit(lambda: group(spread(f.nik)))
        families = pool.submit(lambda: group(spread(f.family)))
        _whole_bits(f.name, words.bits, 0, f.name_bits)
        _whole_bits(f.mother, words.bits, 1, f.mother_bits)
    for groups, bits in ((names.result(), f.name_bits), (mothers.result(), f.mother_bits)):
        _counted_bits(groups.rows, groups.starts, float(n), bits)
    found += _shared_mothers(loaded, mothers.result())
    hit = np.zeros(n, dtype=np.bool_)
    _many_people(niks.result().rows, niks.result().starts, f.name_whole, f.born, NIK_NAMES, NIK_DATES, NIK_SURELY, hit)
    found += _out("nik", f.nik, hit, 16)
    cards = families.result()
    hit[:] = False
    hit[cards.take(cards.sizes() > FAMILY_MOST).rows] = True
    found += _out("family_card_no", f.family, hit, 16)
    _, shared = count_dates(f.born)
    f.born_shared[:] = shared[date_slot(f.born)] & (f.born > 0)
    found += told_dates(shared, np.bincount(date_slot(f.born[f.born > 0]), minlength=DATES))
    return tuple(found)


def niks_of_many(
    loaded: Loaded, left: npt.NDArray[np.int32], right: npt.NDArray[np.int32], person: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.bool_], list[Shared]]:
    """(rows whose NIK stood beside NIK_PERSONS persons and NIK_DATES birth dates, what is said of it), given the pairs
    of one NIK.

    Changes ``loaded.features``: those NIKs become missing.
    """
    f = loaded.features
    hit = np.zeros(len(loaded), dtype=np.bool_)
    rows = np.unique(np.concatenate([left, right]))
    hit[rows] = np.isin(f.nik[rows], _beside(f.nik[rows], person[rows], NIK_PERSONS))
    # Records of one person may wait apart for somebody, but of one birth date.
    rows = rows[f.born[rows] > 0]
    hit &= np.isin(f.nik, _beside(f.nik[rows], f.born[rows], NIK_DATES))
    return hit, _out("nik", f.nik, hit, 16)


def _beside(values: npt.NDArray[np.int64], others: npt.NDArray[np.int32], least: int) -> npt.NDArray[np.int64]:
    """Values that stand beside ``least`` different others or more."""
    each, counts = np.unique(np.unique(np.stack([values, others], axis=1), axis=0)[:, 0], return_counts=True)
    return np.asarray(each[counts >= least])


def told_dates(shared: npt.NDArray[np.bool_], counts: npt.NDArray[np.int64]) -> list[Shared]:
    """What is said of shared birthdays, given the births of each day."""
    days = np.flatnonzero(shared)
    if not len(days):
        return []
    top = days[np.argsort(-counts[days], kind="stable")][:5]
    examples = [f"{FIRST_YEAR + d // 372}-{d // 31 % 12 + 1:02d}-{d % 31 + 1:02d} ({counts[d]:,})" for d in top]
    return [Shared("birth_date", len(days), int(counts[days].sum()), tuple(examples))]


def _out(field: str, values: npt.NDArray[np.int64], hit: npt.NDArray[np.bool_], width: int) -> list[Shared]:
    each, counts = np.unique(values[hit], return_counts=True)
    values[hit] = 0
    return told_numbers(field, each, counts, width)


def told_numbers(field: str, each: npt.NDArray[np.int64], counts: npt.NDArray[np.int64], width: int) -> list[Shared]:
    """What is said of shared numbers, in their order, and the records of each."""
    if not len(each):
        return []
    top = np.argsort(-counts, kind="stable")[:5]
    examples = tuple(f"{each[i]:0{width}d} ({counts[i]:,})" for i in top)
    return [Shared(field, len(each), int(counts.sum()), examples)]


def _shared_mothers(loaded: Loaded, mothers: Groups) -> list[Shared]:
    f, n = loaded.features, len(loaded)
    named = mothers.take(mothers.sizes() >= mothers_least(n))
    ids = f.mother[named.rows[named.starts[:-1]]]
    odd, found = odd_mothers(ids, named.sizes(), loaded.words.arrays, n)
    hit = named.take(odd).rows
    f.mother_whole[hit] = 0
    f.mother[hit] = -1
    return found


def mothers_least(records: int) -> float:
    """From how many records on a mother's whole name may stand for "not known"."""
    return max(MOTHER_LEAST, MOTHER_SHARE * records)


def odd_mothers(
    ids: npt.NDArray[np.int32], counts: npt.NDArray[np.int64], words: WordArrays, records: int
) -> tuple[npt.NDArray[np.bool_], list[Shared]]:
    """(which of the frequent mothers' names stand for "not known", what is said of them).

    ``ids`` [M, MOTHER_WORDS] their words, ``counts`` [M] their records.
    """
    expected = np.log2(float(records)) - np.where(ids >= 0, words.bits[1][ids], 0.0).sum(axis=1)
    often = np.log2(counts) - expected > np.log2(MOTHER_TIMES)
    always = np.where(ids >= 0, counts[:, None] >= MOTHER_ALWAYS * words.counted[1][ids], True).all(axis=1)
    odd = ((ids >= 0).sum(axis=1) >= 2) & (often | always)
    if not odd.any():
        return odd, []
    top = np.flatnonzero(odd)[np.argsort(-counts[odd], kind="stable")][:5]
    names = [
        " ".join(bytes(words.letters[w, : words.length[w]]).decode("utf-8", "replace") for w in ids[t] if w >= 0)
        for t in top
    ]
    examples = tuple(f"{name} ({counts[t]:,})" for name, t in zip(names, top, strict=True))
    return odd, [Shared("mother_name", int(odd.sum()), int(counts[odd].sum()), examples)]
