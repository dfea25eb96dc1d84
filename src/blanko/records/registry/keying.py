"""Keys of records: bulk files are stored without them, and this job adds them in sorted batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from django.db import connection
from django.db.transaction import atomic

from blanko.ground.audit import operations as audit
from blanko.ground.audit.merkle import Facts
from blanko.ground.database import sql
from blanko.records.registry import adopting
from blanko.records.registry.operations import TAKE_IN_LOCK

if TYPE_CHECKING:
    from blanko.engines.linkage.packed import Book, Packed

BATCH = 100_000
_TEXTS = (
    "recorded_office", "nik", "name", "birth_place", "birth_date", "sex", "mother_name", "address", "village_code",
    "family_card_no",
)  # fmt: skip
"""Columns of keys_rows.sql that are compared, in its order."""
_SLASH, _SEPARATOR = "\\", "\x1f"
# PostgreSQL, COPY, "Binary Format": signature, flags, no extension; a length before each value; and -1 at the end.
_BIGINT = (("size", ">i4"), ("value", ">i8"))
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
        if rows is None:
            return Keyed(waiting=waiting()[0])
        with book.lock:
            packed = book.pack(rows.texts)
            keys = _keys(book, packed)
        event = audit.record(
            operation="registry.add_keys", by=by, at=at, facts=Facts.none(), subject={"records": len(rows.ids)}
        )
        recs = _forget_held(cursor, book, rows.ids)
        _store(cursor, recs, rows, packed.each(), keys, model=version, event=event)
        cursor.execute(
            "DELETE FROM registry_unkeyed AS u USING registry_keying AS g"
            " WHERE u.recorded_office = g.recorded_office AND u.record_id = g.record_id"
        )
        cursor.execute("SELECT count(*) FROM registry_unkeyed")
        return Keyed(len(rows.ids), int((keys != 0).sum()), int(cursor.fetchone()[0]))


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


class _Rows(NamedTuple):
    """Records by (office, number) in this order, the versions that stand, and the columns of linkage."""

    ids: list[tuple[str, str]]
    versions: list[str]
    texts: pa.RecordBatch


def _rows(cursor: Any) -> _Rows | None:
    """What registry_keying holds; None when that is nothing."""
    cursor.execute(sql.text(__package__, "keys_rows.sql"))
    count, office, record, version, *texts = cursor.fetchone()
    if not count:
        return None
    columns = dict(zip(_TEXTS, (_column(text, count) for text in (office, *texts)), strict=True))
    ids = list(zip(office.split(_SEPARATOR), record.split(_SEPARATOR), strict=True))
    columns["record_id"] = _column(record, count)
    return _Rows(ids, version.split(_SEPARATOR), pa.RecordBatch.from_pydict(columns))


def _column(text: str, count: int) -> pa.Array:
    """Cells that separators part, as an Arrow column."""
    raw = np.frombuffer(text.encode(), np.uint8)
    between = np.flatnonzero(raw == ord(_SEPARATOR))
    if len(between) != count - 1:
        raise RuntimeError("a cell of a registration holds the unit separator")
    offsets = np.zeros(count + 1, np.int32)
    offsets[1:-1] = between - np.arange(count - 1)
    offsets[-1] = len(raw) - (count - 1)
    data = raw[raw != ord(_SEPARATOR)]
    return pa.Array.from_buffers(pa.string(), count, [None, pa.py_buffer(offsets), pa.py_buffer(data)])


def _keys(book: Book, packed: Packed) -> npt.NDArray[np.uint64]:
    """Keys of packed records; a step at a time, since each may hold words that the model does not know."""
    step = 1_000
    return np.concatenate(
        [
            book.keys(book.open(packed._replace(ends=packed.ends[at : at + step + 1])))
            for at in range(0, len(packed.ends) - 1, step)
        ]
    )


def _forget_held(cursor: Any, book: Book, ids: list[tuple[str, str]]) -> npt.NDArray[np.int64]:
    """Each record's number: its own, or a new one. The keys of what it was before go."""
    cursor.execute(
        "SELECT recorded_office, record_id, held_rec, held_packed FROM registry_keying WHERE held_rec IS NOT NULL"
    )
    held = {(office, record): (rec, bytes(packed)) for office, record, rec, packed in cursor.fetchall()}
    recs = np.zeros(len(ids), np.int64)
    again = [at for at, each in enumerate(ids) if each in held] if held else []
    for at in again:
        recs[at] = held[ids[at]][0]
    fresh = np.flatnonzero(recs == 0)
    cursor.execute(
        "SELECT array_agg(n) FROM (SELECT nextval('registry_rec') AS n FROM generate_series(1, %s)) AS s", [len(fresh)]
    )
    recs[fresh] = cursor.fetchone()[0] or []
    if again:
        from blanko.engines.linkage.packed import joined

        before = [held[ids[at]][1] for at in again]
        with book.lock:
            old = _keys(book, joined(before))
        which, column = np.nonzero(old)
        mine = recs[again]
        dropped = {"keys": as_bigint(old[which, column]).tolist(), "recs": mine[which].tolist()}
        cursor.execute(
            "WITH gone AS (SELECT DISTINCT * FROM unnest(%(keys)s::bigint[], %(recs)s::bigint[]) AS g (key, rec)),"
            " kept AS (INSERT INTO registry_dropped_key (key, rec) SELECT key, rec FROM gone ON CONFLICT DO NOTHING)"
            " DELETE FROM registry_key AS k USING gone WHERE k.key = gone.key AND k.rec = gone.rec",
            dropped,
        )
        cursor.execute("DELETE FROM registry_keyed WHERE rec = ANY (%s)", [mine.tolist()])
        # They wait to be linked anew: those that did already are taken out, so that all can be copied in.
        cursor.execute("DELETE FROM registry_unlinked WHERE rec = ANY (%s)", [mine.tolist()])
    return recs


