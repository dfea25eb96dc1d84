"""What a record's status may become, and which of a person's records carries the card. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple

from blanko.kernel.errors import BlankoError, InvalidValue


class Status(StrEnum):
    """The statuses of SIAK, under the names that officers know. Death is no status: it is a fact of its
    own.
    """

    UNREGISTERED = "UNREGISTERED"
    BIO_CAPTURED = "BIO_CAPTURED"
    PROCESSING = "PROCESSING"
    SENT_FOR_ENROLLMENT = "SENT_FOR_ENROLLMENT"
    RECEIVED_AT_CENTRAL = "RECEIVED_AT_CENTRAL"
    ENROLL_FAILURE_AT_CENTRAL = "ENROLL_FAILURE_AT_CENTRAL"
    ENROLL_FAILURE_AT_REGIONAL = "ENROLL_FAILURE_AT_REGIONAL"
    SEARCH_FAILURE_AT_CENTRAL = "SEARCH_FAILURE_AT_CENTRAL"
    ADJUDICATE_RECORD = "ADJUDICATE_RECORD"
    DUPLICATE_RECORD = "DUPLICATE_RECORD"
    PRINT_READY_RECORD = "PRINT_READY_RECORD"
    SENT_FOR_CARD_PRINTING = "SENT_FOR_CARD_PRINTING"
    CARD_PRINTED = "CARD_PRINTED"
    CARD_SHIPPED = "CARD_SHIPPED"
    CARD_ISSUED = "CARD_ISSUED"


S: Final = Status

# "Without a status a record awaits uniqueness" (issue 2): the office has captured it, and nothing says it is
# unique.
STATUS_WHEN_NONE_IS_GIVEN: Final = S.SENT_FOR_ENROLLMENT


class Kind(StrEnum):
    """Why one status follows another.

    ``first``: a chain starts where the first file found the record. ``step``: work done here. ``observed``: a
    later file shows the result of steps taken elsewhere, or the same status with another date.
    """

    FIRST = "first"
    STEP = "step"
    OBSERVED = "observed"
    CORRECTION = "correction"


class Transition(NamedTuple):
    from_status: Status
    to_status: Status
    kind: Kind


_STEPS: Final[dict[Status, tuple[Status, ...]]] = {
    S.UNREGISTERED: (S.BIO_CAPTURED,),
    S.BIO_CAPTURED: (S.PROCESSING, S.SENT_FOR_ENROLLMENT),
    S.PROCESSING: (S.SENT_FOR_ENROLLMENT, S.ENROLL_FAILURE_AT_REGIONAL),
    S.SENT_FOR_ENROLLMENT: (S.RECEIVED_AT_CENTRAL, S.ENROLL_FAILURE_AT_CENTRAL),
    S.RECEIVED_AT_CENTRAL: (
        S.ENROLL_FAILURE_AT_CENTRAL,
        S.SEARCH_FAILURE_AT_CENTRAL,
        S.ADJUDICATE_RECORD,
        S.DUPLICATE_RECORD,
        S.PRINT_READY_RECORD,
    ),
    # A failed enrolment is captured again or sent again; a failed search is only searched again.
    S.ENROLL_FAILURE_AT_REGIONAL: (S.BIO_CAPTURED, S.PROCESSING),
    S.ENROLL_FAILURE_AT_CENTRAL: (S.BIO_CAPTURED, S.SENT_FOR_ENROLLMENT),
    S.SEARCH_FAILURE_AT_CENTRAL: (S.RECEIVED_AT_CENTRAL,),
    S.ADJUDICATE_RECORD: (S.DUPLICATE_RECORD, S.PRINT_READY_RECORD),
    # The person chose this record, and the other one is closed.
    S.DUPLICATE_RECORD: (S.ADJUDICATE_RECORD, S.PRINT_READY_RECORD),
    # An office that prints for itself sends nothing away. A double may be found late.
    S.PRINT_READY_RECORD: (
        S.SENT_FOR_CARD_PRINTING,
        S.CARD_PRINTED,
        S.ADJUDICATE_RECORD,
        S.DUPLICATE_RECORD,
    ),
    # A blank that spoils sends the record back into the queue; so does a card that is lost before its holder
    # has it.
    S.SENT_FOR_CARD_PRINTING: (S.CARD_PRINTED, S.PRINT_READY_RECORD),
    S.CARD_PRINTED: (S.CARD_SHIPPED, S.CARD_ISSUED, S.PRINT_READY_RECORD),
    S.CARD_SHIPPED: (S.CARD_ISSUED, S.PRINT_READY_RECORD),
    # A replacement (loss, damage, change) is printed for someone who holds a card; a second card is a double.
    S.CARD_ISSUED: (S.PRINT_READY_RECORD, S.SENT_FOR_CARD_PRINTING, S.CARD_PRINTED, S.DUPLICATE_RECORD),
}


def _reachable(start: Status) -> frozenset[Status]:
    seen: set[Status] = set()
    waiting = list(_STEPS[start])
    while waiting:
        status = waiting.pop()
        if status not in seen:
            seen.add(status)
            waiting.extend(_STEPS[status])
    return frozenset(seen)


def _transitions() -> tuple[Transition, ...]:
    first = [Transition(S.UNREGISTERED, to, Kind.FIRST) for to in S if to is not S.UNREGISTERED]
    steps = [Transition(start, to, Kind.STEP) for start, ends in _STEPS.items() for to in ends]
    # A file is a photograph: several steps may lie between two of them, but never one that no steps lead to.
    observed = [
        Transition(start, to, Kind.OBSERVED)
        for start in S
        if start is not S.UNREGISTERED
        for to in S
        if to is start or to in _reachable(start)
    ]
    corrections = [
        Transition(start, to, Kind.CORRECTION)
        for start in S
        for to in S
        if S.UNREGISTERED not in (start, to) and start is not to
    ]
    return (*first, *steps, *observed, *corrections)


TRANSITIONS: Final[tuple[Transition, ...]] = _transitions()
_ALLOWED: Final = frozenset(TRANSITIONS)


class IllegalTransition(BlankoError):
    """A record cannot go from the one status to the other."""


def check_transition(from_status: Status, to_status: Status, kind: Kind) -> None:
    """Raise IllegalTransition, naming what is allowed, unless TRANSITIONS holds this change."""
    if Transition(from_status, to_status, kind) not in _ALLOWED:
        allowed = sorted(t.to_status for t in TRANSITIONS if (t.from_status, t.kind) == (from_status, kind))
        raise IllegalTransition(
            "{from_status} does not become {to_status} as {kind}",
            mend="allowed: {allowed}",
            from_status=from_status,
            to_status=to_status,
            kind=kind,
            allowed=", ".join(allowed) or "nothing",
        )


# Which of a person's records carries the card: an issued one first, then one printed, then one ready to
# print.
_LEAD_RANK: Final[dict[Status, int]] = {
    S.CARD_ISSUED: 0,
    S.CARD_SHIPPED: 1,
    S.CARD_PRINTED: 1,
    S.SENT_FOR_CARD_PRINTING: 2,
    S.PRINT_READY_RECORD: 3,
    # A double is the record that a decision closed, so every open one goes before it.
    S.DUPLICATE_RECORD: 9,
}
LEAD_RANK_OTHERWISE: Final = 5
LEAD_RANK: Final[dict[Status, int]] = {status: _LEAD_RANK.get(status, LEAD_RANK_OTHERWISE) for status in S}


def believes_file(*, held: Status, held_since: date, shown: Status, shown_since: date | None) -> bool:
    """Whether a file that shows another status, or another date of it, changes the held one.

    It must be reachable by steps; and one that leads back (issued, then print-ready again) needs a date that
    is not before the held one: an old photograph shows no new event. What is not believed is kept as a
    conflict.
    """
    if Transition(held, shown, Kind.OBSERVED) not in _ALLOWED:
        return False
    leads_back = LEAD_RANK[shown] > LEAD_RANK[held]
    return not leads_back or (shown_since is not None and shown_since >= held_since)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of a person's records, as far as the choice of the lead needs it."""

    office: str
    record_id: str
    status: Status
    status_since: date
    recorded_on: date
    closed: bool = False


