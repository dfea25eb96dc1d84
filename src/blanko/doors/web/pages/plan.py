"""The planner's page and the minister's: when blanks run out, the odds of each promise, and what to order by when."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from blanko.decisions.planning.outlook import paper, printing, records
from blanko.decisions.planning.outlook.answer import Answer, outlook
from blanko.decisions.planning.outlook.case import Case, Number, UnknownCase, built_in, load, parse, read
from blanko.decisions.planning.outlook.problems import Problem
from blanko.doors.web import pictures, stored, waiting, words
from blanko.doors.web.pages.responses import named_errors, page
from blanko.doors.web.tables import Column, Table
from blanko.kernel.errors import filled
from blanko.records.intake import queries as intake

# A slider must answer at once; a fifth of the futures moves an answer by less than a line's width.
WHAT_IF_PATHS = 4_000
SLIDERS = {
    "demand": (0.6, 1.6, 0.05), "checks": (0.25, 4.0, 0.25), "printers": (0.25, 2.0, 0.25),
    "delivery_days": (0.5, 3.0, 0.25),
}  # fmt: skip


def slider_names() -> dict[str, str]:
    return {
        "demand": _("need, times"),
        "checks": _("speed of the checks, times"),
        "printers": _("printers, times"),
        "delivery_days": _("days until deliveries, times"),
    }


def bindings() -> dict[str, str]:
    """What waiting cards wait for, in the reader's words."""
    return {
        "blanks": _("blanks"),
        "printers": _("printers"),
        "operators": _("operators"),
        "ribbon": _("ribbon and ink"),
        "uniqueness_checks": _("the check of uniqueness"),
        "nothing": _("nothing"),
    }


def series() -> dict[str, str]:
    return {
        "stock": _("Good blanks, wherever they are"),
        "print_ready": _("Print-ready, waits for a blank"),
        "awaiting": _("Awaiting the check of uniqueness"),
        "uncollected": _("Printed and not collected"),
    }


def stage_names() -> dict[str, str]:
    return {
        "budget": _("budget"),
        "tender": _("tender"),
        "objection": _("objection period"),
        "contract": _("contract"),
        "chips_from_abroad": _("chips from abroad"),
        "chips_abroad": _("chips from abroad"),
        "cards_at_home": _("card bodies at home"),
        "printed_and_tested": _("printed and tested"),
        "customs_and_release": _("customs and release"),
        "customs_release": _("customs and release"),
        "transport": _("transport"),
    }


def number_names() -> dict[str, str]:
    """The numbers of a case in the reader's words."""
    return {
        "print_ready": _("print-ready"),
        "awaiting": _("awaiting the check of uniqueness"),
        "not_recorded": _("not recorded"),
        "uncollected": _("printed and not collected"),
        "doubles": _("doubles"),
        "central": _("blanks in the central warehouse"),
        "offices": _("blanks at offices"),
        "direct": _("cards a year that need no check"),
        "enrolled": _("cards a year after a check"),
        "late_recorded_share": _("share recorded late, a week"),
        "returning_share": _("share of held-back need that returns"),
        "held_back": _("need held back by the shortage"),
        "a_week": _("checks a week"),
        "availability": _("share of printers that works"),
        "repair_weeks": _("weeks of a repair"),
        "cards_a_printer_day": _("cards of a printer and day, where nothing is told"),
        "offices_told": _("offices whose printers, operators or ribbon are known"),
        "passed_share": _("share that passes the check"),
        "spoilage": _("spoilage"),
        "collection": _("share of waiting cards fetched in a week"),
    }


