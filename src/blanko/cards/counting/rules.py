"""What a counter may write, where it differs from the book, and what of it may be booked. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from blanko.cards.custody.rules import Condition, Kind, Line
from blanko.kernel.boxes import BOX_SIZE_MAX, BoxId
from blanko.kernel.errors import BlankoError

ELSEWHERE: Final = "elsewhere"
UNKNOWN: Final = "unknown"
ABSENT: Final = ""
# What lies in the cupboard, and as what it looks there. A blank in quarantine looks like a good one.
LOOKS: Final[Mapping[str, str]] = {
    Condition.GOOD: "good",
    Condition.QUARANTINED: "good",
    Condition.SPOILED: "spoiled",
    Condition.PERSONALISED: "personalised",
}
SEEN_AS: Final = ("good", "spoiled", "personalised")
# How counters write a condition, in both languages.
WORDS: Final[Mapping[str, str]] = {
    "": "good", "good": "good", "baik": "good", "spoiled": "spoiled", "rusak": "spoiled",
    "personalised": "personalised", "printed": "personalised", "tercetak": "personalised", "dicetak": "personalised",
}  # fmt: skip
_WRITTEN = re.compile(
    r"(?P<series>[A-Z0-9]{2,12})-(?P<number>[0-9]{6})"
    r"(?:-(?P<first>[0-9]{4})(?:\s*(?:\.\.|S/D|TO)\s*(?P<last>[0-9]{4}))?)?"
)
REFUSED_SHOWN: Final = 20


class Reason(StrEnum):
    """Why a row of a count is refused."""

    EMPTY = "empty"
    NOT_A_BOX = "not_a_box"
    BACKWARDS = "backwards"
    NO_POSITION = "no_position"
    UNKNOWN_CONDITION = "unknown_condition"
    SEALED_IS_GOOD = "sealed_is_good"
    NAMED_TWICE = "named_twice"
    NOT_OF_THIS_COUNT = "not_of_this_count"
    WRONG_CELLS = "wrong_cells"


class Outcome(StrEnum):
    """What a sheet showed beside the book and the sheet before it."""

    MATCHED = "matched"
    DIFFERS = "differs"
    CONFIRMED = "confirmed"
    DISPUTED = "disputed"


class Verdict(StrEnum):
    """How a count goes on or ends."""

    MATCHED = "matched"
    APPROVED = "approved"
    REFUSED = "refused"
    ABANDONED = "abandoned"


class Status(StrEnum):
    """Where a count stands."""

    OPEN = "open"
    RECOUNT = "recount"
    TO_DECIDE = "to_decide"
    MATCHED = "matched"
    CORRECTED = "corrected"
    ABANDONED = "abandoned"


MENDS: Final[Mapping[Reason, str]] = {
    Reason.EMPTY: "write what was seen, or leave the row out",
    Reason.NOT_A_BOX: "write PB17-000042 for a sealed box, PB17-000042-0007..0020 for blanks of an opened one",
    Reason.BACKWARDS: "give the first position first",
    Reason.NO_POSITION: "positions go from 1 to 9999",
    Reason.UNKNOWN_CONDITION: "write good, spoiled or printed (baik, rusak, tercetak), or nothing for good",
    Reason.SEALED_IS_GOOD: "name the blanks of an opened box by their positions",
    Reason.NAMED_TWICE: "name each blank once",
    Reason.NOT_OF_THIS_COUNT: "leave it out: this count is of other boxes",
    Reason.WRONG_CELLS: "give each row as many cells as there are heads",
}


class Refused(NamedTuple):
    """A row of a count that cannot be used: its number from 1, what stands there, and why."""

    row: int
    text: str
    reason: Reason

    @property
    def column(self) -> str:
        return "seen"

    @property
    def value(self) -> str:
        return self.text

    @property
    def mend(self) -> str:
        return MENDS[self.reason]


class MalformedCount(BlankoError, ValueError):
    """Rows of a count cannot be read; nothing of it was taken."""

    def __init__(self, refused: Sequence[Refused]) -> None:
        self.refused = tuple(refused)
        listed = "; ".join(f"{item.row} {item.text} ({item.reason})" for item in self.refused[:REFUSED_SHOWN])
        super().__init__(
            "{rows} rows of the count cannot be used: {listed}",
            mend="correct the rows and hand the whole count in again",
            rows=len(self.refused),
            listed=listed,
        )

    @property
    def causes(self) -> list[tuple[int, Refused]]:
        """Each refused row with its cause, as doors list the rows of any refused table."""
        return [(item.row, item) for item in self.refused]


class CountIsOpen(BlankoError):
    """The office is being counted already."""


class UnknownCount(BlankoError, LookupError):
    """No count has this name."""


class CountEnded(BlankoError):
    """The count has ended: it takes no further sheet and no decision."""


class CountNameTaken(BlankoError):
    """The key (device, sequence) named another count before."""


class SameCounter(BlankoError):
    """Whoever counted last cannot count again: the second count is another person's."""


