"""``./blanko transparency``: published figures with base, date and source, as they were known on a day."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, date, datetime
from typing import Any

from blanko.decisions.transparency import operations, queries
from blanko.decisions.transparency.counters import publish_counters
from blanko.decisions.transparency.rules import KINDS
from blanko.ground.access.acting import acting

SERVICE = "svc.transparency"


def main(argv: list[str]) -> int:
    """List figures, show conflicts, or publish the counts that intake holds."""
    parser = argparse.ArgumentParser(
        prog="blanko transparency",
        description="Example: ./blanko transparency figures --known-on 2017-04-04 --metric recorded_share",
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb, says in (
        ("figures", "what was known on a day"),
        ("conflicts", "different things said of the same, side by side"),
    ):
        listing = verbs.add_parser(verb, help=says)
        listing.add_argument("--known-on", type=date.fromisoformat, default=None, metavar="DAY", help="default: today")
        listing.add_argument("--metric", default=None, help="only this one, for example recorded_share")
        listing.add_argument("--area", default=None, help="only this area: ID, or a code")
        listing.add_argument("--json", action="store_true")
    publish = verbs.add_parser("publish", help="publish the counts of intake that name their base")
    publish.add_argument("--known-on", type=date.fromisoformat, default=None, metavar="DAY", help="default: today")
    publish.add_argument("--json", action="store_true")
    counters = verbs.add_parser("counters", help="publish cards printed before others, and sukets that are out")
    counters.add_argument("--first", type=date.fromisoformat, required=True, metavar="DAY")
    counters.add_argument("--last", type=date.fromisoformat, required=True, metavar="DAY")
    counters.add_argument("--kind", choices=KINDS, default="observed")
    counters.add_argument("--json", action="store_true")
    given = parser.parse_args(argv)
    if given.verb == "counters":
        with acting(principal=SERVICE):
            done = publish_counters(
                first=given.first, last=given.last, kind=given.kind, by=SERVICE, at=datetime.now(UTC)
            )
        told = {"published": done.published, "unchanged": done.unchanged}
        print(json.dumps(told) if given.json else f"{done.published} figures published, {done.unchanged} stood already")
        return 0
    day = given.known_on or datetime.now(UTC).date()
    if given.verb == "publish":
        return _publish(day, as_json=given.json)
    rows = queries.figures(known_on=day, metric=given.metric, area=given.area)
    if given.verb == "conflicts":
        names = sorted({str(row["name"]) for row in rows})
        found = [c for name in names for c in queries.conflicts(metric=name, known_on=day)]
        groups = [c for c in found if given.area in (None, c["area"])]
        if given.json:
            print(json.dumps(groups, default=str))
            return 0
        for group in groups:
            bases = ", ".join(f"{base:,}" for base in group["bases"])
            print(f"{group['name']} of {group['area']}: bases {bases}")
            _print(group["figures"])
        return 0
    if given.json:
        print(json.dumps(rows, default=str))
    else:
        _print(rows)
        print(f"{len(rows)} figures were known on {day}")
    return 0


def _print(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        print(
            f"  {row['date']}  {row['area']:<5}{row['name']:<24}{row['percent']:>8} %  "
            f"{row['numerator']:>14,} of {row['denominator']:>14,}  {row['kind']:<10}{row['source']}"
        )


def _publish(day: date, *, as_json: bool) -> int:
    with acting(principal=SERVICE):
        done = operations.publish_counts(by=SERVICE, at=datetime.now(UTC), known_on=day)
    if as_json:
        print(json.dumps({"published": done.published, "unchanged": done.unchanged, "without_base": done.without_base}))
    else:
        print(
            f"{done.published} figures published, {done.unchanged} stood already, "
            f"{done.without_base} counts name no base and stay unpublished"
        )
    return 0
