"""The planner's page answers a what-if, and the minister's sheet is one page."""

from __future__ import annotations

import re

import pypdfium2
import pytest
from django.test import Client

pytestmark = pytest.mark.database


@pytest.fixture
def reader(replayed, django_db_blocker):
    with django_db_blocker.unblock():
        yield Client(headers={"accept-language": "id"}, raise_request_exception=False)


def test_the_plan_says_when_what_and_why_in_the_readers_language(reader):
    text = reader.get("/plan").content.decode()
    assert "Blanko habis sekitar" in text
    assert "Bertahap ke daerah, selesai bulan April" in text
    assert "tanda tangani penggantinya" in text
    assert text.count("<polygon") == 12
    assert "{" not in re.sub(r"<script.*?</script>|content='.*?'", "", text, flags=re.DOTALL)


def test_a_slider_moves_the_answer_and_stays_in_its_bounds(reader):
    plain = reader.get("/plan").content.decode()
    moved = reader.get("/plan?checks=4&delivery_days=3&risk=30").content.decode()
    assert (
        re.search(r'class="answer">(.*?)</p>', plain, re.DOTALL)[1]
        != (re.search(r'class="answer">(.*?)</p>', moved, re.DOTALL)[1])
    )
    for odd in ("checks=nan", "checks=1e9", "risk=-5", "demand=abc", "reading=Z", "checks=inf", "risk=%00"):
        assert reader.get(f"/plan?{odd}").status_code in (200, 404)


def test_a_page_reads_no_file_that_an_address_names(reader):
    answer = reader.get("/plan?case=/etc/passwd")
    assert answer.status_code == 404
    assert "tidak ada kasus" in answer.content.decode()


def test_the_ministers_sheet_is_one_page_in_his_language(reader):
    answer = reader.get("/plan/minister?format=pdf")
    assert answer["Content-Type"] == "application/pdf"
    document = pypdfium2.PdfDocument(answer.content)
    assert len(document) == 1
    text = document[0].get_textpage().get_text_range()
    for words in ("Tiga tindakan", "Targetnya selesai tahun ini", "31 Desember 2017", "%"):
        assert words in text
    assert reader.get("/plan/minister?format=pdf").content == answer.content


def test_the_numbers_are_taken_along_as_seen(reader):
    sheet = reader.get("/plan?table=numbers&format=csv").content.decode("utf-8-sig")
    assert sheet.splitlines()[0] == "says,value,cv,kind,known_on,source,note"
    assert "4500000" in sheet
