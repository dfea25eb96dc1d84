"""Values that many share: found from the data, and from then on no evidence that two records are one person's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from blanko.engines.linkage.blocks import group
from blanko.engines.linkage.features import DATES, FIRST_YEAR, Loaded
from blanko.engines.linkage.jit import loop
from blanko.engines.linkage.text import mix

# A NIK with so many different names is a placeholder; two or three may be a clash, which is a case of its own.
NIK_NAMES: Final = 4
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
def _run_sizes(hashes, rows, size):  # type: ignore[no-untyped-def]
    start, n = 0, len(rows)
    while start < n:
        stop = start + 1
        while stop < n and hashes[rows[stop]] == hashes[rows[start]]:
            stop += 1
        for x in range(start, stop):
            size[rows[x]] = stop - start
        start = stop


@loop
def _whole_bits(ids, size, words_bits, role, records, out):  # type: ignore[no-untyped-def]
    """How much a whole name tells: by its own count where that is known, else by its words."""
    for i in range(len(out)):
        total = 0.0
        for k in range(ids.shape[1]):
            if ids[i, k] >= 0:
                total += words_bits[role, ids[i, k]]
        if size[i] >= 5:
            total = min(total, np.log2(records / size[i]))
        out[i] = total


@loop
def _many_names(values, rows, names, least, hit):  # type: ignore[no-untyped-def]
    """Mark rows whose value stands beside ``least`` or more different names."""
    start, n = 0, len(rows)
    while start < n:
        stop = start + 1
        while stop < n and values[rows[stop]] == values[rows[start]]:
            stop += 1
        if stop - start >= least:
            different = 0
            for x in range(start, min(stop, start + 200)):
                fresh = True
                for y in range(start, x):
                    fresh &= names[rows[x]] != names[rows[y]]
                different += 1 if fresh else 0
                if different >= least:
                    break
            if different >= least:
                for x in range(start, stop):
                    hit[rows[x]] = True
        start = stop


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
    counts = np.bincount(date_slot(born[born > 0]), minlength=DATES).astype(np.float64)
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
    size = np.zeros(n, dtype=np.int32)
    _run_sizes(f.name_whole, group(f.name_whole), size)
    _whole_bits(f.name, size, words.bits, 0, float(n), f.name_bits)
    size[:] = 0
    mothers = group(f.mother_whole)
    _run_sizes(f.mother_whole, mothers, size)
    _whole_bits(f.mother, size, words.bits, 1, float(n), f.mother_bits)
    found += _shared_mothers(loaded, size)
    niks = spread(f.nik)
    hit = np.zeros(n, dtype=np.bool_)
    _many_names(f.nik, group(niks), f.name_whole, NIK_NAMES, hit)
    found += _out("nik", f.nik, hit, 16)
    families = spread(f.family)
    size[:] = 0
    _run_sizes(families, group(families), size)
    found += _out("family_card_no", f.family, size > FAMILY_MOST, 16)
    _, shared = count_dates(f.born)
    f.born_shared[:] = shared[date_slot(f.born)] & (f.born > 0)
    days = np.flatnonzero(shared)
    if len(days):
        counts = np.bincount(date_slot(f.born[f.born > 0]), minlength=DATES)
        top = days[np.argsort(-counts[days], kind="stable")][:5]
        found.append(
            Shared(
                "birth_date",
                len(days),
                int(counts[days].sum()),
                tuple(f"{FIRST_YEAR + d // 372}-{d // 31 % 12 + 1:02d}-{d % 31 + 1:02d} ({counts[d]:,})" for d in top),
            )
        )
    return tuple(found)


def _out(field: str, values: npt.NDArray[np.int64], hit: npt.NDArray[np.bool_], width: int) -> list[Shared]:
    if not hit.any():
        return []
    each, counts = np.unique(values[hit], return_counts=True)
    top = np.argsort(-counts, kind="stable")[:5]
    values[hit] = 0
    examples = tuple(f"{each[i]:0{width}d} ({counts[i]:,})" for i in top)
    return [Shared(field, len(each), int(counts.sum()), examples)]


def _shared_mothers(loaded: Loaded, size: npt.NDArray[np.int32]) -> list[Shared]:
    f, words, n = loaded.features, loaded.words.arrays, len(loaded)
    rows = np.flatnonzero(size >= max(MOTHER_LEAST, MOTHER_SHARE * n))
    if not len(rows):
        return []
    hashes, first, counts = np.unique(f.mother_whole[rows], return_index=True, return_counts=True)
    ids = f.mother[rows[first]]
    expected = np.log2(float(n)) - np.where(ids >= 0, words.bits[1][ids], 0.0).sum(axis=1)
    often = np.log2(counts) - expected > np.log2(MOTHER_TIMES)
    always = np.where(ids >= 0, counts[:, None] >= MOTHER_ALWAYS * words.counted[1][ids], True).all(axis=1)
    odd = ((ids >= 0).sum(axis=1) >= 2) & (often | always)
    if not odd.any():
        return []
    hit = np.isin(f.mother_whole, hashes[odd])
    top = np.flatnonzero(odd)[np.argsort(-counts[odd], kind="stable")][:5]
    names = [
        " ".join(bytes(words.letters[w, : words.length[w]]).decode("utf-8", "replace") for w in ids[t] if w >= 0)
        for t in top
    ]
    f.mother_whole[hit] = 0
    f.mother[hit] = -1
    return [
        Shared(
            "mother_name",
            int(odd.sum()),
            int(hit.sum()),
            tuple(f"{name} ({counts[t]:,})" for name, t in zip(names, top, strict=True)),
        )
    ]
