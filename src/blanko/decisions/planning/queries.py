"""Read needs, rounds and dispatch lists."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from django.db import connection

from blanko.decisions.planning import models, rules, warehouse
from blanko.decisions.planning.sharing import Area, asked_of, document_of
from blanko.engines.allocation import allocate
from blanko.ground.database import sql
from blanko.ground.places import gazetteer
from blanko.kernel.boxes import BoxId, SerialRange
from blanko.records.entitlement import queries as entitlement


def _rows(name: str, params: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql.text(__package__, name), params)
        return cursor.fetchall()


@cache
def _districts() -> Counter[str]:
    return Counter(code[:4] for code in gazetteer.district_codes())


def needs(as_of: date) -> dict[str, rules.Need]:
    """The need of every regency of 2017 on a day, by its best source: registry, else reported, else estimated.

    Registry records and stated counts are never added. A regency of which nobody says anything
    is ``unknown`` with need 0.
    """
    whole = {str(regency) for (regency,) in _rows("whole_regencies.sql")}
    backlog = entitlement.backlog_by_regency(as_of=as_of) if whole else {}
    stated: dict[tuple[str, str], rules.Stated] = {
        (regency, kind): rules.Stated(int(value), counted, source)
        for regency, kind, value, counted, source in _rows(
            "stated_counts.sql", {"metrics": list(rules.READY_METRICS), "as_of": as_of}
        )
    }
    printed = warehouse.printed_by_office(until=as_of)
    days = {count.date for count in stated.values()}
    since = {day: warehouse.printed_by_office(after=day, until=as_of) for day in days} if printed else {}
    return {
        regency.code: rules.need_of(
            regency.code,
            registry=_print_ready(backlog.get(regency.code)) if regency.code in whole else None,
            reported=stated.get((regency.code, "observed")),
            estimated=stated.get((regency.code, "estimated")),
            as_of=as_of,
            printed=printed.get(regency.code, 0),
            printed_since={day: counts.get(regency.code, 0) for day, counts in since.items()},
        )
        for regency in gazetteer.regencies_2017()
    }


def _print_ready(backlog: Any) -> int:
    return 0 if backlog is None else int(backlog.print_ready)


def requests(as_of: date) -> dict[str, dict[str, object]]:
    """The newest request for blanks of each area that made one (province or regency): value, date, source."""
    return {
        area: {"value": int(value), "date": asked, "source": source}
        for area, value, asked, source in _rows("requests.sql", {"metric": rules.REQUEST_METRIC, "as_of": as_of})
    }


def deadlines(as_of: date) -> list[dict[str, Any]]:
    """Deadlines that were published by a day and have not passed: regency, deadline, reason, published_on, source."""
    found = models.Deadline.objects.filter(published_on__lte=as_of, deadline__gte=as_of)
    return list(found.order_by("deadline", "regency").values("regency", "deadline", "reason", "published_on", "source"))


def areas(as_of: date) -> list[Area]:
    """Everything that a round of this day goes by, one entry for each of the 514 regencies, by code."""
    held = warehouse.holdings()
    asked = requests(as_of)
    due: dict[str, date] = {}
    for row in deadlines(as_of):
        due.setdefault(row["regency"], row["deadline"])
    last: dict[str, date] = dict(_rows("last_boxes.sql"))
    found = []
    for code, need in sorted(needs(as_of).items()):
        in_hand, in_transit = held.get(code, (0, 0))
        found.append(
            Area(
                need=need,
                in_hand=in_hand,
                in_transit=in_transit,
                requested=_asked(asked.get(code)),
                deadline=due.get(code),
                last_box_on=last.get(code),
                transport_days=gazetteer.transport_days(code),
                cards_a_day=rules.cards_per_day(districts=_districts()[code]),
            )
        )
    return found


def trial_shares(*, as_of: date, stock: int, box_size: int) -> dict[str, int]:
    """What each regency would get of a next ``stock`` by the rule, in boxes and single blanks. Nothing is stored."""
    asked = [asked_of(area) for area in areas(as_of)]
    result = allocate(asked, stock=stock, box_size=box_size, part_boxes=True, part_reserve=stock // 10)
    return {share.code: share.share for share in result.shares}


def _asked(request: Mapping[str, object] | None) -> int | None:
    return None if request is None else int(str(request["value"]))


def rounds() -> list[dict[str, Any]]:
    """All rounds, newest first: number, title, as_of, deadline, release, state, shared, areas, fill_min, fill_max."""
    return [summary(number) for number in models.Round.objects.order_by("-number").values_list("number", flat=True)]


def summary(round_no: int) -> dict[str, Any]:
    """One round in figures, without its shares. Raises UnknownRound."""
    full = round(round_no)
    return {name: value for name, value in full.items() if name not in ("shares", "effects", "overrides", "objections")}


def round(round_no: int) -> dict[str, Any]:
    """A round with its ``steps``, ``shares`` (after overrides), ``effects``, ``overrides``. Raises UnknownRound.

    Each share has the columns of models.Share, and ``share_by_rule``, ``overridden``. ``fill_min`` and ``fill_max`` are
    of the areas that the round is for; ``lost_now`` and ``lost_lasting`` sum what a stage took from the others.
    """
    head = models.Round.objects.filter(number=round_no).values().first()
    if head is None:
        raise rules.UnknownRound(
            "there is no round {round_no}", mend="list rounds to find its number", round_no=round_no
        )
    steps = list(models.RoundStep.objects.filter(round_no=round_no).order_by("id").values("step", "at", "by", "reason"))
    overrides = list(
        models.Override.objects.filter(round_no=round_no)
        .order_by("sequence")
        .values("regency", "sequence", "share_before", "share_after", "reason", "by", "second", "at")
    )
    standing = {row["regency"]: row["share_after"] for row in overrides}
    shares = [
        _share(row, standing.get(row["regency"]))
        for row in models.Share.objects.filter(round_no=round_no).order_by("regency").values()
    ]
    objections = list(
        models.Objection.objects.filter(round_no=round_no)
        .order_by("sequence")
        .values("sequence", "regency", "text", "by", "at")
    )
    effects = list(
        models.StageEffect.objects.filter(round_no=round_no)
        .order_by("regency")
        .values("regency", "deadline", "lost_now", "lost_lasting")
    )
    inside = [share for share in shares if share["binding"] != "not_in_stage"]
    fills = [share["fill_after"] for share in inside if share["need"]]
    return {
        **{name: value for name, value in head.items() if name not in ("id", "event_id")},
        "state": rules.state_of(step["step"] for step in steps),
        "steps": steps,
        "areas": len(inside),
        "shared": sum(share["share"] for share in shares),
        "boxes": sum(share["boxes"] for share in shares),
        "part": sum(share["part"] for share in shares),
        "left": head["release"] - sum(share["share"] for share in shares),
        "fill_min": min(fills, default=Decimal(1)),
        "fill_max": max(fills, default=Decimal(1)),
        "need_sources": dict(sorted(Counter(share["need_source"] for share in shares).items())),
        "lost_now": sum(effect["lost_now"] for effect in effects),
        "lost_lasting": sum(effect["lost_lasting"] for effect in effects),
        "shares": shares,
        "effects": effects,
        "overrides": overrides,
        "objections": objections,
    }


def _share(row: dict[str, Any], overridden: int | None) -> dict[str, Any]:
    by_rule = row["share"]
    row = {name: value for name, value in row.items() if name not in ("id", "event_id", "round_no")}
    row |= {"share_by_rule": by_rule, "overridden": overridden is not None}
    if overridden is not None:
        gross = row["need"] + row["earlier"]
        held = row["in_hand"] + row["in_transit"] + row["earlier"]
        row["share"] = overridden
        row["fill_after"] = min(Decimal(1), Decimal(held + overridden) / gross) if gross else Decimal(1)
        row["binding"] = "override"
    return row


def round_document(round_no: int) -> bytes:
    """The round as canonical JSON, the same bytes for the same input: terms, inputs' fingerprint, shares, effects.

    It holds no number, time or officer, so that two drafts of the same input can be compared. Raises UnknownRound.
    """
    full = round(round_no)
    columns = [field.name for field in models.Share._meta.fields if field.name not in ("id", "event_id", "round_no")]
    # What the rule gave, not what an override made of it: overrides are facts of their own beside the document.
    rows = models.Share.objects.filter(round_no=round_no).order_by("regency").values(*columns)
    return document_of(full, inputs_sha256=full["inputs_sha256"], shares=list(rows), effects=full["effects"])


def round_csv(round_no: int) -> bytes:
    """The shares of a round as CSV (UTF-8, one header), after overrides, by regency. Raises UnknownRound."""
    shares = round(round_no)["shares"]
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(shares[0]) if shares else ["regency"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(shares)
    return text.getvalue().encode()


def dispatches(*, round_no: int | None = None, regency: str | None = None) -> list[rules.Dispatch]:
    """Dispatch lists of committed rounds, by round and regency."""
    found = models.DispatchList.objects.all()
    if round_no is not None:
        found = found.filter(round_no=round_no)
    if regency is not None:
        found = found.filter(regency=regency)
    titles = dict(models.Round.objects.values_list("number", "title"))
    return [
        rules.Dispatch(
            round_no=row.round_no,
            round_title=titles[row.round_no],
            regency=row.regency,
            office=row.office,
            consignment=row.consignment,
            papers=row.papers,
            written_on=row.written_on,
            dispatch_by=row.dispatch_by,
            deadline=row.deadline,
            boxes=tuple(rules.Whole(BoxId(series, number), size) for series, number, size in row.boxes),
            pieces=tuple(
                rules.Loose(BoxId(series, number), SerialRange(first, last))
                for series, number, first, last in row.pieces
            ),
        )
        for row in found.order_by("round_no", "regency")
    ]
