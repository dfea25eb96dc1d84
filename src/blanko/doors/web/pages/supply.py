"""Tenders, contracts and lots; and where one blank is."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from blanko.cards.custody import queries as custody
from blanko.cards.issuance import queries as issuance
from blanko.doors.web import words
from blanko.doors.web.pages import plan
from blanko.doors.web.pages.front import followed
from blanko.doors.web.pages.responses import named_errors, page
from blanko.doors.web.tables import Column, Table
from blanko.records.entitlement import queries as entitlement
from blanko.records.procurement import material
from blanko.records.procurement import queries as procurement


@named_errors
def supply(request: HttpRequest) -> HttpResponse:
    """``/supply``"""
    contracts = procurement.contracts()
    lots = procurement.lots()
    rows = [
        {
            "lot_no": lot.lot_no,
            "boxes": lot.box_count,
            "quantity": lot.quantity,
            "stage": stages()[str(lot.stage)],
            "since": lot.stages[lot.stage],
            "accepted": lot.accepted_boxes,
            "rejected": lot.rejected_boxes,
            "bast": lot.bast_no,
            "held": ", ".join(holds().get(str(hold), str(hold)) for hold in lot.held_for or ()),
        }
        for lot in lots
    ]
    table = Table.of(
        request,
        name="lots",
        columns=[
            Column("lot_no", _("Lot")),
            Column("quantity", _("Announced"), unit=_("blanks"), number=True),
            Column("stage", _("Stage reached")),
            Column("since", _("Since"), form=words.day),
            Column("held", _("Held for")),
            Column("accepted", _("Accepted"), unit=_("boxes"), number=True),
            Column("rejected", _("Rejected"), unit=_("boxes"), number=True),
            Column("bast", _("BAST no.")),
        ],
        rows=rows,
        caption=_("A lot that has arrived and is not released (customs, unpaid) is no stock."),
    )
    deliveries = [
        {**row, "contract": contract["contract_no"]}
        for contract in contracts
        for row in procurement.deliveries(contract_no=contract["contract_no"])
    ]
    outcomes = {"failed": _("failed"), "awarded": _("awarded")}
    tenders = [
        {**tender, "outcome": outcomes.get(tender["outcome"], tender["outcome"])} for tender in procurement.tenders()
    ]
    sheet = custody.balance_sheet()
    # What lies good at the centre and at offices; what is printed or spoiled is no stock any more.
    at_hand = sheet["warehouse"] + sheet["in_transit"] + sheet["at_offices"]
    layers = procurement.stock_value(on_hand=at_hand) if lots else []
    return page(
        request, "supply.html", table, contracts=contracts, tenders=tenders, deliveries=deliveries,
        held=sum(lot.quantity for lot in lots if lot.held_for is not None),
        received=sheet["received"],
        nothing=not (contracts or tenders or lots), cards=_score_cards(), times=_lead_times(),
        materials=_materials(contracts), layers=layers, worth=sum(layer.value_idr for layer in layers),
    )  # fmt: skip


def _score_cards() -> list[dict[str, Any]]:
    """How each supplier keeps its word, learned from days that are recorded, not estimated."""
    found = []
    for supplier in procurement.score_cards(as_of=entitlement.claims_as_of() or timezone.localdate()):
        card = supplier.card
        rates = [
            {
                "says": says, "mean": rate.mean, "low": rate.quantile(0.1), "high": rate.quantile(0.9),
                "tried": rate.tried, "prior": rate.prior.source,
            }
            for says, rate in (
                (_("deliveries on time"), card.on_time), (_("blanks short when due"), card.short),
                (_("boxes rejected"), card.defect),
            )
        ]  # fmt: skip
        found.append({"supplier": supplier.supplier, "rates": rates, "left_out": supplier.left_out})
    return found


def _lead_times() -> list[dict[str, Any]]:
    """The days of each stage, learned from our own records, estimates of days among them."""
    names = plan.stage_names()
    return [
        {
            "says": names.get(stage, stage), "median": time.median_days, "low": time.quantile(-1.2816),
            "high": time.quantile(1.2816), "observed": time.observed,
        }
        for stage, time in procurement.learned_lead_times(with_estimates=True).items()
    ]  # fmt: skip


def _materials(contracts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the cards of each contract are made of, and the longest way through it."""
    found = []
    for contract in contracts:
        if parts := procurement.parts(contract["contract_no"]):
            way = material.critical_path(parts)
            inside = {part.part for part in way.parts}
            rows = [{"part": part, "on_way": part.part in inside, "home": part.country == "ID"} for part in parts]
            found.append(
                {
                    "contract": contract["contract_no"], "rows": rows, "days": way.days, "abroad": way.abroad_days,
                    "share": way.abroad_days / way.days if way.days else 0.0,
                }
            )  # fmt: skip
    return found


