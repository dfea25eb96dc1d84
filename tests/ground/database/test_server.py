"""The embedded server: one for all commands of an installation, none after the last, whatever their end."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
import pytest

from blanko.ground.database import cluster, full

pytestmark = pytest.mark.launcher

HOLD = """
import signal, sys, time
# A run in the background of a script inherits that Ctrl-C is ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
from blanko.ready import start_django
start_django()
from django.db import connection
print(connection.settings_dict["PORT"], flush=True)
time.sleep(120)
"""
WAIT = "import signal; signal.signal(signal.SIGINT, signal.SIG_DFL); signal.pause()"
QUIET_SECONDS = 15.0


@pytest.fixture
def home():
    """A home of this test's own that the server's unprivileged user can reach."""
    folder = Path(tempfile.mkdtemp(prefix="blanko-test-home-"))
    folder.chmod(0o755)
    yield folder
    wait_until_quiet(folder)
    shutil.rmtree(folder)


def environment(home: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DATABASE_", "BLANKO_DATABASE"))}
    return {**kept, "BLANKO_HOME": str(home), **more}


def hold(home: Path) -> tuple[subprocess.Popen[str], int]:
    """A process that holds the server of this home, and the server's port."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD], env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    return process, port_of(process)


def port_of(process: subprocess.Popen[str]) -> int:
    assert process.stdout and process.stderr
    told = process.stdout.readline().strip()
    assert told, process.stderr.read()
    return int(told)


def end(process: subprocess.Popen[str], how: signal.Signals) -> None:
    process.send_signal(how)
    process.communicate(timeout=30)


def commands() -> list[str]:
    """How each process was called. Where /proc is, ps may be missing, as on a bare Debian."""
    if not Path("/proc/self").exists():
        done = subprocess.run(["ps", "-ww", "-A", "-o", "args="], capture_output=True, text=True, check=True)
        return done.stdout.splitlines()
    called = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            called.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return called


def servers(home: Path) -> list[str]:
    return [line for line in commands() if str(home) in line and ("postgres -D" in line or ".keeper" in line)]


def wait_until_quiet(home: Path) -> None:
    deadline = time.monotonic() + QUIET_SECONDS
    while servers(home):
        assert time.monotonic() < deadline, servers(home)
        time.sleep(0.05)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda how: how.name)
def test_no_server_outlives_its_last_user(home, how):
    process, _ = hold(home)
    assert servers(home)
    end(process, how)
    wait_until_quiet(home)


def test_a_command_works_after_everything_was_killed(home):
    process, _ = hold(home)
    keeper, server = map(int, (home / "postgres" / "server.pid").read_text("ascii").split())
    for pid in (process.pid, keeper, server):
        os.kill(pid, signal.SIGKILL)
    process.communicate(timeout=30)
    again, _ = hold(home)
    end(again, signal.SIGINT)


def test_a_bare_machine_without_ps_recovers_from_a_killed_server_too(home, tmp_path):
    """A minimal Debian has no procps: nothing beside Python and PostgreSQL is needed to go on."""
    process, _ = hold(home)
    keeper, server = map(int, (home / "postgres" / "server.pid").read_text("ascii").split())
    for pid in (process.pid, keeper, server):
        os.kill(pid, signal.SIGKILL)
    process.communicate(timeout=30)
    told = blanko("database", "status", env=environment(home, PATH=str(tmp_path)))
    assert told.returncode == 0, told.stderr


def test_a_server_whose_keeper_was_killed_is_no_orphan(home):
    process, _ = hold(home)
    keeper, _ = map(int, (home / "postgres" / "server.pid").read_text("ascii").split())
    os.kill(keeper, signal.SIGKILL)
    end(process, signal.SIGINT)
    # Linux ends it with its keeper; elsewhere the next command does.
    again, _ = hold(home)
    assert len([line for line in servers(home) if "postgres -D" in line]) == 1
    end(again, signal.SIGINT)


def test_a_waiting_command_never_reads_half_of_who_runs_the_server(home):
    """An empty file would say that the server is dead while it starts: the file is replaced whole, never written in."""
    pid_file = home / "server.pid"
    pid_file.write_text("1 1", encoding="ascii")
    (home / "holders.lock").touch()
    spec = {
        "command": [sys.executable, "-c", WAIT], "log": str(home / "log"), "cwd": str(home), "environment": {},
        "user": None, "group": None, "holders_lock": str(home / "holders.lock"), "pid_file": str(pid_file),
    }  # fmt: skip
    with open(pid_file, encoding="ascii") as before, open(home / "holders.lock") as holders:
        fcntl.flock(holders, fcntl.LOCK_SH)
        process = subprocess.Popen(
            [sys.executable, "-m", "blanko.ground.database.keeper", json.dumps(spec)], env=environment(home)
        )
        deadline = time.monotonic() + QUIET_SECONDS
        while pid_file.read_text("ascii") == "1 1":
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert before.read() == "1 1"
        assert int(pid_file.read_text("ascii").split()[0]) == process.pid
    assert process.wait(timeout=30) == 0


