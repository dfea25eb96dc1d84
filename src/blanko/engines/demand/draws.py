"""Random factors and counts of a forecast's paths, in single precision and fast. Pure numpy.

A path needs some hundred thousand counts. Where a count is large, its distribution is drawn from one normal number by
a formula whose error lies far below what 2,000 paths can show; small counts are drawn exactly.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from blanko.engines.demand.history import Floats

Singles = npt.NDArray[np.float32]
# From here on a Poisson count is drawn as a normal number bent to the Poisson's skewness: no probability is off by more
# than 0.0015.
LARGE = 10.0
# From here on a Gamma factor is drawn as the cube of a normal number.
CUBED = 20.0
STREAM = 0x444D44
# So many numbers at a time stay in the processor's cache.
BLOCK = 100_000


def stream(seed: int, number: int) -> np.random.Generator:
    """The random numbers of one cause, or of what all causes share: no stream moves another."""
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence([seed, STREAM, number])))


def normals(generator: np.random.Generator, *shape: int) -> Singles:
    """Standard normal numbers."""
    return generator.standard_normal(shape, dtype=np.float32)


def together(generator: np.random.Generator, paths: int, covariance: Floats) -> Singles:
    """[path, month] lognormal factors of mean 1 whose logarithms have this covariance."""
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0))
    logs = normals(generator, paths, len(covariance)) @ root.T.astype(np.float32)
    return np.asarray(np.exp(logs - (np.diag(covariance) / 2).astype(np.float32)))


def apart(generator: np.random.Generator, paths: int, cv: Floats) -> Singles:
    """[path, area] lognormal factors of mean 1, each area's own."""
    spread = np.sqrt(np.log1p(cv * cv)).astype(np.float32)
    return np.asarray(np.exp(normals(generator, paths, len(cv)) * spread - spread * spread / 2))


def scatter(generator: np.random.Generator, level: Singles, dispersion: float) -> Singles:
    """``level`` times a Gamma factor of mean 1 and this variance, one for each number.

    Source of the cube: Wilson and Hilferty (1931), The Distribution of Chi-Square.
    """
    if dispersion <= 1e-9:
        return level
    shape = 1 / dispersion
    if shape < CUBED:
        return np.asarray(level * (generator.standard_gamma(shape, level.shape, dtype=np.float32) / np.float32(shape)))
    factor = normals(generator, *level.shape)
    factor *= np.float32(1 / (3 * np.sqrt(shape)))
    factor += np.float32(1 - 1 / (9 * shape))
    np.maximum(factor, 0, out=factor)
    level = level * factor
    level *= factor
    level *= factor
    return level


def counts(generator: np.random.Generator, level: Singles) -> npt.NDArray[np.int32]:
    """Poisson counts with these means.

    Source of the bend: Cornish and Fisher (1938), Moments and Cumulants in the Specification of Distributions.
    """
    bend = normals(generator, *level.shape)
    drawn = np.sqrt(level)
    drawn *= bend
    drawn += level
    bend *= bend
    bend -= 1
    bend /= 6
    drawn += bend
    np.rint(drawn, out=drawn)
    small = level < LARGE
    found = np.maximum(drawn, 0).astype(np.int32)
    if small.any():
        found[small] = generator.poisson(level[small])
    return found
