"""``./blanko procurement``: what was tendered, bought, delivered, accepted and paid, and what that teaches."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from blanko.cards.custody import queries as custody
from blanko.doors.cli import procurement_writes
from blanko.ground.access.acting import acting
from blanko.kernel.errors import InvalidValue
from blanko.records.procurement import importing, lead_times, lists, material, operations, queries, rules
from blanko.records.procurement.notices import NoticeKind
from blanko.records.procurement.queries import SupplierCard
from blanko.records.procurement.scorecard import Rate

EXAMPLE = """Example:
  ./blanko procurement lots                     also: contracts, tenders, payments, services, notices
  ./blanko procurement contract C-7 --help      register it; also: tender, schedule, prices, parts, announce, stage, ...
  ./blanko procurement show BLANKO-KTPEL-2017   a contract with its schedule beside what came
  ./blanko procurement material BLANKO-KTPEL-2017
  ./blanko procurement import tenders.csv       a list of SPSE or SiRUP; every refused row is explained
  ./blanko procurement export payments payments.xlsx
  ./blanko procurement load payments payments.xlsx --preview    also: tenders, services, lots, stages, acceptances"""
LISTS = ("tenders", "contracts", "lots", "payments", "services", "notices")


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="blanko procurement", description=EXAMPLE, formatter_class=raw)
    verbs = parser.add_subparsers(dest="verb", required=True)
    listing = verbs.add_parser("list", help="one of the lists by name")
    listing.add_argument("what", choices=LISTS)
    made = [listing, *(verbs.add_parser(name, help=f"list the {name}") for name in LISTS)]
    show = verbs.add_parser("show", help="a contract, lot or tender with all that belongs to it")
    show.add_argument("number", metavar="CONTRACT|LOT|TENDER")
    score = verbs.add_parser("score", help="suppliers' score cards: on time, short, days late, defect")
    score.add_argument("supplier", nargs="?", help="only this supplier")
    lead = verbs.add_parser("lead-times", help="days that each stage takes, learned from our own records")
    parts = verbs.add_parser("material", help="what a contract's cards are made of, and the longest way")
    parts.add_argument("contract")
    value = verbs.add_parser("value", help="what the blanks at hand are worth, first in, first out")
    value.add_argument("--on-hand", type=int, metavar="BLANKS", help="instead of what custody counts")
    out = verbs.add_parser("export", help="one of the room's lists as a file that comes in again by load")
    out.add_argument("kind", choices=list(lists.LISTS))
    out.add_argument("file", type=Path, metavar="FILE.csv|FILE.xlsx")
    load = verbs.add_parser("import", help="take a list of a procurement portal in (CSV, XLSX, Parquet)")
    load.add_argument("file", type=Path)
    load.add_argument("--kind", choices=[str(kind) for kind in NoticeKind], help="instead of what the heads say")
    load.add_argument("--rejects", type=Path, metavar="DIR", help="where rejects.csv files go")
    load.add_argument("--preview", action="store_true", help="only show what it would bring")
    pay = verbs.add_parser("pay", help="pay accepted blanks of a lot at its price")
    pay.add_argument("lot")
    pay.add_argument("quantity", type=int, metavar="BLANKS")
    pay.add_argument("--payment", required=True, metavar="NUMBER", help="the number of the payment order (SP2D)")
    pay.add_argument("--on", type=date.fromisoformat, metavar="DATE", help="the day of the payment (default: today)")
    pay.add_argument("--penalty", type=int, default=0, metavar="RUPIAH")
    pay.add_argument("--note", default="")
    pay.add_argument("--by", default="pengadaan.pusat", metavar="OFFICER")
    for verb in (show, score):
        verb.add_argument("--as-of", type=date.fromisoformat, metavar="DATE", help="default: today")
    for verb in (score, lead):
        verb.add_argument("--with-estimates", action="store_true", help="learn from estimated days too")
    for verb in (*made, out, show, score, lead, parts, value, load, pay, *procurement_writes.add(verbs)):
        verb.add_argument("--json", action="store_true")
    return parser


def main(argv: list[str]) -> int:
    """Read what was bought and what it teaches; import a portal's list; pay accepted blanks."""
    given = _parser().parse_args(argv)
    if given.verb in ("list", *LISTS):
        return _list(given.what if given.verb == "list" else given.verb, as_json=given.json)
    if given.verb in procurement_writes.VERBS:
        return procurement_writes.run(given)
    verbs = {
        "show": _show, "score": _score, "lead-times": _lead_times, "material": _material, "value": _value,
        "import": _import, "pay": _pay, "export": _export,
    }  # fmt: skip
    return verbs[given.verb](given)


