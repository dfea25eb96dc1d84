"""Those who turn 17: how long after the birthday they apply. Pure numpy."""

from __future__ import annotations

import numpy as np

from blanko.engines.demand.history import Bools, Floats


def lagged(birthdays: Floats, lags: int, months: int) -> Floats:
    """[lag, area, month] persons who turned 17 so many months before. Birthdays before the first month are taken to be
    as those of the same calendar month a year or more later, since the registry was not asked for them.
    """
    known = birthdays.shape[1]
    if not known:
        return np.zeros((lags, len(birthdays), months))
    back = np.arange(-lags + 1, 0)
    places = back % 12 if known >= 12 else np.zeros(len(back), np.int64)
    long = np.concatenate([birthdays[:, places], birthdays], axis=1)
    return np.stack([long[:, lags - 1 - lag : lags - 1 - lag + months] for lag in range(lags)])


def learn_delay(counts: Floats, born: Floats, valid: Bools, *, prior: Floats, dispersion: float) -> Floats:
    """The share of those who turn 17 that applies in the same month, the next one, ... [lag]; not negative.

    Weighted least squares round the ``prior`` shares, whose spread is half of each and a hundredth; months that count
    are weighted by their noise. ``born`` [lag, area, month], see ``lagged``.
    """
    lags = len(prior)
    precision = 1 / (0.5 * prior + 0.01) ** 2
    shares = prior.copy()
    for _ in range(3):
        expected = np.maximum(np.tensordot(shares, born, 1), 0.5)
        weight = valid / (expected * (1 + dispersion * expected))
        flat = born.reshape(lags, -1)
        weighted = flat * weight.reshape(-1)
        square = weighted @ flat.T + np.diag(precision)
        target = weighted @ counts.reshape(-1) + precision * prior
        shares = _not_negative(square, target)
    return shares


def _not_negative(square: Floats, target: Floats) -> Floats:
    """Least squares with no negative share: shares that would be negative are held at 0, and freed when that helps.

    Source: Lawson and Hanson (1974), Solving Least Squares Problems, chapter 23; many shares at once at first.
    """
    free = np.ones(len(target), bool)
    shares = np.zeros(len(target))
    for _ in range(10 * len(target)):
        shares = np.zeros(len(target))
        shares[free] = np.linalg.solve(square[np.ix_(free, free)], target[free])
        if (shares < 0).any():
            free &= shares >= 0
            continue
        pull = np.where(free, 0.0, target - square @ shares)
        if pull.max(initial=0.0) <= 1e-9 * np.abs(target).max():
            return shares
        free[int(np.argmax(pull))] = True
    return np.maximum(shares, 0.0)
