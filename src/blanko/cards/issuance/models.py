"""Cards that were printed, what became of them, who holds which; and the rules by which an office prints."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from blanko.cards.issuance.rules import (
    LASTS,
    TURNS,
    Blank,
    CardState,
    OldCardKind,
    OldCardReason,
    Outcome,
    PrinterFault,
    Prints,
    Relation,
    Step,
    SuketEffect,
)
from blanko.ground.audit.facts import Fact, Projection


def code(**given: object) -> models.TextField[str, str]:
    return models.TextField(db_collation="C", **given)


class Turn(Fact):
    """For whom a blank is used and why now: the part that a print job and a card share."""

    person_id = models.BigIntegerField()
    recorded_office = code()
    record_id = code()
    office = code()
    regency = code()
    cause = code()
    print_ready_since = models.DateField(null=True)
    turn = code()
    turn_note = models.TextField(default="")
    passed_over = models.IntegerField()
    rule = models.IntegerField()

    class Meta:
        abstract = True


class Card(Turn):
    """One blank printed for one person. The blank's serial is the card's name: a blank is printed once."""

    serial = code(primary_key=True)
    job = code(default="")
    printed_on = models.DateField()

    class Meta:
        db_table = "issuance_card"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(turn__in=TURNS), name="issuance_card_turn_known"),
            models.CheckConstraint(condition=Q(passed_over__gte=0), name="issuance_card_passed_over"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["printed_on", "office"], name="issuance_card_printed"),
            models.Index(fields=["person_id"], name="issuance_card_person"),
        ]


class PrintJob(Turn):
    """A blank went into a printer for a person. It ends as a card, or fails with what became of the blank."""

    job = code(primary_key=True)
    serial = code()
    by = code()
    at = models.DateTimeField()

    class Meta:
        db_table = "issuance_job"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(turn__in=TURNS), name="issuance_job_turn_known"),
        ]


class PrintJobEnd(Fact):
    """How a print job ended. A failure says what failed and whether the blank is still good."""

    job = code(primary_key=True)
    outcome = code()
    fault = code(default="")
    blank = code(default="")
    note = models.TextField(default="")
    by = code()
    at = models.DateTimeField()

    class Meta:
        db_table = "issuance_job_end"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(outcome=Outcome.PRINTED.value, fault="", blank="")
                | Q(
                    outcome=Outcome.FAILED.value,
                    fault__in=[f.value for f in PrinterFault],
                    blank__in=[b.value for b in Blank],
                ),
                name="issuance_job_failed_accounts",
            ),  # fmt: skip
        ]


class CardStep(Fact):
    """What was done with a card, in its order: ``seq`` counts from 1, so that two clerks cannot do one step twice."""

    serial = code()
    seq = models.IntegerField()
    before = code(default="")
    step = code()
    office = code()
    at = models.DateTimeField()
    by = code()
    reason = models.TextField(default="")
    movement = code(default="")
    handed_to = code(default="")
    checked = models.TextField(default="")
    receiver = models.TextField(default="")
    relation = code(default="")
    document = models.TextField(default="")

    class Meta:
        db_table = "issuance_step"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["serial", "seq"], name="issuance_step_once"),
            models.UniqueConstraint(
                fields=["serial"], condition=Q(step__in=[s.value for s in LASTS]), name="issuance_step_ends_once"
            ),
            models.CheckConstraint(
                condition=Q(seq=1, step=Step.PRINTED.value, before="") | Q(seq__gt=1) & ~Q(step="printed"),
                name="issuance_step_begins_printed",
            ),
            models.CheckConstraint(
                condition=~Q(step__in=["spoiled", "lost"]) | ~Q(reason=""), name="issuance_spoiled_has_reason"
            ),
            models.CheckConstraint(
                condition=~Q(step="issued") | (Q(handed_to__in=["holder", "authorised"]) & ~Q(checked="")),
                name="issuance_issued_was_checked",
            ),
            # Somebody else than the holder is named, says who they are to the holder, and shows a paper.
            models.CheckConstraint(
                condition=~Q(handed_to="authorised")
                | Q(relation__in=[r.value for r in Relation]) & ~Q(receiver="") & ~Q(document=""),
                name="issuance_authorised_is_named",
            ),
            models.CheckConstraint(
                condition=~Q(step__in=["shipped", "arrived"]) | ~Q(movement=""), name="issuance_shipped_has_movement"
            ),
        ]


class ActiveCard(Projection):
    """A person's card, or the blank that is in a printer for it. Only one of a person's counts: where two ids turned
    out to be one person's, another is withheld until it is accounted for.

    A replacement takes the place of a card that was handed over and remembers it; no other card gives way before its
    blank is accounted for (a trigger).
    """

    serial = code(primary_key=True)
    person_id = models.BigIntegerField()
    counts = models.BooleanField(default=True)
    state = code()
    office = code()
    since = models.DateTimeField()
    replaces = code(default="")
    job = code(default="")

    class Meta:
        db_table = "issuance_active_card"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["person_id"], condition=Q(counts=True), name="issuance_active_one_a_person"
            ),
            models.CheckConstraint(
                condition=Q(state__in=[s.value for s in CardState]), name="issuance_active_state_known"
            ),
            models.CheckConstraint(
                condition=~Q(state="in_printer") | ~Q(job=""), name="issuance_active_in_printer_has_job"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["office", "since", "serial"], condition=~Q(state="issued"), name="issuance_active_waiting"
            ),
            models.Index(fields=["office"], condition=Q(state="in_printer"), name="issuance_active_in_printer"),
            # What does not count is rare, and is looked up whenever its person's card ends.
            models.Index(fields=["person_id"], condition=Q(counts=False), name="issuance_active_withheld"),
        ]


class QueueRule(Fact):
    """The published order of the queue from a day on. It can only be followed by a later version."""

    version = models.IntegerField(primary_key=True)
    since = models.DateField(unique=True)
    suket = code()
    source = models.TextField()
    published_on = models.DateField()
    by = code()

    class Meta:
        db_table = "issuance_queue_rule"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(suket__in=[e.value for e in SuketEffect]), name="issuance_queue_rule_suket"
            ),
            models.CheckConstraint(condition=~Q(source=""), name="issuance_queue_rule_has_source"),
            # Nobody changes an order that was already printed by.
            models.CheckConstraint(condition=Q(published_on__lte=F("since")), name="issuance_queue_rule_ahead"),
            models.CheckConstraint(condition=Q(version__gte=1), name="issuance_queue_rule_from_1"),
        ]


class QueueDeadline(Fact):
    """A day before which a regency's cards are wanted, as it was published. Without one a regency comes after all."""

    regency = code()
    deadline = models.DateField()
    published_on = models.DateField()
    source = models.TextField()

    class Meta:
        db_table = "issuance_deadline"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["regency", "deadline"], name="issuance_deadline_once"),
            models.CheckConstraint(condition=~Q(source=""), name="issuance_deadline_has_source"),
        ]


