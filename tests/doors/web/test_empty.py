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


@pytest.mark.parametrize(
    "address", ["/regencies/3171", "/rounds", "/dispatches", "/files", "/supply", "/audit", "/blanks"]
)
def test_a_page_of_an_empty_database_claims_nothing(fresh_database, address):
    answer = Client(headers={"accept-language": "en"}).get(address)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "100.0 %" not in text
    if address.startswith("/regencies"):
        assert "Nothing is loaded yet" in text
