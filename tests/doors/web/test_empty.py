"""Pages of a database in which nothing was done yet say so in their own words, in both languages."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils import translation
from django.utils.translation import gettext

pytestmark = pytest.mark.database

NOTHING = "Nothing is recorded here yet. What follows is computed from the public figures of a built-in case."
SAID = {
    "/": "The database is ready and empty. Replay April 2017, or take in a file of your own.",
    "/map": "The database is ready and empty. Replay April 2017, or take in a file of your own.",
    "/regencies/3171": "Nothing is loaded yet for this regency.",
    "/rounds": "No round was drafted yet.",
    "/plan": NOTHING,
    "/plan/minister": NOTHING,
    "/supply": "Nothing is ordered yet: no tender, no contract and no lot is registered.",
    "/dispatches": "No box is to be sent yet. A round that is committed fills this list.",
    "/files": "No file was taken in yet.",
    "/blanks": "No blank was ever in custody here, so that there is none to follow.",
    "/figures": "No figure is published yet that was known on",
    "/audit": "Nothing was done yet but to load the lists of areas and offices.",
}
DATE = "No figure is published yet that was known on <strong>%(day)s</strong>."


def _main(answer) -> str:
    return re.search(r"<main.*</main>", answer.content.decode(), re.DOTALL)[0]


@pytest.mark.parametrize("language", ["id", "en"])
def test_a_page_of_an_empty_database_says_that_nothing_is_there(fresh_database, language):
    reader = Client(headers={"accept-language": language})
    unsaid = []
    for address, words in SAID.items():
        answer = reader.get(address)
        assert answer.status_code == 200, address
        with translation.override(language):
            said = gettext(DATE).partition(" <strong>")[0] if address == "/figures" else gettext(words)
        if language == "id":
            assert said != words, address
        if said not in _main(answer):
            unsaid.append(address)
    assert not unsaid


def test_a_page_of_an_empty_database_claims_nothing(fresh_database):
    reader = Client(headers={"accept-language": "en"})
    for address in SAID:
        text = _main(reader.get(address))
        # Where nobody was counted nobody is served, worst or best; and no sentence begins with a count of nothing.
        assert "100.0 %" not in text, address
        assert "<strong>0</strong>" not in text, address
        if not address.startswith("/plan"):
            assert "<strong>–</strong>" not in text, address


def test_an_empty_database_says_what_to_do_first(fresh_database):
    for address in ("/", "/map", "/regencies/3171"):
        assert "./blanko demo" in _main(Client().get(address))


@pytest.mark.parametrize("address", ["/rounds/1", "/blanks?q=PB17-000001", "/audit/99", "/plan?case=records"])
def test_what_an_empty_database_does_not_hold_is_refused_with_its_mend(fresh_database, address):
    answer = Client(headers={"accept-language": "en"}).get(address)
    assert answer.status_code in (404, 422)
    assert "What mends it:" in _main(answer)