def stages() -> dict[str, str]:
    """The stages of a lot in the reader's words."""
    return {
        "ordered": _("ordered"),
        "chips_made_abroad": _("chips made abroad"),
        "chips_arrived": _("chips arrived"),
        "body_made_home": _("card bodies made at home"),
        "printed_and_tested": _("printed and tested"),
        "shipped": _("shipped"),
        "arrived": _("arrived, not released"),
        "released": _("released"),
        "accepted": _("accepted"),
    }


def holds() -> dict[str, str]:
    return {"unpaid": _("payment"), "customs": _("customs")}


def kinds() -> dict[str, str]:
    """Kinds of movement in the reader's words."""
    return {
        "receipt": _("received with its lot"),
        "dispatch": _("sent"),
        "return": _("sent back"),
        "opening": _("box opened"),
        "personalisation": _("printed for a person"),
        "spoilage": _("spoiled"),
        "issuance": _("handed over"),
        "loss": _("reported missing"),
        "finding": _("found again"),
        "destruction": _("destroyed"),
    }


def conditions() -> dict[str, str]:
    """Conditions of a blank and steps of a card in the reader's words."""
    return {
        "good": _("good"),
        "spoiled": _("spoiled"),
        "personalised": _("printed for a person"),
        "printed": _("printed for a person"),
        "issued": _("handed over"),
        "destroyed": _("destroyed"),
        "missing": _("reported missing"),
    }


def causes() -> dict[str, str]:
    """Why a card is owed, in the reader's words."""
    return {
        "first_card": _("first card"),
        "turned_17": _("turned 17"),
        "marriage": _("marriage"),
        "divorce": _("divorce"),
        "move": _("move"),
        "loss": _("loss"),
        "damage": _("damage"),
        "change_of_element": _("change of an element"),
    }


def takers() -> dict[str, str]:
    """To whom a card was handed, in the reader's words."""
    return {"holder": _("to the holder"), "authorised": _("to somebody authorised")}


def paper_names() -> dict[str, str]:
    return {"consignment": _("consignment"), "surat_jalan": _("Surat jalan no."), "bast": _("BAST no.")}


@named_errors
def blanks(request: HttpRequest) -> HttpResponse:
    """``/blanks?q=SERIAL|BOX``"""
    wanted = request.GET.get("q", "").strip().upper()
    if not wanted:
        return page(
            request, "blanks.html", followed=followed(), nothing=not custody.balance_sheet()["received"],
        )  # fmt: skip
    steps = custody.way_of(wanted)
    for step in steps:
        ended = {"posted": _("received"), "voided": _("cancelled"), "returned": _("returned")}
        is_end = step["kind"] in ("dispatch", "return") and step["phase"] != "pending"
        step["says"] = ended[step["phase"]] if is_end else kinds().get(step["kind"], step["kind"])
        step["papers"] = {paper_names().get(key, key): value for key, value in step["papers"].items()}
    now = custody.places(wanted)
    for place in now:
        place["condition"] = conditions().get(place["condition"], place["condition"])
    card = issuance.card(wanted) if wanted.count("-") == 2 else None
    if card is not None:
        card["cause"] = causes().get(card["cause"], card["cause"])
        for step in card["steps"]:
            step["step"] = conditions().get(step["step"], step["step"])
            step["handed_to"] = takers().get(step["handed_to"], step["handed_to"])
    return page(request, "blanks.html", wanted=wanted, steps=steps, now=now, card=card, followed=followed())
