"""What ``./blanko cases`` prints of deaths, notices, objections and mistakes."""

import json
from datetime import date

import pytest
from records.filed import death, put, registration

from blanko.decisions.cases import deaths as room
from blanko.doors.cli import cases
from blanko.ground.access.acting import acting
from blanko.records.entitlement import operations as entitlement
from blanko.records.registry.rules import person_text
from tests.decisions.cases.doubles import AT

pytestmark = pytest.mark.django_db
KEPT, OTHER = ("--by", "operator.3171"), ("--by", "kepala.pusat")
WHY = ("--reason", "came to the counter")


@pytest.fixture
def said(capsys):
    def run(*argv):
        assert cases.main(list(argv)) == 0
        return capsys.readouterr().out

    return run


@pytest.fixture(autouse=True)
def filled(db, said):
    with acting(principal="svc.intake"):
        put(
            registrations=[registration(1), registration(2)],
            deaths=[
                death(1, name="BUDI B1", birth_date=date(1980, 1, 1)),
                death(2, name="SLAMET RIYADI", birth_date=date(1950, 1, 1)),
            ],
        )
        entitlement.catch_up(by="svc.intake", at=AT)
    assert "1 families to be told" in said("open")


def test_a_suspended_card_is_listed_with_its_notice_and_objection(said, tmp_path):
    (row,) = room.standing()
    person = person_text(row["person_id"])
    assert f"{person}  BUDI B1, died 2017-02-02" in said("deaths")
    said("object", person, "--objector", "SITI", "--shown", "the man himself", *WHY, *KEPT)
    assert "open, SITI showed the man himself" in said("deaths")
    assert "lifted" in said("uphold", person, *WHY, *OTHER)
    assert "open again" in said("undo-objection", person, *WHY, *OTHER)
    assert "report stands" in said("reject", person, *WHY, *OTHER)
    said("undo-objection", person, *WHY, *OTHER)
    assert "withdrawn" in said("withdraw-objection", person, *WHY, *KEPT)
    assert json.loads(said("deaths", "--json"))[0]["objection"] == ""
    for name, head in (("notices.csv", b"\xef\xbb\xbfnotice_no"), ("notices.xlsx", b"PK")):
        said("notices", "--out", str(tmp_path / name))
        assert (tmp_path / name).read_bytes().startswith(head)
    said("notices", "--number", str(row["notice_no"]), "--out", str(tmp_path / "letter.pdf"))
    assert (tmp_path / "letter.pdf").read_bytes().startswith(b"%PDF")


def test_a_case_about_a_death_shows_its_paper_and_is_answered(said):
    number = said("list", "--kind", "death").split()[0]
    text = said("show", number)
    assert "the paper: D-2 of 3171, died 2017-02-02" in text
    assert "SLAMET RIYADI" in text
    assert "settled" in said("settle", number, "died", "--keep", "3171/R00002", *WHY, *OTHER)
    assert said("deaths").count("died 2017-02-02") == 2
    assert "open again" in said("undo", number, *WHY, *OTHER)


def test_a_record_entered_by_mistake_is_withdrawn_listed_and_restored(said):
    assert "no record is withdrawn" in said("withdrawn")
    assert "is withdrawn and kept" in said("withdraw", "3171/R00002", *WHY, *OTHER)
    assert "3171/R00002  BUDI C2" in said("withdrawn")
    assert "somebody's again" in said("restore", "3171/R00002", *WHY, *OTHER)
