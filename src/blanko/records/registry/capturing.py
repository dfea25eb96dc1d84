"""Capture at the counter: a registration goes in, gets its keys and is compared with all others, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from django.db import connection
from django.db.transaction import atomic
from django.utils.timezone import localdate
from psycopg.types.json import Jsonb

from blanko.ground.audit import operations as audit
from blanko.ground.audit.merkle import Facts, leaf
from blanko.ground.database import sql
from blanko.records.intake import capturing as intake
from blanko.records.registry import adopting, checking, matching, operations
from blanko.records.registry.keying import as_bigint
from blanko.records.registry.queries import resolve_record
from blanko.records.registry.rules import STATUS_WHEN_NONE_IS_GIVEN

if TYPE_CHECKING:
    from blanko.engines.linkage.packed import Book
    from blanko.records.registry.checking import Compared

SHOWS_STATUS = ("status", "status_since", "card_issued_on")
KEPT = ("nik", "name", "birth_date", "sex", "marital_status", "recorded_on")


@dataclass(frozen=True, slots=True)
class Captured:
    """What became of a capture: its person, and whether linkage found it ``new``, the ``same`` as a person that was
    recorded before, or ``uncertain``; ``waiting``: linkage is down, and the record stands in its queue.

    ``seen_before``: the very same registration was there already, and nothing was written.
    """

    recorded_office: str
    record_id: str
    version: int
    person_id: int
    answer: Literal["new", "same", "uncertain", "waiting"]
    seen_before: bool
    event: int | None
    persons: frozenset[int]


class _NotAlone(Exception):
    """Others are to be looked at too: the capture begins again while nobody else writes."""


def capture(*, row: Mapping[str, str | None], by: str, at: datetime) -> Captured:
    """Take one registration in (columns of registration files, as text) and resolve it. Once for an office and number.

    Whoever resembles nobody is stored in a few statements beside other captures; where a pair is found, or the record
    is known and was corrected, persons are made anew, one capture at a time. When linkage is down the record is stored
    and waits in its queue. Raises RowRefused.
    """
    prepared = intake.prepare(row, today=localdate(at))
    alone = newest = down = False
    while True:
        try:
            with atomic():
                ready = None if down else _ready(prepared, newest=newest)
                return _capture(prepared, ready, by=by, at=at, alone=alone)
        except _NotAlone:
            alone = True
        except checking.ModelChanged:
            newest = True
        except _Down:
            down = True


class _Down(Exception):
    """Linkage failed where it makes persons anew: the record is stored all the same, and waits in the queue."""


def _capture(prepared: intake.Prepared, ready: _Ready | None, *, by: str, at: datetime, alone: bool) -> Captured:
    office, record = prepared.key
    keys = [] if ready is None else sorted({int(key) for key in as_bigint(ready.keys) if key})
    with connection.cursor() as cursor:
        # Two captures that share a key follow each other, so that the second sees the first.
        cursor.execute("SELECT registry_lock_capture(%s, %s, %s)", [alone, keys, f"{office}/{record}"])
        before = intake.held(prepared.key)
        if before is not None and before[1] == prepared.values:
            return _seen(prepared, before[0])
        simple = before is None and not any(prepared.values[name] for name in SHOWS_STATUS)
        if not simple:
            if not alone:
                raise _NotAlone
            return _as_file(prepared, version=(before[0] if before else 0) + 1, by=by, at=at)
        # Now nobody who shares a key can come between.
        compared = None if ready is None else _compared(ready, prepared.key)
        pairs = compared is not None and (compared.capped > 0 or bool((compared.decided != _apart()).any()))
        if pairs and not alone:
            raise _NotAlone
        person, rec, event = _store(
            cursor, prepared, compared, keys, model=0 if ready is None else ready.model, by=by, at=at
        )
        answer: Literal["new", "same", "uncertain", "waiting"] = "waiting" if compared is None else "new"
        persons = frozenset({person})
        if pairs:
            try:
                with atomic():
                    done = matching.link_records(cursor, new=[rec], lost=[], around=[], by=by, at=at, counted=False)
            except Exception as error:
                raise _Down from error
            answer, person = _found(cursor, office, record)
            persons |= done.persons | {person}
        return Captured(office, record, 1, person, answer, False, event, persons)


def _apart() -> int:
    from blanko.engines.linkage.cluster import APART

    return APART


class _Ready(NamedTuple):
    """A registration as the model compares it."""

    model: int
    book: Book
    packed: bytes
    keys: npt.NDArray[np.uint64]


def _ready(prepared: intake.Prepared, *, newest: bool) -> _Ready | None:
    """The registration packed under the model at hand, or the ``newest``, with its keys; None while linkage is down."""
    try:
        # Whether the model at hand still counts is asked in the same question as for the others (ModelChanged).
        held = None if newest else adopting.at_hand()
        if held is None:
            with atomic():
                held = adopting.book()
        model, book = held
        with book.lock:
            return _Ready(model, book, *book.pack_one(prepared.values))
    except Exception:  # noqa: BLE001 - whatever stops linkage must not stop a capture: the record waits in its queue
        return None


def _compared(ready: _Ready, own: tuple[str, str]) -> Compared | None:
    """The registration beside all others; None when linkage fails. Raises ModelChanged."""
    try:
        with atomic(), ready.book.lock:
            return checking.compare(ready.book, ready.packed, ready.keys, own)
    except checking.ModelChanged:
        raise
    except Exception:  # noqa: BLE001 - as above
        return None


def _seen(prepared: intake.Prepared, version: int) -> Captured:
    office, record = prepared.key
    with connection.cursor() as cursor:
        answer, person = _found(cursor, office, record)
    return Captured(office, record, version, person, answer, True, None, frozenset())


def _found(cursor: Any, office: str, record: str) -> tuple[Literal["new", "same", "uncertain", "waiting"], int]:
    """What linkage says of a stored record now, and its person."""
    cursor.execute(sql.text(__package__, "captured.sql"), {"office": office, "record": record})
    person, size, keyed, review = cursor.fetchone()
    if not keyed:
        return "waiting", person
    return ("same" if size > 1 else "uncertain" if review else "new"), person


def _store(
    cursor: Any,
    prepared: intake.Prepared,
    compared: Compared | None,
    keys: list[int],
    *,
    model: int,
    by: str,
    at: datetime,
) -> tuple[int, int, int]:
    """Store a registration that nobody knew: (its person, its number among the keys, the event)."""
    office, record = prepared.key
    cursor.execute("SELECT nextval('registry_person_number'), nextval('registry_rec')")
    person, rec = cursor.fetchone()
    since = prepared.values["recorded_on"] or localdate(at).isoformat()
    key = {"recorded_office": office, "record_id": record, "seq": 1}
    facts = Facts.of_leaves(
        [
            prepared.leaf,
            leaf("registry_record_link", {**key, "person_id": person, "cause": "first_seen"}),
            leaf(
                "registry_status",
                {
                    **key, "from_status": "UNREGISTERED", "to_status": str(STATUS_WHEN_NONE_IS_GIVEN), "since": since,
                    "kind": "first", "reason": "captured at the counter",
                },
            ),
        ]
    )  # fmt: skip
    event = audit.record(
        operation="registry.capture", by=by, at=at, facts=facts, subject={"record": f"{office}/{record}"}
    )
    intake.store(prepared, version=1, event=event)
    row = {
        **{name: prepared.values[name] for name in KEPT},
        "recorded_office": office, "record_id": record, "person_id": person, "regency": prepared.regency,
        "since": since, "warnings": prepared.warnings, "status": str(STATUS_WHEN_NONE_IS_GIVEN),
    }  # fmt: skip
    cursor.execute(
        "SELECT registry_capture(%s, %s, %s, %s, %s, %s, %s)",
        [Jsonb(row), rec, keys, None if compared is None else compared.packed, model, at, event],
    )
    return int(person), int(rec), event


def _as_file(prepared: intake.Prepared, *, version: int, by: str, at: datetime) -> Captured:
    """A correction, or a row that shows a status: taken in as a file's row is."""
    office, record = prepared.key
    event = audit.record(
        operation="registry.capture", by=by, at=at, facts=Facts.of_leaves([prepared.leaf]),
        subject={"record": f"{office}/{record}"},
    )  # fmt: skip
    intake.store(prepared, version=version, event=event)
    held: set[int] = set()
    if version > 1:
        held = {resolve_record(recorded_office=office, record_id=record)}
    operations.take_in(by=by, at=at)
    done = matching.keep_up(by=by, at=at)
    with connection.cursor() as cursor:
        answer, person = _found(cursor, office, record)
    touched = held | {person} | (done.persons if done else frozenset())
    return Captured(office, record, version, person, answer, False, event, frozenset(touched))
