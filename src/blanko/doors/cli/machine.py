"""The machine that a figure was measured on, and what condition it was in: shared machines differ by two from day to day."""

from __future__ import annotations

import hashlib
import os
import platform
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter

# A fixed piece of work, in C and without the interpreter's lock, so that cores show what they share.
WORK = bytes(32 << 20)
RUNS = 3


def machine() -> str:
    """Processor, cores and memory, so that a figure is never read without its machine."""
    processor = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                processor = line.partition(":")[2].strip()
                break
    except OSError:
        pass
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{processor}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}"


def condition() -> str:
    """The load before a bench and the time of one fixed piece of work, on one core and on all of them at once."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    cores = os.cpu_count() or 1
    with ThreadPoolExecutor(cores) as pool:
        one, every = _milliseconds(pool, 1), _milliseconds(pool, cores)
    return f"load {load:.1f} before, SHA-256 of 32 MiB in {one:.0f} ms, {every:.0f} ms on all cores at once"


def _milliseconds(pool: ThreadPoolExecutor, at_once: int) -> float:
    """The best of some runs, since others can only make it slower."""
    times = []
    for _ in range(RUNS):
        begun = perf_counter()
        list(pool.map(lambda _: hashlib.sha256(WORK).digest(), range(at_once)))
        times.append(perf_counter() - begun)
    return 1000 * min(times)
