"""The planner's page answers a what-if, and the minister's sheet is one page."""

from __future__ import annotations

import re

import pypdfium2
import pytest
from django.test import Client

from blanko.decisions.planning import queries as planning

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


def test_the_records_make_a_case_of_their_own(reader):
    text = reader.get("/plan?case=records").content.decode()
    assert "Blanko habis sekitar" in text
    assert "PB17-L06" in text
    assert "tertahan karena" in text
    found = reader.get("/api/planning/outlook?case=records&paths=500").json()
    assert found["as_of"] == "2017-04-30"
    assert "locked_stock" in {problem["code"] for problem in found["problems"]}
    again = reader.get("/api/planning/outlook?case=records&paths=500").json()
    assert again == found


def test_what_the_records_hold_is_what_the_plan_begins_with(reader):
    from blanko.cards.custody import queries as custody
    from blanko.decisions.planning.outlook import records
    from blanko.decisions.planning.outlook.plans import plan

    made = records.case()
    whole = plan(made, made.readings[0], level="regency")
    sheet = custody.balance_sheet()
    assert made.stock["central"].value == sheet["warehouse"]
    assert whole.offices.on_hand.sum() == sheet["at_offices"]
    assert whole.offices.in_transit.sum() == sheet["in_transit"]
    needs = {area.code: area.need.need for area in planning.areas(made.as_of)}
    assert dict(zip(whole.areas, whole.offices.print_ready.round(), strict=True)) == needs
    assert made.demand["direct"].kind == "modelled"
    # Most regencies' needs are estimates in the replay, and a sum with an estimate in it is one.
    assert made.backlog["print_ready"].kind == "estimated"


def test_the_policy_lab_shows_every_rule_over_the_same_months(reader):
    text = reader.get("/policies").content.decode()
    for words in ("yang terisi paling sedikit", "hari persediaan yang sama", "seperti yang dikirim"):
        assert words in text
    rows = reader.get("/policies?table=policies&format=csv").content.decode("utf-8-sig").splitlines()
    assert len(rows) == 9
    assert reader.get("/policies?seed=2").content != reader.get("/policies").content
    assert reader.get("/policies?case=atlantis").status_code in (404, 422)
