"""``./blanko bench linkage [--records N]``: our batch and Splink 5 (DuckDB) on the same file in the same run.

Each engine runs in a process of its own, start-up and training included, after a first run on few records that lets both
keep what is compiled once (Python's byte code, our loops). The people are synthetic, of a seed that nothing was built
on; their truth is known.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

RECORDS, SEED = 1_000_000, 902
PEOPLE_PER_RECORD = 1.06
FEW = 20_000
THRESHOLDS = range(-4, 31, 2)
GROUPS_SHOWN = 3
Ids = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Run:
    """One process: seconds on the wall and of the processor, most memory in GiB."""

    wall: float
    cpu: float
    memory: float


def measured(command: list[str], home: Path, told: Path | None = None) -> Run:
    """Run a command to its end and ask the system what it took. What it compiles is kept in ``home``, what it prints in
    ``told``.
    """
    own = {"XDG_CACHE_HOME": str(home / "cache"), "PYTHONPYCACHEPREFIX": str(home / "bytecode")}
    environment = {**{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}, **own}
    began = time.perf_counter()
    with tempfile.TemporaryFile() as kept, (told or Path(os.devnull)).open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=kept, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            kept.seek(0)
            raise RuntimeError(kept.read().decode(errors="replace")[-2000:])
    unit = 1 if sys.platform == "darwin" else 1024
    return Run(time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / 2**30)


@dataclass(frozen=True, slots=True)
class Score:
    """Right, found and true pairs that clusters put together."""

    right: int
    found: int
    true: int

    @property
    def precision(self) -> float:
        return self.right / max(self.found, 1)

    @property
    def recall(self) -> float:
        return self.right / max(self.true, 1)

    @property
    def f1(self) -> float:
        return 2 * self.right / max(self.found + self.true, 1)


def pairs_within(labels: Ids) -> int:
    """Pairs of rows with one label."""
    sizes = np.unique(labels, return_counts=True)[1].astype(np.int64)
    return int((sizes * (sizes - 1) // 2).sum())


def score(found: Ids, truth: Ids) -> Score:
    """Clusters against persons, by pairs."""
    return Score(pairs_within(found << 32 | truth), pairs_within(found), pairs_within(truth))


def components(count: int, left: Ids, right: Ids) -> Ids:
    """Connected components, as Splink clusters."""
    parent = list(range(count))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for a, b in zip(left.tolist(), right.tolist(), strict=True):
        x, y = root(a), root(b)
        if x != y:
            parent[max(x, y)] = min(x, y)
    return np.array([root(i) for i in range(count)], dtype=np.int64)


def codes(values: pa.ChunkedArray, ids: pa.Array) -> Ids:
    """The place of each id in the sorted ids."""
    return np.asarray(pa.compute.index_in(values, ids).to_numpy(), dtype=np.int64)


def run(records: int = RECORDS) -> list[dict[str, Any]]:
    """Rows for the bench; the ratio is claimed against the faster Splink of at least equal F1."""
    from blanko.decisions.scenario.villages import villages
    from blanko.engines.linkage.columns import COLUMNS
    from blanko.engines.synth.nation import synthesise

    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        made = synthesise(people=round(records * PEOPLE_PER_RECORD), seed=SEED, areas=villages())
        table = made.registrations.select(list(COLUMNS))
        pq.write_table(table, at / "records.parquet", row_group_size=1 << 17)
        pq.write_table(table.slice(0, FEW), at / "few.parquet")
        truth = made.truth.filter(made.truth["record_id"].is_valid()).sort_by("record_id")
        said = table.select(["record_id", "sex", "name", "village_code"]).sort_by("record_id")
        del made, table
        return _rows(at, truth, said)


def dedupe(file: Path, out: Path, *options: str) -> list[str]:
    """Our command."""
    return [sys.executable, "-m", "blanko", "linkage", "dedupe", str(file), "--out", str(out), *options]


def compiling(at: Path) -> float:
    """Seconds that somebody waits once, before the loops are compiled: the first run on few records less the second."""
    first, second = (measured(dedupe(at / "few.parquet", at / "few"), at) for _ in range(2))
    return first.wall - second.wall


def _rows(at: Path, truth: pa.Table, said: pa.Table) -> list[dict[str, Any]]:
    ids = truth["record_id"].combine_chunks()
    persons = truth["person_id"].to_numpy().astype(np.int64)
    once = compiling(at)
    ours = measured(dedupe(at / "records.parquet", at / "ours"), at)
    clusters = pq.read_table(at / "ours" / "clusters.parquet")
    found = codes(clusters["person_id"], ids)
    mine = score(found, persons)
    n = len(ids)
    rows = [
        _row(f"{n:,} records: wall", round(ours.wall, 2), "s"),
        _row("processor", round(ours.cpu, 2), "s"),
        _row(
            "most memory",
            round(ours.memory, 2),
            "GiB",
            "<= 1.5" if n < 2e6 else "<= 5",
            ours.memory <= (1.5 if n < 2e6 else 5),
        ),
        _row("compiling once, apart", round(once, 1), "s"),
        _row("cluster F1", round(mine.f1, 4), "", ">= 0.95", mine.f1 >= 0.95),
        _row("what is merged: precision", round(mine.precision, 5), "", ">= 0.9995", mine.precision >= 0.9995),
        _row("what is merged: recall", round(mine.recall, 4), "", ">= 0.75", mine.recall >= 0.75),
    ]
    pairs = pq.read_table(at / "ours" / "pairs.parquet")
    rows.append(_row("pairs kept", pairs.num_rows, "pairs"))
    rows += _by_group(found, persons, said)
    if find_spec("splink") is None:
        rows.append(_row("Splink is missing (requirements/bench.txt): not compared", 0, ""))
        return rows
    peers = []
    for rules in ("lean", "ours"):
        peer = [sys.executable, "-m", "blanko.doors.cli.linkage_peer", rules]
        measured([*peer, str(at / "few.parquet"), str(at / "few")], at)
        taken = measured([*peer, str(at / "records.parquet"), str(at / rules)], at)
        theirs, threshold, count = _best(at / rules, ids, persons)
        peers.append((rules, taken, theirs))
        name = "its lean rules" if rules == "lean" else "our rules"
        rows += [
            _row(f"Splink, {name}: wall", round(taken.wall, 2), "s"),
            _row(f"Splink, {name}: processor", round(taken.cpu, 2), "s"),
            _row(f"Splink, {name}: most memory", round(taken.memory, 2), "GiB"),
            _row(f"Splink, {name}: pairs kept", count, "pairs"),
            _row(f"Splink, {name}: cluster F1 at its best threshold ({threshold} bits)", round(theirs.f1, 4), ""),
            _row(f"Splink, {name}: precision", round(theirs.precision, 5), ""),
            _row(f"Splink, {name}: recall", round(theirs.recall, 4), ""),
        ]
    equal = [peer for peer in peers if peer[2].f1 >= mine.f1]
    rules, taken, theirs = min(equal or peers, key=lambda peer: peer[1].wall)
    beside = "of at least equal F1" if equal else "though its F1 is lower"
    best = max(peer[2].f1 for peer in peers)
    rows += [
        _row(
            f"faster, wall, than Splink with {rules} rules ({beside})",
            round(taken.wall / ours.wall, 1),
            "times",
            ">= 10",
            taken.wall >= 10 * ours.wall,
        ),
        _row(
            f"faster, processor, than Splink with {rules} rules ({beside})",
            round(taken.cpu / ours.cpu, 1),
            "times",
            ">= 10",
            taken.cpu >= 10 * ours.cpu,
        ),
        _row(
            "cluster F1 above the best Splink",
            round(100 * (mine.f1 - best), 2),
            "points",
            ">= 4",
            mine.f1 >= best + 0.04,
        ),
    ]
    return rows


def _best(folder: Path, ids: pa.Array, persons: Ids) -> tuple[Score, int, int]:
    """Splink at the threshold of its best F1, which a user does not know."""
    pairs = pq.read_table(folder / "pairs.parquet")
    left, right = codes(pairs["record_a"], ids), codes(pairs["record_b"], ids)
    weight = pairs["match_weight"].to_numpy()
    found = []
    for threshold in THRESHOLDS:
        strong = weight >= threshold
        found.append((score(components(len(ids), left[strong], right[strong]), persons), threshold))
    best, threshold = max(found, key=lambda each: each[0].f1)
    return best, threshold, pairs.num_rows


def _by_group(found: Ids, persons: Ids, said: pa.Table) -> list[dict[str, Any]]:
    """Shares of doubles missed and of wrong merges, by who people are: nobody may be served much worse."""
    compute = pa.compute
    mononym = np.asarray(compute.invert(compute.match_substring(compute.utf8_trim_whitespace(said["name"]), " ")))
    sex = np.asarray(compute.equal(said["sex"], "P"))
    province = np.asarray(compute.utf8_slice_codeunits(said["village_code"], 0, 2).to_numpy(zero_copy_only=False))
    groups = [("men", ~sex), ("women", sex), ("one name", mononym), ("more names", ~mononym)]
    by_province = []
    for code in np.unique(province):
        inside = province == code
        by_province.append((f"province {code}", inside, score(found[inside], persons[inside])))
    worst = sorted((each for each in by_province if each[2].true >= 100), key=lambda each: each[2].recall)[
        :GROUPS_SHOWN
    ]
    shown = [(name, score(found[rows], persons[rows])) for name, rows in groups] + [(name, s) for name, _, s in worst]
    return [
        _row(
            f"{name}: doubles missed {100 * (1 - s.recall):.2f} %, merges wrong {100 * (1 - s.precision):.3f} %",
            s.true,
            "true pairs",
        )
        for name, s in shown
    ]


def _row(job: str, value: float, unit: str, target: str | None = None, met: bool | None = None) -> dict[str, Any]:
    return {"job": job, "value": value, "unit": unit, "target": target, "met": met, "peer": None}