@dataclass(frozen=True, slots=True)
class ChainLink:
    """One row of a record's chain of statuses."""

    from_status: Status
    to_status: Status
    since: date
    kind: Kind


@dataclass(frozen=True, slots=True)
class Standing:
    """A record's status on a day, since when, and the day on which its holder last got a card; None: never yet."""

    status: Status
    since: date
    issued_on: date | None


def standing(chain: Iterable[ChainLink], *, on: date | None = None) -> Standing | None:
    """What the chain says of a day (None: its end), or None when it had not begun.

    A later link never stood before an earlier one: a spoiled card gives back an old place in the queue, and stands
    from the day on which it was printed.
    """
    found: Standing | None = None
    reached = date.min
    for link in chain:
        reached = max(reached, link.since)
        if on is not None and reached > on:
            break
        issued_on = found.issued_on if found else None
        if link.to_status is Status.CARD_ISSUED:
            issued_on = link.since
        elif link.kind is Kind.CORRECTION and link.from_status is Status.CARD_ISSUED:
            issued_on = None
        found = Standing(link.to_status, link.since, issued_on)
    return found


def lead_of(records: Iterable[Candidate]) -> Candidate:
    """The record that carries the person's card, never a closed one while another is open. Ties: longest in its status,
    earliest recorded, then key.

    Raises ValueError for a person without records.
    """
    return min(
        records,
        key=lambda r: (r.closed, LEAD_RANK[r.status], r.status_since, r.recorded_on, r.office, r.record_id),
    )


