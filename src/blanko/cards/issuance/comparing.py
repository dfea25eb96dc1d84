"""Compare cards with the blanks that custody has as printed and issued; the whole reconcile of a node.

Counting compares custody with itself; the cards stand in a higher room, which adds what differs there.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.db import connection

from blanko.cards.counting import balance, reconciling
from blanko.cards.counting.balance import NATION, Difference, Source
from blanko.cards.counting.reconciling import Reconciled
from blanko.cards.custody.rules import Line
from blanko.cards.issuance.rules import CardState
from blanko.ground.database import sql

# So many ranges or blanks of a kind are named one by one; what is beyond is told as a number of its office.
NAMED_MAX: Final = 1_000


class Astray(NamedTuple):
    """A card that waits (or a blank in a printer) whose blank is not what it should be in custody's book."""

    serial: str
    office: str
    state: CardState
    line: Line
    book_office: str
    book_movement: str
    book_condition: str


def reconcile(
    *, by: str, at: datetime, scope: str = NATION, thorough: bool = False, nodes: bool = False, keep: bool = True
) -> Reconciled:
    """Compare all accounts of a node: journal, boxes, balances, lots, stock files, and the cards. Raises InvalidValue.

    See ``counting.reconciling.reconcile``, which this adds the cards to.
    """
    return reconciling.reconcile(
        by=by, at=at, scope=scope, thorough=thorough, nodes=nodes, keep=keep, outside=differences(scope)
    )


def differences(scope: str = NATION) -> list[Difference]:
    """Printed and issued blanks without their card, and cards without their blank, at the offices of a node.

    At most NAMED_MAX of each kind are named by their blanks; the rest is one difference an office.
    """
    found = [*_astray(), *_printed(), *_handed_over()]
    return [difference for difference in found if balance.within(difference.office, scope)]


def astray(*, office: str | None = None) -> list[Astray]:
    """Cards that wait whose blank is missing, spoiled, issued, destroyed or elsewhere by custody's book."""
    return [
        Astray(row[0], row[1], CardState(row[2]), Line(row[3], row[4], row[5], row[5]), *row[6:])
        for row in _rows("waiting_cards.sql", office=office)
    ]


def _astray() -> list[Difference]:
    found = []
    for card in astray():
        where = card.book_office or card.book_movement or "nowhere"
        expected = "good" if card.state is CardState.IN_PRINTER else "personalised"
        note = f"the card waits, the book says {where}" + (f", {card.book_condition}" if card.book_condition else "")
        found.append(_of(card.line, card.office, expected, (0, 1), note))
    return found


def _printed() -> list[Difference]:
    """Printed blanks on which no card waits."""
    ranges = _rows("printed_blanks.sql")
    named = ranges[:NAMED_MAX]
    columns = list(zip(*(row[:4] for row in named), strict=True)) or [()] * 4
    names = ("series", "box_no", "first", "last")
    inside: dict[tuple[str, int], set[int]] = defaultdict(set)
    for series, box_no, position in _rows(
        "cards_inside.sql", **{name: list(column) for name, column in zip(names, columns, strict=True)}
    ):
        inside[series, box_no].add(position)
    found = []
    for series, box_no, first, last, office, movement, _cards in named:
        waiting = inside[series, box_no]
        for line in _runs(series, box_no, (p for p in range(first, last + 1) if p not in waiting)):
            note = "printed without a card" + (f", on its way in {movement}" if movement else "")
            found.append(_of(line, office, "personalised", (line.quantity, 0), note))
    beyond: dict[str, int] = defaultdict(int)
    for _series, _box_no, first, last, office, _movement, cards in ranges[NAMED_MAX:]:
        beyond[office] += last - first + 1 - cards
    return [
        *found,
        *(Difference(Source.CARD, office, "personalised", count, 0, note="printed without a card, in further boxes")
          for office, count in sorted(beyond.items())),
    ]  # fmt: skip


def _handed_over() -> list[Difference]:
    """Blanks that became issued without a card's hand-over, and the other way round."""
    found = []
    for office, blanks, cards in _rows("handed_over.sql", salt=secrets.randbits(62)):
        rows = _rows("handed_over_at.sql", office=office, limit=NAMED_MAX)
        positions: dict[tuple[str, int, bool], list[int]] = defaultdict(list)
        for series, box_no, position, is_blank in rows:
            positions[series, box_no, is_blank].append(position)
        for (series, box_no, is_blank), places in sorted(positions.items()):
            for line in _runs(series, box_no, places):
                counts = (line.quantity, 0) if is_blank else (0, line.quantity)
                note = "issued without a card" if is_blank else "handed over, and the book does not have it as issued"
                found.append(_of(line, office, "issued", counts, note))
        if len(rows) == NAMED_MAX:
            found.append(Difference(Source.CARD, office, "issued", blanks, cards, note="and further ones"))
    return found


def _of(line: Line, office: str, condition: str, counts: tuple[int, int], note: str) -> Difference:
    """A difference of these blanks: how many blanks the journal expects, and how many cards were found."""
    series, box_no, first, last = line
    return Difference(Source.CARD, office, condition, *counts, series, box_no, first, last, note=note)


def _runs(series: str, box_no: int, positions: Iterable[int]) -> list[Line]:
    lines: list[Line] = []
    for position in positions:
        if lines and lines[-1].last == position - 1:
            lines[-1] = lines[-1]._replace(last=position)
        else:
            lines.append(Line(series, box_no, position, position))
    return lines


def _rows(file: str, **values: object) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql.text(__package__, file), values)
        return list(cursor.fetchall())
