"""The batch on Apache Spark: the wiring of ``steps`` and ``driver``, a shuffle between two of them.

Nothing is collected on one machine but words, frequencies, samples of fixed size and counts. Each stage is written to
the work folder, so that a lost node costs the stage, and numbers of rows never change.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from blanko.engines.linkage import report
from blanko.engines.linkage.candidates import KeyCount
from blanko.engines.linkage.cluster import DECIDED, PAIR_REASONS
from blanko.engines.linkage.columns import Source, open_files
from blanko.engines.linkage.compare import NIK, SAME
from blanko.engines.linkage.dedupe import rescaled
from blanko.engines.linkage.errors import CannotWriteLinks, UnreadableRecords
from blanko.engines.linkage.linked import RECORD_DECISIONS, findings
from blanko.engines.linkage.model import Model, write_model
from blanko.engines.linkage.shared import (
    COUNTED_LEAST,
    FAMILY_MOST,
    NIK_DATES,
    NIK_NAMES,
    NIK_PERSONS,
    NIK_SURELY,
    Shared,
    mothers_least,
    told_numbers,
)
from blanko.engines.linkage.spark import steps
from blanko.engines.linkage.spark.driver import (
    CAPS,
    BlockCount,
    Counted,
    learned,
    raise_first,
    with_late,
    write_blocks,
    write_frequencies,
    write_words,
)
from blanko.engines.linkage.spark.rows import numbers
from blanko.engines.linkage.spark.session import MASTER, session
from blanko.engines.linkage.spark.state import read_state
from blanko.engines.linkage.spark.tasks import tasks_of
from blanko.engines.linkage.train import settled

FILES: Final = ("pairs.parquet", "clusters.parquet", "model.json", "report.html")
PARTITION_ROWS: Final = 150_000
"""Records for each partition of a shuffle: their keys and features, seven times over, are about 150 MB."""
NIK_LOOKED_AT: Final = 200
"""Of a NIK that very many share so many records are looked at, as the local engine does."""
ROWS: Final = ("row_a", "row_b")
EXAMPLES: Final = (
    "<p>Examples are left out: the records are on many machines. <code>pairs.parquet</code> holds the pairs.</p>"
)
Progress = Callable[[str, float], None]


@dataclass(slots=True)
class Found:
    """What a run on Spark found: counts, since the records themselves are on no one machine."""

    source: Source
    model: Model
    records: int
    persons: int
    by_decision: dict[str, int]
    candidate_pairs: int
    pairs_by_decision: dict[str, int]
    keys: list[KeyCount]
    shared: tuple[Shared, ...]
    notes: dict[str, int]
    seconds: dict[str, float]
    files: tuple[Path, ...]

    def summary(self) -> dict[str, Any]:
        """As ``linked.Linked.summary``."""
        return {
            "records": self.records,
            "persons": self.persons,
            "records_by_decision": self.by_decision,
            "candidate_pairs": self.candidate_pairs,
            "pairs_by_decision": self.pairs_by_decision,
            "merge": self.model.merge,
            "review": self.model.review,
            **findings(self.shared, self.keys, self.source, self.notes),
            "seconds": {name: round(value, 3) for name, value in self.seconds.items()},
        }


class _Run:
    """One run: the session, its work folder, and what the stages hand on."""

    def __init__(self, spark: Any, work: Path, paths: Sequence[Path]) -> None:
        from pyspark.sql import functions

        self.spark, self.work, self.F = spark, work, functions
        self.source = open_files(paths)
        self.tasks = tasks_of(self.source)

    def handed_out(self, path: Path) -> Callable[[], str]:
        """Give a file to all workers; where each of them finds it."""
        self.spark.sparkContext.addFile(str(path))
        name = path.name

        def where() -> str:
            from pyspark import SparkFiles

            return str(SparkFiles.get(name))

        return where

    def kept(self, frame: Any, name: str) -> Any:
        """Write a stage, and go on from what was written."""
        path = str(self.work / name)
        frame.write.mode("overwrite").option("compression", "zstd").parquet(path)
        return self.spark.read.parquet(path)

    def asked(self) -> Any:
        """The tasks, one a partition."""
        rows = [tuple(task) for task in self.tasks]
        frame = self.spark.createDataFrame(rows, "path string, first int, last int, row bigint")
        return frame.repartitionByRange(len(rows), "path", "first") if len(rows) > 1 else frame.coalesce(1)

    def words(self) -> tuple[Callable[[], str], dict[str, int], int]:
        """Read all words: where workers find them, notes, and the number of records."""
        F = self.F
        found = self.asked().mapInArrow(steps.read_words, steps.WORDS)
        grouped = (
            found.groupBy("kind", "told", "hash")
            .agg(
                *(F.first(name).alias(name) for name in ("letters", "length", "fold", "skeleton", "mask")),
                *(F.sum(name).alias(name) for name in ("name", "mother", "place")),
            )
            .toArrow()
        )
        kind = np.asarray(grouped["kind"].to_pylist(), dtype=object)
        raise_first([told for told, k in zip(grouped["told"].to_pylist(), kind, strict=True) if k == "error"])
        notes: dict[str, int] = {}
        for row in grouped.filter(pa.array(kind == "note")).to_pylist():
            notes[row["told"]] = notes.get(row["told"], 0) + int(row["name"])
        records = notes.pop("records", 0)
        if not records:
            raise UnreadableRecords("the files hold no record", mend="give files with rows")
        path = write_words(self.work / "words.state", grouped.filter(pa.array(kind == "word")), records)
        return self.handed_out(path), notes, records

    def records(self, words: Callable[[], str], partitions: int) -> Any:
        """All records in the order of their ids, numbered within each part."""
        read = self.asked().mapInArrow(partial(steps.read_records, words=words), steps.RECORDS)
        ordered = read.repartitionByRange(partitions, "record_id").sortWithinPartitions("record_id")
        numbered = ordered.mapInArrow(partial(steps.number_records, part=part_number), steps.NUMBERED)
        kept = self.kept(numbered, "records")
        twice = kept.filter("twice").select("record_id").limit(1).toArrow()
        if len(twice):
            raise UnreadableRecords(
                "record_id {value} stands {count} times or more",
                mend="give each record an id of its own",
                value=twice["record_id"][0].as_py(),
                count=2,
            )
        return kept

    def frequencies(self, records: Any, words: Path, n: int) -> tuple[Callable[[], str], tuple[Shared, ...]]:
        """Count what records share: where workers find it, and what stopped counting."""
        F = self.F

        def counts(name: str, least: int) -> pa.Table:
            return records.filter(F.col(name) != 0).groupBy(name).count().filter(F.col("count") >= least).toArrow()

        parts = records.groupBy("part").count().toArrow().sort_by("part")
        sizes = np.zeros(int(numbers(parts, "part").max()) + 2, dtype=np.int64)
        sizes[numbers(parts, "part") + 1] = numbers(parts, "count")
        mothers = Counted.of(counts("mother_whole", COUNTED_LEAST), "mother_whole", np.uint64)
        frequent = mothers.some(mothers.count >= mothers_least(n))
        path, shared = write_frequencies(
            self.work / "frequencies.state",
            read_state(str(words)),
            offsets=np.cumsum(sizes)[:-1],
            names=Counted.of(counts("name_whole", COUNTED_LEAST), "name_whole", np.uint64),
            mothers=mothers,
            frequent_mothers=records.filter(F.col("mother_whole").isin(frequent.value.view(np.int64).tolist()))
            .groupBy("mother_whole")
            .agg(F.count("*").alias("count"), F.min_by("packed", "record_id").alias("packed"))
            .toArrow(),
            niks=self.shared_niks(records),
            families=Counted.of(counts("family", FAMILY_MOST + 1), "family"),
            days=Counted.of(counts("born", 1), "born", np.int32),
        )
        return self.handed_out(path), shared

    def people(self) -> list[Any]:
        """How many different names and known birth dates."""
        F = self.F
        born = F.when(F.col("born") != 0, F.col("born"))
        return [F.count_distinct("name_whole").alias("names"), F.count_distinct(born).alias("dates")]

    def many_people(self) -> Any:
        """Whether ``people`` are those of a number that stands for "not known"."""
        F = self.F
        several = (F.col("names") >= NIK_NAMES) & ((F.col("dates") == 0) | (F.col("dates") >= NIK_DATES))
        return several | (F.col("names") >= NIK_SURELY)

    def shared_niks(self, records: Any) -> Counted:
        """NIKs beside the names and birth dates of several people, as ``shared.settle_shared`` finds them."""
        from pyspark.sql import Window

        F = self.F
        counted = (
            records.filter("nik != 0")
            .groupBy("nik")
            .agg(F.count("*").alias("count"), F.count_distinct("name_whole").alias("names"))
            .filter(F.col("names") >= NIK_NAMES)
        )
        place = F.row_number().over(Window.partitionBy("nik").orderBy("record_id"))
        known = F.when(F.col("born") != 0, F.col("born"))
        several = (
            records.join(counted.select("nik", "count"), "nik")
            .withColumn("place", place)
            .filter(F.col("place") <= NIK_LOOKED_AT)
            .groupBy("nik", "count")
            .agg(F.count_distinct("name_whole").alias("names"), F.count_distinct(known).alias("dates"))
            .filter(
                (F.col("names") >= NIK_SURELY)
                | ((F.col("names") >= NIK_NAMES) & ((F.col("dates") == 0) | (F.col("dates") >= NIK_DATES)))
            )
        )
        return Counted.of(several.toArrow(), "nik")

    def blocks(self, records: Any, states: steps.State2) -> BlockCount:
        """Count the records of every key."""
        F = self.F
        cap = F.element_at(F.array(*(F.lit(each) for each in CAPS)), F.col("k") + 1)
        counted = (
            records.mapInArrow(partial(steps.list_keys, states=states), steps.KEYS_ONLY)
            .groupBy("k", "key")
            .agg(F.count("*").alias("size"))
            .withColumn("key", F.when(F.col("size") > cap, F.col("key")).otherwise(F.lit(0)))
            .groupBy("k", "key", "size")
            .agg(F.count("*").alias("blocks"))
        )
        return BlockCount.of(counted.toArrow())

    def trained(
        self, records: Any, states: steps.State2, blocks: Callable[[], str], counted: BlockCount, seed: int
    ) -> Model:
        """Draw the samples and learn."""
        drawn = (
            records.mapInArrow(partial(steps.draw_samples, states=states, blocks=blocks), steps.KEYED)
            .repartition("k", "key")
            .sortWithinPartitions("k", "key", "row")
            .mapInArrow(steps.drop_alone, steps.KEYED)
            .toArrow()
        )
        here = (str(self.work / "words.state"), str(self.work / "frequencies.state"))
        known = steps.Frozen(read_state(here[0]), read_state(here[1]))
        return learned(drawn, known, counted, seed)

    def pairs(self, records: Any, states: steps.State2, blocks: Callable[[], str]) -> tuple[Any, dict[int, int]]:
        """All candidate pairs once, and how many each key made."""
        made = (
            records.mapInArrow(partial(steps.spread_keys, states=states), steps.KEYED)
            .repartition("k", "key")
            .sortWithinPartitions("k", "key", "row")
            .mapInArrow(partial(steps.make_candidates, states=states, blocks=blocks), steps.PAIRS)
        )
        made = self.kept(made, "made")
        told = made.groupBy("k", "seen").count().toArrow().to_pylist()
        pairs = made.filter("not seen")
        if any(row["seen"] for row in told):
            pairs = self.kept(pairs.union(made.filter("seen").dropDuplicates(["row_a", "row_b"])), "pairs")
        return pairs, {row["k"]: row["count"] for row in told if not row["seen"]}

    def matches(self, pairs: Any, states: steps.State2, model: Model) -> Model:
        """Set how many pairs are one person's, as ``train.settle_matches``."""

        def found_by(each: Model) -> float:
            count = partial(steps.count_matches, states=states, model=each, part=part_number)
            told = pairs.mapInArrow(count, steps.COUNTED).toArrow().sort_by("part")
            return float(numbers(told, "value", np.float64).sum())

        return settled(model, found_by)

    def components(self, links: Any) -> Any:
        """(row, component) of every linked record, by passing the smallest row on until nothing moves.

        A record takes the smallest label among itself and its neighbours, then the label of that label: a chain of
        length n needs about log n rounds.
        """
        F = self.F
        edges = self.kept(
            links.select(F.col("row_a").alias("row"), F.col("row_b").alias("other")).union(
                links.select(F.col("row_b").alias("row"), F.col("row_a").alias("other"))
            ),
            "edges",
        )
        labels = self.kept(
            edges.groupBy("row")
            .agg(F.min("other").alias("least"))
            .select("row", F.least("row", "least").alias("label")),
            "labels_0",
        )
        for turn in range(1, 100):
            theirs = labels.select(F.col("row").alias("other"), F.col("label").alias("theirs"))
            least = edges.join(theirs, "other").groupBy("row").agg(F.min("theirs").alias("theirs"))
            nearer = labels.join(least, "row").select(
                "row", F.col("label").alias("before"), F.least("label", "theirs").alias("label")
            )
            jump = labels.select(F.col("row").alias("label"), F.col("label").alias("further"))
            moved = self.kept(
                nearer.join(jump, "label").select("row", "before", F.least("label", "further").alias("label")),
                f"labels_{turn}",
            )
            done = moved.filter("label != before").limit(1).count() == 0
            labels = moved.select("row", "label")
            shutil.rmtree(self.work / f"labels_{turn - 1}", ignore_errors=True)
            if done:
                break
        return labels.select("row", F.col("label").alias("component"))

    def decided(self, records: Any, pairs: Any, states: steps.State2, model: Model) -> tuple[Any, Any, Any]:
        """(persons: row_a, row_b their person's row, size; pairs that are kept, with what was decided; all pairs)."""
        F = self.F
        weighed = self.kept(
            pairs.mapInArrow(partial(steps.weigh, states=states, model=model), steps.WEIGHED), "weighed"
        )
        members = self.components(weighed.filter("link").select("row_a", "row_b"))
        one = members.select(F.col("row").alias("row_a"), "component")
        other = members.select(F.col("row").alias("row_b"), F.col("component").alias("theirs"))
        inside = weighed.join(one, "row_a").join(other, "row_b").filter("component = theirs")
        packed = records.mapInArrow(partial(steps.settle, states=states), steps.SETTLED).join(members, "row")
        nothing = F.lit(None)
        mixed = packed.select(
            "component",
            F.lit(0).alias("kind"),
            F.col("row").alias("row_a"),
            F.lit(0).cast("bigint").alias("row_b"),
            "packed",
            F.lit(0).cast("bigint").alias("pattern"),
            F.lit(0.0).alias("weight"),
        ).union(
            inside.select(
                "component",
                F.lit(1).alias("kind"),
                "row_a",
                "row_b",
                nothing.cast("binary").alias("packed"),
                "pattern",
                "weight",
            )
        )
        told = (
            mixed.repartition("component")
            .sortWithinPartitions("component", "kind", "row_a", "row_b")
            .mapInArrow(partial(steps.cut_components, states=states, model=model), steps.DECIDED_ROWS)
        )
        told = self.kept(told, "told")
        theirs = told.filter("kind = 1")
        apart = (
            weighed.filter("kept")
            .join(theirs.select("row_a", "row_b"), ["row_a", "row_b"], "left_anti")
            .mapInArrow(partial(steps.decide_apart, model=model), steps.DECIDED_ROWS)
        )
        review = DECIDED.index("review")
        kept = theirs.union(apart).filter((F.col("decided") <= review) | (F.col("weight") >= model.review))
        return told.filter("kind = 0"), self.kept(kept, "decided"), weighed

    def persons(
        self, records: Any, pairs: Any, states: steps.State2, model: Model
    ) -> tuple[Any, Any, Any, steps.State2, list[Shared]]:
        """``dedupe.settle_persons``: (persons, kept pairs and all pairs as ``decided``, the last states, what was found
        late).
        """
        found: list[Shared] = []
        late = np.zeros(0, np.int64)
        for turn in range(1, 100):
            persons, kept, weighed = self.decided(records, pairs, states, model)
            rows, shared = self.late_niks(records, weighed, persons, states)
            if not shared:
                break
            found += shared
            late = np.union1d(late, rows)
            path = with_late(self.work / "frequencies.state", self.work / f"frequencies_{turn}.state", late)
            states = (states[0], self.handed_out(path))
            pairs = self.compared_again(records, pairs, states, rows, turn)
        return persons, kept, weighed, states, found

    def late_niks(
        self, records: Any, weighed: Any, persons: Any, states: steps.State2
    ) -> tuple[npt.NDArray[np.int64], list[Shared]]:
        """The records whose NIK turns out to be that of NIK_PERSONS persons and NIK_DATES birth dates or more, and what
        is said of it: ``shared.niks_of_many``.
        """
        F = self.F
        same = weighed.filter(F.shiftright("pattern", 3 * NIK).bitwiseAND(7) == SAME[NIK])
        rows = same.select(F.col("row_a").alias("row")).union(same.select(F.col("row_b").alias("row"))).distinct()
        niks = records.mapInArrow(partial(steps.list_niks, states=states), steps.NIKS)
        heads = persons.select(F.col("row_a").alias("row"), F.col("row_b").alias("person"))
        theirs = self.kept(
            rows.join(niks, "row")
            .join(heads, "row", "left")
            .select("row", "nik", "born", F.coalesce("person", "row").alias("person")),
            "niks",
        )
        # Records of one person may wait apart for somebody, but of one birth date.
        dates = F.count_distinct(F.when(F.col("born") > 0, F.col("born")))
        many = theirs.groupBy("nik").agg(F.count_distinct("person").alias("persons"), dates.alias("dates"))
        many = many.filter((F.col("persons") >= NIK_PERSONS) & (F.col("dates") >= NIK_DATES))
        table = theirs.join(many, "nik").select("row", "nik").toArrow()
        each, count = np.unique(numbers(table, "nik"), return_counts=True)
        return np.sort(numbers(table, "row")), told_numbers("nik", each, count, 16)

    def compared_again(
        self, records: Any, pairs: Any, states: steps.State2, rows: npt.NDArray[np.int64], turn: int
    ) -> Any:
        """The pairs of some records compared anew, the others as they were."""
        F = self.F
        hit = self.spark.createDataFrame([(int(row),) for row in rows], "row bigint")
        a, b = (F.broadcast(hit.select(F.col("row").alias(name), F.lit(True).alias(f"{name}_hit"))) for name in ROWS)
        marked = pairs.join(a, "row_a", "left").join(b, "row_b", "left")
        again = F.coalesce("row_a_hit", F.lit(False)) | F.coalesce("row_b_hit", F.lit(False))
        settled = records.mapInArrow(partial(steps.settle, states=states), steps.SETTLED)
        one, other = (
            settled.select(F.col("row").alias(name), F.col("packed").alias(f"packed_{name[-1]}")) for name in ROWS
        )
        anew = (
            marked.filter(again)
            .select("k", "seen", "row_a", "row_b")
            .join(one, "row_a")
            .join(other, "row_b")
            .select("k", "seen", "row_a", "row_b", "packed_a", "packed_b")
            .mapInArrow(partial(steps.compare_again, states=states), steps.PAIRS)
        )
        return self.kept(marked.filter(~again).select(*pairs.columns).union(anew), f"pairs_{turn}")

    def written(
        self, records: Any, states: steps.State2, persons: Any, pairs: Any, out: Path
    ) -> tuple[dict[str, int], int, dict[str, int]]:
        """Write pairs and clusters; (records by decision, persons, kept pairs by decision)."""
        F = self.F
        named = self.kept(
            records.mapInArrow(partial(name_rows, states=states), "row bigint, record_id string, part int"), "named"
        )
        a = named.select(F.col("row").alias("row_a"), F.col("record_id").alias("record_a"))
        b = named.select(F.col("row").alias("row_b"), F.col("record_id").alias("record_b"))
        table = (
            pairs.join(a, "row_a")
            .join(b, "row_b")
            .repartitionByRange("row_a", "row_b")
            .sortWithinPartitions("row_a", "row_b")
            .mapInArrow(steps.pair_rows, steps.PAIR_TABLE)
        )
        table.write.mode("overwrite").option("compression", "zstd").parquet(str(out / f"{FILES[0]}.part"))
        waiting = pairs.filter(F.col("decided") == DECIDED.index("review"))
        waits = (
            waiting.select(F.col("row_a").alias("row")).union(waiting.select(F.col("row_b").alias("row"))).distinct()
        )
        theirs = (
            persons.filter("size > 1")
            .join(b, "row_b")
            .select(F.col("row_a").alias("row"), F.col("record_b").alias("person"))
        )
        clusters = (
            named.join(theirs, "row", "left")
            .join(waits.withColumn("waits", F.lit(True)), "row", "left")
            .select(
                "row",
                "record_id",
                F.coalesce("person", "record_id").alias("person_id"),
                F.when(F.col("person").isNotNull(), RECORD_DECISIONS[0])
                .when(F.col("waits"), RECORD_DECISIONS[1])
                .otherwise(RECORD_DECISIONS[2])
                .alias("decided"),
            )
            .repartitionByRange("row")
            .sortWithinPartitions("row")
            .drop("row")
        )
        clusters.write.mode("overwrite").option("compression", "zstd").parquet(str(out / f"{FILES[1]}.part"))
        counts = self.spark.read.parquet(str(out / f"{FILES[1]}.part"))
        by = dict.fromkeys(RECORD_DECISIONS, 0)
        heads = 0
        for row in (
            counts.groupBy("decided", (F.col("record_id") == F.col("person_id")).alias("head"))
            .count()
            .toArrow()
            .to_pylist()
        ):
            by[row["decided"]] += row["count"]
            heads += row["count"] if row["head"] else 0
        kept = dict.fromkeys(DECIDED, 0)
        for row in pairs.groupBy("decided").count().toArrow().to_pylist():
            kept[DECIDED[row["decided"]]] = row["count"]
        return by, heads, kept

    def counts(self, kept: Any, weighed: Any) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """(pairs that wait by reason, all pairs by weight), for the report."""
        F = self.F
        reasons = np.zeros(len(PAIR_REASONS), dtype=np.int64)
        waiting = kept.filter(F.col("decided") == DECIDED.index("review")).groupBy("reason").count().toArrow()
        reasons[numbers(waiting, "reason")] = numbers(waiting, "count")
        weight = F.least(F.greatest(F.col("weight"), F.lit(float(report.LOW))), F.lit(report.HIGH - 1e-9))
        bar = F.floor((weight - report.LOW) / report.STEP).cast("int").alias("bar")
        bars = weighed.groupBy(bar).count().toArrow()
        weights = np.zeros(len(report.EDGES) - 1, dtype=np.int64)
        weights[numbers(bars, "bar")] = numbers(bars, "count")
        return reasons, weights


