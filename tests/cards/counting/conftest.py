"""An office with boxes, one of them opened, and the calls of a count."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from blanko.cards.counting import operations
from blanko.cards.custody import operations as custody
from blanko.cards.custody.rules import Condition, Kind, Line

OFFICE = "1871"


def stocked(at, key):
    """Boxes 1 to 4 of 50 at the office; of box 1, opened, 1-20 are printed, 1-5 handed over, 41-44 spoiled."""
    sent = custody.dispatch(
        consignment=[Line("PB17", n, 1, 50) for n in (1, 2, 3, 4)], from_office="00", to_office=OFFICE, key=key(),
        by="gudang.pusat", at=at,
    )  # fmt: skip
    custody.receive(movement=sent, by="operator.1871", at=at)
    given = {"office": OFFICE, "by": "operator.1871", "at": at}
    custody.open_box(series="PB17", box_no=1, key=key(), **given)
    for kind, before, after, first, last in (
        (Kind.PERSONALISATION, "good", "personalised", 1, 20),
        (Kind.ISSUANCE, "personalised", "issued", 1, 5),
        (Kind.SPOILAGE, "good", "spoiled", 41, 44),
    ):
        custody.change(
            kind=kind, before=Condition(before), after=Condition(after), lines=[Line("PB17", 1, first, last)],
            key=key(), reason="test", **given,
        )  # fmt: skip


# What lies in the office when nothing is missing.
ALL_THERE = [
    ("PB17-000001-0006..0020", "tercetak"), ("PB17-000001-0021..0040", "baik"), ("PB17-000001-0041..0044", "rusak"),
    ("PB17-000001-0045..0050", ""), ("PB17-000002", ""), ("PB17-000003", ""), ("PB17-000004", ""),
]  # fmt: skip


def without(*named):
    return [row for row in ALL_THERE if row[0] not in named]


@pytest.fixture
def office(warehouse):
    stocked(warehouse.at, warehouse.key)
    at, key = warehouse.at, warehouse.key

    def begin(**given):
        return operations.begin(office=OFFICE, reason="monthly", key=key(), by="kepala.1871", at=at, **given)

    def hand_in(count, rows, by):
        return operations.hand_in(count=count, rows=rows, by=by, at=at)

    def decide(count, by="kepala.pusat", approve=True, reason="stolen at night"):
        return operations.decide(count=count, approve=approve, reason=reason, by=by, at=at)

    def change(kind, before, after, box, first, last):
        return custody.change(
            kind=kind, before=Condition(before), after=Condition(after), lines=[Line("PB17", box, first, last)],
            office=OFFICE, key=key(), by="operator.1871", at=at, reason="test",
        )  # fmt: skip

    return SimpleNamespace(at=at, key=key, begin=begin, hand_in=hand_in, decide=decide, change=change)
