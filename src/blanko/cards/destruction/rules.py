"""What may be destroyed, by whom and before whom; what stops it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple

from blanko.cards.custody.rules import Line, check_lines
from blanko.kernel.boxes import BlankSerial, BoxId
from blanko.kernel.errors import BlankoError, InvalidValue

PHOTO_BYTES_MAX: Final = 30 << 20
WITNESSES: Final = 2


class State(StrEnum):
    """Where a batch stands."""

    ASSEMBLED = "assembled"
    DESTROYED = "destroyed"
    CANCELLED = "cancelled"


class Step(StrEnum):
    """What is done with a batch."""

    ASSEMBLE = "assemble"
    DESTROY = "destroy"
    CANCEL = "cancel"


# (state before, step, state after); the database keeps the same table: destruction_lawful.
LAWFUL: Final[tuple[tuple[str, Step, State], ...]] = (
    ("", Step.ASSEMBLE, State.ASSEMBLED),
    (State.ASSEMBLED, Step.DESTROY, State.DESTROYED),
    (State.ASSEMBLED, Step.CANCEL, State.CANCELLED),
)


class Method(StrEnum):
    """How blanks are destroyed."""

    BURNED = "burned"
    SHREDDED = "shredded"
    CUT = "cut"
    MELTED = "melted"


class CardKind(StrEnum):
    """What was given back."""

    KTP_EL = "ktp_el"
    KTP_NASIONAL = "ktp_nasional"


class Target(StrEnum):
    """What a legal hold forbids to destroy."""

    BATCH = "batch"
    OFFICE = "office"
    BOX = "box"


class UnknownBatch(BlankoError, LookupError):
    """No batch has this name."""


class UnknownHold(BlankoError, LookupError):
    """No hold has this name."""


class BatchEnded(BlankoError):
    """The batch was destroyed or cancelled."""


class BatchNameTaken(BlankoError):
    """The key (device, sequence) named another batch or hold before."""


class NothingToDestroy(BlankoError):
    """A batch holds neither a spoiled blank nor an old card."""


class NotSpoiled(BlankoError):
    """A blank of the batch is not spoiled at this office, or is not known."""


class InAnotherBatch(BlankoError):
    """A blank or an old card lies in another batch."""


class OldCardUnknown(BlankoError):
    """No old card of this office has this number."""


class OldCardTwice(BlankoError):
    """The number or the serial of an old card was registered before, with other content."""


class OldCardNotIssued(BlankoError):
    """An old card is a blank of this system that the book does not have in a holder's hand."""


class WitnessesMissing(BlankoError):
    """A destruction needs two witnesses of different bodies."""


class WitnessUnfit(BlankoError, ValueError):
    """A witness has no name, body or identity paper, was named before, or is who destroys."""


class PhotographMissing(BlankoError):
    """A destruction needs a photograph."""


class NoPhotograph(BlankoError, ValueError):
    """The file is no photograph that can be kept."""


class CountedOtherwise(BlankoError):
    """What was counted before the witnesses is not what the batch holds: nothing is destroyed."""


class PaperNumberMissing(BlankoError, ValueError):
    """A destruction needs the number of its Berita Acara, which no other one has."""


class Held(BlankoError):
    """A legal hold forbids the destruction."""


class TwoOfficersNeeded(BlankoError):
    """A hold is set, and lifted, by two different officers."""


class HoldLifted(BlankoError):
    """The hold was lifted before."""


class ReasonMissing(BlankoError, ValueError):
    """A hold, its end, or the end of a batch needs a reason."""


# Constraint of the database -> error: what two persons did at the same moment.
CONSTRAINTS: Final[dict[str, type[BlankoError]]] = {
    "destruction_blank_once": InAnotherBatch,
    "destruction_batch_card_pkey": InAnotherBatch,
    "destruction_batch_pkey": BatchNameTaken,
    "destruction_hold_pkey": BatchNameTaken,
    "destruction_hold_lifted_pkey": HoldLifted,
    "destruction_step_pkey": BatchEnded,
    "destruction_step_before": BatchEnded,
    "destruction_held": Held,
    "destruction_paper_no_once": PaperNumberMissing,
    "destruction_witness_once": WitnessUnfit,
    "destruction_old_card_pkey": OldCardTwice,
    "destruction_old_card_once": OldCardTwice,
}
_SERIALS = re.compile(r"(?P<serial>.+-[0-9]{6}-[0-9]{4})(?:\s*\.\.\s*(?P<last>[0-9]{4}))?")


