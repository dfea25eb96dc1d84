"""Area codes of the Interior Ministry (Kemendagri), written without dots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from blanko.kernel.errors import InvalidValue

Level = Literal["province", "regency", "district", "village"]

LEVEL_BY_LENGTH: dict[int, Level] = {2: "province", 4: "regency", 6: "district", 10: "village"}


@dataclass(frozen=True, slots=True, order=True)
class AreaCode:
    """A code of 2, 4, 6 or 10 digits. Not the statistics office's code: 1101 is another place there.

    >>> AreaCode("3171010001").regency
    AreaCode(text='3171')
    """

    text: str

    def __post_init__(self) -> None:
        if len(self.text) not in LEVEL_BY_LENGTH or not (self.text.isascii() and self.text.isdigit()):
            raise InvalidValue(
                "{text} is not an area code", mend="write 2, 4, 6 or 10 digits without dots", text=repr(self.text)
            )

    @property
    def level(self) -> Level:
        return LEVEL_BY_LENGTH[len(self.text)]

    @property
    def province(self) -> AreaCode:
        return AreaCode(self.text[:2])

    @property
    def regency(self) -> AreaCode:
        """The regency that holds this area. Raises InvalidValue for a province, which has many."""
        if len(self.text) < 4:
            raise InvalidValue("province {text} lies in no single regency", mend="name the regency", text=self.text)
        return AreaCode(self.text[:4])

    def __str__(self) -> str:
        return self.text
