"""How fast a plan is tried: 20,000 futures of 104 weeks for the nation, and for 514 regencies at once."""

from __future__ import annotations

from time import perf_counter
from typing import Any

NATION_MS, REGENCIES_S = 250, 5
RUNS = 5


def run() -> list[dict[str, Any]]:
    """The best of some runs of the case of April 2017; compilation and its cache are a row of their own."""
    begun = perf_counter()
    from blanko.decisions.planning.outlook.case import load
    from blanko.decisions.planning.outlook.plans import plan
    from blanko.engines.runout.simulate import PATHS, simulate

    case = load("2017-04")
    nation, regencies = (plan(case, case.readings[0], level=level) for level in ("nation", "regency"))
    simulate(nation, seed=1, paths=32)
    start = perf_counter() - begun

    def best(of: Any, runs: int, **more: Any) -> float:
        times = []
        for _ in range(runs):
            begun = perf_counter()
            simulate(of, seed=1, paths=PATHS, **more)
            times.append(perf_counter() - begun)
        return min(times)

    one, all_of_them = best(nation, RUNS), best(regencies, 2)
    return [
        {"job": f"nation, {PATHS:,} paths x {case.weeks} weeks", "value": round(1000 * one, 1), "unit": "ms",
         "target": f"<= {NATION_MS}", "met": one * 1000 <= NATION_MS, "peer": "plain numpy, an earlier trial: 600 ms"},
        {"job": f"{len(regencies.areas)} regencies, {PATHS:,} paths x {case.weeks} weeks", "value": round(all_of_them, 2),
         "unit": "s", "target": f"<= {REGENCIES_S}", "met": all_of_them <= REGENCIES_S, "peer": None},
        {"job": "before the first future: imports, compiled code from its cache (or compiled anew)",
         "value": round(start, 2), "unit": "s", "target": None, "met": None, "peer": None},
    ]  # fmt: skip
