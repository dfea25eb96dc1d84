"""Rows of files for tests of the rooms above intake."""

from __future__ import annotations

from datetime import date

from django.db import connection

TABLES = """
CREATE TEMP TABLE IF NOT EXISTS intake_registration_latest (
  recorded_office text COLLATE "C", record_id text COLLATE "C", nik text COLLATE "C", name text, birth_date date, sex
  text, marital_status text, village_code text, regency text COLLATE "C", recorded_on date, status text, status_since
  date, card_issued_on date, version int, warnings text[], PRIMARY KEY (recorded_office, record_id)) ON COMMIT DROP;
CREATE TEMP TABLE IF NOT EXISTS intake_death_latest (
  nik text, record_id text, recorded_office text, died_on date, reported_on date, office text, document_no text) ON
  COMMIT DROP;
CREATE TEMP TABLE IF NOT EXISTS intake_application_latest (
  nik text, cause text, event_date date, applied_on date, office text, document_no text) ON COMMIT DROP;
"""


def nik(number, *, born=date(1980, 1, 1), sex="L", district="317101"):
    day = born.day + (40 if sex == "P" else 0)
    return f"{district}{day:02d}{born:%m%y}{number:04d}"


def registration(number, **changes):
    row = {
        "record_id": f"R{number:05d}",
        "recorded_office": "3171",
        "nik": nik(number),
        "name": f"BUDI {chr(65 + number % 26)}{number}",
        "birth_date": date(1980, 1, 1),
        "sex": "L",
        "marital_status": None,
        "village_code": "3171011001",
        "recorded_on": date(2016, 5, 2),
        "status": "PRINT_READY_RECORD",
        "status_since": date(2016, 11, 1),
        "card_issued_on": None,
    }
    return {**row, **changes}


def put(*, registrations=(), applications=(), deaths=()):
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        for row in registrations:
            row = {"warnings": [], "regency": row["village_code"][:4], **row}
            columns = ", ".join(row)
            marks = ", ".join(f"%({name})s" for name in row)
            sets = ", ".join(f"{c} = excluded.{c}" for c in row)
            cursor.execute(
                f"INSERT INTO intake_registration_latest AS t ({columns}, version) VALUES ({marks}, 1)"
                f" ON CONFLICT (recorded_office, record_id) DO UPDATE SET {sets}, version = t.version + 1",
                row,
            )
        for table, rows in (("application", applications), ("death", deaths)):
            for row in rows:
                names, marks = ", ".join(row), ", ".join(f"%({name})s" for name in row)
                cursor.execute(f"INSERT INTO intake_{table}_latest ({names}) VALUES ({marks})", row)