def _day(given: argparse.Namespace) -> date:
    return given.as_of or datetime.now(UTC).date()


def _json(value: object) -> None:
    print(json.dumps(value, default=str, ensure_ascii=False))


def _list(what: str, *, as_json: bool) -> int:
    if what == "lots":
        return _lots(as_json=as_json)
    rows: list[dict[str, Any]] = getattr(queries, what)()
    for row in rows:
        if as_json:
            _json(row)
        elif what == "contracts":
            print(
                f"{row['contract_no']}: {row['quantity']:,} blanks of {row['supplier']} for Rp {row['total_idr']:,}; "
                f"{row['announced']:,} announced, {row['held']:,} held, {row['accepted']:,} accepted, "
                f"{row['rejected']:,} rejected, {row['paid']:,} paid"
            )
        elif what == "tenders":
            codes = "".join(
                f", {name} {row[key]}" for name, key in (("RUP", "rup_code"), ("SPSE", "spse_code")) if row[key]
            )
            print(f"{row['tender_no']}: {row['title']}, {row['outcome']} on {row['decided_on']}{codes}")
        elif what == "services":
            after = f"followed by {row['successor']}" if row["successor"] else "without a successor"
            print(f"{row['service_no']}: {row['title']} of {row['supplier']}, until {row['ends_on']}, {after}")
        elif what == "payments":
            print(
                f"{row['payment_no']}: Rp {row['amount_idr']:,} for {row['quantity']:,} blanks of lot {row['lot_no']} "
                f"on {row['paid_on']}, penalty Rp {row['penalty_idr']:,}"
            )
        else:
            amount = "" if row["ceiling_idr"] is None else f", ceiling Rp {row['ceiling_idr']:,}"
            won = f", won by {row['winner']}" if row["winner"] else ""
            print(f"{row['kind']} {row['code']} (version {row['version']}): {row['title']}{amount}{won}")
    return 0


def _lots(*, as_json: bool) -> int:
    for lot in queries.lots():
        held = ", ".join(map(str, lot.held_for or ()))
        row = {
            "lot_no": lot.lot_no, "quantity": lot.quantity, "stage": str(lot.stage), "is_stock": lot.is_stock,
            "held_for": held, "accepted_boxes": lot.accepted_boxes, "rejected_boxes": lot.rejected_boxes,
            "accepted": lot.accepted, "paid": lot.paid, "unit_price_idr": lot.unit_price_idr,
        }  # fmt: skip
        note = f"no stock, held for {held}" if held else ("stock" if lot.is_stock else "no stock yet")
        print(json.dumps(row) if as_json else f"{lot.lot_no:<12}{lot.quantity:>11,} blanks  {lot.stage:<20}{note}")
    return 0


def _show(given: argparse.Namespace) -> int:
    """A number is looked for among contracts, then lots, then tenders."""
    number, as_of = given.number, _day(given)
    if any(row["contract_no"] == number for row in queries.contracts()):
        kept = queries.schedule(number, as_of=as_of)
        found: dict[str, Any] = {
            "contract": queries.contract(number),
            "as_of": as_of,
            "schedule": [asdict(item) for item in kept],
            "lots": [_lot(lot) for lot in queries.lots(contract_no=number)],
            "payments": queries.payments(contract_no=number),
        }
    elif lots := queries.lots(lot_no=number):
        found = {
            "lot": _lot(lots[0]),
            "rejected": queries.rejected_boxes(lot_no=number),
            "payments": queries.payments(lot_no=number),
        }
    else:
        tenders = [row for row in queries.tenders() if row["tender_no"] == number]
        if not tenders:
            raise rules.UnknownContract(
                "there is no contract, lot or tender {number}", mend="see ./blanko procurement contracts", number=number
            )
        codes = {tenders[0]["rup_code"], tenders[0]["spse_code"]} - {""}
        found = {"tender": tenders[0], "notices": [row for row in queries.notices() if row["code"] in codes]}
    if given.json:
        _json(found)
        return 0
    for name, part in found.items():
        for row in part if isinstance(part, list) else [part]:
            print(f"{name:<10}{_told(row)}")
    return 0


