"""What a worker does with its part of the records: streams of Arrow batches in, streams out. Nothing here knows Spark.

A shuffle between two steps brings together and sorts what the next one names; ``run`` wires them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from blanko.engines.linkage.blocks import CAP, WINDOW, cut, empty_pairs, make_pairs, make_window_pairs
from blanko.engines.linkage.cluster import DECIDED, PAIR_REASONS, REVIEW, cluster, kept_apart, linked
from blanko.engines.linkage.columns import COLUMNS, UNUSED, Source, batches
from blanko.engines.linkage.compare import FIELDS, level, patterns
from blanko.engines.linkage.errors import UnreadableRecords
from blanko.engines.linkage.features import Features, _Reader
from blanko.engines.linkage.frozen import _fill_bits
from blanko.engines.linkage.keys import KEYS, keys_of
from blanko.engines.linkage.model import Model, tables
from blanko.engines.linkage.score import Frequencies, Pairs, Scorer, probability, weigh_pairs
from blanko.engines.linkage.shared import date_slot
from blanko.engines.linkage.spark.rows import (
    Batches,
    column_of,
    from_bytes,
    layout_of,
    numbers,
    signed,
    to_bytes,
    whole_groups,
)
from blanko.engines.linkage.spark.state import State, read_state
from blanko.engines.linkage.train import TRAINING_KEYS, expected, household_keys
from blanko.engines.linkage.words import WordArrays, Words

HOME: Final = len(KEYS)
"""The number of the household key, which trains and makes no candidates."""
RANDOM: Final = -1
"""The number under which records of random pairs are drawn."""
ROOM: Final = 1 << 17
_WORD = ("hash", "letters", "length", "fold", "skeleton", "mask")


class Task(NamedTuple):
    """A part of a file: row groups of Parquet, or a whole CSV file (``first`` -1); ``row`` rows stand before it."""

    path: str
    first: int
    last: int
    row: int


class Frozen:
    """The words and, from the second state on, the frequencies of all records."""

    def __init__(self, words: State, frequencies: State | None = None) -> None:
        self.facts, arrays = words.facts, words.arrays
        self.words = WordArrays(**{name: arrays[f"word_{name}"] for name in WordArrays._fields})
        self.rank = arrays["rank_name"], arrays["rank_mother"]
        self.records = int(self.facts["records"])
        self.layout = self.facts["layout"]
        self.frequencies = frequencies

    def scorer(self, features: Features, model: Model) -> Scorer:
        """Scores these records as if all others stood beside them."""
        assert self.frequencies is not None
        usual = Frequencies(self.frequencies.arrays["date_bits"], int(self.facts["known"]))
        return Scorer(features, self.words, model, frequencies=usual)


State2 = tuple[Callable[[], str], Callable[[], str]]


def frozen(paths: State2) -> Frozen:
    """The words and frequencies at two paths, which are asked for where they are read."""
    return Frozen(read_state(paths[0]()), read_state(paths[1]()))


def _rows_of(tasks: Batches) -> Iterator[tuple[Task, pa.RecordBatch]]:
    for asked in tasks:
        for task in (Task(**each) for each in asked.to_pylist()):
            if task.first < 0:
                for _, batch in batches(Source((Path(task.path),))):
                    yield task, batch
                continue
            with pq.ParquetFile(task.path, memory_map=True) as file:
                names = [name for name in file.schema_arrow.names if name in COLUMNS and name not in UNUSED]
                groups = list(range(task.first, task.last))
                for batch in file.iter_batches(batch_size=1 << 17, columns=names, row_groups=groups):
                    yield task, batch


WORDS = (
    "kind string, told string, hash bigint, letters binary, length int, fold bigint, skeleton bigint, mask bigint, "
    "name bigint, mother bigint, place bigint"
)


def read_words(tasks: Batches) -> Batches:
    """The distinct words of some files, in how many records each stands, and notes. Columns: WORDS.

    What cannot be read is the last row (``error``): a worker's exception would reach a user as a page of Java.
    """
    reader = _Reader()
    error = ""
    try:
        for task, batch in _rows_of(tasks):
            reader.row = task.row if reader.row < task.row else reader.row
            reader.take(Path(task.path), batch)
            reader.chunks.clear()
            reader.ids.clear()
            reader.note("records", batch.num_rows)
    except UnreadableRecords as found:
        values = {name: str(value) for name, value in found.values.items()}
        error = json.dumps([found.message, found.mend_message, values])
    words, size = reader.words.arrays, reader.words.size
    columns: dict[str, Any] = {name: pa.nulls(size, pa.int64()) for name in ("name", "mother", "place")}
    for role, name in enumerate(("name", "mother", "place")):
        columns[name] = pa.array(words.counted[role, :size])
    yield pa.record_batch(
        {
            "kind": pa.array(["word"] * size, pa.string()),
            "told": pa.array([""] * size, pa.string()),
            "hash": signed(words.hash[:size]),
            "letters": pa.array([bytes(row) for row in words.letters[:size]], pa.binary()),
            "length": pa.array(words.length[:size].astype(np.int32)),
            "fold": signed(words.fold[:size]),
            "skeleton": signed(words.skeleton[:size]),
            "mask": signed(words.mask[:size]),
            **columns,
        }
    )
    said = [("note", what, count) for what, count in sorted(reader.notes.items())]
    said += [("error", error, 0)] if error else []
    if said:
        n = len(said)
        zeros = pa.array([0] * n, pa.int64())
        yield pa.record_batch(
            {
                "kind": pa.array([each[0] for each in said], pa.string()),
                "told": pa.array([each[1] for each in said], pa.string()),
                "hash": pa.array(range(n), pa.int64()),
                "letters": pa.array([b""] * n, pa.binary()),
                "length": pa.array([0] * n, pa.int32()),
                **dict.fromkeys(("fold", "skeleton", "mask"), zeros),
                "name": pa.array([each[2] for each in said], pa.int64()),
                **dict.fromkeys(("mother", "place"), zeros),
            }
        )


RECORDS = "record_id string, packed binary, nik bigint, family bigint, born int, name_whole bigint, mother_whole bigint"


def read_records(tasks: Batches, words: Callable[[], str]) -> Batches:
    """The features of each record by the words of all. Columns: RECORDS."""
    known = Frozen(read_state(words()))
    # Reading counts words; what all records count must stay as it is.
    own = known.words._replace(counted=known.words.counted.copy())
    for task, batch in _rows_of(tasks):
        reader = _Reader(Words(int(known.facts["size"]), own))
        reader.row = task.row
        reader.take(Path(task.path), batch)
        if reader.words.size != known.facts["size"]:
            raise UnreadableRecords("{path} changed while it was read", mend="run it again", path=task.path)
        features = _read_features(reader)
        yield pa.record_batch(
            {
                "record_id": pa.concat_arrays(reader.ids),
                "packed": to_bytes(features, known.layout),
                "nik": pa.array(features.nik),
                "family": pa.array(features.family),
                "born": pa.array(features.born),
                "name_whole": signed(features.name_whole),
                "mother_whole": signed(features.mother_whole),
            }
        )


NUMBERED = "part int, position bigint, twice boolean, " + RECORDS


def number_records(stream: Batches, part: Callable[[], int]) -> Batches:
    """Records sorted by id, with their place in this part and whether their id stands twice. Columns: NUMBERED."""
    at, last, number = 0, None, part()
    for batch in stream:
        n = batch.num_rows
        if not n:
            continue
        ids = batch.column("record_id")
        before = pa.concat_arrays([pa.array([last], ids.type), ids.slice(0, n - 1)])
        twice = pc.fill_null(pc.equal(ids, before), False)
        yield pa.record_batch(
            {
                "part": pa.array(np.full(n, number, np.int32)),
                "position": pa.array(np.arange(at, at + n)),
                "twice": twice,
                **{name: batch.column(name) for name in batch.schema.names},
            }
        )
        at, last = at + n, ids[n - 1].as_py()


SETTLED = "row bigint, packed binary"


def settle(stream: Batches, states: State2) -> Batches:
    """Numbered records with the bits of their names, less what many share (as ``shared.settle_shared``). SETTLED."""
    known = frozen(states)
    for batch in stream:
        rows, features = settled(batch, known)
        yield pa.record_batch({"row": pa.array(rows), "packed": to_bytes(features, known.layout)})


def settled(batch: pa.RecordBatch, known: Frozen) -> tuple[npt.NDArray[np.int64], Features]:
    """(row numbers, features) of a batch of numbered records."""
    assert known.frequencies is not None
    usual = known.frequencies.arrays
    f = from_bytes(batch.column("packed"), known.layout)
    rows = usual["offsets"][numbers(batch, "part")] + numbers(batch, "position")
    records = float(known.records)
    for role, ids, whole, counts, bits in (
        (0, f.name, f.name_whole, "names", f.name_bits),
        (1, f.mother, f.mother_whole, "mothers", f.mother_bits),
    ):
        _fill_bits(ids, known.words.bits, role, whole, usual[counts], usual[f"{counts}_counted"], records, bits)
    unknown = held(f.mother_whole, usual["mothers_shared"])
    f.mother_whole[unknown], f.mother[unknown] = 0, -1
    f.nik[held(f.nik, usual["niks"]) | held(rows, usual["late"])] = 0
    f.family[held(f.family, usual["families"])] = 0
    f.born_shared[:] = (usual["date_shared"][date_slot(f.born)] > 0) & (f.born > 0)
    return rows, f


def held(values: npt.NDArray[Any], among: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Whether each value is one of the sorted ``among``."""
    if not len(among):
        return np.zeros(len(values), dtype=np.bool_)
    return np.asarray(among[np.minimum(np.searchsorted(among, values), len(among) - 1)] == values)


