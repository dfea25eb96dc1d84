"""Send messages to custody's real operations, and break what can break on the way."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from enum import StrEnum
from typing import Any, NamedTuple

import psycopg
from django.db import Error, connection

from blanko.cards.custody import arrivals, operations
from blanko.cards.custody.rules import Condition
from blanko.cards.issuance import following
from blanko.cards.issuance import operations as issuance
from blanko.cards.issuance.rules import PrinterFault
from blanko.decisions.scenario.custody_world.book import OF_CARDS, Message, serial_text
from blanko.ground.access.acting import acting
from blanko.kernel.errors import BlankoError

PRINCIPAL = "svc.custody"
BLOCKED_SECONDS = 20.0


class Fault(StrEnum):
    """How an attempt is broken. The first three strike inside the server, before its n-th writing statement."""

    ERROR = "error"
    KILL = "kill"
    CONFLICT = "conflict"
    # The client dies with everything done and nothing committed.
    LOST_BEFORE_COMMIT = "lost_before_commit"
    # COMMIT is sent and the client is gone before the answer: it cannot know.
    LOST_AT_COMMIT = "lost_at_commit"
    # Committed, and the answer is lost.
    LOST_AFTER_COMMIT = "lost_after_commit"


class Observed(NamedTuple):
    """What an attempt came to. ``broken``: the client got no answer; ``unknown``: nor can it know what was done."""

    refused: type[BlankoError] | None = None
    broken: bool = False
    unknown: bool = False


class Surprise(Exception):
    """The database did what nobody injected: raised with what it said."""


# What the server's injected fault says; anything else that fails is no fault of ours.
INJECTED, CONFLICT = "BLF01", "40001"
SET_FAULT = "SELECT set_config('blanko.fault', %s, false), setval('simulator_statement', 1, false)"


def call(message: Message) -> None:
    """The one operation of custody or issuance that this message asks for. Raises what it raises."""
    if message.does in OF_CARDS:
        _call_issuance(message)
        return
    key, at, by = message.key, message.at, message.by
    if message.does == "receive_lot":
        operations.receive_lot(lot_no=message.lot, by=by, at=at, key=key)
    elif message.does == "receive":
        operations.receive(movement=message.movement, by=by, at=at)
    elif message.does == "scan":
        arrivals.receive_scanned(movement=message.movement, scans=message.scans, by=by, at=at)
    elif message.does == "void":
        operations.void(movement=message.movement, reason=message.reason, by=by, at=at)
    else:
        assert key is not None
        if message.does == "return":
            operations.return_to_sender(movement=message.movement, reason=message.reason, key=key, by=by, at=at)
        elif message.does == "dispatch":
            operations.dispatch(
                consignment=message.lines, from_office=message.office, to_office=message.to_office, key=key, by=by,
                at=at, kind=message.kind, condition=message.before,
            )  # fmt: skip
        else:
            operations.change(
                kind=message.kind, before=message.before, after=message.after, lines=message.lines,
                office=message.office, key=key, by=by, at=at, reason=message.reason,
            )  # fmt: skip


def _call_issuance(message: Message) -> None:
    key, at, by, office = message.key, message.at, message.by, message.office
    cards = [serial_text(card) for card in message.cards]
    match message.does:
        case "print":
            issuance.print_cards(office=office, limit=message.limit, by=by, at=at, key=key)
        case "send":
            assert key is not None
            issuance.send_to_printer(office=office, key=key, by=by, at=at, limit=message.limit)
        case "finish":
            issuance.finish_job(job=message.job, by=by, at=at)
        case "fail":
            blank = "spoiled" if message.after is Condition.SPOILED else "good"
            issuance.fail_job(job=message.job, fault=PrinterFault.JAM, blank=blank, by=by, at=at)
        case "spoil_card":
            issuance.spoil(cards=cards, reason=message.reason, by=by, at=at)
        case "lose_card":
            issuance.report_lost(cards=cards, reason=message.reason, by=by, at=at)
        case "hand_over":
            issuance.hand_over(cards=cards, to="holder", checked="face", by=by, at=at)
        case "ship":
            assert key is not None
            issuance.ship(cards=cards, office=office, to_office=message.to_office, key=key, by=by, at=at)
        case "arrive":
            issuance.arrive(movement=message.movement, by=by, at=at)
        case _:
            following.follow(by=by, at=at, office=office or None)


class Session:
    """The attempts of one client on its own connection (that of the calling thread)."""

    def __init__(self) -> None:
        self.calls = 0
        self._batch: Any = None

    def send(self, message: Message) -> Observed:
        """Send without a fault. Steps in a row share a transaction, each below a savepoint of its own."""
        if self._batch is None:
            self._batch = acting(principal=PRINCIPAL)
            self._batch.__enter__()
        self.calls += 1
        try:
            call(message)
        except BlankoError as refusal:
            return Observed(type(refusal))
        return Observed()

    def commit(self) -> None:
        """Commit what was sent so far."""
        if self._batch is not None:
            batch, self._batch = self._batch, None
            batch.__exit__(None, None, None)

    def break_during(self, message: Message, fault: Fault, at_statement: int) -> Observed:
        """Send one message in a transaction of its own and let the fault strike."""
        self.commit()
        self.calls += 1
        if fault in (Fault.ERROR, Fault.KILL, Fault.CONFLICT):
            return self._break_inside(message, f"{at_statement}:{fault}")
        if fault is Fault.LOST_AFTER_COMMIT:
            observed = self.alone(message)
            connection.close()
            return observed if observed.refused else Observed(broken=True, unknown=True)
        try:
            with acting(principal=PRINCIPAL):
                call(message)
                raw = connection.connection
                if fault is Fault.LOST_AT_COMMIT:
                    raw.pgconn.send_query(b"COMMIT")
                    raw.pgconn.flush()
                raw.pgconn.finish()
                raise ConnectionAbortedError
        except BlankoError as refusal:
            return Observed(type(refusal))
        except (ConnectionAbortedError, Error):
            connection.close()
            return Observed(broken=True, unknown=fault is Fault.LOST_AT_COMMIT)

    def alone(self, message: Message) -> Observed:
        """Send one message in a transaction of its own, which is committed when this returns."""
        self.commit()
        self.calls += 1
        try:
            with acting(principal=PRINCIPAL):
                call(message)
        except BlankoError as refusal:
            return Observed(type(refusal))
        return Observed()

    def _break_inside(self, message: Message, fault: str) -> Observed:
        try:
            with connection.cursor() as cursor:
                cursor.execute(SET_FAULT, [fault])
            with acting(principal=PRINCIPAL):
                call(message)
        except BlankoError as refusal:
            return Observed(type(refusal))
        except Error as error:
            state = getattr(getattr(error.__cause__, "diag", None), "sqlstate", None) or ""
            # A killed backend says 57P01, or nothing at all.
            if fault.endswith(str(Fault.KILL)) and state in ("57P01", ""):
                connection.close()
            elif state != INJECTED and not (state == CONFLICT and message.does in OF_CARDS):
                # Issuance raises a conflict, and its client sends again; custody tries it again by itself.
                raise Surprise(f"{type(error).__name__} {state}: {error}") from error
            return Observed(broken=True)
        finally:
            if connection.connection is not None:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT set_config('blanko.fault', '', false)")
        return Observed()


class Officer:
    """A second client: a thread with a connection of its own, which does what it is told when it is told."""

    def __init__(self) -> None:
        self._told: queue.Queue[Callable[[], Any] | None] = queue.Queue()
        self._done: queue.Queue[tuple[Any, BaseException | None]] = queue.Queue()
        self.pid = 0
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self) -> None:
        while (task := self._told.get()) is not None:
            try:
                self._done.put((task(), None))
            except BaseException as error:  # noqa: BLE001 - handed to whoever asked
                self._done.put((None, error))
        connection.close()

    def begin(self, task: Callable[[], Any]) -> None:
        """Start a task; ``wait_blocked`` or ``result`` follow."""
        self._told.put(task)

    def result(self) -> Any:
        """What the task returned. Raises what it raised."""
        value, error = self._done.get(timeout=BLOCKED_SECONDS)
        if error is not None:
            raise error
        return value

    def ready(self) -> int:
        """The process of its connection in the server."""

        def pid() -> int:
            connection.ensure_connection()
            return int(connection.connection.info.backend_pid)

        self.begin(pid)
        self.pid = int(self.result())
        return self.pid

    def is_done(self) -> bool:
        return not self._done.empty()

    def end(self) -> None:
        self._told.put(None)
        self._thread.join(BLOCKED_SECONDS)


def wait_blocked(admin: psycopg.Connection, officer: Officer) -> bool:
    """Wait until the officer has finished (False) or waits for somebody's lock (True)."""
    deadline = time.monotonic() + BLOCKED_SECONDS
    while time.monotonic() < deadline:
        if officer.is_done():
            return False
        row = admin.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0", [officer.pid]).fetchone()
        if row == (True,):
            return True
        time.sleep(0.0005)
    raise Surprise("an officer neither finished nor waits for a lock")


def both(first: Message, second: Message) -> Observed:
    """Two messages in one transaction: both or none. For two clients that lock boxes in opposite orders."""
    try:
        with acting(principal=PRINCIPAL):
            call(first)
            call(second)
    except BlankoError as refusal:
        return Observed(type(refusal))
    except Error as error:
        state = getattr(getattr(error.__cause__, "diag", None), "sqlstate", None) or ""
        if state == "40P01":
            return Observed(broken=True)
        raise Surprise(f"{type(error).__name__} {state}: {error}") from error
    return Observed()


def alone(message: Message) -> Observed:
    """Send one message from the calling thread's connection and commit."""
    return Session().alone(message)
