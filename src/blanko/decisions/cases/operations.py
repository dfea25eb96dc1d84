"""Open cases, ask, settle, sign, undo. A settlement is one transaction, with all that follows from it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.transaction import atomic
from django.utils import timezone

from blanko.decisions.cases import deaths, effects, queries, rules
from blanko.decisions.cases.models import AuditSample, CaseMember, CaseStanding, CaseStep
from blanko.decisions.cases.rules import Key, Kind, Outcome, State, Step
from blanko.ground.audit import operations as audit
from blanko.ground.audit.merkle import Facts
from blanko.ground.database import sql
from blanko.kernel.errors import BlankoError
from blanko.records.entitlement import operations as entitlement
from blanko.records.registry.operations import TAKE_IN_LOCK, ReasonMissing


@dataclass(frozen=True, slots=True)
class Opened:
    """What one look found: cases opened, opened again, and overtaken, and families told of a death; ``event`` (of the
    cases) is None when none changed.
    """

    opened: int = 0
    reopened: int = 0
    overtaken: int = 0
    event: int | None = None
    notices: int = 0


@dataclass(frozen=True, slots=True)
class Settled:
    """Where the case stands now, and why a second officer must sign first (a code of RULES, or nothing)."""

    case_no: int
    state: State
    second: str = ""


@dataclass(frozen=True, slots=True)
class Overdue:
    """Cases that the published rule settled, that now wait for a second officer, and that were refused."""

    settled: int = 0
    second: int = 0
    left: int = 0


def open_cases(*, by: str, at: datetime) -> Opened:
    """Open a case for every question that records ask and that no case asked before; end those whose question is gone.

    Idempotent: a second look without news writes nothing. A case that a person settled is not asked again until one of
    its records changes. Call it after files were taken in.
    """
    day = timezone.localtime(at).date()
    with atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TAKE_IN_LOCK])
        notices = deaths.notify(by=by, at=at)
        cursor.execute(sql.text(__package__, "find.sql"), {"many": rules.NIK_OF_MANY})
        cursor.execute(
            "SELECT nextval('cases_number'), q.kind, q.office, q.weight, q.pattern, q.reason, q.subject, q.document,"
            " q.offices, q.records, q.versions FROM (SELECT * FROM cases_question AS q"
            " WHERE NOT EXISTS (SELECT FROM cases_case AS c WHERE c.subject = q.subject)"
            '  ORDER BY q.subject COLLATE "C") AS q'
        )
        fresh = cursor.fetchall()
        cursor.execute(
            "SELECT s.case_no, s.seq, s.state FROM cases_standing AS s JOIN cases_case AS c ON c.case_no = s.case_no"
            " WHERE s.state = ANY (%s) AND NOT EXISTS (SELECT FROM cases_question AS q WHERE q.subject = c.subject)"
            " ORDER BY s.case_no FOR UPDATE OF s",
            [[s.value for s in rules.WAITING]],
        )
        gone = cursor.fetchall()
        cursor.execute(
            "SELECT s.case_no, s.seq, s.state FROM cases_standing AS s JOIN cases_case AS c ON c.case_no = s.case_no"
            " JOIN cases_question AS q ON q.subject = c.subject WHERE s.state = 'overtaken'"
            " ORDER BY s.case_no FOR UPDATE OF s"
        )
        back = cursor.fetchall()
        if not (fresh or gone or back):
            return Opened(notices=notices)
        cases = [
            {"case_no": no, "kind": kind, "office": office, "pattern": pattern, "reason": reason, "opened_on": day,
             "subject": subject, "document": document}
            for no, kind, office, _weight, pattern, reason, subject, document, *_records in fresh
        ]  # fmt: skip
        members = [
            {"case_no": row[0], "place": place, "recorded_office": office, "record_id": record, "version": version}
            for row in fresh
            for place, (office, record, version) in enumerate(zip(*row[8:11], strict=True), 1)
        ]
        steps = [_step(no, seq + 1, Step.OVERTAKE, by=by, at=at, reason="the records no longer ask it")
                 for no, seq, _state in gone]  # fmt: skip
        steps += [_step(no, seq + 1, Step.REOPEN, by=by, at=at, reason="the records ask it again")
                  for no, seq, _state in back]  # fmt: skip
        event = audit.record(
            operation="cases.open", by=by, at=at,
            facts=Facts.of({"cases_case": cases, "cases_member": members, "cases_step": steps}),
            subject={"opened": len(fresh), "reopened": len(back), "overtaken": len(gone)},
        )  # fmt: skip
        weights = {row[0]: row[3] for row in fresh}
        counts = {row[0]: len(row[8]) for row in fresh}
        _copy(cursor, "cases_case", [{**row, "weight": weights[row["case_no"]]} for row in cases], event)
        _copy(cursor, "cases_member", members, event)
        _copy(
            cursor, "cases_standing",
            [
                {"case_no": row["case_no"], "kind": row["kind"], "office": row["office"],
                 "weight": weights[row["case_no"]], "pattern": row["pattern"], "opened_on": day,
                 "records": counts[row["case_no"]], "state": str(State.OPEN), "outcome": "", "seq": 0}
                for row in cases
            ],
            event,
        )  # fmt: skip
        _keep_steps(steps, event)
        for state, rows in ((State.OVERTAKEN, gone), (State.OPEN, back)):
            for number, seq, _state in rows:
                CaseStanding.objects.filter(pk=number).update(
                    state=state, seq=seq + 1, due=None, outcome="", group_no=None, event_id=event
                )
        return Opened(len(fresh), len(back), len(gone), event, notices)


def catch_up(*, by: str, at: datetime) -> Opened:
    """Bring persons, claims and cases up to date after files came in, in the caller's transaction."""
    with atomic():
        entitlement.catch_up(by=by, at=at)
        return open_cases(by=by, at=at)