KEYS_ONLY = "k int, key bigint"
KEYED = "k int, key bigint, row bigint, packed binary"


def all_keys(features: Features, known: Frozen) -> npt.NDArray[np.uint64]:
    """Keys [n, 10] of records: those of candidates, and that of the household; 0 where there is none."""
    own = keys_of(features, known.words, known.rank, 0, len(features.nik))
    return np.concatenate([own, household_keys(features)], axis=1)


def list_keys(stream: Batches, states: State2) -> Batches:
    """Every key of every record, to be counted. Columns: KEYS_ONLY."""
    known = frozen(states)
    for batch in stream:
        keys = all_keys(settled(batch, known)[1], known)
        for k in range(HOME + 1):
            some = keys[keys[:, k] != 0, k]
            yield pa.record_batch({"k": pa.array(np.full(len(some), k, np.int32)), "key": signed(some)})


def _keyed(k: int, key: npt.NDArray[np.uint64], rows: npt.NDArray[np.int64], packed: pa.Array) -> pa.RecordBatch:
    return pa.record_batch(
        {"k": pa.array(np.full(len(rows), k, np.int32)), "key": signed(key), "row": pa.array(rows), "packed": packed}
    )


def draw_samples(stream: Batches, states: State2, blocks: Callable[[], str]) -> Batches:
    """The records from which training learns: of random pairs (``k`` RANDOM), and of chosen blocks. Columns: KEYED."""
    known, large = frozen(states), read_state(blocks())
    for batch in stream:
        rows, features = settled(batch, known)
        packed = to_bytes(features, known.layout)
        drawn = np.flatnonzero(held(rows, large.arrays["random"]))
        yield _keyed(RANDOM, rows[drawn].view(np.uint64), rows[drawn], packed.take(pa.array(drawn)))
        keys = all_keys(features, known)
        for k in (*TRAINING_KEYS, HOME):
            share = np.uint64(large.facts["one_in"][k])
            chosen = (keys[:, k] != 0) & ((keys[:, k] >> np.uint64(7)) % share == 0)
            chosen &= ~held(keys[:, k], large.arrays[f"large_{k}"])
            at = np.flatnonzero(chosen)
            yield _keyed(k, keys[at, k], rows[at], packed.take(pa.array(at)))


