"""``./blanko check``: format, lint, types, import contracts and migrations. CI runs the same."""

from __future__ import annotations

import os
import subprocess
import sys
from time import perf_counter

from blanko.doors.cli.test import NoCheckout
from blanko.ground.database.home import CHECKOUT


def steps() -> list[tuple[str, list[str]]]:
    """(what it keeps, command) in the order in which a mistake is cheapest to see."""
    python = sys.executable
    lint_imports = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return [
        ("format", [python, "-m", "ruff", "format", "--check", "."]),
        ("lint", [python, "-m", "ruff", "check", "."]),
        ("types", [python, "-m", "mypy", "src/blanko"]),
        ("import contracts", [python, "-c", lint_imports]),
        ("migrations", [python, "-m", "django", "makemigrations", "--check", "--dry-run", "--skip-checks"]),
    ]


def main(argv: list[str]) -> int:
    """Run every step, also after one has failed; 1 when any did."""
    if argv and argv[0] in ("-h", "--help"):
        print("Example:\n  ./blanko check\n\nRuns: " + ", ".join(name for name, _ in steps()) + ".")
        return 0
    if not (CHECKOUT / "tests").is_dir():
        raise NoCheckout("the checks are part of the checkout", mend="run this from a clone of the repository")
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT / "src"), "DJANGO_SETTINGS_MODULE": "blanko.settings"}
    failed = 0
    for name, command in steps():
        start = perf_counter()
        done = subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False)
        failed += done.returncode != 0
        print(f"{'ok' if done.returncode == 0 else 'FAILED':<8}{name} ({perf_counter() - start:.1f} s)", flush=True)
        if done.returncode != 0:
            print(done.stdout + done.stderr, flush=True)
    return 1 if failed else 0
