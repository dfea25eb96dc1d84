"""Rounds, their shares and what became of them. All are facts: a round is never edited, it gets a further step."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from blanko.decisions.planning.routes import MODES
from blanko.decisions.planning.rules import ENDS, NEED_SOURCES, STEPS, VERDICTS
from blanko.ground.audit.facts import Fact


def code(**options: object) -> models.TextField:
    return models.TextField(db_collation="C", **options)


class Deadline(Fact):
    """A day by which a regency's cards are needed, open to every area that has one. Published before it counts."""

    regency = code()
    deadline = models.DateField()
    reason = models.TextField()
    published_on = models.DateField()
    source = models.TextField()

    class Meta:
        db_table = "planning_deadline"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["regency", "deadline"], name="planning_deadline_once"),
            models.CheckConstraint(condition=~Q(reason__regex=r"^\s*$"), name="planning_deadline_has_reason"),
            models.CheckConstraint(condition=~Q(source__regex=r"^\s*$"), name="planning_deadline_has_source"),
            models.CheckConstraint(condition=Q(published_on__lte=F("deadline")), name="planning_deadline_published"),
        ]


class Round(Fact):
    """A version of who gets what, with the fingerprint of everything that went into it.

    Versions of one ``plan`` (the number of its first one) count from 1. A version never changes: the next one
    ``supersedes`` it, with a reason, and both stay. ``rule_version`` is the rule of its day, beside its reference.
    """

    number = models.IntegerField(unique=True)
    plan = models.IntegerField()
    version = models.PositiveIntegerField()
    supersedes = models.IntegerField(null=True, unique=True)
    supersede_reason = models.TextField(default="")
    author = code()
    title = models.TextField()
    as_of = models.DateField()
    release = models.BigIntegerField()
    stock = models.BigIntegerField()
    reserve = models.PositiveBigIntegerField(default=0)
    reserve_for = models.TextField(default="")
    deadline = models.DateField(null=True)
    box_size = models.IntegerField()
    part_boxes = models.BooleanField()
    part_reserve = models.PositiveIntegerField()
    lot_min = models.PositiveIntegerField(default=0)
    classes = ArrayField(code(), default=list)
    lending = models.BooleanField(default=False)
    rule_version = code()
    rule_from = models.DateField()
    rule_reference = models.TextField()
    inputs_sha256 = code()
    document_sha256 = code()

    class Meta:
        db_table = "planning_round"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["plan", "version"], name="planning_round_version_once"),
            models.UniqueConstraint(fields=["number", "author"], name="planning_round_author"),
            models.CheckConstraint(condition=Q(release__gt=0), name="planning_round_releases"),
            models.CheckConstraint(
                condition=Q(release__lte=F("stock") - F("reserve")), name="planning_round_within_stock"
            ),
            models.CheckConstraint(condition=Q(box_size__gt=0), name="planning_round_box_size"),
            models.CheckConstraint(condition=~Q(title__regex=r"^\s*$"), name="planning_round_has_title"),
            models.CheckConstraint(condition=~Q(author=""), name="planning_round_has_author"),
            models.CheckConstraint(
                condition=Q(reserve=0, reserve_for="") | Q(reserve__gt=0) & ~Q(reserve_for__regex=r"^\s*$"),
                name="planning_round_reserve_for",
            ),
            models.CheckConstraint(
                condition=Q(version=1, supersedes__isnull=True, supersede_reason="", plan=F("number"))
                | Q(version__gt=1, supersedes__isnull=False) & ~Q(supersede_reason__regex=r"^\s*$"),
                name="planning_round_supersedes_for_a_reason",
            ),
        ]


