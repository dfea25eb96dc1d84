"""Issue, renew and void sukets; the card's hand-over ends them. Each call is one event, all of it or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import F
from django.db.transaction import atomic
from django.utils import timezone

from blanko.cards.suket import queries, rules
from blanko.cards.suket.models import LiveSuket, Suket, SuketEnd, SuketNumber
from blanko.cards.suket.rules import End, Reason, VoidCause
from blanko.ground.audit import operations as audit
from blanko.ground.audit.merkle import Facts
from blanko.ground.database import sql

CHUNK = 2_000
LOCK_SPACE = 0x50C
_OF_HOLDER = ("person_id", "recorded_office", "record_id", "nik", "name", "birth_place", "birth_date", "sex", "address")


def issue(*, person_id: int, office: str, by: str, at: datetime, reason: Reason | str | None = None) -> str:
    """Give one person a suket; returns its number. ``reason`` may be left to the record.

    Raises NoSuketDue, ReasonDisagrees, OfAnotherOffice, SuketHeld (renew that one).
    """
    asked = None if reason is None else Reason(reason)
    with atomic():
        _alone(office)
        row = _due(person_id, office)
        found = rules.reason_for(row["state"], asked=asked)
        if held := queries.held_by([person_id]):
            number = next(iter(held))
            raise rules.SuketHeld("the person holds suket {number}", mend="renew it, or void it first", number=number)
        return _issue([(row, found, "")], office=office, by=by, at=at)[0]


def issue_bulk(
    *, office: str, by: str, at: datetime, reasons: Sequence[Reason | str] = (Reason.PRR,), limit: int = 500
) -> list[str]:
    """Give a suket to everyone of an office who waits for one of these reasons and holds none, in the order of the
    queue; at most ``limit`` (up to BULK_MAX). Returns their numbers.
    """
    wanted = {Reason(reason) for reason in reasons}
    states = [str(state) for state, reason in rules.REASON_OF_STATE.items() if reason in wanted]
    with atomic():
        _alone(office)
        rows = queries.candidates(office=office, states=states, limit=max(0, min(limit, rules.BULK_MAX)))
        return _issue([(row, rules.reason_for(row["state"]), "") for row in rows], office=office, by=by, at=at)


def renew(*, number: str, by: str, at: datetime) -> str:
    """Put a new suket in the place of one that ends soon or has ended its validity; returns the new number.

    Raises UnknownSuket, SuketEnded, NotYetRenewable, and what ``issue`` raises when a suket is no longer due.
    """
    with atomic():
        live = _live(number)
        _alone(live.office)
        if not live.counts:
            raise rules.SuketHeld("the holder of suket {number} has another", mend="renew that one", number=number)
        rules.check_renewable(number, live.valid_until, on=timezone.localdate(at))
        (person_id,) = queries.persons_of([number]).values()
        row = _due(person_id, live.office)
        found = rules.reason_for(row["state"])
        _end([_ended(number, End.RENEWED, by=by, at=at)], operation="suket.renew", by=by, at=at)
        return _issue([(row, found, number)], office=live.office, by=by, at=at)[0]


def void(*, number: str, cause: VoidCause | str, note: str, by: str, at: datetime) -> None:
    """Void a suket for a cause, with what happened in words. Raises NoReasonGiven, UnknownSuket, SuketEnded."""
    if not note.strip():
        raise rules.NoReasonGiven("a suket is voided without saying why", mend="say what happened")
    cause = VoidCause(cause)
    with atomic():
        _live(number)
        row = _ended(number, End.VOIDED, by=by, at=at, cause=str(cause), note=note.strip())
        _end([row], operation="suket.void", by=by, at=at, reason=f"{cause}: {note.strip()}")


def end_by_cards(*, cards: Mapping[int, str], by: str, at: datetime) -> int:
    """The cards (person to serial) are in their holders' hands: their sukets end. Returns how many.

    Called in the transaction of the hand-over.
    """
    with atomic():
        held = queries.held_by(list(cards))
        rows = [_ended(number, End.CARD_ISSUED, by=by, at=at, card=cards[person]) for number, person in held.items()]
        if rows:
            _end(rows, operation="suket.end_by_cards", by=by, at=at)
        return len(rows)


def take_from_files(*, by: str, at: datetime) -> int:
    """Take the numbers over that registration files brought, of persons who still wait for a card; returns how many.

    Their day and reason are unknown, and stay so. Idempotent: a second call finds nothing. Call it after claims were
    refreshed.
    """
    with atomic():
        rows = queries.from_files()
        certificates = [
            {
                **{name: row[name] for name in _OF_HOLDER}, "number": row["number"], "office": row["office"],
                "reason": str(Reason.UNK), "issued_on": None, "valid_until": None, "rule": "", "renews": "",
                "taken_over": True, "by": by, "at": at,
            }
            for row in rows
        ]  # fmt: skip
        if certificates:
            _store(certificates, operation="suket.take_from_files", by=by, at=at)
        return len(certificates)


def _alone(office: str) -> None:
    """Two issues of one office take turns: a number is given once, and a person is not found without suket twice."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [LOCK_SPACE, office])


