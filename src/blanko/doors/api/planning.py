"""Needs, rounds and their papers; and the rule itself on given needs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router, Schema, Status

from blanko.decisions.planning import demand as demand_rates
from blanko.decisions.planning import dossier, papers
from blanko.decisions.planning import operations as plans
from blanko.decisions.planning import queries as planning
from blanko.decisions.planning.outlook import records
from blanko.decisions.planning.outlook.answer import outlook
from blanko.decisions.planning.outlook.case import UnknownCase, built_in, load
from blanko.decisions.planning.rules import Dispatch, UnknownRound
from blanko.doors.api.downloads import of_type
from blanko.doors.api.officers import acting_officer
from blanko.engines.allocation import RULE_VERSION, AreaNeed, Stage, allocate_stages
from blanko.ground.access.acting import acting
from blanko.ground.places import gazetteer
from blanko.records.entitlement import queries as owed

router = Router()

PAPERS: dict[str, Callable[[Dispatch], bytes]] = {
    "surat-jalan": papers.surat_jalan,
    "packing-list": papers.packing_list,
}


class Need(Schema):
    area_code: str
    need: int
    in_hand: int = 0
    in_transit: int = 0
    deadline: date | None = None
    earlier: int = 0
    last_box_on: date | None = None
    requested: int | None = None


class StageRelease(Schema):
    deadline: date
    released: int


class ShareRequest(Schema):
    needs: list[Need]
    stock: int
    box: int
    part_boxes: bool = False
    reserve: int = 0
    part_reserve: int = 0
    stages: list[StageRelease] = []


class Share(Schema):
    area_code: str
    share: int
    early: int
    boxes: int
    part: int
    remaining: int
    requested: int | None
    fill_before: float
    fill: float
    binding: str
    would_lose: str | None
    explanation: str


class StageResult(Schema):
    deadline: date
    released: int
    shared: int
    lost_by_others: dict[str, int]


class Shares(Schema):
    rule: str
    stock: int
    reserve: int
    shared: int
    shares: list[Share]
    stages: list[StageResult]


class RegencyNeed(Schema):
    regency: str
    need_source: str
    need: int
    earlier: int
    print_ready: int
    printed_since: int
    in_hand: int
    in_transit: int
    requested: int | None
    deadline: date | None
    counted_on: date | None
    source: str


class Asked(Schema):
    value: int
    date: date
    source: str


class Needs(Schema):
    as_of: date
    needs: list[RegencyNeed]
    requests: dict[str, Asked]


class DemandRate(Schema):
    cause: str
    learned: float
    in_force: float
    applications: int
    overruled_by: str | None
    reason: str | None


class DemandOverrule(Schema):
    sequence: int
    cause: str
    area: str
    rate: float
    was: float
    cv: float
    reason: str
    by: str
    at: datetime
    event_id: int


class Demand(Schema):
    as_of: date
    rates: list[DemandRate]
    overrules: list[DemandOverrule]


class OverruleRequest(Schema):
    cause: str
    rate: float
    reason: str
    area: str = ""
    cv: float = 0.1


class OrderAdvice(Schema):
    latest_date: date | None
    passed: bool
    quantity: int
    risk: float
    risk_without: float
    risk_with: float
    risk_lowest: float
    reachable: bool
    until: date
    cost: int
    currency: str
    lead_days: dict[str, float]
    stages: list[dict[str, Any]]


class PromiseOdds(Schema):
    text: str
    date: date
    probability: float


class PlanProblem(Schema):
    code: str
    severity: int
    says: str
    mend: str
    values: dict[str, Any]


class Outlook(Schema):
    title: str
    as_of: date
    seed: int
    paths: int
    level: str
    reading: str
    doubles_inside: bool
    runout: dict[str, date | None]
    short_today: bool
    never_recovers: float
    probability_before: dict[str, float]
    days_of_cover: dict[str, float | None]
    order: OrderAdvice
    binding: str
    binding_shares: dict[str, float]
    promises: list[PromiseOdds]
    cost_by_year: dict[str, int]
    readings: list[dict[str, Any]]
    areas: list[dict[str, Any]]
    problems: list[PlanProblem]


class Round(Schema):
    number: int
    title: str
    as_of: date
    deadline: date | None
    release: int
    shared: int
    boxes: int
    part: int
    state: str
    plan: int
    version: int
    supersedes: int | None
    supersede_reason: str
    author: str
    reviewer: str | None
    remark: str
    reserve: int
    reserve_for: str
    lot_min: int
    classes: list[str]
    claimed: int
    deferred: int
    lent: int
    transport_cost: int
    collected: int
    fill_min: float
    fill_max: float
    rule_version: str
    rule_from: date
    rule_reference: str
    document_sha256: str


class Draft(Schema):
    title: str
    as_of: date
    release: int
    deadline: date | None = None
    part_boxes: bool = True
    part_reserve: int = 0
    reserve: int = 0
    reserve_for: str = ""
    lot_min: int = 0
    classes: list[str] = []
    lending: bool = True


class Override(Schema):
    regency: str
    share: int
    reason: str
    second: str


class Reason(Schema):
    reason: str


class ObjectionRequest(Schema):
    regency: str
    text: str


class Objected(Schema):
    round: int
    objection: int


class Consigned(Schema):
    regency: str
    office: str
    consignment: str
    papers: str
    written_on: date
    dispatch_by: date
    deadline: date | None
    blanks: int
    boxes: list[str]
    mode: str
    letter: str
    carrier: str
    transport_days: int
    transport_cost: int


@router.post("/allocation/share", response=Shares, summary="Share a stock by the published rule; nothing is stored")
def share(request: HttpRequest, asked: ShareRequest) -> dict[str, Any]:
    result = allocate_stages(
        [
            AreaNeed(
                n.area_code, n.need, in_hand=n.in_hand, in_transit=n.in_transit, deadline=n.deadline,
                earlier=n.earlier, last_box_on=n.last_box_on, requested=n.requested,
            )
            for n in asked.needs
        ],
        stages=[Stage(stage.deadline, stage.released) for stage in asked.stages],
        stock=asked.stock, box_size=asked.box, part_boxes=asked.part_boxes, reserve=asked.reserve,
        part_reserve=asked.part_reserve,
    )  # fmt: skip
    return {
        "rule": RULE_VERSION,
        "stock": asked.stock,
        "reserve": asked.reserve,
        "shared": sum(result.totals.values()),
        "shares": [
            {
                "area_code": s.code, "share": s.share, "early": s.early, "boxes": s.boxes, "part": s.part,
                "remaining": s.remaining, "requested": s.requested, "fill_before": round(s.fill_before, 6),
                "fill": round(s.fill_after, 6), "binding": s.binding, "would_lose": s.would_lose,
                "explanation": s.sentence(),
            }
            for s in result.shares
        ],
        "stages": [
            {
                "deadline": stage.deadline, "released": stage.released, "shared": early.shared,
                "lost_by_others": {code: blanks for code, blanks in lost.items() if blanks},
            }
            for (stage, early), lost in zip(result.early, result.lost_to, strict=True)
        ],
    }  # fmt: skip


@router.get("/planning/needs", response=Needs, summary="What each regency needs, and how that is known")
def needs(request: HttpRequest, as_of: date | None = None) -> dict[str, Any]:
    day = as_of or timezone.localdate()
    return {
        "as_of": day,
        "needs": [
            {
                "regency": a.code, "need_source": str(a.need.need_source), "need": a.need.need,
                "earlier": a.need.earlier, "print_ready": a.need.print_ready, "printed_since": a.need.printed_since,
                "in_hand": a.in_hand, "in_transit": a.in_transit, "requested": a.requested, "deadline": a.deadline,
                "counted_on": a.need.counted_on, "source": a.need.source,
            }
            for a in planning.areas(day)
        ],
        "requests": planning.requests(day),
    }  # fmt: skip


@router.get("/planning/demand", response=Demand, summary="Rates of demand as learned, and as overruled")
def rates(request: HttpRequest, as_of: date | None = None) -> dict[str, Any]:
    day = as_of or owed.claims_as_of() or timezone.localdate()
    return {"as_of": day, "rates": demand_rates.table(day), "overrules": demand_rates.overrules()}


@router.post("/planning/demand/overrules", response={201: Demand}, summary="Put a rate in the place of the learned one")
def overrule(request: HttpRequest, asked: OverruleRequest) -> Status[dict[str, Any]]:
    by, day = acting_officer(request, "planner.pusat"), owed.claims_as_of() or timezone.localdate()
    with acting(principal=by):
        demand_rates.overrule(**asked.dict(), by=by, at=timezone.now(), day=day)
    return Status(201, rates(request))


@router.get("/planning/outlook", response=Outlook, summary="When blanks run out, promises' odds, what to order by when")
def when(
    request: HttpRequest, case: str = "2017-04", reading: str | None = None, doubles_inside: bool = False,
    risk: float | None = None, seed: int = 1, paths: int = 20_000, demand: float = 1.0, checks: float = 1.0,
    printers: float = 1.0, delivery_days: float = 1.0,
) -> dict[str, Any]:  # fmt: skip
    """A built-in case, or `records`: what the database holds; the four factors are a what-if, 1 as the case says."""
    if case not in (*built_in(), records.NAME):
        raise UnknownCase("there is no case {name}", mend="name one of {cases}, or a TOML file", name=case,
                          cases=", ".join(built_in()))  # fmt: skip
    changed = {"demand": demand, "checks": checks, "printers": printers, "delivery_days": delivery_days}
    made = records.case() if case == records.NAME else load(case)
    return outlook(
        made, seed=seed, paths=min(paths, 50_000), reading=reading, doubles_inside=doubles_inside, risk=risk,
        changed=changed, side_by_side=False,
    ).as_json()  # fmt: skip


@router.get("/planning/rounds", response=list[Round], summary="All rounds, newest first")
def rounds(request: HttpRequest) -> list[dict[str, Any]]:
    return planning.rounds()


@router.post("/planning/rounds", response={201: Round}, summary="Draft a round; nothing moves yet")
def draft(request: HttpRequest, asked: Draft) -> Status[dict[str, Any]]:
    by = acting_officer(request, "svc.planning")
    with acting(principal=by):
        number = plans.draft_round(**asked.dict(), by=by, at=timezone.now())
        return Status(201, planning.summary(number))


@router.get("/planning/rounds/{number}", response=Round, summary="One round in figures")
def one_round(request: HttpRequest, number: int) -> dict[str, Any]:
    return planning.summary(number)


@router.get(
    "/planning/rounds/{number}/document", summary="The published bytes of a round (canonical JSON)",
    openapi_extra=of_type("application/json"),
)  # fmt: skip
def document(request: HttpRequest, number: int) -> HttpResponse:
    return HttpResponse(planning.round_document(number), content_type="application/json")


@router.get(
    "/planning/rounds/{number}/dossier", summary="All that a stranger needs to compute a round again (JSON)",
    openapi_extra=of_type("application/json"),
)  # fmt: skip
def whole_dossier(request: HttpRequest, number: int) -> HttpResponse:
    made = dossier.dossier(planning.round(number), planning.round_document(number))
    return HttpResponse(made, content_type="application/json")


@router.post("/planning/rounds/{number}/objections", response={201: Objected}, summary="Object to a round, in public")
def object_to(request: HttpRequest, number: int, asked: ObjectionRequest) -> Status[dict[str, Any]]:
    by = acting_officer(request, "svc.planning")
    with acting(principal=by):
        sequence = plans.object_to_round(
            round_no=number, regency=asked.regency, text=asked.text, by=by, at=timezone.now()
        )
    return Status(201, {"round": number, "objection": sequence})


@router.post("/planning/rounds/{number}/commit", response=Round, summary="Put the round's boxes on their way")
def commit(request: HttpRequest, number: int) -> dict[str, Any]:
    by = acting_officer(request, "svc.planning")
    with acting(principal=by):
        plans.commit_round(round_no=number, by=by, at=timezone.now())
        return planning.summary(number)


@router.post("/planning/rounds/{number}/discard", response=Round, summary="Set a draft aside, with a reason")
def discard(request: HttpRequest, number: int, asked: Reason) -> dict[str, Any]:
    by = acting_officer(request, "svc.planning")
    with acting(principal=by):
        plans.discard_round(round_no=number, reason=asked.reason, by=by, at=timezone.now())
        return planning.summary(number)


@router.post("/planning/rounds/{number}/override", response=Round, summary="Change one share, with a second officer")
def override(request: HttpRequest, number: int, asked: Override) -> dict[str, Any]:
    by = acting_officer(request, "svc.planning")
    with acting(principal=by):
        plans.override_share(round_no=number, **asked.dict(), by=by, at=timezone.now())
        return planning.summary(number)


@router.get("/planning/rounds/{number}/dispatches", response=list[Consigned], summary="What a committed round sends")
def dispatches(request: HttpRequest, number: int, regency: str | None = None) -> list[dict[str, Any]]:
    return [
        {
            "regency": d.regency, "office": d.office, "consignment": d.consignment, "papers": d.papers,
            "written_on": d.written_on, "dispatch_by": d.dispatch_by, "deadline": d.deadline, "blanks": d.blanks,
            "boxes": [str(box.box) for box in d.boxes], "mode": d.mode, "letter": d.letter, "carrier": d.carrier,
            "transport_days": d.transport_days, "transport_cost": d.transport_cost,
        }
        for d in planning.dispatches(round_no=number, regency=gazetteer.regency_of(regency) if regency else None)
    ]  # fmt: skip


@router.get(
    "/planning/rounds/{number}/papers/{regency}/{paper}.pdf",
    summary="surat-jalan or packing-list of one office as PDF",
    openapi_extra=of_type("application/pdf"),
)
def paper(request: HttpRequest, number: int, regency: str, paper: str) -> HttpResponse:
    found = planning.dispatches(round_no=number, regency=gazetteer.regency_of(regency))
    if not found or paper not in PAPERS:
        raise UnknownRound(
            "round {number} has no {paper} for {regency}", mend="commit it first; papers are surat-jalan, packing-list",
            number=number, paper=paper, regency=regency,
        )  # fmt: skip
    return HttpResponse(PAPERS[paper](found[0]), content_type="application/pdf")
