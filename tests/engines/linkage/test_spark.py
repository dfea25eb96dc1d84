"""What Spark's workers do, step by step and without Spark: the same model, pairs and persons as the local engine.

`.ci/run` runs the same on a real cluster of two workers; the shuffles between the steps are these here.
"""

import sys
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from blanko.doors.cli.main import main
from blanko.engines.linkage.columns import open_files
from blanko.engines.linkage.compare import NIK, SAME
from blanko.engines.linkage.dedupe import link_files
from blanko.engines.linkage.errors import UnreadableRecords
from blanko.engines.linkage.shared import NIK_DATES, NIK_NAMES, NIK_PERSONS, mothers_least, told_numbers
from blanko.engines.linkage.spark import driver, session, steps
from blanko.engines.linkage.spark.rows import numbers, whole_groups
from blanko.engines.linkage.spark.state import read_state, write_state
from blanko.engines.linkage.spark.tasks import tasks_of
from blanko.engines.linkage.train import settled
from tests.engines.linkage.records import nation, registrations, rows


def asked(tasks):
    """A batch of tasks, as a worker gets it."""
    return iter([pa.RecordBatch.from_pylist([task._asdict() for task in tasks])])


def mapped(table, step, size=5_000):
    """One worker's step over a table in small batches."""
    made = list(step(iter(table.to_batches(max_chunksize=size))))
    return pa.Table.from_batches(made)


def counted(records, name, least, kind=np.int64):
    some = records.filter(pc.not_equal(records[name], 0)).group_by(name).aggregate([([], "count_all")])
    some = some.rename_columns([name, "count"])
    return driver.Counted.of(some.filter(pc.greater_equal(some["count"], least)), name, kind)


