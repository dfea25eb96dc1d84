"""One operation's rows, sealed and sent in one round trip."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NoReturn

from django.db import Error, connection
from django.utils import timezone
from psycopg import Cursor
from psycopg.types.json import Jsonb

from blanko.cards.custody import ledger
from blanko.cards.custody import rules as custody_rules
from blanko.cards.custody.drafts import Draft
from blanko.cards.custody.rules import Condition, Key, Line
from blanko.cards.destruction import operations as destruction
from blanko.cards.issuance import rules
from blanko.cards.issuance.rules import Step
from blanko.ground.audit.merkle import Facts
from blanko.records.entitlement import operations as entitlement
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

_REFUSALS = {**custody_rules.REFUSALS, **rules.REFUSALS}
_CONSTRAINTS = {**custody_rules.CONSTRAINTS, **rules.CONSTRAINTS}


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
    blanks: list[Row] = field(default_factory=list)

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

    def blank(
        self, kind: custody_rules.Kind, before: Condition, after: Condition, lines: Iterable[Line], *, office: str,
        key: Key, by: str, at: datetime, reason: str = "",
    ) -> None:  # fmt: skip
        """Change what blanks of an office are, as custody's own ``change`` does and in the same round trip."""
        custody_rules.check_lawful(kind, before, after)
        checked = custody_rules.check_lines(lines)
        draft = Draft(
            kind=kind, before=before, after=after, from_office=office, to_office=office, lines=checked, key=Key(*key),
            by=by, at=at, reason=reason,
        )  # fmt: skip
        facts = Facts.of_leaves(draft.leaves())
        columns = list(zip(*((draft.movement, *line) for line in checked), strict=True))
        self.blanks.append(
            {
                "movements": [ledger.plain(draft.movement_row)],
                **dict(zip(("movement", "series", "box_no", "first", "last"), map(list, columns), strict=True)),
                "operation": f"custody.{kind}", "row_count": facts.count, "root": facts.root.hex(), "reason": reason,
                "subject": ledger.subject_of([draft], office),
            }
        )  # fmt: skip

    def keep(
        self, operation: str, *, by: str, at: datetime, subject: Row, reason: str = "", claims: Sequence[Row] = ()
    ) -> None:
        """Seal the rows and write them under one event. The claims of the persons of ``claims`` follow: rows with
        recorded_office, record_id, person_id and their ``basis``, as they were read and locked before.

        Raises what REFUSALS and CONSTRAINTS of the rules name, here and in custody.
        """
        rows = {name: getattr(self, name) for name in (*_FACTS, "takes", "changes")}
        facts = Facts.of({table: rows[name] for name, table in _FACTS.items()})
        day = timezone.localtime(at).date()
        kept_claims, gone, persons = self._claims(claims, day)
        (kept,) = called(
            "SELECT issuance_keep(%(cards)s, %(jobs)s, %(job_ends)s, %(steps)s, %(given_back)s, %(takes)s, %(changes)s,"
            " %(frees)s::text[], %(statuses)s, %(blanks)s, %(claims)s, %(gone)s::bigint[], %(persons)s::bigint[],"
            " %(operation)s, %(by)s, %(at)s, %(count)s, %(root)s, %(reason)s, %(subject)s) AS kept",
            {
                **{name: Jsonb([_plain(row) for row in given]) for name, given in rows.items()},
                "frees": self.frees, "blanks": Jsonb(self.blanks), "claims": Jsonb(kept_claims),
                "gone": gone, "persons": persons,
                "operation": operation, "by": by, "at": at, "count": facts.count, "root": facts.root,
                "reason": reason, "subject": Jsonb(subject),
            },
        )  # fmt: skip
        if (gathered := kept["kept"]["claims"]) is not None:
            entitlement.follow(gathered=gathered, event=kept["kept"]["event"], day=day)
        for card in self.given_back:
            destruction.register_old_card(
                number=card["number"], kind=card["kind"], serial=card["serial"], office=card["office"],
                reason=card["reason"], by=by, at=at,
            )  # fmt: skip

    def _claims(self, rows: Sequence[Row], day: date) -> tuple[list[Row], list[int], list[int]]:
        """Claims by the statuses as they will be, and the persons whose claims can only be told after the change."""
        last = {(s["recorded_office"], s["record_id"]): s for s in self.statuses}
        records, later, as_of = [], [], None
        for row in rows:
            status = last.get((row["recorded_office"], row["record_id"]))
            found = row["basis"]["records"]
            if status is None or len(found) != 1 or found[0]["cluster_size"] != 1:
                later.append(row["person_id"])
                continue
            as_of, since = row["basis"]["as_of"], str(status["since"])
            issued = {"issued_on": since} if status["to_status"] == Status.CARD_ISSUED else {}
            records.append({**found[0], "status": status["to_status"], "status_since": since, **issued})
        kept, gone = entitlement.decided(gathered={"as_of": as_of, "records": records}, day=day)
        return kept, gone, sorted(later)


def refused(error: Error) -> NoReturn:
    """Raise what the database refused by its name, or the error itself."""
    diag = getattr(error.__cause__, "diag", None)
    state, constraint = (diag and diag.sqlstate) or "", (diag and diag.constraint_name) or ""
    known = _REFUSALS.get(state) or _CONSTRAINTS.get(constraint)
    if diag is None or known is None:
        raise error
    raise known(diag.message_primary or "", mend=diag.message_hint or diag.message_detail or "") from error


def called(text: str, values: Row) -> list[Row]:
    """The rows of a call of this room's functions, as a prepared statement. Raises what is refused by its name."""
    connection.ensure_connection()
    try:
        with connection.wrap_database_errors, Cursor(connection.connection) as cursor:
            cursor.execute(text, values, prepare=True)
            names = [column.name for column in cursor.description or ()]
            return [dict(zip(names, map(_read, row), strict=True)) for row in cursor.fetchall()]
    except Error as error:
        refused(error)


def _read(value: Any) -> Any:
    # Django leaves jsonb as text for its own fields.
    return json.loads(value) if isinstance(value, str) and value[:1] == "{" else value


def _plain(row: Row) -> Row:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()}
