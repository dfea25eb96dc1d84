"""``./blanko custody sample``: which boxes to count so that a claim about losses is proven, and when to stop."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from fractions import Fraction
from uuid import uuid4

from blanko.cards.counting import samples
from blanko.cards.counting.samples import Standing
from blanko.cards.counting.sampling import SampleRefused, State
from blanko.cards.custody.rules import Key
from blanko.ground.access.acting import acting
from blanko.kernel.boxes import BoxId

EXAMPLE = """Example:
  ./blanko custody sample --office 00 --seed 66126354164315263411 --risk 0.05 --loss 0.005
  ./blanko custody sample count SAMPLE --by kepala.pusat          begin a blind count of the boxes that it needs
  ./blanko custody sample result SAMPLE --count COUNT             take what that count found
  ./blanko custody sample result SAMPLE PB17-000042=0 PB17-000107=3
  ./blanko custody sample show SAMPLE"""


def add_verb(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``sample`` to the verbs of ``custody``."""
    raw = argparse.RawDescriptionHelpFormatter
    verb = verbs.add_parser(
        "sample", help="prove by few boxes that a loss is below a limit", description=EXAMPLE, formatter_class=raw
    )
    verb.add_argument("step", nargs="?", choices=["draw", "count", "result", "show", "list"], default="draw")
    verb.add_argument("sample", nargs="?", help="the sample's name")
    verb.add_argument("found", nargs="*", metavar="BOX=MISSING", help="what was found in drawn boxes")
    verb.add_argument("--office", metavar="C")
    verb.add_argument("--seed", help="dice thrown in public after the book was frozen; 20 throws are enough")
    verb.add_argument("--risk", default="0.05", help="how often a wrong claim may be called proven (0.05)")
    verb.add_argument("--loss", default="0.005", help="the claim: less than this share is missing (0.005)")
    verb.add_argument("--count", metavar="COUNT", help="take the results of this count")
    verb.add_argument("--by", default="svc.custody", metavar="OFFICER")
    verb.add_argument("--json", action="store_true")


def run(given: argparse.Namespace) -> int:
    """Draw, count, take results, or show. Exit code 1 when the claim is refuted."""
    if given.step == "list":
        for row in samples.samples(office=given.office):
            told = (
                f"{row['sample']:<24}{row['office']:<6}{row['state']:<11}counted {row['counted']}, {row['more']} more"
            )
            print(json.dumps(row, default=str) if given.json else told)
        return 0
    if given.step == "show":
        return _tell(samples.standing(_named(given)), as_json=given.json)
    at = datetime.now(UTC)
    with acting(principal=given.by):
        if given.step == "draw":
            found = samples.begin(
                office=given.office or "", seed=given.seed or "", risk=_share(given.risk), loss=_share(given.loss),
                key=Key(f"cli/{uuid4().hex[:12]}", 1), by=given.by, at=at,
            )  # fmt: skip
        elif given.step == "count":
            name = samples.count_next(
                sample=_named(given), reason="sample", key=Key(f"cli/{uuid4().hex[:12]}", 1), by=given.by, at=at
            )  # fmt: skip
            print(json.dumps({"count": name}) if given.json else f"count {name} is open")
            return 0
        elif given.count:
            found = samples.take_count(sample=_named(given), count=given.count, by=given.by, at=at)
        else:
            found = samples.take_results(sample=_named(given), missing=_results(given.found), by=given.by, at=at)
    return _tell(found, as_json=given.json)


def _named(given: argparse.Namespace) -> str:
    if not given.sample:
        raise SampleRefused("no sample was named", mend="write its name after the verb")
    return str(given.sample)


def _share(text: str) -> Fraction:
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError) as error:
        raise SampleRefused("{text} is no share", mend="write for example 0.05", text=repr(text)) from error


def _results(found: list[str]) -> dict[BoxId, int]:
    results = {}
    for item in found:
        box, _equals, lacks = item.partition("=")
        if not lacks.isdecimal():
            raise SampleRefused(
                "{item} is no result", mend="write BOX=MISSING, for example PB17-000042=0", item=repr(item)
            )  # fmt: skip
        results[BoxId.parse(box)] = int(lacks)
    return results


def _tell(found: Standing, *, as_json: bool) -> int:
    judged = found.judgement
    if as_json:
        print(json.dumps(found.as_json()))
    else:
        claim = f"less than {float(found.loss):.3%} of office {found.office}'s blanks is missing"
        print(f"{found.sample}: {claim}, at a risk of {float(found.risk):.1%}")
        print(f"counted {judged.counted} of {found.boxes} boxes, {judged.missing} blanks missing: {judged.state}")
        if judged.state is State.UNDECIDED:
            print(
                f"{judged.more} more boxes prove it when none of them is short; so far it is proven at {judged.risk:.3f}"
            )
            for box in found.next:
                print(f"  {box}")
    return 1 if judged.state is State.REFUTED else 0
