"""Counters capture at once: whoever stands at two of them is found, and nobody waits in a circle."""

import threading
from datetime import UTC, datetime

import pytest
from django.db import connections

from blanko.ground.access.acting import acting
from blanko.records.entitlement import operations as entitlement
from blanko.records.registry import adopting, matching
from blanko.records.registry.models import Record
from tests.engines.linkage.records import nation, parquet, registrations

AT = datetime(2017, 4, 4, 2, tzinfo=UTC)
BY = {"by": "svc.intake", "at": AT}
COUNTERS, PEOPLE = 4, 5


@pytest.mark.parametrize("with_model", [True, False])
def test_the_same_people_at_four_counters_at_once_are_each_one_person(fresh_database, tmp_path, with_model):
    table = registrations(nation(400, 9)).to_pylist()[:PEOPLE]
    learned = parquet(tmp_path, registrations(nation(5_000, 71)))

    def adopt():
        with acting(principal="svc.intake"):
            adopting.adopt(**BY, reason="a test", files=[learned])

    if with_model:
        adopt()
    failed = []

    def counter(number):
        try:
            for at in range(PEOPLE):
                row = {name: value and str(value) for name, value in table[at].items() if name != "recorded_on"}
                row |= {"recorded_office": "3171", "record_id": f"C{number}-{at}", "village_code": "3171011001"}
                with acting(principal="svc.intake"):
                    entitlement.capture(row=row, **BY)
        except Exception as error:  # noqa: BLE001 - told by the test below
            failed.append(error)
        finally:
            connections.close_all()

    counters = [threading.Thread(target=counter, args=(number,)) for number in range(COUNTERS)]
    for each in counters:
        each.start()
    for each in counters:
        each.join()
    assert failed == []
    if not with_model:
        adopt()
        with acting(principal="svc.intake"):
            matching.resolve(**BY)
    persons = {}
    for record, person in Record.objects.values_list("record_id", "person_id"):
        persons.setdefault(person, set()).add(record)
    assert sorted(persons.values(), key=lambda group: min(group)[-1]) == [
        {f"C{number}-{at}" for number in range(COUNTERS)} for at in range(PEOPLE)
    ]
    assert Record.objects.filter(is_lead=True).count() == PEOPLE
