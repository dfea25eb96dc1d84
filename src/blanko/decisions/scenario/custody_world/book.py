"""What the book of custody must say: every blank by itself, in plain Python. Pure.

It knows nothing of ranges, balances or constraints: the database must come to the same end in its own way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

from blanko.cards.custody import rules
from blanko.cards.custody.rules import CENTRE, Condition, Key, Kind, Line, Phase
from blanko.kernel.errors import BlankoError

# What can befall a sealed box as a whole, and in which of its ends it stays sealed.
OF_SEALED: Final = frozenset(
    {Kind.OPENING, Kind.SPOILAGE, Kind.LOSS, Kind.SHORTAGE, Kind.FINDING, Kind.QUARANTINE, Kind.RELEASE}
)
STAYS_SEALED: Final = frozenset({"good", "quarantined", "missing"})
GONE: Final = frozenset({str(Condition.ISSUED), str(Condition.DESTROYED), str(Condition.MISSING)})

BoxName = tuple[str, int]
Blank = tuple[str, int, int]


class Cell(NamedTuple):
    """Where the book has a blank (an office, or a movement that is on its way) and what it is."""

    place: str
    condition: str


@dataclass(slots=True)
class Box:
    """A box with a cell for each blank; of a sealed one all cells are equal."""

    size: int
    received: tuple[datetime, str, int]
    sealed: bool
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class Message:
    """One call of an operation of custody, as a client sends it; it may come never, once, twice or late."""

    does: str
    by: str
    at: datetime
    key: Key | None = None
    lines: tuple[Line, ...] = ()
    office: str = ""
    to_office: str = ""
    movement: str = ""
    lot: str = ""
    kind: Kind = Kind.DISPATCH
    before: Condition = Condition.GOOD
    after: Condition = Condition.GOOD
    reason: str = ""

    def says(self) -> tuple[object, ...]:
        """What a repeated message may not change: not who sends it and when."""
        return (self.does, self.lines, self.office, self.to_office, self.movement, self.lot, self.kind, self.before,
                self.after)  # fmt: skip


class Outcome(NamedTuple):
    """What a message must lead to: it is refused by this error, found done before, or done now."""

    refused: type[BlankoError] | None = None
    repeated: bool = False
    movement: str = ""

    @property
    def done(self) -> bool:
        return self.refused is None and not self.repeated


@dataclass(slots=True)
class Moved:
    """A movement between offices, and how it ended."""

    from_office: str
    to_office: str
    lines: tuple[Line, ...]
    by: str
    condition: str
    ended: tuple[str, str] | None = None


@dataclass(slots=True)
class Book:
    """The book. ``deliver`` says what a message must lead to, and does it."""

    boxes: dict[BoxName, Box] = field(default_factory=dict)
    moved: dict[str, Moved] = field(default_factory=dict)
    said: dict[str, tuple[object, ...]] = field(default_factory=dict)
    pending: dict[str, None] = field(default_factory=dict)
    lots: dict[str, tuple[Line, ...]] = field(default_factory=dict)
    movements: int = 0
    received: int = 0

    def cell(self, blank: Blank) -> Cell:
        return self.boxes[blank[0], blank[1]].cells[blank[2] - 1]

    def runs(self, name: BoxName) -> list[tuple[Line, Cell]]:
        """Neighbours in one place and condition, in order; a sealed box is one run."""
        box = self.boxes[name]
        found: list[tuple[Line, Cell]] = []
        for position, cell in enumerate(box.cells, 1):
            if found and found[-1][1] == cell:
                found[-1] = (found[-1][0]._replace(last=position), cell)
            else:
                found.append((Line(*name, position, position), cell))
        return found

    def deliver(self, message: Message) -> Outcome:
        """What the database must do with a message that arrives now; the book has done it when this returns."""
        if message.does in ("receive", "void"):
            return self._settle(message)
        if message.does == "return" and message.movement not in self.moved:
            return Outcome(rules.UnknownMovement)
        assert message.key is not None
        movement = message.key.movement
        if movement in self.said:
            same = self.said[movement] == message.says()
            return Outcome(None if same else rules.KeyReused, repeated=same, movement=movement)
        if message.does == "return":
            outcome = self._return(message, movement)
        else:
            act = {"receive_lot": self._receive_lot, "dispatch": self._dispatch, "change": self._change}[message.does]
            outcome = Outcome(act(message, movement), movement=movement)
        if outcome.done:
            self.said[movement] = message.says()
            self.movements += 1
        return outcome

    @staticmethod
    def of_sealed() -> frozenset[Kind]:
        """What can befall a sealed box as a whole."""
        return OF_SEALED

    def put(self, lines: Iterable[Line], cell: Cell) -> None:
        for line in lines:
            cells = self.boxes[line.series, line.box_no].cells
            cells[line.first - 1 : line.last] = [cell] * line.quantity

    def next_blanks(self, office: str, wanted: int) -> list[Blank]:
        """The blanks that a printer takes: opened boxes before sealed ones, the oldest first."""
        good = Cell(office, str(Condition.GOOD))
        holding = [(not box.sealed, box.received, name) for name, box in self.boxes.items() if good in box.cells]
        holding.sort(key=lambda item: (not item[0], item[1]))
        found = [
            (*name, position)
            for _, _, name in holding
            for position, cell in enumerate(self.boxes[name].cells, 1)
            if cell == good
        ]
        return found[:wanted]

    def sheet(self) -> Counter[tuple[str, str, str]]:
        """Blanks by office, series and condition, as the balances must have them; on the way counts for the goal."""
        found: Counter[tuple[str, str, str]] = Counter()
        for (series, _), box in self.boxes.items():
            for cell, count in Counter(box.cells).items():
                if ":" in cell.place:
                    found[self.moved[cell.place].to_office, series, "in_transit"] += count
                else:
                    found[cell.place, series, cell.condition] += count
        return found

    def _receive_lot(self, message: Message, movement: str) -> type[BlankoError] | None:
        lines = self.lots.get(message.lot)
        if lines is None:
            return rules.LotNotAccepted
        if any((line.series, line.box_no) in self.boxes for line in lines):
            return rules.BoxReceivedTwice
        for line in lines:
            day = message.at.replace(hour=0, minute=0, second=0, microsecond=0)
            cells = [Cell(CENTRE, str(Condition.GOOD))] * line.last
            self.boxes[line.series, line.box_no] = Box(line.last, (day, line.series, line.box_no), True, cells)
            self.received += line.last
        return None

    def _dispatch(self, message: Message, movement: str) -> type[BlankoError] | None:
        if message.office == message.to_office or (message.kind is Kind.LOAN and not may_lend(message)):
            return rules.Unlawful
        for line in message.lines:
            if refused := self._why_not(line, message.office, str(message.before), whole=True):
                return refused
        self.moved[movement] = Moved(message.office, message.to_office, message.lines, message.by, str(message.before))
        self.pending[movement] = None
        self.put(message.lines, Cell(movement, str(message.before)))
        return None

    def _change(self, message: Message, movement: str) -> type[BlankoError] | None:
        for line in message.lines:
            box = self.boxes.get((line.series, line.box_no))
            whole = message.kind in OF_SEALED and message.after is not Condition.PERSONALISED
            if message.kind is Kind.OPENING and box and not box.sealed:
                return rules.BoxAlreadyOpened
            if refused := self._why_not(line, message.office, str(message.before), whole=whole):
                return refused
        for line in message.lines:
            box = self.boxes[line.series, line.box_no]
            box.sealed = box.sealed and message.kind is not Kind.OPENING and str(message.after) in STAYS_SEALED
        self.put(message.lines, Cell(message.office, str(message.after)))
        return None

    def _settle(self, message: Message) -> Outcome:
        phase = Phase.POSTED if message.does == "receive" else Phase.VOIDED
        movement = message.movement
        known = self.moved.get(movement)
        if known is None:
            return Outcome(rules.UnknownMovement)
        if known.ended is not None:
            same = known.ended == (str(phase), message.by)
            return Outcome(None if same else rules.MovementSettled, repeated=same, movement=movement)
        if phase is Phase.POSTED and message.by == known.by:
            return Outcome(rules.SamePersonBothEnds)
        self._end(movement, str(phase), message.by)
        place = known.to_office if phase is Phase.POSTED else known.from_office
        self.put(known.lines, Cell(place, known.condition))
        return Outcome(movement=movement)

    def _return(self, message: Message, movement: str) -> Outcome:
        known = self.moved[message.movement]
        if known.ended is not None:
            return Outcome(rules.MovementSettled)
        self._end(message.movement, str(Phase.RETURNED), message.by)
        self.moved[movement] = Moved(known.to_office, known.from_office, known.lines, message.by, known.condition)
        self.pending[movement] = None
        self.put(known.lines, Cell(movement, known.condition))
        return Outcome(movement=movement)

    def _end(self, movement: str, phase: str, by: str) -> None:
        self.moved[movement].ended = (phase, by)
        del self.pending[movement]

    def _why_not(self, line: Line, office: str, condition: str, *, whole: bool) -> type[BlankoError] | None:
        """The first reason in custody's own order why these blanks are not there; None when they are."""
        box = self.boxes.get((line.series, line.box_no))
        if box is None or line.last > box.size:
            return rules.UnknownBox
        cells: Sequence[Cell] = box.cells[line.first - 1 : line.last]
        wanted = Cell(office, condition)
        if box.sealed:
            place = box.cells[0].place
            if ":" in place:
                return rules.BoxAlreadyDispatched
            if place != office:
                return rules.BlankElsewhere
            all_of_it = (line.first, line.last) == (1, box.size)
            if condition != box.cells[0].condition:
                return rules.BlankNotInCondition
            return None if whole and all_of_it else rules.BoxNotOpened
        wrong = [cell for cell in cells if cell != wanted]
        if any(":" in cell.place for cell in wrong):
            return rules.BoxAlreadyDispatched
        if any(cell.place != office for cell in wrong):
            return rules.BlankElsewhere
        return rules.BlankNotInCondition if wrong else None


def may_lend(message: Message) -> bool:
    """Regencies of one province lend each other good blanks."""
    lender, borrower = message.office, message.to_office
    return len(lender) == len(borrower) == 4 and lender[:2] == borrower[:2] and message.before is Condition.GOOD
