"""``./blanko planning runout`` and ``backtest``: what runs out when, and what to order by when. Needs no database."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import date
from pathlib import Path

from blanko.decisions.planning.outlook import backtest
from blanko.decisions.planning.outlook.answer import Answer, outlook
from blanko.decisions.planning.outlook.case import Case, built_in, load
from blanko.engines.runout.simulate import PATHS
from blanko.ground.places import gazetteer
from blanko.kernel.errors import filled

EXAMPLE = """Example:
  ./blanko planning runout                               the case of 4 April 2017, as its numbers were known that day
  ./blanko planning runout --scenario records            what the database holds today
  ./blanko planning runout --scenario my-country.toml    a case of your own; copy 2017-04.toml to begin
  ./blanko planning runout --level regency               each of the 514 regencies too (a few seconds)
  ./blanko planning runout --what-if checks=2 demand=1.1 what if checks went twice as fast
  ./blanko planning backtest 2017-04                     the forecast beside what happened

Exit codes: 0 done, 1 failed, 2 wrong use or a case that cannot be (one line says where)."""
AREAS_SHOWN = 10
CHANGES = ("demand", "checks", "printers", "delivery_days")


def main(argv: list[str]) -> int:
    """Run one of the two verbs."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="blanko planning", description=EXAMPLE, formatter_class=raw)
    verbs = parser.add_subparsers(dest="verb", required=True)
    runout = verbs.add_parser("runout", help="what runs out when", description=EXAMPLE, formatter_class=raw)
    runout.add_argument(
        "--scenario",
        default="2017-04",
        metavar="NAME|FILE",
        help=f"a built-in case ({', '.join(built_in())}), records (what the database holds), or a file",
    )
    runout.add_argument("--reading", help="which meaning of the promise, for example B (default: the first)")
    runout.add_argument("--doubles-inside", action="store_true", help="the doubles sit inside the print-ready records")
    runout.add_argument("--risk", type=float, help="the risk of running out that you accept, for example 0.1")
    runout.add_argument("--level", choices=["nation", "province", "regency"], default="nation")
    runout.add_argument(
        "--what-if", nargs="+", type=_change, default=[], metavar="NAME=FACTOR", help=f"{', '.join(CHANGES)}"
    )
    runout.add_argument("--seed", type=int, default=1)
    runout.add_argument("--paths", type=int, default=PATHS)
    runout.add_argument("--fans", action="store_true", help="with --json: the quantiles of every week too")
    runout.add_argument("--json", action="store_true", help="one JSON object on stdout")
    back = verbs.add_parser(
        "backtest", help="the forecast beside what happened", description=EXAMPLE, formatter_class=raw
    )
    back.add_argument("scenario", metavar="NAME|FILE")
    back.add_argument("--seed", type=int, default=1)
    back.add_argument("--paths", type=int, default=PATHS)
    back.add_argument("--out", type=Path, metavar="FILE.md", help="write the page, its picture beside it")
    back.add_argument("--json", action="store_true")
    given = parser.parse_args(argv)
    return _runout(given) if given.verb == "runout" else _backtest(given)


def _change(text: str) -> tuple[str, float]:
    name, _, factor = text.partition("=")
    try:
        if name in CHANGES and float(factor) > 0:
            return name, float(factor)
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is not one of {', '.join(CHANGES)} = a factor above 0")


def _runout(given: argparse.Namespace) -> int:
    if sys.stderr.isatty():
        print("simulating (the first time on a machine takes some seconds more)", file=sys.stderr)
    found = outlook(
        _case(given.scenario), seed=given.seed, paths=given.paths, reading=given.reading,
        doubles_inside=given.doubles_inside, risk=given.risk, level=given.level, changed=dict(given.what_if),
    )  # fmt: skip
    if given.json:
        print(json.dumps(found.as_json(fans=given.fans), ensure_ascii=False))
        return 0
    for line in _lines(found):
        print(line)
    return 0


def _case(name: str) -> Case:
    """A case by its name or file, or what the database holds. Only the last needs a database."""
    if name != "records":
        return load(name)
    from blanko.ready import make_ready

    make_ready()
    from blanko.decisions.planning.outlook import records

    return records.case()


