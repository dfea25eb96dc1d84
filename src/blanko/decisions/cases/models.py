"""Cases, their records, what was done with each, and where they stand."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from blanko.decisions.cases.rules import WAITING, Kind, Outcome, State, Step
from blanko.ground.audit.facts import Fact, Projection


def code(**given: object) -> models.TextField[str, str]:
    return models.TextField(db_collation="C", **given)


class Case(Fact):
    """A question about records: are they one person's, and which of them stays? ``subject`` names the records with the
    versions that were seen, so that the same question is never asked twice.
    """

    # The weight is the registry's and may be made anew with another model.
    sealed_columns: ClassVar[tuple[str, ...] | None] = (
        "case_no", "kind", "office", "pattern", "reason", "opened_on", "subject", "document",
    )  # fmt: skip

    case_no = models.BigIntegerField(primary_key=True)
    kind = code()
    office = code()
    weight = models.FloatField(null=True)
    pattern = code(default="")
    reason = code(default="")
    opened_on = models.DateField()
    subject = code(unique=True)
    # office/number/version of the paper about a death that asks.
    document = code(default="")

    class Meta:
        db_table = "cases_case"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(kind__in=[k.value for k in Kind]), name="cases_case_kind_known"),
        ]


class CaseMember(Fact):
    """One record of a case, in the version that was seen."""

    pk = models.CompositePrimaryKey("case_no", "place")
    case_no = models.BigIntegerField()
    place = models.IntegerField()
    recorded_office = code()
    record_id = code()
    version = models.IntegerField()

    class Meta:
        db_table = "cases_member"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["recorded_office", "record_id"], name="cases_member_record"),
        ]


class CaseStep(Fact):
    """What was done with a case. ``parts`` are the persons that a decision makes, the record that stays first;
    ``before`` is what an undo gives back.
    """

    pk = models.CompositePrimaryKey("case_no", "seq")
    case_no = models.BigIntegerField()
    seq = models.IntegerField()
    step = code()
    outcome = code(default="")
    parts = models.JSONField(default=list)
    before = models.JSONField(default=dict)
    due = models.DateField(null=True)
    group_no = models.BigIntegerField(null=True)
    cause = code(default="")
    by = code()
    at = models.DateTimeField()
    reason = models.TextField(default="")

    class Meta:
        db_table = "cases_step"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(step__in=[s.value for s in Step]), name="cases_step_known"),
            models.CheckConstraint(
                condition=~Q(step__in=["settle", "propose"]) | Q(outcome__in=[o.value for o in Outcome]),
                name="cases_step_settles_with_outcome",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="cases_step_has_reason"),
            models.CheckConstraint(condition=~Q(step="ask") | Q(due__isnull=False), name="cases_step_ask_has_day"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["group_no"], condition=Q(group_no__isnull=False), name="cases_step_group"),
        ]


class CaseStanding(Projection):
    """Where a case stands: folded from its steps."""

    case_no = models.BigIntegerField(primary_key=True)
    kind = code()
    office = code()
    weight = models.FloatField(null=True)
    pattern = code()
    opened_on = models.DateField()
    records = models.IntegerField()
    state = code()
    outcome = code(default="")
    due = models.DateField(null=True)
    seq = models.IntegerField(default=0)
    group_no = models.BigIntegerField(null=True)

    class Meta:
        db_table = "cases_standing"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(state__in=[s.value for s in State]), name="cases_standing_state_known"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["office", "-weight", "case_no"],
                condition=Q(state__in=[s.value for s in WAITING]),
                name="cases_standing_queue",
            ),
        ]


class DeathNotice(Fact):
    """The family is told that a card is suspended: since when, by which document, how that was matched, and until when
    one may object. One for each report that stands.
    """

    notice_no = models.BigIntegerField(primary_key=True)
    recorded_office = code()
    record_id = code()
    person_id = models.BigIntegerField()
    office = code()
    died_on = models.DateField()
    document_office = code()
    document_no = models.TextField(default="")
    matched_by = code()
    noticed_on = models.DateField()
    object_until = models.DateField()
    death_event = models.BigIntegerField()

    class Meta:
        db_table = "cases_death_notice"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["recorded_office", "record_id", "death_event"], name="cases_death_notice_once"
            ),
            models.CheckConstraint(
                condition=Q(matched_by__in=["record", "nik", "name", "case", "status", "officer"]),
                name="cases_death_notice_matched_by",
            ),
        ]


class DeathObjection(Fact):
    """Somebody (``objector``) says that a reported death is wrong, with what he shows; another officer upholds that or
    rejects it; either is taken back (undo), and so is the objection (withdraw).
    """

    recorded_office = code()
    record_id = code()
    seq = models.IntegerField()
    step = code()
    person_id = models.BigIntegerField()
    objector = models.TextField(default="")
    shown = models.TextField(default="")
    lift_event = models.BigIntegerField(null=True)
    by = code()
    at = models.DateTimeField()
    reason = models.TextField()

    class Meta:
        db_table = "cases_death_objection"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["recorded_office", "record_id", "seq"], name="cases_death_objection_once"),
            models.CheckConstraint(
                condition=Q(step__in=["object", "uphold", "reject", "undo", "withdraw"]),
                name="cases_death_objection_step",
            ),
            models.CheckConstraint(
                condition=~Q(step="object") | ~Q(objector="") & ~Q(shown=""), name="cases_death_objection_by_whom"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="cases_death_objection_has_reason"),
        ]


class AuditSample(Fact):
    """A pair drawn for an audit of linkage: it is judged by itself."""

    left_office = code()
    left_id = code()
    right_office = code()
    right_id = code()
    seed = models.TextField()

    class Meta:
        db_table = "cases_sample"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["left_office", "left_id", "right_office", "right_id"], name="cases_sample_once"
            ),
        ]
