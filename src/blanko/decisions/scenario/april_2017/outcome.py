"""What the records say at the end: the one object that the demo prints and the first page shows. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from blanko.cards.custody import queries as held
from blanko.decisions.planning import queries as rounds
from blanko.decisions.scenario.april_2017 import inputs, said, sentences
from blanko.decisions.scenario.april_2017.lines import Inputs, Line, StageCost
from blanko.decisions.scenario.april_2017.replay import LAST, SAID_ON
from blanko.decisions.transparency import queries as transparency
from blanko.records.entitlement import queries as entitlement
from blanko.records.intake import queries as intake
from blanko.records.procurement import queries as procurement

# What the minister quoted on 4 April are the counts of this day.
STATED_ON = "2017-03-29"
LAMPUNG, LAMPUNG_ON, LAMPUNG_METRIC = "18", date(2017, 4, 10), "blanks_allocated"


@dataclass(frozen=True, slots=True)
class Fill:
    """How far a regency's need is filled at the end: blanks held, on their way and used, of cards owed and made."""

    regency: str
    need: int
    need_source: str
    holdings: int
    fill: Fraction


def day() -> date:
    """The day on which the records stand: that of the claims, 30 April 2017 at the end of the replay."""
    return entitlement.claims_as_of() or LAST


def fills(as_of: date | None = None) -> dict[str, Fill]:
    """Every regency's fill by the same rule that shares (gross need, what was printed counts on both sides)."""
    found = {}
    for area in rounds.areas(as_of or day()):
        need = area.need.need + area.need.earlier
        holdings = area.in_hand + area.in_transit + area.need.earlier
        share = min(Fraction(1), Fraction(holdings, need)) if need else Fraction(1)
        found[area.need.regency] = Fill(area.need.regency, need, area.need.need_source, holdings, share)
    return found


def stages() -> list[dict[str, Any]]:
    """Each round with a deadline: what its areas got and what every other area had to do without."""
    found = []
    for summary in reversed(rounds.rounds()):
        if summary["deadline"] is None or summary["state"] != "committed":
            continue
        full = rounds.round(summary["number"])
        inside = [share["regency"] for share in full["shares"] if share["binding"] != "not_in_stage"]
        found.append(
            {
                "round": full["number"],
                "title": full["title"],
                "deadline": full["deadline"],
                "areas": inside,
                "blanks": full["shared"],
                "lost": {row["regency"]: row["lost_lasting"] for row in full["effects"]},
                "lost_now": full["lost_now"],
                "lost_lasting": full["lost_lasting"],
            }
        )
    return found


def lines() -> tuple[Line, ...]:
    """What was said on 4 April 2017 beside what the records say, each line computed from what the database holds."""
    at_end = fills()
    allocated = {
        figure.area: figure.value
        for figure in inputs.facts()
        if figure.metric == LAMPUNG_METRIC and figure.area[:2] == LAMPUNG and len(figure.area) == 4
        and figure.date == LAMPUNG_ON
    }  # fmt: skip
    needs = _needs_in_round(LAMPUNG_ON)
    return said.table(
        Inputs(
            said_on=SAID_ON,
            statements=inputs.statements(),
            figures=transparency.published(known_on=SAID_ON),
            counted_on=day(),
            custody=held.balance_sheet(),
            fills={code: fill.fill for code, fill in at_end.items()},
            stages=[StageCost(row["deadline"], tuple(row["areas"]), row["blanks"], row["lost"]) for row in stages()],
            lampung_allocated=allocated,
            lampung_needs={code: needs[code] for code in allocated},
            lampung_figures=[
                figure.key
                for figure in transparency.published(known_on=day(), metric=LAMPUNG_METRIC)
                if figure.area in allocated
            ],
        )
    )


def _needs_in_round(day: date) -> dict[str, int]:
    """The needs by which the last round up to a day was shared, as they were stored with it."""
    earlier = [row for row in rounds.rounds() if row["as_of"] <= day and row["state"] == "committed"]
    if not earlier:
        return {code: fill.need for code, fill in fills().items()}
    return {
        share["regency"]: share["need"] + share["earlier"] for share in rounds.round(earlier[0]["number"])["shares"]
    }


def backlog() -> dict[str, int]:
    """The registry's backlog split (synthetic records), and who is not recorded, which only counts can say
    (estimated).
    """
    split = entitlement.backlog()
    stated = {figure.metric: figure for figure in inputs.facts() if figure.area == "ID" and figure.known_on <= SAID_ON}
    return {
        "not_recorded": stated["not_recorded"].value,
        "awaiting_uniqueness": split.awaiting_uniqueness,
        "duplicate_cases": split.duplicate_cases,
        "print_ready": split.print_ready,
        "printed_uncollected": split.printed_uncollected,
    }


def national() -> dict[str, int]:
    """What the ministry stated of the nation by 4 April 2017: a source of its own, never added to the registry's
    records.
    """
    stated = {figure.metric: figure for figure in inputs.facts() if figure.area == "ID" and figure.known_on <= SAID_ON}
    return {
        name: stated[name].value for name in ("not_recorded", "awaiting_uniqueness", "prr_unprinted") if name in stated
    }


def _plain(value: object) -> int | float:
    """A figure's value as a number of JSON: whole where it is a count."""
    number = float(str(value))
    return int(number) if number.is_integer() else number


def _unique_name(row: Mapping[str, Any]) -> str:
    """The bare name belongs to the figure that was quoted on 4 April (that of 29 March); others carry their day."""
    return str(row["name"]) if str(row["date"]) == STATED_ON else f"{row['name']} ({row['date']})"


def as_json(
    *, timings: Mapping[str, float], followed: str | None, language: sentences.Language = "en"
) -> dict[str, Any]:
    """The object of ``./blanko demo --json``."""
    at_end = fills()
    committed = [row for row in rounds.rounds() if row["state"] == "committed"]
    figures = [
        {
            "name": _unique_name(row), "value": _plain(row["value"]), "numerator": row["numerator"],
            "denominator": row["denominator"], "date": row["date"], "source": row["source"], "kind": row["kind"],
            "area": row["area"], "known_on": row["known_on"],
        }
        for row in transparency.figures(known_on=day(), area="ID")
    ]  # fmt: skip
    contract = procurement.contracts()[0]
    custody = held.balance_sheet()
    return {
        "as_of": day().isoformat(),
        "records": intake.totals(),
        "figures": figures,
        "said": [
            {key: row[key] for key in ("said", "records_say", "verdict", "verdict_text", "figures", "arithmetic")}
            for row in (sentences.render(line, language) for line in lines())
        ],
        "backlog": backlog(),
        "national": national(),
        "contract": {"blanks": contract["quantity"], "received": custody["received"]},
        "allocation": {
            "provinces": len({code[:2] for code in at_end}),
            "regencies": len(at_end),
            "blanks": sum(row["shared"] for row in committed),
            "boxes": sum(row["boxes"] for row in committed),
            "fill_min": round(float(min(fill.fill for fill in at_end.values())), 6),
            "fill_max": round(float(max(fill.fill for fill in at_end.values())), 6),
            "stages": [
                {
                    "deadline": row["deadline"], "regencies": len(row["areas"]), "blanks": row["blanks"],
                    "lost_by_others_now": row["lost_now"], "lost_by_others_lasting": row["lost_lasting"],
                }
                for row in stages()
            ],
        },
        "custody": custody,
        "followed": followed,
        "timings": dict(timings),
    }  # fmt: skip
