"""What an office does at its counter by the pages: each form does one thing once, and says in words how it went."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import pytest
from django.test import Client

from blanko.cards.custody import operations as custody
from blanko.cards.custody import queries as held
from blanko.cards.custody.rules import Key
from blanko.cards.issuance import queries
from blanko.cards.suket import queries as sukets
from blanko.doors.web.pages.counter import turn_names
from blanko.ground.access.acting import acting

pytestmark = pytest.mark.database
OFFICE = "3101"


@pytest.fixture
def clerk(replayed, django_db_blocker, act):
    """A clerk whose office has one more box: in the replay it has printed all it had."""
    with django_db_blocker.unblock():
        holding = held.holdings(office=OFFICE).get(OFFICE)
        if holding is None or holding.good < 20:
            at, key = datetime(2017, 5, 3, 3, tzinfo=UTC), Key("counter-test", 1)
            (box,) = held.oldest_boxes("3173", 1)
            with acting(principal="svc.custody"):
                moved = custody.dispatch(
                    consignment=[box], from_office="3173", to_office=OFFICE, key=key, by="operator.3173", at=at
                )
                custody.receive(movement=moved, by=f"operator.{OFFICE}", at=at)
        yield act(Client(headers={"accept-language": "en"}), f"operator.{OFFICE}")


def done(clerk, place, **fields):
    """Send a form in the background as counter.js does; returns how it went and what was said."""
    answer = clerk.post(f"/counter/{OFFICE}{place}", fields, headers={"X-Counter": "part"})
    assert answer.status_code == 200, answer.content
    text = answer.content.decode()
    return re.search(r'data-counter-said="(\w+)"', text)[1], re.search(r'role="status"[^>]*>([^<]*)<', text)[1].strip()


def waiting():
    return queries.queue(office=OFFICE, on=datetime.now(UTC).date())


def test_a_form_that_is_sent_twice_prints_once(clerk):
    before = queries.waiting(office=OFFICE)
    form = {"do": "print", "limit": "2", "sequence": "1001"}
    how, said = done(clerk, "", **form)
    assert how == "right"
    assert re.search(r"2 cards are printed: PB17-\d+-\d+ to PB17", said)
    assert done(clerk, "", **form) == (how, said)
    assert queries.waiting(office=OFFICE) == before - 2


def test_who_passes_others_is_refused_without_a_reason_and_counted_with_one(clerk):
    nik = waiting()[3]["nik"]
    how, said = done(clerk, "", do="print", nik=nik, sequence="1002", turn="")
    assert how == "wrong"
    assert "3 persons wait longer" in said
    assert done(clerk, "", do="print", nik=nik, sequence="1003", turn="medical")[0] == "right"
    page = clerk.get(f"/turns?first={datetime.now(UTC).date()}").content.decode()
    assert "illness or treatment" in page
    assert "3 persons were passed over" in page


def test_the_replay_passed_few_and_each_for_a_named_reason(clerk):
    out = [
        row
        for row in queries.turns(first=date(2017, 3, 20), last=date(2017, 4, 30))
        if row["turn"] in {"medical", "departure", "disability"}
    ]
    assert 1 <= sum(row["cards"] for row in out) <= 60
    assert all(row["passed_over"] >= row["cards"] for row in out)
    page = clerk.get("/turns?first=2017-01-01&last=2017-12-31").content.decode()
    assert turn_names()[out[0]["turn"]] in page


def test_a_card_is_scanned_checked_and_handed_over_and_the_focus_waits_for_the_next(clerk):
    serial = queries.uncollected(office=OFFICE, limit=1)[0]["serial"]
    shown = clerk.get(f"/counter/{OFFICE}/hand-over?serial={serial.lower()}").content.decode()
    assert queries.uncollected(office=OFFICE, limit=1)[0]["nik"] in shown
    assert 'name="checked_face" value="wajah" autofocus' in shown
    form = {"do": "hand-over", "serial": serial, "to": "holder", "sequence": "1004"}
    how, said = done(clerk, "/hand-over", **form)
    assert (how, "nothing was checked" in said) == ("wrong", True)
    how, said = done(clerk, "/hand-over", **form, checked_face="wajah", checked_finger="sidik jari", old_kind="ktp_el")
    assert (how, said) == ("right", f"✓ Card {serial} is handed over.")
    assert queries.card(serial)["steps"][-1]["checked"] == "wajah, sidik jari"
    assert queries.old_cards(office=OFFICE)[0]["replaced_by"] == serial
    after = clerk.get(f"/counter/{OFFICE}/hand-over").content.decode()
    assert re.search(r'name="serial"[^>]* autofocus', after)


def test_a_job_ends_by_its_form(clerk):
    done(clerk, "", do="send", limit="1", sequence="1005")
    job = queries.jobs(office=OFFICE)[-1]
    assert done(clerk, "", do="fail", job=job["job"], fault="ribbon", blank="good", sequence="1")[0] == "right"
    assert queries.job(job["job"])["fault"] == "ribbon"


def test_scanned_cards_are_spoiled_or_sent_all_or_none(clerk, act):
    first, second = (row["serial"] for row in queries.uncollected(office=OFFICE, limit=2))
    how, said = done(clerk, "/cards", do="spoil", scans=f"{first}\nnonsense\n", reason="torn", sequence="1")
    assert (how, "no card was printed" in said) == ("wrong", True)
    assert done(clerk, "/cards", do="spoil", scans=f"{first}\n", reason="torn", sequence="1")[0] == "right"
    how, said = done(clerk, "/cards", do="ship", scans=second, to_office="3171", sequence="1006")
    assert (how, "on their way" in said) == ("right", True)
    act(clerk, "operator.3171")
    there = clerk.get("/counter/3171/cards").content.decode()
    movement = re.search(r'name="movement" value="([^"]+)"', there)[1]
    answer = clerk.post("/counter/3171/cards", {"do": "arrive", "movement": movement}, follow=True)
    assert "1 cards have arrived" in answer.content.decode()
    assert [row["serial"] for row in queries.uncollected(office="3171")] == [second]


def test_sukets_are_issued_from_the_page_and_printed_on_a5(clerk):
    nik = next(row["nik"] for row in waiting() if not row["holds_suket"])
    how, said = done(clerk, "/suket", do="issue", nik=nik, sequence="1")
    number = re.search(r"Suket (\S+) is issued", said)[1]
    assert how == "right"
    assert done(clerk, "/suket", do="issue", nik=nik, sequence="1")[0] == "wrong"
    pdf = clerk.get(f"/counter/{OFFICE}/suket.pdf?number={number}")
    assert (pdf.headers["content-type"], pdf.content[:4]) == ("application/pdf", b"%PDF")
    assert done(clerk, "/suket", do="void", number=number, cause="lost", note="at sea", sequence="1")[0] == "right"
    assert sukets.suket(number)["note"] == "at sea"
    assert clerk.get(f"/counter/{OFFICE}/suket.pdf?number=470/none").status_code == 404


@pytest.mark.parametrize(
    "form",
    [{"do": "burn"}, {"do": "print", "limit": "many", "sequence": "1"}, {}],
)
def test_what_the_page_does_not_do_is_said_and_nothing_is_done(clerk, form):
    before = queries.waiting(office=OFFICE)
    assert done(clerk, "", **form)[0] == "wrong"
    assert queries.waiting(office=OFFICE) == before


@pytest.mark.parametrize(
    ("who", "says"), [("", "obody was chosen to act"), ("operator.1871", "operator.1871 is no officer of this office")]
)
def test_only_a_chosen_officer_of_the_office_acts_at_its_counter(clerk, act, who, says):
    before = queries.waiting(office=OFFICE)
    act(clerk, who)
    how, said = done(clerk, "", do="print", limit="1", sequence="1")
    assert (how, says in said) == ("wrong", True)
    assert queries.waiting(office=OFFICE) == before
    for place in ("", "/cards", "/suket"):
        assert 'name="do"' not in clerk.get(f"/counter/{OFFICE}{place}").content.decode()


def test_an_office_chooses_how_it_prints_and_says_why(clerk, act):
    act(clerk, "operator.9271")
    place = "/counter/9271"
    form = {"do": "set", "prints": "collection", "reason": "few are collected", "sequence": "1"}
    said = clerk.post(place, form, headers={"X-Counter": "part"}).content.decode()
    assert "prints a card when its holder is at the counter" in said
    again = {**form, "reason": " ", "prints": "queue"}
    assert 'data-counter-said="wrong"' in clerk.post(place, again, headers={"X-Counter": "part"}).content.decode()


def test_an_unknown_office_has_no_counter(clerk):
    assert clerk.get("/counter/0000").status_code in (404, 422)
    assert clerk.get("/counter/none").status_code in (404, 422)
