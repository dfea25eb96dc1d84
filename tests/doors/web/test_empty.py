"""Pages of a database in which nothing was done yet."""

from __future__ import annotations

import pytest
from django.test import Client

pytestmark = pytest.mark.database


@pytest.mark.parametrize("address", ["/", "/map"])
def test_an_empty_database_says_what_to_do_and_names_nobody(fresh_database, address):
    answer = Client().get(address)
    assert answer.status_code == 200
    assert "./blanko demo" in answer.content.decode()
