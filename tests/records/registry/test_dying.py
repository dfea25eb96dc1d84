"""A paper about a death means whom its name and its NIK mean; what is not sure waits for a person."""

from datetime import UTC, date, datetime

import pytest
from django.db import connection
from records.filed import death, nik, put, registration

from blanko.records.entitlement import operations as entitlement
from blanko.records.registry import dying, operations, queries
from blanko.records.registry.models import DeathMatching
from blanko.records.registry.operations import ReasonMissing
from blanko.records.registry.rules import DeathMatch, match_death, match_death_plainly, says_the_same

pytestmark = pytest.mark.django_db
AT = datetime(2017, 4, 4, 2, tzinfo=UTC)
BY = {"by": "svc.registry", "at": AT}
ANSWERED = {"by": "kepala.3171", "at": AT, "reason": "the family came with the certificate"}
BORN = date(1980, 1, 1)


@pytest.fixture(autouse=True)
def acting(db, acting_as):
    with acting_as("svc.registry"):
        yield


def named(number, name, **changes):
    return death(number, name=name, birth_date=BORN, sex="L", **changes)


def take(**files):
    put(**files)
    entitlement.catch_up(**BY)


def dead():
    with connection.cursor() as cursor:
        cursor.execute("SELECT recorded_office || '/' || record_id FROM registry_record WHERE died_on IS NOT NULL")
        return sorted(row[0] for row in cursor.fetchall())


def asked():
    with connection.cursor() as cursor:
        cursor.execute("SELECT outcome, record_id FROM registry_death_question ORDER BY record_id")
        return cursor.fetchall()


def answer(number, record, **given):
    of = None if record is None else ("3171", f"R{record:05d}")
    return dying.answer(paper=("3171", f"D-{number}"), version=1, record=of, **{**ANSWERED, **given})


@pytest.mark.parametrize(
    ("carriers", "answer", "same", "outcome"),
    [
        ({7}, "same", 7, (DeathMatch.SURE, 7)),
        ({7, 8}, "same", 8, (DeathMatch.SURE, 8)),
        (set(), "same", 9, (DeathMatch.SURE, 9)),
        ({7}, "same", 9, (DeathMatch.SOMEBODY_ELSE, None)),
        ({7}, "uncertain", None, (DeathMatch.UNCERTAIN, None)),
        ({7}, "new", None, (DeathMatch.SOMEBODY_ELSE, None)),
        (set(), "new", None, (DeathMatch.NOBODY, None)),
    ],
)
def test_a_card_is_suspended_only_where_name_and_nik_mean_one_person(carriers, answer, same, outcome):
    assert match_death(carriers=frozenset(carriers), answer=answer, same=same) == outcome


def test_a_pair_that_the_nik_alone_made_is_somebody_elses_nik():
    said = {"carriers": frozenset({7}), "answer": "uncertain", "same": None}
    assert match_death(**said, weight=-24.0)[0] is DeathMatch.SOMEBODY_ELSE
    assert match_death(**said, weight=2.0)[0] is DeathMatch.UNCERTAIN
    assert match_death(**{**said, "carriers": frozenset()}, weight=-1.0)[0] is DeathMatch.UNCERTAIN


def test_without_a_model_the_nik_and_what_else_is_said_decide():
    assert match_death_plainly({}) == (DeathMatch.NOBODY, None)
    assert match_death_plainly({1: True, 2: False}) == (DeathMatch.SURE, 1)
    assert match_death_plainly({1: False})[0] is DeathMatch.SOMEBODY_ELSE
    assert match_death_plainly({1: True, 2: True})[0] is DeathMatch.UNCERTAIN
    held = {"name": "SITI AMINAH BINTI ALI", "birth_date": BORN, "sex": "P"}
    assert says_the_same({"name": "Siti Aminah"}, held)
    assert not says_the_same({"name": "SITI", "birth_date": date(1981, 1, 1)}, held)
    assert not says_the_same({"name": "SITI", "sex": "L"}, held)
    assert not says_the_same({"name": "BUDI SANTOSO"}, held)
    assert not says_the_same({"name": None}, held)


def test_a_name_that_fits_its_nik_suspends_and_erases_nothing():
    take(registrations=[registration(1)], deaths=[named(1, "BUDI B1")])
    assert dead() == ["3171/R00001"]
    held = queries.record(recorded_office="3171", record_id="R00001")
    assert (held["status"], held["died_on"]) == ("PRINT_READY_RECORD", date(2017, 2, 2))
    assert dying.match(**BY) == dying.Matched()


