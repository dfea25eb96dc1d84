"""``./blanko test [PYTEST ARGUMENTS]`` runs the tests of a checkout."""

from __future__ import annotations

import os
import subprocess
import sys

from blanko.ground.database.home import CHECKOUT
from blanko.kernel.errors import BlankoError


class NoCheckout(BlankoError):
    """The installed package carries no tests."""


def main(argv: list[str]) -> int:
    """Pytest on everything, or on what the arguments name; its exit code."""
    if argv and argv[0] in ("-h", "--help"):
        print(
            "Example:\n  ./blanko test tests/engines -k shares\n\nThe arguments are those of pytest; none runs every test."
        )
        return 0
    if not (CHECKOUT / "tests").is_dir():
        raise NoCheckout("the tests are part of the checkout", mend="run this from a clone of the repository")
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT / "src")}
    return subprocess.call([sys.executable, "-m", "pytest", "-q", *argv], cwd=CHECKOUT, env=environment)
