"""Sukets as they were issued and how they ended; which one each person holds."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from blanko.cards.suket.rules import End, Reason, VoidCause
from blanko.ground.audit.facts import Fact, Projection


def code(**given: object) -> models.TextField[str, str]:
    return models.TextField(db_collation="C", **given)


class Suket(Fact):
    """One certificate, with what it says of its holder: the paper can be printed again from this row alone.

    ``taken_over``: its number came with a registration file, which names neither day nor reason.
    """

    number = code(primary_key=True)
    office = code()
    person_id = models.BigIntegerField()
    recorded_office = code()
    record_id = code()
    reason = code()
    nik = code(default="")
    name = models.TextField(default="")
    birth_place = models.TextField(default="")
    birth_date = models.DateField(null=True)
    sex = code(default="")
    address = models.TextField(default="")
    issued_on = models.DateField(null=True)
    valid_until = models.DateField(null=True)
    rule = models.TextField(default="")
    renews = code(default="")
    taken_over = models.BooleanField(default=False)
    by = code()
    at = models.DateTimeField()

    class Meta:
        db_table = "suket_certificate"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(reason__in=[reason.value for reason in Reason]), name="suket_reason_known"
            ),
            # A certificate of ours says from when to when it is valid and by which rule; one from a file cannot.
            models.CheckConstraint(
                condition=Q(taken_over=True, issued_on__isnull=True, valid_until__isnull=True)
                | Q(taken_over=False, issued_on__lt=models.F("valid_until")) & ~Q(rule="") & ~Q(reason="UNK"),
                name="suket_has_validity",
            ),
            models.UniqueConstraint(fields=["renews"], condition=~Q(renews=""), name="suket_renewed_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["person_id"], name="suket_person")]


class SuketEnd(Fact):
    """A suket stopped to count: its card was handed over, a newer one took its place, or an officer voided it."""

    number = code(primary_key=True)
    ended = code()
    cause = code(default="")
    note = models.TextField(default="")
    card = code(default="")
    at = models.DateTimeField()
    by = code()

    class Meta:
        db_table = "suket_end"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(ended__in=[end.value for end in End]), name="suket_end_known"),
            models.CheckConstraint(
                condition=~Q(ended="voided") | Q(cause__in=[cause.value for cause in VoidCause]) & ~Q(note=""),
                name="suket_voided_has_reason",
            ),
            models.CheckConstraint(condition=~Q(ended="card_issued") | ~Q(card=""), name="suket_end_names_card"),
        ]


class LiveSuket(Projection):
    """A suket that a person holds; one of a person's counts. Past its last day it stays until it is renewed, voided or
    replaced.
    """

    number = code(primary_key=True)
    person_id = models.BigIntegerField()
    counts = models.BooleanField(default=True)
    recorded_office = code()
    record_id = code()
    office = code()
    reason = code()
    birth_date = models.DateField(null=True)
    issued_on = models.DateField(null=True)
    valid_until = models.DateField(null=True)

    class Meta:
        db_table = "suket_live"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            # Also when two ids turn out to be one person's: the other one is kept and does not count.
            models.UniqueConstraint(fields=["person_id"], condition=Q(counts=True), name="suket_live_one_a_person"),
            models.UniqueConstraint(fields=["recorded_office", "record_id"], name="suket_live_once_a_record"),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["office", "issued_on"], name="suket_live_office")]


class SuketNumber(Projection):
    """The last number that an office gave in a year."""

    pk = models.CompositePrimaryKey("office", "year")
    office = code()
    year = models.IntegerField()
    last = models.IntegerField()

    class Meta:
        db_table = "suket_number"
