"""Read who holds what, and the way of a box or a blank."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from blanko.cards.custody import rules
from blanko.cards.custody.rules import Condition, Kind, Line, Phase
from blanko.cards.custody.transit import DUE_DAYS
from blanko.cards.custody.uids import LotShape, uid_of, uid_text
from blanko.ground.database import sql
from blanko.kernel.boxes import BlankSerial, BoxId
from blanko.kernel.errors import InvalidValue
from blanko.records.procurement import queries as procurement

_WHOLE = (1, 9999)


class Holding(NamedTuple):
    """Good blanks of an office, and what is on its way to it. ``opened``: good blanks outside sealed boxes."""

    good: int
    in_transit_in: int
    whole_boxes: int | None = None
    opened: int | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """A movement as it was sent, and the phase it is in."""

    from_office: str
    to_office: str
    kind: Kind
    condition: Condition
    by: str
    at: datetime
    phase: Phase
    lines: tuple[Line, ...]


def _rows(file: str, **values: object) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql.text(__package__, file), values)
        return list(cursor.fetchall())


def _dicts(file: str, **values: object) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(sql.text(__package__, file), values)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def holdings(*, at: datetime | None = None, office: str | None = None) -> dict[str, Holding]:
    """What each office holds now; with ``at``, what it held then, folded from the journal (no whole or opened then)."""
    if at is None:
        return {row[0]: Holding(*map(int, row[1:])) for row in _rows("holdings.sql", office=office)}
    return {row[0]: Holding(int(row[1]), int(row[2])) for row in _rows("holdings_at.sql", at=at, office=office)}


def balance_sheet() -> dict[str, int]:
    """Blanks received, and where they are: received is the sum of the rest.

    ``received`` is counted from the journal and the rest from the running balances.
    """
    (row,) = _dicts("balance_sheet.sql")
    return {name: int(value) for name, value in row.items()}


def at_hand() -> int:
    """Good blanks that are ours: in stores, in offices, on their way, and of accepted lots that nobody received yet."""
    sheet = balance_sheet()
    accepted = sum(lot.accepted for lot in procurement.lots())
    return sheet["warehouse"] + sheet["in_transit"] + sheet["at_offices"] + accepted - sheet["received"]


def boxes_at(office: str) -> list[Line]:
    """The sealed boxes of an office, the oldest first."""
    return [Line(*row) for row in _rows("boxes_at.sql", office=office, limit=None)]


def oldest_boxes(office: str, n: int) -> list[Line]:
    """The ``n`` oldest sealed boxes of an office, for a dispatch list; fewer when it has fewer."""
    return [Line(*row) for row in _rows("boxes_at.sql", office=office, limit=n)]


def box_lines(boxes: Iterable[tuple[str, int]]) -> tuple[Line, ...]:
    """Each box as the line that holds all of it. An unknown box becomes a line that the database refuses by name."""
    named = list(boxes)
    series, numbers = [box[0] for box in named], [box[1] for box in named]
    return tuple(Line(*row) for row in _rows("box_lines.sql", series=series, box_no=numbers))


def lines_named(identifiers: Iterable[str]) -> tuple[Line, ...]:
    """What people write for blanks: a box, a serial, or a run of serials as ``PB17-000042-0007..0019``; in order.

    Raises InvalidValue, LineTwice. An unknown box becomes a line that the database refuses by name.
    """
    boxes, serials, runs = [], [], []
    for text in identifiers:
        if ".." in text:
            start, _, end = text.partition("..")
            first = BlankSerial.parse(start)
            try:
                last = int(end) if end.strip().isdigit() else BlankSerial.parse(end).position
            except InvalidValue:
                last = 0
            if last < first.position:
                raise InvalidValue("{text} is no run of serials", mend="write PB17-000042-0007..0019", text=repr(text))
            runs.append(Line(first.box.series, first.box.number, first.position, last))
            continue
        box, first_place, last_place = parse(text)
        if (first_place, last_place) == _WHOLE:
            boxes.append((box.series, box.number))
        else:
            serials.append(BlankSerial(box, first_place))
    return rules.check_lines([*box_lines(boxes), *rules.lines_of_serials(serials), *runs])


def flow(*, lot: str | None = None) -> list[tuple[str, str, int]]:
    """Where the blanks of a lot (or of all) are, as (place, condition, blanks): ``00``, ``transit`` or a province."""
    return [(place, condition, int(quantity)) for place, condition, quantity in _rows("flow.sql", lot=lot)]


def lots_held() -> list[str]:
    """The lots of which boxes are in custody, by their numbers."""
    return [row[0] for row in _rows("lots_held.sql")]


def accepted_boxes(lot_no: str) -> tuple[Line, ...]:
    """The boxes that an accepted lot brings. Raises LotNotAccepted."""
    lines = tuple(Line(*row) for row in _rows("accepted_boxes.sql", lot_no=lot_no))
    if not lines:
        raise rules.LotNotAccepted(
            "lot {lot_no} has no accepted boxes", mend="release and accept the lot first", lot_no=lot_no
        )
    return lines


def pending(movement: str) -> Pending:
    """A movement with its lines. Raises UnknownMovement."""
    rows = _rows("pending.sql", movement=movement)
    if not rows:
        raise rules.UnknownMovement(
            "there is no movement {movement}", mend="look up what is on its way", movement=movement
        )
    sender, receiver, kind, condition, by, at, phase = rows[0][:7]
    lines = tuple(Line(*row[7:]) for row in rows)
    return Pending(sender, receiver, Kind(kind), Condition(condition), by, at, Phase(phase), lines)


def ending(movement: str) -> dict[str, Any] | None:
    """How a movement ended: phase, by, at, reason, event_id; None while it is on its way."""
    return next(iter(_dicts("ending.sql", movement=movement)), None)


def on_the_way(*, to_office: str | None = None, overdue_at: datetime | None = None) -> list[dict[str, Any]]:
    """Pending movements, the earliest first: movement, kind, from_office, to_office, quantity, by, at, papers, due_at,
    carrier, answerable, legs. With ``overdue_at`` only those that were due before.
    """
    rows = [
        {**row, "papers": json.loads(row["papers"])}
        for row in _dicts("on_the_way.sql", office=to_office, due_days=DUE_DAYS)
    ]
    return rows if overdue_at is None else [row for row in rows if row["due_at"] < overdue_at]


def legs(movement: str) -> list[dict[str, Any]]:
    """The stretches of a movement's way, in order; none where nobody wrote them down."""
    return [{**row, "seals": json.loads(row["seals"])} for row in _dicts("legs.sql", movement=movement)]


