"""A linkage model that was learned from a small synthetic nation, for the tests that link."""

from datetime import UTC, datetime

import pytest

from blanko.engines.linkage.frozen import learn
from blanko.records.registry import adopting
from tests.engines.linkage.records import nation, parquet, registrations


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    return parquet(tmp_path_factory.mktemp("learned"), registrations(nation(5_000, 71)))


@pytest.fixture(scope="module")
def frozen(learned):
    return learn([learned])


@pytest.fixture
def adopted(learned):
    return adopting.adopt(by="svc.registry", at=datetime(2017, 4, 4, 2, tzinfo=UTC), reason="a test", files=[learned])
