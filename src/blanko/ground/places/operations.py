"""Put the lists of areas and offices into the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.transaction import atomic

from blanko.ground.audit import operations as audit
from blanko.ground.audit.merkle import Facts
from blanko.ground.places import gazetteer
from blanko.ground.places.models import KEYS, LISTS, Area, AreaChange, ListLoad, Office, content, rows_of

# Permendagri 56/2015 was in force on this day; what was before it is not in our tables.
IN_FORCE_FROM = date(2015, 7, 30)
LOAD_LOCK = 2_2017
NAMED = 20


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


@dataclass(frozen=True, slots=True)
class Difference:
    """In what a list of the database was not that of the release: the keys of the rows, each as text."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many rows the lists hold, what differed by list, and the event; None when nothing did."""

    rows: int
    differed: dict[str, Difference]
    event: int | None


def load_places(*, by: str, at: datetime) -> Loaded:
    """Make the lists of areas, changes and offices those of the release, row by row. Runs any number of times.

    What differed is named in the event, which seals the content of all lists: ``audit.verify`` of it fails once
    somebody alters a list by hand.
    """
    wanted = {"areas": areas(), "changes": changes(), "offices": offices()}
    rows = {name: [_plain(row) for row in found] for name, found in wanted.items()}
    total = sum(map(len, rows.values()))
    with atomic(), connection.cursor() as cursor:
        # Two first commands at once: the second finds what the first has loaded.
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOAD_LOCK])
        held = {name: rows_of(model) for name, model in LISTS.items()}
        differed = {name: compare(name, wanted=rows[name], held=held[name]) for name in LISTS}
        if not any(differed.values()):
            return Loaded(total, {}, None)
        seals = [content(name, rows[name]) for name in LISTS]
        event = audit.record(
            operation="places.load",
            by=by,
            at=at,
            facts=Facts.of({"places_list_load": seals}),
            subject={"rows": total, "differed": {name: _told(found) for name, found in differed.items() if found}},
        )
        ListLoad.objects.bulk_create(ListLoad(event_id=event, **seal) for seal in seals)
        for name, found in differed.items():
            _write(name, found, wanted[name], held[name])
    return Loaded(total, {name: found for name, found in differed.items() if found}, event)


def compare(name: str, *, wanted: list[dict[str, Any]], held: list[dict[str, Any]]) -> Difference:
    """What must be done to make the held list the wanted one. Pure."""
    now = {_key(name, row): row for row in wanted}
    before = {_key(name, row): row for row in held}
    return Difference(
        added=tuple(sorted(now.keys() - before.keys())),
        changed=tuple(sorted(key for key in now.keys() & before.keys() if now[key] != before[key])),
        removed=tuple(sorted(before.keys() - now.keys())),
    )


def changes() -> list[AreaChange]:
    """Every renaming and new code."""
    return [
        AreaChange(
            code_2017=change.code_2017, code_today=change.code_today, kind=change.kind,
            effective=change.effective, source=change.source, note=change.note,
        )
        for change in gazetteer.changes()
    ]  # fmt: skip


def offices() -> list[Office]:
    """Every office that can hold blanks."""
    return [
        Office(
            code=office.code, name=office.name, kind=office.kind, regency=office.regency,
            province=office.province, transport_days=office.transport_days,
        )
        for office in gazetteer.offices()
    ]  # fmt: skip


def _plain(row: Area | AreaChange | Office) -> dict[str, Any]:
    return {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields if f.attname != "id"}


def _key(name: str, row: dict[str, Any]) -> str:
    return " ".join(str(row[part]) for part in KEYS[name])


def _told(found: Difference) -> dict[str, Any]:
    """A first load adds everything: the event counts all and names only as many as a reader looks at."""
    return {
        what: {"count": len(keys), "first": list(keys[:NAMED])}
        for what in ("added", "changed", "removed")
        if (keys := getattr(found, what))
    }


def _write(name: str, found: Difference, wanted: list[Any], held: list[dict[str, Any]]) -> None:
    model = LISTS[name]
    stale = {*found.changed, *found.removed}
    for row in held:
        if _key(name, row) in stale:
            model.objects.filter(**{part: row[part] for part in KEYS[name]}).delete()
    fresh = {*found.added, *found.changed}
    model.objects.bulk_create([row for row in wanted if _key(name, _plain(row)) in fresh])