@dataclass(frozen=True, slots=True)
class WitnessGiven:
    """A witness, with the paper that showed who it is."""

    name: str
    body: str
    title: str = ""
    identity: str = ""

    @property
    def name_key(self) -> str:
        return folded(self.name)

    @property
    def body_key(self) -> str:
        return folded(self.body)


class Spoiled(NamedTuple):
    """Blanks that lie spoiled at an office, since when, why, and in which batch ('' in none)."""

    series: str
    box_no: int
    first: int
    last: int
    office: str
    lot: str
    batch: str
    since: date | None
    reason: str
    by: str

    @property
    def quantity(self) -> int:
        return self.last - self.first + 1

    def age(self, today: date) -> int | None:
        """Days for which they lie there."""
        return None if self.since is None else (today - self.since).days


def folded(text: str) -> str:
    """A name without case, accents of spacing and punctuation: "Polres, Kota " and "polres kota" are one."""
    return " ".join(re.sub(r"[^\w]+", " ", text.casefold()).split())


def parse_lines(texts: Iterable[str]) -> tuple[Line, ...]:
    """Serials (PB17-000042-0007) and ranges (PB17-000042-0007..0020) as lines. Raises InvalidValue, LineTwice."""
    found = []
    for text in texts:
        parts = _SERIALS.fullmatch(text.strip().upper())
        if parts is None:
            raise InvalidValue(
                "{text} names no blanks", mend="write PB17-000042-0007 or PB17-000042-0007..0020", text=repr(text)
            )
        serial = BlankSerial.parse(parts["serial"])
        last = int(parts["last"]) if parts["last"] else serial.position
        found.append(Line(serial.box.series, serial.box.number, serial.position, last))
    return check_lines(found) if found else ()


def written(line: Sequence[object]) -> str:
    """A line as people write it, the way ``parse_lines`` reads it."""
    series, number, first, last = str(line[0]), int(str(line[1])), int(str(line[2])), int(str(line[3]))
    serial = str(BlankSerial(BoxId(series, number), first))
    return serial if first == last else f"{serial}..{last:04d}"


def check_step(state: str, step: Step) -> State:
    """The state after a step. Raises BatchEnded when the table has no such step."""
    for before, allowed, after in LAWFUL:
        if (before, allowed) == (state, step):
            return after
    raise BatchEnded("the batch was {state} before", mend="assemble another batch", state=state)


def check_witness(witness: WitnessGiven, *, others: Iterable[WitnessGiven], destroys: str) -> None:
    """Raises WitnessUnfit. ``destroys`` is the name of who answers for the batch: nobody witnesses what one does."""
    for name, value in (("name", witness.name_key), ("body", witness.body_key), ("identity", witness.identity.strip())):
        if not value:
            raise WitnessUnfit("a witness has no {name}", mend="write it down", name=name)
    if witness.name_key == folded(destroys):
        raise WitnessUnfit("{name} destroys the batch", mend="name somebody else", name=witness.name)
    if any(witness.name_key == other.name_key for other in others):
        raise WitnessUnfit("{name} is a witness already", mend="name another person", name=witness.name)


def two_bodies(witnesses: Sequence[WitnessGiven]) -> tuple[int, int]:
    """The places of two witnesses of different bodies, the first that there are. Raises WitnessesMissing."""
    for second, later in enumerate(witnesses):
        for first, earlier in enumerate(witnesses[:second]):
            if earlier.body_key != later.body_key:
                return first, second
    raise WitnessesMissing(
        "{named} witnesses of {bodies} bodies are named",
        mend="name two witnesses of different bodies, for example the police and the inspectorate",
        named=len(witnesses),
        bodies=len({witness.body_key for witness in witnesses}),
    )


def check_two_officers(by: str, second: str, known: Iterable[str]) -> None:
    """Raises TwoOfficersNeeded when they are one, or when one of them is no active officer."""
    officers = set(known)
    if by == second or by not in officers or second not in officers:
        raise TwoOfficersNeeded("a hold is not one person's", mend="name a second active officer")


def photograph_media(start: bytes, size: int) -> str:
    """The media type of a picture by its first bytes. Raises NoPhotograph."""
    if size > PHOTO_BYTES_MAX:
        raise NoPhotograph("the photograph is larger than 30 MB", mend="save it smaller")
    for magic, media in ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png")):
        if start.startswith(magic):
            return media
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "image/webp"
    if start[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1"):
        return "image/heic"
    raise NoPhotograph("the file is no photograph", mend="use JPEG, PNG, WebP or HEIC")
