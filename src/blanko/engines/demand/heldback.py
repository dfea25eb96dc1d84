"""Months without blanks: what was held back, and how it comes back afterwards. Pure numpy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from blanko.engines.demand.history import Bools, Floats


@dataclass(frozen=True, slots=True)
class Returns:
    """What was held back, were all of it to come back: ``due`` [cause, area, month] in the history; ``pending``
    [wave, cause, area] what is under way at its end, by how many months of blanks have passed since.
    """

    due: Floats
    pending: Floats


@dataclass(frozen=True, slots=True)
class Wave:
    """One way in which what was held back comes: its probability, the Beta belief in the share of each cause that
    comes and the coefficient of variation by which areas are ``unlike`` in it, the ``echo`` it comes by, and what is
    ``pending`` at the end of the history [wave, cause, area].
    """

    weight: float
    beliefs: tuple[tuple[float, float], ...]
    unlike: tuple[float, ...]
    echo: Floats
    pending: Floats


def returns(held: Floats, censored: Bools, echo: Floats, survival: Floats) -> Returns:
    """Follow what was ``held`` back [cause, area, month] through the months: it waits while blanks lack, then comes.

    ``echo`` are the shares that come in the first, second, ... month with blanks; ``survival`` [area] the share of
    persons who live through a month.
    """
    causes, areas, months = held.shape
    waves = np.zeros((len(echo), causes, areas))
    waiting = np.zeros((causes, areas))
    due = np.zeros_like(held)
    for month in range(months):
        without = censored[:, month]
        waves, waiting = waves * survival, waiting * survival
        # Blanks are here: those who waited form a wave, and every wave comes a step nearer.
        waves[0] += np.where(without, 0.0, waiting)
        due[:, :, month] = np.where(without, 0.0, np.tensordot(echo, waves, 1))
        moved = np.concatenate([np.zeros((1, causes, areas)), waves[:-1]])
        waves = np.where(without, waves, moved)
        waiting = np.where(without, waiting + held[:, :, month], 0.0)
    waves[0] += waiting
    return Returns(due, waves)


def coming(pending: Floats, echo: Floats, survival: Floats, months: int) -> Floats:
    """[cause, area, month] what comes in the months ahead, were all of it to come and blanks to be there."""
    none = np.zeros((*pending.shape[1:], months))
    waves, due = pending, none
    for month in range(months):
        waves = waves * survival
        due[:, :, month] = np.tensordot(echo, waves, 1)
        waves = np.concatenate([np.zeros((1, *waves.shape[1:])), waves[:-1]])
    return due


def echoes(months: float) -> Floats:
    """Shares that come back in the first, second, ... month with blanks: each a little less, ``months`` on average."""
    left = 1 - 1 / months
    length = max(2, int(np.ceil(np.log(0.02) / np.log(left)))) if left > 0 else 1
    shares = left ** np.arange(length)
    return np.asarray(shares / shares.sum())


def beta_of(mean: float, variance: float) -> tuple[float, float]:
    """The Beta belief of this mean and variance: a share stays a distribution inside 0 to 1 whatever was seen."""
    mean = min(max(mean, 0.02), 0.98)
    strength = mean * (1 - mean) / min(max(variance, 1e-9), mean * (1 - mean) / 3) - 1
    return mean * strength, (1 - mean) * strength


def beta_mean(belief: tuple[float, float]) -> float:
    """The mean of a Beta belief."""
    return belief[0] / (belief[0] + belief[1])


def beta_spread(belief: tuple[float, float]) -> float:
    """The standard deviation of a Beta belief."""
    a, b = belief
    return float(np.sqrt(a * b / (a + b) ** 2 / (a + b + 1)))


def apart(belief: tuple[float, float], spread: float) -> tuple[float, float]:
    """The belief in another stock-out's share, where two stock-outs differ by so much."""
    return beta_of(beta_mean(belief), beta_spread(belief) ** 2 + spread**2)
