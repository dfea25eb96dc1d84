"""Register old cards, assemble batches, name witnesses, keep photographs, destroy; hold and lift.

Each call is one event and is applied once; a refused call changes nothing. The blanks of a destruction change in
custody in the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import IntegrityError, connection
from django.db.transaction import atomic

from blanko.cards.custody import operations as custody
from blanko.cards.custody import queries as book
from blanko.cards.custody.rules import (
    BlankElsewhere,
    BlankNotInCondition,
    BoxAlreadyDispatched,
    Condition,
    Key,
    Kind,
    Line,
    UnknownBox,
    check_lines,
    lines_of_serials,
)
from blanko.cards.destruction import queries, rules
from blanko.cards.destruction.models import (
    BatchBlanks,
    BatchCard,
    BatchStep,
    DestructionBatch,
    LegalHold,
    LiftedHold,
    Photograph,
    RegisteredOldCard,
    Witness,
)
from blanko.cards.destruction.rules import CardKind, Method, Step, Target, WitnessGiven
from blanko.ground.access import queries as access
from blanko.ground.audit import operations as audit
from blanko.ground.audit.merkle import Facts
from blanko.ground.files import originals
from blanko.ground.places import gazetteer
from blanko.kernel.boxes import BoxId
from blanko.kernel.errors import InvalidValue

LOCK_SPACE = 1366


def register_old_card(
    *, number: str, kind: CardKind | str, office: str, reason: str, by: str, at: datetime, serial: str = ""
) -> bool:
    """Register a card that was given back at an office; False when the same card was registered before.

    ``number`` is its receipt, ``serial`` its blank when this system printed it. Raises OldCardTwice, InvalidValue.
    """
    card = {
        "number": number.strip(), "serial": serial.strip().upper(), "kind": str(CardKind(kind)), "reason": reason,
        "office": office, "regency": _regency(office),
    }  # fmt: skip
    if not card["number"]:
        raise InvalidValue("an old card has no number", mend="give it the number of its receipt")
    with _named_refusals(), atomic():
        before = RegisteredOldCard.objects.filter(pk=card["number"]).values(*card).first()
        if before is not None:
            if before != card:
                raise rules.OldCardTwice(
                    "old card {number} was registered before", mend="give it a number of its own", number=number
                )  # fmt: skip
            return False
        row = {**card, "by": by, "at": at}
        event = audit.record(
            operation="destruction.register_old_card", by=by, at=at, facts=Facts.of({"destruction_old_card": [row]}),
            subject={"office": office, "number": card["number"]},
        )  # fmt: skip
        RegisteredOldCard.objects.create(event_id=event, **row)
    return True


def assemble(
    *,
    office: str,
    lines: Iterable[Line],
    method: Method | str,
    place: str,
    key: Key,
    by: str,
    at: datetime,
    cards: Iterable[str] = (),
    note: str = "",
) -> str:
    """Lay spoiled blanks and old cards of an office aside for one destruction; return the batch.

    Raises NothingToDestroy, NotSpoiled, InAnotherBatch, OldCardUnknown, OldCardNotIssued, LineTwice, BatchNameTaken.
    """
    name = Key(*key).movement
    given, numbers = list(lines), sorted(set(cards))
    ordered = check_lines(given) if given else ()
    if not ordered and not numbers:
        raise rules.NothingToDestroy("the batch is empty", mend="name spoiled blanks or old cards")
    row: dict[str, Any] = {
        "batch": name, "office": office, "regency": _regency(office), "lines": [list(line) for line in ordered],
        "cards": numbers, "blanks": sum(line.quantity for line in ordered), "old_cards": len(numbers),
        "method": str(Method(method)), "place": place, "note": note, "by": by, "at": at,
    }  # fmt: skip
    with _named_refusals(), atomic():
        before = DestructionBatch.objects.filter(pk=name).values("office", "lines", "cards", "method").first()
        if before is not None:
            if any(before[part] != row[part] for part in before):
                raise rules.BatchNameTaken("{batch} was another batch", mend="give a new sequence", batch=name)
            return name
        _check_free(office, ordered, numbers)
        step = _step(name, 1, "", Step.ASSEMBLE, by=by, at=at)
        event = audit.record(
            operation="destruction.assemble", by=by, at=at,
            facts=Facts.of({"destruction_batch": [row], "destruction_step": [step]}),
            subject={"batch": name, "office": office, "blanks": row["blanks"], "old_cards": len(numbers)},
        )  # fmt: skip
        DestructionBatch.objects.create(event_id=event, **row)
        held = [*ordered, *lines_of_serials(_printed(numbers))]
        BatchBlanks.objects.bulk_create([BatchBlanks(batch=name, event_id=event, **line._asdict()) for line in held])
        BatchCard.objects.bulk_create([BatchCard(batch=name, number=number, event_id=event) for number in numbers])
        BatchStep.objects.create(event_id=event, **step)
    return name


def _check_free(office: str, lines: Sequence[Line], numbers: Sequence[str]) -> None:
    """Every blank is spoiled at the office and every old card is its own, and none lies in a batch."""
    lying = queries.spoiled(office=office) if lines else []
    for line in lines:
        own = [s for s in lying if line[:2] == s[:2] and s.first <= line.last and s.last >= line.first]
        if any(piece.batch for piece in own):
            raise rules.InAnotherBatch(
                "{blanks} lie in batch {batch}", mend="leave them out, or cancel that batch",
                blanks=rules.written(line), batch=next(piece.batch for piece in own if piece.batch),
            )  # fmt: skip
        held = sum(min(line.last, piece.last) - max(line.first, piece.first) + 1 for piece in own)
        if held != line.quantity:
            raise rules.NotSpoiled(
                "{blanks} are not all spoiled at office {office}", mend="take them from the spoilage register",
                blanks=rules.written(line), office=office,
            )  # fmt: skip
    known = {row["number"]: row["batch"] for row in queries.old_cards(office=office, waiting=False)}
    for number in numbers:
        if number not in known:
            raise rules.OldCardUnknown("office {office} has no old card {number}", mend="register it first",
                                       office=office, number=number)  # fmt: skip
        if known[number]:
            raise rules.InAnotherBatch("{blanks} lie in batch {batch}", mend="leave them out, or cancel that batch",
                                       blanks=number, batch=known[number])  # fmt: skip
    _printed(numbers)


def _printed(numbers: Sequence[str]) -> dict[str, str]:
    """The blanks of old cards that this system printed, with the office that issued each. Raises OldCardNotIssued."""
    found = {}
    named = RegisteredOldCard.objects.filter(number__in=numbers).exclude(serial="").order_by("serial")
    for number, serial in named.values_list("number", "serial"):
        try:
            places = book.places(serial)
        except InvalidValue:
            places = []
        # A card from before this system has a serial that custody never had.
        for place in places:
            if place["condition"] != Condition.ISSUED:
                raise rules.OldCardNotIssued(
                    "old card {number} is blank {serial}, which the book has as {condition}",
                    mend="find out who had it: a count or a finding brings the book up to date, then it is spoiled",
                    number=number, serial=serial, condition=place["condition"],
                )  # fmt: skip
            found[serial] = str(place["office"])
    return found


def add_witness(*, batch: str, witness: WitnessGiven, by: str, at: datetime) -> int:
    """Name a witness of a destruction; return the witness's number. Raises UnknownBatch, BatchEnded, WitnessUnfit."""
    with _named_refusals(), atomic():
        _locked(batch)
        others = queries.witnesses_of(batch)
        if witness in others:
            return others.index(witness) + 1
        rules.check_witness(witness, others=others, destroys=_name_of(by))
        row = {
            "batch": batch, "number": len(others) + 1, "name": witness.name.strip(), "body": witness.body.strip(),
            "title": witness.title.strip(), "identity": witness.identity.strip(), "name_key": witness.name_key,
            "body_key": witness.body_key, "by": by, "at": at,
        }  # fmt: skip
        event = audit.record(
            operation="destruction.witness", by=by, at=at, facts=Facts.of({"destruction_witness": [row]}),
            subject={"batch": batch, "number": row["number"]},
        )  # fmt: skip
        Witness.objects.create(event_id=event, **row)
    return len(others) + 1


