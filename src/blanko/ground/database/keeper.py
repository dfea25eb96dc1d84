"""The process between a command and its server: it starts PostgreSQL and stops it when nobody holds it any more.

Every command that uses the server holds a shared lock on one file. The keeper waits for the exclusive lock, which the
kernel grants
when the last holder is gone, however it went: ended, Ctrl-C or ``kill -9``. Run as ``python -m
blanko.ground.database.keeper SPEC``.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import signal
import subprocess
import sys
from typing import Any

PR_SET_PDEATHSIG = 1
STOP_SECONDS = 20


def _die_with_parent() -> None:
    # Should the keeper itself be killed, the server gets SIGINT (fast shutdown) from the kernel. Linux only.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)


def keep(spec: dict[str, Any]) -> int:
    """Run the server of ``spec`` (command, log, user, group, holders_lock, pid_file) until its last holder is gone."""
    identity = {}
    if spec["user"] is not None:
        identity = {"user": spec["user"], "group": spec["group"], "extra_groups": []}
    with open(spec["log"], "ab") as log, open(spec["holders_lock"], "a") as holders:
        server = subprocess.Popen(
            spec["command"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=spec["cwd"],
            env=spec["environment"],
            umask=0o077,
            preexec_fn=_die_with_parent,
            **identity,
        )
        try:
            # Whole or not there: whoever waits for the server would take a half-written number for a dead one.
            part = f"{spec['pid_file']}.part"
            with open(part, "w", encoding="ascii") as file:
                file.write(f"{os.getpid()} {server.pid}")
            os.rename(part, spec["pid_file"])
            for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(one, signal.SIG_IGN)
            fcntl.flock(holders, fcntl.LOCK_EX)
        finally:
            # On a full disk the number cannot be kept, and a server that nobody keeps must not go on.
            _stop(server)
        os.unlink(spec["pid_file"])
    return 0


def _stop(server: subprocess.Popen[bytes]) -> None:
    if server.poll() is not None:
        return
    server.send_signal(signal.SIGINT)
    try:
        server.wait(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.send_signal(signal.SIGQUIT)
        server.wait(timeout=STOP_SECONDS)


if __name__ == "__main__":
    sys.exit(keep(json.loads(sys.argv[1])))
