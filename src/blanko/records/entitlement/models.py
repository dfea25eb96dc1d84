"""Claims as they stand: folded from the registry and the applications, rebuilt by ``refresh``."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from blanko.ground.audit.facts import Projection
from blanko.records.entitlement.rules import State


def _code() -> models.TextField[str, str]:
    return models.TextField(db_collation="C")


class Claim(Projection):
    """What one person is owed. A person without a row is owed nothing."""

    person_id = models.BigIntegerField(primary_key=True)
    recorded_office = _code()
    record_id = _code()
    regency = _code()
    state = _code()
    stage = _code()
    cause = _code()
    since = models.DateField()
    owed_from = models.DateField()
    print_ready_since = models.DateField(null=True)
    blocks = ArrayField(models.TextField(db_collation="C"))
    deceased = models.BooleanField()

    class Meta:
        db_table = "entitlement_claim"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(state__in=[s.value for s in State if s is not State.SETTLED]),
                name="entitlement_claim_state_known",
            ),
            # Nothing stands between a print-ready claim and its card but a blank.
            models.CheckConstraint(
                condition=~Q(state=State.PRINT_READY.value) | Q(blocks=[], print_ready_since__isnull=False),
                name="entitlement_claim_print_ready_is_free",
            ),
            models.CheckConstraint(
                condition=Q(deceased=False) | Q(state=State.SUSPENDED_DECEASED.value),
                name="entitlement_claim_deceased_is_suspended",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["regency", "state"], name="entitlement_claim_regency"),
            models.Index(
                # The whole order, so that the next one is read and nothing is sorted.
                fields=["regency", "print_ready_since", "record_id", "recorded_office"],
                condition=Q(state=State.PRINT_READY.value),
                name="entitlement_claim_queue",
            ),
        ]


class ClaimDay(Projection):
    """The day as of which all claims were last decided. One row."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    as_of = models.DateField()

    class Meta:
        db_table = "entitlement_claim_day"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(id=1), name="entitlement_claim_day_one_row"),
        ]
