"""Where each blank really is, apart from what the book says; thieves change this and not the book. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from blanko.cards.custody.rules import Kind, Line
from blanko.decisions.scenario.custody_world.book import (
    GONE,
    OF_CARDS,
    Blank,
    Book,
    BoxName,
    Message,
    Outcome,
    blanks_in,
    box_text,
    serial_text,
)

# Places outside the offices. A lost blank may be found again; what a thief took is seen again only elsewhere.
THIEF: Final = "thief"
LOST: Final = "lost"
HOLDER: Final = "holder"
ASHES: Final = "ashes"


@dataclass(slots=True)
class Fraud:
    """An injected loss, theft or swap: its blanks, and those of them that nothing has named yet."""

    number: int
    kind: str
    step: int
    blanks: frozenset[Blank]
    unnamed: set[Blank]


class Counted(NamedTuple):
    """A line of a count sheet: blanks that somebody held in the hand."""

    series: str
    box_no: int
    first: int
    last: int


class Difference(NamedTuple):
    """A blank that a count and the book disagree on: missing, surplus, or counted twice."""

    kind: str
    blank: Blank


def compare(book: Iterable[Line], counted: Iterable[Counted]) -> list[Difference]:
    """Each blank on which a count and the book's lines for the same room differ, in order."""
    expected = {blank for line in book for blank in blanks_in(line)}
    seen: set[Blank] = set()
    found: list[Difference] = []
    for line in counted:
        for blank in blanks_in(Line(*line)):
            if blank in seen:
                found.append(Difference("twice", blank))
            seen.add(blank)
    found += [Difference("missing", blank) for blank in expected - seen]
    found += [Difference("surplus", blank) for blank in seen - expected]
    return sorted(found)


@dataclass(slots=True)
class World:
    """The truth. ``where`` has a place for each blank of a box: an office, a movement, or one of the places above."""

    where: dict[BoxName, list[str]] = field(default_factory=dict)
    frauds: list[Fraud] = field(default_factory=list)
    # Blank -> the fraud that may explain it.
    suspects: dict[Blank, Fraud] = field(default_factory=dict)
    open_frauds: dict[int, Fraud] = field(default_factory=dict)
    noticed: int = 0
    # Blanks that were named, and carried back to where the book has them as missing.
    returned: set[Blank] = field(default_factory=set)
    # Blanks that became issued without their card being handed over.
    issued_past: set[Blank] = field(default_factory=set)

    def at(self, blank: Blank) -> str:
        return self.where[blank[0], blank[1]][blank[2] - 1]

    def put(self, blanks: Iterable[Blank], place: str) -> None:
        for series, box_no, position in blanks:
            self.where[series, box_no][position - 1] = place

    def holds(self, line: Line, place: str) -> bool:
        """True when each of these blanks is there, so that an honest officer can work with them."""
        cells = self.where.get((line.series, line.box_no))
        return cells is not None and all(cell == place for cell in cells[line.first - 1 : line.last])

    def not_there(self, message: Message, book: Book) -> list[Blank]:
        """Blanks that the book has in the officer's room and that he cannot find; he names them and writes nothing.

        Empty when an honest officer can do what the message says, or when the book refuses it anyway.
        """
        found: list[Blank] = []
        for line in message.lines:
            box = book.boxes.get((line.series, line.box_no))
            if box is None or line.last > box.size or message.kind is Kind.LOSS:
                continue
            finding = message.kind is Kind.FINDING
            wanted = [
                blank
                for blank in blanks_in(line)
                if book.cell(blank).place == message.office and (book.cell(blank).condition in GONE) == finding
            ]
            gone = [blank for blank in wanted if self.at(blank) not in ((LOST,) if finding else (message.office,))]
            # A slit box looks whole: it is missed only when all of it is gone.
            if not box.sealed or len(gone) == len(wanted):
                found += gone
        return found

    def scans(self, movement: str, book: Book) -> tuple[str, ...]:
        """What an honest receiver holds in the hand of a movement; a slit box looks whole while anything is in it."""
        found: list[str] = []
        for line in book.moved[movement].lines:
            there = [blank for blank in blanks_in(line) if self.at(blank) == movement]
            if book.boxes[line.series, line.box_no].sealed:
                found += [box_text((line.series, line.box_no))] if there else []
            else:
                found += [serial_text(blank) for blank in there]
        return tuple(found)

    def not_in_hand(self, blanks: Iterable[Blank], book: Book) -> list[Blank]:
        """Of blanks that the book has in offices those that are not there."""
        return [b for b in blanks if ":" not in book.cell(b).place and self.at(b) != book.cell(b).place]

    def follow(self, message: Message, outcome: Outcome, book: Book) -> None:
        """Move what the book has just moved, as far as it is really there."""
        movement = outcome.movement
        for blanks, before, after in outcome.moves:
            self.put([blank for blank in blanks if self.at(blank) == before], after)
        if message.does in OF_CARDS:
            return
        if message.does == "receive_lot":
            for line in book.lots[message.lot]:
                self.where[line.series, line.box_no] = [message.to_office] * line.last
        elif message.does == "dispatch":
            self._shift(message.lines, message.office, movement)
        elif message.does in ("receive", "scan", "void"):
            moved = book.moved[message.movement]
            self._shift(moved.lines, movement, moved.from_office if message.does == "void" else moved.to_office)
        elif message.does == "return":
            self._shift(book.moved[message.movement].lines, message.movement, movement)
        elif message.kind is Kind.ISSUANCE:
            self._shift(message.lines, message.office, HOLDER)
            self.issued_past.update(blank for line in message.lines for blank in blanks_in(line))
        elif message.kind is Kind.DESTRUCTION:
            self._shift(message.lines, message.office, ASHES)
        elif message.kind is Kind.LOSS:
            self._shift(message.lines, message.office, LOST)
        elif message.kind is Kind.FINDING:
            self._shift(message.lines, LOST, message.office)

    def _shift(self, lines: Iterable[Line], before: str, after: str) -> None:
        for line in lines:
            cells = self.where[line.series, line.box_no]
            for number in range(line.first - 1, line.last):
                if cells[number] == before:
                    cells[number] = after

    def commit_fraud(self, kind: str, step: int, blanks: Iterable[Blank]) -> Fraud:
        """Remember what was injected, for the judgement at the end. The caller moves the blanks."""
        named = frozenset(blanks)
        fraud = Fraud(len(self.frauds) + 1, kind, step, named, set(named))
        self.frauds.append(fraud)
        self.open_frauds[fraud.number] = fraud
        self.suspects.update(dict.fromkeys(named, fraud))
        return fraud

    def named(self, blank: Blank) -> bool:
        """A count or an officer named this blank. False when nothing was done to it: a false accusation."""
        fraud = self.suspects.get(blank)
        if fraud is None:
            return blank in self.returned
        fraud.unnamed.discard(blank)
        if not fraud.unnamed:
            self.open_frauds.pop(fraud.number, None)
        return True

    def sheet(self, office: str) -> list[Counted]:
        """All that lies in an office, as an honest count finds it: each box's blanks that are there, in order."""
        found: list[Counted] = []
        for (series, box_no), cells in sorted(self.where.items()):
            if office not in cells:
                continue
            first = 0
            for position, cell in enumerate([*cells, ""], 1):
                if cell == office and not first:
                    first = position
                elif cell != office and first:
                    found.append(Counted(series, box_no, first, position - 1))
                    first = 0
        return found
