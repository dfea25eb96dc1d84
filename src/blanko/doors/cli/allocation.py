"""``./blanko allocation share``: the published rule on a CSV file, without a database."""

from __future__ import annotations

import argparse
import json
import os
import sys
from datetime import date
from pathlib import Path
from typing import Any, NoReturn

from blanko.engines.allocation.errors import InvalidNeed
from blanko.engines.allocation.share import RULE_VERSION, AreaShare
from blanko.engines.allocation.stages import Stage, StagedAllocation, allocate_stages
from blanko.engines.allocation.table import DIGITS_MAX, Needs, read_needs, write_shares
from blanko.kernel.errors import BlankoError

LOSERS_SHOWN = 10

EXAMPLE = """Example:
  ./blanko allocation share --needs examples/needs-april-2017.csv --stock 1000000 --box 500 --out shares.csv
  ... --part-boxes --part-reserve 20000   single blanks for areas that need less than a box
  ... --stage 2017-04-19=200000     release 200,000 early for the areas with that deadline
  ... --explain 1871                say why this area gets what it gets

In:  area_code,need,in_hand,deadline[,in_transit,earlier,last_box_on,requested]   (comma, semicolon or tab)
Out: area_code,share,boxes,fill,binding
fill is what the area then holds, of its need; binding is what stopped it: no_need, need_met, box_size or stock.
The rule in full: docs/allocation.md. Exit codes: 0 done, 1 failed, 2 wrong use or input (one line says which)."""


class WrongUse(BlankoError, ValueError):
    """The command line cannot be understood."""


class _Parser(argparse.ArgumentParser):
    """Help begins with an example, and a wrong use is one line."""

    def format_help(self) -> str:
        return f"{EXAMPLE}\n\n{super().format_help()}"

    def error(self, message: str) -> NoReturn:
        raise WrongUse(message, mend="see ./blanko allocation share --help")


def _stage(text: str) -> Stage:
    day, _, released = text.partition("=")
    try:
        return Stage(date.fromisoformat(day), _blanks(released))
    except (ValueError, argparse.ArgumentTypeError):
        raise argparse.ArgumentTypeError(f"{text!r} is not DATE=BLANKS, for example 2017-04-19=200000") from None


