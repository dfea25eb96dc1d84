"""Who is owed a card: one decision, by tables. Pure.

Source: UU 24/2013, Art. 63 (a card is owed from the age of 17 or from marriage); Permendagri 109/2019, F-1.02 (the
causes of an application). The set-based twin is sql/claims.sql; a property test shows that both decide alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

from blanko.records.registry.rules import Status as S

OBLIGED_AGE_YEARS: Final = 17


class State(StrEnum):
    """Where a claim stands. The backlog is always split by it: a blank clears ``print_ready`` and nothing else."""

    AWAITING_UNIQUENESS = "awaiting_uniqueness"
    ENROLMENT_FAILED = "enrolment_failed"
    DUPLICATE_CASE = "duplicate_case"
    NOT_YET_OBLIGED = "not_yet_obliged"
    NEEDS_CORRECTION = "needs_correction"
    PRINT_READY = "print_ready"
    PRINTED_UNCOLLECTED = "printed_uncollected"
    SUSPENDED_DECEASED = "suspended_deceased"
    SETTLED = "settled"


class Block(StrEnum):
    """Why a blank would not help yet."""

    AWAITING_UNIQUENESS = "awaiting_uniqueness"
    SEARCH_FAILED = "search_failed"
    ENROLMENT_FAILED = "enrolment_failed"
    ADJUDICATION = "adjudication"
    DUPLICATE_RECORD = "duplicate_record"
    NOT_YET_OBLIGED = "not_yet_obliged"
    NIK_CONTRADICTS = "nik_contradicts"
    NIK_SHARED = "nik_shared"
    DATA_MISSING = "data_missing"
    AT_THE_PRINTER = "at_the_printer"
    ON_ITS_WAY = "on_its_way"
    NOT_COLLECTED = "not_collected"
    DECEASED = "deceased"
    POSSIBLE_DOUBLE = "possible_double"


STAGE_OF_STATUS: Final[dict[S, tuple[State, Block | None]]] = {
    S.UNREGISTERED: (State.AWAITING_UNIQUENESS, Block.AWAITING_UNIQUENESS),
    S.BIO_CAPTURED: (State.AWAITING_UNIQUENESS, Block.AWAITING_UNIQUENESS),
    S.PROCESSING: (State.AWAITING_UNIQUENESS, Block.AWAITING_UNIQUENESS),
    S.SENT_FOR_ENROLLMENT: (State.AWAITING_UNIQUENESS, Block.AWAITING_UNIQUENESS),
    S.RECEIVED_AT_CENTRAL: (State.AWAITING_UNIQUENESS, Block.AWAITING_UNIQUENESS),
    S.SEARCH_FAILURE_AT_CENTRAL: (State.AWAITING_UNIQUENESS, Block.SEARCH_FAILED),
    S.ENROLL_FAILURE_AT_CENTRAL: (State.ENROLMENT_FAILED, Block.ENROLMENT_FAILED),
    S.ENROLL_FAILURE_AT_REGIONAL: (State.ENROLMENT_FAILED, Block.ENROLMENT_FAILED),
    S.ADJUDICATE_RECORD: (State.DUPLICATE_CASE, Block.ADJUDICATION),
    S.DUPLICATE_RECORD: (State.DUPLICATE_CASE, Block.DUPLICATE_RECORD),
    S.PRINT_READY_RECORD: (State.PRINT_READY, None),
    # A blank bears this person's name already, so that no further one is needed.
    S.SENT_FOR_CARD_PRINTING: (State.PRINTED_UNCOLLECTED, Block.AT_THE_PRINTER),
    S.CARD_PRINTED: (State.PRINTED_UNCOLLECTED, Block.NOT_COLLECTED),
    S.CARD_SHIPPED: (State.PRINTED_UNCOLLECTED, Block.ON_ITS_WAY),
    S.CARD_ISSUED: (State.SETTLED, None),
}

# Issue 2: such a record is kept with a warning, and a reason blocks print-ready. A card shows the NIK, so a wrong one
# spoils a scarce blank. Other warnings say something about the file, not
# about the card: intake's nik_repeated is also said of exact duplicates, who are one person here.
BLOCK_OF_WARNING: Final[dict[str, Block]] = {
    "nik_contradicts_birth_date": Block.NIK_CONTRADICTS,
    "nik_contradicts_sex": Block.NIK_CONTRADICTS,
    "nik_shared": Block.NIK_SHARED,
    "nik_missing": Block.DATA_MISSING,
    "name_missing": Block.DATA_MISSING,
    "sex_missing": Block.DATA_MISSING,
    "birth_date_missing": Block.DATA_MISSING,
    "birth_date_in_future": Block.DATA_MISSING,
    # A person judges whether another's earlier record is this person's too; until then no second card is made.
    "possible_double": Block.POSSIBLE_DOUBLE,
}

# Causes that ask for the card one does not have yet; every other cause asks for a new one in place of the old.
FIRST_CARD_CAUSES: Final = ("first_card", "turned_17")
# Whoever applies for these has held a card before.
LOST_CARD_CAUSES: Final = ("loss", "damage")
EVER_MARRIED: Final = ("KAWIN", "CERAI HIDUP", "CERAI MATI")


@dataclass(frozen=True, slots=True)
class Claimant:
    """A person's leading record, as far as the claim depends on it. ``issued_on``: the last card handed over."""

    status: S
    status_since: date
    birth_date: date | None
    recorded_on: date
    marital_status: str | None = None
    died_on: date | None = None
    warnings: frozenset[str] = frozenset()
    issued_on: date | None = None