def add_photograph(*, batch: str, path: Path, name: str, data_dir: Path, by: str, at: datetime) -> str:
    """Keep a photograph of a destruction as it came; return its sha256. The same picture again changes nothing.

    Raises UnknownBatch, BatchEnded, NoPhotograph, OriginalNotKept.
    """
    with open(path, "rb") as file:
        media = rules.photograph_media(file.read(16), path.stat().st_size)
    with _named_refusals(), atomic():
        _locked(batch)
        sha256, _kept = originals.keep(path, store=data_dir / "originals")
        if Photograph.objects.filter(batch=batch, sha256=sha256).exists():
            return sha256
        row = {
            "batch": batch, "sha256": sha256, "name": name[:200], "media": media, "bytes": path.stat().st_size,
            "by": by, "at": at,
        }  # fmt: skip
        event = audit.record(
            operation="destruction.photograph", by=by, at=at, facts=Facts.of({"destruction_photo": [row]}),
            subject={"batch": batch, "sha256": sha256},
        )  # fmt: skip
        Photograph.objects.create(event_id=event, **row)
    return sha256


def destroy(
    *, batch: str, paper_no: str, counted_blanks: int, counted_cards: int, by: str, at: datetime
) -> str:  # fmt: skip
    """The batch was destroyed before its witnesses; return custody's movement ('' for old cards alone).

    What was counted before the witnesses must be what the batch holds. Sent twice, it is done once. Raises
    UnknownBatch, BatchEnded, Held, CountedOtherwise, WitnessesMissing, PhotographMissing, PaperNumberMissing,
    NotSpoiled, OldCardNotIssued.
    """
    with _named_refusals(), atomic():
        head = _alone(batch)
        last = queries.last_step(batch)
        assert last is not None
        if last["step"] == Step.DESTROY and last["paper_no"] == paper_no.strip():
            return str(last["movement"])
        rules.check_step(last["after"], Step.DESTROY)
        if head["holds"]:
            raise rules.Held(
                "hold {hold} forbids it: {reason}", mend="two officers lift the hold first",
                hold=head["holds"][0]["hold"], reason=head["holds"][0]["reason"],
            )  # fmt: skip
        if (counted_blanks, counted_cards) != (head["blanks"], head["old_cards"]):
            raise rules.CountedOtherwise(
                "counted {counted_blanks} blanks and {counted_cards} old cards, the batch holds {blanks} and {cards}",
                mend="count again; assemble another batch when blanks are missing", counted_blanks=counted_blanks,
                counted_cards=counted_cards, blanks=head["blanks"], cards=head["old_cards"],
            )  # fmt: skip
        witnesses = queries.witnesses_of(batch)
        one, two = rules.two_bodies(witnesses)
        if not head["photos"]:
            raise rules.PhotographMissing("no photograph is kept", mend="add one of the destruction")
        if not paper_no.strip():
            raise rules.PaperNumberMissing("the Berita Acara has no number", mend="write its number")
        movement = _destroy_blanks(head, paper_no.strip(), by=by, at=at)
        _destroy_old_cards(head, paper_no.strip(), by=by, at=at)
        step = {
            **_step(batch, last["seq"] + 1, last["after"], Step.DESTROY, by=by, at=at),
            "paper_no": paper_no.strip(), "witness_one": one + 1, "body_one": witnesses[one].body_key,
            "witness_two": two + 1, "body_two": witnesses[two].body_key, "photo": head["photos"][0]["sha256"],
            "movement": movement,
        }  # fmt: skip
        event = audit.record(
            operation="destruction.destroy", by=by, at=at, facts=Facts.of({"destruction_step": [step]}),
            subject={"batch": batch, "paper_no": paper_no.strip(), "blanks": head["blanks"]},
        )  # fmt: skip
        BatchStep.objects.create(event_id=event, **step)
    return movement


