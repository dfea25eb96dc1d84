"""Whether two runs of `blanko linkage dedupe` found the same: pairs, clusters and model, value for value.

Usage: python scripts/same_links.py LINKS OTHER   (a run on Spark writes folders where the local engine writes files)
"""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow.parquet as pq


def main(one: Path, other: Path) -> int:
    """0 when nothing differs."""
    for name in ("pairs.parquet", "clusters.parquet"):
        mine, theirs = pq.read_table(one / name), pq.read_table(other / name)
        if not mine.equals(theirs.select(mine.column_names).cast(mine.schema)):
            print(f"{name} differs: {mine.num_rows:,} and {theirs.num_rows:,} rows")
            return 1
        print(f"{name}: the same {mine.num_rows:,} rows")
    if (one / "model.json").read_bytes() != (other / "model.json").read_bytes():
        print("model.json differs")
        return 1
    print("model.json: the same bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
