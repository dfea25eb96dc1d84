"""What came in: files, and every version of every row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models

from blanko.ground.audit.facts import Fact
from blanko.records.intake import canonical
from blanko.records.intake.kinds import (
    APPLICATIONS,
    BIOMETRICS,
    COUNTS,
    DEATHS,
    PRINTERS,
    PRINTING,
    REGISTRATIONS,
    STOCK,
    Kind,
)


def code(**given: object) -> models.TextField:
    return models.TextField(db_collation="C", **given)


class File(Fact):
    """One file as it came, and its balance: accepted + unchanged + refused = read."""

    id = models.BigAutoField(primary_key=True)
    sha256 = code(unique=True)
    name = models.TextField()
    kind = code()
    format = models.TextField()
    mapping = models.JSONField()
    read = models.BigIntegerField()
    accepted = models.BigIntegerField()
    unchanged = models.BigIntegerField()
    refused = models.BigIntegerField()
    warnings = models.BigIntegerField()
    warning_counts = models.JSONField()
    rejects = models.TextField(null=True)
    loaded_at = models.DateTimeField()
    loaded_by = code()

    class Meta:
        db_table = "intake_file"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(read=models.F("accepted") + models.F("unchanged") + models.F("refused")),
                name="intake_file_balances",
            ),
        ]


class Version(Fact):
    """One version of one row. Equal content adds none; other content adds the next."""

    of_kind: ClassVar[Kind]

    regency = code(null=True)
    version = models.IntegerField()
    file_id = models.BigIntegerField()
    row_no = models.IntegerField()
    warnings = ArrayField(models.TextField(), default=list)

    class Meta:
        abstract = True

    @classmethod
    def leaves_of_event(cls, event_id: int) -> Iterator[bytes]:
        """Leaf hashes from the stored columns, in the fast canonical form of ``canonical``."""
        columns = [column.name for column in cls.of_kind.columns]
        with connection.cursor() as cursor:
            names = ", ".join(f'"{name}"::text' for name in columns)
            cursor.execute(f'SELECT {names} FROM "{cls._meta.db_table}" WHERE event_id = %s', [event_id])
            for row in cursor:
                yield canonical.leaf_of_values(cls._meta.db_table, row)


class Registration(Version):
    of_kind = REGISTRATIONS

    pk = models.CompositePrimaryKey("recorded_office", "record_id", "version")
    recorded_office = code()
    record_id = code()
    nik = code(null=True)
    name = models.TextField(null=True)
    birth_place = models.TextField(null=True)
    birth_date = models.DateField(null=True)
    sex = code(null=True)
    mother_name = models.TextField(null=True)
    address = models.TextField(null=True)
    village_code = code()
    recorded_on = models.DateField(null=True)
    marital_status = code(null=True)
    status = code(null=True)
    status_since = models.DateField(null=True)
    card_issued_on = models.DateField(null=True)
    suket_no = models.TextField(null=True)
    family_card_no = code(null=True)

    class Meta:
        db_table = "intake_registration"


class Application(Version):
    of_kind = APPLICATIONS

    pk = models.CompositePrimaryKey("office", "document_no", "version")
    office = code()
    document_no = code()
    nik = code()
    cause = code()
    event_date = models.DateField(null=True)
    applied_on = models.DateField()

    class Meta:
        db_table = "intake_application"


class Death(Version):
    of_kind = DEATHS

    pk = models.CompositePrimaryKey("office", "document_no", "version")
    office = code()
    document_no = code()
    nik = code(null=True)
    record_id = code(null=True)
    recorded_office = code(null=True)
    died_on = models.DateField()
    reported_on = models.DateField(null=True)
    name = models.TextField(null=True)
    birth_place = models.TextField(null=True)
    birth_date = models.DateField(null=True)
    sex = code(null=True)
    mother_name = models.TextField(null=True)
    address = models.TextField(null=True)
    village_code = code(null=True)

    class Meta:
        db_table = "intake_death"


class StockCount(Version):
    of_kind = STOCK

    pk = models.CompositePrimaryKey("office", "counted_on", "version")
    office = code()
    counted_on = models.DateField()
    good = models.BigIntegerField()
    spoiled = models.BigIntegerField()

    class Meta:
        db_table = "intake_stock_count"


class Count(Version):
    of_kind = COUNTS

    pk = models.CompositePrimaryKey("area", "metric", "date", "source", "kind", "version")
    area = code()
    metric = code()
    value = models.BigIntegerField()
    date = models.DateField()
    denominator = models.BigIntegerField(null=True)
    source = models.TextField(db_collation="C")
    kind = code()
    known_on = models.DateField()

    class Meta:
        db_table = "intake_count"


class PrinterState(Version):
    """A printer stands at an office and works, has failed or is retired, since a day."""

    of_kind = PRINTERS

    pk = models.CompositePrimaryKey("printer", "since", "version")
    office = code()
    printer = code()
    state = code()
    since = models.DateField()
    cards_an_hour = models.BigIntegerField(null=True)
    note = models.TextField(null=True)

    class Meta:
        db_table = "intake_printer_state"


class PrintingReport(Version):
    """What an office has to print with on a day: ribbon and ink in cards, operators and hours of a week."""

    of_kind = PRINTING

    pk = models.CompositePrimaryKey("office", "reported_on", "version")
    office = code()
    reported_on = models.DateField()
    ribbon_cards = models.BigIntegerField(null=True)
    ink_cards = models.BigIntegerField(null=True)
    operators = models.BigIntegerField(null=True)
    operator_hours = models.BigIntegerField(null=True)
    print_hours = models.BigIntegerField(null=True)

    class Meta:
        db_table = "intake_printing_report"


class Biometric(Version):
    of_kind = BIOMETRICS

    pk = models.CompositePrimaryKey("recorded_office", "record_id", "decided_at", "version")
    recorded_office = code()
    record_id = code()
    result = code()
    candidate_ids = models.TextField(null=True)
    score = models.TextField(null=True, db_collation="C")
    engine = models.TextField()
    decided_at = code()

    class Meta:
        db_table = "intake_biometric"