def drop_alone(stream: Batches) -> Batches:
    """Of records sorted by key those that share it; records of random pairs stay. Columns as they came."""
    for table in whole_groups(stream, ("k", "key")):
        k, key = numbers(table, "k"), numbers(table, "key")
        same = (k[1:] == k[:-1]) & (key[1:] == key[:-1])
        kept = k == RANDOM
        kept[1:] |= same
        kept[:-1] |= same
        yield from table.filter(pa.array(kept)).combine_chunks().to_batches()


def spread_keys(stream: Batches, states: State2) -> Batches:
    """Each record once for each of its keys, to be brought together by them. Columns: KEYED."""
    known = frozen(states)
    for batch in stream:
        rows, features = settled(batch, known)
        packed = to_bytes(features, known.layout)
        keys = keys_of(features, known.words, known.rank, 0, len(rows))
        for k in range(len(KEYS)):
            at = np.flatnonzero(keys[:, k])
            yield _keyed(k, keys[at, k], rows[at], packed.take(pa.array(at)))


PAIRS = (
    "k int, seen boolean, row_a bigint, row_b bigint, pattern bigint, name_bits double, mother_bits double, born int, "
    "place int"
)


def make_candidates(stream: Batches, states: State2, blocks: Callable[[], str]) -> Batches:
    """Compared pairs of records sorted by (k, key, row). Columns: PAIRS; ``seen`` marks pairs of neighbours in a block
    above the cap, which several keys may make.
    """
    known, large = frozen(states), read_state(blocks())
    over = [large.arrays[f"large_{k}"] for k in range(len(KEYS))]
    for table in whole_groups(stream, ("k", "key")):
        which, rows = numbers(table, "k"), numbers(table, "row")
        features = from_bytes(column_of(table, "packed"), known.layout)
        keys = keys_of(features, known.words, known.rank, 0, len(rows))
        whole = keys.copy()
        for k, those in enumerate(over):
            keys[held(keys[:, k], those), k] = 0
        for k in np.unique(which):
            inside = np.flatnonzero(which == k).astype(np.int32)
            yield from _pairs_of(int(k), inside, rows, keys, whole, features, known)


