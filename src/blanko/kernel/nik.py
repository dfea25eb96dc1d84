"""The NIK (Nomor Induk Kependudukan): 16 digits that say less about a person than they seem to.

Layout (UU 23/2006, Permendagri 19/2012): district of first registration (6), birth date DDMMYY with 40 added to the
day for
women (6), serial (4). A NIK clashes and changes; it is never the only key of a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from blanko.kernel.errors import InvalidValue

Sex = Literal["L", "P"]
WOMEN_DAY_OFFSET = 40


@dataclass(frozen=True, slots=True, order=True)
class Nik:
    """Sixteen digits. That the digits contradict a birth date is a warning elsewhere, not an invalid NIK."""

    text: str

    def __post_init__(self) -> None:
        if len(self.text) != 16 or not (self.text.isascii() and self.text.isdigit()):
            raise InvalidValue(
                "{text} is not a NIK", mend="write 16 digits without dots or spaces", text=repr(self.text)
            )

    @property
    def district(self) -> str:
        """Six digits: the district of first registration, which does not follow a move."""
        return self.text[:6]

    @property
    def sex(self) -> Sex:
        return "P" if int(self.text[6:8]) > WOMEN_DAY_OFFSET else "L"

    @property
    def birth_day_month(self) -> tuple[int, int]:
        day = int(self.text[6:8])
        return (day - WOMEN_DAY_OFFSET if day > WOMEN_DAY_OFFSET else day, int(self.text[8:10]))

    @property
    def birth_year_of_century(self) -> int:
        return int(self.text[10:12])

    @property
    def serial(self) -> int:
        return int(self.text[12:])

    def __str__(self) -> str:
        return self.text


def contradictions(nik: Nik, *, birth_date: date, sex: Sex) -> tuple[Literal["birth_date", "sex"], ...]:
    """Which of the two facts the NIK's own digits contradict; empty when they agree.

    >>> contradictions(Nik("3171015506900001"), birth_date=date(1990, 6, 15), sex="P")
    ()
    """
    found: list[Literal["birth_date", "sex"]] = []
    same_day = nik.birth_day_month == (birth_date.day, birth_date.month)
    if not same_day or nik.birth_year_of_century != birth_date.year % 100:
        found.append("birth_date")
    if nik.sex != sex:
        found.append("sex")
    return tuple(found)
