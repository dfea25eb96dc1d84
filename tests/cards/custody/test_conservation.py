"""Random operations beside a plain model of every single blank: nothing is made, lost, or in two places."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blanko.cards.custody import arrivals, operations, queries, rules
from blanko.cards.custody.rules import BETWEEN_OFFICES, LAWFUL, Condition, Key, Kind, Line
from blanko.cards.custody.transit import Discrepancy, DiscrepancyKind
from blanko.kernel.errors import BlankoError

BOXES, SIZE, STEPS = 5, 6, 25
OFFICES = ("00", "1101", "1102")
CHANGES = [row for row in LAWFUL if row.kind not in BETWEEN_OFFICES | {Kind.RECEIPT, Kind.OPENING, Kind.SHORTAGE}]
SENDINGS = [row for row in LAWFUL if row.kind in BETWEEN_OFFICES - {Kind.RETURN}]
# What can happen to a sealed box as a whole, and what leaves it sealed.
WHOLE = (Kind.LOSS, Kind.SPOILAGE, Kind.FINDING, Kind.QUARANTINE, Kind.RELEASE)
STAYS_SEALED = ("good", "quarantined", "missing")


class Model:
    """Each blank by itself: (office or movement, condition). Boxes are sealed until somebody opens them."""

    def __init__(self):
        self.blanks = {
            (box, position): ("00", "good") for box in range(1, BOXES + 1) for position in range(1, SIZE + 1)
        }
        self.sealed = set(range(1, BOXES + 1))
        self.pending = {}
        # A card was printed on these: they are never good again.
        self.printed = set()

    def holds(self, line, office, condition):
        if not 1 <= line.box_no <= BOXES or line.last > SIZE:
            return False
        whole = (line.first, line.last) == (1, SIZE)
        if line.box_no in self.sealed and not whole:
            return False
        return all(self.blanks[line.box_no, p] == (office, condition) for p in range(line.first, line.last + 1))

    def put(self, line, place, condition):
        for position in range(line.first, line.last + 1):
            self.blanks[line.box_no, position] = (place, condition)

    def blanks_of(self, line):
        return {(line.box_no, position) for position in range(line.first, line.last + 1)}

    def sheet(self):
        count = Counter()
        for place, condition in self.blanks.values():
            if place in self.pending:
                count["in_transit"] += 1
            elif condition != "good":
                count[condition] += 1
            else:
                count["warehouse" if place == "00" else "at_offices"] += 1
        return count


class Walk:
    """One random walk. Each step is tried in the model and in the database, and both must agree on what happened."""

    def __init__(self, seed, at):
        self.draw, self.at, self.model, self.number = random.Random(seed), at, Model(), 0

    def key(self):
        self.number += 1
        return Key("walk", self.number)

    def line(self):
        first = self.draw.choice([1, 1, self.draw.randint(1, SIZE)])
        last = SIZE if first == 1 and self.draw.random() < 0.6 else self.draw.randint(first, SIZE)
        return Line("PB17", self.draw.randint(1, BOXES + (self.draw.random() < 0.1)), first, last)

    def step(self):
        self.draw.choice(
            [self.dispatch, self.dispatch, self.settle, self.settle, self.open, self.change, self.change]
        )()

    def attempt(self, lawful, call):
        before = database()
        try:
            done = call()
        except BlankoError:
            assert not lawful, "a lawful step was refused"
            assert database() == before, "a refused step changed something"
            return None
        assert lawful, "an unlawful step was done"
        return done

    def aimed(self, conditions):
        """A line of blanks in one of the conditions, mostly; blind draws seldom meet a printed one."""
        line, office = self.line(), self.draw.choice(OFFICES)
        fits = [
            (blank, place)
            for blank, (place, condition) in sorted(self.model.blanks.items())
            if condition in conditions and place in OFFICES
        ]
        if fits and self.draw.random() < 0.7:
            (box, position), office = self.draw.choice(fits)
            sealed = box in self.model.sealed
            line = Line("PB17", box, 1, SIZE) if sealed else Line("PB17", box, position, position)
        return line, office

    def dispatch(self):
        row = self.draw.choice([SENDINGS[0], *SENDINGS])
        line, source = self.aimed({str(row.before)})
        target = self.draw.choice(OFFICES)
        lawful = source != target and self.model.holds(line, source, str(row.before))
        if row.kind is Kind.LOAN:
            lawful = lawful and "00" not in (source, target)
        movement = self.attempt(
            lawful,
            lambda: operations.dispatch(
                consignment=[line],
                from_office=source,
                to_office=target,
                key=self.key(),
                by=f"sender.{source}",
                at=self.at,
                kind=row.kind,
                condition=row.before,
            ),
        )
        if movement:
            self.model.pending[movement] = (line, source, target, str(row.before))
            self.model.put(line, movement, str(row.before))

    def settle(self):
        movement = self.draw.choice([*self.model.pending, "walk:999"])
        line, source, target, condition = self.model.pending.get(movement, (None, None, None, None))
        lawful = line is not None
        how = self.draw.choice(["receive", "found", "void", "return", "same_person"])
        if how == "receive":
            self.attempt(lawful, lambda: operations.receive(movement=movement, by="receiver", at=self.at))
        elif how == "found":
            self.found(movement, line, source, target, condition)
            return
        elif how == "void":
            self.attempt(lawful, lambda: operations.void(movement=movement, reason="stayed", by="receiver", at=self.at))
        elif how == "same_person":
            self.attempt(False, lambda: operations.receive(movement=movement, by=f"sender.{source}", at=self.at))
            return
        else:
            back = self.attempt(
                lawful,
                lambda: operations.return_to_sender(
                    movement=movement, reason="wrong", key=self.key(), by=f"sender.{target}", at=self.at
                ),
            )
            if back:
                self.model.pending[back] = (line, target, source, condition)
                self.model.put(line, back, condition)
        if lawful:
            del self.model.pending[movement]
            if how != "return":
                self.model.put(line, target if how == "receive" else source, condition)

    def found(self, movement, line, source, target, condition):
        """A part or all of the consignment is short, or its seal is broken."""
        of = line or self.line()
        kind = self.draw.choice([DiscrepancyKind.SHORT, DiscrepancyKind.BROKEN_SEAL])
        sealed = of.box_no in self.model.sealed
        part = of if self.draw.random() < 0.7 else of._replace(last=self.draw.randint(of.first, of.last))
        moves = kind is DiscrepancyKind.SHORT or condition == "good"
        lawful = line is not None and not (moves and sealed and part != of)
        told = self.attempt(
            lawful,
            lambda: arrivals.receive_found(
                movement=movement, found=[Discrepancy(kind, "courier", part)], by="receiver", at=self.at
            ),
        )
        if told:
            del self.model.pending[movement]
            self.model.put(line, target, condition)
            if kind is DiscrepancyKind.SHORT:
                self.model.put(part, source, "missing")
            elif condition == "good":
                self.model.put(part, target, str(Condition.QUARANTINED))

    def open(self):
        box, office = self.draw.randint(1, BOXES + 1), self.draw.choice(OFFICES)
        lawful = box in self.model.sealed and self.model.holds(Line("PB17", box, 1, SIZE), office, "good")
        done = self.attempt(
            lawful,
            lambda: operations.open_box(
                series="PB17", box_no=box, office=office, key=self.key(), by="officer", at=self.at
            ),
        )
        if done:
            self.model.sealed.discard(box)

    def change(self):
        row = self.draw.choice(CHANGES)
        line, office = self.aimed({str(row.before)})
        whole = (line.first, line.last) == (1, SIZE)
        sealed = line.box_no in self.model.sealed
        lawful = self.model.holds(line, office, str(row.before))
        if sealed and (row.kind not in WHOLE or row.after is Condition.PERSONALISED or not whole):
            lawful = False
        again = row.kind in (Kind.FINDING, Kind.CORRECTION) and row.after in (Condition.GOOD, Condition.QUARANTINED)
        if again and not self.model.printed.isdisjoint(self.model.blanks_of(line)):
            lawful = False
        done = self.attempt(
            lawful,
            lambda: operations.change(
                kind=row.kind, before=row.before, after=row.after, lines=[line], office=office, key=self.key(),
                by="officer", at=self.at, reason="walk", corrects="walk:1" if row.kind is Kind.CORRECTION else "",
            ),
        )  # fmt: skip
        if done:
            self.model.put(line, office, str(row.after))
            if row.kind is Kind.PERSONALISATION:
                self.model.printed |= self.model.blanks_of(line)
            if not (sealed and str(row.after) in STAYS_SEALED):
                self.model.sealed.discard(line.box_no)


def database():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM custody_movement), (SELECT count(*) FROM custody_movement_line),"
            " (SELECT count(*) FROM custody_movement_phase),"
            " (SELECT jsonb_agg(to_jsonb(b) ORDER BY series, box_no) FROM custody_box b),"
            " (SELECT jsonb_agg(to_jsonb(r) ORDER BY series, box_no, first) FROM custody_range r),"
            " (SELECT jsonb_agg(to_jsonb(b) ORDER BY office, series, condition) FROM custody_balance b)"
        )
        return cursor.fetchone()


def places():
    with connection.cursor() as cursor:
        cursor.execute("SELECT box_no, first, last, coalesce(office, movement), condition, sealed FROM custody_place")
        return cursor.fetchall()


def walk_and_compare(seed, steps, accept):
    """Inside the caller's transaction: receive a lot, walk, and compare every blank after every step."""
    from cards.conftest import AT

    accept(boxes=BOXES, size=SIZE)
    operations.receive_lot(lot_no="L-1", by="gudang.pusat", at=AT)
    walk = Walk(seed, AT)
    for _ in range(steps):
        walk.step()
        stand = places()
        found = [((box, p), place, condition) for box, a, b, place, condition, _ in stand for p in range(a, b + 1)]
        assert len(found) == BOXES * SIZE, "a blank is nowhere or in two places"
        assert {blank: (place, condition) for blank, place, condition in found} == walk.model.blanks
        assert {row[0] for row in stand if row[5]} == walk.model.sealed
        opened = sorted(row[:5] for row in stand if not row[5])
        for left, right in zip(opened, opened[1:], strict=False):
            touch = left[0] == right[0] and left[2] + 1 == right[1]
            assert not (touch and left[3:] == right[3:]), "neighbours were not merged"
        sheet = queries.balance_sheet()
        assert sheet["received"] == sum(count for name, count in sheet.items() if name != "received")
        assert {n: c for n, c in sheet.items() if c and n != "received"} == dict(walk.model.sheet())
    now = {office: held[:2] for office, held in queries.holdings().items() if held.good or held.in_transit_in}
    then = {o: held[:2] for o, held in queries.holdings(at=AT).items() if held.good or held.in_transit_in}
    assert now == then, "the journal and the running balances differ"


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], print_blob=True)
@given(seed=st.integers(min_value=0, max_value=2**32))
def test_nothing_is_made_lost_or_in_two_places(db, acting_as, accept, seed):
    with transaction.atomic(), acting_as("svc.custody"):
        walk_and_compare(seed, STEPS, accept)
        transaction.set_rollback(True)


