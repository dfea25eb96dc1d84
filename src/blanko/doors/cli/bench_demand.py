"""``./blanko bench demand``: rolling-origin forecasts of seeded nations, beside plain ones, an oracle, and Nixtla's.

The nations that are scored were not looked at while the method was made: it was tried on others (seeds from 5,000 on).
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from importlib import import_module
from multiprocessing import get_context
from typing import Any

import numpy as np

from blanko.engines.demand.history import CAUSES, TURNED_17, Floats
from blanko.engines.demand.published import pace_of_recording
from blanko.engines.demand.scores import wape
from blanko.engines.demand.seeded import KINDS, REGENCIES
from blanko.engines.demand.trials import (
    ALL,
    GRAINS,
    LEVELS,
    MONTHS,
    OTHERS,
    USED,
    Tally,
    by_size,
    first_areas,
    places,
    score,
    spans,
    trial,
)

SEED = 2017
ORIGINS = (36, 42, 48)
SMALL_NATIONS, SMALL_AREAS = 16, 60
PLAIN = ("seasonal-naive", "last-year")
BIRTHDAYS = "turned_17"


@dataclass
class Kind:
    """What the nations of one kind came to: ``tally`` all of them, ``origins`` the large one's by origin."""

    tally: Tally = field(default_factory=Tally)
    origins: dict[int, Tally] = field(default_factory=dict)
    sizes: dict[str, list[tuple[float, float, float]]] = field(default_factory=dict)
    last: tuple[tuple[str, ...], tuple[Floats, Floats, Floats]] | None = None


@dataclass(frozen=True)
class Job:
    """One origin of the large nation, or all origins of a small one (``number`` from 1)."""

    kind: str
    number: int
    origins: tuple[int, ...]


def _run(job: Job) -> tuple[Job, Kind]:
    """The scores of one job; made by a process of its own."""
    found = Kind()
    large = job.number == 0
    for origin in job.origins:
        tried = trial(job.kind, seed=SEED + job.number, areas=REGENCIES if large else SMALL_AREAS, origin=origin)
        each = score(tried, nation_number=job.number, grains=GRAINS[:2] if large else GRAINS[1:], seed=SEED)
        found.tally.add(each)
        if large:
            found.origins[origin] = each
            found.sizes = {name: [values] for name, values in by_size(tried).items()}
            if origin == ORIGINS[-1]:
                seen = tried.history.applications.astype(np.float64)
                found.last = (tried.history.areas, (seen, tried.happened, tried.made.mean))
    return job, found


def _row(job: str, value: float, unit: str, target: str | None = None, met: bool | None = None, peer: str = "") -> Any:
    return {"job": job, "value": round(value, 2), "unit": unit, "target": target, "met": met, "peer": peer or None}


def _beside(tally: Tally, grain: str, subject: str, methods: Iterable[str] = (*PLAIN, "oracle", "floor")) -> str:
    return ", ".join(f"{method} {tally.error(grain, subject, method):.2f}" for method in methods)


def _birthdays(name: str, kind: Kind) -> list[Any]:
    """17th birthdays per regency and quarter: the target, and what anybody could reach."""
    tally, grain = kind.tally, GRAINS[0]
    said = [f"told the nation's sum of each quarter {tally.error(grain, BIRTHDAYS, 'told'):.2f}"]
    for size, values in kind.sizes.items():
        ours, floor, happened = (sum(each) for each in zip(*values, strict=True))
        if happened:
            said.append(f"{size} a quarter {100 * ours / happened:.2f} (floor {100 * floor / happened:.2f})")
    error = tally.error(grain, BIRTHDAYS, "ours")
    rows = [
        _row(f"{name}: 17th birthdays, {grain}, WAPE", error, "%", "<= 2 %", error <= 2,
             f"{_beside(tally, grain, BIRTHDAYS)}; {'; '.join(said)}")
    ]  # fmt: skip
    for origin, each in sorted(kind.origins.items()) if name == "censored" else ():
        error = each.error(grain, BIRTHDAYS, "ours")
        when = {36: "straight after the stock-out", 42: "half a year on", 48: "a year on"}[origin]
        rows.append(
            _row(f"{name}: 17th birthdays, {grain}, WAPE, {when}", error, "%", "<= 2 %", error <= 2,
                 _beside(each, grain, BIRTHDAYS, (*PLAIN, "oracle", "told", "floor")))
        )  # fmt: skip
    return rows


def _rows_of(name: str, kind: Kind) -> list[Any]:
    tally = kind.tally
    rows = _birthdays(name, kind)
    error = tally.error(GRAINS[1], ALL, "ours")
    rows.append(
        _row(f"{name}: all causes, {GRAINS[1]}, WAPE", error, "%", "<= 10 %", error <= 10,
             _beside(tally, GRAINS[1], ALL))
    )  # fmt: skip
    by_cause = {CAUSES[cause]: tally.error(GRAINS[1], CAUSES[cause], "ours") for cause in USED}
    worst = max(by_cause, key=lambda cause: by_cause[cause])
    said = ", ".join(
        f"{cause} {value:.1f} (seasonal-naive {tally.error(GRAINS[1], cause, 'seasonal-naive'):.1f})"
        for cause, value in by_cause.items()
    )
    rows.append(_row(f"{name}: worst cause ({worst}), {GRAINS[1]}, WAPE", by_cause[worst], "%", peer=said))
    for grain in GRAINS:
        for level in LEVELS:
            rows.append(_coverage(f"{name}: ", tally, grain, level, ALL))
    for grain in GRAINS:
        for subject in (ALL, BIRTHDAYS):
            rows.append(_better(name, tally, grain, subject))
        ours, plain = tally.loss(grain, "ours"), tally.loss(grain, "seasonal-naive")
        rows.append(
            _row(f"{name}: pinball loss, {ALL}, {grain}", ours, "%", "< seasonal-naive", ours < plain,
                 f"seasonal-naive with the spread of its own past {plain:.2f}")
        )  # fmt: skip
    return rows


