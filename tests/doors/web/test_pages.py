"""Every page answers in both languages, and a dirty file of one's own is explained."""

from __future__ import annotations

import re
from pathlib import Path

import polib
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

ROOT = Path(__file__).resolve().parents[3]
LOCALE = ROOT / "src/blanko/doors/web/locale/id/LC_MESSAGES/django.po"
PAGES = [
    "/custody/reconcile", "/custody/counts", "/destruction", "/destruction?office=3171",
    "/trace", "/trace?q=PB17-000001", "/trace?office=1871&on=2017-04-30", "/alerts", "/alerts?ended=1",
    "/cases", "/cases?office=3101&kind=merged&state=settled", "/cases/1", "/cases/groups",
    "/cases/deaths", "/cases/deaths?office=3101", "/cases/withdrawn",
    "/cases/group?kind=merged&pattern=nik%3D+name%3D+birth%3D+sex%3D+regency%3D",
    "/", "/map", "/map?by=backlog", "/map?by=cover", "/map?q=Lampung&sort=-need", "/regencies/3101", "/regencies/9301",
    "/regencies/1871", "/rounds", "/rounds/1", "/rounds/2", "/rounds/2/1871", "/supply", "/dispatches",
    "/dispatches?round=1", "/files", "/blanks", "/figures", "/figures?name=recorded_share&known_on=2017-04-04",
    "/audit", "/audit/20", "/plan", "/plan?checks=2&risk=20&doubles=inside&reading=B", "/plan/minister",
    "/rounds/3", "/rounds/tables", "/rounds/tables?round=2", "/rounds/new", "/rounds/offices", "/rounds/rules",
    "/officer", "/officer?q=1871", "/supply/lots", "/supply/schedule", "/supply/money", "/supply/suppliers",
    "/supply/material", "/supply/tenders", "/supply/files", "/supply/contracts/BLANKO-KTPEL-2017",
    "/custody", "/custody?lot=PB17-L01", "/custody/receive", "/custody/receive?movement=planning/2:1871",
    "/custody/receive?movement=planning/5:9101", "/custody/dispatch", "/custody/dispatch?from=1871",
    "/counter", "/counter/3101", "/counter/3101/hand-over", "/counter/3101/cards", "/counter/3101/uncollected",
    "/counter/3101/suket", "/counter/9171", "/turns", "/turns?first=2017-03-20&last=2017-04-30",
    "/custody/samples", "/destruction/holds", "/turns/order", "/plan/own",
    "/plan?case=records", "/policies", "/policies?case=nation-2017&seed=2",
]  # fmt: skip

pytestmark = pytest.mark.database


@pytest.fixture
def reader(replayed, django_db_blocker):
    with django_db_blocker.unblock():
        yield Client()


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("address", PAGES)
def test_every_page_answers_in_both_languages(reader, address, language):
    answer = reader.get(address, headers={"accept-language": language})
    text = answer.content.decode()
    assert answer.status_code == 200
    assert f'<html lang="{language}">' in text
    assert "Content-Security-Policy" in answer.headers
    assert not re.search(r"<script(?![^>]* src=)|style=\"| on[a-z]+=\"", text)


def test_the_first_page_says_what_the_records_say(reader):
    english = reader.get("/", headers={"accept-language": "en"}).content.decode()
    assert "97.09 %" in english
    assert "6 months" in english
    indonesian = reader.get("/", headers={"accept-language": "id"}).content.decode()
    assert "97,09 %" in indonesian
    assert "Kata catatan" in indonesian


def test_the_blank_is_followed_into_a_hand(reader, replayed):
    text = reader.get(f"/blanks?q={replayed.followed}", headers={"accept-language": "en"}).content.decode()
    for step in ("received with its lot", "sent", "printed for a person", "handed over", "wajah dan sidik jari"):
        assert step in text


@pytest.mark.parametrize(
    ("address", "status"),
    [("/blanks?q=nonsense", 422), ("/blanks?q=PB17-999999", 404), ("/rounds/99", 404), ("/regencies/9999", 404),
     ("/files/0000", 404), ("/nowhere", 404), ("/audit/99999999", 404), ("/rounds/1/0000", 404)],
)  # fmt: skip
def test_what_is_not_there_is_said_with_its_mend(reader, address, status):
    answer = reader.get(address)
    assert answer.status_code == status
    assert b"<h1>" in answer.content


def test_the_blank_is_followed_in_indonesian_words(reader, replayed):
    text = reader.get(f"/blanks?q={replayed.followed}", headers={"accept-language": "id"}).content.decode()
    for step in ("diterima bersama lotnya", "dicetak untuk seseorang", "diserahkan", "kiriman"):
        assert step in text
    for code in ("first_card", "issued", "surat_jalan", "consignment"):
        assert code not in text


@pytest.mark.parametrize("number", [1, 2, 3])
def test_no_regency_with_a_need_is_missing_from_the_picture_of_a_round(reader, number):
    from blanko.decisions.planning import queries

    shares = [s for s in queries.round(number)["shares"] if s["need"] and s["binding"] != "not_in_stage"]
    answer = reader.get(f"/rounds/{number}")
    assert answer.content.decode().count("<circle") == len(shares)
    assert max(dot.y for dot in answer.context["dots"]) < answer.context["top"]


