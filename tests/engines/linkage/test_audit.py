"""What a double-blind sample of merges proves."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blanko.engines.linkage.audit import (
    DIFFERENT,
    MERGED_LEAST,
    PRECISION,
    SAME,
    at_most,
    blind_order,
    draw,
    judge,
    needed,
)

PAIRS = pa.table(
    {
        "record_a": [f"a{k}" for k in range(400)],
        "record_b": [f"b{k}" for k in range(400)],
        "match_weight": [float(k % 40 - 4) for k in range(400)],
        "decided": ["merged" if k % 40 >= 10 else "review" for k in range(400)],
    }
)


def test_five_thousand_nine_hundred_and_ninety_without_error_prove_it_and_one_less_does_not():
    assert judge([(SAME, SAME)] * MERGED_LEAST).proven
    assert not judge([(SAME, SAME)] * (MERGED_LEAST - 1)).proven
    assert needed(0) == MERGED_LEAST


@pytest.mark.parametrize(("errors", "judged", "most"), [(0, 100, 0.029513), (1, 100, 0.046560), (5, 200, 0.051860)])
def test_the_bound_is_clopper_and_pearsons(errors, judged, most):
    # Upper ends of one-sided 95 % intervals: the beta quantile (errors + 1, judged - errors).
    assert at_most(errors, judged) == pytest.approx(most, abs=2e-5)


@given(st.integers(0, 30), st.integers(31, 3000))
def test_more_errors_never_prove_more(errors, judged):
    assert at_most(errors, judged) <= at_most(errors + 1, judged) + 1e-12


def test_readers_who_differ_count_against_the_proof():
    found = judge([(SAME, SAME)] * MERGED_LEAST + [(SAME, DIFFERENT)])
    assert not found.proven and found.open == 1 and found.errors == 0
    assert found.more == needed(1) - MERGED_LEAST - 1 and found.precision_at_least < PRECISION


def test_a_seed_draws_the_same_pairs_in_any_order_of_the_file_and_another_seed_others():
    one = draw(PAIRS, seed="31 12 64", merged=50, per_band=5)
    again = draw(PAIRS.take(pa.array(range(399, -1, -1))), seed="31 12 64", merged=50, per_band=5)
    other = draw(PAIRS, seed="31 12 65", merged=50, per_band=5)
    assert one.to_pylist() == again.to_pylist() != other.to_pylist()
    assert one["decided"].to_pylist().count("merged") == 50
    assert {row["band"] for row in one.to_pylist() if row["decided"] == "review"} == {"below 0", "0 to 6"}


def test_the_two_readers_see_the_pairs_in_orders_of_their_own():
    a, b = blind_order(100, seed="s", reader="a"), blind_order(100, seed="s", reader="b")
    assert sorted(a) == sorted(b) == list(range(100)) and list(a) != list(b)
