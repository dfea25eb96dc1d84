"""What was said on 4 April 2017 beside what the records say. Pure: every number comes from the inputs.

A row carries keys and parameters; ``sentences.render`` turns them into the reader's language.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from fractions import Fraction

from blanko.decisions.scenario.april_2017.lines import (
    AreaName,
    FigureMissing,
    Inputs,
    Line,
    Number,
    Param,
    Percent,
    Sentence,
)
from blanko.decisions.transparency.rules import Figure
from blanko.engines.allocation import AreaNeed, allocate

# Two round numbers may speak of the same people when they lie this close to each other.
SAME_PEOPLE_WITHIN = Fraction(1, 10)


def recorded(inputs: Inputs) -> Line:
    """The recorded share: is it the newest that was known, an older one, or none that anybody published?"""
    said = inputs.fraction("recorded_pct")
    known = inputs.told("recorded_share")
    newest = known[0]
    matching = [f for f in known if Fraction(f.share.percent(2)) == said]
    records: list[Sentence] = [("recorded.newest", _share_params(newest))]
    arithmetic = [("arithmetic.share", _share_params(newest))]
    if not matching:
        verdict = "unsupported"
    else:
        verdict = "confirmed" if newest in matching else "stale"
        records.append(("recorded.source", _share_params(matching[0])))
        if verdict == "stale":
            arithmetic.insert(0, ("arithmetic.share", _share_params(matching[0])))
            more = newest.numerator - matching[0].numerator
            if newest.denominator == matching[0].denominator:
                days = (newest.date - matching[0].date).days
                records.append(("recorded.missed", {"people": abs(more), "days": days}))
    used = [newest, *[f for f in matching[:1] if f is not newest]]
    return Line(
        key="recorded",
        said=("recorded.said", {"percent": Percent(said / 100)}),
        records_say=tuple(records),
        verdict=verdict,
        figures=tuple(f.key for f in used),
        arithmetic=tuple(arithmetic),
    )


def _share_params(figure: Figure) -> dict[str, Param]:
    return {
        "percent": Percent(figure.share.exact),
        "numerator": figure.numerator,
        "denominator": figure.denominator,
        "date": figure.date,
    }


def owed(inputs: Inputs) -> Line:
    """The people who wait: those who lack only a blank, apart from those whom no blank helps yet."""
    said, doubles = inputs.number("owed"), inputs.number("duplicates")
    ready, awaiting = inputs.told("prr_unprinted")[0], inputs.told("awaiting_uniqueness")[0]
    records: list[Sentence] = [
        (
            "owed.apart",
            {
                "print_ready": ready.numerator,
                "awaiting": awaiting.numerator,
                "date": ready.date,
                "together": ready.numerator + awaiting.numerator,
            },
        )
    ]
    arithmetic: list[Sentence] = [
        ("arithmetic.sum", {"a": ready.numerator, "b": awaiting.numerator, "c": ready.numerator + awaiting.numerator})
    ]
    if _may_be_same(doubles, awaiting.numerator):
        records.append(
            (
                "owed.doubles_inside",
                {"doubles": doubles, "awaiting": awaiting.numerator, "owed": said, "left": max(0, said - doubles)},
            )
        )
        arithmetic.append(("arithmetic.difference", {"a": said, "b": doubles, "c": max(0, said - doubles)}))
    if not _may_be_same(said, ready.numerator):
        verdict = "unsupported"
    else:
        verdict = "two_kinds" if awaiting.numerator else "confirmed"
    return Line(
        key="owed",
        said=("owed.said", {"owed": said, "doubles": doubles}),
        records_say=tuple(records),
        verdict=verdict,
        figures=(ready.key, awaiting.key),
        arithmetic=tuple(arithmetic),
    )


def _may_be_same(said: int, counted: int) -> bool:
    return counted > 0 and abs(said - counted) <= SAME_PEOPLE_WITHIN * counted


# Blanks that have reached an office, in whatever state they are there.
REACHED = ("at_offices", "personalised", "issued", "spoiled", "destroyed")


def finished(inputs: Inputs) -> Line:
    """Were all contracted blanks at the offices by the day that was named?"""
    contracted, by_day = inputs.number("blanks_contracted"), inputs.day("distributed_by")
    reached = sum(inputs.custody.get(state, 0) for state in REACHED)
    received = inputs.custody.get("received", 0)
    transit, warehouse = inputs.custody.get("in_transit", 0), inputs.custody.get("warehouse", 0)
    params: dict[str, Param] = {
        "reached": reached,
        "contracted": contracted,
        "percent": Percent(Fraction(reached, contracted), 1),
        "date": inputs.counted_on,
        "transit": transit,
        "warehouse": warehouse,
        "undelivered": max(0, contracted - received),
        "missing": inputs.custody.get("missing", 0),
    }
    return Line(
        key="finished",
        said=("finished.said", {"date": by_day, "contracted": contracted}),
        records_say=(("finished.count", params), ("finished.rest", params)),
        verdict="confirmed" if reached >= contracted and inputs.counted_on <= by_day else "not_finished",
        arithmetic=(("arithmetic.reached", params),),
    )


def yearly(inputs: Inputs) -> Line:
    """How long does what remains of the contract last, by each reading of what was said?"""
    contracted, owed_now = inputs.number("blanks_contracted"), inputs.number("owed")
    provision, need = inputs.number("yearly_provision"), inputs.number("yearly_need")
    doubles = inputs.number("duplicates")
    left = max(0, contracted - owed_now)
    left_inside = max(0, contracted - max(0, owed_now - doubles))
    a_year: dict[str, Param] = {"provision": provision, "need": need}
    records: list[Sentence] = [
        ("yearly.left", {"left": left, "months": _months(left, need), **a_year}),
        (
            "yearly.short",
            {"short": max(0, need - provision), "percent": Percent(Fraction(provision, need), 0), **a_year},
        ),
        ("yearly.remainder", {"left": left, "months": _months(provision, need), **a_year}),
        ("yearly.on_top", {"total": left + provision, "months": _months(left + provision, need), **a_year}),
    ]
    arithmetic: list[Sentence] = [
        ("arithmetic.difference", {"a": contracted, "b": owed_now, "c": left}),
        ("arithmetic.months", {"blanks": left, "need": need, "months": _months(left, need)}),
    ]
    awaiting = inputs.told("awaiting_uniqueness")[0]
    figures: tuple[str, ...] = ()
    if _may_be_same(doubles, awaiting.numerator):
        months = _months(left_inside, need)
        records.append(
            ("yearly.doubles_inside", {"owed": max(0, owed_now - doubles), "left": left_inside, "months": months})
        )
        arithmetic.append(("arithmetic.months", {"blanks": left_inside, "need": need, "months": months}))
        figures = (awaiting.key,)
    return Line(
        key="yearly",
        said=("yearly.said", a_year),
        records_say=tuple(records),
        verdict="too_little" if provision < need else "enough",
        figures=figures,
        arithmetic=tuple(arithmetic),
    )


def _months(blanks: int, need_a_year: int) -> Number:
    months = Fraction(blanks * 12, need_a_year)
    return Number(months, 0 if months.denominator == 1 or months >= 12 else 1)


def priority(inputs: Inputs) -> Line:
    """Was no region preferred? The lowest and the highest fill, and what each deadline took from the others."""
    if not inputs.fills:
        raise FigureMissing("no regency's fill is known", mend="commit a round first")
    lowest = min(inputs.fills, key=lambda code: (inputs.fills[code], code))
    highest = max(inputs.fills, key=lambda code: (inputs.fills[code], code))
    spread = inputs.fills[highest] - inputs.fills[lowest]
    records: list[Sentence] = [
        (
            "priority.fills",
            {
                "lowest": AreaName(lowest),
                "low": Percent(inputs.fills[lowest], 1),
                "highest": AreaName(highest),
                "high": Percent(inputs.fills[highest], 1),
                "date": inputs.counted_on,
                "regencies": len(inputs.fills),
            },
        )
    ]
    arithmetic: list[Sentence] = []
    cost = 0
    for stage in sorted(inputs.stages, key=lambda s: s.deadline):
        taken = sum(stage.lost.values())
        cost += taken
        most = max(stage.lost, key=lambda code: (stage.lost[code], code), default=None)
        params: dict[str, Param] = {
            "deadline": stage.deadline,
            "areas": len(stage.areas),
            "blanks": stage.blanks,
            "taken": taken,
            "losers": sum(1 for lost in stage.lost.values() if lost > 0),
            "most": AreaName(most) if most else "",
            "most_lost": stage.lost[most] if most else 0,
        }
        records.append(("priority.stage" if taken else "priority.stage_free", params))
        arithmetic.append(("arithmetic.stage", params))
    unequal = "unequal" if spread else "confirmed"
    verdict = "date_first" if cost else unequal
    return Line(
        key="priority",
        said=("priority.said", {}),
        records_say=tuple(records),
        verdict=verdict,
        arithmetic=tuple(arithmetic),
    )


def lampung(inputs: Inputs) -> Line:
    """Equal counts beside equal shares: the same blanks over the same regencies, by the published rule."""
    given = dict(sorted(inputs.lampung_allocated.items()))
    needs = {code: inputs.lampung_needs[code] for code in given}
    total = sum(given.values())
    usual, times = min(Counter(given.values()).items(), key=lambda item: (-item[1], item[0]))
    fair = {
        share.code: share.share
        for share in allocate(
            [AreaNeed(code=code, need=need) for code, need in needs.items()],
            stock=total,
            box_size=inputs.box_size,
            part_boxes=True,
        ).shares
    }
    given_fill = {code: _fill(given[code], needs[code]) for code in given}
    fair_fill = {code: _fill(fair[code], needs[code]) for code in given}
    low = min(given_fill, key=lambda code: (given_fill[code], code))
    high = max(given_fill, key=lambda code: (given_fill[code], code))
    spread, fair_spread = given_fill[high] - given_fill[low], max(fair_fill.values()) - min(fair_fill.values())
    return Line(
        key="lampung",
        said=("lampung.said", {"usual": usual, "times": times, "regencies": len(given), "total": total}),
        records_say=(
            (
                "lampung.given",
                {
                    "low": AreaName(low),
                    "low_fill": Percent(given_fill[low], 1),
                    "high": AreaName(high),
                    "high_fill": Percent(given_fill[high], 1),
                },
            ),
            _lampung_fair(needs, given, fair),
        ),
        verdict="equal_counts" if spread > fair_spread else "confirmed",
        figures=tuple(inputs.lampung_figures),
        arithmetic=tuple(
            ("arithmetic.lampung", params) for params in (_lampung_detail(c, needs, given, fair) for c in given)
        ),
        details=tuple(_lampung_detail(code, needs, given, fair) for code in given),
    )


def _lampung_fair(needs: Mapping[str, int], given: Mapping[str, int], fair: Mapping[str, int]) -> Sentence:
    """What the same blanks would have done by the rule: fill all needs alike, or meet them all and leave some over."""
    total, shared = sum(given.values()), sum(fair.values())
    fills = [_fill(fair[code], needs[code]) for code in given]
    params: dict[str, Param] = {
        "total": total,
        "need": sum(needs.values()),
        "left": total - shared,
        "short": sum(1 for code in given if given[code] < needs[code]),
        "lacking": sum(max(0, needs[code] - given[code]) for code in given),
        "fill_min": Percent(min(fills), 1),
        "fill_max": Percent(max(fills), 1),
        "moved": sum(max(0, fair[code] - given[code]) for code in given),
        "fewest": min(fair.values()),
        "most": max(fair.values()),
    }
    return ("lampung.fair" if shared == total else "lampung.met", params)


def _fill(blanks: int, need: int) -> Fraction:
    return Fraction(blanks, need) if need else Fraction(1)


def _lampung_detail(
    code: str, needs: Mapping[str, int], given: Mapping[str, int], fair: Mapping[str, int]
) -> dict[str, Param]:
    return {
        "area": AreaName(code),
        "need": needs[code],
        "given": given[code],
        "given_fill": Percent(_fill(given[code], needs[code]), 1),
        "fair": fair[code],
        "fair_fill": Percent(_fill(fair[code], needs[code]), 1),
    }


LINES: tuple[Callable[[Inputs], Line], ...] = (recorded, owed, finished, yearly, priority, lampung)


def table(inputs: Inputs) -> tuple[Line, ...]:
    """All lines, in the order in which they are shown. Raises StatementMissing and FigureMissing."""
    return tuple(line(inputs) for line in LINES)
