"""Where the two roles connect to, for Django's settings. Starts nothing."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from blanko.ground.database.cluster import read_state
from blanko.ground.database.errors import ServerFailed
from blanko.ground.database.roles import APP, OWNER

DATABASE_NAME = "blanko"
ONLY_WHEN_ASKED = 1 << 30


def database_name() -> str:
    return os.environ.get("BLANKO_DATABASE", DATABASE_NAME)


def is_external() -> bool:
    """True when DATABASE_URL names a server that is not ours to start."""
    return bool(os.environ.get("DATABASE_URL"))


def parse(url: str) -> dict[str, Any]:
    """A Django database from a ``postgresql://user:password@host:port/name?option=value`` address. Raises
    ServerFailed.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql") or not parts.path.strip("/"):
        raise ServerFailed(
            "the database address is not one of PostgreSQL", mend="write postgresql://user:password@host:port/name"
        )
    return _entry(
        name=unquote(parts.path.lstrip("/")),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        host=parts.hostname or "",
        port=str(parts.port or ""),
        options=dict(parse_qsl(parts.query)),
    )


def databases() -> dict[str, dict[str, Any]]:
    """Django's DATABASES: ``default`` is the app's role, ``owner`` the one that migrates."""
    if is_external():
        app = parse(os.environ["DATABASE_URL"])
        owner = os.environ.get("DATABASE_OWNER_URL")
        return {"default": app, "owner": parse(owner) if owner else {**app, "USER": OWNER}}
    state = read_state() or {}
    passwords = state.get("passwords", {})
    return {
        alias: _entry(
            name=database_name(),
            user=role,
            password=passwords.get(role, ""),
            host="127.0.0.1",
            port=str(state.get("port", 0)),
        )
        for alias, role in (("default", APP), ("owner", OWNER))
    }


def _entry(
    *, name: str, user: str, password: str, host: str, port: str, options: dict[str, str] | None = None
) -> dict[str, Any]:
    return {
        "ENGINE": "blanko.ground.database.backend",
        "NAME": name,
        "USER": user,
        "PASSWORD": password,
        "HOST": host,
        "PORT": port,
        # Only what asks for it is prepared; Django's own default would leave even that unprepared.
        "OPTIONS": {"application_name": "blanko", "prepare_threshold": ONLY_WHEN_ASKED, **(options or {})},
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        # psycopg's server-side cursors would outlive the one transaction of a request.
        "DISABLE_SERVER_SIDE_CURSORS": True,
        "TEST": {"MIRROR": None},
    }