def by_hand(path, work, seed):
    """run.link_files with tables in place of Spark's frames: (model, persons, decided pairs as {(a, b): decided})."""
    tasks = tasks_of(open_files([path]))
    assert len(tasks) > 1
    words = pa.concat_tables(pa.Table.from_batches(list(steps.read_words(asked([task])))) for task in tasks)
    notes = words.filter(pc.equal(words["told"], "records"))
    n = pc.sum(notes["name"]).as_py()
    words = words.filter(pc.equal(words["kind"], "word")).group_by("hash", use_threads=False)
    firsts, sums = ("letters", "length", "fold", "skeleton", "mask"), ("name", "mother", "place")
    words = words.aggregate([(name, "first") for name in firsts] + [(name, "sum") for name in sums])
    words = words.rename_columns(["hash", *firsts, *sums])
    at = [str(driver.write_words(work / "words.state", words, n))]

    read = [pa.Table.from_batches(list(steps.read_records(asked([task]), lambda: at[0]))) for task in tasks]
    ordered = pa.concat_tables(read).sort_by("record_id")
    half = n // 2
    parts = [(0, ordered.slice(0, half)), (1, ordered.slice(half))]
    records = pa.concat_tables(mapped(t, partial(steps.number_records, part=lambda k=k: k)) for k, t in parts)
    assert not pc.any(records["twice"]).as_py()

    mothers = counted(records, "mother_whole", 5, np.uint64)
    frequent = mothers.some(mothers.count >= mothers_least(n))
    firsts = records.filter(pc.is_in(records["mother_whole"], pa.array(frequent.value.view(np.int64))))
    firsts = firsts.group_by("mother_whole", use_threads=False).aggregate([("packed", "first"), ([], "count_all")])
    niks = counted(records, "nik", 4)
    # Here every placeholder has more dates than persons do.
    names = records.group_by(["nik"]).aggregate([("name_whole", "count_distinct"), ("born", "count_distinct")])
    several = names.filter(pc.greater_equal(names["name_whole_count_distinct"], NIK_NAMES))
    several = several.filter(pc.greater_equal(several["born_count_distinct"], NIK_DATES))
    path, shared = driver.write_frequencies(
        work / "frequencies.state",
        read_state(at[0]),
        offsets=np.array([0, half]),
        names=counted(records, "name_whole", 5, np.uint64),
        mothers=mothers,
        frequent_mothers=firsts.rename_columns(["mother_whole", "packed", "count"]),
        niks=niks.some(np.isin(niks.value, several["nik"].to_numpy())),
        families=counted(records, "family", 41),
        days=counted(records, "born", 1, np.int32),
    )
    at.append(str(path))
    states = (lambda: at[0], lambda: at[1])

    keys = (
        mapped(records, partial(steps.list_keys, states=states)).group_by(["k", "key"]).aggregate([([], "count_all")])
    )
    size = keys["count_all"].to_numpy()
    over = size > np.array(driver.CAPS)[keys["k"].to_numpy()]
    keys = pa.table(
        {"k": keys["k"], "key": np.where(over, keys["key"].to_numpy(), 0), "size": size, "blocks": size * 0 + 1}
    )
    blocks = driver.BlockCount.of(keys)
    at.append(str(driver.write_blocks(work / "blocks.state", blocks, n, seed)))

    order = [(name, "ascending") for name in ("k", "key", "row")]
    drawn = mapped(records, partial(steps.draw_samples, states=states, blocks=lambda: at[2])).sort_by(order)
    known = steps.frozen(states)
    model = driver.learned(mapped(drawn, steps.drop_alone), known, blocks, seed)
    spread = mapped(records, partial(steps.spread_keys, states=states)).sort_by(order)
    pairs = mapped(spread, partial(steps.make_candidates, states=states, blocks=lambda: at[2]))
    seen = pairs.filter(pairs["seen"])
    _, first = np.unique(np.stack([numbers(seen, "row_a"), numbers(seen, "row_b")]), axis=1, return_index=True)
    pairs = pa.concat_tables([pairs.filter(pc.invert(pairs["seen"])), seen.take(pa.array(first))])
    count = partial(steps.count_matches, states=states, part=lambda: 0)
    model = settled(model, lambda each: mapped(pairs, partial(count, model=each))["value"][0].as_py())

    late, found = np.zeros(0, np.int64), list(shared)
    while True:
        person, decided, weighed = joined_by_hand(records, pairs, states, model, n)
        same = weighed.filter(pc.equal(pc.bit_wise_and(pc.shift_right(weighed["pattern"], 3 * NIK), 7), SAME[NIK]))
        rows = np.unique(np.concatenate([numbers(same, "row_a"), numbers(same, "row_b")]))
        niks = mapped(records, partial(steps.list_niks, states=states)).take(pa.array(rows))
        nik, born = numbers(niks, "nik"), numbers(niks, "born")
        persons = [len(set(person[rows[nik == each]])) for each in nik]
        dates = [len(set(born[(nik == each) & (born > 0)])) for each in nik]
        hit = (np.array(persons) >= NIK_PERSONS) & (np.array(dates) >= NIK_DATES)
        if not hit.any():
            return model, person, decided, tuple(found)
        found += told_numbers("nik", *np.unique(nik[hit], return_counts=True), 16)
        late = np.union1d(late, rows[hit])
        at[1] = str(driver.with_late(work / "frequencies.state", work / f"late_{len(late)}.state", late))
        a, b = numbers(pairs, "row_a"), numbers(pairs, "row_b")
        again = np.isin(a, late) | np.isin(b, late)
        packed = mapped(records, partial(steps.settle, states=states))["packed"]
        some = pairs.filter(pa.array(again)).select(["k", "seen", "row_a", "row_b"])
        for name, row in (("packed_a", a), ("packed_b", b)):
            some = some.append_column(name, packed.take(pa.array(row[again])))
        anew = mapped(some.combine_chunks(), partial(steps.compare_again, states=states))
        pairs = pa.concat_tables([pairs.filter(pa.array(~again)), anew])


