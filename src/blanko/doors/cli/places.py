"""``./blanko places``: what an area code of 2017 is called today, and the other way round. Needs no database."""

from __future__ import annotations

import argparse
import json

from blanko.ground.places import gazetteer


def main(argv: list[str]) -> int:
    """Explain one code, or list the provinces and regencies of 2017."""
    parser = argparse.ArgumentParser(prog="blanko places", description="Example: ./blanko places show 9171")
    verbs = parser.add_subparsers(dest="verb", required=True)
    show = verbs.add_parser("show", help="a code of 2017 or of today: its name, then and now, and its sources")
    show.add_argument("code")
    listing = verbs.add_parser("list", help="the 514 regencies of April 2017 with their codes of today")
    listing.add_argument("--province", default="", metavar="CODE", help="only this province of 2017")
    for verb in (show, listing):
        verb.add_argument("--json", action="store_true")
    given = parser.parse_args(argv)
    if given.verb == "show":
        code = given.code.replace(".", "")
        regency = gazetteer.regency(gazetteer.regency_of(code))
        found = [_row(regency)]
        lines = [f"{name:<12}{value}" for name, value in found[0].items()]
        lines += [
            f"{change.effective}  {change.kind}: {change.code_today}  {change.note} ({change.source})"
            for change in gazetteer.successors(regency.code)
        ]
    else:
        found = [_row(one) for one in gazetteer.regencies_2017() if one.code.startswith(given.province)]
        lines = [f"{row['code']}  {row['code_today']}  {row['name']}" for row in found]
    print(json.dumps(found) if given.json else "\n".join(lines))
    return 0


def _row(regency: gazetteer.Regency) -> dict[str, str]:
    return {
        "code": regency.code,
        "name": regency.name,
        "code_today": regency.code_today,
        "name_today": regency.name_today,
        "province": gazetteer.name_of(regency.code[:2]),
    }
