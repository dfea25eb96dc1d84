"""What the commands of registry and entitlement print."""

import json
from datetime import UTC, date, datetime

import pytest
from records.filed import application, death, nik, put, registration

from blanko.doors.cli import entitlement, registry
from blanko.kernel.errors import InvalidValue
from blanko.records.registry.queries import UnknownRecord, resolve_record
from blanko.records.registry.rules import person_text

pytestmark = pytest.mark.django_db
AT = datetime(2017, 4, 4, 2, tzinfo=UTC)


@pytest.fixture
def said(capsys):
    def run(command, *argv):
        assert command.main(list(argv)) == 0
        return capsys.readouterr().out

    return run


@pytest.fixture(autouse=True)
def filled(db, acting_as, said):
    with acting_as("svc.intake"):
        put(
            registrations=[
                registration(1),
                registration(1, recorded_office="3201", record_id="X", village_code="3201011001"),
                registration(2, status="CARD_ISSUED"),
                registration(3),
            ],
            applications=[application(2)],
            deaths=[death(3)],
        )
    said(registry, "take-in")
    said(entitlement, "refresh", "--as-of", "2017-04-04")


def test_a_person_is_shown_by_its_written_id_with_all_its_records(said):
    person = resolve_record(recorded_office="3171", record_id="R00001")
    text = said(registry, "person", person_text(person))
    assert "3171/R00001" in text
    assert "3201/X" in text
    assert text.count("carries the card") == 1
    assert json.loads(said(registry, "person", str(person), "--json"))["person_id"] == person
    with pytest.raises(InvalidValue):
        registry.main(["person", "P-000000001-0"])


def test_a_record_is_shown_with_its_chain(said):
    text = said(registry, "record", "3171", "R00002")
    assert "UNREGISTERED -> CARD_ISSUED" in text
    assert json.loads(said(registry, "record", "3171", "R00002", "--json"))["statuses"][0]["kind"] == "first"
    with pytest.raises(UnknownRecord):
        registry.main(["record", "3171", "none"])


def test_a_second_take_in_has_nothing_to_do(said):
    assert json.loads(said(registry, "take-in", "--json"))["records_new"] == 0


def test_an_officer_declares_a_regency_whole(said):
    assert "no regency" in said(registry, "whole")
    declare = ["whole", "3171", "--as-of", "2017-04-04", "--by", "kepala.3171", "--reason", "compared with SIAK"]
    assert "kepala.3171: compared with SIAK" in said(registry, *declare)
    assert json.loads(said(registry, *declare, "--withdraw", "--json")) == {}


def test_an_officer_confirms_a_nik_and_the_claim_follows_at_once(said, acting_as):
    with acting_as("svc.intake"):
        put(registrations=[registration(4, birth_date=date(1981, 1, 1), nik=nik(4))])
    said(registry, "take-in")
    said(entitlement, "refresh", "--as-of", "2017-04-04")
    blocked = json.loads(said(entitlement, "backlog", "--json"))["needs_correction"]
    confirm = ["confirm-nik", "3171", "R00004", "--by", "kepala.3171", "--reason", "court ruling seen"]
    assert "confirmed (court ruling seen)" in said(registry, *confirm)
    assert json.loads(said(entitlement, "backlog", "--json"))["needs_correction"] == blocked - 1
    assert "doubted again" in said(registry, *confirm, "--withdraw")
    assert json.loads(said(entitlement, "backlog", "--json"))["needs_correction"] == blocked


def test_the_backlog_is_printed_with_and_without_the_deceased(said):
    found = json.loads(said(entitlement, "backlog", "--json"))
    assert (found["as_of"], found["print_ready"], found["suspended_deceased"]) == ("2017-04-04", 2, 1)
    assert found["with_deceased"]["print_ready"] == 3
    text = said(entitlement, "backlog", "--regency", "3171")
    assert "print ready" in text
    assert "suspended (deceased)" in text


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ("3171/R00001", ["print_ready", "first_card", "by nothing but a blank", "place 1 of regency 3171"]),
        ("3171/R00002", ["print_ready", "loss", "applied  2017-04-01 for loss", "place 2"]),
        ("3171/R00003", ["suspended_deceased", "blocked  deceased"]),
    ],
)
def test_why_gives_the_reasons_of_one_claim(said, record, words):
    text = said(entitlement, "why", record)
    assert [word for word in words if word not in text] == []
    assert json.loads(said(entitlement, "why", record, "--json"))["as_of"] == date(2017, 4, 4).isoformat()


def test_the_queue_is_printed_in_its_order(said):
    rows = json.loads(said(entitlement, "queue", "--regency", "3171", "--json"))
    assert [row["record_id"] for row in rows] == ["R00001", "R00002"]
    assert "nobody in 1101" in said(entitlement, "queue", "--regency", "1101")
