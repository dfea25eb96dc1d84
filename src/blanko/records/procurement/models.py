"""Tenders, contracts, deliveries, lots, stages, acceptance, payments, parts and portal notices: all of them facts."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from blanko.ground.audit.facts import Fact, Reference


def _code() -> models.TextField[str, str]:
    return models.TextField(db_collation="C")


class Tender(Fact):
    """A tender, won or failed. ``quantity`` in blanks, amounts in whole rupiah.

    ``rup_code`` and ``spse_code`` are those of the portals. The dates bound its stages: money set aside, announced,
    decided, last day of objection.
    """

    tender_no = models.TextField(primary_key=True, db_collation="C")
    rup_code = models.TextField(default="", db_collation="C")
    spse_code = models.TextField(default="", db_collation="C")
    method = models.TextField(default="tender", db_collation="C")
    budget_on = models.DateField(null=True)
    announced_on = models.DateField(null=True)
    objection_until = models.DateField(null=True)
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
            models.CheckConstraint(
                condition=Q(owner_estimate_idr__isnull=True)
                | Q(ceiling_idr__isnull=True)
                | Q(owner_estimate_idr__lte=F("ceiling_idr")),
                name="procurement_tender_estimate_below_ceiling",
            ),
            models.CheckConstraint(
                condition=(Q(ceiling_idr__isnull=True) | Q(ceiling_idr__gt=0))
                & (Q(owner_estimate_idr__isnull=True) | Q(owner_estimate_idr__gt=0))
                & (Q(bidders__isnull=True) | Q(bidders__gte=0)),
                name="procurement_tender_amounts",
            ),
            models.CheckConstraint(
                condition=(
                    Q(budget_on__isnull=True) | Q(announced_on__isnull=True) | Q(budget_on__lte=F("announced_on"))
                )
                & (Q(announced_on__isnull=True) | Q(announced_on__lte=F("decided_on")))
                & (Q(objection_until__isnull=True) | Q(objection_until__gte=F("decided_on"))),
                name="procurement_tender_dates",
            ),
            models.CheckConstraint(
                condition=Q(rup_code__regex="^[0-9]*$") & Q(spse_code__regex="^[0-9]*$"),
                name="procurement_tender_codes",
            ),
            models.CheckConstraint(
                condition=Q(method__in=("tender", "catalogue", "direct")), name="procurement_tender_method"
            ),
        ]


class Contract(Fact):
    """What was bought, from whom, at what price. Amounts in whole rupiah, lead times in calendar days by stage.

    A contract of ``kind`` catalogue stands until ``ends_on``, and its lots are called off at the price of their size.
    ``is_estimated``: the day of signing is an estimate, from which no lead time is learned.
    """

    contract_no = models.TextField(primary_key=True, db_collation="C")
    tender_no = models.TextField(null=True, db_collation="C")
    supplier = models.TextField()
    signed_on = models.DateField()
    quantity = models.BigIntegerField()
    unit_price_idr = models.BigIntegerField()
    total_idr = models.BigIntegerField()
    box_size = models.IntegerField()
    box_sizes = ArrayField(models.IntegerField(), default=list)
    lead_days = models.JSONField(default=dict)
    kind = models.TextField(default="tender", db_collation="C")
    ends_on = models.DateField(null=True)
    spoilage_per_mille = models.IntegerField(default=0)
    penalty_per_mille_day = models.IntegerField(default=1)
    penalty_cap_per_mille = models.IntegerField(default=50)
    is_estimated = models.BooleanField(default=False)
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
            models.CheckConstraint(condition=Q(unit_price_idr__gt=0), name="procurement_contract_price"),
            models.CheckConstraint(
                condition=Q(kind="tender") | Q(kind="catalogue", ends_on__isnull=False),
                name="procurement_contract_kind",
            ),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gt=F("signed_on")), name="procurement_contract_ends"
            ),
            models.CheckConstraint(
                condition=Q(
                    spoilage_per_mille__range=(0, 1000),
                    penalty_per_mille_day__range=(0, 1000),
                    penalty_cap_per_mille__range=(0, 1000),
                ),
                name="procurement_contract_terms",
            ),
        ]


class Amendment(Fact):
    """An addendum: what a contract is from a day on. The signed contract is version 1; every version stays.

    It states the whole of what may change: quantity, price, total (whole rupiah) and end. ``new_schedule`` and
    ``new_prices`` say whether deliveries and price breaks of this version take the place of the earlier ones.
    """

    contract_no = _code()
    version = models.PositiveIntegerField()
    from_date = models.DateField()
    document = models.TextField()
    reason = models.TextField()
    quantity = models.BigIntegerField()
    unit_price_idr = models.BigIntegerField()
    total_idr = models.BigIntegerField()
    ends_on = models.DateField(null=True)
    new_schedule = models.BooleanField()
    new_prices = models.BooleanField()

    class Meta:
        db_table = "procurement_amendment"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["contract_no", "version"], name="procurement_amendment_once"),
            models.CheckConstraint(
                condition=Q(version__gt=1, quantity__gt=0, unit_price_idr__gt=0), name="procurement_amendment_numbers"
            ),
            models.CheckConstraint(
                condition=Q(total_idr=F("quantity") * F("unit_price_idr")), name="procurement_amendment_sum"
            ),
            models.CheckConstraint(
                condition=~Q(document__regex=r"^\s*$") & ~Q(reason__regex=r"^\s*$"),
                name="procurement_amendment_rests_on_a_document",
            ),
        ]


class Service(Fact):
    """A contract for work that cards hang on, such as the maintenance of the servers. Whole rupiah.

    ``follows`` is the service that this one takes over from; one that nobody follows has no successor.
    """

    service_no = models.TextField(primary_key=True, db_collation="C")
    title = models.TextField()
    supplier = models.TextField()
    starts_on = models.DateField()
    ends_on = models.DateField()
    amount_idr = models.BigIntegerField(null=True)
    follows = models.TextField(null=True, db_collation="C")
    source = models.TextField()

    class Meta:
        db_table = "procurement_service"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(ends_on__gt=F("starts_on")), name="procurement_service_ends"),
            models.CheckConstraint(
                condition=Q(amount_idr__isnull=True) | Q(amount_idr__gt=0), name="procurement_service_amount"
            ),
            models.CheckConstraint(condition=~Q(title="") & ~Q(supplier=""), name="procurement_service_named"),
        ]


class PriceBreak(Fact):
    """From this many blanks in one lot on, a blank of the contract costs this much, by this version of it."""

    contract_no = _code()
    version = models.PositiveIntegerField(default=1)
    from_quantity = models.BigIntegerField()
    unit_price_idr = models.BigIntegerField()

    class Meta:
        db_table = "procurement_price_break"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["contract_no", "version", "from_quantity"], name="procurement_price_break_once"
            ),
            models.CheckConstraint(
                condition=Q(from_quantity__gt=1, unit_price_idr__gt=0), name="procurement_price_break_amounts"
            ),
        ]


class Delivery(Fact):
    """A planned delivery of a contract: so many blanks by this day, by this version of it.

    Numbers run on over the versions, so that a lot's delivery is one of one version.
    """

    contract_no = _code()
    version = models.PositiveIntegerField(default=1)
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
    unit_price_idr = models.BigIntegerField()
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
            models.CheckConstraint(condition=Q(unit_price_idr__gt=0), name="procurement_lot_price"),
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
    """A lot reached a stage on a day. ``held_for`` says why a lot that arrived is not released.

    ``is_estimated``: no source tells the day, so that neither a lead time nor a score card learns from it.
    """

    lot_no = _code()
    stage = _code()
    reached_on = models.DateField()
    is_estimated = models.BooleanField(default=False)
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


class Payment(Fact):
    """Money for accepted blanks of a lot: quantity times the lot's price, less the penalty. Whole rupiah."""

    payment_no = models.TextField(primary_key=True, db_collation="C")
    lot_no = _code()
    quantity = models.BigIntegerField()
    unit_price_idr = models.BigIntegerField()
    penalty_idr = models.BigIntegerField(default=0)
    amount_idr = models.BigIntegerField()
    paid_on = models.DateField()
    note = models.TextField(default="")

    class Meta:
        db_table = "procurement_payment"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="procurement_payment_quantity"),
            models.CheckConstraint(
                condition=Q(penalty_idr__gte=0, amount_idr__gte=0)
                & Q(amount_idr=F("quantity") * F("unit_price_idr") - F("penalty_idr")),
                name="procurement_payment_amount",
            ),
            models.CheckConstraint(condition=~Q(payment_no=""), name="procurement_payment_has_number"),
        ]


