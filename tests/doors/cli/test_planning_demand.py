"""Rates of demand are learned from what was applied for; a person overrules one with a reason, and both stay."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, connection, transaction

from blanko.cards.suket import operations as sukets
from blanko.decisions.planning import demand, models
from blanko.decisions.planning.outlook import records
from blanko.doors.cli import planning as cli
from blanko.engines.demand.errors import InvalidRate
from blanko.engines.demand.history import CAUSES, months_between
from blanko.ground.access.acting import acting
from blanko.ground.audit import operations as audit
from blanko.ground.places import gazetteer
from blanko.records.entitlement import queries as entitlement
from blanko.records.intake import operations as intake

pytestmark = pytest.mark.database

AT = datetime(2017, 5, 2, 3, tzinfo=UTC)
WHY = "police reports doubled after the floods"


@pytest.fixture
def day(replayed, django_db_blocker):
    with django_db_blocker.unblock():
        yield entitlement.claims_as_of()


def overrule(day, **changed):
    with acting(principal="planner.pusat"):
        return demand.overrule(
            **{"cause": "loss", "rate": 0.002, "reason": WHY, "by": "planner.pusat", "at": AT, "day": day, **changed}
        )


def test_what_was_seen_is_counted_from_the_records(day):
    seen = demand.history(day)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM intake_application_latest WHERE left(office, 4) = ANY (%s) AND applied_on < %s",
            [list(seen.areas), day.replace(day=1)],
        )
        assert seen.applications.sum() == cursor.fetchone()[0]
    assert seen.birthdays[:, seen.months :].sum() > 0
    assert (seen.base > 0).all()


def test_a_month_without_blanks_is_censored(day, tmp_path):
    seen = demand.history(day)
    area = seen.areas[0]
    assert not seen.censored.any()
    path = tmp_path / "stock.csv"
    path.write_text(f"office,counted_on,good,spoiled\n{area},2017-02-15,0,3\n{area},2017-03-15,12,3\n")
    with acting(principal="svc.intake"):
        intake.load(path=path, by="svc.intake", at=AT, data_dir=tmp_path / "data")
    again = demand.history(day)
    month = months_between(again.first_month, date(2017, 2, 1))
    assert again.censored.sum() == 1
    assert again.censored[0, month]


def test_deaths_are_those_the_registry_knows_of_obliged_persons(day):
    seen = demand.history(day)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM registry_record_current WHERE is_lead AND regency = ANY (%s) AND died_on >= %s "
            "AND died_on < %s AND (birth_date <= died_on - interval '17 years' OR marital_status IN "
            "('KAWIN', 'CERAI HIDUP', 'CERAI MATI'))",
            [list(seen.areas), seen.first_month, day.replace(day=1)],
        )
        known = cursor.fetchone()[0]
    assert known > 0
    assert seen.deaths.sum() == known
    assert demand.rates(seen).death_rate.max() < 0.05


def test_sukets_that_count_are_waited_for_and_none_known_is_not_none_out(day):
    before = demand.history(day)
    direct = records.case().demand["direct"].value
    office = before.areas[0]
    with acting(principal=f"operator.{office}"):
        given = sukets.issue_bulk(office=office, by=f"operator.{office}", at=AT, limit=3)
    assert given
    held = 0 if before.open_sukets is None else before.open_sukets[0]
    seen = demand.history(day)
    assert seen.open_sukets[0] == held + len(given)
    # Who holds one is owed a card already: the outlook counts that claim and no demand beside it.
    assert records.case().demand["direct"].value == pytest.approx(direct)


def test_only_changes_of_areas_in_force_on_the_day_are_splits(day, monkeypatch):
    area = demand.history(day).areas[0]
    assert demand.history(day).splits == ()
    changed = [
        gazetteer.Change(area, area, "renamed", on, "PP 1/2017", "") for on in (date(2017, 2, 1), date(2022, 7, 25))
    ]
    monkeypatch.setattr(gazetteer, "changes", lambda: tuple(changed))
    seen = demand.history(day)
    assert [(split.area, split.effective) for split in seen.splits] == [(area, date(2017, 2, 1))]
    assert seen.splits[0].persons == seen.base[0]


def test_the_unrecorded_count_only_where_every_regency_counted_them(day, tmp_path):
    seen = demand.history(day)
    known = demand._unrecorded(list(seen.areas), day)
    assert (known is None) == (seen.unrecorded is None)
    lines = "".join(
        f"{area},not_recorded,1000,2017-03-01,,https://example.org,observed,2017-03-02\n" for area in seen.areas
    )
    path = tmp_path / "counts.csv"
    path.write_text("area,metric,value,date,denominator,source,kind,known_on\n" + lines)
    with acting(principal="svc.intake"):
        intake.load(path=path, by="svc.intake", at=AT, data_dir=tmp_path / "data")
    again = demand.history(day)
    assert (again.unrecorded > 0).all()
    assert demand._unrecorded([*seen.areas, "9999"], day) is None


def test_an_overrule_stands_beside_what_it_replaced_and_moves_the_outlook(day):
    before = {row["cause"]: row for row in demand.table(day)}
    direct = records.case().demand["direct"].value
    overrule(day)
    after = {row["cause"]: row for row in demand.table(day)}
    assert after["loss"]["learned"] == pytest.approx(before["loss"]["learned"])
    assert after["loss"]["in_force"] == pytest.approx(0.002)
    assert after["loss"]["overruled_by"] == "planner.pusat"
    assert after["move"] == before["move"]
    stated = demand.overrules()[0]
    assert stated["was"] == pytest.approx(before["loss"]["in_force"])
    assert audit.verify(stated["event_id"]).holds
    assert records.case().demand["direct"].value > direct
    assert "1 rates overruled" in records.case().demand["direct"].note
    assert set(after) <= set(CAUSES)


@pytest.mark.parametrize(
    ("changed", "error"),
    [({"rate": 5.0}, InvalidRate), ({"rate": -0.1}, InvalidRate), ({"cause": "wish"}, InvalidRate),
     ({"area": "9999"}, InvalidRate), ({"reason": "x"}, demand.ReasonTooShort)],
)  # fmt: skip
def test_a_rate_that_cannot_be_is_refused_and_nothing_is_kept(day, changed, error):
    before = len(demand.overrules())
    with pytest.raises(error) as refused:
        overrule(day, **changed)
    assert refused.value.mend
    assert len(demand.overrules()) == before


def test_the_database_refuses_a_rate_without_reason_and_any_change(day):
    with pytest.raises(IntegrityError), transaction.atomic():
        models.DemandOverrule.objects.create(
            sequence=99, cause="loss", area="", rate=2.0, was=0.1, cv=0.1, reason=WHY, by="x", at=AT, event_id=1
        )
    overrule(day)
    with pytest.raises(Exception, match="permission denied"), transaction.atomic():
        models.DemandOverrule.objects.update(rate=0.5)


def test_the_commands_say_both_rates(day, capsys):
    assert cli.main(["overrule-rate", "move", "0.001", "--reason", WHY, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cause"] == "move"
    assert cli.main(["demand"]) == 0
    told = capsys.readouterr().out
    assert "in force" in told
    assert "overruled by planner.pusat" in told
