"""Forecasts tried on seeded nations: what they miss, and how often their intervals hold. Pure numpy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from blanko.engines.demand.forecast import Forecast, forecast
from blanko.engines.demand.history import CAUSES, RATE_CAUSES, TURNED_17, Floats, History, Ints
from blanko.engines.demand.learn import learn
from blanko.engines.demand.priors import nation
from blanko.engines.demand.scores import covered, last_year, pinball, seasonal_naive, spread_of_years, wape
from blanko.engines.demand.seeded import Seeded, seeded_nation

MONTHS, PATHS = 12, 240
USED = (TURNED_17, *RATE_CAUSES)
LEVELS = (0.8, 0.95)
AT = (0.025, 0.1, 0.5, 0.9, 0.975)
NORMAL = (-1.95996, -1.28155, 0.0, 1.28155, 1.95996)
GRAINS = ("regency-quarter", "province-quarter", "nation-quarter", "nation-year")
ALL = "all causes"
OTHERS = "each other cause"
# By size of the office: 17th birthdays in a quarter.
SIZES = {"under 500": (0.0, 500.0), "500 to 2,000": (500.0, 2000.0), "over 2,000": (2000.0, np.inf)}


@dataclass
class Tally:
    """What forecasts came to, by nation: misses and what happened by (grain, subject, method); how many lay inside by
    (grain, subject, level); pinball losses by (grain, method); ``surprises`` by how many of a path's standard
    deviations the nation's year of each cause lay off its forecast.
    """

    misses: dict[tuple[str, str, str], list[tuple[int, float, float]]] = field(default_factory=dict)
    inside: dict[tuple[str, str, float], list[tuple[int, float, int]]] = field(default_factory=dict)
    losses: dict[tuple[str, str], list[tuple[int, float]]] = field(default_factory=dict)
    surprises: list[tuple[int, Floats]] = field(default_factory=list)

    def add(self, other: Tally, *, first: int = 0) -> None:
        """Take in what another came to; its nations are numbered from ``first``."""
        for place, misses in other.misses.items():
            mine = self.misses.setdefault(place, [])
            mine += [(first + number, miss, happened) for number, miss, happened in misses]
        for where, inside in other.inside.items():
            counted = self.inside.setdefault(where, [])
            counted += [(first + number, share, many) for number, share, many in inside]
        for of, losses in other.losses.items():
            lost = self.losses.setdefault(of, [])
            lost += [(first + number, loss) for number, loss in losses]
        self.surprises += [(first + number, each) for number, each in other.surprises]

    def error(self, grain: str, subject: str, method: str) -> float:
        """WAPE over all nations and origins, in percent."""
        found = self.misses[grain, subject, method]
        return 100 * sum(miss for _, miss, _ in found) / sum(happened for *_, happened in found)

    def ahead(self, grain: str, subject: str, method: str) -> tuple[float, float]:
        """By how much ours misses less than a method, in points of WAPE, and that one's standard error over nations."""
        ours, theirs = (np.array(self.misses[grain, subject, each]) for each in ("ours", method))
        nations = np.unique(ours[:, 0])
        each = np.array([(theirs[:, 1] - ours[:, 1])[ours[:, 0] == one].sum() for one in nations])
        happened = np.array([ours[:, 2][ours[:, 0] == one].sum() for one in nations])
        points = each / happened.mean()
        spread = points.std(ddof=1) / np.sqrt(len(points)) if len(points) > 1 else float("nan")
        return 100 * float(points.mean()), 100 * float(spread)

    def coverage(self, grain: str, subject: str, level: float) -> tuple[float, int, float]:
        """(percent inside the interval, of how many, standard error over nations, whose places share their luck)."""
        found = np.array(self.inside[grain, subject, level])
        shares = [
            np.average(found[found[:, 0] == one, 1], weights=found[found[:, 0] == one, 2])
            for one in np.unique(found[:, 0])
        ]
        spread = np.std(shares, ddof=1) / np.sqrt(len(shares)) if len(shares) > 1 else float("nan")
        return 100 * float(np.average(found[:, 1], weights=found[:, 2])), int(found[:, 2].sum()), 100 * float(spread)

    def together(self) -> tuple[float, float]:
        """(mean correlation of what two causes of a nation's year were off by, its standard error over nations).

        Near 0: what the causes' forecasts are unsure of is not shared, beyond what paths already share.
        """
        numbers = np.array([number for number, _ in self.surprises])
        off = np.array([each for _, each in self.surprises])
        off = (off - off.mean(axis=0)) / np.maximum(off.std(axis=0), 1e-9)
        pairs = off.shape[1] * (off.shape[1] - 1)
        each = (off.sum(axis=1) ** 2 - (off**2).sum(axis=1)) / pairs
        nations = np.array([each[numbers == one].mean() for one in np.unique(numbers)])
        spread = nations.std(ddof=1) / np.sqrt(len(nations)) if len(nations) > 1 else float("nan")
        return float(nations.mean()), float(spread)

    def loss(self, grain: str, method: str) -> float:
        """Mean pinball loss, in percent of what happened."""
        return 100 * float(np.mean([loss for _, loss in self.losses[grain, method]]))


