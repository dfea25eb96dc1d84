"""Tenders, contracts and lots; and where one blank is."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import quote

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from blanko.cards.custody import queries as custody
from blanko.cards.issuance import queries as issuance
from blanko.doors.web import words
from blanko.doors.web.pages import supply_tables, supply_urgent
from blanko.doors.web.pages.front import followed
from blanko.doors.web.pages.responses import named_errors, page
from blanko.doors.web.tables import Column, Table
from blanko.records.entitlement import queries as entitlement
from blanko.records.procurement import queries as procurement
from blanko.records.procurement.stock import Layer

# The parts of the subject, each with the question that it answers; the first one is the overview.
PARTS = ("lots", "schedule", "money", "suppliers", "material", "tenders", "files")


def tabs(here: str) -> list[dict[str, object]]:
    """The parts of the subject as links, with the place where the reader is."""
    says = {
        "": _("What needs action"), "lots": _("Lots"), "schedule": _("Deliveries"), "money": _("Money"),
        "suppliers": _("Suppliers"), "material": _("Parts of a card"), "tenders": _("Tenders and services"),
        "files": _("Files in"),
    }  # fmt: skip
    return [
        {"href": f"/supply/{part}" if part else "/supply", "label": label, "here": part == here}
        for part, label in says.items()
    ]


@named_errors
def supply(request: HttpRequest) -> HttpResponse:
    """``/supply``: what needs action first, and the contracts. A file of any table of the subject is asked for here."""
    contracts, lots, day = procurement.contracts(), procurement.lots(), _day()
    tables = [supply_tables.contracts(contracts)]
    if "format" in request.GET:
        tables += [table for part in PARTS for table in _tables(request, part, contracts, day)]
    tenders = procurement.tenders()
    return page(
        request, "supply.html", *tables, tabs=tabs(""), agreed=contracts, as_of=day,
        urgent=supply_urgent.urgent(contracts, lots, procurement.services(), day=day),
        held=sum(lot.quantity for lot in lots if lot.held_for is not None),
        received=custody.balance_sheet()["received"], done_here=request.GET.get("done", ""),
        nothing=not (contracts or tenders or lots or procurement.services()),
    )  # fmt: skip


def _day() -> date:
    return entitlement.claims_as_of() or timezone.localdate()


def _tables(request: HttpRequest, part: str, contracts: list[dict[str, Any]], day: date) -> list[Table]:
    """The tables of one part."""
    if part == "lots":
        return [lots_table(request)]
    if part == "schedule":
        return [supply_tables.deliveries(contracts, as_of=day), supply_tables.lead_times()]
    if part == "money":
        return [supply_tables.prices(contracts), supply_tables.worth(_layers()), supply_tables.payments()]
    if part == "suppliers":
        return [supply_tables.score_cards(as_of=day)]
    if part == "material":
        return [item["table"] for item in supply_tables.materials(contracts)]
    if part == "tenders":
        return [supply_tables.tenders(procurement.tenders()), supply_tables.services(), supply_tables.notices()]
    return []


def _layers() -> list[Layer]:
    return procurement.stock_value(on_hand=custody.at_hand()) if procurement.lots() else []


def lots_table(request: HttpRequest) -> Table:
    """Each lot with the stage that it has reached, and why it is held."""
    rows = [
        {
            "lot_no": lot.lot_no,
            "contract_no": lot.contract_no,
            "boxes": lot.box_count,
            "quantity": lot.quantity,
            "stage": stages()[str(lot.stage)],
            "since": lot.stages[lot.stage],
            "accepted": lot.accepted_boxes,
            "rejected": lot.rejected_boxes,
            "bast": lot.bast_no,
            "held": ", ".join(holds().get(str(hold), str(hold)) for hold in lot.held_for or ()),
        }
        for lot in procurement.lots()
    ]
    return Table.of(
        request,
        name="lots",
        columns=[
            Column("lot_no", _("Lot"), href=lambda row: f"/custody?lot={row['lot_no']}"),
            Column("contract_no", _("Contract"), href=lambda row: contract_address(row["contract_no"])),
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


def contract_address(contract_no: str) -> str:
    """Where one contract is shown."""
    return f"/supply/contracts/{quote(contract_no, safe='')}"


@named_errors
def part(request: HttpRequest, name: str) -> HttpResponse:
    """``/supply/<part>``: one part of the subject with its tables."""
    if name not in PARTS:
        raise Http404
    contracts, day = procurement.contracts(), _day()
    tables = _tables(request, name, contracts, day)
    more: dict[str, Any] = {}
    if name == "material":
        more["materials"] = supply_tables.materials(contracts)
    if name == "money":
        more["value"] = sum(layer.value_idr for layer in _layers())
    if name == "tenders":
        more["sources"] = [row for row in procurement.tenders() if row["source"]]
    return page(
        request, "supply_part.html", *tables, tabs=tabs(name), part=name, as_of=day, agreed=contracts,
        without=[row for row in contracts if not row["planned"]], crumbs=[("/supply", _("Supply"))], **more,
    )  # fmt: skip


def cell_mends() -> tuple[str, ...]:
    """What mends a wrong cell of a contract's list, in the reader's words; a test compares with the list's own."""
    return (
        _("write a whole number above 0"), _("write the day as YYYY-MM-DD or DD-MM-YYYY"),
        _("write whole rupiah above 0"), _("write whole days from 0 up"), _("fill this cell"),
        _("write whole rupiah from 0 up"), _("write boxes and reasons as 17=wet; 18=torn"),
        _("use customs, unpaid, inspection, with a comma between"), _("use one of awarded, failed"),
        _("use one of tender, catalogue, direct"),
        _("use one of ordered, chips_made_abroad, chips_arrived, body_made_home, printed_and_tested, shipped, arrived, "
          "released"),
        _("write two capital letters of ISO 3166; ZZ is abroad, not published"),
        _("use the code of a stage, such as chips_arrived or shipped"), _("write it without what cannot be seen"),
        _("a list has at most 5,000 rows"), _("write it without characters that cannot be seen"),
        _("name the package"), _("copy the code as the portal shows it, digits only"),
        _("write whole rupiah from 0 up"), _("write four digits"),
        _("mend the amount or the ceiling (pagu)"), _("name the winner, or take the amount out"),
        _("mend it or announced_on"), _("mend it or contract_from"), _("load it with the tenders"),
        _("keep the row of this code that is right"),
    )  # fmt: skip


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
    return {"unpaid": _("payment"), "customs": _("customs"), "inspection": _("inspection")}


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
        "shipped": _("sent to another office"),
        "arrived": _("arrived at another office"),
        "lost": _("lost before its holder had it"),
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
