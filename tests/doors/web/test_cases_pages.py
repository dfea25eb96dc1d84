"""A case by its page: decided, taken back, in a group and from a sheet; and the waterfall of its weight."""

import pytest
from django.test import Client

from blanko.decisions.cases import queries
from blanko.decisions.cases.rules import RULES
from blanko.doors.web.pages.cases import FIELDS, LABELS, WIDTH, pattern_words, rule_words, waterfall

pytestmark = pytest.mark.database
SIGNED = {"reason": "both papers seen"}


@pytest.fixture
def reader(replayed, django_db_blocker):
    with django_db_blocker.unblock():
        client = Client(headers={"accept-language": "en"})
        client.post("/officer", {"officer": "kepala.3101", "next": "/cases"})
        yield client


def free_case():
    found = next(g for g in queries.groups() if g["kind"] == "merged")
    return next(row for row in queries.group(kind="merged", pattern=found["pattern"]) if not row["alone"]), found


def test_a_beam_begins_where_the_one_before_ended():
    parts = [{"field": "prior", "level": "any two records", "bits": -20.0},
             {"field": "name", "level": "same words", "bits": 12.5}, {"field": "sex", "level": "same", "bits": 0.0},
             {"field": "nik", "level": "differs", "bits": -1.5}]  # fmt: skip
    beams, height = waterfall(parts)
    assert (len(beams), height) == (3, 78.0)
    prior, name, nik = beams
    assert prior.x == pytest.approx(name.x)
    assert name.x + name.width == pytest.approx(nik.x + nik.width)
    assert prior.x + prior.width > name.x + name.width
    assert [beam.colour for beam in beams] == ["f1", "f5", "f1"]
    assert all(beam.x >= LABELS and beam.text_x < WIDTH for beam in beams)
    assert waterfall([]) == ([], 0.0)


def test_a_pattern_and_the_rule_are_said_in_words(reader):
    assert pattern_words("nik= name~ births sex= regencyx").count(",") == 2
    assert set(rule_words()) == set(RULES)


def test_a_case_is_settled_and_taken_back_on_its_page(reader):
    row, _group = free_case()
    address = f"/cases/{row['case_no']}"
    shown = reader.get(address).content.decode()
    assert shown.count("data-case-key") >= 5
    assert "<kbd>s</kbd>" in shown
    nobody = Client(headers={"accept-language": "en"})
    assert "Nobody is chosen to act" in nobody.get(address).content.decode()
    assert nobody.post(address, {"do": "settle", "outcome": "same", **SIGNED}).status_code == 422
    assert reader.post(address, {"do": "settle", "outcome": "same", "reason": ""}).status_code == 422
    assert reader.post(address, {"do": "settle", "outcome": "perhaps", **SIGNED}).status_code == 422
    assert reader.post(address, {"do": "settle", "outcome": "same", "keep": row["keep"], **SIGNED}).status_code == 302
    assert "Take it back" in reader.get(address).content.decode()
    assert reader.post(address, {"do": "undo", **SIGNED}).status_code == 302
    assert queries.case(row["case_no"])["state"] == "open"


def test_a_group_shows_every_member_and_is_settled_in_one_act(reader):
    row, found = free_case()
    address = {"kind": "merged", "pattern": found["pattern"]}
    shown = reader.get("/cases/group", address).content.decode()
    assert shown.count("<tr>") == found["cases"] + 1
    done = reader.post("/cases/group", {**address, "case": [row["case_no"]], "outcome": "same", **SIGNED})
    assert done.status_code == 302
    group = queries.case(row["case_no"])["group_no"]
    back = reader.post(f"/cases/{row['case_no']}", {"do": "undo-group", "group": group, **SIGNED})
    assert back.status_code == 302
    assert queries.case(row["case_no"])["state"] == "open"


def test_a_sheet_with_a_wrong_cell_names_it(reader):
    from django.core.files.uploadedfile import SimpleUploadedFile

    file = SimpleUploadedFile("cases.csv", b"case_no,decision,reason\n1,perhaps,seen\n")
    answer = reader.post("/cases/cases.xlsx", {"file": file, **SIGNED})
    assert answer.status_code == 422
    assert "perhaps" in answer.content.decode()
    assert len(FIELDS) > 5
