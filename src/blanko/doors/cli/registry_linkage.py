"""``./blanko registry check|keys|link|adopt-model|linkage``: is this person already recorded?"""

from __future__ import annotations

import argparse
import csv
import json
from dataclasses import asdict
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from django.utils import timezone

from blanko.decisions.cases import operations as cases
from blanko.doors.cli.linkage import Bars
from blanko.doors.cli.progress import Bar
from blanko.ground.access.acting import acting
from blanko.kernel.errors import BlankoError
from blanko.records.entitlement import operations as entitlement
from blanko.records.entitlement import queries as owed
from blanko.records.registry import adopting, checking, keying, matching
from blanko.records.registry.capturing import Captured
from blanko.records.registry.checking import FIELDS, Answer
from blanko.records.registry.rules import person_text

VERBS = ("check", "capture", "keys", "link", "adopt-model", "linkage")


class NoApplicant(BlankoError, ValueError):
    """The row that was given holds no applicant."""


def add_verbs(verbs: Any) -> None:
    """Add these verbs to ``./blanko registry``."""
    check = verbs.add_parser(
        "check",
        help="is this person already recorded?",
        description="Example: ./blanko registry check --name 'SITI RAHAYU' --birth-date 1980-05-07 --mother-name WATI",
    )
    for name in FIELDS:
        check.add_argument(f"--{name.replace('_', '-')}", dest=f"field_{name}", metavar="TEXT")
    check.add_argument("--row", help="one applicant as a JSON object, or the first row of a CSV or JSON file")
    capture = verbs.add_parser(
        "capture",
        help="take one registration in and resolve it at once",
        description="Example: ./blanko registry capture --row registration.json --by operator.3171",
    )
    capture.add_argument("--row", required=True, help="a JSON object, or the first row of a CSV or JSON file")
    capture.add_argument("--by", default="svc.intake")
    keys = verbs.add_parser("keys", help="give keys to the records that have none yet; may be stopped and started")
    link = verbs.add_parser("link", help="key the records that wait, and compare each with all others")
    adopt = verbs.add_parser("adopt-model", help="learn a linkage model from the registry's records and adopt it")
    adopt.add_argument("--from", dest="files", nargs="+", type=Path, default=[], help="learn from these files instead")
    adopt.add_argument(
        "--weights", type=Path, help="a model.json whose weights are taken; frequencies are the records'"
    )
    adopt.add_argument("--reason", required=True, help="what it was learned from, and why now")
    adopt.add_argument("--by", required=True, help="the officer who adopts it")
    adopt.add_argument("--seed", type=int, default=0, help="draws the random pairs that training looks at")
    state = verbs.add_parser("linkage", help="the adopted model, and who waits for linkage or for fingerprints")
    for verb in (keys, link):
        verb.add_argument("--by", default="svc.registry")
        verb.add_argument("--batch", type=int, default=keying.BATCH, help="records in one transaction")
    for verb in (check, capture, keys, link, adopt, state):
        verb.add_argument("--json", action="store_true")


def run(given: argparse.Namespace) -> int:
    """Run one verb."""
    match given.verb:
        case "check":
            answer = checking.check(_applicant(given))
            found: dict[str, Any] = asdict(answer)
            for each in found["candidates"]:
                each["parts"] = [part._asdict() for part in each["parts"]]
            text = answer_text(answer, timezone.now())
        case "capture":
            with acting(principal=given.by):
                row = {name: None if value is None else str(value) for name, value in _row(given.row).items()}
                captured = entitlement.capture(row=row, by=given.by, at=timezone.now())
            found = {name: getattr(captured, name) for name in captured.__slots__ if name != "persons"}
            text = captured_text(captured)
        case "keys":
            with Bar("adding keys") as bar:
                keyed = keying.add_all_keys(
                    by=given.by, at=timezone.now(), acting=partial(acting, principal=given.by), batch=given.batch,
                    progress=bar,
                )  # fmt: skip
            found = asdict(keyed)
            text = f"{keyed.records:,} records keyed ({keyed.keys:,} keys), {keyed.waiting:,} wait"
        case "link":
            found, text = _link(given)
        case "adopt-model":
            with acting(principal=given.by):
                adopted = adopting.adopt(
                    by=given.by, at=timezone.now(), reason=given.reason, files=given.files, weights=given.weights,
                    seed=given.seed, progress=Bars(),
                )  # fmt: skip
            found = asdict(adopted)
            text = (
                f"model {adopted.version} learned from {adopted.records:,} records (sha256 {adopted.sha256[:16]});"
                f" {adopted.waiting:,} records wait for its keys: ./blanko registry link"
            )
        case _:
            state = matching.state()
            found = asdict(state)
            text = state_text(state, timezone.now())
    print(json.dumps(found, default=str) if given.json else text)
    return 0


