"""A frozen model: it gives the batch's weights, and a record packed alone has the batch's keys and weights."""

import numpy as np
import pyarrow as pa
import pytest

from blanko.engines.linkage.columns import batches, open_files
from blanko.engines.linkage.dedupe import link_files
from blanko.engines.linkage.errors import InvalidModel, UnreadableRecords
from blanko.engines.linkage.frozen import from_bytes, learn
from blanko.engines.linkage.keys import KEYS, keys_of
from blanko.engines.linkage.packed import Book
from tests.engines.linkage.records import nation, parquet, registrations, rows

NATION = nation(20_000, 604)
LATER = nation(3_000, 605)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("frozen")


@pytest.fixture(scope="module")
def whole(folder):
    return parquet(folder, registrations(NATION), "whole.parquet")


@pytest.fixture(scope="module")
def later(folder):
    return parquet(folder, registrations(LATER), "later.parquet")


@pytest.fixture(scope="module")
def frozen(whole):
    return from_bytes(learn([whole], seed=3).to_bytes())


def packed_of(book, path, ids):
    """Packed records of a file in the order of ids, each packed in another company than the batch's."""
    found = {}
    for _, batch in batches(open_files([path])):
        for start in range(0, batch.num_rows, 997):
            part = batch.slice(start, 997)
            found.update(zip(part.column("record_id").to_pylist(), book.pack(part).each(), strict=True))
    return [found[each] for each in ids]


def test_on_the_records_it_was_learned_from_it_is_the_batch(frozen, whole):
    batch, linked = frozen.link([whole]), link_files([whole], seed=3)
    assert (batch.pairs.left == linked.pairs.left).all()
    assert (batch.pairs.right == linked.pairs.right).all()
    assert np.abs(batch.pairs.weight - linked.pairs.weight).max() < 1e-6
    assert (batch.clusters.person == linked.clusters.person).all()
    assert (batch.clusters.decided == linked.clusters.decided).all()


def test_the_same_rows_in_any_order_give_the_same_bytes(frozen, whole, folder):
    table = registrations(NATION)
    mixed = table.take(pa.array(np.random.default_rng(2).permutation(len(table))))
    assert learn([parquet(folder, mixed, "mixed.parquet")], seed=3).to_bytes() == frozen.to_bytes()


def test_records_packed_apart_have_the_keys_and_weights_of_the_batch(frozen, later):
    """Records that the model never saw, with words that it does not know."""
    batch, book = frozen.link([later]), Book(frozen)
    f = book.open(packed_of(book, later, batch.loaded.ids.to_pylist()))
    words = batch.loaded.words
    assert (frozen.word_places(words.arrays.hash[: words.size]) < 0).any()
    rank = frozen.ranks_of(words.arrays.skeleton[: words.size])
    assert (book.keys(f) == keys_of(batch.loaded.features, words.arrays, rank, 0, len(batch.loaded))).all()
    pairs = book.weigh(f, batch.pairs.left, batch.pairs.right)
    assert len(pairs.left) > 200
    assert (pairs.pattern == batch.pairs.pattern).all()
    assert (pairs.weight == batch.pairs.weight).all()


def test_one_row_of_text_is_packed_as_a_batch_packs_it(frozen, later):
    book = Book(frozen)
    table = registrations(LATER).slice(0, 50)
    (_, batch) = next(iter(batches(open_files([later]))))
    many = book.pack(batch.slice(0, 50)).each()
    for row, expected in zip(table.to_pylist(), many, strict=True):
        told = {name: None if value is None else str(value) for name, value in row.items()}
        assert book.pack_rows([told]).each() == [expected]


def test_what_many_share_says_nothing_under_the_model_either(folder):
    names = [f"{a}{b} {c}" for a in ("SITI", "BUDI", "WATI") for b in "ABCDEFGH" for c in ("RAHAYU", "SANTOSO")]
    shared = [{"name": name, "nik": "3171010101900001", "birth_date": "1990-01-01"} for name in names]
    frozen = learn([parquet(folder, rows(*shared), "shared.parquet")])
    assert frozen.niks.tolist() == [3171010101900001]
    book = Book(frozen)
    f = book.open(
        book.pack_rows([{"name": "AGUS SALIM", "nik": "3171010101900001"}, {"name": "AGUS", "nik": "3171010101900002"}])
    )
    assert f.nik.tolist() == [0, 3171010101900002]
    assert book.keys(f)[:, KEYS.index("NIK")].tolist()[0] == 0


def test_unknown_words_do_not_outlive_their_records(frozen):
    book = Book(frozen, room=4)
    one, other = book.pack_rows([{"name": "Qwxzy Vvbbn"}]), book.pack_rows([{"name": "Zzrrt Qwxzy Kkpp"}])
    first = book.keys(book.open(one))
    for _ in range(5):
        book.open(other)
    assert (book.keys(book.open(one)) == first).all()
    with pytest.raises(UnreadableRecords):
        book.open([*one.each(), *other.each(), *book.pack_rows([{"name": "Jjhh"}]).each()])
    assert (book.keys(book.open(one)) == first).all()


@pytest.mark.parametrize("data", [b"", b"no zip", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_frozen_model_is_refused(data):
    with pytest.raises(InvalidModel):
        from_bytes(data)
