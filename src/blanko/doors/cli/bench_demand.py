"""``./blanko bench demand``: forecasts of self-made nations beside plain ones, Nixtla's beside them where installed."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from blanko.engines.demand.forecast import Forecast, forecast
from blanko.engines.demand.history import CAUSES, RATE_CAUSES, TURNED_17, Floats, History
from blanko.engines.demand.learn import learn
from blanko.engines.demand.priors import nation
from blanko.engines.demand.scores import (
    covered,
    last_year,
    pinball,
    seasonal_naive,
    spread_of_years,
    wape,
)
from blanko.engines.demand.seeded import KINDS, seeded_nation

SEED, MONTHS, PATHS = 2017, 12, 240
ORIGINS = (36, 42, 48)
SMALL_NATIONS, SMALL_AREAS = 10, 100
USED = (TURNED_17, *RATE_CAUSES)
LEVELS = (0.8, 0.95)
AT = (0.025, 0.1, 0.5, 0.9, 0.975)
NORMAL = (-1.95996, -1.28155, 0.0, 1.28155, 1.95996)
GRAINS = ("regency-quarter", "province-quarter", "nation-year")
METHODS = ("ours", "seasonal-naive", "last-year", "floor")


@dataclass
class Tally:
    """What the forecasts of one kind of nation came to: (misses, happened) by grain, subject and method."""

    wape: dict[tuple[str, str, str], list[tuple[float, float]]] = field(default_factory=dict)
    inside: dict[tuple[str, str, float], list[tuple[float, int]]] = field(default_factory=dict)
    pinball: dict[tuple[str, str], list[float]] = field(default_factory=dict)

    def error(self, grain: str, subject: str, method: str) -> float:
        """WAPE over all nations and origins, in percent."""
        pairs = self.wape[grain, subject, method]
        return 100 * sum(miss for miss, _ in pairs) / sum(happened for _, happened in pairs)

    def coverage(self, grain: str, subject: str, level: float) -> tuple[float, int]:
        """(percent inside the interval, of how many)."""
        pairs = self.inside[grain, subject, level]
        count = sum(many for _, many in pairs)
        return 100 * sum(share * many for share, many in pairs) / count, count

    def loss(self, grain: str, method: str) -> float:
        """Mean pinball loss, in percent of what happened."""
        return 100 * float(np.mean(self.pinball[grain, method]))


def _spans(values: Floats, grain: str) -> Floats:
    length = 12 if grain.endswith("year") else 3
    return values.reshape(*values.shape[:-1], -1, length).sum(axis=-1)


def _places(values: Floats, grain: str, provinces: Floats) -> Floats:
    """Sums over areas [..., area, month] to the places of a grain."""
    if grain.startswith("regency"):
        return values
    if grain.startswith("nation"):
        return values.sum(axis=-2, keepdims=True)
    return np.asarray(np.add.reduceat(values, provinces, axis=-2))


def _firsts(areas: tuple[str, ...]) -> Any:
    codes = [code[:2] for code in areas]
    return np.array([place for place, code in enumerate(codes) if place == 0 or codes[place - 1] != code])


def _score(
    tally: Tally, history: History, made: Forecast, actual: Floats, true_mean: Floats, grains: tuple[str, ...] = GRAINS
) -> None:
    """One origin: errors of every method, coverage and pinball loss of ours and of seasonal-naive."""
    seen = history.applications.astype(np.float64)
    provinces = _firsts(history.areas)
    means = {
        "ours": made.mean, "seasonal-naive": seasonal_naive(seen, MONTHS), "last-year": last_year(seen, MONTHS),
        "floor": true_mean,
    }  # fmt: skip
    paths = made.paths(paths=PATHS, seed=SEED).astype(np.float32)
    subjects = {"all causes": list(USED), **{CAUSES[cause]: [cause] for cause in USED}}
    for grain in grains:
        for subject, causes in subjects.items():
            happened = _spans(_places(actual[causes].sum(axis=0), grain, provinces), grain)
            for method, mean in means.items():
                said = _spans(_places(mean[causes].sum(axis=0), grain, provinces), grain)
                pair = (wape(happened, said) * float(happened.sum()), float(happened.sum()))
                tally.wape.setdefault((grain, subject, method), []).append(pair)
            drawn = _spans(_places(paths[:, causes].sum(axis=1), grain, provinces), grain)
            quantiles = np.quantile(drawn, AT, axis=0, method="weibull")
            for level, low, high in ((0.95, 0, 4), (0.8, 1, 3)):
                share = (covered(happened, quantiles[low], quantiles[high]), happened.size)
                which = subject if subject in ("all causes", "turned_17") else "each other cause"
                tally.inside.setdefault((grain, which, level), []).append(share)
            if subject == "all causes":
                tally.pinball.setdefault((grain, "ours"), []).append(pinball(happened, quantiles, AT))
                before = _places(seen[causes].sum(axis=0), grain, provinces)
                said = _spans(_places(means["seasonal-naive"][causes].sum(axis=0), grain, provinces), grain)
                years = spread_of_years(before)[:, None] * (2.0 if grain == "nation-year" else 1.0)
                plain = np.stack([said + years * z for z in NORMAL])
                tally.pinball.setdefault((grain, "seasonal-naive"), []).append(pinball(happened, plain, AT))


def _sizes(made: list[tuple[History, Forecast, Floats, Floats]]) -> str:
    """Errors of 17th birthdays per regency-quarter by size of the office, with the best that could be had."""
    said = []
    for name, low, high in (("under 500", 0, 500), ("500 to 2,000", 500, 2000), ("over 2,000", 2000, np.inf)):
        ours = floor = happened = 0.0
        for _, each, actual, true_mean in made:
            quarters, mean, true = (_spans(values[TURNED_17], "quarter") for values in (actual, each.mean, true_mean))
            inside = (true >= low) & (true < high)
            happened += float(quarters[inside].sum())
            ours += float(np.abs(quarters - mean)[inside].sum())
            floor += float(np.abs(quarters - true)[inside].sum())
        if happened:
            said.append(f"{name} a quarter {100 * ours / happened:.2f} (floor {100 * floor / happened:.2f})")
    return "; ".join(said)


def _row(job: str, value: float, unit: str, target: str | None = None, met: bool | None = None, peer: str = "") -> Any:
    return {"job": job, "value": round(value, 2), "unit": unit, "target": target, "met": met, "peer": peer or None}


def _run_kind(kind: str) -> tuple[Tally, Tally, list[tuple[History, Forecast, Floats, Floats]]]:
    """(the large nation, the small ones, each forecast of the large one)."""
    tally, made = Tally(), []
    seeded = seeded_nation(kind, seed=SEED)
    for origin in ORIGINS:
        history = seeded.history.before(origin)
        each = forecast(learn(history, priors=nation()), history, months=MONTHS)
        ahead = slice(origin, origin + MONTHS)
        actual, true_mean = seeded.demand[:, :, ahead].astype(np.float64), seeded.true_mean[:, :, ahead]
        _score(tally, history, each, actual, true_mean, GRAINS[:2])
        made.append((history, each, actual, true_mean))
    return tally, _small(kind), made


def _small(kind: str) -> Tally:
    """Many small nations, since the nation's own coverage cannot be told from a few."""
    tally = Tally()
    for seed in range(SMALL_NATIONS):
        seeded = seeded_nation(kind, seed=SEED + 1 + seed, areas=SMALL_AREAS)
        for origin in (36, 48):
            history = seeded.history.before(origin)
            each = forecast(learn(history, priors=nation()), history, months=MONTHS)
            ahead = slice(origin, origin + MONTHS)
            actual = seeded.demand[:, :, ahead].astype(np.float64)
            _score(tally, history, each, actual, seeded.true_mean[:, :, ahead], GRAINS[2:])
    return tally


