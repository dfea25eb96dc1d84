"""``./blanko simulate custody``: crashes, repeated messages and thieves against the real operations, from a seed."""

from __future__ import annotations

import argparse
import dataclasses
import json
import secrets
import sys
from collections.abc import Callable
from typing import Any

from blanko.kernel.errors import BlankoError

EXAMPLE = """Example:
  ./blanko simulate custody --seed 2017 --steps 20000
  ./blanko simulate custody --seed 2017 --steps 20000 --only 17,203,511   the steps that a failing run was shrunk to
  ./blanko simulate alerts --seed 7     an honest year and one with thieves: false alarms, and thefts that nobody told"""
SEED_MAX = 2**31


class BadSteps(BlankoError, ValueError):
    """The steps are no numbers from 0."""


def main(argv: list[str]) -> int:
    """Run the steps of a seed in a database of their own; 0 when every promise held, 1 with a replay when one did not."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="blanko simulate", description=EXAMPLE, formatter_class=raw)
    parser.add_argument("what", choices=["custody", "alerts"])
    parser.add_argument("--seed", type=int, help="a fresh one, which is printed, when it is not given")
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--only", metavar="N,N,...", help="only these steps of the seed")
    parser.add_argument(
        "--no-shrink", action="store_true", help="do not look for the few steps that are enough to fail"
    )
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(argv)
    seed = fresh_seed() if given.seed is None else given.seed
    if given.what == "alerts":
        return _years(seed, as_json=given.json)
    report, replay = simulate(seed, _steps(given.steps, given.only), shrinking=not given.no_shrink)
    if given.json:
        print(json.dumps({**dataclasses.asdict(report), "per_second": report.per_second, "replay": replay}))
    else:
        tell(report, replay)
    return 1 if report.failed else 0


def fresh_seed() -> int:
    return secrets.randbelow(SEED_MAX)


def simulate(seed: int, steps: list[int], *, shrinking: bool) -> tuple[Any, str]:
    """The report of a run, and the command that runs it again: of a failing one with the fewest steps that fail."""
    from blanko.ready import start_django

    start_django()
    from blanko.decisions.scenario.custody_world.play import run
    from blanko.decisions.scenario.custody_world.shrink import shrink

    print(f"seed {seed}, {len(steps):,} steps", file=sys.stderr, flush=True)
    report = run(seed, steps, progress=_progress(len(steps)))
    replay = f"./blanko simulate custody --seed {seed} --steps {max(steps) + 1}"
    if report.failed and shrinking:
        print(f"failed: {report.failed}\nlooking for fewer steps that fail", file=sys.stderr, flush=True)
        tried = steps if report.failed_at is None else steps[: report.failed_at + 1]
        only = shrink(tried, lambda part: bool(run(seed, part).failed))
        replay += f" --only {','.join(map(str, only))}"
    return report, replay


def tell(report: Any, replay: str) -> None:
    """A report in words."""
    print(
        f"seed {report.seed}: {report.steps:,} steps in {report.seconds:.0f} s ({report.per_second:,.0f} per s),"
        f" {report.calls:,} calls, {report.movements:,} movements of {report.blanks:,} blanks;"
        f" fingerprint {report.fingerprint}"
    )
    print("  " + ", ".join(f"{name} {count:,}" for name, count in report.done.items()))
    injected = ", ".join(f"{name} {count:,}" for name, count in report.frauds.items())
    print(f"  named {report.named} of {sum(report.frauds.values())} injected frauds ({injected})")
    if report.failed:
        print(f"FAILED after {report.failed_at} steps: {report.failed}\nreplay: {replay}")
    else:
        print("  nothing made or lost, no blank in two places, model and database equal, seals hold")


def _years(seed: int, *, as_json: bool) -> int:
    """An honest year and the same year with thieves; 1 when an alarm was false too often or a theft untold."""
    from blanko.ready import start_django

    start_django()
    from blanko.decisions.scenario.custody_world.year import FALSE_SHARE_MAX, live

    honest, robbed = live(seed, thieves=False), live(seed, thieves=True)
    untold = [theft for theft in robbed.thefts if not theft.told_by]
    if as_json:
        told = {
            "seed": seed, "movements": honest.movements, "false_alarms": honest.false_alarms,
            "false_share": honest.false_share, "false_share_max": FALSE_SHARE_MAX,
            "thefts": [{"day": t.day, "kind": t.kind, "office": t.office, "told_by": t.told_by} for t in robbed.thefts],
            "false_alarms_beside_thefts": robbed.false_alarms,
        }  # fmt: skip
        print(json.dumps(told))
    else:
        print(
            f"seed {seed}, an honest year: {honest.movements:,} movements, {honest.false_alarms} false alarms"
            f" ({honest.false_share:.3%}; at most {FALSE_SHARE_MAX:.3%})"
        )
        print(f"the same year with {len(robbed.thefts)} thefts, of which {len(robbed.thefts) - len(untold)} were told:")
        for theft in robbed.thefts:
            print(f"  day {theft.day:<4}{theft.office}  {theft.kind:<32}{', '.join(theft.told_by) or 'NOT TOLD'}")
    return 1 if untold or honest.false_share > FALSE_SHARE_MAX else 0


def _steps(steps: int, only: str | None) -> list[int]:
    try:
        wanted = [int(part) for part in only.split(",")] if only else list(range(steps))
    except ValueError:
        wanted = []
    if not wanted or min(wanted) < 0:
        raise BadSteps("these are no steps", mend="give --steps 1 or more, and --only as numbers with commas between")
    return wanted


def _progress(steps: int) -> Callable[[int], None]:
    def show(done: int) -> None:
        if sys.stderr.isatty():
            print(f"\r{done:,} of {steps:,} ", end="", file=sys.stderr, flush=True)

    return show