class MaterialPart(Fact):
    """A part of the cards of a contract: country, stage of the lot, calendar days, and the parts that it needs."""

    contract_no = _code()
    part = _code()
    title = models.TextField()
    country = _code()
    stage = _code()
    lead_days = models.IntegerField()
    needs = ArrayField(models.TextField(db_collation="C"), default=list)
    source = models.TextField()

    class Meta:
        db_table = "procurement_material_part"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["contract_no", "part"], name="procurement_material_part_once"),
            models.CheckConstraint(
                condition=Q(lead_days__gte=0, country__regex="^[A-Z]{2}$") & ~Q(part=""),
                name="procurement_material_part_values",
            ),
        ]


class NoticeFile(Fact):
    """A list of a portal that was loaded, with its balance: accepted + unchanged + refused = read."""

    sha256 = models.TextField(primary_key=True, db_collation="C")
    name = models.TextField()
    kind = _code()
    format = models.TextField()
    read = models.BigIntegerField()
    accepted = models.BigIntegerField()
    unchanged = models.BigIntegerField()
    refused = models.BigIntegerField()
    rejects = models.TextField(null=True)
    loaded_at = models.DateTimeField()
    loaded_by = models.TextField()

    class Meta:
        db_table = "procurement_notice_file"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(read=F("accepted") + F("unchanged") + F("refused")), name="procurement_notice_file_balance"
            ),
        ]


class Notice(Fact):
    """A version of a plan (SiRUP) or tender (SPSE) as the portal published it; the highest version stands."""

    kind = _code()
    code = _code()
    version = models.IntegerField()
    rup_code = _code()
    tender_code = _code()
    title = models.TextField()
    buyer = models.TextField()
    method = models.TextField()
    status = models.TextField()
    ceiling_idr = models.BigIntegerField(null=True)
    owner_estimate_idr = models.BigIntegerField(null=True)
    winner = models.TextField()
    award_idr = models.BigIntegerField(null=True)
    bid_idr = models.BigIntegerField(null=True)
    announced_on = models.DateField(null=True)
    decided_on = models.DateField(null=True)
    selection_from = models.DateField(null=True)
    contract_from = models.DateField(null=True)
    contract_until = models.DateField(null=True)
    year = models.IntegerField(null=True)
    sha256 = _code()
    row_no = models.IntegerField()

    class Meta:
        db_table = "procurement_notice"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["kind", "code", "version"], name="procurement_notice_once"),
            models.CheckConstraint(condition=Q(kind__in=("plan", "tender")), name="procurement_notice_kind"),
        ]
