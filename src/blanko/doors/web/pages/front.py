"""The first page: what was said on 4 April 2017 beside what the records say."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from blanko.cards.custody import queries as custody
from blanko.decisions.planning import queries as planning
from blanko.decisions.scenario.april_2017 import outcome, sentences
from blanko.doors.web import pictures, words
from blanko.doors.web.pages.responses import named_errors
from blanko.records.intake import queries as intake
from blanko.records.procurement import queries as procurement


def followed() -> str | None:
    """The serial that the last replay followed into a hand, if one was played here."""
    try:
        text = (settings.DATA_DIR / "replay.json").read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    return json.loads(text).get("followed")


@named_errors
def front(request: HttpRequest) -> HttpResponse:
    """``/``"""
    if not planning.rounds():
        return render(request, "empty.html")
    lines = [sentences.render(line, words.language()) for line in outcome.lines()]
    fills = outcome.fills()
    worst = sorted(fills.values(), key=lambda fill: (fill.fill, fill.regency))[:5]
    split = outcome.backlog()
    last = planning.rounds()[0]["number"]
    return render(
        request,
        "front.html",
        {
            "lines": lines,
            "backlog": _backlog(split),
            "national": outcome.national(),
            "not_recorded": split["not_recorded"],
            "custody": custody.balance_sheet(),
            "day": outcome.day(),
            "contract": procurement.contracts()[0],
            "places": _places(custody.balance_sheet()),
            "worst": worst,
            "last_round": last,
            "fills": list(fills.values()),
            "totals": intake.totals(),
            "files": intake.files(limit=6),
            "followed": followed(),
        },
    )


def _backlog(split: dict[str, int]) -> list[pictures.Piece]:
    return pictures.stacked(
        [
            (_("awaiting uniqueness"), split["awaiting_uniqueness"], "f2"),
            (_("duplicate case"), split["duplicate_cases"], "f0"),
            (_("print-ready"), split["print_ready"], "f4"),
            (_("printed and not collected"), split["printed_uncollected"], "f6"),
        ]
    )


def _places(sheet: dict[str, int]) -> list[dict[str, Any]]:
    """The balance sheet as rows: every blank received is in exactly one of them."""
    names = {
        "warehouse": _("in the central warehouse"),
        "in_transit": _("on the way"),
        "at_offices": _("good, at offices"),
        "personalised": _("printed, not collected"),
        "issued": _("in a holder's hand"),
        "spoiled": _("spoiled"),
        "destroyed": _("destroyed"),
        "missing": _("missing"),
    }
    return [{"name": label, "value": sheet[key]} for key, label in names.items()]
