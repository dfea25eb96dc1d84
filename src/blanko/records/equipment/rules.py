"""How printers wear, how ribbon comes in, and how many cards a week an office can print. Pure.

A printer fails and is repaired at constant rates. Each rate is a gamma distribution: so many cases over so many weeks
in which they could happen, begun with the prior's cases. Its mean is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import pairwise
from typing import NamedTuple

from blanko.kernel.errors import InvalidValue

WORKING, FAILED, RETIRED = "working", "failed", "retired"
# What is believed beforehand counts as so many failures and repairs: of the nation's printers, and of one office's.
PRIOR_CASES, OFFICE_CASES = 2.0, 4.0
# Ribbon is believed to come as fast as the printers use it, as firmly as so many weeks' reports would say.
RIBBON_PRIOR_WEEKS = 4.0
# A report so old says nothing of today.
STALE_WEEKS = 26


class RefusedReport(InvalidValue):
    """A report told by hand holds a cell that no file could hold."""


class PrinterRow(NamedTuple):
    """A printer's state from a day on. ``cards_an_hour`` is what it prints when nothing else is in its way."""

    printer: str
    office: str
    state: str
    since: date
    cards_an_hour: int | None = None
    note: str | None = None


class ReportRow(NamedTuple):
    """What an office has on a day: ribbon and ink in cards, operators, and hours of a week. None: nothing was said."""

    office: str
    reported_on: date
    ribbon_cards: int | None = None
    ink_cards: int | None = None
    operators: int | None = None
    operator_hours: int | None = None
    print_hours: int | None = None

    @property
    def consumable_cards(self) -> int | None:
        """How many cards ribbon and ink are enough for: the scarcer of those that were told."""
        return min((value for value in (self.ribbon_cards, self.ink_cards) if value is not None), default=None)


class Spell(NamedTuple):
    """A printer in one state at one office. ``end`` is None while it lasts; ``then`` is the state that followed."""

    printer: str
    office: str
    state: str
    begin: date
    end: date | None
    then: str | None


class Wear(NamedTuple):
    """Failures over the weeks in which printers worked, repairs over those in which they stood failed."""

    failures: int = 0
    working_weeks: float = 0.0
    repairs: int = 0
    failed_weeks: float = 0.0


class Rates(NamedTuple):
    """Failures and repairs of a printer in a week; ``observed`` counts the cases that taught them."""

    fails_a_week: float
    repairs_a_week: float
    observed: int = 0

    @property
    def availability(self) -> float:
        """The share of printers that works on the long run."""
        return self.repairs_a_week / (self.fails_a_week + self.repairs_a_week)

    @property
    def repair_weeks(self) -> float:
        return 1 / self.repairs_a_week


class Pace(NamedTuple):
    """What is assumed where nothing was told: cards of a printer and of an operator in an hour, hours of a week."""

    cards_an_hour: float
    print_hours: float
    operator_cards_an_hour: float


@dataclass(frozen=True, slots=True)
class OfficePrinting:
    """What one office can print with, and what is known of it; None where nothing is.

    Cards a week when all printers work (``printer_cards``) and by its operators; ``ribbon_cards`` what ribbon and ink
    are still enough for, ``ribbon_a_week`` what comes of them; ``failed`` printers with the day since which.
    """

    office: str
    printers: int | None
    working: int | None
    failed: tuple[tuple[str, date], ...]
    printer_cards: float | None
    rates: Rates
    operator_cards: float | None
    ribbon_cards: float | None
    ribbon_a_week: float | None
    report: ReportRow | None

    @property
    def cards_a_week(self) -> float | None:
        """What it prints in an average week, were there ribbon: by its printers, its operators, or nothing known."""
        able = [self.printer_cards * self.rates.availability] if self.printer_cards is not None else []
        able += [self.operator_cards] if self.operator_cards is not None else []
        return min(able, default=None)


def prior_rates(*, availability: float, repair_weeks: float) -> Rates:
    """The rates behind a share that works and a time of repair. A share of 1 fails once in a thousand weeks."""
    repairs = 1 / max(repair_weeks, 0.1)
    return Rates(max(repairs * (1 - availability) / max(availability, 0.01), 1e-3), repairs)


def spells(rows: Iterable[PrinterRow], *, as_of: date) -> list[Spell]:
    """Each printer's states until ``as_of``, the longest run of one state at one office as one spell."""
    by_printer: dict[str, list[PrinterRow]] = {}
    for row in sorted(rows, key=lambda row: (row.printer, row.since)):
        if row.since <= as_of:
            by_printer.setdefault(row.printer, []).append(row)
    found = []
    for name, states in by_printer.items():
        runs: list[PrinterRow] = []
        for row in states:
            if not runs or (row.state, row.office) != (runs[-1].state, runs[-1].office):
                runs.append(row)
        for now, after in pairwise(runs):
            found.append(Spell(name, now.office, now.state, now.since, after.since, after.state))
        last = runs[-1]
        found.append(Spell(name, last.office, last.state, last.since, None, None))
    return found


