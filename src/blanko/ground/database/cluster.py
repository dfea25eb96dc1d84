"""Our own small launcher for an embedded PostgreSQL.

One server serves all commands of one installation. It listens on loopback only, asks for a password (SCRAM), runs as
an unprivileged
user even when root calls, and stops when its last user is gone (see ``keeper``). The data folder carries kind and
major version.
"""

from __future__ import annotations

import atexit
import fcntl
import json
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psycopg

from blanko.ground.database import binaries, full
from blanko.ground.database.errors import ServerFailed
from blanko.ground.database.home import blanko_home, server_folder

ADMIN = "blanko_admin"
START_SECONDS = 60
STOP_WAIT_SECONDS = 5.0
COMEBACK_SECONDS = 3.0
STATE_FILE = "server.json"

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "60",
    "shared_buffers": "512MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "wal_compression": "on",
    # A bulk load fills new segments faster than old ones come back: writing each twice would be a tenth of its time.
    "wal_init_zero": "off",
    "jit": "off",
    "random_page_cost": "1.1",
    "log_min_messages": "warning",
    "timezone": "UTC",
    "lc_messages": "C",
}
# A test that is cut off is run again; only there may the disk be behind.
UNSAFE_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

# What a server says that is there and takes nobody in yet, or any more. lc_messages is C.
COMING_OR_GOING = ("is starting up", "in recovery mode", "not yet accepting connections", "is shutting down")

_held: dict[Path, IO[str]] = {}


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers. ``kind`` is installed or bundled; the admin is for roles and migrations only."""

    host: str
    port: int
    kind: str
    major: int
    admin_password: str

    def admin_url(self, database: str = "postgres") -> str:
        return f"postgresql://{ADMIN}:{self.admin_password}@{self.host}:{self.port}/{database}"


def ensure_running(home: Path | None = None) -> Server:
    """Hold this installation's server, starting it when it does not run; safe to call from several processes at once.

    The hold lasts until this process ends or calls ``release``. Raises NoPostgres or ServerFailed with the mend.
    """
    home = home or blanko_home()
    base = _base_folder(home)
    _hold(base)
    with open(base / "start.lock", "a") as start:
        fcntl.flock(start, fcntl.LOCK_EX)
        state = read_state(home)
        if state and _answers(state, process=base / "server.pid"):
            return _server(state)
        found = binaries.find(unpack_to=base, held=_held_data(base, state))
        return _server(_start(home, base, found))


def release(home: Path | None = None) -> None:
    """Let go of the server, and wait a moment for its end when nobody else holds it."""
    home = home or blanko_home()
    base = _base_folder(home)
    lock = _held.pop(base, None)
    if lock is None:
        return
    state = read_state(home)
    lock.close()
    if state is None:
        return
    deadline = time.monotonic() + STOP_WAIT_SECONDS
    while time.monotonic() < deadline and (base / "server.pid").exists():
        with open(base / "holders.lock") as probe:
            time.sleep(0.02)
            try:
                fcntl.flock(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                try:
                    fcntl.flock(probe, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except OSError:
                    continue  # the keeper has it and is stopping the server
                return  # somebody else still holds the server
            fcntl.flock(probe, fcntl.LOCK_UN)


def read_state(home: Path | None = None) -> dict[str, Any] | None:
    """What the running (or last) server is reached by: port, kind, major, passwords of the roles. None before the
    first start.
    """
    try:
        return dict(json.loads(((home or blanko_home()) / STATE_FILE).read_text(encoding="utf-8")))
    except (FileNotFoundError, json.JSONDecodeError):
        return None


def _held_data(base: Path, state: dict[str, Any] | None) -> tuple[str, int] | None:
    """Kind and major of the server whose data this home used last; None where there is none yet."""
    if state is None or not (_data_folder(base, state["kind"], state["major"]) / "PG_VERSION").exists():
        return None
    return state["kind"], state["major"]


def _data_folder(base: Path, kind: str, major: int) -> Path:
    return base / f"data-{kind}-{major}"


def _server(state: dict[str, Any]) -> Server:
    return Server("127.0.0.1", state["port"], state["kind"], state["major"], state["admin_password"])


def _base_folder(home: Path) -> Path:
    """The folder of the server's own files, made when it is missing, and the home too."""
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ServerFailed(
            "{home} cannot be made: {strerror}",
            mend="set BLANKO_HOME to a folder that you may write to",
            home=home,
            strerror=error.strerror,
        ) from error
    base = server_folder(home)
    if not base.exists():
        try:
            base.mkdir(parents=True, exist_ok=True)
            os.chmod(base, 0o755)
        except OSError as error:
            raise ServerFailed(
                "{base} cannot be made: {strerror}",
                mend="set BLANKO_HOME to a folder that you may write to",
                base=base,
                strerror=error.strerror,
            ) from error
    return base


