"""How good a forecast was: errors, coverage, pinball loss, and the plain forecasts beside it. Pure numpy."""

from __future__ import annotations

import numpy as np

from blanko.engines.demand.history import Floats


def wape(actual: Floats, forecast: Floats) -> float:
    """Weighted absolute percentage error: the sum of misses over the sum of what happened."""
    return float(np.abs(actual - forecast).sum() / max(float(np.abs(actual).sum()), 1e-9))


def covered(actual: Floats, low: Floats, high: Floats) -> float:
    """The share of what happened that lies inside the interval, ends included."""
    return float(((actual >= low) & (actual <= high)).mean())


def pinball(actual: Floats, quantiles: Floats, at: tuple[float, ...]) -> float:
    """Mean pinball loss of quantiles [level, ...], as a share of the mean of what happened.

    Source: Koenker and Bassett (1978), Regression Quantiles.
    """
    levels = np.array(at).reshape(-1, *[1] * actual.ndim)
    miss = actual - quantiles
    return float(np.maximum(levels * miss, (levels - 1) * miss).mean() / max(float(actual.mean()), 1e-9))


def seasonal_naive(seen: Floats, months: int) -> Floats:
    """Each month as in the last year [..., month]."""
    last = seen[..., -12:]
    return np.concatenate([last] * (-(-months // 12)), axis=-1)[..., :months]


def last_year(seen: Floats, months: int) -> Floats:
    """Each month as the mean month of the last year."""
    return np.repeat(seen[..., -12:].mean(axis=-1, keepdims=True), months, axis=-1)


def spread_of_years(seen: Floats) -> Floats:
    """The standard deviation of a quarter against the same quarter a year before: what a plain forecast missed by."""
    whole = seen[..., seen.shape[-1] % 3 :]
    quarters = whole.reshape(*seen.shape[:-1], -1, 3).sum(axis=-1)
    if quarters.shape[-1] <= 4:
        return np.sqrt(np.maximum(quarters.mean(axis=-1), 1.0))
    return np.asarray(np.sqrt(((quarters[..., 4:] - quarters[..., :-4]) ** 2).mean(axis=-1)))
