"""``./blanko planning load`` and ``table``: the planner's tables in and out as CSV or XLSX."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal

from blanko.decisions.planning import loading
from blanko.doors.cli.planning_versions import by_argument, say
from blanko.ground.access.acting import acting

SHOWN = 20


def _round(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--round", type=int, default=None, metavar="NUMBER", help="of overrides: their round")


def _load_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE.xlsx|FILE.csv")
    parser.add_argument("--as", dest="kind", required=True, choices=loading.known_kinds())
    parser.add_argument("--store", action="store_true", help="store it; without this only what would change is shown")
    _round(parser)
    by_argument(parser)


def _load(given: argparse.Namespace) -> int:
    at = datetime.now(UTC)
    with acting(principal=given.by):
        made = loading.preview(given.file, given.kind, at=at, by=given.by, round_no=given.round)
        told = loading.told(made)
        if given.store and not made.problems:
            told["stored"] = loading.store(made, by=given.by, at=at)
    say(given, told, "\n".join(_lines(made, told, store=given.store)))
    return 1 if made.problems else 0


def _lines(made: loading.Preview, told: dict[str, Any], *, store: bool) -> list[str]:
    lines = [f"{problem}. {problem.mend}." for problem in made.problems[:SHOWN]]
    if len(made.problems) > SHOWN:
        lines.append(f"and {len(made.problems) - SHOWN} more wrong cells")
    for row in told["rows"][:SHOWN]:
        new = {name: value for name, value in row["values"].items() if value not in ("", None)}
        lines.append(
            f"row {row['row']} {row['change']}: " + ", ".join(f"{name} {value}" for name, value in new.items())
        )
    if told["ignored_columns"]:
        lines.append("nobody reads the columns " + ", ".join(told["ignored_columns"]))
    lines.append(
        f"{told['new']} new, {told['changed']} changed, {told['unchanged']} unchanged, {len(made.problems)} wrong cells"
    )
    if made.problems:
        lines.append("nothing was stored")
    elif store:
        lines.append(f"{told['stored']} rows stored")
    elif told["rows"]:
        lines.append("nothing is stored yet: add --store")
    return lines


def _table_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", choices=loading.known_kinds())
    parser.add_argument("--out", type=Path, default=None, metavar="FILE.xlsx|FILE.csv")
    parser.add_argument("--as-of", type=date.fromisoformat, default=None, metavar="DAY", help="default: today")
    _round(parser)


def _table(given: argparse.Namespace) -> int:
    day = given.as_of or datetime.now(UTC).date()
    if given.out is None:
        rows = loading.standing(given.kind, day=day, round_no=given.round)
        print(json.dumps(rows, default=str) if given.json else "\n".join(
            "  ".join(str(value) if value is not None else "-" for value in row.values()) for row in rows
        ))  # fmt: skip
        return 0
    form: Literal["csv", "xlsx"] = "csv" if given.out.suffix.lower() == ".csv" else "xlsx"
    given.out.write_bytes(loading.export(given.kind, form, day=day, round_no=given.round))
    say(given, {"table": str(given.out)}, f"{given.out}: change it and ./blanko planning load it --as {given.kind}")
    return 0


VERBS = {
    "load": (_load, "load needs, requests, overrides, deadlines and more from CSV or XLSX; first shown, then stored"),
    "table": (_table, "a table as it stands, as CSV or XLSX that comes in again"),
}
ARGUMENTS = {"load": _load_arguments, "table": _table_arguments}
