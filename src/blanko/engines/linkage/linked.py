"""What a run of the batch found, as one object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from blanko.engines.linkage.candidates import KeyCount
from blanko.engines.linkage.cluster import DECIDED, Clusters, record_decisions
from blanko.engines.linkage.columns import Source
from blanko.engines.linkage.features import Loaded
from blanko.engines.linkage.model import Model
from blanko.engines.linkage.score import Pairs
from blanko.engines.linkage.shared import Shared

RECORD_DECISIONS: Final = ("merged", "review", "single")


@dataclass(slots=True)
class Linked:
    """What a run found. ``pairs`` are all candidates; ``seconds`` by step; ``shared`` values that stopped counting."""

    loaded: Loaded
    model: Model
    pairs: Pairs
    clusters: Clusters
    keys: list[KeyCount]
    shared: tuple[Shared, ...]
    seconds: dict[str, float]
    spilt: int = 0
    """Bytes of all files that the run made beside memory."""

    def summary(self) -> dict[str, Any]:
        """Counts for a person or a program."""
        records = record_decisions(self.clusters)
        counts = np.bincount(records, minlength=3)
        decided = np.bincount(self.clusters.decided, minlength=3)
        return {
            "records": len(self.loaded),
            "persons": int((self.clusters.person == np.arange(len(self.loaded))).sum()),
            "records_by_decision": {name: int(counts[k]) for k, name in enumerate(RECORD_DECISIONS)},
            "candidate_pairs": len(self.pairs.left),
            "pairs_by_decision": {name: int(decided[k]) for k, name in enumerate(DECIDED)},
            "merge": self.model.merge,
            "review": self.model.review,
            **findings(self.shared, self.keys, self.loaded.source, self.loaded.notes),
            "spilt_bytes": self.spilt,
            "seconds": {name: round(value, 3) for name, value in self.seconds.items()},
        }


def findings(
    shared: Iterable[Shared], keys: Iterable[KeyCount], source: Source, notes: Mapping[str, int]
) -> dict[str, Any]:
    """What a run found out about its files, on any engine: values of many, blocks above the cap, columns, cells."""
    return {
        "shared_values": [{"field": each.field, "values": each.values, "records": each.records} for each in shared],
        "capped": [
            {"key": each.key, "records": each.capped, "blocks": each.capped_blocks} for each in keys if each.capped
        ],
        "missing_columns": sorted(source.missing),
        "ignored_columns": sorted(source.ignored),
        "unreadable": dict(sorted(notes.items())),
    }
