"""Fifty times kill -9, of clients, backends and the whole server, under load: what was acknowledged stands, once."""

from __future__ import annotations

import json
import os
import random
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.launcher

WORKERS, BOXES, KILLS = 3, 5, 50
ROUTE = ("00", "1101", "3171", "00", "7371", "1101")

READY = """
from cards.conftest import accepted_lot
from datetime import datetime, UTC
from blanko.ready import make_ready
make_ready()
import psycopg
from blanko.ground.database import cluster
with psycopg.connect(cluster.ensure_running().admin_url("blanko"), autocommit=True) as admin:
    admin.execute("ALTER DATABASE blanko SET synchronous_commit = on")
from blanko.cards.custody import operations
from blanko.ground.access.acting import acting
with acting(principal="svc.custody"):
    accepted_lot(boxes={boxes}, size=20)
    operations.receive_lot(lot_no="L-1", by="gudang.pusat", at=datetime(2017, 3, 27, tzinfo=UTC))
"""

# Starts clients as forks of one process, so that a client that was killed is back at once. Step n of a client is always
# the same: n even sends a box of its own further on its route, n odd takes it over there.
CLIENTS = """
import os, random, signal, sys, time
from datetime import datetime, UTC
from pathlib import Path
from blanko.ready import start_django
start_django()
from django.db import Error, connection
from blanko.cards.custody import operations
from blanko.cards.custody.rules import Key, Line
from blanko.ground.access.acting import acting
from blanko.ground.database import cluster
from blanko.ground.database.errors import ServerFailed

boxes, route, home = int(sys.argv[1]), sys.argv[2].split(","), Path(sys.argv[3])
AT = datetime(2017, 4, 4, tzinfo=UTC)

def find_server():
    connection.close()
    try:
        connection.settings_dict["PORT"] = str(cluster.ensure_running().port)
    except ServerFailed:
        pass  # it is recovering, or another client is starting it

def step(worker, n):
    turn, hop = (n // 2) % boxes, (n // 2) // boxes
    key = Key(f"w{worker}", n // 2)
    if n % 2:
        return lambda: operations.receive(movement=key.movement, by="taker", at=AT)
    line = Line("PB17", worker * boxes + turn + 1, 1, 20)
    source, goal = route[hop % len(route)], route[(hop + 1) % len(route)]
    return lambda: operations.dispatch(
        consignment=[line], from_office=source, to_office=goal, key=key, by="sender", at=AT)

def done(call):
    while True:
        try:
            with acting(principal="svc.custody"):
                call()
            return
        except Error:
            time.sleep(0.05)
            find_server()

def work(worker, left):
    find_server()
    told = home / f"told-{worker}"
    acknowledged = told.read_text().split() if told.exists() else []
    n = int(acknowledged[-1]) + 1 if acknowledged else 0
    # Messages of before the crash come again, late and in no order.
    for old in random.Random(os.getpid()).sample(range(n), min(n, 4)):
        done(step(worker, old))
    file = os.open(told, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    while left:
        done(step(worker, n))
        os.write(file, f"{n}\\n".encode())
        n, left = n + 1, left - 1

print("ready", flush=True)
for line in sys.stdin:
    worker, left = map(int, line.split())
    # Nobody asks how a client that runs until it is killed has ended.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL if left > 0 else signal.SIG_IGN)
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        try:
            work(worker, left)
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    print(pid, flush=True)
    if left > 0:
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""

COUNT = """
import json
from blanko.ready import start_django
start_django()
from django.db import connection
from blanko.cards.custody import queries
with connection.cursor() as cursor:
    cursor.execute("SELECT device, sequence, phase FROM custody_movement JOIN custody_movement_phase USING (movement)"
                   " WHERE kind = 'dispatch'")
    phases = cursor.fetchall()
    cursor.execute("SELECT box_no, coalesce(office, movement) FROM custody_box")
    places = dict(cursor.fetchall())
    cursor.execute("SELECT count(*) FROM audit_event WHERE operation IN ('custody.dispatch', 'custody.receive')")
    (events,) = cursor.fetchone()