def test_a_long_walk_does_every_lawful_kind(db, acting_as, accept):
    with acting_as("svc.custody"):
        walk_and_compare(2017, 900, accept)
        with connection.cursor() as cursor:
            cursor.execute("SELECT DISTINCT kind FROM custody_movement")
            assert {kind for (kind,) in cursor.fetchall()} == {str(kind) for kind in Kind}
            cursor.execute("SELECT DISTINCT phase FROM custody_movement_phase")
            assert {phase for (phase,) in cursor.fetchall()} == {str(phase) for phase in rules.Phase}


@pytest.mark.parametrize("serials", [[], ["PB17-000001-0001"], ["PB17-000001-0003", "PB17-000001-0001"]])
def test_lines_hold_exactly_the_named_blanks(serials):
    lines = rules.lines_of_serials(serials)
    held = [f"PB17-{line.box_no:06d}-{p:04d}" for line in lines for p in range(line.first, line.last + 1)]
    assert held == sorted(serials)


@given(st.sets(st.tuples(st.integers(1, 3), st.integers(1, 12))))
def test_lines_are_the_fewest_that_hold_the_blanks(blanks):
    lines = rules.lines_of_serials([f"PB17-{box:06d}-{p:04d}" for box, p in blanks])
    assert {(line.box_no, p) for line in lines for p in range(line.first, line.last + 1)} == blanks
    assert all((a.box_no, a.last + 1) != (b.box_no, b.first) for a, b in zip(lines, lines[1:], strict=False))


def test_a_blank_named_twice_is_refused():
    with pytest.raises(rules.LineTwice):
        rules.lines_of_serials(["PB17-000001-0001", "PB17-000001-0001"])
