"""What a case leads to, as one object: when blanks run out, the promises' odds, what to order, what binds. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from blanko.decisions.planning.outlook import printing, problems
from blanko.decisions.planning.outlook.areas import AreaAnswer, by_area
from blanko.decisions.planning.outlook.case import Case, Promise, Reading
from blanko.decisions.planning.outlook.plans import Level, plan
from blanko.decisions.planning.outlook.problems import Problem
from blanko.engines.runout import answers, orders
from blanko.engines.runout.draws import median_days
from blanko.engines.runout.plan import Plan
from blanko.engines.runout.simulate import PATHS, Futures, simulate

Advised = tuple[Futures, Futures, orders.Advice, date | None]
QUANTILES = ("p10", "p50", "p90")
FANS = ("stock", "print_ready", "awaiting", "uncollected")


@dataclass(frozen=True, slots=True)
class ReadingAnswer:
    """One reading of the report, with the doubles outside or inside the print-ready records."""

    key: str
    title: str
    doubles_inside: bool
    runout: dict[str, date | None]
    chance_this_year: float
    order_latest: date | None
    order_quantity: int


@dataclass(frozen=True, slots=True)
class Answer:
    """Everything that a planner asks of a case. Fans are quantiles by week, in cards; chances are shares of paths."""

    title: str
    as_of: date
    seed: int
    paths: int
    level: Level
    reading: str
    doubles_inside: bool
    runout: dict[str, date | None]
    short_today: bool
    never_recovers: float
    probability_before: dict[str, float]
    days_of_cover: dict[str, float | None]
    order: dict[str, Any]
    binding: str
    binding_shares: dict[str, float]
    promises: list[dict[str, Any]]
    deadlines: list[dict[str, Any]]
    owed_who_die: dict[str, float]
    cost_by_year: dict[str, int]
    readings: list[ReadingAnswer]
    areas: list[AreaAnswer]
    fans: dict[str, dict[str, list[float]]]
    weeks: list[date]
    problems: list[Problem]

    def as_json(self, *, fans: bool = False) -> dict[str, Any]:
        """Plain JSON values; dates as ISO text. The fans are long and come only when asked for."""
        found = asdict(self)
        if not fans:
            del found["fans"], found["weeks"]
        plain: dict[str, Any] = _plain(found)
        return plain


def outlook(
    case: Case, *, seed: int = 1, paths: int = PATHS, reading: str | None = None, doubles_inside: bool = False,
    risk: float | None = None, level: Level = "nation", changed: Mapping[str, float] | None = None,
    side_by_side: bool = True,
) -> Answer:  # fmt: skip
    """Try a case. The first reading unless another is named; ``level`` regency also answers for each of its areas.

    The readings stand side by side at the level of the nation, each with the doubles outside and inside. Raises
    InvalidPlan, BadCase.
    """
    return forecast(
        case, seed=seed, paths=paths, reading=reading, doubles_inside=doubles_inside, risk=risk, level=level,
        changed=changed, side_by_side=side_by_side,
    )[0]  # fmt: skip


def forecast(
    case: Case, *, seed: int = 1, paths: int = PATHS, reading: str | None = None, doubles_inside: bool = False,
    risk: float | None = None, level: Level = "nation", changed: Mapping[str, float] | None = None,
    side_by_side: bool = True,
) -> tuple[Answer, Futures]:  # fmt: skip
    """What ``outlook`` answers, and the futures that it was read from. Raises as it does."""
    chosen = _reading(case, reading)
    tried = plan(case, chosen, level=level, doubles_inside=doubles_inside, changed=changed)
    risk = case.order.risk if risk is None else risk
    advised = _advised(case, tried, seed=seed, paths=paths, risk=risk)
    futures, free, advice, latest = advised
    # The reading that is asked for stands among the others too: it is not tried again for that.
    tried_already = {(chosen.key, doubles_inside): advised} if level == "nation" and not changed else {}
    shares = answers.binding(futures)
    low, middle, high = answers.days_of_cover(free)
    order = {
        "latest_date": latest,
        "passed": latest is not None and latest < case.as_of,
        "quantity": advice.quantity,
        "risk": risk,
        "risk_without": advice.risk_without,
        "risk_with": advice.risk_with,
        "risk_lowest": advice.risk_lowest,
        "reachable": advice.reachable,
        "until": case.order.until,
        "cost": advice.quantity * case.order.unit_price,
        "currency": case.currency,
        "lead_days": {"p10": advice.lead_days[0], "p50": advice.lead_days[1], "p90": advice.lead_days[2]},
        "stages": [stage._asdict() for stage in case.order.stages],
    }
    found = Answer(
        title=case.title, as_of=case.as_of, seed=seed, paths=paths, level=level, reading=chosen.key,
        doubles_inside=doubles_inside, runout=_runout(futures),
        short_today=bool((futures.runout == 0).any()), never_recovers=float((futures.runout == 0).mean()),
        probability_before={day.isoformat(): answers.chance_before(futures, day) for day in case.ask_before},
        days_of_cover={"p10": low, "p50": middle, "p90": high}, order=order,
        binding=max(shares, key=lambda name: (shares[name], name)) if shares else "nothing", binding_shares=shares,
        promises=[
            {"text": p.text, "date": p.date, "probability": chance(futures, p)} for p in case.promises
        ],
        deadlines=[
            {
                "name": item.name, "week": item.week, "areas": list(item.areas), "release": item.release,
                "met": float((left < 1).mean()),
                "left": dict(zip(QUANTILES, np.quantile(left, (0.1, 0.5, 0.9)).tolist(), strict=True)),
            }
            for item, left in zip(tried.deadlines, futures.deadline_left, strict=True)
        ],
        owed_who_die=dict(zip(QUANTILES, np.quantile(futures.died, (0.1, 0.5, 0.9)).tolist(), strict=True)),
        cost_by_year=_cost(case, futures, latest, advice.quantity),
        readings=_readings(case, tried_already, seed=seed, paths=paths, risk=risk) if side_by_side else [],
        areas=by_area(futures, until=case.order.until) if level != "nation" else [],
        fans={name: answers.fan(getattr(futures, name)) for name in FANS},
        weeks=[answers.day_of(futures, week) for week in range(case.weeks)], problems=[],
    )  # fmt: skip
    # What single offices told is looked at office by office, whatever the level of the answer.
    apart = level != "regency" and printing.is_known(case)
    by_office = plan(case, chosen, level="regency", doubles_inside=doubles_inside, changed=changed) if apart else None
    found.problems.extend(
        problems.of(
            case, tried, futures, order=order, areas=found.areas, runout=found.runout, by_office=by_office
        )
    )  # fmt: skip
    return found, futures


def chance(futures: Futures, promise: Promise) -> float:
    """The odds that a promise is kept."""
    if promise.test == "arrived":
        return answers.arrived_by(futures, promise.date, at_least=promise.at_least - promise.already)
    if promise.test == "printed":
        return answers.printed_by(futures, promise.date, at_least=promise.at_least)
    if promise.test == "lasts":
        return 1 - answers.chance_before(futures, promise.date)
    return answers.cleared_by(futures, promise.date, below=promise.below, kinds=promise.of)


def _reading(case: Case, key: str | None) -> Reading:
    if key is None:
        return case.readings[0]
    for reading in case.readings:
        if reading.key == key:
            return reading
    from blanko.decisions.planning.outlook.case import UnknownCase

    raise UnknownCase(
        "the case has no reading {key}", mend="name one of {keys}", key=key,
        keys=", ".join(reading.key for reading in case.readings),
    )  # fmt: skip


def _runout(futures: Futures) -> dict[str, date | None]:
    return {f"p{round(100 * level)}": answers.runout_day(futures, level) for level in (0.1, 0.5, 0.9)}


def _advised(case: Case, tried: Plan, *, seed: int, paths: int, risk: float) -> Advised:
    """A plan's futures, the same without any lack of blanks, the advice on one further order, and its latest day."""
    futures = simulate(tried, seed=seed, paths=paths)
    free = simulate(tried, seed=seed, paths=paths, unlimited=True)
    advice = orders.advise(
        futures, free, stages=case.order.stages, risk=risk, until_week=answers.week_before(futures, case.order.until),
        box=case.order.box, accepted=case.order.accepted,
    )  # fmt: skip
    latest = None if advice.latest_week is None else case.as_of + timedelta(weeks=advice.latest_week)
    return futures, free, advice, latest


