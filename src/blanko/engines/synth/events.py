"""What happened to people: applications with their causes, and the deaths that somebody reported."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from blanko.engines.synth.draws import Bools, Ints, choose_share, days, stream
from blanko.engines.synth.people import DIVORCED, MARRIED, YEAR, People
from blanko.engines.synth.repeats import FIRST, Records
from blanko.engines.synth.statuses import (
    BLANKS_OUT_FROM,
    ISSUED,
    NO_STATUS,
    PRINT_READY,
    PRINTED,
    RECEIVED,
    SENT,
    Standing,
    StatusMix,
)

CAUSES = ("first_card", "turned_17", "marriage", "divorce", "move", "loss", "damage", "change_of_element")
FIRST_CARD, TURNED_17, MARRIAGE, DIVORCE, MOVE, LOSS, DAMAGE, CHANGE_OF_ELEMENT = range(len(CAUSES))
# Why a holder asks for a new card, before marital status is looked at. Estimates: no count by cause was found.
REPLACEMENT_SHARES = (0.0, 0.0, 0.22, 0.05, 0.20, 0.28, 0.15, 0.10)
FIRST_APPLIED_SHARE = 0.6


@dataclass(frozen=True, slots=True, eq=False)
class Applications:
    """One row an application; ``record`` is a row of the part's records; days since 1970."""

    record: Ints
    cause: Ints
    event: Ints
    applied: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Deaths:
    """One row a reported death; ``person`` is a row of the people, ``names_record`` if it names a record."""

    person: Ints
    names_record: Bools


def apply(
    people: People, standing: Standing, records: Records, *, mix: StatusMix, on: int, seed: int, part: int
) -> Applications:
    """Applications of living people, none later than ``on`` and none before what it is about."""
    rng = stream(seed, "applications", part)
    first = (records.repeat == FIRST) & (standing.died_on[records.person] == 0)
    status, since = records.status, records.status_since
    draw = rng.random(len(records))
    waits = np.isin(status, (PRINT_READY, SENT, RECEIVED, NO_STATUS, PRINTED)) & (records.issued_on == 0)
    new = np.flatnonzero(first & waits & (draw < FIRST_APPLIED_SHARE))
    replaced = np.flatnonzero(first & (status == PRINT_READY) & (records.issued_on > 0))
    holder = first & (status == ISSUED)
    served = np.flatnonzero(holder & (draw < mix.served) & (since - records.recorded_on > 60))
    again = np.flatnonzero(holder & (draw > 1 - mix.applied_again) & (since < on - 30))

    birthday = records.born[new] + int(17 * YEAR) + 1
    of_age = (np.abs(birthday - records.recorded_on[new]) < 500) & (birthday <= on)
    new_event = np.where(of_age, birthday, records.recorded_on[new])
    rows = np.concatenate((replaced, served, again))
    since_again = np.maximum(since[again] + 1, min(BLANKS_OUT_FROM, on - 180))
    applied = np.concatenate(
        (
            since[replaced],
            since[served] - 5 - days(rng, 12, len(served)) % 50,
            since_again + (rng.random(len(again)) * (on - since_again)).astype(np.int64),
        )
    )
    cause = _why(rng, people.marital[records.person[rows]], len(rows))
    event = applied - days(rng, np.where(cause == MARRIAGE, 90, 20).mean() if len(rows) else 1.0, len(rows))
    return Applications(
        record=np.concatenate((new, rows)),
        cause=np.concatenate((np.where(of_age, TURNED_17, FIRST_CARD), cause)),
        event=np.concatenate((new_event, event)),
        applied=np.concatenate((np.maximum(records.recorded_on[new], new_event), applied)),
    )


def _why(rng: np.random.Generator, marital: Ints, count: int) -> Ints:
    cause = choose_share(rng, REPLACEMENT_SHARES, count)
    # Only the married married, and only the divorced divorced.
    impossible = ((cause == MARRIAGE) & (marital != MARRIED)) | ((cause == DIVORCE) & (marital != DIVORCED))
    return np.where(impossible, np.where(rng.random(count) < 0.5, LOSS, CHANGE_OF_ELEMENT), cause)


def report_deaths(standing: Standing, *, seed: int, part: int) -> Deaths:
    """The deaths that were reported; six in seven reports name the record, where there is one."""
    rng = stream(seed, "deaths", part)
    person = np.flatnonzero(standing.reported_on)
    return Deaths(person, standing.recorded[person] & (rng.random(len(person)) < 0.85))
