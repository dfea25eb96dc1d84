"""Who may be given a suket, why, for how long, and how it ends. Pure.

Source: circular 471.13/10231/DUKCAPIL of 29 September 2016 (recorded persons without a card; valid six months).
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from blanko.kernel.errors import BlankoError
from blanko.records.entitlement.rules import State


class Reason(StrEnum):
    """Why the person has no card yet. ``UNK`` is only for numbers that files brought, which name no reason."""

    PRR = "PRR"
    SFE = "SFE"
    ADJ = "ADJ"
    COR = "COR"
    UNK = "UNK"


class End(StrEnum):
    """How a suket stops to count. One that is only past its last day still counts until it is renewed or voided."""

    CARD_ISSUED = "card_issued"
    RENEWED = "renewed"
    VOIDED = "voided"


class VoidCause(StrEnum):
    """Why an officer voids a suket."""

    LOST = "lost"
    WRONG_DATA = "wrong_data"
    ISSUED_IN_ERROR = "issued_in_error"
    MOVED = "moved"
    DECEASED = "deceased"
    FORGED = "forged"


class Validity(NamedTuple):
    """From a day on a suket is valid for so many months, by this rule."""

    since: date
    months: int
    source: str


VALIDITY: Final = (Validity(date(2016, 9, 29), 6, "SE 471.13/10231/DUKCAPIL, 29 September 2016"),)
# A claim that waits for this is a reason for a suket; any other is none.
REASON_OF_STATE: Final[Mapping[str, Reason]] = {
    State.PRINT_READY: Reason.PRR,
    State.AWAITING_UNIQUENESS: Reason.SFE,
    State.DUPLICATE_CASE: Reason.ADJ,
    State.NEEDS_CORRECTION: Reason.COR,
}
RENEWABLE_BEFORE: Final = timedelta(days=30)
# How long a suket has been out, in whole months; a number that a file brought has no day.
AGES: Final = ("under_1", "1_to_3", "3_to_6", "expired", "unknown")
BULK_MAX: Final = 5_000


class NoSuketDue(BlankoError):
    """Nothing that a suket stands in for is owed to this person."""


class SuketHeld(BlankoError):
    """The person holds a suket that still counts."""


class UnknownSuket(BlankoError, LookupError):
    """No suket has this number."""


class SuketEnded(BlankoError):
    """The suket was voided, renewed or replaced by the card before."""


class NotYetRenewable(BlankoError):
    """A suket is renewed near its end, not long before."""


class OfAnotherOffice(BlankoError):
    """The record belongs to another office."""


class NoReasonGiven(BlankoError, ValueError):
    """A suket is voided only with a cause and what happened, in words."""


class ReasonDisagrees(BlankoError):
    """The reason that was named is not the one that the record gives."""


class NoRuleInForce(BlankoError):
    """No rule on the validity of sukets was in force on this day."""


def months_later(day: date, months: int) -> date:
    """The same day of a later month, or that month's last one.

    >>> months_later(date(2016, 8, 31), 6)
    datetime.date(2017, 2, 28)
    """
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def validity(on: date) -> Validity:
    """The rule in force on a day. Raises NoRuleInForce."""
    found = [rule for rule in VALIDITY if rule.since <= on]
    if not found:
        raise NoRuleInForce(
            "no suket was issued on {day}", mend="give a day from {first} on", day=on, first=VALIDITY[0].since
        )
    return found[-1]


def valid_until(issued_on: date) -> date:
    """The last day of validity."""
    return months_later(issued_on, validity(issued_on).months)


def reason_for(state: str, *, asked: Reason | None = None) -> Reason:
    """The reason that a claim's state gives. Raises NoSuketDue, ReasonDisagrees."""
    reason = REASON_OF_STATE.get(state)
    if reason is None:
        raise NoSuketDue(
            "a claim that is {state} is no reason for a suket",
            mend="look up what the person is owed, and what blocks it",
            state=state.replace("_", " "),
        )
    if asked not in (None, reason):
        raise ReasonDisagrees(
            "the record says {reason}, not {asked}", mend="leave the reason to the record", reason=reason, asked=asked
        )
    return reason


def check_renewable(number: str, valid: date | None, *, on: date) -> None:
    """Raises NotYetRenewable while more than RENEWABLE_BEFORE is left. One of unknown day is renewable at once."""
    if valid is not None and valid - RENEWABLE_BEFORE > on:
        raise NotYetRenewable(
            "suket {number} is valid until {day}",
            mend="renew it from {first} on, or void it",
            number=number,
            day=valid,
            first=valid - RENEWABLE_BEFORE,
        )


def numbered(office: str, year: int, sequence: int) -> str:
    """The number on the paper.

    >>> numbered("3171", 2017, 42)
    '470/00042/SUKET/3171/2017'
    """
    return f"470/{sequence:05d}/SUKET/{office}/{year}"