def ask(*, case_no: int, reason: str, by: str, at: datetime, due: date | None = None) -> date:
    """Ask the person, or the office that knows it; returns the day by which an answer is due (ASK_DAYS at least).

    Raises UnknownCase, CaseStands, ReasonMissing, DueTooSoon.
    """
    _reasoned(reason)
    day = rules.due_on(timezone.localtime(at).date(), due)
    with atomic():
        held = _held(case_no)
        state = rules.after(State(held.state), Step.ASK, case_no=case_no)
        step = _step(case_no, held.seq + 1, Step.ASK, by=by, at=at, reason=reason, due=day)
        event = _record("cases.ask", [step], by=by, at=at, reason=reason)
        _stand(held, state, event, due=day)
    return day


def settle(
    *, case_no: int, outcome: Outcome | str, reason: str, by: str, at: datetime, keep: Iterable[Key] = (),
    parts: Iterable[Iterable[Key]] = (), cause: str = "officer",
) -> Settled:  # fmt: skip
    """Decide a case: same person, different persons, or parts. ``keep`` names the record, and so the domicile, that the
    person chose.

    Where a second officer must sign (rules.second_officer) the decision waits for ``sign``; nothing changes yet. Else,
    at once and together: the pairs are judged, the records become the persons, all but one record of each person are
    closed into quarantine, their print jobs and printed cards end, claims follow. Raises UnknownCase, CaseStands,
    CaseOutOfDate, PartsUnclear, ReasonMissing, and CardOnTheWay of issuance.
    """
    _reasoned(reason)
    outcome = Outcome(outcome)
    with atomic():
        effects.alone()
        held = _held(case_no)
        members = _members(case_no)
        if held.kind == Kind.DEATH or outcome is Outcome.DIED:
            return _answer_death(held, outcome, list(keep), members, reason=reason, by=by, at=at)
        decided = rules.parts_of(outcome, queries.members_of(members), keep=keep, parts=parts)
        second = rules.second_officer(effects.closed_by(members, decided))
        step = Step.PROPOSE if second else Step.SETTLE
        state = rules.after(State(held.state), step, case_no=case_no)
        if second:
            row = _step(
                case_no, held.seq + 1, step, by=by, at=at, reason=reason, outcome=str(outcome), parts=_plain(decided),
                cause=cause,
            )  # fmt: skip
            _stand(held, state, _record("cases.propose", [row], by=by, at=at, reason=reason), outcome=str(outcome))
            return Settled(case_no, state, second)
        _settle([(held, outcome, decided)], cause=cause, reason=reason, by=by, at=at)
        return Settled(case_no, state)


