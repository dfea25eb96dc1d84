"""How fast boxes come in, leave and become cards: journal, balances and audit included, each committed.

Beside each bulk job stands the same work with one row per blank, as most systems keep it, so that a reader sees why
the unit is the box.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

from blanko.doors.cli.own_home import own_home

BOXES, SIZE = 14_000, 500
AT = datetime(2017, 4, 4, 2, tzinfo=UTC)
DAY = date(2017, 3, 1)
# Movements in all of each trial with several clients, and the trials.
MOVES, CLIENTS = 4_000, (2, 4, 8, 16)
# The peer with one row a blank is run on a tenth: it would take minutes.
TENTH = 10

# One client: a process of its own, which starts when the file appears that says so.
CLIENT = """
import json, sys, time
from pathlib import Path
from blanko.ready import make_ready
make_ready()
from datetime import UTC, datetime
from blanko.cards.custody import operations
from blanko.cards.custody.rules import Key, Line
from blanko.ground.access.acting import acting_alone
name, first, count, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
offices, at = sys.argv[5].split(","), datetime(2017, 4, 4, 2, tzinfo=UTC)
def move(box):
    operations.dispatch(
        consignment=[Line("BENCH3", box, 1, 500)], from_office="00", to_office=offices[box % len(offices)],
        key=Key(f"client/{name}", box), by="gudang.pusat", at=at)
with acting_alone(principal="svc.custody"):
    for box in range(first, first + 20):
        move(box)
    (folder / f"{name}.ready").touch()
    while not (folder / "go").exists():
        time.sleep(0.005)
    for box in range(first + 20, first + count):
        move(box)
