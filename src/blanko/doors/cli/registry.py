"""``./blanko registry``: persons, their records and statuses."""

from __future__ import annotations

import argparse
import json
from datetime import date
from typing import Any

from django.utils import timezone

from blanko.doors.cli import registry_linkage
from blanko.ground.access.acting import acting
from blanko.records.entitlement import operations as entitlement
from blanko.records.entitlement import queries as owed
from blanko.records.registry import operations, queries
from blanko.records.registry.rules import person_number, person_text


def main(argv: list[str]) -> int:
    """Show a person or a record, take in what intake holds, or say that a regency is loaded whole."""
    parser = argparse.ArgumentParser(
        prog="blanko registry", description="Example: ./blanko registry record 3171 R00001"
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    take_in = verbs.add_parser("take-in", help="link every record and death that the registry has not seen")
    take_in.add_argument("--by", default="svc.registry")
    person = verbs.add_parser("person", help="a person, by today's or an earlier id")
    person.add_argument("id", help="like P-000000572-4, or its number")
    record = verbs.add_parser("record", help="a record with its chain of statuses")
    record.add_argument("office")
    record.add_argument("record")
    whole = verbs.add_parser("whole", help="regencies whose registrations are loaded whole; with CODE, declare one")
    whole.add_argument("regency", nargs="?")
    whole.add_argument("--as-of", type=date.fromisoformat)
    whole.add_argument("--reason", default="", help="how it was checked")
    whole.add_argument("--by", help="the officer who says so, for example kepala.3171")
    whole.add_argument("--withdraw", action="store_true", help="take the declaration back")
    nik = verbs.add_parser("confirm-nik", help="a NIK is right although it contradicts birth date or sex")
    nik.add_argument("office")
    nik.add_argument("record")
    nik.add_argument("--reason", required=True, help="which papers were seen")
    nik.add_argument("--by", required=True, help="the officer who says so, for example kepala.3171")
    nik.add_argument("--withdraw", action="store_true", help="take the confirmation back")
    for verb in (take_in, person, record, whole, nik):
        verb.add_argument("--json", action="store_true")
    registry_linkage.add_verbs(verbs)
    given = parser.parse_args(argv)
    if given.verb in registry_linkage.VERBS:
        return registry_linkage.run(given)
    match given.verb:
        case "take-in":
            with acting(principal=given.by):
                done = operations.take_in(by=given.by, at=timezone.now())
            found: dict[str, Any] = {name: getattr(done, name) for name in done.__slots__}
            text = "\n".join(f"{name.replace('_', ' '):<20}{value}" for name, value in found.items())
        case "person":
            found = queries.person(person_number(given.id))
            text = _person_text(found)
        case "record":
            found = queries.record(recorded_office=given.office, record_id=given.record)
            text = _record_text(found)
        case "confirm-nik":
            _confirm_nik(given)
            found = queries.record(recorded_office=given.office, record_id=given.record)
            text = _record_text(found)
        case _:
            if given.regency:
                if not given.by:
                    parser.error("name the officer who says so with --by")
                declare = operations.withdraw_whole if given.withdraw else operations.declare_whole
                with acting(principal=given.by):
                    declare(
                        regency=given.regency,
                        as_of=given.as_of or timezone.localdate(),
                        reason=given.reason,
                        by=given.by,
                        at=timezone.now(),
                    )
            found = queries.whole_regencies()
            text = "\n".join(f"{r}  as of {w['as_of']}  {w['by']}: {w['reason']}" for r, w in found.items())
            text = text or "no regency is declared whole"
    print(json.dumps(found, default=str) if given.json else text)
    return 0


def _confirm_nik(given: argparse.Namespace) -> None:
    """The claim follows at once, on the day on which all claims stand."""
    say, now = (operations.withdraw_nik if given.withdraw else operations.confirm_nik), timezone.now()
    with acting(principal=given.by):
        say(recorded_office=given.office, record_id=given.record, reason=given.reason, by=given.by, at=now)
        person = queries.resolve_record(recorded_office=given.office, record_id=given.record)
        day = owed.claims_as_of() or timezone.localdate(now)
        entitlement.refresh(as_of=day, by=given.by, at=now, persons=[person])


def _person_text(found: dict[str, Any]) -> str:
    lines = [f"person {person_text(found['person_id'])}"]
    if found["earlier_ids"]:
        lines.append("  earlier ids: " + ", ".join(person_text(number) for number in found["earlier_ids"]))
    if found["died_on"]:
        lines.append(f"  reported dead: {found['died_on']}")
    for record in found["records"]:
        leads = "carries the card" if record["is_lead"] else ""
        lines.append(
            f"  {record['recorded_office']}/{record['record_id']}  {record['name']}  {record['status']}"
            f" since {record['status_since']}  {leads}".rstrip()
        )
    return "\n".join(lines)


def _record_text(found: dict[str, Any]) -> str:
    lines = [
        f"record {found['recorded_office']}/{found['record_id']}  {found['name']}",
        f"  person {person_text(found['person_id'])}, regency {found['regency']}, version {found['version']}",
        f"  warnings: {', '.join(found['warnings']) or 'none'}",
    ]
    for change in found["statuses"]:
        why = f" ({change['reason']})" if change["reason"] else ""
        lines.append(
            f"  {change['since']}  {change['from_status']} -> {change['to_status']}"
            f"  {change['kind']}{why}, event {change['event_id']}"
        )
    lines.extend(
        f"  NIK {said['nik']} {'confirmed' if said['stands'] else 'doubted again'} ({said['reason']}), event {said['event_id']}"
        for said in found["nik_confirmations"]
    )
    lines.extend(
        f"  conflict: version {c['version']} shows {c['shown_status']} since {c['shown_since']};"
        f" {c['held_status']} stays"
        for c in found["conflicts"]
    )
    return "\n".join(lines)
