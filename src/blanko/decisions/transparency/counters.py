"""Figures of the counters: cards printed before others, and sukets that are out, with their bases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime

from blanko.cards.issuance import queries as issuance
from blanko.cards.issuance.rules import OutOfTurn
from blanko.cards.suket import queries as suket
from blanko.decisions.transparency import operations, rules
from blanko.records.entitlement import queries as owed

OUT_OF_TURN, SUKET_OPEN = "cards_out_of_turn", "suket_open"
SOURCE = "blanko"


def publish_counters(*, first: date, last: date, kind: str, by: str, at: datetime) -> operations.Published:
    """Publish, for each office and the nation: of the cards printed between two days those that passed others, and of
    the persons who wait for a card those who hold a suket. Offices that printed nothing, or where nobody waits, have no
    figure. Raises FigureChanged, FigureOfUnknownKind.
    """
    printed: dict[str, int] = defaultdict(int)
    out: dict[str, int] = defaultdict(int)
    for row in issuance.turns(first=first, last=last):
        printed[row["office"]] += row["cards"]
        out[row["office"]] += row["cards"] if row["turn"] in set(OutOfTurn) else 0
    waiting = {code: sum(split.split().values()) for code, split in owed.backlog_by_regency().items()}
    held: dict[str, int] = defaultdict(int)
    for row in suket.holders(on=last):
        held[row["office"]] += row["holders"]
    figures = [
        *_figures(OUT_OF_TURN, out, printed, last=last, kind=kind, at=at, how=f"cards printed from {first} to {last}"),
        *_figures(SUKET_OPEN, held, waiting, last=last, kind=kind, at=at, how="persons who wait for a card"),
    ]
    return operations.publish(figures=figures, by=by, at=at)


def _figures(
    name: str, parts: Mapping[str, int], bases: Mapping[str, int], *, last: date, kind: str, at: datetime, how: str
) -> list[rules.Figure]:
    areas = {area: (parts.get(area, 0), base) for area, base in bases.items() if base}
    if areas:
        areas[rules.NATION] = (sum(part for part, _ in areas.values()), sum(base for _, base in areas.values()))
    return [
        rules.Figure(
            name=name, area=area, unit="count", numerator=part, denominator=base, date=last, source=SOURCE, kind=kind,
            known_on=max(at.date(), last), arithmetic=(f"{part:,} of {base:,} {how}",), inputs=(f"{name}/{area}",),
        )
        for area, (part, base) in sorted(areas.items())
    ]  # fmt: skip
