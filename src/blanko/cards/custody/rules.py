"""What may move, and how; what is refused, and by which name. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final, NamedTuple

from blanko.kernel.boxes import BlankSerial, BoxId
from blanko.kernel.errors import BlankoError, InvalidValue

CENTRE: Final = "00"


class Condition(StrEnum):
    """What a blank is. Nothing leaves the book: a destroyed or missing blank keeps its row and its last office."""

    GOOD = "good"
    QUARANTINED = "quarantined"
    SPOILED = "spoiled"
    PERSONALISED = "personalised"
    ISSUED = "issued"
    DESTROYED = "destroyed"
    MISSING = "missing"


class Kind(StrEnum):
    """Why blanks move or change."""

    RECEIPT = "receipt"
    DISPATCH = "dispatch"
    LOAN = "loan"
    TRANSFER = "transfer"
    RETURN = "return"
    OPENING = "opening"
    QUARANTINE = "quarantine"
    RELEASE = "release"
    PERSONALISATION = "personalisation"
    SPOILAGE = "spoilage"
    ISSUANCE = "issuance"
    LOSS = "loss"
    SHORTAGE = "shortage"
    FINDING = "finding"
    CORRECTION = "correction"
    DESTRUCTION = "destruction"


class Phase(StrEnum):
    """A movement between offices is pending until it is posted, voided or returned; all others are posted at once."""

    PENDING = "pending"
    POSTED = "posted"
    VOIDED = "voided"
    RETURNED = "returned"


class Lawful(NamedTuple):
    """A kind, what the blanks are before (None: not ours yet) and after, and the phase in which it begins."""

    kind: Kind
    before: Condition | None
    after: Condition
    begins: Phase


_K, _C = Kind, Condition
# The database keeps the same table: custody_lawful. A movement that is not in it cannot be stored.
LAWFUL: Final[tuple[Lawful, ...]] = (
    Lawful(_K.RECEIPT, None, _C.GOOD, Phase.POSTED),
    # Spoiled blanks travel to where they are destroyed; quarantined ones to where they are examined.
    Lawful(_K.DISPATCH, _C.GOOD, _C.GOOD, Phase.PENDING),
    Lawful(_K.DISPATCH, _C.SPOILED, _C.SPOILED, Phase.PENDING),
    Lawful(_K.DISPATCH, _C.QUARANTINED, _C.QUARANTINED, Phase.PENDING),
    # Between two regencies of one province.
    Lawful(_K.LOAN, _C.GOOD, _C.GOOD, Phase.PENDING),
    # A printed card goes where its holder collects it.
    Lawful(_K.TRANSFER, _C.PERSONALISED, _C.PERSONALISED, Phase.PENDING),
    Lawful(_K.RETURN, _C.GOOD, _C.GOOD, Phase.PENDING),
    Lawful(_K.RETURN, _C.SPOILED, _C.SPOILED, Phase.PENDING),
    Lawful(_K.RETURN, _C.QUARANTINED, _C.QUARANTINED, Phase.PENDING),
    Lawful(_K.RETURN, _C.PERSONALISED, _C.PERSONALISED, Phase.PENDING),
    Lawful(_K.OPENING, _C.GOOD, _C.GOOD, Phase.POSTED),
    # A count found a seal broken, of a box that lies in quarantine or was written off whole.
    Lawful(_K.OPENING, _C.QUARANTINED, _C.QUARANTINED, Phase.POSTED),
    Lawful(_K.OPENING, _C.MISSING, _C.MISSING, Phase.POSTED),
    Lawful(_K.QUARANTINE, _C.GOOD, _C.QUARANTINED, Phase.POSTED),
    Lawful(_K.RELEASE, _C.QUARANTINED, _C.GOOD, Phase.POSTED),
    Lawful(_K.PERSONALISATION, _C.GOOD, _C.PERSONALISED, Phase.POSTED),
    Lawful(_K.SPOILAGE, _C.GOOD, _C.SPOILED, Phase.POSTED),
    Lawful(_K.SPOILAGE, _C.QUARANTINED, _C.SPOILED, Phase.POSTED),
    Lawful(_K.SPOILAGE, _C.PERSONALISED, _C.SPOILED, Phase.POSTED),
    Lawful(_K.ISSUANCE, _C.PERSONALISED, _C.ISSUED, Phase.POSTED),
    Lawful(_K.LOSS, _C.GOOD, _C.MISSING, Phase.POSTED),
    Lawful(_K.LOSS, _C.QUARANTINED, _C.MISSING, Phase.POSTED),
    Lawful(_K.LOSS, _C.SPOILED, _C.MISSING, Phase.POSTED),
    Lawful(_K.LOSS, _C.PERSONALISED, _C.MISSING, Phase.POSTED),
    # What a receiver did not get is missing at the sender's, who answers until somebody has signed for it.
    Lawful(_K.SHORTAGE, _C.GOOD, _C.MISSING, Phase.POSTED),
    Lawful(_K.SHORTAGE, _C.QUARANTINED, _C.MISSING, Phase.POSTED),
    Lawful(_K.SHORTAGE, _C.SPOILED, _C.MISSING, Phase.POSTED),
    Lawful(_K.SHORTAGE, _C.PERSONALISED, _C.MISSING, Phase.POSTED),
    Lawful(_K.FINDING, _C.MISSING, _C.GOOD, Phase.POSTED),
    Lawful(_K.FINDING, _C.MISSING, _C.QUARANTINED, Phase.POSTED),
    Lawful(_K.FINDING, _C.MISSING, _C.SPOILED, Phase.POSTED),
    Lawful(_K.FINDING, _C.MISSING, _C.PERSONALISED, Phase.POSTED),
    # A blank that was called spoiled by mistake; names the movement that it corrects.
    Lawful(_K.CORRECTION, _C.SPOILED, _C.GOOD, Phase.POSTED),
    Lawful(_K.DESTRUCTION, _C.SPOILED, _C.DESTROYED, Phase.POSTED),
    # An old card that its holder gave back.
    Lawful(_K.DESTRUCTION, _C.ISSUED, _C.DESTROYED, Phase.POSTED),
)
# Blanks that change into or out of these say why; the database refuses them without a reason.
NEEDS_REASON: Final = frozenset(
    {_K.QUARANTINE, _K.RELEASE, _K.SPOILAGE, _K.LOSS, _K.SHORTAGE, _K.FINDING, _K.CORRECTION, _K.RETURN}
)
BETWEEN_OFFICES: Final = frozenset({_K.DISPATCH, _K.LOAN, _K.TRANSFER, _K.RETURN})
# How a pending movement ends.
ENDS: Final[tuple[Phase, ...]] = (Phase.POSTED, Phase.VOIDED, Phase.RETURNED)


class UnknownBox(BlankoError):
    """No box of this series has this number here."""


class BoxReceivedTwice(BlankoError):
    """A box of the lot is in custody already."""


class LotNotAccepted(BlankoError):
    """The lot is unknown, held, or not accepted: nothing of it is stock."""


class BoxAlreadyDispatched(BlankoError):
    """The box is on its way already."""


class BlankElsewhere(BlankoError):
    """The box or blank is not at the office that would send or use it."""


class BoxNotOpened(BlankoError):
    """Part of a box was named, and the box is sealed."""


class BoxAlreadyOpened(BlankoError):
    """The box is opened: its blanks are named by their positions."""


class BlankNotInCondition(BlankoError):
    """A blank is not in the condition that the step starts from."""


class NotEnoughBlanks(BlankoError):
    """An office holds fewer blanks than the step needs."""


class UnknownMovement(BlankoError):
    """No movement has this key."""


class MovementSettled(BlankoError):
    """The movement was posted, voided or returned before."""


class SamePersonBothEnds(BlankoError):
    """Whoever sent a consignment cannot receive it."""


class KeyReused(BlankoError):
    """The key (device, sequence) named another movement before."""


class LineTwice(BlankoError, ValueError):
    """A blank stands in two lines of one operation."""


class EmptyMovement(BlankoError, ValueError):
    """A movement has no lines."""


class Unlawful(BlankoError):
    """No row of the table of lawful movements allows this."""


class ReasonMissing(BlankoError):
    """Blanks that are lost, found, spoiled, quarantined, released or corrected need a reason."""


class UnknownDiscrepancy(BlankoError, LookupError):
    """No discrepancy has this number."""


class DiscrepancyResolved(BlankoError):
    """The discrepancy was resolved before."""


class SameOfficerResolves(BlankoError):
    """Whoever reported a discrepancy cannot resolve it."""


class BlankPrinted(BlankoError):
    """A card was printed on the blank: it is never good again."""


class NothingHeld(BlankoError):
    """Neither a movement nor a box bears on this identifier."""


# SQLSTATE -> error. The functions check in this order, so that of several reasons always the same one is named.
REFUSALS: Final[dict[str, type[BlankoError]]] = {
    "BL501": KeyReused,
    "BL502": UnknownMovement,
    "BL503": MovementSettled,
    "BL504": UnknownBox,
    "BL505": BoxAlreadyDispatched,
    "BL506": BlankElsewhere,
    "BL507": BoxNotOpened,
    "BL508": BoxAlreadyOpened,
    "BL509": BlankNotInCondition,
    "BL510": NotEnoughBlanks,
    "BL511": LotNotAccepted,
    "BL512": BoxReceivedTwice,
    "BL513": Unlawful,
    "BL514": ReasonMissing,
    "BL515": UnknownDiscrepancy,
    "BL516": DiscrepancyResolved,
    "BL517": BlankPrinted,
}
CONSTRAINTS: Final[dict[str, type[BlankoError]]] = {
    "custody_phase_two_persons": SamePersonBothEnds,
    "custody_phase_ends_once": MovementSettled,
    "custody_movement_lawful": Unlawful,
    "custody_movement_ends": Unlawful,
    "custody_balance_not_negative": NotEnoughBlanks,
    "custody_box_pkey": BoxReceivedTwice,
    "custody_line_pkey": LineTwice,
    "custody_discrepancy_two_persons": SameOfficerResolves,
    "custody_discrepancy_resolved_once": DiscrepancyResolved,
}
# Another transaction was in the way; the same call may succeed when it is tried again.
CONFLICTS: Final = frozenset({"40P01", "40001", "23P01"})
TRIES: Final = 5


class Key(NamedTuple):
    """Names a movement for ever: the device that asked, and its running number there."""

    device: str
    sequence: int

    @property
    def movement(self) -> str:
        return f"{self.device}:{self.sequence}"


class Line(NamedTuple):
    """Blanks ``first`` to ``last`` of one box. A whole sealed box is its positions 1 to its size."""

    series: str
    box_no: int
    first: int
    last: int

    @property
    def quantity(self) -> int:
        return self.last - self.first + 1

    @property
    def box(self) -> BoxId:
        return BoxId(self.series, self.box_no)


class Receipt(NamedTuple):
    """A person at the receiving office takes over one movement."""

    movement: str
    by: str
    papers: dict[str, object] = {}


def lines_of_serials(serials: Iterable[BlankSerial | str]) -> tuple[Line, ...]:
    """The fewest lines that hold exactly these blanks, in order. Raises LineTwice, InvalidValue."""
    parsed = sorted(s if isinstance(s, BlankSerial) else BlankSerial.parse(s) for s in serials)
    lines: list[Line] = []
    for serial in parsed:
        series, number, position = serial.box.series, serial.box.number, serial.position
        if lines and (lines[-1].series, lines[-1].box_no) == (series, number):
            if lines[-1].last == position:
                raise LineTwice("{serial} is named twice", mend="name each blank once", serial=serial)
            if lines[-1].last == position - 1:
                lines[-1] = lines[-1]._replace(last=position)
                continue
        lines.append(Line(series, number, position, position))
    return tuple(lines)


def check_lines(lines: Iterable[Line]) -> tuple[Line, ...]:
    """The lines in order. Raises EmptyMovement, InvalidValue (a backward line), LineTwice (a blank in two lines)."""
    ordered = tuple(sorted(lines))
    if not ordered:
        raise EmptyMovement("nothing is moved", mend="name at least one box or blank")
    before: Line | None = None
    for line in ordered:
        if not 1 <= line.first <= line.last:
            raise InvalidValue(
                "{box} {first} to {last} is no range",
                mend="give 1 <= first <= last",
                box=line.box,
                first=line.first,
                last=line.last,
            )
        if before is not None and before[:2] == line[:2] and before.last >= line.first:
            raise LineTwice(
                "{box}: blank {first} stands in two lines", mend="name each blank once", box=line.box, first=line.first
            )
        before = line
    return ordered


def conditions_of(kind: Kind | str, before: str | None = None, after: str | None = None) -> tuple[Condition, Condition]:
    """The conditions before and after that a change means, when a person names its kind and perhaps one of them.

    Of several a good blank is meant: one that was printed is named as such. Raises Unlawful.
    """
    fits = [
        row
        for row in LAWFUL
        if row.kind == kind
        and row.before is not None
        and before in (None, "", row.before)
        and after in (None, "", row.after)
    ]
    best = next((row for row in fits if Condition.GOOD in (row.before, row.after)), fits[0] if fits else None)
    if best is None or best.before is None:
        raise Unlawful("{kind} has no such conditions", mend="look up the table in docs/custody.md", kind=kind)
    return best.before, best.after


def check_lawful(kind: Kind, before: Condition | None, after: Condition) -> Lawful:
    """The row of the table that allows this. Raises Unlawful and names what the kind allows."""
    for row in LAWFUL:
        if row[:3] == (kind, before, after):
            return row
    allowed = ", ".join(f"{row.before or 'nothing'} to {row.after}" for row in LAWFUL if row.kind is kind)
    raise Unlawful(
        "{kind} does not make {before} into {after}",
        mend="allowed: {allowed}",
        kind=kind,
        before=before or "nothing",
        after=after,
        allowed=allowed,
    )