def _hold(base: Path) -> None:
    if base in _held:
        return
    lock = open(base / "holders.lock", "a")  # noqa: SIM115 - held open for as long as the process lives
    # Waits here while a keeper is stopping the server: it holds the lock until the server is down.
    fcntl.flock(lock, fcntl.LOCK_SH)
    if not _held:
        atexit.register(_release_all)
    _held[base] = lock


def _release_all() -> None:
    for base in list(_held):
        for home in {blanko_home()}:
            if _base_folder(home) == base:
                release(home)
        if base in _held:
            _held.pop(base).close()


def _answers(state: dict[str, Any], *, process: Path | None = None) -> bool:
    """True when the server answers. One that is recovering or going down is waited for: stopping it then may hang.

    With the file of its ``process``, one that lives is given a moment: a crash of one connection closes them all.
    """
    deadline = time.monotonic() + START_SECONDS
    soon = time.monotonic() + (COMEBACK_SECONDS if process and process.exists() else 0.0)
    while True:
        try:
            with psycopg.connect(_server(state).admin_url(), connect_timeout=3) as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError as error:
            said = any(sign in str(error) for sign in COMING_OR_GOING)
            lives = time.monotonic() < soon and process is not None and _alive(process)
            if not (said or lives) or time.monotonic() > deadline:
                return False
            time.sleep(0.03)
        else:
            return True