def merged_persons(groups: Iterable[Iterable[int]]) -> dict[int, int]:
    """Who becomes whom when each group of person numbers is found to be one person: ``{earlier: survivor}``.

    The smallest number survives, whatever the order of the groups; a survivor does not appear as a key.
    """
    parent: dict[int, int] = {}

    def root(number: int) -> int:
        while parent.setdefault(number, number) != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    for group in groups:
        numbers = sorted(root(number) for number in group)
        for number in numbers[1:]:
            low, high = sorted((root(numbers[0]), root(number)))
            parent[high] = low
    found: dict[int, int] = defaultdict(int)
    for number in list(parent):
        if root(number) != number:
            found[number] = root(number)
    return dict(found)


# Damm's quasigroup of order 10 (H. M. Damm, 2004): finds every single wrong digit and every swap of
# neighbours.
_DAMM: Final = (
    "0317598642",
    "7092154863",
    "4206871359",
    "1750983426",
    "6123045978",
    "3674209581",
    "5869720134",
    "8945362017",
    "9438617205",
    "2581436790",
)


def _check_digit(digits: str) -> str:
    interim = 0
    for digit in digits:
        interim = int(_DAMM[interim][int(digit)])
    return str(interim)


def person_text(number: int) -> str:
    """How a person's number is written, with a check digit: it says nothing about the person.

    >>> person_text(572)
    'P-000000572-4'
    """
    digits = f"{number:09d}"
    return f"P-{digits}-{_check_digit(digits)}"


def person_number(text: str) -> int:
    """The number in a written person id; plain digits are taken too. Raises InvalidValue for a wrong check
    digit.
    """
    plain = text.strip().upper()
    if plain.isascii() and plain.isdigit():
        return int(plain)
    parts = plain.split("-")
    well_formed = len(parts) == 3 and parts[0] == "P" and all(p.isascii() and p.isdigit() for p in parts[1:])
    if not well_formed or _check_digit(parts[1]) != parts[2]:
        raise InvalidValue("{text} is no person id", mend="copy it whole, like P-000000572-4", text=repr(text))
    return int(parts[1])


class Result(StrEnum):
    """What the engine of fingerprints and irises says of a record."""

    UNIQUE = "unique"
    DUPLICATE = "duplicate"
    UNCERTAIN = "uncertain"
    FAILED = "failed"


