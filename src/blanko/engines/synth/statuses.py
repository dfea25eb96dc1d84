"""Who is recorded, which status the record has, since when; who has died. Shares of the spring of 2017."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date

import numpy as np

from blanko.engines.synth.draws import Bools, Floats, Ints, day_after, days, stream
from blanko.engines.synth.people import NEVER_MARRIED, YEAR, People, day_number
from blanko.kernel.errors import BlankoError

# SIAK's names, in the order of the codes below; "" is a record without a status, which awaits uniqueness.
STATUSES = (
    "",
    "BIO_CAPTURED",
    "PROCESSING",
    "SENT_FOR_ENROLLMENT",
    "RECEIVED_AT_CENTRAL",
    "ENROLL_FAILURE_AT_CENTRAL",
    "ADJUDICATE_RECORD",
    "DUPLICATE_RECORD",
    "PRINT_READY_RECORD",
    "SENT_FOR_CARD_PRINTING",
    "CARD_PRINTED",
    "CARD_SHIPPED",
    "CARD_ISSUED",
)
(
    NO_STATUS,
    CAPTURED,
    PROCESSING,
    SENT,
    RECEIVED,
    FAILED,
    ADJUDICATED,
    DUPLICATE,
    PRINT_READY,
    AT_PRINT,
    PRINTED,
    SHIPPED,
    ISSUED,
) = range(len(STATUSES))

AGE_OBLIGED_YEARS = 17
RECORDING_FROM = day_number(date(2011, 2, 1))
MASS_RECORDING_TO = day_number(date(2012, 12, 31))
# "Blanks out since 2016-10-03" (Trenggalek, 6 January 2017); elsewhere too, until the contract of March 2017.
BLANKS_OUT_FROM = day_number(date(2016, 10, 3))


class BadMix(BlankoError, ValueError):
    """The shares of statuses are no shares."""


@dataclass(frozen=True, slots=True)
class StatusMix:
    """Shares of the synthetic nation; the defaults are those of 29 March 2017.

    ``recorded`` is a share of the obliged: 172,046,898 of 178,207,350. The next ones are shares of the recorded:
    4,500,000 print-ready and 3,200,000 sent for enrolment (Tempo, 29 March 2017); duplicate or failed 427,834 of
    30,829,210 in Jawa Barat (28 February 2017), split here by our own estimate; printed and not collected is an
    estimate (Jakarta alone had 120,000). ``repeated``: about 3 million doubles. The rest are estimates.
    """

    recorded: float = 172_046_898 / 178_207_350
    print_ready: float = 4_500_000 / 172_046_898
    awaiting_uniqueness: float = 3_200_000 / 172_046_898
    adjudicated: float = 0.003
    duplicate: float = 0.003
    failed: float = 0.0025
    printed: float = 0.008
    on_the_way: float = 0.001
    without_status: float = 0.1
    recorded_at_16: float = 0.12
    replacement: float = 0.25
    suket_print_ready: float = 0.65
    suket_awaiting: float = 0.40
    dead: float = 0.012
    death_reported: float = 0.45
    repeated: float = 3_000_000 / 172_046_898
    repeated_same_office: float = 0.4
    nik_clash: float = 0.001
    nik_contradiction: float = 0.004
    served: float = 0.01
    applied_again: float = 0.002

    def __post_init__(self) -> None:
        for field in fields(self):
            if not 0 <= getattr(self, field.name) <= 1:
                raise BadMix(
                    "the share {field} is {value}",
                    mend="give a share from 0 to 1",
                    field=field.name,
                    value=getattr(self, field.name),
                )
        waiting = self.print_ready + self.awaiting_uniqueness + self.adjudicated + self.duplicate
        if waiting + self.failed + self.printed + self.on_the_way > 1:
            raise BadMix("the shares of statuses exceed the whole", mend="lower one of them")


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """One row a person; days since 1970, 0 for none. ``status`` is a code of STATUSES where ``recorded``."""

    obliged: Bools
    recorded: Bools
    status: Ints
    recorded_on: Ints
    status_since: Ints
    issued_on: Ints
    suket: Bools
    died_on: Ints
    reported_on: Ints


def regency_factors(weights: Floats, *, seed: int, subject: str, spread: float, heavier: Bools) -> Floats:
    """How far each regency lies from the national share: 1 on average over people, three times more if ``heavier``."""
    rng = stream(seed, subject)
    factors = np.exp(rng.normal(0.0, spread, len(weights))) * np.where(heavier, 3.0, 1.0)
    return np.asarray(factors * weights.sum() / (factors * weights).sum(), dtype=np.float64)


def _pick(rng: np.random.Generator, weights: Floats, share: float) -> Bools:
    """True for ``share`` of the rows, each in proportion to its weight.

    Systematic sampling: the count misses the share by less than one row, so that a small nation has it too.
    """
    line = np.cumsum(weights)
    if not len(line) or line[-1] <= 0:
        return np.zeros(len(line), dtype=bool)
    marks = np.floor(np.append(0.0, line * (share * len(line) / line[-1])) + rng.random())
    return np.asarray(np.diff(marks) > 0)


def stand(
    people: People, *, missing: Floats, waiting: Floats, mix: StatusMix, as_of: date, seed: int, part: int
) -> Standing:
    """Decide each person's standing on ``as_of``. ``missing`` and ``waiting``: each person's regency's factors."""
    rng = stream(seed, "statuses", part)
    on, count = day_number(as_of), len(people)
    age = people.age_years(on)
    obliged = (age >= AGE_OBLIGED_YEARS) | (people.marital != NEVER_MARRIED)
    # Those who have just come of age and the very old are missed more often.
    missed = missing * np.where(age < 19, 4.0, np.where(age > 70, 2.0, 1.0))
    recorded = rng.random(count) < mix.recorded_at_16
    rows = np.flatnonzero(obliged)
    recorded[rows] = ~_pick(rng, missed[rows], 1 - mix.recorded)
    earliest = people.born + int(16 * YEAR) + 1
    fresh = earliest + 365 > BLANKS_OUT_FROM
    status = _statuses(rng, recorded, waiting * np.where(fresh, 4.0, 1.0), mix)
    out = min(BLANKS_OUT_FROM, on - 180)
    recorded_on = _recorded_on(rng, status, earliest, out, on)
    status_since = day_after(rng, recorded_on, 70, on)
    in_queue = (status == PRINT_READY) & (rng.random(count) < 0.85)
    status_since[in_queue] = np.maximum(
        status_since[in_queue], out + (rng.random(int(in_queue.sum())) * (on - out)).astype(np.int64)
    )
    replaced = (status == PRINT_READY) & (rng.random(count) < mix.replacement) & (recorded_on < on - 400)
    # Whoever was recorded while there were blanks had the card before they ran out.
    served_by = np.where(recorded_on < out - 60, out, on)
    issued_on = np.where(status == ISSUED, day_after(rng, recorded_on, 150, served_by), 0)
    issued_on = np.where(replaced, day_after(rng, recorded_on, 120, status_since - 1), issued_on)
    status_since = np.where(status == ISSUED, issued_on, status_since)
    draw = rng.random(count)
    suket = ((status == PRINT_READY) & (draw < mix.suket_print_ready)) | (
        np.isin(status, (SENT, NO_STATUS, RECEIVED)) & (draw < mix.suket_awaiting)
    )
    alive_at = np.where(recorded, np.maximum(status_since, recorded_on), RECORDING_FROM + 330)
    died_on, reported_on = _deaths(rng, age, alive_at, mix, on)
    return Standing(
        obliged=obliged,
        recorded=recorded,
        status=status,
        recorded_on=np.where(recorded, recorded_on, 0),
        status_since=np.where(recorded & (status != NO_STATUS), status_since, 0),
        issued_on=np.where(recorded, issued_on, 0),
        suket=suket & recorded,
        died_on=died_on,
        reported_on=reported_on,
    )