def _blanks(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a whole number from 0 up, without separators")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="blanko allocation")
    verbs = parser.add_subparsers(dest="verb", required=True, parser_class=_Parser)
    share = verbs.add_parser("share", help="share a stock")
    share.add_argument("--needs", required=True, metavar="N.csv", help="one line for each area")
    share.add_argument("--stock", required=True, type=_blanks, metavar="BLANKS", help="blanks to share")
    share.add_argument("--box", required=True, type=_blanks, metavar="BLANKS", help="blanks in a sealed box")
    share.add_argument("--part-boxes", action="store_true", help="share what whole boxes leave in single blanks")
    share.add_argument(
        "--part-reserve",
        type=_blanks,
        default=0,
        metavar="BLANKS",
        help="with --part-boxes: blanks kept from whole boxes for areas that need less than one",
    )
    share.add_argument("--reserve", type=_blanks, default=0, metavar="BLANKS", help="blanks that stay at the centre")
    share.add_argument("--reserve-for", default="", metavar="PURPOSE", help="why they stay; a reserve needs a purpose")
    share.add_argument(
        "--stage",
        type=_stage,
        action="append",
        default=[],
        metavar="DATE=BLANKS",
        help="release stock early for the areas with this deadline; may be given again",
    )
    share.add_argument("--explain", metavar="CODE", help="say why this area gets what it gets")
    share.add_argument("--json", action="store_true", help="the summary as one JSON object, last on stdout")
    share.add_argument("--out", required=True, metavar="S.csv", help="where the shares go; - for stdout")
    return parser


def main(argv: list[str]) -> int:
    """Share, write and sum up: 0. Raises InvalidNeed or WrongUse (the dispatcher's exit code 2) with line and mend."""
    given = _parser().parse_args(argv)
    if given.reserve and not given.reserve_for.strip():
        raise WrongUse("a central reserve needs a purpose", mend="say it with --reserve-for 'floods in May'")
    if given.part_reserve and not given.part_boxes:
        raise WrongUse("a part reserve is shared in single blanks", mend="add --part-boxes")
    try:
        needs = read_needs(_text(given.needs))
    except InvalidNeed as error:
        raise InvalidNeed(f"{given.needs}, {error}", mend=error.mend) from None
    result = allocate_stages(
        needs.areas,
        stages=given.stage,
        stock=given.stock,
        box_size=given.box,
        part_boxes=given.part_boxes,
        reserve=given.reserve,
        part_reserve=given.part_reserve,
    )
    explained = next((share for share in result.shares if share.code == given.explain), None)
    if given.explain is not None and explained is None:
        raise InvalidNeed(
            "{needs} has no area {explain}", mend="name a code of the file", needs=given.needs, explain=given.explain
        )
    _write(given.out, write_shares(result.shares))
    for notice in _notices(needs, given):
        print(notice, file=sys.stderr)
    if given.json:
        print(json.dumps(_summary(result, given, explained), ensure_ascii=False))
        return 0
    for line in _sum_up(result, given, explained):
        print(line, file=sys.stderr if given.out == "-" else sys.stdout)
    return 0


def _text(path: str) -> str:
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise InvalidNeed("it cannot be read: {strerror}", mend="check the path", strerror=error.strerror) from None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InvalidNeed("line {line}: not UTF-8", mend="save the file as UTF-8", line=line) from None


def _write(out: str, text: str) -> None:
    """Whole or not at all: a reader never finds half a file."""
    if out == "-":
        sys.stdout.write(text)
        return
    part = Path(f"{out}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8", newline="")
        part.replace(out)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise InvalidNeed(
            "{out} cannot be written: {strerror}",
            mend="choose a folder that you may write to",
            out=out,
            strerror=error.strerror,
        ) from None


def _notices(needs: Needs, given: argparse.Namespace) -> list[str]:
    """What a reader should know about the input, though nothing is wrong with it."""
    notices = []
    if needs.unused:
        notices.append(f"Columns that the rule does not use: {', '.join(needs.unused)}.")
    if not given.stage and any(area.deadline for area in needs.areas):
        notices.append(
            "Deadlines are in the file, and no stage was opened: release stock for one with --stage DATE=BLANKS."
        )
    return notices


def _extremes(result: StagedAllocation) -> tuple[AreaShare, AreaShare]:
    return (
        min(result.shares, key=lambda share: (share.fill_after, share.code)),
        max(result.shares, key=lambda share: (share.fill_after, share.code)),
    )


def _summary(result: StagedAllocation, given: argparse.Namespace, explained: AreaShare | None) -> dict[str, Any]:
    shared = sum(result.totals.values())
    lowest, highest = _extremes(result)
    summary: dict[str, Any] = {
        "rule": RULE_VERSION,
        "areas": len(result.shares),
        "stock": given.stock,
        "reserve": given.reserve,
        "reserve_for": given.reserve_for,
        "shared": shared,
        "left": given.stock - shared,
        "fill_min": {"area": lowest.code, "fill": round(lowest.fill_after, 6)},
        "fill_max": {"area": highest.code, "fill": round(highest.fill_after, 6)},
        "stages": [
            {
                "deadline": stage.deadline.isoformat(),
                "released": stage.released,
                "shared": early.shared,
                "areas": [share.code for share in early.shares],
                "lost_by_others": {code: blanks for code, blanks in lost.items() if blanks},
            }
            for (stage, early), lost in zip(result.early, result.lost_to, strict=True)
        ],
        "lost_to_stages": sum(result.lost.values()) if result.early else 0,
    }
    if explained is not None:
        names = AreaShare.__dataclass_fields__
        summary["explained"] = {name: getattr(explained, name) for name in names} | {"sentence": explained.sentence()}
    return summary


def _sum_up(result: StagedAllocation, given: argparse.Namespace, explained: AreaShare | None) -> list[str]:
    shared = sum(result.totals.values())
    lowest, highest = _extremes(result)
    left = given.stock - shared
    lines = [
        f"{len(result.totals):,} areas share {shared:,} of {given.stock:,} blanks; {left:,} stay ({RULE_VERSION}).",
        f"Lowest fill {lowest.fill_after:.1%} ({lowest.code}), highest {highest.fill_after:.1%} ({highest.code}).",
    ]
    if given.reserve:
        lines.append(
            f"Of what stays, {min(given.reserve, left):,} are kept at the centre for {given.reserve_for.strip()}."
        )
    for (stage, early), lost in zip(result.early, result.lost_to, strict=True):
        losers = sorted(((blanks, code) for code, blanks in lost.items() if blanks), key=lambda one: (-one[0], one[1]))
        lines.append(
            f"Stage {stage.deadline}: {early.shared:,} blanks early to {len(early.shares):,} areas;"
            f" it cost {sum(lost.values()):,} to {len(losers):,} of the {len(lost):,} others."
        )
        lines += [f"  {code} lost {blanks:,}" for blanks, code in losers[:LOSERS_SHOWN]]
        if len(losers) > LOSERS_SHOWN:
            lines.append(f"  and {len(losers) - LOSERS_SHOWN:,} more: --json lists them all")
    if explained is not None:
        lines.append(explained.sentence())
    return lines