_AWAITING: Final = (
    S.SENT_FOR_ENROLLMENT, S.RECEIVED_AT_CENTRAL, S.SEARCH_FAILURE_AT_CENTRAL, S.ENROLL_FAILURE_AT_CENTRAL,
    S.ADJUDICATE_RECORD,
)  # fmt: skip
_SAYS: Final[dict[Result, Status]] = {
    Result.UNIQUE: S.PRINT_READY_RECORD,
    Result.DUPLICATE: S.DUPLICATE_RECORD,
    Result.UNCERTAIN: S.ADJUDICATE_RECORD,
    Result.FAILED: S.SEARCH_FAILURE_AT_CENTRAL,
}


def way_after(status: Status, result: Result) -> tuple[tuple[Status, ...], str]:
    """The steps that a result makes of a record's status, and the outcome: moved, kept, or late.

    A record that waits goes to what the result says, through the statuses that lie between. One that is print-ready
    leaves the queue when a double is found late. Whoever's card is printed or held is not moved: that is settled as a
    case, with the person.
    """
    end = _SAYS[result]
    if status is end:
        return (), "kept"
    leaves_queue = status is S.PRINT_READY_RECORD and result in (Result.DUPLICATE, Result.UNCERTAIN)
    if status not in _AWAITING and not leaves_queue:
        return (), "late" if status in (
            S.SENT_FOR_CARD_PRINTING,
            S.CARD_PRINTED,
            S.CARD_SHIPPED,
            S.CARD_ISSUED,
        ) else "kept"
    between = {S.SENT_FOR_ENROLLMENT, S.RECEIVED_AT_CENTRAL, S.ADJUDICATE_RECORD, end}
    ways: list[tuple[Status, ...]] = [(status,)]
    while ways:
        way = ways.pop(0)
        for following in _STEPS[way[-1]]:
            if following is end:
                return (*way[1:], end), "moved"
            if following in between and following not in way and following is not S.ADJUDICATE_RECORD:
                ways.append((*way, following))
    return (), "kept"


class DeathMatch(StrEnum):
    """Whom a paper about a death means: surely one person; perhaps one of several; the NIK on it is another person's
    than the name; or nobody who is recorded here.
    """

    SURE = "sure"
    UNCERTAIN = "uncertain"
    SOMEBODY_ELSE = "somebody_else"
    NOBODY = "nobody"


def match_death(
    *, carriers: frozenset[int], answer: str, same: int | None, weight: float | None = None
) -> tuple[DeathMatch, int | None]:
    """What a death that names its person comes to, and the person when it is sure.

    ``carriers``: the persons whose records carry the NIK of the paper, none without one. ``answer``, ``same``,
    ``weight``: what the check of one record says of the paper (new, same as a person, uncertain; the bits of the
    likeliest record). A card is suspended only where name and NIK mean one person, or the name alone where the paper
    has no NIK that is known.
    """
    if same is not None:
        sure = not carriers or same in carriers
        return (DeathMatch.SURE, same) if sure else (DeathMatch.SOMEBODY_ELSE, None)
    # Below 0 bits the NIK alone made the pair, and the name speaks against it.
    if answer == "uncertain" and not (carriers and weight is not None and weight < 0):
        return DeathMatch.UNCERTAIN, None
    return (DeathMatch.SOMEBODY_ELSE if carriers else DeathMatch.NOBODY), None


def match_death_plainly(agreeing: Mapping[int, bool]) -> tuple[DeathMatch, int | None]:
    """The same without a linkage model: by the NIK, and whether what else the paper says agrees with each carrier."""
    found = [person for person, agrees in agreeing.items() if agrees]
    if len(found) == 1:
        return DeathMatch.SURE, found[0]
    if not agreeing:
        return DeathMatch.NOBODY, None
    return (DeathMatch.UNCERTAIN if found else DeathMatch.SOMEBODY_ELSE), None


def says_the_same(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    """Whether two descriptions can be one person's, without a model: half of the words of the shorter name are in the
    other, and neither the birth date nor the sex contradicts.
    """
    first, second = (set(str(each.get("name") or "").upper().split()) for each in (one, other))
    if 2 * len(first & second) < max(1, min(len(first), len(second))):
        return False
    return all(
        one.get(field) is None or other.get(field) is None or one[field] == other[field]
        for field in ("birth_date", "sex")
    )
