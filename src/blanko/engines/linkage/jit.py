"""The one place that brings numba in: where compiled code is kept, and how our loops are compiled.

numba is imported by the modules of loops only, so that nothing but a linkage run pays its second.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

_KEPT_S = 7 * 86_400


def _folder() -> Path:
    """A folder below the user's own cache, which nobody else may fill: compiled code is loaded as it lies.

    numba asks only whether the file of the compiled function changed, but a loop holds what it calls in other files as
    well: so the folder's name holds the whole room's source.
    """
    source = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        source.update(path.read_bytes())
    name = f"linkage-{source.hexdigest()[:16]}"
    own = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "blanko" / "numba"
    try:
        own.mkdir(parents=True, exist_ok=True, mode=0o700)
        if os.access(own, os.W_OK) and own.stat().st_uid == os.getuid():
            _forget_old(own, name)
            return own / name
    except (OSError, RuntimeError):
        pass
    return Path(tempfile.mkdtemp(prefix="blanko-numba-"))


def _forget_old(own: Path, name: str) -> None:
    for other in own.glob("linkage-*"):
        with suppress(OSError):
            if other.name != name and time.time() - other.stat().st_mtime > _KEPT_S:
                shutil.rmtree(other)


_CACHE = _folder()
os.environ.setdefault("NUMBA_CACHE_DIR", str(_CACHE))

import numba  # noqa: E402 - after its folder is named

numba.config.CACHE_DIR = str(_CACHE)

# Threads take pieces of the work side by side, so that loops give the interpreter up.
loop: Any = numba.njit(nogil=True, cache=True)
part: Any = numba.njit(inline="never", nogil=True)
inlined: Any = numba.njit(inline="always", nogil=True)
"""``loop`` compiles what Python calls, ``part`` what only other loops call; ``inlined`` is put into them as it is,
where passing fifteen arrays would cost more than the work."""
