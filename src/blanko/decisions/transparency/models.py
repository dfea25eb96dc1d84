"""The table of published figures."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from blanko.decisions.transparency.rules import KINDS
from blanko.ground.audit.facts import Fact


class Figure(Fact):
    """A published figure. A correction is a further row with a later ``known_on``; the first stays."""

    name = models.TextField(db_collation="C")
    area = models.TextField(db_collation="C")
    regency = models.TextField(null=True, db_collation="C")
    unit = models.TextField(db_collation="C")
    value = models.DecimalField(max_digits=20, decimal_places=4)
    numerator = models.BigIntegerField()
    denominator = models.BigIntegerField()
    date = models.DateField()
    source = models.TextField()
    kind = models.TextField(db_collation="C")
    known_on = models.DateField()
    arithmetic = ArrayField(models.TextField(), default=list)
    inputs = ArrayField(models.TextField(), default=list)

    class Meta:
        db_table = "transparency_figure"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["name", "area", "date", "source", "known_on"], name="transparency_figure_said_once"
            ),
            models.CheckConstraint(condition=Q(denominator__gt=0), name="transparency_figure_has_base"),
            models.CheckConstraint(condition=Q(numerator__gte=0), name="transparency_figure_whole"),
            models.CheckConstraint(condition=~Q(source__regex=r"^\s*$"), name="transparency_figure_has_source"),
            models.CheckConstraint(condition=~Q(name=""), name="transparency_figure_has_name"),
            models.CheckConstraint(condition=Q(kind__in=KINDS), name="transparency_figure_kind"),
            models.CheckConstraint(
                condition=~Q(kind="observed") | Q(known_on__gte=F("date")), name="transparency_figure_not_known_early"
            ),
        ]
