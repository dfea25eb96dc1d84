"""Read cards, the queue, what waits at an office, and follow one blank from its lot into a hand."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db import connection

from blanko.cards.custody import queries as custody
from blanko.cards.issuance import rules
from blanko.cards.issuance.models import Card, CardStep, OfficeSetting, PrintJob, PrintJobEnd, QueueDeadline, QueueRule
from blanko.cards.issuance.rules import AGES, FIRST_RULE, Rule, SuketEffect
from blanko.ground.database import sql


def _dicts(file: str, **values: object) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(sql.text(__package__, file), values)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def card(serial: str) -> dict[str, Any] | None:
    """A card with its steps in order, or None when nothing was printed on this blank."""
    row = Card.objects.filter(pk=serial).values().first()
    if row is None:
        return None
    steps = CardStep.objects.filter(serial=serial).order_by("seq")
    names = ("step", "at", "by", "office", "reason", "movement", "handed_to", "checked", "receiver", "relation",
             "document")  # fmt: skip
    return {**row, "steps": list(steps.values(*names))}


def follow(serial: str) -> dict[str, Any]:
    """A blank's whole life: where it is now, every step of its way, and the card on it. Raises what custody's way
    raises.
    """
    return {
        "serial": serial,
        "now": custody.places(serial),
        "way": custody.way_of(serial),
        "card": card(serial),
    }


def uncollected(*, office: str, limit: int = 200) -> list[dict[str, Any]]:
    """Cards that wait at an office for their holders, the oldest first: serial, person_id, printed_at, name, nik."""
    return _dicts("uncollected.sql", office=office, limit=limit)


def uncollected_by_age(*, at: datetime, office: str | None = None) -> list[dict[str, Any]]:
    """Cards that wait for their holders, by office and by days since printing (rules.AGES).

    Rows: office, days_from, days_to (None: no end), cards.
    """
    rows = _dicts("uncollected_by_age.sql", at=at, office=office, ends=[end for _start, end in AGES if end is not None])
    return [
        {"office": row["office"], "days_from": AGES[row["band"]][0], "days_to": AGES[row["band"]][1],
         "cards": row["cards"]}
        for row in rows
    ]  # fmt: skip


def jobs(*, office: str) -> list[dict[str, Any]]:
    """What is in an office's printers: job, serial, person_id, name, nik, at; the oldest first."""
    return _dicts("in_printers.sql", office=office)


def job(name: str) -> dict[str, Any]:
    """A print job with how it ended (``outcome`` None while it runs). Raises UnknownJob."""
    row = PrintJob.objects.filter(pk=name).values().first()
    if row is None:
        raise rules.UnknownJob("there is no print job {job}", mend="look up the jobs in the printers", job=name)
    end = PrintJobEnd.objects.filter(pk=name).values("outcome", "fault", "blank", "note").first()
    return {**row, **(end or dict.fromkeys(("outcome", "fault", "blank", "note")))}


def queue(*, office: str, on: date, limit: int = 200) -> list[dict[str, Any]]:
    """Who is next at an office: person_id, recorded_office, record_id, nik, name, cause, since, print_ready_since,
    holds_suket, rule (version of the order), place.
    """
    rows = _dicts("queue.sql", office=office, day=on, limit=limit)
    return [{**row, "place": place} for place, row in enumerate(rows, 1)]


def national_queue(*, on: date, limit: int = 200) -> list[dict[str, Any]]:
    """The queue of all offices by the whole published order; its deadline class first. Rows as ``queue``, deadline."""
    return _dicts("national_queue.sql", day=on, limit=limit)


def waiting(*, office: str) -> int:
    """How many persons of an office only a blank is missing for."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM entitlement_card_owed WHERE regency = %s AND state = 'print_ready'", [office]
        )
        return int(cursor.fetchone()[0])


def rules_known() -> list[Rule]:
    """Every published version of the queue's order, the first one first."""
    rows = QueueRule.objects.order_by("version").values_list("version", "since", "suket", "source")
    return [Rule(version, since, SuketEffect(suket), source) for version, since, suket, source in rows]


def rule_on(day: date) -> Rule:
    """The version in force on a day."""
    return rules.rule_on((FIRST_RULE, *rules_known()), day)


def deadlines(on: date) -> dict[str, date]:
    """The next published deadline of each regency that has one."""
    found: dict[str, date] = {}
    rows = QueueDeadline.objects.filter(published_on__lte=on, deadline__gte=on).order_by("deadline")
    for regency, deadline in rows.values_list("regency", "deadline"):
        found.setdefault(regency, deadline)
    return found


def office_prints(office: str, on: date) -> str:
    """How an office prints on a day: ``queue`` or ``collection``."""
    last = OfficeSetting.objects.filter(office=office, since__lte=on).order_by("-seq").values_list("prints", flat=True)
    return last.first() or "queue"


def turns(*, first: date, last: date, office: str | None = None) -> list[dict[str, Any]]:
    """How cards were printed between two days, both included: office, turn, cards, passed_over. Public."""
    return _dicts("turns.sql", first=first, last=last, office=office)


def old_cards(*, office: str, limit: int = 200) -> list[dict[str, Any]]:
    """Cards that were given back at an office, the newest first."""
    return _dicts("old_cards.sql", office=office, limit=limit)
