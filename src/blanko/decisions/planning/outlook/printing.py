"""What offices can print: by their own records where there are any, by the case's assumptions elsewhere. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from blanko.decisions.planning.outlook.case import Case, Printing
from blanko.records.equipment.rules import OfficePrinting, Pace, Rates, prior_rates

# Cards of a printer and day are told for a working day of so many hours.
HOURS_A_DAY = 8.0
# The names under which a case keeps what is known of an office's printing, as ``Case.local``.
KNOWN = ("printers", "printer_cards", "availability", "working", "operator_cards", "ribbon_on_hand", "ribbon_cards")


@dataclass(frozen=True, slots=True)
class Able:
    """What areas can print with, [area] each, as the engine's ``Offices`` takes it."""

    printer_cards: np.ndarray
    printers: np.ndarray
    availability: np.ndarray
    working: np.ndarray
    operator_cards: np.ndarray
    ribbon_on_hand: np.ndarray
    ribbon_cards: np.ndarray

    @property
    def cards_a_week(self) -> np.ndarray:
        """What is printed in an average week: the scarcest of printers, operators and the ribbon that comes."""
        return np.minimum(np.minimum(self.printer_cards * self.availability, self.operator_cards), self.ribbon_cards)


def pace(printing: Printing) -> Pace:
    """A case's cards of a printer and day, and of the operators of a district and week, by the hour."""
    hours = HOURS_A_DAY * printing.days_a_week
    operator = printing.operator_cards_a_district_week / hours
    return Pace(printing.cards_a_printer_day / HOURS_A_DAY, hours, operator)


def rates(printing: Printing) -> Rates:
    return prior_rates(availability=printing.availability, repair_weeks=printing.repair_weeks)


def local(offices: Mapping[str, OfficePrinting]) -> dict[str, dict[str, float]]:
    """What offices told, by name and regency, for ``Case.local``; the centre and provinces print for nobody here."""
    found: dict[str, dict[str, float]] = {name: {} for name in KNOWN}
    for code, office in offices.items():
        if len(code) != 4:
            continue
        if office.printers is not None and office.printer_cards is not None:
            found["printers"][code] = float(office.printers)
            found["printer_cards"][code] = office.printer_cards
            found["availability"][code] = office.rates.availability
            found["working"][code] = (office.working or 0) / max(1, office.printers)
        if office.operator_cards is not None:
            found["operator_cards"][code] = office.operator_cards
        if office.ribbon_cards is not None and office.ribbon_a_week is not None:
            found["ribbon_on_hand"][code] = office.ribbon_cards
            found["ribbon_cards"][code] = office.ribbon_a_week
    return {name: values for name, values in found.items() if values}


def with_counts(
    told: Mapping[str, Mapping[str, float]], counted: Mapping[str, float], *, pace: Pace, rates: Rates
) -> dict[str, dict[str, float]]:
    """The same with printers that were only counted: as many as were seen, as fast and as often broken as others."""
    found = {name: dict(values) for name, values in told.items()}
    for code, printers in counted.items():
        if code in found.get("printers", {}):
            continue
        values = {
            "printers": printers, "printer_cards": printers * pace.cards_an_hour * pace.print_hours,
            "availability": rates.availability, "working": rates.availability,
        }  # fmt: skip
        for name, value in values.items():
            found.setdefault(name, {})[code] = value
    return found


def is_known(case: Case) -> bool:
    """Whether any office told what it prints with."""
    return any(name in case.local for name in KNOWN)


def assumed(printing: Printing, districts: np.ndarray, *, factor: float = 1.0) -> Able:
    """The case's assumptions for areas of so many districts; ``factor`` multiplies the printers (a what-if)."""
    count = len(districts)
    printers = np.maximum(1.0, np.floor(districts / printing.districts_a_printer)) * factor
    share = np.full(count, printing.availability)
    return Able(
        printer_cards=printers * printing.cards_a_printer_day * printing.days_a_week, printers=printers,
        availability=share, working=share.copy(),
        operator_cards=districts * printing.operator_cards_a_district_week, ribbon_on_hand=np.zeros(count),
        ribbon_cards=np.full(count, printing.ribbon_cards_a_week),
    )  # fmt: skip


def with_records(base: Able, case: Case, codes: tuple[str, ...], *, factor: float = 1.0) -> Able:
    """The same with what the offices told in its place."""
    values = {name: getattr(base, name).copy() for name in KNOWN}
    for name in KNOWN:
        scale = factor if name in ("printers", "printer_cards") else 1.0
        known = case.local.get(name, {})
        for place, code in enumerate(codes):
            if code in known:
                values[name][place] = known[code] * scale
    return Able(**values)


def summed(able: Able, codes: tuple[str, ...], areas: tuple[str, ...]) -> Able:
    """Regencies' printing as that of larger areas (their codes' beginning; ID is all of them).

    Where nobody told its ribbon it is what the printers use: an office with too little does not take from another's.
    """
    part = np.array([[area == "ID" or code.startswith(area) for code in codes] for area in areas], dtype=float)
    most = able.printer_cards
    use = np.minimum(able.ribbon_cards, most)
    cards = part @ most
    weight = np.where(cards > 0, cards, 1.0)
    return Able(
        printer_cards=cards, printers=part @ able.printers,
        availability=np.where(cards > 0, part @ (most * able.availability) / weight, 1.0),
        working=np.where(cards > 0, part @ (most * able.working) / weight, 1.0),
        operator_cards=part @ np.minimum(able.operator_cards, most),
        ribbon_on_hand=part @ np.where(np.isfinite(able.ribbon_cards), able.ribbon_on_hand, 0.0),
        ribbon_cards=part @ use,
    )  # fmt: skip