class CountedYourself(BlankoError):
    """Whoever counted cannot decide about it."""


class DecidedBefore(BlankoError):
    """Whoever decided about a count cannot count it."""


class NotConfirmed(BlankoError):
    """No two persons have seen the same differences, so that there is nothing to approve."""


class CountIsBlind(BlankoError):
    """The book of a count is not shown while somebody may still count."""


class ReasonMissing(BlankoError, ValueError):
    """A count, a refusal or a correction needs a reason."""


class Seen(NamedTuple):
    """Blanks that a counter saw. Of a sealed box ``last`` is 0 until its size is looked up."""

    series: str
    box_no: int
    first: int
    last: int
    condition: str
    sealed: bool

    @property
    def box(self) -> tuple[str, int]:
        return self.series, self.box_no


class Place(NamedTuple):
    """Blanks of a box in one state: a condition at the counted office, or ``elsewhere``."""

    series: str
    box_no: int
    first: int
    last: int
    state: str
    sealed: bool = False


class Difference(NamedTuple):
    """Blanks that were not seen as the book has them: when it was frozen, and when the sheet was handed in."""

    series: str
    box_no: int
    first: int
    last: int
    frozen: str
    now: str
    seen: str

    @property
    def quantity(self) -> int:
        return self.last - self.first + 1


class Left(NamedTuple):
    """A difference that no movement mends, and why."""

    difference: Difference
    why: str


@dataclass(frozen=True, slots=True)
class Booking:
    """Lines that one movement of custody changes."""

    kind: Kind
    before: Condition
    after: Condition
    lines: tuple[Line, ...]


def read(rows: Iterable[tuple[str, str]], *, numbers: Sequence[int] | None = None) -> tuple[Seen, ...]:
    """The rows (what was seen, its condition) of a count. Raises MalformedCount with every row that cannot be used.

    ``PB17-000042`` is a sealed box, ``PB17-000042-0007`` a blank, ``PB17-000042-0007..0020`` neighbouring blanks.
    ``numbers`` are the rows' numbers in their file; else they are numbered from 1.
    """
    found: list[Seen] = []
    refused: list[Refused] = []
    for place, (what, condition) in enumerate(rows):
        number = place + 1 if numbers is None else numbers[place]
        made = _read_one(what.strip().upper(), condition.strip().lower())
        if isinstance(made, Reason):
            refused.append(Refused(number, f"{what} {condition}".strip()[:80], made))
        else:
            found.append(made)
    if refused:
        raise MalformedCount(refused)
    return tuple(found)


