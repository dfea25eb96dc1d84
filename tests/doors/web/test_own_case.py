"""A case of one's own on the planner's page: answered as a built-in one, refused with its line, kept when asked."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from blanko.decisions.planning.outlook.case import BYTES_MAX

pytestmark = pytest.mark.database


@pytest.fixture
def reader(replayed, django_db_blocker):
    with django_db_blocker.unblock():
        yield Client(headers={"accept-language": "en"})


@pytest.fixture
def text(reader):
    given = reader.get("/plan/cases/2017-04.toml")
    assert given["Content-Type"].startswith("application/toml")
    return given.content.decode()


def kept():
    folder = settings.DATA_DIR / "waiting"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_pasted_case_is_answered_as_the_built_in_one_and_nothing_is_stored(reader, text):
    before = kept()
    page = reader.post("/plan/own", {"text": text}).content.decode()
    own, built = (
        answer.partition('id="plan-answer"')[2].partition("</div>")[0]
        for answer in (page, reader.get("/plan?case=2017-04").content.decode())
    )
    assert own == built
    assert "What if?" not in page, "what-ifs need the case under an address"
    weeks = reader.post("/plan/own?table=weeks&format=csv", {"text": text})
    assert weeks["Content-Disposition"] == 'attachment; filename="blanko-weeks.csv"'
    assert weeks.content == reader.get("/plan?case=2017-04&table=weeks&format=csv").content
    assert kept() == before


def test_a_case_that_is_kept_has_sliders_and_a_ministers_sheet(reader, text):
    answer = reader.post("/plan/own", {"file": SimpleUploadedFile("p.toml", text.encode()), "do": "keep"})
    address = answer["Location"]
    assert address.startswith("/plan?case=")
    assert "What if?" in reader.get(address).content.decode()
    assert reader.get(address.replace("/plan?", "/plan/minister?")).status_code == 200
    assert reader.get("/plan?case=" + "0" * 64).status_code == 404


def test_a_wrong_case_is_refused_with_its_line_and_stays_to_be_mended(reader, text):
    wrong = text.replace("weeks =", "wekks = 1\nweeks =", 1)
    line = wrong[: wrong.index("wekks")].count("\n") + 1
    answer = reader.post("/plan/own", {"text": wrong.replace("\n", "\r\n")})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f"line {line}: nobody reads the key wekks" in page
    assert "wekks = 1" in page


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"a = " + b"[" * 100_000, "nested too deep"),
        (b"weeks = " + b"9" * 6_000, "a number is too long"),
        (b"x" * (BYTES_MAX + 1), "a case of more than"),
        (b"\xff\xfe", "is not UTF-8"),
        (b"", "as_of"),
        (b"\x00", "this is no TOML"),
    ],
    ids=["nested", "digits", "long", "bytes", "empty", "nul"],
)
def test_a_hostile_case_is_refused_in_a_line(reader, body, says):
    answer = reader.post("/plan/own", {"file": SimpleUploadedFile("p.toml", body)})
    assert answer.status_code == 422
    assert says in answer.content.decode()


def test_a_case_of_thousands_of_parts_is_refused_before_it_is_computed(reader, text):
    part = '\n[[promise]]\ntext = "x"\ndate = 2017-05-01\ntest = "lasts"\n'
    page = reader.post("/plan/own", {"text": text + part * 200}).content.decode()
    assert "promise has" in page
    assert "write at most 100" in page
    assert reader.post("/plan/own", {}).status_code == 422
    assert reader.get("/plan/cases/none.toml").status_code == 404
