"""``./blanko equipment``: what offices print with, told by hand or as lists, and what that teaches."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any

from django.conf import settings

from blanko.decisions.planning.outlook import printing
from blanko.decisions.planning.outlook.case import load
from blanko.ground.access.acting import acting
from blanko.records.equipment import operations, queries
from blanko.records.intake.kinds import PRINTER_STATES
from blanko.records.intake.operations import LoadResult

EXAMPLE = """Example:
  ./blanko equipment printer 8171 SN-0042 failed --since 2017-03-28 --note "print head"
  ./blanko equipment report 8171 --on 2017-04-03 --ribbon-cards 0 --operator-hours 120 --print-hours 40
  ./blanko equipment offices                 what each office can print a week, by its records
  ./blanko intake load printers.xlsx         lists of printers or of reports come in as files"""


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="blanko equipment", description=EXAMPLE, formatter_class=raw)
    verbs = parser.add_subparsers(dest="verb", required=True)
    reading = [
        verbs.add_parser("printers", help="printers as they stand"),
        verbs.add_parser("reports", help="ribbon, ink, operators and hours as reported"),
        verbs.add_parser("offices", help="what each office can print with, and how sure its printers are"),
    ]
    for verb in reading:
        verb.add_argument("office", nargs="?", help="only this office")
    wear = verbs.add_parser("wear", help="how often printers fail and how long a repair takes, with the prior")
    for verb in (*reading, wear):
        verb.add_argument("--as-of", type=date.fromisoformat, metavar="DAY", help="default: today")
    printer = verbs.add_parser("printer", help="say how a printer is, since a day")
    printer.add_argument("office")
    printer.add_argument("printer")
    printer.add_argument("state", choices=PRINTER_STATES)
    printer.add_argument("--since", type=date.fromisoformat, metavar="DAY", required=True)
    printer.add_argument("--cards-an-hour", type=int, metavar="CARDS")
    printer.add_argument("--note", default="")
    report = verbs.add_parser("report", help="say what an office has to print with")
    report.add_argument("office")
    report.add_argument("--on", type=date.fromisoformat, metavar="DAY", dest="reported_on", required=True)
    for name in ("ribbon-cards", "ink-cards", "operators", "operator-hours", "print-hours"):
        report.add_argument(f"--{name}", type=int, metavar="NUMBER")
    for verb in (printer, report):
        verb.add_argument("--by", default="svc.intake", metavar="OFFICER")
    for verb in (*reading, wear, printer, report):
        verb.add_argument("--json", action="store_true")
    return parser


def main(argv: list[str]) -> int:
    """Tell and read what offices print with."""
    given = _parser().parse_args(argv)
    if given.verb in ("printer", "report"):
        return _tell(given)
    as_of = given.as_of or datetime.now(UTC).date()
    rows: list[tuple[str, dict[str, Any]]]
    if given.verb == "printers":
        rows = [
            (f"{row.office}  {row.printer:<16}{row.state:<9}since {row.since}  {row.note or ''}", row._asdict())
            for row in queries.printers(as_of=as_of, office=given.office)
        ]
    elif given.verb == "reports":
        rows = [
            (", ".join(f"{key} {value}" for key, value in row._asdict().items() if value is not None), row._asdict())
            for row in queries.reports(as_of=as_of, office=given.office)
        ]
    elif given.verb == "offices":
        rows = _offices(as_of, given.office)
    else:
        rows = [_wear(as_of)]
    for says, row in rows:
        print(json.dumps(row, default=str, ensure_ascii=False) if given.json else says.rstrip())
    return 0


def _offices(as_of: date, office: str | None) -> list[tuple[str, dict[str, Any]]]:
    assumed = load("2017-04").printing
    found = queries.offices(as_of=as_of, pace=printing.pace(assumed), prior=printing.rates(assumed))
    rows = []
    for code, item in found.items():
        if office not in (None, code):
            continue
        row = {
            **asdict(item), "availability": item.rates.availability, "repair_weeks": item.rates.repair_weeks,
            "cards_a_week": item.cards_a_week, "report": item.report._asdict() if item.report else None,
        }  # fmt: skip
        printers = "printers unknown" if item.printers is None else f"{item.working} of {item.printers} printers work"
        week = "" if item.cards_a_week is None else f", about {item.cards_a_week:,.0f} cards a week"
        ribbon = "" if item.ribbon_cards is None else f", ribbon and ink for {item.ribbon_cards:,.0f} cards"
        rows.append((f"{code}: {printers}{week}{ribbon}", row))
    return rows


def _wear(as_of: date) -> tuple[str, dict[str, Any]]:
    prior = printing.rates(load("2017-04").printing)
    learned = queries.nation(as_of=as_of, prior=prior)
    row = {
        name: {
            "availability": rates.availability,
            "repair_weeks": rates.repair_weeks,
            "fails_a_week": rates.fails_a_week,
        }
        for name, rates in (("learned", learned), ("prior", prior))
    }
    says = (
        f"a printer works {learned.availability:.0%} of the weeks, a repair takes {learned.repair_weeks:.1f} weeks; "
        f"from {learned.observed} failures and repairs (prior {prior.availability:.0%}, {prior.repair_weeks:.1f} weeks)"
    )
    return says, {**row, "observed": learned.observed}


def _tell(given: argparse.Namespace) -> int:
    terms = {name: value for name, value in vars(given).items() if name not in ("verb", "json")}
    tell = operations.report_printer if given.verb == "printer" else operations.report_printing
    with acting(principal=given.by):
        result: LoadResult = tell(**terms, at=datetime.now(UTC), data_dir=settings.DATA_DIR)
    if given.json:
        print(json.dumps(result.as_json(), default=str))
    else:
        print("nothing new: this stood already" if result.unchanged else f"kept, as a file of kind {result.kind}")
    return 0
