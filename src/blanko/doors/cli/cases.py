"""``./blanko cases``: records that may be one person's, settled with the person."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.utils import timezone

from blanko.decisions.cases import deaths, mistakes, operations, queries, rules, sheets
from blanko.decisions.cases.rules import Kind, Outcome, State
from blanko.ground.access.acting import acting
from blanko.records.registry import dying, withdrawing
from blanko.records.registry.rules import person_number, person_text

EXAMPLE = """Example:
  ./blanko cases list --office 3101                            what waits, the heaviest first
  ./blanko cases show 17                                       the records side by side
  ./blanko cases settle 17 same --keep 3101/R00012 --reason "came with both papers" --by operator.3101
  ./blanko cases sign 17 --by kepala.3101                      the second officer, where the rule says so
  ./blanko cases undo 17 --reason "the wrong person came" --by kepala.3101
  ./blanko cases export --out cases.xlsx                       fill decision, keep and reason, then:
  ./blanko cases import cases.xlsx --by operator.3101"""
FIELDS = ("nik", "name", "birth_place", "birth_date", "sex", "marital_status", "address", "regency", "recorded_on",
          "status", "serial")  # fmt: skip


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="blanko cases", description=EXAMPLE, formatter_class=raw)
    verbs = parser.add_subparsers(dest="verb", required=True)
    made: dict[str, argparse.ArgumentParser] = {}

    def verb(name: str, says: str, *, case: bool = False, signed: bool = False, reason: bool = False) -> Any:
        made[name] = one = verbs.add_parser(name, help=says)
        if case:
            one.add_argument("case_no", type=int)
        if reason:
            one.add_argument("--reason", required=True)
        if signed:
            one.add_argument("--by", required=True, metavar="OFFICER")
        one.add_argument("--json", action="store_true")
        return one

    listed = verb("list", "cases that wait, the heaviest first")
    listed.add_argument("--state", choices=[s.value for s in State])
    listed.add_argument("--limit", type=int, default=50)
    verb("show", "one case, its records side by side", case=True)
    verb("open", "look for new questions now; loading a file does it too")
    verb("overview", "what waits by kind and age").add_argument("--on", type=date.fromisoformat)
    asked = verb("ask", "ask the person or the office", case=True, signed=True, reason=True)
    asked.add_argument("--due", type=date.fromisoformat, help="default: in 30 days")
    done = verb("settle", "same person, different persons, or parts", case=True, signed=True, reason=True)
    done.add_argument("outcome", choices=[o.value for o in Outcome])
    done.add_argument("--keep", action="append", default=[], metavar="OFFICE/RECORD", help="the record that stays")
    done.add_argument(
        "--part", action="append", default=[], metavar="RECORDS", help="one person's records, with commas"
    )
    verb("sign", "the second officer agrees", case=True, signed=True)
    verb("refuse", "the second officer does not agree", case=True, signed=True, reason=True)
    verb("undo", "take a settlement back", case=True, signed=True, reason=True)
    verb("due", "let the published rule choose where nobody answered in time")
    verb("rules", "the published rule in words")
    verb("groups", "error patterns that several cases share")
    group = verb("group", "the cases of one pattern; with --outcome they are settled in one act")
    group.add_argument("kind", choices=[k.value for k in Kind])
    group.add_argument("pattern")
    group.add_argument("--outcome", choices=["same", "different"])
    group.add_argument("--leave", action="append", default=[], type=int, metavar="CASE", help="not this one")
    group.add_argument("--reason", default="")
    group.add_argument("--by", metavar="OFFICER")
    back = verb("undo-group", "take a group's settlement back whole", signed=True, reason=True)
    back.add_argument("group_no", type=int)
    drawn = verb("sample", "pairs that an audit drew (key.json of linkage audit): never grouped")
    drawn.add_argument("file", type=Path)
    verb("deaths", "reported deaths, and until when one may object")
    for name, says in (
        ("object", "keep an objection to a reported death"),
        ("uphold", "the objection is right: the death is lifted"),
        ("reject", "the report stands"),
        ("undo-objection", "take the decision on an objection back: it is open again"),
        ("withdraw-objection", "whoever objected takes that back"),
    ):
        verb(name, says, signed=True, reason=True).add_argument("person", help="P-000000572-4")
    made["object"].add_argument("--objector", required=True, help="who objects")
    made["object"].add_argument("--shown", required=True, help="what was shown")
    told = verb("notices", "notices to families whose report stands, as a sheet; or one as a letter")
    told.add_argument("--number", type=int, help="the letter of this notice, as PDF")
    told.add_argument("--out", type=Path, help="default: notices.xlsx or notice-N.pdf")
    for name, says in (
        ("withdraw", "a record was entered by mistake: into quarantine, nobody's"),
        ("restore", "it was no mistake: the record is somebody's again"),
    ):
        verb(name, says, signed=True, reason=True).add_argument("record", help="OFFICE/RECORD")
    verb("withdrawn", "records that were withdrawn as mistakes")
    out = verb("export", "cases.xlsx, to be filled and imported")
    out.add_argument("--out", type=Path, default=Path("cases.xlsx"))
    into = verb("import", "decisions of a filled sheet, all of it or nothing", signed=True)
    into.add_argument("file", type=Path)
    for name in ("list", "groups", "group", "export", "overview", "deaths", "notices", "withdrawn"):
        made[name].add_argument("--office", help="a regency, or a province's two digits")
    for name in ("list", "export"):
        made[name].add_argument("--kind", choices=[k.value for k in Kind])
    return parser


def main(argv: list[str]) -> int:
    """Read, decide, sign, undo; sheets out and in."""
    given = _parser().parse_args(argv)
    found, lines = (_READS.get(given.verb) or _act)(given)
    if given.json:
        print(json.dumps(found, default=str))
    else:
        print("\n".join(lines))
    return 0


def _list(given: argparse.Namespace) -> tuple[Any, list[str]]:
    rows = queries.queue(office=given.office, kind=given.kind, state=given.state, limit=given.limit)
    total = queries.count(office=given.office, kind=given.kind, state=given.state)
    lines = [
        f"{row['case_no']:>7}  {row['kind']:<10}{row['office']:<6}{_bits(row['weight']):>8}  {row['state']:<8}"
        f"{row['opened_on']}  {row['records']} records: {' | '.join(row['names'])}"
        for row in rows
    ]
    return rows, [*lines, f"{total:,} cases" + (f", {len(rows)} shown" if total > len(rows) else "")]


def _show(given: argparse.Namespace) -> tuple[Any, list[str]]:
    found = queries.case(given.case_no)
    members = found["members"]
    keys = [(m["recorded_office"], m["record_id"]) for m in members]
    found["weights"] = queries.weights(keys[0], keys[1]) if len(keys) == 2 and not found["paper"] else []
    lines = [
        f"case {found['case_no']}: {found['kind']} at {found['office']}, {found['state']} {found['outcome']}".rstrip()
    ]
    lines.append(f"{'':<16}" + "".join(f"{'/'.join(key):<30}" for key in keys))
    bits = {part["field"]: part["bits"] for part in found["weights"]}
    for name in FIELDS:
        values = [str(m[name]) if m[name] is not None else "-" for m in members]
        mark = "" if len(set(values)) == 1 else "  differs"
        lines.append(f"{name:<16}" + "".join(f"{value[:28]:<30}" for value in values) + mark)
    lines += [f"  {part['field']:<14}{part['bits']:>+7.1f} bits  {part['level']}" for part in found["weights"]]
    if bits:
        lines.append(f"  {'weight':<14}{sum(bits.values()):>+7.1f} bits")
    if paper := found["paper"]:
        lines.append(f"the paper: {paper['document_no']} of {paper['office']}, died {paper['died_on']}")
        lines += [f"  {name:<14}{paper[name]}" for name in dying.SAID if paper[name] is not None]
    for member, key in zip(members, keys, strict=True):
        if member["changed"]:
            lines.append(f"record {'/'.join(key)} has changed since this case was opened")
        if member["closed"]:
            lines.append(f"record {'/'.join(key)} is closed in favour of {member['kept_office']}/{member['kept_id']}")
    for step in found["steps"]:
        when = timezone.localtime(step["at"])
        lines.append(f"{when:%Y-%m-%d %H:%M}  {step['step']} {step['outcome']} by {step['by']}: {step['reason']}")
    return found, lines


def _overview(given: argparse.Namespace) -> tuple[Any, list[str]]:
    found = queries.overview(on=given.on or timezone.localdate(), office=given.office)
    lines = [f"{state:<12}{cases:>9,}" for state, cases in found["states"].items()]
    lines += [f"settled as {outcome:<12}{cases:>9,}" for outcome, cases in found["outcomes"].items()]
    for row in found["ages"]:
        if row["cases"]:
            end = f"to {row['days_to']}" if row["days_to"] else "and more"
            lines.append(f"{row['kind']:<11}{row['days_from']:>4} {end:<9} days{row['cases']:>9,}")
    return found, lines or ["no case"]


def _rules(_given: argparse.Namespace) -> tuple[Any, list[str]]:
    return dict(rules.RULES), [f"{name:<22}{text}" for name, text in rules.RULES.items()]


def _groups(given: argparse.Namespace) -> tuple[Any, list[str]]:
    rows = queries.groups(office=given.office)
    return rows, [f"{r['cases']:>6}  {r['kind']:<10}{r['pattern']!r}" for r in rows] or ["no two cases share a pattern"]


def _export(given: argparse.Namespace) -> tuple[Any, list[str]]:
    form = "csv" if given.out.suffix == ".csv" else "xlsx"
    given.out.write_bytes(sheets.export(office=given.office, kind=given.kind, form=form))
    return {"file": str(given.out)}, [
        f"{given.out}: fill decision (same, different, ask), keep and reason, then import it"
    ]


def _deaths(given: argparse.Namespace) -> tuple[Any, list[str]]:
    rows = deaths.standing(office=given.office)
    lines = [
        f"{person_text(row['person_id'])}  {row['name']}, died {row['died_on']}, told {row['noticed_on']}"
        f"{' (notice ' + str(row['notice_no']) + ')' if row['notice_no'] else ''} by {row['source']}"
        f" {row['document_no']}, objections until {row['object_until']}"
        + (f": {row['objection']}, {row['objector']} showed {row['shown']}: {row['says']}" if row["objection"] else "")
        for row in rows
    ]
    return rows, lines or ["no reported death stands"]


def _notices(given: argparse.Namespace) -> tuple[Any, list[str]]:
    if given.number is not None:
        out = given.out or Path(f"notice-{given.number}.pdf")
        out.write_bytes(deaths.paper(given.number))
    else:
        out = given.out or Path("notices.xlsx")
        out.write_bytes(deaths.notices(office=given.office, form="csv" if out.suffix == ".csv" else "xlsx"))
    return {"file": str(out)}, [f"{out}"]


def _withdrawn(given: argparse.Namespace) -> tuple[Any, list[str]]:
    rows = withdrawing.withdrawn(office=given.office)
    lines = [
        f"{row['recorded_office']}/{row['record_id']}  {row['name']}, {row['status']}: {row['reason']}" for row in rows
    ]
    return rows, lines or ["no record is withdrawn"]


_READS = {
    "deaths": _deaths,
    "notices": _notices,
    "withdrawn": _withdrawn,
    "list": _list,
    "show": _show,
    "overview": _overview,
    "rules": _rules,
    "groups": _groups,
    "export": _export,
}


def _act(given: argparse.Namespace) -> tuple[Any, list[str]]:
    by = getattr(given, "by", None) or "svc.registry"
    if given.verb == "group" and not given.outcome:
        rows = queries.group(kind=given.kind, pattern=given.pattern, office=given.office)
        return rows, [line for row in rows for line in _pair(row)] or ["no case has this pattern"]
    with acting(principal=by):
        done = (_of_one if hasattr(given, "case_no") else _of_several)(given, by, timezone.now())
    return done if done is not None else (queries.case(given.case_no), [f"case {given.case_no} is open again"])


def _of_one(given: argparse.Namespace, by: str, at: datetime) -> tuple[Any, list[str]] | None:
    match given.verb:
        case "ask":
            due = operations.ask(case_no=given.case_no, reason=given.reason, due=given.due, by=by, at=at)
            return {"due": due}, [f"asked; an answer is due by {due}"]
        case "settle":
            done = operations.settle(
                case_no=given.case_no, outcome=given.outcome, keep=list(_keys(given.keep)),
                parts=[list(_keys(part.split(","))) for part in given.part], reason=given.reason, by=by, at=at,
            )  # fmt: skip
            why = f": {rules.RULES[done.second]} Nothing has changed yet." if done.second else ""
            return asdict(done), [f"case {done.case_no} is {done.state}{why}"]
        case "sign":
            done = operations.sign(case_no=given.case_no, by=by, at=at)
            return asdict(done), [f"case {done.case_no} is {done.state}"]
        case "refuse":
            operations.refuse(case_no=given.case_no, reason=given.reason, by=by, at=at)
        case _:
            operations.undo(case_no=given.case_no, reason=given.reason, by=by, at=at)
    return None


def _of_several(given: argparse.Namespace, by: str, at: datetime) -> tuple[Any, list[str]]:
    match given.verb:
        case "open":
            opened = operations.open_cases(by=by, at=at)
            text = f"{opened.opened:,} opened, {opened.reopened:,} opened again, {opened.overtaken:,} overtaken"
            return asdict(opened), [f"{text}; {opened.notices:,} families to be told of a suspended card"]
        case "due":
            overdue = operations.settle_overdue(by=by, at=at)
            said = f"{overdue.settled:,} cases settled by the published rule, {overdue.second:,} to be signed,"
            return asdict(overdue), [f"{said} {overdue.left:,} refused: look at each"]
        case "group":
            rows = queries.group(kind=given.kind, pattern=given.pattern, office=given.office)
            numbers = [r["case_no"] for r in rows if not r["alone"] and r["case_no"] not in given.leave]
            number = operations.settle_group(
                kind=given.kind, pattern=given.pattern, cases=numbers, outcome=given.outcome, reason=given.reason,
                office=given.office, by=by, at=at,
            )  # fmt: skip
            return {"group": number, "cases": numbers}, [f"group {number}: {len(numbers):,} cases settled in one act"]
        case "object":
            until = deaths.object_to(
                person_id=person_number(given.person), objector=given.objector, shown=given.shown, reason=given.reason,
                by=by, at=at,
            )  # fmt: skip
            return {"until": until}, ["the objection is kept; another officer upholds or rejects it"]
        case "uphold" | "reject" | "undo-objection" | "withdraw-objection":
            judge, says = {
                "uphold": (deaths.uphold, "the death is lifted"),
                "reject": (deaths.reject, "the report stands"),
                "undo-objection": (deaths.undo, "the objection is open again"),
                "withdraw-objection": (deaths.withdraw_objection, "the objection is withdrawn; the report stands"),
            }[given.verb]
            judge(person_id=person_number(given.person), reason=given.reason, by=by, at=at)
            return {"done": given.verb}, [says]
        case "withdraw" | "restore":
            step = mistakes.withdraw if given.verb == "withdraw" else mistakes.restore
            step(record=_key(given.record), reason=given.reason, by=by, at=at)
            says = "is withdrawn and kept" if given.verb == "withdraw" else "is somebody's again"
            return {"record": given.record}, [f"record {given.record} {says}"]
        case "undo-group":
            count = operations.undo_group(group_no=given.group_no, reason=given.reason, by=by, at=at)
            return {"undone": count}, [f"{count:,} cases are open again"]
        case "sample":
            drawn = json.loads(given.file.read_text(encoding="utf-8"))
            pairs = [(_key(pair["record_a"]), _key(pair["record_b"])) for pair in drawn["pairs"]]
            count = operations.sample(pairs=pairs, seed=drawn["population"]["seed"], by=by, at=at)
            return {"new": count}, [f"{count:,} pairs are judged one by one"]
        case _:
            taken = sheets.take(given.file, by=by, at=at)
            return asdict(taken), [", ".join(f"{count:,} {name}" for name, count in asdict(taken).items())]


def _key(text: str) -> tuple[str, str]:
    office, _slash, record = text.strip().partition("/")
    return office, record


def _keys(texts: list[str]) -> Iterator[tuple[str, str]]:
    return map(_key, texts)


def _pair(row: dict[str, Any]) -> list[str]:
    """One case of a group: what differs between its two records."""
    left, right = row["members"]
    differ = [f"{name} {left[name]} / {right[name]}" for name in FIELDS if left[name] != right[name]]
    alone = f"  (by itself: {row['alone']})" if row["alone"] else ""
    return [f"{row['case_no']:>7}  {left['name']}, stays {row['keep']}{alone}", f"         {'; '.join(differ)}"]


def _bits(weight: float | None) -> str:
    return "" if weight is None else f"{weight:+.1f}"