def test_first_commands_at_the_same_time_share_one_server(home):
    started = [
        subprocess.Popen(
            [sys.executable, "-c", HOLD],
            env=environment(home),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    assert len({port_of(process) for process in started}) == 1
    end(started[0], signal.SIGKILL)
    assert servers(home), "the server ended with its first user"
    for process in started[1:]:
        end(process, signal.SIGINT)


def test_a_data_folder_that_was_cut_off_is_never_used(home):
    process, _ = hold(home)
    end(process, signal.SIGINT)
    wait_until_quiet(home)
    (data,) = (home / "postgres").glob("data-*[0-9]")
    (data / "PG_VERSION").unlink()
    again, _ = hold(home)
    end(again, signal.SIGINT)


def test_nobody_enters_without_a_password_and_no_other_user_reads_it(home):
    process, port = hold(home)
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(f"postgresql://{cluster.ADMIN}@127.0.0.1:{port}/postgres", connect_timeout=5)
    assert stat.S_IMODE((home / cluster.STATE_FILE).stat().st_mode) == 0o600
    (kept,) = (home / "postgres").glob("*.password")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    end(process, signal.SIGINT)


def blanko(*words: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "blanko", *words], env=env, capture_output=True, text=True, timeout=120
    )


def test_a_server_of_ones_own_is_prepared_migrated_and_used_by_the_app_role(home):
    """The embedded server stands in for a server elsewhere: it is reached by its addresses alone."""
    server = cluster.ensure_running(home)
    other = home / "other"
    try:
        admin = environment(other, DATABASE_ADMIN_URL=server.admin_url("cards"))
        made = blanko("database", "prepare", env=admin)
        assert made.returncode == 0, made.stderr
        urls = dict(line.split("=", 1) for line in made.stdout.splitlines())

        migrated = blanko("database", "migrate", env=environment(other, **urls))
        assert migrated.returncode == 0, migrated.stderr
        told = blanko("database", "status", "--json", env=environment(other, **urls))
        status = json.loads(told.stdout)
        assert (status["kind"], status["role"], status["shape"]) == ("external", "blanko_app", "current")
        assert not servers(other), "a server was started although DATABASE_URL names one"

        for unsafe in (urls["DATABASE_OWNER_URL"], server.admin_url("cards")):
            refused = blanko("database", "migrate", env=environment(other, **{**urls, "DATABASE_URL": unsafe}))
            assert refused.returncode == 1
            assert refused.stderr.startswith("blanko: role ")
            assert len(refused.stderr.splitlines()) == 1
    finally:
        cluster.release(home)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"BLANKO_POSTGRES": "sqlite"}, "BLANKO_POSTGRES=sqlite is unknown"),
        ({"BLANKO_HOME": "/proc/blanko"}, "cannot be made"),
        ({"DATABASE_URL": "mysql://x/y"}, "not one of PostgreSQL"),
        (
            {
                "DATABASE_URL": "postgresql://blanko_app:x@127.0.0.1:1/blanko",
                "DATABASE_OWNER_URL": "postgresql://blanko_owner:x@127.0.0.1:1/blanko",
            },
            "127.0.0.1",
        ),
    ],
    ids=["unknown kind", "no write right", "not PostgreSQL", "no server there"],
)
def test_what_stands_in_the_way_is_said_in_one_line(home, given, says):
    refused = blanko("database", "status", env=environment(home, **given))
    assert refused.returncode in (1, 2)
    assert len(refused.stderr.strip().splitlines()) == 1, refused.stderr
    assert refused.stderr.startswith("blanko: ")
    assert says in refused.stderr


@pytest.fixture
def small_disk():
    """A home on a disk of its own, and what sets its size. Only who may mount can have one."""
    folder = Path(tempfile.mkdtemp(prefix="blanko-test-disk-"))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3g,mode=755", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        folder.rmdir()
        pytest.skip("mounting is not permitted here")

    def resize(size: int) -> None:
        subprocess.run(["mount", "-o", f"remount,size={size}", str(folder)], check=True)

    yield folder, resize
    wait_until_quiet(folder)
    subprocess.run(["umount", str(folder)], check=True)
    folder.rmdir()


def test_a_full_disk_is_said_in_one_line_and_the_next_run_has_room_again(small_disk):
    folder, resize = small_disk
    env = environment(folder / "home")
    assert blanko("database", "migrate", env=env).returncode == 0
    wait_until_quiet(folder)
    for room in (100 * 2**20, 0):
        resize(shutil.disk_usage(folder).used + room)
        refused = blanko("demo", "--people", "60000", "--no-serve", env=env)
        told = [line for line in refused.stderr.replace("\r", "\n").splitlines() if line.startswith("blanko: ")]
        assert (refused.returncode, len(told)) == (1, 1), refused.stderr
        assert "the disk is full" in told[0]
        assert "free some space there" in told[0]
        assert "Traceback" not in refused.stderr
        wait_until_quiet(folder)
    resize(3 * 2**30)
    played = blanko("demo", "--people", "2000", "--no-serve", env=env)
    assert played.returncode == 0, played.stderr


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/tmp/x/file"), "the disk is full: /tmp/x has"),
        (OSError(errno.EACCES, "Permission denied", "/tmp/x/file"), None),
        (psycopg.errors.DiskFull("could not extend file"), "the disk is full"),
        (psycopg.OperationalError("connection refused"), None),
    ],
    ids=["a file", "no right", "the server", "no server"],
)
def test_only_a_full_disk_is_called_one(home, monkeypatch, error, says):
    monkeypatch.setenv("BLANKO_HOME", str(home))
    found = full.behind(error)
    assert (found is not None) == (says is not None)
    assert says is None or str(found).startswith(says)


def test_a_full_disk_of_a_server_elsewhere_is_not_looked_for_here(home, monkeypatch):
    monkeypatch.setenv("BLANKO_HOME", str(home))
    monkeypatch.setenv("DATABASE_URL", "postgresql://blanko_app:x@db.example/blanko")
    assert "of the database server" in str(full.behind(psycopg.errors.DiskFull("could not extend file")))
    assert full.behind(psycopg.OperationalError("the connection is lost")) is None