def _start(home: Path, base: Path, found: binaries.Binaries) -> dict[str, Any]:
    user = _unprivileged_user() if os.geteuid() == 0 else None
    data = _data_folder(base, found.kind, found.major)
    state = read_state(home) or {}
    password_file = base / f"{data.name}.password"
    if not (data / "PG_VERSION").exists():
        _initialise(base, data, found, user, password_file)
    admin_password = password_file.read_text(encoding="ascii")
    # A server left by a killed keeper (macOS has no death signal) still owns the data folder: stop it first.
    _stop_leftover(data)
    port = _free_port()
    settings = dict(SETTINGS)
    if os.environ.get("BLANKO_POSTGRES_UNSAFE") == "1":
        settings |= UNSAFE_SETTINGS
    command = [str(found.folder / "postgres"), "-D", str(data), "-p", str(port)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    log = base / "server.log"
    pid_file = base / "server.pid"
    pid_file.unlink(missing_ok=True)
    spec = {
        "command": command,
        "log": str(log),
        "cwd": str(base),
        "environment": _environment(found),
        "user": user.pw_uid if user else None,
        "group": user.pw_gid if user else None,
        "holders_lock": str(base / "holders.lock"),
        "pid_file": str(pid_file),
    }
    log_start = log.stat().st_size if log.exists() else 0
    keeper = subprocess.Popen(
        [sys.executable, "-m", "blanko.ground.database.keeper", json.dumps(spec)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([p for p in sys.path if p])},
    )
    state |= {"port": port, "kind": found.kind, "major": found.major, "admin_password": admin_password}
    deadline = time.monotonic() + START_SECONDS
    while not _answers(state):
        dead = keeper.poll() is not None or (pid_file.exists() and not _alive(pid_file))
        if dead or time.monotonic() > deadline:
            raise full.of_server(home) or ServerFailed(_why(log, log_start), mend=f"read {log}")
        time.sleep(0.03)
    write_state(home, state)
    return state


def write_state(home: Path, state: dict[str, Any]) -> None:
    """Keep what the server is reached by, readable by this user alone; replaced whole, never half-written."""
    part = home / f"{STATE_FILE}.{os.getpid()}.part"
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(state, file)
    part.rename(home / STATE_FILE)


def _initialise(
    base: Path, data: Path, found: binaries.Binaries, user: pwd.struct_passwd | None, password_file: Path
) -> None:
    """Make the data folder beside its name, and rename it when it is whole: an initdb cut off leaves nothing."""
    password = secrets.token_urlsafe(24)
    part = Path(tempfile.mkdtemp(prefix=f"{data.name}.", suffix=".part", dir=base))
    given = part.with_suffix(".pw")
    given.write_text(password, encoding="ascii")
    os.chmod(given, 0o600)
    if user:
        os.chown(part, user.pw_uid, user.pw_gid)
        os.chown(given, user.pw_uid, user.pw_gid)
    command = [
        str(found.folder / "initdb"), "-D", str(part), "-U", ADMIN, "-A", "scram-sha-256", "--pwfile", str(given),
        "-E", "UTF8", "--locale=C", "--no-instructions",
    ]  # fmt: skip
    if os.environ.get("BLANKO_POSTGRES_UNSAFE") == "1":
        command.append("--no-sync")
    identity: dict[str, Any] = {}
    if user:
        identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=base, env=_environment(found), umask=0o077, **identity
        )
        if done.returncode != 0:
            told = (done.stderr.strip() or done.stdout.strip()).splitlines()
            raise ServerFailed(
                "the database folder could not be made: {reason}",
                mend="check the disk space and the rights of {base}",
                reason=told[-1] if told else "initdb failed",
                base=base,
            )
        shutil.rmtree(data, ignore_errors=True)
        handle = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(password)
        part.rename(data)
    finally:
        given.unlink(missing_ok=True)
        shutil.rmtree(part, ignore_errors=True)


def _environment(found: binaries.Binaries) -> dict[str, str]:
    return {"PATH": f"{found.folder}:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def _unprivileged_user() -> pwd.struct_passwd:
    for name in ("postgres", "nobody", "daemon"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise ServerFailed("PostgreSQL refuses to run as root", mend="run blanko as an ordinary user")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _alive(pid_file: Path) -> bool:
    try:
        os.kill(int(pid_file.read_text(encoding="ascii").split()[1]), 0)
    except (OSError, ValueError, IndexError):
        return False
    return True


def _stop_leftover(data: Path) -> None:
    lock = data / "postmaster.pid"
    try:
        pid = int(lock.read_text(encoding="ascii").splitlines()[0])
    except (OSError, ValueError, IndexError):
        return
    # The number may belong to another program by now: only a server of this very folder is ours to stop.
    if str(data) not in _command_of(pid):
        lock.unlink(missing_ok=True)
        return
    os.kill(pid, 2)
    for _ in range(200):
        if not lock.exists():
            return
        time.sleep(0.05)
    raise ServerFailed("an older server (process {pid}) does not stop", mend="end process {pid} and try again", pid=pid)


def _command_of(pid: int) -> str:
    """How a process was called, empty when there is none. A bare Debian has no ps, and macOS has no /proc."""
    try:
        if Path("/proc/self").exists():
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        # -ww: a line that ps cuts to the width of a terminal no longer names the folder.
        return subprocess.run(
            ["ps", "-ww", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False
        ).stdout
    except OSError:
        return ""


def _why(log: Path, start: int) -> str:
    try:
        with open(log, "rb") as file:
            file.seek(start)
            lines = file.read().decode(errors="replace").strip().splitlines()
    except OSError:
        lines = []
    telling = [line for line in lines if "FATAL" in line or "ERROR" in line or "PANIC" in line] or lines
    return f"PostgreSQL did not start: {telling[-1].strip() if telling else 'it said nothing'}"
