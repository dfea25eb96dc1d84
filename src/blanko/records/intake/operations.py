"""Take a file in: all of it or nothing, every row accounted for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from queue import Queue
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from django.db import connection
from django.db.transaction import atomic
from psycopg import sql as compose

from blanko.ground.audit import operations as audit
from blanko.ground.audit.merkle import Facts, leaf
from blanko.ground.database.sql import text
from blanko.ground.files import originals
from blanko.ground.files.headers import HeadMapping, map_heads
from blanko.ground.files.rejects import Reject, RejectsFile
from blanko.ground.files.tables import TableFile, UnclosedQuote, open_table
from blanko.records.intake import canonical
from blanko.records.intake.checks import Checked, check
from blanko.records.intake.kinds import KINDS, MOVE_CLAIMS, Kind
from blanko.records.intake.models import File
from blanko.records.intake.rules import MissingColumns, UnknownKind, recognise

LOCK_SPACE = 0x17A_1E
Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class LoadResult:
    """A file's balance: accepted + unchanged + refused = read. ``rejects`` is the path of rejects.csv or None."""

    file: str
    kind: str
    read: int
    accepted: int
    unchanged: int
    refused: int
    warnings: int
    rejects: str | None
    format: str
    mapping: dict[str, str]
    ignored: tuple[str, ...]
    near: dict[str, str]
    warning_counts: dict[str, int]
    sha256: str
    seen_before: bool

    @property
    def moves_claims(self) -> bool:
        """True when persons and claims are to be brought up to date after this file."""
        return self.accepted > 0 and self.kind in MOVE_CLAIMS

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def load(
    *, path: Path, by: str, at: datetime, data_dir: Path, kind: str | None = None, rejects_dir: Path | None = None,
    name: str | None = None, progress: Progress | None = None,
) -> LoadResult:  # fmt: skip
    """Take one file in as ``kind`` (or as its heads say) and return its balance.

    The original is kept first. A file whose bytes were loaded before changes nothing. Raises UnreadableFile,
    UnknownKind, MissingColumns
    or OriginalNotKept, and then nothing of the file is kept in the database. Memory: a few batches, and 36 bytes a row
    for the seal.
    """
    shown = name or path.name
    table = open_table(path)
    chosen, mapping = _mapping(table, kind)
    sha256, original = originals.keep(path, store=data_dir / "originals")
    folder = rejects_dir or data_dir / "rejects"
    rejects_path = folder / f"{Path(shown).stem}-{sha256[:8]}.rejects.csv"
    with atomic():
        _one_at_a_time(chosen)
        known = File.objects.filter(sha256=sha256).first()
        if known is not None:
            return _seen_before(known, shown, table, mapping)
        try:
            return _take_in(
                open_table(original), chosen, mapping, shown, sha256, rejects_path, by=by, at=at, progress=progress
            )
        except UnclosedQuote:
            again = open_table(original, quoting=False)
            with atomic():
                return _take_in(again, chosen, mapping, shown, sha256, rejects_path, by=by, at=at, progress=progress)


def _mapping(table: TableFile, wanted: str | None) -> tuple[Kind, HeadMapping]:
    mappings = {
        name: map_heads(table.heads, {column.name: column.others for column in kind.columns})
        for name, kind in KINDS.items()
    }
    missing = {
        name: [
            column.name for column in kind.columns if column.head_required and column.name not in mappings[name].columns
        ]
        for name, kind in KINDS.items()
    }
    if wanted is None:
        wanted = recognise({name: (len(mappings[name].columns), missing[name]) for name in KINDS})
    if wanted not in KINDS:
        raise UnknownKind(f"there is no kind {wanted!r}", mend=f"use one of {', '.join(KINDS)}")
    if missing[wanted]:
        raise MissingColumns(
            f"{table.path.name} lacks the columns {', '.join(missing[wanted])} of {wanted}",
            mend="add them, or correct the heads",
        )
    if mappings[wanted].repeated:
        raise MissingColumns(
            f"{table.path.name} has two heads for {', '.join(mappings[wanted].repeated)}",
            mend="keep one of the two columns",
        )
    return KINDS[wanted], mappings[wanted]


