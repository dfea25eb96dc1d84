"""Areas with their dates, what changed, and the offices."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from blanko.ground.audit.facts import Reference


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
