"""``./blanko bench check [--records N]``: how fast the counter is answered, over HTTP, beside N stored records.

The database, two servers and the clients share the machine. The people are synthetic; half of the applicants are recorded
already, under a name or an address that changed, and half are new.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from http.client import HTTPConnection
from itertools import cycle
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

from blanko.doors.cli.own_home import own_home

RECORDS, SEED, OTHERS = 100_000, 902, 903
PEOPLE_PER_RECORD = 1.06
ONE_BY_ONE, CHECKS, CAPTURES, CLIENTS, WARM = 1_000, 3_000, 1_500, 4, 100
LEARNED_MOST, LINKED = 1_000_000, 20_000
AT = datetime(2017, 4, 4, 2, tzinfo=UTC)
SENT = (
    "nik", "name", "birth_place", "birth_date", "sex", "mother_name", "address", "village_code", "recorded_office",
    "family_card_no",
)  # fmt: skip

SERVER = """
import sys
from blanko.ready import start_django
start_django()
import waitress
from blanko.wsgi import application
waitress.serve(application, host="127.0.0.1", port=int(sys.argv[1]), threads=4, _quiet=True)
"""


def run(records: int = RECORDS) -> list[dict[str, Any]]:
    """The bench in a home of its own. Loading the records is not measured."""
    home = own_home()
    from blanko.ready import make_ready

    make_ready()
    people, others = _load(records, Path(home))
    from blanko.ground.access.acting import acting
    from blanko.records.registry import adopting, keying, matching

    with acting(principal="svc.registry"):
        adopted = adopting.adopt(by="svc.registry", at=AT, reason="a bench", files=[Path(home) / "learn.parquet"])
    # What is compiled once, and loaded once a process, is not measured.
    book = adopting.book()[1]
    book.keys(book.open(book.pack_rows([{"name": "SITI RAHAYU"}])))
    start = perf_counter()
    keyed = keying.add_all_keys(by="svc.registry", at=AT, acting=partial(acting, principal="svc.registry"))
    rate = keyed.records / (perf_counter() - start)
    start = perf_counter()
    with acting(principal="svc.registry"):
        linked = matching.resolve(by="svc.registry", at=AT, most=LINKED)
    link_rate = linked.records / (perf_counter() - start)
    rows = [
        _row("stored records", keyed.records, "records"),
        _row("records the model was learned from", adopted.records, "records"),
        _row("keys job", rate, "records/s", "at least 30,000 records/s", rate >= 30_000),
        _row("keyed records linked in the database, one step", link_rate, "records/s"),
    ]
    ports = [_free_port() for _ in range(2)]
    servers = [
        subprocess.Popen(
            [sys.executable, "-c", SERVER, str(port)], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        )
        for port in ports
    ]
    try:
        for port in ports:
            _await(port, servers)
        rows += _ask(ports, people, others, [server.pid for server in servers])
    finally:
        for server in servers:
            server.terminate()
        for server in servers:
            server.wait(timeout=30)
    return rows


def _ask(
    ports: list[int], people: list[dict[str, Any]], others: list[dict[str, Any]], servers: list[int]
) -> list[dict[str, Any]]:
    draw = random.Random(5)
    known = draw.sample(people, min(len(people), ONE_BY_ONE + CHECKS))
    asked = [
        {name: row.get(name) for name in SENT}
        for pair in zip(map(partial(_slipped, draw), known), cycle(others[CAPTURES + WARM :]), strict=False)
        for row in pair
    ]
    checks = [("/api/registry/check", row) for row in asked]
    _sent(ports, checks[-WARM:], clients=1)
    alone, _ = _sent(ports[:1], checks[:ONE_BY_ONE], clients=1)
    alone.sort()
    median, late = alone[len(alone) // 2] * 1_000, alone[len(alone) * 99 // 100] * 1_000
    before = _processor_s(servers)
    _, seconds = _sent(ports, checks[ONE_BY_ONE : ONE_BY_ONE + CHECKS], clients=CLIENTS)
    of_check = (_processor_s(servers) - before) / CHECKS * 1_000
    rate = min(CHECKS, len(checks) - ONE_BY_ONE) / seconds
    captures = [("/api/registry/captures", {**row, "record_id": f"C{n:06d}"}) for n, row in enumerate(others)]
    _sent(ports, captures[:WARM], clients=CLIENTS)
    before = _processor_s(servers)
    took, seconds = _sent(ports, captures[WARM : WARM + CAPTURES], clients=CLIENTS)
    of_capture = (_processor_s(servers) - before) / CAPTURES * 1_000
    added = len(took) / seconds
    return [
        _row("a check over HTTP, one at a time (median)", median, "ms", "at most 3 ms", median <= 3),
        _row("a check over HTTP, one at a time (99 %)", late, "ms", "at most 10 ms", late <= 10),
        _row(f"checks, {CLIENTS} clients, 2 servers", rate, "per s", "at least 500 per s", rate >= 500),
        _row(f"add-and-resolve, {CLIENTS} clients, 2 servers", added, "per s", "at least 500 per s", added >= 500),
        _row("processor time of servers and database for a check", of_check, "ms"),
        _row("processor time of servers and database for an add-and-resolve", of_capture, "ms"),
    ]


def _processor_s(servers: list[int]) -> float:
    """Processor time so far of the servers and of the database's processes for them; 0 where the system does not tell."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
        pids = [*servers, *(pid for (pid,) in cursor.fetchall())]
    total = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def _slipped(draw: random.Random, row: dict[str, Any]) -> dict[str, Any]:
    """The same person as another office writes it."""
    changed = dict(row)
    changed[draw.choice(("nik", "address", "family_card_no", "birth_place"))] = None
    return changed


