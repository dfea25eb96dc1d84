"""Put the lists of areas and offices into the database."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db.transaction import atomic

from blanko.ground.audit import operations as audit
from blanko.ground.audit.merkle import Facts
from blanko.ground.places import gazetteer
from blanko.ground.places.models import Area, AreaChange, Office

# Permendagri 56/2015 was in force on this day; what was before it is not in our tables.
IN_FORCE_FROM = date(2015, 7, 30)


def areas() -> list[Area]:
    """Every province and regency with the dates of each of its codes and names."""
    found = [
        Area(code=province.code, level="province", name=province.name, parent="ID", valid_from=IN_FORCE_FROM)
        for province in gazetteer.provinces_2017()
    ]
    starts = {change.code_today[:2]: change.effective for change in gazetteer.changes() if change.kind == "recoded"}
    found += [
        Area(code=province.code, level="province", name=province.name, parent="ID", valid_from=starts[province.code])
        for province in gazetteer.provinces_today()
        if province.code in gazetteer.NEW_PROVINCES
    ]
    for regency in gazetteer.regencies_2017():
        steps = gazetteer.successors(regency.code)
        end = steps[0].effective - timedelta(days=1) if steps else None
        row = {"level": "regency", "regency": regency.code}
        found.append(
            Area(
                code=regency.code,
                name=regency.name,
                parent=regency.province,
                valid_from=IN_FORCE_FROM,
                valid_to=end,
                **row,
            )
        )
        for step in steps:
            found.append(
                Area(
                    code=step.code_today, name=regency.name_today, parent=step.code_today[:2],
                    valid_from=step.effective, **row,
                )
            )  # fmt: skip
    return found


def load_places(*, by: str, at: datetime) -> int:
    """Add the areas, changes and offices that are missing; returns how many rows the lists hold. Runs any number of
    times.
    """
    wanted_areas = areas()
    wanted_changes = [
        AreaChange(
            code_2017=change.code_2017, code_today=change.code_today, kind=change.kind,
            effective=change.effective, source=change.source, note=change.note,
        )
        for change in gazetteer.changes()
    ]  # fmt: skip
    wanted_offices = [
        Office(
            code=office.code, name=office.name, kind=office.kind, regency=office.regency,
            province=office.province, transport_days=office.transport_days,
        )
        for office in gazetteer.offices()
    ]  # fmt: skip
    total = len(wanted_areas) + len(wanted_changes) + len(wanted_offices)
    with atomic():
        if (Area.objects.count(), AreaChange.objects.count(), Office.objects.count()) == (
            len(wanted_areas),
            len(wanted_changes),
            len(wanted_offices),
        ):
            return total
        audit.record(operation="places.load", by=by, at=at, facts=Facts.none(), subject={"rows": total})
        Area.objects.bulk_create(wanted_areas, ignore_conflicts=True)
        AreaChange.objects.bulk_create(wanted_changes, ignore_conflicts=True)
        Office.objects.bulk_create(wanted_offices, ignore_conflicts=True)
    return total
