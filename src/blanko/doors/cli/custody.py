"""``./blanko custody``: who holds the blanks, what is on its way, and the way of one box or blank."""

from __future__ import annotations

import argparse
import json
from typing import Any

from blanko.cards.custody import queries
from blanko.cards.issuance import queries as issuance
from blanko.kernel.errors import BlankoError

BALANCE = ("warehouse", "in_transit", "at_offices", "personalised", "issued", "spoiled", "destroyed", "missing")


class DoesNotAddUp(BlankoError):
    """More or fewer blanks than were received: somebody passed by the journal."""


def main(argv: list[str]) -> int:
    """Show the balance sheet, holdings, what is on its way, or follow one box or blank."""
    parser = argparse.ArgumentParser(
        prog="blanko custody", description="Example: ./blanko custody follow PB17-000042-0007"
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    balance = verbs.add_parser("balance", help="blanks received, and where they are")
    holdings = verbs.add_parser("holdings", help="good blanks of each office, and on their way to it")
    holdings.add_argument("--office", metavar="CODE")
    transit = verbs.add_parser("transit", help="movements that nobody has received yet")
    transit.add_argument("--office", metavar="CODE", help="only to this office")
    follow = verbs.add_parser("follow", help="every step of a box or of one blank, to the hand that holds it")
    follow.add_argument("identifier", metavar="BOX|SERIAL")
    for verb in (balance, holdings, transit, follow):
        verb.add_argument("--json", action="store_true")
    given = parser.parse_args(argv)
    found: Any
    match given.verb:
        case "balance":
            found = queries.balance_sheet()
            lines = [f"{name.replace('_', ' '):<14}{found[name]:>12,}" for name in ("received", *BALANCE)]
        case "holdings":
            held = queries.holdings(office=given.office)
            found = {office: {"good": each.good, "in_transit_in": each.in_transit_in} for office, each in held.items()}
            lines = [
                f"{office:<6}{each.good:>12,} good{each.in_transit_in:>12,} coming" for office, each in held.items()
            ]
        case "transit":
            found = queries.on_the_way(to_office=given.office)
            lines = [
                f"{row['movement']}  {row['from_office']} -> {row['to_office']}  {row['quantity']:,} blanks since {row['at']:%Y-%m-%d}"
                for row in found
            ]
        case _:
            found = issuance.follow(given.identifier)
            lines = [_step(step) for step in found["way"]]
            lines += [_card_step(step) for step in (found["card"] or {"steps": []})["steps"]]
    print(json.dumps(found, default=str) if given.json else "\n".join(lines or ["nothing"]))
    if given.verb == "balance" and found["received"] != sum(found[name] for name in BALANCE):
        raise DoesNotAddUp("received is not the sum of the rest", mend="run ./blanko audit verify --all")
    return 0


def _step(step: dict[str, Any]) -> str:
    ends = " -> ".join(end for end in (step["from_office"], step["to_office"]) if end)
    papers = ", ".join(f"{name} {value}" for name, value in (step["papers"] or {}).items())
    about = "; ".join(part for part in (papers, step["reason"]) if part)
    what = f"{step['kind']} {step['phase']}"
    return f"{step['at']:%Y-%m-%d %H:%M}  {what:<24}{ends:<14}by {step['by']}" + (f"  ({about})" if about else "")


def _card_step(step: dict[str, Any]) -> str:
    return f"{step['at']:%Y-%m-%d %H:%M}  card {step['step']:<33}by {step['by']}" + (
        f"  to {step['handed_to']}" if step["handed_to"] else ""
    )
