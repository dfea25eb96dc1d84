"""Counts, sheets, decisions, samples and reconciles: facts. Which count is open at an office: a projection."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from blanko.ground.audit.facts import Fact, Projection


def _code(**options: object) -> models.TextField[str, str]:
    return models.TextField(db_collation="C", **options)


class Reconcile(Fact):
    """The equation of one node: the nation ('ID'), a province, or an office. A run may hold the nodes below it too.

    ``run_scope`` is the node that the run was asked for, ``differences`` how many of its differences are this node's.
    """

    scope = _code()
    run_scope = _code()
    at = models.DateTimeField()
    by = _code()
    upto = models.BigIntegerField()
    received = models.BigIntegerField()
    in_hand = models.BigIntegerField()
    in_transit = models.BigIntegerField()
    quarantined = models.BigIntegerField()
    personalised = models.BigIntegerField()
    issued = models.BigIntegerField()
    spoiled = models.BigIntegerField()
    destroyed = models.BigIntegerField()
    missing = models.BigIntegerField()
    differences = models.IntegerField()

    class Meta:
        db_table = "counting_reconcile"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["event_id", "scope"], name="counting_reconcile_once"),
        ]


class ReconcileDifference(Fact):
    """What a reconcile found: two accounts of the same blanks that are not equal, with the last two hands."""

    number = models.IntegerField()
    source = _code()
    office = _code()
    condition = _code()
    series = _code()
    box_no = models.IntegerField(null=True)
    first = models.IntegerField(null=True)
    last = models.IntegerField(null=True)
    expected = models.BigIntegerField()
    found = models.BigIntegerField()
    movement = _code()
    sent_by = _code()
    received_by = _code()
    note = models.TextField()

    class Meta:
        db_table = "counting_difference"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["event_id", "number"], name="counting_difference_once"),
            models.CheckConstraint(
                condition=Q(source__in=["book", "balance", "lot", "card", "stock_file"]),
                name="counting_difference_source",
            ),
        ]


class OfficeCount(Fact):
    """A count of an office, frozen when its event was written: what moves afterwards is considered, not forgotten.

    ``boxes`` limits it to these boxes (series, number); empty: everything that the office has.
    """

    count = models.TextField(primary_key=True, db_collation="C")
    office = _code()
    regency = _code()
    reason = models.TextField()
    boxes = models.JSONField()
    sample = _code()
    by = _code()
    at = models.DateTimeField()

    class Meta:
        db_table = "counting_count"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~Q(reason=""), name="counting_count_has_reason"),
        ]


class OpenCount(Projection):
    """The count that is open at an office. At most one, so that no loss is booked by two."""

    office = models.TextField(primary_key=True, db_collation="C")
    count = _code(unique=True)

    class Meta:
        db_table = "counting_open"


class CountBook(Fact):
    """The book of a count, frozen when it began. Nobody is shown it while the count is open."""

    count = _code()
    series = _code()
    box_no = models.IntegerField()
    first = models.IntegerField()
    last = models.IntegerField()
    condition = _code()
    sealed = models.BooleanField()

    class Meta:
        db_table = "counting_book"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["count", "series", "box_no", "first"], name="counting_book_once"),
        ]


class CountHand(Fact):
    """The one part that a person has in a count: counter, or the one who decides."""

    pk = models.CompositePrimaryKey("count", "person")
    count = _code()
    person = _code()
    part = _code()

    class Meta:
        db_table = "counting_hand"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(part__in=["counter", "decides"]), name="counting_hand_part"),
            models.UniqueConstraint(fields=["count", "person", "part"], name="counting_hand_of_part"),
        ]


class CountSheet(Fact):
    """What one person saw, handed in whole. ``before_by`` repeats who counted the round before."""

    pk = models.CompositePrimaryKey("count", "round")
    count = _code()
    round = models.IntegerField()
    by = _code()
    part = _code(db_default="counter")
    before_by = _code(null=True)
    before_round = models.IntegerField(null=True)
    outcome = _code()
    differences = models.JSONField()
    note = models.TextField()
    at = models.DateTimeField()

    sealed_columns = ("count", "round", "by", "outcome", "differences", "note", "at")

    class Meta:
        db_table = "counting_sheet"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["count", "round", "by"], name="counting_sheet_by"),
            models.CheckConstraint(condition=Q(part="counter"), name="counting_sheet_part"),
            models.CheckConstraint(
                condition=Q(round=1, before_by__isnull=True, before_round__isnull=True)
                | Q(
                    round__gt=1,
                    before_by__isnull=False,
                    before_round__isnull=False,
                    before_round=F("round") - 1,
                ),
                name="counting_sheet_follows",
            ),
            models.CheckConstraint(
                condition=Q(before_by__isnull=True) | ~Q(by=F("before_by")), name="counting_sheet_another_person"
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=["matched", "differs", "confirmed", "disputed"]),
                name="counting_sheet_outcome",
            ),
        ]


class CountSheetLine(Fact):
    """Blanks that a person saw: a sealed box, or positions of an opened one in a condition."""

    count = _code()
    round = models.IntegerField()
    series = _code()
    box_no = models.IntegerField()
    first = models.IntegerField()
    last = models.IntegerField()
    condition = _code()
    sealed = models.BooleanField()

    class Meta:
        db_table = "counting_sheet_line"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(first__gte=1, last__gte=F("first"), last__lte=9999), name="counting_line_forward"
            ),
            models.CheckConstraint(
                condition=Q(condition__in=["good", "spoiled", "personalised"]), name="counting_line_condition"
            ),
        ]


class CountDecision(Fact):
    """How a count goes on or ends. ``booked`` are the movements that followed, ``left`` what no movement can mend."""

    count = _code()
    round = models.IntegerField()
    decision = _code()
    reason = models.TextField()
    booked = models.JSONField()
    left = models.JSONField()
    by = _code()
    part = _code(null=True)
    at = models.DateTimeField()

    sealed_columns = ("count", "round", "decision", "reason", "booked", "left", "by", "at")

    class Meta:
        db_table = "counting_decision"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(decision__in=["matched", "approved", "refused", "abandoned"]),
                name="counting_decision_known",
            ),
            # Approval and refusal are a third person's; a match closes itself, and who began a count may abandon it.
            models.CheckConstraint(
                condition=Q(decision__in=["approved", "refused"], part="decides", part__isnull=False)
                | Q(decision__in=["matched", "abandoned"], part__isnull=True),
                name="counting_decision_third_person",
            ),
            models.CheckConstraint(
                condition=Q(decision="matched") | ~Q(reason=""), name="counting_decision_has_reason"
            ),
            models.UniqueConstraint(
                fields=["count"], condition=~Q(decision="refused"), name="counting_decision_ends_once"
            ),
        ]


class LossSample(Fact):
    """A claim about an office to be proven by sampling: its boxes as they stood, the dice, the risk and the loss."""

    sample = models.TextField(primary_key=True, db_collation="C")
    office = _code()
    regency = _code()
    seed = _code()
    risk = models.TextField()
    loss = models.TextField()
    boxes = models.JSONField()
    blanks = models.BigIntegerField()
    by = _code()
    at = models.DateTimeField()

    class Meta:
        db_table = "counting_sample"


class LossSampleResult(Fact):
    """How many blanks of a drawn box are missing, and by which count ('' when it was told by hand)."""

    pk = models.CompositePrimaryKey("sample", "draw")
    sample = _code()
    draw = models.IntegerField()
    series = _code()
    box_no = models.IntegerField()
    size = models.IntegerField()
    missing = models.IntegerField()
    count = _code()
    by = _code()
    at = models.DateTimeField()

    class Meta:
        db_table = "counting_sample_result"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["sample", "series", "box_no"], name="counting_sample_box_once"),
            models.CheckConstraint(
                condition=Q(missing__gte=0, missing__lte=F("size")), name="counting_sample_missing_within"
            ),
        ]
