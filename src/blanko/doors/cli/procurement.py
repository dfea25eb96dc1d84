"""``./blanko procurement``: contracts and lots, and what has arrived but is no stock."""

from __future__ import annotations

import argparse
import json

from blanko.records.procurement import queries


def main(argv: list[str]) -> int:
    """List contracts or lots."""
    parser = argparse.ArgumentParser(prog="blanko procurement", description="Example: ./blanko procurement lots")
    parser.add_argument("what", choices=["contracts", "lots", "tenders"])
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(argv)
    if given.what == "lots":
        for lot in queries.lots():
            held = ", ".join(map(str, lot.held_for or ()))
            row = {
                "lot_no": lot.lot_no, "quantity": lot.quantity, "stage": str(lot.stage), "is_stock": lot.is_stock,
                "held_for": held, "accepted_boxes": lot.accepted_boxes, "rejected_boxes": lot.rejected_boxes,
            }  # fmt: skip
            note = f"no stock, held for {held}" if held else ("stock" if lot.is_stock else "no stock yet")
            print(
                json.dumps(row) if given.json else f"{lot.lot_no:<12}{lot.quantity:>11,} blanks  {lot.stage:<20}{note}"
            )
        return 0
    for row in queries.contracts() if given.what == "contracts" else queries.tenders():
        if given.json:
            print(json.dumps(row, default=str))
        elif given.what == "contracts":
            print(
                f"{row['contract_no']}: {row['quantity']:,} blanks of {row['supplier']} for Rp {row['total_idr']:,}; "
                f"{row['announced']:,} announced, {row['held']:,} held, {row['accepted']:,} accepted, {row['rejected']:,} rejected"
            )
        else:
            print(f"{row['tender_no']}: {row['title']}, {row['outcome']} on {row['decided_on']}")
    return 0