def _printing_numbers(case: Case) -> dict[str, Number]:
    """What printing goes by, as numbers of the page; how many offices told it themselves is counted."""
    told = set().union(*(case.local[name] for name in printing.KNOWN if name in case.local))
    kind = "modelled" if told else "estimated"
    found = {
        "availability": Number(case.printing.availability, kind=kind, known_on=case.as_of),
        "repair_weeks": Number(round(case.printing.repair_weeks, 1), kind=kind, known_on=case.as_of),
        "cards_a_printer_day": Number(case.printing.cards_a_printer_day, known_on=case.as_of),
    }
    if told:
        found["offices_told"] = Number(float(len(told)), kind="observed", known_on=case.as_of)
    return found


def case_of(request: HttpRequest) -> tuple[str, Case]:
    """A built-in case, the records, or a case that was kept by its digest: a page reads no file of another name."""
    name = request.GET.get("case", built_in()[0])
    if name == records.NAME:
        return name, records.case()
    if name not in built_in() and not waiting.is_token(name):
        raise UnknownCase(
            "there is no case {name}", mend="name one of {cases}, or a TOML file", name=name,
            cases=", ".join(built_in()),
        )  # fmt: skip
    return name, _by_name(name)


def _by_name(name: str) -> Case:
    """A built-in case, or one that was kept by the digest of its bytes."""
    if waiting.is_token(name):
        return parse(read(waiting.path(name).read_bytes(), name=_("your case")))
    return load(name)


@lru_cache(maxsize=16)
def whole(name: str) -> Answer:
    """The full answer of a case whose name always means the same; it is the same each time."""
    return outlook(_by_name(name))


def _plain(name: str, case: Case) -> Answer:
    """The full answer. What the records say today may differ tomorrow, so that theirs is kept by nobody."""
    return whole(name) if name in built_in() or waiting.is_token(name) else outlook(case)


def asked(request: HttpRequest, case: Case) -> dict[str, Any]:
    """What the sliders ask for, within their bounds; anything else in the address is as the case says."""
    found: dict[str, Any] = {"changed": {}}
    for key, (low, high, _step) in SLIDERS.items():
        value = _number(request.GET.get(key, ""))
        if value is not None and value != 1.0:
            found["changed"][key] = min(high, max(low, value))
    risk = _number(request.GET.get("risk", ""))
    found["risk"] = min(0.5, max(0.01, risk / 100)) if risk is not None else case.order.risk
    keys = [reading.key for reading in case.readings]
    found["reading"] = request.GET.get("reading") if request.GET.get("reading") in keys else keys[0]
    found["doubles_inside"] = request.GET.get("doubles") == "inside"
    return found


def _number(text: str) -> float | None:
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return None
    return value if -1e6 < value < 1e6 else None


@named_errors
def planner(request: HttpRequest) -> HttpResponse:
    """``/plan?demand=&checks=&printers=&delivery_days=&risk=&reading=&doubles=``"""
    return answer(request, *case_of(request))


