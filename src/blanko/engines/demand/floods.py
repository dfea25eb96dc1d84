"""Events such as floods: a province leaves its course for some months. How often, how long, how far; and when next.

Nobody foresees one. What can be said is how often they came: in a path they come as often, each to one province, with
the size of those that were seen, and to all causes that such events move at once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from blanko.engines.demand import draws
from blanko.engines.demand.history import Bools, Floats, Ints

# Two events differ in size by this much (the standard deviation of the logarithm; an estimate).
SIZE_SPREAD = 0.5
# A province's month is struck when it lies so far off the usual, as a share.
OFF_MIN = 0.2
# Of all random streams of a forecast, the one that events of all causes share; causes have those from 0 up.
STREAM = 1_001


class Events(NamedTuple):
    """What events ``added`` on average, as a share of the usual, and how much that share ``varies`` for a month of the
    nation; how many ``starts`` were seen, the ``rate`` of starts a province and month, the mean ``length`` in months,
    and the mean ``size``: by which share of the usual a struck province leaves it.
    """

    added: float = 0.0
    varies: float = 0.0
    starts: int = 0
    rate: float = 0.0
    length: int = 0
    size: float = 0.0


def learn_events(counts: Floats, usual: Floats, marked: Bools, usable: Bools, provinces: Ints) -> Events:
    """From months ``marked`` as events [area, month], beside what was ``usual``; ``usable`` months could be seen.

    All that events brought to a province counts as one in ``varies``, so that the variance is rather too large.
    """
    whole = float((usual * usable).sum())
    if not marked.any() or whole <= 0:
        return Events()
    sums = np.zeros((2, int(provinces.max()) + 1, counts.shape[1]))
    for place, values in enumerate((counts - usual, usual)):
        np.add.at(sums[place], provinces, values * marked)
    brought, before = sums
    # A flood bends the nation's level too; beside it other provinces look low until the course is known.
    struck = np.abs(brought) > OFF_MIN * before
    if not struck.any():
        return Events()
    starts = int(struck[:, 0].sum() + (struck[:, 1:] & ~struck[:, :-1]).sum())
    size = max(float(brought[struck].sum() / before[struck].sum()), -1.0)
    length = max(1, round(float(struck.sum()) / starts))
    rate = starts / struck.size
    varies = float((brought.sum(axis=1) ** 2).sum() / whole**2 * counts.shape[1])
    return Events(rate * length * size, varies, starts, rate, length, size)


def strikes(
    events: tuple[Events, ...], cause: int, *, paths: int, provinces: int, months: int, seed: int
) -> draws.Singles:
    """[path, province, month] the factor by which events move a cause, of mean 1 + ``added``.

    When and where they come is one draw for all causes: a cause that they strike half as often is spared half of them.
    How often they come is known only as well as the few that were seen tell it.
    """
    factor = np.ones((paths, provinces, months), np.float32)
    own, most = events[cause], max(events, key=lambda each: each.rate)
    if not own.starts:
        return factor
    generator = draws.stream(seed, STREAM)
    longest = max(each.length for each in events)
    often = generator.gamma(most.starts, 1 / most.starts, paths) * most.rate * provinces * (months + longest - 1)
    path = np.repeat(np.arange(paths), generator.poisson(often))
    place = generator.integers(0, provinces, len(path))
    first = generator.integers(1 - longest, months, len(path))
    size = own.size * np.exp(SIZE_SPREAD * generator.standard_normal(len(path)) - SIZE_SPREAD**2 / 2)
    hits = generator.random(len(path)) < own.rate / most.rate
    for later in range(own.length):
        # Ends together with the longest, so that what begins before the first month reaches into it as often as any.
        month = first + longest - own.length + later
        inside = hits & (month >= 0) & (month < months)
        np.add.at(factor, (path[inside], place[inside], month[inside]), size[inside].astype(np.float32))
    return np.asarray(np.maximum(factor, 0))
