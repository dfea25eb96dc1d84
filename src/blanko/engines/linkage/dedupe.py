"""The batch: files in, links and persons out. Every step on one screen."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from blanko.engines.linkage import report
from blanko.engines.linkage.candidates import make_blocks, make_candidates
from blanko.engines.linkage.cluster import DECIDED, PAIR_REASONS, REVIEW, Clusters, cluster, record_decisions
from blanko.engines.linkage.compare import FIELDS, NIK, SAME, level
from blanko.engines.linkage.errors import CannotWriteLinks
from blanko.engines.linkage.features import Loaded, load
from blanko.engines.linkage.jit import workers
from blanko.engines.linkage.linked import RECORD_DECISIONS, Linked
from blanko.engines.linkage.loose import LOOSE, loose_groups
from blanko.engines.linkage.model import Model, starting, write_model
from blanko.engines.linkage.score import Pairs, Scorer, probability
from blanko.engines.linkage.shared import Shared, niks_of_many, settle_shared
from blanko.engines.linkage.space import FULL, Space
from blanko.engines.linkage.train import settle_matches, train

FILES: Final = ("pairs.parquet", "clusters.parquet", "model.json", "report.html")
GROUP_ROWS: Final = 1 << 17
Progress = Callable[[str, float], None]


def link_files(
    paths: Sequence[Path],
    *,
    model: Model | None = None,
    threshold: float | None = None,
    seed: int = 0,
    spill: Path | None = None,
    thorough: bool = False,
    progress: Progress | None = None,
) -> Linked:
    """Find whose records are one person's. Without ``model`` one is learned from the records (``seed`` draws its random
    pairs). With ``spill`` what is as long as the records lies in nameless files of that folder, which the system keeps
    in memory as far as there is room. ``thorough`` compares small files by looser keys too. The same rows in any order,
    on any number of cores, spilt or not, give the same result. Raises UnreadableRecords, CannotSpill.
    """
    space = Space(spill)
    tell = progress or (lambda step, done: None)
    seconds: dict[str, float] = {}
    began = time.perf_counter()

    def step(name: str) -> Callable[[float], None]:
        tell(name, 0.0)
        return lambda done: tell(name, done)

    def done(name: str) -> None:
        nonlocal began
        now = time.perf_counter()
        seconds[name] = now - began
        began = now
        tell(name, 1.0)

    loaded = load(paths, progress=step("reading"), space=space)
    shared = settle_shared(loaded)
    done("reading")
    step("keys")
    blocks = make_blocks(loaded, space=space)
    done("keys")
    words = loaded.words.arrays
    first = Scorer(loaded.features, words, starting(len(loaded)))
    given = model
    if model is None:
        model = train(loaded.features, first, blocks, seed=seed, progress=step("learning"))
        done("learning")
    loose = dict(zip(LOOSE, loose_groups(loaded), strict=True)) if thorough else {}
    pairs, keys = make_candidates(loaded, blocks, first, progress=step("comparing"), loose=loose)
    if given is None:
        model = settle_matches(model, lambda each: replace_model(first, each), pairs)
    else:
        model = rescaled(given, len(loaded))
    model = model.with_threshold(threshold)
    scorer = replace_model(first, model)
    pairs = pairs._replace(weight=scorer.weights(pairs))
    done("comparing")
    step("persons")
    pairs, clusters, found_late = settle_persons(loaded, pairs, scorer)
    done("persons")
    return Linked(loaded, model, pairs, clusters, keys, shared + found_late, seconds, space.spilt)


def settle_persons(loaded: Loaded, pairs: Pairs, scorer: Scorer) -> tuple[Pairs, Clusters, tuple[Shared, ...]]:
    """Join pairs to persons; a NIK that many of them turn out to have stops counting, and they are joined anew."""
    shared: list[Shared] = []
    while True:
        clusters = cluster(pairs, scorer)
        same = level(pairs.pattern, NIK) == SAME[NIK]
        hit, found = niks_of_many(loaded, pairs.left[same], pairs.right[same], clusters.person)
        if not found:
            return pairs, clusters, tuple(shared)
        shared += found
        again = np.flatnonzero(hit[pairs.left] | hit[pairs.right])
        anew = scorer.score(pairs.left[again], pairs.right[again])
        for name in ("pattern", "name_bits", "mother_bits", "weight"):
            getattr(pairs, name)[again] = getattr(anew, name)


def replace_model(scorer: Scorer, model: Model) -> Scorer:
    """The same records under another model."""
    return Scorer(scorer.features, scorer.words, model, like=scorer)


def rescaled(model: Model, records: int) -> Model:
    """A model for another number of records: as many doubles and relatives for each record as where it was learned."""
    times = records / model.records
    relatives = model.relatives and replace(model.relatives, pairs=model.relatives.pairs * times)
    return replace(model, records=records, matches=model.matches * times, relatives=relatives)


def pair_table(linked: Linked) -> pa.Table:
    """``pairs.parquet``: merged pairs, those to review, and those from ``review`` bits on that are kept apart."""
    pairs, clusters = linked.pairs, linked.clusters
    chosen = np.flatnonzero((clusters.decided <= REVIEW) | (pairs.weight >= linked.model.review))
    chosen = chosen[np.lexsort((pairs.right[chosen], pairs.left[chosen]))]
    some = pairs.take(chosen)
    columns: dict[str, Any] = {
        "record_a": linked.loaded.ids.take(pa.array(some.left)),
        "record_b": linked.loaded.ids.take(pa.array(some.right)),
        "match_weight": pa.array(some.weight),
        "match_probability": pa.array(probability(some.weight)),
        "decided": _words(DECIDED, clusters.decided[chosen]),
        "reason": _words(PAIR_REASONS, clusters.reason[chosen]),
    }
    for f, name in enumerate(FIELDS):
        columns[f"level_{name}"] = pa.array(level(some.pattern, f).astype(np.int8))
    return pa.table(columns)


def cluster_tables(linked: Linked) -> Iterator[pa.Table]:
    """``clusters.parquet``, GROUP_ROWS at a time: every record once, sorted by its id."""
    ids, person, decided = linked.loaded.ids, linked.clusters.person, record_decisions(linked.clusters)
    for at in range(0, len(ids), GROUP_ROWS):
        rows = slice(at, at + GROUP_ROWS)
        yield pa.table(
            {
                "record_id": ids.slice(at, GROUP_ROWS),
                "person_id": ids.take(pa.array(person[rows])),
                "decided": _words(RECORD_DECISIONS, decided[rows]),
            }
        )


def _words(words: Sequence[str], numbers: npt.NDArray[np.int8]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(numbers), pa.array(list(words), pa.string())).cast(pa.string())


def write(linked: Linked, out: Path) -> tuple[Path, ...]:
    """Write FILES into a folder, all or none of them. Raises CannotWriteLinks."""
    parts = [out / f"{name}.part" for name in FILES]
    try:
        out.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(workers()) as pool:
            jobs: list[Future[Any]] = [
                pool.submit(_write_tables, cluster_tables(linked), parts[1]),
                pool.submit(_write_tables, iter([pair_table(linked)]), parts[0]),
                pool.submit(lambda: parts[3].write_text(report.page(linked), encoding="utf-8")),
            ]
            write_model(linked.model, parts[2])
        for job in jobs:
            job.result()
        for part, name in zip(parts, FILES, strict=True):
            os.replace(part, out / name)
    except OSError as error:
        raise CannotWriteLinks(
            "no room left in {folder}" if error.errno in FULL else "cannot write in {folder} ({reason})",
            mend="free some space or name another folder; no half file was left",
            folder=out,
            reason=error.strerror or str(error),
        ) from error
    finally:
        for part in parts:
            with suppress(OSError):
                part.unlink(missing_ok=True)
    return tuple(out / name for name in FILES)


def _write_tables(tables: Iterator[pa.Table], path: Path) -> None:
    """One Parquet file. Words of few kinds are kept once; ids, which are all different, as they are."""
    first = next(tables)
    few = [name for name in first.column_names if name not in ("record_id", "record_a", "record_b", "person_id")]
    with pq.ParquetWriter(path, first.schema, compression="zstd", use_dictionary=few) as writer:
        for table in chain([first], tables):
            writer.write_table(table, row_group_size=GROUP_ROWS)
