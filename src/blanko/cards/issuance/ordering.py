"""The published order of the queue, the deadlines in it, and how each office prints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.db.transaction import atomic
from django.utils import timezone

from blanko.cards.issuance import queries, rules
from blanko.cards.issuance.models import OfficeSetting, QueueDeadline, QueueRule
from blanko.cards.issuance.rules import Prints, SuketEffect
from blanko.ground.audit import operations as audit
from blanko.ground.audit.merkle import Facts


def publish_rule(*, since: date, suket: SuketEffect | str, source: str, by: str, at: datetime) -> int:
    """Publish the next version of the queue's order, with its legal reference; returns its number.

    It begins on the day of its publication or later, and after every earlier version. Raises RuleNotAhead,
    ReasonMissing.
    """
    with atomic():
        published_on = timezone.localtime(at).date()
        version = rules.check_rule(since=since, published_on=published_on, source=source, earlier=queries.rules_known())
        row = {
            "version": version, "since": since, "suket": str(SuketEffect(suket)), "source": source.strip(),
            "published_on": published_on, "by": by,
        }  # fmt: skip
        event = audit.record(
            operation="issuance.publish_rule", by=by, at=at, facts=Facts.of({"issuance_queue_rule": [row]}),
            reason=source.strip(), subject={"version": version},
        )  # fmt: skip
        QueueRule.objects.create(**row, event_id=event)
        return version


def publish_deadlines(*, deadlines: Iterable[Mapping[str, Any]], by: str, at: datetime) -> int:
    """Take published deadlines (regency, deadline, published_on, source) into the order; returns how many are new."""
    with atomic():
        known = set(QueueDeadline.objects.values_list("regency", "deadline"))
        columns = ("regency", "deadline", "published_on", "source")
        rows = [
            {name: row[name] for name in columns} for row in deadlines if (row["regency"], row["deadline"]) not in known
        ]
        if rows:
            event = audit.record(
                operation="issuance.publish_deadlines", by=by, at=at, facts=Facts.of({"issuance_deadline": rows}),
                subject={"deadlines": len(rows)},
            )  # fmt: skip
            QueueDeadline.objects.bulk_create([QueueDeadline(**row, event_id=event) for row in rows])
        return len(rows)


def set_office(*, office: str, prints: Prints | str, reason: str, by: str, at: datetime) -> None:
    """An office chooses how it prints from today on: down the queue, or when the holder is at the counter.

    Raises ReasonMissing.
    """
    if not reason.strip():
        raise rules.ReasonMissing("the office's choice has no reason", mend="say why the office prints so")
    with atomic():
        last = OfficeSetting.objects.filter(office=office).order_by("-seq").values_list("seq", flat=True).first() or 0
        row = {
            "office": office, "seq": last + 1, "prints": str(Prints(prints)), "since": timezone.localtime(at).date(),
            "reason": reason.strip(), "by": by,
        }  # fmt: skip
        event = audit.record(
            operation="issuance.set_office", by=by, at=at, facts=Facts.of({"issuance_office_setting": [row]}),
            reason=reason.strip(), subject={"office": office, "prints": row["prints"]},
        )  # fmt: skip
        OfficeSetting.objects.create(**row, event_id=event)
