"""What the book of custody must say: every blank by itself, in plain Python. Pure.

It knows nothing of ranges, balances or constraints: the database must come to the same end in its own way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final, NamedTuple

from blanko.cards.custody import rules
from blanko.cards.custody.rules import CENTRE, Condition, Key, Kind, Line, Phase
from blanko.decisions.scenario.custody_world.cards import Cards
from blanko.kernel.errors import BlankoError

# What can befall a sealed box as a whole, and in which of its ends it stays sealed.
OF_SEALED: Final = frozenset(
    {Kind.OPENING, Kind.SPOILAGE, Kind.LOSS, Kind.SHORTAGE, Kind.FINDING, Kind.QUARANTINE, Kind.RELEASE}
)
STAYS_SEALED: Final = frozenset({"good", "quarantined", "missing"})
UNPRINTED: Final = frozenset({Condition.GOOD, Condition.QUARANTINED})
ENDED: Final = frozenset({str(Condition.ISSUED), str(Condition.DESTROYED)})
# Calls of issuance; all others are custody's.
OF_CARDS: Final = frozenset(
    {"print", "send", "finish", "fail", "spoil_card", "lose_card", "hand_over", "ship", "arrive", "follow"}
)
GONE: Final = frozenset({str(Condition.ISSUED), str(Condition.DESTROYED), str(Condition.MISSING)})

# Of a call that is part of another one: nothing depends on its moment.
NEVER: Final = datetime.min.replace(tzinfo=UTC)

BoxName = tuple[str, int]
Blank = tuple[str, int, int]
# Cells by box, how movements that are on their way ended, and the number of movements.
Copied = tuple[dict[BoxName, list["Cell"]], dict[str, tuple[str, str] | None], int]


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
    """One call of an operation of custody or issuance, as a client sends it; it may come never, once, twice or late.

    ``cards`` are the blanks of cards, ``scans`` what a receiver held in the hand, ``limit`` how many cards to print.
    """

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
    cards: tuple[Blank, ...] = ()
    scans: tuple[str, ...] = ()
    limit: int = 0
    job: str = ""

    def says(self) -> tuple[object, ...]:
        """What a repeated message may not change: not who sends it and when."""
        return (self.does, self.lines, self.office, self.to_office, self.movement, self.lot, self.kind, self.before,
                self.after)  # fmt: skip


class Outcome(NamedTuple):
    """What a message must lead to: it is refused by this error, found done before, or done now."""

    refused: type[BlankoError] | None = None
    repeated: bool = False
    movement: str = ""
    # Of a scanned receipt: what was short.
    short: tuple[Line, ...] = ()
    # What moves in the world by a call of issuance: (blanks, from place, to place).
    moves: tuple[tuple[tuple[Blank, ...], str, str], ...] = ()

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
    cards: Cards = field(default_factory=Cards)
    # What a blank was when it was written off: what it looks like when it is seen again.
    was: dict[Blank, str] = field(default_factory=dict)
    # Blanks on which a card was printed: they are never good again.
    printed: set[Blank] = field(default_factory=set)
    # Boxes of which every blank is issued or destroyed.
    used_up: set[BoxName] = field(default_factory=set)

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
        if message.does in OF_CARDS:
            done = self.cards.deliver(message, self)
            return Outcome(done.refused, done.repeated, moves=done.moves)
        if message.does in ("receive", "void"):
            return self._settle(message)
        if message.does == "scan":
            return self._receive_scanned(message)
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

    def why_not(
        self, blanks: Iterable[Blank], office: str, condition: str, *, whole: bool = False
    ) -> type[BlankoError] | None:
        """Why custody refuses to take these blanks from an office in a condition; None when it does not."""
        for line in lines_of(blanks):
            if refused := self._why_not(line, office, condition, whole=whole):
                return refused
        return None

    def put_blanks(self, blanks: Iterable[Blank], office: str, condition: str) -> None:
        """The blanks are there from now on."""
        for series, box_no, position in blanks:
            cells = self.boxes[series, box_no].cells
            if condition == Condition.MISSING:
                self.was[series, box_no, position] = cells[position - 1].condition
            elif condition == Condition.PERSONALISED:
                self.printed.add((series, box_no, position))
            cells[position - 1] = Cell(office, condition)

    def send(self, movement: str, message: Message, condition: str) -> None:
        """Blanks of ``message.cards`` leave for another office."""
        lines = lines_of(message.cards)
        self.moved[movement] = Moved(message.office, message.to_office, lines, message.by, condition)
        self.pending[movement] = None
        self.put(lines, Cell(movement, condition))
        self.said[movement] = message.says()
        self.movements += 1

    def settle(self, movement: str, by: str) -> Outcome:
        """A movement is taken over by somebody."""
        return self._settle(Message("receive", by, NEVER, movement=movement))

    def copied(self, names: Iterable[BoxName]) -> Copied:
        """What a call on these boxes may change, for ``restore``."""
        boxes = {name: list(self.boxes[name].cells) for name in names if name in self.boxes}
        ends = {movement: self.moved[movement].ended for movement in self.pending}
        return boxes, ends, self.movements

    def restore(self, kept: Copied) -> None:
        """Everything as it was: a refused call has changed nothing."""
        boxes, ends, self.movements = kept
        for name, cells in boxes.items():
            self.boxes[name].cells = cells
        for movement, ended in ends.items():
            self.moved[movement].ended = ended
        self.pending = dict.fromkeys(ends)

    def put(self, lines: Iterable[Line], cell: Cell) -> None:
        for line in lines:
            cells = self.boxes[line.series, line.box_no].cells
            cells[line.first - 1 : line.last] = [cell] * line.quantity

    def next_blanks(self, office: str, wanted: int) -> list[Blank]:
        """The blanks that a printer takes: opened boxes before sealed ones, the oldest first."""
        good = Cell(office, str(Condition.GOOD))
        for name in [n for n in self._unused() if all(c.condition in ENDED for c in self.boxes[n].cells)]:
            self.used_up.add(name)
        holding = [
            (not box.sealed, box.received, name)
            for name, box in ((n, self.boxes[n]) for n in self._unused())
            if good in box.cells and (box.sealed is False or box.cells[0] == good)
        ]
        holding.sort(key=lambda item: (not item[0], item[1]))
        found = [
            (*name, position)
            for _, _, name in holding
            for position, cell in enumerate(self.boxes[name].cells, 1)
            if cell == good
        ]
        return found[:wanted]

    def _unused(self) -> list[BoxName]:
        return [name for name in self.boxes if name not in self.used_up]

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
            again = message.kind in (Kind.FINDING, Kind.CORRECTION) and message.after in UNPRINTED
            if again and not self.printed.isdisjoint(blanks_in(line)):
                return rules.BlankPrinted
        for line in message.lines:
            box = self.boxes[line.series, line.box_no]
            box.sealed = box.sealed and message.kind is not Kind.OPENING and str(message.after) in STAYS_SEALED
            if message.kind is Kind.PERSONALISATION:
                self.printed.update(blanks_in(line))
            if message.kind is Kind.LOSS:
                self.was.update(dict.fromkeys(blanks_in(line), str(message.before)))
        self.put(message.lines, Cell(message.office, str(message.after)))
        return None

    def _receive_scanned(self, message: Message) -> Outcome:
        """What was not scanned is missing at the sender's, the rest is the receiver's."""
        movement = message.movement
        outcome = self._settle(replace(message, does="receive"))
        if not outcome.done:
            return outcome
        known = self.moved[movement]
        short = self.not_scanned(movement, message.scans)
        for line in short:
            self.was.update(dict.fromkeys(blanks_in(line), known.condition))
        self.put(short, Cell(known.from_office, str(Condition.MISSING)))
        self.movements += bool(short)
        return outcome._replace(short=tuple(short))

    def not_scanned(self, movement: str, scans: Iterable[str]) -> list[Line]:
        """The parts of a movement's lines that were not in the receiver's hand; a sealed box is scanned whole."""
        seen = set(scans)
        found: list[Line] = []
        for line in self.moved[movement].lines:
            if box_text(line[:2]) in seen:
                continue
            found += lines_of(b for b in blanks_in(line) if serial_text(b) not in seen)
        return found

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


def blanks_in(line: Line) -> list[Blank]:
    return [(line.series, line.box_no, position) for position in range(line.first, line.last + 1)]


def lines_of(blanks: Iterable[Blank]) -> tuple[Line, ...]:
    """The fewest lines that hold these blanks, in order."""
    lines: list[Line] = []
    for series, box_no, position in sorted(blanks):
        if lines and lines[-1][:2] == (series, box_no) and lines[-1].last == position - 1:
            lines[-1] = lines[-1]._replace(last=position)
        else:
            lines.append(Line(series, box_no, position, position))
    return tuple(lines)


def box_text(name: tuple[str, int]) -> str:
    return f"{name[0]}-{name[1]:06d}"


def serial_text(blank: Blank) -> str:
    return f"{blank[0]}-{blank[1]:06d}-{blank[2]:04d}"


def may_lend(message: Message) -> bool:
    """Regencies of one province lend each other good blanks."""
    lender, borrower = message.office, message.to_office
    return len(lender) == len(borrower) == 4 and lender[:2] == borrower[:2] and message.before is Condition.GOOD
