"""``./blanko custody``: where every box and blank is, and whose hands it went through."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime

from django.utils import timezone

from blanko.cards.counting import queries as counts
from blanko.cards.custody import queries as custody
from blanko.cards.issuance import queries as issuance
from blanko.doors.cli import custody_count, custody_moves, custody_reconcile, custody_sample, custody_trace

EXAMPLE = """Example:
  ./blanko custody balance                  received = the sum of the rest
  ./blanko custody way PB17-000042-0007     every step of one blank
  ./blanko custody trace PB17-000042-0007   its steps, its hands and its card; a chip's UID or a box too
  ./blanko custody at 3171 --on 2017-04-04  what an office held on a day
  ./blanko custody seized found.csv         a list, grouped by the last common holder"""


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="blanko custody", description=EXAMPLE, formatter_class=raw)
    verbs = parser.add_subparsers(dest="verb", required=True)
    balance = verbs.add_parser("balance", help="every blank by where it is")
    holdings = verbs.add_parser("holdings", help="good blanks of each office, and what is on its way")
    holdings.add_argument("--office", help="only this office")
    transit = verbs.add_parser("transit", help="what is on its way")
    transit.add_argument("--office", help="only towards this office")
    way = verbs.add_parser("way", help="every step of a box or a blank")
    way.add_argument("identifier", metavar="BOX|SERIAL")
    transit.add_argument("--overdue", action="store_true", help="only what should have arrived")
    for verb in (balance, holdings, transit, way):
        verb.add_argument("--json", action="store_true")
    custody_reconcile.add_verb(verbs)
    custody_count.add_verb(verbs)
    custody_sample.add_verb(verbs)
    custody_moves.add_verbs(verbs)
    custody_trace.add_verbs(verbs)
    return parser


def main(argv: list[str]) -> int:
    """Read custody, or move blanks."""
    given = _parser().parse_args(argv)
    for part in (custody_moves, custody_trace):
        if (done := part.run(given)) is not None:
            return done
    rooms = {"reconcile": custody_reconcile.run, "count": custody_count.run, "sample": custody_sample.run}
    if given.verb in rooms:
        return rooms[given.verb](given)
    if given.verb == "balance":
        sheet = custody.balance_sheet()
        if given.json:
            print(json.dumps(sheet))
        else:
            for name, value in sheet.items():
                print(f"{name.replace('_', ' '):<14}{value:>12,}")
        return 0
    if given.verb == "holdings":
        hidden = counts.blind_offices()
        for office, held in sorted(custody.holdings(office=given.office).items()):
            good = None if office in hidden else held.good
            row = {"office": office, "good": good, "in_transit_in": held.in_transit_in}
            shown = f"{good:>10,} good" if good is not None else "hidden: being counted"
            print(json.dumps(row) if given.json else f"{office:<6}{shown} {held.in_transit_in:>10,} on the way")
        return 0
    if given.verb == "transit":
        late = datetime.now(UTC) if given.overdue else None
        for row in custody.on_the_way(to_office=given.office, overdue_at=late):
            due = f"{timezone.localtime(row['due_at']):%Y-%m-%d}"
            shown = (
                f"{row['movement']:<24}{row['from_office']} -> {row['to_office']:<6}{row['quantity']:>9,} blanks, "
                f"sent by {row['by']}, due {due}"
            )
            print(json.dumps(row, default=str) if given.json else shown)
        return 0
    return _way(given.identifier, as_json=given.json)


def _way(identifier: str, *, as_json: bool) -> int:
    """Print every step of a box or a blank, and the card on it."""
    steps = custody.way_of(identifier)
    card = issuance.card(identifier.upper()) if identifier.count("-") == 2 else None
    if as_json:
        print(json.dumps({"steps": steps, "now": custody.places(identifier), "card": card}, default=str))
        return 0
    for step in steps:
        when = timezone.localtime(step["at"])
        place = (
            step["to_office"]
            if step["from_office"] == step["to_office"]
            else f"{step['from_office'] or 'maker'} -> {step['to_office']}"
        )
        print(
            f"{when:%Y-%m-%d %H:%M}  {step['kind']:<16}{step['phase']:<9}{place:<14}{step['by']}  {step['reason']}".rstrip()
        )
    if card:
        print(f"printed for record {card['recorded_office']}/{card['record_id']} ({card['cause']})")
        for step in card["steps"]:
            print(
                f"{timezone.localtime(step['at']):%Y-%m-%d %H:%M}  {step['step']:<16}{step['by']}  {step['checked'] or step['reason']}".rstrip()
            )
    return 0
