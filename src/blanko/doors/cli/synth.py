"""``./blanko synth``: write a synthetic nation with known truth as the intake's own files."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from blanko.decisions.scenario.villages import villages
from blanko.doors.cli.progress import Bar
from blanko.engines.synth.nation import AS_OF, Nation, synthesise
from blanko.engines.synth.villages import TooFewPeople, VillageTable
from blanko.engines.synth.writing import FILES, Written, write


def whole_regencies(asked: Sequence[str], areas: VillageTable) -> dict[str, int]:
    """``CODE`` or ``CODE=PEOPLE`` as a mapping; without a number the regency's own people. Raises TooFewPeople."""
    found: dict[str, int] = {}
    for text in asked:
        code, _, number = text.partition("=")
        if number and not number.isdigit():
            raise TooFewPeople(
                "--whole {text}: {number} is no number",
                mend="write --whole 3276=50000",
                text=text,
                number=repr(number),
            )
        own = 1
        if code in areas.regency_codes:
            own = int(areas.weight[areas.regency == areas.regency_codes.index(code)].sum())
        found[code] = int(number) if number else own
    return found


class Bars:
    """One progress bar after another: for the people, then for each file."""

    def __init__(self) -> None:
        self.bar, self.what = Bar(""), ""

    def __call__(self, what: str, done: int, of: int) -> None:
        if what != self.what:
            self.bar, self.what = Bar(what), what
        self.bar(done / max(of, 1))
        if done >= of:
            self.bar.__exit__()


def summary(nation: Nation, files: Sequence[Written], seconds: float) -> dict[str, object]:
    """What ``--json`` prints."""
    return {
        "people": nation.people,
        "seed": nation.seed,
        "as_of": nation.as_of.isoformat(),
        "files": [{"file": str(each.path), "rows": each.rows, "bytes": each.size} for each in files],
        "seconds": round(seconds, 3),
        "people_per_second": round(nation.people / seconds),
    }


def main(argv: list[str]) -> int:
    """Make a nation and write it. Exit code 0 done, 1 no room, 2 wrong use."""
    parser = argparse.ArgumentParser(
        prog="blanko synth",
        description="Example: ./blanko synth --people 200000 --seed 7 --out nation",
        epilog="No real person is in it. The same arguments give the same bytes.",
    )
    parser.add_argument("--people", type=int, default=200_000, help="persons aged 16 and over (100 or more)")
    parser.add_argument("--seed", type=int, default=7, help="a whole number; another one gives another nation")
    parser.add_argument("--out", type=Path, required=True, help="folder for the files")
    parser.add_argument(
        "--as-of", type=date.fromisoformat, default=AS_OF, metavar="YYYY-MM-DD", help=f"default {AS_OF}"
    )
    parser.add_argument(
        "--whole",
        action="append",
        default=[],
        metavar="CODE[=PEOPLE]",
        help="a regency that is in 1:1; may be repeated",
    )
    parser.add_argument("--only", action="append", choices=FILES, help="write only this file; may be repeated")
    parser.add_argument("--json", action="store_true", help="one object {people, seed, as_of, files, seconds}")
    given = parser.parse_args(argv)
    areas = villages()
    bars = Bars()
    began = time.perf_counter()
    nation = synthesise(
        people=given.people,
        seed=given.seed,
        areas=areas,
        as_of=given.as_of,
        whole=whole_regencies(given.whole, areas),
        progress=bars,
    )
    files = write(nation, given.out, only=given.only or FILES, progress=bars)
    seconds = time.perf_counter() - began
    if given.json:
        print(json.dumps(summary(nation, files, seconds)))
        return 0
    for each in files:
        print(f"{each.path}  {each.rows:,} rows  {each.size:,} bytes")
    print(f"{nation.people:,} synthetic people in {seconds:.1f} s ({nation.people / seconds:,.0f} a second)")
    return 0