def test_a_nik_that_is_somebody_elses_by_name_suspends_nobody_and_asks():
    take(registrations=[registration(1)], deaths=[named(1, "SLAMET RIYADI")])
    assert dead() == []
    assert asked() == [("somebody_else", "R00001")]


def test_of_two_persons_under_one_nik_the_name_says_who_died():
    other = registration(2, nik=nik(1), name="SLAMET RIYADI", birth_date=date(1975, 5, 5))
    take(registrations=[registration(1), other], deaths=[named(1, "BUDI B1")])
    assert dead() == ["3171/R00001"]


def test_a_paper_without_a_nik_waits_for_whoever_it_names_and_one_without_anything_is_refused():
    take(registrations=[registration(1)], deaths=[named(1, "SLAMET RIYADI", nik="")])
    assert (dead(), asked()) == ([], [])
    assert DeathMatching.objects.get().outcome == "nobody"
    with pytest.raises(AssertionError, match="nik,,missing,fill this cell"):
        put(deaths=[death(2, nik="")])


def test_a_paper_that_names_its_record_is_believed_without_a_name():
    take(
        registrations=[registration(1), registration(2, nik=nik(1))],
        deaths=[named(1, "ANYBODY", record_id="R00002", recorded_office="3171")],
    )
    assert dead() == ["3171/R00002"]


def test_an_officer_says_whom_a_paper_means_and_takes_it_back():
    take(registrations=[registration(1)], deaths=[named(1, "SLAMET RIYADI")])
    lifted, persons = answer(1, 1)
    assert (dead(), asked(), lifted, len(persons)) == (["3171/R00001"], [], [], 1)
    with pytest.raises(dying.PaperAnswered):
        answer(1, None)
    # What was answered is not looked at again.
    assert dying.match(**BY, again=True) == dying.Matched()
    dying.take_back(paper=("3171", "D-1"), version=1, lifted=lifted, **ANSWERED)
    assert (dead(), len(asked())) == ([], 1)
    answer(1, None)
    assert (dead(), asked()) == ([], [])


def test_every_answer_needs_a_reason_a_paper_and_a_record():
    take(registrations=[registration(1)], deaths=[named(1, "SLAMET RIYADI")])
    for given, refusal in (
        ({"reason": " "}, ReasonMissing), ({"record": ("3171", "R99999")}, queries.UnknownRecord),
        ({"paper": ("3171", "D-9")}, dying.UnknownPaper), ({"version": 2}, dying.UnknownPaper),
    ):  # fmt: skip
        asked_for = {"paper": ("3171", "D-1"), "version": 1, "record": None, **ANSWERED, **given}
        with pytest.raises(refusal):
            dying.answer(**asked_for)
    with pytest.raises(dying.PaperAnswered):
        dying.take_back(paper=("3171", "D-1"), version=1, lifted=[], **ANSWERED)


def test_a_corrected_paper_frees_whom_it_meant_by_mistake():
    take(registrations=[registration(1), registration(2)], deaths=[named(1, "BUDI B1")])
    assert dead() == ["3171/R00001"]
    take(deaths=[named(2, "BUDI C2", document_no="D-1")])
    assert dead() == ["3171/R00002"]
    # It names the first one again: that comes back too.
    take(deaths=[named(1, "BUDI B1", reported_on=date(2017, 3, 9))])
    assert dead() == ["3171/R00001"]


def test_a_corrected_paper_that_may_still_mean_him_leaves_him_suspended_until_it_is_answered():
    take(registrations=[registration(1), registration(2)], deaths=[named(1, "BUDI B1")])
    take(deaths=[named(1, "SLAMET RIYADI")])
    assert (dead(), asked()) == (["3171/R00001"], [("somebody_else", "R00001")])
    paper = {"paper": ("3171", "D-1"), "version": 2, **ANSWERED}
    lifted, _persons = dying.answer(record=("3171", "R00002"), **paper)
    assert dead() == ["3171/R00002"]
    dying.take_back(lifted=lifted, **paper)
    assert dead() == ["3171/R00001"]


def test_a_death_that_an_officer_lifted_is_not_said_again_by_the_same_paper():
    take(registrations=[registration(1)], deaths=[named(1, "BUDI B1")])
    person = queries.resolve_record(recorded_office="3171", record_id="R00001")
    operations.lift_death(person_id=person, reason="he came in person", **BY)
    DeathMatching.objects.all().delete()
    dying.match(**BY)
    assert dead() == []


def test_what_is_taken_in_later_is_found_when_papers_are_looked_at_again():
    take(deaths=[named(1, "BUDI B1")])
    take(registrations=[registration(1)])
    assert dead() == []
    assert dying.match(**BY, again=True).sure == 1
    assert dead() == ["3171/R00001"]
