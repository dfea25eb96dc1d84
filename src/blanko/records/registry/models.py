"""Persons, links, statuses, deaths, coverage: facts, and the current state that is folded from them."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from blanko.ground.audit.facts import Fact, Projection, Reference


def _code(**given: object) -> models.TextField[str, str]:
    return models.TextField(db_collation="C", **given)


class RecordLink(Fact):
    """This record belongs to this person. A later row for the record replaces an earlier one and leaves it in
    place.
    """

    # No surrogate key: at the first load each further index costs as much as the rows.
    pk = models.CompositePrimaryKey("recorded_office", "record_id", "seq")
    recorded_office = _code()
    record_id = _code()
    seq = models.IntegerField()
    person_id = models.BigIntegerField()
    cause = _code()

    class Meta:
        db_table = "registry_record_link"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(seq__gte=1), name="registry_record_link_seq_from_1"),
            models.CheckConstraint(
                condition=Q(cause__in=["first_seen", "exact_duplicate", "linkage", "decision"]),
                name="registry_record_link_cause_known",
            ),
        ]


class PersonMerge(Fact):
    """Two ids turned out to be one person's. The earlier id resolves to the survivor until a split takes it back."""

    person_id = models.BigIntegerField()
    survivor = models.BigIntegerField()
    cause = _code()
    reason = models.TextField(default="")

    class Meta:
        db_table = "registry_person_merge"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            # The smaller id survives, so that merges can never form a circle.
            models.CheckConstraint(condition=Q(survivor__lt=F("person_id")), name="registry_person_merge_smaller"),
            models.CheckConstraint(
                condition=Q(cause__in=["exact_duplicate", "linkage", "decision"]),
                name="registry_person_merge_cause_known",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["survivor"], name="registry_person_merge_survivor"),
        ]


class PersonSplit(Fact):
    """Records that were held for one person's are another's: ``person_id`` no longer leads to ``split_from``, but to
    ``becomes`` (itself, or a smaller id of the same part).
    """

    split_from = models.BigIntegerField()
    person_id = models.BigIntegerField()
    becomes = models.BigIntegerField()
    cause = _code()
    reason = models.TextField(default="")

    class Meta:
        db_table = "registry_person_split"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~Q(split_from=F("becomes")), name="registry_person_split_parts"),
            models.CheckConstraint(condition=Q(becomes__lte=F("person_id")), name="registry_person_split_smaller"),
            models.CheckConstraint(
                condition=Q(cause__in=["linkage", "decision"]), name="registry_person_split_cause_known"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["split_from"], name="registry_person_split_from"),
        ]


class PairVerdict(Fact):
    """Somebody decided of two records whether they are one person's. The last row of a pair counts, while both records
    have the versions that were judged; the left record's key is the smaller one.
    """

    left_office = _code()
    left_id = _code()
    left_version = models.IntegerField()
    right_office = _code()
    right_id = _code()
    right_version = models.IntegerField()
    seq = models.IntegerField()
    verdict = _code()
    cause = _code()
    reason = models.TextField(default="")

    class Meta:
        db_table = "registry_pair_verdict"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["left_office", "left_id", "right_office", "right_id", "seq"], name="registry_pair_verdict_once"
            ),
            models.CheckConstraint(
                condition=Q(left_office__lt=F("right_office"))
                | Q(left_office=F("right_office"), left_id__lt=F("right_id")),
                name="registry_pair_verdict_ordered",
            ),
            models.CheckConstraint(
                condition=Q(verdict__in=["same", "different", "withdrawn"]), name="registry_pair_verdict_known"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="registry_pair_verdict_has_reason"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["right_office", "right_id"], name="registry_pair_verdict_right"),
        ]


class Follower(Reference):
    """A database function of a higher room that keeps its rows beside the persons: it is called, with what moved, in
    the transaction in which records change their person.
    """

    function = models.TextField(unique=True, db_collation="C")

    class Meta:
        db_table = "registry_follower"