def _coverage(name: str, tally: Tally, grain: str, level: float, subject: str) -> Any:
    value, count, unsure = tally.coverage(grain, subject, level)
    others = {each: tally.coverage(grain, each, level)[0] for each in (BIRTHDAYS, OTHERS) if each != subject}
    said = "" if np.isnan(unsure) else f"the nations scored differ by a standard error of {unsure:.1f}; "
    said += ", ".join(f"{each} {share:.1f}" for each, share in others.items())
    return _row(
        f"{name}inside the {level:.0%} interval, {subject}, {grain}", value, f"% of {count:,}",
        f"{100 * level:.0f} +- 3", abs(value - 100 * level) <= 3, said,
    )  # fmt: skip


def _better(name: str, tally: Tally, grain: str, subject: str) -> Any:
    ours = tally.error(grain, subject, "ours")
    best = min(PLAIN, key=lambda method: tally.error(grain, subject, method))
    points, unsure = tally.ahead(grain, subject, best)
    said = f"{_beside(tally, grain, subject)}; {points:.2f} ahead of {best}"
    said += "" if np.isnan(unsure) else f", standard error {unsure:.2f}"
    return _row(
        f"{name}: better than both plain forecasts, {subject}, {grain}, WAPE", ours, "%", "< both",
        ours < tally.error(grain, subject, best), said,
    )  # fmt: skip


def _nixtla(kinds: dict[str, Kind]) -> list[Any]:
    """AutoETS and AutoTheta on the same months, at the last origin of each nation."""
    job = "Nixtla statsforecast"
    try:
        models = import_module("statsforecast.models")
    except ImportError:
        return [{"job": job, "value": 0, "unit": "series", "peer": "not installed: see requirements/bench.txt"}]
    rows = []
    for kind, found in kinds.items():
        if found.last is None:
            continue
        areas, three = found.last
        firsts = first_areas(areas)
        picked: list[tuple[str, list[Floats]]] = [
            ("nation by cause", [values[list(USED)].sum(axis=1) for values in three]),
            ("province, all causes", [places(values.sum(axis=0), "province", firsts) for values in three]),
            ("every 20th regency, 17th birthdays", [values[TURNED_17, ::20] for values in three]),
        ]
        for name, (series, true, mean) in picked:
            errors = {"ours": 100 * wape(spans(true, "quarter"), spans(mean, "quarter"))}
            for model in (models.AutoETS(season_length=12), models.AutoTheta(season_length=12)):
                said = np.stack([model.forecast(y=one, h=MONTHS)["mean"] for one in series])
                errors[type(model).__name__] = 100 * wape(spans(true, "quarter"), spans(said, "quarter"))
            best = min(value for key, value in errors.items() if key != "ours")
            peer = ", ".join(f"{key} {value:.2f}" for key, value in errors.items() if key != "ours")
            rows.append(
                _row(f"{kind}: {name}, quarter, WAPE, beside {job}", errors["ours"], "%", "< both",
                     errors["ours"] < best, peer)
            )  # fmt: skip
    return rows


def _real() -> list[Any]:
    """The one real series at hand: persons recorded up to a day, as published. Supply and drives shaped it."""
    return [
        _row(f"real: persons recorded {each.since} to {each.until}", each.said / 1e6, "M",
             peer=f"happened {each.happened / 1e6:.2f} M, 80 % {each.low / 1e6:.2f} to {each.high / 1e6:.2f}, "
             f"as in the span before {each.last_pace / 1e6:.2f} M; {each.source}")
        for each in pace_of_recording()
    ]  # fmt: skip


def run() -> list[dict[str, Any]]:
    """Rows for ``./blanko bench demand``: four kinds of nation, three origins, a year ahead each."""
    jobs = [Job(kind, 0, (origin,)) for origin in ORIGINS for kind in KINDS]
    jobs += [Job(kind, number, ORIGINS) for number in range(1, SMALL_NATIONS + 1) for kind in reversed(KINDS)]
    kinds = {kind: Kind() for kind in KINDS}
    # One thread a process: many small matrices are slower on two threads than on one, and far slower on a busy machine.
    before = {name: os.environ.get(name) for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")}
    os.environ.update(dict.fromkeys(before, "1"))
    try:
        with ProcessPoolExecutor(max_workers=os.cpu_count(), mp_context=get_context("spawn")) as pool:
            for job, found in pool.map(_run, jobs):
                into = kinds[job.kind]
                into.tally.add(found.tally)
                into.origins.update(found.origins)
                into.last = found.last or into.last
                for name, values in found.sizes.items():
                    into.sizes.setdefault(name, []).extend(values)
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
    rows: list[dict[str, Any]] = []
    for name, kind in kinds.items():
        rows += _rows_of(name, kind)
    whole = Tally()
    for place, kind in enumerate(kinds.values()):
        # A nation of one kind is another than that of the same number of another kind.
        whole.add(kind.tally, first=1_000 * place)
    for grain in GRAINS:
        for level in LEVELS:
            for subject in (ALL, BIRTHDAYS, OTHERS):
                rows.append(_coverage("all kinds: ", whole, grain, level, subject))
    return rows + _real() + _nixtla(kinds)
