"""``./blanko destruction``: what lies spoiled, and how it is destroyed before witnesses."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.utils import timezone

from blanko.cards.custody.rules import Key, Line
from blanko.cards.destruction import operations, papers, queries, rules
from blanko.cards.destruction.rules import CardKind, Method, Target, WitnessGiven
from blanko.ground.access.acting import acting
from blanko.kernel.errors import InvalidValue

EXAMPLE = """Example:
  ./blanko destruction spoiled --office 1871                    the spoilage register
  ./blanko destruction assemble --office 1871 --all --method burned --place "Halaman kantor" --by operator.1871
  ./blanko destruction witness BATCH --name "Ipda Sari" --body "Polresta" --identity "NRP 8001" --by operator.1871
  ./blanko destruction photo BATCH fire.jpg --by operator.1871
  ./blanko destruction destroy BATCH --paper BA/1/2017 --blanks 15 --cards 0 --by operator.1871
  ./blanko destruction paper BATCH --to berita-acara.pdf        a draft until it is destroyed
  ./blanko destruction hold office 1871 --reason "theft of 3 May" --paper LP/12 --by kepala.1871 --second kepala.pusat"""


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="blanko destruction", description=EXAMPLE, formatter_class=raw)
    verbs = parser.add_subparsers(dest="verb", required=True)
    spoiled = verbs.add_parser("spoiled", help="every spoiled blank with reason, age, office and batch")
    cards = verbs.add_parser("cards", help="old cards that were given back and wait")
    listed = verbs.add_parser("list", help="batches, the newest first")
    for verb in (spoiled, cards, listed):
        verb.add_argument("--office", metavar="C")
    show = verbs.add_parser("show", help="a batch whole")
    paper = verbs.add_parser("paper", help="its Berita Acara as PDF")
    paper.add_argument("--to", type=Path, required=True, metavar="FILE")
    card = verbs.add_parser("card", help="register an old card that was given back")
    card.add_argument("number")
    card.add_argument("--kind", choices=[kind.value for kind in CardKind], default="ktp_el")
    card.add_argument("--serial", default="")
    card.add_argument("--office", required=True, metavar="C")
    card.add_argument("--reason", required=True)
    assemble = verbs.add_parser("assemble", help="lay spoiled blanks and old cards aside for one destruction")
    assemble.add_argument("serials", nargs="*", metavar="SERIAL[..LAST]")
    assemble.add_argument("--all", action="store_true", help="all that lies spoiled or was given back there")
    assemble.add_argument("--cards", nargs="*", default=[], metavar="NUMBER")
    assemble.add_argument("--office", required=True, metavar="C")
    assemble.add_argument("--method", choices=[method.value for method in Method], required=True)
    assemble.add_argument("--place", required=True)
    assemble.add_argument("--note", default="")
    witness = verbs.add_parser("witness", help="name somebody who sees it, and of which body")
    for name in ("name", "body", "identity"):
        witness.add_argument(f"--{name}", required=True)
    witness.add_argument("--title", default="")
    photo = verbs.add_parser("photo", help="keep a photograph")
    destroy = verbs.add_parser("destroy", help="it was destroyed before its witnesses")
    destroy.add_argument("--paper", required=True, help="the number of the Berita Acara")
    destroy.add_argument("--blanks", type=int, required=True, help="counted before the witnesses")
    destroy.add_argument("--cards", type=int, default=0, help="counted before the witnesses")
    cancel = verbs.add_parser("cancel", help="end a batch that will not be destroyed")
    for verb in (show, paper, witness, photo, destroy, cancel):
        verb.add_argument("batch")
    photo.add_argument("file", type=Path)
    holds = verbs.add_parser("holds", help="what must not be destroyed")
    holds.add_argument("--lifted", action="store_true", help="also those that ended")
    hold = verbs.add_parser("hold", help="two officers forbid a destruction")
    hold.add_argument("target", choices=[target.value for target in Target])
    hold.add_argument("what", metavar="BATCH|OFFICE|BOX")
    hold.add_argument("--paper", default="", help="for example the number of the police report")
    lift = verbs.add_parser("lift", help="two officers end a hold")
    lift.add_argument("hold")
    for verb in (hold, lift):
        verb.add_argument("--second", required=True, metavar="OFFICER")
    for verb in (cancel, hold, lift):
        verb.add_argument("--reason", required=True)
    for verb in (card, assemble, witness, photo, destroy, cancel, hold, lift):
        verb.add_argument("--by", required=True, metavar="OFFICER")
    for verb in (spoiled, cards, listed, show, card, assemble, witness, photo, destroy, cancel, holds, hold, lift):
        verb.add_argument("--json", action="store_true")
    return parser


def main(argv: list[str]) -> int:
    """Read the register, or take one step of a destruction."""
    given = _parser().parse_args(argv)
    if given.verb in ("spoiled", "cards", "list", "holds"):
        return _list(given)
    if given.verb == "show":
        return _show(given.batch, as_json=given.json)
    if given.verb == "paper":
        given.to.write_bytes(papers.berita_acara(given.batch))
        print(given.to)
        return 0
    with acting(principal=given.by):
        named = _step(given, datetime.now(UTC))
    if given.verb in ("card", "hold", "lift"):
        print(json.dumps({given.verb: named}) if given.json else named)
        return 0
    return _show(named, as_json=given.json)


def _step(given: argparse.Namespace, at: datetime) -> str:
    """The step, and the name of the batch, hold or card that it is about."""
    who = {"by": given.by, "at": at}
    if given.verb == "card":
        operations.register_old_card(
            number=given.number, kind=given.kind, serial=given.serial, office=given.office, reason=given.reason, **who
        )
        return str(given.number)
    if given.verb == "assemble":
        lines, cards = _chosen(given)
        return operations.assemble(
            office=given.office, lines=lines, cards=cards, method=given.method, place=given.place, note=given.note,
            key=Key(f"cli/{uuid4().hex[:12]}", 1), **who,
        )  # fmt: skip
    if given.verb == "hold":
        return operations.hold(
            target=given.target, what=given.what, reason=given.reason, paper=given.paper, second=given.second,
            key=Key(f"cli/{uuid4().hex[:12]}", 1), **who,
        )  # fmt: skip
    if given.verb == "lift":
        operations.lift(hold=given.hold, reason=given.reason, second=given.second, **who)
        return str(given.hold)
    if given.verb == "witness":
        operations.add_witness(
            batch=given.batch, witness=WitnessGiven(given.name, given.body, given.title, given.identity), **who
        )
    elif given.verb == "photo":
        if not given.file.is_file():
            raise InvalidValue("there is no file {path}", mend="check its path", path=given.file)
        operations.add_photograph(
            batch=given.batch, path=given.file, name=given.file.name, data_dir=settings.DATA_DIR, **who
        )
    elif given.verb == "destroy":
        operations.destroy(
            batch=given.batch, paper_no=given.paper, counted_blanks=given.blanks, counted_cards=given.cards, **who
        )
    else:
        operations.cancel(batch=given.batch, reason=given.reason, **who)
    return str(given.batch)


def _chosen(given: argparse.Namespace) -> tuple[list[Line], list[str]]:
    return queries.free(given.office) if given.all else (list(rules.parse_lines(given.serials)), given.cards)


def _list(given: argparse.Namespace) -> int:
    today = timezone.localdate()
    if given.verb == "spoiled":
        for piece in queries.spoiled(office=given.office):
            row = {**piece._asdict(), "quantity": piece.quantity, "age": piece.age(today)}
            line = f"{piece.office:<6}{rules.written(piece):<28}{piece.quantity:>6}  {piece.age(today)} days  {piece.reason}"
            print(json.dumps(row, default=str) if given.json else f"{line}  {piece.batch}".rstrip())
        return 0
    if given.verb == "cards":
        rows = queries.old_cards(office=given.office)
        told = [f"{row['office']:<6}{row['number']:<20}{row['kind']:<14}{row['serial']}" for row in rows]
    elif given.verb == "holds":
        rows = queries.holds(lifted=given.lifted)
        told = [f"{row['hold']:<24}{row['target']:<8}{row['reason']} ({row['by']}, {row['second']})" for row in rows]
    else:
        rows = queries.batches(office=given.office)
        told = [
            f"{row['batch']:<24}{row['office']:<6}{row['state']:<11}{row['blanks']:>8,} blanks{row['old_cards']:>6,} cards"
            for row in rows
        ]
    for row, line in zip(rows, told, strict=True):
        print(json.dumps(row, default=str) if given.json else line)
    return 0


def _show(name: str, *, as_json: bool) -> int:
    found = queries.batch(name)
    if as_json:
        print(json.dumps(found, default=str))
        return 0
    print(f"{name} of office {found['office']}: {found['state']} {found['paper_no']}".rstrip())
    print(f"  {found['blanks']:,} blanks, {found['old_cards']:,} old cards, {found['method']} at {found['place']}")
    for text in found["ranges"]:
        print(f"  {text}")
    for row in found["witnesses"]:
        print(f"  witness {row['number']}: {row['name']}, {row['body']}, {row['identity']}")
    for row in found["photos"]:
        print(f"  photograph {row['name']} {row['sha256']}")
    for row in found["holds"]:
        print(f"  HELD by {row['by']} and {row['second']}: {row['reason']} ({row['hold']})")
    return 0
