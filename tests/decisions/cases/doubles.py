"""Records that ask questions, for the tests of cases."""

from datetime import UTC, date, datetime

from django.db import connection
from records.filed import nik, put, registration

from blanko.decisions.cases import operations, queries
from blanko.records.entitlement import operations as entitlement
from blanko.records.registry import queries as registry

AT = datetime(2017, 4, 4, 2, tzinfo=UTC)
BY = {"by": "operator.3171", "at": AT}
OTHER = {"by": "kepala.pusat", "at": AT}


def key(number, office="3171"):
    return (office, f"R{number:05d}")


def file(*rows):
    """Take the rows in and look for cases; returns the numbers of those that wait."""
    put(registrations=list(rows))
    entitlement.catch_up(**BY)
    operations.open_cases(**BY)
    return waiting()


def waiting():
    return [row["case_no"] for row in queries.queue()]


def double(number, *, other=50, **changes):
    """The same person's second record, at another office: an exact duplicate that the files show."""
    return registration(
        number, **{
            "recorded_office": "3201", "record_id": f"R{number + other:05d}", "village_code": "3201011001",
            "recorded_on": date(2016, 8, 1), **changes,
        },
    )  # fmt: skip


def clash(number, of, **changes):
    """Somebody else under the NIK of another."""
    return registration(number, nik=nik(of), **changes)


def whose(of):
    return registry.resolve_record(recorded_office=of[0], record_id=of[1])


def snapshot():
    """All that a decision may change, without the numbers of its events."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT recorded_office, record_id, person_id, status, status_since, issued_on, is_lead, cluster_size,"
            " closed, warnings FROM registry_record_current ORDER BY 1, 2"
        )
        records = cursor.fetchall()
        cursor.execute(
            "SELECT person_id, recorded_office, record_id, state, stage, cause, since, print_ready_since, blocks"
            " FROM entitlement_card_owed ORDER BY 1"
        )
        claims = cursor.fetchall()
        cursor.execute("SELECT serial, person_id, counts, state FROM issuance_card_of_record ORDER BY 1")
        cards = cursor.fetchall()
        cursor.execute(
            "SELECT left_office, left_id, right_office, right_id, verdict FROM registry_pair_verdict_standing"
            " ORDER BY 1, 2, 3, 4"
        )
        return records, claims, cards, cursor.fetchall()
