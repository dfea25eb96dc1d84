"""The lists of areas and offices in the database."""

from __future__ import annotations

from datetime import UTC, date, datetime

from django.db import connection

from blanko.ground.places import gazetteer
from blanko.ground.places.models import Area, AreaChange, Office
from blanko.ground.places.operations import load_places

AT = datetime(2017, 3, 20, 8, tzinfo=UTC)


def test_loading_twice_changes_nothing(db, acting_as):
    with acting_as("svc.registry"):
        first = load_places(by="svc.registry", at=AT)
        held = (Area.objects.count(), AreaChange.objects.count(), Office.objects.count())
        assert load_places(by="svc.registry", at=AT) == first == sum(held)
        assert (Area.objects.count(), AreaChange.objects.count(), Office.objects.count()) == held
    assert held[2] == 1 + 34 + 514


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
