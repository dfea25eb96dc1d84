"""Puts a nation down as files: each under a temporary name first, so that no half file is ever left."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from blanko.engines.synth.nation import Nation, Progress
from blanko.kernel.errors import BlankoError

CHUNK_ROWS = 100_000
FILES = ("registrations.csv", "applications.csv", "deaths.csv", "stock.csv", "counts.csv", "truth.parquet")


class CannotWriteThere(BlankoError, ValueError):
    """The folder cannot take the files."""


class UnknownFile(BlankoError, ValueError):
    """A file was asked for that a nation does not have."""


class DiskFull(BlankoError, OSError):
    """There was no room for the files; none was left behind."""


@dataclass(frozen=True, slots=True)
class Written:
    """One file as it lies there: ``rows`` without the header, ``size`` in bytes."""

    path: Path
    rows: int
    size: int


def write(
    nation: Nation, out_dir: Path, *, only: Iterable[str] = FILES, progress: Progress | None = None
) -> tuple[Written, ...]:
    """Write the files named in ``only`` and return what lies there. The same nation gives the same bytes.

    Every file is complete or absent: all are written as ``NAME.part`` and renamed together at the end. Files of an
    earlier run are replaced only then. ``progress(file, done, of)`` counts rows.

    Raises UnknownFile, CannotWriteThere (no folder, no right) and DiskFull.
    """
    names = tuple(only)
    unknown = [name for name in names if name not in FILES]
    if unknown:
        raise UnknownFile("a nation has no {name}", mend="choose from {files}", name=unknown[0], files=", ".join(FILES))
    written: list[tuple[Path, Path, int]] = []
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        for name in names:
            table: pa.Table = getattr(nation, name.partition(".")[0])
            target = out_dir / name
            part = out_dir / f"{name}.part"
            written.append((part, target, table.num_rows))
            _write_one(table, part, parquet=name.endswith(".parquet"), report=_reporter(name, table, progress))
        for part, target, _ in written:
            os.replace(part, target)
    except OSError as error:
        raise _refusal(error, out_dir) from error
    finally:
        for part, _, _ in written:
            with suppress(OSError):
                part.unlink(missing_ok=True)
    return tuple(Written(target, rows, target.stat().st_size) for _, target, rows in written)


def _reporter(name: str, table: pa.Table, progress: Progress | None) -> Callable[[int], None]:
    return (lambda done: progress(name, done, table.num_rows)) if progress else (lambda done: None)


def _refusal(error: OSError, folder: Path) -> BlankoError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return DiskFull(
            "no room left in {folder}", mend="free some space or name another folder; no file was left", folder=folder
        )
    reason = error.strerror or str(error)
    return CannotWriteThere(
        "cannot write in {folder} ({reason})", mend="name a folder that you may write in", folder=folder, reason=reason
    )


def _write_one(table: pa.Table, path: Path, *, parquet: bool, report: Callable[[int], None]) -> None:
    with path.open("wb") as file:
        if parquet:
            with pq.ParquetWriter(file, table.schema, compression="zstd") as writer:
                for at in range(0, table.num_rows, CHUNK_ROWS):
                    writer.write_table(table.slice(at, CHUNK_ROWS), row_group_size=CHUNK_ROWS)
                    report(min(at + CHUNK_ROWS, table.num_rows))
        else:
            file.write((",".join(table.column_names) + "\n").encode())
            for at in range(0, table.num_rows, CHUNK_ROWS):
                file.write(csv_lines(table.slice(at, CHUNK_ROWS)))
                report(min(at + CHUNK_ROWS, table.num_rows))
        # A full disk may show only here.
        file.flush()
        os.fsync(file.fileno())


def csv_lines(table: pa.Table) -> memoryview:
    """The rows as CSV (RFC 4180, quotes only where needed), in one buffer.

    Arrow's own writer quotes every text; joining columns is as fast and gives the smaller file.
    """
    columns = [_cells(column.combine_chunks()) for column in table.itercolumns()]
    # Each row ends its own line, so the joined text's buffer is the file.
    columns[-1] = pc.binary_join_element_wise(columns[-1], "\n", "", null_handling="replace", null_replacement="")
    lines = pc.binary_join_element_wise(*columns, ",", null_handling="replace", null_replacement="")
    _, offsets, data = lines.buffers()
    ends = memoryview(offsets).cast("i")
    return memoryview(data)[ends[lines.offset] : ends[lines.offset + len(lines)]]


def _cells(column: pa.Array) -> pa.StringArray:
    text = column if pa.types.is_string(column.type) else column.cast(pa.string())
    needs_quotes = pc.fill_null(pc.match_substring_regex(text, '[",\r\n]'), False)
    if not pc.any(needs_quotes).as_py():
        return text
    quoted = pc.binary_join_element_wise('"', pc.replace_substring(text, '"', '""'), '"', "")
    return pc.if_else(needs_quotes, quoted, text)