def _rows_of(kind: str, tally: Tally, made: list[Any]) -> list[Any]:
    def beside(grain: str, subject: str) -> str:
        return ", ".join(f"{method} {tally.error(grain, subject, method):.2f}" for method in METHODS[1:])

    rows = []
    error = tally.error("regency-quarter", "turned_17", "ours")
    peer = f"{beside('regency-quarter', 'turned_17')}; {_sizes(made)}"
    rows.append(_row(f"{kind}: 17th birthdays, regency-quarter, WAPE", error, "%", "<= 2 %", error <= 2, peer))
    for grain in GRAINS[:2]:
        error = tally.error(grain, "all causes", "ours")
        aim, met = ("<= 10 %", error <= 10) if grain == "province-quarter" else (None, None)
        rows.append(_row(f"{kind}: all causes, {grain}, WAPE", error, "%", aim, met, beside(grain, "all causes")))
    by_cause = {CAUSES[cause]: tally.error("province-quarter", CAUSES[cause], "ours") for cause in USED}
    worst = max(by_cause, key=lambda cause: by_cause[cause])
    said = ", ".join(
        f"{cause} {value:.1f} (seasonal-naive {tally.error('province-quarter', cause, 'seasonal-naive'):.1f})"
        for cause, value in by_cause.items()
    )
    rows.append(_row(f"{kind}: worst cause ({worst}), province-quarter, WAPE", by_cause[worst], "%", peer=said))
    for grain in GRAINS[:2]:
        for level in LEVELS:
            value, count = tally.coverage(grain, "all causes", level)
            each, many = tally.coverage(grain, "each other cause", level)
            born, _ = tally.coverage(grain, "turned_17", level)
            rows.append(
                _row(
                    f"{kind}: inside the {level:.0%} interval, all causes, {grain}", value, f"% of {count:,}",
                    f"{100 * level:.0f} +- 3", abs(value - 100 * level) <= 3,
                    f"turned_17 {born:.1f}; each other cause {each:.1f} of {many:,}",
                )
            )  # fmt: skip
    for grain in GRAINS[:2]:
        ours, plain = tally.loss(grain, "ours"), tally.loss(grain, "seasonal-naive")
        rows.append(
            _row(f"{kind}: pinball loss, all causes, {grain}", ours, "%", "< seasonal-naive", ours < plain,
                 f"seasonal-naive with the spread of its own past {plain:.2f}")
        )  # fmt: skip
    return rows


