"""What offices say before a round: what they put off, that they fetch their lot, what a way takes. Facts all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import Max
from django.db.transaction import atomic
from django.utils import timezone

from blanko.decisions.planning import models
from blanko.decisions.planning.routes import MODES, by_weight
from blanko.ground.audit import operations as audit
from blanko.ground.audit.merkle import Facts
from blanko.ground.places import gazetteer
from blanko.kernel.errors import BlankoError


class DeferralRefused(BlankoError, ValueError):
    """Something is put off that is no number of blanks, or without a reason."""


class CollectionRefused(BlankoError, ValueError):
    """Blanks are to be fetched without a letter, an officer or a day to come; or by a letter that was used."""


class RouteRefused(BlankoError, ValueError):
    """A way is stated with an unknown mode, a number below zero or no source."""


def _alone() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('planning_round'))")


def check_deferral(*, blanks: int, reason: str) -> None:
    """Raise DeferralRefused for what is no deferral."""
    if blanks <= 0:
        raise DeferralRefused("{blanks} blanks cannot be put off", mend="give a count from 1 up", blanks=blanks)
    if not reason.strip():
        raise DeferralRefused("a share is put off without a reason", mend="say why, as in 'no ink until June'")


def defer(*, deferrals: Sequence[dict[str, Any]], by: str, at: datetime) -> int:
    """Keep what offices put off of their next share (regency, blanks, reason[, since]); return how many.

    Each keeps its claim: what it puts off goes to the others now and is served first in the round after. An office's
    newest wish stands. Raises DeferralRefused, UnknownArea.
    """
    today = timezone.localtime(at).date()
    with atomic():
        _alone()
        last = models.Deferral.objects.aggregate(last=Max("sequence"))["last"] or 0
        rows = []
        for number, one in enumerate(deferrals, start=last + 1):
            check_deferral(blanks=one["blanks"], reason=one["reason"])
            rows.append({
                "sequence": number, "regency": gazetteer.regency_of(one["regency"]), "blanks": one["blanks"],
                "since": one.get("since") or today, "reason": one["reason"].strip(), "by": by, "at": at,
            })  # fmt: skip
        if rows:
            event = audit.record(
                operation="planning.defer", by=by, at=at, facts=Facts.of({"planning_deferral": rows}),
                subject={"regencies": sorted({row["regency"] for row in rows})},
            )  # fmt: skip
            models.Deferral.objects.bulk_create([models.Deferral(event_id=event, **row) for row in rows])
    return len(rows)


def check_collection(*, letter: str, officer: str, collect_on: date, today: date) -> None:
    """Raise CollectionRefused for what no warehouse could hand a lot out on."""
    if not letter.strip() or not officer.strip():
        raise CollectionRefused(
            "a lot is to be fetched without a letter or an officer",
            mend="give the surat tugas' number and who comes",
        )
    if collect_on < today:
        raise CollectionRefused(
            "a lot is to be fetched on {collect_on} and today is {today}", mend="name a day to come",
            collect_on=collect_on, today=today,
        )  # fmt: skip


def announce_collections(*, collections: Sequence[dict[str, Any]], by: str, at: datetime) -> int:
    """Keep that offices fetch their next lot themselves (regency, letter, officer, collect_on); return how many.

    A letter (surat tugas) is used once. Raises CollectionRefused, UnknownArea.
    """
    today = timezone.localtime(at).date()
    with atomic():
        _alone()
        used = set(models.Collection.objects.values_list("letter", flat=True))
        rows = []
        for one in collections:
            check_collection(letter=one["letter"], officer=one["officer"], collect_on=one["collect_on"], today=today)
            letter = one["letter"].strip()
            if letter in used:
                raise CollectionRefused("the letter {letter} is known already", mend="give another one", letter=letter)
            used.add(letter)
            rows.append({
                "regency": gazetteer.regency_of(one["regency"]), "letter": letter, "officer": one["officer"].strip(),
                "collect_on": one["collect_on"], "by": by, "at": at,
            })  # fmt: skip
        if rows:
            event = audit.record(
                operation="planning.announce_collections", by=by, at=at,
                facts=Facts.of({"planning_collection": rows}),
                subject={"regencies": sorted({row["regency"] for row in rows})},
            )  # fmt: skip
            models.Collection.objects.bulk_create([models.Collection(event_id=event, **row) for row in rows])
    return len(rows)


def check_route(
    *, mode: str, days: int, lot_cost: int, source: str, blank_cost: int | None, kg_cost: int | None = None,
    blank_mg: int | None = None,
) -> int:  # fmt: skip
    """What a blank costs on a way (rupiah), stated or by weight. Raises RouteRefused for what is no way."""
    if mode not in MODES:
        raise RouteRefused("{mode} is no way to travel", mend="use one of {modes}", mode=mode, modes=", ".join(MODES))
    if min(days, lot_cost, blank_cost or 0, kg_cost or 0, blank_mg or 0) < 0:
        raise RouteRefused("a way has a number below zero", mend="give counts from 0 up")
    if not source.strip():
        raise RouteRefused("a way is stated without a source", mend="name the tariff or the contract")
    if (kg_cost is None) != (blank_mg is None):
        raise RouteRefused(
            "a tariff by weight lacks the price of a kilogram or the weight of a blank",
            mend="give both kg_cost and blank_mg (milligrams of a packed blank)",
        )
    weighed = None if kg_cost is None or blank_mg is None else by_weight(kg_cost=kg_cost, blank_mg=blank_mg)
    if weighed is None and blank_cost is None:
        raise RouteRefused(
            "a way says neither what a blank nor what a kilogram costs",
            mend="give blank_cost (0 where only the trip is paid), or kg_cost and blank_mg",
        )
    if weighed is not None and blank_cost not in (None, weighed):
        raise RouteRefused(
            "a blank costs {stated} and by its weight {weighed}", mend="leave blank_cost out, or mend the tariff",
            stated=blank_cost, weighed=weighed,
        )  # fmt: skip
    return weighed if weighed is not None else blank_cost or 0


def state_routes(*, routes: Sequence[dict[str, Any]], by: str, at: datetime) -> int:
    """Keep what ways take and cost (regency, mode, from_date, days, lot_cost, source, and either blank_cost or kg_cost
    and blank_mg); return how many.

    What is stated goes before the estimate from its ``from_date`` on. Raises RouteRefused, UnknownArea.
    """
    with atomic():
        _alone()
        known = set(models.Route.objects.values_list("regency", "mode", "from_date"))
        rows = []
        for one in routes:
            terms = {name: one[name] for name in ("mode", "days", "lot_cost", "source")}
            weight: dict[str, Any] = {name: one.get(name) for name in ("kg_cost", "blank_mg")}
            row = {
                **terms, **weight, "from_date": one["from_date"], "regency": gazetteer.regency_of(one["regency"]),
                "blank_cost": check_route(**terms, **weight, blank_cost=one.get("blank_cost")),
                "source": one["source"].strip(),
            }  # fmt: skip
            if (row["regency"], row["mode"], row["from_date"]) in known:
                raise RouteRefused(
                    "the way to {regency} by {mode} from {from_date} is stated already", mend="name a later first day",
                    regency=row["regency"], mode=row["mode"], from_date=row["from_date"],
                )  # fmt: skip
            rows.append(row)
        if rows:
            event = audit.record(
                operation="planning.state_routes", by=by, at=at, facts=Facts.of({"planning_route": rows}),
                subject={"regencies": sorted({row["regency"] for row in rows})},
            )  # fmt: skip
            models.Route.objects.bulk_create([models.Route(event_id=event, **row) for row in rows])
    return len(rows)
