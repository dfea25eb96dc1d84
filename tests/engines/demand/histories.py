"""Small histories for the tests of the engine."""

from __future__ import annotations

from datetime import date

import numpy as np

from blanko.engines.demand.history import CAUSES, History

START = date(2014, 1, 1)
LOSS = CAUSES.index("loss")


def history(*, areas=12, months=36, ahead=24, rate=0.002, base=100_000.0, births=200.0, seed=1, counts=None, **more):
    """Areas of two provinces, as many loss applications as ``rate`` says, 90 % of the 17-year-olds in their month."""
    rng = np.random.default_rng(seed)
    codes = tuple(f"{11 + place % 2}{place // 2 + 1:02d}" for place in range(areas))
    base = np.broadcast_to(np.asarray(base, float), (areas,)).copy()
    rates = np.broadcast_to(np.asarray(rate, float), (areas,))
    birthdays = np.full((areas, months + ahead), births)
    applications = np.zeros((len(CAUSES), areas, months), np.int64)
    applications[0] = rng.poisson(0.9 * birthdays[:, :months])
    applications[LOSS] = rng.poisson((base * rates)[:, None], (areas, months))
    order = np.argsort(codes)
    given = {
        "applications": applications[:, order] if counts is None else counts,
        "base": base[order],
        "birthdays": birthdays,
        "censored": np.zeros((areas, months), bool),
        **more,
    }
    return History(areas=tuple(sorted(codes)), first_month=START, **given)
