"""Where compiled code is kept."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

COMPILED = ("kernel.py", "sending.py")


def folder() -> str:
    """A folder below the user's own cache, which nobody else may fill; else one for this run only.

    Compiled code is loaded as it lies, so that a folder that others can make first would be theirs to run as us. The
    folder is named by what was compiled: numba looks at one file of it only, and would run what another once said.
    """
    sources = b"".join((Path(__file__).parent / name).read_bytes() for name in COMPILED)
    edition = hashlib.sha256(sources).hexdigest()[:16]
    own = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "blanko" / "numba" / edition
    try:
        own.mkdir(parents=True, exist_ok=True, mode=0o700)
        if os.access(own, os.W_OK) and own.stat().st_uid == os.getuid():
            return str(own)
    except (OSError, RuntimeError):
        pass
    return tempfile.mkdtemp(prefix="blanko-numba-")
