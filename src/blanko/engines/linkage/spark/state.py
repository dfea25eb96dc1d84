"""What every worker of a stage looks up: arrays in one file, which the workers of a machine share in memory."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

_ALIGNED = 64


class State(NamedTuple):
    """``facts`` are plain values; ``arrays`` lie in the file, and what a worker writes into one it alone sees."""

    facts: dict[str, Any]
    arrays: dict[str, npt.NDArray[Any]]


def write_state(path: Path, facts: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> Path:
    """One line of JSON that says where each array begins, then the arrays."""
    places, at = {}, 0
    for name, array in arrays.items():
        places[name] = (at, array.dtype.str, array.shape)
        at += -(-array.nbytes // _ALIGNED) * _ALIGNED
    head = json.dumps({"facts": facts, "arrays": places}).encode()
    # The first array begins at a round place whatever the length of the line.
    head += b" " * (-(len(head) + 1) % _ALIGNED) + b"\n"
    with path.open("wb") as file:
        file.write(head)
        for array in arrays.values():
            data = np.ascontiguousarray(array).tobytes()
            file.write(data + b"\0" * (-len(data) % _ALIGNED))
    return path


@lru_cache(maxsize=8)
def read_state(path: str) -> State:
    """Open a file of ``write_state``; a worker that asks again gets the same arrays."""
    with Path(path).open("rb") as file:
        line = file.readline()
    told = json.loads(line)
    if Path(path).stat().st_size == len(line):
        whole = np.zeros(0, dtype=np.uint8)
    else:
        # Copy on write: compiled loops take writable arrays, and pages that nobody writes are shared.
        whole = np.asarray(np.memmap(path, dtype=np.uint8, mode="c", offset=len(line)))
    arrays = {}
    for name, (at, kind, shape) in told["arrays"].items():
        dtype = np.dtype(kind)
        size = dtype.itemsize * int(np.prod(shape, dtype=np.int64))
        arrays[name] = whole[at : at + size].view(dtype).reshape(shape)
    return State(told["facts"], arrays)
