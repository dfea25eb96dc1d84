"""What the futures of a plan say of each area by itself. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from blanko.engines.runout import answers
from blanko.engines.runout.simulate import Futures


@dataclass(frozen=True, slots=True)
class AreaAnswer:
    """One area: the chance of being short of blanks before the order's horizon, and when that begins."""

    code: str
    runout_p50: date | None
    chance: float
    weeks_short: float
    waiting_for: str


def by_area(futures: Futures, *, until: date) -> list[AreaAnswer]:
    """Every area of the plan, the one that is short longest first; chances before ``until``."""
    found = []
    for place, code in enumerate(futures.plan.areas):
        waits = futures.binding[place]
        found.append(
            AreaAnswer(
                code, answers.area_runout_day(futures, place, 0.5),
                answers.area_chance_before(futures, place, until), float(futures.weeks_short[place]),
                answers.BINDING[int(waits.argmax())] if waits.sum() > 0 else "nothing",
            )
        )  # fmt: skip
    return sorted(found, key=lambda area: (-area.weeks_short, -area.chance, area.code))
