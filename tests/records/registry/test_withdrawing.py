"""A record entered by mistake is withdrawn and restored; whoever is left is who the batch says they are."""

from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, connection, transaction
from records.filed import death, put, registration

from blanko.engines.linkage.blocks import WINDOW
from blanko.ground.audit import operations as audit
from blanko.records.entitlement import operations as entitlement
from blanko.records.entitlement import queries as owed
from blanko.records.registry import (
    checking,
    closing,
    dying,
    matching,
    operations,
    persons,
    queries,
    withdrawing,
)
from blanko.records.registry.models import Keyed, Match, Record, RecordClosing, Unkeyed
from tests.engines.linkage.records import batch_of, crowd, nation, registrations

pytestmark = pytest.mark.django_db
AT = datetime(2017, 4, 4, 2, tzinfo=UTC)
BY = {"by": "kepala.3171", "at": AT}
MISTAKE = {"reason": "typed from the wrong paper", **BY}
CAP = 5
VILLAGE = "3171011001"


@pytest.fixture(autouse=True)
def acting(db, acting_as):
    with acting_as("svc.registry"):
        yield


def key(number):
    return "3171", f"R{number:05d}"


def take(**files):
    put(**files)
    entitlement.catch_up(**BY)


def double(number, of):
    return {**registration(of), "record_id": f"R{number:05d}", "recorded_on": date(2016, 8, 1)}


def whose(number):
    return queries.resolve_record(recorded_office="3171", record_id=f"R{number:05d}")


def held(number):
    office, record = key(number)
    return Record.objects.get(recorded_office=office, record_id=record)


def together():
    """The persons as sets of records; a withdrawn record is nobody's."""
    groups = {}
    for office, record, person in Record.objects.filter(withdrawn=False).values_list(
        "recorded_office", "record_id", "person_id"
    ):
        groups.setdefault(person, set()).add(f"{office}/{record}")
    return {frozenset(group) for group in groups.values()}


def pairs():
    return {
        (f"{m.left_office}/{m.left_id}", f"{m.right_office}/{m.right_id}"): (m.weight, m.pattern, m.decided, m.reason)
        for m in Match.objects.all()
    }


def test_a_withdrawn_record_is_kept_whole_and_is_nobodys():
    take(registrations=[registration(1), double(50, of=1), registration(2)])
    assert whose(1) == whose(50)
    concerned = withdrawing.withdraw(record=key(50), **MISTAKE)
    entitlement.refresh(as_of=date(2017, 4, 4), **BY, persons=concerned)
    assert whose(1) != whose(50)
    assert (held(50).closed, held(50).withdrawn, held(50).is_lead, held(50).name) == (True, True, False, "BUDI B1")
    assert (held(1).is_lead, held(1).cluster_size, held(1).nik_shared) == (True, 1, False)
    assert sorted(row["record_id"] for row in owed.queue()) == ["R00001", "R00002"]
    assert [row["record_id"] for row in withdrawing.withdrawn()] == ["R00050"]
    # Its statuses and versions are untouched.
    assert queries.record(recorded_office="3171", record_id="R00050")["status"] == "PRINT_READY_RECORD"


def test_who_had_only_this_record_is_owed_nothing_till_it_is_restored():
    take(registrations=[registration(1)])
    person = whose(1)
    for step, left in ((withdrawing.withdraw, []), (withdrawing.restore, ["R00001"])):
        entitlement.refresh(as_of=date(2017, 4, 4), **BY, persons=step(record=key(1), **MISTAKE))
        assert [row["record_id"] for row in owed.queue()] == left
    assert (whose(1), held(1).is_lead, held(1).withdrawn) == (person, True, False)


def test_a_restored_record_is_its_persons_again_under_the_same_ids():
    take(registrations=[registration(1), double(50, of=1)])
    before = (together(), whose(1))
    for number in (1, 50):
        withdrawing.withdraw(record=key(number), **MISTAKE)
        assert len(together()) == 1
        withdrawing.restore(record=key(number), **MISTAKE)
        assert (together(), whose(1)) == before


