"""How fast boxes come in, leave and become cards' blanks: journal, balances and audit included, committed each time."""

from __future__ import annotations

import os
import tempfile
from datetime import UTC, date, datetime, timedelta
from time import perf_counter
from typing import Any

BOXES, SIZE = 14_000, 500
AT = datetime(2017, 4, 4, 2, tzinfo=UTC)
DAY = date(2017, 3, 1)
SINGLE_MOVES = 500


def _row(job: str, value: float, unit: str, target: str | None, met: bool | None) -> dict[str, Any]:
    return {"job": job, "value": round(value, 3), "unit": unit, "target": target, "met": met, "peer": None}


def run() -> list[dict[str, Any]]:
    """The contract of 2017 in one lot: 7,000,000 blanks in 14,000 boxes, received, sent to 514 offices, taken over."""
    # A bench never writes into anybody's records: it has a home of its own.
    home = tempfile.mkdtemp(prefix="blanko-bench-")
    os.chmod(home, 0o755)
    os.environ["BLANKO_HOME"] = home
    from blanko.ready import make_ready

    make_ready()
    from blanko.cards.custody import operations, queries
    from blanko.cards.custody.drafts import Consignment
    from blanko.cards.custody.rules import Key, Receipt
    from blanko.ground.access.acting import acting
    from blanko.ground.places import gazetteer

    def timed(call: Any) -> float:
        start = perf_counter()
        with acting(principal="svc.custody"):
            call()
        return perf_counter() - start

    offices = [office.code for office in gazetteer.offices() if len(office.code) == 4]
    for lot in (1, 2):
        _accept(lot)
    rows = []
    seconds = timed(lambda: operations.receive_lot(lot_no="B-1", by="gudang.pusat", at=AT))
    rows.append(_row(f"receive {BOXES:,} boxes of {SIZE}", seconds, "s", "at most 1 s", seconds <= 1))
    boxes = queries.boxes_at("00")
    sent = [
        Consignment(office, boxes[number :: len(offices)], Key("bench", number))
        for number, office in enumerate(offices)
    ]
    seconds = timed(lambda: operations.dispatch_many(consignments=sent, from_office="00", by="gudang.pusat", at=AT))
    rows.append(_row(f"dispatch them to {len(sent)} offices", seconds, "s", "at most 1 s", seconds <= 1))
    receipts = [Receipt(part.key.movement, f"operator.{part.to_office}") for part in sent]
    seconds = timed(lambda: operations.receive_many(receipts=receipts, by="svc.custody", at=AT))
    rows.append(_row(f"take over {len(receipts)} movements", seconds, "s", None, None))

    timed(lambda: operations.receive_lot(lot_no="B-2", by="gudang.pusat", at=AT))
    single = queries.oldest_boxes("00", SINGLE_MOVES)
    start = perf_counter()
    for number, line in enumerate(single, 1):
        with acting(principal="svc.custody"):
            operations.dispatch(
                consignment=[line], from_office="00", to_office=offices[number % len(offices)],
                key=Key("single", number), by="gudang.pusat", at=AT,
            )  # fmt: skip
    rate = SINGLE_MOVES / (perf_counter() - start)
    rows.append(_row("committed box movements of one client", rate, "per s", None, None))
    start = perf_counter()
    for line in single[:100]:
        queries.way_of(str(line.box))
    rows.append(_row("way of one box", (perf_counter() - start) * 10, "ms", None, None))
    sheet = queries.balance_sheet()
    balanced = sheet.pop("received") == sum(sheet.values())
    rows.append(_row("blanks in the balance afterwards", sum(sheet.values()), "blanks", "all received", balanced))
    return rows


def _accept(lot: int) -> None:
    """Lot B-<lot>: bought, delivered, released and accepted."""
    from blanko.ground.access.acting import acting
    from blanko.records.procurement import operations
    from blanko.records.procurement.rules import Stage

    who: dict[str, Any] = {"by": "pengadaan.pusat", "at": AT}
    name = f"B-{lot}"
    with acting(principal="svc.procurement"):
        operations.sign_contract(
            contract_no=name, supplier="Bench", signed_on=DAY, quantity=BOXES * SIZE, unit_price_idr=11_750,
            total_idr=BOXES * SIZE * 11_750, box_size=SIZE, source="bench",
            deliveries=[(DAY + timedelta(days=20), BOXES * SIZE)], **who,
        )  # fmt: skip
        operations.announce_lot(
            lot_no=name, contract_no=name, series=f"BENCH{lot}", first_box=1, box_count=BOXES, announced_on=DAY, **who
        )
        for days, stage in enumerate(list(Stage)[1:-1]):
            operations.advance_lot(lot_no=name, stage=stage, on=DAY + timedelta(days=days), **who)
        operations.accept_lot(lot_no=name, bast_no=f"BAST/{name}", on=DAY + timedelta(days=20), **who)
