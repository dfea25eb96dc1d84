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


def main(argv: list[str]) -> int:
    """Pytest on what the arguments name; without any on everything, and then the rules must be covered too."""
    if argv and argv[0] in ("-h", "--help"):
        print("Example:\n  ./blanko test tests/engines -k shares\n")
        print("The arguments are those of pytest; none runs every test and measures the coverage of kernel and rules.")
        return 0
    if not (CHECKOUT / "tests").is_dir():
        raise NoCheckout("the tests are part of the checkout", mend="run this from a clone of the repository")
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT / "src")}
    pytest = ["-m", "pytest", "-q", *argv]
    if argv:
        return subprocess.call([sys.executable, *pytest], cwd=CHECKOUT, env=environment)
    with tempfile.TemporaryDirectory() as folder:
        environment["COVERAGE_FILE"] = str(Path(folder) / "coverage")
        code = subprocess.call([sys.executable, "-m", "coverage", "run", *pytest], cwd=CHECKOUT, env=environment)
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
