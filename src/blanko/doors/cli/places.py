"""``./blanko places``: an area by its code of 2017 or today; needs no database."""

from __future__ import annotations

import argparse
import json
from datetime import date

from blanko.ground.places import gazetteer


def main(argv: list[str]) -> int:
    """Say what a code is, and what it was and became."""
    parser = argparse.ArgumentParser(prog="blanko places", description="Example: ./blanko places 9101")
    parser.add_argument("code", help="2, 4, 6 or 10 digits of the Interior Ministry, of 2017 or of today")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(argv)
    own = gazetteer.to_2017(given.code)
    today = gazetteer.resolve(given.code, on=date(9999, 1, 1)) if len(own) >= 4 else own
    changes = [
        {"effective": change.effective.isoformat(), "kind": change.kind, "source": change.source, "note": change.note}
        for change in (gazetteer.successors(own) if len(own) >= 4 else ())
    ]
    found = {"code_2017": own, "code_today": today, "name": gazetteer.name_of(given.code), "changes": changes}
    if given.json:
        print(json.dumps(found))
        return 0
    print(f"{own}  {found['name']}" + (f"  (today {today})" if today != own else ""))
    for change in changes:
        print(f"  {change['effective']}  {change['note']} ({change['source']})")
    return 0
