"""What a case may become, who must sign, which record stays when nobody answers, and what is never grouped. Pure.

Officials of 2017 could "not delete without the person's consent": so the person chooses, a rule that is published
chooses when nobody answers, and no record is deleted. RULES is that rule in words; docs/cases.md prints it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from blanko.kernel.errors import BlankoError

Key = tuple[str, str]


class Kind(StrEnum):
    """Why records stand in a case: they are held as one person's, linkage asks, the biometric engine asks, several
    persons carry one NIK, or a paper about a death leaves open whom it means.
    """

    MERGED = "merged"
    REVIEW = "review"
    BIOMETRIC = "biometric"
    NIK = "nik"
    DEATH = "death"


class State(StrEnum):
    """Where a case stands. ``second``: decided, and another officer must sign. ``overtaken``: its question is gone."""

    OPEN = "open"
    ASKED = "asked"
    SECOND = "second"
    SETTLED = "settled"
    OVERTAKEN = "overtaken"


class Step(StrEnum):
    """What is done with a case."""

    ASK = "ask"
    PROPOSE = "propose"
    REFUSE = "refuse"
    SETTLE = "settle"
    UNDO = "undo"
    OVERTAKE = "overtake"
    REOPEN = "reopen"


class Outcome(StrEnum):
    """What was decided: one person, different persons, or some of each; of a death: the person of one record died.
    ``different`` then says that the paper means none of them.
    """

    SAME = "same"
    DIFFERENT = "different"
    PARTS = "parts"
    DIED = "died"


AFTER: Final[Mapping[tuple[State, Step], State]] = {
    (State.OPEN, Step.ASK): State.ASKED,
    (State.ASKED, Step.ASK): State.ASKED,
    (State.OPEN, Step.SETTLE): State.SETTLED,
    (State.ASKED, Step.SETTLE): State.SETTLED,
    (State.OPEN, Step.PROPOSE): State.SECOND,
    (State.ASKED, Step.PROPOSE): State.SECOND,
    (State.SECOND, Step.SETTLE): State.SETTLED,
    (State.SECOND, Step.REFUSE): State.OPEN,
    (State.SETTLED, Step.UNDO): State.OPEN,
    (State.OPEN, Step.OVERTAKE): State.OVERTAKEN,
    (State.ASKED, Step.OVERTAKE): State.OVERTAKEN,
    (State.SECOND, Step.OVERTAKE): State.OVERTAKEN,
    (State.OVERTAKEN, Step.REOPEN): State.OPEN,
}
WAITING: Final = (State.OPEN, State.ASKED, State.SECOND)

ASK_DAYS: Final = 30
CLOSED_ALONE_MAX: Final = 2
GROUP_MAX: Final = 500
NIK_OF_MANY: Final = 10
OBJECTION_DAYS: Final = 30
PRINTED: Final = ("SENT_FOR_CARD_PRINTING", "CARD_PRINTED", "CARD_SHIPPED", "CARD_ISSUED")
# A record that reached one of these was found unique by fingerprints and irises.
FOUND_UNIQUE: Final = ("PRINT_READY_RECORD", *PRINTED)
AGES: Final = ((0, 7), (8, 30), (31, 90), (91, None))


class UnknownCase(BlankoError, LookupError):
    """No case has this number."""


class CaseStands(BlankoError):
    """What is asked does not follow from where the case stands."""


class CaseOutOfDate(BlankoError):
    """A record of the case has changed since it was opened."""


class PartsUnclear(BlankoError, ValueError):
    """The parts do not name each record of the case once, or the record that stays is not among them."""


class SecondOfficerIsFirst(BlankoError):
    """The second signature must be another officer's."""


class LaterDecision(BlankoError):
    """A later case decided on a record of this one."""


class NotGrouped(BlankoError):
    """These cases are not settled as a group."""


class ObjectionOpen(BlankoError):
    """An objection to this death is open already."""


class ObjectionTooLate(BlankoError):
    """The days for an objection are over."""


class NoObjection(BlankoError):
    """No objection to this death is open, or none that could be taken back."""


class UnknownNotice(BlankoError, LookupError):
    """No notice of a death has this number."""


class NotOfThisKind(BlankoError, ValueError):
    """What is decided is no answer to what the case asks."""


class DueTooSoon(BlankoError, ValueError):
    """A person who is asked gets time to answer."""


@dataclass(frozen=True, slots=True)
class Member:
    """A record of a case, as far as the decision needs it."""

    key: Key
    status: str
    recorded_on: date | None = None
    closed: bool = False


def after(state: State, step: Step, *, case_no: int) -> State:
    """Where the case stands after a step. Raises CaseStands."""
    found = AFTER.get((state, step))
    if found is None:
        allowed = [s for (held, s) in AFTER if held is state]
        raise CaseStands(
            "case {case_no} is {state}: {step} does not follow",
            mend="allowed now: {allowed}",
            case_no=case_no,
            state=state,
            step=step,
            allowed=", ".join(allowed) or "nothing",
        )
    return found


