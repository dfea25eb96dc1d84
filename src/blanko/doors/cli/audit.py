"""``./blanko audit``: what was done, by whom, and whether the stored facts still carry their seals."""

from __future__ import annotations

import argparse
import json
import sys

from blanko.ground.audit import operations, queries


def main(argv: list[str]) -> int:
    """List events or verify seals; 1 when a seal does not hold."""
    parser = argparse.ArgumentParser(prog="blanko audit", description="Example: ./blanko audit verify --all")
    verbs = parser.add_subparsers(dest="verb", required=True)
    listing = verbs.add_parser("events", help="the newest events")
    listing.add_argument("--operation", help="only this operation, for example custody.dispatch")
    listing.add_argument("--limit", type=int, default=20)
    listing.add_argument("--json", action="store_true")
    verify = verbs.add_parser("verify", help="recompute the seals from the stored facts")
    verify.add_argument("event", nargs="*", type=int)
    verify.add_argument("--all", action="store_true", help="every event there is")
    verify.add_argument("--json", action="store_true")
    given = parser.parse_args(argv)
    if given.verb == "events":
        rows = queries.events(operation=given.operation, limit=given.limit)
        for row in rows:
            if given.json:
                print(json.dumps(row, default=str))
            else:
                print(
                    f"{row['id']:>8}  {row['at']:%Y-%m-%d %H:%M}  {row['operation']:<28}{row['by']:<20}{row['row_count']:>9} rows"
                )
        return 0
    if not given.event and not given.all:
        parser.error("name an event or say --all")
    numbers = given.event or [row["id"] for row in queries.events(limit=10**9, newest_first=False)]
    broken = 0
    for number in numbers:
        found = operations.verify(number)
        broken += not found.holds
        if given.json:
            print(json.dumps({"event": number, "operation": found.operation, "holds": found.holds,
                              "sealed": found.sealed.count, "found": found.found.count}))  # fmt: skip
        elif not found.holds or not given.all:
            says = "holds" if found.holds else "DOES NOT HOLD"
            print(
                f"event {number} ({found.operation}): {says}; sealed {found.sealed.count} rows, found {found.found.count}"
            )
    if given.all and not given.json:
        print(f"{len(numbers) - broken} of {len(numbers)} seals hold")
    sys.stdout.flush()
    return 1 if broken else 0
