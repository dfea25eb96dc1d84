"""Run steps on a real database, beside the model of the book and the truth of the world."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Final

import psycopg
from django.db import Error, connection, transaction

from blanko.cards.custody.rules import Condition, Kind, Line
from blanko.decisions.scenario.custody_world import judge
from blanko.decisions.scenario.custody_world.book import GONE, Blank, Book, Message, Outcome
from blanko.decisions.scenario.custody_world.compose import OFFICES, Composer
from blanko.decisions.scenario.custody_world.session import (
    PRINCIPAL,
    Fault,
    Observed,
    Officer,
    Session,
    Surprise,
    alone,
    both,
    call,
    wait_blocked,
)
from blanko.decisions.scenario.custody_world.stage import DEADLOCK_MS, lots, stage
from blanko.decisions.scenario.custody_world.world import THIEF, Counted, World, blanks_of, compare, lines_of
from blanko.ground.access.acting import acting
from blanko.kernel.errors import BlankoError

# Writing statements of one operation, from the first of its journal to the last of its balances.
STATEMENTS_MAX: Final = 14
# Boxes in use: few enough that steps meet each other, enough that thieves find some.
BOXES_IN_USE: Final = 60
COMPARE_EVERY: Final = 5_000
BATCH: Final = 40


@dataclass(frozen=True, slots=True)
class Report:
    """What a run came to. ``failed`` says in words what went wrong, and is empty after a good run."""

    seed: int
    steps: int
    seconds: float
    done: dict[str, int]
    calls: int
    movements: int
    blanks: int
    frauds: dict[str, int]
    named: int
    fingerprint: str
    failed: str = ""
    failed_at: int | None = None

    @property
    def per_second(self) -> float:
        return self.steps / self.seconds if self.seconds else 0.0


class Wrong(AssertionError):
    """A promise does not hold: raised with what the model says and what the database says."""


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
    doing: str = ""
    _in_batch: int = 0

    def __post_init__(self) -> None:
        self.composer = Composer(self.seed, self.book)
        self.book.lots = lots()
        self._lots = sorted(self.book.lots, key=lambda name: int(name.split("-")[1]))
        self.officer = Officer()
        self.officer.ready()

    def step(self, number: int) -> None:
        """Do one step. Raises Wrong or Surprise."""
        draw = self.composer.begin_step(self.seed * 10_000_019 + number)
        self.composer.step = number
        self._stock(draw)
        kind = draw.choices(KINDS, WEIGHTS)[0]
        self.done[kind] += 1
        self.doing = kind
        told = getattr(self, f"_{kind}")(draw)
        self.digest.update(f"{number} {kind} {told}\n".encode())
        self._in_batch += 1
        if self._in_batch >= BATCH:
            self._commit()

    def _commit(self) -> None:
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
        if self._notices(message):
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
            self.world.follow(message, expected.movement, self.book)
            if message.kind is Kind.LOSS:
                # The book itself now says that these are missing, whatever the officer knew.
                for line in message.lines:
                    for blank in blanks_of(line):
                        self.world.named(blank)
        self.sent.append(message)
        if len(self.sent) > 600:
            del self.sent[:300]
        return f"{message.does} {name_of(expected.refused)} {expected.repeated}"

    def _notices(self, message: Message) -> bool:
        """True when an honest officer sees that blanks are not there, and names them instead of writing."""
        if message.key is not None and message.key.movement in self.book.said:
            return False
        missed = self.world.not_there(message, self.book)
        if not missed:
            return False
        if message.kind is not Kind.FINDING:
            for blank in missed:
                self._name(blank)
        self.world.noticed += 1
        return True

    def _name(self, blank: Blank) -> None:
        if not self.world.named(blank):
            raise Wrong(f"{blank} is named as missing or surplus, and nothing was done to it")

    # Steps of officers and of the network.

    def _act(self, draw: Random) -> str:
        message = self.composer.act(draw)
        return self.deliver(message) if message else "nothing"

    def _blind(self, draw: Random) -> str:
        return self.deliver(self.composer.blind(draw))

    def _again(self, draw: Random) -> str:
        """A message that was sent before comes again, at once or long after; its sender's clock has gone on."""
        if not self.sent:
            return "nothing"
        message = draw.choice(self.sent[-5:] if draw.random() < 0.5 else self.sent)
        return self.deliver(replace(message, at=self.composer.at(OFFICES[0])))

    def _reuse(self, draw: Random) -> str:
        """A key that named one movement is used for another one."""
        message, keyed = self.composer.act(draw), [m for m in self.sent if m.key]
        if message is None or message.key is None or not keyed:
            return "nothing"
        return self.deliver(replace(message, key=draw.choice(keyed).key))

    def _delay(self, draw: Random) -> str:
        """A message is on its way for long; others overtake it."""
        message = self.composer.act(draw)
        if message is None:
            return "nothing"
        self.late.append(message)
        return "delayed"

    def _arrive(self, draw: Random) -> str:
        """One of the late messages arrives, in no order."""
        if not self.late:
            return self._delay(draw)
        return self.deliver(self.late.pop(draw.randrange(len(self.late))))

    def _crash(self, draw: Random) -> str:
        """The server or the client dies between two statements; the client sends the same again, now or late."""
        message = self.composer.act(draw)
        fault, at_statement = draw.choices(list(Fault), FAULT_WEIGHTS)[0], draw.randint(1, STATEMENTS_MAX)
        if message is None or self._notices(message):
            return "nothing"
        self._commit()
        observed = self.session.break_during(message, fault, at_statement)
        told = f"{fault} {at_statement} {observed.broken}"
        if not observed.broken:
            expected = self.book.deliver(message)
            self.agree(message, expected, observed)
            return f"{told} {self.happened(message, expected)}"
        if observed.unknown:
            # Whatever became of it: sent again, it must be done exactly once.
            expected = self.book.deliver(message)
            self.agree(message, expected, self.session.alone(message))
            return f"{told} {self.happened(message, expected)}"
        if fault is Fault.CONFLICT:
            raise Wrong(f"{message}: a conflict was not tried again")
        if draw.random() < 0.5:
            return f"{told} {self.deliver(message)}"
        self.late.append(message)
        return told

    # Two officers at once.

    def _race(self, draw: Random) -> str:
        """Two officers do something to one box at the same moment; the first commits, changes his mind, or dies."""
        name = self.composer.box(draw)
        first = self.composer.act(draw, name)
        second = first if draw.random() < 0.15 else self.composer.act(draw, name)
        if first is None or second is None:
            return "nothing"
        if self._notices(first) or self._notices(second):
            return "noticed"
        self._commit()
        end = draw.choices(["commit", "roll back", "die"], [70, 24, 6])[0]
        waited, mine, theirs = self._at_once(first, second, end)
        told = f"{end} {waited}"
        if end == "commit":
            expected = self.book.deliver(first)
            self.agree(first, expected, mine)
            told += self.happened(first, expected)
        expected = self.book.deliver(second)
        self.agree(second, expected, theirs)
        return told + self.happened(second, expected)

    def _at_once(self, first: Message, second: Message, end: str) -> tuple[bool, Observed, Observed]:
        mine = acting(principal=PRINCIPAL)
        mine.__enter__()
        self.session.calls += 2
        try:
            call(first)
            seen = Observed()
        except BlankoError as refusal:
            seen = Observed(type(refusal))
        pid = connection.connection.info.backend_pid
        self.officer.begin(lambda: alone(second))
        waited = wait_blocked(self.admin, self.officer)
        if end == "roll back":
            transaction.set_rollback(True)
        elif end == "die":
            self.admin.execute("SELECT pg_terminate_backend(%s)", [pid])
        try:
            mine.__exit__(None, None, None)
        except Error:
            if end != "die":
                raise
            connection.close()
        theirs = self.officer.result()
        self.officer.ready()
        return waited, seen, theirs

    def _deadlock(self, draw: Random) -> str:
        """Two transactions take two boxes in opposite orders: one of them ends whole, the other is not there at all."""
        office = draw.choice(OFFICES)
        lying = [
            line
            for line, place in self._sealed_in_offices()
            if place == office and self.book.cell((line.series, line.box_no, 1)).condition == Condition.GOOD
        ]
        if len(lying) < 2:
            return "nothing"
        lines = draw.sample(lying, 2)
        goal = draw.choice([o for o in OFFICES if o != office])
        up = [self.composer.dispatch((line,), office, goal) for line in lines]
        down = [self.composer.dispatch((line,), office, goal) for line in reversed(lines)]
        self._commit()
        mine = acting(principal=PRINCIPAL)
        mine.__enter__()
        call(up[0])
        self.officer.begin(lambda: both(*down))
        if not wait_blocked(self.admin, self.officer):
            raise Surprise("the second of two opposite transactions does not wait for the first")
        # The server looks for a deadlock once in each wait: the one that waits first will not be the victim.
        time.sleep(DEADLOCK_MS * 3 / 1000)
        try:
            call(up[1])
            raise Wrong("two transactions that wait for each other both went on")
        except Error as error:
            if getattr(getattr(error.__cause__, "diag", None), "sqlstate", "") != "40P01":
                raise
            transaction.set_rollback(True)
        mine.__exit__(None, None, None)
        theirs = self.officer.result()
        if theirs != Observed():
            raise Wrong(f"of two transactions in a deadlock neither was done: {theirs}")
        told = ""
        for message in down:
            told += self.happened(message, self.book.deliver(message))
        # The victim's client sends the same again and is told that the boxes are gone.
        return told + "".join(self.deliver(message) for message in up)

    # Thieves, and those who count.

    def _theft(self, draw: Random) -> str:
        """Blanks leave an office or a truck, and no book knows: part of a box, a whole one, or a slit sealed one."""
        name = self.composer.box(draw)
        if name is None:
            return "nothing"
        lies = [
            (*name, position)
            for position, (place, cell) in enumerate(
                zip(self.world.where[name], self.book.boxes[name].cells, strict=True), 1
            )
            if place == cell.place and cell.condition not in GONE
        ]
        lies = [blank for blank in lies if blank not in self.world.suspects]
        if not lies:
            return "nothing"
        place = self.world.at(draw.choice(lies))
        lies = [blank for blank in lies if self.world.at(blank) == place]
        taken = lies if draw.random() < 0.3 else lies[: draw.randint(1, len(lies))]
        self.world.put(taken, THIEF)
        kind = "theft on the way" if ":" in place else "theft"
        self.world.commit_fraud(kind, self.composer.step, taken)
        return f"{kind} {len(taken)}"

    def _swap(self, draw: Random) -> str:
        """Two sealed boxes of two offices change places, and no book knows."""
        sealed = [
            (line, place)
            for line, place in self._sealed_in_offices()
            if not any(blank in self.world.suspects for blank in blanks_of(line))
        ]
        if len(sealed) < 2:
            return "nothing"
        (one, here), (two, there) = draw.sample(sealed, 2)
        if here == there:
            return "nothing"
        blanks = [*blanks_of(one), *blanks_of(two)]
        self.world.put(blanks_of(one), there)
        self.world.put(blanks_of(two), here)
        self.world.commit_fraud("swap", self.composer.step, blanks)
        return "swapped"

    def _sealed_in_offices(self) -> list[tuple[Line, str]]:
        """Sealed boxes that lie whole where the book has them."""
        found = []
        for name in self.composer.active:
            box = self.book.boxes[name]
            place, condition = box.cells[0]
            line = Line(*name, 1, box.size)
            if box.sealed and place in OFFICES and condition not in GONE and self.world.holds(line, place):
                found.append((line, place))
        return found

    def _count(self, draw: Random) -> str:
        return self.count(draw.choice(OFFICES), draw)

    def count(self, office: str, draw: Random | None = None) -> str:
        """An office is counted; each difference is named, written off or brought back, so that book and truth agree.

        With ``draw``, the counter may count a box twice to make up for what is missing.
        """
        self._commit()
        sheet = self.world.sheet(office)
        twice: list[Counted] = []
        if draw is not None and sheet and draw.random() < 0.3:
            twice = [draw.choice(sheet)]
        expected = judge.lines_at(office)
        differences = compare(expected, [*sheet, *twice])
        doubled = {found.blank for found in differences if found.kind == "twice"}
        if doubled != {blank for line in twice for blank in blanks_of(line)}:
            raise Wrong(f"{office}: blanks that were counted twice are not named")
        self.done["counted twice"] += len(twice)
        missing = [found.blank for found in differences if found.kind == "missing"]
        surplus = [found.blank for found in differences if found.kind == "surplus"]
        for blank in [*missing, *surplus]:
            self._name(blank)
        self.write_off(office, missing)
        self._bring_back(surplus)
        return f"{office} {len(missing)} {len(surplus)} {len(twice)}"

    def write_off(self, office: str, missing: Sequence[Blank]) -> None:
        """Blanks that a count did not find are missing from now on; a slit box is opened first."""
        for line in lines_of(missing):
            box = self.book.boxes[line.series, line.box_no]
            if box.sealed and line.quantity < box.size:
                opening = self.composer.change(
                    Kind.OPENING, Condition.GOOD, Condition.GOOD, (Line(*line[:2], 1, box.size),), office
                )
                if box.cells[0].condition != str(Condition.GOOD):
                    self._book_only(
                        self.composer.change(
                            Kind("release"), Condition("quarantined"), Condition.GOOD, opening.lines, office
                        )
                    )
                self._book_only(opening)
        by_condition: dict[str, list[Blank]] = {}
        for blank in missing:
            by_condition.setdefault(self.book.cell(blank).condition, []).append(blank)
            if self.world.at(blank) not in OFFICES:
                self.world.suspects.pop(blank, None)
        for condition, blanks in sorted(by_condition.items()):
            self._book_only(
                self.composer.change(Kind.LOSS, Condition(condition), Condition.MISSING, lines_of(blanks), office)
            )

    def _bring_back(self, surplus: Sequence[Blank]) -> None:
        """What lies in a room where the book does not have it is carried to the office that the book names."""
        for blank in surplus:
            place, condition = self.book.cell(blank)
            self.world.put([blank], place)
            self.world.suspects.pop(blank, None)
            if condition == str(Condition.MISSING):
                self.world.put([blank], "lost")
                box = self.book.boxes[blank[0], blank[1]]
                line = Line(blank[0], blank[1], blank[2], blank[2])
                if box.sealed:
                    if blank[2] > 1:
                        continue
                    self.world.put(blanks_of(line._replace(first=1, last=box.size)), "lost")
                    line = line._replace(first=1, last=box.size)
                self.deliver(self.composer.change(Kind.FINDING, Condition.MISSING, Condition.GOOD, (line,), place))

    def _book_only(self, message: Message) -> None:
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
                self.count(office)
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
        self._commit()
        if found := judge.differences(self.book):
            raise Wrong(found)

    def end(self) -> None:
        self.officer.end()


