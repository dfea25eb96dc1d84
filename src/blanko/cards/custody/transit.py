"""How a consignment travels and who answers for it; what a receiver may find wrong. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from blanko.cards.custody.rules import Condition, Kind, Line, lines_of_serials
from blanko.kernel.boxes import BlankSerial, BoxId
from blanko.kernel.errors import BlankoError, InvalidValue

# A consignment without legs is overdue after this many days: the contract of 2017 counts 14 to the farthest office.
DUE_DAYS: Final = 14
# Who carries what a round sends, until a courier is named on its surat jalan.
UNNAMED_COURIER: Final = "courier of the directorate"


class Mode(StrEnum):
    """How blanks travel on a leg."""

    COURIER = "courier"
    OFFICER = "officer"
    COLLECTION = "collection"


class DiscrepancyKind(StrEnum):
    """What may differ between the papers and what arrived. The list is closed; the database keeps it."""

    SHORT = "short"
    BROKEN_SEAL = "broken_seal"
    WRONG_SEAL = "wrong_seal"
    DAMAGED = "damaged"
    SURPLUS = "surplus"
    UNKNOWN_SERIAL = "unknown_serial"
    WRONG_OFFICE = "wrong_office"
    WRONG_PAPERS = "wrong_papers"


class Resolution(StrEnum):
    """How a discrepancy ends."""

    FOUND = "found"
    SENT_ON = "sent_on"
    SENT_BACK = "sent_back"
    ACCEPTED = "accepted"
    WRITTEN_OFF = "written_off"
    PAPERS_MENDED = "papers_mended"


# Blanks of the consignment that did not come: missing at the sender's. Or that nobody may use before they are examined.
NOT_HERE: Final = frozenset({DiscrepancyKind.SHORT})
TO_EXAMINE: Final = frozenset({DiscrepancyKind.BROKEN_SEAL, DiscrepancyKind.WRONG_SEAL, DiscrepancyKind.DAMAGED})
OF_THE_CONSIGNMENT: Final = NOT_HERE | TO_EXAMINE


class LegIncomplete(BlankoError, ValueError):
    """A leg does not say who carries, who answers, or by when it ends."""


class NotOfThisConsignment(BlankoError, ValueError):
    """A discrepancy names blanks that the movement does not bring."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One stretch of the way. ``answerable`` answers for the blanks on it until the next one has signed.

    A collection is made by the receiving office's own officer: it names the letter of assignment (surat tugas) and
    what was checked of the officer's identity.
    """

    mode: Mode
    from_place: str
    to_place: str
    carrier: str
    answerable: str
    due_at: datetime
    seals: Sequence[str] = ()
    assignment_no: str = ""
    identity_checked: str = ""


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """What a receiver found wrong. ``owner`` is the officer or carrier who has to explain it; else who sent it.

    ``line`` is set for blanks of the consignment; ``identifier`` is what was read or written on what is not of it.
    """

    kind: DiscrepancyKind
    owner: str = ""
    line: Line | None = None
    identifier: str = ""
    note: str = ""


class Counted(NamedTuple):
    """What scanning a consignment showed: its lines that were not seen, and what was seen and is not of it."""

    not_seen: tuple[Line, ...]
    not_of_it: tuple[str, ...]
    seen_twice: tuple[str, ...]


def check_legs(legs: Sequence[Leg], *, at: datetime, from_office: str, to_office: str) -> tuple[Leg, ...]:
    """The legs, if they lead from one office to the other, each with an answerable person. Raises LegIncomplete."""
    place, since = from_office, at
    for number, leg in enumerate(legs, 1):
        for name, value in (("carrier", leg.carrier), ("answerable", leg.answerable), ("to_place", leg.to_place)):
            if not value.strip():
                raise LegIncomplete("leg {number} has no {name}", mend="fill it in", number=number, name=name)
        if leg.from_place != place:
            raise LegIncomplete(
                "leg {number} starts at {start}, the way is at {place}",
                mend="let each leg start where the one before ends",
                number=number,
                start=leg.from_place,
                place=place,
            )
        if leg.due_at <= since:
            raise LegIncomplete(
                "leg {number} would end before it starts", mend="give a later due time", number=number
            )  # fmt: skip
        if leg.mode is Mode.COLLECTION and not (leg.assignment_no.strip() and leg.identity_checked.strip()):
            raise LegIncomplete(
                "leg {number}: a collection names its letter of assignment and what was checked of the officer",
                mend="write the number of the surat tugas and the document that was seen",
                number=number,
            )
        place, since = leg.to_place, leg.due_at
    if legs and place != to_office:
        raise LegIncomplete(
            "the legs end at {place}, not at {to_office}", mend="add the last leg", place=place, to_office=to_office
        )
    return tuple(legs)


def leg_rows(movement: str, legs: Iterable[Leg]) -> list[dict[str, object]]:
    """The sealed columns of custody_leg."""
    return [
        {
            "movement": movement,
            "leg": number,
            "mode": str(leg.mode),
            "from_place": leg.from_place,
            "to_place": leg.to_place,
            "carrier": leg.carrier,
            "answerable": leg.answerable,
            "assignment_no": leg.assignment_no,
            "identity_checked": leg.identity_checked,
            "seals": list(leg.seals),
            "due_at": leg.due_at,
        }
        for number, leg in enumerate(legs, 1)
    ]


def check_discrepancies(found: Iterable[Discrepancy], lines: Sequence[Line]) -> tuple[Discrepancy, ...]:
    """The discrepancies in order, if their blanks are of the consignment. Raises NotOfThisConsignment, InvalidValue."""
    ordered = sorted(found, key=lambda d: (d.line or Line("", 0, 0, 0), d.kind, d.identifier))
    before: Line | None = None
    for item in ordered:
        if not item.owner.strip():
            raise InvalidValue("a discrepancy has no owner", mend="name who has to explain it")
        if item.kind not in OF_THE_CONSIGNMENT:
            if not item.identifier.strip():
                raise InvalidValue("a discrepancy names nothing", mend="write what was read on it")
            continue
        line = item.line
        if line is None or not any(
            line[:2] == own[:2] and own.first <= line.first <= line.last <= own.last for own in lines
        ):
            raise NotOfThisConsignment(
                "{named} is not of this consignment",
                mend="name boxes or blanks of its packing list",
                named=line.box if line else item.identifier or item.kind,
            )
        if before is not None and before[:2] == line[:2] and before.last >= line.first:
            raise NotOfThisConsignment(
                "{box}: blank {first} stands in two discrepancies",
                mend="name each blank once",
                box=line.box,
                first=line.first,
            )
        before = line
    return tuple(ordered)


def changes(found: Iterable[Discrepancy], condition: Condition) -> dict[tuple[Kind, Condition], tuple[Line, ...]]:
    """The movements that follow from discrepancies, as (kind, condition after) -> lines."""
    made: dict[tuple[Kind, Condition], list[Line]] = {}
    for item in found:
        if item.line is None:
            continue
        if item.kind in NOT_HERE:
            made.setdefault((Kind.SHORTAGE, Condition.MISSING), []).append(item.line)
        elif item.kind in TO_EXAMINE and condition is Condition.GOOD:
            made.setdefault((Kind.QUARANTINE, Condition.QUARANTINED), []).append(item.line)
    return {key: tuple(sorted(lines)) for key, lines in made.items()}


def compare(lines: Sequence[Line], scans: Iterable[str]) -> Counted:
    """Set what was scanned beside what the papers bring. A box that is scanned is there as a whole line.

    Raises nothing: a scan that is no identifier is not of the consignment.
    """
    by_box: dict[BoxId, list[Line]] = {}
    for line in lines:
        by_box.setdefault(line.box, []).append(line)
    boxes: set[BoxId] = set()
    serials: set[BlankSerial] = set()
    strange: list[str] = []
    twice: list[str] = []
    for scan in scans:
        text = scan.strip().upper()
        if not text:
            continue
        item = _read(text)
        box = item.box if isinstance(item, BlankSerial) else item
        if item is None or box not in by_box or not _holds(by_box[box], item):
            (twice if text in strange else strange).append(text)
        elif item in boxes or item in serials:
            twice.append(text)
        elif isinstance(item, BlankSerial):
            serials.add(item)
        else:
            boxes.add(item)
    missing: list[Line] = []
    for box, own in by_box.items():
        if box in boxes:
            continue
        seen = {serial.position for serial in serials if serial.box == box}
        if not seen:
            missing += own
            continue
        unseen = [BlankSerial(box, n) for line in own for n in range(line.first, line.last + 1) if n not in seen]
        missing += lines_of_serials(unseen)
    return Counted(tuple(sorted(missing)), tuple(strange), tuple(twice))


def _read(text: str) -> BlankSerial | BoxId | None:
    for kind in (BlankSerial, BoxId):
        try:
            return kind.parse(text)
        except InvalidValue:
            continue
    return None


def _holds(lines: Sequence[Line], item: BlankSerial | BoxId) -> bool:
    return isinstance(item, BoxId) or any(line.first <= item.position <= line.last for line in lines)


def discrepancy_rows(
    movement: str, found: Sequence[Discrepancy], *, office: str, by: str, at: datetime
) -> list[dict[str, object]]:
    """The sealed columns of custody_discrepancy."""
    nothing = Line("", 0, 0, 0)
    return [
        {
            "movement": movement,
            "number": number,
            "kind": str(item.kind),
            **(item.line or nothing)._asdict(),
            "identifier": item.identifier,
            "owner": item.owner,
            "office": office,
            "note": item.note,
            "by": by,
            "at": at,
        }
        for number, item in enumerate(found, 1)
    ]
