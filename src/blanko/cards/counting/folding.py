"""Where the journal says that the blanks of one box are: its steps folded in order. Pure.

The book (boxes and ranges) is what custody's functions wrote; the fold is what the append-only journal says. Where both
differ, somebody wrote past the journal, and the last movement names who answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

PENDING, POSTED, VOIDED = "pending", "posted", "voided"
IN_TRANSIT = "in_transit"


class Piece(NamedTuple):
    """Blanks ``first`` to ``last`` of a box in one place: an office, or a movement that is under way.

    ``last_movement`` is the movement that put them there, ``sent_by`` and ``received_by`` are its two hands (the
    second is empty while it is under way, and when one person's step was enough).
    """

    first: int
    last: int
    office: str
    movement: str
    condition: str
    last_movement: str = ""
    sent_by: str = ""
    received_by: str = ""

    @property
    def place(self) -> tuple[str, str, str]:
        return self.office, self.movement, self.condition

    @property
    def quantity(self) -> int:
        return self.last - self.first + 1


class Gap(NamedTuple):
    """Neighbouring blanks whose places differ; None is nowhere."""

    first: int
    last: int
    journal: Piece | None
    book: Piece | None


def fold(steps: Iterable[Mapping[str, Any]]) -> list[Piece]:
    """The pieces of a box after these steps, by first position. ``steps`` as ``custody.queries.way_of`` gives them."""
    pieces: list[Piece] = []
    under_way: dict[str, str] = {}
    for step in steps:
        first, last, movement, phase = step["first"], step["last"], step["movement"], step["phase"]
        if phase == PENDING:
            under_way[movement] = step["by"]
            pieces = _laid(pieces, Piece(first, last, "", movement, step["before"], movement, step["by"]))
        elif movement not in under_way:
            pieces = _laid(pieces, Piece(first, last, step["to_office"], "", step["after"], movement, step["by"]))
        elif phase in (POSTED, VOIDED):
            office = step["to_office"] if phase == POSTED else step["from_office"]
            condition = step["after"] if phase == POSTED else step["before"]
            # Only what is still on this movement arrives: a shortage may have taken its blanks out of it before.
            for piece in [p for p in pieces if p.movement == movement and p.first <= last and p.last >= first]:
                low, high = max(first, piece.first), min(last, piece.last)
                hands = (movement, under_way[movement], step["by"])
                pieces = _laid(pieces, Piece(low, high, office, "", condition, *hands))
    return pieces


def _laid(pieces: Sequence[Piece], new: Piece) -> list[Piece]:
    """``new`` over the others: what of them it does not cover stays."""
    kept = []
    for piece in pieces:
        if piece.last < new.first or piece.first > new.last:
            kept.append(piece)
            continue
        if piece.first < new.first:
            kept.append(piece._replace(last=new.first - 1))
        if piece.last > new.last:
            kept.append(piece._replace(first=new.last + 1))
    return sorted([*kept, new])


def gaps(journal: Sequence[Piece], book: Sequence[Piece]) -> list[Gap]:
    """Where two accounts of one box differ, neighbours with the same difference joined."""
    cuts = sorted({p.first for p in (*journal, *book)} | {p.last + 1 for p in (*journal, *book)})
    found: list[Gap] = []
    for first, after in zip(cuts, cuts[1:], strict=False):
        said, kept = _at(journal, first), _at(book, first)
        if (said and said.place) == (kept and kept.place):
            continue
        before = found[-1] if found else None
        if before and before.last == first - 1 and (before.journal, before.book) == (said, kept):
            found[-1] = before._replace(last=after - 1)
        else:
            found.append(Gap(first, after - 1, said, kept))
    return found


def _at(pieces: Sequence[Piece], position: int) -> Piece | None:
    return next((piece for piece in pieces if piece.first <= position <= piece.last), None)