def answer(request: HttpRequest, name: str, case: Case, **more: Any) -> HttpResponse:
    """The planner's page of a case."""
    wanted = asked(request, case)
    plain = _plain(name, case)
    same = not wanted["changed"] and wanted["risk"] == case.order.risk and wanted["reading"] == case.readings[0].key
    found = plain if same and not wanted["doubles_inside"] else outlook(
        case, paths=WHAT_IF_PATHS, side_by_side=False, **wanted
    )  # fmt: skip
    numbers = Table.of(
        request,
        name="numbers",
        caption=_("Every number that went in, and how it is known."),
        columns=[
            Column("says", _("Number")),
            Column("value", _("Value"), number=True, form=_value),
            Column("cv", _("Uncertainty"), number=True, form=lambda cv: words.percent(cv, 0) if cv else words.NOTHING),
            Column("kind", _("Kind"), form=words.mark),
            Column("known_on", _("Known on"), form=words.day),
            Column("source", _("Source"), href=lambda row: row["source"] if row["source"].startswith("http") else None,
                   form=lambda source: stored.stored(source)),
            Column("note", _("Note"), form=stored.stored),
        ],
        rows=[
            {
                "says": number_names().get(key, key), "value": number.value, "cv": number.cv, "kind": number.kind,
                "known_on": number.known_on, "source": number.source, "note": number.note,
            }
            for key, number in {
                **case.backlog, **case.stock, **case.demand, **case.checks, **_printing_numbers(case),
                "spoilage": case.spoilage, "collection": case.collection,
            }.items()
        ],
    )  # fmt: skip
    pairs = _pairs(plain)
    tables = [_promises(found), _readings(pairs), _stages(found), _problems(found), _fans(found)]
    marks = {_("order by"): found.order["latest_date"], _("runs out"): found.runout["p50"]}
    fans = [
        pictures.fan(series()[key], found.weeks, found.fans[key], marks if key == "stock" else None) for key in series()
    ]
    sliders = [
        {"key": key, "name": slider_names()[key], "low": low, "high": high, "step": step,
         "value": wanted["changed"].get(key, 1.0)}
        for key, (low, high, step) in SLIDERS.items()
    ]  # fmt: skip
    return page(
        request, "plan.html", numbers, *tables, cases=[*built_in(), records.NAME], found=found,
        case=case, name=name, fans=fans, sliders=sliders,
        risk=round(100 * wanted["risk"]), wanted=wanted, pairs=pairs, problems=problems_said(found.problems),
        waits=_waits(found), never=found.runout["p50"] == found.as_of,
        nothing=not intake.files(limit=1), kept=waiting.is_token(name), **more,
    )  # fmt: skip


@named_errors
def minister(request: HttpRequest) -> HttpResponse:
    """``/plan/minister``: the promise, the odds, three actions, on one screen; ``?format=pdf`` on one sheet."""
    name, case = case_of(request)
    found = _plain(name, case)
    actions = problems_said(found.problems)[:3]
    if request.GET.get("format") == "pdf":
        made = paper.minister_sheet(_sheet(found, actions))
        response = HttpResponse(made, content_type="application/pdf")
        response["Content-Disposition"] = f'inline; filename="blanko-{name}.pdf"'
        return response
    return page(
        request, "minister.html", name=name, found=found, case=case, actions=actions, waits=_waits(found)[:2],
        nothing=not intake.files(limit=1),
        crumbs=[("/plan", _("Plan"))],
    )  # fmt: skip


def _sheet(found: Answer, actions: list[dict[str, Any]]) -> dict[str, Any]:
    """The sheet in the reader's words and dates."""
    never = _("beyond the plan")
    low, middle, high = (words.day(day) if day else never for day in found.runout.values())
    return {
        "language": words.language(),
        "words": _sheet_words(),
        "title": found.title,
        # A case that is called by its day says it once.
        "as_of": "" if words.day(found.as_of) in found.title else words.day(found.as_of),
        "waits": ", ".join(f"{says} {words.percent(share, 0)}" for says, share in _waits(found)),
        "low": low,
        "middle": middle,
        "high": high,
        "promises": [
            {"text": _(p["text"]), "date": words.day(p["date"]), "odds": words.percent(p["probability"], 0)}
            for p in found.promises
        ],
        "actions": [{"says": item["says"], "mend": item["mend"]} for item in actions],
        "seed": f"{found.seed}, {words.count(found.paths)}",
    }


def _sheet_words() -> dict[str, str]:
    return {
        "title": _("What was promised, what are the odds, and what to do?"),
        "as_of": _("As of"),
        "promise": _("Promise"),
        "by": _("Due"),
        "odds": _("Odds"),
        "runs_out": _("Blanks run out about"),
        "between": _("80 %: between"),
        "waits": _("What waiting cards wait for:"),
        "actions": _("Three actions"),
        "how": _("Computed from what was known on that day; seed and number of futures:"),
    }


def _waits(found: Answer) -> list[tuple[str, float]]:
    ordered = sorted(found.binding_shares.items(), key=lambda item: (-item[1], item[0]))
    return [(bindings().get(code, code), share) for code, share in ordered if share >= 0.005]


