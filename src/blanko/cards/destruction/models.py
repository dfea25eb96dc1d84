"""Old cards, batches, witnesses, photographs, holds and steps: facts. What lies in a batch: projections."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from blanko.ground.audit.facts import Fact, Projection, Reference


def _code(**options: object) -> models.TextField[str, str]:
    return models.TextField(db_collation="C", **options)


class RegisteredOldCard(Fact):
    """A card that was given back to be destroyed. ``serial`` is empty for cards from before this system."""

    number = models.TextField(primary_key=True, db_collation="C")
    serial = _code()
    kind = _code()
    reason = _code()
    office = _code()
    regency = _code()
    by = _code()
    at = models.DateTimeField()

    class Meta:
        db_table = "destruction_old_card"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["serial"], condition=~Q(serial=""), name="destruction_old_card_once"),
        ]


class DestructionBatch(Fact):
    """What an office will destroy together: ranges of spoiled blanks, and numbers of old cards."""

    batch = models.TextField(primary_key=True, db_collation="C")
    office = _code()
    regency = _code()
    lines = models.JSONField()
    cards = models.JSONField()
    blanks = models.BigIntegerField()
    old_cards = models.IntegerField()
    method = _code()
    place = models.TextField()
    note = models.TextField()
    by = _code()
    at = models.DateTimeField()

    class Meta:
        db_table = "destruction_batch"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(blanks__gte=0, old_cards__gte=0) & (Q(blanks__gt=0) | Q(old_cards__gt=0)),
                name="destruction_batch_not_empty",
            ),
            models.CheckConstraint(
                condition=Q(method__in=["burned", "shredded", "cut", "melted"]), name="destruction_batch_method"
            ),
        ]


class BatchBlanks(Projection):
    """Blanks that lie in a batch which was not cancelled."""

    batch = _code()
    series = _code()
    box_no = models.IntegerField()
    first = models.IntegerField()
    last = models.IntegerField()

    class Meta:
        db_table = "destruction_batch_blanks"
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["batch"], name="destruction_blanks_batch")]


class BatchCard(Projection):
    """An old card that lies in a batch which was not cancelled."""

    number = models.TextField(primary_key=True, db_collation="C")
    batch = _code()

    class Meta:
        db_table = "destruction_batch_card"
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["batch"], name="destruction_card_batch")]


class Witness(Fact):
    """Somebody who sees a batch destroyed, and of which body. ``body_key`` and ``name_key`` tell spellings alike."""

    pk = models.CompositePrimaryKey("batch", "number")
    batch = _code()
    number = models.IntegerField()
    name = models.TextField()
    body = models.TextField()
    title = models.TextField()
    identity = models.TextField()
    name_key = _code()
    body_key = _code()
    by = _code()
    at = models.DateTimeField()

    class Meta:
        db_table = "destruction_witness"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["batch", "name_key"], name="destruction_witness_once"),
            models.UniqueConstraint(fields=["batch", "number", "body_key"], name="destruction_witness_of_body"),
            models.CheckConstraint(
                condition=~Q(name_key="") & ~Q(body_key="") & ~Q(identity=""), name="destruction_witness_named"
            ),
        ]


class Photograph(Fact):
    """A picture of a destruction, kept as it came under its sha256."""

    pk = models.CompositePrimaryKey("batch", "sha256")
    batch = _code()
    sha256 = _code()
    name = models.TextField()
    media = _code()
    bytes = models.BigIntegerField()
    by = _code()
    at = models.DateTimeField()

    class Meta:
        db_table = "destruction_photo"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(sha256__regex="^[0-9a-f]{64}$"), name="destruction_photo_sha256"),
        ]


class LegalHold(Fact):
    """Two officers forbid the destruction of a batch, of an office's blanks, or of a box, for example as evidence."""

    hold = models.TextField(primary_key=True, db_collation="C")
    target = _code()
    office = _code()
    batch = _code()
    series = _code()
    box_no = models.IntegerField(null=True)
    reason = models.TextField()
    paper = models.TextField()
    by = _code()
    second = _code()
    at = models.DateTimeField()

    class Meta:
        db_table = "destruction_hold"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~Q(by=F("second")) & ~Q(second=""), name="destruction_hold_two_officers"),
            models.CheckConstraint(condition=~Q(reason=""), name="destruction_hold_has_reason"),
            models.CheckConstraint(
                condition=Q(target="batch", office="", series="", box_no__isnull=True) & ~Q(batch="")
                | Q(target="office", batch="", series="", box_no__isnull=True) & ~Q(office="")
                | Q(target="box", office="", batch="", box_no__isnull=False) & ~Q(series=""),
                name="destruction_hold_one_target",
            ),
        ]


class LiftedHold(Fact):
    """Two officers end a hold."""

    hold = models.TextField(primary_key=True, db_collation="C")
    reason = models.TextField()
    by = _code()
    second = _code()
    at = models.DateTimeField()

    class Meta:
        db_table = "destruction_hold_lifted"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~Q(by=F("second")) & ~Q(second=""), name="destruction_lift_two_officers"),
            models.CheckConstraint(condition=~Q(reason=""), name="destruction_lift_has_reason"),
        ]


class LawfulStep(Reference):
    """A step of a batch with the states before and after it: the table LAWFUL of rules.py."""

    pk = models.CompositePrimaryKey("before", "step", "after")
    before = _code()
    step = _code()
    after = _code()

    class Meta:
        db_table = "destruction_lawful"


class BatchStep(Fact):
    """What was done with a batch. A destruction names its witnesses, a photograph, the paper and custody's movement."""

    pk = models.CompositePrimaryKey("batch", "seq")
    batch = _code()
    seq = models.IntegerField()
    before_seq = models.IntegerField(null=True)
    before = _code()
    step = _code()
    after = _code()
    reason = models.TextField()
    paper_no = models.TextField()
    witness_one = models.IntegerField(null=True)
    body_one = _code(null=True)
    witness_two = models.IntegerField(null=True)
    body_two = _code(null=True)
    photo = _code(null=True)
    movement = _code()
    by = _code()
    at = models.DateTimeField()

    class Meta:
        db_table = "destruction_step"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["batch", "seq", "after"], name="destruction_step_after"),
            models.CheckConstraint(
                condition=Q(seq=1, before="", before_seq__isnull=True)
                | Q(seq__gt=1, before_seq__isnull=False, before_seq=F("seq") - 1) & ~Q(before=""),
                name="destruction_step_follows",
            ),
            models.CheckConstraint(
                condition=~Q(step="destroy")
                | Q(
                    witness_one__isnull=False,
                    body_one__isnull=False,
                    witness_two__isnull=False,
                    body_two__isnull=False,
                )
                & ~Q(body_one=F("body_two")),
                name="destruction_step_two_bodies",
            ),
            models.CheckConstraint(
                condition=~Q(step="destroy") | Q(photo__isnull=False) & ~Q(paper_no=""),
                name="destruction_step_has_papers",
            ),
            models.CheckConstraint(condition=~Q(step="cancel") | ~Q(reason=""), name="destruction_step_has_reason"),
            models.UniqueConstraint(fields=["paper_no"], condition=~Q(paper_no=""), name="destruction_paper_no_once"),
        ]
