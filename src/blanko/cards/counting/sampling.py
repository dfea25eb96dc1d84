"""Prove by counting few boxes that an office's loss is below a limit. Pure, and small enough to be checked by hand.

Contract
--------
*Population*: the boxes that the book has at an office, each with the number of blanks that should lie in it.
*Claim*: fewer than ``loss`` (a share, 0 < loss < 1) of all these blanks are missing.
*Promise*: if the claim is wrong, however the missing blanks are spread over the boxes, the probability that it is ever
called proven is at most ``risk``. It may be stopped, and looked at, after every box.

*Draw.* Box b gets the key -ln(u) / size with u = SHA-256("seed,SERIES-NUMBER") read as a number in (0, 1]. Boxes are
counted by ascending key. So the next box is each remaining box with probability proportional to its size (the order of
exponential clocks; Efraimidis and Spirakis 2006). The seed comes from dice thrown in public after the book was frozen;
20 throws are enough. Same seed and book: same order, on every machine, whatever the order of the list.

*Test.* Let N be all blanks, S those of boxes not yet counted, m the missing ones found so far. Were the claim wrong, at
least (loss N - m) of the S would be missing, so that the next box's share of missing blanks, t in [0, 1], would have a
mean of at least eta = (loss N - m) / S. Then K, which starts at 1 and is multiplied by

    1 + c (eta - t) / (1 - eta),        0 <= c <= 1 fixed beforehand

at each box, is a nonnegative supermartingale, and by Ville's inequality it ever reaches 1 / risk with probability at
most ``risk``. c = 1 is the Kaplan-Markov bound without replacement, the strongest when nothing is missing, and is
ruined by one empty box; c = 1/2 survives it. Their mean with the weights 0.9 and 0.1 is again such a process; it is the
one used. When even the loss of all that is left could not reach the limit the claim is certain; when the found loss has
reached the limit it is refuted.

Sources: P. B. Stark, "Risk-limiting post-election audits" (2009) and "ALPHA" (Annals of Applied Statistics 2023);
I. Waudby-Smith and A. Ramdas, "Estimating means of bounded random variables by betting" (JRSS B 2024), section 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from hashlib import sha256
from math import log
from typing import Final, NamedTuple

from blanko.kernel.boxes import BoxId
from blanko.kernel.errors import BlankoError, InvalidValue

# (c, its weight): see the contract.
BETS: Final = ((1.0, 0.9), (0.5, 0.1))
BITS: Final = 256


class SampleRefused(BlankoError, ValueError):
    """A sample's claim, seed or result cannot be used."""


class State(StrEnum):
    """Where a claim stands."""

    UNDECIDED = "undecided"
    PROVEN = "proven"
    REFUTED = "refuted"


class Drawn(NamedTuple):
    """A box of the population and the blanks that should lie in it."""

    series: str
    number: int
    size: int

    @property
    def box(self) -> BoxId:
        return BoxId(self.series, self.number)


@dataclass(frozen=True, slots=True)
class Judgement:
    """``risk``: the smallest risk at which the claim is proven so far; ``more``: boxes to count when none is short."""

    state: State
    risk: float
    counted: int
    missing: int
    more: int


def draw(boxes: Sequence[Drawn], seed: str) -> tuple[Drawn, ...]:
    """All boxes in the order in which they are counted. Boxes without blanks are left out."""
    return tuple(sorted((box for box in boxes if box.size), key=lambda box: (_clock(box, seed), box)))


def _clock(box: Drawn, seed: str) -> float:
    number = int.from_bytes(sha256(f"{seed},{box.box}".encode()).digest(), "big") + 1
    return (BITS * log(2) - log(number)) / box.size


def check_claim(*, seed: str, risk: Fraction, loss: Fraction) -> None:
    """Raises SampleRefused, InvalidValue."""
    if not seed.strip():
        raise SampleRefused("a sample has no seed", mend="throw dice in public, 20 throws, and write them down")
    for name, value in (("risk", risk), ("loss", loss)):
        if not 0 < value < 1:
            raise InvalidValue(
                "{name} {value} is no share", mend="give a number between 0 and 1", name=name, value=value
            )


def judge(order: Sequence[Drawn], missing: Sequence[int], *, risk: Fraction, loss: Fraction) -> Judgement:
    """What the first ``len(missing)`` boxes of the order prove. ``missing[i]``: blanks that box i lacks.

    Raises SampleRefused when a box lacks more than it should hold.
    """
    total = sum(box.size for box in order)
    for box, lacks in zip(order, missing, strict=False):
        if not 0 <= lacks <= box.size:
            raise SampleRefused(
                "{box} cannot lack {lacks} of {size} blanks", mend="count it again", box=box.box, lacks=lacks,
                size=box.size,
            )  # fmt: skip
    state, best = _run(order, missing, total=total, limit=loss * total, risk=risk)
    counted = len(missing)
    if state is not State.UNDECIDED:
        return Judgement(state, best, counted, sum(missing), 0)
    # Nothing is known about the boxes to come; what is told is how many suffice when none of them is short.
    low, high = counted + 1, len(order)
    while low < high:
        middle = (low + high) // 2
        ahead, _best = _run(order, [*missing, *[0] * (middle - counted)], total=total, limit=loss * total, risk=risk)
        low, high = (low, middle) if ahead is State.PROVEN else (middle + 1, high)
    return Judgement(state, best, counted, sum(missing), low - counted)


def _run(
    order: Sequence[Drawn], missing: Sequence[int], *, total: int, limit: Fraction, risk: Fraction
) -> tuple[State, float]:
    left, found, best = total, 0, 1.0
    wealth = [weight for _c, weight in BETS]
    for box, lacks in zip(order, missing, strict=False):
        eta, share = float((limit - found) / left), lacks / box.size
        if eta < 1:
            # At 1 everything that is left would have to be missing: the next box decides by itself, below.
            wealth = [k * (1 + c * (eta - share) / (1 - eta)) for k, (c, _w) in zip(wealth, BETS, strict=True)]
        left, found = left - box.size, found + lacks
        best = min(best, 1 / max(sum(wealth), 1.0))
        if found >= limit:
            return State.REFUTED, 1.0
        if best <= risk:
            return State.PROVEN, best
        if found + left < limit:
            return State.PROVEN, 0.0
    return (State.PROVEN, 0.0) if found + left < limit else (State.UNDECIDED, best)
