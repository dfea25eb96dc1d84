"""``./blanko custody count``: count what an office has, blind; count again; decide."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from blanko.cards.counting import operations, queries
from blanko.cards.counting.rules import MalformedCount
from blanko.cards.counting.sheet_files import read_sheet
from blanko.cards.custody.rules import Key
from blanko.cards.issuance import following
from blanko.ground.access.acting import acting
from blanko.kernel.boxes import BoxId

EXAMPLE = """Example:
  ./blanko custody count begin --office 1871 --reason "monthly" --by kepala.1871
  ./blanko custody count hand-in cli:1 sheet.csv --by operator.1871    heads: seen;condition
  ./blanko custody count decide cli:1 --approve --reason "stolen on 3 May, LP/12/V" --by kepala.pusat"""


def add_verb(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``count`` to the verbs of ``custody``."""
    raw = argparse.RawDescriptionHelpFormatter
    count = verbs.add_parser(
        "count", help="count what an office has, without seeing the book", description=EXAMPLE, formatter_class=raw
    )
    steps = count.add_subparsers(dest="step", required=True)
    begin = steps.add_parser("begin", help="freeze the book of an office and open its count")
    begin.add_argument("--office", required=True, metavar="C")
    begin.add_argument("--reason", required=True)
    begin.add_argument("--boxes", nargs="*", default=[], metavar="BOX", help="only these boxes")
    begin.add_argument("--key", default="", metavar="DEVICE:N", help="the count's name; sent twice, it begins once")
    hand_in = steps.add_parser("hand-in", help="one person's whole sheet (CSV, XLSX or Parquet)")
    hand_in.add_argument("count")
    hand_in.add_argument("file", type=Path)
    hand_in.add_argument("--note", default="")
    decide = steps.add_parser("decide", help="a third person approves or refuses what two persons saw")
    decide.add_argument("count")
    choice = decide.add_mutually_exclusive_group(required=True)
    choice.add_argument("--approve", action="store_true")
    choice.add_argument("--refuse", action="store_true")
    decide.add_argument("--reason", required=True)
    abandon = steps.add_parser("abandon", help="end a count without a correction")
    abandon.add_argument("count")
    abandon.add_argument("--reason", required=True)
    show = steps.add_parser("show", help="where a count stands; its differences once two persons have counted")
    show.add_argument("count")
    listed = steps.add_parser("list", help="counts, the newest first")
    listed.add_argument("--office", metavar="C")
    for step in (begin, hand_in, decide, abandon):
        step.add_argument("--by", required=True, metavar="OFFICER")
    for step in (begin, hand_in, decide, abandon, show, listed):
        step.add_argument("--json", action="store_true")


def run(given: argparse.Namespace) -> int:
    """Take one step of a count, or read counts."""
    if given.step == "list":
        for row in queries.counts(office=given.office):
            told = f"{row['count']:<24}{row['office']:<6}{row['status']:<12}{row['at']:%Y-%m-%d %H:%M}  {row['reason']}"
            print(json.dumps(row, default=str) if given.json else told)
        return 0
    if given.step == "show":
        return _show(given.count, as_json=given.json)
    at = datetime.now(UTC)
    try:
        with acting(principal=given.by):
            name = _step(given, at)
    except MalformedCount as error:
        for item in error.refused:
            print(f"row {item.row}: {item.reason}: {item.text}", file=sys.stderr)
        raise
    return _show(name, as_json=given.json)


def _step(given: argparse.Namespace, at: datetime) -> str:
    if given.step == "begin":
        device, _colon, number = given.key.rpartition(":")
        key = Key(device, int(number)) if device and number.isdecimal() else Key(f"cli/{uuid4().hex[:12]}", 1)
        return operations.begin(
            office=given.office, reason=given.reason, key=key, by=given.by, at=at,
            boxes=[BoxId.parse(box) for box in given.boxes],
        )  # fmt: skip
    if given.step == "hand-in":
        sheet = read_sheet(given.file)
        operations.hand_in(
            count=given.count, rows=sheet.rows, numbers=sheet.numbers, by=given.by, at=at, note=given.note
        )  # fmt: skip
    elif given.step == "decide":
        operations.decide(count=given.count, approve=given.approve, reason=given.reason, by=given.by, at=at)
        following.follow(by=given.by, at=at, office=queries.header(given.count)["office"])
    else:
        operations.abandon(count=given.count, reason=given.reason, by=given.by, at=at)
    return str(given.count)


NEXT = {
    "open": "somebody counts",
    "recount": "another person counts",
    "to_decide": "a third person decides",
    "matched": "it agreed with the book and is closed",
    "corrected": "its differences were booked",
    "abandoned": "it was ended without a correction",
}


def _show(name: str, *, as_json: bool) -> int:
    row = queries.count(name)
    blind = row["status"] in ("open", "recount")
    found = [] if blind else queries.differences(name)
    left = queries.left(name) if row["status"] == "corrected" else []
    if as_json:
        print(json.dumps({**row, "differences": found, "left": left}, default=str))
        return 0
    print(f"{name} of office {row['office']}: {row['status']}; {NEXT[row['status']]}")
    for sheet in row["sheets"]:
        print(f"  round {sheet['round']} by {sheet['by']} {sheet['note']}".rstrip())
    for item in found:
        box = BoxId(item["series"], item["box_no"])
        print(f"  {box} {item['first']:04d}-{item['last']:04d}: book {item['now']}, seen {item['seen'] or 'nothing'}")
    for item in left:
        print(
            f"  not booked: {BoxId(item['series'], item['box_no'])} {item['first']:04d}-{item['last']:04d}: {item['why']}"
        )
    return 0
