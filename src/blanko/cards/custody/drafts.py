"""Movements that are ready to be sealed and sent to the database. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from hashlib import sha256

from blanko.cards.custody.rules import Condition, Key, Kind, Line, Phase, check_lawful
from blanko.cards.custody.transit import Leg, leg_rows
from blanko.ground.audit.merkle import canonical, leaf


@dataclass(frozen=True, slots=True)
class Consignment:
    """What goes to one office under one key. ``papers`` are plain JSON: surat jalan number, courier, seals, ..."""

    to_office: str
    lines: Sequence[Line]
    key: Key
    papers: dict[str, object] = field(default_factory=dict)
    legs: Sequence[Leg] = ()


@dataclass(frozen=True)
class Draft:
    """A movement that is ready to be sealed and sent to the database, with its rows in their canonical form."""

    kind: Kind
    before: Condition | None
    after: Condition
    from_office: str | None
    to_office: str
    lines: tuple[Line, ...]
    key: Key
    by: str
    at: datetime
    papers: dict[str, object] = field(default_factory=dict)
    lot: str = ""
    return_of: str = ""
    reason: str = ""
    legs: Sequence[Leg] = ()

    @property
    def movement(self) -> str:
        return self.key.movement

    @property
    def quantity(self) -> int:
        return sum(line.quantity for line in self.lines)

    @cached_property
    def movement_row(self) -> dict[str, object]:
        """The sealed columns of custody_movement. ``digest`` tells a repeated call from another one under its key."""
        row: dict[str, object] = {
            "movement": self.movement,
            "device": self.key.device,
            "sequence": self.key.sequence,
            "kind": str(self.kind),
            "condition_before": str(self.before or ""),
            "condition_after": str(self.after),
            "from_office": self.from_office or "",
            "to_office": self.to_office,
            "quantity": self.quantity,
            "lot": self.lot,
            "return_of": self.return_of,
            "papers": self.papers,
            "by": self.by,
            "at": self.at,
        }
        # The clock and the sender of a repeated message may differ; what it does may not.
        said = {name: value for name, value in row.items() if name not in ("at", "by", "papers")}
        row["digest"] = sha256(
            canonical("movement", {**said, "lines": [list(line) for line in self.lines]})
        ).hexdigest()
        return row

    def begin_row(self) -> dict[str, object]:
        """The sealed columns of the first phase in custody_movement_phase."""
        begins = check_lawful(self.kind, self.before, self.after).begins
        return phase_row(self.movement, begins, by=self.by, at=self.at, reason=self.reason)

    def leg_rows(self) -> list[dict[str, object]]:
        """The sealed columns of custody_leg, in order."""
        return leg_rows(self.movement, self.legs)

    def leaves(self) -> list[bytes]:
        """The leaf hashes of all rows that this movement adds to the journal."""
        movement = self.movement
        found = [leaf("custody_movement", self.movement_row), leaf("custody_movement_phase", self.begin_row())]
        found += [leaf("custody_movement_line", {"movement": movement, **line._asdict()}) for line in self.lines]
        found += [leaf("custody_leg", row) for row in self.leg_rows()]
        return found


def phase_row(
    movement: str,
    phase: Phase,
    *,
    by: str,
    at: datetime,
    reason: str = "",
    papers: dict[str, object] | None = None,
) -> dict[str, object]:
    """The sealed columns of a row of custody_movement_phase."""
    return {"movement": movement, "phase": str(phase), "by": by, "at": at, "reason": reason, "papers": papers or {}}