def _told(value: object) -> str:
    """A row in a line, without what it leaves empty."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {_told(item)}" for key, item in value.items() if item not in ("", None, [], {}))
    if isinstance(value, list):
        return "; ".join(map(_told, value))
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _lot(lot: queries.LotNow) -> dict[str, Any]:
    return {
        "lot_no": lot.lot_no, "contract_no": lot.contract_no, "quantity": lot.quantity,
        "unit_price_idr": lot.unit_price_idr, "stage": str(lot.stage), "is_stock": lot.is_stock,
        "held_for": [str(hold) for hold in lot.held_for or ()], "bast_no": lot.bast_no, "accepted": lot.accepted,
        "rejected": lot.rejected_boxes * lot.box_size, "paid": lot.paid,
        "stages": {str(stage): day for stage, day in lot.stages.items()},
        "estimated": sorted(str(stage) for stage in lot.estimated),
    }  # fmt: skip


def rate_as_json(rate: Rate) -> dict[str, Any]:
    """A rate with its prior, its mean and its 80 % interval."""
    low, high = rate.interval
    return {**asdict(rate), "mean": rate.mean, "low": low, "high": high}


def card_as_json(card: SupplierCard) -> dict[str, Any]:
    """A score card with all its priors."""
    return {
        "supplier": card.supplier, "contracts": card.contracts, "left_out": card.left_out,
        "on_time": rate_as_json(card.card.on_time), "short": rate_as_json(card.card.short),
        "defect": rate_as_json(card.card.defect),
        "days_late": {**asdict(card.card.days_late), "prior": asdict(card.card.days_late_prior)},
    }  # fmt: skip


def _score(given: argparse.Namespace) -> int:
    cards = queries.score_cards(as_of=_day(given), supplier=given.supplier, with_estimates=given.with_estimates)
    for card in cards:
        if given.json:
            _json(card_as_json(card))
            continue
        print(f"{card.supplier}: {len(card.contracts)} contracts")
        for number in card.left_out:
            print(f"  {number} teaches nothing: its days are estimates (--with-estimates counts them)")
        for name, rate in (("on time", card.card.on_time), ("short", card.card.short), ("defect", card.card.defect)):
            low, high = rate.interval
            prior = f"prior Beta({rate.prior.alpha:g}, {rate.prior.beta:g}): {rate.prior.source}"
            print(
                f"  {name:<10}{rate.mean:>8.1%}  80 %: {low:.1%} to {high:.1%}  from {rate.cases:g} of {rate.tried}; {prior}"
            )
        late = card.card.days_late
        print(f"  days late {late.median_days:>8.1f}  sigma {late.sigma:.2f}  from {late.observed}; {late.source}")
    return 0


def _lead_times(given: argparse.Namespace) -> int:
    found = queries.learned_lead_times(with_estimates=given.with_estimates)
    for stage, lead in found.items():
        if given.json:
            _json({"stage": stage, **asdict(lead), "prior": asdict(lead_times.PRIORS[stage])})
        else:
            low, high = lead.quantile(-1.2816), lead.quantile(1.2816)
            print(f"{stage:<17}{lead.median_days:>6.1f} days  80 %: {low:.0f} to {high:.0f}  {lead.source}")
    return 0


def _material(given: argparse.Namespace) -> int:
    parts = queries.parts(given.contract)
    path = material.critical_path(parts)
    chain = [part.part for part in path.parts]
    if given.json:
        rows = [
            {**asdict(part), "ready_days": path.ready_days[part.part], "critical": part.part in chain} for part in parts
        ]
        _json(
            {
                "contract_no": given.contract, "parts": rows, "critical_path": chain, "days": path.days,
                "abroad_days": path.abroad_days, "share_abroad": path.share_abroad,
            }
        )  # fmt: skip
        return 0
    for part in parts:
        needs = f"  needs {', '.join(part.needs)}" if part.needs else ""
        mark = "*" if part.part in chain else " "
        print(f"{mark} {part.part:<14}{part.country:<4}{part.stage:<20}{part.lead_days:>5} days{needs}")
    print(
        f"* the longest way: {path.days} days, {path.abroad_days} of them abroad ({path.share_abroad:.0%})"
        if parts
        else f"contract {given.contract} has no list of parts"
    )
    return 0


def _value(given: argparse.Namespace) -> int:
    on_hand = custody.at_hand() if given.on_hand is None else given.on_hand
    layers = queries.stock_value(on_hand=on_hand)
    total = sum(layer.value_idr for layer in layers)
    if given.json:
        _json({"on_hand": on_hand, "value_idr": total, "layers": [asdict(layer) for layer in layers]})
        return 0
    for layer in layers:
        print(
            f"{layer.lot_no:<14}{layer.accepted_on}  {layer.left:>11,} of {layer.quantity:>11,} at Rp {layer.unit_price_idr:,}"
        )
    print(f"{on_hand:,} blanks at hand are worth Rp {total:,}, first in, first out")
    return 0


def _preview(given: argparse.Namespace) -> int:
    """What a portal's list would bring; nothing is stored."""
    found = importing.preview_notices(path=given.file, kind=given.kind)
    if given.json:
        _json(asdict(found))
        return 0
    for row, change, content in found.rows:
        print(f"  row {row}: {change}: {content['code']} {content['title']}")
    for reject in found.refused:
        for cause in reject.causes:
            print(f"  row {reject.row} refused: {cause.column or 'row'} cannot be {cause.value!r}: {cause.mend}")
    print(
        f"{found.kind}: {len(found.rows):,} would be taken + {found.unchanged:,} unchanged + {len(found.refused):,} refused"
        f" = {found.read:,} read; nothing is stored"
    )
    return 0