def _sent(ports: list[int], calls: list[tuple[str, Any]], *, clients: int) -> tuple[list[float], float]:
    """(seconds of each call, seconds of all); each client keeps one connection and waits for each answer."""

    def work(client: int) -> list[float]:
        link = HTTPConnection("127.0.0.1", ports[client % len(ports)], timeout=60)
        took = []
        for address, body in calls[client::clients]:
            began = perf_counter()
            link.request("POST", address, json.dumps(body), {"Content-Type": "application/json"})
            answer = link.getresponse()
            told = answer.read()
            took.append(perf_counter() - began)
            if answer.status != 200:
                raise RuntimeError(told.decode()[:500])
        return took

    start = perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        found = [seconds for each in pool.map(work, range(clients)) for seconds in each]
    return found, perf_counter() - start


def _load(records: int, home: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Load a synthetic nation as a file is loaded; (some of its rows, people of another nation) as text."""
    import pyarrow.csv as pacsv
    import pyarrow.parquet as pq
    from django.conf import settings

    from blanko.decisions.scenario.villages import villages
    from blanko.engines.linkage.columns import COLUMNS
    from blanko.engines.synth.nation import synthesise
    from blanko.ground.access.acting import acting
    from blanko.records.intake import operations as intake
    from blanko.records.registry import operations as registry

    table = synthesise(people=round(records * PEOPLE_PER_RECORD), seed=SEED, areas=villages()).registrations
    path = home / "nation.csv"
    pacsv.write_csv(table, path)
    pq.write_table(table.slice(0, LEARNED_MOST).select(list(COLUMNS)), home / "learn.parquet")
    with acting(principal="svc.intake"):
        intake.load(path=path, by="svc.intake", at=AT, data_dir=settings.DATA_DIR)
        registry.take_in(by="svc.intake", at=AT)
    path.unlink()
    step = max(1, len(table) // (ONE_BY_ONE + CHECKS))
    people = _texts(table.take(list(range(0, len(table), step))))
    other = synthesise(people=20_000, seed=OTHERS, areas=villages()).registrations
    return people, [row for row in _texts(other) if row["name"]]


def _texts(table: Any) -> list[dict[str, Any]]:
    names = [name for name in (*SENT, "recorded_on", "marital_status") if name in table.column_names]
    return [
        {name: None if value is None else str(value) for name, value in row.items()}
        for row in table.select(names).to_pylist()
    ]


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await(port: int, servers: list[subprocess.Popen[bytes]]) -> None:
    """Until the server answers a check, which loads the model and what is compiled once."""
    for _ in range(1_200):
        if any(server.poll() is not None for server in servers):
            raise RuntimeError("a server ended before it answered")
        try:
            _sent([port], [("/api/registry/check", {"name": "SITI RAHAYU", "birth_date": "1980-01-01"})], clients=1)
        except OSError:
            sleep(0.25)
        else:
            return
    raise RuntimeError("a server did not answer within five minutes")


def _row(job: str, value: float, unit: str, target: str | None = None, met: bool | None = None) -> dict[str, Any]:
    return {"job": job, "value": round(value, 2), "unit": unit, "target": target, "met": met, "peer": None}
