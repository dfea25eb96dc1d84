"""The exact rule: same NIK, same normalised name, same birth date."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from blanko.engines.linkage.names import normalise

Codes = npt.NDArray[np.int64]
NONE: Final = -1


def codes(column: pa.Array | pa.ChunkedArray) -> Codes:
    """One small number for each distinct value, -1 for null."""
    flat = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    indices = flat.dictionary_encode().indices
    return np.asarray(pc.fill_null(indices, NONE).to_numpy(zero_copy_only=False), dtype=np.int64)


def identities(records: pa.Table) -> tuple[Codes, Codes]:
    """(nik, identity) as numbers for each row. Rows that share a number >= 0 share the value; -1 matches
    nothing.
    """
    nik, name, born = codes(records["nik"]), codes(normalise(records["name"])), codes(records["birth_date"])
    known = (nik >= 0) & (name >= 0) & (born >= 0)
    width_name, width_born = int(name.max(initial=0)) + 1, int(born.max(initial=0)) + 1
    # Two steps: the product of three counts could pass 64 bits on a national file.
    pair = np.unique(nik * width_name + name, return_inverse=True)[1].astype(np.int64)
    identity = np.where(known, pair * width_born + born, NONE)
    return nik, identity
