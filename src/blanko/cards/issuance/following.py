"""Cards follow their blanks: what custody lost, spoiled or took over is written down for the cards that wait.

Custody is a lower room and knows no cards. Whoever writes a loss, closes a count or takes a consignment over there lets
the cards of that office follow; the nightly run lets all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.transaction import atomic
from django.utils import timezone

from blanko.cards.custody import queries as custody
from blanko.cards.issuance import comparing, operations, printing
from blanko.cards.issuance.comparing import Astray
from blanko.cards.issuance.keeping import Row, Sheet, called
from blanko.cards.issuance.rules import CardOnTheWay, CardState, Step


@dataclass(frozen=True, slots=True)
class Followed:
    """Serials of cards whose persons are owed a card again, and how many shipped cards were found arrived."""

    lost: tuple[str, ...] = ()
    spoiled: tuple[str, ...] = ()
    arrived: int = 0


def follow(*, by: str, at: datetime, office: str | None = None) -> Followed:
    """Let the cards of an office (or all) follow their blanks; running it again changes nothing.

    A card whose blank is missing was lost, one whose blank is spoiled is spoiled: the blank is accounted for, and the
    person is owed a card at the same place of the queue. Of a card whose blank is anything else nothing is known here:
    it stays for the reconcile, which names it.
    """
    with atomic():
        gone = [card for card in comparing.astray(office=office) if _became(card)]
        if not gone:
            return Followed()
        arrived = 0
        for movement in sorted({m for card in gone if (m := _taken_over(card))}):
            try:
                arrived += operations.arrive(movement=movement, by=by, at=at)
            except CardOnTheWay:
                # Its spoiled blanks have been sent on: they are written down when they are somewhere.
                gone = [card for card in gone if _taken_over(card) != movement]
        lost = [card for card in gone if _became(card) is Step.LOST]
        spoiled = [card for card in gone if _became(card) is Step.SPOILED]
        _end(lost, Step.LOST, by=by, at=at)
        _end(spoiled, Step.SPOILED, by=by, at=at)
        return Followed(tuple(c.serial for c in lost), tuple(c.serial for c in spoiled), arrived)


def _became(card: Astray) -> Step | None:
    if card.state is CardState.IN_PRINTER:
        # A job ends by what its printer says (fail_job), which accounts for the blank.
        return None
    return {"missing": Step.LOST, "spoiled": Step.SPOILED}.get(card.book_condition)


def _taken_over(card: Astray) -> str:
    """The movement of a shipped card that was taken over before its blank was spoiled."""
    if card.state is not CardState.ON_THE_WAY or _became(card) is not Step.SPOILED:
        return ""
    row = called("SELECT movement FROM issuance_hold(%(serials)s)", {"serials": [card.serial]})
    return str(row[0]["movement"]) if row else ""


def _end(cards: list[Astray], step: Step, *, by: str, at: datetime) -> None:
    if not cards:
        return
    rows: list[Row] = called(
        "SELECT * FROM issuance_hold(%(serials)s)", {"serials": sorted(card.serial for card in cards)}
    )
    sheet, day = Sheet(), timezone.localtime(at).date()
    for row in rows:
        why = custody.way_of(row["serial"])[-1]
        reason = f"{why['reason']} ({why['movement']})".strip()
        sheet.step(
            row["serial"], step, seq=row["seq"] + 1, before=row["last"], office=row["office"], by=by, at=at,
            reason=reason,
        )  # fmt: skip
        printing.give_way(sheet, row["serial"], row["replaces"] or "", row["cause"])
        if not row.get("closed"):
            # It costs its person no place in the queue: it is print-ready since it first was.
            sheet.move(row, "PRINT_READY_RECORD", since=row["print_ready_since"] or day)
    sheet.keep(
        f"issuance.{step}", by=by, at=at, reason="the blank was written off in custody",
        subject={"cards": len(rows), "first": rows[0]["serial"]}, claims=rows,
    )  # fmt: skip
