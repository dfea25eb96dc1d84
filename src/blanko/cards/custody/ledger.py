"""One server round trip an operation: sealed rows go to a function of the database, refusals come back by name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from operator import itemgetter
from typing import Any

from django.db import Error, connection
from django.db.transaction import atomic
from psycopg import Cursor
from psycopg.types.json import Jsonb

from blanko.cards.custody import rules
from blanko.cards.custody.drafts import Draft
from blanko.ground.access.acting import UnknownOfficer, alone
from blanko.ground.audit.merkle import Facts, leaf
from blanko.ground.database import sql

_REFUSALS = {**rules.REFUSALS, "BL301": UnknownOfficer}
_REPEATED = frozenset({"custody_movement_pkey"})


def settle(operation: str, rows: list[dict[str, object]], *, by: str, at: datetime) -> None:
    if not rows:
        return
    facts = Facts.of({"custody_movement_phase": rows})
    call(
        "settle.sql",
        {
            "phases": Jsonb([plain(row) for row in rows]),
            "operation": operation,
            "by": by,
            "at": at,
            "row_count": facts.count,
            "root": facts.root,
            "reason": str(rows[0]["reason"]),
            "subject": Jsonb({"movements": len(rows), "first": rows[0]["movement"]}),
        },
    )


def send(
    operation: str,
    file: str,
    drafts: Sequence[Draft],
    *,
    by: str,
    at: datetime,
    subject: dict[str, object],
    reason: str = "",
    ended: Sequence[dict[str, object]] = (),
    **further: Any,
) -> None:
    leaves = [found for draft in drafts for found in draft.leaves()]
    leaves += [leaf("custody_movement_phase", row) for row in ended]
    facts = Facts.of_leaves(leaves)
    call(
        file,
        {
            **journal_values(drafts),
            "legs": Jsonb([plain(row) for draft in drafts for row in draft.leg_rows()]),
            "phases": Jsonb([plain(row) for row in ended]),
            "operation": operation,
            "by": by,
            "at": at,
            "row_count": facts.count,
            "root": facts.root,
            "reason": reason,
            "subject": Jsonb(subject),
            **further,
        },
    )


def _alone(file: str, values: dict[str, Any], principal: str) -> int:
    """The call as a transaction of its own: its principal, the work and the commit in one prepared round trip."""
    connection.ensure_connection()
    with connection.wrap_database_errors, Cursor(connection.connection) as cursor:
        cursor.execute(_statement(file), {**values, "principal": principal}, prepare=True)
        row = cursor.fetchone()
    assert row is not None, "the function returns one row"
    return int(row[0])


@cache
def _statement(file: str) -> str:
    return f"WITH who AS MATERIALIZED (SELECT access_act(%(principal)s))\n{sql.text(__package__, file)}\nFROM who"


def journal_values(drafts: Sequence[Draft]) -> dict[str, Any]:
    """The movements and their lines as the parameters of the database's functions."""
    # By box: in this order the database locks them, so that two senders wait for each other and never for ever.
    lines = sorted(((draft.movement, *line) for draft in drafts for line in draft.lines), key=itemgetter(1, 2, 3))
    columns = [list(column) for column in zip(*lines, strict=True)] or [[] for _ in range(5)]
    names = ("movement", "series", "box_no", "first", "last")
    return {
        "movements": Jsonb([plain(draft.movement_row) for draft in drafts]),
        **dict(zip(names, columns, strict=True)),
    }


def call(file: str, values: dict[str, Any]) -> int:
    """One round trip. A conflict with another transaction is tried again; what is refused is raised by its name."""
    for left in reversed(range(rules.TRIES)):
        try:
            return _try_once(file, values)
        except Error as error:
            diag = getattr(error.__cause__, "diag", None)
            state = (diag and diag.sqlstate) or ""
            constraint = (diag and diag.constraint_name) or ""
            # The same key at the same moment: the second look finds it in the journal.
            if left and (state in rules.CONFLICTS or constraint in _REPEATED):
                continue
            known = _REFUSALS.get(state) or rules.CONSTRAINTS.get(constraint)
            if known is None:
                raise
            raise known((diag and diag.message_primary) or "", mend=_mend(diag)) from error
    raise AssertionError("the last try returns or raises")


def _try_once(file: str, values: dict[str, Any]) -> int:
    principal = alone()
    if principal is not None:
        return _alone(file, values, principal)
    with atomic(), connection.cursor() as cursor:
        cursor.execute(sql.text(__package__, file), values)
        return int(cursor.fetchone()[0])


def _mend(diag: Any) -> str:
    return diag.message_hint or diag.message_detail or ""


def plain(row: dict[str, object]) -> dict[str, object]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}


def subject_of(drafts: Sequence[Draft], office: str) -> dict[str, object]:
    return {
        "office": office,
        "movements": len(drafts),
        "first": drafts[0].movement,
        "blanks": sum(draft.quantity for draft in drafts),
    }
