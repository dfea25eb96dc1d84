"""Random numbers that depend on the seed and on the name of what is drawn, and on nothing else."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def stream(seed: int, subject: str, part: int = 0) -> np.random.Generator:
    """A generator of its own for each subject and part.

    A new column then leaves every other column's numbers as they were.
    """
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, zlib.crc32(subject.encode()), part])))


def ranked(count: int, *, exponent: float = 1.05, shift: float = 2.7) -> Floats:
    """Cumulative shares of ``count`` ranks under Zipf's law in Mandelbrot's form, 1 / (rank + shift) ** exponent.

    The shift keeps the first rank from taking a fifth of a nation (Mandelbrot 1953).
    """
    weights = 1.0 / (np.arange(1, count + 1) + shift) ** exponent
    return np.asarray(np.cumsum(weights) / weights.sum(), dtype=np.float64)


def choose(rng: np.random.Generator, cumulative: Floats, size: int) -> Ints:
    """``size`` indexes drawn with the given cumulative shares."""
    found = np.searchsorted(cumulative, rng.random(size), side="right")
    return np.minimum(found, len(cumulative) - 1).astype(np.int64)


def choose_share(rng: np.random.Generator, shares: tuple[float, ...], size: int) -> Ints:
    """``size`` indexes drawn with the given shares, which need not sum to one."""
    weights = np.asarray(shares, dtype=np.float64)
    return choose(rng, np.cumsum(weights) / weights.sum(), size)


def number_within(groups: Ints) -> Ints:
    """0, 1, 2, ... within each equal value of ``groups``, in the order of the rows."""
    order = np.argsort(groups, kind="stable")
    in_order = groups[order]
    first = np.ones(len(groups), dtype=bool)
    first[1:] = in_order[1:] != in_order[:-1]
    starts = np.maximum.accumulate(np.where(first, np.arange(len(groups)), 0))
    numbers = np.empty(len(groups), dtype=np.int64)
    numbers[order] = np.arange(len(groups)) - starts
    return numbers


def days(rng: np.random.Generator, mean: float, size: int) -> Ints:
    """Waiting times in whole days, exponential with this mean."""
    return np.asarray(rng.exponential(mean, size), dtype=np.int64)


def day_after(rng: np.random.Generator, start: Ints, mean: float, end: Ints | int) -> Ints:
    """A day after ``start``, ``mean`` days later on average, never past ``end`` and not heaped on it."""
    waited = 1 + days(rng, mean, len(start))
    room = np.maximum(end - start, 0)
    return np.asarray(start + np.where(waited > room, (rng.random(len(start)) * (room + 1)).astype(np.int64), waited))


def share_out(total: int, weights: Floats) -> Ints:
    """``total`` in whole numbers over ``weights``: largest remainder, ties to the earlier row."""
    quotas = total * weights / weights.sum()
    shares = np.floor(quotas).astype(np.int64)
    rest = total - int(shares.sum())
    shares[np.argsort(-(quotas - shares), kind="stable")[:rest]] += 1
    return shares
