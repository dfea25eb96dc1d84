"""Boxes, ranges and balances as they stand; movements, lines and phases as facts."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from blanko.ground.audit.facts import Fact, Projection, Reference


def _code(**options: object) -> models.TextField[str, str]:
    return models.TextField(db_collation="C", **options)


class LawfulMovement(Reference):
    """A kind of movement with the conditions before and after it: the table LAWFUL of rules.py."""

    kind = _code()
    condition_before = _code()
    condition_after = _code()
    begins = _code()

    class Meta:
        db_table = "custody_lawful"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["kind", "condition_before", "condition_after"], name="custody_lawful_once"),
        ]


class Movement(Fact):
    """Blanks move or change. Its name is its key, device:sequence, so that it can be stored only once."""

    movement = models.TextField(primary_key=True, db_collation="C")
    device = _code()
    sequence = models.BigIntegerField()
    kind = _code()
    condition_before = _code()
    condition_after = _code()
    from_office = _code()
    to_office = _code()
    regency = _code()
    quantity = models.BigIntegerField()
    lot = _code()
    return_of = _code()
    papers = models.JSONField()
    digest = _code()
    by = _code()
    at = models.DateTimeField()

    sealed_columns = (
        "movement", "device", "sequence", "kind", "condition_before", "condition_after", "from_office", "to_office",
        "quantity", "lot", "return_of", "papers", "digest", "by", "at",
    )  # fmt: skip

    class Meta:
        db_table = "custody_movement"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["device", "sequence"], name="custody_movement_key"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="custody_movement_quantity"),
            models.CheckConstraint(condition=~Q(by=""), name="custody_movement_by_named"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["from_office", "at"], name="custody_movement_from"),
            models.Index(fields=["to_office", "at"], name="custody_movement_to"),
        ]


class MovementLine(Fact):
    """Blanks ``first`` to ``last`` of a box, in one movement."""

    pk = models.CompositePrimaryKey("series", "box_no", "first", "movement")
    movement = _code()
    series = _code()
    box_no = models.IntegerField()
    first = models.IntegerField()
    last = models.IntegerField()

    class Meta:
        db_table = "custody_movement_line"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(first__gte=1, last__gte=models.F("first")), name="custody_line_forward"),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["movement"], name="custody_line_movement")]


class MovementPhase(Fact):
    """A movement is pending, posted, voided or returned. ``begun_by`` repeats who began it, for the four eyes."""

    pk = models.CompositePrimaryKey("movement", "phase")
    movement = _code()
    phase = _code()
    by = _code()
    begun_by = _code()
    is_begin = models.BooleanField()
    reason = models.TextField()
    papers = models.JSONField()
    at = models.DateTimeField()

    sealed_columns = ("movement", "phase", "by", "at", "reason", "papers")

    class Meta:
        db_table = "custody_movement_phase"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(phase__in=["pending", "posted", "voided", "returned"]), name="custody_phase_known"
            ),
            # The receiver is not the sender.
            models.CheckConstraint(
                condition=Q(is_begin=True, by=models.F("begun_by")) | ~Q(phase="posted") | ~Q(by=models.F("begun_by")),
                name="custody_phase_two_persons",
            ),
            # A voided or returned movement says why.
            models.CheckConstraint(
                condition=~Q(phase__in=["voided", "returned"]) | ~Q(reason=""), name="custody_phase_has_reason"
            ),
            models.UniqueConstraint(fields=["movement"], condition=~Q(phase="pending"), name="custody_phase_ends_once"),
        ]


class Box(Projection):
    """A box, sealed or opened. A sealed one is in one place; of an opened one the ranges say where each blank is."""

    pk = models.CompositePrimaryKey("series", "box_no")
    series = _code()
    box_no = models.IntegerField()
    size = models.IntegerField()
    lot = _code()
    received_on = models.DateField()
    state = _code()
    office = _code(null=True)
    movement = _code(null=True)
    regency = _code()

    class Meta:
        db_table = "custody_box"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["series", "box_no", "state"], name="custody_box_state"),
            models.CheckConstraint(
                condition=Q(state="whole", office__isnull=False, movement__isnull=True)
                | Q(state="whole", office__isnull=True, movement__isnull=False)
                | Q(state="opened", office__isnull=True, movement__isnull=True),
                name="custody_box_in_one_place",
            ),
            models.CheckConstraint(condition=Q(size__gte=1, size__lte=9999), name="custody_box_size"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["office", "received_on", "series", "box_no"],
                condition=Q(office__isnull=False),
                name="custody_box_oldest",
            ),
            models.Index(fields=["movement"], condition=Q(movement__isnull=False), name="custody_box_movement"),
        ]


class Range(Projection):
    """Neighbouring blanks of an opened box that are in one place and one condition."""

    series = _code()
    box_no = models.IntegerField()
    box_state = _code(db_default="opened")
    first = models.IntegerField()
    last = models.IntegerField()
    condition = _code()
    office = _code(null=True)
    movement = _code(null=True)
    regency = _code()

    class Meta:
        db_table = "custody_range"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(first__gte=1, last__gte=models.F("first")), name="custody_range_forward"
            ),
            models.CheckConstraint(condition=Q(box_state="opened"), name="custody_range_of_opened"),
            models.CheckConstraint(
                condition=Q(office__isnull=False, movement__isnull=True)
                | Q(office__isnull=True, movement__isnull=False, condition="good"),
                name="custody_range_in_one_place",
            ),
            models.CheckConstraint(
                condition=Q(condition__in=["good", "spoiled", "personalised", "issued", "destroyed", "missing"]),
                name="custody_range_condition",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["office", "condition"], name="custody_range_office"),
            models.Index(fields=["movement"], condition=Q(movement__isnull=False), name="custody_range_movement"),
        ]


class Balance(Projection):
    """Blanks of an office, a series and a condition. ``in_transit`` counts what is on its way to the office."""

    pk = models.CompositePrimaryKey("office", "series", "condition")
    office = _code()
    series = _code()
    condition = _code()
    quantity = models.BigIntegerField()
    regency = _code()

    class Meta:
        db_table = "custody_balance"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(quantity__gte=0), name="custody_balance_not_negative"),
        ]