def _due(person_id: int, office: str) -> dict[str, Any]:
    found = queries.candidates(office=office, person=person_id)
    if not found:
        raise rules.NoSuketDue("no card is owed to this person", mend="look the person up")
    if found[0]["regency"] != office:
        raise rules.OfAnotherOffice(
            "the record belongs to office {office}", mend="ask that office", office=found[0]["regency"]
        )
    return found[0]


def _live(number: str) -> LiveSuket:
    live = LiveSuket.objects.select_for_update().filter(number=number).first()
    if live is not None:
        return live
    if not Suket.objects.filter(pk=number).exists():
        raise rules.UnknownSuket("there is no suket {number}", mend="read the number on the paper", number=number)
    raise rules.SuketEnded("suket {number} has ended", mend="look up how it ended", number=number)


def _issue(given: Sequence[tuple[dict[str, Any], Reason, str]], *, office: str, by: str, at: datetime) -> list[str]:
    if not given:
        return []
    day = timezone.localdate(at)
    rule = rules.validity(day)
    first = _numbers(office, day, len(given))
    certificates = [
        {
            **{name: row[name] for name in _OF_HOLDER}, "number": rules.numbered(office, day.year, first + place),
            "office": office, "reason": str(reason), "issued_on": day, "valid_until": rules.valid_until(day),
            "rule": rule.source, "renews": renews, "taken_over": False, "by": by, "at": at,
        }
        for place, (row, reason, renews) in enumerate(given)
    ]  # fmt: skip
    _store(certificates, operation="suket.issue", by=by, at=at)
    return [row["number"] for row in certificates]


def _numbers(office: str, day: date, count: int) -> int:
    """The first of ``count`` numbers in a row."""
    key = {"office": office, "year": day.year}
    if not SuketNumber.objects.filter(**key).update(last=F("last") + count):
        SuketNumber.objects.create(**key, last=count, event_id=0)
    return int(SuketNumber.objects.values_list("last", flat=True).get(**key)) - count + 1


def _store(certificates: list[dict[str, Any]], *, operation: str, by: str, at: datetime) -> None:
    event = audit.record(
        operation=operation, by=by, at=at, facts=Facts.of({"suket_certificate": certificates}),
        subject={"office": certificates[0]["office"], "sukets": len(certificates), "first": certificates[0]["number"]},
    )  # fmt: skip
    Suket.objects.bulk_create([Suket(event_id=event, **row) for row in certificates], batch_size=CHUNK)
    live = ("person_id", "number", "recorded_office", "record_id", "office", "reason", "birth_date", "issued_on",
            "valid_until")  # fmt: skip
    LiveSuket.objects.bulk_create(
        [LiveSuket(event_id=event, **{name: row[name] for name in live}) for row in certificates], batch_size=CHUNK
    )


def _ended(number: str, ended: End, *, by: str, at: datetime, **given: str) -> dict[str, Any]:
    return {"number": number, "ended": str(ended), "cause": "", "note": "", "card": "", "at": at, "by": by, **given}


def _end(rows: list[dict[str, Any]], *, operation: str, by: str, at: datetime, reason: str = "") -> None:
    event = audit.record(
        operation=operation, by=by, at=at, facts=Facts.of({"suket_end": rows}), reason=reason,
        subject={"sukets": len(rows), "first": rows[0]["number"]},
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(sql.text(__package__, "end.sql"), {"numbers": [row["number"] for row in rows]})
    SuketEnd.objects.bulk_create([SuketEnd(event_id=event, **row) for row in rows], batch_size=CHUNK)
