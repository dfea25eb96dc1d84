"""Spans of days, both ends included."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from blanko.kernel.errors import InvalidValue


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """From ``first`` to ``last``, both included. ``last`` None means that it has not ended."""

    first: date
    last: date | None = None

    def __post_init__(self) -> None:
        if self.last is not None and self.last < self.first:
            raise InvalidValue(
                "a period from {first} to {last} runs backwards",
                mend="exchange the two dates",
                first=self.first,
                last=self.last,
            )

    def __contains__(self, day: date) -> bool:
        return self.first <= day and (self.last is None or day <= self.last)

    @property
    def days(self) -> int | None:
        """How many days it holds, or None while it is open."""
        return None if self.last is None else (self.last - self.first) // timedelta(days=1) + 1
