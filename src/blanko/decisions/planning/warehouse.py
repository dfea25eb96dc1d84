"""What planning reads from custody and asks of it. The one place of this room that knows custody's words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connection
from django.utils.timezone import localdate, make_aware

from blanko.cards.custody import operations as custody
from blanko.cards.custody import queries as held
from blanko.cards.custody.drafts import Consignment
from blanko.cards.custody.rules import CENTRE, Key, Line
from blanko.cards.custody.transit import UNNAMED_COURIER, Leg, Mode
from blanko.decisions.planning.rules import Cutting, Dispatch, Loose, Whole
from blanko.ground.database import sql
from blanko.kernel.boxes import BoxId, SerialRange

__all__ = ["CENTRE", "boxes_and_pieces", "box_size", "holdings", "printed_by_office", "send"]


def _rows(name: str, params: dict[str, object] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql.text(__package__, name), params)
        return cursor.fetchall()


def holdings() -> dict[str, tuple[int, int]]:
    """For each office its good blanks on hand and those on their way to it."""
    return {office: (holding.good, holding.in_transit_in) for office, holding in held.holdings().items()}


def boxes_and_pieces() -> tuple[list[Whole], list[Loose]]:
    """What lies good in the central warehouse, oldest first: sealed boxes, and ranges of opened ones."""
    sealed = [Whole(line.box, line.quantity) for line in held.boxes_at(CENTRE)]
    loose = [
        Loose(BoxId(series, number), SerialRange(first, last))
        for series, number, first, last in _rows("central_pieces.sql", {"office": CENTRE})
    ]
    return sealed, loose


def box_size(sealed: Sequence[Whole]) -> int:
    """The most frequent size of the boxes that lie in the warehouse, the smaller of equals; 1 when there is none."""
    sizes = [whole.size for whole in sealed]
    return min(set(sizes), key=lambda size: (-sizes.count(size), size)) if sizes else 1


def printed_by_office(*, until: date, after: date | None = None) -> dict[str, int]:
    """Cards that each office printed up to a day (and after another), less those spoiled after printing."""
    return {
        office: int(printed) for office, printed in _rows("printed_by_office.sql", {"until": until, "after": after})
    }


def send(dispatches: Sequence[Dispatch], cutting: Cutting, *, by: str, at: datetime) -> None:
    """Open the boxes that are cut, and put all consignments on their way, in the caller's transaction."""
    if cutting.opened:
        custody.open_boxes(
            boxes=[(box.series, box.number) for box in cutting.opened],
            office=CENTRE,
            key=Key(f"planning/{dispatches[0].round_no}/open", 1),
            by=by,
            at=at,
        )
    custody.dispatch_many(
        from_office=CENTRE,
        consignments=[
            Consignment(
                to_office=dispatch.office,
                lines=[Line(w.box.series, w.box.number, 1, w.size) for w in dispatch.boxes]
                + [Line(p.box.series, p.box.number, p.positions.first, p.positions.last) for p in dispatch.pieces],
                key=Key(f"planning/{dispatch.round_no}", int(dispatch.regency)),
                papers={"surat_jalan": dispatch.papers, "consignment": dispatch.consignment},
                legs=[_way(dispatch, by=by, at=at)],
            )
            for dispatch in dispatches
        ],
        by=by,
        at=at,
    )


def _way(dispatch: Dispatch, *, by: str, at: datetime) -> Leg:
    """The one leg that a round knows: who carries, who answers, and the day by which it should be there."""
    leaves = max(dispatch.dispatch_by, localdate(at))
    due = make_aware(datetime.combine(leaves + timedelta(days=dispatch.transport_days), time.max))
    if dispatch.mode == "collection":
        return Leg(
            mode=Mode.COLLECTION, from_place=CENTRE, to_place=dispatch.office, carrier=dispatch.carrier,
            answerable=dispatch.carrier, due_at=due, assignment_no=dispatch.letter,
            identity_checked=f"to be checked at the ramp against letter {dispatch.letter}",
        )  # fmt: skip
    # A round names no courier: the warehouse answers until one has signed the surat jalan.
    return Leg(
        mode=Mode.COURIER,
        from_place=CENTRE,
        to_place=dispatch.office,
        carrier=UNNAMED_COURIER,
        answerable=by,
        due_at=due,
    )