def _answer_death(
    held: CaseStanding, outcome: Outcome, keep: list[Key], members: list[dict[str, Any]], *, reason: str, by: str,
    at: datetime,
) -> Settled:  # fmt: skip
    keys = [(row["recorded_office"], row["record_id"]) for row in members]
    record = rules.answer_of(held.kind, outcome, keep, keys)
    state = rules.after(State(held.state), Step.SETTLE, case_no=held.case_no)
    lifted = deaths.answer(queries.document_of(held.case_no), record, reason=reason, by=by, at=at)
    row = _step(
        held.case_no, held.seq + 1, Step.SETTLE, by=by, at=at, reason=reason, outcome=str(outcome), cause="officer",
        parts=[["/".join(record)]] if record else [], before={"lifted": lifted},
    )  # fmt: skip
    _stand(held, state, _record("cases.settle", [row], by=by, at=at, reason=reason), outcome=str(outcome))
    return Settled(held.case_no, state)


def sign(*, case_no: int, by: str, at: datetime, reason: str = "signed") -> Settled:
    """The second officer agrees: what was decided is done. Raises CaseStands, SecondOfficerIsFirst, CaseOutOfDate."""
    with atomic():
        effects.alone()
        held = _held(case_no)
        state = rules.after(State(held.state), Step.SETTLE, case_no=case_no)
        proposed = _last(case_no)
        if held.state != State.SECOND:
            raise rules.CaseStands("case {case_no} waits for no signature", mend="settle it", case_no=case_no)
        if proposed.by == by:
            raise rules.SecondOfficerIsFirst(
                "{officer} decided case {case_no}", mend="let another officer sign", officer=by, case_no=case_no
            )
        _members(case_no)
        decided = [[_key(text) for text in part] for part in proposed.parts]
        _settle(
            [(held, Outcome(proposed.outcome), decided)], cause=proposed.cause,
            reason=f"{proposed.reason} ({proposed.by}); {reason}", by=by, at=at,
        )  # fmt: skip
        return Settled(case_no, state)


def refuse(*, case_no: int, reason: str, by: str, at: datetime) -> None:
    """The second officer does not agree: the case is open again. Raises CaseStands, ReasonMissing."""
    _reasoned(reason)
    with atomic():
        held = _held(case_no)
        state = rules.after(State(held.state), Step.REFUSE, case_no=case_no)
        row = _step(case_no, held.seq + 1, Step.REFUSE, by=by, at=at, reason=reason)
        _stand(held, state, _record("cases.refuse", [row], by=by, at=at, reason=reason))


def undo(*, case_no: int, reason: str, by: str, at: datetime) -> None:
    """Take a settlement back: closed records are open again as they were, the records are whose they were, verdicts are
    withdrawn, claims follow. A blank that was spoiled stays spoiled; its person has the old place in the queue.

    Raises CaseStands, ReasonMissing, LaterDecision (undo that one first).
    """
    _reasoned(reason)
    with atomic():
        effects.alone()
        _undo([_held(case_no)], reason=reason, by=by, at=at)


def settle_group(
    *, kind: Kind | str, pattern: str, cases: Collection[int], outcome: Outcome | str, reason: str, by: str,
    at: datetime, office: str | None = None,
) -> int:  # fmt: skip
    """Settle cases of one error pattern in one act that ``undo_group`` takes back whole; returns the group's number.

    Every case must be named: the officer has seen each. Which record stays is the published rule's choice. Raises
    NotGrouped for one that is not of this group, was drawn for an audit, has changed, or needs a second officer.
    """
    _reasoned(reason)
    outcome = Outcome(outcome)
    if (
        outcome not in (Outcome.SAME, Outcome.DIFFERENT)
        or kind == Kind.DEATH
        or not cases
        or len(set(cases)) > rules.GROUP_MAX
    ):
        raise rules.NotGrouped(
            "a group is settled as same or different, from 1 to {most} cases at once", mend="name its cases",
            most=rules.GROUP_MAX,
        )  # fmt: skip
    with atomic(), connection.cursor() as cursor:
        effects.alone()
        found = {row["case_no"]: row for row in queries.group(kind=str(kind), pattern=pattern, office=office)}
        for number in sorted(set(cases)):
            row = found.get(number)
            alone = "other" if row is None else row["alone"]
            if alone and not (outcome is Outcome.DIFFERENT and alone.startswith("second")):
                raise rules.NotGrouped(
                    "case {case_no} is not settled in this group ({why})", mend="settle it by itself",
                    case_no=number, why=alone,
                )  # fmt: skip
        cursor.execute("SELECT nextval('cases_group_number')")
        group_no = int(cursor.fetchone()[0])
        decided = []
        for number in sorted(set(cases)):
            held = _held(number)
            rules.after(State(held.state), Step.SETTLE, case_no=number)
            parts = rules.parts_of(outcome, queries.members_of(found[number]["members"]))
            decided.append((held, outcome, parts))
        _settle(decided, cause="group", reason=reason, by=by, at=at, group_no=group_no)
        return group_no


