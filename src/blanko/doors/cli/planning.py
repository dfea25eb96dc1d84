"""``./blanko planning``: needs, rounds, overrides, commits and papers."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from blanko.decisions.planning import demand, dossier, operations, papers, queries
from blanko.decisions.planning.rules import UnknownRound
from blanko.doors.cli import planning_tables, planning_versions
from blanko.ground.access.acting import acting
from blanko.ground.places import gazetteer
from blanko.records.entitlement import queries as entitlement

PLANNER = "planner.pusat"
SECOND = "kepala.pusat"


def main(argv: list[str]) -> int:
    """Run one of the planner's verbs; see --help."""
    parser = argparse.ArgumentParser(
        prog="blanko planning",
        description='Example: ./blanko planning draft --title "Putaran 2" --as-of 2017-04-10 --release 1000000',
        epilog="Without a database, each with its own --help: runout, backtest, compare, rerun, difference.",
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    for name, (run, says) in VERBS.items():
        verb = verbs.add_parser(name, help=says)
        verb.set_defaults(run=run)
        ARGUMENTS[name](verb)
        verb.add_argument("--json", action="store_true", help="one JSON object on stdout")
    given = parser.parse_args(argv)
    return int(given.run(given))


def _day(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--as-of", type=date.fromisoformat, default=None, metavar="DAY", help="default: today")


def _number(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("round", type=int, help="the round's number")


def _by(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--by", default=PLANNER, help=f"the officer's username (default {PLANNER})")


def _draft_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--title", required=True)
    parser.add_argument("--release", type=int, required=True, metavar="BLANKS")
    parser.add_argument("--deadline", type=date.fromisoformat, default=None, metavar="DAY",
                        help="only for the areas that have this deadline")  # fmt: skip
    parser.add_argument("--whole-boxes", action="store_true", help="leave what whole boxes leave in the warehouse")
    planning_versions.term_arguments(parser)
    _day(parser)
    _by(parser)


def _override_arguments(parser: argparse.ArgumentParser) -> None:
    _number(parser)
    parser.add_argument("regency")
    parser.add_argument("share", type=int, metavar="BLANKS")
    parser.add_argument("--reason", required=True)
    _by(parser)
    parser.add_argument("--second", required=True, help=f"the second officer, for example {SECOND}")


def _show_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("round", type=int, nargs="?", help="the round's number; without it all rounds are listed")


def _discard_arguments(parser: argparse.ArgumentParser) -> None:
    _number(parser)
    parser.add_argument("--reason", required=True)
    _by(parser)


def _commit_arguments(parser: argparse.ArgumentParser) -> None:
    _number(parser)
    _by(parser)


def _papers_arguments(parser: argparse.ArgumentParser) -> None:
    _number(parser)
    parser.add_argument("--regency", default=None, help="only this regency's papers")
    parser.add_argument("--out", type=Path, default=Path("papers"), metavar="FOLDER")


def _needs(given: argparse.Namespace) -> int:
    day = given.as_of or datetime.now(UTC).date()
    areas = queries.areas(day)
    requests = queries.requests(day)
    if given.json:
        rows = [
            {"regency": a.code, "need_source": a.need.need_source, "need": a.need.need, "earlier": a.need.earlier,
             "print_ready": a.need.print_ready, "printed_since": a.need.printed_since, "in_hand": a.in_hand,
             "in_transit": a.in_transit, "requested": a.requested, "deadline": a.deadline,
             "counted_on": a.need.counted_on, "source": a.need.source}
            for a in areas
        ]  # fmt: skip
        print(json.dumps({"as_of": day, "needs": rows, "requests": requests}, default=str))
        return 0
    for area in areas:
        asked = f"  asked for {area.requested:,}" if area.requested is not None else ""
        print(
            f"{area.code}  {gazetteer.name_of(area.code):<36}{area.need.need:>10,}  {area.need.need_source:<10}"
            f"{area.in_hand:>9,} held {area.in_transit:>9,} coming{asked}"
        )
    sources = Counter(area.need.need_source for area in areas)
    print(
        f"{sum(area.need.need for area in areas):,} cards needed on {day} in {len(areas)} regencies: "
        + ", ".join(f"{count} {source}" for source, count in sorted(sources.items()))
    )
    return 0


def _draft(given: argparse.Namespace) -> int:
    at = datetime.now(UTC)
    with acting(principal=given.by):
        number = operations.draft_round(
            title=given.title,
            as_of=given.as_of or at.date(),
            release=given.release,
            deadline=given.deadline,
            part_boxes=not given.whole_boxes,
            by=given.by,
            at=at,
            **planning_versions.terms_of(given),
        )
    return _print_round(number, as_json=given.json)


def _show(given: argparse.Namespace) -> int:
    if given.round is not None:
        return _print_round(given.round, as_json=given.json, shares=True)
    found = queries.rounds()
    if given.json:
        print(json.dumps(found, default=str))
        return 0
    for row in found:
        print(_headline(row))
    print(f"{len(found)} rounds")
    return 0


def _headline(row: dict[str, Any]) -> str:
    until = f", for {row['deadline']}" if row["deadline"] else ""
    return (
        f"round {row['number']} ({row['state']}) {row['title']}, as of {row['as_of']}{until}: "
        f"{row['shared']:,} of {row['release']:,} blanks to {row['areas']} regencies, "
        f"fill {_percent(row['fill_min'])} to {_percent(row['fill_max'])}"
    )


def _percent(fill: Decimal) -> str:
    return f"{float(fill) * 100:.1f} %"


def _print_round(number: int, *, as_json: bool, shares: bool = False) -> int:
    found = queries.round(number)
    if as_json:
        print(json.dumps(found, default=str))
        return 0
    print(_headline(found))
    for row in found["shares"] if shares else []:
        if row["binding"] == "not_in_stage":
            continue
        mark = "  OVERRIDE" if row["overridden"] else ""
        if row["claimed"]:
            mark += f"  {row['claimed']:,} of its claim since {row['claim_since']}"
        if row["deferred"]:
            mark += f"  puts off {row['deferred']:,}"
        if row["mode"] == "collection" and row["share"]:
            mark += f"  fetched by {row['letter']}"
        late = "  LATE" if row["late"] and row["share"] else ""
        print(
            f"  {row['regency']}  {gazetteer.name_of(row['regency']):<36}{row['share']:>9,}  need {row['need']:>9,} "
            f"({row['need_source']})  fill {_percent(row['fill_before']):>7} -> {_percent(row['fill_after']):>7}  "
            f"{row['binding']:<9} leaves by {row['dispatch_by']}{late}{mark}"
        )
    if found["effects"]:
        losers = sum(1 for effect in found["effects"] if effect["lost_now"])
        print(
            f"  this date took {found['lost_now']:,} blanks from {losers} other regencies for now; "
            f"{found['lost_lasting']:,} after the rest of the stock is shared"
        )
    for row in found["overrides"]:
        print(
            f"  override {row['regency']}: {row['share_before']:,} -> {row['share_after']:,} by {row['by']} "
            f"and {row['second']}: {row['reason']}"
        )
    for row in found["loans"] if shares else []:
        print(f"  proposed loan: {row['lender']} lends {row['borrower']} {row['blanks']:,} blanks")
    print(
        f"  version {found['version']} of plan {found['plan']}, drafted by {found['author']}, "
        + (f"{found['state']} by {found['reviewer']}" if found["reviewer"] else "reviewed by nobody yet")
        + (f"; supersedes round {found['supersedes']}: {found['supersede_reason']}" if found["supersedes"] else "")
    )
    if found["reserve"]:
        print(f"  {found['reserve']:,} blanks stay at the centre for {found['reserve_for']}")
    print(f"  on the way: Rp {found['transport_cost']:,} (estimated where no tariff is stated)")
    print(f"  rule {found['rule_version']} from {found['rule_from']}: {found['rule_reference']}")
    print(f"  inputs {found['inputs_sha256'][:16]}, document {found['document_sha256'][:16]}, {found['rule_version']}")
    return 0


def _override(given: argparse.Namespace) -> int:
    with acting(principal=given.by):
        operations.override_share(
            round_no=given.round,
            regency=given.regency,
            share=given.share,
            reason=given.reason,
            by=given.by,
            second=given.second,
            at=datetime.now(UTC),
        )
    return _print_round(given.round, as_json=given.json)


def _commit(given: argparse.Namespace) -> int:
    with acting(principal=given.by):
        sent = operations.commit_round(round_no=given.round, by=given.by, at=datetime.now(UTC))
    blanks, boxes = sum(d.blanks for d in sent), sum(len(d.boxes) for d in sent)
    if given.json:
        print(json.dumps({"round": given.round, "offices": len(sent), "boxes": boxes, "blanks": blanks}))
    else:
        print(f"round {given.round} is on its way: {blanks:,} blanks, {boxes:,} sealed boxes, {len(sent)} offices")
    return 0


def _discard(given: argparse.Namespace) -> int:
    with acting(principal=given.by):
        operations.discard_round(round_no=given.round, reason=given.reason, by=given.by, at=datetime.now(UTC))
    print(
        json.dumps({"round": given.round, "state": "discarded"}) if given.json else f"round {given.round} is discarded"
    )
    return 0


def _papers(given: argparse.Namespace) -> int:
    found = queries.dispatches(round_no=given.round, regency=given.regency)
    if not found:
        raise UnknownRound(
            "round {round} has sent nothing there", mend="commit it first, or name another regency", round=given.round
        )
    given.out.mkdir(parents=True, exist_ok=True)
    written = []
    for number, dispatch in enumerate(found, start=1):
        for kind, make in (("surat-jalan", papers.surat_jalan), ("packing-list", papers.packing_list)):
            path = given.out / f"{dispatch.consignment}-{kind}.pdf"
            path.write_bytes(make(dispatch))
            written.append(str(path))
        if sys.stderr.isatty():
            print(f"\r{number} of {len(found)} offices", end="", file=sys.stderr)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    print(json.dumps({"papers": written}) if given.json else f"{len(written)} papers in {given.out}")
    return 0


def _demand(given: argparse.Namespace) -> int:
    found = demand.table(given.as_of or entitlement.claims_as_of() or datetime.now(UTC).date())
    if given.json:
        print(json.dumps({"rates": found, "overrules": demand.overrules()}, default=str))
        return 0
    for row in found:
        stated = f"  overruled by {row['overruled_by']}: {row['reason']}" if row["overruled_by"] else ""
        print(
            f"{row['cause']:<20}{row['in_force']:>12.6f} in force {row['learned']:>12.6f} learned"
            f"{row['applications']:>9,} applications{stated}"
        )
    print("cards an obliged person and month; turned_17: the share of those who turn 17 that applies")
    return 0


def _overrule_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("cause")
    parser.add_argument("rate", type=float)
    parser.add_argument("--area", default="", help="a regency or a province; without it the nation")
    parser.add_argument("--cv", type=float, default=0.1, help="how sure it is: its coefficient of variation")
    parser.add_argument("--reason", required=True)
    _day(parser)
    _by(parser)


def _overrule(given: argparse.Namespace) -> int:
    at = datetime.now(UTC)
    with acting(principal=given.by):
        number = demand.overrule(
            cause=given.cause, rate=given.rate, reason=given.reason, area=given.area, cv=given.cv, by=given.by, at=at,
            day=given.as_of or entitlement.claims_as_of() or at.date(),
        )  # fmt: skip
    stated = demand.overrules()[0]
    print(
        json.dumps(stated, default=str)
        if given.json
        else f"overrule {number}: {given.cause} is {given.rate:g}, was {stated['was']:g}; both stay visible"
    )
    return 0


def _dossier_arguments(parser: argparse.ArgumentParser) -> None:
    _number(parser)
    parser.add_argument("--out", type=Path, default=None, metavar="FILE.json", help="default: stdout")


def _dossier(given: argparse.Namespace) -> int:
    made = dossier.dossier(queries.round(given.round), queries.round_document(given.round))
    if given.out is None:
        print(made.decode())
    else:
        given.out.write_bytes(made)
        print(
            json.dumps({"dossier": str(given.out)})
            if given.json
            else f"{given.out}: ./blanko planning rerun {given.out}"
        )
    return 0


def _object_arguments(parser: argparse.ArgumentParser) -> None:
    _number(parser)
    parser.add_argument("regency")
    parser.add_argument("--text", required=True, help="what is objected to, and why")
    _by(parser)


def _object(given: argparse.Namespace) -> int:
    with acting(principal=given.by):
        number = operations.object_to_round(
            round_no=given.round, regency=given.regency, text=given.text, by=given.by, at=datetime.now(UTC)
        )
    said = {"round": given.round, "objection": number}
    print(json.dumps(said) if given.json else f"objection {number} stands in the dossier of round {given.round}")
    return 0


VERBS = {
    **planning_versions.VERBS,
    **planning_tables.VERBS,
    "dossier": (_dossier, "everything a stranger needs to compute a round again"),
    "object": (_object, "object to a round; it is published with it"),
    "demand": (_demand, "rates of demand as learned and as overruled"),
    "overrule-rate": (_overrule, "put a rate in the place of the learned one, with a reason"),
    "needs": (_needs, "what each regency needs and how that is known"),
    "draft": (_draft, "share a release by the published rule; nothing moves yet"),
    "show": (_show, "a round with its explanations, or all rounds"),
    "override": (_override, "change one share by hand, with a reason and a second officer"),
    "commit": (_commit, "cut a round into boxes and put them on their way"),
    "discard": (_discard, "set a draft aside"),
    "papers": (_papers, "surat jalan and packing lists of a committed round as PDF"),
}
ARGUMENTS = {
    **planning_versions.ARGUMENTS,
    **planning_tables.ARGUMENTS,
    "dossier": _dossier_arguments,
    "object": _object_arguments,
    "demand": _day,
    "overrule-rate": _overrule_arguments,
    "needs": _day,
    "draft": _draft_arguments,
    "show": _show_arguments,
    "override": _override_arguments,
    "commit": _commit_arguments,
    "discard": _discard_arguments,
    "papers": _papers_arguments,
}
