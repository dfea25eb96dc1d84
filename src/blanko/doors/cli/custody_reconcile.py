"""``./blanko custody reconcile``: does every blank that came in stand somewhere, in the journal and in the book?"""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime

from blanko.cards.counting import queries
from blanko.cards.counting.balance import NATION, named
from blanko.cards.counting.reconciling import Reconciled
from blanko.cards.issuance import comparing
from blanko.ground.access.acting import acting


def add_verb(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``reconcile`` to the verbs of ``custody``."""
    verb = verbs.add_parser("reconcile", help="compare journal, boxes, balances and cards; name what differs")
    verb.add_argument("--office", default=NATION, metavar="C", help="an office, or a province's two digits; else all")
    verb.add_argument("--thorough", action="store_true", help="fold every box, without trusting the prints")
    verb.add_argument(
        "--nodes", action="store_true", help="keep the equation of each province and office too (nightly)"
    )
    verb.add_argument("--show", type=int, metavar="RUN", help="an earlier run instead of a new one")
    verb.add_argument("--by", default="svc.custody", metavar="OFFICER")
    verb.add_argument("--json", action="store_true")


def run(given: argparse.Namespace) -> int:
    """Reconcile, or show an earlier run. Exit code 1 when journal and book are not one."""
    if given.show is not None:
        print(json.dumps(queries.reconcile(given.show), default=str))
        return 0
    queries.check_shown(given.office)
    with acting(principal=given.by):
        done = comparing.reconcile(
            by=given.by, at=datetime.now(UTC), scope=given.office, thorough=given.thorough, nodes=given.nodes
        )
    if given.json:
        print(json.dumps(queries.reconcile(done.number) | {"holds": done.holds}, default=str))
    else:
        _tell(done)
    return 0 if done.holds else 1


def _tell(done: Reconciled) -> None:
    print(f"{'received':<14}{done.sheet.received:>14,}")
    for term, value in done.sheet.terms.items():
        print(f"{term.replace('_', ' '):<14}{value:>14,}")
    closes = "closes" if done.sheet.closes else f"does NOT close: {done.sheet.received - done.sheet.accounted:+,}"
    print(f"the balance of {done.sheet.scope} {closes}; {len(done.differences)} differences; run {done.number}")
    for found in done.differences:
        hands = f"; last {found.movement} by {found.sent_by or '?'}" if found.movement else ""
        hands += f" to {found.received_by}" if found.received_by else ""
        where = " ".join(filter(None, (found.office, named(found), found.condition)))
        print(
            f"  {found.source}: {where}: expected {found.expected:,}, found {found.found:,} {found.note}{hands}".rstrip()
        )