def undo_group(*, group_no: int, reason: str, by: str, at: datetime) -> int:
    """Take a group's settlement back whole; returns how many cases. Raises UnknownCase, LaterDecision."""
    _reasoned(reason)
    with atomic():
        effects.alone()
        numbers = list(
            CaseStanding.objects.filter(group_no=group_no, state=State.SETTLED).order_by("case_no")
            .values_list("case_no", flat=True)
        )  # fmt: skip
        if not numbers:
            raise rules.UnknownCase("there is no settled group {group_no}", mend="look it up", group_no=group_no)
        _undo([_held(number) for number in numbers], reason=reason, by=by, at=at)
        return len(numbers)


def settle_overdue(*, by: str, at: datetime) -> Overdue:
    """Where a person was asked which of the own records stays and has not answered in time, the published rule chooses.

    Questions whether records are one person's at all are never decided by silence. A case that is refused (a record has
    changed, a card is on its way) stays as it is and is counted.
    """
    day = timezone.localtime(at).date()
    numbers = CaseStanding.objects.filter(state=State.ASKED, kind=Kind.MERGED, due__lt=day).order_by("case_no")
    settled = second = left = 0
    with atomic():
        for number in list(numbers.values_list("case_no", flat=True)):
            try:
                with atomic():
                    done = settle(
                        case_no=number, outcome=Outcome.SAME, cause="no_answer", by=by, at=at,
                        reason="no answer by the day that was set: the rule chooses",
                    )  # fmt: skip
            except BlankoError:
                left += 1
                continue
            settled, second = settled + (not done.second), second + bool(done.second)
    return Overdue(settled, second, left)


def sample(*, pairs: Iterable[tuple[Key, Key]], seed: str, by: str, at: datetime) -> int:
    """Pairs drawn for an audit of linkage: they are judged one by one, never in a group. Returns how many are new."""
    wanted = {tuple(sorted(pair)) for pair in pairs}
    with atomic():
        new = sorted(wanted - queries.sampled(list(wanted)))
        rows = [
            {"left_office": left[0], "left_id": left[1], "right_office": right[0], "right_id": right[1], "seed": seed}
            for left, right in new
        ]
        if rows:
            event = audit.record(
                operation="cases.sample", by=by, at=at, facts=Facts.of({"cases_sample": rows}),
                subject={"pairs": len(rows), "seed": seed},
            )  # fmt: skip
            AuditSample.objects.bulk_create([AuditSample(event_id=event, **row) for row in rows])
        return len(rows)


def _settle(
    decided: Sequence[tuple[CaseStanding, Outcome, list[list[Key]]]], *, cause: str, reason: str, by: str, at: datetime,
    group_no: int | None = None,
) -> None:  # fmt: skip
    numbers = [held.case_no for held, _outcome, _parts in decided]
    before = {held.case_no: effects.before(parts) for held, _outcome, parts in decided}
    done = effects.carry_out(
        [(held.case_no, held.kind, parts) for held, _outcome, parts in decided],
        reason=f"case {', '.join(map(str, numbers[:5]))}{' ...' if len(numbers) > 5 else ''}: {reason}", by=by, at=at,
    )  # fmt: skip
    steps = []
    for held, outcome, parts in decided:
        steps.append(
            _step(
                held.case_no,
                held.seq + 1,
                Step.SETTLE,
                by=by,
                at=at,
                reason=reason,
                outcome=str(outcome),
                parts=_plain(parts),
                before={**before[held.case_no], **done[held.case_no]},
                group_no=group_no,
                cause=cause,
            )  # fmt: skip
        )
    event = _record("cases.settle", steps, by=by, at=at, reason=reason, group_no=group_no)
    for held, outcome, _parts in decided:
        _stand(held, State.SETTLED, event, outcome=str(outcome), group_no=group_no)