def wear(found: Iterable[Spell], *, as_of: date) -> Wear:
    """Failures and repairs, and the weeks in which they could happen. A printer that moves does neither."""
    failures = repairs = 0
    working = failed = 0.0
    for spell in found:
        weeks = ((spell.end or as_of) - spell.begin).days / 7
        if spell.state == WORKING:
            working += weeks
            failures += spell.then == FAILED
        elif spell.state == FAILED:
            failed += weeks
            repairs += spell.then == WORKING
    return Wear(failures, working, repairs, failed)


def learn(seen: Wear, prior: Rates, *, cases: float = PRIOR_CASES) -> Rates:
    """The mean of each rate after what was seen: (cases + seen) / (cases / prior + weeks)."""
    return Rates(
        (cases + seen.failures) / (cases / prior.fails_a_week + seen.working_weeks),
        (cases + seen.repairs) / (cases / prior.repairs_a_week + seen.failed_weeks),
        seen.failures + seen.repairs,
    )


def ribbon_a_week(reports: Sequence[ReportRow], *, prior: float, printed: Callable[[date, date], float]) -> float:
    """Cards' worth of ribbon that comes in a week, from what stores held and what was printed between two reports.

    ``printed`` counts cards after a day until another. A store that fell although no print is recorded tells nothing.
    """
    told = [(row.reported_on, row.consumable_cards) for row in sorted(reports, key=lambda row: row.reported_on)]
    known = [(on, cards) for on, cards in told if cards is not None]
    came = weeks = 0.0
    for (first, before), (then, after) in pairwise(known):
        used = printed(first, then)
        if after < before and not used:
            continue
        came += max(0.0, after - before + used)
        weeks += (then - first).days / 7
    return (RIBBON_PRIOR_WEEKS * prior + came) / (RIBBON_PRIOR_WEEKS + weeks)


def offices(
    rows: Sequence[PrinterRow], reports: Sequence[ReportRow], *, as_of: date, pace: Pace, prior: Rates,
    printed: Callable[[str, date, date], float],
) -> dict[str, OfficePrinting]:  # fmt: skip
    """What each office that told anything can print with on ``as_of``."""
    found = spells(rows, as_of=as_of)
    nation = learn(wear(found, as_of=as_of), prior)
    pace_of = {row.printer: row.cards_an_hour for row in sorted(rows, key=lambda row: row.since)
               if row.since <= as_of and row.cards_an_hour is not None}  # fmt: skip
    fresh = [row for row in reports if row.reported_on <= as_of and (as_of - row.reported_on).days <= 7 * STALE_WEEKS]
    told = {spell.office for spell in found} | {row.office for row in fresh}
    made = {}
    for office in sorted(told):
        own = [spell for spell in found if spell.office == office]
        mine = sorted((row for row in fresh if row.office == office), key=lambda row: row.reported_on)
        rates = learn(wear(own, as_of=as_of), nation, cases=OFFICE_CASES)
        made[office] = _office(
            office, own, mine, as_of=as_of, pace=pace, rates=rates, pace_of=pace_of,
            printed=partial(printed, office),
        )  # fmt: skip
    return made


def _office(
    office: str, own: Sequence[Spell], reports: Sequence[ReportRow], *, as_of: date, pace: Pace, rates: Rates,
    pace_of: Mapping[str, int], printed: Callable[[date, date], float],
) -> OfficePrinting:  # fmt: skip
    here = [spell for spell in own if spell.end is None and spell.state != RETIRED]
    hours = _newest(reports, "print_hours")
    an_hour = sum(float(pace_of.get(spell.printer) or pace.cards_an_hour) for spell in here)
    cards = an_hour * (pace.print_hours if hours is None else hours) if own else None
    told, operators = _newest(reports, "operator_hours"), _newest(reports, "operators")
    assumed = None if operators is None else operators * pace.print_hours
    operator_hours = assumed if told is None else told
    stock = next(
        ((row.reported_on, row.consumable_cards) for row in reversed(reports) if row.consumable_cards is not None), None
    )
    ribbon = None if stock is None else max(0.0, float(stock[1] or 0) - printed(stock[0], as_of))
    # What its printers use is the prior of what comes; of an office whose printers nobody told, one printer's.
    uses = rates.availability * (cards if cards is not None else pace.cards_an_hour * pace.print_hours)
    return OfficePrinting(
        office=office, printers=len(here) if own else None,
        working=sum(spell.state == WORKING for spell in here) if own else None,
        failed=tuple((spell.printer, spell.begin) for spell in here if spell.state == FAILED),
        printer_cards=cards, rates=rates,
        operator_cards=None if operator_hours is None else operator_hours * pace.operator_cards_an_hour,
        ribbon_cards=ribbon,
        ribbon_a_week=None if ribbon is None else ribbon_a_week(reports, prior=uses, printed=printed),
        report=reports[-1] if reports else None,
    )  # fmt: skip


def _newest(reports: Sequence[ReportRow], name: str) -> int | None:
    """The newest value that was told: what a later report leaves empty still stands."""
    return next((value for row in reversed(reports) if (value := getattr(row, name)) is not None), None)
