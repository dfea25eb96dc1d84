"""``./blanko intake load FILES...``: take files in; every row is accepted, unchanged or refused with what would mend
it.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings

from blanko.cards.suket import operations as suket
from blanko.decisions.cases import operations as cases
from blanko.doors.cli.progress import Bar
from blanko.ground.access.acting import acting
from blanko.kernel.errors import BlankoError
from blanko.records.intake import operations, queries
from blanko.records.intake.kinds import KINDS
from blanko.records.intake.operations import LoadResult
from blanko.records.intake.rules import WARNINGS

EXAMPLE = """Example:
  ./blanko intake load examples/registrations-dirty.csv

CSV (comma, semicolon, tab; UTF-8, UTF-16, Windows-1252), XLSX or Parquet; heads in Indonesian or English.
Kinds: registrations, applications, deaths, stock, counts, printers, printing, biometrics; the heads tell which, or say --kind.
Exit codes: 0 also when rows were refused; 1 when a file could not be read at all; 2 wrong use."""


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="blanko intake", description=EXAMPLE, formatter_class=raw)
    verbs = parser.add_subparsers(dest="verb", required=True)
    load = verbs.add_parser("load", help="take files in", description=EXAMPLE, formatter_class=raw)
    load.add_argument("files", nargs="+", type=Path)
    load.add_argument("--kind", choices=list(KINDS))
    load.add_argument("--rejects", type=Path, metavar="DIR", help="where rejects.csv files go")
    load.add_argument("--no-registry", action="store_true", help="do not bring the registry up to date afterwards")
    load.add_argument("--json", action="store_true", help="one JSON object a file, a line each")
    listing = verbs.add_parser("files", help="what was loaded, newest first")
    listing.add_argument("--json", action="store_true")
    return parser


def main(argv: list[str]) -> int:
    """Load each file in a transaction of its own, then bring persons and cards owed up to date once."""
    given = _parser().parse_args(argv)
    if given.verb == "files":
        for row in queries.files():
            if given.json:
                print(json.dumps(row, default=str))
            else:
                print(
                    f"{row['loaded_at']:%Y-%m-%d %H:%M}  {row['kind']:<14}{row['read']:>10,} read {row['refused']:>8,} refused  {row['name']}"
                )
        return 0
    failed, touched = 0, False
    for path in given.files:
        try:
            with Bar(f"reading {path.name}") as bar, acting(principal="svc.intake"):
                result = operations.load(
                    path=path, kind=given.kind, by="svc.intake", at=datetime.now(UTC), data_dir=settings.DATA_DIR,
                    rejects_dir=given.rejects, progress=bar,
                )  # fmt: skip
        except (BlankoError, OSError) as error:
            failed += 1
            mend = getattr(error, "mend", "")
            if given.json:
                print(json.dumps({"file": path.name, "error": str(error), "mend": mend}))
            print(f"blanko: {path}: nothing of it was kept: {error}" + (f": {mend}" if mend else ""), file=sys.stderr)
            continue
        touched |= result.moves_claims
        if given.json:
            print(json.dumps(result.as_json(), default=str))
        else:
            _tell(result)
    if touched and not given.no_registry:
        with acting(principal="svc.registry"):
            cases.catch_up(by="svc.registry", at=datetime.now(UTC))
            suket.take_from_files(by="svc.suket", at=datetime.now(UTC))
        if not given.json:
            print("Persons and cards owed are up to date: ./blanko entitlement backlog")
    return 1 if failed else 0


def _tell(result: LoadResult) -> None:
    print(f"{result.file}: {result.kind} ({result.format})")
    if result.seen_before:
        print("  This file was loaded before: nothing changes.")
    print(
        "  columns: "
        + ", ".join(f"{head} = {column}" if head != column else column for column, head in result.mapping.items())
    )
    for head in result.ignored:
        hint = f" (did you mean {result.near[head]}?)" if head in result.near else ""
        print(f"  ignored: {head}{hint}")
    print(
        f"  {result.accepted:,} accepted + {result.unchanged:,} unchanged + {result.refused:,} refused"
        f" = {result.read:,} read; {result.warnings:,} warnings"
    )
    for warning, count in result.warning_counts.items():
        says, blocks = WARNINGS[warning]
        print(f"  warning, {count:,} x: {says}{' (the card waits)' if blocks else ''}")
    if result.rejects:
        print(f"  every refused row with its reason and mend: {result.rejects}")
