"""Read tenders, contracts and lots; what they teach about suppliers and lead times; what stock is worth."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from django.db import connection

from blanko.ground.database import sql
from blanko.records.procurement import contract_versions, lead_times, material, models, rules, scorecard, stock
from blanko.records.procurement.contract_versions import Version
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
    unit_price_idr: int
    paid: int
    delivery_no: int | None
    accepted_on: date | None
    estimated: frozenset[Stage]
    stages: dict[Stage, date]
    expected: dict[Stage, date]
    is_stock: bool
    held_for: tuple[Hold, ...] | None
    bast_no: str | None
    accepted_boxes: int
    rejected_boxes: int

    @property
    def accepted(self) -> int:
        """Accepted blanks."""
        return self.accepted_boxes * self.box_size

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
    estimated = frozenset(Stage(stage) for stage in row.pop("estimated"))
    return LotNow(
        **row,
        estimated=estimated,
        stages=stages,
        expected=rules.expected(reached=stages, lead_days=lead_days),
        held_for=None if held is None else tuple(Hold(hold) for hold in held),
    )


def versions(contract_no: str) -> list[Version]:
    """A contract as it was signed (version 1) and as each addendum changed it. Raises UnknownContract."""
    found = _versions(contract_no)
    if contract_no not in found:
        raise _unknown_contract(contract_no)
    return found[contract_no]


def _versions(contract_no: str | None = None) -> dict[str, list[Version]]:
    """contract_no -> its versions, the signed one first."""
    only = {} if contract_no is None else {"contract_no": contract_no}
    breaks: dict[tuple[str, int], list[stock.Break]] = {}
    for price in models.PriceBreak.objects.filter(**only).order_by("from_quantity"):
        step = stock.Break(price.from_quantity, price.unit_price_idr)
        breaks.setdefault((price.contract_no, price.version), []).append(step)
    due: dict[tuple[str, int], list[stock.Planned]] = {}
    for item in models.Delivery.objects.filter(**only).order_by("delivery_no"):
        planned = stock.Planned(item.delivery_no, item.due_on, item.quantity)
        due.setdefault((item.contract_no, item.version), []).append(planned)
    found = {
        row.contract_no: [
            Version(
                version=1, from_date=row.signed_on, document=row.contract_no, reason="", quantity=row.quantity,
                unit_price_idr=row.unit_price_idr, total_idr=row.total_idr, ends_on=row.ends_on, new_schedule=True,
                new_prices=True, price_breaks=tuple(breaks.get((row.contract_no, 1), ())),
                deliveries=tuple(due.get((row.contract_no, 1), ())), added_per_mille=0,
            )
        ]
        for row in models.Contract.objects.filter(**only)
    }  # fmt: skip
    for change in models.Amendment.objects.filter(**only).order_by("contract_no", "version"):
        own = found[change.contract_no]
        key, before = (change.contract_no, change.version), own[-1]
        own.append(
            Version(
                version=change.version, from_date=change.from_date, document=change.document, reason=change.reason,
                quantity=change.quantity, unit_price_idr=change.unit_price_idr, total_idr=change.total_idr,
                ends_on=change.ends_on, new_schedule=change.new_schedule, new_prices=change.new_prices,
                price_breaks=tuple(breaks.get(key, ())) if change.new_prices else before.price_breaks,
                deliveries=tuple(due.get(key, ())) if change.new_schedule else before.deliveries,
                added_per_mille=(change.total_idr - own[0].total_idr) * 1000 // own[0].total_idr,
            )
        )  # fmt: skip
    return found


def contracts(*, as_of: date | None = None) -> list[dict[str, Any]]:
    """Each contract, and in blanks: quantity, planned, announced, held (arrived, no stock), accepted, rejected, paid.

    Quantity, price, total and end are those of its version in force on ``as_of``, by default the newest (``version``,
    ``changed_from``, ``changed_by``: the addendum). ``accepted_idr`` is what the accepted blanks cost at the prices of
    their lots.
    """
    every = _versions()
    found = []
    now = lots()
    for row in models.Contract.objects.order_by("signed_on", "contract_no").values():
        own = [lot for lot in now if lot.contract_no == row["contract_no"]]
        terms = contract_versions.in_force(every[row["contract_no"]], as_of)
        found.append(
            {
                **{key: value for key, value in row.items() if key != "event_id"},
                **{name: getattr(terms, name) for name in ("quantity", "unit_price_idr", "total_idr", "ends_on")},
                "version": terms.version,
                "changed_from": terms.from_date if terms.version > 1 else None,
                "changed_by": terms.document if terms.version > 1 else "",
                "planned": sum(planned.quantity for planned in terms.deliveries),
                "announced": sum(lot.quantity for lot in own),
                "held": sum(lot.quantity for lot in own if lot.held_for is not None),
                "accepted": sum(lot.accepted_boxes * lot.box_size for lot in own),
                "rejected": sum(lot.rejected_boxes * lot.box_size for lot in own),
                "paid": sum(lot.paid for lot in own),
                "accepted_idr": sum(lot.accepted * lot.unit_price_idr for lot in own),
            }
        )
    return found


def tenders() -> list[dict[str, Any]]:
    """Each tender as a plain row, the earliest decision first."""
    rows = models.Tender.objects.order_by("decided_on", "tender_no").values()
    return [{key: value for key, value in row.items() if key != "event_id"} for row in rows]


def deliveries(*, contract_no: str, as_of: date | None = None) -> list[dict[str, Any]]:
    """The planned deliveries of a contract's version of a day (the newest): delivery_no, due_on, quantity (blanks)."""
    terms = contract_versions.in_force(versions(contract_no), as_of)
    return [planned._asdict() for planned in terms.deliveries]


