"""Self-made nations whose demand is known, to measure forecasts by. Pure numpy.

They are made by other forms than those that are learned: birthdays before the history, a delay of two speeds, seasons
of each area's own, drifting provinces, months that a whole nation shares, shocks. What they cannot show stands in
docs/demand.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from blanko.engines.demand.errors import InvalidHistory
from blanko.engines.demand.history import CAUSES, RATE_CAUSES, TURNED_17, Bools, Floats, History, Ints
from blanko.engines.demand.priors import OBLIGED_2017, nation

KINDS = ("stable", "growing", "shocked", "censored")
FIRST_MONTH = date(2012, 1, 1)
REGENCIES = 514
BORN_A_YEAR = 4_690_000
BEFORE = 16
# The mean of Beta(6, 9), by which the share that returns is drawn.
SHARE_MEAN = 0.4


@dataclass(frozen=True, slots=True)
class Seeded:
    """``history`` as it was seen, all months; ``demand`` what was really asked for (were blanks there, from the end of
    the stock-outs on); ``true_mean`` its expectation, which no forecast can beat for good. Made with ``until``, it is
    the expectation of somebody who knew every rate of the months before, but not how it moves on, nor (while nothing
    has come back yet) which share of what is held back will come: no forecast of that day can beat it for good.
    """

    kind: str
    history: History
    demand: Ints
    true_mean: Floats


def seeded_nation(
    kind: str, *, seed: int, areas: int = REGENCIES, months: int = 60, stockout: int = 30, until: int | None = None
) -> Seeded:
    """A nation of so many regencies. ``stockout`` is the first month of the long stock-out of a censored one. Its
    counts are the same whatever ``until`` is: that changes ``true_mean``, see ``Seeded``.
    """
    if kind not in KINDS:
        raise InvalidHistory("{kind} is no kind of nation", mend="stable, growing, shocked or censored", kind=kind)
    rng = np.random.default_rng(np.random.SeedSequence([seed, KINDS.index(kind)]))
    codes, province = _codes(rng, areas)
    base = rng.lognormal(0, 0.85, areas)
    base = np.round(base / base.sum() * OBLIGED_2017 * areas / REGENCIES)
    birthdays = _birthdays(rng, base, province, months + 36, growth=0.02 if kind == "growing" else 0.0)
    mean, known = np.zeros((2, len(CAUSES), areas, months))
    mean[TURNED_17], known[TURNED_17] = _turned_17(rng, birthdays, months, until)
    for cause in RATE_CAUSES:
        rate = nation().rates[CAUSES[cause]].mean * rng.lognormal(0, 0.4)
        for each, values in zip(
            (mean, known),
            _course(rng, province, months, growth=0.08 if kind == "growing" else 0.0, until=until),
            strict=True,
        ):
            each[cause] = rate * base[:, None] * values
    if kind == "shocked":
        _shock(rng, mean, known, province, months, until)
    scatter = np.where(np.arange(len(CAUSES)) == TURNED_17, 0.0003, 0.01)[:, None, None]
    demand = rng.poisson(mean * rng.gamma(1 / scatter, scatter, mean.shape))
    seen, censored = demand, np.zeros((areas, months), bool)
    if kind == "censored":
        censored = _stockouts(rng, areas, months, stockout)
        seen, demand, mean, known = _hold_back(rng, demand, mean, known, censored, until)
    history = History(
        areas=codes,
        first_month=FIRST_MONTH,
        applications=seen.astype(np.int64),
        base=base,
        birthdays=birthdays[:, BEFORE:].astype(np.float64),
        censored=censored,
    )
    return Seeded(kind, history, demand.astype(np.int64), mean if until is None else known)


def _codes(rng: np.random.Generator, areas: int) -> tuple[tuple[str, ...], Ints]:
    """Regencies in 34 provinces (fewer in a small nation) of 3 to about 40."""
    provinces = max(2, round(34 * areas / REGENCIES))
    share = rng.dirichlet(np.full(provinces, 3.0))
    member = np.sort(np.concatenate([np.arange(provinces), rng.choice(provinces, areas - provinces, p=share)]))
    place = np.concatenate([np.arange(count) for count in np.bincount(member)])
    codes = tuple(f"{11 + group}{spot + 1:02d}" for group, spot in zip(member, place, strict=True))
    return codes, member.astype(np.int64)


def _walk(rng: np.random.Generator, rows: int, months: int, step: float) -> Floats:
    walked: Floats = np.cumsum(rng.normal(0, step, (rows, months)), axis=1)
    return walked - walked.mean(axis=1, keepdims=True)


def _stands(walked: Floats, until: int | None) -> Floats:
    """A walk [..., month] as it is expected by whoever saw the months before ``until``: it stays where it was."""
    if until is None:
        return walked
    return np.concatenate(
        [walked[..., :until], np.repeat(walked[..., until - 1 : until], walked.shape[-1] - until, -1)], -1
    )


def _unseen(noise: Floats, until: int | None) -> Floats:
    """The noise of months [month], nothing of it known from ``until`` on."""
    return noise if until is None else np.where(np.arange(len(noise)) < until, noise, 0.0)


def _birthdays(rng: np.random.Generator, base: Floats, province: Ints, months: int, *, growth: float) -> Ints:
    """Persons who turn 17 in each month, ``BEFORE`` months before the history too; invented birth dates swell some."""
    span = months + BEFORE
    calendar = (np.arange(span) - BEFORE) % 12
    season = 1 + 0.05 * np.sin(2 * np.pi * (calendar - 7) / 12)
    season = season + 0.25 * (calendar == 0) + 0.12 * (calendar == 6)
    level = BORN_A_YEAR / 12 / OBLIGED_2017 * (1 + growth / 12) ** (np.arange(span) - BEFORE)
    own = rng.lognormal(0, 0.12, len(base))[:, None] * np.exp(_walk(rng, len(base), span, 0.004))
    noise = rng.gamma(900, 1 / 900, own.shape)
    return np.asarray(rng.poisson(base[:, None] * level * season / season.mean() * own * noise), np.int64)


def _turned_17(rng: np.random.Generator, birthdays: Ints, months: int, until: int | None) -> tuple[Floats, Floats]:
    """Half come soon, half slowly; a few more while schools are closed; 88 % ever come. (true, known)"""
    lag = np.arange(BEFORE)
    delay = 0.55 * np.exp(-lag / 1.2) / np.exp(-lag / 1.2).sum() + 0.45 * np.exp(-lag / 5) / np.exp(-lag / 5).sum()
    come: Floats = np.zeros((len(birthdays), months))
    for back, share in zip(lag, delay, strict=True):
        come += share * birthdays[:, BEFORE - back : BEFORE - back + months]
    calendar = np.arange(months) % 12
    term = 1 + 0.06 * np.isin(calendar, (0, 5, 6)) - 0.03 * np.isin(calendar, (3, 4, 10))
    take_up = 0.88 * rng.lognormal(0, 0.05, len(birthdays))[:, None]
    together, noise = _walk(rng, 1, months, 0.001), rng.normal(0, 0.003, months)
    own = _walk(rng, len(birthdays), months, 0.001)
    usual = come * take_up * term / term.mean()
    return usual * np.exp(together + noise + own), usual * np.exp(
        _stands(together + own, until) + _unseen(noise, until)
    )


def _course(
    rng: np.random.Generator, province: Ints, months: int, *, growth: float, until: int | None
) -> tuple[Floats, Floats]:
    """[area, month] of one cause round 1: level, season, drift of nation, provinces, areas. (true, known)"""
    areas, calendar = len(province), np.arange(months) % 12
    pattern = rng.normal(0, rng.uniform(0.03, 0.15), 12)
    own_pattern = rng.normal(0, 0.02, (areas, 12))
    logs: Floats = (pattern - pattern.mean())[calendar] + (own_pattern - own_pattern.mean(axis=1, keepdims=True))[
        :, calendar
    ]
    logs = logs + rng.normal(0, 0.2, province.max() + 1)[province][:, None] + rng.normal(0, 0.3, areas)[:, None]
    walked, noise = _walk(rng, 1, months, 0.005), rng.normal(0, 0.01, months)
    walked = walked + _walk(rng, areas, months, 0.006)
    walked = walked + _walk(rng, int(province.max()) + 1, months, 0.003)[province]
    if growth:
        yearly = rng.normal(growth, 0.02) + rng.normal(0, 0.01, areas)
        logs = logs + yearly[:, None] / 12 * np.arange(months)
    return np.exp(logs + walked + noise), np.exp(logs + _stands(walked, until) + _unseen(noise, until))


def _shock(
    rng: np.random.Generator, mean: Floats, known: Floats, province: Ints, months: int, until: int | None
) -> None:
    """A rule that makes more people change an element, fewer moves, floods in two provinces, a year of elections."""
    place = {cause: number for number, cause in enumerate(CAUSES)}
    for each in (mean, known):
        each[place["change_of_element"], :, months // 3 :] *= 1.35
        each[place["move"], :, months // 4 :] *= 0.8
        each[place["first_card"], :, 20:24] *= 1.6
        each[place["first_card"], :, 24:27] *= 0.8
    for when in rng.integers(6, months - 6, 3):
        flooded = province == rng.integers(0, province.max() + 1)
        for cause in ("loss", "damage"):
            mean[place[cause], flooded, when : when + 3] *= 2.5
            # Nobody knows of a flood that has not begun; one that has is known to the end.
            if until is None or when < until:
                known[place[cause], flooded, when : when + 3] *= 2.5


def _stockouts(rng: np.random.Generator, areas: int, months: int, first: int) -> Bools:
    """Six months without blanks in most regencies (as from October 2016), and short ones here and there before."""
    month = np.arange(months)
    begins = first + rng.integers(0, 2, areas)
    long = (rng.random(areas) < 0.85)[:, None] & (month >= begins[:, None]) & (month < first + 6)
    early = rng.integers(6, first - 12, areas)[:, None]
    length = rng.integers(1, 4, areas)[:, None]
    short = (rng.random(areas) < 0.3)[:, None] & (month >= early) & (month < early + length)
    return np.asarray(long | short)


def _hold_back(
    rng: np.random.Generator, demand: Ints, mean: Floats, known: Floats, censored: Bools, until: int | None
) -> tuple[Ints, Ints, Floats, Floats]:
    """(seen, demand with what came back, its mean, what of it is known). Of what was held back about 0.4 comes."""
    causes, areas, months = demand.shape
    visible = rng.uniform(0.2, 0.7, (1, areas, 1))
    seen = np.where(censored, rng.binomial(demand, visible), demand)
    held = demand - seen
    share = rng.beta(6, 9, (causes, 1)) * rng.lognormal(0, 0.1, (1, areas))
    demand, mean, known = demand.copy(), mean.copy(), known.copy()
    waiting = np.zeros((causes, areas))
    # While the long stock-out's wave has not begun, its share is known as a distribution: 0.4 on average.
    unknown = until is not None and bool(censored[:, until - 1].any())
    guess = np.ones((causes, 1)) if not unknown else SHARE_MEAN / share
    for step in range(months):
        without = censored[:, step]
        waiting += np.where(without, held[:, :, step] * np.minimum(share, 1), 0.0)
        come = np.where(without, 0.0, waiting * 0.3)
        waiting -= come
        back = rng.poisson(come)
        demand[:, :, step] += back
        seen[:, :, step] += back
        mean[:, :, step] += come
        known[:, :, step] += come * (guess if until is not None and step >= until else 1.0)
    return seen, demand, mean, known
