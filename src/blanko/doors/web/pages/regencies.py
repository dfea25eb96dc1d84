"""The map of equal cells, and one regency."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from blanko.decisions.planning import queries as planning
from blanko.decisions.scenario.april_2017 import outcome
from blanko.doors.web import pictures, words
from blanko.doors.web.pages import printing
from blanko.doors.web.pages.responses import named_errors, page
from blanko.doors.web.tables import Column, Table
from blanko.ground.places import gazetteer
from blanko.records.entitlement import queries as entitlement


def _metrics() -> dict[str, str]:
    return {"fill": _("share of need filled"), "backlog": _("cards owed"), "cover": _("days of cover")}


@named_errors
def tile_map(request: HttpRequest) -> HttpResponse:
    """``/map?by=fill|backlog|cover``"""
    by = request.GET.get("by", "fill")
    if by not in _metrics():
        by = "fill"
    rows = {row["regency"]: row for row in _rows()}
    if not any(row["need"] for row in rows.values()):
        # Where nobody was counted nobody is worst served.
        return render(request, "empty.html")
    values = {code: row[by] for code, row in rows.items() if row[by] is not None}
    worst, best = (
        (max(values.values()), min(values.values())) if by == "backlog" else (0.0, max(values.values(), default=0))
    )

    def colour(code: str) -> str:
        if by == "fill":
            # Between the lowest and the highest of today: equal colours would hide who is behind.
            low, high = float(min(values.values())), float(best)
            return pictures.step_of_share((float(rows[code]["fill"]) - low) / (high - low) if high > low else 1.0)
        return pictures.step_of_rank(values.get(code), worst=float(worst), best=float(best))

    def label(code: str) -> str:
        row = rows[code]
        return _("%(name)s: %(fill)s of the need filled, %(owed)s cards owed, %(days)s days of cover") % {
            "name": row["name"],
            "fill": words.percent(row["fill"]),
            "owed": words.count(row["backlog"]),
            "days": words.count(row["cover"]),
        }

    table = Table.of(
        request,
        name="regencies",
        caption=_("The same figures as a table. Need is estimated where no office's records were loaded whole."),
        sort="fill",
        columns=[
            Column("name", _("Regency"), href=lambda row: f"/regencies/{row['regency']}"),
            Column("province", _("Province")),
            Column("need", _("Need"), unit=_("cards"), number=True),
            Column("need_source", _("Source of the need"), form=words.mark),
            Column("holdings", _("Held, coming or used"), unit=_("blanks"), number=True),
            Column("fill", _("Filled"), number=True, form=words.percent),
            Column("cover", _("Cover"), unit=_("days"), number=True),
        ],
        rows=list(rows.values()),
    )
    return page(
        request, "map.html", table, picture=pictures.tiles(colour, label), by=by, metrics=_metrics(),
        lowest=min(rows.values(), key=lambda row: (row["fill"], row["regency"])),
        highest=max(rows.values(), key=lambda row: (row["fill"], row["regency"])),
        legend=_legend(values, by, colours=[colour(code) for code in values]),
    )  # fmt: skip


def _legend(values: dict[str, Any], by: str, *, colours: list[str]) -> list[dict[str, Any]]:
    """Each colour with the lowest and the highest value that it stands for today, and how many regencies have it."""
    form = words.percent if by == "fill" else words.count
    found = []
    for step in range(pictures.STEPS):
        inside = sorted(value for value, colour in zip(values.values(), colours, strict=True) if colour == f"f{step}")
        if inside:
            low, high = form(inside[0]), form(inside[-1])
            says = low if low == high else f"{low} – {high}"
            found.append({"colour": f"f{step}", "says": says, "regencies": len(inside)})
    return found


def _rows() -> list[dict[str, Any]]:
    areas = {area.code: area for area in planning.areas(outcome.day())}
    found = []
    for code, fill in outcome.fills().items():
        area = areas[code]
        found.append(
            {
                "regency": code,
                "name": gazetteer.name_of(code),
                "province": gazetteer.name_of(code[:2]),
                "need": fill.need,
                "need_source": fill.need_source,
                "holdings": fill.holdings,
                "fill": fill.fill,
                "backlog": area.need.need,
                # What the office could print with what it has, at its (estimated) capacity.
                "cover": area.in_hand // max(1, area.cards_a_day),
            }
        )
    return found


@named_errors
def regency(request: HttpRequest, code: str) -> HttpResponse:
    """``/regencies/<code>``"""
    place = gazetteer.regency(code)
    fill = outcome.fills()[place.code]
    area = next(area for area in planning.areas(outcome.day()) if area.code == place.code)
    got = []
    for row in reversed(planning.rounds()):
        full = planning.round(row["number"])
        share = next(share for share in full["shares"] if share["regency"] == place.code)
        got.append(
            {
                "number": row["number"], "title": row["title"], "as_of": row["as_of"], "state": row["state"],
                "deadline": row["deadline"], **share,
            }
        )  # fmt: skip
    sent = planning.dispatches(regency=place.code)
    staged = [row["deadline"] for row in got if row["deadline"] and row["binding"] != "not_in_stage"]
    split = entitlement.backlog(area=place.code) if fill.need_source == "registry" else None
    office = printing.shown(place.code)
    return page(
        request, "regency.html", office["printers"], office["reports"], office=office, place=place,
        fill=fill, area=area, rounds=got, backlog=split,
        changes=gazetteer.successors(place.code), dispatches=sent,
        deadline=area.deadline or (staged[-1] if staged else None),
        nothing=not (fill.need or fill.holdings or got or sent),
        crumbs=[("/map", _("Map")), (f"/map?q={gazetteer.name_of(place.province)}", gazetteer.name_of(place.province))],
    )  # fmt: skip