@dataclass(frozen=True, slots=True)
class Application:
    """An application under the person's NIK."""

    cause: str
    applied_on: date
    event_date: date | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """What is owed. ``stage`` is where it stands apart from a death; ``state`` is where it stands.

    ``since`` is the first day on which the card was owed; ``print_ready_since`` the first on which a blank was all that
    it lacked, None while something else blocks it.
    """

    state: State
    stage: State
    cause: str
    since: date
    owed_from: date
    print_ready_since: date | None
    blocks: tuple[str, ...]

    @property
    def deceased(self) -> bool:
        return self.state is State.SUSPENDED_DECEASED


def birthday_17(birth_date: date) -> date:
    """The day on which someone comes of age; who is born on 29 February does so on 28 February.

    >>> birthday_17(date(2000, 2, 29))
    datetime.date(2017, 2, 28)
    """
    year = birth_date.year + OBLIGED_AGE_YEARS
    try:
        return birth_date.replace(year=year)
    except ValueError:
        return date(year, 2, 28)


def _owed_from(who: Claimant, applications: Sequence[Application]) -> tuple[date, str]:
    """The first day of the obligation, and what began it; the earliest of age, being married when recorded, and a
    marriage.
    """
    days = [] if who.birth_date is None else [(birthday_17(who.birth_date), "turned_17")]
    if who.marital_status in EVER_MARRIED:
        days.append((who.recorded_on, "marriage"))
    days.extend((a.event_date or a.applied_on, "marriage") for a in applications if a.cause == "marriage")
    if not days:
        # Of unknown age: counted with those who are owed a card, and blocked until the birth date is there.
        return who.recorded_on, "turned_17"
    # On one day age comes before marriage: it needs no paper.
    return min(days, key=lambda day: (day[0], day[1] != "turned_17"))


