"""Tenders, contracts and lots; and where one blank is."""

from __future__ import annotations

import tempfile
from pathlib import Path

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from blanko.cards.custody import queries as custody
from blanko.cards.issuance import queries as issuance
from blanko.doors.web import words
from blanko.doors.web.pages import supply_tables
from blanko.doors.web.pages.files import NoFileChosen
from blanko.doors.web.pages.front import followed
from blanko.doors.web.pages.responses import named_errors, page
from blanko.doors.web.tables import Column, Table
from blanko.ground.access.acting import acting
from blanko.kernel.errors import BlankoError
from blanko.records.entitlement import queries as entitlement
from blanko.records.procurement import operations, sheets
from blanko.records.procurement import queries as procurement


class UnknownSheet(BlankoError, ValueError):
    """The form names a list that no contract has."""


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
    layers = procurement.stock_value(on_hand=custody.at_hand()) if lots else []
    day = entitlement.claims_as_of() or timezone.localdate()
    tenders = procurement.tenders()
    materials = supply_tables.materials(contracts)
    plain = [
        supply_tables.contracts(contracts), supply_tables.deliveries(contracts, as_of=day),
        supply_tables.prices(contracts), supply_tables.lead_times(), supply_tables.score_cards(as_of=day),
        supply_tables.worth(layers), supply_tables.payments(), supply_tables.notices(),
        supply_tables.services(), supply_tables.tenders(tenders),
    ]  # fmt: skip
    return page(
        request, "supply.html", table, *plain, *(item["table"] for item in materials), agreed=contracts,
        kinds=sheet_kinds(),
        sources=[row for row in tenders if row["source"]], without=[row for row in contracts if not row["planned"]],
        held=sum(lot.quantity for lot in lots if lot.held_for is not None), as_of=day,
        received=custody.balance_sheet()["received"],
        nothing=not (contracts or tenders or lots or plain[-2].total), materials=materials,
        value=sum(layer.value_idr for layer in layers),
    )  # fmt: skip


@require_POST
@named_errors
def take_sheet(request: HttpRequest) -> HttpResponse:
    """``POST /supply``: a contract's schedule, prices or parts from a file; a wrong list changes nothing."""
    given, kind, contract_no = request.FILES.get("file"), request.POST.get("kind", ""), request.POST.get("contract", "")
    if given is None:
        raise NoFileChosen("no file was chosen", mend="choose a CSV, XLSX or Parquet file")
    if kind not in sheet_kinds():
        raise UnknownSheet("there is no list {kind}", mend="choose schedule, prices or material", kind=repr(kind))
    name, who = Path(str(given.name)).name[:200], {"by": "svc.procurement", "at": timezone.now()}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "upload"
        with path.open("wb") as copy:
            for chunk in given.chunks():
                copy.write(chunk)
        with acting(principal="svc.procurement"):
            if kind == "schedule":
                due = sheets.schedule(path, name=name)
                operations.schedule_deliveries(contract_no=contract_no, deliveries=due, **who)
            elif kind == "prices":
                steps = sheets.price_breaks(path, name=name)
                operations.agree_prices(contract_no=contract_no, price_breaks=steps, **who)
            else:
                operations.register_material(contract_no=contract_no, parts=sheets.parts(path, name=name), **who)
    return HttpResponseRedirect("/supply#lists")


def sheet_kinds() -> dict[str, str]:
    """A contract's own lists in the reader's words."""
    return {
        "schedule": _("planned deliveries"), "prices": _("price breaks"), "material": _("parts of a card"),
    }  # fmt: skip


def cell_mends() -> tuple[str, ...]:
    """What mends a wrong cell of a contract's list, in the reader's words; a test compares with the list's own."""
    return (
        _("write a whole number above 0"), _("write the day as YYYY-MM-DD or DD-MM-YYYY"),
        _("write whole rupiah above 0"), _("write whole days from 0 up"), _("fill this cell"),
        _("write two capital letters of ISO 3166; ZZ is abroad, not published"),
        _("use the code of a stage, such as chips_arrived or shipped"), _("write it without what cannot be seen"),
        _("a list has at most 5,000 rows"),
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
