"""Every file that comes in is kept as it came, found by its sha256."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from blanko.kernel.errors import BlankoError

CHUNK = 1 << 20


class OriginalNotKept(BlankoError):
    """The original could not be kept, so that the file is not used either."""


def sha256_of(path: Path) -> str:
    """The file's sha256 in hexadecimal. Raises OSError."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def place(sha256: str, *, store: Path) -> Path:
    """Where the original of this sha256 lies, if it is kept."""
    return store / sha256[:2] / sha256


def keep(path: Path, *, store: Path, progress: Callable[[float], None] | None = None) -> tuple[str, Path]:
    """Copy a file into the store under its sha256; returns (sha256, where it lies). Kept once, whole or not at all.

    Raises OriginalNotKept when the disk is full or may not be written.
    """
    digest = hashlib.sha256()
    # Two people may hand in files of one name at once.
    part = store / f"{uuid.uuid4().hex}.part"
    try:
        store.mkdir(parents=True, exist_ok=True)
        size = max(1, path.stat().st_size)
        with open(path, "rb") as source, open(part, "wb") as target:
            copied = 0
            while chunk := source.read(CHUNK):
                digest.update(chunk)
                target.write(chunk)
                copied += len(chunk)
                if progress:
                    progress(copied / size)
            target.flush()
            os.fsync(target.fileno())
        name = digest.hexdigest()
        final = place(name, store=store)
        final.parent.mkdir(exist_ok=True)
        if final.exists():
            part.unlink()
        else:
            part.replace(final)
        return name, final
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise OriginalNotKept(
            "{path} could not be kept: {strerror}",
            mend="free space on, or the right to write to, {store}",
            path=path.name,
            strerror=error.strerror,
            store=store,
        ) from error