def _nation_rows(smalls: dict[str, Tally]) -> list[Any]:
    """The nation's year, over many small nations: one nation alone is too few to tell."""
    grain, name = GRAINS[2], f"nation-year ({SMALL_NATIONS} nations of {SMALL_AREAS} regencies, 2 origins)"
    rows = []
    for kind, small in smalls.items():
        beside = ", ".join(f"{method} {small.error(grain, 'all causes', method):.2f}" for method in METHODS[1:])
        rows.append(
            _row(f"{kind}: {name}, all causes, WAPE", small.error(grain, "all causes", "ours"), "%", peer=beside)
        )
        ours, plain = small.loss(grain, "ours"), small.loss(grain, "seasonal-naive")
        peer = f"seasonal-naive with the spread of its own past {plain:.2f}"
        rows.append(_row(f"{kind}: {name}, pinball loss", ours, "%", "< seasonal-naive", ours < plain, peer))
    for level in LEVELS:
        for subject in ("all causes", "turned_17", "each other cause"):
            inside = {kind: small.coverage(grain, subject, level) for kind, small in smalls.items()}
            count = sum(many for _, many in inside.values())
            value = sum(share * many for share, many in inside.values()) / count
            rows.append(
                _row(
                    f"inside the {level:.0%} interval, {subject}, {name}, all kinds", value, f"% of {count}",
                    f"{100 * level:.0f} +- 3", abs(value - 100 * level) <= 3,
                    ", ".join(f"{kind} {share:.0f}" for kind, (share, _) in inside.items()),
                )
            )  # fmt: skip
    return rows


def _better(tallies: dict[str, Tally], smalls: dict[str, Tally]) -> list[Any]:
    """At how many of kind x grain x subject ours misses less than both plain forecasts, and where it does not."""
    lost, count = [], 0
    for kind in tallies:
        for grain in GRAINS:
            source = smalls[kind] if grain == "nation-year" else tallies[kind]
            for subject in ("all causes", "turned_17"):
                count += 1
                errors = {method: source.error(grain, subject, method) for method in METHODS[:3]}
                if errors["ours"] >= min(errors["seasonal-naive"], errors["last-year"]):
                    said = ", ".join(f"{method} {value:.2f}" for method, value in errors.items())
                    lost.append(f"{kind}, {subject}, {grain}: {said}")
    job = "better than both plain forecasts (kind x grain x 17th birthdays and all causes)"
    return [_row(job, count - len(lost), f"of {count}", f"{count}", not lost, "; ".join(lost))]


def _beside_nixtla(made: dict[str, list[Any]]) -> list[Any]:
    """AutoETS and AutoTheta on the same months, at the last origin of each nation."""
    job = "Nixtla statsforecast"
    try:
        from statsforecast.models import AutoETS, AutoTheta
    except ImportError:
        return [{"job": job, "value": 0, "unit": "series", "peer": "not installed: see requirements/bench.txt"}]
    rows = []
    for kind, origins in made.items():
        history, ours, actual, _ = origins[-1]
        seen, firsts = history.applications.astype(np.float64), _firsts(history.areas)
        three = (seen, actual, ours.mean)
        for name, series, true, mean in (
            ("nation by cause", *(values[list(USED)].sum(axis=1) for values in three)),
            ("province, all causes", *(_places(values.sum(axis=0), "province", firsts) for values in three)),
            ("every 20th regency, 17th birthdays", *(values[TURNED_17, ::20] for values in three)),
        ):
            errors = {"ours": 100 * wape(_spans(true, "quarter"), _spans(mean, "quarter"))}
            for model in (AutoETS(season_length=12), AutoTheta(season_length=12)):
                said = np.stack([model.forecast(y=one, h=MONTHS)["mean"] for one in series])
                errors[type(model).__name__] = 100 * wape(_spans(true, "quarter"), _spans(said, "quarter"))
            best = min(value for key, value in errors.items() if key != "ours")
            peer = ", ".join(f"{key} {value:.2f}" for key, value in errors.items() if key != "ours")
            rows.append(
                _row(f"{kind}: {name}, quarter, WAPE, beside {job}", errors["ours"], "%", "< both",
                     errors["ours"] < best, peer)
            )  # fmt: skip
    return rows


def run() -> list[dict[str, Any]]:
    """Rows for ``./blanko bench demand``: 514 regencies, four kinds of nation, three origins, a year ahead each."""
    rows: list[dict[str, Any]] = []
    # One process a kind: a forecast itself is made by one.
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
        done = dict(zip(KINDS, pool.map(_run_kind, KINDS), strict=True))
    for kind, (tally, _, made) in done.items():
        rows += _rows_of(kind, tally, made)
    smalls = {kind: small for kind, (_, small, _) in done.items()}
    rows += _nation_rows(smalls)
    rows += _better({kind: tally for kind, (tally, _, _) in done.items()}, smalls)
    rows += _beside_nixtla({kind: made for kind, (_, _, made) in done.items()})
    return rows
