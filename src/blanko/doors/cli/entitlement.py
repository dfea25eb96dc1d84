"""``./blanko entitlement``: who is owed a card, why, and what blocks it."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from datetime import date
from typing import Any

from django.utils import timezone

from blanko.ground.access.acting import acting
from blanko.records.entitlement import operations, queries
from blanko.records.entitlement.rules import Backlog
from blanko.records.registry import queries as registry
from blanko.records.registry.rules import person_number, person_text


def main(argv: list[str]) -> int:
    """Show the backlog, the queue of a regency or the reasons of one claim; refresh decides all claims again."""
    parser = argparse.ArgumentParser(
        prog="blanko entitlement", description="Example: ./blanko entitlement backlog --regency 3171"
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    backlog = verbs.add_parser("backlog", help="the claims, always split, with and without the deceased")
    backlog.add_argument("--regency", default="", metavar="CODE", help="a regency (4 digits) or a province (2)")
    why = verbs.add_parser("why", help="the claim of one person and all that it rests on")
    why.add_argument("whom", metavar="PERSON|OFFICE/RECORD")
    queue = verbs.add_parser("queue", help="print-ready claims in the published order")
    queue.add_argument("--regency", required=True, metavar="CODE")
    queue.add_argument("--limit", type=int, default=20)
    refresh = verbs.add_parser("refresh", help="decide every claim again")
    refresh.add_argument("--by", default="svc.registry")
    for verb in (backlog, why, refresh):
        verb.add_argument("--as-of", type=date.fromisoformat, metavar="YYYY-MM-DD")
    for verb in (backlog, why, queue, refresh):
        verb.add_argument("--json", action="store_true")
    given = parser.parse_args(argv)
    found: Any
    match given.verb:
        case "backlog":
            split = queries.backlog(area=given.regency, as_of=given.as_of)
            found = {"as_of": queries.claims_as_of(), "area": given.regency, **asdict(split)}
            found["with_deceased"] = split.with_deceased()
            text = _backlog_text(split, as_of=queries.claims_as_of())
        case "why":
            found = queries.why(person_id=_person(given.whom), as_of=given.as_of or _today())
            text = _why_text(found)
        case "queue":
            found = queries.queue(regency=given.regency, limit=given.limit)
            text = "\n".join(
                f"{n:>6}  {row['recorded_office']}/{row['record_id']}  print-ready since {row['print_ready_since']}"
                f"  {row['cause']}"
                for n, row in enumerate(found, 1)
            )
            text = text or f"nobody in {given.regency} waits for a blank"
        case _:
            with acting(principal=given.by):
                done = operations.refresh(as_of=given.as_of or _today(), by=given.by, at=timezone.now())
            found = asdict(done)
            text = f"{done.changed} claims changed, {done.ended} ended"
    print(json.dumps(found, default=str) if given.json else text)
    return 0


def _today() -> date:
    """The day of the last refresh, so that a replay of 2017 is not asked about another year."""
    return queries.claims_as_of() or timezone.localdate()


def _person(whom: str) -> int:
    if "/" in whom:
        office, record_id = whom.split("/", 1)
        return registry.resolve_record(recorded_office=office, record_id=record_id)
    return person_number(whom)


def _backlog_text(split: Backlog, *, as_of: date | None) -> str:
    lines = [f"claims as of {as_of or 'no day yet'}{'persons':>12}{'with the deceased':>20}"]
    alive, with_dead = split.split(), split.with_deceased()
    lines += [f"  {name.replace('_', ' '):<24}{alive[name]:>10,}{with_dead[name]:>20,}" for name in alive]
    lines.append(f"  {'suspended (deceased)':<24}{split.suspended_deceased:>10,}")
    return "\n".join(lines)


def _why_text(found: dict[str, Any]) -> str:
    claim, record = found["claim"], found["record"]
    status = f"{record['status']} since {record['status_since']}"
    lines = [
        f"person {person_text(found['person_id'])} as of {found['as_of']}: {claim['state']}",
        f"  record   {record['recorded_office']}/{record['record_id']}, {status}",
    ]
    if claim["state"] == "settled":
        lines.append("  nothing is owed: the card is with its holder, who has asked for no other since")
    else:
        lines.append(f"  cause    {claim['cause']}, owed since {claim['since']}")
        lines.append(f"  blocked  {', '.join(claim['blocks']) or 'by nothing but a blank'}")
    if found["place_in_queue"]:
        lines.append(f"  queue    place {found['place_in_queue']} of regency {record['regency']}")
    lines += [f"  applied  {a['applied_on']} for {a['cause']}" for a in found["applications"]]
    return "\n".join(lines)
