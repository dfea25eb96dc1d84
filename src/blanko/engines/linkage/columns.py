"""Records from Parquet and CSV files, a batch at a time: only the columns that linkage reads, types checked first."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from blanko.engines.linkage.errors import UnreadableRecords

COLUMNS: Final = (
    "record_id",
    "nik",
    "name",
    "birth_place",
    "birth_date",
    "sex",
    "mother_name",
    "address",
    "village_code",
    "recorded_on",
    "recorded_office",
    "family_card_no",
)
NEEDED: Final = ("record_id", "name")
# Read but not compared: who asks later finds them in the file.
UNUSED: Final = ("recorded_on",)
NUMBERS: Final = ("record_id", "nik", "village_code", "recorded_office", "family_card_no", "sex")
# Columns of few different values: Parquet keeps each value once, and so do we.
FEW_VALUES: Final = ("birth_place", "village_code", "sex", "recorded_office")
BATCH_ROWS: Final = 1 << 17


@dataclass(slots=True)
class Source:
    """The files as they were found: ``missing`` known columns that a file lacks, ``ignored`` ones that are not ours."""

    paths: tuple[Path, ...]
    rows: int | None = None
    missing: set[str] = field(default_factory=set)
    ignored: set[str] = field(default_factory=set)


def open_files(paths: Sequence[Path]) -> Source:
    """Look at each file's columns and types before the first row is read. Raises UnreadableRecords."""
    source = Source(tuple(paths), rows=0)
    if not paths:
        raise UnreadableRecords("no file was named", mend="name one or more Parquet or CSV files")
    for path in paths:
        names, types = _schema(path, source)
        unknown = [name for name in names if name not in COLUMNS]
        lacking = [name for name in COLUMNS if name not in names]
        for name in unknown:
            near = difflib.get_close_matches(name.strip().lower(), lacking, n=1, cutoff=0.8)
            if near:
                raise UnreadableRecords(
                    "{path} has a column {name} and lacks {near}",
                    mend="rename it, or take it out if it is something else",
                    path=path,
                    name=repr(name),
                    near=near[0],
                )
        twice = next((name for name in names if names.count(name) > 1 and name in COLUMNS), None)
        if twice:
            raise UnreadableRecords("{path} has two columns {name}", mend="keep one", path=path, name=twice)
        needed = [name for name in NEEDED if name in lacking]
        if needed:
            raise UnreadableRecords(
                "{path} has no column {missing}",
                mend="give {columns}; all but record_id and name may be absent",
                path=path,
                missing=", ".join(needed),
                columns=", ".join(COLUMNS),
            )
        for name, kind in types.items():
            if name in COLUMNS and not _fits(name, kind):
                raise UnreadableRecords(
                    "{path}: column {name} is {kind}",
                    mend="birth_date is a date or text, the others are text (codes may be whole numbers)",
                    path=path,
                    name=name,
                    kind=str(kind),
                )
        source.missing |= {name for name in lacking if name not in UNUSED}
        source.ignored |= set(unknown)
    return source


def _is_csv(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) != b"PAR1"
    except OSError as error:
        raise UnreadableRecords(
            "cannot read {path} ({reason})", mend="name a file that is there", path=path, reason=error.strerror or error
        ) from error


def _schema(path: Path, source: Source) -> tuple[list[str], dict[str, pa.DataType]]:
    if _is_csv(path):
        source.rows = None
        with path.open("rb") as file:
            head = file.readline(1 << 20)
        if not head.strip():
            raise UnreadableRecords("{path} is empty", mend="give a file with a header and rows", path=path)
        try:
            names = pacsv.read_csv(pa.BufferReader(head), convert_options=_converted([])).column_names
        except pa.ArrowInvalid as error:
            raise _broken(path, error) from error
        return names, {}
    try:
        with pq.ParquetFile(path) as file:
            if source.rows is not None:
                source.rows += file.metadata.num_rows
            return list(file.schema_arrow.names), {part.name: part.type for part in file.schema_arrow}
    except (pa.ArrowException, OSError) as error:
        raise _broken(path, error) from error


def _fits(name: str, kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_null(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return True
    if name == "birth_date":
        return bool(pa.types.is_date(kind) or pa.types.is_timestamp(kind))
    if name in UNUSED:
        return True
    return name in NUMBERS and bool(pa.types.is_integer(kind))


def _converted(names: Sequence[str]) -> pacsv.ConvertOptions:
    return pacsv.ConvertOptions(
        include_columns=list(names) or None,
        column_types={name: pa.string() for name in COLUMNS},
        check_utf8=False,
        strings_can_be_null=False,
    )


def _broken(path: Path, error: BaseException) -> UnreadableRecords:
    return UnreadableRecords(
        "{path} cannot be read: {reason}",
        mend="give Parquet, or CSV in UTF-8 with commas and a header",
        path=path,
        reason=str(error).splitlines()[0],
    )


def batches(source: Source) -> Iterator[tuple[Path, pa.RecordBatch]]:
    """The rows of all files in batches of at most BATCH_ROWS; a batch lacks the columns that its file lacks.

    Text is ``string`` (not yet checked to be UTF-8), ``birth_date`` text or date32.
    """
    for path in source.paths:
        try:
            if _is_csv(path):
                names = [name for name in pacsv_names(path) if name in COLUMNS and name not in UNUSED]
                reader = pacsv.open_csv(
                    path,
                    read_options=pacsv.ReadOptions(block_size=1 << 24),
                    parse_options=pacsv.ParseOptions(newlines_in_values=True),
                    convert_options=_converted(names),
                )
                with reader:
                    for big in reader:
                        for at in range(0, big.num_rows, BATCH_ROWS):
                            yield path, big.slice(at, BATCH_ROWS)
            else:
                schema = pq.read_schema(path, memory_map=True)
                few = [
                    name for name in FEW_VALUES if name in schema.names and pa.types.is_string(schema.field(name).type)
                ]
                names = [name for name in schema.names if name in COLUMNS and name not in UNUSED]
                with pq.ParquetFile(path, memory_map=True, read_dictionary=few) as file:
                    for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=names):
                        yield path, batch
        except (pa.ArrowException, OSError) as error:
            raise _broken(path, error) from error


def pacsv_names(path: Path) -> list[str]:
    """A CSV file's header."""
    with path.open("rb") as file:
        return list(
            pacsv.read_csv(pa.BufferReader(file.readline(1 << 20)), convert_options=_converted([])).column_names
        )


def text(column: pa.Array) -> pa.StringArray:
    """A column as plain text, empty where it is null."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if not pa.types.is_string(column.type):
        column = column.cast(pa.string())
    return pc.fill_null(column, "") if column.null_count else column
