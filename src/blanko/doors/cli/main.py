"""The table of commands. ``./blanko --help`` reads it and imports nothing else."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import NamedTuple

from blanko import __version__
from blanko.kernel.errors import BlankoError

EXIT_FAILED, EXIT_WRONG_USE, EXIT_INTERRUPTED = 1, 2, 130


class Command(NamedTuple):
    """``module`` below this package; ``ready`` is how much it needs first: nothing, its own, or a ready database.

    ``apart`` are verbs that need nothing, in modules of their own.
    """

    subject: str
    module: str
    says: str
    ready: str = "database"
    apart: Mapping[str, str] = MappingProxyType({})


COMMANDS: dict[str, Command] = {
    "demo": Command(
        "Start here", "demo", "replay April 2017 on an embedded database and show it in the browser", "own"
    ),
    "serve": Command("Start here", "serve", "show what the database holds at http://127.0.0.1:8000"),
    "intake": Command("Records", "intake", "load registrations, applications, deaths, stock and counts from files"),
    "registry": Command("Records", "registry", "persons, their records and statuses"),
    "entitlement": Command("Records", "entitlement", "who is owed a card, why, and what blocks it"),
    "cases": Command("Records", "cases", "records that may be one person's, settled with the person"),
    "procurement": Command("Supply", "procurement", "tenders, contracts, lots and payments"),
    "equipment": Command("Supply", "equipment", "what offices print with: printers, ribbon and ink, operators"),
    "allocation": Command(
        "Supply", "allocation", "share scarce blanks by the published rule, from a CSV file", "nothing"
    ),
    "planning": Command(
        "Supply",
        "planning",
        "rounds, and what runs out when",
        apart={
            "runout": "planning_outlook",
            "backtest": "planning_outlook",
            "compare": "planning_compare",
            "rerun": "planning_rerun",
            "difference": "planning_difference",
        },
    ),  # fmt: skip
    "alerts": Command("Supply", "alerts", "what does not look right, and who has to explain it"),
    "nightly": Command("Supply", "nightly", "the night's work: compare all accounts, tell what does not look right"),
    "custody": Command("Supply", "custody", "where every box and blank is"),
    "destruction": Command("Supply", "destruction", "spoiled blanks and old cards, destroyed before witnesses"),
    "issuance": Command("Cards", "issuance", "print, hand over and send cards; the queue and what waits"),
    "suket": Command("Cards", "suket", "temporary certificates of persons who wait for a card"),
    "places": Command("Lists", "places", "areas of 2017 and today, and their offices", "nothing"),
    "transparency": Command("Proof", "transparency", "published figures with numerator, denominator, date and source"),
    "audit": Command("Proof", "audit", "events, and whether their seals hold"),
    "linkage": Command("Tools", "linkage", "find every person who is recorded twice, in files", "nothing"),
    "synth": Command("Tools", "synth", "make a synthetic nation with known truth", "nothing"),
    "database": Command("Tools", "database", "prepare, migrate or look at the database", "own"),
    "bench": Command("Tools", "bench", "measure a speed target on this machine", "own"),
    "simulate": Command("Tools", "simulate", "meet crashes, repeated messages and thieves, from a seed", "own"),
    "soak": Command("Tools", "soak", "go on simulating with new seeds for as long as you like", "own"),
    "test": Command("Tools", "test", "run the tests on a real PostgreSQL", "own"),
    "check": Command("Tools", "check", "format, lint, types, import contracts, migrations", "own"),
}


def usage() -> str:
    """The help text: an example first, then the commands by subject."""
    lines = [
        "blanko runs the cards of a national identity-card programme.",
        "",
        "Example:",
        "  ./blanko demo                        replay April 2017, then open http://127.0.0.1:8000",
        "  ./blanko intake load my-records.csv  take a file in; every refused row is explained",
        "",
        "Usage: ./blanko COMMAND [ARGUMENTS]     ./blanko COMMAND --help",
    ]
    subject = ""
    for name, command in COMMANDS.items():
        if command.subject != subject:
            subject = command.subject
            lines += ["", subject]
        lines.append(f"  {name:<14}{command.says}")
    lines += [
        "",
        "Exit codes: 0 done, 1 failed, 2 wrong use or input.",
        "Environment: BLANKO_HOME (own files), BLANKO_POSTGRES (bundled or installed), DATABASE_URL and DATABASE_OWNER_URL.",
    ]
    return "\n".join(lines)


def main(argv: list[str]) -> int:
    """Run one command; returns the exit code. Every refusal is one line with what would mend it."""
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(usage())
        return 0
    if argv[0] in ("-V", "--version"):
        print(f"blanko {__version__}")
        return 0
    name, rest = argv[0], argv[1:]
    command = COMMANDS.get(name)
    if command is None:
        near = difflib.get_close_matches(name, COMMANDS, n=1)
        hint = f"did you mean {near[0]}?" if near else "see ./blanko --help"
        print(f"blanko: there is no command {name!r}: {hint}", file=sys.stderr)
        return EXIT_WRONG_USE
    if rest and rest[0] in command.apart:
        command = Command(command.subject, command.apart[rest[0]], command.says, "nothing")
    asks_help = any(word in ("-h", "--help") for word in rest)
    try:
        if command.ready == "database":
            if asks_help:
                _configure_only()
            else:
                from blanko.ready import make_ready

                make_ready()
        module = import_module(f"blanko.doors.cli.{command.module}")
        return int(module.main(rest) or 0)
    except BlankoError as error:
        print(f"blanko: {error}" + (f": {error.mend}" if error.mend else ""), file=sys.stderr)
        # A list that is refused whole names all its wrong cells.
        for row, cause in error.causes:
            print(f"  row {row}, {cause.column} {cause.value!r}: {cause.reason}: {cause.mend}", file=sys.stderr)
        return EXIT_WRONG_USE if isinstance(error, ValueError) else EXIT_FAILED
    except BrokenPipeError:
        # The reader of our output has seen enough; nothing more can be said to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except _troubles() as error:
        print(f"blanko: {_trouble(error)}", file=sys.stderr)
        return EXIT_FAILED


def _configure_only() -> None:
    """Django without its server: a command's help may import models, and starts nothing."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "blanko.settings")
    import django

    django.setup()


def _troubles() -> tuple[type[Exception], ...]:
    """What the system raises, and a lost, refusing or full server. Asked only after something failed: it loads neither library."""
    modules = [sys.modules[name] for name in ("django.db.utils", "psycopg") if name in sys.modules]
    return (OSError, *(getattr(module, name) for module in modules for name in ("OperationalError", "InterfaceError")))


def _trouble(error: Exception) -> str:
    """What the system or the server says, in one line that a user can act on."""
    from blanko.ground.database import full

    if refusal := full.behind(error):
        return f"{refusal}: {refusal.mend}"
    if isinstance(error, OSError):
        return f"{error.strerror or error} {error.filename or ''}".rstrip()
    told = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"the database server failed: {told[0] if told else 'it is gone'}: check that it runs and has disk space"


def entry() -> None:
    """The console command."""
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        print(file=sys.stderr)
        sys.exit(EXIT_INTERRUPTED)
