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


def act_as(reader, username):
    assert reader.post("/officer", {"officer": username, "next": "/rounds"})["Location"] == "/rounds"


def test_another_officer_reviews_on_the_page_and_the_author_cannot(reader, stock, counts):
    number = draft()
    assert "reviewed by nobody yet" in text(reader, f"/rounds/{number}")
    assert "Nobody is chosen to act" in text(reader, f"/rounds/{number}")
    approve, back = {"do": "yes", "remark": "compared with the press"}, {"do": "return", "remark": ""}
    refused = reader.post(f"/rounds/{number}/review", approve)
    assert refused.status_code == 422 and "nobody was chosen to act" in refused.content.decode()
    act_as(reader, PLANNER)
    shown = text(reader, f"/rounds/{number}")
    assert "another officer reviews it" in shown and f'action="/rounds/{number}/review"' not in shown
    # A name in the form is nobody's: who acts is who was chosen.
    refused = reader.post(f"/rounds/{number}/review", {**approve, "by": SECOND})
    assert refused.status_code == 422 and 'id="f-review-remark-wrong"' in refused.content.decode()
    act_as(reader, SECOND)
    assert f'action="/rounds/{number}/review"' in text(reader, f"/rounds/{number}")
    refused = reader.post(f"/rounds/{number}/review", back)
    assert refused.status_code == 422 and "is returned without a remark" in refused.content.decode()
    assert reader.post(f"/rounds/{number}/review", approve).status_code == 302
    shown = text(reader, f"/rounds/{number}")
    assert f"looked at by {SECOND}" in shown and "compared with the press" in shown
    assert "/review" not in shown
    act_as(reader, PLANNER)
    assert reader.post(f"/rounds/{number}/commit", {"do": "yes"})["Location"] == f"/rounds/{number}?done=commit"
    assert queries.round(number)["state"] == "committed"
    assert reader.post(f"/rounds/{number}/commit", {"do": "yes"}).status_code == 422


def test_the_next_version_is_drafted_on_the_page_and_the_old_one_stays(reader, stock, counts):
    number = draft()
    act_as(reader, PLANNER)
    refused = reader.post(f"/rounds/{number}/supersede", {"reason": " ", "release": "8000"})
    assert refused.status_code == 422 and 'id="f-supersede-reason-wrong"' in refused.content.decode()
    answer = reader.post(f"/rounds/{number}/supersede", {"reason": "the press counted anew", "release": "8.000"})
    assert answer.status_code == 302
    new = queries.round(number + 1)
    assert (answer["Location"], new["release"], new["version"]) == (f"/rounds/{number + 1}?done=draft", 8_000, 2)
    shown = text(reader, f"/rounds/{number + 1}")
    assert "because: the press counted anew" in shown and f'href="/rounds/{number}"' in shown
    assert "What did this version change?" in shown and "What did this version change?" not in text(
        reader, f"/rounds/{number}"
    )
    rows = text(reader, f"/rounds/{number + 1}?table=changes&format=csv").splitlines()
    assert rows[0].endswith("name,before,after,by_terms,by_own,by_others") and len(rows) > 1
    assert "superseded" in text(reader, f"/rounds/{number}")
    assert reader.post(f"/rounds/{number}/supersede", {"reason": "again", "release": "8000"}).status_code == 422


def test_a_round_is_shown_first_and_drafted_once_though_it_is_sent_twice(reader, stock, counts):
    act_as(reader, PLANNER)
    given = {"title": "May", "as_of": "2017-04-04", "release": "9000", "part_boxes": "1", "lending": "1"}
    shown = reader.post("/rounds/new", {**given, "do": "yes"})
    assert shown.status_code == 200 and "Nothing is stored yet" in shown.content.decode()
    assert sum(share["share"] for share in shown.context["drafted"].shares) == 9_000
    assert queries.rounds() == []
    for wrong, field in (
        ({"release": "10000000"}, "release"), ({"release": "many"}, "release"), ({"title": ""}, "title"),
        ({"reserve": "5"}, "reserve_for"), ({"as_of": "soon"}, "as_of"), ({"as_of": "2010-01-01"}, "as_of"),
    ):  # fmt: skip
        refused = reader.post("/rounds/new", {**given, **wrong, "do": "draft"})
        assert refused.status_code == 422, wrong
        assert f'id="f-draft-{field}-wrong"' in refused.content.decode(), wrong
    twice = [reader.post("/rounds/new", {**given, "do": "draft", "once": "a-key-of-the-form"}) for _ in range(2)]
    assert [answer["Location"] for answer in twice] == ["/rounds/1?done=draft"] * 2
    assert len(queries.rounds()) == 1
    assert (queries.round(1)["author"], "Drafted." in text(reader, "/rounds/1?done=draft")) == (PLANNER, True)


