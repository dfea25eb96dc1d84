"""How many cards two counters print and hand over in a second: one card a transaction, all of it committed."""

from __future__ import annotations

import csv
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

AT = datetime(2017, 4, 4, 2, tzinfo=UTC)
DAY = date(2017, 4, 4)
# Two offices of Jakarta, each with a counter; villages of theirs.
OFFICES = {"3171": "3171011001", "3172": "3172011001"}
PEOPLE, SIZE, WARM = 1_500, 500, 50

# One counter: a process of its own, which starts when the file appears that says so.
COUNTER = """
import json, sys, time
from pathlib import Path
from blanko.ready import make_ready
make_ready()
from datetime import UTC, datetime
from blanko.cards.custody.rules import Key
from blanko.cards.issuance import operations
from blanko.ground.access.acting import acting
office, people, warm, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
by, at = f"operator.{office}", datetime(2017, 4, 4, 2, tzinfo=UTC)
def serve(number):
    began = time.perf_counter()
    with acting(principal=by):
        (serial,) = operations.print_cards(office=office, limit=1, by=by, at=at, key=Key(f"bench/{office}", number))
    printed = time.perf_counter()
    with acting(principal=by):
        operations.hand_over(cards=[serial], to="holder", checked="face and fingerprint", by=by, at=at)
    return printed - began, time.perf_counter() - printed
for number in range(warm):
    serve(number)
(folder / f"{office}.ready").touch()
while not (folder / "go").exists():
    time.sleep(0.01)
start = time.perf_counter()
took = [serve(number) for number in range(warm, people)]
print(json.dumps({"seconds": time.perf_counter() - start, "took": took}))
"""


def run() -> list[dict[str, Any]]:
    """The bench alone, in a home of its own."""
    own_home()
    from blanko.ready import make_ready

    make_ready()
    return rows()


def rows() -> list[dict[str, Any]]:
    """Print and hand over at two counters at once; the database is ready and holds none of these offices' people."""
    _prepare()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        counters = [
            subprocess.Popen(
                [sys.executable, "-c", COUNTER, office, str(PEOPLE), str(WARM), place], stdout=subprocess.PIPE,
                text=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            )
            for office in OFFICES
        ]  # fmt: skip
        while not all((folder / f"{office}.ready").exists() for office in OFFICES):
            if any(counter.poll() for counter in counters):
                raise RuntimeError("a counter ended before it began")
            sleep(0.05)
        start = perf_counter()
        (folder / "go").touch()
        told = [json.loads(counter.communicate()[0]) for counter in counters]
        seconds = perf_counter() - start
    steps = 2 * (PEOPLE - WARM) * len(OFFICES)
    prints = sorted(pair[0] * 1_000 for one in told for pair in one["took"])
    hands = sorted(pair[1] * 1_000 for one in told for pair in one["took"])
    rate = steps / seconds
    return [
        _row("committed print + issue steps, 2 counters", rate, "per s", "at least 500 per s", rate >= 500),
        _row("print one card (median)", prints[len(prints) // 2], "ms"),
        _row("hand one card over (median)", hands[len(hands) // 2], "ms"),
        _row("hand one card over (99 %)", hands[len(hands) * 99 // 100], "ms"),
        _bulk(),
    ]


def _bulk() -> dict[str, Any]:
    """The same work for a whole office in one call."""
    from blanko.cards.issuance import operations
    from blanko.ground.access.acting import acting

    office = next(iter(OFFICES))
    start = perf_counter()
    with acting(principal="svc.issuance"):
        printed = operations.print_cards(office=office, limit=PEOPLE, by=f"operator.{office}", at=AT)
    return _row("cards printed in one call", len(printed) / (perf_counter() - start), "per s")


def _row(job: str, value: float, unit: str, target: str | None = None, met: bool | None = None) -> dict[str, Any]:
    return {"job": job, "value": round(value, 2), "unit": unit, "target": target, "met": met, "peer": None}


def _prepare() -> None:
    """Blanks at both offices, boxes opened, and people who wait for a card: twice as many as the counters serve."""
    from django.db import connection

    from blanko.cards.custody import operations as custody
    from blanko.cards.custody import queries as held
    from blanko.cards.custody.rules import Key
    from blanko.ground.access.acting import acting
    from blanko.records.entitlement import operations as entitlement
    from blanko.records.intake import operations as intake

    boxes = -(-2 * PEOPLE // SIZE) + 1
    _accept(boxes * len(OFFICES))
    with acting(principal="svc.custody"):
        custody.receive_lot(lot_no="B-ISSUE", by="gudang.pusat", at=AT)
        lines = [line for line in held.boxes_at("00") if line.series == "BENCHISSUE"]
        for place, office in enumerate(OFFICES):
            mine = lines[place::2]
            movement = custody.dispatch(
                consignment=mine, from_office="00", to_office=office, key=Key(f"bench-issue/{office}", 1),
                by="gudang.pusat", at=AT,
            )  # fmt: skip
            custody.receive(movement=movement, by=f"operator.{office}", at=AT)
            custody.open_boxes(
                boxes=[(line.series, line.box_no) for line in mine], office=office,
                key=Key(f"bench-issue/{office}", 2), by=f"operator.{office}", at=AT,
            )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder, acting(principal="svc.intake"):
        path = Path(folder) / "people.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(
                ["record_id", "recorded_office", "name", "nik", "birth_date", "sex", "village_code", "recorded_on",
                 "status", "status_since"]
            )  # fmt: skip
            for office, village in OFFICES.items():
                for number in range(2 * PEOPLE):
                    born = date(1960, 1, 1) + timedelta(days=number)
                    writer.writerow(
                        [f"B{number:06d}", office, f"WARGA {number}", f"{village[:6]}{born:%d%m%y}{number % 9999:04d}",
                         born, "L", village, date(2016, 5, 2), "PRINT_READY_RECORD", date(2016, 11, 1)]
                    )  # fmt: skip
        intake.load(path=path, kind="registrations", by="svc.intake", at=AT, data_dir=Path(folder))
        entitlement.catch_up(by="svc.registry", at=AT)
    # What the server would do by itself a minute later.
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _accept(boxes: int) -> None:
    """Lot B-ISSUE: bought, delivered, released and accepted."""
    from blanko.ground.access.acting import acting
    from blanko.records.procurement import operations
    from blanko.records.procurement.rules import Stage

    who: dict[str, Any] = {"by": "pengadaan.pusat", "at": AT}
    name, first, blanks = "B-ISSUE", date(2017, 3, 1), boxes * SIZE
    with acting(principal="svc.procurement"):
        operations.sign_contract(
            contract_no=name, supplier="Bench", signed_on=first, quantity=blanks, unit_price_idr=11_750,
            total_idr=blanks * 11_750, box_size=SIZE, source="bench",
            deliveries=[(first + timedelta(days=20), blanks)], **who,
        )  # fmt: skip
        operations.announce_lot(
            lot_no=name, contract_no=name, series="BENCHISSUE", first_box=1, box_count=boxes, announced_on=first, **who
        )
        for days, stage in enumerate(list(Stage)[1:-1]):
            operations.advance_lot(lot_no=name, stage=stage, on=first + timedelta(days=days), **who)
        operations.accept_lot(lot_no=name, bast_no=f"BAST/{name}", on=first + timedelta(days=20), **who)
