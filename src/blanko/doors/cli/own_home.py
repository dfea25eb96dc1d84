"""A home for one command alone: what measures or simulates never writes into anybody's records, and leaves nothing."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import time
from pathlib import Path

from blanko.ground.database.home import server_folder

STOP_SECONDS = 60


def own_home() -> Path:
    """A new folder as BLANKO_HOME. It goes when the command ends and its server has stopped.

    Call it before anything asks for the database.
    """
    home = Path(tempfile.mkdtemp(prefix="blanko-bench-"))
    # The server may run as another user, who has to pass.
    home.chmod(0o755)
    os.environ["BLANKO_HOME"] = str(home)
    # What was registered first is done last: by then the command has let go of its server.
    atexit.register(_remove, home)
    return home


def _remove(home: Path) -> None:
    # Where the home cannot be passed by the server's user, its files lie elsewhere.
    server, deadline = server_folder(home), time.monotonic() + STOP_SECONDS
    while (server / "server.pid").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    for folder in (server, home):
        shutil.rmtree(folder, ignore_errors=True)
