"""Whatever is typed into an address, the page answers or refuses by name: it never fails."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

pytestmark = pytest.mark.database

ODD = [
    "/rounds/99999999999999999999", "/rounds/0", "/rounds/1/zz", "/rounds/99999999999999999999/1871",
    "/rounds/99999999999999999999/document.json", "/rounds/99999999999999999999/shares.csv",
    "/rounds/2?sort=nothing", "/rounds/2?page=-1", "/rounds/2?page=99999999999999999999", "/rounds/2?page=²",
    "/rounds/2?format=pdf&table=shares", "/rounds/2?q=%00", "/rounds/2?sort=-", "/rounds/2?sort=--need",
    "/dispatches?round=²", "/dispatches?round=99999999999999999999", "/dispatches?round=-1",
    "/rounds/2?page=" + "9" * 5000,
    "/dispatches/99999999999999999999/1871/surat-jalan.pdf", "/dispatches/1/zz/surat-jalan.pdf",
    "/regencies/%00", "/regencies/%C2%B2%C2%B2%C2%B2%C2%B2", "/regencies/18", "/regencies/1871010001",
    "/blanks?q=%00", "/blanks?q=PB17-000042-9999", "/blanks?q=PB17-999999999999-0001", "/blanks?q=" + "9" * 400,
    "/blanks?q=PB17-99999999999999999999",
    "/files/%00", "/files/%00/rejects.csv", "/files?q=%00", "/files/" + "0" * 64 + "/rejects.csv",
    "/figures?known_on=nonsense", "/figures?known_on=0001-01-01", "/figures?known_on=9999-12-31", "/figures?name=%00",
    "/figures?key=%00", "/figures?name=nothing", "/figures?key=nothing",
    "/audit/0", "/audit/99999999999999999999999", "/audit?sort=root", "/map?by=nothing", "/map?by=%00",
]  # fmt: skip


@pytest.fixture
def reader(replayed, django_db_blocker):
    with django_db_blocker.unblock():
        yield Client(raise_request_exception=False)


@pytest.mark.parametrize("address", ODD)
def test_an_odd_address_is_answered_or_refused_by_name(reader, address):
    answer = reader.get(address)
    assert answer.status_code in (200, 404, 422)
    assert b"<h1>" in answer.content


@pytest.mark.parametrize("kind", ["", "nothing", "stock", "deaths", "\x00"])
def test_a_file_of_another_kind_is_refused_by_name(reader, kind):
    given = {"file": SimpleUploadedFile("x.csv", b"one,two\n1,2\n"), "kind": kind}
    answer = reader.post("/files", given)
    assert answer.status_code == 422
    assert b'role="alert"' in answer.content


def test_a_file_with_very_many_unknown_heads_is_still_explained(reader):
    heads = ",".join(sha256(str(number).encode()).hexdigest() for number in range(600))
    rows = (
        f"area,metric,value,date,source,kind,known_on,{heads}\n1871,y,5,2017-04-04,me,observed,2017-04-04{',1' * 600}\n"
    )
    answer = reader.post("/files", {"file": SimpleUploadedFile("wide.csv", rows.encode())}, follow=True)
    assert answer.status_code == 200
    assert sha256(b"0").hexdigest()[:40] in answer.content.decode()
    assert "(+580)" in answer.content.decode()
    # A browser drops a cookie beyond 4,096 bytes, and with it what the page has to tell.
    assert len(reader.cookies["sessionid"].OutputString()) < 4096


def test_the_dirty_example_is_balanced_mended_and_loaded_again(reader):
    example = (Path(__file__).resolve().parents[3] / "examples/registrations-dirty.csv").read_bytes()
    answer = reader.post("/files", {"file": SimpleUploadedFile("dirty.csv", example)}, follow=True)
    file = answer.context["file"]
    assert file["accepted"] + file["unchanged"] + file["refused"] == file["read"]
    assert file["refused"] > 0
    assert len(answer.context["rejects"]) == min(file["refused"], 50)
    assert all(row["mends"] for row in answer.context["rejects"])


def test_the_language_cannot_lead_elsewhere(reader):
    answer = reader.post("/language", {"language": "en", "next": "https://example.org/"})
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/"


def test_a_form_from_elsewhere_is_refused(replayed, django_db_blocker):
    with django_db_blocker.unblock():
        answer = Client(enforce_csrf_checks=True).post("/files", {"kind": ""})
    assert answer.status_code == 403
