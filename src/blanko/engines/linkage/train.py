"""Learns a model from the records alone: u from random pairs, m by expectation and maximisation, no label anywhere.

Pairs of each blocking key are one sample. What a key holds agrees by its making, so those fields teach nothing there;
the others are, for two strangers, as random as in any pair (Winkler 1988; Splink trains alike). Three hypotheses share
a sample: one person, strangers, relatives. What relatives look like is learned in the same steps from family cards.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from blanko.engines.linkage.candidates import Blocks
from blanko.engines.linkage.compare import DATE, FIELDS, LEVELS, LOCATION, NAME, NIK, PLACE_NEAR, SEX, level
from blanko.engines.linkage.features import Features
from blanko.engines.linkage.groups import Groups, cut, group, sample_pairs
from blanko.engines.linkage.jit import loop
from blanko.engines.linkage.keys import HOLDS, KEYS
from blanko.engines.linkage.model import TWINS_DATE, WAYS, WIDTH, Model, Relatives, Table, starting
from blanko.engines.linkage.score import Pairs, Scorer
from blanko.engines.linkage.text import join, mix

RANDOM_PAIRS: Final = 200_000
SAMPLE: Final = 60_000
ROUNDS, CLOSE = 40, 1e-5
TRAINING_KEYS: Final = (0, 2, 4, 5, 6, 7, 8)
PRIOR_COUNT: Final = 30.0
KEY_SHARES: Final = (0.3, 0.5, 0.2)
"""Where training begins: one person's, strangers' and relatives' pairs among those of a key."""
HOME_MOST, HOME_LEAST = 40, 100
"""A household of more records is none; fewer pairs of households teach nothing."""
AT_HOME: Final = 0.6
"""The share of close relatives (of card age) who live in one household: our estimate; the others live as anybody."""


TWIN_NAMES: Final = (0.0, 0.3, 0.3, 0.3, 0.04, 0.02, 0.01, 0.03)
"""How alike twins' names are (by level) where the records hold too few to tell: our estimate, ten pairs strong."""


@loop
def _random_rows(n, count, seed, left, right):  # type: ignore[no-untyped-def]
    """Random pairs of different rows, the smaller first. Returns how many."""
    made = 0
    for k in range(count):
        h = mix(np.uint64(seed) * np.uint64(0xD1B54A32D192ED03) + np.uint64(k) * np.uint64(0x9E3779B97F4A7C15))
        i = np.int64((h & np.uint64(0xFFFFFFFF)) % np.uint64(n))
        j = np.int64((h >> np.uint64(32)) % np.uint64(n))
        if i == j:
            continue
        left[made], right[made] = min(i, j), max(i, j)
        made += 1
    return made


@loop
def _households(f, out):  # type: ignore[no-untyped-def]
    """A key for each household: the family card, or else the whole address in its village."""
    for i in range(len(out)):
        if f.family[i] != 0:
            out[i, 0] = join(11, np.uint64(f.family[i]))
        elif f.village[i] != 0 and f.address[i] != 0:
            out[i, 0] = join(join(12, np.uint64(f.village[i])), f.address[i])
        else:
            out[i, 0] = 0


