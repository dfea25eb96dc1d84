"""What the officers, thieves and clocks of the small world do next, drawn from one step's own random numbers. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from blanko.cards.custody.rules import CENTRE, LAWFUL, Condition, Key, Kind, Lawful, Line, Phase
from blanko.decisions.scenario.custody_world.book import Book, BoxName, Message, blanks_in

OFFICES: Final = (CENTRE, "1101", "1102", "3171", "3273", "7371")
SECONDS_A_STEP: Final = 45
BEGAN: Final = datetime(2017, 4, 4, 1, tzinfo=UTC)
# No office's clock is right: each goes before or after by up to three days.
SKEW_HOURS: Final = 72
# Kinds that need no other movement or discrepancy beside them.
# Blanks become cards and reach hands through issuance, and old cards are destroyed through the room of destruction.
CHANGES: Final[tuple[Lawful, ...]] = tuple(
    row
    for row in LAWFUL
    if row.begins is Phase.POSTED
    and str(row.kind) not in {"receipt", "opening", "shortage", "correction", "personalisation", "issuance"}
    and row.before is not Condition.ISSUED
)
ENDED: Final = frozenset({"issued", "destroyed"})
TRIES: Final = 8
# In which condition blanks may leave an office by an ordinary dispatch.
TRAVELS: Final = frozenset(row.before for row in LAWFUL if row.kind is Kind.DISPATCH)


class Composer:
    """Composes messages that fit the book as it stands, and some that do not."""

    def __init__(self, seed: int, book: Book) -> None:
        self.book = book
        clocks = Random(f"clocks/{seed}")
        self._skew = {office: timedelta(hours=clocks.uniform(-SKEW_HOURS, SKEW_HOURS)) for office in OFFICES}
        self.active: list[BoxName] = []
        # Where time is told and not counted in steps.
        self.now: datetime | None = None
        self.step = 0
        self._in_step = 0

    def begin_step(self, step: int) -> Random:
        """The random numbers of this step alone: leaving out other steps leaves them as they are."""
        self.step, self._in_step = step, 0
        return Random(step * 1_000_003 + 17)

    def at(self, office: str) -> datetime:
        """What the office's clock shows."""
        if self.now is not None:
            return self.now
        return BEGAN + timedelta(seconds=SECONDS_A_STEP * self.step) + self._skew.get(office, timedelta())

    def key(self, office: str) -> Key:
        self._in_step += 1
        return Key(f"pos/{office}", self.step * 100 + self._in_step)

    def lot(self, name: str) -> Message:
        return Message(
            "receive_lot", "gudang.pusat", self.at(CENTRE), Key(f"lot/{name}", 1), to_office=CENTRE, lot=name,
            kind=Kind.RECEIPT,
        )  # fmt: skip

    def act(self, draw: Random, name: BoxName | None = None) -> Message | None:
        """Something that may well be done with a box, this one or any; None when nothing is left to do."""
        for _ in range(1 if name else TRIES):
            chosen = name or self.box(draw)
            if chosen is None:
                return None
            if message := self._with(draw, chosen):
                return message
        return None

    def _with(self, draw: Random, name: BoxName) -> Message | None:
        box = self.book.boxes[name]
        if box.sealed:
            line, cell = Line(*name, 1, box.size), box.cells[0]
        else:
            runs = [run for run in self.book.runs(name) if run[1].condition not in ENDED]
            if not runs:
                return None
            line, cell = draw.choice(runs)
        if ":" in cell.place:
            return self._settle(draw, cell.place)
        if box.sealed:
            return self._with_sealed(draw, line, cell.place, cell.condition)
        return self._with_opened(draw, line, cell.place, cell.condition)

    def blind(self, draw: Random) -> Message:
        """Anything, at random: mostly unlawful, and then it must be refused by its name."""
        office, name = draw.choice(OFFICES), self.box(draw) or ("SIM", 999_999)
        size = self.book.boxes[name].size if name in self.book.boxes else 20
        first = draw.randint(1, size)
        line = Line(name[0], name[1] if draw.random() < 0.95 else 999_998, first, draw.randint(first, size + 1))
        if draw.random() < 0.4:
            line = Line(*name, 1, size)
        what = draw.randrange(4)
        if what == 0:
            kind = draw.choice([Kind.DISPATCH, Kind.DISPATCH, Kind.LOAN])
            return self.dispatch((line,), office, draw.choice(OFFICES), kind=kind)
        if what == 1 and self.book.moved:
            movement = draw.choice(list(self.book.moved)[-300:])
            known = self.book.moved[movement]
            by = draw.choice([known.by, "kepala.pusat"])
            does = draw.choice(["receive", "void", "return"])
            return self._of_movement(draw, does, movement, by, office)
        if what == 2:
            return self.change(Kind.OPENING, Condition.GOOD, Condition.GOOD, (line,), office)
        row = draw.choice([row for row in CHANGES if row.kind is not Kind.FINDING])
        return self.change(row.kind, row.before or Condition.GOOD, row.after, (line,), office)

    def box(self, draw: Random) -> BoxName | None:
        return draw.choice(self.active) if self.active else None

    def dispatch(
        self,
        lines: tuple[Line, ...],
        office: str,
        to_office: str,
        condition: str = str(Condition.GOOD),
        kind: Kind = Kind.DISPATCH,
    ) -> Message:
        return Message(
            "dispatch", officer(office), self.at(office), self.key(office), lines, office, to_office, kind=kind,
            before=Condition(condition), after=Condition(condition),
        )  # fmt: skip

    def change(
        self, kind: Kind, before: Condition, after: Condition, lines: tuple[Line, ...], office: str, by: str = ""
    ) -> Message:
        return Message(
            "change", by or officer(office), self.at(office), self.key(office), lines, office, office, kind=kind,
            before=before, after=after, reason="found so",
        )  # fmt: skip

    def receive(self, movement: str) -> Message:
        known = self.book.moved[movement]
        taker = f"penerima.{known.to_office}"
        by = f"penerima2.{known.to_office}" if taker == known.by else taker
        return Message("receive", by, self.at(known.to_office), movement=movement)

    def _with_sealed(self, draw: Random, line: Line, office: str, condition: str) -> Message | None:
        fits = [row for row in CHANGES if str(row.before) == condition and row.kind in self.book.of_sealed()]
        if condition == str(Condition.QUARANTINED) and draw.random() < 0.3:
            return self.dispatch((line,), office, self._other(draw, office), condition)
        if condition == str(Condition.GOOD):
            luck = draw.random()
            if luck < 0.5:
                return self._send_on(draw, line, office)
            if luck < 0.9:
                return self.change(Kind.OPENING, Condition.GOOD, Condition.GOOD, (line,), office)
        if not fits:
            return None
        if condition == str(Condition.MISSING):
            return self._found(line, office)
        row = draw.choice(fits)
        return self.change(row.kind, row.before or Condition.GOOD, row.after, (line,), office)

    def _found(self, line: Line, office: str) -> Message:
        """What was written off is there again, as what it was."""
        was = self.book.was[line.series, line.box_no, line.first]
        return self.change(Kind.FINDING, Condition.MISSING, Condition(was), (line,), office)

    def _send_on(self, draw: Random, line: Line, office: str) -> Message:
        lines = [line]
        for _ in range(draw.choice([0, 0, 1, 3])):
            name = self.box(draw)
            box = self.book.boxes[name] if name else None
            if name and box and box.sealed and box.cells[0] == (office, str(Condition.GOOD)):
                more = Line(*name, 1, box.size)
                if more not in lines:
                    lines.append(more)
        goal = self._other(draw, office)
        lent = len(office) == 4 and office[:2] == goal[:2] and draw.random() < 0.7
        return self.dispatch(tuple(sorted(lines)), office, goal, kind=Kind.LOAN if lent else Kind.DISPATCH)

    @staticmethod
    def _other(draw: Random, office: str) -> str:
        return draw.choice([other for other in OFFICES if other != office])

    def _with_opened(self, draw: Random, line: Line, office: str, condition: str) -> Message | None:
        fits = [row for row in CHANGES if str(row.before) == condition]
        travels = Condition(condition) in TRAVELS
        if not fits:
            return None
        first = draw.randint(line.first, line.last)
        part = line._replace(first=first, last=draw.choice([first, line.last, draw.randint(first, line.last)]))
        if travels and draw.random() < 0.25:
            return self.dispatch((part,), office, self._other(draw, office), condition)
        if condition == str(Condition.MISSING):
            was = [self.book.was[blank] for blank in blanks_in(part)]
            alike = next((n for n, other in enumerate(was) if other != was[0]), len(was))
            return self._found(part._replace(last=part.first + alike - 1), office)
        row = draw.choice(fits)
        return self.change(row.kind, row.before or Condition.GOOD, row.after, (part,), office)

    def _settle(self, draw: Random, movement: str) -> Message:
        luck = draw.random()
        if luck < 0.7:
            return replace(self.receive(movement), does="receive" if luck < 0.35 else "scan")
        known = self.book.moved[movement]
        does, by = ("void", known.by) if luck < 0.82 else ("return", f"penerima.{known.to_office}")
        return self._of_movement(draw, does, movement, by, known.to_office)

    def _of_movement(self, draw: Random, does: str, movement: str, by: str, office: str) -> Message:
        key = self.key(office) if does == "return" else None
        return Message(does, by, self.at(office), key, movement=movement, reason="it did not go on")


def officer(office: str) -> str:
    return "gudang.pusat" if office == CENTRE else f"operator.{office}"
