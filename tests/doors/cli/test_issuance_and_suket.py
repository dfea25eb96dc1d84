"""What the commands of a counter do and print."""

import json
from datetime import date

import pytest
from cards.conftest import AT, accepted_lot
from records.filed import nik, put, registration

from blanko.cards.custody import operations as custody
from blanko.cards.custody.rules import Key, Line
from blanko.cards.issuance import queries
from blanko.cards.issuance.rules import NotNext, PrintsOnCollection
from blanko.doors.cli import entitlement, issuance, registry, suket

pytestmark = pytest.mark.django_db
OFFICE, BY = "3171", ("--by", "operator.3171")


@pytest.fixture
def said(capsys):
    def run(command, *argv):
        assert command.main(list(argv)) == 0
        return capsys.readouterr().out

    return run


@pytest.fixture(autouse=True)
def counter(db, acting_as, said):
    """Four persons of one office who wait for a card, and a box of 50 blanks."""
    with acting_as("svc.custody"):
        accepted_lot(boxes=2)
        custody.receive_lot(lot_no="L-1", by="gudang.pusat", at=AT)
        sent = custody.dispatch(
            consignment=[Line("PB17", 1, 1, 50)], from_office="00", to_office=OFFICE, key=Key("cli", 1),
            by="gudang.pusat", at=AT,
        )  # fmt: skip
        custody.receive(movement=sent, by="operator.3171", at=AT)
        put(registrations=[registration(n, status_since=date(2016, 11, 1 + n)) for n in range(4)])
    said(registry, "take-in")
    said(entitlement, "refresh", "--as-of", "2017-04-04")


def test_the_queue_is_printed_down_and_cards_are_handed_over(said):
    assert said(issuance, "queue", "--office", OFFICE).splitlines()[0].split()[:2] == ["1", nik(0)]
    (first,) = said(issuance, "print", "--office", OFFICE, *BY, "--key", "print:1").split()
    assert said(issuance, "print", "--office", OFFICE, *BY, "--key", "print:1").split() == [first]
    assert json.loads(said(issuance, "uncollected", "--office", OFFICE, "--list", "--json"))[0]["serial"] == first
    assert "1 cards" in said(issuance, "uncollected")
    given = ("--to", "authorised", "--receiver", "SITI", "--relation", "family", "--document", "KK", "--old-card")
    assert said(issuance, "hand-over", first.lower(), "--checked", "letter", *given, *BY) == "1 cards handed over\n"
    assert "issued" in said(issuance, "card", first)
    assert "replaced" in said(issuance, "old-cards", "--office", OFFICE)


def test_who_stands_at_the_counter_passes_others_only_by_a_named_reason(said):
    with pytest.raises(NotNext):
        issuance.main(["print", "--office", OFFICE, "--for", nik(3), *BY])
    said(issuance, "print", "--office", OFFICE, "--for", nik(3), "--turn", "court", *BY)
    day = queries.card("PB17-000001-0001")["printed_on"].isoformat()
    assert "3 passed over" in said(issuance, "turns", "--first", day, "--last", day)
    assert "collection" in said(issuance, "office", OFFICE, "--prints", "collection", "--reason", "few come", *BY)
    with pytest.raises(PrintsOnCollection):
        issuance.main(["print", "--office", OFFICE, *BY])
    assert said(issuance, "print", "--office", OFFICE, "--for", nik(2), *BY).startswith("PB17-000001-0002")


def test_a_job_a_failure_and_a_card_that_travels(said):
    jobs = json.loads(said(issuance, "send", "--office", OFFICE, "--limit", "3", "--key", "cli:9", *BY, "--json"))
    assert len(said(issuance, "jobs", "--office", OFFICE).splitlines()) == 3
    said(issuance, "finish", jobs[0]["job"], *BY)
    said(issuance, "finish", jobs[2]["job"], *BY)
    failed = said(issuance, "fail", jobs[1]["job"], "--fault", "jam", "--blank", "spoiled", *BY)
    assert "the blank is spoiled" in failed
    assert "1 cards" in said(issuance, "spoil", jobs[0]["serial"], "--reason", "torn", *BY)
    shipped = said(issuance, "ship", jobs[2]["serial"], "--office", OFFICE, "--to-office", "3172", "--key", "s:1", *BY)
    assert said(issuance, "arrive", shipped.split()[-1], "--by", "operator.3172") == "1 cards arrived\n"
    assert "1 cards" in said(issuance, "lost", jobs[2]["serial"], "--reason", "gone", "--by", "operator.3172")


def test_an_order_is_published_ahead_with_its_reference(said):
    assert said(issuance, "order") == "no order was published yet\n"
    text = said(issuance, "order", "--since", "2100-01-01", "--suket", "first", "--source", "SE 470/1", *BY)
    assert text == "version 1 since 2100-01-01: suket first, SE 470/1\n"


def test_a_suket_is_issued_shown_counted_and_voided(said, tmp_path):
    made = json.loads(said(suket, "issue", "--office", OFFICE, "--for", nik(0), *BY, "--json"))
    assert "3 sukets issued" in said(suket, "bulk", "--office", OFFICE, *BY)
    assert "4" in said(suket, "holders", "--office", OFFICE)
    assert "25 to 59" in said(suket, "holders", "--by-holder")
    paper = tmp_path / "suket.pdf"
    assert "reason PRR" in said(suket, "show", made["number"], "--pdf", str(paper))
    assert paper.read_bytes().startswith(b"%PDF")
    assert "lost: at sea" in said(suket, "void", made["number"], "--cause", "lost", "--note", "at sea", *BY)
    assert said(suket, "take-from-files") == "0 numbers taken over\n"