def services() -> list[dict[str, Any]]:
    """Contracts for work that cards hang on, the first to end first; ``successor`` is the one that follows, or None."""
    rows = list(models.Service.objects.order_by("ends_on", "service_no").values())
    after = {row["follows"]: row["service_no"] for row in rows if row["follows"]}
    return [
        {**{key: value for key, value in row.items() if key != "event_id"}, "successor": after.get(row["service_no"])}
        for row in rows
    ]


def rejected_boxes(*, lot_no: str) -> list[dict[str, Any]]:
    """The boxes of a lot that were not accepted, with their reasons."""
    return list(models.RejectedBox.objects.filter(lot_no=lot_no).order_by("box_no").values("box_no", "reason"))


def contract(contract_no: str) -> dict[str, Any]:
    """One contract as ``contracts`` gives it, with its versions, price breaks and blanks that the maker has to replace.

    Raises UnknownContract.
    """
    found = next((row for row in contracts() if row["contract_no"] == contract_no), None)
    if found is None:
        raise _unknown_contract(contract_no)
    every = versions(contract_no)
    return {
        **found,
        "versions": [version.as_row() for version in every],
        "price_breaks": [asdict(step) for step in every[-1].price_breaks],
        "to_replace": stock.replaceable(
            accepted=found["accepted"], rejected=found["rejected"], allowance_per_mille=found["spoilage_per_mille"]
        ),
    }


def _unknown_contract(contract_no: str) -> rules.UnknownContract:
    return rules.UnknownContract(
        "there is no contract {contract_no}", mend="see ./blanko procurement contracts", contract_no=contract_no
    )


def schedule(contract_no: str, *, as_of: date) -> list[stock.Kept]:
    """The planned deliveries of a contract beside what came until ``as_of``, by its version of that day.

    A lot came when it arrived.

    Rejected boxes count as come: a defect is told apart from a delay, and what the maker has to replace stands with
    the contract.

    Raises UnknownContract, ContractWithoutSchedule.
    """
    row = models.Contract.objects.filter(pk=contract_no).first()
    if row is None:
        raise _unknown_contract(contract_no)
    kept = _kept(row, lots(contract_no=contract_no), as_of)
    if not kept:
        raise rules.ContractWithoutSchedule(
            "contract {contract_no} has no schedule of deliveries", mend="schedule its deliveries first",
            contract_no=contract_no,
        )  # fmt: skip
    return kept


def _kept(row: models.Contract, own: list[LotNow], as_of: date) -> list[stock.Kept]:
    terms = contract_versions.in_force(versions(row.contract_no), as_of)
    came = [
        stock.Came(lot.stages[Stage.ARRIVED], lot.quantity, lot.delivery_no)
        for lot in own
        if Stage.ARRIVED in lot.stages
    ]
    return stock.schedule_kept(
        terms.deliveries, came, as_of=as_of, unit_price_idr=terms.unit_price_idr,
        per_mille_a_day=row.penalty_per_mille_day, cap_per_mille=row.penalty_cap_per_mille,
    )  # fmt: skip


def payments(*, lot_no: str | None = None, contract_no: str | None = None) -> list[dict[str, Any]]:
    """Payments with their lots, the earliest first."""
    rows = models.Payment.objects.order_by("paid_on", "payment_no")
    if lot_no is not None:
        rows = rows.filter(lot_no=lot_no)
    if contract_no is not None:
        own = models.Lot.objects.filter(contract_no=contract_no).values_list("lot_no", flat=True)
        rows = rows.filter(lot_no__in=list(own))
    return [{key: value for key, value in row.items() if key != "event_id"} for row in rows.values()]


@dataclass(frozen=True, slots=True)
class SupplierCard:
    """A supplier's contracts and score card. ``left_out``: contracts whose days are estimates, from which it does not
    learn."""

    supplier: str
    contracts: tuple[str, ...]
    left_out: tuple[str, ...]
    record: scorecard.Record
    card: scorecard.ScoreCard


