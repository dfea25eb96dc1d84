"""A year of honest work, and the same year with thieves in it: which alarms are false, and which theft goes unnamed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any, Final

import psycopg

from blanko.cards.alerts import operations as alerts
from blanko.cards.alerts import queries as alert_queries
from blanko.cards.alerts.rules import WEST, ZONES
from blanko.cards.custody import arrivals
from blanko.cards.custody.rules import CENTRE, Condition, Kind, Line
from blanko.cards.custody.transit import Discrepancy, DiscrepancyKind
from blanko.decisions.scenario.custody_world import judge
from blanko.decisions.scenario.custody_world.book import Blank, Message, blanks_in, lines_of
from blanko.decisions.scenario.custody_world.compose import officer
from blanko.decisions.scenario.custody_world.run import Run
from blanko.decisions.scenario.custody_world.session import PRINCIPAL
from blanko.decisions.scenario.custody_world.stage import stage
from blanko.decisions.scenario.custody_world.world import THIEF, compare
from blanko.ground.access.acting import acting

OFFICES: Final = ("1101", "1271", "3171", "3273", "3578", "5171", "6471", "7371", "8171", "9171")
FIRST_DAY: Final = date(2017, 1, 2)
DAYS: Final = 364
# Of all movements, in an honest year.
FALSE_SHARE_MAX: Final = 0.0005
CARDS_A_DAY: Final = (6, 14)
SPOILED: Final = 0.01
COVER_DAYS: Final = 30
# Days of the year on which each kind of theft is done.
THEFTS: Final = {
    24: "a handful from an opened box", 45: "a sealed box", 66: "a truck that never arrives", 87: "a box sent at night",
    108: "one person at both ends", 129: "good blanks called spoiled", 157: "a stolen blank among others",
    185: "a slit sealed box", 213: "a handful from an opened box", 241: "a sealed box",
    269: "a truck that never arrives", 297: "a box sent at night",
}  # fmt: skip


@dataclass(slots=True)
class Theft:
    """One injected theft, and by what it was told: a kind of alert, or the next count; empty while nobody told."""

    day: int
    kind: str
    office: str
    blanks: frozenset[Blank] = frozenset()
    movement: str = ""
    told_by: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class YearReport:
    """``false_alarms`` are alerts, and blanks named by counts, that no theft explains."""

    seed: int
    movements: int
    alerts: tuple[tuple[str, str, str], ...]
    false_alarms: int
    thefts: tuple[Theft, ...]

    @property
    def false_share(self) -> float:
        return self.false_alarms / self.movements


def live(seed: int, *, thieves: bool) -> YearReport:
    """Live a year in a database of its own, looking for alerts every week and counting every office every month."""
    with stage() as admin:
        year = Year(seed, admin, thieves=thieves)
        try:
            for number in range(DAYS):
                year.day(number)
            year.look(DAYS)
            year.look(DAYS + 20)
            year.count_all(DAYS)
            year.run.check()
        finally:
            year.run.session.commit()
            year.run.end()
        return year.report()


class Year:
    """The working days of ten offices and a warehouse."""

    def __init__(self, seed: int, admin: psycopg.Connection, *, thieves: bool) -> None:
        self.seed, self.thieves = seed, thieves
        self.run = Run(seed, admin)
        self.draw = Random(f"year/{seed}")
        self.sealed: dict[str, list[Line]] = defaultdict(list)
        self.left: dict[str, list[Line]] = defaultdict(list)
        self.coming: dict[int, list[str]] = defaultdict(list)
        self.cards: dict[tuple[int, str], list[Line]] = defaultdict(list)
        self.thefts: list[Theft] = []
        self.false_names = 0
        self.told: dict[str, dict[str, Any]] = {}
        self._calls = 0

    def day(self, number: int) -> None:
        """What is done on one day, in the order of the day."""
        today = FIRST_DAY + timedelta(days=number)
        for movement in self.coming.pop(number, []):
            known = self.run.book.moved[movement]
            self.say(self.run.composer.receive(movement), known.to_office, today, 10)
            self.sealed[known.to_office] += known.lines
        if today.weekday() < 5:
            for office in OFFICES:
                self._work(office, number, today)
        if today.weekday() == 0:
            self._replenish(number, today)
        if self.thieves and number in THEFTS:
            self._steal(THEFTS[number], number, today)
        if today.weekday() == 4:
            self.look(number)
        if number % 28 == 27:
            self.count_all(number)

    def say(self, message: Message, office: str, day: date, hour: float) -> str:
        """A message, sent at an hour of the office's own clock."""
        self.run.composer.step = self._calls = self._calls + 1
        utc = datetime.combine(day, time(), UTC) + timedelta(hours=hour - ZONES.get(office[:2], WEST))
        at = utc + timedelta(minutes=self.draw.randint(0, 50))
        key = message.key and message.key._replace(sequence=self._calls)
        told = self.run.deliver(replace(message, at=at, key=key))
        if self._calls % 50 == 0:
            self.run.session.commit()
        return told

    def change(
        self,
        kind: Kind,
        before: Condition,
        after: Condition,
        lines: Iterable[Line],
        office: str,
        day: date,
        hour: float,
    ) -> None:
        named = tuple(sorted(lines))
        if named:
            self.say(self.run.composer.change(kind, before, after, named, office), office, day, hour)

    def _work(self, office: str, number: int, today: date) -> None:
        """Print what the day asks for, spoil a few, hand over what was printed before."""
        wanted = self.draw.randint(*CARDS_A_DAY)
        lines = self._take(office, wanted, today)
        blanks = [blank for line in lines for blank in blanks_in(line) if self.run.world.at(blank) == office]
        spoiled = [blank for blank in blanks if self.draw.random() < SPOILED]
        printed = [blank for blank in blanks if blank not in set(spoiled)]
        self.change(Kind.SPOILAGE, Condition.GOOD, Condition.SPOILED, lines_of(spoiled), office, today, 11)
        self.change(Kind.PERSONALISATION, Condition.GOOD, Condition.PERSONALISED, lines_of(printed), office, today, 13)
        self.cards[number, office] = list(lines_of(printed))
        ready = [key for key in self.cards if key[1] == office and key[0] < number - 1]
        for key in ready:
            self.change(Kind.ISSUANCE, Condition.PERSONALISED, Condition.ISSUED, self.cards.pop(key), office, today, 14)

    def _take(self, office: str, wanted: int, today: date) -> list[Line]:
        found: list[Line] = []
        while wanted > 0:
            if not self._opened(office, today):
                break
            line = self.left[office].pop(0)
            part = line._replace(last=min(line.last, line.first + wanted - 1))
            if part.last < line.last:
                self.left[office].insert(0, line._replace(first=part.last + 1))
            found.append(part)
            wanted -= part.quantity
        return found

    def _opened(self, office: str, today: date) -> list[Line]:
        """What is left of the opened boxes; when nothing is, the next box is opened. Empty when there is none."""
        if not self.left[office] and self.sealed[office]:
            box = self.sealed[office].pop(0)
            self.change(Kind.OPENING, Condition.GOOD, Condition.GOOD, [box], office, today, 9)
            self.left[office].append(box)
        return self.left[office]

    def _replenish(self, number: int, today: date) -> None:
        """Every Monday the warehouse fills each office up to its days of cover; the way takes one to five days."""
        for office in OFFICES:
            coming = sum(
                line.quantity
                for movements in self.coming.values()
                for movement in movements
                if self.run.book.moved[movement].to_office == office
                for line in self.run.book.moved[movement].lines
            )
            held = sum(line.quantity for line in self.sealed[office] + self.left[office])
            short = COVER_DAYS * sum(CARDS_A_DAY) // 2 - held - coming
            boxes = []
            while short > 0:
                boxes.append(self._from_warehouse(today))
                short -= boxes[-1].quantity
            if boxes:
                self._send(boxes, office, number, today)

    def _from_warehouse(self, today: date) -> Line:
        if not self.sealed[CENTRE]:
            lot = self.run.next_lot()
            self.say(self.run.composer.lot(lot), CENTRE, today, 8)
            self.sealed[CENTRE] += self.run.book.lots[lot]
        return self.sealed[CENTRE].pop(0)

    def _send(self, boxes: list[Line], office: str, number: int, today: date, *, hour: float = 9, by: str = "") -> str:
        message = self.run.composer.dispatch(tuple(sorted(boxes)), CENTRE, office)
        self.say(replace(message, by=by or message.by), CENTRE, today, hour)
        movement = list(self.run.book.moved)[-1]
        self.coming[number + self.draw.randint(1, 5)].append(movement)
        return movement

    # Thieves.

    def _steal(self, kind: str, number: int, today: date) -> None:
        office = OFFICES[len(self.thefts) % len(OFFICES)]
        theft = Theft(number, kind, office)
        self.thefts.append(theft)
        if kind == "a handful from an opened box":
            self._gone(theft, blanks_in(self._opened(office, today)[0])[-4:])
        elif kind == "a sealed box":
            self._gone(theft, blanks_in(self.sealed[office][-1]))
        elif kind == "a slit sealed box":
            self._gone(theft, blanks_in(self.sealed[office][-1])[2:5])
        elif kind == "a truck that never arrives":
            theft.movement = self._send([self._from_warehouse(today)], office, number, today)
            for movements in self.coming.values():
                if theft.movement in movements:
                    movements.remove(theft.movement)
            self._gone(theft, blanks_in(self.run.book.moved[theft.movement].lines[0]))
        elif kind == "a box sent at night":
            theft.movement = self._send([self._from_warehouse(today)], office, number, today, hour=23)
        elif kind == "one person at both ends":
            other = OFFICES[(OFFICES.index(office) + 1) % len(OFFICES)]
            box = self._from_warehouse(today)
            first = self._send([box], office, number, today, by="mallory")
            self.coming = defaultdict(list, {d: [m for m in ms if m != first] for d, ms in self.coming.items()})
            self.say(self.run.composer.receive(first), office, today, 11)
            self.say(self.run.composer.dispatch((box,), office, other), office, today, 12)
            theft.movement = list(self.run.book.moved)[-1]
            self.say(replace(self.run.composer.receive(theft.movement), by="mallory"), other, today, 13)
            self.sealed[other].append(box)
        elif kind == "good blanks called spoiled":
            blanks = [b for line in self._take(office, 40, today) for b in blanks_in(line)]
            self.change(Kind.SPOILAGE, Condition.GOOD, Condition.SPOILED, lines_of(blanks), office, today, 15)
            self._gone(theft, blanks)
        else:
            self._among_others(theft, office, number, today)

    def _among_others(self, theft: Theft, office: str, number: int, today: date) -> None:
        """A blank that the book has in one office comes out of a consignment at another."""
        stolen = blanks_in(self.sealed[office][-1])[0]
        self._gone(theft, [stolen])
        other = OFFICES[(OFFICES.index(office) + 1) % len(OFFICES)]
        movement = self._send([self._from_warehouse(today)], other, number, today)
        self.coming = defaultdict(list, {d: [m for m in ms if m != movement] for d, ms in self.coming.items()})
        message = self.run.composer.receive(movement)
        found = Discrepancy(
            DiscrepancyKind.SURPLUS, officer(CENTRE), identifier=f"{stolen[0]}-{stolen[1]:06d}-{stolen[2]:04d}"
        )
        self.run.session.commit()
        at = datetime.combine(today, time(6), UTC)
        with acting(principal=PRINCIPAL):
            arrivals.receive_found(movement=movement, found=[found], by=message.by, at=at)
        self.run.happened(message, self.run.book.deliver(message))
        self.sealed[other] += self.run.book.moved[movement].lines
        theft.movement = movement

    def _gone(self, theft: Theft, blanks: Iterable[Blank]) -> None:
        theft.blanks = frozenset(blanks)
        self.run.world.commit_fraud(theft.kind, theft.day, theft.blanks)
        self.run.world.put(theft.blanks, THIEF)

    # Those who look.

    def look(self, number: int) -> None:
        """The weekly look for alerts, on a Friday evening."""
        self.run.session.commit()
        at = datetime.combine(FIRST_DAY + timedelta(days=number), time(11), UTC)
        with acting(principal=PRINCIPAL):
            for name in alerts.find(by="simulation", at=at).new:
                self.told[name] = alert_queries.alert(name)

    def count_all(self, number: int) -> None:
        """Every office is counted; what is missing is named and written off, and spoiled blanks are destroyed."""
        day = FIRST_DAY + timedelta(days=number)
        self.run.composer.now = datetime.combine(day, time(3), UTC)
        self.run.session.commit()
        for office in (CENTRE, *OFFICES):
            self._count(office)
            spoiled = [
                line
                for name in self.run.book.boxes
                for line, cell in self.run.book.runs(name)
                if cell == (office, str(Condition.SPOILED))
            ]
            self.change(Kind.DESTRUCTION, Condition.SPOILED, Condition.DESTROYED, spoiled, office, day, 15)
        self.run.composer.now = None
        self.run.session.commit()

    def _count(self, office: str) -> None:
        missing = []
        for found in compare(judge.lines_at(office), self.run.world.sheet(office)):
            thefts = [theft for theft in self.thefts if found.blank in theft.blanks]
            if found.kind != "missing" or not thefts:
                self.false_names += 1
                continue
            missing.append(found.blank)
            for theft in thefts:
                if "count" not in theft.told_by:
                    theft.told_by.append("count")
        self.run.write_off(office, missing)
        gone = set(missing)
        for shelf in (self.sealed, self.left):
            shelf[office] = [
                part
                for line in shelf[office]
                for part in lines_of(blank for blank in blanks_in(line) if blank not in gone)
            ]
        # A slit box was opened for the count.
        opened = [line for line in self.sealed[office] if not self.run.book.boxes[line.series, line.box_no].sealed]
        self.left[office] += opened
        self.sealed[office] = [line for line in self.sealed[office] if line not in opened]

    def report(self) -> YearReport:
        false_alarms = self.false_names
        for alert in self.told.values():
            explained = [theft for theft in self.thefts if _explains(theft, alert)]
            false_alarms += not explained
            for theft in explained:
                if alert["kind"] not in theft.told_by:
                    theft.told_by.append(alert["kind"])
        told = tuple((name, alert["kind"], alert["office"]) for name, alert in sorted(self.told.items()))
        return YearReport(self.seed, self.run.book.movements, told, false_alarms, tuple(self.thefts))


def _explains(theft: Theft, alert: dict[str, Any]) -> bool:
    """True when this alert is about this theft."""
    says = alert["says"]
    kind = alert["kind"]
    if kind in ("overdue", "both_ends", "seen_twice", "at_night") and theft.movement:
        source = says.get("source", "").rpartition("/")[0]
        named = (alert["what"], says.get("taken_as"), says.get("first_movement"), source)
        return theft.movement in named
    return kind == "spoilage" and theft.kind == "good blanks called spoiled" and alert["office"] == theft.office
