"""Draws of what is uncertain once a path: levels, delivery dates, accepted shares. Pure numpy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class Stage(NamedTuple):
    """A stage of a delivery or an order: lognormal days. Stages of equal ``step`` run side by side."""

    name: str
    step: int
    median_days: float
    sigma: float
    country: str = ""


def level(generator: np.random.Generator, cv: float, paths: int) -> Floats:
    """A lognormal factor of mean 1 and the given coefficient of variation, one a path."""
    sigma = math.sqrt(math.log1p(cv * cv))
    return np.exp(sigma * generator.standard_normal(paths) - sigma * sigma / 2)


def stage_days(generator: np.random.Generator, stage: Stage, *, elapsed: float, paths: int) -> Floats:
    """Days that a stage still takes after ``elapsed`` days of it, one a path.

    A stage that has already lasted long is drawn from the part of its distribution that is left: waiting tells.
    """
    uniform = generator.random(paths)
    if stage.median_days <= 0:
        return np.zeros(paths)
    mu, sigma = math.log(stage.median_days), max(stage.sigma, 1e-9)
    gone = _normal_cdf((math.log(elapsed) - mu) / sigma) if elapsed > 0 else 0.0
    # Beyond the distribution's end a stage is taken to be about to end.
    gone = min(gone, 1 - 1e-9)
    days = np.exp(mu + sigma * normal_quantile(gone + uniform * (1 - gone)))
    return np.maximum(days - elapsed, 0.0)


def delivery_days(generator: np.random.Generator, stages: Sequence[Stage], *, elapsed: float, paths: int) -> Floats:
    """Days until the last stage is done. ``elapsed`` counts for the stages of the first step, which is under way."""
    if not stages:
        return np.zeros(paths)
    first = min(stage.step for stage in stages)
    total = np.zeros(paths)
    for step in sorted({stage.step for stage in stages}):
        side_by_side = [
            stage_days(generator, stage, elapsed=elapsed if step == first else 0.0, paths=paths)
            for stage in stages
            if stage.step == step
        ]
        total += np.max(side_by_side, axis=0)
    return total


def median_days(stages: Sequence[Stage]) -> float:
    """About how long stages take: the longest median of each step, step after step."""
    longest: dict[int, float] = {}
    for stage in stages:
        longest[stage.step] = max(longest.get(stage.step, 0.0), stage.median_days)
    return sum(longest.values())


def _normal_cdf(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2))


def normal_quantile(p: Floats) -> Floats:
    """The inverse of the normal distribution, to 1.2e-9. Source: Acklam's rational approximation (2003)."""
    a = (
        -39.69683028665376,
        220.9460984245205,
        -275.9285104469687,
        138.3577518672690,
        -30.66479806614716,
        2.506628277459239,
    )
    b = (-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572)
    c = (
        -0.007784894002430293,
        -0.3223964580411365,
        -2.400758277161838,
        -2.549732539343734,
        4.374664141464968,
        2.938163982698783,
    )
    d = (0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416)
    p = np.clip(p, 1e-12, 1 - 1e-12)
    q = np.sqrt(-2 * np.log(np.minimum(p, 1 - p)))
    tail = np.polyval(c, q) / np.polyval([*d, 1.0], q)
    middle = p - 0.5
    r = middle * middle
    body = middle * np.polyval(a, r) / np.polyval([*b, 1.0], r)
    return np.where(p < 0.02425, tail, np.where(p > 1 - 0.02425, -tail, body))
