"""Register tenders, contracts, lots and their stages. Each call is one event, and its facts are never edited."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from django.db import Error
from django.db.transaction import atomic

from blanko.ground.audit import operations as audit
from blanko.ground.audit.facts import Fact
from blanko.ground.audit.merkle import Facts
from blanko.records.procurement import models, rules
from blanko.records.procurement.rules import Hold, Stage


@contextmanager
def _refusals_by_name() -> Iterator[None]:
    """What the database refuses reaches the caller as the error of rules.py that it stands for."""
    try:
        with atomic():
            yield
    except Error as error:
        found = getattr(error.__cause__, "diag", None)
        if found is None:
            raise
        known = rules.REFUSALS.get(found.sqlstate or "") or rules.CONSTRAINTS.get(found.constraint_name or "")
        if known is None:
            raise
        raise known(found.message_primary or "", mend=found.message_hint or found.message_detail or "") from error


def _store(
    operation: str, by: str, at: datetime, rows: Sequence[tuple[type[Fact], dict[str, Any]]], **subject: Any
) -> None:
    by_table: dict[str, list[dict[str, Any]]] = {}
    for model, row in rows:
        by_table.setdefault(model._meta.db_table, []).append(row)
    with _refusals_by_name():
        event = audit.record(operation=operation, by=by, at=at, facts=Facts.of(by_table), subject=subject)
        for model, row in rows:
            model(event_id=event, **row).save(force_insert=True)


def register_tender(
    *,
    tender_no: str,
    title: str,
    quantity: int,
    outcome: str,
    decided_on: date,
    source: str,
    by: str,
    at: datetime,
    bidders: int | None = None,
    ceiling_idr: int | None = None,
    owner_estimate_idr: int | None = None,
    winner: str = "",
    award_idr: int | None = None,
) -> None:
    """Add a tender: ``outcome`` awarded or failed, amounts in whole rupiah. Raises AlreadyRegistered."""
    row = {
        "tender_no": tender_no,
        "title": title,
        "quantity": quantity,
        "bidders": bidders,
        "ceiling_idr": ceiling_idr,
        "owner_estimate_idr": owner_estimate_idr,
        "outcome": outcome,
        "decided_on": decided_on,
        "winner": winner,
        "award_idr": award_idr,
        "source": source,
    }
    _store("procurement.register_tender", by, at, [(models.Tender, row)], tender=tender_no)


def sign_contract(
    *,
    contract_no: str,
    supplier: str,
    signed_on: date,
    quantity: int,
    unit_price_idr: int,
    total_idr: int,
    box_size: int,
    source: str,
    by: str,
    at: datetime,
    tender_no: str | None = None,
    lead_days: Mapping[Stage, int] | None = None,
) -> None:
    """Add a contract. Raises NotContractSum (quantity x unit price is not the total), UnknownTender, AlreadyRegistered.

    ``lead_days`` are the calendar days that each stage takes after what it needs.
    """
    rules.check_sum(quantity=quantity, unit_price_idr=unit_price_idr, total_idr=total_idr)
    if tender_no is not None and not models.Tender.objects.filter(pk=tender_no).exists():
        raise rules.UnknownTender(
            "there is no tender {tender_no}", mend="register the tender first", tender_no=tender_no
        )
    row = {
        "contract_no": contract_no,
        "tender_no": tender_no,
        "supplier": supplier,
        "signed_on": signed_on,
        "quantity": quantity,
        "unit_price_idr": unit_price_idr,
        "total_idr": total_idr,
        "box_size": box_size,
        "lead_days": {str(Stage(stage)): days for stage, days in sorted((lead_days or {}).items())},
        "source": source,
    }
    _store("procurement.sign_contract", by, at, [(models.Contract, row)], contract=contract_no)


def schedule_deliveries(*, contract_no: str, deliveries: Iterable[tuple[date, int]], by: str, at: datetime) -> int:
    """Add the planned deliveries (due day, blanks) after those that stand; return how many.

    Raises UnknownContract, and MoreThanContract when their sum would exceed the contract.
    """
    contract = _contract(contract_no)
    known = models.Delivery.objects.filter(contract_no=contract.pk).count()
    rows = [
        (models.Delivery, {"contract_no": contract_no, "delivery_no": number, "due_on": due_on, "quantity": quantity})
        for number, (due_on, quantity) in enumerate(deliveries, start=known + 1)
    ]
    _store("procurement.schedule_deliveries", by, at, rows, contract=contract_no)
    return len(rows)


def announce_lot(
    *,
    lot_no: str,
    contract_no: str,
    series: str,
    first_box: int,
    box_count: int,
    by: str,
    at: datetime,
    announced_on: date | None = None,
    box_size: int | None = None,
    delivery_no: int | None = None,
) -> None:
    """Announce sealed boxes of one series; the lot begins as ordered on ``announced_on`` (default: the day of ``at``).

    Raises UnknownContract, MoreThanContract, BoxesAnnouncedTwice, AlreadyRegistered.
    """
    contract = _contract(contract_no)
    day = announced_on or at.date()
    lot = {
        "lot_no": lot_no,
        "contract_no": contract_no,
        "delivery_no": delivery_no,
        "series": series,
        "first_box": first_box,
        "box_count": box_count,
        "box_size": box_size or contract.box_size,
        "announced_on": day,
    }
    rows = [(models.Lot, lot), (models.LotStage, _stage_row(lot_no, Stage.ORDERED, day))]
    _store("procurement.announce_lot", by, at, rows, lot=lot_no)


def advance_lot(
    *,
    lot_no: str,
    stage: Stage | str,
    on: date,
    by: str,
    at: datetime,
    held_for: Iterable[Hold | str] = (),
    note: str = "",
) -> None:
    """Report that a lot reached a stage. ``held_for`` says what keeps a lot that arrived from being stock.

    Raises UnknownLot, StageReportedTwice, StageOutOfOrder. Acceptance has an operation of its own: accept_lot.
    """
    stage = Stage(stage)
    if stage is Stage.ACCEPTED:
        raise rules.StageOutOfOrder("a lot is accepted with its BAST", mend="use accept_lot")
    rules.check_next(stage, reached=_reached(lot_no), on=on)
    row = _stage_row(lot_no, stage, on, held_for=[str(Hold(hold)) for hold in held_for], note=note)
    _store("procurement.advance_lot", by, at, [(models.LotStage, row)], lot=lot_no, stage=str(stage))


def accept_lot(
    *, lot_no: str, bast_no: str, on: date, by: str, at: datetime, rejected: Mapping[int, str] | None = None
) -> int:
    """Accept a released lot but for its ``rejected`` boxes (number -> reason); return the accepted boxes.

    Raises UnknownLot, NotReleased, StageOutOfOrder, BoxNotInLot, AlreadyRegistered (accepted before, or a used BAST).
    """
    reached = _reached(lot_no)
    if Stage.RELEASED not in reached:
        raise rules.NotReleased("lot {lot_no} is not released", mend="customs and payment come first", lot_no=lot_no)
    rules.check_next(Stage.ACCEPTED, reached=reached, on=on)
    lot = models.Lot.objects.get(pk=lot_no)
    rejected = dict(rejected or {})
    for number in rejected:
        if not lot.first_box <= number < lot.first_box + lot.box_count:
            raise rules.BoxNotInLot(
                "box {number} is not in lot {lot_no}", mend="name boxes of the lot", number=number, lot_no=lot_no
            )
    accepted = lot.box_count - len(rejected)
    acceptance = {
        "lot_no": lot_no,
        "bast_no": bast_no,
        "accepted_on": on,
        "accepted_boxes": accepted,
        "rejected_boxes": len(rejected),
    }
    rows: list[tuple[type[Fact], dict[str, Any]]] = [
        (models.RejectedBox, {"lot_no": lot_no, "box_no": number, "reason": reason})
        for number, reason in sorted(rejected.items())
    ]
    rows += [(models.Acceptance, acceptance), (models.LotStage, _stage_row(lot_no, Stage.ACCEPTED, on))]
    _store("procurement.accept_lot", by, at, rows, lot=lot_no, bast=bast_no)
    return accepted


def _stage_row(
    lot_no: str, stage: Stage, on: date, *, held_for: list[str] | None = None, note: str = ""
) -> dict[str, Any]:
    return {"lot_no": lot_no, "stage": str(stage), "reached_on": on, "held_for": held_for or [], "note": note}


def _contract(contract_no: str) -> models.Contract:
    contract = models.Contract.objects.filter(pk=contract_no).first()
    if contract is None:
        raise rules.UnknownContract(
            "there is no contract {contract_no}", mend="sign the contract first", contract_no=contract_no
        )
    return contract


def _reached(lot_no: str) -> dict[Stage, date]:
    if not models.Lot.objects.filter(pk=lot_no).exists():
        raise rules.UnknownLot("there is no lot {lot_no}", mend="announce the lot first", lot_no=lot_no)
    rows = models.LotStage.objects.filter(lot_no=lot_no).values_list("stage", "reached_on")
    return {Stage(stage): on for stage, on in rows}
