"""The one root of every error that the system raises on purpose."""

from __future__ import annotations

import re


class BlankoError(Exception):
    """Something asked of blanko was refused, by a name and with what would mend it.

    ``code`` is the class name in snake case and is stable: doors map it to an HTTP problem type, an exit code
    or a translated sentence. ``mend`` says in one clause what the caller can do; it may be empty.
    """

    code: str = "blanko_error"

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        cls.code = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    def __init__(self, message: str = "", *, mend: str = "") -> None:
        super().__init__(message or self.code.replace("_", " "))
        self.mend = mend


class InvalidValue(BlankoError, ValueError):
    """A value was offered that its type cannot hold."""
