"""What of the supply needs action, the gravest first: each with its figure and the place where it is mended."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext as _

from blanko.doors.web import words
from blanko.records.procurement import queries as procurement
from blanko.records.procurement.queries import LotNow
from blanko.records.procurement.rules import ContractWithoutSchedule, Stage

SOON = timedelta(days=90)
Rows = list[dict[str, Any]]


def urgent(contracts: Rows, lots: list[LotNow], services: Rows, *, day: date) -> Rows:
    """Rows of severity (1 now, 2 soon, 3 watch), says, mend, href."""
    found = [*_held(lots, day), *_deliveries(contracts, day), *_services(services, day), *_unpaid(lots)]
    for row in contracts:
        if row["ends_on"] and row["ends_on"] <= day + SOON and row["announced"] < row["quantity"]:
            says = _("Contract %(no)s ends on %(day)s with %(n)s blanks not announced") % {
                "no": row["contract_no"], "day": words.day(row["ends_on"]),
                "n": words.count(row["quantity"] - row["announced"])}  # fmt: skip
            found.append(_row(2, says, _("call them off, or extend it by an addendum"), "/supply/schedule"))
    return sorted(found, key=lambda row: row["severity"])


def _row(severity: int, says: str, mend: str, href: str) -> dict[str, Any]:
    return {"severity": severity, "says": says, "mend": mend, "href": href}


def _held(lots: list[LotNow], day: date) -> Rows:
    from blanko.doors.web.pages.supply import holds

    found = []
    for lot in lots:
        if lot.held_for is None:
            continue
        days = (day - lot.stages[Stage.ARRIVED]).days
        why = ", ".join(holds().get(str(hold), str(hold)) for hold in lot.held_for) or _("no reason given")
        says = _("Lot %(lot)s: %(n)s blanks arrived %(days)s days ago and are no stock (%(why)s)") % {
            "lot": lot.lot_no, "n": words.count(lot.quantity), "days": words.count(max(0, days)), "why": why,
        }  # fmt: skip
        found.append(_row(1, says, _("pay, clear or inspect it, then report its release"), "/supply/lots"))
    return found


def _deliveries(contracts: Rows, day: date) -> Rows:
    found = []
    for contract in contracts:
        number = contract["contract_no"]
        try:
            kept = procurement.schedule(number, as_of=day)
        except ContractWithoutSchedule:
            says = _("Contract %(no)s has no schedule") % {"no": number}
            mend = _("add its deliveries: until then nothing of it is late, and no lot can be announced")
            found.append(_row(1, says, mend, "/supply/files"))
            continue
        for item in kept:
            if item.is_due and item.fulfilled_on is None:
                says = _("Contract %(no)s: the delivery of %(day)s is %(days)s days late") % {
                    "no": number, "day": words.day(item.due_on), "days": words.count(item.days_late)}  # fmt: skip
                mend = _("remind the maker; the penalty so far is %(rupiah)s") % {
                    "rupiah": words.rupiah(item.penalty_idr)}  # fmt: skip
                found.append(_row(1, says, mend, "/supply/schedule"))
            elif not item.is_due and item.fulfilled_on is None and item.due_on <= day + timedelta(days=14):
                says = _("Contract %(no)s: %(n)s blanks are due on %(day)s") % {
                    "no": number, "n": words.count(item.quantity), "day": words.day(item.due_on)}  # fmt: skip
                found.append(_row(3, says, _("ask the maker whether it will be kept"), "/supply/schedule"))
    return found


def _services(services: Rows, day: date) -> Rows:
    found = []
    for row in services:
        if row["successor"] or row["ends_on"] > day + SOON:
            continue
        # A contract that ended long ago without a successor is history, unless nothing came after.
        values = {"title": row["title"], "day": words.day(row["ends_on"])}
        says = (
            _("%(title)s: the contract ends on %(day)s and nobody follows")
            if row["ends_on"] >= day
            else _("%(title)s: the contract ended on %(day)s and nobody followed")
        ) % values
        found.append(_row(2, says, _("tender its successor before the end"), "/supply/tenders"))
    return found


def _unpaid(lots: list[LotNow]) -> Rows:
    owed = [lot for lot in lots if lot.is_stock and lot.paid < lot.accepted]
    if not owed:
        return []
    worth = sum((lot.accepted - lot.paid) * lot.unit_price_idr for lot in owed)
    says = _("%(n)s accepted lots are not paid in full: %(rupiah)s") % {
        "n": words.count(len(owed)), "rupiah": words.rupiah(worth)}  # fmt: skip
    return [_row(2, says, _("pay accepted blanks only; a maker that is not paid holds the next lot"), "/supply/money")]
