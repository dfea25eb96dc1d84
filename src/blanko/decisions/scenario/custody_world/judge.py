"""Read what the database says, and compare it with the model of the book."""

from __future__ import annotations

from random import Random
from typing import Any

from django.db import connection

from blanko.cards.custody import queries
from blanko.cards.custody.rules import Line
from blanko.decisions.scenario.custody_world.book import Blank, Book, Cell
from blanko.ground.audit import operations as audit
from blanko.ground.database import sql

SEALS_CHECKED = 100


def _rows(file: str, **values: object) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql.text(__package__, file), values)
        return list(cursor.fetchall())


def lines_at(office: str) -> list[Line]:
    """The blanks that the database has in an office: what a count there must find."""
    return [Line(*row) for row in _rows("lines_at.sql", office=office)]


def balances() -> list[tuple[str, str, str, int]]:
    """The running balances that are not zero: office, series, condition, quantity."""
    return sorted((row[0], row[1], row[2], row[3]) for row in _rows("balances_now.sql"))


def differences(book: Book) -> str:
    """The first difference between the model and the database in words; empty when they are equal.

    Compared are each blank's place and condition, which boxes are sealed, all balances, what is on its way, the number
    of movements, and the conservation of blanks.
    """
    found: dict[Blank, Cell] = {}
    sealed = set()
    for series, box_no, first, last, place, condition, is_sealed in _rows("places_now.sql"):
        if is_sealed:
            sealed.add((series, box_no))
        for position in range(first, last + 1):
            blank = (series, box_no, position)
            if blank in found:
                return f"{blank} is in two places: {found[blank]} and {(place, condition)}"
            found[blank] = Cell(place, condition)
    for name, box in book.boxes.items():
        for position, cell in enumerate(box.cells, 1):
            if found.get((*name, position)) != cell:
                return f"{(*name, position)}: the model has {cell}, the database {found.get((*name, position))}"
    if len(found) != book.received:
        return f"the database has {len(found)} blanks of {book.received}"
    if sealed != {name for name, box in book.boxes.items() if box.sealed}:
        return "the model and the database differ on which boxes are sealed"
    balances = {(row[0], row[1], row[2]): row[3] for row in _rows("balances_now.sql")}
    if balances != dict(book.sheet()):
        wrong = set(balances.items()) ^ set(book.sheet().items())
        return f"balances differ: {sorted(wrong)[:4]}"
    pending = {row["movement"] for row in queries.on_the_way()}
    if pending != set(book.pending):
        return f"on their way differ: {sorted(pending ^ set(book.pending))[:4]}"
    return _sums(book)


def _sums(book: Book) -> str:
    sheet = queries.balance_sheet()
    if sheet["received"] != book.received or sheet["received"] != sum(
        count for name, count in sheet.items() if name != "received"
    ):
        return f"received is not the sum of the rest: {sheet}"
    ((movements, lines_wrong),) = _rows("journal_now.sql")
    if movements != book.movements:
        return f"the journal has {movements} movements of {book.movements}"
    if lines_wrong:
        return f"{lines_wrong} movements have lines that are not their quantity"
    ends_at = _rows("last_moment.sql")[0][0]
    if ends_at is not None:
        now = {office: held[:2] for office, held in queries.holdings().items() if held.good or held.in_transit_in}
        then = {o: held[:2] for o, held in queries.holdings(at=ends_at).items() if held.good or held.in_transit_in}
        if now != then:
            return "the journal and the running balances differ"
    return ""


def broken_seals(seed: int) -> list[int]:
    """Of some of the run's events, those whose rows are no longer as they were sealed."""
    events = [row[0] for row in _rows("events.sql")]
    chosen = sorted(Random(seed).sample(events, min(SEALS_CHECKED, len(events))))
    return [event for event in chosen if not audit.verify(event).holds]
