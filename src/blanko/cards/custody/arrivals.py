"""Take a movement over as it really arrived: counted by scan, with each discrepancy owned until it is resolved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from psycopg.types.json import Jsonb

from blanko.cards.custody import ledger, queries, rules, transit
from blanko.cards.custody.drafts import Draft, phase_row
from blanko.cards.custody.rules import Key, Kind, Phase
from blanko.cards.custody.transit import Discrepancy, DiscrepancyKind, Resolution
from blanko.ground.audit.merkle import Facts, leaf
from blanko.kernel.errors import InvalidValue


def receive_found(
    *,
    movement: str,
    found: Iterable[Discrepancy],
    by: str,
    at: datetime,
    papers: Mapping[str, object] | None = None,
) -> tuple[Discrepancy, ...]:
    """Take over a movement with what was wrong; return the discrepancies as they are numbered, from 1.

    What did not come is missing at its sender's; boxes with a broken or wrong seal and damaged blanks are quarantined
    here; the rest is good. Sent twice, applied once. Raises UnknownMovement, MovementSettled, SamePersonBothEnds,
    NotOfThisConsignment, InvalidValue (nothing named), BoxNotOpened (part of a sealed box).
    """
    sent = queries.pending(movement)
    # Who sent it answers for what nobody was named for.
    owned = [item if item.owner.strip() else replace(item, owner=sent.by) for item in found]
    ordered = transit.check_discrepancies(owned, sent.lines)
    rows = [phase_row(movement, Phase.POSTED, by=by, at=at, papers=dict(papers or {}))]
    if not ordered:
        ledger.settle("custody.receive", rows, by=by, at=at)
        return ()
    drafts = [
        Draft(
            kind=kind,
            before=sent.condition,
            after=after,
            from_office=sent.to_office,
            to_office=sent.from_office if kind is Kind.SHORTAGE else sent.to_office,
            lines=rules.check_lines(lines),
            key=Key(f"arrival/{movement}", number),
            by=by,
            at=at,
            return_of=movement,
            reason=f"found on receipt of {movement}",
        )
        for number, ((kind, after), lines) in enumerate(sorted(transit.changes(ordered, sent.condition).items()), 1)
    ]
    told = transit.discrepancy_rows(movement, ordered, office=sent.to_office, by=by, at=at)
    leaves = [leaf("custody_movement_phase", row) for row in rows]
    leaves += [leaf("custody_discrepancy", row) for row in told]
    leaves += [found for draft in drafts for found in draft.leaves()]
    facts = Facts.of_leaves(leaves)
    ledger.call(
        "receive_found.sql",
        {
            "phases": Jsonb([ledger.plain(row) for row in rows]),
            "discrepancies": Jsonb([ledger.plain(row) for row in told]),
            **ledger.journal_values(drafts),
            "operation": "custody.receive_found",
            "by": by,
            "at": at,
            "row_count": facts.count,
            "root": facts.root,
            "reason": f"found on receipt of {movement}",
            "subject": Jsonb({"movement": movement, "discrepancies": len(told)}),
        },
    )
    return ordered


def receive_scanned(
    *,
    movement: str,
    scans: Iterable[str],
    by: str,
    at: datetime,
    papers: Mapping[str, object] | None = None,
    further: Sequence[Discrepancy] = (),
) -> tuple[Discrepancy, ...]:
    """Take over a movement by what was scanned: what was not seen is short, what is not of it is surplus or unknown.

    The sender has to explain what is short, the receiver what is too much. ``further`` are discrepancies that no scan
    shows (a broken seal, damage). Raises as receive_found does.
    """
    sent = queries.pending(movement)
    seen = transit.compare(sent.lines, scans)
    told = {item.line for item in further if item.line is not None}
    found = list(further)
    found += [Discrepancy(DiscrepancyKind.SHORT, sent.by, line) for line in seen.not_seen if line not in told]
    for text in seen.not_of_it:
        found.append(Discrepancy(_kind_of(text, sent.to_office), by, identifier=text))
    return receive_found(movement=movement, found=found, by=by, at=at, papers=papers)


def _kind_of(text: str, office: str) -> DiscrepancyKind:
    """What something is that came without papers: another office's consignment, another box of ours, or unknown."""
    try:
        places = queries.places(text)
    except InvalidValue:
        return DiscrepancyKind.UNKNOWN_SERIAL
    if not places:
        return DiscrepancyKind.UNKNOWN_SERIAL
    moving = {place["movement"] for place in places if place["movement"]}
    if moving and all(queries.pending(name).to_office != office for name in moving):
        return DiscrepancyKind.WRONG_OFFICE
    return DiscrepancyKind.SURPLUS


def hand_on(*, movement: str, number: int, owner: str, note: str, by: str, at: datetime) -> None:
    """Make somebody else answer for a discrepancy. Raises UnknownDiscrepancy, DiscrepancyResolved, InvalidValue."""
    if not owner.strip():
        raise InvalidValue("a discrepancy has no owner", mend="name who has to explain it")
    _step(movement, number, "handed_on", owner=owner, note=note, by=by, at=at)


def resolve(*, movement: str, number: int, as_: Resolution | str, note: str, by: str, at: datetime) -> None:
    """End a discrepancy, by somebody else than who reported it.

    It moves no blank: what was found or written off is a movement of its own, named in the note. Raises
    UnknownDiscrepancy, DiscrepancyResolved, SameOfficerResolves, InvalidValue (no note).
    """
    _step(movement, number, "resolved", resolution=str(Resolution(as_)), note=note, by=by, at=at)


def _step(
    movement: str, number: int, step: str, *, note: str, by: str, at: datetime, owner: str = "", resolution: str = ""
) -> None:
    if not note.strip():
        raise InvalidValue("the step has no note", mend="say what was found out")
    reported = [d for d in queries.discrepancies(movement=movement, resolved_too=True) if d["number"] == number]
    if not reported:
        raise rules.UnknownDiscrepancy(
            "there is no discrepancy {number} of {movement}",
            mend="look up the list of discrepancies",
            number=number,
            movement=movement,
        )
    row: dict[str, object] = {
        "movement": movement, "number": number, "reported_by": reported[0]["by"], "step": step, "owner": owner,
        "resolution": resolution, "note": note, "by": by, "at": at,
    }  # fmt: skip
    facts = Facts.of({"custody_discrepancy_step": [row]})
    ledger.call(
        "discrepancy_step.sql",
        {
            **row,
            "operation": f"custody.discrepancy_{step}",
            "row_count": facts.count,
            "root": facts.root,
            "reason": note,
            "subject": Jsonb({"movement": movement, "number": number}),
        },
    )