def _readings(
    case: Case, known: Mapping[tuple[str, bool], Advised], *, seed: int, paths: int, risk: float
) -> list[ReadingAnswer]:
    found = []
    for reading in case.readings:
        for inside in (False, True):
            advised = known.get((reading.key, inside))
            if advised is None:
                tried = plan(case, reading, doubles_inside=inside)
                advised = _advised(case, tried, seed=seed, paths=paths, risk=risk)
            futures, _free, advice, latest = advised
            found.append(
                ReadingAnswer(
                    reading.key, reading.title, inside, _runout(futures),
                    answers.chance_before(futures, date(case.as_of.year + 1, 1, 1)), latest, advice.quantity,
                )
            )  # fmt: skip
    return found


def _cost(case: Case, futures: Futures, latest: date | None, quantity: int) -> dict[str, int]:
    """Rupiah a fiscal year (calendar year): blanks that come in at the order's price, and the advised order."""
    price = case.order.unit_price
    cost = {str(year): blanks * price for year, blanks in answers.arrivals_by_year(futures).items()}
    if latest is not None and quantity:
        year = str((max(latest, case.as_of) + timedelta(days=median_days(case.order.stages))).year)
        cost[year] = cost.get(year, 0.0) + quantity * price
    # The mean of futures has a far tail: what would not pay for one box is no budget.
    return {year: round(value) for year, value in sorted(cost.items()) if value >= price * case.order.box}


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return round(value, 6)
    return value
