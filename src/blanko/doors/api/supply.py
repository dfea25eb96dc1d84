"""Tenders, contracts, lots, payments; suppliers, lead times, parts and what stock is worth."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Router, Schema

from blanko.cards.custody import queries as custody
from blanko.records.procurement import lead_times, material, scorecard, stock
from blanko.records.procurement import queries as procurement

router = Router()


class Contract(Schema):
    contract_no: str
    supplier: str
    signed_on: date
    quantity: int
    unit_price_idr: int
    total_idr: int
    version: int
    changed_from: date | None
    changed_by: str
    planned: int
    announced: int
    held: int
    accepted: int
    rejected: int
    paid: int


class PlannedDelivery(Schema):
    delivery_no: int
    due_on: date
    quantity: int


class ContractVersion(Schema):
    """What a contract is from a day on, by its addendum; version 1 is what was signed."""

    version: int
    from_date: date
    document: str
    reason: str
    quantity: int
    unit_price_idr: int
    total_idr: int
    ends_on: date | None
    new_schedule: bool
    new_prices: bool
    price_breaks: list[stock.Break]
    deliveries: list[PlannedDelivery]
    added_per_mille: int
    above_the_limit: bool


class WholeContract(Contract):
    tender_no: str | None
    kind: str
    ends_on: date | None
    box_size: int
    box_sizes: list[int]
    lead_days: dict[str, int]
    spoilage_per_mille: int
    penalty_per_mille_day: int
    penalty_cap_per_mille: int
    is_estimated: bool
    accepted_idr: int
    to_replace: int
    price_breaks: list[stock.Break]
    versions: list[ContractVersion]
    source: str


class Payment(Schema):
    payment_no: str
    lot_no: str
    quantity: int
    unit_price_idr: int
    penalty_idr: int
    amount_idr: int
    paid_on: date
    note: str


class RejectedBox(Schema):
    box_no: int
    reason: str


class BetaPrior(Schema):
    alpha: float
    beta: float
    source: str


class Rate(Schema):
    """A share as Beta(alpha, beta): mean and 80 % interval, beside its prior."""

    cases: float
    tried: int
    alpha: float
    beta: float
    mean: float
    low: float
    high: float
    prior: BetaPrior


class LeadPrior(Schema):
    median_days: float
    sigma: float
    weight: float
    source: str


class Lead(Schema):
    """Lognormal days: median, and sigma of the logarithm, as of the next case."""

    median_days: float
    sigma: float
    observed: int
    source: str
    prior: LeadPrior


class StageLead(Lead):
    stage: str


class ScoreCard(Schema):
    supplier: str
    contracts: list[str]
    left_out: list[str]
    on_time: Rate
    short: Rate
    defect: Rate
    days_late: Lead


class MaterialPart(Schema):
    part: str
    title: str
    country: str
    stage: str
    lead_days: int
    needs: list[str]
    source: str
    ready_days: int
    critical: bool


class Material(Schema):
    contract_no: str
    days: int
    abroad_days: int
    share_abroad: float
    critical_path: list[str]
    parts: list[MaterialPart]


class Value(Schema):
    on_hand: int
    value_idr: int
    layers: list[stock.Layer]


class Notice(Schema):
    kind: str
    code: str
    version: int
    rup_code: str
    tender_code: str
    title: str
    buyer: str
    method: str
    status: str
    ceiling_idr: int | None
    owner_estimate_idr: int | None
    winner: str
    award_idr: int | None
    bid_idr: int | None
    announced_on: date | None
    decided_on: date | None
    selection_from: date | None
    contract_from: date | None
    contract_until: date | None
    year: int | None
    sha256: str
    row_no: int


class Tender(Schema):
    tender_no: str
    rup_code: str
    spse_code: str
    method: str
    budget_on: date | None
    announced_on: date | None
    objection_until: date | None
    title: str
    quantity: int
    bidders: int | None
    ceiling_idr: int | None
    owner_estimate_idr: int | None
    outcome: str
    decided_on: date
    winner: str
    award_idr: int | None
    source: str


class Service(Schema):
    """A contract for work that cards hang on; ``successor`` follows it, or nobody does."""

    service_no: str
    title: str
    supplier: str
    starts_on: date
    ends_on: date
    amount_idr: int | None
    follows: str | None
    successor: str | None
    source: str


class Lot(Schema):
    lot_no: str
    quantity: int
    unit_price_idr: int
    paid: int
    stage: str
    is_stock: bool
    accepted_boxes: int
    rejected_boxes: int
    bast_no: str | None
    held_for: list[str]


@router.get("/procurement/tenders", response=list[Tender], summary="Tenders, won and failed")
def tenders(request: HttpRequest) -> list[dict[str, Any]]:
    return procurement.tenders()


@router.get("/procurement/contracts", response=list[Contract], summary="Contracts with what came of them")
def contracts(request: HttpRequest) -> list[dict[str, Any]]:
    return procurement.contracts()


def lot_as_json(lot: procurement.LotNow) -> dict[str, Any]:
    """A lot as the description names it."""
    return {
        **{name: getattr(lot, name) for name in Lot.model_fields},
        "stage": str(lot.stage),
        "held_for": [str(cause) for cause in lot.held_for or ()],
    }  # fmt: skip


@router.get("/procurement/lots", response=list[Lot], summary="Lots; what is not released is no stock")
def lots(request: HttpRequest) -> list[dict[str, Any]]:
    return [lot_as_json(lot) for lot in procurement.lots()]


@router.get("/procurement/services", response=list[Service], summary="Service contracts, the first to end first")
def services(request: HttpRequest) -> list[dict[str, Any]]:
    return procurement.services()


@router.get("/procurement/contracts/{contract_no}", response=WholeContract, summary="A contract with all its terms")
def contract(request: HttpRequest, contract_no: str) -> dict[str, Any]:
    return procurement.contract(contract_no)


@router.get(
    "/procurement/contracts/{contract_no}/schedule",
    response=list[stock.Kept],
    summary="Planned deliveries beside what came; a contract without a schedule is refused",
)
def schedule(request: HttpRequest, contract_no: str, as_of: date | None = None) -> list[stock.Kept]:
    return procurement.schedule(contract_no, as_of=as_of or datetime.now(UTC).date())


@router.get(
    "/procurement/contracts/{contract_no}/material",
    response=Material,
    summary="What the cards are made of, the longest way in days, and the share of it abroad",
)
def parts(request: HttpRequest, contract_no: str) -> dict[str, Any]:
    found = procurement.parts(contract_no)
    path = material.critical_path(found)
    chain = [part.part for part in path.parts]
    return {
        "contract_no": contract_no, "days": path.days, "abroad_days": path.abroad_days,
        "share_abroad": path.share_abroad, "critical_path": chain,
        "parts": [
            {**asdict(part), "ready_days": path.ready_days[part.part], "critical": part.part in chain} for part in found
        ],
    }  # fmt: skip


@router.get("/procurement/lots/{lot_no}/rejected", response=list[RejectedBox], summary="Boxes of a lot not accepted")
def rejected(request: HttpRequest, lot_no: str) -> list[dict[str, Any]]:
    return procurement.rejected_boxes(lot_no=lot_no)


@router.get("/procurement/payments", response=list[Payment], summary="Payments, for accepted blanks only")
def payments(request: HttpRequest, lot_no: str | None = None, contract_no: str | None = None) -> list[dict[str, Any]]:
    return procurement.payments(lot_no=lot_no, contract_no=contract_no)


@router.get("/procurement/suppliers", response=list[ScoreCard], summary="Suppliers' score cards, with their priors")
def suppliers(
    request: HttpRequest, supplier: str | None = None, as_of: date | None = None, with_estimates: bool = False
) -> list[dict[str, Any]]:
    cards = procurement.score_cards(
        as_of=as_of or datetime.now(UTC).date(), supplier=supplier, with_estimates=with_estimates
    )
    return [
        {
            "supplier": one.supplier, "contracts": one.contracts, "left_out": one.left_out,
            "on_time": _rate(one.card.on_time), "short": _rate(one.card.short), "defect": _rate(one.card.defect),
            "days_late": {**asdict(one.card.days_late), "prior": asdict(one.card.days_late_prior)},
        }
        for one in cards
    ]  # fmt: skip


def _rate(rate: scorecard.Rate) -> dict[str, Any]:
    low, high = rate.interval
    return {**asdict(rate), "mean": rate.mean, "low": low, "high": high}


@router.get("/procurement/lead-times", response=list[StageLead], summary="Days that each stage takes, as learned")
def learned(request: HttpRequest, with_estimates: bool = False) -> list[dict[str, Any]]:
    return [
        {"stage": stage, **asdict(lead), "prior": asdict(lead_times.PRIORS[stage])}
        for stage, lead in procurement.learned_lead_times(with_estimates=with_estimates).items()
    ]


@router.get("/procurement/value", response=Value, summary="What the blanks at hand are worth, first in, first out")
def value(request: HttpRequest) -> dict[str, Any]:
    on_hand = custody.at_hand()
    layers = procurement.stock_value(on_hand=on_hand)
    worth = sum(layer.value_idr for layer in layers)
    return {"on_hand": on_hand, "value_idr": worth, "layers": layers}


@router.get("/procurement/notices", response=list[Notice], summary="Plans and tenders as the portals published them")
def notices(request: HttpRequest, kind: Literal["plan", "tender"] | None = None) -> list[dict[str, Any]]:
    return procurement.notices(kind=kind)
