"""Cases: records that may be one person's, read, decided and taken back."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import File, Router, Schema
from ninja.files import UploadedFile

from blanko.decisions.cases import operations, queries, rules, sheets
from blanko.decisions.cases.rules import Key, Kind, Outcome, State
from blanko.doors.api.downloads import of_type
from blanko.doors.api.officers import acting_officer
from blanko.ground.access.acting import acting
from blanko.ground.files.spreadsheets import XLSX

router = Router()


class CaseListed(Schema):
    case_no: int
    kind: Kind
    office: str
    weight: float | None
    pattern: str
    opened_on: date
    records: int
    state: State
    outcome: str
    due: date | None
    group_no: int | None
    names: list[str]


class CaseRecord(Schema):
    recorded_office: str
    record_id: str
    person_id: int
    version: int
    seen_version: int
    changed: bool
    nik: str | None
    name: str | None
    birth_place: str | None
    birth_date: date | None
    sex: str | None
    marital_status: str | None
    address: str | None
    regency: str
    recorded_on: date | None
    status: str
    status_since: date
    closed: bool
    is_lead: bool
    died_on: date | None
    serial: str | None
    card_state: str | None
    card_counts: bool | None
    kept_office: str | None
    kept_id: str | None


class CaseStepTaken(Schema):
    seq: int
    step: str
    outcome: str
    parts: list[list[str]]
    due: date | None
    group_no: int | None
    cause: str
    by: str
    at: datetime
    reason: str


class PairWord(Schema):
    left: str
    right: str
    verdict: str
    cause: str
    reason: str
    event_id: int


class DeathPaper(Schema):
    """What the paper of a case of kind death says of its person."""

    office: str
    document_no: str
    version: int
    nik: str | None
    name: str | None
    birth_place: str | None
    birth_date: date | None
    sex: str | None
    mother_name: str | None
    address: str | None
    village_code: str | None
    died_on: date
    reported_on: date | None


class EngineResult(Schema):
    record: str
    result: str
    score: str
    engine: str
    decided_at: str


class FieldWeight(Schema):
    field: str
    level: str
    bits: float


class CaseShown(Schema):
    case_no: int
    kind: Kind
    office: str
    weight: float | None
    pattern: str
    reason: str
    opened_on: date
    state: State
    outcome: str
    due: date | None
    group_no: int | None
    paper: DeathPaper | None
    results: list[EngineResult]
    members: list[CaseRecord]
    steps: list[CaseStepTaken]
    verdicts: list[PairWord]
    weights: list[FieldWeight]


class CaseAge(Schema):
    kind: Kind
    days_from: int
    days_to: int | None
    cases: int


class CaseOverview(Schema):
    states: dict[str, int]
    outcomes: dict[str, int]
    ages: list[CaseAge]
    due: int


class PatternCount(Schema):
    kind: Kind
    pattern: str
    cases: int


class GroupCase(Schema):
    case_no: int
    keep: str
    alone: str
    records: list[str]


class CaseReason(Schema):
    reason: str


class CaseQuestion(Schema):
    reason: str
    due: date | None = None


class CaseDecision(Schema):
    """``keep``: office/record of the record that stays; ``parts``: one list of records a person, for outcome parts."""

    outcome: Outcome
    reason: str
    keep: list[str] = []
    parts: list[list[str]] = []


class GroupDecision(Schema):
    kind: Kind
    pattern: str
    cases: list[int]
    outcome: Literal["same", "different"]
    reason: str
    office: str | None = None


class GroupDone(Schema):
    group_no: int
    cases: int


class CasesOpened(Schema):
    opened: int
    reopened: int
    overtaken: int
    notices: int


class CasesDue(Schema):
    settled: int
    second: int
    left: int


class CasesTaken(Schema):
    settled: int
    second: int
    asked: int
    unchanged: int
    undecided: int


@router.get("/cases", response=list[CaseListed], summary="Cases that wait, the heaviest first")
def cases(
    request: HttpRequest, office: str | None = None, kind: Kind | None = None, state: State | None = None,
    limit: int = 200, offset: int = 0,
) -> list[dict[str, Any]]:  # fmt: skip
    return queries.queue(office=office, kind=kind, state=state, limit=max(1, min(limit, 1_000)), offset=max(0, offset))


@router.get("/cases/overview", response=CaseOverview, summary="What waits, by kind and age, and what was settled")
def overview(request: HttpRequest, office: str | None = None, on: date | None = None) -> dict[str, Any]:
    return queries.overview(on=on or timezone.localdate(), office=office)


@router.get("/cases/rules", response=dict[str, str], summary="The published rule in words")
def case_rules(request: HttpRequest) -> dict[str, str]:
    return dict(rules.RULES)


@router.get("/cases/groups", response=list[PatternCount], summary="Error patterns that several open cases share")
def groups(request: HttpRequest, office: str | None = None) -> list[dict[str, Any]]:
    return queries.groups(office=office)


@router.get("/cases/group", response=list[GroupCase], summary="Every case of one error pattern")
def group(request: HttpRequest, kind: Kind, pattern: str, office: str | None = None) -> list[dict[str, Any]]:
    return [
        {**row, "records": [f"{m['recorded_office']}/{m['record_id']}" for m in row["members"]]}
        for row in queries.group(kind=kind, pattern=pattern, office=office)
    ]


@router.get("/cases/cases.xlsx", summary="The cases that wait, as a sheet to fill", openapi_extra=of_type(XLSX))
def sheet(request: HttpRequest, office: str | None = None, kind: Kind | None = None) -> HttpResponse:
    answer = HttpResponse(sheets.export(office=office, kind=kind), content_type=XLSX)
    answer["Content-Disposition"] = 'attachment; filename="cases.xlsx"'
    return answer


@router.post("/cases/sheet", response=CasesTaken, summary="Decisions of a filled sheet, all of it or nothing")
def take_sheet(request: HttpRequest, file: File[UploadedFile]) -> dict[str, Any]:
    by = acting_officer(request, "svc.registry")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cases"
        with path.open("wb") as copy:
            for chunk in file.chunks():
                copy.write(chunk)
        with acting(principal=by):
            return asdict(sheets.take(path, by=by, at=timezone.now()))


@router.post("/cases/open", response=CasesOpened, summary="Look for new questions now")
def open_now(request: HttpRequest) -> dict[str, Any]:
    by = acting_officer(request, "svc.registry")
    with acting(principal=by):
        return asdict(operations.open_cases(by=by, at=timezone.now()))


@router.post("/cases/due", response=CasesDue, summary="Let the published rule choose where nobody answered in time")
def due(request: HttpRequest) -> dict[str, Any]:
    by = acting_officer(request, "svc.registry")
    with acting(principal=by):
        return asdict(operations.settle_overdue(by=by, at=timezone.now()))


@router.post("/cases/groups", response=GroupDone, summary="Settle cases of one error pattern in one act")
def settle_group(request: HttpRequest, asked: GroupDecision) -> dict[str, Any]:
    by = acting_officer(request, "svc.registry")
    with acting(principal=by):
        number = operations.settle_group(
            kind=asked.kind, pattern=asked.pattern, cases=asked.cases, outcome=asked.outcome, reason=asked.reason,
            office=asked.office, by=by, at=timezone.now(),
        )  # fmt: skip
    return {"group_no": number, "cases": len(set(asked.cases))}


@router.post("/cases/groups/{group_no}/undo", response=GroupDone, summary="Take a group's settlement back whole")
def undo_group(request: HttpRequest, group_no: int, asked: CaseReason) -> dict[str, Any]:
    by = acting_officer(request, "svc.registry")
    with acting(principal=by):
        count = operations.undo_group(group_no=group_no, reason=asked.reason, by=by, at=timezone.now())
    return {"group_no": group_no, "cases": count}


@router.get("/cases/{int:case_no}", response=CaseShown, summary="One case with its records side by side")
def case(request: HttpRequest, case_no: int) -> dict[str, Any]:
    return _shown(case_no)


@router.post("/cases/{int:case_no}/ask", response=CaseShown, summary="Ask the person or the office, by a day")
def ask(request: HttpRequest, case_no: int, asked: CaseQuestion) -> dict[str, Any]:
    by = acting_officer(request, "svc.registry")
    with acting(principal=by):
        operations.ask(case_no=case_no, reason=asked.reason, due=asked.due, by=by, at=timezone.now())
    return _shown(case_no)


@router.post("/cases/{int:case_no}/settle", response=CaseShown, summary="Decide: same, different, or parts")
def settle(request: HttpRequest, case_no: int, asked: CaseDecision) -> dict[str, Any]:
    by = acting_officer(request, "svc.registry")
    with acting(principal=by):
        operations.settle(
            case_no=case_no, outcome=asked.outcome, reason=asked.reason, keep=[_key(text) for text in asked.keep],
            parts=[[_key(text) for text in part] for part in asked.parts], by=by, at=timezone.now(),
        )  # fmt: skip
    return _shown(case_no)


@router.post("/cases/{int:case_no}/sign", response=CaseShown, summary="The second officer agrees")
def sign(request: HttpRequest, case_no: int) -> dict[str, Any]:
    by = acting_officer(request, "svc.registry")
    with acting(principal=by):
        operations.sign(case_no=case_no, by=by, at=timezone.now())
    return _shown(case_no)


@router.post("/cases/{int:case_no}/refuse", response=CaseShown, summary="The second officer does not agree")
def refuse(request: HttpRequest, case_no: int, asked: CaseReason) -> dict[str, Any]:
    by = acting_officer(request, "svc.registry")
    with acting(principal=by):
        operations.refuse(case_no=case_no, reason=asked.reason, by=by, at=timezone.now())
    return _shown(case_no)


@router.post("/cases/{int:case_no}/undo", response=CaseShown, summary="Take a settlement back")
def undo(request: HttpRequest, case_no: int, asked: CaseReason) -> dict[str, Any]:
    by = acting_officer(request, "svc.registry")
    with acting(principal=by):
        operations.undo(case_no=case_no, reason=asked.reason, by=by, at=timezone.now())
    return _shown(case_no)


def _shown(case_no: int) -> dict[str, Any]:
    found = queries.case(case_no)
    keys = [(m["recorded_office"], m["record_id"]) for m in found["members"]]
    return {**found, "weights": queries.weights(keys[0], keys[1]) if len(keys) == 2 and not found["paper"] else []}


def _key(text: str) -> Key:
    office, _slash, record = text.partition("/")
    return office, record