def discrepancies(
    *, office: str | None = None, movement: str | None = None, resolved_too: bool = False
) -> list[dict[str, Any]]:
    """What receivers found wrong, the oldest first, at or from an office: kind, blanks, owner, at, resolution, ..."""
    return _dicts("discrepancies.sql", office=office, movement=movement, all=resolved_too)


def lot_shape(lot_no: str) -> LotShape | None:
    """What was announced of a lot, or None."""
    rows = _rows("lot_shape.sql", lot_no=lot_no)
    return LotShape(*rows[0]) if rows else None


def by_uid(uids: Iterable[str]) -> list[str]:
    """The serials of chips by their UIDs; a chip that no manifest names is left out. Raises NotAUid."""
    rows = _rows("by_uid.sql", uids=[uid_of(uid) for uid in uids])
    return [str(BlankSerial(BoxId(series, box_no), position)) for series, box_no, position in rows]


def uid_at(serial: str) -> str | None:
    """The UID of a blank's chip, or None where its lot's manifest has none. Raises InvalidValue."""
    blank = BlankSerial.parse(serial)
    rows = _rows("uid_at.sql", series=blank.box.series, box_no=blank.box.number, position=blank.position)
    return uid_text(rows[0][0]) if rows else None


def parse(identifier: str) -> tuple[BoxId, int, int]:
    """A box or a serial as its box and positions. Raises InvalidValue."""
    try:
        serial = BlankSerial.parse(identifier)
    except InvalidValue:
        try:
            return BoxId.parse(identifier), *_WHOLE
        except InvalidValue as error:
            raise InvalidValue(
                "{identifier} is neither a box nor a blank's serial",
                mend="write PB17-000042 for a box, PB17-000042-0007 for a blank",
                identifier=repr(identifier),
            ) from error
    return serial.box, serial.position, serial.position


def places(identifier: str) -> list[dict[str, Any]]:
    """Where a box's blanks, or one blank, are now: first, last, condition, office or movement, lot, sealed."""
    box, first, last = parse(identifier)
    return _dicts("places.sql", series=box.series, box_no=box.number, first=first, last=last)


def way_of(identifier: str) -> list[dict[str, Any]]:
    """Every step of a box or a blank, in order: at, kind, phase, from_office, to_office, by, papers, reason, event, ...

    Raises InvalidValue for what is no identifier, and NothingHeld for what was never in custody.
    """
    box, first, last = parse(identifier)
    names = ("at", "movement", "kind", "phase", "from_office", "to_office", "by", "before", "after", "lot", "first",
             "last", "papers", "reason", "event")  # fmt: skip
    rows = _rows("way.sql", series=box.series, box_no=box.number, first=first, last=last)
    if not rows:
        raise rules.NothingHeld(
            "{identifier} was never in custody", mend="look the number up on the box", identifier=identifier
        )
    steps = [dict(zip(names, row, strict=True)) for row in rows]
    return [{**step, "papers": json.loads(step["papers"])} for step in steps]