def _undo(held: Sequence[CaseStanding], *, reason: str, by: str, at: datetime) -> None:
    steps = []
    for case in sorted(held, key=lambda case: case.case_no):
        rules.after(State(case.state), Step.UNDO, case_no=case.case_no)
        last = _last(case.case_no)
        later = effects.later_than(case.case_no, last.event_id)
        if later is not None:
            raise rules.LaterDecision(
                "case {later} decided later on a record of case {case_no}", mend="undo case {later} first",
                later=later, case_no=case.case_no,
            )  # fmt: skip
        steps.append((case, last))
    says = f"case {steps[0][0].case_no} undone: {reason}"
    for case, last in steps:
        if case.kind == Kind.DEATH:
            deaths.take_back(queries.document_of(case.case_no), last.before["lifted"], reason=says, by=by, at=at)
    doubles = [(last.parts, last.before) for case, last in steps if case.kind != Kind.DEATH]
    if doubles:
        effects.take_back(doubles, reason=says, by=by, at=at)
    cases = [case for case, _settled in steps]
    rows = [_step(case.case_no, case.seq + 1, Step.UNDO, by=by, at=at, reason=reason) for case in cases]
    event = _record("cases.undo", rows, by=by, at=at, reason=reason)
    for case in cases:
        _stand(case, State.OPEN, event)


def _held(case_no: int) -> CaseStanding:
    """The case's standing, locked: of two officers the second finds what the first has done."""
    found = CaseStanding.objects.select_for_update().filter(pk=case_no).first()
    if found is None:
        raise rules.UnknownCase("there is no case {case_no}", mend="look it up in the queue", case_no=case_no)
    return found


def _members(case_no: int) -> list[dict[str, Any]]:
    """The case's records as they stand. Raises CaseOutOfDate when one is not as it was seen."""
    seen = {
        (office, record): version
        for office, record, version in CaseMember.objects.filter(case_no=case_no).order_by("place").values_list(
            "recorded_office", "record_id", "version")
    }  # fmt: skip
    held = queries.records(list(seen))
    for key, version in seen.items():
        if held[key]["version"] != version or held[key]["withdrawn"]:
            raise rules.CaseOutOfDate(
                "record {record} of case {case_no} has changed", mend="look for cases again, and judge the new one",
                record="/".join(key), case_no=case_no,
            )  # fmt: skip
    return [held[key] for key in seen]


def _last(case_no: int) -> CaseStep:
    return CaseStep.objects.filter(case_no=case_no).order_by("-seq")[0]


def _key(text: str) -> Key:
    office, _slash, record = text.partition("/")
    return office, record


def _plain(parts: Sequence[Sequence[Key]]) -> list[list[str]]:
    return [["/".join(key) for key in part] for part in parts]


def _reasoned(reason: str) -> None:
    if not reason.strip():
        raise ReasonMissing("a case is decided without a reason", mend="say what was seen or who was asked")


def _step(case_no: int, seq: int, step: Step, *, by: str, at: datetime, reason: str, **given: Any) -> dict[str, Any]:
    return {
        "case_no": case_no, "seq": seq, "step": str(step), "outcome": "", "parts": [], "before": {}, "due": None,
        "group_no": None, "cause": "", "by": by, "at": at, "reason": reason.strip(), **given,
    }  # fmt: skip


def _record(operation: str, steps: list[dict[str, Any]], *, by: str, at: datetime, reason: str,
            group_no: int | None = None) -> int:  # fmt: skip
    event = audit.record(
        operation=operation, by=by, at=at, facts=Facts.of({"cases_step": steps}), reason=reason.strip(),
        subject={"cases": [row["case_no"] for row in steps[:20]], "count": len(steps)}
        | ({"group": group_no} if group_no else {}),
    )  # fmt: skip
    _keep_steps(steps, event)
    return event


def _keep_steps(steps: list[dict[str, Any]], event: int) -> None:
    CaseStep.objects.bulk_create([CaseStep(event_id=event, **row) for row in steps], batch_size=2_000)


def _stand(held: CaseStanding, state: State, event: int, *, outcome: str = "", due: date | None = None,
           group_no: int | None = None) -> None:  # fmt: skip
    CaseStanding.objects.filter(pk=held.case_no).update(
        state=state, seq=held.seq + 1, outcome=outcome, due=due, group_no=group_no, event_id=event
    )


def _copy(cursor: Any, table: str, rows: list[dict[str, Any]], event: int) -> None:
    if not rows:
        return
    names = list(rows[0])
    with cursor.connection.cursor().copy(f"COPY {table} ({', '.join(names)}, event_id) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([*(row[name] for name in names), event])
