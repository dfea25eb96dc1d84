"""Rows of files for tests of the rooms above intake, taken in as files are."""

from __future__ import annotations

import csv
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path

from blanko.records.intake import operations

AT = datetime(2017, 4, 4, 2, tzinfo=UTC)


def nik(number, *, born=date(1980, 1, 1), sex="L", district="317101"):
    day = born.day + (40 if sex == "P" else 0)
    return f"{district}{day:02d}{born:%m%y}{number:04d}"


def registration(number, **changes):
    """One print-ready registration of Central Jakarta; a NIK that is not given fits the birth date."""
    row = {
        "record_id": f"R{number:05d}",
        "recorded_office": "3171",
        "name": f"BUDI {chr(65 + number % 26)}{number}",
        "birth_date": date(1980, 1, 1),
        "sex": "L",
        "marital_status": None,
        "village_code": "3171011001",
        "recorded_on": date(2016, 5, 2),
        "status": "PRINT_READY_RECORD",
        "status_since": date(2016, 11, 1),
        "card_issued_on": None,
        **changes,
    }
    if "nik" not in row:
        row["nik"] = nik(number, born=row["birth_date"])
    return row


def application(number, **changes):
    row = {"nik": nik(number), "cause": "loss", "applied_on": date(2017, 4, 1), "event_date": None}
    return {**row, "office": "3171", "document_no": f"A-{number}", **changes}


def death(number, **changes):
    row = {"nik": nik(number), "record_id": None, "recorded_office": None, "died_on": date(2017, 2, 2)}
    return {**row, "reported_on": date(2017, 3, 1), "office": "3171", "document_no": f"D-{number}", **changes}


def put(**rows_by_kind):
    """Load the rows of each kind as one CSV file; none may be refused."""
    with tempfile.TemporaryDirectory() as folder:
        for kind, rows in rows_by_kind.items():
            path = Path(folder) / f"{kind}.csv"
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, fieldnames=list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
            done = operations.load(path=path, kind=kind, by="svc.intake", at=AT, data_dir=Path(folder))
            assert done.refused == 0, Path(done.rejects).read_text(encoding="utf-8")
