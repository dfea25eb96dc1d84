"""The verbs of ``./blanko planning`` around a round: versions and reviews, rules, and what offices say before it."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any

from blanko.decisions.planning import offices, operations, queries, rulebook
from blanko.decisions.planning.routes import MODES
from blanko.ground.access.acting import acting
from blanko.ground.places import gazetteer

PLANNER = "planner.pusat"
REVIEWER = "kepala.pusat"
CHANGES_SHOWN = 5


def by_argument(parser: argparse.ArgumentParser, default: str = PLANNER) -> None:
    parser.add_argument("--by", default=default, help=f"the officer's username (default {default})")


def number_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("round", type=int, help="the round's number")


def term_arguments(parser: argparse.ArgumentParser) -> None:
    """What a round may be asked beside its release."""
    parser.add_argument("--part-reserve", type=int, default=None, metavar="BLANKS",
                        help="of the release, kept for offices that need less than a box")  # fmt: skip
    parser.add_argument("--reserve", type=int, default=None, metavar="BLANKS", help="stay at the centre")
    parser.add_argument("--reserve-for", default=None, metavar="PURPOSE")
    parser.add_argument("--lot-min", type=int, default=None, metavar="BLANKS", help="the smallest lot worth sending")
    parser.add_argument("--classes", default=None, metavar="NAME,NAME",
                        help="people who go first, of vulnerable, suket_holders")  # fmt: skip
    parser.add_argument("--no-loans", action="store_true", help="propose no loans inside provinces")


def terms_of(given: argparse.Namespace) -> dict[str, Any]:
    """The terms that were given, by the names of ``operations.draft_round``."""
    found = {name: getattr(given, name) for name in ("part_reserve", "reserve", "reserve_for", "lot_min")}
    if given.classes is not None:
        found["classes"] = tuple(name.strip() for name in given.classes.split(",") if name.strip())
    if given.no_loans:
        found["lending"] = False
    return {name: value for name, value in found.items() if value is not None}


def _supersede_arguments(parser: argparse.ArgumentParser) -> None:
    number_argument(parser)
    parser.add_argument("--reason", required=True, help="why a new version takes its place")
    parser.add_argument("--title", default=None)
    parser.add_argument("--as-of", type=date.fromisoformat, default=None, metavar="DAY")
    parser.add_argument("--release", type=int, default=None, metavar="BLANKS")
    term_arguments(parser)
    by_argument(parser)


def _supersede(given: argparse.Namespace) -> int:
    with acting(principal=given.by):
        number = operations.supersede_round(
            round_no=given.round, reason=given.reason, title=given.title, as_of=given.as_of, release=given.release,
            by=given.by, at=datetime.now(UTC), **terms_of(given),
        )  # fmt: skip
    found, changed = queries.round(number), queries.changed_from(number, shown=CHANGES_SHOWN)
    lines = [f"round {number} is version {found['version']} and supersedes round {given.round}: {given.reason}"]
    if changed is not None:
        lines.append(f"  {changed.changed:,} regencies get another share, {changed.shared_after:,} blanks in all")
        lines += [f"  {change.sentence()}" for change in changed.changes]
    told = {**queries.summary(number), "versions": found["versions"], "changed": asdict(changed) if changed else None}
    say(given, told, "\n".join(lines))
    return 0


def _review_arguments(parser: argparse.ArgumentParser) -> None:
    number_argument(parser)
    parser.add_argument("--return", dest="returned", action="store_true", help="send it back to its author")
    parser.add_argument("--remark", default="", help="what was looked at, or what is to be mended")
    by_argument(parser, REVIEWER)


def _review(given: argparse.Namespace) -> int:
    with acting(principal=given.by):
        operations.review_round(
            round_no=given.round, approve=not given.returned, remark=given.remark, by=given.by, at=datetime.now(UTC)
        )
    found = queries.round(given.round)
    say(
        given, queries.summary(given.round),
        f"round {given.round} (drafted by {found['author']}) was {found['state']} by {found['reviewer']}",
    )  # fmt: skip
    return 0


def _rules(given: argparse.Namespace) -> int:
    rows = rulebook.book()
    lines = [
        f"from {row['from_date']}  {row['rule']:<20} {row['reference']}"
        + (f"  ({row['by']} and {row['second']}: {row['reason']})" if row["by"] else "")
        for row in rows
    ]
    say(given, rows, "\n".join(lines))
    return 0


def _adopt_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("rule", help="for example days-of-cover/1")
    parser.add_argument("--from", dest="from_date", type=date.fromisoformat, required=True, metavar="DAY")
    parser.add_argument("--reference", required=True, help="the law or the decision")
    parser.add_argument("--reason", required=True)
    by_argument(parser)
    parser.add_argument("--second", required=True, help=f"the second officer, for example {REVIEWER}")


def _adopt(given: argparse.Namespace) -> int:
    with acting(principal=given.by):
        rulebook.adopt(
            rule=given.rule, from_date=given.from_date, reference=given.reference, reason=given.reason, by=given.by,
            second=given.second, at=datetime.now(UTC),
        )  # fmt: skip
    say(given, rulebook.book(), f"{given.rule} shares rounds from {given.from_date}; earlier rounds keep their rule")
    return 0


def _defer_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("regency")
    parser.add_argument("blanks", type=int)
    parser.add_argument("--reason", required=True, help="for example: no ink until June")
    parser.add_argument("--since", type=date.fromisoformat, default=None, metavar="DAY", help="default: today")
    by_argument(parser)


def _defer(given: argparse.Namespace) -> int:
    with acting(principal=given.by):
        offices.defer(
            deferrals=[{"regency": given.regency, "blanks": given.blanks, "reason": given.reason, "since": given.since}],
            by=given.by, at=datetime.now(UTC),
        )  # fmt: skip
    say(
        given, queries.deferrals(),
        f"{gazetteer.name_of(given.regency)} puts off {given.blanks:,} blanks of its next share and keeps its claim",
    )  # fmt: skip
    return 0


def _collect_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("regency")
    parser.add_argument("--letter", required=True, help="the number of the surat tugas")
    parser.add_argument("--officer", required=True, help="who comes")
    parser.add_argument("--on", type=date.fromisoformat, required=True, metavar="DAY")
    by_argument(parser)


def _collect(given: argparse.Namespace) -> int:
    one = {"regency": given.regency, "letter": given.letter, "officer": given.officer, "collect_on": given.on}
    with acting(principal=given.by):
        offices.announce_collections(collections=[one], by=given.by, at=datetime.now(UTC))
    say(
        given, queries.collections(),
        f"{gazetteer.name_of(given.regency)} fetches its next lot on {given.on}, surat tugas {given.letter}",
    )  # fmt: skip
    return 0


def _routes_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--as-of", type=date.fromisoformat, default=None, metavar="DAY", help="default: today")
    parser.add_argument("--mode", choices=MODES, default=None)


def _routes(given: argparse.Namespace) -> int:
    ways = queries.route_table(given.as_of or datetime.now(UTC).date())
    rows = [
        {"regency": way.regency, "mode": way.mode, "days": way.days, "lot_cost": way.lot_cost,
         "blank_cost": way.blank_cost, "kg_cost": way.kg_cost, "blank_mg": way.blank_mg, "kind": way.kind, "source": way.source}
        for way in ways.values()
        if given.mode in (None, way.mode)
    ]  # fmt: skip
    lines = [
        f"{row['regency']}  {gazetteer.name_of(str(row['regency'])):<36}{row['mode']:<11}{row['days']:>3} days  "
        f"Rp {row['lot_cost']:>9,} a lot + {row['blank_cost']:>4} a blank  {row['kind']}: {row['source']}"
        for row in rows
    ]
    say(given, rows, "\n".join(lines))
    return 0


def say(given: argparse.Namespace, found: Any, line: str) -> None:
    """One JSON value, or the line for a person."""
    print(json.dumps(found, default=str) if given.json else line)


VERBS = {
    "supersede": (_supersede, "draft the next version of a round, with a reason; the old one stays visible"),
    "review": (_review, "approve or return a version; another officer than its author"),
    "rules": (_rules, "which rule is in force from when, on what it rests"),
    "adopt-rule": (_adopt, "put a rule in force from a day to come, with its legal reference"),
    "defer": (_defer, "an office puts off a part of its next share and keeps its claim"),
    "collect": (_collect, "an office fetches its next lot itself (surat tugas)"),
    "routes": (_routes, "what the way to each office takes and costs"),
}
ARGUMENTS = {
    "supersede": _supersede_arguments,
    "review": _review_arguments,
    "rules": lambda parser: None,
    "adopt-rule": _adopt_arguments,
    "defer": _defer_arguments,
    "collect": _collect_arguments,
    "routes": _routes_arguments,
}
