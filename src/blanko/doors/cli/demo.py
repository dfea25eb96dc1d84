"""``./blanko demo``: replay April 2017 through the real files and operations, say what came out, and show it."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any

from blanko.doors.cli.progress import Bar

EXAMPLE = """Example:
  ./blanko demo                     replay, then open http://127.0.0.1:8000
  ./blanko demo --no-serve --json   the figures as one JSON object, the last thing on stdout

Records are synthetic (--people, --seed); counts of 2017 are public facts or named estimates. An earlier replay is
replaced;
a database that holds loaded files of your own is refused."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="blanko demo", description=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--people", type=int, default=200_000, help="synthetic persons of 16 and over (default 200,000)"
    )
    parser.add_argument("--seed", type=int, default=7, help="another seed is another nation (default 7)")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--no-serve", action="store_true", help="end after the figures")
    parser.add_argument("--json", action="store_true", help="one JSON object at the end of stdout")
    parser.add_argument("--language", choices=["id", "en"], default="en", help="of the sentences in the terminal")
    return parser


def main(argv: list[str]) -> int:
    """Replay, print what was said beside what the records say, serve until Ctrl-C."""
    given = _parser().parse_args(argv)
    from blanko.doors.cli import serve

    if not given.no_serve:
        # A taken port is said before a minute of work, not after it.
        serve.check_port(given.port)
    start = perf_counter()
    from blanko.ready import make_ready

    make_ready(anew=True)
    started = round(perf_counter() - start, 2)
    from django.conf import settings

    from blanko.decisions.scenario.april_2017 import outcome, replay

    with (
        tempfile.TemporaryDirectory(prefix="blanko-demo-") as folder,
        Bar("replaying 20 March to 30 April 2017") as bar,
    ):

        def tell(what: str, done: float) -> None:
            bar.label = what
            bar(done)

        played = replay.play(
            people=given.people, seed=given.seed, folder=Path(folder), data_dir=settings.DATA_DIR, tell=tell
        )
    timings = {"database": started, **played.timings, "total": round(perf_counter() - start, 2)}
    result = outcome.as_json(timings=timings, followed=played.followed, language=given.language)
    result["doubles"] = {"found": played.found, "weeks": played.weeks}
    (settings.DATA_DIR / "replay.json").write_text(json.dumps(result, default=str), encoding="utf-8")
    out = sys.stderr if given.json else sys.stdout
    _tell(result, played, out)
    if given.json:
        print(json.dumps(result, default=str, ensure_ascii=False), flush=True)
    if given.no_serve:
        return 0
    return serve.run(given.port)


def _tell(result: dict[str, Any], played: Any, out: Any) -> None:
    def say(text: str = "") -> None:
        print(text, file=out)

    say(f"Replayed 20 March to {date.fromisoformat(result['as_of']):%-d %B %Y} in {result['timings']['total']} s.")
    say()
    for load in played.loads:
        say(
            f"  {load.file:<20}{load.accepted:>9,} accepted {load.unchanged:>7,} unchanged {load.refused:>6,} refused = {load.read:>9,} read"
        )
    say("  (registrations, applications and deaths are synthetic; facts are observed, estimates are estimated)")
    say()
    say("What was said on 4 April 2017, and what the records say")
    for row in result["said"]:
        say(f"\n  SAID     {row['said']}")
        for i, text in enumerate(_wrapped(row["records_say"])):
            say(f"  {'RECORDS  ' if i == 0 else '         '}{text}")
        say(f"  VERDICT  {row['verdict_text']}")
    custody = result["custody"]
    rest = " + ".join(
        f"{value:,} {name.replace('_', ' ')}" for name, value in custody.items() if name != "received" and value
    )
    say(f"\nEvery blank: {custody['received']:,} received = {rest}")
    allocation = result["allocation"]
    say(
        f"Shared by the published rule: {allocation['blanks']:,} blanks ({allocation['boxes']:,} whole boxes) among "
        f"{allocation['regencies']} regencies; fill {allocation['fill_min']:.1%} to {allocation['fill_max']:.1%}."
    )
    found, weeks = played.found, played.weeks
    for name, when in (("at_first", "first"), ("at_the_end", "at the end")):
        pairs = found[name]
        say(
            f"Doubles, {when}: {pairs['planted']:,} pairs planted (the truth of this synthetic nation) ="
            f" {pairs['held_as_one']:,} held as one person + {pairs['in_a_case']:,} in a case + {pairs['not_found']:,} not"
            f" found; {pairs['held_wrongly']:,} held as one that are two."
        )
    say(
        f"Cases: {weeks[0]['waiting']:,} waiting on 20 March, {weeks[-1]['waiting']:,} on 30 April;"
        f" {weeks[-1]['settled']:,} settled with the person, each can be taken back."
    )
    say(
        f"Fingerprints and irises (a simulated engine that knows what was planted): {weeks[0]['awaiting_uniqueness']:,}"
        f" cards awaited uniqueness on 20 March, {weeks[-1]['awaiting_uniqueness']:,} on 30 April."
    )
    if result["followed"]:
        say(f"One blank followed into one hand: ./blanko custody way {result['followed']}")
    say("\nTry next:")
    say("  ./blanko intake load examples/registrations-dirty.csv   a dirty file, every refused row explained")
    say("  ./blanko audit verify --all                             recompute every seal from the stored facts")
    say("  ./blanko allocation share --needs examples/needs-april-2017.csv --stock 1000000 --box 500 --out shares.csv")


def _wrapped(text: str, width: int = 100) -> list[str]:
    import textwrap

    return textwrap.wrap(text, width)