def joined_by_hand(records, pairs, states, model, n):
    """(person of each record, decided pairs, weighed pairs)."""
    weighed = mapped(pairs, partial(steps.weigh, states=states, model=model))
    label = np.arange(n)
    links = weighed.filter(weighed["link"])
    a, b = numbers(links, "row_a"), numbers(links, "row_b")
    while (label[a] != label[b]).any():
        low = np.minimum(label[a], label[b])
        np.minimum.at(label, a, low)
        np.minimum.at(label, b, low)
        label = label[label]
    settled_rows = mapped(records, partial(steps.settle, states=states))
    member = np.flatnonzero(np.isin(np.arange(n), np.concatenate([a, b])))
    inside = np.isin(weighed["row_a"], member) & np.isin(weighed["row_b"], member)
    inside &= label[numbers(weighed, "row_a")] == label[numbers(weighed, "row_b")]
    theirs = weighed.filter(pa.array(inside))
    own = settled_rows.take(pa.array(member))
    zero = pa.array(np.zeros(len(member), np.int64))
    mixed = pa.concat_tables(
        [
            pa.table({"component": label[member], "kind": zero, "row_a": own["row"], "row_b": zero,
                      "packed": own["packed"], "pattern": zero, "weight": np.zeros(len(member))}),
            pa.table({"component": label[numbers(theirs, "row_a")], "kind": np.ones(len(theirs), np.int64),
                      "row_a": theirs["row_a"], "row_b": theirs["row_b"],
                      "packed": pa.nulls(len(theirs), pa.binary()), "pattern": theirs["pattern"],
                      "weight": theirs["weight"]}),
        ]
    ).sort_by([(name, "ascending") for name in ("component", "kind", "row_a", "row_b")])  # fmt: skip
    told = mapped(mixed, partial(steps.cut_components, states=states, model=model), size=200)
    apart = mapped(
        weighed.filter(pa.array(~inside & np.asarray(weighed["kept"]))), partial(steps.decide_apart, model=model)
    )
    person = np.arange(n)
    heads = told.filter(pc.equal(told["kind"], 0))
    person[numbers(heads, "row_a")] = numbers(heads, "row_b")
    decided = pa.concat_tables([told.filter(pc.equal(told["kind"], 1)), apart])
    columns = [decided[name].to_pylist() for name in ("row_a", "row_b", "decided", "reason", "weight")]
    return person, {each[:2]: each[2:] for each in zip(*columns, strict=True)}, weighed


def test_workers_learn_compare_and_cut_as_the_local_engine_does(tmp_path, monkeypatch):
    table = registrations(nation(4_000, 23))
    for name, values in (("nik", ["3171015705810002"] * 6), ("name", ["SITI NURHALIZA", "BUDI SANTOSO"] * 3)):
        column = pa.array([*values, *table[name].to_pylist()[6:]])
        table = table.set_column(table.column_names.index(name), name, column)
    # Above a NIK that six persons turn out to have; here a birthday of many, a block far above the cap, a placeholder.
    alike = {"name": "SITI AMINAH", "birth_date": "1970-12-31", "mother_name": "TIDAK DIKETAHUI SAMA SEKALI"}
    names = ("SUPARMAN", "KARTIKA DEWI", "JOKO WIBOWO", "MARIA GORETTI", "ABDUL GHOFUR", "YOHANA")
    many = [{**alike, "nik": "3171014107700009"} for _ in range(150)]
    many += [{"name": name, "nik": "3273010101800001", "birth_date": f"198{k}-01-01"} for k, name in enumerate(names)]
    many = rows(*({**each, "record_id": f"x{k:05d}"} for k, each in enumerate(many)))
    none = pa.nulls(len(many))
    many = pa.table({name: many[name] if name in many.column_names else none for name in table.column_names})
    path = tmp_path / "records.parquet"
    pq.write_table(pa.concat_tables([table, many.cast(table.schema)]), path, row_group_size=1_500)
    monkeypatch.setattr("blanko.engines.linkage.spark.tasks.TASK_ROWS", 1_500)
    monkeypatch.setattr("blanko.engines.linkage.spark.rows.GROUP_ROWS", 3_000)
    local = link_files([path], seed=3)
    model, person, decided, shared = by_hand(path, tmp_path, 3)
    assert model.matches == local.model.matches
    assert (model.m == local.model.m).all() and (model.u == local.model.u).all()
    assert shared == local.shared and [each.field for each in shared].count("nik") == 2
    assert (person == local.clusters.person).all() and (person != np.arange(len(person))).sum() > 100
    kept = (local.clusters.decided <= 1) | (local.pairs.weight >= local.model.review)
    columns = (local.pairs.left, local.pairs.right, local.clusters.decided, local.clusters.reason, local.pairs.weight)
    expected = {each[:2]: each[2:] for each in zip(*(column[kept].tolist() for column in columns), strict=True)}
    mine = {pair: value for pair, value in decided.items() if value[0] <= 1 or value[2] >= model.review}
    assert mine == expected


