"""Where large arrays lie: in memory, or in files of a folder that the run leaves empty whatever happens to it."""

from __future__ import annotations

import errno
import math
import mmap
import os
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from blanko.engines.linkage.errors import CannotSpill

LEAST: Final = 1 << 16
"""Arrays of fewer bytes stay in memory: a file each would cost more."""
FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_ZEROS: Final = bytes(1 << 20)


class Space:
    """Makes arrays. With a ``folder`` each large one is a file there, mapped into memory, which the system drops and
    brings back as it needs room; the file has no name from its first moment on, so that nothing is left even of a
    run that is killed. Its room is taken at once: a full disk is an error, never a crash later.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """Raises CannotSpill: no folder, or no right to write there."""
        self.folder = folder
        self.spilt = 0
        """Bytes of all files so far."""
        if folder is not None:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                with tempfile.TemporaryFile(dir=folder):
                    pass
            except OSError as error:
                raise self._refused(error) from error

    def _refused(self, error: OSError) -> CannotSpill:
        full = error.errno in FULL
        return CannotSpill(
            "no room left in {folder}, where the run puts what memory cannot hold"
            if full
            else "cannot write in {folder} ({reason})",
            mend="free some space or name another folder with --spill; nothing was left there",
            folder=self.folder,
            reason=error.strerror or str(error),
        )

    def empty(self, shape: int | tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """An array of zeros or of anything. Raises CannotSpill when the disk is full."""
        kind = np.dtype(dtype)
        length = math.prod(shape) if isinstance(shape, tuple) else shape
        size = length * kind.itemsize
        if self.folder is None or size < LEAST:
            return np.empty(shape, dtype=kind)
        try:
            with tempfile.TemporaryFile(dir=self.folder) as file:
                _reserve(file.fileno(), size)
                # The map holds the file by itself: one open file for each array would soon be too many.
                held = mmap.mmap(file.fileno(), size, trackfd=False)
        except OSError as error:
            raise self._refused(error) from error
        self.spilt += size
        return np.frombuffer(held, dtype=kind, count=length).reshape(shape)

    def zeros(self, shape: int | tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """An array of zeros."""
        found = self.empty(shape, dtype)
        if self.folder is None or found.nbytes < LEAST:
            found[...] = 0
        return found

    def kept(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The same values in this space."""
        if self.folder is None or values.nbytes < LEAST:
            return values
        found = self.empty(values.shape, values.dtype)
        found[...] = values
        return found


def _reserve(file: int, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, 0, size)
        return
    for at in range(0, size, len(_ZEROS)):
        os.write(file, _ZEROS[: size - at])


MEMORY: Final = Space()
