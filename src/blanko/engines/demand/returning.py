"""Which share of what was held back came back, and how fast: learned from the months after stock-outs. Pure numpy.

What areas asked for after a stock-out is set beside what their own past and the areas that had blanks let expect. The
course of the nation is unsure in those months, and its error is the same for neighbouring months: the share is found
by generalised least squares with the course's own covariance, and each speed is worth its marginal likelihood over all
causes.
Source: Rasmussen and Williams (2006), Gaussian Processes for Machine Learning, section 2.7.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from blanko.engines.demand.course import Course
from blanko.engines.demand.heldback import Returns, Wave, apart, beta_mean, beta_of, beta_spread, echoes, returns
from blanko.engines.demand.history import Bools, Floats
from blanko.engines.demand.priors import Priors

# Speeds that are tried, as shares of the months that are believed.
SPEEDS = (0.5, 0.65, 0.8, 1.0, 1.25, 1.6, 2.0)
# An area's month counts where by some speed this share of the usual was due, were all of it to come.
DUE_MIN = 0.02
# Areas' worth of belief in how far they differ.
BELIEVED = 20.0
# Whatever the model, months scatter by this much: without it thousands of counts would be sure of a wrong speed.
MISFIT = 0.01


@dataclass(frozen=True, slots=True)
class Usual:
    """What one cause would have brought: ``expected`` [area, month], the nation's ``course``, a month's
    ``dispersion``, the ``cv`` [area] of an area's factor.
    """

    expected: Floats
    course: Course
    dispersion: float
    cv: Floats


@dataclass(frozen=True, slots=True)
class Way:
    """One speed: its probability, the Beta belief in the share of each cause and by how much areas are ``unlike`` in
    it (cv), the echo, and what was due by it.
    """

    weight: float
    beliefs: tuple[tuple[float, float], ...]
    unlike: tuple[float, ...]
    echo: Floats
    returns: Returns


def ways(
    applications: Floats, censored: Bools, usual: list[Usual | None], survival: Floats, priors: Priors
) -> tuple[Way, ...]:
    """How what was held back returns: each speed with its probability and what it says of each cause's share.

    ``applications`` [cause, area, month] as they were seen, with what came back.
    """
    expected = np.stack([np.zeros(censored.shape) if each is None else each.expected for each in usual])
    held = np.maximum(expected - applications, 0.0) * censored
    echo_of = [echoes(speed * priors.echo_months) for speed in SPEEDS]
    backs = [returns(held, censored, echo, survival) for echo in echo_of]
    # Every speed has to explain the same months: those into which by any of them something was due.
    inside = np.maximum.reduce([back.due for back in backs]) > DUE_MIN * expected
    left_open = [
        None if each is None or not inside[cause].any() else each.course.known(np.arange(censored.shape[1]))
        for cause, each in enumerate(usual)
    ]
    tried: list[Way] = []
    told: list[float] = []
    for speed, echo, back in zip(SPEEDS, echo_of, backs, strict=True):
        likelihood, beliefs, unlike = -0.5 * float(np.log(speed)) ** 2, [], []
        for cause, each in enumerate(usual):
            belief, apart_by = priors.returning, priors.returning_unlike
            if each is not None and (course := left_open[cause]) is not None:
                belief, fits = _share(
                    applications[cause], back.due[cause], inside[cause], each, course, priors.returning
                )
                likelihood += fits
                apart_by = _unlike(applications[cause], back.due[cause], inside[cause], each, belief, apart_by)
            # Another stock-out differs from the last: that counts as far as what is held back has not begun to come.
            fresh = float(back.pending[0, cause].sum() / max(float(back.pending[:, cause].sum()), 1e-9))
            unlike.append(apart_by)
            beliefs.append(apart(belief, priors.returning_between * fresh))
        tried.append(Way(0.0, tuple(beliefs), tuple(unlike), echo, back))
        told.append(likelihood)
    weights = np.exp(np.array(told) - max(told))
    weights = np.where(weights < 0.01, 0.0, weights) / weights[weights >= 0.01].sum()
    return tuple(replace(way, weight=float(weight)) for way, weight in zip(tried, weights, strict=True) if weight > 0)


def _share(
    applications: Floats, due: Floats, inside: Bools, usual: Usual, course: Floats, prior: tuple[float, float]
) -> tuple[tuple[float, float], float]:
    """(belief in one cause's share, log marginal likelihood of this ``due`` [area, month] but for a constant).

    ``course`` [month, month] is the covariance of what is unknown of the nation's months.
    """
    whole = (usual.expected * inside).sum(axis=0)
    months = np.flatnonzero(whole >= 1)
    if not len(months):
        return prior, 0.0
    whole = whole[months]
    ratio = (due * inside).sum(axis=0)[months] / whole
    seen = (applications * inside).sum(axis=0)[months]
    square = ((usual.expected * inside) ** 2).sum(axis=0)[months]
    noise = 1 / np.maximum(whole, 1.0) + usual.dispersion * square / whole**2 + MISFIT**2
    # What the areas that were without blanks have in common with themselves from month to month.
    own = np.sqrt(((usual.cv[:, None] * usual.expected * inside) ** 2).sum(axis=0)[months]) / whole
    covariance = course[np.ix_(months, months)] + np.diag(noise) + np.outer(own, own)
    mean, spread = beta_mean(prior), beta_spread(prior)
    share, fits, variance = mean, 0.0, spread**2
    for _ in range(4):
        # log(1 + share x) is taken at its tangent where the share is believed to lie.
        slope = ratio / (1 + share * ratio)
        rest = np.log((seen + 0.5) / (whole + 0.5)) - np.log1p(share * ratio) + slope * (share - mean)
        solved = np.linalg.solve(covariance, np.stack([slope, rest], axis=1))
        tells = float(slope @ solved[:, 0])
        variance = 1 / (1 / spread**2 + tells)
        pull = float(slope @ solved[:, 1])
        share = min(max(mean + variance * pull, 0.02), 0.98)
        # log N(rest; 0, covariance + spread^2 slope slope'), without what is the same for every speed.
        fits = -0.5 * float(rest @ solved[:, 1]) + 0.5 * variance * pull**2 - 0.5 * float(np.log1p(spread**2 * tells))
    return beta_of(share, variance), fits


def _unlike(
    applications: Floats, due: Floats, inside: Bools, usual: Usual, belief: tuple[float, float], believed: float
) -> float:
    """The coefficient of variation by which areas differ in the share, beyond the noise of their counts."""
    some = (due * inside).sum(axis=1) >= 1
    if not some.any():
        return believed
    whole = (usual.expected * inside).sum(axis=1)[some]
    came = beta_mean(belief) * (due * inside).sum(axis=1)[some]
    rest = (applications * inside).sum(axis=1)[some] - whole - came
    noise = whole + came + usual.dispersion * ((usual.expected * inside) ** 2).sum(axis=1)[some]
    noise = (noise + (usual.cv[some] * whole) ** 2) / came**2
    # What all of them have in common is the share's, not theirs.
    off = rest / came
    variance = believed**2
    for _ in range(3):
        worth = 1 / (variance + noise)
        middle = float((worth * off).sum() / worth.sum())
        variance = max(float((worth**2 * ((off - middle) ** 2 - noise)).sum() / (worth**2).sum()), 1e-6)
    told = float((variance / (variance + noise)).sum())
    return float(np.sqrt((told * variance + BELIEVED * believed**2) / (told + BELIEVED)))


def mixed(found: tuple[Way, ...]) -> tuple[Floats, Floats, Floats]:
    """(mean, standard deviation, what of it is an area's own) [cause, area, month] of what came back."""
    first = np.zeros_like(found[0].returns.due)
    second, own = np.zeros_like(first), np.zeros_like(first)
    for way in found:
        share = np.array([beta_mean(belief) for belief in way.beliefs])[:, None, None]
        spread = np.array([beta_spread(belief) for belief in way.beliefs])[:, None, None]
        first += way.weight * share * way.returns.due
        second += way.weight * (share**2 + spread**2) * way.returns.due**2
        own += way.weight * np.array(way.unlike)[:, None, None] * share * way.returns.due
    return first, np.sqrt(np.maximum(second - first**2, 0.0)), own


def as_waves(found: tuple[Way, ...]) -> tuple[Wave, ...]:
    """What a forecast needs of them."""
    return tuple(Wave(way.weight, way.beliefs, way.unlike, way.echo, way.returns.pending) for way in found)