def _statuses(rng: np.random.Generator, recorded: Bools, waiting: Floats, mix: StatusMix) -> Ints:
    status = np.full(len(recorded), ISSUED, dtype=np.int64)
    sent = mix.awaiting_uniqueness
    shares = (
        (PRINT_READY, mix.print_ready, waiting),
        (SENT, sent * (1 - mix.without_status) * 0.95, waiting),
        (RECEIVED, sent * (1 - mix.without_status) * 0.05, waiting),
        (NO_STATUS, sent * mix.without_status, waiting),
        (ADJUDICATED, mix.adjudicated, None),
        (DUPLICATE, mix.duplicate, None),
        (FAILED, mix.failed * 0.6, None),
        (CAPTURED, mix.failed * 0.2, None),
        (PROCESSING, mix.failed * 0.2, None),
        (PRINTED, mix.printed, None),
        (AT_PRINT, mix.on_the_way * 0.5, None),
        (SHIPPED, mix.on_the_way * 0.5, None),
    )
    total = int(recorded.sum())
    for code, share, factor in shares:
        free = np.flatnonzero(recorded & (status == ISSUED))
        weights = np.ones(len(free)) if factor is None else factor[free]
        status[free[_pick(rng, weights, share * total / max(len(free), 1))]] = code
    return status


def _recorded_on(rng: np.random.Generator, status: Ints, earliest: Ints, out: int, on: int) -> Ints:
    count = len(status)
    mass_to = min(MASS_RECORDING_TO, on)
    mass = RECORDING_FROM + (rng.beta(3, 2, count) * (mass_to - RECORDING_FROM)).astype(np.int64)
    later = mass_to + (rng.random(count) * (max(out, mass_to) - mass_to)).astype(np.int64)
    recent = np.maximum(on - days(rng, 260, count), RECORDING_FROM)
    queued = (status != ISSUED) & (status != PRINTED) & (rng.random(count) < 0.65)
    base = np.where(queued, recent, np.where(rng.random(count) < 0.68, mass, later))
    # Nobody is recorded before the 16th birthday; most come in the two years after it.
    came_of_age = day_after(rng, earliest, 330, np.maximum(on, earliest))
    return np.where(base < earliest, came_of_age, base)


def _deaths(rng: np.random.Generator, age: Floats, alive_at: Ints, mix: StatusMix, on: int) -> tuple[Ints, Ints]:
    count = len(age)
    # Gompertz: the chance of dying doubles about every eight years.
    dead = _pick(rng, np.exp(0.085 * np.minimum(age, 90)), mix.dead) & (alive_at < on)
    died_on = np.where(dead, alive_at + 1 + (rng.random(count) * (on - alive_at)).astype(np.int64), 0)
    died_on = np.minimum(died_on, on)
    reported_on = died_on + 2 + days(rng, 35, count)
    reported = dead & (rng.random(count) < mix.death_reported) & (reported_on <= on)
    return died_on, np.where(reported, reported_on, 0)
