"""Read tenders, contracts and lots."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection
from django.db.models import Sum

from blanko.ground.database import sql
from blanko.records.procurement import models, rules
from blanko.records.procurement.rules import Hold, Stage


@dataclass(frozen=True, slots=True)
class LotNow:
    """A lot as it stands. ``held_for`` is None unless it arrived and is not released; then it is no stock."""

    lot_no: str
    contract_no: str
    series: str
    first_box: int
    box_count: int
    box_size: int
    quantity: int
    stages: dict[Stage, date]
    expected: dict[Stage, date]
    is_stock: bool
    held_for: tuple[Hold, ...] | None
    bast_no: str | None
    accepted_boxes: int
    rejected_boxes: int

    @property
    def stage(self) -> Stage:
        """The furthest stage reached, in the order of the table."""
        return [stage for stage in Stage if stage in self.stages][-1]


def lots(*, contract_no: str | None = None, lot_no: str | None = None) -> list[LotNow]:
    """Each lot with its stages and dates, and when missing stages are due by the contract's lead times."""
    lead = {
        contract: {Stage(stage): days for stage, days in (given or {}).items()}
        for contract, given in models.Contract.objects.values_list("contract_no", "lead_days")
    }
    with connection.cursor() as cursor:
        cursor.execute(sql.text(__package__, "lots_now.sql"), {"contract_no": contract_no, "lot_no": lot_no})
        columns = [column.name for column in cursor.description]
        rows = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    return [_lot(row, lead.get(row["contract_no"], {})) for row in rows]


def _lot(row: dict[str, Any], lead_days: dict[Stage, int]) -> LotNow:
    stages = {Stage(stage): on for stage, on in zip(row.pop("stages"), row.pop("dates"), strict=True)}
    held = row.pop("held_for")
    return LotNow(
        **row,
        stages=stages,
        expected=rules.expected(reached=stages, lead_days=lead_days),
        held_for=None if held is None else tuple(Hold(hold) for hold in held),
    )


def contracts() -> list[dict[str, Any]]:
    """Each contract, and in blanks: quantity, planned, announced, held (arrived, no stock), accepted, rejected."""
    planned = dict(models.Delivery.objects.values_list("contract_no").annotate(Sum("quantity")))
    found = []
    now = lots()
    for row in models.Contract.objects.order_by("signed_on", "contract_no").values():
        own = [lot for lot in now if lot.contract_no == row["contract_no"]]
        found.append(
            {
                **{key: value for key, value in row.items() if key != "event_id"},
                "planned": planned.get(row["contract_no"], 0),
                "announced": sum(lot.quantity for lot in own),
                "held": sum(lot.quantity for lot in own if lot.held_for is not None),
                "accepted": sum(lot.accepted_boxes * lot.box_size for lot in own),
                "rejected": sum(lot.rejected_boxes * lot.box_size for lot in own),
            }
        )
    return found


def tenders() -> list[dict[str, Any]]:
    """Each tender as a plain row, the earliest decision first."""
    rows = models.Tender.objects.order_by("decided_on", "tender_no").values()
    return [{key: value for key, value in row.items() if key != "event_id"} for row in rows]


def deliveries(*, contract_no: str) -> list[dict[str, Any]]:
    """The planned deliveries of a contract: delivery_no, due_on, quantity (blanks)."""
    return list(
        models.Delivery.objects.filter(contract_no=contract_no)
        .order_by("delivery_no")
        .values("delivery_no", "due_on", "quantity")
    )


def rejected_boxes(*, lot_no: str) -> list[dict[str, Any]]:
    """The boxes of a lot that were not accepted, with their reasons."""
    return list(models.RejectedBox.objects.filter(lot_no=lot_no).order_by("box_no").values("box_no", "reason"))
