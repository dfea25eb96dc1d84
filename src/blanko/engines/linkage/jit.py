"""The one place that brings numba in: where compiled code is kept, and how our loops are compiled.

numba is imported by the modules of loops only, so that nothing but a linkage run pays its second.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

_KEPT_S = 7 * 86_400
_ROOM = __name__.rpartition(".")[0]
_IMPORTED = re.compile(rf"^from {re.escape(_ROOM)}\.(\w+) import", re.MULTILINE)


@cache
def _own() -> Path:
    """A folder below the user's own cache, which nobody else may fill: compiled code is loaded as it lies."""
    own = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "blanko" / "numba"
    try:
        own.mkdir(parents=True, exist_ok=True, mode=0o700)
        if os.access(own, os.W_OK) and own.stat().st_uid == os.getuid():
            for other in own.iterdir():
                with suppress(OSError):
                    if time.time() - other.stat().st_mtime > _KEPT_S:
                        shutil.rmtree(other)
            return own
    except (OSError, RuntimeError):
        pass
    return Path(tempfile.mkdtemp(prefix="blanko-numba-"))


def _sources(module: str, found: dict[str, bytes]) -> dict[str, bytes]:
    """The text of a module and of those of this room that it imports, however far."""
    if module not in found:
        found[module] = (Path(__file__).parent / f"{module}.py").read_bytes()
        for other in _IMPORTED.findall(found[module].decode()):
            _sources(other, found)
    return found


@cache
def _folder(module: str) -> Path:
    """Where a module's loops are kept. numba asks only whether the file of the compiled function changed, but a loop
    holds what it calls in other files as well: so the folder's name holds the source of all of them.
    """
    source = hashlib.sha256()
    for _, text in sorted(_sources(module, {}).items()):
        source.update(text)
    folder = _own() / f"{module}-{source.hexdigest()[:16]}"
    with suppress(OSError):
        # Used today: not to be forgotten.
        os.utime(folder)
    return folder


os.environ.setdefault("NUMBA_CACHE_DIR", str(_own()))

# numba brings in what measures tests, wherever that is installed.
_measured = "coverage" in sys.modules
if not _measured:
    sys.modules["coverage"] = None  # type: ignore[assignment]
import numba  # noqa: E402 - after its folder is named

if not _measured:
    del sys.modules["coverage"]


def loop(function: Callable[..., Any]) -> Any:
    """Compile what Python calls. Threads take pieces side by side, so that loops give the interpreter up."""
    inside = function.__module__.startswith(f"{_ROOM}.")
    # numba asks where to keep a function when it is declared.
    numba.config.CACHE_DIR = str(_folder(function.__module__.rpartition(".")[2]) if inside else _own())
    return numba.njit(nogil=True, cache=True)(function)


part: Any = numba.njit(inline="never", nogil=True)
inlined: Any = numba.njit(inline="always", nogil=True)
"""``part`` compiles what only other loops call; ``inlined`` is put into them as it is, where passing the arguments
would cost more than the work."""


def workers() -> int:
    """Cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1
