"""``./blanko nightly``: what is done every night, once a day however often it is called."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from datetime import UTC, datetime

from blanko.cards.alerts.nightly import NIGHTLY
from blanko.decisions.cases.nightly import Casework, nightly
from blanko.ground.access.acting import acting

EXAMPLE = """Example:
  ./blanko nightly          cards follow their blanks, all accounts are compared, alerts are told,
                            and cases are settled by the published rule where nobody answered in time
  30 1 * * *  cd /srv/blanko && ./blanko nightly     in a crontab; or let ./blanko serve --nightly 01:30 do it"""


def main(argv: list[str]) -> int:
    """Do the night's work; what was done today is not done twice. Exit code 1 when journal and book are not one."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="blanko nightly", description=EXAMPLE, formatter_class=raw)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(argv)
    with acting(principal=NIGHTLY):
        night = nightly(at=datetime.now(UTC))
    if given.json:
        print(json.dumps(asdict(night), default=str))
    elif night.before:
        print(f"the night of {night.day} was done before: run {night.reconcile}, {night.differences:,} differences")
        print(_cases(night.cases))
    else:
        owed_again = len(night.followed.lost) + len(night.followed.spoiled)
        print(
            f"the night of {night.day}\n  {owed_again:,} cards are owed again, since custody lost or spoiled their blanks\n"
            f"  reconcile: run {night.reconcile}, {night.differences:,} differences;"
            f" journal and book {'are one' if night.holds else 'DIFFER'}: ./blanko custody reconcile --show {night.reconcile}\n"
            f"  alerts: {len(night.alerts.new):,} new, {len(night.alerts.over):,} over: ./blanko alerts list\n"
            f"{_cases(night.cases)}"
        )
    return 0 if night.holds else 1


def _cases(done: Casework) -> str:
    """What the night did for cases, in two lines."""
    overdue, papers = done.overdue, done.papers
    return (
        f"  cases: {overdue.settled:,} settled by the published rule since nobody answered, {overdue.second:,} to be signed,"
        f" {overdue.left:,} refused; {done.opened.opened:,} opened\n"
        f"  deaths: {papers.deaths:,} cards suspended by papers, {papers.uncertain + papers.somebody_else:,} papers ask who"
        f" died, {done.opened.notices:,} families to be told: ./blanko cases deaths"
    )
