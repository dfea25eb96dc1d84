"""Records move between persons, and ids stay stable."""

import random
from datetime import UTC, date, datetime

import pytest
from django.db import connection
from records.filed import death, nik, put, registration

from blanko.ground.audit import operations as audit
from blanko.records.registry import operations, persons, queries, verdicts
from blanko.records.registry.models import PersonMerge, PersonSplit, RecordLink
from blanko.records.registry.verdicts import Judged

pytestmark = pytest.mark.django_db
AT = datetime(2017, 4, 4, 2, tzinfo=UTC)
BY = {"by": "svc.registry", "at": AT}


@pytest.fixture(autouse=True)
def acting(db, acting_as):
    with acting_as("svc.registry"):
        yield


def key(number):
    return ("3171", f"R{number:05d}")


def loaded(count, **changes):
    """Records of ``count`` persons; returns their ids, in order."""
    put(registrations=[registration(n, **changes) for n in range(count)])
    operations.take_in(**BY)
    return [whose(n) for n in range(count)]


def whose(number):
    return queries.resolve_record(recorded_office="3171", record_id=key(number)[1])


def held():
    """Every person with its records, its leads and its cluster size, as the database holds them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT person_id, array_agg(record_id ORDER BY record_id), count(*) FILTER (WHERE is_lead),"
            " array_agg(DISTINCT cluster_size) FROM registry_record_current GROUP BY person_id"
        )
        return {person: (records, leads, sizes) for person, records, leads, sizes in cursor.fetchall()}


def test_a_merge_keeps_the_smaller_id_and_the_earlier_one_leads_to_it():
    a, b, c = loaded(3)
    done = persons.merge(groups=[[c, b]], cause="linkage", **BY)
    assert (done.moved, done.merged, done.split, done.persons) == (1, 1, 0, {b, c})
    assert [queries.resolve(x) for x in (a, b, c)] == [a, b, b]
    assert queries.person(c)["earlier_ids"] == [c]
    assert audit.verify(done.event).holds
    # A chain of merges still leads to its end.
    persons.merge(groups=[[c, a]], cause="decision", reason="seen", **BY)
    assert [queries.resolve(x) for x in (a, b, c)] == [a, a, a]
    assert PersonMerge.objects.count() == 2


def test_the_same_merge_again_writes_nothing():
    a, b, _c = loaded(3)
    persons.merge(groups=[[a, b]], cause="linkage", **BY)
    assert persons.merge(groups=[[a, b], [b]], cause="linkage", **BY) == persons.Regrouped()


def test_a_split_gives_the_part_that_leaves_the_id_it_had():
    a, b, c = loaded(3)
    persons.merge(groups=[[a, b, c]], cause="linkage", **BY)
    done = persons.split(parts=[[key(1)]], cause="decision", reason="other finger", **BY)
    assert (whose(0), whose(1), whose(2)) == (a, b, a)
    assert (queries.resolve(b), queries.resolve(c)) == (b, a)
    assert list(PersonSplit.objects.values_list("split_from", "person_id", "becomes")) == [(a, b, b)]
    assert audit.verify(done.event).holds


def test_a_part_that_never_had_an_id_gets_a_new_one_and_finds_it_again():
    put(registrations=[registration(0), registration(0, record_id="R00001"), registration(0, record_id="R00002")])
    operations.take_in(**BY)
    first = whose(0)
    assert whose(1) == whose(2) == first
    persons.split(parts=[[key(1), key(2)]], cause="decision", reason="a twin", **BY)
    second = whose(1)
    assert second > first
    assert whose(2) == second
    persons.merge(groups=[[first, second]], cause="decision", reason="no twin", **BY)
    assert queries.resolve(second) == first
    persons.split(parts=[[key(1)]], cause="decision", reason="a twin after all", **BY)
    # The id goes where the record goes that bore it first.
    assert (whose(0), whose(1), whose(2), queries.resolve(second)) == (first, second, first, second)


def test_what_leaves_with_the_first_record_keeps_the_id_and_the_rest_gets_its_own():
    a, b = loaded(2)
    persons.merge(groups=[[a, b]], cause="linkage", **BY)
    persons.split(parts=[[key(0)]], cause="decision", reason="seen", **BY)
    assert (whose(0), whose(1)) == (a, b)


def test_records_move_between_persons_in_one_event():
    ids = loaded(4)
    persons.partition(groups=[[key(0), key(1)], [key(2), key(3)]], cause="linkage", **BY)
    done = persons.partition(groups=[[key(0), key(2)], [key(1), key(3)]], cause="linkage", **BY)
    assert [whose(n) for n in range(4)] == [ids[0], ids[1], ids[0], ids[1]]
    assert [queries.resolve(x) for x in ids] == [ids[0], ids[1], ids[0], ids[1]]
    assert audit.verify(done.event).holds


def test_a_record_in_two_groups_an_unknown_one_and_an_unknown_person_are_refused():
    a, _b = loaded(2)
    with pytest.raises(persons.RecordInTwoParts, match="R00000"):
        persons.partition(groups=[[key(0)], [key(0), key(1)]], cause="linkage", **BY)
    with pytest.raises(queries.UnknownRecord, match="R00009"):
        persons.split(parts=[[key(9)]], cause="linkage", **BY)
    with pytest.raises(queries.UnknownPerson):
        persons.merge(groups=[[a, 999_999]], cause="linkage", **BY)


@pytest.mark.parametrize("seed", range(4))
def test_ids_depend_on_nothing_but_which_records_are_together(seed):
    """Any way of merges and splits that ends in the first partition ends in the first ids; facts alone rebuild both."""
    rng = random.Random(seed)
    count = 9
    ids = loaded(count)
    before = held()
    for _step in range(6):
        places = [rng.randrange(4) for _ in range(count)]
        groups = [[key(n) for n in range(count) if places[n] == place] for place in range(4)]
        persons.partition(groups=[g for g in groups if g], cause="linkage", **BY)
        for person, (records, leads, sizes) in held().items():
            assert leads == 1
            assert sizes == [len(records)]
            # The smallest id of those its records bore first.
            assert person == min(ids[int(record[1:])] for record in records)
        for number in range(count):
            assert queries.resolve(ids[number]) == whose(number)
    resolved = {x: queries.resolve(x) for x in ids}
    assert folded(ids) == resolved
    links = {}
    for row in RecordLink.objects.order_by("seq"):
        links[row.record_id] = row.person_id
    assert links == {key(n)[1]: whose(n) for n in range(count)}
    persons.partition(groups=[[key(n)] for n in range(count)], cause="decision", reason="seed", **BY)
    assert held() == before


def folded(ids):
    """Where each id leads, by nothing but the facts."""
    leads = {x: x for x in ids}
    rows = [(m.event_id, 1, m.person_id, m.survivor, None) for m in PersonMerge.objects.all()]
    rows += [(s.event_id, 0, s.person_id, s.becomes, s.split_from) for s in PersonSplit.objects.all()]
    for _event, _turn, person, to, split_from in sorted(rows, key=lambda row: row[:3]):
        if split_from is None:
            leads = {x: to if now == person else now for x, now in leads.items()}
        else:
            assert leads[person] == split_from
            leads[person] = to
    return leads


def test_a_death_goes_with_the_record_it_was_reported_of():
    a, b = loaded(2)
    put(deaths=[death(1)])
    operations.take_in(**BY)
    persons.merge(groups=[[a, b]], cause="linkage", **BY)
    assert queries.person(a)["died_on"] == date(2017, 2, 2)
    persons.split(parts=[[key(1)]], cause="decision", reason="seen", **BY)
    assert queries.person(a)["died_on"] is None
    assert queries.person(b)["died_on"] == date(2017, 2, 2)


def test_a_nik_that_two_persons_carry_is_a_warning_until_they_are_one():
    put(registrations=[registration(0), registration(1, nik=nik(0))])
    operations.take_in(**BY)
    a, b = whose(0), whose(1)
    assert "nik_shared" in queries.person(a)["records"][0]["warnings"]
    persons.merge(groups=[[a, b]], cause="decision", reason="seen", **BY)
    assert all("nik_shared" not in r["warnings"] for r in queries.person(a)["records"])
    persons.split(parts=[[key(1)]], cause="decision", reason="seen again", **BY)
    assert "nik_shared" in queries.person(b)["records"][0]["warnings"]


def test_a_verdict_binds_until_one_of_its_records_changes():
    loaded(2)
    event = verdicts.judge(pairs=[Judged(key(1), key(0), "different")], cause="case", reason="two faces", **BY)
    assert audit.verify(event).holds
    assert {pair: v["verdict"] for pair, v in verdicts.standing([key(0), key(1)]).items()} == {
        (key(0), key(1)): "different"
    }
    put(registrations=[registration(1, marital_status="KAWIN")])
    operations.take_in(**BY)
    assert verdicts.standing([key(0), key(1)]) == {}
    verdicts.judge(pairs=[Judged(key(0), key(1), "same")], cause="case", reason="one face", **BY)
    assert verdicts.standing([key(0), key(1)])[key(0), key(1)]["verdict"] == "same"
    verdicts.judge(pairs=[Judged(key(0), key(1), "withdrawn")], cause="case", reason="undone", **BY)
    assert verdicts.standing([key(0), key(1)]) == {}


def test_a_verdict_has_a_reason_and_records_that_exist():
    loaded(1)
    with pytest.raises(operations.ReasonMissing):
        verdicts.judge(pairs=[Judged(key(0), key(1), "same")], cause="case", reason=" ", **BY)
    with pytest.raises(queries.UnknownRecord):
        verdicts.judge(pairs=[Judged(key(0), key(1), "same")], cause="case", reason="seen", **BY)