def _one_at_a_time(kind: Kind) -> None:
    """Two people who load the same kind at once take turns: versions and counts then follow one order."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK_SPACE, list(KINDS).index(kind.name)])


def _seen_before(known: File, shown: str, table: TableFile, mapping: HeadMapping) -> LoadResult:
    return LoadResult(
        file=shown, kind=known.kind, read=known.read, accepted=0, unchanged=known.accepted + known.unchanged,
        refused=known.refused, warnings=known.warnings, rejects=known.rejects, format=known.format,
        mapping=known.mapping, ignored=mapping.unknown, near=mapping.near, warning_counts={}, sha256=known.sha256,
        seen_before=True,
    )  # fmt: skip


class _Tally:
    """What went by while the file streamed."""

    def __init__(self) -> None:
        self.read = self.refused = 0
        self.leaves = bytearray()
        self.rows: list[np.ndarray] = []
        self.keys: list[np.ndarray] = []
        self.niks: list[np.ndarray] = []
        self.warnings: dict[str, int] = {}


def _take_in(
    table: TableFile, kind: Kind, mapping: HeadMapping, shown: str, sha256: str, rejects_path: Path, *, by: str,
    at: datetime, progress: Progress | None,
) -> LoadResult:  # fmt: skip
    names = [column.name for column in kind.columns]
    parts = _parts(kind)
    tally = _Tally()
    with connection.cursor() as cursor, RejectsFile(rejects_path, table.heads) as rejects:
        cursor.execute(_filled("staging.sql", parts))
        checked = _checked(table, kind, mapping, rejects, tally, at, progress)
        columns = compose.SQL(", ").join(map(compose.Identifier, [*names, "regency", "warnings", "row_no", "content"]))
        copy_into = compose.SQL("COPY intake_staging ({}) FROM STDIN (FORMAT csv)").format(columns)
        with cursor.copy(copy_into) as copy:
            for piece in _ahead(_csv_piece(kind, item, tally) for item in checked):
                copy.write(piece)
        rows = np.concatenate(tally.rows) if tally.rows else np.zeros(0, np.int64)
        if len(repeated := _repeated(tally.niks)):
            cursor.execute(text(__package__, "repeated_niks.sql"), [rows[repeated].tolist()])
            tally.warnings["nik_repeated"] = cursor.rowcount
        cursor.execute(_filled("any_known.sql", parts))
        (any_known,) = cursor.fetchone()
        unchanged = 0
        leaves = np.frombuffer(bytes(tally.leaves), dtype="V32")
        closer = any_known or len(_repeated(tally.keys)) > 0
        if closer:
            cursor.execute(_filled("repeats.sql", parts))
            cursor.execute("SELECT row_no FROM intake_version WHERE unchanged")
            gone = np.array([row[0] for row in cursor.fetchall()], dtype=np.int64)
            unchanged = len(gone)
            leaves = leaves[~np.isin(rows, gone)]
        accepted = tally.read - tally.refused - unchanged
        file = File(
            sha256=sha256, name=shown, kind=kind.name, format=table.details,
            mapping={column: table.heads[place] for column, place in mapping.columns.items()},
            read=tally.read, accepted=accepted, unchanged=unchanged, refused=tally.refused,
            warnings=sum(tally.warnings.values()), rejects=str(rejects_path) if tally.refused else None,
            loaded_at=at, loaded_by=by,
        )  # fmt: skip
        seal = leaf("intake_file", {name: getattr(file, name) for name in File.columns_to_seal()})
        raw = leaves.tobytes()
        facts = Facts.of_leaves([seal, *(raw[at : at + 32] for at in range(0, len(raw), 32))])
        file.event_id = audit.record(
            operation="intake.load", by=by, at=at, facts=facts,
            subject={"file": shown, "sha256": sha256, "kind": kind.name, "accepted": accepted},
        )  # fmt: skip
        file.save(force_insert=True)
        if accepted:
            name = "store.sql" if closer else "store_all.sql"
            cursor.execute(_filled(name, parts), {"file": file.pk, "event": file.event_id})
        # The transaction may hold further files: its scratch tables go now, not at its end.
        cursor.execute("DROP TABLE IF EXISTS intake_staging, intake_version")
    return LoadResult(
        file=shown, kind=kind.name, read=file.read, accepted=accepted, unchanged=unchanged, refused=file.refused,
        warnings=file.warnings, rejects=file.rejects, format=file.format, mapping=file.mapping, ignored=mapping.unknown,
        near=mapping.near, warning_counts={k: v for k, v in sorted(tally.warnings.items()) if v}, sha256=sha256,
        seen_before=False,
    )  # fmt: skip


def _parts(kind: Kind) -> dict[str, compose.Composable]:
    """The names that the room's SQL files take for this kind."""
    names = [column.name for column in kind.columns]

    def listed(items: list[str] | tuple[str, ...], prefix: str = "") -> compose.Composable:
        return compose.SQL(", ").join(
            compose.SQL(prefix) + compose.Identifier(item) if prefix else compose.Identifier(item) for item in items
        )

    return {
        "table": compose.Identifier(kind.table),
        "columns": listed(names),
        "staged_columns": listed(names, "s."),
        "key": listed(kind.key),
        "staged_key": listed(kind.key, "s."),
        "known_key": listed(kind.key, "f."),
        "same": compose.SQL(" AND ").join(
            compose.SQL("f.{0} = s.{0}").format(compose.Identifier(name)) for name in kind.key
        ),
    }


