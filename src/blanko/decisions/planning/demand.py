"""Demand as the records show it: what was seen, the rates learned from it, and those that a person overruled."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import numpy as np
from django.db import connection
from django.db.models import Max
from django.db.transaction import atomic

from blanko.decisions.planning import models
from blanko.engines.demand.history import CAUSES, Floats, History, Split, month_after, months_between
from blanko.engines.demand.learn import learn
from blanko.engines.demand.priors import nation
from blanko.engines.demand.rates import Rates
from blanko.ground.audit import operations as audit
from blanko.ground.audit.merkle import Facts
from blanko.ground.database import sql
from blanko.ground.places import gazetteer
from blanko.kernel.errors import BlankoError

REASON_LENGTH_MIN = 10


class NothingSeen(BlankoError):
    """No application of a regency that is loaded whole is there to learn from."""


class ReasonTooShort(BlankoError, ValueError):
    """A rate was overruled without saying why."""


def _rows(name: str, **values: object) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql.text(__package__, name), values)
        return cursor.fetchall()


def history(day: date, *, months_ahead: int = 24) -> History | None:
    """What applications show of the regencies that are loaded whole, month by month; None when there are none.

    A month in which the office counted its stock and found no good blank is censored: what was applied for then is no
    demand. Birthdays are counted from the registry, for the months that were and ``months_ahead`` to come; deaths from
    it too, where it knows of any; sukets that count today from `suket_open`; persons not recorded yet from the newest
    counts, where every one of these regencies gave one; splits and new names from the dated table of areas, as far as
    they were in force on the day.
    """
    regencies = sorted(str(code) for (code,) in _rows("whole_regencies.sql"))
    rows = _rows("applications_by_month.sql", regencies=regencies, as_of=day) if regencies else []
    if not rows:
        return None
    first = min(month for _, _, month, _ in rows)
    # The month that has begun is not over: its applications are no month's.
    months = months_between(first, day.replace(day=1))
    if months < 1:
        return None
    ahead = months + months_ahead
    place = {code: at for at, code in enumerate(regencies)}
    applications = np.zeros((len(CAUSES), len(regencies), months), np.int64)
    for cause, regency, month, count in rows:
        at = months_between(first, month)
        if at < months:
            applications[CAUSES.index(cause), place[regency], at] = count
    base = np.zeros(len(regencies))
    for regency, count in _rows("obliged.sql", regencies=regencies, as_of=day):
        base[place[regency]] = count
    birthdays = np.zeros((len(regencies), ahead))
    last = month_after(first, ahead)
    for regency, month, count in _rows("birthdays_17.sql", regencies=regencies, first=first, last=last):
        birthdays[place[regency], months_between(first, month)] = count
    censored = np.zeros((len(regencies), months), bool)
    for regency, month in _rows("stock_outs.sql", regencies=regencies, first=first, last=last):
        if (at := months_between(first, month)) < months:
            censored[place[regency], at] = True
    return History(
        tuple(regencies), first, applications, base, birthdays, censored, open_sukets=_open_sukets(regencies, day),
        deaths=_deaths(regencies, first, months), splits=_splits(regencies, base, day),
        unrecorded=_unrecorded(regencies, day),
    )  # fmt: skip


def _open_sukets(regencies: list[str], day: date) -> Floats | None:
    """[regency] persons who hold a suket; None where no suket is known at all, which is not to say that none is out."""
    holders: dict[str, int] = {str(code): int(count) for code, count in _rows("open_sukets.sql", day=day)}
    return np.array([float(holders.get(code, 0)) for code in regencies]) if holders else None


def _deaths(regencies: list[str], first: date, months: int) -> Floats | None:
    """[regency, month] obliged persons who died; None where the registry knows of no death, which is no rate of 0."""
    place = {code: at for at, code in enumerate(regencies)}
    found = np.zeros((len(regencies), months))
    for regency, month, count in _rows(
        "deaths_by_month.sql", regencies=regencies, first=first, last=month_after(first, months)
    ):
        found[place[regency], months_between(first, month)] = count
    return found if found.any() else None


def _unrecorded(regencies: list[str], day: date) -> Floats | None:
    """[regency] the newest counts of persons not recorded yet; None unless each of the regencies has one."""
    known = {str(code): float(value) for code, value in _rows("not_recorded.sql", regencies=regencies, as_of=day)}
    return np.array([known[code] for code in regencies]) if known.keys() == set(regencies) else None


def _splits(regencies: list[str], base: Floats, day: date) -> tuple[Split, ...]:
    """Regencies whose code or name on the card changed up to the day, with all who lived there."""
    place = {code: at for at, code in enumerate(regencies)}
    return tuple(
        Split(change.code_2017, change.effective, float(base[place[change.code_2017]]))
        for change in gazetteer.changes()
        if change.code_2017 in place and change.effective <= day
    )


def rates(seen: History) -> Rates:
    """The learned rates, and over them, version by version, what persons put in their place."""
    found = learn(seen, priors=nation())
    for row in models.DemandOverrule.objects.order_by("sequence"):
        if not row.area or any(code.startswith(row.area) for code in seen.areas):
            found = found.overruled(row.cause, rate=row.rate, who=row.by, why=row.reason, area=row.area, cv=row.cv)
    return found


def overrules() -> list[dict[str, Any]]:
    """Every rate that a person overruled, the newest first, each beside what it replaced."""
    columns = ("sequence", "cause", "area", "rate", "was", "cv", "reason", "by", "at", "event_id")
    return list(models.DemandOverrule.objects.order_by("-sequence").values(*columns))


def table(day: date) -> list[dict[str, Any]]:
    """Each cause: the learned rate (cards an obliged person and month; for turned_17 the share that applies, for
    first_card of each person not recorded yet where every regency counted them), the rate in force, and who overruled
    it last. Raises NothingSeen.
    """
    seen = _seen(day)
    now = rates(seen)
    first = now
    while first.previous is not None:
        first = first.previous
    last = {row["cause"]: row for row in reversed(overrules())}
    return [
        {
            "cause": cause, "learned": first.rate_of(cause), "in_force": now.rate_of(cause),
            "applications": int(seen.applications[place].sum()),
            "overruled_by": last[cause]["by"] if cause in last else None,
            "reason": last[cause]["reason"] if cause in last else None,
        }
        for place, cause in enumerate(CAUSES)
        if now.rate_of(cause) > 0 or cause in last
    ]  # fmt: skip


def check_reason(reason: str) -> None:
    """Raise ReasonTooShort for a reason that says nothing."""
    if len(reason.strip()) < REASON_LENGTH_MIN:
        raise ReasonTooShort(
            "a rate is overruled without a reason", mend="write at least {length} characters", length=REASON_LENGTH_MIN
        )


def overrule(
    *, cause: str, rate: float, reason: str, by: str, at: datetime, day: date, area: str = "", cv: float = 0.1
) -> int:
    """Put a rate in the place of the learned one, for ever visible beside it; return its number.

    Raises NothingSeen, ReasonTooShort, InvalidRate.
    """
    check_reason(reason)
    with atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('planning_demand_overrule'))")
        stated = rates(_seen(day)).overruled(cause, rate=rate, who=by, why=reason, area=area, cv=cv).overrules[-1]
        last = models.DemandOverrule.objects.aggregate(last=Max("sequence"))["last"] or 0
        row = {
            "sequence": last + 1, "cause": cause, "area": area, "rate": float(rate), "was": stated.was, "cv": float(cv),
            "reason": reason.strip(), "by": by, "at": at,
        }  # fmt: skip
        event = audit.record(
            operation="planning.overrule_rate", by=by, at=at, facts=Facts.of({"planning_demand_overrule": [row]}),
            reason=reason.strip(), subject={"cause": cause, "area": area},
        )  # fmt: skip
        models.DemandOverrule.objects.create(event_id=event, **row)
    return last + 1


def _seen(day: date) -> History:
    seen = history(day)
    if seen is not None:
        return seen
    if not _rows("whole_regencies.sql"):
        raise NothingSeen(
            "no regency is loaded whole: nobody knows how many people its applications come from",
            mend="load all registrations of one, then say so: ./blanko registry whole CODE",
        )
    raise NothingSeen(
        "no regency that is loaded whole has applications of a month that was over on {day}",
        mend="load its applications, or ask as of a later day", day=day,
    )  # fmt: skip
