"""A registration at the counter goes in, is keyed and resolved in one transaction, once."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from records.filed import put

from blanko.ground.audit import operations as audit
from blanko.records.entitlement import operations as entitlement
from blanko.records.entitlement.models import Claim
from blanko.records.intake.capturing import RowRefused
from blanko.records.intake.models import Registration
from blanko.records.registry import adopting, checking, matching, operations, queries
from blanko.records.registry.models import Keyed, Match, Record, Unkeyed
from tests.engines.linkage.records import nation, parquet, registrations

pytestmark = pytest.mark.django_db
AT = datetime(2017, 4, 4, 2, tzinfo=UTC)
BY = {"by": "svc.intake", "at": AT}
VILLAGE = "3171011001"


@pytest.fixture(autouse=True)
def acting(db, acting_as):
    with acting_as("svc.intake"):
        yield


TABLE = [{k: v and str(v) for k, v in row.items()} for row in registrations(nation(400, 9)).to_pylist()]


def row(at, number, **changes):
    kept = {name: TABLE[at].get(name) or None for name in checking.FIELDS}
    kept["village_code"] = kept["village_code"] or VILLAGE
    return {**kept, "recorded_office": "3171", "record_id": f"R{number:03d}", "recorded_on": "2017-04-03", **changes}


def states():
    records = Record.objects.order_by("recorded_office", "record_id")
    persons = {}
    for each in records:
        persons.setdefault(each.person_id, []).append(each.record_id)
    claims = Claim.objects.order_by("record_id").values_list("record_id", "state", "stage", "cause", "since", "blocks")
    pairs = Match.objects.order_by("left_id", "right_id").values_list(
        "left_id", "right_id", "weight", "decided", "reason"
    )
    kept = records.values_list(
        "record_id", "version", "regency", "nik", "name", "birth_date", "sex", "status", "status_since", "warnings",
        "nik_shared", "is_lead", "cluster_size",
    )  # fmt: skip
    return sorted(persons.values()), list(claims), list(pairs), list(kept)


def test_captures_end_where_a_file_of_the_same_rows_ends(adopted):
    rows = [row(0, 0), row(1, 1), row(0, 2), row(2, 3), row(1, 4, name="Qwertz Uiop"), row(3, 5, nik=None)]
    answers = [entitlement.capture(row=each, **BY).answer for each in rows]
    assert answers == ["new", "new", "same", "new", "uncertain", "new"]
    captured = states()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM registry_key AS k LEFT JOIN registry_keyed AS r ON r.rec = k.rec WHERE r.rec IS NULL"
        )
        assert cursor.fetchone() == (0,)
    # The same rows as a file, beside them at another office.
    put(registrations=[{**each, "record_id": f"F{each['record_id'][1:]}"} for each in rows[3:4]])
    entitlement.catch_up(**BY)
    assert Unkeyed.objects.count() == 0
    twin = queries.resolve_record(recorded_office="3171", record_id="F003")
    assert twin == queries.resolve_record(recorded_office="3171", record_id="R003")
    assert len(captured[0]) == 5


def test_a_capture_acts_once_and_its_correction_is_a_version(adopted):
    first = entitlement.capture(row=row(0, 0), **BY)
    again = entitlement.capture(row=row(0, 0), **BY)
    assert (first.seen_before, again.seen_before, again.event) == (False, True, None)
    assert (again.person_id, again.answer) == (first.person_id, "new")
    assert Registration.objects.count() == 1
    entitlement.capture(row=row(1, 1), **BY)
    changed = entitlement.capture(row=row(1, 0), **BY)
    assert (changed.version, changed.answer, changed.seen_before) == (2, "same", False)
    assert Keyed.objects.get(record_id="R000").version == 2
    back = entitlement.capture(row=row(0, 0), **BY)
    assert (back.version, back.answer) == (3, "new")


def test_every_fact_of_a_capture_is_sealed_by_its_event(adopted):
    done = entitlement.capture(row=row(0, 0), **BY)
    checked = audit.verify(done.event)
    assert checked.holds
    assert checked.found.count == 3


def test_a_capture_that_cannot_be_stored_is_refused_by_name(adopted):
    with pytest.raises(RowRefused) as refused:
        entitlement.capture(row=row(0, 0, birth_date="1980-02-30"), **BY)
    assert refused.value.values["column"] == "birth_date"
    with pytest.raises(RowRefused):
        entitlement.capture(row=row(0, 0, recorded_office=None), **BY)
    assert Record.objects.count() == 0


def test_a_capture_outlives_linking_that_fails(adopted, monkeypatch):
    def broken(*_given, **_named):
        raise MemoryError("no room for the pairs")

    monkeypatch.setattr(matching, "link_records", broken)
    assert [entitlement.capture(row=row(0, n), **BY).answer for n in range(2)] == ["new", "waiting"]
    assert Unkeyed.objects.count() == 1
    monkeypatch.undo()
    matching.resolve(**BY)
    assert {tuple(group) for group in states()[0]} == {("R000", "R001")}


def test_a_capture_and_a_check_turn_to_a_model_that_another_process_adopted(adopted, tmp_path):
    assert entitlement.capture(row=row(0, 0), **BY).answer == "new"
    _, held = adopting.book()
    other = parquet(tmp_path, registrations(nation(2_000, 72)))
    version = adopting.adopt(**BY, reason="another process", files=[other]).version
    assert adopting.at_hand()[1] is held
    assert (checking.check(row(0, 0)).model, adopting.at_hand()[0]) == (version, version)
    adopting._OPEN.clear()
    adopting._OPEN["another"] = (version - 1, held)
    assert entitlement.capture(row=row(1, 1), **BY).answer == "new"
    matching.resolve(**BY)
    assert {tuple(group) for group in states()[0]} == {("R000",), ("R001",)}


@pytest.mark.parametrize("failing", [False, True])
def test_while_linkage_is_down_captures_wait_and_are_linked_when_it_is_back(learned, monkeypatch, failing):
    if failing:
        adopting.adopt(**BY, reason="a test", files=[learned])

        def broken():
            raise MemoryError("no room for the model")

        monkeypatch.setattr(adopting, "book", broken)
        monkeypatch.setattr(adopting, "at_hand", lambda: None)
    answers = [entitlement.capture(row=row(0, n), **BY).answer for n in range(3)]
    assert answers == ["waiting"] * 3
    put(registrations=[row(1, 7)])
    entitlement.catch_up(**BY)
    state = matching.state()
    assert (state.unkeyed, state.unkeyed_since, state.awaiting_biometrics) == (4, AT, 4)
    assert str(state.awaiting_biometrics_since) == "2017-04-03"
    monkeypatch.undo()
    if not failing:
        adopting.adopt(**BY, reason="a test", files=[learned])
    matching.resolve(**BY)
    state = matching.state()
    assert (state.unkeyed, state.unkeyed_since, state.unlinked) == (0, None, 0)
    assert {tuple(group) for group in states()[0]} == {("R000", "R001", "R002"), ("R007",)}
    assert operations.take_in(**BY) == operations.TakeIn()
