"""What one machine decides for all: which words and frequencies the workers use, and what training learns.

Small by its making: words, values of some frequency, and samples whose size does not grow with the records.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from blanko.engines.linkage.blocks import CAP
from blanko.engines.linkage.candidates import KeyCount
from blanko.engines.linkage.compare import known_from
from blanko.engines.linkage.errors import UnreadableRecords
from blanko.engines.linkage.features import DATES
from blanko.engines.linkage.groups import group
from blanko.engines.linkage.keys import HOLDS, KEYS, ranks
from blanko.engines.linkage.model import Model, starting
from blanko.engines.linkage.shared import Shared, date_slot, odd_mothers, told_dates, told_numbers, weigh_dates
from blanko.engines.linkage.spark.rows import column_of, from_bytes, numbers, unsigned
from blanko.engines.linkage.spark.state import State, read_state, write_state
from blanko.engines.linkage.spark.steps import HOME, Frozen, layout
from blanko.engines.linkage.train import (
    HOME_MOST,
    KEY_SHARES,
    TRAINING_KEYS,
    histogram,
    home_sample,
    learn,
    level_shares,
    one_in,
    random_rows,
    sampled,
)
from blanko.engines.linkage.words import WordArrays, Words, _empty, _rehash

CAPS: Final = (CAP,) * len(KEYS) + (HOME_MOST,)
"""Most records of a block of each key, and of a household."""


def raise_first(errors: list[str]) -> None:
    """Raise what a worker could not read; of several the first in order."""
    if errors:
        message, mend, values = json.loads(min(errors))
        raise UnreadableRecords(message, mend=mend, **values)


def write_words(path: Path, table: pa.Table, records: int) -> Path:
    """The words of all records for the workers. ``table`` has the columns of a word of steps.WORDS, each word once."""
    table = table.sort_by("hash")
    size = len(table)
    room = 1 << 15
    while room < size + 64:
        room *= 2
    arrays = _empty(room)
    for name in ("hash", "fold", "skeleton", "mask"):
        getattr(arrays, name)[:size] = unsigned(table, name)
    arrays.length[:size] = numbers(table, "length")
    width = arrays.letters.shape[1]
    letters = b"".join(table.column("letters").to_pylist())
    arrays.letters[:size] = np.frombuffer(letters, dtype=np.uint8).reshape(size, width)
    for role, name in enumerate(("name", "mother", "place")):
        arrays.counted[role, :size] = numbers(table, name)
    _rehash(arrays.table, arrays.hash, size)
    words = Words(size, arrays)
    words.weigh(records)
    rank = ranks(arrays, size)
    facts = {"records": records, "size": size, "known": known_from(records), "layout": layout()}
    columns = {f"word_{name}": getattr(arrays, name) for name in WordArrays._fields}
    return write_state(path, facts, {**columns, "rank_name": rank[0], "rank_mother": rank[1]})


@dataclass(frozen=True, slots=True)
class Counted:
    """Values and their records: ``value`` in order, ``count``; whole names, mothers, NIKs and family cards, days."""

    value: npt.NDArray[Any]
    count: npt.NDArray[np.int64]

    @classmethod
    def of(cls, table: pa.Table, name: str, kind: Any = np.int64) -> Counted:
        """From a table of (value, count)."""
        value, count = numbers(table, name), numbers(table, "count")
        value = value.view(kind) if np.dtype(kind).itemsize == 8 else value.astype(kind)
        order = np.argsort(value, kind="stable")
        return cls(value[order], count[order])

    def some(self, chosen: npt.NDArray[np.bool_]) -> Counted:
        """Those."""
        return Counted(self.value[chosen], self.count[chosen])


def write_frequencies(
    path: Path,
    words: State,
    *,
    offsets: npt.NDArray[np.int64],
    names: Counted,
    mothers: Counted,
    frequent_mothers: pa.Table,
    niks: Counted,
    families: Counted,
    days: Counted,
) -> tuple[Path, tuple[Shared, ...]]:
    """The frequencies of all records for the workers, and what stopped counting, as ``shared.settle_shared`` finds it.

    ``frequent_mothers`` (mother_whole, count, packed): the first record of each mother's name that may stand for none.
    """
    known = Frozen(words)
    found: list[Shared] = []
    frequent_mothers = frequent_mothers.sort_by("mother_whole")
    first = from_bytes(column_of(frequent_mothers, "packed"), known.layout)
    whole, count = unsigned(frequent_mothers, "mother_whole"), numbers(frequent_mothers, "count")
    order = np.argsort(whole, kind="stable")
    odd, told = odd_mothers(first.mother[order], count[order], known.words, known.records)
    found += told
    found += told_numbers("nik", niks.value, niks.count, 16)
    found += told_numbers("family_card_no", families.value, families.count, 16)
    births = np.zeros(DATES)
    births[date_slot(days.value.astype(np.int32))] = days.count
    date_bits, date_shared = weigh_dates(births)
    found += told_dates(date_shared, births.astype(np.int64))
    arrays: dict[str, npt.NDArray[Any]] = {
        "offsets": offsets,
        "names": names.value,
        "names_counted": names.count,
        "mothers": mothers.value,
        "mothers_counted": mothers.count,
        "mothers_shared": whole[order][odd],
        "niks": niks.value,
        "late": np.zeros(0, np.int64),
        "families": families.value,
        "date_bits": date_bits,
        "date_shared": date_shared.astype(np.uint8),
    }
    return write_state(path, {}, arrays), tuple(found)


def with_late(before: Path, path: Path, rows: npt.NDArray[np.int64]) -> Path:
    """The frequencies with records whose NIK was found to be nobody's only when persons were joined."""
    state = read_state(str(before))
    return write_state(path, state.facts, {**state.arrays, "late": rows})


