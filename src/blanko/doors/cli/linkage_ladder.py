"""``./blanko linkage ladder``: people wrongly closed for each double removed, rule by rule, where the truth is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from blanko.engines.linkage import ladder
from blanko.engines.linkage.errors import UnreadableRecords


def climb(
    files: list[Path], *, truth: Path, links: Path | None, progress: Callable[[str, float], None]
) -> list[dict[str, Any]]:
    """A row for each rule, the engine last; ``links`` is the folder of an earlier dedupe of the same files."""
    records = ladder.read(files)
    person = ladder.persons(records, truth)
    if links is None:
        from blanko.engines.linkage.dedupe import link_files

        linked = link_files(files, progress=progress)
        first = linked.clusters.person.astype(np.int64)
    else:
        first = _first(records, links)
    return [
        {**asdict(rung), "people_per_double": rung.people_per_double} for rung in ladder.ladder(records, person, first)
    ]


def _first(records: pa.Table, links: Path) -> ladder.Rows:
    try:
        clusters = pq.read_table(links / "clusters.parquet", columns=["record_id", "person_id"])
    except (OSError, pa.ArrowException, KeyError) as error:
        raise UnreadableRecords(
            "cannot read {path} ({reason})",
            mend="name the folder that linkage dedupe wrote",
            path=links / "clusters.parquet",
            reason=str(error).splitlines()[0],
        ) from error
    ids = records["record_id"]
    place = pc.index_in(ids, clusters["record_id"])
    if place.null_count:
        raise UnreadableRecords(
            "record {record} is not in {folder}",
            mend="name the files that were linked",
            record=ids.filter(pc.is_null(place))[0].as_py(),
            folder=links,
        )
    return np.asarray(pc.index_in(clusters["person_id"].take(place), ids).to_numpy(), dtype=np.int64)


def show(rows: list[dict[str, Any]]) -> None:
    """Print it for a person."""
    print(f"{rows[0]['doubles']:,} records are one too many (planted truth). If a rule closes all but one record:")
    print(f"{'records':>9}  {'doubles':>9}  {'people left':>11}  {'people a':>9}")
    print(f"{'closed':>9}  {'removed':>9}  {'with none':>11}  {'double':>9}  rule")
    for row in rows:
        each = "none" if row["people_per_double"] is None else f"{row['people_per_double']:.4f}"
        print(f"{row['closed']:>9,}  {row['removed']:>9,}  {row['people']:>11,}  {each:>9}  {row['rule']}")