class OfficeSetting(Fact):
    """How an office prints from a day on: down the queue, or when the holder is at the counter."""

    office = code()
    seq = models.IntegerField()
    prints = code()
    since = models.DateField()
    reason = models.TextField()
    by = code()

    class Meta:
        db_table = "issuance_office_setting"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["office", "seq"], name="issuance_office_setting_once"),
            models.CheckConstraint(condition=Q(prints__in=[p.value for p in Prints]), name="issuance_office_prints"),
            models.CheckConstraint(condition=~Q(reason=""), name="issuance_office_setting_has_reason"),
        ]


class OldCard(Fact):
    """A card that was given back, for destruction. Cards from before this system have no serial here."""

    number = code(primary_key=True)
    serial = code(default="")
    kind = code()
    reason = code()
    person_id = models.BigIntegerField()
    office = code()
    regency = code()
    replaced_by = code(default="")
    by = code()
    at = models.DateTimeField()

    class Meta:
        db_table = "issuance_card_given_back"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["serial"], condition=~Q(serial=""), name="issuance_given_back_once"),
            models.CheckConstraint(
                condition=Q(kind__in=[k.value for k in OldCardKind]), name="issuance_given_back_kind"
            ),
            models.CheckConstraint(
                condition=Q(reason__in=[r.value for r in OldCardReason]), name="issuance_given_back_reason"
            ),
        ]
