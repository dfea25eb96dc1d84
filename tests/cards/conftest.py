"""A central warehouse with an accepted lot."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import count
from types import SimpleNamespace

import pytest

AT = datetime(2017, 3, 27, 8, 0, tzinfo=UTC)


def accepted_lot(
    *, lot_no="L-1", series="PB17", first_box=1, boxes=20, size=50, rejected=None, contract="C-1", allowed=20
):  # fmt: skip
    """Buy, deliver, release and accept a lot, inside the caller's transaction."""
    from blanko.records.procurement import operations, queries
    from blanko.records.procurement.rules import Stage

    who = {"by": "pengadaan.pusat", "at": AT}
    if contract not in {row["contract_no"] for row in queries.contracts()}:
        operations.sign_contract(
            contract_no=contract,
            supplier="Maker",
            signed_on=date(2017, 3, 1),
            quantity=100_000_000,
            unit_price_idr=1,
            total_idr=100_000_000,
            box_size=size,
            deliveries=[(date(2017, 3, 25), 100_000_000)],
            source="test",
            spoilage_per_mille=allowed,
            **who,
        )
    operations.announce_lot(
        lot_no=lot_no,
        contract_no=contract,
        series=series,
        first_box=first_box,
        box_count=boxes,
        box_size=size,
        announced_on=date(2017, 3, 1),
        **who,
    )
    for days, stage in enumerate(list(Stage)[1:-1]):
        operations.advance_lot(lot_no=lot_no, stage=stage, on=date(2017, 3, 1) + timedelta(days=days), **who)
    operations.accept_lot(lot_no=lot_no, bast_no=f"BAST/{lot_no}", on=date(2017, 3, 25), rejected=rejected, **who)


@pytest.fixture
def accept():
    return accepted_lot


@pytest.fixture
def keys():
    from blanko.cards.custody.rules import Key

    numbers = count(1)
    return lambda: Key("test", next(numbers))


@pytest.fixture
def warehouse(db, acting_as, keys):
    """Inside one transaction: 20 boxes of 50 in the central warehouse, box 13 rejected (so 19)."""
    from blanko.cards.custody import operations

    with acting_as("svc.custody"):
        accepted_lot(rejected={13: "wet"})
        operations.receive_lot(lot_no="L-1", by="gudang.pusat", at=AT, papers={"bast": "BAST/L-1"})
        yield SimpleNamespace(at=AT, key=keys)
