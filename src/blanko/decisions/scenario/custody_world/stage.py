"""The databases of simulations: one template for this state of the code, and a clone for each run."""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import psycopg
from django.db import connections
from psycopg import sql as pgsql

from blanko.cards.custody.rules import CENTRE, Line
from blanko.decisions.scenario.custody_world.compose import BEGAN, OFFICES
from blanko.ground.access.acting import acting
from blanko.ground.database import cluster, migrate, roles, sql
from blanko.ground.database.roles import OWNER
from blanko.ground.places import gazetteer
from blanko.ready import make_ready
from blanko.records.entitlement import operations as entitlement
from blanko.records.intake import operations as intake
from blanko.records.procurement import operations as procurement
from blanko.records.procurement.rules import Stage

SERIES: Final = ("SIMA", "SIMB")
LOTS, BOXES_OF_LOT, SIZES = 160, 40, (12, 20)
PEOPLE, READY = 800, date(2016, 10, 3)
LOCK: Final = 0x0B1A_51A
DEADLOCK_MS: Final = 10


def lots() -> dict[str, tuple[Line, ...]]:
    """The lots of every simulation, with the lines of their boxes; one box of each was rejected."""
    found = {}
    for number in range(1, LOTS + 1):
        which = number % len(SERIES)
        first = (number // len(SERIES)) * BOXES_OF_LOT + 1
        boxes = range(first, first + BOXES_OF_LOT)
        found[f"SIM-{number}"] = tuple(Line(SERIES[which], box, 1, SIZES[which]) for box in boxes if box != first + 3)
    return found


@contextmanager
def stage() -> Iterator[psycopg.Connection]:
    """A database of its own for one run, which Django then uses; yields the server's admin inside it.

    Made from a template that holds accepted lots and injects faults where a session asks for them. Raises ServerFailed.
    """
    server = cluster.ensure_running()
    template = _template(server)
    name = f"blanko_simulation_{os.getpid()}"
    with psycopg.connect(server.admin_url(), autocommit=True) as admin:
        _drop(admin, name)
        admin.execute(
            pgsql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(
                pgsql.Identifier(name), pgsql.Identifier(template), pgsql.Identifier(OWNER)
            )
        )
        admin.execute(
            pgsql.SQL("ALTER DATABASE {} SET deadlock_timeout = {}").format(
                pgsql.Identifier(name), pgsql.Literal(f"{DEADLOCK_MS}ms")
            )
        )
    before = connections["default"].settings_dict["NAME"]
    _use(name)
    try:
        with psycopg.connect(server.admin_url(name), autocommit=True) as inside:
            yield inside
    finally:
        _use(before)
        with psycopg.connect(server.admin_url(), autocommit=True) as admin:
            _drop(admin, name)


def _template(server: cluster.Server) -> str:
    name = f"blanko_simulation_template_{migrate.fingerprint()}"
    with psycopg.connect(server.admin_url(), autocommit=True) as admin:
        admin.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            return name
        for (old,) in admin.execute(
            "SELECT datname FROM pg_database WHERE datname LIKE 'blanko_simulation_template_%'"
        ).fetchall():
            _drop(admin, old)
        part = f"{name}_part"
        roles.ensure_embedded(database=part)
        before = connections["default"].settings_dict["NAME"]
        _use(part)
        try:
            make_ready()
            _accept_lots()
            _enrol()
            with psycopg.connect(server.admin_url(part), autocommit=True) as inside:
                inside.execute(pgsql.SQL(sql.text(__package__, "faults.sql")))
        finally:
            _use(before)
        admin.execute(
            pgsql.SQL("ALTER DATABASE {} RENAME TO {}").format(pgsql.Identifier(part), pgsql.Identifier(name))
        )
    return name


def _accept_lots() -> None:
    """Buy, deliver, release and accept every lot."""
    who: dict[str, Any] = {"by": "pengadaan.pusat", "at": BEGAN}
    day = date(2017, 3, 1)
    with acting(principal="svc.procurement"):
        procurement.sign_contract(
            contract_no="SIM", supplier="Simulated", signed_on=day, quantity=10_000_000, unit_price_idr=1,
            total_idr=10_000_000, box_size=SIZES[0], source="simulation", spoilage_per_mille=20,
            deliveries=[(day, 10_000_000)], **who,
        )  # fmt: skip
        for name, lines in lots().items():
            first = lines[0].box_no
            procurement.announce_lot(
                lot_no=name, contract_no="SIM", series=lines[0].series, first_box=first, box_count=BOXES_OF_LOT,
                box_size=lines[0].last, announced_on=day, **who,
            )  # fmt: skip
            for days, step in enumerate(list(Stage)[1:-1]):
                procurement.advance_lot(lot_no=name, stage=step, on=day + timedelta(days=days), **who)
            procurement.accept_lot(
                lot_no=name, bast_no=f"BAST/{name}", on=day + timedelta(days=20), rejected={first + 3: "wet"}, **who
            )


def people() -> dict[str, list[tuple[str, str]]]:
    """Who waits for a card at each office, in the order of its queue: (print-ready since, record)."""
    return {
        office: sorted((f"{READY + timedelta(days=n * 7 % 97):%Y-%m-%d}", f"R{n:05d}") for n in range(PEOPLE))
        for office in OFFICES
        if office != CENTRE
    }


def _enrol() -> None:
    """The people of every office, as a registration file brings them."""
    with tempfile.TemporaryDirectory() as place, acting(principal="svc.intake"):
        path = Path(place) / "people.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(
                ["record_id", "recorded_office", "name", "nik", "birth_date", "sex", "village_code", "recorded_on",
                 "status", "status_since"]
            )  # fmt: skip
            for place_no, (office, waiting) in enumerate(people().items()):
                village = next(code for code in gazetteer.village_codes().tolist() if str(code).startswith(office))
                for number, (since, record) in enumerate(waiting):
                    born = date(1960, 1, 1) + timedelta(days=number * len(OFFICES) + place_no)
                    writer.writerow(
                        [record, office, f"WARGA {office} {number}", f"{str(village)[:6]}{born:%d%m%y}0001", born, "L",
                         village, date(2016, 5, 2), "PRINT_READY_RECORD", since]
                    )  # fmt: skip
        intake.load(path=path, kind="registrations", by="svc.intake", at=BEGAN, data_dir=Path(place))
        entitlement.catch_up(by="svc.registry", at=BEGAN)


def _use(name: str) -> None:
    connections.close_all()
    for alias in ("default", "owner"):
        connections[alias].settings_dict["NAME"] = name


def _drop(admin: psycopg.Connection, name: str) -> None:
    admin.execute(pgsql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(pgsql.Identifier(name)))
