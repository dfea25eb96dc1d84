"""Blocking keys: two records are compared when they share one. Each key packs two or more facts into 64 bits.

Keys are hashes of letters and numbers only, never of row numbers, so that another day, another machine or a database
makes the same ones.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from blanko.engines.linkage.compare import DATE, LOCATION, MOTHER, NAME, NIK, PLACE, PLACE_NEAR, SEX
from blanko.engines.linkage.features import Features
from blanko.engines.linkage.jit import loop, part
from blanko.engines.linkage.text import join
from blanko.engines.linkage.words import WordArrays

KEYS: Final = (
    "NIK",
    "family card and a name",
    "two names and birth date",
    "a name, birth date and mother",
    "birth date, mother, birth place and sex",
    "two names and mother",
    "two names and village",
    "a name, birth date and village",
    "a name, mother, birth place and sex",
)
"""What the records of a block share. Words count by their skeletons, the rarest first; day and month either way."""
HOLDS: Final[tuple[tuple[int, ...], ...]] = (
    (NIK, DATE, SEX),
    (NAME, LOCATION),
    (NAME, DATE),
    (NAME, DATE, MOTHER),
    (DATE, MOTHER, PLACE, PLACE_NEAR, SEX, LOCATION),
    (NAME, MOTHER),
    (NAME, LOCATION),
    (NAME, DATE, LOCATION),
    (NAME, MOTHER, PLACE, PLACE_NEAR, SEX, LOCATION),
)
"""The fields that each key decides, which can teach nothing about themselves. A NIK holds birth date and sex,
and who was born in one place mostly lives near it."""


@part
def rarest_two(rows, i, rank, words):  # type: ignore[no-untyped-def]
    """Skeletons of the two rarest words of a name, the rarest first; 0 where there is none."""
    first, second = np.uint64(0), np.uint64(0)
    first_rank, second_rank = np.int64(1) << 62, np.int64(1) << 62
    for k in range(rows.shape[1]):
        w = rows[i, k]
        if w < 0 or words.length[w] < 2:
            continue
        s, r = words.skeleton[w], rank[w]
        if s == first or s == second:  # noqa: SIM109 - for numba
            continue
        if r < first_rank or (r == first_rank and s < first):
            second, second_rank = first, first_rank
            first, first_rank = s, r
        elif r < second_rank or (r == second_rank and s < second):
            second, second_rank = s, r
    return first, second


@part
def either_way(born):  # type: ignore[no-untyped-def]
    """A birth date in which day and month may have changed places."""
    month, day = born // 100 % 100, born % 100
    return born // 10000 * 10000 + max(month, day) * 100 + min(month, day)


@loop
def fill_keys(f, words, name_rank, mother_rank, begin, out):  # type: ignore[no-untyped-def]  # noqa: C901 - for numba
    """Keys of rows ``begin`` to ``begin + len(out)``; 0 where a fact is missing."""
    for r in range(len(out)):
        i = begin + r
        n1, n2 = rarest_two(f.name, i, name_rank, words)
        m1, m2 = rarest_two(f.mother, i, mother_rank, words)
        born = np.uint64(either_way(f.born[i])) if f.born[i] else np.uint64(0)
        sex, village = np.uint64(f.sex[i]), np.uint64(f.village[i])
        place = words.fold[f.place[i]] if f.place[i] >= 0 else np.uint64(0)
        for k in range(9):
            out[r, k] = 0
        if f.nik[i]:
            out[r, 0] = join(1, np.uint64(f.nik[i]))
        if f.family[i] and n1:
            out[r, 1] = join(join(2, np.uint64(f.family[i])), n1)
        if n1 and born:
            name_born = join(n1, born)
            if n2:
                out[r, 2] = join(join(3, name_born), n2)
            elif place:
                out[r, 2] = join(join(4, name_born), place)
            if m1:
                out[r, 3] = join(join(5, name_born), m1)
            if village:
                out[r, 7] = join(join(6, name_born), village)
        if born and m1 and place and sex:
            mother = join(m1, m2) if f.born_shared[i] else m1
            out[r, 4] = join(join(join(join(7, born), mother), place), sex)
        if n1 and n2:
            if m1:
                out[r, 5] = join(join(join(8, n1), n2), m1)
            if village:
                out[r, 6] = join(join(join(9, n1), n2), village)
        if n1 and m1 and place and sex:
            out[r, 8] = join(join(join(join(10, n1), m1), place), sex)


def ranks(words: WordArrays, size: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """In how many records each word's skeleton stands, among names and among mothers' names: rare ones make keys."""
    _, inverse = np.unique(words.skeleton[:size], return_inverse=True)
    found = []
    for role in (0, 1):
        by_skeleton = np.bincount(inverse, weights=words.counted[role, :size]).astype(np.int64)
        found.append(by_skeleton[inverse] if size else np.zeros(0, np.int64))
    return found[0], found[1]


def keys_of(
    features: Features,
    words: WordArrays,
    rank: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]],
    begin: int,
    count: int,
) -> npt.NDArray[np.uint64]:
    """Keys [count, len(KEYS)] of the rows from ``begin``; 0 where a key's facts are missing."""
    out = np.empty((count, len(KEYS)), dtype=np.uint64)
    fill_keys(features, words, rank[0], rank[1], begin, out)
    return out
