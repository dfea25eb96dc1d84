"""Move blanks and change what they are. Each call is one event and one server round trip, and is applied once.

A call that is refused changes nothing and raises the error of rules.py that names the reason. A call whose key was
applied before, by a message that came twice, changes nothing and returns as the first one did.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import Error, connection
from django.db.transaction import atomic
from psycopg.types.json import Jsonb

from blanko.cards.custody import queries, rules
from blanko.cards.custody.rules import CENTRE, Condition, Consignment, Draft, Key, Kind, Line, Phase, Receipt
from blanko.ground.audit.merkle import Facts, leaf
from blanko.ground.database import sql

_REPEATED = frozenset({"custody_movement_pkey", "custody_movement_key"})


def receive_lot(
    *, lot_no: str, by: str, at: datetime, key: Key | None = None, papers: Mapping[str, object] | None = None
) -> int:
    """Take the accepted boxes of an accepted lot into the central warehouse; return the blanks.

    Raises LotNotAccepted (unknown, held by customs or unpaid, not accepted), BoxReceivedTwice, KeyReused.
    """
    lines = queries.accepted_boxes(lot_no)
    draft = Draft(
        kind=Kind.RECEIPT,
        before=None,
        after=Condition.GOOD,
        from_office=None,
        to_office=CENTRE,
        lines=rules.check_lines(lines),
        key=key or Key(f"lot/{lot_no}", 1),
        by=by,
        at=at,
        papers=dict(papers or {}),
        lot=lot_no,
    )
    _send(
        "custody.receive_lot", "receive_lot.sql", [draft], by=by, at=at, received_on=at.date(), subject={"lot": lot_no}
    )
    return draft.quantity


def dispatch(
    *,
    consignment: Sequence[Line],
    from_office: str,
    to_office: str,
    key: Key,
    by: str,
    at: datetime,
    papers: Mapping[str, object] | None = None,
) -> str:
    """Send blanks to another office and return the movement, which is pending until it is settled.

    Lines are whole sealed boxes, or blanks of opened ones. Raises UnknownBox, BoxAlreadyDispatched, BlankElsewhere,
    BoxNotOpened, BlankNotInCondition (in this order), KeyReused, Unlawful (the same office at both ends).
    """
    sent = Consignment(to_office, consignment, Key(*key), dict(papers or {}))
    return dispatch_many(consignments=[sent], from_office=from_office, by=by, at=at)[0]


def dispatch_many(*, consignments: Iterable[Consignment], from_office: str, by: str, at: datetime) -> tuple[str, ...]:
    """Send consignments to many offices in one event, all or none of them; return their movements in order.

    Raises as dispatch does.
    """
    drafts = [
        Draft(
            kind=Kind.DISPATCH,
            before=Condition.GOOD,
            after=Condition.GOOD,
            from_office=from_office,
            to_office=sent.to_office,
            lines=rules.check_lines(sent.lines),
            key=Key(*sent.key),
            by=by,
            at=at,
            papers=dict(sent.papers),
        )
        for sent in consignments
    ]
    if not drafts:
        return ()
    # A blank in two consignments of one call is refused before anything is sent.
    rules.check_lines(line for draft in drafts for line in draft.lines)
    _send("custody.dispatch", "dispatch.sql", drafts, by=by, at=at, subject=_subject(drafts, from_office))
    return tuple(draft.movement for draft in drafts)


def receive(*, movement: str, by: str, at: datetime, papers: Mapping[str, object] | None = None) -> None:
    """Take over a movement where it was sent. Raises UnknownMovement, MovementSettled, SamePersonBothEnds."""
    receive_many(receipts=[Receipt(movement, by, dict(papers or {}))], by=by, at=at)


def receive_many(*, receipts: Iterable[Receipt], by: str, at: datetime) -> int:
    """Post movements, each taken over by its own receiver, all or none; return how many. Raises as receive does."""
    rows = [
        rules.phase_row(receipt.movement, Phase.POSTED, by=receipt.by, at=at, papers=dict(receipt.papers))
        for receipt in receipts
    ]
    _settle("custody.receive", rows, by=by, at=at)
    return len(rows)


def void(*, movement: str, reason: str, by: str, at: datetime) -> None:
    """End a movement that never left: its blanks are with the sender. Raises UnknownMovement, MovementSettled."""
    _settle("custody.void", [rules.phase_row(movement, Phase.VOIDED, by=by, at=at, reason=reason)], by=by, at=at)


def return_to_sender(*, movement: str, reason: str, key: Key, by: str, at: datetime) -> str:
    """Send a pending movement back where it came from; return the new movement, which the sender's office receives.

    Raises UnknownMovement, MovementSettled, KeyReused.
    """
    sent = queries.pending(movement)
    draft = Draft(
        kind=Kind.RETURN,
        before=Condition.GOOD,
        after=Condition.GOOD,
        from_office=sent.to_office,
        to_office=sent.from_office,
        lines=sent.lines,
        key=Key(*key),
        by=by,
        at=at,
        return_of=movement,
        reason=reason,
    )
    ended = rules.phase_row(movement, Phase.RETURNED, by=by, at=at, reason=reason)
    _send(
        "custody.return",
        "return.sql",
        [draft],
        by=by,
        at=at,
        reason=reason,
        ended=[ended],
        subject={"movement": draft.movement, "return_of": movement},
    )
    return draft.movement


def open_box(*, series: str, box_no: int, office: str, key: Key, by: str, at: datetime) -> str:
    """Break the seal of a box; return the movement. Raises UnknownBox, BlankElsewhere, BoxAlreadyOpened."""
    return open_boxes(boxes=[(series, box_no)], office=office, key=key, by=by, at=at)


def open_boxes(*, boxes: Iterable[tuple[str, int]], office: str, key: Key, by: str, at: datetime) -> str:
    """Break the seals of several boxes of an office in one movement; raises as open_box does."""
    lines = queries.box_lines(boxes)
    return change(kind=Kind.OPENING, after=Condition.GOOD, lines=lines, office=office, key=key, by=by, at=at)


def change(
    *,
    kind: Kind,
    after: Condition,
    lines: Iterable[Line],
    office: str,
    key: Key,
    by: str,
    at: datetime,
    before: Condition = Condition.GOOD,
    reason: str = "",
    papers: Mapping[str, object] | None = None,
) -> str:
    """Change what blanks of an office are (printed, spoiled, issued, lost, found, destroyed); return the movement.

    Raises Unlawful when rules.LAWFUL has no such change, and UnknownBox, BoxAlreadyDispatched, BlankElsewhere,
    BoxNotOpened, BoxAlreadyOpened, BlankNotInCondition, KeyReused.
    """
    rules.check_lawful(kind, before, after)
    draft = Draft(
        kind=kind,
        before=before,
        after=after,
        from_office=office,
        to_office=office,
        lines=rules.check_lines(lines),
        key=Key(*key),
        by=by,
        at=at,
        papers=dict(papers or {}),
        reason=reason,
    )
    operation = f"custody.{kind}"
    _send(operation, "change.sql", [draft], by=by, at=at, reason=reason, subject=_subject([draft], office))
    return draft.movement


def next_blanks(*, office: str, wanted: int) -> tuple[tuple[Line, bool], ...]:
    """The next good blanks of an office and whether their box is still sealed, the oldest first.

    Fewer when the office holds fewer. Their boxes stay locked until the transaction ends.
    """
    with connection.cursor() as cursor:
        cursor.execute(sql.text(__package__, "next_blanks.sql"), {"office": office, "wanted": wanted})
        return tuple((Line(*row[:4]), row[4]) for row in cursor.fetchall())


def _settle(operation: str, rows: list[dict[str, object]], *, by: str, at: datetime) -> None:
    if not rows:
        return
    facts = Facts.of({"custody_movement_phase": rows})
    _call(
        "settle.sql",
        {
            "phases": Jsonb([_plain(row) for row in rows]),
            "operation": operation,
            "by": by,
            "at": at,
            "row_count": facts.count,
            "root": facts.root,
            "reason": str(rows[0]["reason"]),
            "subject": Jsonb({"movements": len(rows), "first": rows[0]["movement"]}),
        },
    )


def _send(
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
    lines = [(draft.movement, *line) for draft in drafts for line in draft.lines]
    movement, series, box_no, first, last = (list(column) for column in zip(*lines, strict=True))
    _call(
        file,
        {
            "movements": Jsonb([_plain(draft.movement_row()) for draft in drafts]),
            "movement": movement,
            "series": series,
            "box_no": box_no,
            "first": first,
            "last": last,
            "phases": Jsonb([_plain(row) for row in ended]),
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


def _call(file: str, values: dict[str, Any]) -> int:
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
            known = rules.REFUSALS.get(state) or rules.CONSTRAINTS.get(constraint)
            if known is None:
                raise
            raise known((diag and diag.message_primary) or "", mend=_mend(diag)) from error
    raise AssertionError("the last try returns or raises")


def _try_once(file: str, values: dict[str, Any]) -> int:
    with atomic(), connection.cursor() as cursor:
        cursor.execute(sql.text(__package__, file), values)
        return int(cursor.fetchone()[0])


def _mend(diag: Any) -> str:
    return diag.message_hint or diag.message_detail or ""


def _plain(row: dict[str, object]) -> dict[str, object]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}


def _subject(drafts: Sequence[Draft], office: str) -> dict[str, object]:
    return {
        "office": office,
        "movements": len(drafts),
        "first": drafts[0].movement,
        "blanks": sum(draft.quantity for draft in drafts),
    }
