"""``./blanko procurement``: what was tendered, contracted and delivered, and what is held and is no stock."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import Any

from blanko.records.procurement import queries


def main(argv: list[str]) -> int:
    """Show contracts or lots."""
    parser = argparse.ArgumentParser(prog="blanko procurement", description="Example: ./blanko procurement lots")
    verbs = parser.add_subparsers(dest="verb", required=True)
    contracts = verbs.add_parser("contracts", help="each contract in blanks: planned, announced, held, accepted")
    lots = verbs.add_parser("lots", help="each lot with the stage it reached, and why it is no stock yet")
    lots.add_argument("--contract", metavar="NO")
    for verb in (contracts, lots):
        verb.add_argument("--json", action="store_true")
    given = parser.parse_args(argv)
    found: list[dict[str, Any]]
    if given.verb == "contracts":
        found = queries.contracts()
        lines = [
            f"{row['contract_no']}  {row['quantity']:,} blanks: {row['planned']:,} planned, {row['announced']:,} announced,"
            f" {row['held']:,} arrived and held, {row['accepted']:,} accepted, {row['rejected']:,} rejected"
            for row in found
        ]
    else:
        now = queries.lots(contract_no=given.contract)
        found = [{**asdict(lot), "stage": lot.stage} for lot in now]
        lines = [
            f"{lot.lot_no}  {lot.quantity:>10,} blanks  {lot.stage:<18}{lot.stages[lot.stage]}{_held(lot)}"
            for lot in now
        ]
    print(json.dumps(found, default=str) if given.json else "\n".join(lines or ["nothing was ordered yet"]))
    return 0


def _held(lot: queries.LotNow) -> str:
    return f"  no stock: {', '.join(lot.held_for)}" if lot.held_for else ""
