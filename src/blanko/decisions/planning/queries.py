"""Read needs, rounds and dispatch lists."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from django.db import connection

from blanko.decisions.planning import difference, dividing, models, routes, rulebook, rules, warehouse
from blanko.decisions.planning.asked import Area, Terms
from blanko.decisions.planning.sharing import document_of
from blanko.engines.allocation.policies import rule_of
from blanko.engines.allocation.terms import CLASS_REFERENCES
from blanko.ground.access import queries as access
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


def areas(as_of: date, *, classes: Sequence[str] = ()) -> list[Area]:
    """Everything that a round of this day goes by, one entry for each of the 514 regencies, by code.

    People of ``classes`` are counted only where a round serves them first.
    """
    held = warehouse.holdings()
    asked = requests(as_of)
    due: dict[str, date] = {}
    for row in deadlines(as_of):
        due.setdefault(row["regency"], row["deadline"])
    last: dict[str, date] = dict(_rows("last_boxes.sql"))
    claims = {code: (blanks, since) for code, blanks, since in _rows("open_claims.sql")}
    wishes = {code: (blanks, number) for code, blanks, number in _rows("open_wishes.sql", {"as_of": as_of})}
    fetched = {row[0]: row for row in _rows("open_collections.sql", {"as_of": as_of})}
    first = priorities(as_of, classes)
    ways = route_table(as_of)
    found = []
    for code, need in sorted(needs(as_of).items()):
        in_hand, in_transit = held.get(code, (0, 0))
        fetch = fetched.get(code)
        mode: routes.Mode = "collection" if fetch else "courier"
        way = ways[(code, mode)]
        claim, since = claims.get(code, (0, None))
        wish, wish_no = wishes.get(code, (0, None))
        found.append(
            Area(
                need=need,
                in_hand=in_hand,
                in_transit=in_transit,
                requested=_asked(asked.get(code)),
                deadline=due.get(code),
                last_box_on=last.get(code),
                transport_days=way.days,
                cards_a_day=rules.cards_per_day(districts=_districts()[code]),
                claim=claim,
                claim_since=since,
                wish=wish,
                wish_no=wish_no,
                first=first.get(code, {}),
                mode=mode,
                letter=fetch[1] if fetch else "",
                collect_on=fetch[3] if fetch else None,
                lot_cost=way.lot_cost,
                blank_cost=way.blank_cost,
            )
        )
    return found


def priorities(as_of: date, classes: Sequence[str] | None = None) -> dict[str, dict[str, int]]:
    """The newest stated count of people who go first, by regency and class; of these ``classes``, or of all."""
    named = [name for name, _reference, _begins in CLASS_REFERENCES] if classes is None else classes
    metrics = [rules.PRIORITY_METRIC + name for name in named]
    found: dict[str, dict[str, int]] = {}
    rows = _rows("priority_counts.sql", {"metrics": metrics, "as_of": as_of}) if metrics else []
    for regency, metric, value, *_known in rows:
        found.setdefault(regency, {})[metric.removeprefix(rules.PRIORITY_METRIC)] = int(value)
    return found


def priority_rows(as_of: date) -> list[dict[str, Any]]:
    """The same counts as rows: regency, class, people, date, source."""
    metrics = [rules.PRIORITY_METRIC + name for name, _reference, _begins in CLASS_REFERENCES]
    return [
        {"regency": regency, "class": metric.removeprefix(rules.PRIORITY_METRIC), "people": int(value), "date": counted,
         "source": source}
        for regency, metric, value, counted, source in _rows(
            "priority_counts.sql", {"metrics": metrics, "as_of": as_of}
        )
    ]  # fmt: skip


def persons() -> list[str]:
    """Usernames of the active officers: who may review, or agree as the second one."""
    return [str(officer["username"]) for officer in access.officers()]


def claims_day() -> date | None:
    """The day as of which cards owed are counted."""
    return entitlement.claims_as_of()


def route_table(as_of: date) -> dict[tuple[str, routes.Mode], routes.Route]:
    """The ways to every regency on a day, by regency and mode: stated, or estimated by distance."""
    columns = ("regency", "mode", "days", "lot_cost", "blank_cost", "kg_cost", "blank_mg", "source", "from_date")
    stated = [routes.Route(**row, kind="stated") for row in models.Route.objects.values(*columns)]
    days = {place.code: gazetteer.transport_days(place.code) for place in gazetteer.regencies_2017()}
    return routes.table(stated, on=as_of, transport_days=days)


def deferrals() -> list[dict[str, Any]]:
    """What offices put off, oldest first: sequence, regency, blanks, since, reason, by."""
    return list(
        models.Deferral.objects.order_by("sequence").values("sequence", "regency", "blanks", "since", "reason", "by")
    )


def collections() -> list[dict[str, Any]]:
    """Letters by which offices fetch blanks themselves: regency, letter, officer, collect_on, by, and used or not."""
    used = set(models.DispatchList.objects.exclude(letter="").values_list("letter", flat=True))
    found = models.Collection.objects.order_by("id").values("regency", "letter", "officer", "collect_on", "by")
    return [{**row, "used": row["letter"] in used} for row in found]


def carriers() -> dict[str, str]:
    """Who comes with each letter."""
    return dict(models.Collection.objects.values_list("letter", "officer"))


def trial_shares(*, as_of: date, stock: int, box_size: int) -> dict[str, int]:
    """What each regency would get of a next ``stock`` by the rule, in boxes and single blanks. Nothing is stored."""
    rule = rulebook.in_force(as_of)
    terms = Terms(
        "", as_of, release=stock, stock=stock, box_size=box_size, part_boxes=True, part_reserve=stock // 10,
        rule_version=rule.version,
    )  # fmt: skip
    return {code: given.share for code, given in dividing.divided(areas(as_of), terms, rule_of(rule.version)).items()}


def _asked(request: Mapping[str, object] | None) -> int | None:
    return None if request is None else int(str(request["value"]))


def rounds() -> list[dict[str, Any]]:
    """All rounds, newest first: number, title, as_of, deadline, release, state, shared, areas, fill_min, fill_max."""
    return [summary(number) for number in models.Round.objects.order_by("-number").values_list("number", flat=True)]


def summary(round_no: int) -> dict[str, Any]:
    """One round in figures, without its shares. Raises UnknownRound."""
    full = round(round_no)
    long = ("shares", "effects", "overrides", "objections", "loans", "versions")
    return {name: value for name, value in full.items() if name not in long}


def head(round_no: int) -> dict[str, Any]:
    """A round as it was asked for, without shares and steps. Raises UnknownRound."""
    found = models.Round.objects.filter(number=round_no).values().first()
    if found is None:
        raise rules.UnknownRound(
            "there is no round {round_no}", mend="list rounds to find its number", round_no=round_no
        )
    return {name: value for name, value in found.items() if name not in ("id", "event_id")}


def committed_since(round_no: int) -> int | None:
    """The number of the newest round that was committed after this one was drafted; None when there is none."""
    drafted = models.RoundStep.objects.get(round_no=round_no, step="draft").id
    newer = models.RoundStep.objects.filter(step="committed", id__gt=drafted).order_by("-id").first()
    return newer.round_no if newer else None


def versions(plan: int) -> list[dict[str, Any]]:
    """All versions of a plan, the first one first: number, version, state, author, reviewer, remark, reason."""
    heads = list(
        models.Round.objects.filter(plan=plan)
        .order_by("version")
        .values("number", "version", "author", "supersede_reason")
    )
    steps: dict[int, list[dict[str, Any]]] = {}
    rows = models.RoundStep.objects.filter(round_no__in=[row["number"] for row in heads]).order_by("id")
    for step in rows.values("round_no", "step", "by", "reason", "at"):
        steps.setdefault(step["round_no"], []).append(step)
    return [{**row, **_reviewed(steps[row["number"]])} for row in heads]


def changed_from(round_no: int, *, shown: int = difference.SHOWN) -> difference.Difference | None:
    """What a version changed of the one that it supersedes, and why, regency by regency; None for a first version.

    Both are told apart by the rule, before overrides. Raises UnknownRound.
    """
    before = head(round_no)["supersedes"]
    if before is None:
        return None
    return difference.difference(round_document(before), round_document(round_no), shown=shown)


def _reviewed(steps: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    review = next((step for step in steps if step["step"] in rules.VERDICTS), None)
    return {
        "state": rules.state_of(step["step"] for step in steps),
        "reviewer": review["by"] if review else None,
        "remark": review["reason"] if review else "",
        "reviewed_at": review["at"] if review else None,
    }


def round(round_no: int) -> dict[str, Any]:
    """A round with its ``steps``, ``shares`` (after overrides), ``effects``, ``overrides``, ``loans`` and all
    ``versions`` of its plan. Raises UnknownRound.

    Each share has the columns of models.Share, and ``share_by_rule``, ``overridden``. ``fill_min`` and ``fill_max`` are
    of the areas that the round is for; ``lost_now`` and ``lost_lasting`` sum what a stage took from the others.
    """
    asked = head(round_no)
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
    loans = list(
        models.ProposedLoan.objects.filter(round_no=round_no)
        .order_by("lender", "borrower")
        .values("lender", "borrower", "blanks")
    )
    inside = [share for share in shares if share["binding"] != "not_in_stage"]
    fills = [share["fill_after"] for share in inside if share["need"]]
    return {
        **asked,
        **_reviewed(steps),
        "steps": steps,
        "areas": len(inside),
        "shared": sum(share["share"] for share in shares),
        "boxes": sum(share["boxes"] for share in shares),
        "part": sum(share["part"] for share in shares),
        "left": asked["release"] - sum(share["share"] for share in shares),
        "fill_min": min(fills, default=Decimal(1)),
        "fill_max": max(fills, default=Decimal(1)),
        "need_sources": dict(sorted(Counter(share["need_source"] for share in shares).items())),
        "lost_now": sum(effect["lost_now"] for effect in effects),
        "lost_lasting": sum(effect["lost_lasting"] for effect in effects),
        "shares": shares,
        "effects": effects,
        "overrides": overrides,
        "objections": objections,
        "loans": loans,
        "lent": sum(loan["blanks"] for loan in loans),
        "claimed": sum(share["claimed"] for share in shares),
        "deferred": sum(share["deferred"] for share in shares),
        "transport_cost": sum(share["transport_cost"] for share in shares),
        "collected": sum(1 for share in shares if share["mode"] == "collection" and share["share"]),
        "versions": versions(asked["plan"]),
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
        row["transport_cost"] = row["lot_cost"] + overridden * row["blank_cost"] if overridden else 0
    return row


def round_document(round_no: int) -> bytes:
    """The round as canonical JSON, the same bytes for the same input: terms, inputs' fingerprint, shares, effects.

    It holds no number, time or officer, so that two drafts of the same input can be compared. Raises UnknownRound.
    """
    full = round(round_no)
    columns = [field.name for field in models.Share._meta.fields if field.name not in ("id", "event_id", "round_no")]
    # What the rule gave, not what an override made of it: overrides are facts of their own beside the document.
    rows = models.Share.objects.filter(round_no=round_no).order_by("regency").values(*columns)
    return document_of(
        full, inputs_sha256=full["inputs_sha256"], shares=list(rows), effects=full["effects"], loans=full["loans"]
    )


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
            mode=row.mode,
            letter=row.letter,
            carrier=row.carrier,
            transport_days=row.transport_days,
            transport_cost=row.transport_cost,
        )
        for row in found.order_by("round_no", "regency")
    ]
