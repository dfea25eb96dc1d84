"""``./blanko soak custody``: simulations with ever new seeds, for as long as one likes."""

from __future__ import annotations

import argparse
import json
import time

from blanko.doors.cli.simulate import fresh_seed, simulate, tell

EXAMPLE = """Example:
  ./blanko soak custody --minutes 60     new seeds for an hour; stops at the first that fails, with its replay"""
STEPS_A_ROUND = 100_000


def main(argv: list[str]) -> int:
    """Run rounds of 100,000 steps with seeds that follow each other; 1 at the first that fails."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="blanko soak", description=EXAMPLE, formatter_class=raw)
    parser.add_argument("what", choices=["custody"])
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, help="the first round's seed; each further round takes the next")
    parser.add_argument("--steps", type=int, default=STEPS_A_ROUND, help="steps of one round")
    parser.add_argument("--json", action="store_true", help="one object for each round")
    given = parser.parse_args(argv)
    until = time.monotonic() + given.minutes * 60
    seed = fresh_seed() if given.seed is None else given.seed
    total = 0
    while True:
        report, replay = simulate(seed, list(range(max(1, given.steps))), shrinking=True)
        total += report.steps
        if given.json:
            told = {"seed": seed, "steps": report.steps, "total": total, "failed": report.failed, "replay": replay}
            print(json.dumps(told), flush=True)
        else:
            tell(report, replay)
            print(f"{total:,} steps so far", flush=True)
        if report.failed:
            return 1
        if time.monotonic() >= until:
            return 0
        seed += 1