@dataclass(frozen=True, slots=True)
class BlockCount:
    """What keys hold: ``totals`` pairs of blocks up to the cap, ``records``, and the keys above the cap, by key."""

    totals: tuple[int, ...]
    records: tuple[int, ...]
    capped: tuple[int, ...]
    large: tuple[npt.NDArray[np.uint64], ...]

    @classmethod
    def of(cls, table: pa.Table) -> BlockCount:
        """From (k, key, size, blocks): blocks up to the cap together by size, ``key`` 0; each larger one by itself."""
        k, key = numbers(table, "k"), unsigned(table, "key")
        size, blocks = numbers(table, "size"), numbers(table, "blocks")
        totals, records, capped, large = [], [], [], []
        for each in range(HOME + 1):
            mine = k == each
            over = mine & (size > CAPS[each])
            small = mine & ~over
            totals.append(int((size[small] * (size[small] - 1) // 2 * blocks[small]).sum()))
            records.append(int((size[mine] * blocks[mine]).sum()))
            capped.append(int(size[over].sum()))
            large.append(np.sort(key[over]))
        return cls(tuple(totals), tuple(records), tuple(capped), tuple(large))

    def told(self, kept: dict[int, int]) -> list[KeyCount]:
        """What each key did; ``kept`` pairs that no earlier key made."""
        return [
            KeyCount(KEYS[k], self.records[k], self.totals[k], kept.get(k, 0), self.capped[k], len(self.large[k]))
            for k in range(len(KEYS))
        ]


def write_blocks(path: Path, counted: BlockCount, records: int, seed: int) -> Path:
    """Which blocks are above the cap, and which of the others training looks at."""
    arrays: dict[str, npt.NDArray[Any]] = {f"large_{k}": keys for k, keys in enumerate(counted.large)}
    left, right = random_rows(records, seed)
    arrays["random"] = np.unique(np.concatenate([left, right]).astype(np.int64))
    return write_state(path, {"one_in": [one_in(total) for total in counted.totals]}, arrays)


def learned(samples: pa.Table, known: Frozen, counted: BlockCount, seed: int) -> Model:
    """Train on records that were drawn (steps.KEYED): the model that ``train.train`` learns of all of them."""
    n = known.records
    k, key, row = numbers(samples, "k"), unsigned(samples, "key"), numbers(samples, "row")
    rows, first = np.unique(row, return_index=True)
    features = from_bytes(column_of(samples, "packed").take(pa.array(first)), known.layout)
    scorer = known.scorer(features, starting(n))
    keys = np.zeros((len(rows), len(KEYS)), dtype=np.uint64)
    homes = np.zeros((len(rows), 1), dtype=np.uint64)
    at = np.searchsorted(rows, row)
    for each in TRAINING_KEYS:
        keys[at[k == each], each] = key[k == each]
    homes[at[k == HOME], 0] = key[k == HOME]
    left, right = (np.searchsorted(rows, side).astype(np.int32) for side in random_rows(n, seed))
    of_keys = {
        each: histogram(
            sampled(scorer, group(np.ascontiguousarray(keys[:, each])), counted.totals[each]),
            scorer,
            HOLDS[each],
            KEY_SHARES,
        )
        for each in TRAINING_KEYS
        if counted.totals[each]
    }
    at_home = counted.totals[HOME]
    home = home_sample(scorer, group(homes[:, 0]), at_home)
    return learn(n, level_shares(scorer, left, right), of_keys, home, at_home, seed=seed)
