"""``./blanko planning difference A.json B.json``: what differs between two rounds, in words. Needs no database."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from blanko.decisions.planning.difference import SHOWN, difference
from blanko.decisions.planning.dossier import NotADossier
from blanko.ground.places import gazetteer

EXAMPLE = """Example:
  ./blanko planning dossier 2 --out two.json
  ./blanko planning dossier 3 --out three.json
  ./blanko planning difference two.json three.json"""


def main(argv: list[str]) -> int:
    """Print the largest changes, each with its reasons."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="blanko planning", description=EXAMPLE, formatter_class=raw)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("difference", help="two rounds in words", description=EXAMPLE, formatter_class=raw)
    verb.add_argument("before", type=Path)
    verb.add_argument("after", type=Path)
    verb.add_argument("--shown", type=int, default=SHOWN, help=f"how many regencies are explained (default {SHOWN})")
    verb.add_argument("--json", action="store_true")
    given = parser.parse_args(argv)
    found = difference(_read(given.before), _read(given.after), shown=given.shown)
    if given.json:
        told = asdict(found)
        told["changes"] = [{**asdict(change), "sentence": change.sentence()} for change in found.changes]
        print(json.dumps(told))
        return 0
    print(
        f"{found.shared_before:,} blanks were shared, now {found.shared_after:,}; {found.changed:,} regencies differ."
    )
    for name, before, after in found.terms:
        print(f"  {name.replace('_', ' ')}: {before} -> {after}")
    for change in found.changes:
        print(f"  {gazetteer.name_of(change.regency)}: {change.sentence()}")
    if found.changed > len(found.changes):
        print(f"  and {found.changed - len(found.changes):,} more: --shown {found.changed}")
    return 0


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise NotADossier("{file}: {why}", mend="check the path", file=path, why=error.strerror) from None
