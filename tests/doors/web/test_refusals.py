"""A refusal is said in the reader's language, with its values."""

from __future__ import annotations

import runpy
from pathlib import Path

import polib
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import translation

from blanko.doors.web.pages.responses import in_readers_words
from blanko.doors.web.refusals import REFUSALS
from blanko.kernel.errors import InvalidValue
from blanko.records.entitlement.queries import ClaimsOfAnotherDay

ROOT = Path(__file__).parents[3]
LOCALE = ROOT / "src/blanko/doors/web/locale/id/LC_MESSAGES/django.po"


def test_every_refusal_of_the_rooms_is_listed_and_has_its_indonesian():
    made = runpy.run_path(str(ROOT / "scripts" / "make_refusals.py"))["templates"]()
    assert list(REFUSALS) == made, "run scripts/make_refusals.py"
    known = {entry.msgid: entry.msgstr for entry in polib.pofile(str(LOCALE))}
    assert not [text for text in REFUSALS if not known.get(text)]


def test_values_stand_in_the_sentence_of_either_language():
    error = ClaimsOfAnotherDay(
        "claims stand as of {held}, not of {as_of}", mend="refresh entitlement as of {as_of} first", held="2017-04-30",
        as_of="2017-04-04",
    )  # fmt: skip
    assert str(error) == "claims stand as of 2017-04-30, not of 2017-04-04"
    with translation.override("id"):
        says, mend = in_readers_words(error)
    assert says == "kartu terutang dihitung per 2017-04-30, bukan per 2017-04-04"
    assert mend == "hitung ulang hak kartu per 2017-04-04 lebih dahulu"


def test_a_brace_in_a_value_or_a_missing_value_does_no_harm():
    assert str(InvalidValue("{text} is not a box", text="{hack} %s {0}")) == "{hack} %s {0} is not a box"
    assert str(InvalidValue("{text} and {more}", text="a")) == "a and {more}"
    assert str(InvalidValue("a { brace")) == "a { brace"


REFUSED = [
    ("get", "/rounds/999", "tidak ada putaran 999"),
    ("get", "/blanks?q=PB17-999999-0001", "tidak pernah tercatat"),
    ("get", "/blanks?q=zzz", "bukan nomor kotak"),
    ("post", b"", "data.csv kosong"),
    ("post", b"%PDF-1.7", "data.csv bukan tabel"),
    ("post", b"a,b\n1,2\n", "judul kolom tidak cocok"),
    ("post", None, "tidak ada berkas yang dipilih"),
]


@pytest.mark.database
@pytest.mark.parametrize(("method", "given", "says"), REFUSED, ids=[says for *_, says in REFUSED])
def test_an_indonesian_page_refuses_in_indonesian(replayed, django_db_blocker, method, given, says):
    with django_db_blocker.unblock():
        reader = Client(raise_request_exception=False, headers={"accept-language": "id"})
        if method == "get":
            answer = reader.get(given)
        else:
            sent = {} if given is None else {"file": SimpleUploadedFile("data.csv", given)}
            answer = reader.post("/files", sent)
    text = answer.content.decode()
    assert says in text
    assert "/tmp" not in text
