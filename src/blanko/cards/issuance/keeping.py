"""One operation's rows, sealed and sent in one round trip."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import Error, connection
from psycopg.types.json import Jsonb

from blanko.cards.issuance import rules
from blanko.cards.issuance.rules import Step
from blanko.ground.audit.merkle import Facts
from blanko.records.registry.rules import Kind, Status, check_transition

Row = dict[str, Any]
_FACTS = {
    "cards": "issuance_card",
    "jobs": "issuance_job",
    "job_ends": "issuance_job_end",
    "steps": "issuance_step",
    "given_back": "issuance_card_given_back",
    "statuses": "registry_status",
}


@dataclass(slots=True)
class Sheet:
    """What an operation writes: facts of this room, statuses of records, and how the cards that count change."""

    cards: list[Row] = field(default_factory=list)
    jobs: list[Row] = field(default_factory=list)
    job_ends: list[Row] = field(default_factory=list)
    steps: list[Row] = field(default_factory=list)
    given_back: list[Row] = field(default_factory=list)
    statuses: list[Row] = field(default_factory=list)
    takes: list[Row] = field(default_factory=list)
    changes: list[Row] = field(default_factory=list)
    frees: list[str] = field(default_factory=list)

    def move(self, record: Row, *statuses: str, since: date) -> None:
        """Add links to a record's chain; ``record`` has recorded_office, record_id, status, status_seq.

        Raises IllegalTransition.
        """
        held, seq = record["status"], record["status_seq"]
        for to_status in statuses:
            check_transition(Status(held), Status(to_status), Kind.STEP)
            seq += 1
            self.statuses.append(
                {
                    "recorded_office": record["recorded_office"], "record_id": record["record_id"], "seq": seq,
                    "from_status": str(held), "to_status": to_status, "since": since, "kind": str(Kind.STEP),
                    "reason": "",
                }
            )  # fmt: skip
            held = to_status

    def step(self, serial: str, step: Step, *, seq: int, before: str, office: str, by: str, at: datetime,
             **given: str) -> None:  # fmt: skip
        """Add one step of a card."""
        self.steps.append(
            {
                "serial": serial, "seq": seq, "before": before, "step": str(step), "office": office, "at": at,
                "by": by, "reason": "", "movement": "", "handed_to": "", "checked": "", "receiver": "",
                "relation": "", "document": "", **given,
            }
        )  # fmt: skip

    def keep(self, operation: str, *, by: str, at: datetime, subject: Row, reason: str = "") -> int:
        """Seal the rows, write them under one event and return it. Raises what rules.REFUSALS and CONSTRAINTS name."""
        rows = {name: getattr(self, name) for name in (*_FACTS, "takes", "changes")}
        facts = Facts.of({table: rows[name] for name, table in _FACTS.items()})
        values = {name: Jsonb([_plain(row) for row in given]) for name, given in rows.items()}
        with connection.cursor() as cursor:
            try:
                cursor.execute(
                    "SELECT issuance_keep(%(cards)s, %(jobs)s, %(job_ends)s, %(steps)s, %(given_back)s, %(takes)s,"
                    " %(changes)s, %(frees)s::text[], %(statuses)s, %(operation)s, %(by)s, %(at)s, %(count)s, %(root)s,"
                    " %(reason)s, %(subject)s)",
                    {
                        **values, "frees": self.frees, "operation": operation, "by": by, "at": at,
                        "count": facts.count, "root": facts.root, "reason": reason, "subject": Jsonb(subject),
                    },
                )  # fmt: skip
            except Error as error:
                refused(error)
            return int(cursor.fetchone()[0])


def refused(error: Error) -> None:
    """Raise what the database refused by its name, or the error itself."""
    diag = getattr(error.__cause__, "diag", None)
    state, constraint = (diag and diag.sqlstate) or "", (diag and diag.constraint_name) or ""
    known = rules.REFUSALS.get(state) or rules.CONSTRAINTS.get(constraint)
    if known is None:
        raise error
    raise known((diag and diag.message_primary) or "", mend=diag.message_hint or diag.message_detail or "") from error


def called(text: str, values: Row) -> list[Row]:
    """The rows of one of this room's functions. Raises what rules.REFUSALS names."""
    with connection.cursor() as cursor:
        try:
            cursor.execute(text, values)
        except Error as error:
            refused(error)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _plain(row: Row) -> Row:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()}
