"""``./blanko bench NAME [--json]``: a target, the figure on this machine, and the peer or the limit beside it."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

from blanko.doors.cli.machine import condition, machine

NAMES = tuple(sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py")))


@contextmanager
def _stdout_kept_clean() -> Iterator[None]:
    """Peers print banners from C; they go to stderr, so that stdout holds the figures alone."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def main(argv: list[str]) -> int:
    """Print each row of the bench; the exit code does not judge, since machines are shared and noisy."""
    parser = argparse.ArgumentParser(
        prog="blanko bench", description="Example: ./blanko bench allocation", epilog="Quote ratios of one run."
    )
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--json", action="store_true", help="one object {bench, machine, rows}")
    parser.add_argument("--records", type=int, help="how many records, where a bench takes it (linkage)")
    given = parser.parse_args(argv)
    run = import_module(f"blanko.doors.cli.bench_{given.name}").run
    size: dict[str, int] = {}
    if given.records is not None:
        if "records" not in signature(run).parameters:
            parser.error(f"bench {given.name} takes no --records")
        size["records"] = given.records
    found = f"{machine()}; {condition()}"
    with _stdout_kept_clean():
        rows: list[dict[str, Any]] = run(**size)
    if given.json:
        print(json.dumps({"bench": given.name, "machine": found, "rows": rows}))
        return 0
    print(found)
    for row in rows:
        target = f"target {row['target']}" if row.get("target") is not None else "no target"
        verdict = "" if row.get("met") is None else (", met" if row["met"] else ", NOT met")
        peer = f"; peer: {row['peer']}" if row.get("peer") else ""
        print(f"{row['job']}: {row['value']:,} {row['unit']} ({target}{verdict}){peer}")
    return 0
