"""A blank becomes a card: at once, or as a job that ends when the printer has done, or failed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db.transaction import atomic
from django.utils import timezone

from blanko.cards.custody import queries as custody_journal
from blanko.cards.custody.rules import Condition, Key, KeyReused, Kind, Line, lines_of_serials
from blanko.cards.issuance import rules
from blanko.cards.issuance.keeping import Row, Sheet, called
from blanko.cards.issuance.models import ActiveCard, Card, PrintJob, PrintJobEnd
from blanko.cards.issuance.rules import Blank, CardState, Outcome, OutOfTurn, PrinterFault, Step
from blanko.kernel.boxes import BlankSerial, BoxId
from blanko.records.registry import queries as registry

LOCK_SPACE = 0x155
_TURN = ("person_id", "recorded_office", "record_id", "regency", "cause", "print_ready_since", "passed_over", "rule")


def print_cards(*, office: str, limit: int, by: str, at: datetime, key: Key | None = None) -> list[str]:
    """Print up to ``limit`` cards at a regency's office, in the order of the stored queue; returns their serials.

    Takes one blank for each card from an opened box, opening the next one when none is open. Fewer when fewer are owed
    or fewer blanks are there; none when there is nothing to do. A ``key`` that printed before prints nothing again and
    returns what it printed. Raises PrintsOnCollection, HolderHasCard, KeyReused and what else custody and registry
    refuse.
    """
    with atomic():
        waiting = _next(office, at, wanted=limit, key=key)
        if key is not None and waiting.key_used:
            return _printed_before(Key(*key), office=office, limit=limit)
        return _print(office, waiting.people, waiting.blanks, by=by, at=at, key=key)


def print_for(
    *, nik: str, office: str, by: str, at: datetime, key: Key | None = None, turn: OutOfTurn | str | None = None,
    note: str = "",
) -> str:  # fmt: skip
    """Print the card of one person who stands at the counter; returns its serial.

    An office that prints on collection prints every card so. Elsewhere the person is next in the queue, or ``turn``
    names from the list why others are passed, which is counted in public. Raises UnknownNik, NikOfSeveral, NothingOwed,
    NotNext, NoBlanksLeft, HolderHasCard, KeyReused.
    """
    with atomic():
        person = registry.person_under(nik)
        waiting = _next(office, at, wanted=1, person=person, key=key)
        if key is not None and waiting.key_used:
            return _printed_before(Key(*key), office=office, limit=1)[0]
        row = _named_turn(waiting.people, office=office, turn=turn, note=note)
        serials = _print(office, [row], waiting.blanks, by=by, at=at, key=key)
        if not serials:
            raise _no_blanks(office)
        return serials[0]


def send_to_printer(
    *, office: str, key: Key, by: str, at: datetime, limit: int = 1, nik: str | None = None,
    turn: OutOfTurn | str | None = None, note: str = "",
) -> list[dict[str, Any]]:  # fmt: skip
    """Put blanks into printers for the next persons of the queue, or for one at the counter (as ``print_for``).

    Returns the jobs (job, serial, person_id); each ends by ``finish_job`` or ``fail_job``. Until then its blank and its
    person are taken. The same key returns the same jobs. Raises as ``print_for`` does.
    """
    key = Key(*key)
    with atomic():
        person = None if nik is None else registry.person_under(nik)
        waiting = _next(office, at, wanted=limit, person=person)
        before = PrintJob.objects.filter(job__startswith=f"{key.movement}/").order_by("serial")
        if found := list(before.values("job", "serial", "person_id", "office")):
            if {job.pop("office") for job in found} != {office}:
                raise KeyReused(
                    "{movement} was another job", mend="give a new job a new sequence", movement=key.movement
                )
            return found
        people = waiting.people
        if nik is not None:
            people = [_named_turn(people, office=office, turn=turn, note=note)]
        pairs, sealed = _blanks(people, waiting.blanks)
        if not pairs:
            if nik is not None:
                raise _no_blanks(office)
            return []
        sheet, day = Sheet(), timezone.localtime(at).date()
        for place, (serial, row) in enumerate(pairs, 1):
            job = f"{key.movement}/{place}"
            sheet.jobs.append({**_turn(row, office), "job": job, "serial": serial, "by": by, "at": at})
            sheet.takes.append(_take(serial, row, CardState.IN_PRINTER, office=office, at=at, job=job))
            sheet.move(row, "SENT_FOR_CARD_PRINTING", since=day)
        _open(sheet, sealed, office=office, by=by, at=at)
        sheet.keep(
            "issuance.send", by=by, at=at, subject={"office": office, "jobs": len(pairs)},
            claims=[row for _serial, row in pairs],
        )  # fmt: skip
        return [{"job": job["job"], "serial": job["serial"], "person_id": job["person_id"]} for job in sheet.jobs]


def finish_job(*, job: str, by: str, at: datetime) -> str:
    """The printer has made the card; returns its serial. Said twice, it is done once. Raises UnknownJob, JobEnded."""
    with atomic():
        row = _job(job)
        if _ended_before(row, Outcome.PRINTED):
            return str(row["serial"])
        serial, office, day = row["serial"], row["office"], timezone.localtime(at).date()
        sheet = Sheet()
        sheet.job_ends.append(_job_end(row, Outcome.PRINTED, by=by, at=at))
        names = (*_TURN, "office", "turn", "turn_note", "serial", "job")
        sheet.cards.append({**{name: row[name] for name in names}, "printed_on": day})
        sheet.step(serial, Step.PRINTED, seq=1, before="", office=office, by=by, at=at)
        sheet.changes.append({"serial": serial, "state": str(CardState.PRINTED), "since": at})
        sheet.move(_record(row), "CARD_PRINTED", since=day)
        sheet.blank(
            Kind.PERSONALISATION, Condition.GOOD, Condition.PERSONALISED, lines_of_serials([serial]), office=office,
            key=Key(f"issuance/finish/{serial}", 1), by=by, at=at,
        )  # fmt: skip
        sheet.keep(
            "issuance.finish", by=by, at=at, subject={"job": job, "serial": serial}, claims=[_record(row)]
        )  # fmt: skip
        return str(serial)


def fail_job(*, job: str, fault: PrinterFault | str, blank: Blank | str, by: str, at: datetime, note: str = "") -> None:
    """The printer failed: what failed, and whether the blank is still good or spoiled. The card stays owed.

    Said twice, it is done once. Raises UnknownJob, JobEnded.
    """
    fault, blank = PrinterFault(fault), Blank(blank)
    with atomic():
        row = _job(job)
        if _ended_before(row, Outcome.FAILED):
            return
        serial, office, day = row["serial"], row["office"], timezone.localtime(at).date()
        sheet = Sheet()
        sheet.job_ends.append(
            _job_end(row, Outcome.FAILED, by=by, at=at, fault=str(fault), blank=str(blank), note=note)
        )
        give_way(sheet, serial, row["replaces"], row["cause"])
        sheet.move(_record(row), "PRINT_READY_RECORD", since=row["print_ready_since"] or day)
        if blank is Blank.SPOILED:
            sheet.blank(
                Kind.SPOILAGE, Condition.GOOD, Condition.SPOILED, lines_of_serials([serial]), office=office,
                key=Key(f"issuance/fail/{serial}", 1), by=by, at=at, reason=f"{fault} {note}".strip(),
            )  # fmt: skip
        sheet.keep(
            "issuance.fail", by=by, at=at, reason=str(fault), claims=[_record(row)],
            subject={"job": job, "serial": serial, "blank": str(blank)},
        )  # fmt: skip


def give_way(sheet: Sheet, serial: str, replaces: str, cause: str) -> None:
    """The card on ``serial`` counts no more: the one that it was to replace counts again, if its holder has it yet."""
    if replaces and cause not in rules.GONE_CAUSES:
        sheet.changes.append({"serial": serial, "new_serial": replaces, "state": str(CardState.ISSUED), "replaces": ""})
    else:
        sheet.frees.append(serial)


class Waiting(NamedTuple):
    """Whom an office prints for next, the blanks for them, and whether the key of the job was used before."""

    people: list[Row]
    blanks: list[tuple[str, BoxId, bool]]
    key_used: bool


def _next(office: str, at: datetime, *, wanted: int, person: int | None = None, key: Key | None = None) -> Waiting:
    (found,) = called(
        "SELECT issuance_next(%(office)s, %(day)s, %(wanted)s, %(person)s::bigint, %(key)s, %(space)s) AS next",
        {
            "office": office, "day": timezone.localtime(at).date(), "wanted": max(0, wanted), "person": person,
            "key": "" if key is None else Key(*key).movement, "space": LOCK_SPACE,
        },
    )  # fmt: skip
    told = found["next"]
    busy = set(told["busy"])
    blanks = [
        (serial, BoxId(series, box_no), sealed)
        for series, box_no, first, last, sealed in told["blanks"]
        for serial in _serials(Line(series, box_no, first, last))
        if serial not in busy
    ]
    return Waiting(told["people"], blanks, told["key_used"])


def _named_turn(waiting: Sequence[Row], *, office: str, turn: OutOfTurn | str | None, note: str) -> Row:
    """The one person at the counter, with why it is printed for now."""
    if not waiting:
        raise rules.NothingOwed(
            "office {office} owes this person no card that only a blank is missing for",
            mend="look up what is owed, and what blocks it",
            office=office,
        )
    row = waiting[0]
    if row["prints"] == rules.Prints.COLLECTION:
        return {**row, "turn": rules.ON_COLLECTION}
    if row["passed_over"] == 0:
        return row
    if turn is None:
        raise rules.NotNext(
            "{passed_over} persons wait longer",
            mend="print down the queue, or name a reason from the list: {reasons}",
            passed_over=row["passed_over"],
            reasons=", ".join(OutOfTurn),
        )
    return {**row, "turn": str(OutOfTurn(turn)), "turn_note": note}


def _no_blanks(office: str) -> rules.NoBlanksLeft:
    return rules.NoBlanksLeft(
        "office {office} has no good blank left", mend="wait for the next consignment", office=office
    )


def _blanks(
    people: Sequence[Row], blanks: Sequence[tuple[str, BoxId, bool]]
) -> tuple[list[tuple[str, Row]], list[BoxId]]:
    """A blank for each person as far as they last, and the boxes that must be opened for them."""
    for row in people:
        if row["active_serial"] is not None and row["active_state"] != CardState.ISSUED:
            raise rules.HolderHasCard(
                "the card on {open_card} waits for its holder", mend="hand it over, or spoil it first",
                open_card=row["active_serial"],
            )  # fmt: skip
    # As many blanks as persons, or fewer; the other is cut to it.
    used = list(zip(blanks, people, strict=False))
    sealed = sorted({box for (_serial, box, is_sealed), _row in used if is_sealed})
    return [(serial, row) for (serial, _box, _sealed), row in used], sealed


def _open(sheet: Sheet, boxes: Sequence[BoxId], *, office: str, by: str, at: datetime) -> None:
    if boxes:
        lines = custody_journal.box_lines((box.series, box.number) for box in boxes)
        key = Key(f"issuance/open/{boxes[0]}", 1)
        sheet.blank(Kind.OPENING, Condition.GOOD, Condition.GOOD, lines, office=office, key=key, by=by, at=at)


def _print(
    office: str, people: Sequence[Row], blanks: Sequence[tuple[str, BoxId, bool]], *, by: str, at: datetime,
    key: Key | None,
) -> list[str]:  # fmt: skip
    pairs, sealed = _blanks(people, blanks)
    if not pairs:
        return []
    sheet, day = Sheet(), timezone.localtime(at).date()
    for serial, row in pairs:
        sheet.cards.append({**_turn(row, office), "serial": serial, "job": "", "printed_on": day})
        sheet.step(serial, Step.PRINTED, seq=1, before="", office=office, by=by, at=at)
        sheet.takes.append(_take(serial, row, CardState.PRINTED, office=office, at=at))
        sheet.move(row, "SENT_FOR_CARD_PRINTING", "CARD_PRINTED", since=day)
    serials = [serial for serial, _row in pairs]
    _open(sheet, sealed, office=office, by=by, at=at)
    sheet.blank(
        Kind.PERSONALISATION, Condition.GOOD, Condition.PERSONALISED, lines_of_serials(serials), office=office,
        key=key or Key(f"issuance/print/{serials[0]}", 1), by=by, at=at,
    )  # fmt: skip
    sheet.keep(
        "issuance.print", by=by, at=at, subject={"office": office, "cards": len(pairs)},
        claims=[row for _serial, row in pairs],
    )  # fmt: skip
    return serials


def _turn(row: Row, office: str) -> Row:
    named = {"turn": row.get("turn", rules.IN_TURN), "turn_note": row.get("turn_note", "")}
    return {**{name: row[name] for name in _TURN}, "office": office, **named}


def _take(serial: str, row: Row, state: CardState, *, office: str, at: datetime, job: str = "") -> Row:
    return {
        "person_id": row["person_id"], "serial": serial, "state": str(state), "office": office, "since": at,
        "replaces": row["active_serial"] or "", "job": job,
    }  # fmt: skip


def _job(job: str) -> Row:
    """A job with its end, the record's present person and status, and what its card replaces; its card is locked."""
    row = PrintJob.objects.filter(pk=job).values().first()
    if row is None:
        raise rules.UnknownJob("there is no print job {job}", mend="look up the jobs in the printers", job=job)
    held = ActiveCard.objects.select_for_update().filter(job=job).values("replaces").first()
    record = called(
        "SELECT person_id, status, status_seq, entitlement_gather(ARRAY[person_id]) AS basis"
        " FROM registry_record_current"
        " WHERE recorded_office = %(recorded_office)s AND record_id = %(record_id)s FOR UPDATE",
        {"recorded_office": row["recorded_office"], "record_id": row["record_id"]},
    )[0]
    end = PrintJobEnd.objects.filter(pk=job).values("outcome").first()
    return {
        **row, "present_id": record["person_id"], "status": record["status"], "status_seq": record["status_seq"],
        "basis": record["basis"],
        "replaces": held["replaces"] if held else "", "outcome": end and end["outcome"],
    }  # fmt: skip


