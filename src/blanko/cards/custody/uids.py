"""The UID of a chip as it is stored and written, and what a lot is expected to bring. Pure."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from blanko.kernel.errors import BlankoError

UID_BYTES: Final = (4, 7)
_HEX = re.compile(r"[0-9A-Fa-f]+")


class NotAUid(BlankoError, ValueError):
    """A chip's UID is 4 or 7 bytes, written in hexadecimal."""


class LotShape(NamedTuple):
    """What the contract says of a lot: boxes ``first_box`` to ``first_box + box_count - 1`` of ``box_size`` blanks."""

    lot_no: str
    series: str
    first_box: int
    box_count: int
    box_size: int


def uid_of(text: str) -> int:
    """A chip's UID as the number that is stored: its length in bytes above 56 bits of value. Raises NotAUid."""
    plain = text.strip().replace(":", "").replace(" ", "")
    length = len(plain) // 2
    if not _HEX.fullmatch(plain) or length not in UID_BYTES or len(plain) % 2:
        raise NotAUid("{text} is not the UID of a chip", mend="write its 4 or 7 bytes in hexadecimal", text=repr(text))
    return length << 56 | int(plain, 16)


def uid_text(uid: int) -> str:
    """A stored UID as it is written on paper: 8 or 14 hexadecimal digits."""
    return f"{uid & (1 << 56) - 1:0{(uid >> 56) * 2}X}"
