"""The tables of the supply page. Each leaves as CSV and XLSX; a contract's own lists may come in again as they left."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext as _

from blanko.doors.web import stored, words
from blanko.doors.web.pages import plan
from blanko.doors.web.tables import Column, Table
from blanko.records.procurement import material
from blanko.records.procurement import queries as procurement
from blanko.records.procurement.rules import ContractWithoutSchedule
from blanko.records.procurement.stock import Layer

Rows = list[dict[str, Any]]


def _contract_href(row: dict[str, Any]) -> str:
    return f"/supply/contracts/{quote(row['contract_no'], safe='')}"


def contracts(rows: Rows) -> Table:
    return Table.plain(
        "contracts",
        [
            Column("contract_no", _("Contract"), href=_contract_href),
            Column("version", _("Version"), number=True), Column("supplier", _("Supplier")),
            Column("signed_on", _("Signed"), form=words.day), Column("ends_on", _("Ends"), form=words.day),
            Column("quantity", _("Contracted"), unit=_("blanks"), number=True),
            Column("unit_price_idr", _("Price"), number=True, form=words.rupiah),
            Column("planned", _("Planned"), number=True), Column("announced", _("Announced"), number=True),
            Column("held", _("Held"), number=True), Column("accepted", _("Accepted"), number=True),
            Column("rejected", _("Rejected"), number=True), Column("paid", _("Paid"), number=True),
        ],
        rows,
    )  # fmt: skip


def deliveries(rows: Rows, *, as_of: date) -> Table:
    """Each planned delivery beside what came; a contract without a schedule has no row."""
    found = []
    for contract in rows:
        try:
            kept = procurement.schedule(contract["contract_no"], as_of=as_of)
        except ContractWithoutSchedule:
            continue
        found += [
            {
                "contract_no": contract["contract_no"], "delivery_no": item.delivery_no, "due_on": item.due_on,
                "quantity": item.quantity, "there": item.there_by_due, "short": item.short_by if item.is_due else None,
                "fulfilled_on": item.fulfilled_on, "days_late": item.days_late if item.is_due else None,
                "penalty_idr": item.penalty_idr if item.is_due else None,
            }
            for item in kept
        ]  # fmt: skip
    return Table.plain(
        "schedule",
        [
            Column("contract_no", _("Contract")), Column("due_on", _("Due"), form=words.day),
            Column("quantity", _("Blanks"), number=True), Column("there", _("There when due"), number=True),
            Column("short", _("Short"), number=True), Column("fulfilled_on", _("Whole on"), form=words.day),
            Column("days_late", _("Days late"), number=True),
            Column("penalty_idr", _("Penalty"), number=True, form=words.rupiah),
        ],
        found,
    )  # fmt: skip


def prices(rows: Rows) -> Table:
    found = [
        {"contract_no": row["contract_no"], **step}
        for row in rows
        for step in procurement.contract(row["contract_no"])["price_breaks"]
    ]
    return Table.plain(
        "prices",
        [
            Column("contract_no", _("Contract")), Column("from_quantity", _("From so many"), number=True),
            Column("unit_price_idr", _("Price"), number=True, form=words.rupiah),
        ],
        found,
    )  # fmt: skip


def lead_times() -> Table:
    """The days of each stage, learned from our own records, estimates of days among them."""
    names = plan.stage_names()
    return Table.plain(
        "lead_times",
        [
            Column("says", _("Stage")), Column("median", _("Median, days"), number=True),
            Column("low", _("80 %: from"), number=True), Column("high", _("to"), number=True),
            Column("observed", _("Own records"), number=True),
        ],
        [
            {
                "says": names.get(stage, stage), "median": round(time.median_days, 1),
                "low": round(time.quantile(-1.2816), 1), "high": round(time.quantile(1.2816), 1),
                "observed": time.observed,
            }
            for stage, time in procurement.learned_lead_times(with_estimates=True).items()
        ],
    )  # fmt: skip


def materials(rows: Rows) -> list[dict[str, Any]]:
    """What the cards of each contract are made of, and the longest way through it."""
    found = []
    for place, contract in enumerate(rows):
        parts = procurement.parts(contract["contract_no"])
        if not parts:
            continue
        way = material.critical_path(parts)
        inside = {part.part for part in way.parts}
        table = Table.plain(
            f"material_{place + 1}",
            [
                Column("part", _("Code")), Column("title", _("Part")), Column("country", _("Where"), form=_country),
                Column("stage", _("Stage"), form=_stage), Column("lead_days", _("Days"), number=True),
                Column("needs", _("Needs first")),
                Column("on_way", _("On the longest way"), form=lambda value: _("yes") if value else ""),
                Column("source", _("Source"), form=stored.stored),
            ],
            [
                {
                    "part": part.part, "title": part.title, "country": part.country, "stage": part.stage,
                    "lead_days": part.lead_days, "needs": ", ".join(part.needs), "on_way": int(part.part in inside),
                    "source": part.source,
                }
                for part in parts
            ],
        )  # fmt: skip
        found.append(
            {"contract": contract["contract_no"], "table": table, "days": way.days, "abroad": way.abroad_days,
             "share": way.share_abroad}
        )  # fmt: skip
    return found


def _country(code: str) -> str:
    return {material.HOME: "Indonesia", material.ABROAD_UNKNOWN: _("abroad")}.get(code, code)


def _stage(code: str) -> str:
    from blanko.doors.web.pages.supply import stages

    return stages().get(code, code)


def score_cards(*, as_of: date) -> Table:
    """How each supplier keeps its word, learned from days that are recorded, not estimated."""
    found = []
    for supplier in procurement.score_cards(as_of=as_of):
        card = supplier.card
        for says, rate in (
            (_("deliveries on time"), card.on_time), (_("blanks short when due"), card.short),
            (_("boxes rejected"), card.defect),
        ):  # fmt: skip
            found.append(
                {
                    "supplier": supplier.supplier, "says": says, "mean": rate.mean, "low": rate.quantile(0.1),
                    "high": rate.quantile(0.9), "tried": rate.tried,
                    "left_out": _("its days are estimates") if supplier.left_out else "",
                }
            )  # fmt: skip
    return Table.plain(
        "suppliers",
        [
            Column("supplier", _("Supplier")), Column("says", _("Rate")),
            Column("mean", _("Expected"), number=True, form=words.percent),
            Column("low", _("80 %: from"), number=True, form=words.percent),
            Column("high", _("to"), number=True, form=words.percent),
            Column("tried", _("Own records"), number=True), Column("left_out", _("Why only the prior")),
        ],
        found,
    )  # fmt: skip


def worth(layers: list[Layer]) -> Table:
    return Table.plain(
        "worth",
        [
            Column("lot_no", _("Lot")), Column("accepted_on", _("Accepted"), form=words.day),
            Column("quantity", _("Blanks"), number=True), Column("left", _("Left"), number=True),
            Column("unit_price_idr", _("Price"), number=True, form=words.rupiah),
            Column("value_idr", _("Worth"), number=True, form=words.rupiah),
        ],
        [
            asdict(layer) for layer in layers
        ],
    )  # fmt: skip


def payments() -> Table:
    return Table.plain(
        "payments",
        [
            Column("payment_no", _("Payment")), Column("lot_no", _("Lot")),
            Column("paid_on", _("Paid"), form=words.day), Column("quantity", _("Blanks"), number=True),
            Column("penalty_idr", _("Penalty"), number=True, form=words.rupiah),
            Column("amount_idr", _("Amount"), number=True, form=words.rupiah), Column("note", _("Note")),
        ],
        procurement.payments(),
    )  # fmt: skip


def services() -> Table:
    return Table.plain(
        "services",
        [
            Column("service_no", _("Contract")), Column("title", _("What")), Column("supplier", _("Supplier")),
            Column("starts_on", _("Begins"), form=words.day), Column("ends_on", _("Ends"), form=words.day),
            Column("amount_idr", _("Amount"), number=True, form=words.rupiah),
            Column("successor", _("Successor"), form=lambda number: number or _("none")),
        ],
        procurement.services(),
    )  # fmt: skip


def tenders(rows: Rows) -> Table:
    outcomes = {"failed": _("failed"), "awarded": _("awarded")}
    return Table.plain(
        "tenders",
        [
            Column("tender_no", _("Tender")), Column("title", _("What")),
            Column("outcome", _("Outcome"), form=lambda outcome: outcomes.get(outcome, outcome)),
            Column("decided_on", _("Decided"), form=words.day), Column("bidders", _("Bidders"), number=True),
            Column("ceiling_idr", _("Ceiling"), number=True, form=words.rupiah),
            Column("owner_estimate_idr", _("Owner's estimate"), number=True, form=words.rupiah),
            Column("winner", _("Winner")), Column("award_idr", _("Sum of the award"), number=True, form=words.rupiah),
        ],
        rows,
    )  # fmt: skip


def notices() -> Table:
    """What SiRUP and SPSE published, the version that stands."""
    kinds = {"plan": _("plan (SiRUP)"), "tender": _("tender (SPSE)")}
    return Table.plain(
        "notices",
        [
            Column("kind", _("List"), form=lambda kind: kinds.get(kind, kind)), Column("code", _("Code")),
            Column("title", _("What")), Column("status", _("State")),
            Column("ceiling_idr", _("Ceiling"), number=True, form=words.rupiah), Column("winner", _("Winner")),
            Column("award_idr", _("Sum of the award"), number=True, form=words.rupiah),
            Column("announced_on", _("Announced"), form=words.day), Column("decided_on", _("Decided"), form=words.day),
        ],
        procurement.notices(),
    )  # fmt: skip
