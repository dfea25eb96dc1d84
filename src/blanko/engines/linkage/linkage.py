"""The interface that every linkage rule fills."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from blanko.engines.linkage.exact import Codes, identities
from blanko.kernel.errors import BlankoError

COLUMNS: Final = ("key", "nik", "name", "birth_date")
PAIRS: Final = pa.schema(
    [
        ("left", pa.string()),
        ("right", pa.string()),
        ("score", pa.float64()),
        ("rule", pa.string()),
        ("decided", pa.string()),
    ]
)
CLUSTERS: Final = pa.schema(
    [("key", pa.string()), ("cluster", pa.string()), ("size", pa.int32()), ("decided", pa.string())]
)


class UnlinkableRecords(BlankoError):
    """The table lacks a column, or a key is missing or stands twice."""


@dataclass(frozen=True, slots=True)
class Linkage:
    """``pairs`` (left < right, score 0..1, rule, decided) and ``clusters`` (key, cluster, size, decided),
    both sorted.

    A pair joins a cluster's smallest key with another of its keys (``exact``, ``merged``), or the smallest
    keys of two clusters that carry one NIK (``nik_clash``, ``review``). In ``clusters`` each key stands once:
    ``merged`` when its cluster holds more than one record, ``review`` when a pair of its cluster waits for a
    person's decision, else ``single``.
    """

    pairs: pa.Table
    clusters: pa.Table


def link(records: pa.Table) -> Linkage:
    """Find the exact duplicates among ``records`` (key, nik, name, birth_date; other columns are ignored).

    Deterministic in any order of rows. Raises UnlinkableRecords for a missing column and a missing or
    repeated key.
    """
    missing = [name for name in COLUMNS if name not in records.column_names]
    if missing:
        raise UnlinkableRecords(
            "no column {missing}", mend="give {columns}", missing=", ".join(missing), columns=", ".join(COLUMNS)
        )
    records = records.select(COLUMNS)
    records = records.take(pc.sort_indices(records["key"]))
    keys = records["key"].combine_chunks().cast(pa.string())
    if keys.null_count or len(pc.unique(keys)) != len(keys):
        raise UnlinkableRecords("a key is missing or stands twice", mend="give each record one key of its own")
    nik, identity = identities(records)
    # Rows are in the order of their keys from here on, so the smallest row number is the smallest key.
    head = _first_of_group(identity)
    size = np.bincount(head, minlength=len(head))[head] if len(head) else head
    members = np.flatnonzero(head != np.arange(len(head)))
    heads = np.flatnonzero(head == np.arange(len(head)))
    first_of_nik = heads[_first_of_group(nik[heads])]
    clashing = first_of_nik != heads
    review = np.zeros(len(head), dtype=bool)
    review[heads[clashing]] = True
    review[first_of_nik[clashing]] = True
    decided = np.where(review[head], "review", np.where(size > 1, "merged", "single"))
    pairs = pa.concat_tables(
        [
            _pairs(keys, head[members], members, score=1.0, rule="exact", decided="merged"),
            _pairs(keys, first_of_nik[clashing], heads[clashing], score=0.0, rule="nik_clash", decided="review"),
        ]
    ).sort_by([("left", "ascending"), ("right", "ascending")])
    clusters = pa.table(
        [
            keys,
            keys.take(pa.array(head)),
            pa.array(size, pa.int32()),
            pa.array(decided.tolist(), pa.string()),
        ],
        CLUSTERS,
    )
    return Linkage(pairs=pairs, clusters=clusters)


def _first_of_group(groups: Codes) -> Codes:
    """For each row the first row of its group; a row of group -1 stands alone."""
    rows = np.arange(len(groups), dtype=np.int64)
    if not len(groups):
        return rows
    _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
    return np.where(groups < 0, rows, first[inverse]).astype(np.int64)


def _pairs(
    keys: pa.Array,
    left: npt.NDArray[np.int64],
    right: npt.NDArray[np.int64],
    *,
    score: float,
    rule: str,
    decided: str,
) -> pa.Table:
    n = len(left)
    return pa.table(
        [
            keys.take(pa.array(left)),
            keys.take(pa.array(right)),
            pa.array(np.full(n, score)),
            pa.repeat(pa.scalar(rule), n),
            pa.repeat(pa.scalar(decided), n),
        ],
        PAIRS,
    )
