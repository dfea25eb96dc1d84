"""What the synthetic nation's offices would report: stock on hand, and counts of people by area."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from blanko.engines.synth.draws import Ints, stream
from blanko.engines.synth.people import People
from blanko.engines.synth.statuses import (
    ADJUDICATED,
    CAPTURED,
    DUPLICATE,
    FAILED,
    ISSUED,
    NO_STATUS,
    PRINT_READY,
    PRINTED,
    PROCESSING,
    RECEIVED,
    SENT,
    SHIPPED,
    Standing,
)
from blanko.engines.synth.villages import VillageTable

NATION = "ID"
METRICS = (
    "obliged",
    "recorded",
    "not_recorded",
    "print_ready",
    "awaiting_uniqueness",
    "duplicate_or_failed",
    "printed_uncollected",
    "holds_card",
    "suket_holders",
)
OBLIGED, RECORDED = 0, 1


def tally(people: People, standing: Standing, areas: VillageTable) -> Ints:
    """People by regency (rows) and METRICS (columns), each person once, without the deaths that were reported.

    Only the obliged count as recorded, so that recorded and not recorded sum to the obliged, as the ministry counts.
    """
    obliged = standing.obliged & (standing.reported_on == 0)
    known = obliged & standing.recorded
    status = standing.status
    masks = (
        obliged,
        known,
        obliged & ~standing.recorded,
        known & (status == PRINT_READY),
        known & np.isin(status, (NO_STATUS, SENT, RECEIVED)),
        known & np.isin(status, (ADJUDICATED, DUPLICATE, FAILED, CAPTURED, PROCESSING)),
        known & np.isin(status, (PRINTED, SHIPPED)),
        known & ((status == ISSUED) | ((status == PRINT_READY) & (standing.issued_on > 0))),
        known & standing.suket,
    )
    regency = areas.regency[people.village]
    return np.stack([np.bincount(regency[mask], minlength=len(areas.regency_codes)) for mask in masks], axis=1).astype(
        np.int64
    )


def count_table(sums: Ints, *, areas: VillageTable, as_of: date, seed: int) -> pa.Table:
    """One row an area and metric: the regencies that have people, their provinces, and the nation.

    The denominator is the area's obliged, and none for the obliged themselves.
    """
    inhabited = np.flatnonzero(sums[:, OBLIGED])
    rows: list[tuple[str, Ints]] = []
    provinces = sorted({areas.regency_codes[i][:2] for i in inhabited.tolist()})
    for province in provinces:
        inside = [i for i in inhabited.tolist() if areas.regency_codes[i].startswith(province)]
        rows += [(areas.regency_codes[i], sums[i]) for i in inside]
        rows.append((province, sums[inside].sum(axis=0)))
    rows.append((NATION, sums.sum(axis=0)))
    size = len(rows) * len(METRICS)
    values = np.concatenate([row for _, row in rows])
    base = np.repeat(np.array([row[OBLIGED] for _, row in rows]), len(METRICS))
    metric = np.tile(np.arange(len(METRICS)), len(rows))
    day = pa.array([as_of] * size, pa.date32())
    return pa.table(
        {
            "area": pa.array([area for area, _ in rows for _ in METRICS]),
            "metric": pa.array([METRICS[i] for i in metric.tolist()]),
            "value": pa.array(values),
            "date": day,
            "denominator": pa.array(base, mask=metric == OBLIGED),
            "source": pa.array([f"synthetic, seed {seed}"] * size),
            "kind": pa.array(["synthetic"] * size),
            "known_on": day,
        }
    )


def stock_table(*, areas: VillageTable, as_of: date, seed: int) -> pa.Table:
    """What each regency office counted in the last week: two in three had no blank left, the rest a few hundred."""
    rng = stream(seed, "stock")
    count = len(areas.regency_codes)
    good = np.where(rng.random(count) < 0.66, 0, 1 + rng.geometric(1 / 160, count))
    return pa.table(
        {
            "office": pa.array(list(areas.regency_codes)),
            "counted_on": pa.array([as_of - timedelta(days=int(d)) for d in rng.integers(0, 7, count)], pa.date32()),
            "good": pa.array(np.minimum(good, 1500)),
            "spoiled": pa.array(np.minimum(rng.geometric(1 / 14, count) - 1, 200)),
        }
    )
