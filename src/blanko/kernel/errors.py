"""The one root of every error that the system raises on purpose."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

_FIELD = re.compile(r"\{(\w+)\}")


class BlankoError(Exception):
    """Something asked of blanko was refused, by a name and with what would mend it.

    ``code`` is the class name in snake case and is stable: doors map it to an HTTP problem type, an exit code
    or a translated sentence. ``mend`` says in one clause what the caller can do; it may be empty. Both are templates
    with ``{named}`` values, so that a door can say them in the reader's language: ``message`` and ``mend_message``
    are the templates, ``values`` what goes in, ``str(error)`` and ``mend`` the English sentences.
    """

    code: str = "blanko_error"

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        cls.code = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    def __init__(self, message: str = "", *, mend: str = "", **values: object) -> None:
        self.message, self.mend_message, self.values = message or self.code.replace("_", " "), mend, values
        super().__init__(filled(self.message, values))
        self.mend = filled(mend, values)

    @property
    def causes(self) -> Sequence[tuple[int, Any]]:
        """Of a list that is refused whole every wrong cell with its row, given as ``causes``; else none."""
        given = self.values.get("causes")
        return given if isinstance(given, list) else ()


def filled(template: str, values: Mapping[str, object]) -> str:
    """A sentence with its ``{named}`` values put in.

    Without values it is the sentence itself, so that a brace in it is no field. A field without value stays visible.
    """
    return _FIELD.sub(lambda found: str(values.get(found[1], found[0])), template) if values else template


class InvalidValue(BlankoError, ValueError):
    """A value was offered that its type cannot hold."""
