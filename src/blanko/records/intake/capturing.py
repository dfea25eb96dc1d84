"""One registration from a counter: checked, sealed and stored as a row of a file is, without a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
from django.db import connection
from psycopg import Cursor
from psycopg.types.json import Jsonb

from blanko.kernel.errors import BlankoError
from blanko.records.intake import canonical, plain
from blanko.records.intake.checks import check
from blanko.records.intake.kinds import REGISTRATIONS

NAMES = tuple(column.name for column in REGISTRATIONS.columns)
_HELD = (
    f"SELECT version, {', '.join(f'{name}::text' for name in NAMES)} FROM intake_registration"
    " WHERE recorded_office = %s AND record_id = %s ORDER BY version DESC LIMIT 1"
)


class RowRefused(BlankoError, ValueError):
    """A cell of the registration cannot be stored, for the reason that a file's row would be refused for."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A registration that can be stored: ``values`` by column as text, its ``regency`` and ``warnings``, the ``leaf``
    that seals it.
    """

    values: dict[str, str | None]
    regency: str | None
    warnings: list[str]
    leaf: bytes

    @property
    def key(self) -> tuple[str, str]:
        return str(self.values["recorded_office"]), str(self.values["record_id"])


def prepare(row: Mapping[str, str | None], *, today: date) -> Prepared:
    """Check one registration as a file's row is checked. Raises RowRefused, naming the cell and how to mend it."""
    if (plainly := plain.checked(row, today=today)) is not None:
        values, regency, warnings = plainly
        leaf = canonical.leaf_of_values(REGISTRATIONS.table, [values[name] for name in NAMES])
        return Prepared(values, regency, warnings, leaf)
    return prepare_as_file(row, today=today)


def prepare_as_file(row: Mapping[str, str | None], *, today: date) -> Prepared:
    """``prepare`` by the check of files itself, whatever the row holds. Raises RowRefused."""
    given = [name for name in NAMES if row.get(name) not in (None, "")]
    # One array cut into cells: each array that is made from Python looks for a library that is not there.
    cells = pa.array([str(row[name]) for name in given], pa.string())
    batch = pa.RecordBatch.from_arrays([cells.slice(at, 1) for at in range(len(given))], names=given)
    found = check(
        batch, kind=REGISTRATIONS, positions={name: at for at, name in enumerate(given)}, rows=[1], today=today
    )
    if not len(found.rows):
        cause = found.rejects[0].causes[0] if found.rejects else None
        raise RowRefused(
            "{column} {value}: {reason}", mend=cause.mend if cause else "give the registration's columns",
            column=cause.column if cause else "record_id", value=repr(cause.value) if cause else "''",
            reason=cause.reason if cause else "missing",
        )  # fmt: skip
    texts = canonical.texts([found.values[name] for name in NAMES])
    cells_read = [column[0].as_py() for column in texts]
    values = {name: text or None for name, text in zip(NAMES, cells_read, strict=True)}
    leaf = canonical.leaf_of_values(REGISTRATIONS.table, cells_read)
    return Prepared(values, found.regency[0].as_py(), found.warnings.get(0, []), leaf)


def held(key: tuple[str, str]) -> tuple[int, dict[str, str | None]] | None:
    """(version, values as text) of the newest version of a registration; None when there is none."""
    with connection.cursor() as cursor:
        # Django's own cursors put values into the text; this one prepares it once a connection.
        raw = Cursor(cursor.connection)
        raw.execute(_HELD, key, prepare=True)
        found = raw.fetchone()
    return None if found is None else (int(found[0]), dict(zip(NAMES, found[1:], strict=True)))


def store(prepared: Prepared, *, version: int, event: int) -> None:
    """Store a version under an event of the caller, who seals its leaf. There is no file: its number is 0."""
    row: dict[str, Any] = {
        **prepared.values, "regency": prepared.regency, "warnings": prepared.warnings, "version": version
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SELECT intake_capture(%s, %s)", [Jsonb(row), event])