@dataclass(frozen=True, slots=True)
class Trial:
    """A forecast of a seeded nation from one month on, with what happened and what could have been known."""

    history: History
    made: Forecast
    happened: Floats
    oracle: Floats
    floor: Floats


def trial(kind: str, *, seed: int, areas: int, origin: int, seeded: Seeded | None = None) -> Trial:
    """Learn from ``origin`` months of a seeded nation and forecast the year after."""
    seeded = seeded or seeded_nation(kind, seed=seed, areas=areas)
    known = seeded_nation(kind, seed=seed, areas=areas, until=origin)
    history, ahead = seeded.history.before(origin), slice(origin, origin + MONTHS)
    return Trial(
        history, forecast(learn(history, priors=nation()), history, months=MONTHS),
        seeded.demand[:, :, ahead].astype(np.float64), known.true_mean[:, :, ahead], seeded.true_mean[:, :, ahead],
    )  # fmt: skip


def spans(values: npt.NDArray[Any], grain: str) -> Floats:
    """Sums of months over the spans of a grain [..., month]."""
    length = 12 if grain.endswith("year") else 3
    return np.asarray(values.reshape(*values.shape[:-1], -1, length).sum(axis=-1), dtype=np.float64)


def places(values: npt.NDArray[Any], grain: str, firsts: Ints) -> Floats:
    """Sums over areas [..., area, month] to the places of a grain; ``firsts`` the first area of each province."""
    if grain.startswith("regency"):
        return np.asarray(values)
    if grain.startswith("nation"):
        return np.asarray(values.sum(axis=-2, keepdims=True))
    return np.asarray(np.add.reduceat(values, firsts, axis=-2))


def first_areas(areas: tuple[str, ...]) -> Ints:
    """The place of the first area of each province."""
    codes = [code[:2] for code in areas]
    return np.array([place for place, code in enumerate(codes) if place == 0 or codes[place - 1] != code])


def told_the_nation(tried: Trial) -> Floats:
    """Our forecast by somebody who is told the nation's true sum of each quarter and cause: what is left to miss is how
    areas lie to each other.
    """
    said, true = (
        values.sum(axis=1).reshape(len(CAUSES), -1, 3).sum(axis=2) for values in (tried.made.mean, tried.happened)
    )
    ratio = np.divide(true, said, out=np.ones_like(said), where=said > 0)
    return np.asarray(tried.made.mean * np.repeat(ratio, 3, axis=1)[:, None, :])


