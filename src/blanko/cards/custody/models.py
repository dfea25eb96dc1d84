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
    """A box, sealed or opened. A sealed one is in one place; of an opened one the ranges say where each blank is.

    ``condition`` is a sealed box's own: all its blanks are good, quarantined, or missing together.
    """

    pk = models.CompositePrimaryKey("series", "box_no")
    series = _code()
    box_no = models.IntegerField()
    size = models.IntegerField()
    lot = _code()
    received_on = models.DateField()
    state = _code()
    condition = _code(db_default="good")
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
            models.CheckConstraint(
                condition=Q(condition="good")
                | Q(condition="quarantined", state="whole")
                | Q(condition="missing", state="whole", movement__isnull=True),
                name="custody_box_condition",
            ),
            models.CheckConstraint(condition=Q(size__gte=1, size__lte=9999), name="custody_box_size"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["office", "received_on", "series", "box_no"],
                condition=Q(office__isnull=False, condition="good"),
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
                | Q(
                    office__isnull=True,
                    movement__isnull=False,
                    condition__in=["good", "quarantined", "spoiled", "personalised"],
                ),
                name="custody_range_in_one_place",
            ),
            models.CheckConstraint(
                condition=Q(
                    condition__in=["good", "quarantined", "spoiled", "personalised", "issued", "destroyed", "missing"]
                ),
                name="custody_range_condition",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["office", "condition"], name="custody_range_office"),
            models.Index(fields=["movement"], condition=Q(movement__isnull=False), name="custody_range_movement"),
        ]


class Balance(Projection):
    """Blanks of an office, a series and a condition. ``in_transit`` counts what is on its way to the office.

    The central warehouse's are the sum of sixteen slots, so that many may send from it at once.
    """

    pk = models.CompositePrimaryKey("office", "series", "condition", "slot")
    office = _code()
    series = _code()
    condition = _code()
    slot = models.SmallIntegerField()
    quantity = models.BigIntegerField()
    regency = _code()

    class Meta:
        db_table = "custody_balance"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(quantity__gte=0), name="custody_balance_not_negative"),
        ]


class Leg(Fact):
    """One stretch of a movement's way: how, with whom, who answers, and until when."""

    pk = models.CompositePrimaryKey("movement", "leg")
    movement = _code()
    leg = models.IntegerField()
    mode = _code()
    from_place = _code()
    to_place = _code()
    carrier = models.TextField()
    answerable = models.TextField()
    assignment_no = _code()
    identity_checked = models.TextField()
    seals = models.JSONField()
    due_at = models.DateTimeField()

    sealed_columns = (
        "movement", "leg", "mode", "from_place", "to_place", "carrier", "answerable", "assignment_no",
        "identity_checked", "seals", "due_at",
    )  # fmt: skip

    class Meta:
        db_table = "custody_leg"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(mode__in=["courier", "officer", "collection"]), name="custody_leg_mode"),
            models.CheckConstraint(condition=~Q(carrier="") & ~Q(answerable=""), name="custody_leg_answerable"),
            models.CheckConstraint(
                condition=~Q(mode="collection") | (~Q(assignment_no="") & ~Q(identity_checked="")),
                name="custody_leg_collection_checked",
            ),
        ]


class Discrepancy(Fact):
    """What a receiver found wrong with a movement; it is open until a step resolves it."""

    pk = models.CompositePrimaryKey("movement", "number")
    movement = _code()
    number = models.IntegerField()
    kind = _code()
    series = _code()
    box_no = models.IntegerField()
    first = models.IntegerField()
    last = models.IntegerField()
    identifier = models.TextField()
    owner = _code()
    office = _code()
    regency = _code()
    note = models.TextField()
    by = _code()
    at = models.DateTimeField()

    sealed_columns = (
        "movement", "number", "kind", "series", "box_no", "first", "last", "identifier", "owner", "office", "note",
        "by", "at",
    )  # fmt: skip

    class Meta:
        db_table = "custody_discrepancy"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(
                    kind__in=[
                        "short",
                        "broken_seal",
                        "wrong_seal",
                        "damaged",
                        "surplus",
                        "unknown_serial",
                        "wrong_office",
                        "wrong_papers",
                    ]
                ),
                name="custody_discrepancy_kind",
            ),
            models.CheckConstraint(condition=~Q(owner=""), name="custody_discrepancy_owned"),
            # Blanks of the consignment are named as blanks; what is not of it as it was read.
            models.CheckConstraint(
                condition=Q(kind__in=["short", "broken_seal", "wrong_seal", "damaged"], first__gte=1)
                | (Q(kind__in=["surplus", "unknown_serial", "wrong_office", "wrong_papers"]) & ~Q(identifier="")),
                name="custody_discrepancy_names",
            ),
            models.UniqueConstraint(fields=["movement", "number", "by"], name="custody_discrepancy_by"),
        ]


class DiscrepancyStep(Fact):
    """A discrepancy is handed on to another owner, or resolved by somebody else than who reported it."""

    movement = _code()
    number = models.IntegerField()
    reported_by = _code()
    step = _code()
    owner = _code()
    resolution = _code()
    note = models.TextField()
    by = _code()
    at = models.DateTimeField()

    sealed_columns = ("movement", "number", "reported_by", "step", "owner", "resolution", "note", "by", "at")

    class Meta:
        db_table = "custody_discrepancy_step"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=(Q(step="handed_on", resolution="") & ~Q(owner=""))
                | Q(
                    step="resolved",
                    resolution__in=["found", "sent_on", "sent_back", "accepted", "written_off", "papers_mended"],
                ),
                name="custody_discrepancy_step_known",
            ),
            models.CheckConstraint(condition=~Q(note=""), name="custody_discrepancy_step_noted"),
            models.CheckConstraint(
                condition=~Q(step="resolved") | ~Q(by=models.F("reported_by")),
                name="custody_discrepancy_two_persons",
            ),
            models.UniqueConstraint(
                fields=["movement", "number"], condition=Q(step="resolved"), name="custody_discrepancy_resolved_once"
            ),
        ]


class Manifest(Fact):
    """The manufacturer's list of a lot, kept as an original under its sha256."""

    lot_no = models.TextField(primary_key=True, db_collation="C")
    sha256 = _code()
    name = models.TextField()
    boxes = models.IntegerField()
    chips = models.BigIntegerField()
    by = _code()
    at = models.DateTimeField()

    class Meta:
        db_table = "custody_manifest"


class ManifestBox(Fact):
    """A box of a manifest. ``chips_sha256`` seals the UIDs of its chips in the order of their positions."""

    pk = models.CompositePrimaryKey("series", "box_no")
    series = _code()
    box_no = models.IntegerField()
    lot_no = _code()
    size = models.IntegerField()
    chips = models.IntegerField()
    chips_sha256 = _code()

    sealed_columns = ("series", "box_no", "lot_no", "size", "chips", "chips_sha256")

    class Meta:
        db_table = "custody_manifest_box"
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["lot_no", "box_no"], name="custody_manifest_lot")]


class UidPart(Reference):
    """Which part of custody_uid holds the chips of which lot."""

    number = models.IntegerField(primary_key=True)
    lot_no = _code(unique=True)

    class Meta:
        db_table = "custody_uid_part"
