"""Is a full disk behind it? A server without room for its log of changes ends, and its clients hear only of that."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from blanko.ground.database.errors import DiskFull
from blanko.ground.database.home import blanko_home, server_folder

SQLSTATE = "53100"
SAID = "No space left on device"
# A server needs the room of two segments of its log; with less it may not even have written why it ended.
ROOM_MIN = 32 * 2**20
LOG_TAIL = 2**16


def behind(error: BaseException) -> DiskFull | None:
    """The refusal to show when this error comes from a full disk: here, or at a server elsewhere. Else None."""
    for one in _chain(error):
        if getattr(one, "sqlstate", None) == SQLSTATE:
            return _elsewhere() if os.environ.get("DATABASE_URL") else full(blanko_home())
        if isinstance(one, OSError) and one.errno in (errno.ENOSPC, errno.EDQUOT):
            return full(Path(str(one.filename)).parent if one.filename else blanko_home())
    if os.environ.get("DATABASE_URL") or isinstance(error, OSError):
        return None
    return of_server(blanko_home())


def of_server(home: Path) -> DiskFull | None:
    """The same of an embedded server that ended: what its last run wrote, or how little room its disk has."""
    try:
        folder = server_folder(home)
        with open(folder / "server.log", "rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - LOG_TAIL))
            last_run = file.read().decode(errors="replace").rpartition("starting PostgreSQL")[2]
    except OSError:
        return None
    return full(folder) if SAID in last_run or _room(folder) < ROOM_MIN else None


def full(folder: Path) -> DiskFull:
    """The refusal for this folder's disk."""
    return DiskFull(
        "the disk is full: {folder} has {room} MB left",
        mend="free some space there, or set BLANKO_HOME to a folder with more, and run the command again",
        folder=folder,
        room=_room(folder) // 10**6,
    )


def _elsewhere() -> DiskFull:
    return DiskFull("the disk of the database server is full", mend="free some space there, and run the command again")


def _room(folder: Path) -> int:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return ROOM_MIN


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