def _filled(name: str, parts: dict[str, compose.Composable]) -> compose.Composable:
    return compose.SQL(text(__package__, name)).format(**parts)


def _checked(
    table: TableFile, kind: Kind, mapping: HeadMapping, rejects: RejectsFile, tally: _Tally, at: datetime,
    progress: Progress | None,
) -> Iterator[Checked]:  # fmt: skip
    for batch in table.batches():
        for bad in batch.bad:
            rejects.add(Reject(bad.row, "", bad.text[:200], bad.reason, bad.mend, (bad.text,)))
        tally.read += len(batch.bad)
        tally.refused += len(batch.bad)
        found = check(batch.columns, kind=kind, positions=mapping.columns, rows=batch.rows, today=at.date())
        for reject in found.rejects:
            rejects.add(reject)
        tally.read += len(found.rows) + len(found.rejects)
        tally.refused += len(found.rejects)
        if progress:
            progress(batch.done)
        if len(found.rows):
            yield found


def _csv_piece(kind: Kind, checked: Checked, tally: _Tally) -> bytes:
    """The batch as the bytes that COPY takes, its leaves put aside for the seal."""
    columns = [checked.values[column.name] for column in kind.columns]
    leaves = canonical.leaves(kind.table, columns)
    tally.leaves += leaves
    tally.rows.append(checked.rows)
    for found in checked.warnings.values():
        for warning in found:
            tally.warnings[warning] = tally.warnings.get(warning, 0) + 1
    tally.keys.append(_hashes([checked.values[name] for name in kind.key]))
    if kind.name == "registrations":
        tally.niks.append(_hashes([checked.values["nik"]]))
    warned = ["{}"] * len(checked.rows)
    for place, found in checked.warnings.items():
        warned[place] = "{" + ",".join(found) + "}"
    warnings = pa.array(warned, pa.string())
    content = _hexadecimal(leaves)
    rows = pa.array(checked.rows, pa.int32())
    names = [str(i) for i in range(len(columns) + 4)]
    whole = pa.RecordBatch.from_arrays([*columns, checked.regency, warnings, rows, content], names=names)
    out = pa.BufferOutputStream()
    pyarrow.csv.write_csv(whole, out, pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed"))
    return out.getvalue().to_pybytes()


def _hashes(columns: list[pa.Array]) -> np.ndarray:
    """A number for each row that is equal for equal cells; 0 where the only cell is empty."""
    if len(columns) == 1:
        joined = columns[0]
    else:
        texts = [pc.fill_null(column.cast(pa.string()), "") for column in columns]
        joined = pc.binary_join_element_wise(*texts, canonical.SEPARATOR)
    return np.fromiter((hash(value) if value is not None else 0 for value in joined.to_pylist()), np.int64, len(joined))


def _repeated(hashes: list[np.ndarray]) -> np.ndarray:
    """Places whose number stands more than once (0 is none)."""
    whole = np.concatenate(hashes) if hashes else np.zeros(0, np.int64)
    order = np.argsort(whole, kind="stable")
    ordered = whole[order]
    same = np.zeros(len(whole), bool)
    same[1:] = (ordered[1:] == ordered[:-1]) & (ordered[1:] != 0)
    same[:-1] |= same[1:]
    return order[same]


def _hexadecimal(leaves: bytes) -> pa.Array:
    r"""Hashes as PostgreSQL writes bytes: ``\x`` and 64 hexadecimal digits."""
    rows = len(leaves) // 32
    matrix = np.empty((rows, 66), np.uint8)
    matrix[:, :2] = np.frombuffer(b"\\x", np.uint8)
    matrix[:, 2:] = np.frombuffer(leaves.hex().encode(), np.uint8).reshape(rows, 64)
    offsets = np.arange(0, (rows + 1) * 66, 66, dtype=np.int32)
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(matrix))


def _ahead(pieces: Iterator[bytes], depth: int = 2) -> Iterator[bytes]:
    """Make the next pieces while the database takes the last one: both cores work."""
    queue: Queue[bytes | BaseException | None] = Queue(maxsize=depth)
    stop = threading.Event()

    def make() -> None:
        try:
            for piece in pieces:
                if stop.is_set():
                    return
                queue.put(piece)
            queue.put(None)
        except BaseException as error:  # noqa: BLE001 - raised again by the reader below
            queue.put(error)

    worker = threading.Thread(target=make, daemon=True)
    worker.start()
    try:
        while (item := queue.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()
        while worker.is_alive():
            while not queue.empty():
                queue.get_nowait()
            worker.join(timeout=0.01)
