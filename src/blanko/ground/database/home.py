"""Where an installation keeps what is its own: its server's data, its keys, its original files."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[4]


def blanko_home() -> Path:
    """``BLANKO_HOME``, else ``.blanko`` in the checkout, else this user's data folder. Makes nothing."""
    if given := os.environ.get("BLANKO_HOME"):
        return Path(given).expanduser().resolve()
    if (CHECKOUT / "pyproject.toml").is_file() and (CHECKOUT / "src" / "blanko").is_dir():
        return CHECKOUT / ".blanko"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "blanko"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "blanko"


def server_folder(home: Path) -> Path:
    """Where the server's own files lie: in the home, or outside when its unprivileged user could not reach it there.

    Makes nothing; the home is there already.
    """
    if os.geteuid() == 0 and not all(path.stat().st_mode & stat.S_IXOTH for path in (home, *home.parents)):
        return Path("/var/lib/blanko") / hashlib.sha256(str(home).encode()).hexdigest()[:12]
    return home / "postgres"