class StatusTransition(Reference):
    """One allowed change of a record's status: the table TRANSITIONS of rules.py, kept in the database
    too.
    """

    from_status = _code()
    to_status = _code()
    kind = _code()

    class Meta:
        db_table = "registry_status_transition"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["from_status", "to_status", "kind"], name="registry_status_transition_once"
            ),
        ]


class StatusName(Reference):
    """A status that a record can have, and its rank when a person's records vie for the card (LEAD_RANK)."""

    status = models.TextField(unique=True, db_collation="C")
    lead_rank = models.IntegerField()

    class Meta:
        db_table = "registry_status_name"


class StatusChange(Fact):
    """One link of a record's chain of statuses."""

    pk = models.CompositePrimaryKey("recorded_office", "record_id", "seq")
    recorded_office = _code()
    record_id = _code()
    seq = models.IntegerField()
    from_status = _code()
    to_status = _code()
    since = models.DateField()
    kind = _code()
    reason = models.TextField(default="")

    class Meta:
        db_table = "registry_status"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=~Q(kind="correction") | ~Q(reason=""), name="registry_status_correction_has_reason"
            ),
        ]


class StatusConflict(Fact):
    """A file showed a status that the chain cannot take. The held one stays; this row keeps what was
    shown.
    """

    recorded_office = _code()
    record_id = _code()
    version = models.IntegerField()
    held_status = _code()
    held_since = models.DateField()
    shown_status = _code()
    shown_since = models.DateField()

    class Meta:
        db_table = "registry_status_conflict"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["recorded_office", "record_id"], name="registry_status_conflict_key"),
        ]


class DeathReport(Fact):
    """A person is reported dead, or (``stands`` false) a report was mistaken. The last row of a person and record
    counts; it follows the record, by which it was known whose death it is, wherever that goes.
    """

    person_id = models.BigIntegerField()
    seq = models.IntegerField()
    recorded_office = _code()
    record_id = _code()
    stands = models.BooleanField()
    died_on = models.DateField()
    source = _code()
    office = _code()
    document_no = models.TextField(default="")
    reason = models.TextField(default="")

    class Meta:
        db_table = "registry_death"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["person_id", "seq"], name="registry_death_once"),
            models.CheckConstraint(
                condition=Q(source__in=["file", "status", "officer"]), name="registry_death_source_known"
            ),
            models.CheckConstraint(condition=Q(stands=True) | ~Q(reason=""), name="registry_death_lift_has_reason"),
        ]


class DeathMatching(Projection):
    """Whom a paper about a death means that names its person: what the engine says of its newest version, and the
    records (``office/record``) among which a person decides when it is not sure.
    """

    pk = models.CompositePrimaryKey("office", "document_no")
    office = _code()
    document_no = _code()
    version = models.IntegerField()
    outcome = _code()
    person_id = models.BigIntegerField(null=True)
    records = ArrayField(models.TextField(db_collation="C"), default=list)
    weight = models.FloatField(null=True)
    model = models.IntegerField(null=True)

    class Meta:
        db_table = "registry_death_match"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(outcome__in=["sure", "uncertain", "somebody_else", "nobody"]),
                name="registry_death_match_outcome",
            ),
            models.CheckConstraint(
                condition=Q(outcome="sure", person_id__isnull=False) | Q(person_id__isnull=True) & ~Q(outcome="sure"),
                name="registry_death_match_sure_has_person",
            ),
        ]


class DeathAnswer(Fact):
    """An officer says whom a version of a paper about a death means: the person of a record, nobody (both empty), or
    takes that back (``stands`` false). The last row of a version counts.
    """

    office = _code()
    document_no = _code()
    version = models.IntegerField()
    seq = models.IntegerField()
    stands = models.BooleanField()
    recorded_office = _code(default="")
    record_id = _code(default="")
    reason = models.TextField()

    class Meta:
        db_table = "registry_death_answer"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["office", "document_no", "version", "seq"], name="registry_death_answer_once"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="registry_death_answer_has_reason"),
        ]


