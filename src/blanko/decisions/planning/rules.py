"""Whose need counts, when blanks must leave, and which boxes go where. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from blanko.engines import allocation
from blanko.kernel.boxes import BoxId, SerialRange
from blanko.kernel.errors import BlankoError

NeedSource = Literal["registry", "reported", "estimated", "unknown"]
NEED_SOURCES: tuple[NeedSource, ...] = ("registry", "reported", "estimated", "unknown")
Step = Literal["draft", "reviewed", "returned", "committed", "discarded", "superseded"]
STEPS: tuple[Step, ...] = ("draft", "reviewed", "returned", "committed", "discarded", "superseded")
ENDS: tuple[Step, ...] = ("committed", "discarded", "superseded")
VERDICTS: tuple[Step, ...] = ("reviewed", "returned")

# The names under which offices report the people who lack only a blank.
READY_METRICS = ("print_ready", "prr_unprinted")
REQUEST_METRIC = "blanks_requested"
# Before a class's name: how many people of a regency's print-ready belong to it.
PRIORITY_METRIC = "priority_"

# A round without a deadline leaves the warehouse within three days; after that its figures are old.
HANDLING_DAYS_MAX = 3

# Estimates, until offices report their printers: Malang had 17 printers for 33 districts (20 March 2017), and Mataram
# printed 150 to 200 cards a day (30 November 2017), which we read as one printer's day.
DISTRICTS_PER_PRINTER = 2
CARDS_PER_PRINTER_DAY = 175

MONTHS_ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")


class ReleaseExceedsStock(BlankoError):
    """More blanks were released than the central warehouse holds."""


class NothingReleased(BlankoError, ValueError):
    """A round that releases nothing was asked for."""


class UnknownRound(BlankoError, LookupError):
    """No round has this number."""


class RoundClosed(BlankoError):
    """The round was committed, discarded or superseded already; nothing more can be done with it."""


class RoundReviewed(BlankoError):
    """A version that somebody has reviewed is not changed any more: a new version takes its place."""


class RoundNotReviewed(BlankoError):
    """Nothing leaves the warehouse by a version that its author alone has seen."""


class RoundStale(BlankoError):
    """Another round left the warehouse since this version was drafted: its needs and claims are no longer so."""


class ReviewRefused(BlankoError, ValueError):
    """A version is reviewed once, by a person who is not its author."""


class VersionNeedsReason(BlankoError, ValueError):
    """A new version takes the place of an old one without saying why."""


class ReserveWithoutPurpose(BlankoError, ValueError):
    """A central reserve is kept from everybody and nobody says what for."""


class NobodyHasDeadline(BlankoError):
    """A stage was asked for a day that is no area's published deadline."""


class OverrideExceedsNeed(BlankoError):
    """More blanks than an area still needs were to be given to it by hand."""


class OverrideExceedsRelease(BlankoError):
    """The shares would no longer fit into what the round released."""


class AreaNotInRound(BlankoError, LookupError):
    """The round has no share for this regency."""


class ObjectionEmpty(BlankoError, ValueError):
    """An objection without a word of what is objected to."""


class BoxesDoNotFit(BlankoError):
    """The boxes in the warehouse cannot be cut into the shares of the round."""


@dataclass(frozen=True, slots=True)
class Stated:
    """A count that somebody stated or estimated for a regency."""

    value: int
    date: date
    source: str


@dataclass(frozen=True, slots=True)
class Need:
    """How many people of a regency lack only a blank, and how that is known.

    ``print_ready`` is the count as its source gives it; ``printed_since`` cards that were printed after that count;
    ``need`` what is left of it. ``earlier`` are all blanks of this contract that the office has printed already.
    """

    regency: str
    need_source: NeedSource
    need: int
    print_ready: int
    printed_since: int
    earlier: int
    counted_on: date | None
    source: str


def need_of(
    regency: str,
    *,
    registry: int | None,
    reported: Stated | None,
    estimated: Stated | None,
    as_of: date,
    printed: int = 0,
    printed_since: Mapping[date, int] | None = None,
) -> Need:
    """The need of one regency by its best source: its own records, else its report, else an estimate.

    One source alone decides; registry records and stated counts are never added. ``registry`` is the print-ready count
    of a regency that was declared whole. A stated count grows old as cards are printed: those printed since its day
    (``printed_since`` by day of the count) are taken off, never below zero. The registry's count falls by itself.
    """
    if registry is not None:
        return Need(regency, "registry", registry, registry, 0, printed, as_of, "registry")
    stated = reported if reported is not None else estimated
    if stated is None:
        return Need(regency, "unknown", 0, 0, 0, printed, None, "")
    since = min((printed_since or {}).get(stated.date, 0), stated.value)
    return Need(
        regency=regency,
        need_source="reported" if reported is not None else "estimated",
        need=stated.value - since,
        print_ready=stated.value,
        printed_since=since,
        earlier=printed,
        counted_on=stated.date,
        source=stated.source,
    )


