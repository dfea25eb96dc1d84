"""In whose name the reader acts: chosen once, shown on every page that acts, and written beside every act.

Until logins exist whoever sits at this machine may choose; no form takes another name than the chosen one.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from blanko.ground.access import queries as access
from blanko.kernel.errors import BlankoError

KEY = "officer"


class NobodyActs(BlankoError):
    """Something is to be done and nobody was chosen in whose name."""


def chosen(request: HttpRequest) -> dict[str, Any] | None:
    """The officer in whose name this reader acts (username, name, title, office), or None."""
    name = request.session.get(KEY)
    if not name:
        return None
    return next((one for one in access.officers() if one["username"] == name), None)


def required(request: HttpRequest) -> str:
    """The username of who acts. Raises NobodyActs."""
    who = chosen(request)
    if who is None:
        raise NobodyActs("nobody was chosen to act", mend="choose in whose name you act, at the top of the page")
    return str(who["username"])


def choose(request: HttpRequest, username: str) -> bool:
    """Act as this officer from now on, or as nobody (empty). False when there is no such officer."""
    if username and username not in {one["username"] for one in access.officers()}:
        return False
    request.session[KEY] = username
    return True
