"""``./blanko suket``: temporary certificates of persons who wait for a card."""

from __future__ import annotations

import argparse
import json
from datetime import date
from pathlib import Path
from typing import Any

from django.utils import timezone

from blanko.cards.suket import operations, papers, queries
from blanko.cards.suket.rules import Reason, VoidCause
from blanko.ground.access.acting import acting
from blanko.records.registry import queries as registry

EXAMPLE = """Example:
  ./blanko suket issue --office 3171 --for 3171011234567890   one suket, by NIK
  ./blanko suket bulk --office 3171 --limit 200               everyone who waits for a blank and holds none
  ./blanko suket show 470/00001/SUKET/3171/2017 --pdf s.pdf   the paper, A5"""


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="blanko suket", description=EXAMPLE, formatter_class=raw)
    verbs = parser.add_subparsers(dest="verb", required=True)
    issue = verbs.add_parser("issue", help="give one person a suket")
    issue.add_argument("--office", required=True)
    issue.add_argument("--for", dest="nik", required=True, metavar="NIK")
    issue.add_argument(
        "--reason", choices=[r.value for r in Reason if r is not Reason.UNK], help="default: as recorded"
    )
    bulk = verbs.add_parser("bulk", help="everyone of an office who waits and holds none")
    bulk.add_argument("--office", required=True)
    bulk.add_argument("--reason", action="append", choices=[r.value for r in Reason if r is not Reason.UNK])
    bulk.add_argument("--limit", type=int, default=500)
    renew = verbs.add_parser("renew", help="a new suket in the place of one that ends")
    renew.add_argument("number")
    void = verbs.add_parser("void", help="void a suket")
    void.add_argument("number")
    void.add_argument("--cause", required=True, choices=[cause.value for cause in VoidCause])
    void.add_argument("--note", required=True, help="what happened")
    show = verbs.add_parser("show", help="one suket, and how it ended")
    show.add_argument("number")
    show.add_argument("--pdf", type=Path, help="write the paper there")
    holders = verbs.add_parser("holders", help="holders by office and age")
    holders.add_argument("--office")
    holders.add_argument("--on", type=date.fromisoformat, help="the day from which ages are counted; default: today")
    holders.add_argument("--by-holder", action="store_true", help="by the holder's age, not the suket's")
    files = verbs.add_parser("take-from-files", help="take numbers over that registration files brought")
    for verb in (issue, bulk, renew, void, files):
        verb.add_argument("--by", default="svc.suket", metavar="OFFICER")
    for verb in (issue, bulk, renew, void, show, holders, files):
        verb.add_argument("--json", action="store_true")
    return parser


def main(argv: list[str]) -> int:
    """Issue, renew, void, show and count sukets."""
    given = _parser().parse_args(argv)
    if given.verb == "show":
        if given.pdf:
            given.pdf.write_bytes(papers.paper(given.number))
        found: Any = queries.suket(given.number)
        text = _text(found)
    elif given.verb == "holders":
        found = queries.holders(on=given.on or timezone.localdate(), office=given.office, of_holder=given.by_holder)
        text = "\n".join(f"{row['office']:<6}{row['age'].replace('_', ' '):<14}{row['holders']:>10,}" for row in found)
        text = text or "nobody holds a suket"
    else:
        found, text = _do(given)
    print(json.dumps(found, default=str) if given.json else text)
    return 0


def _do(given: argparse.Namespace) -> tuple[Any, str]:
    who = {"by": given.by, "at": timezone.now()}
    with acting(principal=given.by):
        match given.verb:
            case "bulk":
                numbers = operations.issue_bulk(
                    office=given.office, reasons=given.reason or [Reason.PRR], limit=given.limit, **who
                )
                spread = f": {numbers[0]} to {numbers[-1]}" if numbers else ""
                return {"numbers": numbers}, f"{len(numbers):,} sukets issued{spread}"
            case "take-from-files":
                taken = operations.take_from_files(**who)
                return {"taken": taken}, f"{taken:,} numbers taken over"
            case "issue":
                person = registry.person_under(given.nik)
                number = operations.issue(person_id=person, office=given.office, reason=given.reason, **who)
            case "renew":
                number = operations.renew(number=given.number, **who)
            case _:
                number = given.number
                operations.void(number=number, cause=given.cause, note=given.note, **who)
    found = queries.suket(number)
    return found, _text(found)


def _text(found: dict[str, Any]) -> str:
    lines = [
        f"suket {found['number']}  {found['name']}  NIK {found['nik']}",
        f"  record {found['recorded_office']}/{found['record_id']}, office {found['office']}, reason {found['reason']}",
        f"  issued {found['issued_on'] or 'on a day that its file does not say'}, valid until {found['valid_until'] or '–'}",
    ]
    if found["renews"]:
        lines.append(f"  renews {found['renews']}")
    if found["ended"]:
        why = found["card"] or found["renewed_by"] or f"{found['cause']}: {found['note']}"
        lines.append(
            f"  ended {timezone.localtime(found['ended_at']):%Y-%m-%d}: {found['ended'].replace('_', ' ')}, {why}"
        )
    return "\n".join(lines)