def score(tried: Trial, *, nation_number: int, grains: Iterable[str], seed: int) -> Tally:
    """Errors of every method, coverage, and pinball loss of ours and of seasonal-naive, for one trial."""
    tally = Tally()
    seen = tried.history.applications.astype(np.float64)
    firsts = first_areas(tried.history.areas)
    means = {
        "ours": tried.made.mean, "seasonal-naive": seasonal_naive(seen, MONTHS), "last-year": last_year(seen, MONTHS),
        "oracle": tried.oracle, "floor": tried.floor,
    }  # fmt: skip
    paths = tried.made.paths(paths=PATHS, seed=seed)
    means["told"] = told_the_nation(tried)
    subjects = {ALL: list(USED), **{CAUSES[cause]: [cause] for cause in USED}}
    for grain in grains:
        drawn_of = spans(places(paths, grain, firsts), grain)
        for subject, causes in subjects.items():
            happened = spans(places(tried.happened[causes].sum(axis=0), grain, firsts), grain)
            total = float(happened.sum())
            for method, mean in means.items():
                said = spans(places(mean[causes].sum(axis=0), grain, firsts), grain)
                miss = wape(happened, said) * total
                tally.misses.setdefault((grain, subject, method), []).append((nation_number, miss, total))
            drawn = drawn_of[:, causes].sum(axis=1)
            quantiles = np.quantile(drawn, AT, axis=0, method="weibull")
            which = subject if subject in (ALL, "turned_17") else OTHERS
            for level, low, high in ((0.95, 0, 4), (0.8, 1, 3)):
                share = covered(happened, quantiles[low], quantiles[high])
                tally.inside.setdefault((grain, which, level), []).append((nation_number, share, happened.size))
            if subject == ALL:
                before = places(seen[causes].sum(axis=0), grain, firsts)
                said = spans(places(means["seasonal-naive"][causes].sum(axis=0), grain, firsts), grain)
                years = spread_of_years(before)[:, None] * (2.0 if grain == "nation-year" else 1.0)
                plain = np.stack([said + years * z for z in NORMAL])
                for method, each in (("ours", quantiles), ("seasonal-naive", plain)):
                    loss = pinball(happened, each, AT)
                    tally.losses.setdefault((grain, method), []).append((nation_number, loss))
    return tally


def judge(tried: Trial, *, nation_number: int, paths: int, seed: int) -> Tally:
    """Of one trial only what its intervals of the nation are worth: inside or not, and how far each cause was off."""
    tally = Tally()
    drawn = tried.made.paths(paths=paths, seed=seed)[:, list(USED)].sum(axis=2, dtype=np.float64)
    came = tried.happened[list(USED)].sum(axis=1)
    for grain in ("nation-quarter", "nation-year"):
        said, happened = (spans(values, grain) for values in (drawn.sum(axis=1), came.sum(axis=0)))
        for level in LEVELS:
            low, high = np.quantile(said, ((1 - level) / 2, (1 + level) / 2), axis=0, method="weibull")
            share = covered(happened, low, high)
            tally.inside[grain, ALL, level] = [(nation_number, share, happened.size)]
    year, true = np.log(np.maximum(drawn.sum(axis=2), 0.5)), np.log(np.maximum(came.sum(axis=1), 0.5))
    tally.surprises.append((nation_number, (true - year.mean(axis=0)) / np.maximum(year.std(axis=0), 1e-9)))
    return tally


def by_size(tried: Trial) -> dict[str, tuple[float, float, float]]:
    """(misses of ours, of the floor, what happened) of 17th birthdays per regency-quarter, by size of the office."""
    happened, ours, floor = (
        spans(values[TURNED_17], "quarter") for values in (tried.happened, tried.made.mean, tried.floor)
    )
    found = {}
    for name, (low, high) in SIZES.items():
        inside = (floor >= low) & (floor < high)
        found[name] = (
            float(np.abs(happened - ours)[inside].sum()), float(np.abs(happened - floor)[inside].sum()),
            float(happened[inside].sum()),
        )  # fmt: skip
    return found
