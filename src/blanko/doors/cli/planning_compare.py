"""``./blanko planning compare``: the same months under several policies, side by side. Needs no database."""

from __future__ import annotations

import argparse
import dataclasses
import json
from datetime import date
from typing import Any

from blanko.decisions.planning.lab import CASES, compare
from blanko.engines.allocation.lab import AS_SENT, REPLANNED, Comparison, Outcome
from blanko.engines.allocation.policies import POLICIES
from blanko.ground.places import gazetteer

EXAMPLE = """Example:
  ./blanko planning compare                                   Lampung's 136,000 blanks of 10 April 2017
  ./blanko planning compare --case nation-2017                514 regencies, 26 weeks, six policies
  ./blanko planning compare --policies leximin,equal_counts --seed 7

Waits are in weeks; who has no card at the end counts as waiting until then. Worst: the regency with the least of
its need printed. Stock-outs: weeks in which an office has people waiting and no blank. What is observed, estimated or
assumed stands below the table. Exit codes: 0 done, 2 wrong use (one line says which)."""
SAYS = {
    "leximin": "lowest fill first",
    "days_of_cover": "a province runs out together",
    "proportional": "in proportion to need",
    "equal_counts": "the same for everybody",
    "first_come": "who asks first",
    "projected_proportional": "keeps back for later need",
    REPLANNED: "lowest fill, planned ahead each week",
    AS_SENT: "as it was in 2017, then the same for all",
}


def main(argv: list[str]) -> int:
    """Run the verb; see --help."""
    parser = argparse.ArgumentParser(prog="blanko planning")
    verbs = parser.add_subparsers(dest="verb", required=True)
    arguments(verbs.add_parser("compare", description=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter))
    return run(parser.parse_args(argv))


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the verb."""
    known = ", ".join((*POLICIES, REPLANNED, AS_SENT))
    parser.add_argument("--policies", default="", metavar="NAME,NAME", help=f"some of {known} (default: all known)")
    parser.add_argument("--case", default="lampung-2017", metavar="NAME", help=f"{' or '.join(CASES)}")
    parser.add_argument("--seed", type=int, default=1, help="which course of surprises (default 1)")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")


def run(given: argparse.Namespace) -> int:
    """Compare and print."""
    names = tuple(name.strip() for name in given.policies.split(",") if name.strip())
    found = compare(given.case, names, seed=given.seed)
    if given.json:
        print(json.dumps(dataclasses.asdict(found), default=_day, ensure_ascii=False))
        return 0
    for line in _lines(found):
        print(line)
    return 0


def _day(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in JSON")


def _lines(found: Comparison) -> list[str]:
    weeks = len(found.outcomes[0].weeks)
    lines = [
        (
            f"{found.title}, {weeks} weeks, {len(found.outcomes[0].areas)} regencies, seed {found.seed}: "
            f"{found.needed:,} cards needed, {found.delivered:,} blanks delivered"
        ),
        "",
        (
            f"{'policy':<24}{'waits':>7}{'p95':>5}{'no card':>11}{'idle':>10}{'centre':>10}{'above need':>12}"
            f"{'worst':>8}{'stock-outs':>12}{'lots':>8}{'Rp million':>12}"
        ),
    ]
    lines += [_row(outcome) for outcome in found.outcomes]
    lines.append("")
    for outcome in found.outcomes:
        lines.append(
            f"{outcome.policy}: {SAYS.get(outcome.policy, outcome.rule)}; "
            f"worst off {gazetteer.name_of(outcome.worst)} with {outcome.fill_worst:.0%} of its need"
        )
    lines += ["", *(f"{mark.kind}: {mark.name}: {mark.source}" for mark in found.marks)]
    return lines


def _row(outcome: Outcome) -> str:
    return (
        f"{outcome.policy:<24}{outcome.waiting_mean:>7.2f}{outcome.waiting_p95:>5}{outcome.unserved:>11,}"
        f"{outcome.idle:>10,}{outcome.idle_central:>10,}{outcome.over:>12,}{outcome.fill_worst:>8.1%}"
        f"{outcome.stock_outs:>12,}{outcome.lots:>8,}{outcome.cost / 1e6:>12,.0f}"
    )