def _pairs_of(
    k: int,
    inside: npt.NDArray[np.int32],
    rows: npt.NDArray[np.int64],
    keys: npt.NDArray[np.uint64],
    whole: npt.NDArray[np.uint64],
    f: Features,
    known: Frozen,
) -> Batches:
    left, right = empty_pairs(ROOM)
    room = np.empty(ROOM, np.uint32), np.empty(ROOM), np.empty(ROOM)
    at, offset = 0, 0
    while at < len(inside):
        at, offset, made, _ = make_pairs(
            keys, k, inside, at, offset, f, known.words, int(known.facts["known"]), k > 0, left, right, *room
        )
        compared: list[Any] = [column[:made] for column in room]
        yield _pair_batch(k, False, rows, f, left[:made], right[:made], *compared)
    alike, starts, _ = cut(whole, k, inside, CAP, f.mother_whole, f.village)
    if len(alike):
        left, right = empty_pairs(len(alike) * WINDOW)
        made = make_window_pairs(alike, starts, WINDOW, f, left, right)
        left, right = left[:made], right[:made]
        # What a key below the cap makes of the same two is there already.
        new_pairs = ~((keys[left] == keys[right]) & (keys[left] != 0)).any(axis=1)
        left, right = left[new_pairs], right[new_pairs]
        found = patterns(left, right, f, known.words, known=int(known.facts["known"]))
        yield _pair_batch(k, True, rows, f, left, right, *found)


def _pair_batch(
    k: int,
    seen: bool,
    rows: npt.NDArray[np.int64],
    f: Features,
    left: npt.NDArray[np.int32],
    right: npt.NDArray[np.int32],
    pattern: npt.NDArray[np.uint32],
    name_bits: npt.NDArray[np.float64],
    mother_bits: npt.NDArray[np.float64],
) -> pa.RecordBatch:
    n = len(left)
    return pa.record_batch(
        {
            "k": pa.array(np.full(n, k, np.int32)),
            "seen": pa.array(np.full(n, seen)),
            "row_a": pa.array(rows[left]),
            "row_b": pa.array(rows[right]),
            "pattern": pa.array(pattern.astype(np.int64)),
            # Copied: the room is filled again while Spark still reads.
            "name_bits": pa.array(name_bits.copy()),
            "mother_bits": pa.array(mother_bits.copy()),
            "born": pa.array(f.born[left]),
            "place": pa.array(f.place[left]),
        }
    )


def _weights(batch: pa.RecordBatch, known: Frozen, model: Model) -> npt.NDArray[np.float64]:
    assert known.frequencies is not None
    n = batch.num_rows
    out = np.empty(n, dtype=np.float64)
    weigh_pairs(
        np.arange(n, dtype=np.int32),
        numbers(batch, "pattern").astype(np.uint32),
        numbers(batch, "name_bits", np.float64),
        numbers(batch, "mother_bits", np.float64),
        date_slot(numbers(batch, "born", np.int32)),
        known.frequencies.arrays["date_bits"],
        numbers(batch, "place", np.int32),
        known.words.bits,
        tables(model),
        out,
    )
    return out


