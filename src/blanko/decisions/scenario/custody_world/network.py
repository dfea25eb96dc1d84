"""Officers who send messages, a network that repeats and delays them, and servers and clients that die."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Final

from blanko.cards.issuance.rules import CardEnded
from blanko.decisions.scenario.custody_world import counters
from blanko.decisions.scenario.custody_world.book import OF_CARDS
from blanko.decisions.scenario.custody_world.compose import OFFICES
from blanko.decisions.scenario.custody_world.run import Run, Wrong
from blanko.decisions.scenario.custody_world.session import Fault

# Writing statements of one operation, from the first of its journal to the last of its balances.
STATEMENTS_MAX: Final = 14
# A dead connection costs its successor all its plans: a few hundred of each kind a run are enough.
FAULT_WEIGHTS: Final = (40, 5, 40, 5, 5, 5)
# A card takes such a step once: a clerk who sends it again is told that the card has ended.
WITHOUT_KEY: Final = frozenset({"spoil_card", "lose_card", "hand_over"})


def act(run: Run, draw: Random) -> str:
    message = run.composer.act(draw)
    return run.deliver(message) if message else "nothing"


def blind(run: Run, draw: Random) -> str:
    return run.deliver(run.composer.blind(draw))


def again(run: Run, draw: Random) -> str:
    """A message that was sent before comes again, at once or long after; its sender's clock has gone on."""
    if not run.sent:
        return "nothing"
    message = draw.choice(run.sent[-5:] if draw.random() < 0.5 else run.sent)
    return run.deliver(replace(message, at=run.composer.at(OFFICES[0])))


def reuse(run: Run, draw: Random) -> str:
    """A key that named one movement is used for another one."""
    message, keyed = run.composer.act(draw), [m for m in run.sent if m.key]
    if message is None or message.key is None or not keyed:
        return "nothing"
    return run.deliver(replace(message, key=draw.choice(keyed).key))


def delay(run: Run, draw: Random) -> str:
    """A message is on its way for long; others overtake it."""
    message = run.composer.act(draw)
    if message is None:
        return "nothing"
    run.late.append(message)
    return "delayed"


def arrive(run: Run, draw: Random) -> str:
    """One of the late messages arrives, in no order."""
    if not run.late:
        return delay(run, draw)
    return run.deliver(run.late.pop(draw.randrange(len(run.late))))


def crash(run: Run, draw: Random) -> str:
    """The server or the client dies between two statements; the client sends the same again, now or late."""
    message = counters.composed(run, draw) if draw.random() < 0.3 else run.composer.act(draw)
    fault, at_statement = draw.choices(list(Fault), FAULT_WEIGHTS)[0], draw.randint(1, STATEMENTS_MAX)
    if message is None:
        return "nothing"
    message = run.prepared(message)
    if run.notices(message):
        return "nothing"
    run.commit()
    observed = run.session.break_during(message, fault, at_statement)
    told = f"{fault} {at_statement} {observed.broken}"
    if not observed.broken:
        expected = run.book.deliver(message)
        run.agree(message, expected, observed)
        return f"{told} {run.happened(message, expected)}"
    if observed.unknown:
        # Whatever became of it: sent again, it must be done exactly once.
        expected, again = run.book.deliver(message), run.session.alone(message)
        if not (expected.done and message.does in WITHOUT_KEY and again.refused is CardEnded):
            run.agree(message, expected, again)
        return f"{told} {run.happened(message, expected)}"
    if fault is Fault.CONFLICT and message.does not in OF_CARDS:
        raise Wrong(f"{message}: a conflict was not tried again")
    if draw.random() < 0.5:
        return f"{told} {run.deliver(message)}"
    run.late.append(message)
    return told
