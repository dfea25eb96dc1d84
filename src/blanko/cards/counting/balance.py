"""The mass balance of a node, and the ways in which two accounts of the same blanks can differ. Pure.

    received = on hand + in transit + quarantined + personalised + issued + spoiled + destroyed + missing

For the nation ``received`` is what lots brought. For a province or an office it is what the journal brought there
(taken over, or on its way there) less what left. The left side is read from the journal, the right side from boxes and
ranges, so that the equation can fail.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from blanko.cards.counting.folding import Gap
from blanko.kernel.boxes import BoxId
from blanko.kernel.errors import InvalidValue

NATION: Final = "ID"
# Custody's words in the order of the equation; what is good and at hand is called so on the sheet.
TERMS: Final = {
    "good": "in_hand",
    "in_transit": "in_transit",
    "quarantined": "quarantined",
    "personalised": "personalised",
    "issued": "issued",
    "spoiled": "spoiled",
    "destroyed": "destroyed",
    "missing": "missing",
}


class Source(StrEnum):
    """Which account differs from the journal."""

    BOOK = "book"
    BALANCE = "balance"
    LOT = "lot"
    CARD = "card"
    STOCK_FILE = "stock_file"


# An office's own file or the cards' register may be late; journal, book and balance may not.
BREACHES: Final = frozenset({Source.BOOK, Source.BALANCE, Source.LOT})


@dataclass(frozen=True, slots=True)
class Difference:
    """``expected`` by the journal, ``found`` in the other account; where it can be said, the blanks and two hands."""

    source: Source
    office: str
    condition: str
    expected: int
    found: int
    series: str = ""
    box_no: int | None = None
    first: int | None = None
    last: int | None = None
    movement: str = ""
    sent_by: str = ""
    received_by: str = ""
    note: str = ""

    def row(self, number: int) -> dict[str, object]:
        """The sealed columns of counting_difference."""
        names = (
            "office", "condition", "series", "box_no", "first", "last", "expected", "found", "movement", "sent_by",
            "received_by", "note",
        )  # fmt: skip
        return {"number": number, "source": str(self.source), **{name: getattr(self, name) for name in names}}


@dataclass(frozen=True, slots=True)
class Sheet:
    """The equation of one node in whole blanks, and whether both sides are equal."""

    scope: str
    received: int
    terms: Mapping[str, int]

    @property
    def accounted(self) -> int:
        return sum(self.terms.values())

    @property
    def closes(self) -> bool:
        return self.received == self.accounted


def check_scope(scope: str, offices: Iterable[str]) -> str:
    """``ID``, a province's two digits, or an office. Raises InvalidValue."""
    known = set(offices)
    if scope == NATION or scope in known or (len(scope) == 2 and any(office[:2] == scope for office in known)):
        return scope
    raise InvalidValue("{scope} is no node", mend="write ID, a province's two digits, or an office", scope=repr(scope))


def within(office: str, scope: str) -> bool:
    """True when an office is the node, or lies in the province that is the node."""
    return scope == NATION or office == scope or (len(scope) == 2 and scope != "00" and office[:2] == scope)


def sheet(scope: str, *, received: int, book: Mapping[str, int]) -> Sheet:
    """The equation. ``book``: blanks by condition, from boxes and ranges."""
    return Sheet(scope, received, {term: book.get(condition, 0) for condition, term in TERMS.items()})


def account_differences(
    source: Source, journal: Mapping[tuple[str, str], int], other: Mapping[tuple[str, str], int]
) -> list[Difference]:
    """Offices and conditions where another account has not what the journal says, in order."""
    found = []
    for office, condition in sorted(journal.keys() | other.keys()):
        expected, got = journal.get((office, condition), 0), other.get((office, condition), 0)
        if expected != got:
            found.append(Difference(source, office, condition, expected, got))
    return found


def box_differences(series: str, box_no: int, gaps: Sequence[Gap], offices: Mapping[str, str]) -> list[Difference]:
    """What differs inside one box. ``offices``: movement -> the office that it leads to."""
    found = []
    for gap in gaps:
        said, kept = gap.journal, gap.book
        quantity = gap.last - gap.first + 1
        where = "nowhere" if kept is None else kept.office or f"movement {kept.movement}"
        if said is None:
            office, condition, expected, note = (
                "",
                kept.condition if kept else "",
                0,
                f"no journal; the book says {where}",
            )
        else:
            office = said.office or offices.get(said.movement, "")
            condition = said.condition if said.office else "in_transit"
            expected = quantity
            note = f"the book says {where}" + (
                f", {kept.condition}" if kept and kept.condition != said.condition else ""
            )
        found.append(
            Difference(
                Source.BOOK, office, condition, expected, quantity - expected, series, box_no, gap.first, gap.last,
                *((said.last_movement, said.sent_by, said.received_by) if said else ("", "", "")), note=note,
            )
        )  # fmt: skip
    return found


def named(difference: Mapping[str, object] | Difference) -> str:
    """The blanks of a difference as people write them: a box, a range in it, or nothing."""
    get = difference.get if isinstance(difference, Mapping) else lambda name: getattr(difference, name)
    if not get("series") or get("box_no") is None:
        return ""
    box = BoxId(str(get("series")), int(str(get("box_no"))))
    return f"{box} {int(str(get('first'))):04d}-{int(str(get('last'))):04d}" if get("first") is not None else str(box)