class NikConfirmation(Fact):
    """An officer says that a NIK is right although its digits contradict birth date or sex, or takes that back.

    A NIK is for life: whoever's birth date was corrected later keeps it, and no corrected row could ever mend that.
    """

    recorded_office = _code()
    record_id = _code()
    seq = models.IntegerField()
    nik = _code()
    stands = models.BooleanField()
    reason = models.TextField()

    class Meta:
        db_table = "registry_nik_confirmation"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["recorded_office", "record_id", "seq"], name="registry_nik_confirmation_once"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="registry_nik_confirmation_has_reason"),
        ]


class RecordClosing(Fact):
    """A record was closed for another of the same person, or (``closed`` false) opened again. It is kept whole
    and restorable: quarantine, not deletion.
    """

    recorded_office = _code()
    record_id = _code()
    seq = models.IntegerField()
    closed = models.BooleanField()
    kept_office = _code(default="")
    kept_id = _code(default="")
    status = _code()
    status_since = models.DateField()
    cause = _code()
    reason = models.TextField()

    class Meta:
        db_table = "registry_record_closing"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["recorded_office", "record_id", "seq"], name="registry_record_closing_once"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="registry_record_closing_has_reason"),
            # Closed in favour of another record, or withdrawn as a mistake: in favour of none.
            models.CheckConstraint(
                condition=Q(closed=False) | ~Q(kept_office="", kept_id="") | Q(cause="withdrawn"),
                name="registry_record_closing_for_another",
            ),
        ]


class Coverage(Fact):
    """A named officer says that all registrations of a regency are loaded, one row each; or takes that
    back.
    """

    regency = _code()
    seq = models.IntegerField()
    whole = models.BooleanField()
    as_of = models.DateField()
    by = _code()
    reason = models.TextField()

    class Meta:
        db_table = "registry_coverage"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["regency", "seq"], name="registry_coverage_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="registry_coverage_has_reason"),
        ]


class BiometricResult(Fact):
    """What an engine of fingerprints and irises decided of a record, and what came of it here.

    ``outcome``: moved the record's status, changed nothing (``kept``), or came after a card was on its way (``late``).
    """

    pk = models.CompositePrimaryKey("recorded_office", "record_id", "decided_at", "version")
    recorded_office = _code()
    record_id = _code()
    decided_at = _code()
    version = models.IntegerField()
    result = _code()
    candidate_ids = models.TextField()
    score = _code()
    engine = models.TextField()
    outcome = _code()

    class Meta:
        db_table = "registry_biometric"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(result__in=["unique", "duplicate", "uncertain", "failed"]), name="registry_biometric_result"
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=["moved", "kept", "late"]), name="registry_biometric_outcome"
            ),
            models.CheckConstraint(condition=~Q(engine=""), name="registry_biometric_engine_named"),
        ]


class Record(Projection):
    """A record as it stands now: its newest version, its person, its status."""

    pk = models.CompositePrimaryKey("recorded_office", "record_id")
    recorded_office = _code()
    record_id = _code()
    person_id = models.BigIntegerField()
    link_seq = models.IntegerField()
    version = models.IntegerField()
    regency = _code()
    nik = models.TextField(null=True, db_collation="C")
    name = models.TextField(null=True)
    birth_date = models.DateField(null=True)
    sex = models.TextField(null=True, db_collation="C")
    marital_status = models.TextField(null=True, db_collation="C")
    recorded_on = models.DateField(null=True)
    status = _code()
    status_since = models.DateField()
    status_seq = models.IntegerField()
    issued_on = models.DateField(null=True)
    warnings = ArrayField(models.TextField(db_collation="C"))
    status_conflict = models.BooleanField(default=False)
    nik_shared = models.BooleanField(default=False)
    nik_confirmed = models.BooleanField(default=False)
    died_on = models.DateField(null=True)
    is_lead = models.BooleanField(default=True)
    cluster_size = models.IntegerField(default=1)
    # The id that this record was the first to bear. It resolves to whoever the record's person is today.
    founded = models.BigIntegerField(null=True)
    closed = models.BooleanField(default=False)
    # Entered by mistake: in quarantine, nobody's, compared with nothing.
    withdrawn = models.BooleanField(default=False, db_default=False)

    class Meta:
        db_table = "registry_record"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            # Exactly one of a person's records carries the card.
            models.UniqueConstraint(fields=["person_id"], condition=Q(is_lead=True), name="registry_record_one_lead"),
            models.CheckConstraint(
                condition=Q(is_lead=False) | Q(closed=False), name="registry_record_closed_never_leads"
            ),
            models.CheckConstraint(
                condition=Q(withdrawn=False) | Q(closed=True), name="registry_record_withdrawn_is_closed"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["nik"], name="registry_record_nik"),
            models.Index(fields=["person_id"], name="registry_record_person"),
            # Ids that are no longer a person's own; few, so that a first load pays nothing for it.
            models.Index(fields=["founded"], condition=~Q(founded=F("person_id")), name="registry_record_earlier_id"),
        ]


