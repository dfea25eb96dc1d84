"""Small rules around a share: overrides and dates."""

from __future__ import annotations

from datetime import date, timedelta

from blanko.engines.allocation.errors import OverrideRefused

REASON_LENGTH_MIN = 10


def check_override(*, by: str, second_officer: str, reason: str) -> None:
    """Raise OverrideRefused unless two different named officers give a reason that says something."""
    if len(reason.strip()) < REASON_LENGTH_MIN:
        raise OverrideRefused(
            "an override needs a reason",
            mend="write at least {reason_length_min} characters",
            reason_length_min=REASON_LENGTH_MIN,
        )
    if not by.strip() or not second_officer.strip():
        raise OverrideRefused("an override names two officers", mend="name the officer and the second officer")
    if by.strip().casefold() == second_officer.strip().casefold():
        raise OverrideRefused("an override needs a second, different officer", mend="name another officer")


def dispatch_by(deadline: date, *, transport_days: int, printing_days: int) -> date:
    """The last day on which blanks can leave and still be printed in time: deadline - transport - printing."""
    return deadline - timedelta(days=transport_days + printing_days)
