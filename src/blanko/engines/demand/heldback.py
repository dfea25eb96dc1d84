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


def returning_share(prior: tuple[float, float], *, came: float, due: float, variance: float) -> tuple[float, float]:
    """The Beta belief in the share that comes back, after ``came`` of ``due`` with this variance of ``came``.

    The two are joined as normal beliefs and put back into a Beta of the same mean and variance, so that the share
    stays a distribution inside 0 to 1 whatever was seen.
    """
    a, b = prior
    mean, spread = a / (a + b), a * b / (a + b) ** 2 / (a + b + 1)
    if due < 1:
        # Less than a card tells nothing.
        return prior
    seen, noise = came / due, max(variance, 1.0) / due**2
    joined = 1 / (1 / spread + 1 / noise)
    mean = min(max(joined * (mean / spread + seen / noise), 0.02), 0.98)
    joined = min(joined, mean * (1 - mean) / 3)
    strength = mean * (1 - mean) / joined - 1
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
    mean = beta_mean(belief)
    variance = min(beta_spread(belief) ** 2 + spread**2, mean * (1 - mean) / 3)
    strength = mean * (1 - mean) / variance - 1
    return mean * strength, (1 - mean) * strength
