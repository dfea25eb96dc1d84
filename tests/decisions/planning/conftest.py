"""The warehouse, counts and deadlines that a round goes by."""

import pytest
from planning_data import load_counts, make_stock, publish_deadlines


@pytest.fixture
def stock(db):
    """40 sealed boxes of 500 in the central warehouse."""
    return make_stock(boxes=40)


@pytest.fixture
def counts(db, tmp_path):
    return load_counts(tmp_path)


@pytest.fixture
def deadlines(db):
    return publish_deadlines()