NIKS = "row bigint, nik bigint, born int"


def list_niks(stream: Batches, states: State2) -> Batches:
    """The NIK of each record, as far as it counts, and its birth date. Columns: NIKS."""
    known = frozen(states)
    for batch in stream:
        rows, features = settled(batch, known)
        yield pa.record_batch({"row": pa.array(rows), "nik": pa.array(features.nik), "born": pa.array(features.born)})


def compare_again(stream: Batches, states: State2) -> Batches:
    """Pairs with the packed records of both (``packed_a``, ``packed_b``), compared anew. Columns: PAIRS."""
    known = frozen(states)
    for batch in stream:
        n = batch.num_rows
        both = pa.concat_arrays([batch.column("packed_a"), batch.column("packed_b")])
        features = from_bytes(both, known.layout)
        left = np.arange(n, dtype=np.int32)
        right = left + np.int32(n)
        pattern, name_bits, mother_bits = patterns(left, right, features, known.words, known=int(known.facts["known"]))
        yield pa.record_batch(
            {
                **{name: batch.column(name) for name in ("k", "seen", "row_a", "row_b")},
                "pattern": pa.array(pattern.astype(np.int64)),
                "name_bits": pa.array(name_bits),
                "mother_bits": pa.array(mother_bits),
                "born": pa.array(features.born[left]),
                "place": pa.array(features.place[left]),
            }
        )


COUNTED = "part int, value double"


def count_matches(stream: Batches, states: State2, model: Model, part: Callable[[], int]) -> Batches:
    """How many of these pairs are one person's under a model. Columns: COUNTED, one row."""
    known, total = frozen(states), 0.0
    for batch in stream:
        total += expected(_weights(batch, known, model))
    yield pa.record_batch({"part": pa.array([part()], pa.int32()), "value": pa.array([total])})


WEIGHED = "row_a bigint, row_b bigint, pattern bigint, weight double, reason int, link boolean, kept boolean"


def weigh(stream: Batches, states: State2, model: Model) -> Batches:
    """Pairs with their weight, why they may not be one person's, whether they may join two clusters, and whether they
    are kept in any case. Columns: WEIGHED.
    """
    known = frozen(states)
    for batch in stream:
        pairs = _as_pairs(batch, _weights(batch, known, model))
        links, reason = linked(pairs, model)
        link = np.zeros(batch.num_rows, dtype=np.bool_)
        link[links] = True
        kept = (kept_apart(pairs, reason, model) <= REVIEW) | (pairs.weight >= model.review) | link
        yield pa.record_batch(
            {
                **{name: batch.column(name) for name in ("row_a", "row_b", "pattern")},
                "weight": pa.array(pairs.weight),
                "reason": pa.array(reason.astype(np.int32)),
                "link": pa.array(link),
                "kept": pa.array(kept),
            }
        )


def _as_pairs(batch: pa.RecordBatch | pa.Table, weight: npt.NDArray[np.float64]) -> Pairs:
    """Pairs without rows and bits, for rules that ask only for pattern and weight."""
    none = np.zeros(len(weight))
    rows = np.zeros(len(weight), np.int32)
    return Pairs(rows, rows, numbers(batch, "pattern").astype(np.uint32), none, none, weight)


MIXED = "component bigint, kind int, row_a bigint, row_b bigint, packed binary, pattern bigint, weight double"
DECIDED_ROWS = (
    "kind int, row_a bigint, row_b bigint, size bigint, pattern bigint, weight double, decided int, reason int"
)


