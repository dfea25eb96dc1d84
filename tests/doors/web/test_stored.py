"""What is stored in English is said in the reader's words, and a source is a link that is called by its site."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from django.test import Client
from django.utils import translation

from blanko.decisions.planning.outlook.case import built_in, load
from blanko.decisions.scenario.april_2017 import estimates, inputs, replay
from blanko.doors.web import stored
from blanko.ground.places import gazetteer

from .test_pages import PAGES

# Words that no Indonesian sentence has; "to", "of" and the like stand in names too rarely to matter.
ENGLISH = re.compile(r"\b(the|of|was|were|with|from|by|and|is|are|shared|for|to|on|that|not|which|has)\b")
# What others wrote is theirs: the title of a report, the name of a licence.
QUOTED = ("National Audit Office, Investigation into the performance of HM Passport Office, 2022",)
REGENCIES = ["1212", "1871", "3101", "3171", "3276", "7601", "8103", "9101", "9301"]


class _Seen(HTMLParser):
    """The texts of a page, without scripts and without what is marked as another language."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.inside: list[tuple[str, bool]] = []

    def handle_starttag(self, tag, attrs):
        if tag in ("meta", "link", "input", "br"):
            return
        hidden = tag in ("script", "style", "code", "pre") or dict(attrs).get("lang") == "en"
        self.inside.append((tag, hidden))
        self.texts += [value for key, value in attrs if key in ("title", "aria-label", "data-head") and value]

    def handle_endtag(self, tag):
        while self.inside and self.inside.pop()[0] != tag:
            pass

    def handle_data(self, data):
        if data.strip() and not any(hidden for _tag, hidden in self.inside):
            self.texts.append(" ".join(data.split()))


def texts_of(page: str) -> list[str]:
    seen = _Seen()
    seen.feed(page)
    return seen.texts


@pytest.fixture
def reader(replayed, django_db_blocker):
    with django_db_blocker.unblock():
        yield Client(headers={"accept-language": "id"})


@pytest.mark.database
@pytest.mark.parametrize("place", [*PAGES, *(f"/regencies/{code}" for code in REGENCIES)])
def test_no_english_sentence_shows_on_an_indonesian_page(reader, place):
    texts = texts_of(reader.get(place).content.decode())
    assert len(texts) > 20
    assert [text for text in texts if ENGLISH.search(text) and text not in QUOTED] == []


@pytest.mark.database
def test_the_way_of_a_blank_is_told_in_indonesian(reader, replayed):
    from blanko.cards.issuance.models import CardStep

    spoiled = CardStep.objects.filter(step="spoiled").values_list("serial", flat=True).first()
    for serial in (replayed.followed, spoiled):
        texts = texts_of(reader.get(f"/blanks?q={serial}").content.decode())
        assert [text for text in texts if ENGLISH.search(text) or "holder" in text] == []
    assert any("chip tidak menjawab" in text for text in texts)


@pytest.mark.database
def test_the_need_of_a_regency_names_its_source_as_a_link(reader):
    page = reader.get("/regencies/3204").content.decode()
    assert re.search(
        r'1\.431\.490 .*28 Februari 2017.*<a href="http://www\.beritabogor\.com/[^"]+">beritabogor\.com</a>', page
    )
    page = reader.get("/rounds/2/3204").content.decode()
    assert ">beritabogor.com</a>" in page
    assert ">http" not in page


def test_every_way_of_estimating_has_its_words():
    people = {regency.code: regency.population_2024 for regency in gazetteer.regencies_2017()}
    made = estimates.estimates(facts=inputs.facts(), populations=people, as_of=replay.STAGE_DAY)
    kinds = {re.sub(r"\d+", "0", count.source.split(";")[0]) for count in made}
    assert len(kinds) == 3
    for source in {count.source for count in made}:
        with translation.override("en"):
            shown = str(stored.how_known(source))
        assert shown.count("<a href=") == 1, source
        assert "estimate:" not in shown


@pytest.mark.parametrize(
    ("source", "shown"),
    [("registry", "the records of this office, all loaded"), ("", "nobody stated it"),
     ("a letter of 3 April", "a letter of 3 April"), ("javascript:alert(1)", "javascript:alert(1)"),
     ("https://www.x.id/a?b=1&c=2", '<a href="https://www.x.id/a?b=1&amp;c=2">x.id</a>'),
     ("estimate: its own figure of 2017-04-04; https://x.id/<b>",
      'its own figure of 4 April 2017 (<a href="https://x.id/&lt;b&gt;">x.id</a>)')],
)  # fmt: skip
def test_a_source_is_said_by_its_kind(source, shown):
    with translation.override("en"):
        assert str(stored.how_known(source)) == shown


def test_numbers_days_and_sources_within_a_stored_text_are_written_in_the_readers_way():
    text = "4,971 applications in 74 months, for 182,588,494 obliged; 2 rates overruled; of 2017-03-29"
    with translation.override("id"):
        assert stored.stored(text) == (
            "4.971 permohonan dalam 74 bulan, untuk 182.588.494 wajib KTP; 2 laju diganti; per 29 Maret 2017"
        )
        shown = str(stored.linked("136,000 blanks on 10 April 2017; http://www.x.id/a"))
    assert shown == '136.000 blanko pada 10 April 2017; <a href="http://www.x.id/a">x.id</a>'
    with translation.override("en"):
        assert stored.stored("<b>; c & d") == "<b>; c & d"
        assert str(stored.linked("<b>; c & d")) == "&lt;b&gt;; c &amp; d"


def test_every_text_that_the_release_stores_has_its_words():
    notes = {change.note for change in gazetteer.changes()}
    for name in built_in():
        case = load(name)
        for group in (case.backlog, case.stock, case.demand, case.checks):
            notes |= {number.note for number in group.values()}
        notes |= {case.spoilage.note, case.collection.note}
    missing = {note for note in notes if note} - set(stored.TEXTS)
    assert missing == set()
    with translation.override("id"):
        same = [text for text in stored.TEXTS if stored.stored(text) == text]
    # The names of the new provinces stay; "to" before them does not.
    assert same == []
    with translation.override("id"):
        assert stored.stored("kartu basah kena hujan") == "kartu basah kena hujan"
