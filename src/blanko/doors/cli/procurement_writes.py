"""The verbs of ``./blanko procurement`` that register something. Each is one transaction in an officer's name."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from blanko.ground.access.acting import acting
from blanko.kernel.errors import InvalidValue
from blanko.records.procurement import amending, lists, operations, queries, sheets
from blanko.records.procurement.rules import Hold, Stage

OFFICER = "pengadaan.pusat"
DAY = date.fromisoformat


class NothingGiven(InvalidValue):
    """A list was to be added, and neither a file nor a row was given."""


def _pair[A, B](first: Callable[[str], A], second: Callable[[str], B], shape: str) -> Callable[[str], tuple[A, B]]:
    """An argument type for two values with = between them."""

    def read(text: str) -> tuple[A, B]:
        left, between, right = text.partition("=")
        try:
            if not between:
                raise ValueError
            return first(left.strip()), second(right.strip())
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is no {shape}") from None

    return read


DUE = _pair(DAY, int, "DAY=BLANKS, for example 2017-05-01=500000")
STEP = _pair(int, int, "FROM=RUPIAH, for example 100000=11500")
LEAD = _pair(str, int, "STAGE=DAYS, for example shipped=4")
BOX = _pair(int, str, "BOX=REASON, for example 17=wet")


def add(verbs: Any) -> list[argparse.ArgumentParser]:
    """Add the verbs to the command; return their parsers."""
    tender = verbs.add_parser("tender", help="register a tender, won or failed")
    tender.add_argument("tender_no", metavar="NUMBER")
    _texts(tender, "title", "source", required=True)
    _texts(tender, "winner", "rup-code", "spse-code")
    _numbers(tender, "quantity", required=True)
    _numbers(tender, "bidders", "ceiling-idr", "owner-estimate-idr", "award-idr")
    tender.add_argument("--outcome", choices=("awarded", "failed"), required=True)
    tender.add_argument("--method", choices=("tender", "catalogue", "direct"), default="tender")
    _days(tender, "decided-on", required=True)
    _days(tender, "budget-on", "announced-on", "objection-until")

    contract = verbs.add_parser("contract", help="register a signed contract, with its schedule and prices")
    contract.add_argument("contract_no", metavar="NUMBER")
    _texts(contract, "supplier", "source", required=True)
    _texts(contract, "tender-no")
    _numbers(contract, "quantity", "unit-price-idr", "total-idr", "box-size", required=True)
    _numbers(contract, "spoilage-per-mille", "penalty-per-mille-day", "penalty-cap-per-mille")
    _days(contract, "signed-on", required=True)
    _days(contract, "ends-on")
    contract.add_argument("--kind", choices=("tender", "catalogue"), default="tender")
    contract.add_argument("--box-sizes", type=int, nargs="+", default=[], metavar="BLANKS")
    contract.add_argument("--lead", type=LEAD, nargs="+", default=[], metavar="STAGE=DAYS")
    contract.add_argument("--due", type=DUE, nargs="+", default=[], metavar="DAY=BLANKS", help="its deliveries")
    contract.add_argument("--schedule", type=Path, metavar="FILE", help="its deliveries, from CSV or XLSX")
    contract.add_argument("--break", type=STEP, nargs="+", default=[], dest="breaks", metavar="FROM=RUPIAH")
    contract.add_argument("--prices", type=Path, metavar="FILE", help="its price breaks, from CSV or XLSX")
    contract.add_argument("--estimated", action="store_true", help="the day of signing is an estimate")

    schedule = verbs.add_parser("schedule", help="add planned deliveries to a contract")
    schedule.add_argument("contract_no", metavar="CONTRACT")
    schedule.add_argument("due", type=DUE, nargs="*", metavar="DAY=BLANKS")
    schedule.add_argument("--file", type=Path, help="CSV or XLSX with due_on and quantity")

    prices = verbs.add_parser("prices", help="add the price breaks of a contract that has none")
    prices.add_argument("contract_no", metavar="CONTRACT")
    prices.add_argument("breaks", type=STEP, nargs="*", metavar="FROM=RUPIAH")
    prices.add_argument("--file", type=Path, help="CSV or XLSX with from_quantity and unit_price_idr")

    amend = verbs.add_parser("amend", help="change a contract by an addendum: a new version beside those that were")
    amend.add_argument("contract_no", metavar="CONTRACT")
    _texts(amend, "document", "reason", required=True)
    _days(amend, "from-date", required=True)
    _days(amend, "ends-on")
    _numbers(amend, "quantity", "unit-price-idr")
    amend.add_argument("--due", type=DUE, nargs="+", default=[], metavar="DAY=BLANKS", help="its whole new schedule")
    amend.add_argument("--schedule", type=Path, metavar="FILE", help="its whole new schedule, from CSV or XLSX")
    amend.add_argument("--break", type=STEP, nargs="+", default=[], dest="breaks", metavar="FROM=RUPIAH")
    amend.add_argument("--prices", type=Path, metavar="FILE", help="its new price breaks, from CSV or XLSX")
    amend.add_argument("--no-breaks", action="store_true", help="it has no price breaks any more")

    parts = verbs.add_parser("parts", help="say what the cards of a contract are made of")
    parts.add_argument("contract_no", metavar="CONTRACT")
    parts.add_argument(
        "--file",
        type=Path,
        required=True,
        help="CSV or XLSX with part, title, country, stage, lead_days, needs, source",
    )

    announce = verbs.add_parser("announce", help="announce a lot of sealed boxes")
    announce.add_argument("lot_no", metavar="LOT")
    _texts(announce, "contract-no", "series", required=True)
    _numbers(announce, "first-box", "box-count", required=True)
    _numbers(announce, "box-size", "delivery-no")
    _days(announce, "announced-on")
    announce.add_argument("--estimated", action="store_true", help="no source tells the day")

    stage = verbs.add_parser("stage", help="report that a lot reached a stage")
    stage.add_argument("lot_no", metavar="LOT")
    stage.add_argument("stage", choices=[str(item) for item in Stage if item is not Stage.ACCEPTED])
    _days(stage, "on", required=True)
    stage.add_argument("--held-for", choices=[str(hold) for hold in Hold], nargs="+", default=[])
    _texts(stage, "note")
    stage.add_argument("--estimated", action="store_true", help="no source tells the day")

    accept = verbs.add_parser("accept", help="accept a released lot by its BAST, but for its rejected boxes")
    accept.add_argument("lot_no", metavar="LOT")
    _texts(accept, "bast-no", required=True)
    _days(accept, "on", required=True)
    accept.add_argument("--reject", type=BOX, nargs="+", default=[], metavar="BOX=REASON")
    accept.add_argument("--estimated", action="store_true", help="no source tells the day")

    service = verbs.add_parser("service", help="register a contract for work that cards hang on (maintenance)")
    service.add_argument("service_no", metavar="NUMBER")
    _texts(service, "title", "supplier", "source", required=True)
    _texts(service, "follows")
    _days(service, "starts-on", "ends-on", required=True)
    _numbers(service, "amount-idr")

    load = verbs.add_parser("load", help="do what every row of a list says (CSV, XLSX, Parquet), whole or not at all")
    load.add_argument("kind", choices=list(lists.LISTS))
    load.add_argument("file", type=Path)
    load.add_argument("--preview", action="store_true", help="only show what it would bring")

    made = [tender, contract, schedule, prices, amend, parts, announce, stage, accept, service, load]
    for parser in made:
        parser.add_argument("--by", default=OFFICER, metavar="OFFICER")
    return made


def _texts(parser: argparse.ArgumentParser, *names: str, required: bool = False) -> None:
    for name in names:
        parser.add_argument(f"--{name}", required=required, default=None)


def _numbers(parser: argparse.ArgumentParser, *names: str, required: bool = False) -> None:
    for name in names:
        parser.add_argument(f"--{name}", type=int, required=required, metavar="NUMBER")


def _days(parser: argparse.ArgumentParser, *names: str, required: bool = False) -> None:
    for name in names:
        parser.add_argument(f"--{name}", type=DAY, required=required, metavar="DAY")


def run(given: argparse.Namespace) -> int:
    """Do one verb; say what stands now, in words or as JSON."""
    who = {"by": given.by, "at": datetime.now(UTC)}
    terms = {
        name: value
        for name, value in vars(given).items()
        if value is not None and name not in ("verb", "json", "by", "estimated", "file")
    }
    if getattr(given, "estimated", False):
        terms["is_estimated"] = True
    with acting(principal=given.by):
        says, row = VERBS[given.verb](terms, given, who)
    print(json.dumps(row, default=str, ensure_ascii=False) if given.json else says)
    return 0


Told = tuple[str, dict[str, Any]]
Terms = dict[str, Any]


def _tender(terms: Terms, given: argparse.Namespace, who: Terms) -> Told:
    operations.register_tender(**terms, **who)
    row = next(row for row in queries.tenders() if row["tender_no"] == given.tender_no)
    return f"tender {given.tender_no} is registered: {given.outcome} on {given.decided_on}", row


def _contract(terms: Terms, given: argparse.Namespace, who: Terms) -> Told:
    due, breaks = terms.pop("due"), terms.pop("breaks")
    if path := terms.pop("schedule", None):
        due = [*due, *sheets.schedule(path)]
    if path := terms.pop("prices", None):
        breaks = [*breaks, *sheets.price_breaks(path)]
    lead_days = dict(terms.pop("lead"))
    operations.sign_contract(**terms, deliveries=due, price_breaks=breaks, lead_days=lead_days, **who)
    row = queries.contract(given.contract_no)
    missing = "" if due else "; it has no schedule yet, so that no lot of it can be announced"
    return (
        f"contract {given.contract_no} is registered with {len(due)} deliveries, {len(breaks)} price breaks{missing}",
        row,
    )


def _given(given: argparse.Namespace, rows: list[Any], reader: Callable[[Path], list[Any]]) -> list[Any]:
    found = [*rows, *(reader(given.file) if given.file else [])]
    if not found:
        raise NothingGiven("nothing is given", mend="name rows, or a file with --file")
    return found


def _schedule(terms: Terms, given: argparse.Namespace, who: Terms) -> Told:
    due = _given(given, given.due, sheets.schedule)
    added = operations.schedule_deliveries(contract_no=given.contract_no, deliveries=due, **who)
    rows = queries.deliveries(contract_no=given.contract_no)
    return f"{added} deliveries are added; contract {given.contract_no} has {len(rows)}", {
        "contract_no": given.contract_no, "added": added, "deliveries": rows,
    }  # fmt: skip


def _prices(terms: Terms, given: argparse.Namespace, who: Terms) -> Told:
    breaks = _given(given, given.breaks, sheets.price_breaks)
    added = operations.agree_prices(contract_no=given.contract_no, price_breaks=breaks, **who)
    row = queries.contract(given.contract_no)
    return f"{added} price breaks are added to contract {given.contract_no}", row


def _amend(terms: Terms, given: argparse.Namespace, who: Terms) -> Told:
    due, breaks, none = terms.pop("due"), terms.pop("breaks"), terms.pop("no_breaks")
    if path := terms.pop("schedule", None):
        due = [*due, *sheets.schedule(path)]
    if path := terms.pop("prices", None):
        breaks = [*breaks, *sheets.price_breaks(path)]
    version = amending.amend_contract(
        **terms, deliveries=due or None, price_breaks=breaks or ([] if none else None), **who
    )  # fmt: skip
    row = queries.contract(given.contract_no)
    return f"contract {given.contract_no} stands in version {version} from {given.from_date} on", row


def _parts(terms: Terms, given: argparse.Namespace, who: Terms) -> Told:
    parts = sheets.parts(given.file)
    days = operations.register_material(contract_no=given.contract_no, parts=parts, **who)
    return f"{len(parts)} parts of contract {given.contract_no}: their longest way takes {days} days", {
        "contract_no": given.contract_no, "parts": len(parts), "days": days,
    }  # fmt: skip


def _lot_now(number: str) -> Terms:
    lot = queries.lots(lot_no=number)[0]
    return {
        "lot_no": lot.lot_no, "contract_no": lot.contract_no, "quantity": lot.quantity,
        "unit_price_idr": lot.unit_price_idr, "stage": str(lot.stage), "is_stock": lot.is_stock,
        "held_for": [str(hold) for hold in lot.held_for or ()], "accepted_boxes": lot.accepted_boxes,
        "rejected_boxes": lot.rejected_boxes, "bast_no": lot.bast_no,
    }  # fmt: skip


def _announce(terms: Terms, given: argparse.Namespace, who: Terms) -> Told:
    operations.announce_lot(**terms, **who)
    row = _lot_now(given.lot_no)
    return f"lot {given.lot_no} is announced: {row['quantity']:,} blanks at Rp {row['unit_price_idr']:,}", row


def _stage(terms: Terms, given: argparse.Namespace, who: Terms) -> Told:
    operations.advance_lot(**terms, **who)
    held = f", held for {', '.join(given.held_for)}: no stock" if given.held_for else ""
    return f"lot {given.lot_no} is {given.stage}{held}", _lot_now(given.lot_no)


def _accept(terms: Terms, given: argparse.Namespace, who: Terms) -> Told:
    rejected = dict(terms.pop("reject"))
    accepted = operations.accept_lot(**terms, rejected=rejected, **who)
    return f"lot {given.lot_no}: {accepted} boxes accepted, {len(rejected)} rejected", _lot_now(given.lot_no)


def _service(terms: Terms, given: argparse.Namespace, who: Terms) -> Told:
    operations.register_service(**terms, **who)
    row = next(row for row in queries.services() if row["service_no"] == given.service_no)
    return f"service contract {given.service_no} is registered until {given.ends_on}", row


def _load(terms: Terms, given: argparse.Namespace, who: Terms) -> Told:
    done = lists.load(path=given.file, kind=given.kind, store=not given.preview, **who)
    rows = [f"  row {number}: {', '.join(f'{key} {value}' for key, value in lists.shown(row).items())}"
            for number, row in done.new]  # fmt: skip
    ends = "are stored" if done.stored else "would be stored; nothing is"
    said = f"{given.kind}: {len(done.new):,} rows {ends}, {done.unchanged:,} stand already"
    return "\n".join([*rows, said] if given.preview else [said]), done.as_json()


VERBS: dict[str, Callable[[Terms, argparse.Namespace, Terms], Told]] = {
    "tender": _tender, "contract": _contract, "schedule": _schedule, "prices": _prices, "amend": _amend, "parts": _parts,
    "announce": _announce, "stage": _stage, "accept": _accept, "service": _service, "load": _load,
}  # fmt: skip
