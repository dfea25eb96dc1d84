"""``./blanko linkage``: find the records that are one person's, in files, without a database."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from blanko.doors.cli.progress import Bar


class Bars:
    """One progress bar after another, a step each."""

    def __init__(self) -> None:
        self.bar, self.what = Bar(""), ""

    def __call__(self, what: str, done: float) -> None:
        if what != self.what:
            self.bar.__exit__()
            self.bar, self.what = Bar(what), what
        self.bar(done)
        if done >= 1:
            self.bar.__exit__()


def main(argv: list[str]) -> int:
    """Run one verb. Exit code 0 done, 1 no room, 2 wrong use or input."""
    parser = argparse.ArgumentParser(
        prog="blanko linkage", description="Example: ./blanko linkage dedupe nation/registrations.csv --out links"
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    dedupe = verbs.add_parser(
        "dedupe",
        help="find every person who is recorded twice",
        description="Example: ./blanko linkage dedupe nation/registrations.csv --out links",
        epilog="Writes pairs.parquet, clusters.parquet, model.json and report.html. Nothing is closed by it.",
    )
    dedupe.add_argument("files", nargs="+", type=Path, help="Parquet or CSV; columns as in docs/linkage.md")
    dedupe.add_argument("--out", type=Path, required=True, help="folder for the files")
    dedupe.add_argument("--model", type=Path, help="a model.json to use; else one is learned from the records")
    dedupe.add_argument(
        "--threshold", type=float, help="bits from which on two records are merged (default: the model's)"
    )
    dedupe.add_argument("--seed", type=int, default=0, help="draws the random pairs that training looks at")
    dedupe.add_argument("--json", action="store_true", help="one object of counts")
    given = parser.parse_args(argv)
    # The engine brings numba, which --help does without.
    from blanko.engines.linkage.dedupe import link_files, write
    from blanko.engines.linkage.model import read_model

    bars = Bars()
    model = read_model(given.model) if given.model else None
    linked = link_files(given.files, model=model, threshold=given.threshold, seed=given.seed, progress=bars)
    files = write(linked, given.out)
    found = linked.summary()
    if given.json:
        print(json.dumps({**found, "files": [str(path) for path in files]}))
        return 0
    counts, pairs = found["records_by_decision"], found["pairs_by_decision"]
    print(f"{found['records']:,} records, {found['persons']:,} persons")
    print(
        f"merged {counts['merged']:,} records; {pairs['review']:,} pairs wait for somebody; {counts['single']:,} records alone"
    )
    for path in files:
        print(path)
    print(f"{sum(linked.seconds.values()):.1f} s: " + ", ".join(f"{k} {v:.1f}" for k, v in linked.seconds.items()))
    return 0
