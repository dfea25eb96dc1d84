"""``./blanko bench synth``: people a second, files written."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from blanko.decisions.scenario.villages import villages
from blanko.engines.synth.nation import synthesise
from blanko.engines.synth.writing import write

TARGET = 50_000


def run() -> list[dict[str, Any]]:
    """Make and write nations of 200,000 and 1,000,000 people; loading the gazetteer is counted apart."""
    began = time.perf_counter()
    areas = villages()
    rows: list[dict[str, Any]] = [
        {"job": "read the gazetteer of villages", "value": round(time.perf_counter() - began, 2), "unit": "s"}
    ]
    for people in (200_000, 1_000_000):
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            nation = synthesise(people=people, seed=7, areas=areas)
            made = time.perf_counter() - began
            files = write(nation, Path(folder))
            seconds = time.perf_counter() - began
        speed = round(people / seconds)
        rows.append(
            {
                "job": f"{people:,} people, made in {made:.1f} s, written in {seconds - made:.1f} s "
                f"({sum(each.size for each in files) / 2**20:.0f} MiB)",
                "value": speed,
                "unit": "people/s",
                "target": f">= {TARGET:,}",
                "met": speed >= TARGET,
            }
        )
        del nation
    # Linux counts in KiB, macOS in bytes.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    rows.append({"job": "most memory of this process", "value": round(peak / 2**20), "unit": "MiB"})
    return rows
