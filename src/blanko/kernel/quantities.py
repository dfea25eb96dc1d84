"""Counts of blanks, cards and people."""

from __future__ import annotations

from dataclasses import dataclass

from blanko.kernel.errors import InvalidValue


@dataclass(frozen=True, slots=True, order=True)
class Quantity:
    """A whole number of things that is never negative.

    >>> Quantity(30) - Quantity(50)
    Traceback (most recent call last):
    ...
    blanko.kernel.errors.InvalidValue: -20 is not a quantity
    """

    count: int

    def __post_init__(self) -> None:
        if not isinstance(self.count, int) or isinstance(self.count, bool) or self.count < 0:
            raise InvalidValue(
                "{count} is not a quantity", mend="give a whole number from 0 up", count=repr(self.count)
            )

    def __add__(self, other: Quantity) -> Quantity:
        return Quantity(self.count + other.count)

    def __sub__(self, other: Quantity) -> Quantity:
        return Quantity(self.count - other.count)

    def __int__(self) -> int:
        return self.count