def _record(row: Row) -> Row:
    names = ("recorded_office", "record_id", "status", "status_seq", "basis")
    return {**{name: row[name] for name in names}, "person_id": row["present_id"]}


def _ended_before(row: Row, outcome: Outcome) -> bool:
    if row["outcome"] not in (None, outcome):
        raise rules.JobEnded(
            "print job {job} ended as {outcome}", mend="look the job up", job=row["job"], outcome=row["outcome"]
        )
    return row["outcome"] is not None


def _job_end(row: Row, outcome: Outcome, *, by: str, at: datetime, **given: str) -> Row:
    return {
        "job": row["job"], "outcome": str(outcome), "fault": "", "blank": "", "note": "", "by": by, "at": at, **given,
    }  # fmt: skip


def _printed_before(key: Key, *, office: str, limit: int) -> list[str]:
    """What a print job of this key printed. Raises KeyReused for another job's key."""
    found = custody_journal.pending(key.movement)
    serials = [serial for line in found.lines for serial in _serials(line)]
    events = set(Card.objects.filter(serial__in=serials, office=office).values_list("event_id", flat=True))
    of_one_job = len(events) == 1 and Card.objects.filter(event_id__in=events).count() == len(serials)
    if found.from_office != office or len(serials) > limit or not of_one_job:
        raise KeyReused(
            "{movement} was another job", mend="give a new job a new sequence", movement=key.movement
        )  # fmt: skip
    return serials


def _serials(line: Line) -> list[str]:
    box = BoxId(line.series, line.box_no)
    return [str(BlankSerial(box, position)) for position in range(line.first, line.last + 1)]