def _import(given: argparse.Namespace) -> int:
    if given.preview:
        return _preview(given)
    with acting(principal="svc.procurement"):
        result = importing.import_notices(
            path=given.file, kind=given.kind, by="svc.procurement", at=datetime.now(UTC), data_dir=settings.DATA_DIR,
            rejects_dir=given.rejects,
        )  # fmt: skip
    if given.json:
        _json(result.as_json())
        return 0
    print(f"{result.file}: {result.kind} ({result.format})")
    if result.seen_before:
        print("  This file was loaded before: nothing changes.")
    for head in result.ignored:
        hint = f" (did you mean {result.near[head]}?)" if head in result.near else ""
        print(f"  ignored: {head}{hint}")
    print(
        f"  {result.accepted:,} accepted + {result.unchanged:,} unchanged + {result.refused:,} refused = {result.read:,} read"
    )
    if result.rejects:
        print(f"  every refused row with its reason and mend: {result.rejects}", file=sys.stderr)
    return 0


def _export(given: argparse.Namespace) -> int:
    form = given.file.suffix.lower().lstrip(".")
    if form not in ("csv", "xlsx"):
        raise InvalidValue("{path} is neither .csv nor .xlsx", mend="name a file of one of these", path=given.file)
    body = lists.export(given.kind, "csv" if form == "csv" else "xlsx")
    given.file.write_bytes(body)
    if given.json:
        _json({"kind": given.kind, "file": str(given.file), "bytes": len(body)})
    else:
        print(f"{given.kind}: {given.file}")
    return 0


def _pay(given: argparse.Namespace) -> int:
    at = datetime.now(UTC)
    with acting(principal=given.by):
        amount = operations.pay(
            payment_no=given.payment, lot_no=given.lot, quantity=given.quantity, paid_on=given.on or at.date(),
            penalty_idr=given.penalty, note=given.note, by=given.by, at=at,
        )  # fmt: skip
    if given.json:
        _json({"payment_no": given.payment, "lot_no": given.lot, "quantity": given.quantity, "amount_idr": amount})
    else:
        print(f"{given.payment}: Rp {amount:,} for {given.quantity:,} blanks of lot {given.lot}")
    return 0