def _destroy_blanks(head: dict[str, Any], paper_no: str, *, by: str, at: datetime) -> str:
    if not head["lines"]:
        return ""
    try:
        return custody.change(
            kind=Kind.DESTRUCTION, before=Condition.SPOILED, after=Condition.DESTROYED,
            lines=[Line(*line) for line in head["lines"]], office=head["office"],
            key=Key(f"destruction/{head['batch']}", 1), by=by, at=at, reason=str(head["method"]),
            papers={"berita_acara": paper_no, "batch": head["batch"]},
        )  # fmt: skip
    except (BlankElsewhere, BlankNotInCondition, BoxAlreadyDispatched, UnknownBox) as error:
        raise rules.NotSpoiled(
            "a blank of the batch is not spoiled at office {office} any more: {why}",
            mend="cancel the batch and assemble another one", office=head["office"], why=str(error),
        ) from error  # fmt: skip


def _destroy_old_cards(head: dict[str, Any], paper_no: str, *, by: str, at: datetime) -> None:
    """The blanks of old cards are destroyed in the book of the office that issued them, so that its balance closes."""
    offices: dict[str, list[str]] = {}
    for serial, office in _printed(head["cards"]).items():
        offices.setdefault(office, []).append(serial)
    for number, (office, serials) in enumerate(sorted(offices.items()), 1):
        custody.change(
            kind=Kind.DESTRUCTION, before=Condition.ISSUED, after=Condition.DESTROYED, lines=lines_of_serials(serials),
            office=office, key=Key(f"destruction/{head['batch']}/old", number), by=by, at=at,
            reason=str(head["method"]), papers={"berita_acara": paper_no, "batch": head["batch"]},
        )  # fmt: skip