def random_rows(
    records: int, seed: int, count: int = RANDOM_PAIRS
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """(left, right) rows of random pairs among so many records."""
    count = min(count, 4 * records * records)
    left, right = np.empty(count, dtype=np.int32), np.empty(count, dtype=np.int32)
    made = _random_rows(records, len(left), seed, left, right) if records > 1 else 0
    return left[:made], right[:made]


def level_shares(scorer: Scorer, left: npt.NDArray[np.int32], right: npt.NDArray[np.int32]) -> Table:
    """u [8, 8]: shares of levels among these random pairs, half a pair added to each level."""
    pattern = scorer.compared(left, right).pattern
    counts = np.stack([np.bincount(level(pattern, f), minlength=WIDTH) for f in range(len(FIELDS))]).astype(np.float64)
    return _shares(counts, 0.5)


def _shares(counts: Table, add: float | Table) -> Table:
    found = np.zeros_like(counts)
    for f, name in enumerate(FIELDS):
        row = counts[f, 1 : len(LEVELS[name])] + (add if isinstance(add, float) else add[f, 1 : len(LEVELS[name])])
        found[f, 1 : len(LEVELS[name])] = row / row.sum()
    return found


@dataclass(slots=True)
class Sample:
    """Pairs of one key as a histogram: ``levels`` [P, 8], ``count`` [P], mean ``bits`` [P, 4] of what agreed (name,
    mother, birth date, birth place); ``holds`` fields that the key decides.
    """

    levels: npt.NDArray[np.int64]
    count: Table
    bits: Table
    holds: tuple[int, ...]
    shares: Table  # of one person, strangers, relatives


def histogram(pairs: Pairs, scorer: Scorer, holds: tuple[int, ...], shares: tuple[float, float, float]) -> Sample:
    """Put pairs of one pattern and about one rarity together."""
    date = scorer.date_bits[scorer.slots[pairs.left]]
    place = scorer.features.place[pairs.left]
    places = np.where(place >= 0, scorer.words.bits[2][np.maximum(place, 0)], 0.0)
    bands = (
        np.minimum(pairs.name_bits / 2, 15).astype(np.uint64) << np.uint64(21)
        | np.minimum(pairs.mother_bits / 2, 7).astype(np.uint64) << np.uint64(25)
        | np.minimum(date / 4, 7).astype(np.uint64) << np.uint64(28)
        | np.minimum(places / 4, 3).astype(np.uint64) << np.uint64(31)
    )
    each, inverse, count = np.unique(pairs.pattern.astype(np.uint64) | bands, return_inverse=True, return_counts=True)
    levels = np.stack([level(each.astype(np.uint32), f) for f in range(len(FIELDS))], axis=1)
    bits = np.stack(
        [
            np.bincount(inverse, weights=each_bits, minlength=len(each)) / np.maximum(count, 1)
            for each_bits in (pairs.name_bits, pairs.mother_bits, date, places)
        ],
        axis=1,
    )
    return Sample(levels, count.astype(np.float64), bits, holds, np.array(shares))


_BITS_OF = {0: 0, 1: 1, 2: 2, 5: 3}


def _against_strangers(sample: Sample, m: Table, u: Table) -> Table:
    total = np.zeros(len(sample.count))
    for f in range(len(FIELDS)):
        if f in sample.holds:
            continue
        at = sample.levels[:, f]
        valued = np.isin(at, list(WAYS.get(f, {})))
        ways = np.array([WAYS.get(f, {}).get(k, 1.0) for k in range(WIDTH)])
        plain = np.log2(np.maximum(m[f], 1e-12) / np.maximum(u[f], 1e-12))
        value = np.log2(np.maximum(m[f], 1e-12) / ways)
        found = np.where(valued, value[at], plain[at])
        if f == SEX:
            found = np.where((at == 2) & (sample.levels[:, NAME] >= 4), 0.0, found)
        if f in _BITS_OF:
            found = found + np.where(valued, sample.bits[:, _BITS_OF[f]], 0.0)
        total += np.where(at > 0, found, 0.0)
    return total


def _against_relatives(sample: Sample, m: Table, r: Table, joint: Table) -> Table:
    total = np.zeros(len(sample.count))
    for f in range(len(FIELDS)):
        if f in sample.holds or f in (NAME, DATE):
            continue
        at = sample.levels[:, f]
        found = np.log2(np.maximum(m[f], 1e-12) / np.maximum(r[f], 1e-9))[at]
        if f == NIK:
            found = np.where(_with_twins(sample) == TWINS_DATE, 0.0, found)
        total += np.where(at > 0, found, 0.0)
    name, date = sample.levels[:, NAME], _with_twins(sample)
    both = (name > 0) & (date > 0)
    # The one that the key holds is given: what counts is the other beside it.
    above = np.ones((WIDTH, WIDTH))
    below = np.maximum(joint, 1e-9)
    if NAME not in sample.holds:
        above = above * np.maximum(m[NAME], 1e-12)[:, None]
    else:
        below = below / np.maximum(below.sum(axis=1, keepdims=True), 1e-9)
    if DATE not in sample.holds:
        date_m = np.maximum(m[DATE], 1e-12)
        date_m[TWINS_DATE] = m[DATE, 5] * m[NIK, 2]
        above = above * date_m[None, :]
    else:
        below = _given_date(below)
        above[:, TWINS_DATE] *= m[NIK, 2]
    if NAME in sample.holds and DATE in sample.holds:
        return total
    return total + np.where(both, np.log2(above / below)[name, date], 0.0)


def _with_twins(sample: Sample) -> npt.NDArray[np.int64]:
    """Birth date levels, TWINS_DATE where the NIKs follow each other."""
    date = sample.levels[:, DATE]
    return np.where((date == 5) & (sample.levels[:, NIK] == 2), TWINS_DATE, date)


def _given_date(joint: Table) -> Table:
    """P(name | date); the two columns of one birth date are one condition."""
    total = np.maximum(joint.sum(axis=0), 1e-9)
    total[5] = total[TWINS_DATE] = joint[:, 5].sum() + joint[:, TWINS_DATE].sum()
    return joint / total[None, :]


def _posteriors(sample: Sample, m: Table, u: Table, r: Table, joint: Table) -> tuple[Table, Table]:
    """(one person, relatives) for each pattern."""
    one, strangers, relatives = np.maximum(sample.shares, 1e-12)
    to_strangers = strangers * np.exp2(-np.clip(_against_strangers(sample, m, u), -200, 200))
    to_relatives = relatives * np.exp2(-np.clip(_against_relatives(sample, m, r, joint), -200, 200))
    whole = one + to_strangers + to_relatives
    return one / whole, to_relatives / whole


def train(
    features: Features,
    scorer: Scorer,
    blocks: Blocks,
    *,
    seed: int,
    progress: Callable[[float], None] | None = None,
) -> Model:
    """Learn m, u and relatives; ``matches`` is set by ``settle_matches`` once all candidates are there.

    The same records and seed give the same model.
    """
    n = len(features.nik)
    homes, _ = cut(group(household_keys(features)[:, 0]), HOME_MOST, features.mother_whole, features.village)
    return learn(
        n,
        level_shares(scorer, *random_rows(n, seed)),
        {
            k: histogram(sampled(scorer, blocks.groups[k]), scorer, HOLDS[k], KEY_SHARES)
            for k in TRAINING_KEYS
            if len(blocks.groups[k].values)
        },
        home_sample(scorer, homes, homes.pairs()),
        homes.pairs(),
        seed=seed,
        progress=progress,
    )


def learn(
    n: int,
    u: Table,
    of_keys: dict[int, Sample],
    home: Sample | None,
    at_home: int,
    *,
    seed: int,
    progress: Callable[[float], None] | None = None,
) -> Model:
    """The model of ``n`` records from samples: ``u`` of random pairs, pairs of each key, and ``home``, pairs of
    households, of which the records hold ``at_home``.
    """
    # A NIK is the same for two people only by a fault: how often, the records cannot teach without a label.
    u[NIK, 4] = 1.0 / (8.0 * max(n, 1))
    samples = list(of_keys.values())
    m = starting(n).m.copy()
    start = m.copy()
    r, joint = _first_relatives(u)
    rounds = 0
    for rounds in range(1, ROUNDS + 1):
        counts = np.zeros_like(m)
        for sample in samples:
            one, relatives = _posteriors(sample, m, u, r, joint)
            _share_out(sample, one, relatives)
            for f in range(len(FIELDS)):
                if f not in sample.holds:
                    counts[f] += np.bincount(sample.levels[:, f], weights=one * sample.count, minlength=WIDTH)
        if home is not None:
            one, relatives = _posteriors(home, m, u, r, joint)
            _share_out(home, one, relatives)
            r, joint = _relatives_of(home, relatives, u)
        new = _shares(counts, start * PRIOR_COUNT)
        moved = float(np.abs(new - m).max())
        m = new
        if progress:
            progress(rounds / ROUNDS)
        if moved < CLOSE:
            break
    relatives_found = None
    if home is not None:
        r[LOCATION] = _location_of_relatives(m[LOCATION])
        relatives_found = Relatives(r, joint, at_home * float(home.shares[2]) / AT_HOME)
    trained = {
        "rounds": rounds,
        "random_pairs": RANDOM_PAIRS,
        "samples": {KEYS[k]: int(sample.count.sum()) for k, sample in of_keys.items()},
    }
    return replace(starting(n), m=m, u=u, relatives=relatives_found, seed=seed, trained=trained)


def _share_out(sample: Sample, one: Table, relatives: Table) -> None:
    total = max(float(sample.count.sum()), 1.0)
    a, c = float((one * sample.count).sum()) / total, float((relatives * sample.count).sum()) / total
    sample.shares = np.array([max(a, 1e-9), max(1 - a - c, 1e-9), max(c, 1e-9)])


def sampled(scorer: Scorer, groups: Groups, total: int | None = None) -> Pairs:
    """Compared pairs of groups, about SAMPLE of the ``total`` there are (None: of theirs), chosen by the value."""
    return scorer.score(*sample_pairs(groups, one_in(groups.pairs() if total is None else total), 2 * SAMPLE))


def one_in(total: int) -> int:
    """Of so many blocks one is looked at."""
    return max(1, total // SAMPLE)


def household_keys(features: Features) -> npt.NDArray[np.uint64]:
    """A key [n, 1] for each record's household, 0 where none is known."""
    keys = np.empty((len(features.nik), 1), dtype=np.uint64)
    _households(features, keys)
    return keys


def home_sample(scorer: Scorer, homes: Groups, total: int) -> Sample | None:
    """Pairs of households, ``total`` in all; None where they are too few to learn from."""
    if total < HOME_LEAST:
        return None
    # Strangers in one household are lodgers: few, and like relatives for our purpose.
    return histogram(sampled(scorer, homes, total), scorer, (LOCATION,), (0.02, 1e-12, 0.98))


def _first_relatives(u: Table) -> tuple[Table, Table]:
    r = u.copy()
    r[1] = [0, 0.5, 0.05, 0.05, 0.4, 0, 0, 0]
    r[5] = [0, 0.3, 0.05, 0.65, 0, 0, 0, 0]
    r[NIK] = [0, 0.98, 0.02, 1e-4, 1e-6, 0, 0, 0]
    r[PLACE_NEAR] = [0, 0.3, 0.05, 0.65, 0, 0, 0, 0]
    name = np.array([0, 0.8, 0.1, 0.08, 0.005, 0.005, 0.002, 0.001])
    date = np.array([0, 0.95, 0.01, 0.02, 0.001, 0.005, 0.005, 0])
    r[NAME], r[DATE] = name, date
    return r, np.outer(name, date)


def _relatives_of(home: Sample, relatives: Table, u: Table) -> tuple[Table, Table]:
    weight = relatives * home.count
    counts = np.stack([np.bincount(home.levels[:, f], weights=weight, minlength=WIDTH) for f in range(len(FIELDS))])
    first, first_joint = _first_relatives(u)
    r = _shares(counts, first * PRIOR_COUNT)
    r[NIK, 4] = min(r[NIK, 4], 1e-4)
    joint = np.zeros((WIDTH, WIDTH))
    np.add.at(joint, (home.levels[:, NAME], _with_twins(home)), weight)
    joint[0], joint[:, 0] = 0.0, 0.0
    joint += first_joint * PRIOR_COUNT
    return r, _anchored(joint / joint.sum())


def _anchored(joint: Table) -> Table:
    """Hold apart what the sample cannot: a relative of the same name and nearly the same birth date is like a double.

    Where names differ only relatives are met, so those cells are counted. The others follow from them: among relatives
    of different dates names are alike as on any two days; among twins as among those whose NIKs follow each other.
    """
    found = joint.copy()
    other = joint[:, 1] / max(float(joint[:, 1].sum()), 1e-12)
    twins = joint[:, TWINS_DATE] + np.array(TWIN_NAMES) * 1e-5
    twins = twins / twins.sum()
    for date, like in ((2, other), (3, other), (4, other), (5, twins)):
        apart = float(joint[1:4, date].sum()) / max(float(like[1:4].sum()), 1e-9)
        found[4:, date] = like[4:] * apart
    return found / found.sum()


def _location_of_relatives(m: Table) -> Table:
    apart = m.copy()
    apart[6] = 0.0
    apart = apart / max(float(apart.sum()), 1e-12) * (1 - AT_HOME)
    apart[6] = AT_HOME
    return apart


def settle_matches(model: Model, scorer_of: Callable[[Model], Scorer], pairs: Pairs) -> Model:
    """Set ``matches``, and with it the prior, to the number of one person's pairs that the candidates hold."""
    return settled(model, lambda each: expected(scorer_of(each).weights(pairs)))


def settled(model: Model, found_by: Callable[[Model], float]) -> Model:
    """``settle_matches`` where ``found_by`` counts the pairs, wherever they lie."""
    for _ in range(12):
        found = max(found_by(model), 0.5)
        if abs(found - model.matches) < 1e-3 * model.matches:
            break
        model = replace(model, matches=found)
    return replace(model, matches=float(f"{found:.6g}"))


def expected(weight: npt.NDArray[np.float64]) -> float:
    """How many pairs of these weights are one person's."""
    return float((1.0 / (1.0 + np.exp2(-np.clip(weight, -300, 300)))).sum())