@pytest.mark.parametrize(("language", "percent"), [("id", "96,54 %"), ("en", "96.54 %")])
def test_a_published_figure_is_written_in_the_readers_way(reader, language, percent):
    answer = reader.get("/figures?name=recorded_share", headers={"accept-language": language})
    assert percent in answer.content.decode()


def test_a_table_is_exported_exactly_as_it_is_seen(reader):
    seen = reader.get("/rounds/2?q=Lampung&sort=-need&format=csv&table=shares")
    lines = seen.content.decode("utf-8-sig").splitlines()
    assert "Lampung" in lines[1]
    assert len(lines) < 20
    workbook = reader.get("/rounds/2?q=Lampung&sort=-need&format=xlsx&table=shares").content
    assert workbook.startswith(b"PK")
    assert reader.get("/rounds/2?q=Lampung&sort=-need&format=xlsx&table=shares").content == workbook


def test_a_table_is_shown_before_it_is_stored_and_wrong_cells_are_named_in_the_readers_words(reader):
    def send(body, language="en", **more):
        file = SimpleUploadedFile("asked.csv", body.encode())
        form = {"kind": "requests", "file": file, **more}
        return reader.post("/rounds/tables", form, headers={"accept-language": language})

    heads = "area,requested,date,source\n"
    shown = send(heads + "1871,7000,2017-05-02,a letter\n")
    told = shown.content.decode()
    assert "a letter" in told and "2017-05-02" in told and ">7000<" in told and "Store it" in told
    assert b"7000" not in reader.get("/rounds/tables/requests.csv").content
    form = {"kind": "requests", "store": "1", "table": shown.context["again"]}
    done = reader.post("/rounds/tables", form, headers={"accept-language": "en"})
    assert "<strong>1</strong> rows were stored" in done.content.decode()
    assert b"7000" in reader.get("/rounds/tables/requests.csv").content
    out = reader.get("/rounds/tables/requests.xlsx").content
    again = reader.post("/rounds/tables", {"kind": "requests", "file": SimpleUploadedFile("again.xlsx", out)})
    assert (again.context["new"], again.context["changed"]) == (0, 0)
    wrong = send(heads + "1871,-3,2017-05-02,a letter\n9999,1,2017-05-02,x\n", language="id").content.decode()
    assert "-3 kurang dari nol" in wrong and "tidak ada kantor" in wrong and "Simpan" not in wrong
    assert reader.get("/rounds/tables/dice.csv").status_code == 422
    assert reader.get("/rounds/tables/needs.pdf").status_code == 422
    assert reader.post("/rounds/tables", {"kind": "needs"}).status_code == 422


def test_papers_are_the_same_bytes_each_time(reader):
    for name in ("surat-jalan", "packing-list"):
        first = reader.get(f"/dispatches/1/3171/{name}.pdf")
        assert first.content.startswith(b"%PDF")
        assert reader.get(f"/dispatches/1/3171/{name}.pdf").content == first.content


def test_a_file_of_ones_own_is_balanced_and_its_refusals_explained(reader):
    rows = (
        "record_id;nik;nama;tanggal_lahir;jk;kode_desa;kantor\n"
        "X1;3101015506900001;SITI;15-06-1990;P;3101011001;3101\n"
        "X2;310101550690000;BUDI;15-06-1990;L;3101011001;3101\n"
        "X3;3101011506900003;BUDI;31-02-1990;L;3101011001;3101\n"
    )
    before = reader.get("/regencies/3101").content
    answer = reader.post("/files", {"file": SimpleUploadedFile("own.csv", rows.encode("cp1252"))}, follow=True)
    text = answer.content.decode()
    assert answer.status_code == 200
    for part in ("wrong_length", "impossible_date", "rejects.csv"):
        assert part in text
    address = answer.redirect_chain[-1][0]
    assert b"31-02-1990" in b"".join(reader.get(f"{address}/rejects.csv").streaming_content)
    again = reader.post("/files", {"file": SimpleUploadedFile("own.csv", rows.encode("cp1252"))}, follow=True)
    assert "pernah dimuat" in again.content.decode()
    assert before


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\x00\x01\x02\x03", b"%PDF-1.7"])
def test_a_file_that_is_none_is_refused_by_name(reader, content):
    given = {"file": SimpleUploadedFile("x.csv", content)} if content else {}
    answer = reader.post("/files", given)
    assert answer.status_code == 422
    assert b'role="alert"' in answer.content


def test_every_word_of_the_screen_has_its_indonesian():
    po = polib.pofile(str(LOCALE))
    assert not [entry.msgid for entry in po if not entry.translated() or entry.fuzzy]
    known = {entry.msgid for entry in po}
    for template in (ROOT / "src/blanko/doors/web/templates").glob("*.html"):
        for quote, word in re.findall(r"\{% translate (['\"])(.*?)\1 %\}", template.read_text(encoding="utf-8")):
            assert word.replace("%", "%%") in known or word in known, (template.name, quote, word)


def test_the_compiled_words_are_those_of_the_source():
    compiled = {e.msgid: e.msgstr or e.msgstr_plural for e in polib.mofile(str(LOCALE.with_suffix(".mo")))}
    source = {e.msgid: e.msgstr or e.msgstr_plural for e in polib.pofile(str(LOCALE))}
    assert compiled == source