def _read_one(what: str, condition: str) -> Seen | Reason:
    if not what:
        return Reason.EMPTY
    parts = _WRITTEN.fullmatch(what)
    if parts is None:
        return Reason.NOT_A_BOX
    if condition not in WORDS:
        return Reason.UNKNOWN_CONDITION
    series, number = parts["series"], int(parts["number"])
    if parts["first"] is None:
        if WORDS[condition] != "good":
            return Reason.SEALED_IS_GOOD
        return Seen(series, number, 1, 0, "good", True)
    first = int(parts["first"])
    last = first if parts["last"] is None else int(parts["last"])
    if not 1 <= first <= BOX_SIZE_MAX or last < 1:
        return Reason.NO_POSITION
    if last < first:
        return Reason.BACKWARDS
    return Seen(series, number, first, last, WORDS[condition], False)


def settle(
    seen: Sequence[Seen],
    *,
    sizes: Mapping[tuple[str, int], int],
    only: frozenset[tuple[str, int]] = frozenset(),
    numbers: Sequence[int] | None = None,
) -> tuple[Seen, ...]:
    """The lines with the sizes of sealed boxes, in order. Raises MalformedCount: named twice, not of this count.

    A sealed box that nobody knows has size 1: it is kept, because a box with an unknown number must be named.
    """
    whole = [line._replace(last=max(1, sizes.get(line.box, 1))) if line.sealed else line for line in seen]
    refused: list[Refused] = []
    taken: dict[tuple[str, int], list[tuple[int, Seen]]] = defaultdict(list)
    for place, line in enumerate(whole):
        number = place + 1 if numbers is None else numbers[place]
        if only and line.box not in only:
            refused.append(Refused(number, _written(line), Reason.NOT_OF_THIS_COUNT))
            continue
        if any(other.first <= line.last and line.first <= other.last for _n, other in taken[line.box]):
            refused.append(Refused(number, _written(line), Reason.NAMED_TWICE))
            continue
        taken[line.box].append((number, line))
    if refused:
        raise MalformedCount(refused)
    return tuple(sorted(whole))


def _written(line: Seen) -> str:
    box = str(BoxId(line.series, line.box_no))
    return box if line.sealed else f"{box}-{line.first:04d}..{line.last:04d}"


def compare(
    frozen: Iterable[Place], now: Iterable[Place], seen: Iterable[Seen], *, sizes: Mapping[tuple[str, int], int]
) -> tuple[Difference, ...]:
    """Where what was seen is neither what the book was when frozen nor what it is now; neighbours joined, in order.

    A blank that moved lawfully between both moments may be seen in either state.
    """
    before, after, saw = _by_box(frozen), _by_box(now), _by_box(Place(*s[:4], s.condition) for s in seen)
    found: list[Difference] = []
    for box in sorted(before.keys() | saw.keys() | after.keys()):
        found += _compare_box(box, before.get(box, []), after.get(box, []), saw.get(box, []), sizes.get(box, 0))
    return tuple(found)


def _by_box(places: Iterable[Place]) -> dict[tuple[str, int], list[Place]]:
    found: dict[tuple[str, int], list[Place]] = defaultdict(list)
    for place in places:
        found[place[0], place[1]].append(place)
    return found


def _compare_box(
    box: tuple[str, int], frozen: Sequence[Place], now: Sequence[Place], seen: Sequence[Place], size: int
) -> list[Difference]:
    cuts = {p.first for p in (*frozen, *now, *seen)} | {p.last + 1 for p in (*frozen, *now, *seen)}
    if size:
        cuts |= {size + 1}
    ordered, found = sorted(cuts), list[Difference]()
    for first, after in zip(ordered, ordered[1:], strict=False):
        here = _state(now, first) or (UNKNOWN if first > size else ELSEWHERE)
        was = _state(frozen, first) or here
        saw = _state(seen, first)
        if saw in (LOOKS.get(was, ABSENT), LOOKS.get(here, ABSENT)):
            continue
        made = Difference(*box, first, after - 1, was, here, saw)
        if found and found[-1].last == first - 1 and found[-1][4:] == made[4:]:
            found[-1] = found[-1]._replace(last=after - 1)
        else:
            found.append(made)
    return found