def _lines(found: Answer) -> list[str]:
    """The answer as a planner reads it, most wanted first."""
    doubles = "inside" if found.doubles_inside else "outside"
    lines = [
        f"{found.title}: reading {found.reading}, the doubles {doubles} the print-ready records",
        f"  {found.paths:,} futures, seed {found.seed}",
        "",
    ]
    if found.never_recovers:
        lines.append(
            f"Blanks are short today; in {found.never_recovers:.0%} of the futures this plan never ends that for four weeks."
        )
    again = " again" if found.short_today else ""
    low, middle, high = (_runs_out(found, level) for level in ("p10", "p50", "p90"))
    lines.append(f"Blanks run out{again} about {middle} (80 %: {low} to {high}).")
    lines += [f"  before {day}: {chance:.0%}" for day, chance in found.probability_before.items()]
    order = found.order
    if order["latest_date"] is None:
        lines.append(f"No order is needed: the risk until {order['until']} is {order['risk_without']:.0%}.")
    elif order["passed"] or not order["reachable"]:
        lines.append(
            f"An order that keeps the risk until {order['until']} under {order['risk']:.0%} had to be placed by "
            f"{order['latest_date']}. Placed today, {order['quantity']:,} blanks leave a risk of {order['risk_with']:.0%}."
        )
    else:
        lines.append(
            f"Order {order['quantity']:,} blanks by {order['latest_date']} to keep the risk until {order['until']} under "
            f"{order['risk']:.0%} (without: {order['risk_without']:.0%}); {order['currency']} {order['cost']:,}."
        )
    lead = order["lead_days"]
    lines.append(
        f"  from the decision to blanks: {lead['p50']:.0f} days (80 %: {lead['p10']:.0f} to {lead['p90']:.0f})"
    )
    shares = sorted(found.binding_shares.items(), key=lambda item: -item[1])
    lines.append(
        "Waiting cards wait for: "
        + ", ".join(f"{name.replace('_', ' ')} {share:.0%}" for name, share in shares if share >= 0.005)
    )
    if found.deadlines:
        lines += ["", "Deadlines of areas, and the odds that nobody there still waits for printing"]
    lines += [
        f"  {d['met']:>4.0%}  {d['name']}, {len(d['areas'])} areas; left: {d['left']['p50']:,.0f}"
        for d in found.deadlines
    ]
    if found.promises:
        lines += ["", "What was promised, and its odds"]
    lines += [f"  {p['probability']:>4.0%}  by {p['date']}  {p['text']}" for p in found.promises]
    if found.readings:
        lines += ["", "The readings side by side (doubles outside | inside the print-ready records)"]
        for key in dict.fromkeys(reading.key for reading in found.readings):
            outside, inside = (r for r in found.readings if r.key == key)
            lines.append(f"  {key}  {outside.title}")
            lines.append(
                f"     runs out {_day(outside.runout['p50'])}, order {outside.order_quantity:,} by {_day(outside.order_latest)}"
                f"  |  {_day(inside.runout['p50'])}, {inside.order_quantity:,} by {_day(inside.order_latest)}"
            )
    if found.areas:
        lines += ["", f"Areas short for longest (of {len(found.areas)})"]
        lines += [
            f"  {area.code}  {gazetteer.name_of(area.code):<36}{area.weeks_short:5.1f} weeks short, waits for {area.waiting_for}"
            for area in found.areas[:AREAS_SHOWN]
        ]
    if found.cost_by_year:
        lines += [
            "",
            "Cost by year: "
            + ", ".join(f"{year} {order['currency']} {cost:,}" for year, cost in found.cost_by_year.items()),
        ]
    if found.problems:
        lines += ["", "What is about to go wrong, and what mends it"]
        for problem in found.problems:
            values = {name: _value(value) for name, value in problem.values.items()}
            lines.append(f"  {problem.severity}  {filled(problem.says, values)}")
            lines.append(f"     -> {filled(problem.mend, values)}")
    return lines


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.0%}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _runs_out(found: Answer, level: str) -> str:
    day = found.runout[level]
    return "today's shortage never ends" if day == found.as_of else _day(day)


def _day(day: date | None) -> str:
    return "beyond the plan" if day is None else day.isoformat()


def _backtest(given: argparse.Namespace) -> int:
    found = backtest.run(load(given.scenario), seed=given.seed, paths=given.paths)
    if given.json:
        print(json.dumps(found.as_json(), ensure_ascii=False))
    else:
        print(found.page())
    if given.out is not None:
        given.out.write_text(found.page(picture=given.out.with_suffix(".svg").name), encoding="utf-8")
        given.out.with_suffix(".svg").write_text(found.picture(), encoding="utf-8")
        print(f"{given.out} and its picture are written", file=sys.stderr)
    return 0
