"""Alerts and how they ended: facts."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from blanko.ground.audit.facts import Fact


def _code(**options: object) -> models.TextField[str, str]:
    return models.TextField(db_collation="C", **options)


class Alert(Fact):
    """Something that did not look right, who has to explain it, and the figures that were seen."""

    alert = models.TextField(primary_key=True, db_collation="C")
    kind = _code()
    what = _code()
    office = _code()
    regency = _code()
    owner = _code()
    since = models.DateTimeField()
    found_at = models.DateTimeField()
    says = models.JSONField()

    class Meta:
        db_table = "alerts_alert"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(
                    kind__in=[
                        "low_cover", "spoilage", "prints_above_blanks", "seen_twice", "both_ends", "at_night",
                        "overdue",
                    ]
                ),
                name="alerts_alert_kind",
            ),
            models.CheckConstraint(condition=~Q(owner=""), name="alerts_alert_owned"),
        ]  # fmt: skip
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["office", "found_at"], name="alerts_alert_office")
        ]


class AlertEnd(Fact):
    """An alert was acknowledged by somebody with a reason, or is over."""

    pk = models.CompositePrimaryKey("alert", "step")
    alert = _code()
    step = _code()
    reason = models.TextField()
    by = _code()
    at = models.DateTimeField()

    class Meta:
        db_table = "alerts_alert_end"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(step="over") | (Q(step="acknowledged") & ~Q(reason="")), name="alerts_end_has_reason"
            ),
        ]
