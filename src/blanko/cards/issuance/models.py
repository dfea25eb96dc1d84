"""Cards that were printed, what became of them, and who holds which."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from blanko.ground.audit.facts import Fact, Projection


def code(**given: object) -> models.TextField:
    return models.TextField(db_collation="C", **given)


class Card(Fact):
    """One blank printed for one person. The blank's serial is the card's name: a blank is printed once."""

    serial = code(primary_key=True)
    person_id = models.BigIntegerField()
    recorded_office = code()
    record_id = code()
    office = code()
    regency = code()
    cause = code()
    print_ready_since = models.DateField(null=True)

    class Meta:
        db_table = "issuance_card"


class CardStep(Fact):
    """What was done with a card: printed, then spoiled or issued."""

    serial = code()
    step = code(choices=[("printed", "printed"), ("spoiled", "spoiled"), ("issued", "issued")])
    at = models.DateTimeField()
    by = code()
    reason = models.TextField(default="")
    handed_to = code(default="", choices=[("", ""), ("holder", "holder"), ("authorised", "authorised")])
    checked = models.TextField(default="")

    class Meta:
        db_table = "issuance_step"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["serial", "step"], name="issuance_step_once"),
            models.CheckConstraint(
                condition=~models.Q(step="spoiled") | ~models.Q(reason=""), name="issuance_spoiled_has_reason"
            ),
            models.CheckConstraint(
                condition=~models.Q(step="issued") | (~models.Q(handed_to="") & ~models.Q(checked="")),
                name="issuance_issued_was_checked",
            ),
        ]


class ActiveCard(Projection):
    """The one card of a person that counts. A replacement takes its place when it is printed; a spoiled card leaves
    it.
    """

    person_id = models.BigIntegerField(primary_key=True)
    serial = code(unique=True)
    issued = models.BooleanField(default=False)

    class Meta:
        db_table = "issuance_active_card"