def part_number() -> int:
    """The number of the partition that a worker works on."""
    from pyspark import TaskContext

    context = TaskContext.get()
    assert context is not None
    return int(context.partitionId())


def name_rows(stream: Iterator[pa.RecordBatch], states: steps.State2) -> Iterator[pa.RecordBatch]:
    """The number of each record beside its id."""
    usual = steps.frozen(states).frequencies
    assert usual is not None
    for batch in stream:
        row = usual.arrays["offsets"][numbers(batch, "part")] + numbers(batch, "position")
        yield pa.record_batch({"row": pa.array(row), "record_id": batch["record_id"], "part": batch["part"]})


@contextmanager
def _work_folder(out: Path) -> Iterator[Path]:
    work = out / ".work"
    try:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
    except OSError as error:
        raise CannotWriteLinks(
            "cannot write in {folder} ({reason})",
            mend="free some space or name another folder; no half file was left",
            folder=out,
            reason=error.strerror or str(error),
        ) from error
    try:
        yield work
    finally:
        for left in (work, *(out / f"{name}.part" for name in FILES)):
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)


def link_files(
    paths: Sequence[Path],
    out: Path,
    *,
    model: Model | None = None,
    threshold: float | None = None,
    seed: int = 0,
    master: str = MASTER,
    progress: Progress | None = None,
) -> Found:
    """``dedupe.link_files`` and ``write`` on Spark: the same pairs, clusters and model. Pairs and clusters are folders
    of Parquet parts; the report has no examples.

    ``out`` and the files lie where every node sees them. Raises NoSpark, UnreadableRecords, CannotWriteLinks.
    """
    tell = progress or (lambda step, done: None)
    seconds: dict[str, float] = {}
    began = time.perf_counter()

    def done(name: str, following: str = "") -> None:
        nonlocal began
        now = time.perf_counter()
        seconds[name] = now - began
        began = now
        tell(name, 1.0)
        if following:
            tell(following, 0.0)

    source = open_files(paths)
    tell("starting", 0.0)
    guess = source.rows or sum(path.stat().st_size for path in paths) // 200
    partitions = max(4, -(-guess // PARTITION_ROWS))
    with _work_folder(out) as work, session(master, partitions) as spark:
        run = _Run(spark, work, paths)
        done("starting", "reading")
        words, notes, n = run.words()
        records = run.records(words, partitions)
        frequencies, shared = run.frequencies(records, work / "words.state", n)
        states = (words, frequencies)
        done("reading", "keys")
        counted = run.blocks(records, states)
        blocks = run.handed_out(write_blocks(work / "blocks.state", counted, n, seed))
        done("keys", "learning")
        given = model
        model = rescaled(given, n) if given else run.trained(records, states, blocks, counted, seed)
        done("learning", "comparing")
        pairs, made = run.pairs(records, states, blocks)
        if given is None:
            model = run.matches(pairs, states, model)
        model = model.with_threshold(threshold)
        done("comparing", "persons")
        persons, decided, weighed, states, late = run.persons(records, pairs, states, model)
        by, heads, kept = run.written(records, states, persons, decided, out)
        reasons, weights = run.counts(decided, weighed)
        candidates = int(weights.sum())
        kept["apart"] = candidates - kept["merged"] - kept["review"]
        done("persons")
        found = Found(
            source,
            model,
            n,
            heads,
            by,
            candidates,
            kept,
            counted.told(made),
            (*shared, *late),
            notes,
            seconds,
            tuple(out / name for name in FILES),
        )
        write_model(model, out / f"{FILES[2]}.part")
        page = report.page_of(found.summary(), model, reasons, weights, found.keys, found.shared, examples=EXAMPLES)
        (out / f"{FILES[3]}.part").write_text(page, encoding="utf-8")
        for name in FILES:
            _replaced(out / f"{name}.part", out / name)
    return found


def _replaced(new: Path, old: Path) -> None:
    if old.is_dir():
        shutil.rmtree(old)
    else:
        old.unlink(missing_ok=True)
    new.replace(old)
