"""A refusal is said in the reader's language, with its values."""

from __future__ import annotations

import runpy
from pathlib import Path

import polib
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone, translation

from blanko.cards.custody import rules as custody
from blanko.cards.custody.operations import dispatch
from blanko.doors.web.pages.responses import in_readers_words
from blanko.doors.web.refusals import REFUSALS
from blanko.ground.access.acting import acting
from blanko.records.entitlement.queries import ClaimsOfAnotherDay
from blanko.records.procurement import rules as procurement
from blanko.records.registry.rules import IllegalTransition, Kind, Status, check_transition

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


def test_a_refusal_inside_another_is_said_in_the_readers_language_too():
    with pytest.raises(IllegalTransition) as inner:
        check_transition(Status.UNREGISTERED, Status.DUPLICATE_RECORD, Kind.STEP)
    outer = IllegalTransition(
        "record {office}/{record_id}: {refusal}", mend=inner.value.mend_message, office="1101", record_id="7",
        **inner.value.values, refusal=inner.value,
    )  # fmt: skip
    assert str(outer) == f"record 1101/7: {inner.value}"
    with translation.override("id"):
        says, _ = in_readers_words(outer)
        assert says == f"data 1101/7: {in_readers_words(inner.value)[0]}"
    assert "does not become" not in says


@pytest.mark.parametrize("room", [custody, procurement])
def test_every_error_that_the_database_raises_has_its_indonesian(room):
    with translation.override("id"):
        for error in {*room.REFUSALS.values(), *room.CONSTRAINTS.values()}:
            says, _ = in_readers_words(error("box {1} of 7"))
            assert says.endswith(" (box {1} of 7)"), error


@pytest.mark.database
def test_what_the_database_refuses_is_said_in_the_readers_language_with_its_detail(replayed, django_db_blocker):
    with django_db_blocker.unblock(), pytest.raises(custody.UnknownBox) as refused, acting(principal="svc.demo"):
        dispatch(
            consignment=[custody.Line("XX99", 1, 1, 50)], from_office="00", to_office="1101",
            key=custody.Key("test", 1), by="gudang.pusat", at=timezone.now(),
        )  # fmt: skip
    with translation.override("id"):
        says, mend = in_readers_words(refused.value)
    assert says == "di sini tidak ada dus dari seri itu dengan nomor tersebut (there is no box XX99-000001 in custody)"
    assert mend == "periksa nomor yang tertera pada dus"
    with translation.override("en"):
        assert in_readers_words(refused.value)[0] == "there is no box XX99-000001 in custody"


REFUSED = [
    ("get", "/rounds/999", "tidak ada putaran 999"),
    ("get", "/blanks?q=PB17-999999-0001", "tidak pernah tercatat"),
    ("get", "/blanks?q=zzz", "bukan nomor dus"),
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
