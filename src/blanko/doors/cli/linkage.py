"""``./blanko linkage``: find the records that are one person's, in files, without a database."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

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
    dedupe.add_argument(
        "--engine", choices=("local", "spark"), default="local", help="spark: on several machines; needs Java 17"
    )
    dedupe.add_argument(
        "--master",
        default="local[*]",
        help="where Spark runs, as spark://HOST:7077 (with --engine spark; default: here)",
    )
    dedupe.add_argument(
        "--thorough", action="store_true", help="compare by looser keys too: for files of up to 20,000 records"
    )
    dedupe.add_argument(
        "--spill", type=Path, metavar="DIR", help="folder for what memory cannot hold; its files go with the run"
    )
    dedupe.add_argument("--json", action="store_true", help="one object of counts")
    audit = verbs.add_parser(
        "audit",
        help="draw pairs for two blind readers",
        description="Example: ./blanko linkage audit links nation/registrations.csv --seed '31 12 64' --out audit",
        epilog="Writes reader_a.csv, reader_b.csv and key.json, which no reader may see. Answers: same, different, unsure.",
    )
    audit.add_argument("links", type=Path, help="the folder that linkage dedupe wrote")
    audit.add_argument("files", nargs="+", type=Path, help="the files that were linked")
    audit.add_argument("--seed", required=True, help="what dice showed in public; it alone decides the draw")
    audit.add_argument("--out", type=Path, required=True, help="folder for the sheets")
    audit.add_argument(
        "--merged", type=int, default=5_990, help="merged pairs to judge; 5,990 without an error prove 0.9995"
    )
    audit.add_argument("--per-band", type=int, default=100, help="pairs left apart to judge in each band of weight")
    audit.add_argument("--json", action="store_true", help="one object of counts")
    judge = verbs.add_parser(
        "judge", help="say what the answers of an audit prove", description="Example: ./blanko linkage judge audit"
    )
    judge.add_argument("out", type=Path, help="the folder that linkage audit wrote, with both answer columns filled")
    judge.add_argument("--json", action="store_true", help="one object {precision, by, recall}")
    climbed = verbs.add_parser(
        "ladder",
        help="people wrongly closed for each double removed, rule by rule",
        description="Example: ./blanko linkage ladder nation/registrations.csv --truth nation/truth.parquet",
        epilog="The rules of the voters' dispute of 2018 beside the engine, on a synthetic nation whose truth is known.",
    )
    climbed.add_argument("files", nargs="+", type=Path, help="Parquet or CSV; columns as in docs/linkage.md")
    climbed.add_argument("--truth", type=Path, required=True, help="truth.parquet of the same nation")
    climbed.add_argument("--links", type=Path, help="the folder of an earlier dedupe of these files; else it is run")
    climbed.add_argument("--json", action="store_true", help="one list, an object a rule")
    given = parser.parse_args(argv)
    if given.verb == "dedupe":
        if given.engine == "spark" and (given.thorough or given.spill):
            parser.error("--thorough and --spill are for --engine local")
        return _dedupe(given)
    if given.verb == "ladder":
        from blanko.doors.cli import linkage_ladder

        rows = linkage_ladder.climb(given.files, truth=given.truth, links=given.links, progress=Bars())
        if given.json:
            print(json.dumps(rows))
        else:
            linkage_ladder.show(rows)
        return 0
    from blanko.doors.cli import linkage_audit

    if given.verb == "audit":
        drawn = linkage_audit.draw(
            given.links, given.files, seed=given.seed, out=given.out, merged=given.merged, per_band=given.per_band
        )
        print(
            json.dumps(drawn)
            if given.json
            else f"{drawn['pairs']:,} pairs, {drawn['merged']:,} of them merged: {given.out}"
        )
        return 0
    found = linkage_audit.judge(given.out)
    if given.json:
        print(json.dumps(found))
    else:
        linkage_audit.show(found)
    return 0


def _dedupe(given: argparse.Namespace) -> int:
    """Link the files; progress on stderr, what was found on stdout."""
    # The engine brings numba, which --help does without.
    from blanko.engines.linkage.model import read_model

    asked: dict[str, Any] = {"threshold": given.threshold, "seed": given.seed, "progress": Bars()}
    if given.engine == "spark":
        from blanko.engines.linkage.spark import run, session

        session.check()
        asked["model"] = read_model(given.model) if given.model else None
        spread = run.link_files(given.files, given.out, master=given.master, **asked)
        files, seconds, found = spread.files, spread.seconds, spread.summary()
    else:
        from blanko.engines.linkage.dedupe import link_files, write

        asked["model"] = read_model(given.model) if given.model else None
        linked = link_files(given.files, spill=given.spill, thorough=given.thorough, **asked)
        files, seconds, found = write(linked, given.out), linked.seconds, linked.summary()
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
    print(f"{sum(seconds.values()):.1f} s: " + ", ".join(f"{k} {v:.1f}" for k, v in seconds.items()))
    return 0
