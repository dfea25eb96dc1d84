"""The forecast of a case's day beside what happened later. The forecast never reads what happened. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np

from blanko.decisions.planning.outlook import charts
from blanko.decisions.planning.outlook.answer import Answer, forecast
from blanko.decisions.planning.outlook.case import Case, Later
from blanko.engines.runout import answers
from blanko.engines.runout.simulate import PATHS, Futures

# A field that is called date hides its type.
Day = date


@dataclass(frozen=True, slots=True)
class Comparison:
    """One thing that happened beside its forecast: quantiles of the same quantity on the same day.

    ``place`` is the share of futures below what happened: near 0 or 1 the forecast was wrong. For a day (test
    ``arrived_day``) low, middle and high are days.
    """

    text: str
    date: Day
    happened: float | Day
    low: float | Day | None
    middle: float | Day | None
    high: float | Day | None
    place: float
    inside: bool
    source: str


@dataclass(frozen=True, slots=True)
class Backtest:
    """A forecast and everything that happened beside it."""

    answer: Answer
    comparisons: list[Comparison]
    later: tuple[Later, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "forecast": self.answer.as_json(),
            "happened": [
                {key: value.isoformat() if isinstance(value, date) else value for key, value in asdict(item).items()}
                for item in self.comparisons
            ],
        }

    def page(self, picture: str = "") -> str:
        """The backtest as a Markdown page."""
        runout = {key: "beyond the plan" if day is None else day.isoformat() for key, day in self.answer.runout.items()}
        lines = [
            f"# Backtest: {self.answer.title}",
            "",
            f"Made by `./blanko planning backtest` (seed {self.answer.seed}, {self.answer.paths:,} futures).",
            f"The forecast knows only what was known on {self.answer.as_of}: what became known later is refused by the",
            "reader of cases. What happened stands apart and is read by this page alone.",
            "",
            f"**Forecast.** Blanks run out about {runout['p50']} (80 %: {runout['p10']} to {runout['p90']}).",
            "",
            "| what happened | day | happened | forecast, middle | 80 % of futures | within |",
            "|---|---|---:|---:|---|---|",
        ]
        for item in self.comparisons:
            lines.append(
                f"| {item.text} | {item.date} | {_shown(item.happened)} | {_shown(item.middle)} |"
                f" {_shown(item.low)} to {_shown(item.high)} | {'yes' if item.inside else 'no'} |"
            )
        lines += ["", "**Where it was right and wrong, and why.**", ""]
        lines += [
            f"- {item.text}, {item.date}: {'inside' if item.inside else 'outside'} the 80 %; {later.why}."
            for item, later in zip(self.comparisons, self.later, strict=True)
            if later.why
        ]
        if picture:
            lines += ["", f"![Stock and backlog, forecast and happened]({picture})"]
        lines += ["", "**Promises of that day, and their odds then.**", ""]
        lines += [f"- {p['text']} ({p['date']}): {p['probability']:.0%}" for p in self.answer.promises]
        lines += ["", "Sources: " + "; ".join(dict.fromkeys(item.source for item in self.comparisons)) + ".", ""]
        return "\n".join(lines)

    def picture(self) -> str:
        """Fans of the forecast with what happened as points, as SVG."""
        points = {
            item.test: [(later.date, later.value) for later in self.later if later.test == item.test]
            for item in self.later
        }
        return charts.fans(
            self.answer.weeks, {name: self.answer.fans[name] for name in ("stock", "print_ready", "awaiting")}, points
        )


def run(case: Case, *, seed: int = 1, paths: int = PATHS) -> Backtest:
    """Forecast a case and compare. Raises what the case and the engine refuse."""
    answer, futures = forecast(case, seed=seed, paths=paths)
    already = next((p.already for p in case.promises if p.test == "arrived"), 0.0)
    return Backtest(answer, [_compared(futures, item, already) for item in case.later], case.later)


def _compared(futures: Futures, later: Later, already: float) -> Comparison:
    if later.test == "arrived_day":
        return _day_compared(futures, later, already)
    week = min(answers.week_before(futures, later.date), futures.plan.weeks - 1)
    values = getattr(futures, later.test)[:, week]
    low, middle, high = (float(value) for value in np.quantile(values, (0.1, 0.5, 0.9), method="lower"))
    place = float((values < later.value).mean())
    return Comparison(
        later.text, later.date, later.value, low, middle, high, place, low <= later.value <= high, later.source
    )


def _day_compared(futures: Futures, later: Later, already: float) -> Comparison:
    """The day by which so many blanks had come in."""
    come = np.cumsum(futures.arrived, axis=1, dtype=np.float64) + already
    # Rejected blanks never come: the last hundredth of what was contracted is not waited for.
    weeks = (come < 0.985 * later.value).sum(axis=1)
    low, middle, high = (int(value) for value in np.quantile(weeks, (0.1, 0.5, 0.9), method="lower"))
    days = [None if week >= futures.plan.weeks else answers.day_of(futures, week) for week in (low, middle, high)]
    happened = answers.week_before(futures, later.date)
    return Comparison(
        later.text, later.date, later.date, days[0], days[1], days[2], float((weeks < happened).mean()),
        low <= happened <= high, later.source,
    )  # fmt: skip


def _shown(value: float | date | None) -> str:
    if value is None:
        return "beyond the plan"
    return value.isoformat() if isinstance(value, date) else f"{value:,.0f}"
