"""The policy lab: the same months under several rules, side by side."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from blanko.decisions.planning import lab
from blanko.doors.web import pictures, words
from blanko.doors.web.pages.responses import named_errors, page
from blanko.doors.web.tables import Column, Table
from blanko.engines.allocation.lab import Comparison

SEED_MAX = 10_000
# Left of this share of need there is no room for a name before the dot.
WORST_LEFT = 0.5


def policies() -> dict[str, tuple[str, str]]:
    """Each policy's name and what it does, in the reader's words."""
    return {
        "leximin": (_("lowest fill first"), _("the published rule: the next box goes to who has least of its need")),
        "days_of_cover": (
            _("equal days of cover"),
            _("the ministry's rule of 2022: a whole province runs out together"),
        ),
        "proportional": (_("in proportion to need"), _("everybody the same part of its need, now")),
        "equal_counts": (_("equal counts"), _("the same number for everybody, as in Lampung on 10 April 2017")),
        "first_come": (_("first come"), _("who asks first is served first")),
        "projected_proportional": (
            _("projected proportional"),
            _("keeps back for need that is still to come (fair dynamic rationing)"),
        ),
        "leximin_replanned": (
            _("lowest fill, planned anew each week"),
            _("plans all weeks by what is expected, sends the first, forgets the rest"),
        ),
        "as_sent": (_("as it was sent"), _("what was really sent on 10 April 2017, then the published rule")),
    }


def cases() -> dict[str, str]:
    return {
        "lampung-2017": _("Lampung from 10 April 2017, 15 regencies"),
        "nation-2017": _("the nation from 10 April 2017, 514 regencies"),
    }


def marks() -> dict[str, str]:
    return {"observed": _("observed"), "estimated": _("estimated"), "assumed": _("assumed")}


def inputs() -> dict[str, str]:
    """What goes into a case, in the reader's words."""
    return {
        "backlog": _("cards owed at the begin"),
        "weekly need": _("need of a week"),
        "capacity": _("printing"),
        "lead time": _("days on the way"),
        "cost": _("cost of transport"),
        "surprise": _("surprise"),
        "deliveries": _("deliveries"),
        "sent": _("what was sent"),
        "first delivery": _("first delivery"),
        "later deliveries": _("later deliveries"),
    }


@lru_cache(maxsize=16)
def compared(case: str, seed: int) -> Comparison:
    """The comparison of a case; the same seed gives the same months."""
    return lab.compare(case, seed=seed)


@named_errors
def policy_lab(request: HttpRequest) -> HttpResponse:
    """``/policies?case=lampung-2017|nation-2017&seed=``"""
    case = request.GET.get("case", "lampung-2017")
    seed = min(words.whole(request.GET.get("seed", "")) or 1, SEED_MAX)
    found = compared(case, seed)
    named = policies()
    rows: list[dict[str, Any]] = [
        {
            "policy": named[outcome.policy][0], "waiting_mean": outcome.waiting_mean,
            "waiting_p95": outcome.waiting_p95, "unserved": outcome.unserved, "idle": outcome.idle,
            "fill_worst": outcome.fill_worst, "worst": outcome.worst, "stock_outs": outcome.stock_outs,
            "over": outcome.over, "cost": outcome.cost,
        }
        for outcome in found.outcomes
    ]  # fmt: skip
    table = Table.of(
        request,
        name="policies",
        sort="waiting_mean",
        caption=_("All rules meet the same seeded months: the same need, the same late deliveries."),
        columns=[
            Column("policy", _("Rule")),
            Column("waiting_mean", _("Wait, mean"), unit=_("weeks"), number=True, form=_tenths),
            Column("waiting_p95", _("Wait of 19 in 20"), unit=_("weeks"), number=True),
            Column("unserved", _("No card at the end"), number=True),
            Column("idle", _("Blanks idle"), number=True),
            Column("fill_worst", _("Worst regency"), number=True, form=words.percent),
            Column("worst", _("Which"), form=words.area, href=lambda row: f"/regencies/{row['worst']}"),
            Column("stock_outs", _("Weeks without blanks"), number=True),
            Column("over", _("Sent above need"), number=True),
            Column("cost", _("Transport"), number=True, form=words.rupiah),
        ],
        rows=rows,
    )
    panels = [
        {
            "name": named[outcome.policy][0],
            "what": named[outcome.policy][1],
            "dots": pictures.dots({area.code: area.fill for area in outcome.areas if area.needed}, height=90),
            # The worst regency is named beside its dot, on the side where there is room.
            "worst": f"{words.area(outcome.worst)} {words.percent(outcome.fill_worst, 0)}",
            "x": round(outcome.fill_worst * 1000),
            "is_left": outcome.fill_worst < WORST_LEFT,
        }
        for outcome in found.outcomes
    ]
    # What differs by less than a tenth of a week is equal to a reader: then the better worst regency comes first.
    best = min(found.outcomes, key=lambda one: (round(one.waiting_mean, 1), -one.fill_worst, one.cost))
    last = max(found.outcomes, key=lambda outcome: (outcome.waiting_mean, outcome.policy))
    return page(
        request, "policies.html", table, found=found, panels=panels, case=case, cases=cases(), seed=seed,
        best=named[best.policy][0], best_wait=_tenths(best.waiting_mean), last=named[last.policy][0],
        last_wait=_tenths(last.waiting_mean), last_none=last.unserved, best_worst=best.fill_worst,
        last_worst=last.fill_worst,
        marks=[
            {"says": marks()[mark.kind], "name": inputs().get(mark.name, mark.name), "source": mark.source}
            for mark in found.marks
        ],
        crumbs=[("/rounds", _("Rounds"))],
    )  # fmt: skip


def _tenths(value: float) -> str:
    from django.utils import formats

    return formats.number_format(value, decimal_pos=1)
