"""What a round's page shows of versions, reviews, terms and their reasons, and what its forms do."""

from __future__ import annotations

from datetime import date

import pytest
from django.test import Client

from blanko.decisions.planning import queries
from blanko.ground.access.acting import acting

from .test_round_terms import collect, defer
from .test_rounds import AT, PLANNER, SECOND, commit, draft

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader():
    return Client(headers={"accept-language": "en"})


def text(reader, address):
    answer = reader.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_another_officer_reviews_on_the_page_and_the_author_cannot(reader, stock, counts):
    number = draft()
    assert "reviewed by nobody yet" in text(reader, f"/rounds/{number}")
    assert f'value="{PLANNER}"' not in text(reader, f"/rounds/{number}")
    form = {"by": PLANNER, "verdict": "approve"}
    assert reader.post(f"/rounds/{number}/review", form).status_code == 422
    assert reader.post(f"/rounds/{number}/review", {"by": SECOND, "verdict": "return"}).status_code == 422
    form = {"by": SECOND, "verdict": "approve", "remark": "compared with the press"}
    assert reader.post(f"/rounds/{number}/review", form).status_code == 302
    shown = text(reader, f"/rounds/{number}")
    assert f"looked at by {SECOND}" in shown and "compared with the press" in shown
    assert "/review" not in shown


def test_the_next_version_is_drafted_on_the_page_and_the_old_one_stays(reader, stock, counts):
    number = draft()
    assert reader.post(f"/rounds/{number}/supersede", {"reason": " "}).status_code == 422
    answer = reader.post(f"/rounds/{number}/supersede", {"reason": "the press counted anew", "release": "8000"})
    assert answer.status_code == 302
    new = queries.round(number + 1)
    assert (answer["Location"], new["release"], new["version"]) == (f"/rounds/{number + 1}", 8_000, 2)
    shown = text(reader, f"/rounds/{number + 1}")
    assert "because: the press counted anew" in shown and f'href="/rounds/{number}"' in shown
    assert "What did this version change?" in shown and "What did this version change?" not in text(
        reader, f"/rounds/{number}"
    )
    rows = text(reader, f"/rounds/{number + 1}?table=changes&format=csv").splitlines()
    assert rows[0].endswith("name,before,after,by_terms,by_own,by_others") and len(rows) > 1
    assert "superseded" in text(reader, f"/rounds/{number}")
    assert reader.post(f"/rounds/{number}/supersede", {"reason": "again"}).status_code == 422


def test_the_page_says_what_stands_around_the_rule_and_why_says_it_for_each_regency(reader, stock, counts):
    defer("1101", 300)
    collect("1102")
    number = draft(release=15_000, lot_min=500, reserve=5_000, reserve_for="floods in May")
    shown = text(reader, f"/rounds/{number}")
    for said in ("floods in May", "Smallest lot", "office, which keeps its claim", "1 office fetches its lot itself",
                 "leximin-fill/1", "in force since 1 March 2017"):  # fmt: skip
        assert said in shown, said
    assert "put off by its own wish" in text(reader, f"/rounds/{number}/1101")
    assert "fetched by the office" in text(reader, f"/rounds/{number}/1102")
    assert "090/12/2017" in text(reader, f"/rounds/{number}/1102")
    assert "estimated where no tariff is stated" in text(reader, f"/rounds/{number}/1102")
    commit(number)
    assert "Sri" not in text(reader, "/dispatches") and "090/12/2017" in text(reader, "/dispatches")
    later = draft(release=1_000)
    assert "put off since 4 April 2017" in text(reader, f"/rounds/{later}/1101")
    assert "blanks of 1 office" in text(reader, f"/rounds/{later}")


def test_a_new_rule_is_shown_with_its_reference_on_the_rounds_it_shares(reader, stock, counts):
    from blanko.decisions.planning import rulebook

    with acting(principal=PLANNER):
        rulebook.adopt(
            rule="proportional/1", from_date=date(2017, 5, 1), reference="Decision 7 of 20 April 2017",
            reason="the ministry asked", by=PLANNER, second=SECOND, at=AT,
        )  # fmt: skip
    assert "Decision 7" not in text(reader, f"/rounds/{draft()}")
    indonesian = Client(headers={"accept-language": "id"}).get("/rounds/1").content.decode()
    assert "tidak ada daerah yang diprioritaskan" in indonesian
    assert "Decision 7 of 20 April 2017" in text(reader, f"/rounds/{draft(as_of=date(2017, 5, 1))}")