def test_a_nik_is_shared_no_more_when_one_of_two_is_withdrawn():
    take(registrations=[registration(1), registration(2, nik=registration(1)["nik"])])
    assert held(1).nik_shared
    withdrawing.withdraw(record=key(2), **MISTAKE)
    assert not held(1).nik_shared
    withdrawing.restore(record=key(2), **MISTAKE)
    assert held(1).nik_shared
    assert held(2).nik_shared


def test_a_new_version_or_a_new_double_of_a_withdrawn_record_ties_nobody_to_it():
    take(registrations=[registration(1)])
    withdrawing.withdraw(record=key(1), **MISTAKE)
    take(registrations=[registration(1, marital_status="KAWIN"), double(50, of=1)])
    assert (held(1).version, held(1).withdrawn) == (2, True)
    assert whose(1) != whose(50)
    assert (held(50).is_lead, held(50).nik_shared) == (True, False)
    assert not Unkeyed.objects.filter(record_id="R00001").exists()


def test_no_withdrawal_takes_what_others_need_or_a_card_was_made_for():
    take(registrations=[registration(1), double(50, of=1), registration(3, status="CARD_ISSUED")])
    closing.close(records={key(50): key(1)}, cause="case", **MISTAKE)
    for number, refusal in (
        (1, withdrawing.OthersDependOnIt), (50, closing.RecordClosed), (3, withdrawing.CardWasMade),
        (9, queries.UnknownRecord),
    ):  # fmt: skip
        with pytest.raises(refusal):
            withdrawing.withdraw(record=key(number), **MISTAKE)
    with pytest.raises(closing.RecordClosed):
        withdrawing.restore(record=key(50), **MISTAKE)
    for step in (withdrawing.withdraw, withdrawing.restore):
        with pytest.raises(operations.ReasonMissing):
            step(record=key(1), reason=" ", **BY)
    withdrawing_and_reopening_are_two_things()


def withdrawing_and_reopening_are_two_things():
    take(registrations=[registration(4)])
    withdrawing.withdraw(record=key(4), **MISTAKE)
    with pytest.raises(closing.RecordClosed):
        closing.reopen(records=[key(4)], cause="case", **MISTAKE)
    with pytest.raises(closing.RecordClosed):
        withdrawing.withdraw(record=key(4), **MISTAKE)


def test_the_database_refuses_a_person_whose_records_are_all_closed_and_not_withdrawn():
    take(registrations=[registration(1), double(50, of=1)])

    def stay_open():
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS registry_record_stays_open IMMEDIATE")

    with pytest.raises(IntegrityError, match="registry_record_withdrawn_is_closed"), transaction.atomic():
        Record.objects.filter(record_id="R00001").update(withdrawn=True)
    with pytest.raises(Exception, match="without an open record"), transaction.atomic():
        Record.objects.filter(record_id="R00001").update(closed=True, is_lead=False, withdrawn=True)
        Record.objects.filter(record_id="R00050").update(closed=True, is_lead=False)
        stay_open()


def test_every_event_of_a_withdrawal_holds_its_seal():
    take(registrations=[registration(1), double(50, of=1)])
    withdrawing.withdraw(record=key(1), **MISTAKE)
    withdrawing.restore(record=key(1), **MISTAKE)
    events = list(RecordClosing.objects.order_by("seq").values_list("event_id", flat=True))
    assert len(events) == 2
    assert all(audit.verify(event).holds for event in events)


def test_a_death_that_named_a_withdrawn_record_is_looked_at_again():
    row = registration(1)
    said = {"name": row["name"], "birth_date": row["birth_date"]}
    take(registrations=[row], deaths=[death(1, **said)])
    withdrawing.withdraw(record=key(1), **MISTAKE)
    take(registrations=[registration(2, nik=row["nik"], name=row["name"])])
    dying.match(**BY)
    assert held(2).died_on == date(2017, 2, 2)


