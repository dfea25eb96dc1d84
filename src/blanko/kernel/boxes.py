"""Boxes of blanks, and the serials inside them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from blanko.kernel.errors import InvalidValue

_BOX = re.compile(r"(?P<series>[A-Z0-9]{2,12})-(?P<number>[0-9]{6})")
_SERIAL = re.compile(r"(?P<series>[A-Z0-9]{2,12})-(?P<number>[0-9]{6})-(?P<position>[0-9]{4})")
BOX_SIZE_MAX = 9_999


@dataclass(frozen=True, slots=True, order=True)
class BoxId:
    """A sealed box: the series of its maker and its number in that series, written ``PB17-000042``."""

    series: str
    number: int

    def __post_init__(self) -> None:
        if not _BOX.fullmatch(str(self)):
            raise InvalidValue(
                "{value} is not a box", mend="write SERIES-NUMBER, for example PB17-000042", value=str(self)
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        found = _BOX.fullmatch(text.strip().upper())
        if not found:
            raise InvalidValue(
                "{text} is not a box", mend="write SERIES-NUMBER, for example PB17-000042", text=repr(text)
            )
        return cls(found["series"], int(found["number"]))

    def __str__(self) -> str:
        return f"{self.series}-{self.number:06d}"


@dataclass(frozen=True, slots=True, order=True)
class BlankSerial:
    """One blank: its box and its position in it from 1, written ``PB17-000042-0007``."""

    box: BoxId
    position: int

    def __post_init__(self) -> None:
        if not 1 <= self.position <= BOX_SIZE_MAX:
            raise InvalidValue(
                "position {position} is in no box",
                mend="use 1 to {box_size_max}",
                position=self.position,
                box_size_max=BOX_SIZE_MAX,
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        found = _SERIAL.fullmatch(text.strip().upper())
        if not found:
            raise InvalidValue(
                "{text} is not a blank's serial",
                mend="write BOX-POSITION, for example PB17-000042-0007",
                text=repr(text),
            )
        return cls(BoxId(found["series"], int(found["number"])), int(found["position"]))

    def __str__(self) -> str:
        return f"{self.box}-{self.position:04d}"


@dataclass(frozen=True, slots=True, order=True)
class SerialRange:
    """Positions ``first`` to ``last`` of one box, both included, never empty."""

    first: int
    last: int

    def __post_init__(self) -> None:
        if not 1 <= self.first <= self.last <= BOX_SIZE_MAX:
            raise InvalidValue(
                "{first} to {last} is not a range of serials",
                mend="give 1 <= first <= last",
                first=self.first,
                last=self.last,
            )

    def __len__(self) -> int:
        return self.last - self.first + 1

    def __contains__(self, position: int) -> bool:
        return self.first <= position <= self.last

    def overlaps(self, other: SerialRange) -> bool:
        return self.first <= other.last and other.first <= self.last

    def joins(self, other: SerialRange) -> bool:
        """True when the two are neighbours without a gap, so that they can be kept as one."""
        return self.last + 1 == other.first or other.last + 1 == self.first

    def __str__(self) -> str:
        return f"{self.first:04d}-{self.last:04d}"