def _state(places: Sequence[Place], position: int) -> str:
    return next((p.state for p in places if p.first <= position <= p.last), "")


def opened_boxes(now: Iterable[Place], seen: Iterable[Seen]) -> dict[Condition, tuple[tuple[str, int], ...]]:
    """Boxes that the book has sealed at the office and that were seen open, in order, by their condition."""
    sealed = {(p.series, p.box_no): p.state for p in now if p.sealed and p.state not in (ELSEWHERE, UNKNOWN)}
    found = sorted({line.box for line in seen if not line.sealed and line.box in sealed})
    return {
        condition: tuple(box for box in found if sealed[box] == condition)
        for condition in Condition
        if any(sealed[box] == condition for box in found)
    }


def outcome(found: Sequence[Difference], earlier: Sequence[Difference] | None) -> Outcome:
    """What a sheet showed. ``earlier``: the differences of the sheet before, None when it is the first."""
    if not found:
        return Outcome.MATCHED
    if earlier is None:
        return Outcome.DIFFERS
    return Outcome.CONFIRMED if _what(found) == _what(earlier) else Outcome.DISPUTED


def _what(found: Iterable[Difference]) -> list[tuple[str, int, int, int, str]]:
    """Which blanks were seen as what, joined however the book around them was cut."""
    joined: list[tuple[str, int, int, int, str]] = []
    for item in sorted(found):
        if joined and joined[-1][:2] == item[:2] and joined[-1][3] == item.first - 1 and joined[-1][4] == item.seen:
            joined[-1] = (*joined[-1][:3], item.last, item.seen)
        else:
            joined.append((*item[:4], item.seen))
    return joined


def bookings(
    found: Iterable[Difference], now: Iterable[Place], *, sizes: Mapping[tuple[str, int], int]
) -> tuple[tuple[Booking, ...], tuple[Left, ...]]:
    """What a decision books of confirmed differences, by the book of this moment, and what it must leave, with why."""
    places = _by_box(now)
    lines: dict[tuple[Kind, Condition, Condition], list[Line]] = defaultdict(list)
    left: list[Left] = []
    for item in found:
        for piece in _cut(item, places.get((item.series, item.box_no), []), sizes.get((item.series, item.box_no), 0)):
            step = _step(piece, item)
            if isinstance(step, str):
                left.append(Left(piece, step))
            else:
                lines[step].append(Line(*piece[:4]))
    return tuple(Booking(*step, tuple(sorted(lines[step]))) for step in sorted(lines)), tuple(left)


def _cut(item: Difference, now: Sequence[Place], size: int) -> list[Difference]:
    """The difference in pieces of one present state each."""
    cuts = {item.first, item.last + 1} | {p.first for p in now} | {p.last + 1 for p in now}
    inside = sorted(cut for cut in cuts if item.first <= cut <= item.last + 1)
    return [
        item._replace(
            first=first, last=after - 1, now=_state(now, first) or (UNKNOWN if first > size else ELSEWHERE)
        )  # fmt: skip
        for first, after in zip(inside, inside[1:], strict=False)
    ]


def _step(piece: Difference, confirmed: Difference) -> tuple[Kind, Condition, Condition] | str:
    """The movement that makes the book say what was seen, or why none may."""
    if piece.now != confirmed.now:
        return "moved_since"
    if piece.seen == ABSENT:
        return Kind.LOSS, Condition(piece.now), Condition.MISSING
    if piece.now == Condition.MISSING:
        return Kind.FINDING, Condition.MISSING, Condition(piece.seen)
    if piece.seen == Condition.SPOILED and piece.now in (Condition.GOOD, Condition.QUARANTINED):
        return Kind.SPOILAGE, Condition(piece.now), Condition.SPOILED
    # A box of another office, a number that nobody knows, a card that was handed over or destroyed and lies there.
    return piece.now if piece.now in (ELSEWHERE, UNKNOWN, Condition.ISSUED, Condition.DESTROYED) else "other_condition"