def filed(row, number):
    kept = {name: row.get(name) or None for name in checking.FIELDS}
    kept["village_code"] = row["village_code"] or VILLAGE
    return {**kept, "recorded_office": "3171", "record_id": f"R{number:03d}"}


@pytest.mark.parametrize("seed", range(8))
def test_every_order_of_arrival_correction_and_withdrawal_ends_in_the_batch(
    adopted, frozen, tmp_path, seed, monkeypatch
):
    # A withdrawal shrinks blocks too: all steps know the small cap.
    monkeypatch.setattr("blanko.engines.linkage.blocks.CAP", CAP)
    records, draw, taken = crowd(seed)
    rows = [filed(row, k) for k, row in enumerate(records)]
    coming = [[row] for row in rows]
    for at in draw.sample(range(len(rows)), 4):
        coming[at].insert(0, filed(draw.choice(taken), at))
    # Others come by mistake; some of them, and some of the right ones, are withdrawn, corrected meanwhile, restored.
    wrong = [filed(draw.choice(records), len(rows) + k) for k in range(4)]
    coming += [[row] for row in wrong]
    out = {(row["recorded_office"], row["record_id"]) for row in wrong}
    here, away = set(), set()
    while coming or away != out:
        if coming and draw.random() < 0.6:
            lines = draw.sample(coming, min(len(coming), draw.choice((1, 3, 9))))
            put(registrations=[line.pop(0) for line in lines])
            operations.take_in(**BY)
            coming = [line for line in coming if line]
            here = set(Record.objects.values_list("recorded_office", "record_id"))
        elif here:
            gone = draw.choice(sorted(here & (out | away) or here))
            if gone in away and (gone not in out or draw.random() < 0.2):
                withdrawing.restore(record=gone, **MISTAKE)
                away.discard(gone)
            elif gone not in away:
                withdrawing.withdraw(record=gone, **MISTAKE)
                away.add(gone)
        if draw.random() < 0.5:
            matching.resolve(**BY, most=draw.choice((2, 100)))
    while matching.resolve(**BY, most=4).records:
        pass
    left = [{**row, "record_id": f"{row['recorded_office']}/{row['record_id']}"} for row in rows]
    expected_persons, expected_pairs = batch_of(frozen, tmp_path, left, cap=CAP, window=WINDOW)
    assert pairs() == expected_pairs
    assert together() == expected_persons
    assert Keyed.objects.count() == len(rows)
    # Whoever is here has a record that leads, and one alone.
    leads = list(Record.objects.filter(is_lead=True).values_list("person_id", flat=True))
    assert sorted(leads) == sorted(set(Record.objects.filter(withdrawn=False).values_list("person_id", flat=True)))
    assert persons.partition(groups=[], cause="decision", **BY) == persons.Regrouped()


def test_a_name_and_a_birthday_find_who_died_by_the_model(adopted):
    row = next(row for row in registrations(nation(400, 9)).to_pylist() if row["nik"] and row["mother_name"])
    row = {k: None if v is None else str(v) for k, v in row.items()}
    take(registrations=[filed(row, 1)])
    said = {name: row[name] for name in dying.SAID if name not in ("nik", "village_code")}
    # Without a NIK: the name, the parents' and the birthday; with a NIK of its own and little else.
    for number, told in (
        (1, {**said, "nik": None, "village_code": row["village_code"]}),
        (2, {"nik": row["nik"], "name": row["name"]}),
    ):
        outcome = take_death(number, told)
        assert outcome in ("sure", "uncertain"), told
    assert take_death(3, {"nik": row["nik"], "name": "ZULKIFLI HARAHAP", "birth_date": "1931-01-02"}) != "sure"


def take_death(number, told):
    blank = dict.fromkeys(dying.SAID)
    put(deaths=[{**death(number), **blank, **told}])
    dying.match(**BY)
    return dying.paper("3171", f"D-{number}")["outcome"]