def cards_per_day(*, districts: int) -> int:
    """How many cards an office probably prints a day: an estimate by its number of districts (see the constants)."""
    return max(1, districts // DISTRICTS_PER_PRINTER) * CARDS_PER_PRINTER_DAY


@dataclass(frozen=True, slots=True)
class Departure:
    """When a share must leave the warehouse at the latest, and the days that this allows for."""

    dispatch_by: date
    transport_days: int
    printing_days: int
    late: bool


def departure(
    *,
    share: int,
    as_of: date,
    deadline: date | None,
    transport_days: int,
    cards_a_day: int,
    collect_on: date | None = None,
) -> Departure:
    """Dispatch-by = deadline - transport - printing. Without a deadline, HANDLING_DAYS_MAX after the round's day.

    What the office fetches itself leaves on the day that it named (``collect_on``). ``late``: the blanks leave before
    the round itself or after the latest day, so that not all of the share can be printed by the deadline.
    """
    printing = -(-share // cards_a_day)
    if collect_on is not None:
        days = timedelta(days=transport_days + printing)
        late = deadline is not None and collect_on > deadline - days
        return Departure(collect_on, transport_days, printing, late=late)
    if deadline is None:
        return Departure(as_of + timedelta(days=HANDLING_DAYS_MAX), transport_days, printing, late=False)
    by = allocation.dispatch_by(deadline, transport_days=transport_days, printing_days=printing)
    return Departure(by, transport_days, printing, late=by < as_of)


@dataclass(frozen=True, slots=True, order=True)
class Loose:
    """Good blanks of one opened box that lie in the warehouse: its positions first to last."""

    box: BoxId
    positions: SerialRange


@dataclass(frozen=True, slots=True)
class Whole:
    """A sealed box in the warehouse and how many blanks it holds."""

    box: BoxId
    size: int


@dataclass(frozen=True, slots=True)
class Cut:
    """What one regency gets: sealed boxes, and pieces of opened ones."""

    regency: str
    boxes: tuple[Whole, ...]
    pieces: tuple[Loose, ...]

    @property
    def blanks(self) -> int:
        return sum(whole.size for whole in self.boxes) + sum(len(piece.positions) for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Cutting:
    """All cuts of a round, and the sealed boxes that have to be opened for them."""

    cuts: tuple[Cut, ...]
    opened: tuple[BoxId, ...]


def cut(shares: Sequence[tuple[str, int]], *, sealed: Sequence[Whole], loose: Sequence[Loose]) -> Cutting:
    """Boxes for each (regency, blanks), first in, first out, in the given order of regencies.

    Each share takes the oldest sealed boxes while a whole one fits into what it still lacks. What remains is cut from
    opened boxes, oldest first; a further box, the oldest left, is opened when none is. So at most one box stays
    half used at the end. Raises BoxesDoNotFit when the warehouse has too few blanks.
    """
    wanted = sum(blanks for _code, blanks in shares)
    held = sum(whole.size for whole in sealed) + sum(len(piece.positions) for piece in loose)
    if wanted > held:
        raise BoxesDoNotFit(
            "{wanted} blanks are to go out and {held} lie in the warehouse",
            mend="release fewer",
            wanted=wanted,
            held=held,
        )
    queue = list(sealed)
    taken: dict[str, list[Whole]] = {}
    lacking: dict[str, int] = {}
    start = 0
    for code, blanks in shares:
        got: list[Whole] = []
        left = blanks
        while start < len(queue) and queue[start].size <= left:
            got.append(queue[start])
            left -= queue[start].size
            start += 1
        taken[code] = got
        lacking[code] = left
    rest = queue[start:]
    pieces, opened = _pieces(lacking, loose=loose, sealed=rest)
    return Cutting(
        cuts=tuple(Cut(code, tuple(taken[code]), tuple(pieces[code])) for code, blanks in shares if blanks),
        opened=tuple(opened),
    )


def _pieces(
    lacking: Mapping[str, int], *, loose: Sequence[Loose], sealed: Sequence[Whole]
) -> tuple[dict[str, list[Loose]], list[BoxId]]:
    """Cut what each regency lacks from opened boxes, opening further ones in order."""
    supply = list(loose)
    closed = list(sealed)
    opened: list[BoxId] = []
    found: dict[str, list[Loose]] = {code: [] for code in lacking}
    for code, blanks in lacking.items():
        left = blanks
        while left:
            if not supply:
                whole = closed.pop(0)
                opened.append(whole.box)
                supply.append(Loose(whole.box, SerialRange(1, whole.size)))
            piece = supply[0]
            first, size = piece.positions.first, len(piece.positions)
            if size <= left:
                found[code].append(supply.pop(0))
                left -= size
            else:
                found[code].append(Loose(piece.box, SerialRange(first, first + left - 1)))
                supply[0] = Loose(piece.box, SerialRange(first + left, piece.positions.last))
                left = 0
    return found, opened


def papers_number(*, round_no: int, regency: str, on: date) -> str:
    """The number of a round's surat jalan for a regency, as offices write them: 0003/SJ/3171/IV/2017."""
    return f"{round_no:04d}/SJ/{regency}/{MONTHS_ROMAN[on.month - 1]}/{on.year}"


def consignment_name(*, round_no: int, regency: str) -> str:
    """The short code that finds a consignment again: R0003-3171."""
    return f"R{round_no:04d}-{regency}"


def check_override(
    *, share: int, remaining: int, reason: str, by: str, second: str, total_after: int, release: int
) -> None:
    """Whether a share may be changed by hand. Raises the engine's OverrideRefused and OverrideExceedsRelease.

    The two officers and the reason are constraints of the table as well.
    """
    allocation.check_override(by=by, second_officer=second, reason=reason)
    if not 0 <= share <= remaining:
        raise OverrideExceedsNeed(
            "{share} blanks were given to an area that needs {remaining} more",
            mend="give from 0 to {remaining}",
            share=share,
            remaining=remaining,
        )
    if total_after > release:
        raise OverrideExceedsRelease(
            "the shares would sum to {total_after} of {release} released",
            mend="take the blanks from another area first",
            total_after=total_after,
            release=release,
        )


def check_second(*, second: str, persons: Iterable[str]) -> None:
    """Whether the second officer is a person who is known here. Raises the engine's OverrideRefused."""
    if second not in set(persons):
        raise allocation.OverrideRefused(
            "{second} is no officer here", mend="name an active officer's username", second=repr(second)
        )


def check_release(*, release: int, stock: int, reserve: int = 0, reserve_for: str = "") -> None:
    """Whether the warehouse can release so many and keep its reserve. Raises NothingReleased, ReleaseExceedsStock and
    ReserveWithoutPurpose.
    """
    if release <= 0:
        raise NothingReleased("{release} blanks are no release", mend="release at least one", release=release)
    if reserve < 0 or (reserve > 0) != bool(reserve_for.strip()):
        raise ReserveWithoutPurpose(
            "a central reserve of {reserve} blanks for '{purpose}'", mend="give a count from 0 up and what it is for",
            reserve=reserve, purpose=reserve_for,
        )  # fmt: skip
    if release > stock - reserve:
        if reserve:
            raise ReleaseExceedsStock(
                "{release} blanks were released; {stock} lie in the central warehouse, {reserve} of them reserved",
                mend="release at most {most}", release=release, stock=stock, reserve=reserve,
                most=max(0, stock - reserve),
            )  # fmt: skip
        raise ReleaseExceedsStock(
            "{release} blanks were released and {stock} lie in the central warehouse",
            mend="release at most {stock}",
            release=release,
            stock=stock,
        )


def check_review(*, author: str, reviewer: str, persons: Iterable[str]) -> None:
    """Whether ``reviewer`` may review what ``author`` drafted. Raises ReviewRefused."""
    if reviewer == author:
        raise ReviewRefused(
            "{author} drafted this version and cannot review it", mend="ask another officer", author=author
        )
    if reviewer not in set(persons):
        raise ReviewRefused(
            "{reviewer} is no person who could review", mend="name an officer, not a service", reviewer=reviewer
        )


def state_of(steps: Iterable[str]) -> Step:
    """The state of a round from its steps in any order: its end, else its review, else it is a draft."""
    done = set(steps)
    return next((step for step in (*ENDS, *VERDICTS) if step in done), "draft")


@dataclass(frozen=True, slots=True)
class Dispatch:
    """What one office is sent by one committed round: its papers, its days and its boxes."""

    round_no: int
    round_title: str
    regency: str
    office: str
    consignment: str
    papers: str
    written_on: date
    dispatch_by: date
    deadline: date | None
    boxes: tuple[Whole, ...]
    pieces: tuple[Loose, ...]
    mode: str = "courier"
    letter: str = ""
    carrier: str = ""
    transport_days: int = 0
    transport_cost: int = 0

    @property
    def blanks(self) -> int:
        return sum(whole.size for whole in self.boxes) + sum(len(piece.positions) for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring boxes of one series and size: first to last number, both included."""

    series: str
    first: int
    last: int
    size: int

    @property
    def boxes(self) -> int:
        return self.last - self.first + 1

    @property
    def blanks(self) -> int:
        return self.boxes * self.size


def runs(boxes: Iterable[Whole]) -> tuple[Run, ...]:
    """The fewest runs that hold exactly these boxes, in the order of series and number."""
    found: list[Run] = []
    for whole in sorted(boxes, key=lambda w: (w.box, w.size)):
        last = found[-1] if found else None
        if last and (last.series, last.last + 1, last.size) == (whole.box.series, whole.box.number, whole.size):
            found[-1] = Run(last.series, last.first, whole.box.number, last.size)
        else:
            found.append(Run(whole.box.series, whole.box.number, whole.box.number, whole.size))
    return tuple(found)