def as_bigint(keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """Keys as the database holds them."""
    return keys.view(np.int64)


def bigints(values: Iterable[int]) -> str:
    """Many numbers as PostgreSQL writes an array: given as a list, each would be looked at for quotes."""
    return "{" + ",".join(map(str, values)) + "}"


def _store(
    cursor: Any,
    recs: npt.NDArray[np.int64],
    rows: _Rows,
    packed: list[bytes],
    keys: npt.NDArray[np.uint64],
    *,
    model: int,
    event: int,
) -> None:
    raw = cursor.connection.cursor()
    lines = [
        f"{office}\t{record.replace(_SLASH, _SLASH * 2)}\t{rec}\t{version}\t{model}\t\\\\x{data.hex()}\t{event}\n"
        for (office, record), rec, version, data in zip(rows.ids, recs.tolist(), rows.versions, packed, strict=True)
    ]
    with raw.copy(
        "COPY registry_keyed (recorded_office, record_id, rec, version, model, packed, event_id) FROM STDIN"
    ) as copy:
        copy.write("".join(lines))
    which, column = np.nonzero(keys)
    flat, of = as_bigint(keys[which, column]), recs[which]
    # Sorted, so that neighbours go to one page of the index; a record's own stay side by side.
    order = np.argsort(flat, kind="stable")
    flat, of = flat[order], of[order]
    once = np.ones(len(flat), dtype=bool)
    once[1:] = (flat[1:] != flat[:-1]) | (of[1:] != of[:-1])
    _copy(raw, "registry_key (key, rec)", flat[once], of[once])
    _copy(raw, "registry_unlinked (rec)", np.sort(recs))


def _copy(raw: Any, table: str, *columns: npt.NDArray[np.int64]) -> None:
    """Copy columns of bigint into a table."""
    rows = np.empty(
        len(columns[0]),
        np.dtype([("fields", ">i2"), *((f"{part}{at}", kind) for at in range(len(columns)) for part, kind in _BIGINT)]),
    )
    rows["fields"] = len(columns)
    for at, column in enumerate(columns):
        rows[f"size{at}"], rows[f"value{at}"] = 8, column
    with raw.copy(f"COPY {table} FROM STDIN (FORMAT binary)") as copy:
        copy.write(_HEAD)
        copy.write(rows.tobytes())
        copy.write(_TAIL)