def _link(given: argparse.Namespace) -> tuple[dict[str, Any], str]:
    now = timezone.now()
    with Bar("linking") as bar:
        done = matching.resolve_all(
            by=given.by, at=now, acting=partial(acting, principal=given.by), batch=given.batch, progress=bar
        )
    if done.persons or done.pairs or done.dropped:
        with acting(principal=given.by):
            # A pair that waits for a person's judgement withholds a card, and opens a case.
            entitlement.refresh(as_of=owed.claims_as_of() or timezone.localdate(now), by=given.by, at=now)
            cases.open_cases(by=given.by, at=now)
    found = {name: getattr(done, name) for name in done.__slots__ if name != "persons"}
    text = (
        f"{done.records:,} records linked: {done.pairs:,} pairs kept, {done.dropped:,} dropped,"
        f" {done.moved:,} records changed their person; {done.waiting:,} wait"
    )
    if done.capped:
        text += f"\n{done.capped:,} times a record stood in a block above the cap and met only its neighbours there"
    return found, text


def _row(text: str) -> dict[str, Any]:
    """A JSON object, or the first row of a file."""
    if not text.lstrip().startswith("{"):
        path = Path(text)
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise NoApplicant(
                "{path} cannot be read ({reason})", mend="give a JSON object, or a file in UTF-8", path=path,
                reason=getattr(error, "strerror", None) or error,
            ) from error  # fmt: skip
    if not text.lstrip().startswith("{"):
        return next(csv.DictReader(text.splitlines()), {})
    try:
        found: dict[str, Any] = json.loads(text)
    except ValueError as error:
        raise NoApplicant(
            "the row is no JSON object ({reason})", mend="write it like the example of --help", reason=error
        ) from error
    return found


def captured_text(captured: Captured) -> str:
    """What became of a capture, for an officer."""
    said = {
        "new": "nobody like this was recorded before",
        "same": "the same as a person who was recorded before: one of their records carries the card",
        "uncertain": "some record is like this one: its card waits until somebody has looked",
        "waiting": "linkage is down: the registration is stored and will be linked when it is back",
    }
    seen = " (it was there already; nothing was written)" if captured.seen_before else ""
    return (
        f"{captured.recorded_office}/{captured.record_id} version {captured.version}{seen}:"
        f" person {person_text(captured.person_id)}\n  {captured.answer.upper()}: {said[captured.answer]}"
    )


def _applicant(given: argparse.Namespace) -> dict[str, str | None]:
    row = _row(given.row) if given.row else {}
    row = {name: None if row.get(name) is None else str(row[name]) for name in FIELDS}
    for name in FIELDS:
        if (told := getattr(given, f"field_{name}")) is not None:
            row[name] = told
    return row


def _age(since: datetime, now: datetime) -> str:
    minutes = max(0, int((now - since).total_seconds())) // 60
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h" if minutes < 2880 else f"{minutes // 1440} days"


def answer_text(answer: Answer, now: datetime) -> str:
    """The answer for an officer: what it is, the likeliest records field by field, and what was not looked at."""
    match answer.answer:
        case "same":
            lines = [f"SAME: already recorded as person {person_text(answer.person_id or 0)}"]
        case "uncertain":
            lines = ["UNCERTAIN: look at these records with the applicant; fingerprint and iris decide"]
        case _:
            lines = ["NEW: no record of this person was found"]
    for each in answer.candidates:
        reason = f", {each.reason.replace('_', ' ')}" if each.reason else ""
        lines.append(
            f"  {each.recorded_office}/{each.record_id}  {each.name or ''}  {each.birth_date or ''}"
            f"  person {person_text(each.person_id)}"
        )
        lines.append(f"    weight {each.weight:+.1f} bits, chance {each.probability:.4f} ({each.decided}{reason})")
        for part in each.parts:
            if part.level != "missing":
                lines.append(f"      {part.bits:+7.1f}  {part.field.replace('_', ' ')}: {part.level}")
    lines.append(f"  model {answer.model}; {answer.compared:,} records that share a key were compared")
    if answer.capped:
        lines.append(f"  {answer.capped} shared keys stand for too many records: only the nearest were compared")
    if answer.unkeyed and answer.unkeyed_since:
        lines.append(
            f"  {answer.unkeyed:,} records are not keyed yet and were not looked at"
            f" (the oldest waits {_age(answer.unkeyed_since, now)}): ./blanko registry link"
        )
    return "\n".join(lines)


def state_text(state: matching.State, now: datetime) -> str:
    """The two engines and their queues."""
    lines = [
        "no linkage model is adopted: ./blanko registry adopt-model --by OFFICER --reason WHY"
        if state.model is None
        else f"model {state.model}, learned from {state.model_records:,} records"
    ]
    since = f", the oldest for {_age(state.unkeyed_since, now)}" if state.unkeyed_since else ""
    lines.append(f"{state.unkeyed:,} records wait for keys{since}; {state.unlinked:,} are keyed and not linked")
    biometrics = f", since {state.awaiting_biometrics_since}" if state.awaiting_biometrics_since else ""
    lines.append(f"{state.awaiting_biometrics:,} records wait for the engine of fingerprints and irises{biometrics}")
    lines.append(f"{state.pairs_merged:,} pairs merged, {state.pairs_for_review:,} for review")
    return "\n".join(lines)
