"""Reconcile, count blind, sample. Of an open count no address gives a figure of the book."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema, Status

from blanko.cards.counting import operations, queries, samples
from blanko.cards.custody.rules import Key
from blanko.cards.issuance import comparing, following
from blanko.doors.api.officers import acting_officer
from blanko.ground.access.acting import acting
from blanko.kernel.boxes import BoxId
from blanko.kernel.errors import InvalidValue

router = Router()


class Equation(Schema):
    """received = the sum of the terms from in_hand to missing."""

    number: int
    scope: str
    run_scope: str
    at: datetime
    by: str
    upto: int
    received: int
    in_hand: int
    in_transit: int
    quarantined: int
    personalised: int
    issued: int
    spoiled: int
    destroyed: int
    missing: int
    differences: int


class Difference(Schema):
    number: int
    source: str
    office: str
    condition: str
    series: str
    box_no: int | None
    first: int | None
    last: int | None
    expected: int
    found: int
    movement: str
    sent_by: str
    received_by: str
    note: str


class Run(Equation):
    lines: list[Difference]
    nodes: list[Equation]


class ReconcileRequest(Schema):
    scope: str = "ID"
    thorough: bool = False
    nodes: bool = False


class CountHead(Schema):
    count: str
    office: str
    regency: str
    reason: str
    boxes: list[list[str | int]]
    sample: str
    by: str
    at: datetime
    status: str


class SheetHead(Schema):
    round: int
    by: str
    at: datetime
    note: str


class Decision(Schema):
    round: int
    decision: str
    by: str
    at: datetime
    reason: str | None = None
    booked: list[str] | None = None


class Count(CountHead):
    sheets: list[SheetHead]
    decisions: list[Decision]


class Seen(Schema):
    series: str
    box_no: int
    first: int
    last: int
    frozen: str
    now: str
    seen: str
    why: str = ""


class CountRequest(Schema):
    office: str
    reason: str
    device: str
    sequence: int
    boxes: list[str] = []


class SheetRow(Schema):
    seen: str
    condition: str = ""


class SheetRequest(Schema):
    rows: list[SheetRow]
    note: str = ""


class DecisionRequest(Schema):
    approve: bool
    reason: str


class Reason(Schema):
    reason: str


class Sample(Schema):
    sample: str
    office: str
    seed: str
    risk: str
    loss: str
    boxes: int
    blanks: int | None
    state: str
    counted: int
    missing: int
    proven_at: float
    more: int
    next: list[str]


class SampleRow(Sample):
    at: datetime
    by: str


class SampleRequest(Schema):
    office: str
    seed: str
    risk: str = "0.05"
    loss: str = "0.005"
    device: str
    sequence: int


class ResultRequest(Schema):
    """The name of an ended count of the sample, or what each drawn box lacks."""

    count: str = ""
    missing: dict[str, int] = {}


class SampleCountRequest(Schema):
    reason: str
    device: str
    sequence: int


def _named(name: str) -> str:
    """A name may hold a slash, which an address cannot: it is written ``~`` there."""
    return name.replace("~", "/")


@router.get("/counting/reconciles", response=list[Equation], summary="Runs, newest first; of a node with scope")
def reconciles(request: HttpRequest, scope: str | None = None, limit: int = 50) -> list[dict[str, Any]]:
    return queries.reconciles(scope=scope, limit=max(1, min(limit, 500)))


@router.get("/counting/reconciles/{number}", response=Run, summary="One run with its differences and nodes")
def one_reconcile(request: HttpRequest, number: int) -> dict[str, Any]:
    return queries.reconcile(number)


@router.post("/counting/reconciles", response={201: Run}, summary="Compare journal, boxes and balances of a node now")
def reconcile(request: HttpRequest, asked: ReconcileRequest) -> Status[dict[str, Any]]:
    by = acting_officer(request, "svc.custody")
    queries.check_shown(asked.scope)
    with acting(principal=by):
        done = comparing.reconcile(
            by=by, at=timezone.now(), scope=asked.scope, thorough=asked.thorough, nodes=asked.nodes
        )
    return Status(201, queries.reconcile(done.number))


@router.get("/counting/counts", response=list[CountHead], summary="Counts with their status, newest first")
def counts(request: HttpRequest, office: str | None = None, limit: int = 100) -> list[dict[str, Any]]:
    return queries.counts(office=office, limit=max(1, min(limit, 500)))


@router.get("/counting/counts/{count}", response=Count, summary="A count: who counted, who decided; no figures")
def one_count(request: HttpRequest, count: str) -> dict[str, Any]:
    return queries.count(_named(count))


@router.get(
    "/counting/counts/{count}/differences", response=list[Seen],
    summary="What two persons saw otherwise than the book; refused while the count is open",
)  # fmt: skip
def differences(request: HttpRequest, count: str) -> list[dict[str, Any]]:
    name = _named(count)
    why = {(row["series"], row["box_no"], row["first"]): row["why"] for row in queries.left(name)}
    found = queries.differences(name)
    return [{**row, "why": why.get((row["series"], row["box_no"], row["first"]), "")} for row in found]


@router.post("/counting/counts", response={201: Count}, summary="Freeze an office's book and open its count")
def begin(request: HttpRequest, asked: CountRequest) -> Status[dict[str, Any]]:
    by = acting_officer(request, "svc.custody")
    with acting(principal=by):
        name = operations.begin(
            office=asked.office, reason=asked.reason, key=Key(asked.device, asked.sequence), by=by, at=timezone.now(),
            boxes=[BoxId.parse(box) for box in asked.boxes],
        )  # fmt: skip
    return Status(201, queries.count(name))


@router.post(
    "/counting/counts/{count}/sheets", response={201: Count},
    summary="One person's whole sheet: sealed boxes, and positions of opened ones with their condition",
)  # fmt: skip
def hand_in(request: HttpRequest, count: str, asked: SheetRequest) -> Status[dict[str, Any]]:
    by, name = acting_officer(request, "svc.custody"), _named(count)
    with acting(principal=by):
        rows = [(row.seen, row.condition) for row in asked.rows]
        operations.hand_in(count=name, rows=rows, by=by, at=timezone.now(), note=asked.note)
    return Status(201, queries.count(name))


@router.post("/counting/counts/{count}/decision", response=Count, summary="A third person approves or refuses")
def decide(request: HttpRequest, count: str, asked: DecisionRequest) -> dict[str, Any]:
    by, name = acting_officer(request, "svc.custody"), _named(count)
    with acting(principal=by):
        operations.decide(count=name, approve=asked.approve, reason=asked.reason, by=by, at=timezone.now())
        following.follow(by=by, at=timezone.now(), office=queries.header(name)["office"])
    return queries.count(name)


@router.post("/counting/counts/{count}/abandon", response=Count, summary="End a count without a correction")
def abandon(request: HttpRequest, count: str, asked: Reason) -> dict[str, Any]:
    by, name = acting_officer(request, "svc.custody"), _named(count)
    with acting(principal=by):
        operations.abandon(count=name, reason=asked.reason, by=by, at=timezone.now())
    return queries.count(name)


@router.get("/counting/samples", response=list[SampleRow], summary="Samples and where they stand, newest first")
def all_samples(request: HttpRequest, office: str | None = None) -> list[dict[str, Any]]:
    return samples.samples(office=office)


@router.get("/counting/samples/{sample}", response=Sample, summary="Which boxes to count next, or what is proven")
def one_sample(request: HttpRequest, sample: str) -> dict[str, Any]:
    return samples.standing(_named(sample)).as_json()


@router.post("/counting/samples", response={201: Sample}, summary="Draw an office's boxes by public dice")
def begin_sample(request: HttpRequest, asked: SampleRequest) -> Status[dict[str, Any]]:
    by = acting_officer(request, "svc.custody")
    with acting(principal=by):
        found = samples.begin(
            office=asked.office, seed=asked.seed, risk=_share(asked.risk), loss=_share(asked.loss),
            key=Key(asked.device, asked.sequence), by=by, at=timezone.now(),
        )  # fmt: skip
    return Status(201, found.as_json())


@router.post("/counting/samples/{sample}/count", response={201: Count}, summary="Begin a blind count of what it needs")
def count_sample(request: HttpRequest, sample: str, asked: SampleCountRequest) -> Status[dict[str, Any]]:
    by = acting_officer(request, "svc.custody")
    with acting(principal=by):
        name = samples.count_next(
            sample=_named(sample), reason=asked.reason, key=Key(asked.device, asked.sequence), by=by, at=timezone.now()
        )  # fmt: skip
    return Status(201, queries.count(name))


@router.post("/counting/samples/{sample}/results", response=Sample, summary="Take results; it says what follows")
def take_results(request: HttpRequest, sample: str, asked: ResultRequest) -> dict[str, Any]:
    by, at = acting_officer(request, "svc.custody"), timezone.now()
    with acting(principal=by):
        if asked.count:
            found = samples.take_count(sample=_named(sample), count=asked.count, by=by, at=at)
        else:
            missing = {BoxId.parse(box): lacks for box, lacks in asked.missing.items()}
            found = samples.take_results(sample=_named(sample), missing=missing, by=by, at=at)
    return found.as_json()


def _share(text: str) -> Fraction:
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError) as error:
        raise InvalidValue("{text} is no share", mend="write for example 0.05", text=repr(text)) from error
