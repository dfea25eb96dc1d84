"""Step by step, in any order of arrival, correction and withdrawal, records end in the batch's pairs and persons."""

import numpy as np
import pytest

from blanko.engines.linkage.frozen import learn
from blanko.engines.linkage.incremental import Row, link
from blanko.engines.linkage.packed import Book
from tests.engines.linkage.records import batch_of, crowd, nation, parquet, registrations

CAP, WINDOW = 4, 2
"""Small, so that few records pass the cap."""
SHUFFLES = 1_000


class Memory:
    """A Store of dictionaries."""

    def __init__(self, book):
        self.book, self.of, self.keys, self.held, self.person, self.judged = book, {}, {}, {}, {}, {}
        self.numbers = {}

    def rows(self, recs):
        return [self.of[rec] for rec in recs if rec in self.of]

    def members(self, keys):
        found = [(key, rec) for key in keys.tolist() for rec in self.keys.get(key, ())]
        return np.array([k for k, _ in found], np.uint64), np.array([r for _, r in found], np.int64)

    def pairs(self, recs):
        return [each for pair, each in self.held.items() if pair[0] in recs or pair[1] in recs]

    def together(self, recs):
        persons = {self.person[rec] for rec in recs if rec in self.person}
        return {rec for rec, person in self.person.items() if person in persons}

    def verdicts(self, recs):
        return [(a, b, word) for (a, b), word in self.judged.items() if a in recs or b in recs]

    def _own(self, rec):
        return {int(k) for k in self.book.keys(self.book.open([self.of[rec].packed]))[0] if k}

    def step(self, put=(), out=(), around=()):
        """Records (id, packed) arrive or change; others are withdrawn; verdicts around some changed."""
        lost, gone = [], []
        for name in [*(name for name, _ in put), *out]:
            rec = self.numbers.get(name)
            if rec in self.of:
                for key in self._own(rec):
                    self.keys[key].remove(rec)
                    lost.append((key, rec))
                del self.of[rec]
        for name in out:
            gone.append(self.numbers[name])
        new = []
        for name, packed in put:
            rec = self.numbers.setdefault(name, len(self.numbers) + 1)
            self.of[rec] = Row(rec, name, packed)
            new.append(rec)
            for key in self._own(rec):
                self.keys.setdefault(key, []).append(rec)
        lost_arrays = np.array([k for k, _ in lost], np.uint64), np.array([r for _, r in lost], np.int64)
        change = link(
            book=self.book, store=self, new=new, lost=lost_arrays, withdrawn=gone,
            around=[self.numbers[name] for name in around], cap=CAP, window=WINDOW,
        )  # fmt: skip
        for pair in change.dropped:
            self.held.pop(pair, None)
        for each in change.kept:
            self.held[each.left, each.right] = each
        for rec in gone:
            self.person.pop(rec, None)
        for group in change.groups:
            for rec in group:
                self.person[rec] = min(group)
        return change

    def persons(self):
        names = {rec: row.order for rec, row in self.of.items()}
        groups = {}
        for rec, person in self.person.items():
            groups.setdefault(person, set()).add(names[rec])
        return {frozenset(group) for group in groups.values()}

    def kept(self):
        names = {rec: row.order for rec, row in self.of.items()}
        return {(names[a], names[b]): each[2:] for (a, b), each in self.held.items()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("incremental")


@pytest.fixture(scope="module")
def frozen(folder):
    return learn([parquet(folder, registrations(nation(5_000, 71)), "learned.parquet")])


@pytest.fixture(scope="module")
def book(frozen):
    return Book(frozen)


def packed(book, records):
    return dict(zip([row["record_id"] for row in records], book.pack_rows(records).each(), strict=True))


@pytest.mark.parametrize("seed", range(20))
def test_every_order_of_arrival_correction_and_withdrawal_ends_in_the_batch(frozen, book, folder, seed):
    records, draw, taken = crowd(seed)
    persons, pairs = batch_of(frozen, folder, records, cap=CAP, window=WINDOW)
    final = packed(book, records)
    wrong = packed(book, [{**draw.choice(taken), "record_id": row["record_id"]} for row in records])
    strangers = packed(book, [{**draw.choice(records), "record_id": f"x{k}"} for k in range(6)])
    for _ in range(SHUFFLES // 20):
        memory = Memory(book)
        # Each record arrives, some first as something else; strangers come and go.
        coming = [[(name, final[name])] for name in final]
        for name in draw.sample(sorted(final), 5):
            coming[list(final).index(name)].insert(0, (name, wrong[name]))
        coming += [[(name, data), (name, None)] for name, data in strangers.items()]
        while coming:
            put, out = {}, []
            for _ in range(min(len(coming), draw.choice((1, 2, 5, 12)))):
                line = draw.choice(coming)
                if line[0][0] in put or line[0][0] in out:
                    continue
                name, data = line.pop(0)
                if data is None:
                    out.append(name)
                else:
                    put[name] = data
                if not line:
                    coming.remove(line)
            memory.step(put.items(), out)
        assert memory.persons() == persons
        assert memory.kept() == pairs


def test_a_block_above_the_cap_is_said(frozen, book):
    records, _, _ = crowd(1)
    memory = Memory(book)
    alike = packed(book, [{**records[0], "record_id": f"a{k}"} for k in range(CAP + 1)])
    assert memory.step(list(alike.items())[:CAP]).capped == 0
    assert memory.step(list(alike.items())[CAP:]).capped >= CAP + 1


def test_verdicts_join_and_part_and_are_forgotten_when_withdrawn(frozen, book):
    records, _, taken = crowd(3)
    one, other = records[0], next(row for row in taken if row["name"] != records[0]["name"])
    data = packed(book, [{**one, "record_id": "a"}, {**one, "record_id": "b"}, {**other, "record_id": "c"}])
    memory = Memory(book)
    memory.step(data.items())
    assert memory.persons() == {frozenset("ab"), frozenset("c")}
    a, b, c = (memory.numbers[name] for name in "abc")
    memory.judged = {(a, b): "different"}
    memory.step(around="ab")
    assert memory.persons() == {frozenset("a"), frozenset("b"), frozenset("c")}
    memory.judged = {(b, c): "same"}
    memory.step(around="bc")
    assert frozenset("bc") in memory.persons() or frozenset("abc") in memory.persons()
    memory.judged = {}
    memory.step(around="abc")
    assert memory.persons() == {frozenset("ab"), frozenset("c")}