class RoundStep(Fact):
    """Drafted, reviewed or returned by another officer, then committed, discarded or superseded: one end each.

    A review names the ``author`` of the version, who is another person.
    """

    round_no = models.IntegerField()
    step = code()
    at = models.DateTimeField()
    by = code()
    author = code(null=True)
    reason = models.TextField(default="")

    class Meta:
        db_table = "planning_round_step"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["round_no", "step"], name="planning_round_step_once"),
            models.UniqueConstraint(
                fields=["round_no"], condition=Q(step__in=list(ENDS)), name="planning_round_ends_once"
            ),
            models.UniqueConstraint(
                fields=["round_no"], condition=Q(step__in=list(VERDICTS)), name="planning_round_reviewed_once"
            ),
            models.CheckConstraint(condition=Q(step__in=STEPS), name="planning_round_step_known"),
            models.CheckConstraint(
                condition=Q(step__in=list(VERDICTS), author__isnull=False) & ~Q(by=F("author"))
                | ~Q(step__in=list(VERDICTS)) & Q(author__isnull=True),
                name="planning_round_reviewed_by_another",
            ),
        ]


class RuleAdoption(Fact):
    """From which day a rule is in force for real rounds, on what it rests, and who decided it with whom."""

    sequence = models.IntegerField(unique=True)
    rule = code()
    from_date = models.DateField(unique=True)
    reference = models.TextField()
    reason = models.TextField()
    by = code()
    second = code()
    at = models.DateTimeField()

    class Meta:
        db_table = "planning_rule_adoption"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~Q(reference__regex=r"^\s*$"), name="planning_rule_adoption_reference"),
            models.CheckConstraint(condition=~Q(reason__regex=r"^\s*$"), name="planning_rule_adoption_has_reason"),
            models.CheckConstraint(
                condition=~Q(by=F("second")) & ~Q(by="") & ~Q(second=""), name="planning_rule_adoption_two_officers"
            ),
        ]


class Deferral(Fact):
    """What an office puts off of its next share by its own wish. It keeps the claim to it."""

    sequence = models.IntegerField(unique=True)
    regency = code()
    blanks = models.BigIntegerField()
    since = models.DateField()
    reason = models.TextField()
    by = code()
    at = models.DateTimeField()

    class Meta:
        db_table = "planning_deferral"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(blanks__gt=0), name="planning_deferral_puts_off"),
            models.CheckConstraint(condition=~Q(reason__regex=r"^\s*$"), name="planning_deferral_has_reason"),
        ]


class Collection(Fact):
    """An office fetches its next lot itself: its officer comes with a letter (surat tugas) on a day."""

    regency = code()
    letter = code(unique=True)
    officer = models.TextField()
    collect_on = models.DateField()
    by = code()
    at = models.DateTimeField()

    class Meta:
        db_table = "planning_collection"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~Q(letter__regex=r"^\s*$"), name="planning_collection_has_letter"),
            models.CheckConstraint(condition=~Q(officer__regex=r"^\s*$"), name="planning_collection_names_officer"),
        ]


class Route(Fact):
    """What the way from the warehouse to an office takes (days) and costs (rupiah), by whoever stated it.

    A tariff by weight states ``kg_cost`` (rupiah) and the weight of a packed blank in milligrams; ``blank_cost`` is
    what follows from the two, rounded up.
    """

    regency = code()
    mode = code()
    from_date = models.DateField()
    days = models.PositiveIntegerField()
    lot_cost = models.PositiveBigIntegerField()
    blank_cost = models.PositiveIntegerField()
    kg_cost = models.PositiveIntegerField(null=True)
    blank_mg = models.PositiveIntegerField(null=True)
    source = models.TextField()

    class Meta:
        db_table = "planning_route"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["regency", "mode", "from_date"], name="planning_route_once"),
            models.CheckConstraint(condition=Q(mode__in=MODES), name="planning_route_mode"),
            models.CheckConstraint(condition=~Q(source__regex=r"^\s*$"), name="planning_route_has_source"),
            models.CheckConstraint(
                condition=Q(kg_cost__isnull=True, blank_mg__isnull=True)
                | Q(kg_cost__isnull=False, blank_mg__isnull=False),
                name="planning_route_weighed",
            ),
        ]