def test_a_stream_is_cut_only_between_groups_and_loses_no_row():
    k = np.repeat([1, 1, 2, 2, 2], [3, 5, 1, 40, 2])
    key = np.repeat([5, 6, 6, 7, 9], [3, 5, 1, 40, 2])
    table = pa.table({"k": k, "key": key})
    parts = list(whole_groups(iter(table.to_batches(max_chunksize=2)), ("k", "key"), rows=4))
    assert pa.concat_tables(parts).equals(table) and len(parts) > 1
    ends = np.cumsum([len(part) for part in parts])[:-1]
    assert all((k[e], key[e]) != (k[e - 1], key[e - 1]) for e in ends)


def test_a_state_comes_back_as_it_was_and_one_worker_cannot_change_another_s(tmp_path):
    arrays = {"a": np.arange(7, dtype=np.int32).reshape(7, 1), "empty": np.zeros(0), "b": np.array([2**63], np.uint64)}
    path = write_state(tmp_path / "x.state", {"records": 3}, arrays)
    one = read_state(str(path))
    assert one.facts == {"records": 3} and all((one.arrays[name] == array).all() for name, array in arrays.items())
    one.arrays["a"][0] = 99
    read_state.cache_clear()
    assert read_state(str(path)).arrays["a"][0] == 0


def test_what_a_worker_cannot_read_reaches_the_user_as_the_local_engine_says_it(tmp_path):
    path = tmp_path / "broken.csv"
    path.write_bytes(b"record_id,name\n1,ANI\n2,BU\xff\xfeDI\n")
    (task,) = tasks_of(open_files([path]))
    told = pa.Table.from_batches(list(steps.read_words(asked([task]))))
    errors = told.filter(pc.equal(told["kind"], "error"))["told"].to_pylist()
    with pytest.raises(UnreadableRecords) as local:
        link_files([path])
    with pytest.raises(UnreadableRecords) as spread:
        driver.raise_first(errors)
    assert str(spread.value) == str(local.value) and spread.value.mend == local.value.mend


@pytest.mark.parametrize(("found", "says"), [(None, "there is none"), ('openjdk version "11.0.2"', "is 11")])
def test_without_a_java_of_17_one_line_says_how_to_mend_it(tmp_path, monkeypatch, capsys, found, says):
    monkeypatch.setitem(sys.modules, "pyspark", type(sys)("pyspark"))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    if found:
        (tmp_path / "java").write_text(f"#!/bin/sh\necho '{found}' >&2\n", encoding="ascii")
        (tmp_path / "java").chmod(0o755)
    assert main(["linkage", "dedupe", "x.csv", "--out", str(tmp_path / "out"), "--engine", "spark"]) == 1
    line = capsys.readouterr().err.strip()
    assert says in line and "openjdk-17-jre-headless" in line and "\n" not in line


def test_without_pyspark_one_line_names_the_command_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(session.NoSpark) as refused:
        session.check()
    assert "requirements/spark.txt" in refused.value.mend
