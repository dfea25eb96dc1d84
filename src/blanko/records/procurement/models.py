"""Tenders, contracts, deliveries, lots, stages and acceptance: all of them facts."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from blanko.ground.audit.facts import Fact, Reference


def _code() -> models.TextField[str, str]:
    return models.TextField(db_collation="C")


class Tender(Fact):
    """A tender, won or failed. ``quantity`` in blanks, amounts in whole rupiah."""

    tender_no = models.TextField(primary_key=True, db_collation="C")
    title = models.TextField()
    quantity = models.BigIntegerField()
    bidders = models.IntegerField(null=True)
    ceiling_idr = models.BigIntegerField(null=True)
    owner_estimate_idr = models.BigIntegerField(null=True)
    outcome = _code()
    decided_on = models.DateField()
    winner = models.TextField(default="")
    award_idr = models.BigIntegerField(null=True)
    source = models.TextField()

    class Meta:
        db_table = "procurement_tender"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="procurement_tender_quantity"),
            models.CheckConstraint(
                condition=(Q(outcome="awarded", award_idr__gt=0) & ~Q(winner=""))
                | Q(outcome="failed", award_idr__isnull=True, winner=""),
                name="procurement_tender_outcome",
            ),
            models.CheckConstraint(
                condition=Q(award_idr__isnull=True) | Q(ceiling_idr__isnull=True) | Q(award_idr__lte=F("ceiling_idr")),
                name="procurement_tender_below_ceiling",
            ),
        ]


class Contract(Fact):
    """What was bought, from whom, at what price. Amounts in whole rupiah, lead times in calendar days by stage."""

    contract_no = models.TextField(primary_key=True, db_collation="C")
    tender_no = models.TextField(null=True, db_collation="C")
    supplier = models.TextField()
    signed_on = models.DateField()
    quantity = models.BigIntegerField()
    unit_price_idr = models.BigIntegerField()
    total_idr = models.BigIntegerField()
    box_size = models.IntegerField()
    lead_days = models.JSONField(default=dict)
    source = models.TextField()

    class Meta:
        db_table = "procurement_contract"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(total_idr=F("quantity") * F("unit_price_idr")), name="procurement_contract_sum"
            ),
            models.CheckConstraint(
                condition=Q(quantity__gt=0, box_size__gt=0, box_size__lte=9999), name="procurement_contract_quantity"
            ),
        ]


class Delivery(Fact):
    """A planned delivery of a contract: so many blanks by this day."""

    contract_no = _code()
    delivery_no = models.IntegerField()
    due_on = models.DateField()
    quantity = models.BigIntegerField()

    class Meta:
        db_table = "procurement_delivery"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["contract_no", "delivery_no"], name="procurement_delivery_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="procurement_delivery_quantity"),
        ]


class Lot(Fact):
    """Sealed boxes ``first_box`` to ``first_box + box_count - 1`` of one series, each of ``box_size`` blanks."""

    lot_no = models.TextField(primary_key=True, db_collation="C")
    contract_no = _code()
    delivery_no = models.IntegerField(null=True)
    series = _code()
    first_box = models.IntegerField()
    box_count = models.IntegerField()
    box_size = models.IntegerField()
    announced_on = models.DateField()

    class Meta:
        db_table = "procurement_lot"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(first_box__gte=1, box_count__gt=0, box_size__gt=0, box_size__lte=9999)
                & Q(first_box__lte=1_000_000 - F("box_count")),
                name="procurement_lot_boxes",
            ),
            models.CheckConstraint(condition=Q(series__regex="^[A-Z0-9]{2,12}$"), name="procurement_lot_series"),
        ]


class StageNeeds(Reference):
    """What a stage needs: the table NEEDS of rules.py, kept in the database too."""

    stage = _code()
    needs = _code()

    class Meta:
        db_table = "procurement_stage_needs"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["stage", "needs"], name="procurement_stage_needs_once"),
        ]


class LotStage(Fact):
    """A lot reached a stage on a day. ``held_for`` says why a lot that arrived is not released."""

    lot_no = _code()
    stage = _code()
    reached_on = models.DateField()
    held_for = ArrayField(models.TextField(db_collation="C"), default=list)
    note = models.TextField(default="")

    class Meta:
        db_table = "procurement_lot_stage"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["lot_no", "stage"], name="procurement_lot_stage_once"),
            models.CheckConstraint(
                condition=Q(held_for=[]) | Q(stage="arrived"), name="procurement_lot_stage_hold_on_arrival"
            ),
        ]


class Acceptance(Fact):
    """The accepted and rejected boxes of a lot, by the record (BAST) that both sides signed."""

    lot_no = models.TextField(primary_key=True, db_collation="C")
    bast_no = models.TextField(unique=True, db_collation="C")
    accepted_on = models.DateField()
    accepted_boxes = models.IntegerField()
    rejected_boxes = models.IntegerField()

    class Meta:
        db_table = "procurement_acceptance"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(accepted_boxes__gte=0, rejected_boxes__gte=0), name="procurement_acceptance_counts"
            ),
            models.CheckConstraint(condition=~Q(bast_no=""), name="procurement_acceptance_has_bast"),
        ]


class RejectedBox(Fact):
    """A box that was not accepted, and why."""

    lot_no = _code()
    box_no = models.IntegerField()
    reason = models.TextField()

    class Meta:
        db_table = "procurement_rejected_box"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["lot_no", "box_no"], name="procurement_rejected_box_once"),
            models.CheckConstraint(condition=~Q(reason__regex=r"^\s*$"), name="procurement_rejected_box_has_reason"),
        ]