print(json.dumps({"phases": phases, "places": places, "events": events, "sheet": queries.balance_sheet()}))
"""


@pytest.fixture
def home():
    folder = Path(tempfile.mkdtemp(prefix="blanko-test-kills-"))
    folder.chmod(0o755)
    yield folder
    deadline = time.monotonic() + 15
    while server_pids(folder) and time.monotonic() < deadline:
        time.sleep(0.05)
    shutil.rmtree(folder)


def environment(home):
    """A home of its own. Commits wait for the kernel, unlike in other tests: what it has no kill -9 can take."""
    dropped = ("DATABASE_", "BLANKO_DATABASE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    tests = str(Path(__file__).resolve().parents[2])
    return {**kept, "BLANKO_HOME": str(home), "PYTHONPATH": f"{kept['PYTHONPATH']}{os.pathsep}{tests}"}


def run(code, home):
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(home), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


class Clients:
    """The process that forks clients, and the clients that it forked."""

    def __init__(self, home):
        self.process = subprocess.Popen(
            [sys.executable, "-c", CLIENTS, str(BOXES), ",".join(ROUTE), str(home)], env=environment(home),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.hears() == "ready"
        self.pids = [self.start(worker) for worker in range(WORKERS)]

    def hears(self):
        return self.process.stdout.readline().strip()

    def start(self, worker, steps=-1):
        self.process.stdin.write(f"{worker} {steps}\n")
        self.process.stdin.flush()
        return int(self.hears())

    def kill(self, worker):
        os.kill(self.pids[worker], signal.SIGKILL)

    def end(self):
        self.process.stdin.close()
        self.process.wait(timeout=30)


def server_pids(home):
    """The server of this home and its backends, as (pid, how it was called)."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            called = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            folder = os.readlink(process / "cwd")
        except OSError:
            continue
        if str(home) in folder and called.startswith(("postgres", "/")) and "postgres" in called:
            found.append((int(process.name), called))
    return found


def kill(what, home, draw):
    """kill -9 a backend or the server; False when it is not up at this moment."""
    mark = "blanko_app" if what == "backend" else " -D "
    found = [pid for pid, called in server_pids(home) if mark in called]
    try:
        os.kill(draw.choice(found), signal.SIGKILL)
    except (IndexError, ProcessLookupError):
        return False
    return True


@pytest.mark.timeout(600)
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="finds the server's processes in /proc")
def test_fifty_kills_lose_no_acknowledged_movement_and_apply_none_twice(home, capsys):
    seed = secrets.randbelow(2**31)
    draw = random.Random(seed)
    run(READY.format(boxes=WORKERS * BOXES), home)
    clients = Clients(home)
    wanted = ["worker"] * 30 + ["backend"] * 12 + ["server"] * 8
    draw.shuffle(wanted)
    killed = dict.fromkeys(("worker", "backend", "server"), 0)
    began = time.monotonic()
    while wanted:
        assert time.monotonic() - began < 400, f"still to kill: {wanted}"
        time.sleep(draw.uniform(0.05, 0.4))
        if wanted[-1] == "worker":
            worker = draw.randrange(WORKERS)
            clients.kill(worker)
            clients.pids[worker] = clients.start(worker)
        elif not kill(wanted[-1], home, draw):
            continue
        killed[wanted.pop()] += 1
    time.sleep(1)
    for worker in range(WORKERS):
        clients.kill(worker)
    acknowledged = [len((home / f"told-{number}").read_text().split()) for number in range(WORKERS)]
    # Each client sends once more what it does not know the end of.
    for worker in range(WORKERS):
        clients.start(worker, steps=1)
        assert clients.hears() == "0"
    clients.end()
    found = json.loads(run(COUNT, home))
    with capsys.disabled():
        seconds = time.monotonic() - began
        sys.stdout.write(f"\n{killed} in {seconds:.0f} s, {sum(acknowledged)} steps acknowledged, seed {seed}\n")

    assert sum(killed.values()) == KILLS
    assert sum(acknowledged) > 3 * KILLS, "there was hardly any load"
    steps = [f"w{number}" for number in range(WORKERS)]
    done = sorted((device, sequence, phase) for device, sequence, phase in found["phases"])
    expected = sorted(
        (device, n // 2, "posted" if n % 2 else "pending")
        for device, count in zip(steps, acknowledged, strict=True)
        for n in range(count + 1)
    )
    assert done == expected, "a step is lost, or one is there that nobody sent"
    assert found["events"] == len(done), "a step was done twice"
    for number, count in enumerate(acknowledged):
        for turn in range(BOXES):
            hops = len([n for n in range(count + 1) if n % 2 and (n // 2) % BOXES == turn])
            sent = len([n for n in range(count + 1) if not n % 2 and (n // 2) % BOXES == turn])
            place = found["places"][str(number * BOXES + turn + 1)]
            assert place == (ROUTE[hops % len(ROUTE)] if hops == sent else f"w{number}:{count // 2}")
    sheet = found["sheet"]
    assert sheet.pop("received") == sum(sheet.values()) == WORKERS * BOXES * 20