class LinkageModel(Fact):
    """A linkage model that was adopted: what a weight is made of, until the next one is. ``frozen`` holds the words and
    frequencies it was learned from (engines.linkage.frozen); the seal covers it by its ``sha256``.
    """

    sealed_columns: ClassVar[tuple[str, ...] | None] = ("version", "sha256", "model", "records", "reason")

    version = models.IntegerField(primary_key=True)
    sha256 = _code()
    model = models.JSONField()
    records = models.BigIntegerField()
    reason = models.TextField(default="")
    frozen = models.BinaryField()

    class Meta:
        db_table = "registry_linkage_model"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(version__gte=1), name="registry_linkage_model_from_1"),
        ]


class Unkeyed(Projection):
    """A record version without keys: nobody finds it at the counter, and no pair holds it. The queue of linkage."""

    pk = models.CompositePrimaryKey("recorded_office", "record_id")
    recorded_office = _code()
    record_id = _code()
    since = models.DateTimeField()

    class Meta:
        db_table = "registry_unkeyed"


class Keyed(Projection):
    """A record as the model compares it: ``packed`` fields, from which its keys follow; ``rec`` is its number there."""

    pk = models.CompositePrimaryKey("recorded_office", "record_id")
    recorded_office = _code()
    record_id = _code()
    rec = models.BigIntegerField(unique=True)
    version = models.IntegerField()
    model = models.IntegerField()
    packed = models.BinaryField()

    class Meta:
        db_table = "registry_keyed"


class Key(Projection):
    """One blocking key of one record. Records that share one are compared."""

    # A nation has billions of these, and each is a record's alone, which names its event.
    event_id = None

    pk = models.CompositePrimaryKey("key", "rec")
    key = models.BigIntegerField()
    rec = models.BigIntegerField()

    class Meta:
        db_table = "registry_key"


class Unlinked(Projection):
    """A record that has keys and was not yet compared with the others that share them."""

    event_id = None

    rec = models.BigIntegerField(primary_key=True)

    class Meta:
        db_table = "registry_unlinked"


class DroppedKey(Projection):
    """A key that a record had before its newest version: the block it left is looked at again."""

    event_id = None

    pk = models.CompositePrimaryKey("key", "rec")
    key = models.BigIntegerField()
    rec = models.BigIntegerField()

    class Meta:
        db_table = "registry_dropped_key"


class Match(Projection):
    """Two records that may be one person's, ``left`` the smaller key: the weight in bits, the level of each field, and
    what came of it.
    """

    pk = models.CompositePrimaryKey("left_office", "left_id", "right_office", "right_id")
    left_office = _code()
    left_id = _code()
    right_office = _code()
    right_id = _code()
    weight = models.FloatField()
    pattern = models.BigIntegerField()
    decided = _code()
    reason = _code()
    model = models.IntegerField()

    class Meta:
        db_table = "registry_match"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(decided__in=["merged", "review"]), name="registry_match_decided"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["right_office", "right_id"], name="registry_match_right"),
            models.Index(fields=["-weight"], condition=Q(decided="review"), name="registry_match_queue"),
        ]
