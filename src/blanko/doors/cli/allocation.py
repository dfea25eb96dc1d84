"""``./blanko allocation share``: the published rule on a CSV file, without a database."""

from __future__ import annotations

import argparse
import json
import os
import sys
from datetime import date
from pathlib import Path

from blanko.engines.allocation.errors import InvalidNeed
from blanko.engines.allocation.share import RULE_VERSION
from blanko.engines.allocation.stages import Stage, StagedAllocation, allocate_stages
from blanko.engines.allocation.table import read_needs, write_shares

EXAMPLE = """Example:
  ./blanko allocation share --needs examples/needs-april-2017.csv --stock 1000000 --box 500 --out shares.csv

In:  area_code,need,in_hand,deadline[,in_transit,earlier,last_box_on,requested]   (comma, semicolon or tab)
Out: area_code,share,boxes,fill,binding
fill is what the area then holds, of its need. binding: no_need, need_met, box_size or stock."""


def _stage(text: str) -> Stage:
    day, _, released = text.partition("=")
    try:
        return Stage(date.fromisoformat(day), int(released))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not DATE=BLANKS, for example 2017-04-19=200000") from None


def _blanks(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 up")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="blanko allocation", description=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    share = verbs.add_parser(
        "share", help="share a stock", description=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    share.add_argument("--needs", required=True, metavar="N.csv", help="one line for each area")
    share.add_argument("--stock", required=True, type=_blanks, help="blanks to share")
    share.add_argument("--box", required=True, type=_blanks, help="blanks in a sealed box")
    share.add_argument("--part-boxes", action="store_true", help="share what whole boxes leave in single blanks")
    share.add_argument("--reserve", type=_blanks, default=0, help="blanks that stay at the centre")
    share.add_argument("--stage", type=_stage, action="append", default=[], metavar="DATE=BLANKS",
                       help="release stock early for the areas with this deadline; may be given again")  # fmt: skip
    share.add_argument("--explain", metavar="CODE", help="say why this area gets what it gets")
    share.add_argument("--json", action="store_true", help="a summary as one JSON object on stdout")
    share.add_argument("--out", required=True, metavar="S.csv", help="where the shares go; - for stdout")
    return parser


def main(argv: list[str]) -> int:
    """Share, write and sum up. 2 with the line number for bad input."""
    given = _parser().parse_args(argv)
    try:
        text = Path(given.needs).read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        line = Path(given.needs).read_bytes()[: error.start].count(b"\n") + 1
        raise InvalidNeed(f"{given.needs}, line {line}: not UTF-8", mend="save the file as UTF-8") from None
    except OSError as error:
        raise InvalidNeed(f"{given.needs}: {error.strerror}", mend="check the path") from None
    try:
        needs = read_needs(text)
        result = allocate_stages(
            needs, stages=given.stage, stock=given.stock, box_size=given.box, part_boxes=given.part_boxes,
            reserve=given.reserve,
        )  # fmt: skip
    except InvalidNeed as error:
        raise InvalidNeed(f"{given.needs}, {error}", mend=error.mend) from None
    shares = {share.code: share for share in result.rest.shares}
    if given.explain and given.explain not in shares:
        raise InvalidNeed(f"{given.needs} has no area {given.explain}", mend="name a code of the file")
    _write(given.out, write_shares(result.rest.shares, totals=result.totals, box_size=given.box))
    told = sys.stderr if given.out == "-" or given.json else sys.stdout
    _sum_up(result, given, told)
    if given.explain:
        print(shares[given.explain].sentence(), file=told)
    return 0


def _write(out: str, text: str) -> None:
    if out == "-":
        sys.stdout.write(text)
        return
    part = Path(f"{out}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(out)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise InvalidNeed(f"{out} cannot be written: {error.strerror}", mend="choose a folder that you may write to") from None


def _sum_up(result: StagedAllocation, given: argparse.Namespace, told: object) -> None:
    rest = result.rest
    shared = sum(result.totals.values())
    lowest = min(rest.shares, key=lambda share: (share.fill_after, share.code))
    highest = max(rest.shares, key=lambda share: (share.fill_after, share.code))
    summary = {
        "rule": RULE_VERSION,
        "areas": len(rest.shares),
        "stock": given.stock,
        "shared": shared,
        "left": given.stock - shared,
        "fill_min": {"area": lowest.code, "fill": round(lowest.fill_after, 6)},
        "fill_max": {"area": highest.code, "fill": round(highest.fill_after, 6)},
        "stages": [
            {"deadline": stage.deadline.isoformat(), "released": stage.released, "shared": early.shared}
            for stage, early in result.early
        ],
        "lost_to_stages": sum(result.lost.values()) if result.early else 0,
    }
    if given.json:
        print(json.dumps(summary))
        return
    print(f"{summary['areas']:,} areas share {shared:,} of {given.stock:,} blanks ({RULE_VERSION}); {given.stock - shared:,} stay.", file=told)  # type: ignore[call-overload]
    print(f"Lowest fill {lowest.fill_after:.1%} ({lowest.code}), highest {highest.fill_after:.1%} ({highest.code}).", file=told)  # type: ignore[call-overload]
    for stage, early in result.early:
        print(f"Stage {stage.deadline}: {early.shared:,} blanks early to {len(early.shares):,} areas;"
              f" all others lost {sum(result.lost.values()):,} by it.", file=told)  # type: ignore[call-overload]  # fmt: skip
    if any(area.deadline for area in read_needs(Path(given.needs).read_text(encoding="utf-8"))) and not given.stage:
        print("Deadlines are in the file, and no stage was opened: release stock for one with --stage DATE=BLANKS.", file=sys.stderr)
