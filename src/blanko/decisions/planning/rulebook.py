"""Which rule was in force on a day, on what it rests, and how another one comes into force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import Max
from django.db.transaction import atomic
from django.utils import timezone

from blanko.decisions.planning import models
from blanko.decisions.planning.rules import check_second
from blanko.engines.allocation import check_override
from blanko.engines.allocation.policies import RULES, rule_of, rule_on
from blanko.ground.access import queries as access
from blanko.ground.audit import operations as audit
from blanko.ground.audit.merkle import Facts
from blanko.kernel.errors import BlankoError


class RuleNotForRounds(BlankoError, ValueError):
    """A rule that may give above need, or asks for what no round knows, cannot share real blanks."""


class RuleActsBackwards(BlankoError, ValueError):
    """A rule is to come into force on a day that has begun: rounds of that day were promised another one."""


class RuleAdoptedThen(BlankoError, ValueError):
    """Another rule comes into force on the same day already."""


@dataclass(frozen=True, slots=True)
class InForce:
    """A rule (``version`` names it in ``engines.allocation.policies``), its first day here, and on what it rests."""

    version: str
    from_date: date
    reference: str
    adopted_by: str = ""
    second: str = ""


def in_force(day: date) -> InForce:
    """The rule of real rounds on a day: the newest one adopted to begin by then, else the published one.

    Raises NoRuleThen for a day before the first rule.
    """
    row = models.RuleAdoption.objects.filter(from_date__lte=day).order_by("-from_date").first()
    if row is not None:
        return InForce(row.rule, row.from_date, row.reference, row.by, row.second)
    rule = rule_on(day)
    return InForce(rule.id, rule.from_date, rule.reference)


def book() -> list[dict[str, Any]]:
    """Every rule that was or will be in force, by its first day: rule, from_date, reference, reason, by, second."""
    first = next(rule for rule in RULES if rule.policy == "leximin")
    columns = ("rule", "from_date", "reference", "reason", "by", "second")
    return [
        {"rule": first.id, "from_date": first.from_date, "reference": first.reference, "reason": "", "by": "",
         "second": ""},
        *models.RuleAdoption.objects.order_by("from_date").values(*columns),
    ]  # fmt: skip


def adopt(*, rule: str, from_date: date, reference: str, reason: str, by: str, second: str, at: datetime) -> int:
    """Put a rule in force from a day to come, with its legal reference; return the adoption's number.

    Rounds of earlier days keep their rule for ever. Raises UnknownPolicy, RuleNotForRounds, RuleActsBackwards,
    RuleAdoptedThen, OverrideRefused (no reason, or not two officers).
    """
    known = rule_of(rule)
    if not known.in_rounds:
        raise RuleNotForRounds(
            "{rule} may give above need or asks for what no round knows",
            mend="the rules for rounds are {known}",
            rule=rule,
            known=", ".join(one.id for one in RULES if one.in_rounds),
        )
    check_override(by=by, second_officer=second, reason=reason)
    check_second(second=second, persons=[officer["username"] for officer in access.officers()])
    if not reference.strip():
        raise RuleNotForRounds(
            "{rule} is to be in force and rests on nothing", mend="name the law or the decision", rule=rule
        )
    today = timezone.localtime(at).date()
    if from_date <= today:
        raise RuleActsBackwards(
            "{rule} is to be in force from {from_date} and today is {today}",
            mend="name a day to come",
            rule=rule,
            from_date=from_date,
            today=today,
        )
    with atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('planning_round'))")
        if models.RuleAdoption.objects.filter(from_date=from_date).exists():
            raise RuleAdoptedThen(
                "another rule comes into force on {from_date}", mend="name another day", from_date=from_date
            )
        row: dict[str, Any] = {
            "sequence": (models.RuleAdoption.objects.aggregate(last=Max("sequence"))["last"] or 0) + 1,
            "rule": rule, "from_date": from_date, "reference": reference.strip(), "reason": reason.strip(), "by": by,
            "second": second, "at": at,
        }  # fmt: skip
        event = audit.record(
            operation="planning.adopt_rule", by=by, at=at, facts=Facts.of({"planning_rule_adoption": [row]}),
            reason=reason.strip(), subject={"rule": rule, "from": from_date.isoformat(), "second": second},
        )  # fmt: skip
        models.RuleAdoption.objects.create(event_id=event, **row)
    return int(row["sequence"])