def cancel(*, batch: str, reason: str, by: str, at: datetime) -> None:
    """End a batch that will not be destroyed; its blanks and cards are free again. Raises ReasonMissing, BatchEnded."""
    if not reason.strip():
        raise rules.ReasonMissing("a batch is cancelled without a reason", mend="say why")
    with _named_refusals(), atomic():
        _alone(batch)
        last = queries.last_step(batch)
        assert last is not None
        rules.check_step(last["after"], Step.CANCEL)
        step = _step(batch, last["seq"] + 1, last["after"], Step.CANCEL, by=by, at=at, reason=reason)
        event = audit.record(
            operation="destruction.cancel", by=by, at=at, reason=reason, facts=Facts.of({"destruction_step": [step]}),
            subject={"batch": batch},
        )  # fmt: skip
        BatchStep.objects.create(event_id=event, **step)
        BatchBlanks.objects.filter(batch=batch).delete()
        BatchCard.objects.filter(batch=batch).delete()


def hold(
    *, target: Target | str, what: str, reason: str, key: Key, by: str, second: str, at: datetime, paper: str = ""
) -> str:
    """Two officers forbid the destruction of a batch, of all of an office, or of a box; return the hold.

    Raises TwoOfficersNeeded, ReasonMissing, UnknownBatch, InvalidValue, BatchNameTaken.
    """
    name, kind = Key(*key).movement, Target(target)
    if not reason.strip():
        raise rules.ReasonMissing("a hold has no reason", mend="say what it is evidence of")
    rules.check_two_officers(by, second, _officers())
    box = BoxId.parse(what) if kind is Target.BOX else None
    if kind is Target.OFFICE:
        _regency(what)
    row: dict[str, Any] = {
        "hold": name, "target": str(kind), "office": what if kind is Target.OFFICE else "",
        "batch": what if kind is Target.BATCH else "", "series": box.series if box else "",
        "box_no": box.number if box else None, "reason": reason, "paper": paper, "by": by, "second": second, "at": at,
    }  # fmt: skip
    with _named_refusals(), atomic():
        if kind is Target.BATCH:
            queries.batch(what)
        before = LegalHold.objects.filter(pk=name).values().first()
        if before is not None:
            if any(before[part] != row[part] for part in row if part != "at"):
                raise rules.BatchNameTaken("{hold} was another hold", mend="give a new sequence", hold=name)
            return name
        event = audit.record(
            operation="destruction.hold", by=by, at=at, reason=reason, facts=Facts.of({"destruction_hold": [row]}),
            subject={"hold": name, "target": str(kind), "what": what, "second": second},
        )  # fmt: skip
        LegalHold.objects.create(event_id=event, **row)
    return name


