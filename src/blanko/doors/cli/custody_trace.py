"""``./blanko custody trace``, ``at`` and ``seized``: a blank's whole way, an office's past, a list found elsewhere."""

from __future__ import annotations

import argparse
import csv
import io
import json
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from django.utils import timezone

from blanko.cards.counting import queries as counts
from blanko.cards.custody import tracing
from blanko.cards.issuance import queries as issuance


def add_verbs(verbs: Any) -> None:
    """Add the verbs of this page to ``./blanko custody``."""
    trace = verbs.add_parser("trace", help="the whole way of a box, a serial or a chip, with hands and papers")
    trace.add_argument("identifier", metavar="SERIAL|UID|BOX")
    then = verbs.add_parser("at", help="what an office held at the end of a day")
    then.add_argument("office")
    then.add_argument("--on", type=date.fromisoformat, required=True, metavar="DAY")
    seized = verbs.add_parser("seized", help="trace a list of serials and UIDs, grouped by their last common holder")
    seized.add_argument("file", type=Path, help="CSV or XLSX; the column serial or uid, or else the first one")
    seized.add_argument("--csv", action="store_true", help="one row for each blank")
    for verb in (trace, then, seized):
        verb.add_argument("--json", action="store_true")


def run(given: argparse.Namespace) -> int | None:
    """Do what was asked; None when the verb is not one of this page."""
    if given.verb == "trace":
        return _trace(given.identifier, as_json=given.json)
    if given.verb == "at":
        return _at(given.office, given.on, as_json=given.json)
    if given.verb == "seized":
        return _seized(given)
    return None


def _trace(identifier: str, *, as_json: bool) -> int:
    found = tracing.trace(identifier)
    card = issuance.card(found.named)
    if as_json:
        told = {
            "identifier": identifier, "named": found.named, "uid": found.uid, "now": found.now, "steps": found.steps,
            "holders": [holder._asdict() for holder in found.holders], "card": card,
        }  # fmt: skip
        print(json.dumps(told, default=str))
        return 0
    print(found.named + (f", chip {found.uid}" if found.uid else ""))
    for held in found.now:
        print(f"now {held['condition']} at {held['office'] or 'movement ' + held['movement']}, lot {held['lot']}")
    print("steps")
    for step in found.steps:
        place = step["to_office"]
        if step["from_office"] != step["to_office"]:
            place = f"{step['from_office'] or 'maker'} -> {step['to_office']}"
        papers = ", ".join(f"{name} {value}" for name, value in step["papers"].items())
        print(
            f"  {_when(step['at'])}  {step['kind']:<16}{step['phase']:<9}{place:<14}{step['by']}  {step['reason']} {papers}".rstrip()
        )
    print("hands")
    for holder in found.holders:
        print(f"  {_holder(holder)}")
    if card:
        print(f"printed for record {card['recorded_office']}/{card['record_id']} ({card['cause']})")
    return 0


def _at(office: str, day: date, *, as_json: bool) -> int:
    moment = timezone.make_aware(datetime.combine(day, time.max))
    counts.check_shown(office)
    held = tracing.at_office(office, at=moment)
    if as_json:
        print(json.dumps([{**line._asdict(), "quantity": line.quantity} for line in held]))
        return 0
    totals: dict[str, int] = {}
    for line in held:
        totals[line.condition] = totals.get(line.condition, 0) + line.quantity
        print(f"{line.series}-{line.box_no:06d} {line.first:>5} to {line.last:>5}  {line.condition}")
    print(f"{office} on {day}: " + (", ".join(f"{n:,} {name}" for name, n in sorted(totals.items())) or "nothing"))
    return 0


def _seized(given: argparse.Namespace) -> int:
    found = tracing.seized(tracing.identifiers_in(given.file))
    if given.json:
        told = {
            "groups": [
                {"holder": group.holder._asdict(), "conditions": group.conditions, "serials": group.serials}
                for group in found.groups
            ],
            "together": found.together._asdict() if found.together else None,
            "unknown": found.unknown,
        }
        print(json.dumps(told, default=str))
    elif given.csv:
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["serial", "office", "on_the_way", "person", "since", "movement", "conditions"])
        for group in found.groups:
            for serial in group.serials:
                holder = group.holder
                writer.writerow(
                    [
                        serial,
                        holder.office,
                        holder.on_the_way,
                        holder.person,
                        holder.since.isoformat(),
                        holder.movement,
                        " ".join(group.conditions),
                    ]
                )
        print(out.getvalue(), end="")
    else:
        for group in found.groups:
            print(
                f"{len(group.serials):>7,} last held by {_holder(group.holder)}, in the book {' '.join(group.conditions)}"
            )
            print("        " + ", ".join(group.serials[:5]) + (" ..." if len(group.serials) > 5 else ""))
        if found.together:
            print(f"all of them were last together with {_holder(found.together)}")
        if found.unknown:
            print(f"{len(found.unknown):>7,} never in custody: {', '.join(found.unknown[:10])}")
    return 0


def _holder(holder: tracing.Holder) -> str:
    place = f"on the way to {holder.office}" if holder.on_the_way else holder.office
    until = f" until {_when(holder.until)}" if holder.until else ""
    return f"{place}, {holder.person}, from {_when(holder.since)}{until}, movement {holder.movement}"


def _when(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}"
