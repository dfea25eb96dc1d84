"""Which villages a synthetic nation has, and how many people live in each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blanko.engines.synth.draws import Floats, Ints, share_out, stream
from blanko.kernel.errors import BlankoError

# Codes of the Interior Ministry: the seventh digit is 1 for a town's ward (kelurahan), 2 for a village (desa).
WARD_PEOPLE = 3.0
PART_PEOPLE = 100_000


class BadVillageTable(BlankoError, ValueError):
    """The areas that were offered are no table of villages."""


class UnknownRegency(BlankoError, ValueError):
    """A regency was asked for whole that has no village in the table."""


class TooFewPeople(BlankoError, ValueError):
    """The number of people cannot make the nation that was asked for."""


@dataclass(frozen=True, slots=True, eq=False)
class VillageTable:
    """Villages in the order of their codes.

    ``code`` 10 digits as int64; ``weight`` people aged 16 and over; ``regency`` index into ``regency_codes`` (4
    digits); ``regency_names`` as a birth place is written.
    """

    code: Ints
    weight: Floats
    regency: Ints
    regency_codes: tuple[str, ...]
    regency_names: tuple[str, ...]

    @classmethod
    def of(cls, codes: Sequence[str], *, people: Mapping[str, int], names: Mapping[str, str]) -> VillageTable:
        """Divide each regency's ``people`` over its villages.

        A ward weighs three villages, and each varies by a fixed factor from 0.5 to 1.5 that its own code decides.
        Raises BadVillageTable for a code that has not 10 digits and for a regency without people or name.
        """
        if not codes:
            raise BadVillageTable("there is no village", mend="give at least one 10-digit village code")
        bad = next((code for code in codes if len(code) != 10 or not (code.isascii() and code.isdigit())), None)
        if bad is not None:
            raise BadVillageTable("{bad} is not a village code", mend="write 10 digits without dots", bad=repr(bad))
        code = np.unique(np.array(codes, dtype=np.int64))
        regency_codes, regency = np.unique(code // 1_000_000, return_inverse=True)
        keys = [f"{number:04d}" for number in regency_codes.tolist()]
        for key in keys:
            if people.get(key, 0) <= 0 or not names.get(key):
                raise BadVillageTable("regency {key} has no people or no name", mend="give both", key=key)
        factor = np.where(code // 1000 % 10 == 1, WARD_PEOPLE, 1.0) * (0.5 + (code * 2_654_435_761 % 1009) / 1009)
        total = np.bincount(regency, weights=factor)
        weight = factor * np.array([people[key] for key in keys], dtype=np.float64)[regency] / total[regency]
        return cls(code, np.maximum(weight, 1.0), regency.astype(np.int64), tuple(keys), tuple(names[k] for k in keys))


@dataclass(frozen=True, slots=True, eq=False)
class Settlement:
    """The villages that are in: ``village`` (index into the table) and ``people``; ``part`` says who is made together.

    A district lies in one part only, so that NIKs can be numbered within the part.
    """

    village: Ints
    people: Ints
    part: Ints

    @property
    def parts(self) -> int:
        return int(self.part.max()) + 1


def settle(areas: VillageTable, *, people: int, seed: int, whole: Mapping[str, int]) -> Settlement:
    """Spread ``people`` over villages: ``whole`` regencies exactly, the rest over whole villages of every province.

    A village that is in is in with all its people; only the last one is cut, so that the sum is exact. Each province
    has at least one village unless these alone would take three quarters of the rest.

    Raises TooFewPeople and UnknownRegency.
    """
    counts = np.zeros(len(areas.code), dtype=np.int64)
    free = np.ones(len(areas.code), dtype=bool)
    for regency in sorted(whole):
        if regency not in areas.regency_codes:
            raise UnknownRegency(
                "there is no regency {regency}", mend="give a 4-digit code such as 3276", regency=repr(regency)
            )
        if whole[regency] < 1:
            raise TooFewPeople(
                "regency {regency} cannot have {wanted} people",
                mend="give 1 or more",
                regency=regency,
                wanted=whole[regency],
            )
        inside = areas.regency == areas.regency_codes.index(regency)
        counts[inside] = share_out(whole[regency], areas.weight[inside])
        free &= ~inside
    rest = people - sum(whole.values())
    if rest < 0:
        raise TooFewPeople(
            "{people} people are fewer than the {whole} of the whole regencies",
            mend="give --people {people_min} or more",
            people=f"{people:,}",
            whole=f"{people - rest:,}",
            people_min=people - rest,
        )
    if rest:
        _settle_rest(areas, counts, np.flatnonzero(free), rest, stream(seed, "villages"))
    village = np.flatnonzero(counts)
    return Settlement(village, counts[village], _parts(areas.code[village] // 10_000, counts[village], seed))


def _settle_rest(
    areas: VillageTable, counts: Ints, free: NDArray[np.intp], rest: int, rng: np.random.Generator
) -> None:
    sizes = np.maximum(np.rint(areas.weight[free]), 1).astype(np.int64)
    if not len(free) or sizes.sum() < rest:
        raise TooFewPeople(
            "the villages hold {held} people, {rest} are wanted",
            mend="ask for fewer people",
            held=f"{int(sizes.sum()):,}",
            rest=f"{rest:,}",
        )
    province = areas.code[free] // 100_000_000
    order = np.lexsort((rng.random(len(free)), province))
    before = np.cumsum(sizes[order]) - sizes[order]
    starts = np.concatenate(([True], province[order][1:] != province[order][:-1]))
    group = np.cumsum(starts) - 1
    total = np.bincount(group, weights=sizes[order])
    # Systematic sampling: where a village lies on its province's line of people, from 0 to 1. Taking villages up to
    # one mark takes the same share of every province.
    line = (before - before[starts][group] + rng.random(int(group[-1]) + 1)[group] * sizes[order]) / total[group]
    line[_one_each(sizes[order], group, rest)] = -1.0
    taken = order[np.argsort(line, kind="stable")]
    filled = np.cumsum(sizes[taken])
    last = int(np.searchsorted(filled, rest))
    counts[free[taken[:last]]] = sizes[taken[:last]]
    counts[free[taken[last]]] = rest - (int(filled[last - 1]) if last else 0)


def _one_each(sizes: Ints, group: Ints, rest: int) -> NDArray[np.intp]:
    """One village a group: the first that is small enough for all groups to have one, else the group's smallest.

    Empty when even these would take three quarters of ``rest``: a small nation cannot reach everywhere.
    """
    small = sizes <= rest / (2 * (int(group[-1]) + 1))
    order = np.lexsort((np.where(small, 0, sizes), group))
    chosen = order[np.append(True, group[order][1:] != group[order][:-1])]
    fits = int(sizes[chosen].sum()) <= 0.75 * rest
    return np.asarray(chosen if fits else chosen[:0], dtype=np.intp)


def _parts(district: Ints, people: Ints, seed: int) -> Ints:
    """Districts in a random order, cut into parts of about PART_PEOPLE, so that people can move far within a part."""
    names, index = np.unique(district, return_inverse=True)
    totals = np.bincount(index, weights=people)
    order = stream(seed, "parts").permutation(len(names))
    part = np.empty(len(names), dtype=np.int64)
    part[order] = (np.cumsum(totals[order]) - totals[order]) // PART_PEOPLE
    # A district larger than a part leaves numbers out; close the gaps.
    return np.unique(part, return_inverse=True)[1].astype(np.int64)[index]
