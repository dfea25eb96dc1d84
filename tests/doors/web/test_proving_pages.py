"""Samples, holds and the published order by their pages: who acts is the chosen officer, and a second one is named."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from blanko.cards.counting import samples
from blanko.cards.custody import queries as book
from blanko.cards.destruction import queries as destruction
from blanko.cards.issuance import queries as issuance
from blanko.doors.web.pages.samples import HEIGHT, WIDTH, course_line

pytestmark = pytest.mark.database


@pytest.fixture
def reader(replayed, django_db_blocker, act):
    with django_db_blocker.unblock():
        yield act(Client(headers={"accept-language": "en"}), "kepala.pusat")


def sent(reader, address, **form):
    answer = reader.post(address, form)
    assert answer.status_code == 302, re.findall(r'class="wrong"[^>]*>([^<]*)|<strong>([^<]*)', answer.content.decode())
    return answer["Location"]


def refused(reader, address, **form):
    answer = reader.post(address, form)
    assert answer.status_code == 422
    return answer.content.decode()


def test_a_sample_is_drawn_counted_and_proven_on_its_page(reader):
    held = book.holdings()
    office = max((code for code in held if code != "00"), key=lambda code: (held[code].whole_boxes or 0, code))
    form = {"form": "draw", "office": office, "loss": "0,3", "risk": "0.3", "seed": "3 1 6 2 5 4 1 1 2 6 3 3 5 2 1"}
    assert "this is no share" in refused(reader, "/custody/samples", **{**form, "loss": "little"})
    where = sent(reader, "/custody/samples", **form)
    name = parse_qs(urlsplit(where).query)["sample"][0]
    page = reader.get(where).content.decode()
    assert "not yet decided" in page
    boxes = [str(box) for box in samples.standing(name).next]
    assert boxes[0] in page
    result = {"form": "result", "sample": name}
    assert "line 2 cannot be read" in refused(reader, "/custody/samples", **result, found=f"{boxes[0]} 0\nnonsense")
    assert samples.standing(name).judgement.counted == 0
    sent(reader, "/custody/samples", **result, found=f"{boxes[0]} 0")
    page = reader.get(where).content.decode()
    assert "Risk at which the claim is proven, after each box" in page
    assert len(samples.course(name)) == 1
    # What the sample still needs is counted blind, in a count of just these boxes.
    counting = sent(reader, "/custody/samples", form="count", sample=name)
    assert "somebody counts" in reader.get(counting).content.decode()
    sent(
        reader, "/custody/counts", count=parse_qs(urlsplit(counting).query)["count"][0], step="abandon", reason="trial"
    )
    sent(reader, "/custody/samples", **result, found="\n".join(f"{box} 0" for box in samples.standing(name).next))
    page = reader.get(where).content.decode()
    assert "<strong>proven</strong>" in page
    assert 'id="form-result"' not in page, "the proof has stopped: nothing more is asked for"
    assert samples.course(name)[-1] <= 0.3
    assert name in reader.get("/custody/samples").content.decode()


def test_two_officers_hold_a_box_and_two_end_it(reader):
    form = {"form": "hold", "target": "box", "what": "PB17-000042", "reason": "for sale on the web", "paper": "LP/7"}
    assert "this is none of the list" in refused(reader, "/destruction/holds", **form, second="kepala.pusat")
    page = refused(reader, "/destruction/holds", **{**form, "what": "box 42"}, second="gudang.pusat")
    assert 'id="f-hold-what-wrong"' in page
    sent(reader, "/destruction/holds", **form, second="gudang.pusat")
    held = next(row for row in destruction.holds() if row["paper"] == "LP/7")
    assert (held["by"], held["second"], held["series"], held["box_no"]) == ("kepala.pusat", "gudang.pusat", "PB17", 42)
    assert "for sale on the web" in reader.get("/destruction/holds").content.decode()
    lift = {"form": "lift", "hold": held["hold"], "reason": "judged"}
    assert "this is empty" in refused(reader, "/destruction/holds", **lift)
    sent(reader, "/destruction/holds", **lift, second="gudang.pusat")
    assert held["hold"] not in {row["hold"] for row in destruction.holds()}


def test_the_order_is_published_ahead_with_what_it_rests_on(reader):
    today = timezone.localdate()
    form = {"since": (today + timedelta(days=9)).isoformat(), "suket": "first", "source": "SE 471/2017"}
    assert "form-order-since-wrong" not in reader.get("/turns/order").content.decode()
    page = refused(reader, "/turns/order", **{**form, "since": (today - timedelta(days=1)).isoformat()})
    assert 'id="f-order-since-wrong"' in page
    sent(reader, "/turns/order", **form)
    assert issuance.rules_known()[-1].source == "SE 471/2017"
    page = reader.get("/turns/order").content.decode()
    assert "puts its holder first" in page
    assert "to come" in page
    assert "SE 471/2017" in reader.get("/turns").content.decode()


def test_who_chose_nobody_reads_and_changes_nothing(reader, act):
    act(reader, "")
    for address, form in (
        ("/turns/order", {"since": "2099-01-01", "suket": "none", "source": "x"}),
        ("/destruction/holds", {"form": "hold", "target": "box", "what": "PB17-000043", "reason": "x", "second": ""}),
    ):
        assert '<button name="do"' not in reader.get(address).content.decode()
        refused(reader, address, **form)
    assert all(row["box_no"] != 43 for row in destruction.holds())


def test_the_line_of_a_proof_goes_down_from_one():
    line = course_line([0.5, 0.05], 0.05)
    assert line["points"].split() == [
        f"0.0,{0:.1f}",
        f"{WIDTH / 2:.1f},{HEIGHT / 2:.1f}",
        f"{WIDTH:.1f},{HEIGHT * 0.95:.1f}",
    ]
    assert line["limit"] == HEIGHT * 0.95
    assert course_line([], 0.05) is None
