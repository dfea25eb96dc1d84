"""Store the parts of one file: stage by COPY, seal, and put into the kind's table, within the file's transaction."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, connection
from django.db.transaction import atomic
from psycopg import sql as compose
from psycopg.errors import UniqueViolation

from blanko.ground.audit import operations as audit
from blanko.ground.audit.merkle import Facts
from blanko.ground.database.sql import text
from blanko.records.intake.kinds import Kind
from blanko.records.intake.parts import COPY_FORMAT, Part

# A part's rows pass the statement trigger as one set; it should lie in memory.
WORK_MEMORY = "64MB"


class Store:
    """Takes the parts of one file in their order. Used inside the file's transaction, as a context manager."""

    def __init__(self, kind: Kind, *, file_id: int, sha256: str, by: str, at: datetime) -> None:
        self.kind, self.file_id, self.sha256, self.by, self.at = kind, file_id, sha256, by, at
        self._names = _names(kind)
        self._look_closer = False

    def __enter__(self) -> Store:
        with connection.cursor() as cursor:
            cursor.execute(compose.SQL("SET LOCAL work_mem = {}").format(WORK_MEMORY))
            cursor.execute(self._filled("staging.sql"))
        return self

    def __exit__(self, kind: object, _error: object, _trace: object) -> None:
        if kind is None:
            # The transaction may hold further files: the scratch table goes now, not at its end.
            with connection.cursor() as cursor:
                cursor.execute("DROP TABLE intake_staging")

    def take(self, part: Part) -> int:
        """Store a part; the number of its rows that were known with equal content and add nothing."""
        with connection.cursor() as cursor:
            copy_into = compose.SQL("COPY intake_staging ({staged}) FROM STDIN ({format})").format(
                staged=self._names["staged"], format=compose.SQL(COPY_FORMAT)
            )
            with cursor.copy(copy_into) as copy:
                copy.write(part.copy)
            unchanged = 0
            if self._look_closer or not self._stored_as_new(part):
                # A file that holds one known row probably holds more.
                self._look_closer = True
                unchanged = self._stored_as_versions(part)
            cursor.execute("TRUNCATE intake_staging")
        return unchanged

    def _stored_as_new(self, part: Part) -> bool:
        """Store all rows as first versions. False, and nothing is stored, when the table's key says that one is known.

        Asking the key by storing costs new rows nothing; asking it first would cost each a search.
        """
        try:
            with atomic(), connection.cursor() as cursor:
                event = self._sealed(part.facts)
                cursor.execute(self._filled("store_all.sql"), {"file": self.file_id, "event": event})
        except IntegrityError as error:
            if not isinstance(error.__cause__, UniqueViolation):
                raise
            return False
        return True

    def _stored_as_versions(self, part: Part) -> int:
        """Store the rows whose content is new, each as its key's next version."""
        with connection.cursor() as cursor:
            cursor.execute(self._filled("repeats.sql"))
            cursor.execute("SELECT row_no FROM intake_version WHERE unchanged")
            gone = {row_no for (row_no,) in cursor.fetchall()}
            if len(gone) < len(part.rows):
                rows = zip(part.rows.tolist(), part.leaves, strict=True)
                event = self._sealed(Facts.of_leaves(leaf for row_no, leaf in rows if row_no not in gone))
                cursor.execute(self._filled("store.sql"), {"file": self.file_id, "event": event})
            cursor.execute("DROP TABLE intake_version")
        return len(gone)

    def _sealed(self, facts: Facts) -> int:
        subject = {"file": self.file_id, "sha256": self.sha256, "kind": self.kind.name}
        return audit.record(operation="intake.load_part", by=self.by, at=self.at, facts=facts, subject=subject)

    def _filled(self, name: str) -> compose.Composable:
        return compose.SQL(text(__package__, name)).format(**self._names)


def _names(kind: Kind) -> dict[str, compose.Composable]:
    """The names that the room's SQL files take for this kind."""
    columns = [column.name for column in kind.columns]

    def listed(items: list[str] | tuple[str, ...], prefix: str = "") -> compose.Composable:
        return compose.SQL(", ").join(compose.SQL(prefix) + compose.Identifier(item) for item in items)

    return {
        "table": compose.Identifier(kind.table),
        "columns": listed(columns),
        "staged": listed([*columns, "regency", "warnings", "row_no"]),
        "staged_columns": listed(columns, "s."),
        "known_columns": listed(columns, "f."),
        "key": listed(kind.key),
        "staged_key": listed(kind.key, "s."),
        "same": compose.SQL(" AND ").join(
            compose.SQL("f.{0} = s.{0}").format(compose.Identifier(name)) for name in kind.key
        ),
    }
