"""Offices against their province and the nation: Gamma-Poisson shrinkage whose spreads the counts themselves tell.

Source: Clayton and Kaldor (1987), Empirical Bayes estimates of age-standardized relative risks; the forgetting of old
months is West and Harrison (1997), Bayesian Forecasting and Dynamic Models, for Gamma beliefs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from blanko.engines.demand.history import Bools, Floats, Ints


@dataclass(frozen=True, slots=True)
class Spread:
    """How far areas lie round their province and provinces round the nation (cv); ``weight`` areas' worth of belief."""

    area: float
    province: float
    weight: float = 10.0


def still(counts: Floats, expected: Floats, groups: Ints, spread: Spread) -> tuple[Floats, Floats, Floats, Spread]:
    """Factors of areas as one number over the whole history.

    ``counts`` and ``expected`` [area] are totals of the months that count. Returns each area's factor, its province's
    factor and that one's cv, and the spreads.
    """
    area, province = spread.area**2, spread.province**2
    for _ in range(3):
        # An area tells of its province as much as its own noise and its distance from it allow.
        weight = 1 / (1 + expected * area)
        told = np.bincount(groups, weight * counts), np.bincount(groups, weight * expected)
        mean_of = (1 / province + told[0]) / (1 / province + told[1])
        cv_of = 1 / np.sqrt(1 / province + told[0])
        round_province = expected * mean_of[groups]
        area = _between(counts, round_province, spread.area, spread.weight)
        province = _between(told[0], told[1], spread.province, spread.weight)
    mean = mean_of[groups] * (1 / area + counts) / (1 / area + expected * mean_of[groups])
    found = Spread(area=float(np.sqrt(area)), province=float(np.sqrt(province)), weight=spread.weight)
    return mean, mean_of[groups], cv_of[groups], found


def _between(counts: Floats, expected: Floats, believed: float, weight: float) -> float:
    """The variance of counts / expected round 1 beyond the noise of counts, mixed with what was believed."""
    some = expected > 0
    if not some.any():
        return believed**2
    ratio, noise = counts[some] / expected[some], 1 / expected[some]
    variance = believed**2
    for _ in range(3):
        worth = 1 / (variance + noise) ** 2
        variance = max(float((worth * ((ratio - 1) ** 2 - noise)).sum() / worth.sum()), 1e-6)
    # Small counts tell little of the spread: they count as the part of an area that is not noise.
    told = float((variance / (variance + noise)).sum())
    return (told * variance + weight * believed**2) / (told + weight)


def moving(
    counts: Floats, expected: Floats, valid: Bools, *, mean: Floats, cv: Floats, dispersion: float, drift: float,
    together: float, province_cv: Floats,
) -> tuple[Floats, Floats, Floats]:  # fmt: skip
    """(mean, cv, the part of that cv that a province's areas share) of each area's factor at the end of the months.

    ``drift`` is the spread of a month's change, of whose variance the share ``together`` is the province's;
    ``province_cv`` [area] what its areas share beforehand. A month's count has the variance m + dispersion m^2, so it
    is worth 1 / (1 + dispersion m) of a plain count.
    """
    moved = _moved(
        counts, expected, valid, mean, cv, dispersion, np.array([[drift]]),
        shared=province_cv**2, shift=together * drift * drift,
    )  # fmt: skip
    return moved.mean[0], moved.cv[0], np.minimum(np.sqrt(moved.shared[0]), moved.cv[0])


@dataclass(frozen=True, slots=True)
class _Moved:
    """Factors' ``mean``, ``cv`` and ``shared`` variance at the end [drift, area]; ``told`` [drift] how well each
    drift foretold every next month (log likelihood).
    """

    mean: Floats
    cv: Floats
    shared: Floats
    told: Floats


def _moved(
    counts: Floats, expected: Floats, valid: Bools, mean: Floats, cv: Floats, dispersion: float | Floats,
    drifts: Floats, *, shared: Floats | float = 0.0, shift: float = 0.0,
) -> _Moved:  # fmt: skip
    """``moving`` for several drifts at once: ``drifts`` [drift, area or 1].

    An error that a province's areas share fades with what each month corrects of its area's, and grows by ``shift``.
    """
    shape = np.repeat(1 / np.maximum(cv[None], 1e-6) ** 2, len(drifts), axis=0)
    rate = shape / np.maximum(mean, 1e-12)
    told = np.zeros(len(drifts))
    common = np.broadcast_to(np.asarray(shared, dtype=np.float64), shape.shape)
    for month in range(counts.shape[1]):
        kept = 1 / (1 + drifts * drifts * shape)
        shape, rate = shape * kept, rate * kept
        many, seen, usable = expected[:, month], counts[:, month], valid[:, month]
        believed = many * shape / rate
        variance = believed * (1 + (dispersion + 1 / shape) * believed) + 1e-9
        told -= 0.5 * (usable * (np.log(variance) + (seen - believed) ** 2 / variance)).sum(axis=1)
        worth = usable / (1 + dispersion * believed)
        common = (common + shift) * (rate / (rate + worth * many)) ** 2
        shape, rate = shape + worth * seen, rate + worth * many
    return _Moved(shape / rate, 1 / np.sqrt(shape), common, told)