class ProposedLoan(Fact):
    """A loan inside a province that a round proposes (blanks). It moves nothing: the two offices agree on it."""

    round_no = models.IntegerField()
    lender = code()
    borrower = code()
    blanks = models.BigIntegerField()

    class Meta:
        db_table = "planning_proposed_loan"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["round_no", "lender", "borrower"], name="planning_proposed_loan_once"),
            models.CheckConstraint(condition=Q(blanks__gt=0), name="planning_proposed_loan_lends"),
            models.CheckConstraint(condition=~Q(lender=F("borrower")), name="planning_proposed_loan_to_another"),
        ]


class Share(Fact):
    """What a round gives a regency, with everything that explains it."""

    round_no = models.IntegerField()
    regency = code()
    need_source = code()
    counted_on = models.DateField(null=True)
    source = models.TextField(default="")
    print_ready = models.BigIntegerField()
    printed_since = models.BigIntegerField()
    need = models.BigIntegerField()
    earlier = models.BigIntegerField()
    in_hand = models.BigIntegerField()
    in_transit = models.BigIntegerField()
    requested = models.BigIntegerField(null=True)
    deadline = models.DateField(null=True)
    last_box_on = models.DateField(null=True)
    cards_a_day = models.IntegerField()
    remaining = models.BigIntegerField()
    share = models.BigIntegerField()
    boxes = models.IntegerField()
    part = models.IntegerField()
    fill_before = models.DecimalField(max_digits=7, decimal_places=6)
    fill_after = models.DecimalField(max_digits=7, decimal_places=6)
    binding = code()
    would_lose = code(null=True)
    transport_days = models.IntegerField()
    printing_days = models.IntegerField()
    dispatch_by = models.DateField()
    late = models.BooleanField()
    # What the office claims from earlier rounds, what of it is served now, and what stays open.
    claim = models.BigIntegerField(default=0)
    claim_since = models.DateField(null=True)
    claimed = models.BigIntegerField(default=0)
    wish = models.BigIntegerField(default=0)
    wish_no = models.IntegerField(null=True)
    deferred = models.BigIntegerField(default=0)
    claim_left = models.BigIntegerField(default=0)
    claim_left_since = models.DateField(null=True)
    # People of the need by the classes that are served first.
    first = models.JSONField(default=dict)
    mode = code(default="courier")
    letter = code(default="")
    collect_on = models.DateField(null=True)
    lot_cost = models.BigIntegerField(default=0)
    blank_cost = models.BigIntegerField(default=0)
    transport_cost = models.BigIntegerField(default=0)

    class Meta:
        db_table = "planning_share"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["round_no", "regency"], name="planning_share_once"),
            models.CheckConstraint(condition=Q(need_source__in=NEED_SOURCES), name="planning_share_need_source"),
            models.CheckConstraint(condition=Q(share__gte=0), name="planning_share_whole"),
            # Being shared to beyond the need would take a blank from somebody who lacks one.
            models.CheckConstraint(condition=Q(share__lte=F("remaining")), name="planning_share_within_need"),
            models.CheckConstraint(condition=Q(fill_before__lte=F("fill_after")), name="planning_share_never_empties"),
            models.CheckConstraint(condition=Q(claimed__lte=F("share")), name="planning_share_claimed_within"),
            models.CheckConstraint(condition=Q(mode__in=MODES), name="planning_share_mode"),
            models.CheckConstraint(
                condition=Q(mode="collection") & ~Q(letter="") & Q(collect_on__isnull=False)
                | Q(mode="courier", letter="", collect_on__isnull=True),
                name="planning_share_collected_by_letter",
            ),
        ]