def _promises(found: Answer) -> Table:
    return Table.plain(
        "promises",
        [
            Column("text", _("Promise")), Column("date", _("Due"), form=words.day),
            Column("probability", _("Odds"), number=True, form=lambda odds: words.percent(odds, 0)),
        ],
        [{**promise, "text": _(promise["text"])} for promise in found.promises],
    )  # fmt: skip


def _readings(pairs: list[dict[str, Any]]) -> Table:
    return Table.plain(
        "readings",
        [
            Column("says", _("Reading")),
            Column("outside", _("Doubles outside the 4.5 million: runs out"), form=words.day),
            Column("outside_order", _("Order"), number=True),
            Column("inside", _("Doubles inside: runs out"), form=words.day),
            Column("inside_order", _("Order"), number=True),
        ],
        [
            {
                "says": f"{pair['key']}: {pair['title']}",
                "outside": pair["outside"].runout["p50"], "outside_order": pair["outside"].order_quantity,
                "inside": pair["inside"].runout["p50"], "inside_order": pair["inside"].order_quantity,
            }
            for pair in pairs
        ],
    )  # fmt: skip


def _stages(found: Answer) -> Table:
    names = stage_names()
    return Table.plain(
        "stages",
        [
            Column("step", _("Step"), number=True), Column("says", _("Stage")),
            Column("median_days", _("Median, days"), number=True), Column("abroad", _("Where")),
        ],
        [
            {
                **stage, "says": names.get(stage["name"], stage["name"]), "median_days": round(stage["median_days"], 1),
                "abroad": _("abroad") if stage["country"] else "",
            }
            for stage in found.order["stages"]
        ],
    )  # fmt: skip


def _problems(found: Answer) -> Table:
    return Table.plain(
        "problems_list",
        [
            Column("severity", _("Urgency"), number=True),
            Column("says", _("Problem")),
            Column("mend", _("What mends it")),
        ],
        problems_said(found.problems),
    )


def _fans(found: Answer) -> Table:
    """The fans week by week: what the pictures draw, to be taken along."""
    heads = [(name, level) for name in series() for level in ("0.1", "0.5", "0.9")]
    return Table.plain(
        "weeks",
        [Column("week", _("Week from"), form=words.day),
         *(Column(f"{name}_{level}", f"{series()[name]}, {level}", number=True) for name, level in heads)],
        [
            {"week": day, **{f"{name}_{level}": round(found.fans[name][level][place]) for name, level in heads}}
            for place, day in enumerate(found.weeks)
        ],
    )  # fmt: skip


def _pairs(found: Answer) -> list[dict[str, Any]]:
    """Each reading with the doubles outside and inside the print-ready records."""
    pairs = []
    for key in dict.fromkeys(reading.key for reading in found.readings):
        outside, inside = (reading for reading in found.readings if reading.key == key)
        pairs.append({"key": key, "title": _(outside.title), "outside": outside, "inside": inside})
    return pairs


def problems_said(problems: list[Problem]) -> list[dict[str, Any]]:
    """Problems and their mends in the reader's language and number format."""
    found = []
    for problem in problems:
        values = {key: _shown(value) for key, value in problem.values.items()}
        says = filled(_(problem.says), values)
        # On a page each is a sentence of its own.
        says = says[:1].upper() + says[1:]
        found.append(
            {"severity": problem.severity, "code": problem.code, "says": says, "mend": filled(_(problem.mend), values)}
        )
    return found


def _shown(value: object) -> str:
    if isinstance(value, float):
        return words.percent(value, 0)
    if isinstance(value, int):
        return words.count(value)
    return words.day(value) if hasattr(value, "isoformat") else stored.stored(str(value))


def _value(value: float) -> str:
    return words.percent(value, 1) if 0 < value < 1 else words.count(round(value))
