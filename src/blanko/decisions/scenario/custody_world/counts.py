"""An office is counted as it truly is, by the real count: two persons' sheets, and a third one's decision."""

from __future__ import annotations

from random import Random
from typing import Any

from blanko.cards.counting import operations as counting
from blanko.cards.counting import queries
from blanko.cards.counting.rules import LOOKS, MalformedCount, Outcome, Reason
from blanko.cards.custody import queries as custody
from blanko.cards.custody.rules import Condition, Key, Kind, Line
from blanko.decisions.scenario.custody_world import judge
from blanko.decisions.scenario.custody_world.book import Blank, Message, blanks_in, box_text, serial_text
from blanko.decisions.scenario.custody_world.compose import OFFICES
from blanko.decisions.scenario.custody_world.run import Run, Wrong
from blanko.decisions.scenario.custody_world.session import PRINCIPAL
from blanko.decisions.scenario.custody_world.world import LOST, compare
from blanko.ground.access.acting import acting


def count(run: Run, draw: Random) -> str:
    """An office is counted; the counter may count a box twice to make up for what is missing."""
    return count_office(run, draw.choice(OFFICES), draw)


def count_office(run: Run, office: str, draw: Random | None = None) -> str:
    """Count an office. The differences must be exactly those of the truth; they are booked, or brought back."""
    run.commit()
    rows = _rows(run, office)
    by, at = {"one": f"operator.{office}", "two": f"kepala.{office}", "three": "kepala.pusat"}, run.composer.at(office)
    if office == "00":
        by = {"one": "gudang.pusat", "two": "gudang2.pusat", "three": "kepala.pusat"}
    missing, surplus = _truth(run, office)
    with acting(principal=PRINCIPAL):
        name = counting.begin(
            office=office, reason="drill", key=run.composer.key(f"count/{office}"), by=by["three"], at=at
        )
        twice = _count_twice(run, name, rows, draw, by=by["one"], at=at)
        outcome = counting.hand_in(count=name, rows=rows, by=by["one"], at=at)
        if outcome is not Outcome.MATCHED:
            outcome = counting.hand_in(count=name, rows=rows, by=by["two"], at=at)
    if (outcome is Outcome.MATCHED) != (not missing and not surplus):
        raise Wrong(f"{office}: the count says {outcome}; truly missing {missing[:3]}, surplus {surplus[:3]}")
    if outcome is not Outcome.MATCHED:
        with acting(principal=PRINCIPAL):
            _check_named(office, queries.differences(name), missing, surplus)
            decided = counting.decide(count=name, approve=True, reason="drill", by=by["three"], at=at)
            for movement in decided.booked:
                _book(run, office, custody.pending(movement))
    for blank in [*missing, *surplus]:
        run.name(blank)
    for blank in missing:
        if run.world.at(blank) not in OFFICES:
            run.world.suspects.pop(blank, None)
    _bring_back(run, office, surplus)
    _check_settled(run, office)
    return f"{office} {len(missing)} {len(surplus)} {twice}"


def _rows(run: Run, office: str) -> list[tuple[str, str]]:
    """What an honest counter writes: sealed boxes whole, blanks of others with what they look like."""
    rows: list[tuple[str, str]] = []
    for found in run.world.sheet(office):
        box = run.book.boxes[found.series, found.box_no]
        if box.sealed and (found.first, found.last) == (1, box.size):
            rows.append((box_text(found[:2]), ""))
            continue
        for first, last, looks in _runs(run, found):
            rows.append((f"{serial_text((*found[:2], first))}..{last:04d}", looks))
    return rows


def _runs(run: Run, found: Any) -> list[tuple[int, int, str]]:
    made: list[tuple[int, int, str]] = []
    for position in range(found.first, found.last + 1):
        looks = look_of(run, (found.series, found.box_no, position))
        if made and made[-1][1:] == (position - 1, looks):
            made[-1] = (made[-1][0], position, looks)
        else:
            made.append((position, position, looks))
    return made


def look_of(run: Run, blank: Blank) -> str:
    """What a blank looks like in the hand."""
    condition = run.book.cell(blank).condition
    if condition == Condition.MISSING:
        condition = run.book.was[blank]
    return LOOKS.get(condition, "personalised")


def _truth(run: Run, office: str) -> tuple[list[Blank], list[Blank]]:
    differences = compare(judge.lines_at(office), run.world.sheet(office))
    return (
        [found.blank for found in differences if found.kind == "missing"],
        [found.blank for found in differences if found.kind == "surplus"],
    )


def _count_twice(run: Run, name: str, rows: list[tuple[str, str]], draw: Random | None, *, by: str, at: Any) -> int:
    """Now and then a counter names a row twice, to make up for what is missing: the whole sheet is refused."""
    if draw is None or not rows or draw.random() > 0.3:
        return 0
    try:
        counting.hand_in(count=name, rows=[*rows, draw.choice(rows)], by=by, at=at)
    except MalformedCount as refusal:
        if {refused.reason for refused in refusal.refused} == {Reason.NAMED_TWICE}:
            run.done["counted twice"] += 1
            return 1
    raise Wrong(f"{name}: blanks that were counted twice are not named")


def _check_named(office: str, found: list[dict[str, Any]], missing: list[Blank], surplus: list[Blank]) -> None:
    gone, more = set(missing), set(surplus)
    for row in found:
        blanks = blanks_in(Line(row["series"], row["box_no"], row["first"], row["last"]))
        (more if row["seen"] else gone).difference_update(blanks)
        if not set(blanks) <= {*missing, *surplus}:
            raise Wrong(f"{office}: the count names {row}, and nothing is wrong with it")
    if gone or more:
        raise Wrong(f"{office}: the count does not name {sorted(gone | more)[:5]}")


def _book(run: Run, office: str, made: custody.Pending) -> None:
    """The model does what the decision booked, if the model finds it lawful too."""
    first = blanks_in(made.lines[0])[0]
    before = run.book.cell(first).condition
    after = str(made.condition)
    if made.kind is Kind.LOSS and after != Condition.MISSING:
        raise Wrong(f"{office}: a loss made blanks {after}")
    message = Message(
        "change", made.by, made.at, Key("booked", run.book.movements + 1), made.lines, office, office, kind=made.kind,
        before=Condition(before), after=made.condition,
    )  # fmt: skip
    expected = run.book.deliver(message)
    if not expected.done:
        raise Wrong(f"{office}: the decision booked {message}, and the model says {expected.refused}")
    if made.kind is Kind.FINDING:
        run.world.put([b for line in made.lines for b in blanks_in(line) if run.world.at(b) == LOST], office)
    elif made.kind is Kind.LOSS:
        for line in made.lines:
            for blank in blanks_in(line):
                run.world.named(blank)


def _bring_back(run: Run, office: str, surplus: list[Blank]) -> None:
    """What lies in a room where the book does not have it is carried to where the book has it."""
    for blank in surplus:
        run.world.suspects.pop(blank, None)
        run.world.returned.discard(blank)
        place, condition = run.book.cell(blank)
        if place != office:
            run.world.put([blank], place)
            if condition == Condition.MISSING:
                run.world.returned.add(blank)


def _check_settled(run: Run, office: str) -> None:
    """Nothing is left that differs, but for what was carried elsewhere."""
    missing, surplus = _truth(run, office)
    if missing or surplus:
        raise Wrong(f"{office}: after a count still missing {missing[:3]}, surplus {surplus[:3]}")