def cut_components(stream: Batches, states: State2, model: Model) -> Batches:
    """Persons among the records of whole components, by ``cluster.cluster``. Columns: DECIDED_ROWS.

    In come rows (MIXED) sorted by (component, kind, row_a, row_b): records (``kind`` 0), then pairs (1). Out go records
    (``row_b`` their person's row, ``size`` records of it) and pairs with what was decided.
    """
    known = frozen(states)
    for table in whole_groups(stream, ("component",)):
        kind = numbers(table, "kind")
        records, pairs = table.filter(pa.array(kind == 0)), table.filter(pa.array(kind == 1))
        features = from_bytes(column_of(records, "packed"), known.layout)
        rows = numbers(records, "row_a")
        # Components follow each other, rows within them: numbers that keep the order of rows everywhere.
        order = np.argsort(rows, kind="stable")
        columns: list[Any] = [np.ascontiguousarray(column[order]) for column in features]
        features = Features(*columns)
        rows = rows[order]
        left = np.searchsorted(rows, numbers(pairs, "row_a")).astype(np.int32)
        right = np.searchsorted(rows, numbers(pairs, "row_b")).astype(np.int32)
        weight = numbers(pairs, "weight", np.float64)
        pattern = numbers(pairs, "pattern").astype(np.uint32)
        bits = np.zeros(len(left))
        found = cluster(Pairs(left, right, pattern, bits, bits, weight), known.scorer(features, model))
        size = np.bincount(found.person, minlength=len(rows))[found.person]
        n, m = len(rows), len(left)
        yield _decided(0, rows, rows[found.person], size, np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n))
        yield _decided(1, rows[left], rows[right], np.zeros(m), pattern, weight, found.decided, found.reason)


def decide_apart(stream: Batches, model: Model) -> Batches:
    """Kept pairs of two components. Columns: DECIDED_ROWS."""
    for batch in stream:
        weight, reason = numbers(batch, "weight", np.float64), numbers(batch, "reason").astype(np.int8)
        decided = kept_apart(_as_pairs(batch, weight), reason, model)
        none = np.zeros(batch.num_rows)
        pattern = numbers(batch, "pattern")
        yield _decided(1, numbers(batch, "row_a"), numbers(batch, "row_b"), none, pattern, weight, decided, reason)


def _decided(kind: int, *columns: npt.NDArray[Any]) -> pa.RecordBatch:
    a, b, size, pattern, weight, decided, reason = columns
    return pa.record_batch(
        {
            "kind": pa.array(np.full(len(a), kind, np.int32)),
            "row_a": pa.array(a.astype(np.int64)),
            "row_b": pa.array(b.astype(np.int64)),
            "size": pa.array(size.astype(np.int64)),
            "pattern": pa.array(pattern.astype(np.int64)),
            "weight": pa.array(weight.astype(np.float64)),
            "decided": pa.array(decided.astype(np.int32)),
            "reason": pa.array(reason.astype(np.int32)),
        }
    )


PAIR_TABLE = (
    "record_a string, record_b string, match_weight double, match_probability double, decided string, reason string, "
    + ", ".join(f"level_{name} tinyint" for name in FIELDS)
)


def pair_rows(stream: Batches) -> Batches:
    """The rows of ``pairs.parquet`` from pairs with their ids. Columns: PAIR_TABLE."""
    for batch in stream:
        weight = numbers(batch, "weight", np.float64)
        pattern = numbers(batch, "pattern").astype(np.uint32)
        decided, reason = numbers(batch, "decided"), numbers(batch, "reason")
        yield pa.record_batch(
            {
                "record_a": batch.column("record_a"),
                "record_b": batch.column("record_b"),
                "match_weight": pa.array(weight),
                "match_probability": pa.array(probability(weight)),
                "decided": pa.array(DECIDED, pa.string()).take(pa.array(decided)),
                "reason": pa.array(PAIR_REASONS, pa.string()).take(pa.array(reason)),
                **{f"level_{name}": pa.array(level(pattern, f).astype(np.int8)) for f, name in enumerate(FIELDS)},
            }
        )


def _read_features(reader: _Reader) -> Features:
    """What a reader has read, in the order of the file."""
    columns: dict[str, Any] = {name: np.concatenate(parts) for name, parts in reader.chunks.items()}
    n = len(columns["nik"])
    for name in ("name_bits", "mother_bits"):
        columns[name] = np.zeros(n, dtype=np.float32)
    return Features(**columns, born_shared=np.zeros(n, dtype=np.uint8))


def layout() -> list[list[Any]]:
    """The layout of packed records, found by reading none."""
    reader = _Reader()
    empty = pa.record_batch({"record_id": pa.array([], pa.string()), "name": pa.array([], pa.string())})
    reader.take(Path("-"), empty)
    return layout_of(_read_features(reader))
