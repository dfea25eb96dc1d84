"""Begin a count, hand in sheets, decide. Each call is one event, and is applied once.

A call that is refused changes nothing and leaves the count open. Whoever counts is shown no figure of the book: a sheet
answers only with whether another count is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError
from django.db.transaction import atomic

from blanko.cards.counting import queries, rules
from blanko.cards.counting.models import (
    CountBook,
    CountDecision,
    CountHand,
    CountSheet,
    CountSheetLine,
    OfficeCount,
    OpenCount,
)
from blanko.cards.counting.rules import Difference, Outcome, Place, Seen, Verdict
from blanko.cards.custody import operations as custody
from blanko.cards.custody.rules import Key, Kind
from blanko.ground.audit import operations as audit
from blanko.ground.audit.merkle import Facts
from blanko.ground.places import gazetteer
from blanko.kernel.boxes import BoxId
from blanko.kernel.errors import InvalidValue

CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class Decided:
    """The movements that a decision booked, and the differences that no movement can mend, with why."""

    booked: tuple[str, ...]
    left: tuple[rules.Left, ...]


def begin(
    *, office: str, reason: str, key: Key, by: str, at: datetime, boxes: Iterable[BoxId | str] = (), sample: str = ""
) -> str:
    """Freeze the book of an office and open its count; return the count's name. ``boxes`` limits it to these boxes.

    Raises InvalidValue (no office), ReasonMissing, CountIsOpen, CountNameTaken.
    """
    if office not in {known.code for known in gazetteer.offices()}:
        raise InvalidValue("{office} is no office", mend="write 00, two digits or four digits", office=repr(office))
    if not reason.strip():
        raise rules.ReasonMissing("a count has no reason", mend="say why it is made, for example monthly")
    name = Key(*key).movement
    only = sorted({b if isinstance(b, BoxId) else BoxId.parse(b) for b in boxes})
    counted: dict[str, Any] = {
        "count": name, "office": office, "regency": office if len(office) == 4 else "", "reason": reason,
        "boxes": [[box.series, box.number] for box in only], "sample": sample, "by": by, "at": at,
    }  # fmt: skip
    try:
        with atomic():
            if (before := OfficeCount.objects.filter(pk=name).values().first()) is not None:
                if all(before[part] == counted[part] for part in ("office", "boxes", "reason", "by")):
                    return name
                raise rules.CountNameTaken("{name} was another count", mend="give a new sequence", name=name)
            _begin(counted, queries.at_office(office, [(box.series, box.number) for box in only]))
    except IntegrityError as error:
        # Somebody else opened it at the same moment.
        raise _open_already(office) from error
    return name


def _begin(counted: dict[str, Any], book: Sequence[Place]) -> None:
    name, office = counted["count"], counted["office"]
    if OpenCount.objects.filter(pk=office).exists():
        raise _open_already(office)
    frozen = [
        {
            "count": name, "series": p.series, "box_no": p.box_no, "first": p.first, "last": p.last,
            "condition": p.state, "sealed": p.sealed,
        }
        for p in book
    ]  # fmt: skip
    event = audit.record(
        operation="counting.begin", by=counted["by"], at=counted["at"], reason=counted["reason"],
        facts=Facts.of({"counting_count": [counted], "counting_book": frozen}),
        subject={"count": name, "office": office, "boxes": len(counted["boxes"])},
    )  # fmt: skip
    OfficeCount.objects.create(event_id=event, **counted)
    OpenCount.objects.create(office=office, count=name, event_id=event)
    CountBook.objects.bulk_create([CountBook(event_id=event, **line) for line in frozen], batch_size=CHUNK)


def _open_already(office: str) -> rules.CountIsOpen:
    found = OpenCount.objects.filter(pk=office).values_list("count", flat=True).first()
    return rules.CountIsOpen(
        "office {office} is being counted: {count}", mend="finish or abandon that count first", office=office,
        count=found or "",
    )  # fmt: skip


def hand_in(
    *,
    count: str,
    rows: Iterable[tuple[str, str]],
    by: str,
    at: datetime,
    note: str = "",
    numbers: Sequence[int] | None = None,
) -> Outcome:
    """Take one person's whole sheet: rows of (what was seen, its condition), as ``rules.read`` reads them.

    Returns only what must follow: nothing (the count matched and is closed), another person's count (differs,
    disputed), or a decision (confirmed). The same sheet of the same person sent again changes nothing. Raises
    MalformedCount with every unusable row, UnknownCount, CountEnded, SameCounter, DecidedBefore.
    """
    read = rules.read(rows, numbers=numbers)
    with atomic():
        counted = _locked(count)
        only = frozenset((series, number) for series, number in counted["boxes"])
        sizes = queries.sizes(line.box for line in read)
        seen = rules.settle(read, sizes=sizes, only=only, numbers=numbers)
        last = CountSheet.objects.filter(count=count).order_by("-round").values().first()
        if last is not None and last["by"] == by:
            if queries.sheet_lines(count, last["round"]) == list(seen):
                return Outcome(last["outcome"])
            raise rules.SameCounter(
                "{by} counted last", mend="let another person count, who has not seen this sheet", by=by
            )
        _not_ended(counted)
        return _hand_in(counted, seen, last, by=by, at=at, note=note)


def _hand_in(
    counted: dict[str, Any], seen: tuple[Seen, ...], last: dict[str, Any] | None, *, by: str, at: datetime, note: str
) -> Outcome:
    count = counted["count"]
    hands = _hand(count, by, "counter")
    found = _differences(counted, seen)
    earlier = None if last is None else [Difference(*row) for row in last["differences"]]
    outcome = rules.outcome(found, earlier)
    sheet: dict[str, Any] = {
        "count": count, "round": 1 if last is None else last["round"] + 1, "by": by, "outcome": str(outcome),
        "differences": [list(item) for item in found], "note": note, "at": at,
    }  # fmt: skip
    lines = [{"count": count, "round": sheet["round"], **line._asdict()} for line in seen]
    ends = [_decision(sheet, Verdict.MATCHED, by=by, at=at)] if outcome is Outcome.MATCHED else []
    event = audit.record(
        operation="counting.hand_in", by=by, at=at,
        facts=Facts.of(
            {
                "counting_hand": hands, "counting_sheet": [sheet], "counting_sheet_line": lines,
                "counting_decision": ends,
            }
        ),
        subject={"count": count, "round": sheet["round"], "lines": len(lines)},
    )  # fmt: skip
    CountHand.objects.bulk_create([CountHand(event_id=event, **hand) for hand in hands])
    CountSheet.objects.create(
        event_id=event, before_by=last and last["by"], before_round=last and last["round"], part="counter", **sheet
    )
    CountSheetLine.objects.bulk_create([CountSheetLine(event_id=event, **line) for line in lines], batch_size=CHUNK)
    for row in ends:
        _end(row, event)
    return outcome


def decide(*, count: str, approve: bool, reason: str, by: str, at: datetime) -> Decided:
    """Approve or refuse confirmed differences, by a third person. Approval books them in custody and ends the count.

    A refusal leaves the count open for another sheet. Raises ReasonMissing, UnknownCount, CountEnded, NotConfirmed,
    CountedYourself, and what custody refuses.
    """
    if not reason.strip():
        raise rules.ReasonMissing("a decision about a count has no reason", mend="say what happened to the blanks")
    with atomic():
        counted = _locked(count)
        _not_ended(counted)
        last = CountSheet.objects.filter(count=count).order_by("-round").values().first()
        if CountSheet.objects.filter(count=count, by=by).exists():
            raise rules.CountedYourself("{by} counted {count}", mend="let a third person decide", by=by, count=count)
        if last is None or last["outcome"] != Outcome.CONFIRMED or _refused_since(count, last["round"]):
            raise rules.NotConfirmed(
                "{count} has no difference that two persons saw", mend="let another person count", count=count
            )
        hands = _hand(count, by, "decides")
        booked, left = _book(counted, last, reason=reason, by=by, at=at) if approve else ((), ())
        verdict = Verdict.APPROVED if approve else Verdict.REFUSED
        row = _decision(last, verdict, by=by, at=at, reason=reason, booked=booked, left=left)
        event = audit.record(
            operation="counting.decide", by=by, at=at, reason=reason,
            facts=Facts.of({"counting_hand": hands, "counting_decision": [row]}),
            subject={"count": count, "decision": str(verdict), "movements": len(booked)},
        )  # fmt: skip
        CountHand.objects.bulk_create([CountHand(event_id=event, **hand) for hand in hands])
        _end(row, event)
    return Decided(tuple(booked), tuple(left))


def abandon(*, count: str, reason: str, by: str, at: datetime) -> None:
    """End a count without a correction, for example because the office was closed. Raises as decide does."""
    if not reason.strip():
        raise rules.ReasonMissing("a count is abandoned without a reason", mend="say why it cannot be finished")
    with atomic():
        counted = _locked(count)
        _not_ended(counted)
        last = CountSheet.objects.filter(count=count).order_by("-round").values().first()
        row = _decision(last or {"count": count, "round": 0}, Verdict.ABANDONED, by=by, at=at, reason=reason)
        event = audit.record(
            operation="counting.abandon", by=by, at=at, reason=reason, facts=Facts.of({"counting_decision": [row]}),
            subject={"count": count},
        )  # fmt: skip
        _end(row, event)


def _locked(count: str) -> dict[str, Any]:
    """The count, alone until the transaction ends. Raises UnknownCount."""
    # A count that has ended has no open row; its other rows never change again.
    list(OpenCount.objects.select_for_update().filter(count=count).values_list("office"))
    return queries.header(count)


def _not_ended(counted: dict[str, Any]) -> None:
    if not OpenCount.objects.filter(count=counted["count"]).exists():
        raise rules.CountEnded("{count} has ended", mend="begin another count", count=counted["count"])


def _hand(count: str, person: str, part: str) -> list[dict[str, str]]:
    """The row that gives a person a part in a count; none when it has it. Raises DecidedBefore."""
    held = CountHand.objects.filter(count=count, person=person).values_list("part", flat=True).first()
    if held is not None and held != part:
        raise rules.DecidedBefore("{person} decided about {count}", mend="let another person count", person=person,
                                  count=count)  # fmt: skip
    return [] if held else [{"count": count, "person": person, "part": part}]


def _refused_since(count: str, round_no: int) -> bool:
    return CountDecision.objects.filter(count=count, round=round_no, decision=Verdict.REFUSED).exists()


def _differences(counted: dict[str, Any], seen: Sequence[Seen]) -> tuple[Difference, ...]:
    frozen = queries.frozen(counted["count"])
    boxes = {(p.series, p.box_no) for p in frozen} | {line.box for line in seen}
    now = queries.of_boxes(counted["office"], boxes)
    return rules.compare(frozen, now, seen, sizes=queries.sizes(boxes))


def _book(
    counted: dict[str, Any], sheet: dict[str, Any], *, reason: str, by: str, at: datetime
) -> tuple[list[str], list[rules.Left]]:
    """Book the confirmed differences by the book of this moment; the movements, and what is left."""
    found = [Difference(*row) for row in sheet["differences"]]
    office, count = counted["office"], counted["count"]
    boxes = {(item.series, item.box_no) for item in found}
    now = queries.of_boxes(office, boxes)
    papers = {"count": count, "round": sheet["round"]}
    key = f"counting/{count}"
    booked: list[str] = []
    opened = rules.opened_boxes(now, queries.sheet_lines(count, sheet["round"]))
    for number, (condition, named) in enumerate(opened.items(), 1):
        booked.append(
            custody.open_boxes(
                boxes=named, office=office, key=Key(f"{key}/{Kind.OPENING}", number), by=by, at=at,
                condition=condition,
            )
        )  # fmt: skip
    bookings, left = rules.bookings(found, now, sizes=queries.sizes(boxes))
    for number, booking in enumerate(bookings, 1):
        booked.append(
            custody.change(
                kind=booking.kind, before=booking.before, after=booking.after, lines=booking.lines, office=office,
                key=Key(f"{key}/{booking.kind}", number), by=by, at=at, reason=reason, papers=papers,
            )
        )  # fmt: skip
    return booked, list(left)


def _decision(
    sheet: dict[str, Any], verdict: Verdict, *, by: str, at: datetime, reason: str = "", booked: Sequence[str] = (),
    left: Sequence[rules.Left] = (),
) -> dict[str, Any]:  # fmt: skip
    return {
        "count": sheet["count"], "round": sheet["round"], "decision": str(verdict), "reason": reason,
        "booked": list(booked), "left": [[*item.difference, item.why] for item in left], "by": by, "at": at,
    }  # fmt: skip


def _end(row: dict[str, Any], event: int) -> None:
    """Store a decision; all but a refusal close the count."""
    by_third = row["decision"] in (Verdict.APPROVED, Verdict.REFUSED)
    CountDecision.objects.create(event_id=event, part="decides" if by_third else None, **row)
    if row["decision"] != Verdict.REFUSED:
        OpenCount.objects.filter(count=row["count"]).delete()
