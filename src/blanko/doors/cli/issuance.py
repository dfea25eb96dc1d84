"""``./blanko issuance``: print, hand over and follow cards at an office."""

from __future__ import annotations

import argparse
import json
from datetime import date
from typing import Any

from django.utils import timezone

from blanko.cards.custody.rules import Key
from blanko.cards.issuance import operations, ordering, queries
from blanko.cards.issuance.rules import Blank, HandedTo, OutOfTurn, PrinterFault, Prints, Relation, SuketEffect
from blanko.ground.access.acting import acting

EXAMPLE = """Example:
  ./blanko issuance queue --office 3171                          who is next, by the published order
  ./blanko issuance print --office 3171 --limit 50               the next fifty cards
  ./blanko issuance print --office 3171 --for 3171011234567890   the card of who stands at the counter
  ./blanko issuance hand-over PB17-000001-0001 --checked "face and fingerprint" """


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="blanko issuance", description=EXAMPLE, formatter_class=raw)
    verbs = parser.add_subparsers(dest="verb", required=True)

    def verb(name: str, says: str, *, writes: bool = False, office: bool = False) -> argparse.ArgumentParser:
        made = verbs.add_parser(name, help=says)
        made.add_argument("--json", action="store_true")
        if writes:
            made.add_argument("--by", default="svc.issuance", metavar="OFFICER")
        if office:
            made.add_argument("--office", required=True)
        return made

    queue = verb("queue", "who is printed for next", office=True)
    queue.add_argument("--limit", type=int, default=20)
    for name, says in (("print", "print the next cards, or one"), ("send", "put blanks into printers; each job ends")):
        job = verb(name, says, writes=True, office=True)
        job.add_argument("--limit", type=int, default=1)
        job.add_argument("--for", dest="nik", metavar="NIK", help="the card of who stands at the counter")
        job.add_argument(
            "--turn", choices=[t.value for t in OutOfTurn], help="why others are passed; counted in public"
        )
        job.add_argument("--note", default="")
        job.add_argument("--key", metavar="DEVICE:NUMBER", required=name == "send", help="repeated, it acts once")
    verb("finish", "a printer has made a card", writes=True).add_argument("job")
    fail = verb("fail", "a printer failed", writes=True)
    fail.add_argument("job")
    fail.add_argument("--fault", required=True, choices=[f.value for f in PrinterFault])
    fail.add_argument("--blank", required=True, choices=[b.value for b in Blank])
    fail.add_argument("--note", default="")
    verb("jobs", "what is in an office's printers", office=True)
    for name, says in (("spoil", "cards failed"), ("lost", "cards are gone before their holders had them")):
        ended = verb(name, says, writes=True)
        ended.add_argument("serial", nargs="+")
        ended.add_argument("--reason", required=True)
    hand = verb("hand-over", "put a card into a hand", writes=True)
    hand.add_argument("serial", nargs="+")
    hand.add_argument("--checked", required=True, help="what was checked, for example face and fingerprint")
    hand.add_argument("--to", choices=[t.value for t in HandedTo], default="holder")
    hand.add_argument("--receiver", default="", help="the name of an authorised person")
    hand.add_argument("--relation", default="", choices=[r.value for r in Relation])
    hand.add_argument("--document", default="", help="the paper that was shown")
    hand.add_argument("--old-card", metavar="SERIAL", nargs="?", const="", help="an old card was given back")
    ship = verb("ship", "send printed cards to another office", writes=True, office=True)
    ship.add_argument("serial", nargs="+")
    ship.add_argument("--to-office", required=True)
    ship.add_argument("--key", metavar="DEVICE:NUMBER", required=True)
    verb("arrive", "take printed cards over", writes=True).add_argument("movement")
    uncollected = verb("uncollected", "cards that wait for their holders")
    uncollected.add_argument("--office")
    uncollected.add_argument("--list", action="store_true", help="the cards themselves (with --office)")
    uncollected.add_argument("--limit", type=int, default=200)
    turns = verb("turns", "how cards were printed between two days, and why before others")
    turns.add_argument("--first", type=date.fromisoformat, required=True)
    turns.add_argument("--last", type=date.fromisoformat, required=True)
    turns.add_argument("--office")
    order = verb("order", "the published orders of the queue; with --since, publish the next", writes=True)
    order.add_argument("--since", type=date.fromisoformat)
    order.add_argument("--suket", choices=[e.value for e in SuketEffect], default="none")
    order.add_argument("--source", default="", help="the legal reference")
    office = verb("office", "how an office prints; with --prints, choose", writes=True)
    office.add_argument("office")
    office.add_argument("--prints", choices=[p.value for p in Prints])
    office.add_argument("--reason", default="")
    verb("card", "a card with its steps").add_argument("serial")
    verb("old-cards", "old cards given back, for destruction", office=True)
    return parser


def main(argv: list[str]) -> int:
    """Do one step at a counter, or read what is there."""
    given = _parser().parse_args(argv)
    found, text = _read(given) if not hasattr(given, "by") else _write(given)
    print(json.dumps(found, default=str) if given.json else text)
    return 0