"""


def _row(
    job: str, value: float, unit: str, target: str | None, met: bool | None, peer: str | None = None
) -> dict[str, Any]:
    return {"job": job, "value": round(value, 3), "unit": unit, "target": target, "met": met, "peer": peer}


def run() -> list[dict[str, Any]]:
    """The contract of 2017 in one lot: 7,000,000 blanks in 14,000 boxes, received, sent to 514 offices, taken over."""
    own_home()
    from blanko.ready import make_ready

    make_ready()
    from blanko.cards.custody import operations, queries
    from blanko.cards.custody.drafts import Consignment
    from blanko.cards.custody.rules import Key, Receipt
    from blanko.doors.cli import bench_issuance
    from blanko.ground.places import gazetteer

    offices = [office.code for office in gazetteer.offices() if len(office.code) == 4]
    for lot in (1, 2, 3):
        _accept(lot)
    made, moved = _one_row_a_blank()
    rows = []
    seconds = _timed(lambda: operations.receive_lot(lot_no="B-1", by="gudang.pusat", at=AT))
    peer = f"one row a blank: {made:.1f} s for a tenth, without journal and seal"
    rows.append(_row(f"receive {BOXES:,} boxes of {SIZE}", seconds, "s", "at most 1 s", seconds <= 1, peer))
    boxes = queries.boxes_at("00")
    sent = [
        Consignment(office, boxes[number :: len(offices)], Key("bench", number))
        for number, office in enumerate(offices)
    ]
    seconds = _timed(lambda: operations.dispatch_many(consignments=sent, from_office="00", by="gudang.pusat", at=AT))
    peer = f"one row a blank: {moved:.1f} s for a tenth, without journal and seal"
    rows.append(_row(f"dispatch them to {len(sent)} offices", seconds, "s", "at most 1 s", seconds <= 1, peer))
    receipts = [Receipt(part.key.movement, f"operator.{part.to_office}") for part in sent]
    seconds = _timed(lambda: operations.receive_many(receipts=receipts, by="svc.custody", at=AT))
    rows.append(_row(f"take over {len(receipts)} movements", seconds, "s", None, None))
    rows.append(_chips())
    _timed(lambda: operations.receive_lot(lot_no="B-3", by="gudang.pusat", at=AT))
    rows += _clients(offices)
    start = perf_counter()
    for line in boxes[:100]:
        queries.way_of(str(line.box))
    rows.append(_row("way of one box", (perf_counter() - start) * 10, "ms", None, None))
    sheet = queries.balance_sheet()
    balanced = sheet.pop("received") == sum(sheet.values())
    rows.append(_row("blanks in the balance afterwards", sum(sheet.values()), "blanks", "all received", balanced))
    return rows + bench_issuance.rows()


def _timed(call: Any) -> float:
    from blanko.ground.access.acting import acting

    start = perf_counter()
    with acting(principal="svc.custody"):
        call()
    return perf_counter() - start


def _one_row_a_blank() -> tuple[float, float]:
    """Seconds to make a tenth of the blanks as rows of their own, and to send them all."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE blank (series text, box_no int, position int, office text, condition text,"
            " PRIMARY KEY (series, box_no, position))"
        )
        cursor.execute("CREATE INDEX ON blank (office, condition)")
        start = perf_counter()
        cursor.execute(
            "INSERT INTO blank SELECT 'PEER', box_no, position, '00', 'good'"
            " FROM generate_series(1, %s) AS box_no, generate_series(1, %s) AS position",
            [BOXES // TENTH, SIZE],
        )
        made = perf_counter() - start
        start = perf_counter()
        cursor.execute("UPDATE blank SET office = (1100 + box_no %% 514)::text, condition = 'in_transit'", [])
        moved = perf_counter() - start
        cursor.execute("DROP TABLE blank")
    return made, moved


def _chips() -> dict[str, Any]:
    """7,000,000 UIDs beside a lot of 7,000,000 that is known: read from Parquet, checked, stored, indexed, unique."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from blanko.cards.custody import manifest_store, uids
    from blanko.ground.access.acting import acting

    total = BOXES * SIZE
    draw = np.random.default_rng(2017)
    seconds = 0.0
    with tempfile.TemporaryDirectory() as place:
        for lot in (1, 2):
            numbers = draw.permutation(total) + (0x04A1 << 40) + lot * total
            path = Path(place) / f"B-{lot}.parquet"
            columns = {
                "series": pa.repeat(f"BENCH{lot}", total),
                "box": np.repeat(np.arange(1, BOXES + 1), SIZE),
                "position": np.tile(np.arange(1, SIZE + 1), BOXES),
                "uid": pa.array([uids.uid_text(7 << 56 | int(number)) for number in numbers]),
            }
            pq.write_table(pa.table(columns), path)
            start = perf_counter()
            with acting(principal="svc.custody"):
                manifest_store.load(path=path, lot_no=f"B-{lot}", store=Path(place) / "kept", by="gudang.pusat", at=AT)
            seconds = perf_counter() - start
    rate = total / seconds
    return _row(
        f"load {total:,} chip UIDs beside as many", rate, "per s", "at least 300,000 per s", rate >= 300_000,
        "one index kept while loading: 190,000 to 290,000 per s (evidence of the trial)",
    )  # fmt: skip


def _clients(offices: list[str]) -> list[dict[str, Any]]:
    """Single boxes sent from the central warehouse by several clients at once, each movement committed."""
    rows, first = [], 1
    for clients in CLIENTS:
        each = min(MOVES, (BOXES - 200) // len(CLIENTS)) // clients
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            working = []
            for number in range(clients):
                given = [f"{clients}-{number}", str(first), str(each), place, ",".join(offices)]
                working.append(
                    subprocess.Popen(
                        [sys.executable, "-c", CLIENT, *given], text=True, stderr=subprocess.PIPE,
                        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
                    )
                )  # fmt: skip
                first += each
            while len(list(folder.glob("*.ready"))) < clients:
                if any(client.poll() for client in working):
                    raise RuntimeError(json.dumps([client.communicate()[1] for client in working if client.poll()]))
                sleep(0.02)
            start = perf_counter()
            (folder / "go").touch()
            if any(client.wait() for client in working):
                raise RuntimeError(json.dumps([client.communicate()[1] for client in working]))
            rate = (each - 20) * clients / (perf_counter() - start)
        rows.append(
            _row(f"committed box movements, {clients} clients", rate, "per s", "at least 1,500 per s", rate >= 1_500)
        )
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