def decide(who: Claimant, applications: Sequence[Application], *, as_of: date) -> Claim:
    """The claim of one person as of a day. Applications after that day do not count yet.

    A new card is owed to a holder who applied after the day of issue for any cause but a first card; it is print-ready
    at once, because the holder was found unique before, and it keeps its cause until it is handed over. A death on
    or before the day suspends the claim and erases nothing.
    """
    known = [a for a in applications if a.applied_on <= as_of]
    owed_from, began = _owed_from(who, known)
    stage, status_block = STAGE_OF_STATUS[who.status]
    since = max(owed_from, who.recorded_on)
    cause = began if owed_from > who.recorded_on else "first_card"
    ready_since = max(who.status_since, owed_from)
    lost = [a for a in known if a.cause in LOST_CARD_CAUSES]
    blocks: set[str] = set() if status_block is None else {status_block}
    held_since = who.status_since if stage is State.SETTLED else who.issued_on
    again = [a for a in known if held_since and a.applied_on > held_since and a.cause not in FIRST_CARD_CAUSES]
    if again:
        first = min(again, key=lambda a: (a.applied_on, a.cause))
        cause = first.cause
        since = owed_from = first.applied_on
        ready_since = owed_from if stage is State.SETTLED else max(who.status_since, owed_from)
        stage = State.PRINT_READY if stage is State.SETTLED else stage
    elif lost and stage is not State.SETTLED:
        last = min(lost, key=lambda a: (-a.applied_on.toordinal(), a.cause))
        cause, since = last.cause, last.applied_on
    if stage not in (State.SETTLED, State.PRINTED_UNCOLLECTED):
        blocks |= {BLOCK_OF_WARNING[w] for w in who.warnings if w in BLOCK_OF_WARNING}
        if owed_from > as_of:
            blocks.add(Block.NOT_YET_OBLIGED)
            stage = State.NOT_YET_OBLIGED
        elif stage is State.PRINT_READY and Block.POSSIBLE_DOUBLE in blocks:
            stage = State.DUPLICATE_CASE
        elif stage is State.PRINT_READY and blocks:
            stage = State.NEEDS_CORRECTION
    state = stage
    if stage is not State.SETTLED and who.died_on is not None and who.died_on <= as_of:
        state = State.SUSPENDED_DECEASED
        blocks.add(Block.DECEASED)
    return Claim(
        state=state,
        stage=stage,
        cause=cause,
        since=since,
        owed_from=owed_from,
        print_ready_since=ready_since if stage is State.PRINT_READY else None,
        blocks=tuple(sorted(blocks)),
    )


@dataclass(frozen=True, slots=True)
class Backlog:
    """Claims of one area by state, in persons. Who is not recorded at all is no claim: that comes from counts.

    ``deceased`` counts the suspended claims by the stage at which the person died.
    """

    awaiting_uniqueness: int = 0
    duplicate_cases: int = 0
    print_ready: int = 0
    printed_uncollected: int = 0
    not_yet_obliged: int = 0
    needs_correction: int = 0
    enrolment_failed: int = 0
    suspended_deceased: int = 0
    deceased: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, counts: Mapping[tuple[str, str], int]) -> Backlog:
        """From counts of claims by (state, stage)."""
        by_field: dict[str, int] = {}
        deceased: dict[str, int] = {}
        for (state, stage), number in sorted(counts.items()):
            name = _field_of(state)
            by_field[name] = by_field.get(name, 0) + number
            if state == State.SUSPENDED_DECEASED:
                deceased[_field_of(stage)] = deceased.get(_field_of(stage), 0) + number
        return cls(**by_field, deceased=deceased)

    def with_deceased(self) -> dict[str, int]:
        """The same split as if nobody had died: the figures before deaths were known."""
        return {name: number + self.deceased.get(name, 0) for name, number in self.split().items()}

    def split(self) -> dict[str, int]:
        """The figures without the deceased, in the order in which they are shown."""
        return {name: getattr(self, name) for name in SPLIT}


SPLIT: Final = (
    "awaiting_uniqueness",
    "duplicate_cases",
    "print_ready",
    "printed_uncollected",
    "not_yet_obliged",
    "needs_correction",
    "enrolment_failed",
)


def _field_of(state: str) -> str:
    return "duplicate_cases" if state == State.DUPLICATE_CASE else str(state)


def queue_key(
    *, deadline: date | None, print_ready_since: date, recorded_office: str, record_id: str
) -> tuple[date, date, str, str]:
    """The published order of a queue: the regency's deadline (none comes last), print-ready since, then the record's
    key.
    """
    return (deadline or date.max, print_ready_since, record_id, recorded_office)
