"""Move blanks and change what they are. Each call is one event and one server round trip, and is applied once.

A call that is refused changes nothing and raises the error of rules.py that names the reason. A call whose key was
applied before, by a message that came twice, changes nothing and returns as the first one did.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db import connection

from blanko.cards.custody import ledger, queries, rules
from blanko.cards.custody.drafts import Consignment, Draft, phase_row
from blanko.cards.custody.rules import CENTRE, Condition, Key, Kind, Line, Phase, Receipt
from blanko.cards.custody.transit import Leg, check_legs
from blanko.ground.database import sql


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
    ledger.send(
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
    kind: Kind = Kind.DISPATCH,
    condition: Condition = Condition.GOOD,
    legs: Sequence[Leg] = (),
) -> str:
    """Send blanks to another office and return the movement, which is pending until it is settled.

    Lines are whole sealed boxes, or blanks of opened ones. ``kind`` is a dispatch, a loan to a regency of the same
    province, or the transfer of printed cards; ``legs`` say who carries and answers on the way (a collection by the
    receiver's own officer is a leg too). Raises LegIncomplete, UnknownBox, BoxAlreadyDispatched, BlankElsewhere,
    BoxNotOpened, BlankNotInCondition (in this order), KeyReused, Unlawful (the same office at both ends).
    """
    sent = Consignment(to_office, consignment, Key(*key), dict(papers or {}), legs)
    return dispatch_many(consignments=[sent], from_office=from_office, by=by, at=at, kind=kind, condition=condition)[0]


def dispatch_many(
    *,
    consignments: Iterable[Consignment],
    from_office: str,
    by: str,
    at: datetime,
    kind: Kind = Kind.DISPATCH,
    condition: Condition = Condition.GOOD,
) -> tuple[str, ...]:
    """Send consignments to many offices in one event, all or none of them; return their movements in order.

    Raises as dispatch does.
    """
    if kind not in rules.BETWEEN_OFFICES - {Kind.RETURN}:
        raise rules.Unlawful("{kind} does not send blanks", mend="send them as dispatch, loan or transfer", kind=kind)
    rules.check_lawful(kind, condition, condition)
    drafts = [
        Draft(
            kind=kind,
            before=condition,
            after=condition,
            from_office=from_office,
            to_office=sent.to_office,
            lines=rules.check_lines(sent.lines),
            key=Key(*sent.key),
            by=by,
            at=at,
            papers=dict(sent.papers),
            legs=check_legs(sent.legs, at=at, from_office=from_office, to_office=sent.to_office),
        )
        for sent in consignments
    ]
    if not drafts:
        return ()
    # A blank in two consignments of one call is refused before anything is sent.
    rules.check_lines(line for draft in drafts for line in draft.lines)
    ledger.send(f"custody.{kind}", "dispatch.sql", drafts, by=by, at=at, subject=ledger.subject_of(drafts, from_office))
    return tuple(draft.movement for draft in drafts)


def receive(*, movement: str, by: str, at: datetime, papers: Mapping[str, object] | None = None) -> None:
    """Take over a movement where it was sent. Raises UnknownMovement, MovementSettled, SamePersonBothEnds."""
    receive_many(receipts=[Receipt(movement, by, dict(papers or {}))], by=by, at=at)


def receive_many(*, receipts: Iterable[Receipt], by: str, at: datetime) -> int:
    """Post movements, each taken over by its own receiver, all or none; return how many. Raises as receive does."""
    rows = [
        phase_row(receipt.movement, Phase.POSTED, by=receipt.by, at=at, papers=dict(receipt.papers))
        for receipt in receipts
    ]
    ledger.settle("custody.receive", rows, by=by, at=at)
    return len(rows)


def void(*, movement: str, reason: str, by: str, at: datetime) -> None:
    """End a movement that never left: its blanks are with the sender. Raises UnknownMovement, MovementSettled."""
    ledger.settle("custody.void", [phase_row(movement, Phase.VOIDED, by=by, at=at, reason=reason)], by=by, at=at)


def return_to_sender(*, movement: str, reason: str, key: Key, by: str, at: datetime) -> str:
    """Send a pending movement back where it came from; return the new movement, which the sender's office receives.

    Raises UnknownMovement, MovementSettled, KeyReused.
    """
    sent = queries.pending(movement)
    draft = Draft(
        kind=Kind.RETURN,
        before=sent.condition,
        after=sent.condition,
        from_office=sent.to_office,
        to_office=sent.from_office,
        lines=sent.lines,
        key=Key(*key),
        by=by,
        at=at,
        return_of=movement,
        reason=reason,
    )
    ended = phase_row(movement, Phase.RETURNED, by=by, at=at, reason=reason)
    ledger.send(
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


def open_boxes(
    *, boxes: Iterable[tuple[str, int]], office: str, key: Key, by: str, at: datetime,
    condition: Condition = Condition.GOOD,
) -> str:  # fmt: skip
    """Break the seals of several boxes of an office in one movement; raises as open_box does.

    Boxes in quarantine, or that were written off, are opened as what they are when a count finds them open.
    """
    lines = queries.box_lines(boxes)
    return change(
        kind=Kind.OPENING, before=condition, after=condition, lines=lines, office=office, key=key, by=by, at=at
    )  # fmt: skip


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
    corrects: str = "",
) -> str:
    """Change what blanks of an office are (printed, spoiled, quarantined, lost, found, ...); return the movement.

    A correction names the movement that it corrects. Raises Unlawful when rules.LAWFUL has no such change, and
    ReasonMissing, UnknownBox, BoxAlreadyDispatched, BlankElsewhere, BoxNotOpened, BoxAlreadyOpened,
    BlankNotInCondition, KeyReused.
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
        return_of=corrects,
    )
    operation = f"custody.{kind}"
    ledger.send(
        operation, "change.sql", [draft], by=by, at=at, reason=reason, subject=ledger.subject_of([draft], office)
    )
    return draft.movement


def next_blanks(*, office: str, wanted: int) -> tuple[tuple[Line, bool], ...]:
    """The next good blanks of an office and whether their box is still sealed, the oldest first.

    Fewer when the office holds fewer. Their boxes stay locked until the transaction ends.
    """
    with connection.cursor() as cursor:
        cursor.execute(sql.text(__package__, "next_blanks.sql"), {"office": office, "wanted": wanted})
        return tuple((Line(*row[:4]), row[4]) for row in cursor.fetchall())
