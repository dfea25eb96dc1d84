"""``./blanko custody``: load a manifest, send, take over as it really arrived, quarantine, lose and find, settle."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.utils import timezone

from blanko.cards.custody import arrivals, operations, queries
from blanko.cards.custody.rules import Condition, Key, Kind, conditions_of
from blanko.cards.custody.transit import Discrepancy, DiscrepancyKind, Leg, Mode, Resolution
from blanko.cards.issuance import following
from blanko.doors.cli.progress import Bar
from blanko.ground.access.acting import acting
from blanko.kernel.errors import InvalidValue

CHANGES = (Kind.QUARANTINE, Kind.RELEASE, Kind.SPOILAGE, Kind.LOSS, Kind.FINDING, Kind.CORRECTION)
MARKS = {
    "short": DiscrepancyKind.SHORT,
    "broken": DiscrepancyKind.BROKEN_SEAL,
    "wrong_seal": DiscrepancyKind.WRONG_SEAL,
    "damaged": DiscrepancyKind.DAMAGED,
}


def add_verbs(verbs: Any) -> None:
    """Add the verbs of this page to ``./blanko custody``."""
    manifest = verbs.add_parser("manifest", help="load a lot's manifest: boxes, and the UID of each chip")
    manifest.add_argument("file", type=Path)
    manifest.add_argument("--lot", required=True)
    send = verbs.add_parser("dispatch", help="send blanks to another office")
    send.add_argument("blanks", nargs="+", metavar="BOX|SERIAL|SERIAL..NNNN")
    send.add_argument("--from", dest="from_office", required=True, metavar="OFFICE")
    send.add_argument("--to", dest="to_office", required=True, metavar="OFFICE")
    send.add_argument("--kind", choices=["dispatch", "loan", "transfer"], default="dispatch")
    send.add_argument("--condition", choices=["good", "spoiled", "quarantined", "personalised"], default="good")
    send.add_argument("--carrier", help="who carries; with --answerable and --due one leg is written down")
    send.add_argument("--answerable", help="who answers for the blanks on the way")
    send.add_argument("--due", type=datetime.fromisoformat, help="until when, for example 2026-12-01T12:00+07:00")
    send.add_argument("--seals", default="", help="numbers of the seals, with commas between")
    send.add_argument("--collected-by", help="the receiver's own officer collects: number of the surat tugas")
    send.add_argument("--identity", default="", help="what was checked of that officer")
    receive = verbs.add_parser("receive", help="take a movement over, in the name of an officer who did not send it")
    receive.add_argument("movement")
    receive.add_argument("--scans", type=argparse.FileType("r"), help="what was scanned, one a line; - reads the input")
    for name in MARKS:
        receive.add_argument(f"--{name.replace('_', '-')}", action="append", default=[], metavar="BLANKS")
    receive.add_argument("--owner", default="", help="who has to explain what was marked; else who sent it")
    show = verbs.add_parser("movement", help="a movement: its blanks, who answers on each leg, what was wrong")
    show.add_argument("movement")
    paper = verbs.add_parser("bast", help="the record of hand-over of a movement as PDF")
    paper.add_argument("movement")
    paper.add_argument("--out", type=Path, required=True, metavar="FILE.pdf")
    wrong = verbs.add_parser("discrepancies", help="what receivers found wrong, with owner and age")
    wrong.add_argument("--office")
    wrong.add_argument("--all", action="store_true", help="resolved ones too")
    hand_on = verbs.add_parser("hand-on", help="make somebody else answer for a discrepancy")
    hand_on.add_argument("--owner", required=True)
    resolve = verbs.add_parser("resolve", help="end a discrepancy; not by who reported it")
    resolve.add_argument("--as", dest="as_", required=True, choices=[str(r) for r in Resolution])
    for verb in (hand_on, resolve):
        verb.add_argument("movement")
        verb.add_argument("number", type=int)
        verb.add_argument("--note", required=True)
    for kind in CHANGES:
        verb = verbs.add_parser(str(kind), help=f"{kind} of blanks of an office, with the reason")
        verb.add_argument("blanks", nargs="+", metavar="BOX|SERIAL|SERIAL..NNNN")
        verb.add_argument("--office", required=True)
        verb.add_argument("--reason", required=True)
        verb.add_argument("--before", help="what the blanks are, where the kind allows several")
        verb.add_argument("--after", help="what they become, where the kind allows several")
        verb.add_argument("--corrects", default="", metavar="MOVEMENT", help="for a correction")
        _key(verb)
    flow = verbs.add_parser("flow", help="where the blanks of a lot, or of all, are by place and condition")
    flow.add_argument("--lot")
    _key(send)
    for name in ("manifest", "dispatch", "receive", "hand-on", "resolve", *map(str, CHANGES)):
        verbs.choices[name].add_argument("--by", required=True, metavar="OFFICER")
    for name in ("manifest", "dispatch", "receive", "movement", "discrepancies", "hand-on", "resolve", "flow",
                 *map(str, CHANGES)):  # fmt: skip
        verbs.choices[name].add_argument("--json", action="store_true")


def _key(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--device", default="cli", help="with --sequence: the same pair acts once, however often sent")
    verb.add_argument("--sequence", type=int, help="else a number of this moment")


def run(given: argparse.Namespace) -> int | None:
    """Do the verb; None when it is none of these."""
    verb = given.verb
    done = {
        "manifest": _manifest, "dispatch": _dispatch, "receive": _receive, "movement": _movement, "bast": _bast,
        "discrepancies": _discrepancies, "hand-on": _hand_on, "resolve": _resolve, "flow": _flow,
        **dict.fromkeys(map(str, CHANGES), _change),
    }.get(verb)  # fmt: skip
    return None if done is None else done(given)


def _now() -> datetime:
    return datetime.now(UTC)


def _key_of(given: argparse.Namespace) -> Key:
    return Key(given.device, given.sequence if given.sequence is not None else int(_now().timestamp() * 1_000_000))


def _said(given: argparse.Namespace, told: Any, text: str) -> int:
    print(json.dumps(told, default=str) if given.json else text)
    return 0


def _manifest(given: argparse.Namespace) -> int:
    from django.conf import settings

    from blanko.cards.custody import manifest_store
    from blanko.cards.custody.manifests import ManifestRefused

    try:
        with acting(principal=given.by), Bar(f"reading {given.file.name}") as bar:
            taken = manifest_store.load(
                path=given.file, lot_no=given.lot, store=settings.DATA_DIR / "originals", by=given.by, at=_now(),
                progress=bar,
            )  # fmt: skip
    except ManifestRefused as refused:
        for fault in refused.faults[:20]:
            print(f"row {fault.row}  {fault.column}: {fault.reason}: {fault.value!r}", file=sys.stderr)
        raise
    again = " (loaded before; nothing changed)" if taken["repeated"] else ""
    return _said(given, taken, f"lot {taken['lot_no']}: {taken['boxes']:,} boxes, {taken['chips']:,} chips{again}")


def _dispatch(given: argparse.Namespace) -> int:
    at, legs = _now(), []
    if given.carrier or given.answerable or given.due or given.collected_by:
        if given.due is None or given.due.tzinfo is None:
            raise InvalidValue("a way has no due time", mend="give --due with its zone, as 2026-12-01T12:00+07:00")
        legs = [
            Leg(
                mode=Mode.COLLECTION if given.collected_by else Mode.COURIER, from_place=given.from_office,
                to_place=given.to_office, carrier=given.carrier or "", answerable=given.answerable or "",
                due_at=given.due, seals=[seal.strip() for seal in given.seals.split(",") if seal.strip()],
                assignment_no=given.collected_by or "", identity_checked=given.identity,
            )
        ]  # fmt: skip
    with acting(principal=given.by):
        made = operations.dispatch(
            consignment=queries.lines_named(given.blanks), from_office=given.from_office, to_office=given.to_office,
            key=_key_of(given), by=given.by, at=at, kind=Kind(given.kind), condition=Condition(given.condition),
            legs=legs,
        )  # fmt: skip
    return _said(given, {"movement": made}, f"on its way: {made}")


def _receive(given: argparse.Namespace) -> int:
    found = [
        Discrepancy(kind, given.owner, line)
        for name, kind in MARKS.items()
        for blanks in getattr(given, name)
        for line in queries.lines_named([blanks])
    ]
    said = {"movement": given.movement, "by": given.by, "at": _now()}
    with acting(principal=given.by):
        if given.scans is None:
            told = arrivals.receive_found(found=found, **said)
        else:
            told = arrivals.receive_scanned(scans=given.scans.read().splitlines(), further=found, **said)
        following.follow(by=given.by, at=_now(), office=queries.pending(given.movement).from_office)
    if given.json:
        return _said(given, queries.discrepancies(movement=given.movement), "")
    print(f"taken over: {given.movement}, {len(told)} discrepancies")
    for number, item in enumerate(told, 1):
        print(
            f"  {number}  {item.kind:<15}{_blanks(item.line) if item.line else item.identifier}  {item.owner} answers"
        )
    return 0


def _blanks(line: Any) -> str:
    return f"{line.box} {line.first}-{line.last}"


def _movement(given: argparse.Namespace) -> int:
    sent, legs = queries.pending(given.movement), queries.legs(given.movement)
    wrong = queries.discrepancies(movement=given.movement, resolved_too=True)
    if given.json:
        told = {
            "movement": given.movement, "kind": sent.kind, "condition": sent.condition, "phase": sent.phase,
            "from_office": sent.from_office, "to_office": sent.to_office, "by": sent.by, "at": sent.at,
            "lines": [line._asdict() for line in sent.lines], "legs": legs, "discrepancies": wrong,
        }  # fmt: skip
        return _said(given, told, "")
    print(f"{given.movement}: {sent.kind} of {sent.condition} blanks, {sent.phase}")
    print(
        f"{sent.from_office or 'maker'} -> {sent.to_office}, {timezone.localtime(sent.at):%Y-%m-%d %H:%M}, by {sent.by}"
    )
    for line in sent.lines:
        print(f"  {_blanks(line)}")
    for leg in legs:
        print(f"  leg {leg['leg']}: {leg['from_place']} -> {leg['to_place']}, {leg['carrier']} ({leg['mode']}); "
              f"{leg['answerable']} answers until {timezone.localtime(leg['due_at']):%Y-%m-%d %H:%M}")  # fmt: skip
    for row in wrong:
        print(f"  {row['number']}  {row['kind']}: {row['owner']} answers; {row['resolution'] or 'open'}")
    return 0


def _bast(given: argparse.Namespace) -> int:
    from blanko.cards.custody import papers

    given.out.write_bytes(papers.bast(given.movement))
    print(given.out)
    return 0


def _discrepancies(given: argparse.Namespace) -> int:
    rows = queries.discrepancies(office=given.office, resolved_too=given.all)
    if given.json:
        return _said(given, rows, "")
    for row in rows:
        blanks = row["identifier"] or f"{row['series']}-{row['box_no']:06d} {row['first']}-{row['last']}"
        age = (_now() - row["at"]).days
        print(f"{row['movement']} {row['number']}  {row['kind']:<15}{blanks:<26}{row['office']:<6}"
              f"{row['owner']} answers, {age} days, {row['resolution'] or 'open'}")  # fmt: skip
    if not rows:
        print("nothing is open")
    return 0


def _hand_on(given: argparse.Namespace) -> int:
    with acting(principal=given.by):
        arrivals.hand_on(
            movement=given.movement, number=given.number, owner=given.owner, note=given.note, by=given.by, at=_now()
        )
    return _said(given, {"owner": given.owner}, f"{given.owner} answers now")


def _resolve(given: argparse.Namespace) -> int:
    with acting(principal=given.by):
        arrivals.resolve(
            movement=given.movement, number=given.number, as_=given.as_, note=given.note, by=given.by, at=_now()
        )
    return _said(given, {"resolution": given.as_}, f"resolved: {given.as_}")


def _change(given: argparse.Namespace) -> int:
    before, after = conditions_of(given.verb, given.before, given.after)
    with acting(principal=given.by):
        made = operations.change(
            kind=Kind(given.verb), before=before, after=after, lines=queries.lines_named(given.blanks),
            office=given.office, key=_key_of(given), by=given.by, at=_now(), reason=given.reason,
            corrects=given.corrects,
        )  # fmt: skip
        following.follow(by=given.by, at=_now(), office=given.office)
    return _said(given, {"movement": made}, f"{before} -> {after}: {made}")


def _flow(given: argparse.Namespace) -> int:
    rows = queries.flow(lot=given.lot)
    if given.json:
        return _said(given, [dict(zip(("place", "condition", "quantity"), row, strict=True)) for row in rows], "")
    for place, condition, quantity in rows:
        print(f"{place:<9}{condition:<14}{quantity:>12,}")
    return 0
