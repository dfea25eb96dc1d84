"""The lists of areas and offices in the database."""

from __future__ import annotations

from datetime import UTC, date, datetime

from django.db import connection

from blanko.ground.audit import queries as audit
from blanko.ground.audit.operations import verify
from blanko.ground.places import gazetteer
from blanko.ground.places.models import Area, AreaChange, Office
from blanko.ground.places.operations import Difference, load_places

AT = datetime(2017, 3, 20, 8, tzinfo=UTC)


def test_loading_twice_changes_nothing(db, acting_as):
    with acting_as("svc.registry"):
        first = load_places(by="svc.registry", at=AT)
        held = (Area.objects.count(), AreaChange.objects.count(), Office.objects.count())
        again = load_places(by="svc.registry", at=AT)
        assert (again.rows, again.differed, again.event) == (first.rows, {}, None)
        assert first.rows == sum(held)
        assert (Area.objects.count(), AreaChange.objects.count(), Office.objects.count()) == held
    assert held[2] == 1 + 34 + 514


def test_a_row_that_says_something_else_is_mended_and_named_in_the_event(db, acting_as):
    """As many rows as the release has, and not the same."""
    with acting_as("svc.registry"):
        load_places(by="svc.registry", at=AT)
        Office.objects.filter(code="3171").update(transport_days=99)
        Area.objects.filter(code="1101", valid_to=None).update(code="1199")
        loaded = load_places(by="svc.registry", at=AT)
    assert loaded.differed["offices"] == Difference(changed=("3171",))
    assert loaded.differed["areas"].added == ("1101 2015-07-30",)
    assert loaded.differed["areas"].removed == ("1199 2015-07-30",)
    assert "changes" not in loaded.differed
    assert Office.objects.get(code="3171").transport_days == 1
    assert not Area.objects.filter(code="1199").exists()
    (event,) = audit.events(operation="places.load", limit=1)
    assert event["subject"]["differed"]["offices"] == {"changed": {"count": 1, "first": ["3171"]}}


def test_the_seal_of_the_lists_holds_until_somebody_alters_a_list(db, acting_as):
    with acting_as("svc.registry"):
        Office.objects.filter(code="3171").update(transport_days=98)
        first = load_places(by="svc.registry", at=AT).event
        assert verify(first).holds
        Office.objects.filter(code="3171").update(transport_days=99)
        assert not verify(first).holds
        second = load_places(by="svc.registry", at=AT).event
        assert verify(second).holds
        # The lists that the first event sealed are gone; what it wrote down of them is still as it was.
        assert verify(first).holds


def test_on_each_day_there_are_514_regencies_of_their_day(db, acting_as):
    with acting_as("svc.registry"):
        load_places(by="svc.registry", at=AT)
    for on, spelled in (
        (date(2017, 4, 4), {regency.name for regency in gazetteer.regencies_2017()}),
        (date(2026, 1, 1), {regency.name_today for regency in gazetteer.regencies_2017()}),
    ):
        valid = Area.objects.filter(level="regency", valid_from__lte=on).exclude(valid_to__lt=on)
        assert valid.count() == 514
        assert {area.code for area in valid} == {gazetteer.resolve(area.code, on=on) for area in valid}
        assert {area.name for area in valid} == spelled
        assert {area.parent for area in valid} == {area.code[:2] for area in valid}


def test_the_published_views_hold_april_2017(db, acting_as):
    with acting_as("svc.registry"):
        load_places(by="svc.registry", at=AT)
    with connection.cursor() as cursor:
        cursor.execute("SELECT code, name, province FROM places_regency_2017 ORDER BY code")
        assert cursor.fetchall() == [(r.code, r.name, r.province) for r in gazetteer.regencies_2017()]
        cursor.execute("SELECT code, name, transport_days FROM places_office_list")
        assert set(cursor.fetchall()) == {(o.code, o.name, o.transport_days) for o in gazetteer.offices()}
