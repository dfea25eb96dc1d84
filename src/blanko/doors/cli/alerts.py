"""``./blanko alerts``: what does not look right, who has to explain it, and what was said."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from blanko.cards.alerts import operations, queries
from blanko.cards.alerts.rules import AlertKind, Limits
from blanko.ground.access.acting import acting

EXAMPLE = """Example:
  ./blanko alerts find                                            look at everything now (./blanko nightly does it too)
  ./blanko alerts list --office 3171                              what is open
  ./blanko alerts acknowledge NAME --reason "truck came late" --by kepala.3171"""


def main(argv: list[str]) -> int:
    """Look, list or acknowledge."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="blanko alerts", description=EXAMPLE, formatter_class=raw)
    verbs = parser.add_subparsers(dest="verb", required=True)
    usual = Limits()
    find = verbs.add_parser("find", help="look at everything and keep what is new")
    find.add_argument("--at", type=datetime.fromisoformat, help="a moment of the past, for a replay; else now")
    find.add_argument("--cover-days", type=int, default=usual.cover_days)
    show = verbs.add_parser("list", help="alerts that are open")
    show.add_argument("--office")
    show.add_argument("--kind", choices=[str(kind) for kind in AlertKind])
    show.add_argument("--all", action="store_true", help="ended ones too")
    end = verbs.add_parser("acknowledge", help="say why it is in order, or what was done")
    end.add_argument("alert")
    end.add_argument("--reason", required=True)
    end.add_argument("--by", required=True, metavar="OFFICER")
    for verb in (find, show, end):
        verb.add_argument("--json", action="store_true")
    given = parser.parse_args(argv)
    if given.verb == "find":
        return _find(given)
    if given.verb == "acknowledge":
        with acting(principal=given.by):
            operations.acknowledge(alert=given.alert, reason=given.reason, by=given.by, at=datetime.now(UTC))
        _print([queries.alert(given.alert)], as_json=given.json)
        return 0
    _print(queries.alerts(office=given.office, kind=given.kind, ended=given.all), as_json=given.json)
    return 0


def _find(given: argparse.Namespace) -> int:
    at = given.at or datetime.now(UTC)
    if at.tzinfo is None:
        at = timezone.make_aware(at)
    limits = Limits(cover_days=given.cover_days)
    with acting(principal="svc.custody"):
        found = operations.find(by="svc.custody", at=at, limits=limits)
    if given.json:
        print(json.dumps({"new": found.new, "over": found.over}))
    else:
        print(f"{len(found.new):,} new, {len(found.over):,} over")
        _print([queries.alert(name) for name in found.new], as_json=False)
    return 0


def _print(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(rows, default=str))
        return
    for row in rows:
        says = ", ".join(f"{name} {value}" for name, value in row["says"].items())
        print(
            f"{row['alert']}\n  {row['kind']} at {row['office']} since {timezone.localtime(row['since']):%Y-%m-%d %H:%M}, {row['owner']} answers: {says}"
        )
        if row["status"] != "open":
            print(f"  {row['status']} by {row['ended_by']}: {row['reason']}")
