"""``./blanko test [PYTEST ARGUMENTS]`` runs the tests of a checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from blanko.ground.database.home import CHECKOUT
from blanko.kernel.errors import BlankoError


class NoCheckout(BlankoError):
    """The installed package carries no tests."""


MOST_WORKERS = 4
"""Each worker has a database of its own; more would crowd the one server that they share."""


def main(argv: list[str]) -> int:
    """Pytest on what the arguments name; without any on everything, and then the rules must be covered too.

    All files are shared out among the cores, a file whole to one worker, since its tests may share a replay. Whoever
    names files has them run one after another, where a debugger works.
    """
    if argv and argv[0] in ("-h", "--help"):
        print("Example:\n  ./blanko test tests/engines -k shares\n")
        print("The arguments are those of pytest; none runs every test and measures the coverage of kernel and rules.")
        return 0
    if not (CHECKOUT / "tests").is_dir():
        raise NoCheckout("the tests are part of the checkout", mend="run this from a clone of the repository")
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT / "src")}
    command = [sys.executable, "-m", "pytest", "-q", *_shared_out(argv), *argv]
    if argv:
        return subprocess.call(command, cwd=CHECKOUT, env=environment)
    with tempfile.TemporaryDirectory() as folder:
        environment["COVERAGE_FILE"] = str(Path(folder) / "coverage")
        measured = ["--cov", f"--cov-config={CHECKOUT / 'pyproject.toml'}", "--cov-report="]
        code = subprocess.call([*command, *measured], cwd=CHECKOUT, env=environment)
        report = subprocess.run(
            [sys.executable, "-m", "coverage", "report"],
            cwd=CHECKOUT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    # The closing line of pytest stays the last one when all is well.
    if code == 0 and report.returncode != 0:
        print(report.stdout + report.stderr, file=sys.stderr)
        return report.returncode
    return code


def _shared_out(argv: list[str]) -> list[str]:
    named = any(argument.startswith("tests") and (CHECKOUT / argument.split("::")[0]).exists() for argument in argv)
    if named or any(argument.startswith(("-n", "--numprocesses", "--dist", "--pdb")) for argument in argv):
        return []
    return ["-n", "auto", "--maxprocesses", str(MOST_WORKERS), "--dist", "loadfile", "--no-loadscope-reorder"]