def test_a_share_is_changed_by_hand_objected_to_and_the_round_is_set_aside(reader, stock, counts):
    number = draft()
    act_as(reader, PLANNER)
    share = queries.round(number)["shares"][0]
    given = {"regency": share["regency"], "share": "0", "reason": "the flood took its stock", "second": SECOND}
    for wrong, field in (({"reason": ""}, "reason"), ({"share": "-1"}, "share"), ({"share": "900000"}, "share"),
                         ({"second": PLANNER}, "second")):  # fmt: skip
        refused = reader.post(f"/rounds/{number}/override", {**given, **wrong})
        assert refused.status_code == 422, wrong
        assert f'id="f-override-{field}-wrong"' in refused.content.decode(), wrong
    assert reader.post(f"/rounds/{number}/override", given).status_code == 302
    assert queries.round(number)["overrides"][0]["second"] == SECOND
    said = {"regency": share["regency"], "text": "its count is older than the flood"}
    assert reader.post(f"/rounds/{number}/object", said)["Location"] == f"/rounds/{number}?done=object"
    assert "older than the flood" in text(reader, f"/rounds/{number}")
    assert reader.post(f"/rounds/{number}/discard", {"reason": ""}).status_code == 422
    assert reader.post(f"/rounds/{number}/discard", {"reason": "drafted anew"}).status_code == 302
    assert queries.round(number)["state"] == "discarded"
    assert 'action="/rounds/1/override"' not in text(reader, f"/rounds/{number}")


def test_offices_put_off_and_fetch_on_the_page_and_a_rule_is_adopted(reader, stock, counts):
    act_as(reader, "kepala.1101")
    put_off = {"form": "defer", "regency": "1101", "blanks": "300", "reason": "no ink until June"}
    assert reader.post("/rounds/offices", put_off)["Location"] == "/rounds/offices?done=defer"
    fetched = {"form": "collect", "regency": "1101", "letter": "7/ST", "officer": "Sri", "collect_on": "2099-01-01"}
    assert reader.post("/rounds/offices", {**fetched, "collect_on": "2001-01-01"}).status_code == 422
    assert reader.post("/rounds/offices", fetched).status_code == 302
    again = reader.post("/rounds/offices", fetched)
    assert again.status_code == 422 and 'id="f-collect-letter-wrong"' in again.content.decode()
    assert queries.deferrals()[-1]["by"] == queries.collections()[-1]["by"] == "kepala.1101"
    shown = text(reader, "/rounds/offices")
    assert "no ink until June" in shown and "7/ST" in shown
    act_as(reader, PLANNER)
    rule = {"rule": "proportional/1", "from_date": "2099-01-01", "reference": "Decision 7",
            "reason": "the ministry asked it", "second": SECOND}  # fmt: skip
    late = reader.post("/rounds/rules", {**rule, "from_date": "2001-01-01"})
    assert late.status_code == 422 and 'id="f-adopt-from_date-wrong"' in late.content.decode()
    assert reader.post("/rounds/rules", rule).status_code == 302
    assert "Decision 7" in text(reader, "/rounds/rules")


def test_who_acts_is_chosen_among_active_officers_and_the_way_back_stays_on_this_site(reader, stock):
    assert reader.post("/officer", {"officer": "nobody", "next": "/rounds"}).status_code == 200
    assert reader.post("/officer", {"officer": PLANNER, "next": "https://elsewhere.example/"})["Location"] == "/"
    assert "You act as" in text(reader, "/rounds/new")
    assert "kepala.1871" in text(reader, "/officer?q=1871")
    reader.post("/officer", {"officer": "", "next": "/"})
    assert "Nobody is chosen to act" in text(reader, "/rounds/new")


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
