"""Register tenders, contracts, lots and their stages. Each call is one event, and its facts are never edited."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from blanko.ground.audit.facts import Fact
from blanko.records.procurement import contract_versions, material, models, queries, rules, stock
from blanko.records.procurement.rules import Hold, Stage
from blanko.records.procurement.storing import delivery_rows, store


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
    rup_code: str = "",
    spse_code: str = "",
    method: str = "tender",
    budget_on: date | None = None,
    announced_on: date | None = None,
    objection_until: date | None = None,
) -> None:
    """Add a tender: ``outcome`` awarded or failed, amounts in whole rupiah, codes as the portals give them.

    ``method``: tender, catalogue or direct. Raises AlreadyRegistered, NotPositive, BadOutcome, AboveCeiling,
    DatesOutOfOrder, BadCode.
    """
    rules.check_named(tender_no=tender_no, title=title)
    rules.check_positive(
        quantity=quantity, ceiling_idr=ceiling_idr, owner_estimate_idr=owner_estimate_idr, award_idr=award_idr
    )
    rules.check_award(
        outcome=outcome, winner=winner, award_idr=award_idr, ceiling_idr=ceiling_idr,
        owner_estimate_idr=owner_estimate_idr,
    )  # fmt: skip
    rules.check_dates(
        budget_on=budget_on, announced_on=announced_on, decided_on=decided_on, objection_until=objection_until
    )
    row = {
        "tender_no": tender_no,
        "rup_code": rup_code,
        "spse_code": spse_code,
        "method": method,
        "budget_on": budget_on,
        "announced_on": announced_on,
        "objection_until": objection_until,
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
    store("procurement.register_tender", by, at, [(models.Tender, row)], tender=tender_no)


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
    deliveries: Iterable[tuple[date, int]] = (),
    kind: str = "tender",
    ends_on: date | None = None,
    price_breaks: Iterable[tuple[int, int]] = (),
    box_sizes: Iterable[int] = (),
    spoilage_per_mille: int = 0,
    penalty_per_mille_day: int = 1,
    penalty_cap_per_mille: int = 50,
    is_estimated: bool = False,
) -> None:
    """Add a contract with its first schedule (due day, blanks) and its price breaks (from so many blanks, price).

    ``lead_days`` are the calendar days that each stage takes after what it needs; ``box_sizes`` the only sizes that
    its lots may have (any, when none is named); ``kind`` tender or catalogue. The penalty's defaults are those of
    Perpres 54/2010. Raises NotContractSum, NotPositive, BadPriceBreaks, CatalogueWithoutEnd, DatesOutOfOrder,
    UnknownTender, TenderNotAwarded, ObjectionOpen, DueOutsideContract, MoreThanContract, AlreadyRegistered.
    """
    rules.check_named(contract_no=contract_no, supplier=supplier)
    sizes = tuple(box_sizes)
    rules.check_positive(
        quantity=quantity, unit_price_idr=unit_price_idr, box_size=box_size,
        **{f"box size {size}": size for size in sizes},
    )  # fmt: skip
    stages = {rules.stage_named(stage): days for stage, days in (lead_days or {}).items()}
    if late := next((stage for stage, days in stages.items() if days < 0), None):
        raise rules.NotPositive("{stage} takes {days} days", mend="give days from 0 up", stage=late, days=stages[late])
    rules.check_terms(
        spoilage_per_mille=spoilage_per_mille, penalty_per_mille_day=penalty_per_mille_day,
        penalty_cap_per_mille=penalty_cap_per_mille,
    )  # fmt: skip
    if kind == "catalogue" and ends_on is None:
        raise rules.CatalogueWithoutEnd("a catalogue contract without an end", mend="say until when it stands")
    rules.check_dates(signed_on=signed_on, ends_on=ends_on)
    breaks = [stock.Break(*step) for step in price_breaks]
    stock.check_breaks(breaks, list_price_idr=unit_price_idr)
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
        "box_sizes": sorted({box_size, *sizes}) if sizes else [],
        "lead_days": {str(stage): days for stage, days in sorted(stages.items())},
        "kind": kind,
        "ends_on": ends_on,
        "spoilage_per_mille": spoilage_per_mille,
        "penalty_per_mille_day": penalty_per_mille_day,
        "penalty_cap_per_mille": penalty_cap_per_mille,
        "is_estimated": is_estimated,
        "source": source,
    }
    rows: list[tuple[type[Fact], dict[str, Any]]] = [(models.Contract, row)]
    rows += [(models.PriceBreak, {"contract_no": contract_no, **asdict(step)}) for step in breaks]
    rows += delivery_rows(contract_no, deliveries, version=1)
    store("procurement.sign_contract", by, at, rows, contract=contract_no)


def _newest(contract_no: str, having: str) -> int:
    """The number of the newest version that has its own schedule (``new_schedule``) or prices (``new_prices``)."""
    own = models.Amendment.objects.filter(contract_no=contract_no, **{having: True}).order_by("-version").first()
    return own.version if own else 1


def schedule_deliveries(*, contract_no: str, deliveries: Iterable[tuple[date, int]], by: str, at: datetime) -> int:
    """Add the planned deliveries (due day, blanks) after those that stand; return how many.

    Raises UnknownContract, NotPositive, DueOutsideContract, and MoreThanContract when their sum would exceed the
    contract.
    """
    contract = _contract(contract_no)
    rows = delivery_rows(contract.pk, deliveries, version=_newest(contract_no, "new_schedule"))
    store("procurement.schedule_deliveries", by, at, rows, contract=contract_no)
    return len(rows)


def agree_prices(*, contract_no: str, price_breaks: Iterable[tuple[int, int]], by: str, at: datetime) -> int:
    """Add the price breaks (from so many blanks, price) of a contract whose version has none yet; return how many.

    Lots that are announced already keep their price. Raises UnknownContract, BadPriceBreaks, AlreadyRegistered.
    """
    _contract(contract_no)
    breaks = [stock.Break(*step) for step in price_breaks]
    now = queries.versions(contract_no)[-1]
    version = _newest(contract_no, "new_prices")
    stock.check_breaks(breaks, list_price_idr=now.unit_price_idr)
    if now.price_breaks:
        raise rules.AlreadyRegistered(
            "contract {contract_no} has its price breaks already", mend="change them by an addendum",
            contract_no=contract_no,
        )  # fmt: skip
    rows: list[tuple[type[Fact], dict[str, Any]]] = [
        (models.PriceBreak, {"contract_no": contract_no, "version": version, **asdict(step)}) for step in breaks
    ]
    store("procurement.agree_prices", by, at, rows, contract=contract_no)
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
    is_estimated: bool = False,
) -> None:
    """Announce sealed boxes of one series; the lot begins as ordered on ``announced_on`` (default: the day of ``at``).

    Its price is that of the contract's version of that day for an order of its size. Raises UnknownContract,
    ContractWithoutSchedule, BoxSizeNotAgreed, NotPositive, MoreThanContract, BoxesAnnouncedTwice, AlreadyRegistered.
    """
    contract = _contract(contract_no)
    rules.check_named(lot_no=lot_no)
    rules.check_positive(box_count=box_count, first_box=first_box, box_size=box_size)
    day = announced_on or at.date()
    size = box_size or contract.box_size
    if contract.box_sizes and size not in contract.box_sizes:
        raise rules.BoxSizeNotAgreed(
            "boxes of {size} blanks, and contract {contract_no} has boxes of {sizes}",
            mend="use a size of the contract", size=size, contract_no=contract_no,
            sizes=", ".join(map(str, contract.box_sizes)),
        )  # fmt: skip
    terms = contract_versions.in_force(queries.versions(contract_no), day)
    if not terms.deliveries:
        raise rules.ContractWithoutSchedule(
            "contract {contract_no} has no schedule of deliveries", mend="schedule its deliveries first",
            contract_no=contract_no,
        )  # fmt: skip
    if delivery_no is not None and delivery_no not in {planned.delivery_no for planned in terms.deliveries}:
        raise rules.UnknownDelivery(
            "contract {contract_no} has no delivery {delivery_no}", mend="name one of its schedule, or none",
            contract_no=contract_no, delivery_no=delivery_no,
        )  # fmt: skip
    price = stock.price_at(box_count * size, list_price_idr=terms.unit_price_idr, breaks=terms.price_breaks)
    lot = {
        "lot_no": lot_no,
        "contract_no": contract_no,
        "delivery_no": delivery_no,
        "series": series,
        "first_box": first_box,
        "box_count": box_count,
        "box_size": size,
        "unit_price_idr": price,
        "announced_on": day,
    }
    stage = _stage_row(lot_no, Stage.ORDERED, day, is_estimated=is_estimated)
    rows: list[tuple[type[Fact], dict[str, Any]]] = [(models.Lot, lot), (models.LotStage, stage)]
    store("procurement.announce_lot", by, at, rows, lot=lot_no)


def advance_lot(
    *,
    lot_no: str,
    stage: Stage | str,
    on: date,
    by: str,
    at: datetime,
    held_for: Iterable[Hold | str] = (),
    note: str = "",
    is_estimated: bool = False,
) -> None:
    """Report that a lot reached a stage. ``held_for`` says what keeps a lot that arrived from being stock.

    ``is_estimated``: no source tells the day, so that nothing is learned from it.

    Raises UnknownLot, UnknownLotStage, StageReportedTwice, StageOutOfOrder, HeldElsewhere. Acceptance has an operation
    of its own: accept_lot.
    """
    stage = rules.stage_named(stage)
    if stage is Stage.ACCEPTED:
        raise rules.StageOutOfOrder("a lot is accepted with its BAST", mend="use accept_lot")
    rules.check_next(stage, reached=_reached(lot_no), on=on)
    held = [str(Hold(hold)) for hold in held_for]
    if held and stage is not Stage.ARRIVED:
        raise rules.HeldElsewhere(
            "a lot that is {stage} is not held for {held}", mend="report what holds it when it arrives", stage=stage,
            held=", ".join(held),
        )  # fmt: skip
    row = _stage_row(lot_no, stage, on, held_for=held, note=note, is_estimated=is_estimated)
    store("procurement.advance_lot", by, at, [(models.LotStage, row)], lot=lot_no, stage=str(stage))


def accept_lot(
    *, lot_no: str, bast_no: str, on: date, by: str, at: datetime, rejected: Mapping[int, str] | None = None,
    is_estimated: bool = False,
) -> int:  # fmt: skip
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
    if silent := next((number for number, reason in rejected.items() if not reason.strip()), None):
        raise rules.RejectionWithoutReason(
            "box {number} is rejected without a reason", mend="say what is wrong with it", number=silent
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
    rows += [
        (models.Acceptance, acceptance),
        (models.LotStage, _stage_row(lot_no, Stage.ACCEPTED, on, is_estimated=is_estimated)),
    ]
    store("procurement.accept_lot", by, at, rows, lot=lot_no, bast=bast_no)
    return accepted


def _stage_row(
    lot_no: str,
    stage: Stage,
    on: date,
    *,
    held_for: list[str] | None = None,
    note: str = "",
    is_estimated: bool = False,
) -> dict[str, Any]:
    return {
        "lot_no": lot_no, "stage": str(stage), "reached_on": on, "is_estimated": is_estimated,
        "held_for": held_for or [], "note": note,
    }  # fmt: skip


def register_service(
    *, service_no: str, title: str, supplier: str, starts_on: date, ends_on: date, source: str, by: str, at: datetime,
    amount_idr: int | None = None, follows: str | None = None,
) -> None:  # fmt: skip
    """Add a contract for work that cards hang on (maintenance of the servers); ``follows`` the one it takes over from.

    Raises UnknownService, DatesOutOfOrder, NotPositive, AlreadyRegistered.
    """
    rules.check_named(service_no=service_no, title=title, supplier=supplier)
    rules.check_positive(amount_idr=amount_idr)
    if ends_on <= starts_on:
        raise rules.DatesOutOfOrder(
            "{second} on {after} lies before {first} on {before}", mend="mend one of the two dates", second="the end",
            after=ends_on, first="the begin", before=starts_on,
        )  # fmt: skip
    if follows is not None and not models.Service.objects.filter(pk=follows).exists():
        raise rules.UnknownService(
            "there is no service contract {service_no}", mend="register the one that it follows first",
            service_no=follows,
        )  # fmt: skip
    row = {
        "service_no": service_no, "title": title, "supplier": supplier, "starts_on": starts_on, "ends_on": ends_on,
        "amount_idr": amount_idr, "follows": follows, "source": source,
    }  # fmt: skip
    store("procurement.register_service", by, at, [(models.Service, row)], service=service_no)


def pay(
    *, payment_no: str, lot_no: str, quantity: int, paid_on: date, by: str, at: datetime, penalty_idr: int = 0,
    note: str = "",
) -> int:  # fmt: skip
    """Pay accepted blanks of a lot at its price, less a penalty; return the amount in rupiah.

    Raises UnknownLot, NotPositive, NotAccepted, PaidMoreThanAccepted, NotPaymentSum (a penalty above the price or below
    zero), AlreadyRegistered.
    """
    lot = models.Lot.objects.filter(pk=lot_no).first()
    if lot is None:
        raise rules.UnknownLot("there is no lot {lot_no}", mend="announce the lot first", lot_no=lot_no)
    rules.check_positive(quantity=quantity)
    amount = quantity * lot.unit_price_idr - penalty_idr
    if penalty_idr < 0 or amount < 0:
        raise rules.NotPaymentSum(
            "a penalty of Rp {penalty} on {quantity} blanks at Rp {price}", mend="give a penalty from 0 to their price",
            penalty=f"{penalty_idr:,}", quantity=f"{quantity:,}", price=f"{lot.unit_price_idr:,}",
        )  # fmt: skip
    row = {
        "payment_no": payment_no, "lot_no": lot_no, "quantity": quantity, "unit_price_idr": lot.unit_price_idr,
        "penalty_idr": penalty_idr, "amount_idr": amount, "paid_on": paid_on, "note": note,
    }  # fmt: skip
    store("procurement.pay", by, at, [(models.Payment, row)], lot=lot_no, payment=payment_no)
    return int(amount)


def register_material(*, contract_no: str, parts: Sequence[material.Part], by: str, at: datetime) -> int:
    """Add what the cards of a contract are made of, once and whole; return the days of its longest way.

    Raises UnknownContract, MaterialCycle (naming the way), UnknownPart, PartTwice, BadPart, AlreadyRegistered.
    """
    _contract(contract_no)
    days = material.critical_path(parts).days
    rows: list[tuple[type[Fact], dict[str, Any]]] = [
        (
            models.MaterialPart,
            {
                "contract_no": contract_no, "part": part.part, "title": part.title, "country": part.country,
                "stage": str(rules.stage_named(part.stage)), "lead_days": part.lead_days, "needs": list(part.needs),
                "source": part.source,
            },
        )
        for part in material.in_order(parts)
    ]  # fmt: skip
    if models.MaterialPart.objects.filter(contract_no=contract_no).exists():
        raise rules.AlreadyRegistered(
            "contract {contract_no} has its list of parts already", mend="a list stands as it was agreed",
            contract_no=contract_no,
        )  # fmt: skip
    store("procurement.register_material", by, at, rows, contract=contract_no)
    return days


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