KINDS: Final = (
    "act",
    "blind",
    "again",
    "reuse",
    "delay",
    "arrive",
    "crash",
    "race",
    "deadlock",
    "theft",
    "swap",
    "count",
)
WEIGHTS: Final = (62.0, 7.0, 7.0, 1.0, 4.0, 4.0, 6.0, 4.0, 0.1, 1.5, 3.0, 0.4)
# A dead connection costs its successor all its plans: a few hundred of each kind a run are enough.
FAULT_WEIGHTS: Final = (40, 5, 40, 5, 5, 5)


def name_of(refused: type[BlankoError] | None) -> str:
    return refused.__name__ if refused else "done"


def run(
    seed: int,
    steps: Sequence[int],
    *,
    progress: Callable[[int], None] | None = None,
    before: Callable[[psycopg.Connection], object] | None = None,
) -> Report:
    """Run these steps of a seed in a database of their own; what went wrong is in the report, never raised.

    ``before`` may break the database first, for showing that the run finds it.
    """
    with stage() as admin:
        if before:
            before(admin)
        begun = time.perf_counter()
        going = Run(seed, admin)
        failed, at = "", None
        try:
            for at, number in enumerate(steps):
                going.step(number)
                if (at + 1) % COMPARE_EVERY == 0:
                    going.check()
                    if progress:
                        progress(at + 1)
            going.finish()
            at = None
        except (Wrong, Surprise, Error, BlankoError) as error:
            failed = f"{type(error).__name__} ({going.doing}): {error}"
        finally:
            going.end()
        frauds = Counter(fraud.kind for fraud in going.world.frauds)
        return Report(
            seed=seed, steps=len(steps), seconds=time.perf_counter() - begun, done=dict(sorted(going.done.items())),
            calls=going.session.calls, movements=going.book.movements, blanks=going.book.received,
            frauds=dict(sorted(frauds.items())), named=len(going.world.frauds) - len(going.world.open_frauds),
            fingerprint=going.digest.hexdigest()[:16], failed=failed, failed_at=at,
        )  # fmt: skip
