"""One run: messages go to the real operations and to the model of the book, and the world follows."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Final, NamedTuple

import psycopg

from blanko.cards.custody.rules import Condition, Kind, Line
from blanko.decisions.scenario.custody_world import judge
from blanko.decisions.scenario.custody_world.book import (
    GONE,
    OF_CARDS,
    Blank,
    Book,
    Message,
    Outcome,
    blanks_in,
    lines_of,
)
from blanko.decisions.scenario.custody_world.compose import OFFICES, Composer
from blanko.decisions.scenario.custody_world.session import Observed, Officer, Session
from blanko.decisions.scenario.custody_world.stage import lots, people
from blanko.decisions.scenario.custody_world.world import World
from blanko.kernel.errors import BlankoError

# Boxes in use: few enough that steps meet each other, enough that thieves find some.
BOXES_IN_USE: Final = 60
BATCH: Final = 40


class Wrong(AssertionError):
    """A promise does not hold: raised with what the model says and what the database says."""


class Step(NamedTuple):
    """A kind of step: how often it is drawn, and what it does; the words it returns go into the run's fingerprint."""

    weight: float
    does: Callable[[Run, Random], str]


@dataclass(slots=True)
class Run:
    """One run. Each step has its own random numbers, so that steps can be left out when a failure is shrunk."""

    seed: int
    admin: psycopg.Connection
    book: Book = field(default_factory=Book)
    world: World = field(default_factory=World)
    session: Session = field(default_factory=Session)
    done: Counter[str] = field(default_factory=Counter)
    late: list[Message] = field(default_factory=list)
    sent: list[Message] = field(default_factory=list)
    digest: Any = field(default_factory=hashlib.sha256)
    composer: Composer = field(init=False)
    officer: Officer = field(init=False)
    _lots: list[str] = field(init=False)
    table: Mapping[str, Step] = field(default_factory=dict)
    # Counts an office, and lets it reconcile, at the end.
    closing: Callable[[Run, str], object] = lambda _run, _office: None
    doing: str = ""
    _in_batch: int = 0

    def __post_init__(self) -> None:
        self.composer = Composer(self.seed, self.book)
        self.book.lots = lots()
        self.book.cards.queues = people()
        self._lots = sorted(self.book.lots, key=lambda name: int(name.split("-")[1]))
        self.officer = Officer()
        self.officer.ready()

    def step(self, number: int) -> None:
        """Do one step. Raises Wrong or Surprise."""
        draw = self.composer.begin_step(self.seed * 10_000_019 + number)
        self.composer.step = number
        self._stock(draw)
        kind = draw.choices(list(self.table), [step.weight for step in self.table.values()])[0]
        self.done[kind] += 1
        self.doing = kind
        told = self.table[kind].does(self, draw)
        self.digest.update(f"{number} {kind} {told}\n".encode())
        self._in_batch += 1
        if self._in_batch >= BATCH:
            self.commit()

    def commit(self) -> None:
        self.session.commit()
        self._in_batch = 0

    def _stock(self, draw: Random) -> None:
        """The next lot arrives when few boxes are in use; a box that is used up leaves the list."""
        active = self.composer.active
        if draw.random() < 0.05:
            active[:] = [name for name in active if not self._used_up(name)]
        if len(active) < BOXES_IN_USE and self._lots:
            lot = self._lots.pop(0)
            self.deliver(self.composer.lot(lot))
            active += [(line.series, line.box_no) for line in self.book.lots[lot]]

    def next_lot(self) -> str:
        """The name of the next lot that has not arrived yet."""
        return self._lots.pop(0)

    def _used_up(self, name: tuple[str, int]) -> bool:
        return all(cell.condition in GONE for cell in self.book.boxes[name].cells)

    # What arrives.

    def deliver(self, message: Message, send: Callable[[Message], Observed] | None = None) -> str:
        """A message arrives, as a step without faults: the model and the database must agree on what it leads to."""
        message = self.prepared(message)
        if self.notices(message):
            return "noticed"
        expected = self.book.deliver(message)
        self.agree(message, expected, (send or self.session.send)(message))
        return self.happened(message, expected)

    def agree(self, message: Message, expected: Outcome, observed: Observed) -> None:
        if observed.refused is not expected.refused:
            raise Wrong(f"{message}: the model says {name_of(expected.refused)}, custody {name_of(observed.refused)}")

    def happened(self, message: Message, expected: Outcome) -> str:
        """The truth follows the book; what was sent may be sent again by later steps."""
        if expected.done:
            self.world.follow(message, expected, self.book)
            if message.kind is Kind.LOSS or message.does == "lose_card":
                # The book itself now says that these are missing, whatever the officer knew.
                for blank in [*message.cards, *(blank for line in message.lines for blank in blanks_in(line))]:
                    self.world.named(blank)
            for line in expected.short:
                for blank in blanks_in(line):
                    self.name(blank)
        self.sent.append(message)
        if len(self.sent) > 600:
            del self.sent[:300]
        return f"{message.does} {name_of(expected.refused)} {expected.repeated}"

    def prepared(self, message: Message) -> Message:
        """A receiver scans what is in the hand when the message is sent, whenever it arrives."""
        if message.does != "scan" or message.movement not in self.book.moved:
            return message
        return replace(message, scans=self.world.scans(message.movement, self.book))

    def notices(self, message: Message) -> bool:
        """True when an honest officer sees that blanks are not there, and names them instead of writing."""
        if message.key is not None and message.key.movement in self.book.said:
            return False
        missed = self._misses(message)
        if not missed:
            return False
        if message.kind is not Kind.FINDING:
            for blank in missed:
                self.name(blank)
        if message.does in ("print", "send"):
            # The printer stands still until the book has no blanks that are not there.
            self.write_off(message.office, missed)
        self.world.noticed += 1
        return True

    def _misses(self, message: Message) -> list[Blank]:
        if message.does not in OF_CARDS:
            return self.world.not_there(message, self.book)
        blanks: Iterable[Blank] = ()
        if message.does in ("print", "send"):
            blanks = [blank for blank, _who in self.book.cards.next_pairs(message.office, message.limit, self.book)]
        elif message.does == "finish" and (job := self.book.cards.jobs.get(message.job)) and not job.ended:
            blanks = [job.blank]
        elif message.does in ("spoil_card", "hand_over", "ship"):
            blanks = [card for card in message.cards if card in self.book.cards.waiting]
        return self.world.not_in_hand(
            [blank for blank in blanks if self.book.cell(blank).condition not in GONE], self.book
        )

    def name(self, blank: Blank) -> None:
        if not self.world.named(blank):
            raise Wrong(f"{blank} is named as missing or surplus, and nothing was done to it")

    def write_off(self, office: str, missing: Sequence[Blank]) -> None:
        """Blanks that a count did not find are missing from now on; a slit box is opened first."""
        for line in lines_of(missing):
            box = self.book.boxes[line.series, line.box_no]
            if box.sealed and line.quantity < box.size:
                opening = self.composer.change(
                    Kind.OPENING, Condition.GOOD, Condition.GOOD, (Line(*line[:2], 1, box.size),), office
                )
                if box.cells[0].condition != str(Condition.GOOD):
                    self.book_only(
                        self.composer.change(
                            Kind("release"), Condition("quarantined"), Condition.GOOD, opening.lines, office
                        )
                    )
                self.book_only(opening)
        by_condition: dict[str, list[Blank]] = {}
        for blank in missing:
            by_condition.setdefault(self.book.cell(blank).condition, []).append(blank)
            if self.world.at(blank) not in OFFICES:
                self.world.suspects.pop(blank, None)
        for condition, blanks in sorted(by_condition.items()):
            self.book_only(
                self.composer.change(Kind.LOSS, Condition(condition), Condition.MISSING, lines_of(blanks), office)
            )

    def book_only(self, message: Message) -> None:
        """A correction in the book: nothing moves, and nobody needs to hold the blanks for it."""
        expected = self.book.deliver(message)
        self.agree(message, expected, self.session.send(message))
        self.happened(message, expected)

    # The end.

    def finish(self) -> None:
        """Everything on its way arrives, every office is counted, and every promise is checked."""
        self.composer.begin_step(10**9)
        for movement in list(self.book.pending):
            self.deliver(self.composer.receive(movement))
        if self.book.pending:
            raise Wrong(f"cannot be received: {list(self.book.pending)[:5]}")
        self.late.clear()
        for _ in range(2):
            for office in OFFICES:
                self.closing(self, office)
        self.check()
        if broken := judge.broken_seals(self.seed):
            raise Wrong(f"the seals of these events do not hold: {broken[:5]}")
        if self.world.open_frauds:
            left = [
                f"{fraud.kind} of step {fraud.step}: {blank}, {self.book.cell(blank)}, truly {self.world.at(blank)}"
                for fraud in self.world.open_frauds.values()
                for blank in sorted(fraud.unnamed)
            ]
            raise Wrong(f"not named: {'; '.join(left[:5])}")

    def check(self) -> None:
        """The book's model and the database must be equal, blank by blank."""
        self.commit()
        if found := judge.differences(self.book):
            raise Wrong(found)

    def end(self) -> None:
        self.officer.end()


def name_of(refused: type[BlankoError] | None) -> str:
    return refused.__name__ if refused else "done"
