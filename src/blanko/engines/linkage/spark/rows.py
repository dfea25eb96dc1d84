"""Records on the way between machines: the features of each as bytes of one width, and streams cut between groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from blanko.engines.linkage.features import Features

Batches = Iterator[pa.RecordBatch]
GROUP_ROWS: Final = 200_000
"""A stream of groups is worked in pieces of so many rows, more only where one group is larger."""


def layout_of(features: Features) -> list[list[Any]]:
    """Name, kind and shape of each column, as JSON keeps them."""
    return [[name, column.dtype.str, list(column.shape[1:])] for name, column in features._asdict().items()]


def _dtype(layout: Sequence[Sequence[Any]]) -> np.dtype[Any]:
    return np.dtype([(name, kind, tuple(shape)) for name, kind, shape in layout])


def to_bytes(features: Features, layout: Sequence[Sequence[Any]]) -> pa.Array:
    """Each record's features as one binary value."""
    dtype = _dtype(layout)
    n = len(features.nik)
    whole = np.empty(n, dtype=dtype)
    for name, column in features._asdict().items():
        whole[name] = column
    ends = np.arange(n + 1, dtype=np.int32) * dtype.itemsize
    return pa.Array.from_buffers(pa.binary(), n, [None, pa.py_buffer(ends), pa.py_buffer(whole)])


def from_bytes(column: pa.Array, layout: Sequence[Sequence[Any]]) -> Features:
    """``to_bytes`` undone."""
    dtype = _dtype(layout)
    if pa.types.is_large_binary(column.type):
        column = column.cast(pa.binary())
    n = len(column)
    if not n:
        whole = np.zeros(0, dtype=dtype)
    else:
        _, ends, data = column.buffers()
        start = int(np.frombuffer(ends, dtype=np.int32)[column.offset])
        whole = np.frombuffer(data, dtype=np.uint8)[start : start + n * dtype.itemsize].view(dtype)
    return Features(**{name: np.array(whole[name], order="C") for name in dtype.names or ()})


def numbers(batch: pa.RecordBatch | pa.Table, name: str, kind: Any = np.int64) -> npt.NDArray[Any]:
    """A column without nulls as an array of our own."""
    column = batch.column(name)
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    return np.array(column.to_numpy(zero_copy_only=False), dtype=kind)


def signed(values: npt.NDArray[np.uint64]) -> pa.Array:
    """Hashes as Spark has them, which knows no unsigned numbers."""
    return pa.array(np.ascontiguousarray(values).view(np.int64))


def unsigned(batch: pa.RecordBatch | pa.Table, name: str) -> npt.NDArray[np.uint64]:
    """``signed`` undone."""
    return numbers(batch, name).view(np.uint64)


def column_of(table: pa.RecordBatch | pa.Table, name: str) -> pa.Array:
    """A column in one piece."""
    column = table.column(name)
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def whole_groups(batches: Batches, names: Sequence[str], rows: int | None = None) -> Iterator[pa.Table]:
    """Cut a sorted stream into tables of about ``rows`` rows (None: GROUP_ROWS) between groups, which agree in the
    columns ``names``.
    """
    rows = rows or GROUP_ROWS
    held: list[pa.RecordBatch] = []
    count, enough = 0, rows
    for batch in batches:
        if not batch.num_rows:
            continue
        held.append(batch)
        count += batch.num_rows
        if count < enough:
            continue
        table = pa.Table.from_batches(held).combine_chunks()
        last = np.ones(count, dtype=np.bool_)
        for name in names:
            values = numbers(table, name)
            last &= values == values[-1]
        at = count - int(np.argmin(last[::-1])) if not last.all() else 0
        if at:
            yield table.slice(0, at)
            held, count, enough = table.slice(at).to_batches(), count - at, max(rows, 2 * (count - at))
        else:
            enough = 2 * count
    if count:
        yield pa.Table.from_batches(held).combine_chunks()
