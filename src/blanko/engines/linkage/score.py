"""Weights of given pairs: the one scoring that batch, training and counter share."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from blanko.engines.linkage.compare import known_from, patterns
from blanko.engines.linkage.features import Features
from blanko.engines.linkage.jit import loop, part
from blanko.engines.linkage.model import Model, Table, tables
from blanko.engines.linkage.shared import count_dates, date_slot
from blanko.engines.linkage.words import WordArrays

FREE, CLASH, TWINS, APART = 0, 1, 2, 3
REASONS = ("", "nik_clash", "twins", "differ")
"""Why two records certainly are two people's: one NIK and other names; one birthday and family and other names; all
else speaks against it."""
APART_BITS = -12.0
LEAST_NAME = 5
"""The lowest name level that may be merged without somebody who looks."""


class Pairs(NamedTuple):
    """Rows ``left < right``, the compared ``pattern``, bits of the agreed name and mother, and the ``weight``."""

    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    pattern: npt.NDArray[np.uint32]
    name_bits: npt.NDArray[np.float64]
    mother_bits: npt.NDArray[np.float64]
    weight: npt.NDArray[np.float64]

    def take(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> Pairs:
        """Some of them."""
        columns: list[Any] = [column[rows] for column in self]
        return Pairs(*columns)


@part
def weigh(pattern, name_bits, mother_bits, date_bits, place_bits, t):  # type: ignore[no-untyped-def]  # noqa: C901
    """(bits against strangers, bits against relatives, the weight) of one pair.

    weight = -log2(2^-stranger + 2^-relative): the odds against all that is not one person.
    """
    same_nik = (pattern >> np.uint32(9)) & np.uint32(7) == 4
    stranger, relative = t.prior[0], t.prior[1]
    name, date = np.int64(pattern & np.uint32(7)), np.int64((pattern >> np.uint32(6)) & np.uint32(7))
    twins = date == 5 and (pattern >> np.uint32(9)) & np.uint32(7) == 2
    for f in range(8):
        at = np.int64((pattern >> np.uint32(3 * f)) & np.uint32(7))
        if at == 0:
            continue
        # A NIK holds birth date and sex: where it is the same, their agreement says nothing more.
        # A name has a sex: the same one says nothing beside the same name.
        if not (same_nik and ((f == 2 and at == 5) or (f == 4 and at == 2))) and not (f == 4 and at == 2 and name >= 4):
            stranger += t.stranger[f, at]
            if t.valued[f, at] > 0:
                if f == 0:
                    stranger += name_bits
                elif f == 1:
                    stranger += mother_bits
                elif f == 2:
                    stranger += date_bits
                else:
                    stranger += place_bits
        if f != 0 and f != 2 and not (f == 3 and twins):
            relative += t.relative[f, at]
    if t.with_relatives == 0:
        return stranger, np.inf, stranger
    if name != 0 and date != 0:
        relative += t.name_date[name, 6 if twins else date]
    elif name != 0:
        relative += t.relative[0, name]
    elif date != 0:
        relative += t.relative[2, date]
    low, high = min(stranger, relative), max(stranger, relative)
    return stranger, relative, low - np.log2(1.0 + 2.0 ** (low - high))


@part
def identical(pattern):  # type: ignore[no-untyped-def]
    """One NIK (no placeholder), the same name and birth date: one person, however often the file holds it."""
    return (
        pattern & np.uint32(7) == 7
        and (pattern >> np.uint32(6)) & np.uint32(7) == 5
        and (pattern >> np.uint32(9)) & np.uint32(7) == 4
    )


@part
def certainly_apart(pattern, weight):  # type: ignore[no-untyped-def]
    """Why the two are certainly two people (a number of REASONS), or 0."""
    name = pattern & np.uint32(7)
    mother = (pattern >> np.uint32(3)) & np.uint32(7)
    date = (pattern >> np.uint32(6)) & np.uint32(7)
    nik = (pattern >> np.uint32(9)) & np.uint32(7)
    location = (pattern >> np.uint32(18)) & np.uint32(7)
    if nik == 4 and 1 <= name <= 3:
        return 1
    if 1 <= name <= 3 and date == 5 and (location >= 5 or mother == 4):
        return 2
    return 3 if weight < -12.0 and not identical(pattern) else 0


@loop
def weigh_pairs(left, pattern, name_bits, mother_bits, born, date_bits, place, word_bits, t, weight):  # type: ignore[no-untyped-def]
    """``weigh`` for each pair. ``date_bits`` is a table by date slot, ``born`` slots of rows."""
    for k in range(len(left)):
        i = left[k]
        bits = word_bits[2, place[i]] if place[i] >= 0 else 0.0
        weight[k] = weigh(pattern[k], name_bits[k], mother_bits[k], date_bits[born[i]], bits, t)[2]


@loop
def apart_pairs(pattern, weight, out):  # type: ignore[no-untyped-def]
    """``certainly_apart`` for each pair."""
    for k in range(len(pattern)):
        out[k] = certainly_apart(pattern[k], weight[k])


class Frequencies(NamedTuple):
    """What a scorer counts in its records, or takes from a frozen model: bits of a birth date by ``date_slot``, and
    from how many records on a word is a name of its own.
    """

    date_bits: Table
    known: int


class Scorer:
    """Scores pairs of rows of ``features`` with one model; frequencies of dates come from the records themselves."""

    def __init__(
        self,
        features: Features,
        words: WordArrays,
        model: Model,
        *,
        like: Scorer | None = None,
        frequencies: Frequencies | None = None,
    ) -> None:
        """``like`` is a scorer of the same records, whose frequencies are taken over; ``frequencies`` are a frozen
        model's.
        """
        self.features, self.words, self.model = features, words, model
        self.tables = tables(model)
        self.slots: npt.NDArray[np.int64] = like.slots if like else date_slot(features.born)
        if like:
            frequencies = Frequencies(like.date_bits, like.known)
        elif frequencies is None:
            frequencies = Frequencies(count_dates(features.born)[0], known_from(len(features.nik)))
        self.date_bits: Table = frequencies.date_bits
        self.known: int = frequencies.known

    def weights(self, pairs: Pairs) -> npt.NDArray[np.float64]:
        """Match weights in bits of compared pairs."""
        out = np.empty(len(pairs.left), dtype=np.float64)
        weigh_pairs(
            pairs.left,
            pairs.pattern,
            pairs.name_bits,
            pairs.mother_bits,
            self.slots,
            self.date_bits,
            self.features.place,
            self.words.bits,
            self.tables,
            out,
        )
        return out

    def compared(self, left: npt.NDArray[np.int32], right: npt.NDArray[np.int32]) -> Pairs:
        """Compare pairs of rows; ``weight`` is empty."""
        found = patterns(left, right, self.features, self.words, known=self.known)
        return Pairs(left, right, *found, weight=np.empty(0))

    def score(self, left: npt.NDArray[np.int32], right: npt.NDArray[np.int32]) -> Pairs:
        """Compare and weigh pairs of rows."""
        compared = self.compared(left, right)
        return compared._replace(weight=self.weights(compared))


def reasons(pairs: Pairs) -> npt.NDArray[np.int8]:
    """For each pair why it is certainly two people's (a number of REASONS), 0 where it may be one."""
    out = np.empty(len(pairs.left), dtype=np.int8)
    apart_pairs(pairs.pattern, pairs.weight, out)
    return out


def probability(weight: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The chance that a pair of this weight is one person, if the model holds: odds are 2 to the weight."""
    return np.asarray(1.0 / (1.0 + np.exp2(-weight)))
