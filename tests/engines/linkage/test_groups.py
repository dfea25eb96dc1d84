"""Rows that share a value, and the pairs they make."""

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blanko.engines.linkage.errors import CannotSpill
from blanko.engines.linkage.groups import cut, group, pack_pairs, pack_windows, sample_pairs, unpacked
from blanko.engines.linkage.shared import spread
from blanko.engines.linkage.space import LEAST, Space

VALUES = st.lists(st.integers(0, 12), max_size=80)


def column(values):
    return spread(np.array(values, dtype=np.int64))


def naive(values):
    rows = defaultdict(list)
    for row, value in enumerate(values):
        if value:
            rows[value].append(row)
    return sorted(group for group in rows.values() if len(group) > 1)


def told(groups):
    return sorted(groups.rows[a:b].tolist() for a, b in zip(groups.starts[:-1], groups.starts[1:], strict=True))


@given(VALUES)
def test_groups_are_the_rows_of_each_value_that_stands_twice(values):
    found = group(column(values))
    assert told(found) == naive(values)
    assert found.having == sum(value > 0 for value in values)
    assert (found.values[1:] > found.values[:-1]).all()
    assert found.pairs() == sum(len(g) * (len(g) - 1) // 2 for g in naive(values))


def test_many_rows_are_grouped_as_few_are():
    values = np.random.default_rng(3).integers(0, 60_000, 100_000)
    found = group(spread(values))
    sizes = np.bincount(values)
    assert found.having == (values > 0).sum()
    assert len(found.values) == (sizes[1:] > 1).sum() and len(found.rows) == sizes[1:][sizes[1:] > 1].sum()
    of = values[found.rows]
    assert (of[1:] != of[:-1]).sum() == len(found.values) - 1


@given(VALUES, st.integers(1, 8))
def test_a_cut_loses_no_row(values, cap):
    village, mother = np.arange(len(values), dtype=np.int64) % 3, column([v * 7 % 5 for v in values])
    below, above = cut(group(column(values)), cap, mother, village)
    assert sorted(told(below) + [sorted(g) for g in told(above)]) == naive(values)
    assert (below.sizes() <= cap).all() and (above.sizes() > cap).all()


@given(VALUES)
def test_packed_pairs_come_back_as_they_were(values):
    groups = group(column(values))
    out = np.empty(groups.pairs(), dtype=np.uint64)
    made = pack_pairs(groups, np.full(len(values), 7, np.uint64), 5, filtered=True, out=out)
    left, right = unpacked(out[:made])
    assert sorted(zip(left.tolist(), right.tolist(), strict=True)) == sorted(
        (a, b) for g in naive(values) for k, a in enumerate(g) for b in g[k + 1 :]
    )
    assert (out & np.uint64(15) == 5).all()
    assert len(sample_pairs(groups, 1, 10**9)[0]) == made


def test_neighbours_meet_in_a_window_smaller_row_first():
    _, large = cut(group(column([1] * 6)), 3, column([0] * 6), np.array([3, 1, 2, 3, 1, 2], dtype=np.int64))
    left, right = unpacked(pack_windows(large, np.full(6, 1, np.uint64), 9, 1))
    # In the order of village and row: 1 4 2 5 0 3.
    assert list(zip(left.tolist(), right.tolist(), strict=True)) == [(1, 4), (2, 4), (2, 5), (0, 5), (0, 3)]


def test_a_space_on_disk_has_no_file_that_anybody_sees(tmp_path):
    space = Space(tmp_path / "spill")
    one, few = space.empty((LEAST, 2), np.int32), space.zeros(3, np.int8)
    one[:] = 7
    assert list((tmp_path / "spill").iterdir()) == []
    assert one.sum() == 14 * LEAST and few.tolist() == [0, 0, 0] and space.spilt == 8 * LEAST


def test_a_space_without_room_says_so(tmp_path):
    resource = pytest.importorskip("resource")
    space = Space(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
    try:
        with pytest.raises(CannotSpill, match="no room left"):
            space.empty(1 << 21, np.uint8)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(CannotSpill, match="cannot write"):
        Space(tmp_path / "file" / "below")
