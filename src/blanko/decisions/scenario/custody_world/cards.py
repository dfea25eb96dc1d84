"""Who is owed a card and what became of each: the model of issuance beside the book. Pure.

It says what each call must lead to, in issuance's own order of refusals, and does it. Blanks are the book's.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from blanko.cards.custody import rules as custody
from blanko.cards.custody.rules import Condition, Kind
from blanko.cards.issuance import rules
from blanko.cards.issuance.rules import Step
from blanko.kernel.errors import BlankoError

if TYPE_CHECKING:
    from blanko.decisions.scenario.custody_world.book import Blank, Book, Message

GOOD, PERSONALISED = str(Condition.GOOD), str(Condition.PERSONALISED)
WAITING: Final = (Step.PRINTED, Step.SHIPPED, Step.ARRIVED)
HOLDER: Final = "holder"
LOST: Final = "lost"


@dataclass(slots=True)
class Held:
    """A card: whose, the last step, and the office or the movement of that step."""

    record: tuple[str, str]
    queue: str
    last: Step
    office: str
    movement: str = ""


@dataclass(slots=True)
class Job:
    """A blank in a printer, and how that ended."""

    blank: Blank
    record: tuple[str, str]
    office: str
    ended: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """What a call must lead to, and what it moves in the world: (blanks, from place, to place)."""

    refused: type[BlankoError] | None = None
    repeated: bool = False
    moves: tuple[tuple[tuple[Blank, ...], str, str], ...] = ()


@dataclass(slots=True)
class Cards:
    """The queues of offices, the cards, and the jobs in printers."""

    queues: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    held: dict[Blank, Held] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    shipped: dict[str, tuple[Blank, ...]] = field(default_factory=dict)
    # Cards that count: printed or on their way, and blanks in printers.
    waiting: dict[Blank, Held] = field(default_factory=dict)
    busy: dict[Blank, Job] = field(default_factory=dict)

    def deliver(self, message: Message, book: Book) -> Done:
        """What issuance must do with this call; it is done when this returns."""
        act = {
            "print": self._print, "send": self._send, "finish": self._finish, "fail": self._fail,
            "spoil_card": self._gone, "lose_card": self._gone, "hand_over": self._hand_over, "ship": self._ship,
            "arrive": self._arrive_message, "follow": self._follow,
        }[message.does]  # fmt: skip
        return act(message, book)

    # A blank becomes a card.

    def next_pairs(self, office: str, wanted: int, book: Book) -> list[tuple[Blank, tuple[str, str]]]:
        """The blanks and the persons that a print at an office takes now."""
        people = self.queues.get(office, [])[:wanted]
        blanks = book.next_blanks(office, len(people) + len(self.busy)) if people else []
        blanks = [blank for blank in blanks if blank not in self.busy]
        return list(zip(blanks, people, strict=False))

    def _open(self, blanks: Iterable[Blank], book: Book) -> None:
        sealed = {blank[:2] for blank in blanks if book.boxes[blank[0], blank[1]].sealed}
        for name in sealed:
            book.boxes[name].sealed = False
        book.movements += bool(sealed)

    def _print(self, message: Message, book: Book) -> Done:
        assert message.key is not None
        movement, before = message.key.movement, book.said.get(message.key.movement)
        if before is not None and before[0] == "print":
            same = before[1] == message.office and before[2] <= message.limit  # type: ignore[operator]
            return Done(None if same else custody.KeyReused, repeated=same)
        if before is not None and before[0] == "change" and before[6] != Kind.OPENING:
            return Done(custody.KeyReused)
        pairs = self.next_pairs(message.office, message.limit, book)
        if not pairs:
            return Done()
        if before is not None:
            return Done(custody.KeyReused)
        self._open((blank for blank, _record in pairs), book)
        for blank, record in pairs:
            self._becomes_card(blank, record, message.office, message.office, book)
        book.movements += 1
        book.said[movement] = ("print", message.office, len(pairs))
        return Done()

    def _becomes_card(self, blank: Blank, record: tuple[str, str], queue: str, office: str, book: Book) -> None:
        book.put_blanks([blank], office, PERSONALISED)
        self.held[blank] = self.waiting[blank] = Held(record, queue, Step.PRINTED, office)
        if record in self.queues[queue]:
            self.queues[queue].remove(record)

    def _send(self, message: Message, book: Book) -> Done:
        assert message.key is not None
        known = self.jobs.get(f"{message.key.movement}/1")
        if known is not None:
            same = known.office == message.office
            return Done(None if same else custody.KeyReused, repeated=same)
        pairs = self.next_pairs(message.office, message.limit, book)
        self._open((blank for blank, _record in pairs), book)
        for place, (blank, record) in enumerate(pairs, 1):
            job = Job(blank, record, message.office)
            self.jobs[f"{message.key.movement}/{place}"] = self.busy[blank] = job
            self.queues[message.office].remove(record)
        return Done()

    def _finish(self, message: Message, book: Book) -> Done:
        job = self.jobs.get(message.job)
        if job is None:
            return Done(rules.UnknownJob)
        if job.ended:
            return Done(None if job.ended == "printed" else rules.JobEnded, repeated=job.ended == "printed")
        if refused := book.why_not([job.blank], job.office, GOOD):
            return Done(refused)
        job.ended = "printed"
        del self.busy[job.blank]
        self._becomes_card(job.blank, job.record, job.office, job.office, book)
        book.movements += 1
        return Done()

    def _fail(self, message: Message, book: Book) -> Done:
        job = self.jobs.get(message.job)
        if job is None:
            return Done(rules.UnknownJob)
        if job.ended:
            return Done(None if job.ended == "failed" else rules.JobEnded, repeated=job.ended == "failed")
        if message.after is Condition.SPOILED:
            if refused := book.why_not([job.blank], job.office, GOOD):
                return Done(refused)
            book.put_blanks([job.blank], job.office, str(Condition.SPOILED))
            book.movements += 1
        job.ended = "failed"
        del self.busy[job.blank]
        insort(self.queues[job.office], job.record)
        return Done()

    # A card ends, or reaches a hand.

    def _gone(self, message: Message, book: Book) -> Done:
        step = Step.SPOILED if message.does == "spoil_card" else Step.LOST
        after = Condition.SPOILED if step is Step.SPOILED else Condition.MISSING
        if refused := self._change(message.cards, step, after, book):
            return Done(refused)
        return Done(moves=self._moves(message.cards, LOST) if step is Step.LOST else ())

    def _hand_over(self, message: Message, book: Book) -> Done:
        if refused := self._change(message.cards, Step.ISSUED, Condition.ISSUED, book):
            return Done(refused)
        return Done(moves=self._moves(message.cards, HOLDER))

    def _moves(self, cards: Sequence[Blank], to: str) -> tuple[tuple[tuple[Blank, ...], str, str], ...]:
        return tuple(((card,), self.held[card].office, to) for card in cards)

    def _change(self, cards: Sequence[Blank], step: Step, after: Condition, book: Book) -> type[BlankoError] | None:
        before, moved = self._kept(), book.copied(self._boxes_of(cards))
        refused = self._ready(cards, step, "", book)
        by_office: dict[str, list[Blank]] = {}
        if refused is None:
            for card in cards:
                by_office.setdefault(self.held[card].office, []).append(card)
            for office, some in sorted(by_office.items()):
                refused = refused or book.why_not(some, office, PERSONALISED)
        if refused is not None:
            # Whatever had arrived on the way is undone with the call.
            self._restore(before)
            book.restore(moved)
            return refused
        for office, some in by_office.items():
            book.put_blanks(some, office, str(after))
            book.movements += 1
        for card in cards:
            self._ends(card, step)
        return None

    def _ends(self, card: Blank, step: Step) -> None:
        held = self.held[card]
        held.last = step
        self.waiting.pop(card, None)
        if step in (Step.SPOILED, Step.LOST):
            insort(self.queues[held.queue], held.record)

    def _ready(self, cards: Sequence[Blank], step: Step, office: str, book: Book) -> type[BlankoError] | None:
        for _ in cards:
            refused, which = self._check(cards, step, office)
            if refused is not rules.CardOnTheWay or which is None:
                return refused
            if ":" in book.cell(which).place:
                return rules.CardOnTheWay
            if found := self._arrive(self.held[which].movement, "", book).refused:
                return found
        return self._check(cards, step, office)[0]

    def _check(
        self, cards: Sequence[Blank], step: Step, office: str
    ) -> tuple[type[BlankoError] | None, Blank | None]:  # fmt: skip
        for card in cards:
            held = self.held.get(card)
            if held is None:
                return rules.UnknownCard, None
            if step not in rules.FOLLOWS[held.last]:
                return (rules.CardOnTheWay, card) if held.last is Step.SHIPPED else (rules.CardEnded, None)
            if office and held.office != office:
                return rules.CardElsewhere, None
        return None, None

    # A card goes to another office.

    def _ship(self, message: Message, book: Book) -> Done:
        assert message.key is not None
        movement = message.key.movement
        if set(self.shipped.get(movement, ())) == set(message.cards):
            return Done(repeated=True)
        before, moved = self._kept(), book.copied(self._boxes_of(message.cards))
        refused = self._ready(message.cards, Step.SHIPPED, message.office, book)
        if refused is None and movement in book.said:
            refused = custody.KeyReused
        refused = refused or book.why_not(message.cards, message.office, PERSONALISED, whole=True)
        if refused is not None:
            self._restore(before)
            book.restore(moved)
            return Done(refused)
        book.send(movement, message, PERSONALISED)
        self.shipped[movement] = message.cards
        for card in message.cards:
            held = self.held[card]
            held.last, held.movement = Step.SHIPPED, movement
        return Done(moves=((message.cards, message.office, movement),))

    def _arrive_message(self, message: Message, book: Book) -> Done:
        before, moved = self._kept(), book.copied(self._boxes_of(self.shipped.get(message.movement, ())))
        done = self._arrive(message.movement, message.by, book)
        if done.refused is not None:
            self._restore(before)
            book.restore(moved)
        return done

    def _arrive(self, movement: str, by: str, book: Book) -> Done:
        sent = self.shipped.get(movement, ())
        found = [c for c in sorted(sent) if self.held[c].last is Step.SHIPPED and self.held[c].movement == movement]
        if sent and not found:
            return Done(repeated=True)
        moves: tuple[tuple[tuple[Blank, ...], str, str], ...] = ()
        if not sent or book.cell(sent[0]).place == movement:
            outcome = book.settle(movement, by)
            if outcome.refused is not None:
                return Done(outcome.refused)
            moves = ((sent, movement, book.moved[movement].to_office),)
        for card in found:
            place = book.cell(card).place
            if ":" in place:
                return Done(rules.CardOnTheWay)
            held = self.held[card]
            held.last, held.office = Step.ARRIVED, place
        return Done(moves=moves)

    # Cards follow their blanks, and what a reconcile must name.

    def astray(self, book: Book) -> dict[Blank, str]:
        """Waiting cards and blanks in printers that are not what they should be, with the book's condition."""
        found = {}
        for blank, held in self.waiting.items():
            cell = book.cell(blank)
            if cell.condition != PERSONALISED or (held.last is not Step.SHIPPED and cell.place != held.office):
                found[blank] = cell.condition
        for blank, job in self.busy.items():
            if book.cell(blank) != (job.office, GOOD):
                found[blank] = book.cell(blank).condition
        return found

    def _follow(self, message: Message, book: Book) -> Done:
        gone = {
            blank: Step.LOST if condition == Condition.MISSING else Step.SPOILED
            for blank, condition in sorted(self.astray(book).items())
            if blank in self.waiting and condition in (Condition.MISSING, Condition.SPOILED)
            and (not message.office or self.waiting[blank].office == message.office)
        }  # fmt: skip
        for movement in sorted(
            {self.held[b].movement for b, s in gone.items() if s is Step.SPOILED and self.held[b].last is Step.SHIPPED}
        ):
            before = self._kept()
            if self._arrive(movement, "", book).refused is not None:
                # Spoiled blanks of it have been sent on: nothing is written down before they are somewhere.
                self._restore(before)
                here = {b for b in gone if self.held[b].movement == movement and self.held[b].last is Step.SHIPPED}
                gone = {b: step for b, step in gone.items() if step is Step.LOST or b not in here}
        for blank, step in gone.items():
            self._ends(blank, step)
        return Done()

    def without_card(self, book: Book) -> set[Blank]:
        """Printed blanks on which no card waits."""
        return {
            (*name, position)
            for name, box in book.boxes.items()
            for position, cell in enumerate(box.cells, 1)
            if cell.condition == PERSONALISED and (*name, position) not in self.waiting
        }

    # A call that is refused has changed nothing.

    def _boxes_of(self, cards: Iterable[Blank]) -> set[tuple[str, int]]:
        named = {(card[0], card[1]) for card in cards}
        for card in cards:
            held = self.held.get(card)
            if held is not None and held.movement:
                named |= {(other[0], other[1]) for other in self.shipped[held.movement]}
        return named

    def _kept(self) -> Mapping[Blank, tuple[Step, str, str]]:
        return {blank: (held.last, held.office, held.movement) for blank, held in self.waiting.items()}

    def _restore(self, kept: Mapping[Blank, tuple[Step, str, str]]) -> None:
        for blank, (last, office, movement) in kept.items():
            held = self.waiting[blank]
            held.last, held.office, held.movement = last, office, movement
