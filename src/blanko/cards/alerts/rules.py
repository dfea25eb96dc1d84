"""What is told, to whom, and when a figure is out of the ordinary. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import exp, lgamma, log
from typing import Any, Final, NamedTuple

from blanko.kernel.errors import BlankoError


class AlertKind(StrEnum):
    """What is told; nothing else is."""

    LOW_COVER = "low_cover"
    SPOILAGE = "spoilage"
    PRINTS_ABOVE_BLANKS = "prints_above_blanks"
    SEEN_TWICE = "seen_twice"
    BOTH_ENDS = "both_ends"
    AT_NIGHT = "at_night"
    OVERDUE = "overdue"


class AlertStep(StrEnum):
    """How an alert ends."""

    ACKNOWLEDGED = "acknowledged"
    OVER = "over"


# What stands as long as a figure stands. The others are things that were done: they are never over by themselves.
STATES: Final = frozenset({AlertKind.LOW_COVER, AlertKind.SPOILAGE, AlertKind.PRINTS_ABOVE_BLANKS, AlertKind.OVERDUE})

# Provinces of 2017 whose clock is not western Indonesia's (UTC+7). Source: Keputusan Presiden 41/1987.
ZONES: Final[Mapping[str, int]] = {
    **dict.fromkeys(("51", "52", "53", "63", "64", "65", "71", "72", "73", "74", "75", "76"), 8),
    **dict.fromkeys(("81", "82", "91", "94"), 9),
}
WEST: Final = 7


@dataclass(frozen=True, slots=True)
class Limits:
    """When something is told. Days, per mille and local hours."""

    cover_days: int = 3
    pace_days: int = 28
    # Chance at most that an office as good as its contract allows spoils that many. The allowance is the contract's.
    spoilage_chance: float = 1e-5
    night_begins: int = 22
    night_ends: int = 5
    look_back_days: int = 45


class Finding(NamedTuple):
    """Something that does not look right. ``what`` tells it from others of its kind; ``says`` are its figures."""

    kind: AlertKind
    what: str
    office: str
    since: datetime
    says: dict[str, Any]

    @property
    def owner(self) -> str:
        """Who has to explain it: the head of the office."""
        return "kepala.pusat" if len(self.office) < 4 and self.office in ("", "00") else f"kepala.{self.office}"


class UnknownAlert(BlankoError, LookupError):
    """No alert has this name."""


class AlertEnded(BlankoError):
    """The alert was acknowledged before."""


class NoReason(BlankoError, ValueError):
    """An alert is acknowledged only with a reason."""


class Pace(NamedTuple):
    """What an office holds, and what it printed in the last ``Limits.pace_days``."""

    office: str
    good: int
    coming: int
    printed: int


class Tried(NamedTuple):
    """Blanks of one contract that an office printed and spoiled in the last ``Limits.pace_days``.

    ``allowed_per_mille`` is the spoilage that this contract allows.
    """

    office: str
    contract_no: str
    printed: int
    spoiled: int
    allowed_per_mille: int


def low_cover(paces: Iterable[Pace], *, limits: Limits, at: datetime) -> list[Finding]:
    """Offices whose good blanks, with what is on its way, last fewer days than the limit at their own pace."""
    found = []
    for pace in paces:
        a_day = pace.printed / limits.pace_days
        if a_day and (pace.good + pace.coming) < limits.cover_days * a_day:
            says = {"good": pace.good, "coming": pace.coming, "a_day": round(a_day, 1), "limit_days": limits.cover_days}
            found.append(Finding(AlertKind.LOW_COVER, pace.office, pace.office, at, says))
    return found


def spoilage(blanks: Iterable[Tried], *, limits: Limits, at: datetime) -> list[Finding]:
    """Offices that spoiled more of a contract's blanks than chance explains at the rate that the contract allows."""
    found = []
    for of in blanks:
        tried = of.printed + of.spoiled
        if of.spoiled * 1000 <= tried * of.allowed_per_mille:
            continue
        if chance_of(of.spoiled, of=tried, rate=of.allowed_per_mille / 1000) <= limits.spoilage_chance:
            says = {
                "spoiled": of.spoiled, "tried": tried, "allowed_per_mille": of.allowed_per_mille,
                "contract": of.contract_no,
            }  # fmt: skip
            found.append(Finding(AlertKind.SPOILAGE, f"{of.office}/{of.contract_no}", of.office, at, says))
    return found


def chance_of(count: int, *, of: int, rate: float) -> float:
    """The chance of ``count`` or more among ``of``, each with chance ``rate`` (the upper tail of a binomial)."""
    if count <= 0:
        return 1.0
    if count > of or not 0 < rate < 1:
        return 0.0 if count > of or rate <= 0 else 1.0
    total = 0.0
    for number in range(count, of + 1):
        term = exp(
            lgamma(of + 1) - lgamma(number + 1) - lgamma(of - number + 1) + number * log(rate)
            + (of - number) * log(1 - rate)
        )  # fmt: skip
        total += term
        if term < total * 1e-12:
            break
    return min(1.0, total)


def name_of(finding: Finding) -> str:
    """The name under which a finding is kept, once. A state that came back after it was over gets a name of its day."""
    if finding.kind in STATES:
        return f"{finding.kind}/{finding.what}/{finding.since:%Y-%m-%d}"
    return f"{finding.kind}/{finding.what}"


def check_reason(reason: str) -> str:
    """The reason without blanks around it. Raises NoReason."""
    if not reason.strip():
        raise NoReason("the alert has no explanation", mend="say why it is in order, or what was done")
    return reason.strip()
