"""Keys of records: bulk files are stored without them, and this job adds them in sorted batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from django.db import connection
from django.db.transaction import atomic
from pyarrow import csv

from blanko.ground.audit import operations as audit
from blanko.ground.audit.merkle import Facts
from blanko.ground.database import sql
from blanko.records.registry import adopting
from blanko.records.registry.operations import TAKE_IN_LOCK

if TYPE_CHECKING:
    from blanko.engines.linkage.packed import Book

BATCH = 100_000
_ROW = np.dtype([("fields", ">i2"), ("key_size", ">i4"), ("key", ">i8"), ("rec_size", ">i4"), ("rec", ">i8")])
# PostgreSQL, COPY, "Binary Format": signature, flags, no extension; and -1 at the end.
_SLASH = "\\"
_HEAD, _TAIL = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"


@dataclass(frozen=True, slots=True)
class Keyed:
    """Records and keys that were added; ``waiting`` records are still without."""

    records: int = 0
    keys: int = 0
    waiting: int = 0


def waiting() -> tuple[int, datetime | None]:
    """(records without keys, since when the first of them waits)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), min(since) FROM registry_unkeyed")
        count, since = cursor.fetchone()
    return int(count), since


def add_keys(*, by: str, at: datetime, most: int = BATCH) -> Keyed:
    """Give keys to the next ``most`` records without, in one transaction. Idempotent; call it until nothing waits.

    Raises NoModel.
    """
    version, book = adopting.book()
    with atomic(), connection.cursor() as cursor:
        # With take_in: a record that changes while it is keyed would keep the keys of what it was.
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TAKE_IN_LOCK])
        cursor.execute("SET LOCAL work_mem = '64MB'")
        cursor.execute(sql.text(__package__, "keys_gather.sql"), {"most": most})
        rows = _rows(cursor)
        if not rows.num_rows:
            return Keyed(waiting=waiting()[0])
        ids = [tuple(each.split("/", 1)) for each in rows.column("record_id").to_pylist()]
        with book.lock:
            packed = book.pack(rows.drop_columns(["version", "held_rec", "held_packed"]))
            keys = _keys(book, packed.each())
        event = audit.record(
            operation="registry.add_keys", by=by, at=at, facts=Facts.none(), subject={"records": len(ids)}
        )
        recs = _forget_held(cursor, book, rows)
        _store(cursor, recs, ids, rows.column("version").to_pylist(), packed.each(), keys, model=version, event=event)
        cursor.execute(
            "DELETE FROM registry_unkeyed AS u USING registry_keying AS g"
            " WHERE u.recorded_office = g.recorded_office AND u.record_id = g.record_id"
        )
        cursor.execute("SELECT count(*) FROM registry_unkeyed")
        return Keyed(len(ids), int((keys != 0).sum()), int(cursor.fetchone()[0]))


def add_all_keys(
    *,
    by: str,
    at: datetime,
    acting: Callable[[], Any],
    batch: int = BATCH,
    progress: Callable[[float], None] | None = None,
) -> Keyed:
    """Every record gets its keys, a transaction (opened by ``acting``) a batch: a stop loses one batch at most."""
    whole = waiting()[0]
    records = keys = left = 0
    while True:
        with acting():
            done = add_keys(by=by, at=at, most=batch)
        records, keys, left = records + done.records, keys + done.keys, done.waiting
        if progress and whole:
            progress(min(1.0, records / whole))
        if not done.records:
            return Keyed(records, keys, left)


def _rows(cursor: Any) -> pa.RecordBatch:
    with cursor.connection.cursor().copy(
        f"COPY ({sql.text(__package__, 'keys_rows.sql')}) TO STDOUT (FORMAT csv, HEADER)"
    ) as copied:
        data = BytesIO(b"".join(copied))
    from blanko.engines.linkage.columns import COLUMNS

    table = csv.read_csv(
        data,
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types={
                **dict.fromkeys(COLUMNS, pa.string()),
                "version": pa.int32(), "held_rec": pa.int64(), "held_packed": pa.string(),
            },
            strings_can_be_null=True, quoted_strings_can_be_null=False, null_values=[""],
        ),
    )  # fmt: skip
    return table.combine_chunks().to_batches()[0] if table.num_rows else pa.RecordBatch.from_pylist([], table.schema)


