"""The three kinds of table. Each model of the house is one of them, which later exports and proofs rely on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import ClassVar

from django.db import connection, models

from blanko.ground.audit.merkle import leaf


class Fact(models.Model):
    """A row that is added once and never changed. It belongs to the event that sealed it.

    ``event_id`` has no foreign key: the statement trigger of ``audit_guard`` checks all rows of a statement at
    once, at a fraction of the price of a check per row. ``audit_guard`` also adds the BRIN index on it.
    """

    table_kind: ClassVar[str] = "fact"
    sealed_columns: ClassVar[tuple[str, ...] | None] = None

    event_id = models.BigIntegerField()

    class Meta:
        abstract = True

    @classmethod
    def columns_to_seal(cls) -> tuple[str, ...]:
        """The columns whose values the event's root covers, by default all but the surrogate key and the event."""
        if cls.sealed_columns is not None:
            return cls.sealed_columns
        columns = (field.column for field in cls._meta.concrete_fields)
        return tuple(column for column in columns if column not in ("id", "event_id"))

    @classmethod
    def leaves_of_event(cls, event_id: int) -> Iterator[bytes]:
        """The leaf hashes of this table's rows of one event, read back from the database.

        A room that seals bulk rows in a faster form overrides this beside its writer.
        """
        table, columns = cls._meta.db_table, cls.columns_to_seal()
        names = ", ".join(f'"{column}"' for column in columns)
        plain = [f.column for f in cls._meta.concrete_fields if isinstance(f, models.JSONField) and f.column in columns]
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT {names} FROM "{table}" WHERE event_id = %s', [event_id])
            for row in cursor:
                values = dict(zip(columns, row, strict=True))
                # A plain cursor hands JSON out as text, and what was sealed is its content.
                values.update({column: json.loads(values[column]) for column in plain if values[column] is not None})
                yield leaf(table, values)


class Projection(models.Model):
    """Current state that can be rebuilt from facts, or that only a room's own database functions write."""

    table_kind: ClassVar[str] = "projection"

    event_id = models.BigIntegerField()

    class Meta:
        abstract = True


class Reference(models.Model):
    """A fixed list that comes with the release: areas, offices, statuses."""

    table_kind: ClassVar[str] = "reference"

    class Meta:
        abstract = True