def _read(given: argparse.Namespace) -> tuple[Any, str]:
    today = timezone.localdate()
    match given.verb:
        case "queue":
            rows = queries.queue(office=given.office, on=today, limit=given.limit)
            return rows, _lines(rows, "{place:>5}  {nik}  {print_ready_since}  {cause:<18}{name}")
        case "jobs":
            rows = queries.jobs(office=given.office)
            return rows, _lines(rows, "{job}  {serial}  {nik}  {name}")
        case "turns":
            rows = queries.turns(first=given.first, last=given.last, office=given.office)
            return rows, _lines(rows, "{office:<6}{turn:<14}{cards:>8,} cards, {passed_over:,} passed over")
        case "old-cards":
            rows = queries.old_cards(office=given.office)
            return rows, _lines(rows, "{number}  {serial:<20}{kind:<14}{reason}")
        case "card":
            found = queries.card(given.serial.upper())
            if found is None:
                return None, f"no card was printed on {given.serial}"
            steps = _lines(found["steps"], "  {at:%Y-%m-%d %H:%M}  {step:<10}{office:<6}{by}  {checked}{reason}")
            return found, f"card {found['serial']} for record {found['recorded_office']}/{found['record_id']}\n{steps}"
    if given.office and given.list:
        rows = queries.uncollected(office=given.office, limit=given.limit)
        return rows, _lines(rows, "{serial}  {printed_at:%Y-%m-%d}  {nik}  {name}")
    rows = queries.uncollected_by_age(at=timezone.now(), office=given.office)
    shown = [{**row, "to": "" if row["days_to"] is None else row["days_to"]} for row in rows]
    return rows, _lines(shown, "{office:<6}{days_from:>4} - {to:<4} days {cards:>10,} cards")


def _write(given: argparse.Namespace) -> tuple[Any, str]:
    who: dict[str, Any] = {"by": given.by, "at": timezone.now()}
    with acting(principal=given.by):
        match given.verb:
            case "print":
                key = _key(given.key) if given.key else None
                if given.nik:
                    turn = {"turn": given.turn, "note": given.note}
                    serials = [operations.print_for(nik=given.nik, office=given.office, key=key, **turn, **who)]
                else:
                    serials = operations.print_cards(office=given.office, limit=given.limit, key=key, **who)
                return {"serials": serials}, "\n".join(
                    serials
                ) or "nothing was printed: nobody waits, or no blank is left"
            case "send":
                jobs = operations.send_to_printer(
                    office=given.office, key=_key(given.key), limit=given.limit, nik=given.nik, turn=given.turn,
                    note=given.note, **who,
                )  # fmt: skip
                return jobs, _lines(jobs, "{job}  {serial}")
            case "finish":
                serial = operations.finish_job(job=given.job, **who)
                return {"serial": serial}, f"card {serial} is printed"
            case "fail":
                operations.fail_job(job=given.job, fault=given.fault, blank=given.blank, note=given.note, **who)
                return queries.job(given.job), f"job {given.job} failed, the blank is {given.blank}"
            case "spoil" | "lost":
                end = operations.spoil if given.verb == "spoil" else operations.report_lost
                ended = end(cards=_serials(given.serial), reason=given.reason, **who)
                return {"cards": ended}, f"{ended} cards; their persons are owed one as before"
            case "hand-over":
                old = None if given.old_card is None else operations.OldCardBack(serial=given.old_card)
                handed = operations.hand_over(
                    cards=_serials(given.serial), to=given.to, checked=given.checked, receiver=given.receiver,
                    relation=given.relation, document=given.document, old_card=old, **who,
                )  # fmt: skip
                return {"cards": handed}, f"{handed} cards handed over"
            case "ship":
                movement = operations.ship(
                    cards=_serials(given.serial), office=given.office, to_office=given.to_office,
                    key=_key(given.key), **who,
                )  # fmt: skip
                return {"movement": movement}, f"on the way in movement {movement}"
            case "arrive":
                arrived = operations.arrive(movement=given.movement, **who)
                return {"cards": arrived}, f"{arrived} cards arrived"
            case _:
                return _choose(given, who)


def _choose(given: argparse.Namespace, who: dict[str, Any]) -> tuple[Any, str]:
    """The order of the queue, or how an office prints."""
    if given.verb == "office":
        if given.prints:
            ordering.set_office(office=given.office, prints=given.prints, reason=given.reason, **who)
        prints = queries.office_prints(given.office, timezone.localdate())
        return {"office": given.office, "prints": prints}, f"{given.office} prints by {prints}"
    if given.since:
        ordering.publish_rule(since=given.since, suket=given.suket, source=given.source, **who)
    rows = [rule._asdict() for rule in queries.rules_known()]
    return rows, _lines(
        rows, "version {version} since {since}: suket {suket}, {source}"
    ) or "no order was published yet"


def _lines(rows: list[dict[str, Any]], shape: str) -> str:
    return "\n".join(shape.format(**row).rstrip() for row in rows)


def _key(text: str) -> Key:
    device, _, number = text.rpartition(":")
    return Key(device, int(number))


def _serials(given: list[str]) -> list[str]:
    return [serial.strip().upper() for serial in given]
