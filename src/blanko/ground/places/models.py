"""Areas with their dates, what changed, the offices, and which state of these lists was loaded when."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from django.db import models

from blanko.ground.audit.facts import Fact, Reference
from blanko.ground.audit.merkle import Facts, leaf


class Area(Reference):
    """A province or regency for as long as it bore this code and name."""

    code = models.TextField(db_collation="C")
    level = models.TextField(choices=[("province", "province"), ("regency", "regency")], db_collation="C")
    name = models.TextField()
    parent = models.TextField(db_collation="C")
    regency = models.TextField(null=True, db_collation="C")
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)

    class Meta:
        db_table = "places_area"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["code", "valid_from"], name="places_area_code_from"),
            models.CheckConstraint(
                condition=models.Q(valid_to__isnull=True) | models.Q(valid_to__gte=models.F("valid_from")),
                name="places_area_dates_in_order",
            ),
        ]


class AreaChange(Reference):
    """A renaming or a new code, with its law."""

    code_2017 = models.TextField(db_collation="C")
    code_today = models.TextField(db_collation="C")
    kind = models.TextField(choices=[("renamed", "renamed"), ("recoded", "recoded")], db_collation="C")
    effective = models.DateField()
    source = models.TextField()
    note = models.TextField(default="")

    class Meta:
        db_table = "places_area_change"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["code_2017", "effective"], name="places_area_change_once"),
        ]


class Office(Reference):
    """An office that can hold blanks: the centre, a province's or a regency's."""

    code = models.TextField(primary_key=True, db_collation="C")
    name = models.TextField()
    kind = models.TextField(
        choices=[("central", "central"), ("province", "province"), ("regency", "regency")], db_collation="C"
    )
    regency = models.TextField(null=True, db_collation="C")
    province = models.TextField(null=True, db_collation="C")
    transport_days = models.PositiveSmallIntegerField()

    class Meta:
        db_table = "places_office"


def rows_of(model: type[Reference]) -> list[dict[str, Any]]:
    """All that a list says, without the numbers that this database gave its rows."""
    return list(model.objects.values(*(f.attname for f in model._meta.concrete_fields if f.attname != "id")))


def content(name: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What is sealed of a list: how many rows it holds, and the root over them."""
    facts = Facts.of({LISTS[name]._meta.db_table: rows})
    return {"list_name": name, "row_count": facts.count, "content_root": facts.root.hex()}


class ListLoad(Fact):
    """A list as the release brought it. Its newest seal holds only while the list itself still says the same."""

    list_name = models.TextField(db_collation="C")
    row_count = models.IntegerField()
    content_root = models.TextField(db_collation="C")

    class Meta:
        db_table = "places_list_load"

    @classmethod
    def leaves_of_event(cls, event_id: int) -> Iterator[bytes]:
        for load in cls.objects.filter(event_id=event_id).order_by("id"):
            later = cls.objects.filter(list_name=load.list_name, id__gt=load.pk).exists()
            held = {name: getattr(load, name) for name in cls.columns_to_seal()}
            sealed = held if later else content(load.list_name, rows_of(LISTS[load.list_name]))
            # A row of the fact that was itself altered no longer equals the list.
            yield leaf(cls._meta.db_table, sealed if held == sealed else {**held, "altered": True})


# The natural key of each list is what its unique constraint names.
LISTS: dict[str, type[Area | AreaChange | Office]] = {"areas": Area, "changes": AreaChange, "offices": Office}
KEYS: dict[str, tuple[str, ...]] = {
    "areas": ("code", "valid_from"),
    "changes": ("code_2017", "effective"),
    "offices": ("code",),
}
