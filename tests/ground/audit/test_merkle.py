"""Canonical bytes and trees."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blanko.ground.audit.merkle import EMPTY_ROOT, Facts, NotCanonical, canonical, leaf, leaf_of_bytes, root


def tree_hash(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, word for word: split at the largest power of two below the count."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + tree_hash(leaves[:split]) + tree_hash(leaves[split:])).digest()


@given(st.lists(st.binary(max_size=8), max_size=70))
def test_the_root_is_that_of_rfc_6962(data):
    leaves = [leaf_of_bytes(item) for item in data]
    assert root(leaves) == tree_hash(leaves)


def test_known_answers_of_certificate_transparency():
    # The empty tree and the tree of one empty leaf, as every log implementation publishes them.
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert leaf_of_bytes(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"


def test_canonical_bytes_do_not_depend_on_the_order_or_the_zone():
    noon = datetime(2017, 4, 4, 12, tzinfo=UTC)
    jakarta = noon.astimezone(timezone(timedelta(hours=7)))
    assert canonical("t", {"b": noon, "a": Decimal("1.50")}) == canonical("t", {"a": Decimal("1.5"), "b": jakarta})
    assert canonical("t", {"d": date(2017, 4, 4), "x": b"\x01", "n": None}) == (
        b'["t",{"d":"2017-04-04","n":null,"x":"01"}]'
    )


def test_a_row_of_another_table_has_another_leaf():
    assert leaf("custody_box", {"a": 1}) != leaf("custody_range", {"a": 1})


def test_what_has_no_canonical_bytes_is_refused():
    for value in (datetime(2017, 4, 4), object()):  # noqa: DTZ001 - the naive time is the point
        with pytest.raises(NotCanonical):
            canonical("t", {"a": value})


def test_a_seal_does_not_depend_on_the_order_of_rows():
    rows = [{"a": number} for number in range(5)]
    assert Facts.of({"t": rows}) == Facts.of({"t": reversed(rows)})
    assert Facts.of({"t": rows}).count == 5
    assert Facts.of({}) == Facts.none()
    assert Facts.of({"t": rows}) != Facts.of({"t": rows[:4]})