def lift(*, hold: str, reason: str, by: str, second: str, at: datetime) -> None:
    """Two officers end a hold. Raises UnknownHold, HoldLifted, TwoOfficersNeeded, ReasonMissing."""
    if not reason.strip():
        raise rules.ReasonMissing("a hold is lifted without a reason", mend="say why it is not needed any more")
    rules.check_two_officers(by, second, _officers())
    row = {"hold": hold, "reason": reason, "by": by, "second": second, "at": at}
    with _named_refusals(), atomic():
        if not LegalHold.objects.filter(pk=hold).exists():
            raise rules.UnknownHold("there is no hold {hold}", mend="choose one of the list", hold=hold)
        if LiftedHold.objects.filter(pk=hold).exists():
            raise rules.HoldLifted("hold {hold} was lifted before", mend="nothing is left to do", hold=hold)
        event = audit.record(
            operation="destruction.lift", by=by, at=at, reason=reason,
            facts=Facts.of({"destruction_hold_lifted": [row]}), subject={"hold": hold, "second": second},
        )  # fmt: skip
        LiftedHold.objects.create(event_id=event, **row)


def _alone(batch: str) -> dict[str, Any]:
    """The batch whole, alone until the transaction ends. Raises UnknownBatch."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [LOCK_SPACE, batch])
    return queries.batch(batch)


def _locked(batch: str) -> None:
    """The same for what may be added before a batch ends. Raises UnknownBatch, BatchEnded."""
    state = _alone(batch)["state"]
    rules.check_step(state, Step.DESTROY)


def _step(
    batch: str, seq: int, before: str, step: Step, *, by: str, at: datetime, reason: str = ""
) -> dict[str, Any]:  # fmt: skip
    return {
        "batch": batch, "seq": seq, "before_seq": seq - 1 if seq > 1 else None, "before": before, "step": str(step),
        "after": str(rules.check_step(before, step)), "reason": reason, "paper_no": "", "witness_one": None,
        "body_one": None, "witness_two": None, "body_two": None, "photo": None, "movement": "", "by": by, "at": at,
    }  # fmt: skip


def _officers() -> set[str]:
    return {str(row["username"]) for row in access.officers()}


def _name_of(username: str) -> str:
    return next((str(row["name"]) for row in access.officers() if row["username"] == username), username)


def _regency(office: str) -> str:
    """The regency of an office, '' above one. Raises InvalidValue for what is no office."""
    if office not in {known.code for known in gazetteer.offices()}:
        raise InvalidValue("{office} is no office", mend="write 00, two digits or four digits", office=repr(office))
    return office if len(office) == 4 else ""


@contextmanager
def _named_refusals() -> Iterator[None]:
    """What two persons did at the same moment, or past a rule, is refused by the database; it gets its name here."""
    try:
        yield
    except IntegrityError as error:
        diag = getattr(error.__cause__, "diag", None)
        known = rules.CONSTRAINTS.get((diag and diag.constraint_name) or "")
        if known is None:
            raise
        raise known((diag and diag.message_primary) or "", mend=(diag and diag.message_hint) or "look again") from error
