"""The files in parts, one for each task of a worker."""

from __future__ import annotations

from typing import Final

import pyarrow.parquet as pq

from blanko.engines.linkage.columns import Source, _is_csv
from blanko.engines.linkage.spark.steps import Task

TASK_ROWS: Final = 1 << 20


def tasks_of(source: Source) -> list[Task]:
    """Parts of the files for the workers: row groups of about TASK_ROWS records; a CSV file is one part."""
    found: list[Task] = []
    for path in source.paths:
        whole = str(path.resolve())
        if _is_csv(path):
            found.append(Task(whole, -1, -1, 0))
            continue
        with pq.ParquetFile(path) as file:
            first, rows, before = 0, 0, 0
            for k in range(file.metadata.num_row_groups):
                rows += file.metadata.row_group(k).num_rows
                if rows >= TASK_ROWS or k + 1 == file.metadata.num_row_groups:
                    found.append(Task(whole, first, k + 1, before))
                    first, rows, before = k + 1, 0, before + rows
    return found