def score_cards(
    *, as_of: date, supplier: str | None = None, with_estimates: bool = False,
    priors: scorecard.Priors = scorecard.PRIORS,
) -> list[SupplierCard]:  # fmt: skip
    """Each supplier's score card, by name. Deliveries count from their due day on; boxes once their lot is accepted.

    Unless ``with_estimates``, a contract of which a day is an estimate teaches nothing. Raises UnknownSupplier.
    """
    now = lots()
    by_supplier: dict[str, list[models.Contract]] = {}
    for row in models.Contract.objects.order_by("supplier", "signed_on", "contract_no"):
        by_supplier.setdefault(row.supplier, []).append(row)
    if supplier is not None and supplier not in by_supplier:
        raise rules.UnknownSupplier(
            "no contract names the supplier {supplier}", mend="see ./blanko procurement contracts", supplier=supplier
        )
    found = []
    for name, rows in by_supplier.items():
        if supplier not in (None, name):
            continue
        records, left_out = [], []
        for row in rows:
            own = [lot for lot in now if lot.contract_no == row.contract_no]
            if not with_estimates and any(lot.estimated & {Stage.ARRIVED, Stage.ACCEPTED} for lot in own):
                left_out.append(row.contract_no)
                continue
            records.append(_record(row, own, as_of))
        record = scorecard.together(records)
        numbers = tuple(row.contract_no for row in rows)
        found.append(SupplierCard(name, numbers, tuple(left_out), record, scorecard.score(record, priors)))
    return found


def _record(row: models.Contract, own: list[LotNow], as_of: date) -> scorecard.Record:
    due = [item for item in _kept(row, own, as_of) if item.is_due]
    looked_at = [lot for lot in own if lot.accepted_on is not None and lot.accepted_on <= as_of]
    return scorecard.Record(
        due=len(due),
        on_time=sum(item.short_by == 0 for item in due),
        short=sum(item.short_by / item.quantity for item in due),
        days_late=tuple(float(item.days_late) for item in due if item.days_late > 0),
        boxes=sum(lot.box_count for lot in looked_at),
        rejected=sum(lot.rejected_boxes for lot in looked_at),
    )


def observed_days(*, with_estimates: bool = False) -> dict[str, list[float]]:
    """The days that each stage of lead_times.STAGES took in our own tenders, contracts and lots, as recorded.

    Unless ``with_estimates``, an estimated day begins and ends nothing.
    """
    days: dict[str, list[float]] = {stage: [] for stage in lead_times.STAGES}

    def add(stage: str, begin: date | None, end: date | None) -> None:
        if begin is not None and end is not None:
            days[stage].append(float((end - begin).days))

    tenders_by_no = {tender.tender_no: tender for tender in models.Tender.objects.all()}
    for tender in tenders_by_no.values():
        add("budget", tender.budget_on, tender.announced_on)
        add("tender", tender.announced_on, tender.decided_on)
        add("objection", tender.decided_on, tender.objection_until)
    for row in models.Contract.objects.exclude(tender_no=None):
        tender = tenders_by_no[row.tender_no or ""]
        if with_estimates or not row.is_estimated:
            add("contract", tender.objection_until or tender.decided_on, row.signed_on)
    for lot in lots():
        at = {stage: day for stage, day in lot.stages.items() if with_estimates or stage not in lot.estimated}
        add("chips_abroad", at.get(Stage.ORDERED), at.get(Stage.CHIPS_ARRIVED))
        add("cards_at_home", at.get(Stage.CHIPS_ARRIVED), at.get(Stage.SHIPPED))
        add("transport", at.get(Stage.SHIPPED), at.get(Stage.ARRIVED))
        add("customs_release", at.get(Stage.ARRIVED), at.get(Stage.RELEASED))
    return days


def learned_lead_times(*, with_estimates: bool = False) -> dict[str, lead_times.LeadTime]:
    """Each stage's days as a lognormal: what our own records taught, from the priors of lead_times where there are
    none."""
    return lead_times.learn(observed_days(with_estimates=with_estimates))


def parts(contract_no: str) -> list[material.Part]:
    """What the cards of a contract are made of, each part after what it needs. Raises UnknownContract."""
    if not models.Contract.objects.filter(pk=contract_no).exists():
        raise _unknown_contract(contract_no)
    return [
        material.Part(row.part, row.title, row.country, row.stage, row.lead_days, tuple(row.needs), row.source)
        for row in models.MaterialPart.objects.filter(contract_no=contract_no).order_by("id")
    ]


def stock_value(*, on_hand: int | None = None, as_of: date | None = None) -> list[stock.Layer]:
    """The accepted blanks that are left, lot by lot, when the oldest leave first; all of them unless ``on_hand`` says.

    Raises MoreThanAccepted.
    """
    accepted = [
        stock.Accepted(lot.lot_no, lot.accepted_on, lot.accepted, lot.unit_price_idr)
        for lot in lots()
        if lot.accepted_on is not None and (as_of is None or lot.accepted_on <= as_of)
    ]
    return stock.first_in_first_out(
        accepted, on_hand=sum(lot.quantity for lot in accepted) if on_hand is None else on_hand
    )


def notices(*, kind: str | None = None) -> list[dict[str, Any]]:
    """What the portals published last about each plan and tender, with the version that stands."""
    with connection.cursor() as cursor:
        cursor.execute(sql.text(__package__, "notices_now.sql"), {"kind": kind})
        columns = [column.name for column in cursor.description]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