def parts_of(
    outcome: Outcome, members: Sequence[Member], *, keep: Iterable[Key] = (), parts: Iterable[Iterable[Key]] = ()
) -> list[list[Key]]:
    """The persons that a decision makes of a case's records, each with the record that stays first.

    ``keep`` names the record that the person chose; where it names none of a part, the rule chooses. Raises
    PartsUnclear.
    """
    by_key = {member.key: member for member in members}
    match outcome:
        case Outcome.SAME:
            groups = [list(by_key)]
        case Outcome.DIFFERENT | Outcome.DIED:
            groups = [[key] for key in by_key]
        case Outcome.PARTS:
            groups = [list(dict.fromkeys(part)) for part in parts]
    named = [key for group in groups for key in group]
    wanted = set(keep)
    if sorted(named) != sorted(by_key) or not all(groups) or not wanted <= set(by_key):
        raise PartsUnclear(
            "the parts must name each record of the case once, and the record that stays",
            mend="the records are: {records}",
            records=", ".join("/".join(key) for key in sorted(by_key)),
        )
    found = []
    for group in groups:
        kept = [key for key in group if key in wanted]
        if len(kept) > 1:
            raise PartsUnclear(
                "two records of one person cannot both stay", mend="choose one of {records}",
                records=", ".join("/".join(key) for key in sorted(kept)),
            )  # fmt: skip
        first = kept[0] if kept else chosen([by_key[key] for key in group]).key
        found.append([first, *sorted(key for key in group if key != first)])
    return sorted(found, key=lambda part: part[0])


def chosen(members: Iterable[Member]) -> Member:
    """The record that stays when nobody chooses: the one whose card is out, else the newest registration, which says
    where the person last said to live. Ties: the smallest key. A closed record never.
    """
    return min(
        members,
        key=lambda m: (m.closed, m.status not in PRINTED, -(m.recorded_on or date.min).toordinal(), m.key),
    )


def answer_of(kind: str, outcome: Outcome, keep: Iterable[Key], members: Iterable[Key]) -> Key | None:
    """Whom a paper about a death means, of the records of its case: one of them, or none. Raises NotOfThisKind."""
    named, known = list(dict.fromkeys(keep)), set(members)
    if kind == Kind.DEATH and outcome is Outcome.DIED and len(named) == 1 and named[0] in known:
        return named[0]
    if kind == Kind.DEATH and outcome is Outcome.DIFFERENT:
        return None
    raise NotOfThisKind(
        "{outcome} is no answer to a case of kind {kind}",
        mend="a death is answered with died and one record, or with different; all others without died",
        outcome=outcome, kind=kind,
    )  # fmt: skip


def second_officer(closed: Sequence[Member]) -> str:
    """Why a second officer must sign before these records are closed: a code of RULES, or nothing."""
    if any(member.status in PRINTED for member in closed):
        return "second_card"
    return "second_many" if len(closed) > CLOSED_ALONE_MAX else ""


def due_on(asked: date, wanted: date | None) -> date:
    """The day by which the person answers. Raises DueTooSoon."""
    least = asked + timedelta(days=ASK_DAYS)
    if wanted is not None and wanted < least:
        raise DueTooSoon(
            "the answer is due on {wanted}, before {least}",
            mend="give the person {days} days",
            wanted=wanted,
            least=least,
            days=ASK_DAYS,
        )
    return wanted or least


def age_of(opened_on: date, on: date) -> tuple[int, int | None]:
    """The band of AGES, in whole days."""
    days = max((on - opened_on).days, 0)
    return next(band for band in AGES if band[1] is None or days <= band[1])


RULES: Final[Mapping[str, str]] = {
    "choice": "The person chooses which record stays, and with it the domicile.",
    "no_answer": "Who does not answer in 30 days keeps the record whose card is out, else the newest one.",
    "never_merged_unasked": "Silence never makes records one person's that nobody has judged so.",
    "second_card": "A second officer signs before a record is closed that a card was printed for.",
    "second_many": "A second officer signs before more than 2 records are closed at once.",
    "quarantine": "A closed record is kept whole and can be opened again; nothing is deleted.",
    "one_open": "No decision leaves a person without an open record.",
    "binds": "A decision binds until one of its records changes.",
    "group": "A group holds up to 500 cases of two records with one error pattern, none that needs a second officer.",
    "sample": "Pairs drawn for an audit are judged one by one, never in a group.",
    "withheld": "While a pair of weight 0 or more waits, the card of the later record is withheld.",
    "death": "A death suspends the card and erases nothing; an objection within 30 days that is upheld lifts it.",
    "death_named": "A paper suspends a card only where its name and NIK mean one person; else a case asks who died.",
    "notice": "Every suspension is told to the family: since when, by which document, and until when one may object.",
    "mistake": "A record entered by mistake is withdrawn, kept whole, and can be restored.",
}
