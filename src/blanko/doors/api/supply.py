"""Contracts and lots."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from blanko.records.procurement import queries as procurement

router = Router()


class Contract(Schema):
    contract_no: str
    supplier: str
    signed_on: date
    quantity: int
    unit_price_idr: int
    total_idr: int
    planned: int
    announced: int
    held: int
    accepted: int
    rejected: int


class Tender(Schema):
    tender_no: str
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


class Lot(Schema):
    lot_no: str
    quantity: int
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


@router.get("/procurement/lots", response=list[Lot], summary="Lots; what is not released is no stock")
def lots(request: HttpRequest) -> list[dict[str, Any]]:
    return [
        {
            **{name: getattr(lot, name) for name in Lot.model_fields},
            "stage": str(lot.stage),
            "held_for": [str(cause) for cause in lot.held_for or ()],
        }  # fmt: skip
        for lot in procurement.lots()
    ]
