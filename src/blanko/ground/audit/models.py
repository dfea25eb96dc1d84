"""The table of events."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


class Event(models.Model):
    """One operation: who did what, when, why, and the seal of the facts it wrote. Written by ``audit_record`` only."""

    table_kind: ClassVar[str] = "fact"

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    operation = models.TextField(db_collation="C")
    by = models.TextField(db_collation="C")
    principal = models.TextField(db_collation="C")
    reason = models.TextField(default="")
    subject = models.JSONField(default=dict)
    row_count = models.BigIntegerField()
    root = models.BinaryField()
    xact = models.BigIntegerField()
    written_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "audit_event"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["operation", "id"], name="audit_event_operation"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=models.Q(row_count__gte=0), name="audit_event_row_count_whole"),
            models.CheckConstraint(condition=~models.Q(by=""), name="audit_event_by_named"),
            models.CheckConstraint(condition=~models.Q(operation=""), name="audit_event_operation_named"),
        ]
