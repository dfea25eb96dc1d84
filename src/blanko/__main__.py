"""``python -m blanko`` is the command ``blanko``."""

from blanko.doors.cli.main import entry

entry()