def _keys(book: Book, packed: list[bytes]) -> npt.NDArray[np.uint64]:
    """Keys of packed records; a step at a time, since each may hold words that the model does not know."""
    step = 1_000
    return np.concatenate([book.keys(book.open(packed[at : at + step])) for at in range(0, len(packed), step)])


def _forget_held(cursor: Any, book: Book, rows: pa.RecordBatch) -> npt.NDArray[np.int64]:
    """Each record's number: its own, or a new one. The keys of what it was before go."""
    held = rows.column("held_rec")
    recs = held.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    fresh = np.flatnonzero(recs == 0)
    cursor.execute("SELECT nextval('registry_rec') FROM generate_series(1, %s)", [len(fresh)])
    recs[fresh] = [number for (number,) in cursor.fetchall()]
    again = np.flatnonzero(held.is_valid().to_numpy(zero_copy_only=False))
    if len(again):
        before = [bytes.fromhex(rows.column("held_packed")[int(at)].as_py()[2:]) for at in again]
        with book.lock:
            old = _keys(book, before)
        which, column = np.nonzero(old)
        dropped = {"keys": as_bigint(old[which, column]).tolist(), "recs": recs[again][which].tolist()}
        cursor.execute(
            "WITH gone AS (SELECT DISTINCT * FROM unnest(%(keys)s::bigint[], %(recs)s::bigint[]) AS g (key, rec)),"
            " kept AS (INSERT INTO registry_dropped_key (key, rec) SELECT key, rec FROM gone ON CONFLICT DO NOTHING)"
            " DELETE FROM registry_key AS k USING gone WHERE k.key = gone.key AND k.rec = gone.rec",
            dropped,
        )
        cursor.execute("DELETE FROM registry_keyed WHERE rec = ANY (%s)", [recs[again].tolist()])
    return recs


def as_bigint(keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """Keys as the database holds them."""
    return keys.view(np.int64)


def _store(
    cursor: Any,
    recs: npt.NDArray[np.int64],
    ids: list[tuple[str, ...]],
    versions: list[int],
    packed: list[bytes],
    keys: npt.NDArray[np.uint64],
    *,
    model: int,
    event: int,
) -> None:
    raw = cursor.connection.cursor()
    lines = [
        f"{office}\t{record.replace(_SLASH, _SLASH * 2)}\t{rec}\t{version}\t{model}\t\\\\x{data.hex()}\t{event}\n"
        for (office, record), rec, version, data in zip(ids, recs.tolist(), versions, packed, strict=True)
    ]
    with raw.copy(
        "COPY registry_keyed (recorded_office, record_id, rec, version, model, packed, event_id) FROM STDIN"
    ) as copy:
        copy.write("".join(lines))
    which, column = np.nonzero(keys)
    rows = np.empty(len(which), dtype=_ROW)
    rows["fields"], rows["key_size"], rows["rec_size"] = 2, 8, 8
    flat = as_bigint(keys[which, column])
    of = recs[which]
    # Sorted, so that neighbours go to one page of the index.
    order = np.lexsort((of, flat))
    rows["key"], rows["rec"] = flat[order], of[order]
    once = np.ones(len(rows), dtype=bool)
    once[1:] = (rows["key"][1:] != rows["key"][:-1]) | (rows["rec"][1:] != rows["rec"][:-1])
    with raw.copy("COPY registry_key (key, rec) FROM STDIN (FORMAT binary)") as copy:
        copy.write(_HEAD)
        copy.write(rows[once].tobytes())
        copy.write(_TAIL)
    cursor.execute(
        "INSERT INTO registry_unlinked (rec) SELECT unnest(%s::bigint[]) ON CONFLICT DO NOTHING",
        [np.sort(recs).tolist()],
    )