class StageEffect(Fact):
    """What a round for a deadline took from an area that does not have it (blanks).

    ``lost_now``: what this release would have given it, had the release been open to all. ``lost_lasting``: what it
    still lacks of that when the rest of the warehouse's stock is shared among everybody.
    """

    round_no = models.IntegerField()
    regency = code()
    deadline = models.DateField()
    lost_now = models.BigIntegerField()
    lost_lasting = models.BigIntegerField()

    class Meta:
        db_table = "planning_stage_effect"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["round_no", "regency"], name="planning_stage_effect_once"),
            models.CheckConstraint(
                condition=Q(lost_now__gte=0, lost_lasting__gte=0), name="planning_stage_effect_whole"
            ),
        ]


class Override(Fact):
    """A share that was changed by hand: by whom, with whom, and why. It is shown for ever."""

    round_no = models.IntegerField()
    regency = code()
    sequence = models.IntegerField()
    share_before = models.BigIntegerField()
    share_after = models.BigIntegerField()
    reason = models.TextField()
    by = code()
    second = code()
    at = models.DateTimeField()

    class Meta:
        db_table = "planning_override"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["round_no", "sequence"], name="planning_override_once"),
            models.CheckConstraint(condition=~Q(reason__regex=r"^\s*$"), name="planning_override_has_reason"),
            models.CheckConstraint(
                condition=~Q(by=F("second")) & ~Q(by="") & ~Q(second=""), name="planning_override_two_officers"
            ),
            models.CheckConstraint(condition=Q(share_after__gte=0), name="planning_override_whole"),
        ]


class DemandOverrule(Fact):
    """A rate of demand that a person put in the place of the learned one. Both stay: ``was`` is what it replaced."""

    sequence = models.IntegerField(unique=True)
    cause = code()
    # A regency (4 digits), a province (2) or the nation (empty).
    area = code()
    rate = models.FloatField()
    was = models.FloatField()
    cv = models.FloatField()
    reason = models.TextField()
    by = code()
    at = models.DateTimeField()

    class Meta:
        db_table = "planning_demand_overrule"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(rate__gte=0) & Q(rate__lte=1), name="planning_demand_overrule_rate"),
            models.CheckConstraint(condition=Q(cv__gte=0), name="planning_demand_overrule_cv"),
            models.CheckConstraint(condition=~Q(reason__regex=r"^\s*$"), name="planning_demand_overrule_has_reason"),
        ]


class Objection(Fact):
    """What a regency objects to in a round. It changes nothing by itself, and is published with the round for ever."""

    round_no = models.IntegerField()
    sequence = models.IntegerField()
    regency = code()
    text = models.TextField()
    by = code()
    at = models.DateTimeField()

    class Meta:
        db_table = "planning_objection"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["round_no", "sequence"], name="planning_objection_once"),
            models.CheckConstraint(condition=~Q(text__regex=r"^\s*$"), name="planning_objection_says_what"),
        ]


class DispatchList(Fact):
    """What a committed round sends to one office: papers, days, boxes and pieces of opened boxes."""

    round_no = models.IntegerField()
    regency = code()
    office = code()
    consignment = code(unique=True)
    papers = code(unique=True)
    written_on = models.DateField()
    dispatch_by = models.DateField()
    deadline = models.DateField(null=True)
    blanks = models.BigIntegerField()
    # Boxes as [series, number, size], pieces as [series, number, first, last]: plain lists seal and export as they are.
    boxes = models.JSONField()
    pieces = models.JSONField()
    opened = ArrayField(code(), default=list)
    mode = code(default="courier")
    letter = code(default="")
    carrier = models.TextField(default="")
    transport_days = models.IntegerField(default=0)
    transport_cost = models.BigIntegerField(default=0)

    class Meta:
        db_table = "planning_dispatch_list"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["round_no", "regency"], name="planning_dispatch_list_once"),
            models.CheckConstraint(condition=Q(blanks__gt=0), name="planning_dispatch_list_sends"),
        ]
