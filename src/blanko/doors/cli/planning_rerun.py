"""``./blanko planning rerun FILE``: compute a published round again, byte for byte. Needs no database."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from blanko.decisions.planning.dossier import NotADossier, rerun

EXAMPLE = """Example:
  ./blanko planning dossier 2 --out round-2.json    on the ministry's machine
  ./blanko planning rerun round-2.json              on anybody's: no database, the same bytes or the differences

Exit codes: 0 the same bytes, 1 another result, 2 no dossier."""


def main(argv: list[str]) -> int:
    """0 when the round computed again has the published bytes, 1 when not."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="blanko planning", description=EXAMPLE, formatter_class=raw)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("rerun", help="compute a published round again", description=EXAMPLE, formatter_class=raw)
    verb.add_argument("file", type=Path)
    verb.add_argument("--json", action="store_true")
    given = parser.parse_args(argv)
    try:
        published = given.file.read_bytes()
    except OSError as error:
        raise NotADossier("{file}: {why}", mend="check the path", file=given.file, why=error.strerror) from None
    found = rerun(published)
    if given.json:
        print(json.dumps({**asdict(found), "same": found.same}))
    elif found.same:
        print(f"The same bytes: {found.shares:,} shares by {found.rule_version}, sha256 {found.computed_sha256}.")
    else:
        named = ", ".join(found.differing[:10]) or "terms or effects"
        print(
            f"ANOTHER RESULT: published {found.published_sha256}, computed {found.computed_sha256}; differs: {named}."
        )
    return 0 if found.same else 1
