"""Officers at counters: cards are printed, fail, are spoiled, sent on, handed over, and follow their blanks."""

from __future__ import annotations

from random import Random

from blanko.cards.custody.rules import CENTRE, Condition, Key, Kind
from blanko.cards.issuance.rules import Step
from blanko.decisions.scenario.custody_world.book import Blank, Message
from blanko.decisions.scenario.custody_world.compose import OFFICES, officer
from blanko.decisions.scenario.custody_world.run import Run

COUNTERS = tuple(office for office in OFFICES if office != CENTRE)


def card(run: Run, draw: Random) -> str:
    """One call of issuance, without a fault."""
    message = composed(run, draw)
    return run.deliver(message) if message else "nothing"


def follow(run: Run, draw: Random) -> str:
    """The cards of an office, or of all, follow their blanks."""
    office = draw.choice(["", *COUNTERS])
    return run.deliver(_message(run, "follow", office or CENTRE, office=office))


def cards_pair(run: Run, draw: Random) -> tuple[Message, Message] | None:
    """Two calls on one card, one job, or one queue."""
    luck = draw.random()
    if luck < 0.4:
        office = draw.choice(COUNTERS)
        first = _print(run, draw, office)
        return first, first if draw.random() < 0.3 else _print(run, draw, office)
    if luck < 0.6 and (jobs := _jobs(run)):
        job = draw.choice(jobs)
        return _ended(run, draw, job), _ended(run, draw, job)
    cards = _waiting(run)
    if not cards:
        return None
    one = draw.choice(cards)
    first, second = (_with_card(run, draw, one) for _ in range(2))
    return first, first if draw.random() < 0.2 else second


def composed(run: Run, draw: Random) -> Message | None:
    """A call of issuance that fits the book as it stands; None when nothing is left to do."""
    luck, office = draw.random(), draw.choice(COUNTERS)
    if luck < 0.40:
        return _print(run, draw, office)
    if luck < 0.48:
        return _message(run, "send", office, office=office, key=run.composer.key(office), limit=draw.randint(1, 2))
    if luck < 0.58 and (jobs := _jobs(run)):
        return _ended(run, draw, draw.choice(jobs))
    if luck < 0.66 and (moving := [m for m in run.book.cards.shipped if m in run.book.pending]):
        movement = draw.choice(moving)
        taker = run.composer.receive(movement).by
        return _message(run, "arrive", run.book.moved[movement].to_office, by=taker, movement=movement)
    cards = _waiting(run)
    return _with_card(run, draw, draw.choice(cards)) if cards else None


def _print(run: Run, draw: Random, office: str) -> Message:
    return _message(run, "print", office, office=office, key=run.composer.key(office), limit=draw.choice([1, 1, 2, 3]))


def _with_card(run: Run, draw: Random, card: Blank) -> Message:
    held = run.book.cards.held[card]
    office = held.office
    beside = [c for c, other in run.book.cards.waiting.items() if other.office == office and other.last is held.last]
    cards = tuple(sorted({card, draw.choice(beside)})) if beside and draw.random() < 0.3 else (card,)
    luck = draw.random()
    if luck < 0.6:
        return _message(run, "hand_over", office, cards=cards)
    if luck < 0.75:
        return _message(run, "spoil_card", office, cards=cards)
    if luck < 0.8:
        return _message(run, "lose_card", office, cards=cards)
    goal = draw.choice([other for other in COUNTERS if other != office])
    return _message(
        run, "ship", office, office=office, to_office=goal, cards=cards, key=run.composer.key(office),
        kind=Kind.TRANSFER,
    )  # fmt: skip


def _ended(run: Run, draw: Random, job: str) -> Message:
    office, luck = run.book.cards.jobs[job].office, draw.random()
    if luck < 0.6:
        return _message(run, "finish", office, job=job)
    return _message(run, "fail", office, job=job, after=Condition.SPOILED if luck < 0.8 else Condition.GOOD)


def _jobs(run: Run) -> list[str]:
    return [name for name, job in run.book.cards.jobs.items() if not job.ended]


def _waiting(run: Run) -> list[Blank]:
    return [blank for blank, held in run.book.cards.waiting.items() if held.last is not Step.ISSUED]


def _message(
    run: Run, does: str, at_office: str, *, by: str = "", office: str = "", to_office: str = "", key: Key | None = None,
    cards: tuple[Blank, ...] = (), limit: int = 0, job: str = "", movement: str = "", kind: Kind = Kind.DISPATCH,
    after: Condition = Condition.GOOD,
) -> Message:  # fmt: skip
    return Message(
        does, by or officer(at_office), run.composer.at(at_office), key, office=office, to_office=to_office,
        movement=movement, kind=kind, after=after, reason="found so", cards=cards, limit=limit, job=job,
    )  # fmt: skip
