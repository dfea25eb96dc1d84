"""Money and the schedule: price breaks, penalties, what was delivered when, stock valued first in, first out. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from blanko.kernel.errors import InvalidValue


class BadPriceBreaks(InvalidValue):
    """Price breaks do not begin above one blank, do not rise in quantity, or do not fall in price."""


class MoreThanAccepted(InvalidValue):
    """More blanks are said to be at hand than were ever accepted."""


@dataclass(frozen=True, slots=True)
class Break:
    """From this many blanks in one order on, a blank costs this much."""

    from_quantity: int
    unit_price_idr: int


class Accepted(NamedTuple):
    """Accepted blanks of one lot at their price."""

    lot_no: str
    accepted_on: date
    quantity: int
    unit_price_idr: int


@dataclass(frozen=True, slots=True)
class Layer:
    """What is left of a lot, valued at its price."""

    lot_no: str
    accepted_on: date
    quantity: int
    left: int
    unit_price_idr: int
    value_idr: int


class Planned(NamedTuple):
    delivery_no: int
    due_on: date
    quantity: int


class Came(NamedTuple):
    """Blanks that came on a day, for the delivery that they name, or for whichever is due first."""

    on: date
    quantity: int
    delivery_no: int | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A planned delivery beside what came: ``short_by`` blanks on its day, whole on ``fulfilled_on`` (None: not yet).

    ``days_late`` of one still missing are its days so far. ``is_due`` is False before its day: then nothing is judged.
    """

    delivery_no: int
    due_on: date
    quantity: int
    is_due: bool
    there_by_due: int
    short_by: int
    fulfilled_on: date | None
    days_late: int
    penalty_idr: int


def check_breaks(breaks: Sequence[Break], *, list_price_idr: int) -> None:
    """Raise BadPriceBreaks unless quantities rise from 2 on and prices fall below the list price."""
    before = Break(1, list_price_idr)
    for step in breaks:
        if step.from_quantity <= before.from_quantity or not 0 < step.unit_price_idr < before.unit_price_idr:
            raise BadPriceBreaks(
                "from {quantity} blanks on, Rp {price} does not follow Rp {before_price} from {before_quantity} on",
                mend="let quantities rise and prices fall",
                quantity=step.from_quantity, price=step.unit_price_idr,
                before_price=before.unit_price_idr, before_quantity=before.from_quantity,
            )  # fmt: skip
        before = step


def price_at(quantity: int, *, list_price_idr: int, breaks: Sequence[Break]) -> int:
    """What a blank costs in an order of so many."""
    reached = [step.unit_price_idr for step in breaks if step.from_quantity <= quantity]
    return min(reached, default=list_price_idr)


def replaceable(*, accepted: int, rejected: int, allowance_per_mille: int) -> int:
    """Rejected blanks beyond the spoilage that the contract allows: the maker replaces them without pay."""
    return max(0, rejected - (accepted + rejected) * allowance_per_mille // 1000)


def penalty(*, value_idr: int, days_late: int, per_mille_a_day: int, cap_per_mille: int) -> int:
    """So many thousandths of the value of the late part for each day, up to a cap, in whole rupiah (rounded down).

    Source: Perpres 54/2010 with its change 70/2012: 1/1000 of the contract or of its late part for each day, at most
    the performance bond.
    """
    return value_idr * min(max(days_late, 0) * per_mille_a_day, cap_per_mille) // 1000


def schedule_kept(
    planned: Sequence[Planned], came: Sequence[Came], *, as_of: date, unit_price_idr: int, per_mille_a_day: int,
    cap_per_mille: int,
) -> list[Kept]:  # fmt: skip
    """Each planned delivery beside what came for it until ``as_of``, the earliest due first.

    What names its delivery goes there; the rest, and what is more than that delivery, fills what is due first. Each
    late part is charged for its own days, what is still missing for its days so far.
    """
    rows = sorted(planned, key=lambda row: (row.due_on, row.delivery_no))
    parts = _parts_of(rows, [item for item in came if item.on <= as_of])
    kept = []
    for row in rows:
        own = sorted(parts[row.delivery_no])
        missing = row.quantity - sum(quantity for _, quantity in own)
        there = sum(quantity for on, quantity in own if on <= row.due_on)
        whole_on = own[-1][0] if own and not missing else None
        is_due = row.due_on <= as_of
        late = [(on, quantity) for on, quantity in own if on > row.due_on]
        if missing and is_due:
            late.append((as_of, missing))
        charged = sum(
            penalty(
                value_idr=quantity * unit_price_idr, days_late=(on - row.due_on).days, per_mille_a_day=per_mille_a_day,
                cap_per_mille=cap_per_mille,
            )
            for on, quantity in late
        )  # fmt: skip
        days_late = max(((on - row.due_on).days for on, _ in late), default=0)
        short = row.quantity - there if is_due else 0
        kept.append(Kept(row.delivery_no, row.due_on, row.quantity, is_due, there, short, whole_on, days_late, charged))
    return kept


def _parts_of(rows: Sequence[Planned], came: Sequence[Came]) -> dict[int, list[tuple[date, int]]]:
    """delivery_no -> the (day, blanks) that came for it, never more than were planned."""
    parts: dict[int, list[tuple[date, int]]] = {row.delivery_no: [] for row in rows}
    room = {row.delivery_no: row.quantity for row in rows}

    def fill(delivery_no: int, on: date, quantity: int) -> int:
        taken = min(quantity, room[delivery_no])
        if taken:
            room[delivery_no] -= taken
            parts[delivery_no].append((on, taken))
        return quantity - taken

    left = []
    for item in sorted(came, key=lambda item: item.on):
        rest = fill(item.delivery_no, item.on, item.quantity) if item.delivery_no in room else item.quantity
        left.append((item.on, rest))
    for on, quantity in left:
        for row in rows:
            quantity = fill(row.delivery_no, on, quantity)
    return parts


def first_in_first_out(lots: Sequence[Accepted], *, on_hand: int) -> list[Layer]:
    """What is left of each lot when the oldest blanks leave first. Raises MoreThanAccepted.

    So the blanks at hand are the youngest, each at the price of its lot.
    """
    accepted = sum(lot.quantity for lot in lots)
    if not 0 <= on_hand <= accepted:
        raise MoreThanAccepted(
            "{on_hand} blanks at hand, and {accepted} were accepted",
            mend="give a number from 0 to {accepted}",
            on_hand=on_hand,
            accepted=accepted,
        )
    gone = accepted - on_hand
    layers = []
    for lot in sorted(lots, key=lambda lot: (lot.accepted_on, lot.lot_no)):
        taken = min(gone, lot.quantity)
        gone -= taken
        left = lot.quantity - taken
        layers.append(
            Layer(lot.lot_no, lot.accepted_on, lot.quantity, left, lot.unit_price_idr, left * lot.unit_price_idr)
        )
    return layers
