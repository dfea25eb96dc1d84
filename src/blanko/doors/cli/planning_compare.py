"""``./blanko planning compare``: the same months under several policies, side by side. Needs no database."""

from __future__ import annotations

import argparse
import dataclasses
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from blanko.decisions.planning.lab import BOX, CASES, compare
from blanko.engines.allocation.case_table import read_months
from blanko.engines.allocation.errors import InvalidPlan
from blanko.engines.allocation.lab import AS_SENT, REPLANNED, Comparison, Months, Outcome
from blanko.engines.allocation.policies import POLICIES

EXAMPLE = """Example:
  ./blanko planning compare                                   Lampung's 136,000 blanks of 10 April 2017
  ./blanko planning compare --case nation-2017                514 regencies, 26 weeks, six policies
  ./blanko planning compare --policies leximin,equal_counts --seed 7
  ./blanko planning compare --case mine.csv --deliveries 60000,0,0,0,40000,0,0,0
                                                              mine.csv: area_code,backlog,weekly,capacity[,lead_weeks,...]

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
    parser.add_argument(
        "--case", default="lampung-2017", metavar="NAME|FILE.csv", help=f"{' or '.join(CASES)}, or a file of your own"
    )
    parser.add_argument("--deliveries", metavar="N,N,...", help="with a file: blanks to the centre, one number a week")
    parser.add_argument("--box", type=int, default=BOX, help=f"with a file: blanks in a box (default {BOX})")
    parser.add_argument("--seed", type=int, default=1, help="which course of surprises (default 1)")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")


def run(given: argparse.Namespace) -> int:
    """Compare and print."""
    names = tuple(name.strip() for name in given.policies.split(",") if name.strip())
    found = compare(_case(given), names, seed=given.seed)
    if given.json:
        print(json.dumps(dataclasses.asdict(found), default=_day, ensure_ascii=False))
        return 0
    for line in _lines(found):
        print(line)
    return 0


def _case(given: argparse.Namespace) -> str | Months:
    """The name of a built-in case, or the case in a file."""
    if not given.case.endswith(".csv"):
        return str(given.case)
    path = Path(given.case)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InvalidPlan("{path} is not UTF-8 text", mend="save it as CSV in UTF-8", path=path) from error
    return read_months(
        text, name=path.name, deliveries=given.deliveries or "", begins=datetime.now(UTC).date(), box=given.box
    )


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
    names = {area.code: area.name for area in found.outcomes[0].areas}
    for outcome in found.outcomes:
        lines.append(
            f"{outcome.policy}: {SAYS.get(outcome.policy, outcome.rule)}; "
            f"worst off {names[outcome.worst]} with {outcome.fill_worst:.0%} of its need"
        )
    lines += ["", *(f"{mark.kind}: {mark.name}: {mark.source}" for mark in found.marks)]
    return lines


def _row(outcome: Outcome) -> str:
    return (
        f"{outcome.policy:<24}{outcome.waiting_mean:>7.2f}{outcome.waiting_p95:>5}{outcome.unserved:>11,}"
        f"{outcome.idle:>10,}{outcome.idle_central:>10,}{outcome.over:>12,}{outcome.fill_worst:>8.1%}"
        f"{outcome.stock_outs:>12,}{outcome.lots:>8,}{outcome.cost / 1e6:>12,.0f}"
    )
