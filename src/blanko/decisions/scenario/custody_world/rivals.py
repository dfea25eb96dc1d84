"""Two officers at once: at one box, at one card, and in each other's way."""

from __future__ import annotations

import time
from random import Random

from django.db import Error, connection, transaction

from blanko.cards.custody.rules import Condition
from blanko.decisions.scenario.custody_world.book import Message
from blanko.decisions.scenario.custody_world.compose import OFFICES
from blanko.decisions.scenario.custody_world.counters import cards_pair
from blanko.decisions.scenario.custody_world.frauds import sealed_in_offices
from blanko.decisions.scenario.custody_world.run import Run, Wrong
from blanko.decisions.scenario.custody_world.session import (
    PRINCIPAL,
    Observed,
    Surprise,
    alone,
    both,
    call,
    wait_blocked,
)
from blanko.decisions.scenario.custody_world.stage import DEADLOCK_MS
from blanko.ground.access.acting import acting
from blanko.kernel.errors import BlankoError


def race(run: Run, draw: Random) -> str:
    """Two officers do something to one box or card at the same moment; the first commits, changes his mind, or dies."""
    pair = cards_pair(run, draw) if draw.random() < 0.3 else _boxes_pair(run, draw)
    if pair is None:
        return "nothing"
    first, second = pair
    if run.notices(first) or run.notices(second):
        return "noticed"
    run.commit()
    end = draw.choices(["commit", "roll back", "die"], [70, 24, 6])[0]
    waited, mine, theirs = _at_once(run, first, second, end)
    told = f"{end} {waited}"
    if end == "commit":
        expected = run.book.deliver(first)
        run.agree(first, expected, mine)
        told += run.happened(first, expected)
    expected = run.book.deliver(second)
    run.agree(second, expected, theirs)
    return told + run.happened(second, expected)


def _boxes_pair(run: Run, draw: Random) -> tuple[Message, Message] | None:
    name = run.composer.box(draw)
    first = run.composer.act(draw, name)
    second = first if draw.random() < 0.15 else run.composer.act(draw, name)
    if first is None or second is None:
        return None
    return run.prepared(first), run.prepared(second)


def _at_once(run: Run, first: Message, second: Message, end: str) -> tuple[bool, Observed, Observed]:
    mine = acting(principal=PRINCIPAL)
    mine.__enter__()
    run.session.calls += 2
    try:
        call(first)
        seen = Observed()
    except BlankoError as refusal:
        seen = Observed(type(refusal))
    pid = connection.connection.info.backend_pid
    run.officer.begin(lambda: alone(second))
    waited = wait_blocked(run.admin, run.officer)
    if end == "roll back":
        transaction.set_rollback(True)
    elif end == "die":
        run.admin.execute("SELECT pg_terminate_backend(%s)", [pid])
    try:
        mine.__exit__(None, None, None)
    except Error:
        if end != "die":
            raise
        connection.close()
    theirs = run.officer.result()
    run.officer.ready()
    return waited, seen, theirs


def deadlock(run: Run, draw: Random) -> str:
    """Two transactions take two boxes in opposite orders: one of them ends whole, the other is not there at all."""
    office = draw.choice(OFFICES)
    lying = [
        line
        for line, place in sealed_in_offices(run)
        if place == office and run.book.cell((line.series, line.box_no, 1)).condition == Condition.GOOD
    ]
    if len(lying) < 2:
        return "nothing"
    lines = draw.sample(lying, 2)
    goal = draw.choice([o for o in OFFICES if o != office])
    up = [run.composer.dispatch((line,), office, goal) for line in lines]
    down = [run.composer.dispatch((line,), office, goal) for line in reversed(lines)]
    run.commit()
    mine = acting(principal=PRINCIPAL)
    mine.__enter__()
    call(up[0])
    run.officer.begin(lambda: both(*down))
    if not wait_blocked(run.admin, run.officer):
        raise Surprise("the second of two opposite transactions does not wait for the first")
    # The server looks for a deadlock once in each wait: the one that waits first will not be the victim.
    time.sleep(DEADLOCK_MS * 3 / 1000)
    try:
        call(up[1])
        raise Wrong("two transactions that wait for each other both went on")
    except Error as error:
        if getattr(getattr(error.__cause__, "diag", None), "sqlstate", "") != "40P01":
            raise
        transaction.set_rollback(True)
    mine.__exit__(None, None, None)
    theirs = run.officer.result()
    if theirs != Observed():
        raise Wrong(f"of two transactions in a deadlock neither was done: {theirs}")
    told = ""
    for message in down:
        told += run.happened(message, run.book.deliver(message))
    # The victim's client sends the same again and is told that the boxes are gone.
    return told + "".join(run.deliver(message) for message in up)
