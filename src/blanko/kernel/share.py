"""A share: a numerator of a denominator, kept exact. A figure without its denominator is never shown."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from blanko.kernel.errors import InvalidValue


@dataclass(frozen=True, slots=True)
class Share:
    """``numerator`` of ``denominator``. It may exceed 1: a source that counts more than its base is shown so.

    >>> Share(172_046_898, 178_207_350).percent(2)
    '96.54'
    """

    numerator: int
    denominator: int

    def __post_init__(self) -> None:
        if self.denominator <= 0 or self.numerator < 0:
            raise InvalidValue(
                "{numerator} of {denominator} is not a share",
                mend="give a denominator above 0",
                numerator=self.numerator,
                denominator=self.denominator,
            )

    @property
    def exact(self) -> Fraction:
        return Fraction(self.numerator, self.denominator)

    def rounded(self, places: int) -> float:
        """The share as a number with ``places`` decimals, half away from zero as offices round."""
        scaled = self.exact * 10**places
        return float(Fraction(int(scaled + Fraction(1, 2)), 10**places))

    def percent(self, places: int) -> str:
        """The share in percent with exactly ``places`` decimals, without the sign."""
        scaled = int(self.exact * 100 * 10**places + Fraction(1, 2))
        whole, part = divmod(scaled, 10**places)
        return f"{whole}.{part:0{places}d}" if places else str(whole)