def learn_drift(
    counts: Floats, expected: Floats, valid: Bools, *, mean: Floats, cv: Floats, dispersion: float, believed: float
) -> float:
    """How much an area's factor changes in a month, by which of several drifts foretold each next month best.

    The belief beforehand is a lognormal round ``believed`` whose sigma is 1.
    """
    drifts = np.array([0.25, 0.5, 1.0, 1.5, 2.25, 3.5, 5.0, 8.0]) * believed
    told = _moved(counts, expected, valid, mean, cv, dispersion, drifts[:, None]).told
    told -= 0.5 * np.log(drifts / believed) ** 2
    weight = np.exp(told - told.max())
    return float(np.sqrt((weight * drifts**2).sum() / weight.sum()))


def learn_together(
    counts: Floats, expected: Floats, valid: Bools, groups: Ints, *, dispersion: float, drift: float
) -> float:
    """Which share of the variance of an area's drift is its province's: how well each share foretells provinces.

    A province of equal areas that drift each on its own hardly drifts at all. Before anything was seen, a quarter.
    """
    shares = np.array([0.0, 0.05, 0.15, 0.3, 0.5, 0.75, 1.0])
    worth = np.array([3.0, 2.0, 2.0, 2.0, 1.0, 1.0, 1.0])
    sums = np.zeros((2, int(groups.max()) + 1, counts.shape[1]))
    squares = np.zeros(sums.shape[1:])
    for place, values in enumerate((counts, expected)):
        np.add.at(sums[place], groups, values * valid)
    np.add.at(squares, groups, (expected * valid) ** 2)
    # How much one area weighs: 1 where it is alone, next to nothing among many.
    alone = (squares.sum(axis=1) / np.maximum((sums[1] ** 2).sum(axis=1), 1e-12)).clip(0, 1)
    several = alone < 0.8
    if not several.any() or not counts.shape[1]:
        return float((worth * shares).sum() / worth.sum())
    alone = alone[several]
    drifts = drift * np.sqrt(shares[:, None] + (1 - shares[:, None]) * alone)
    usable = (sums[1] > 0)[several]
    told = _moved(
        sums[0][several], sums[1][several], usable, np.ones(len(alone)),
        np.full(len(alone), max(0.01, drift * np.sqrt(counts.shape[1]))), dispersion * alone, drifts,
    ).told + np.log(worth)  # fmt: skip
    weight = np.exp(told - told.max())
    return float((weight * shares).sum() / weight.sum())


def learn_dispersion(counts: Floats, fitted: Floats, valid: Bools, *, believed: float) -> float:
    """How much months of an area scatter beyond their counts' noise, from how neighbouring months differ.

    Differences take out whatever stays the same, whether it was fitted or not.
    """
    near = _differences(counts, fitted, valid, 1, believed)
    if near is None:
        return believed
    trust = near[1] / (near[1] + 200)
    return trust * near[0] / 2 + (1 - trust) * believed


def _differences(
    counts: Floats, fitted: Floats, valid: Bools, lag: int, dispersion: float
) -> tuple[float, float] | None:
    """(variance of the difference of two months beyond their counts' noise, how many pairs told)."""
    if counts.shape[1] <= lag:
        return None
    pairs = valid[:, lag:] & valid[:, :-lag] & (fitted[:, lag:] > 0.5) & (fitted[:, :-lag] > 0.5)
    if not pairs.any():
        return None
    ratio = counts / np.maximum(fitted, 1e-9)
    own = 1 / np.maximum(fitted, 1e-9)
    squared = ((ratio[:, lag:] - ratio[:, :-lag]) ** 2)[pairs]
    expected = (own[:, lag:] + own[:, :-lag])[pairs]
    variance = 2 * dispersion
    for _ in range(2):
        worth = 1 / (variance + expected) ** 2
        variance = max(float((worth * (squared - expected)).sum() / worth.sum()), 1e-8)
    return variance, float((variance / (variance + expected)).sum())


def without_events(counts: Floats, fitted: Floats, valid: Bools, groups: Ints, *, dispersion: float) -> Bools:
    """``valid`` without the months in which a province's counts left their course for a while, as after a flood.

    A run of at most four months counts, in which each lies over six standard deviations and a quarter off the
    province's median: what lasts longer is no event but a new level.
    """
    kept = valid.copy()
    if not counts.shape[1]:
        return kept
    provinces = int(groups.max()) + 1
    sums = np.zeros((3, provinces, counts.shape[1]))
    for place, values in enumerate((counts, fitted, fitted * (1 + dispersion * fitted))):
        np.add.at(sums[place], groups, values * valid)
    seen, expected, variance = sums
    ratio = np.where(expected > 0, seen / np.maximum(expected, 1e-9), np.nan)
    with np.errstate(all="ignore"):
        usual = np.array([np.nanmedian(row) if np.isfinite(row).any() else 1.0 for row in ratio])[:, None]
    off = np.abs(seen - usual * expected) > np.maximum(6 * usual * np.sqrt(variance), 0.25 * usual * expected)
    for province, row in enumerate(off & (expected > 0)):
        for first, last in _runs(row):
            if last - first < 4:
                kept[groups == province, first : last + 1] = False
    return kept


def _runs(marked: Bools) -> list[tuple[int, int]]:
    """(first, last) of each run of marked places."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], marked, [False]]).astype(np.int8)))
    return [(int(first), int(after) - 1) for first, after in zip(edges[::2], edges[1::2], strict=True)]
