"""Two roles: ``blanko_owner`` makes the tables, ``blanko_app`` uses them and can pass by none of their rules."""

from __future__ import annotations

import secrets
from pathlib import Path

import psycopg
from psycopg import sql

from blanko.ground.database import cluster
from blanko.ground.database.errors import UnsafeRole
from blanko.ground.database.home import blanko_home

OWNER = "blanko_owner"
APP = "blanko_app"
LOCK = 0x0B1A_201E


def prepare_server(admin: psycopg.Connection, *, passwords: dict[str, str]) -> None:
    """Make both roles with these passwords, or set the passwords anew. ``admin`` may create roles."""
    for role in (OWNER, APP):
        known = admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
        verb = sql.SQL("ALTER" if known else "CREATE")
        admin.execute(
            sql.SQL("{} ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB PASSWORD {}").format(
                verb, sql.Identifier(role), sql.Literal(passwords[role])
            )
        )


def prepare_database(admin: psycopg.Connection, *, name: str) -> bool:
    """Make the database of the owner when it is missing; True when it was made. ``admin`` is in autocommit."""
    if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
        return False
    admin.execute(
        sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'").format(
            sql.Identifier(name), sql.Identifier(OWNER)
        )
    )
    return True


def grant(inside: psycopg.Connection) -> None:
    """Inside the database, as its admin or owner: extensions, and what the app may do to tables yet to come."""
    inside.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    inside.execute(
        sql.SQL(
            "REVOKE CREATE ON SCHEMA public FROM PUBLIC;"
            "GRANT USAGE ON SCHEMA public TO {app};"
            "GRANT USAGE, CREATE ON SCHEMA public TO {owner};"
            "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public"
            " GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app};"
            "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {app}"
        ).format(app=sql.Identifier(APP), owner=sql.Identifier(OWNER))
    )


def ensure_embedded(*, database: str, home: Path | None = None) -> cluster.Server:
    """Hold the embedded server with both roles and this database ready."""
    home = home or blanko_home()
    server = cluster.ensure_running(home)
    with psycopg.connect(server.admin_url(), autocommit=True) as admin:
        # Two first commands at once: the second waits, and then reads what the first has made.
        admin.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        state = cluster.read_state(home) or {}
        passwords = state.get("passwords")
        known = admin.execute("SELECT count(*) FROM pg_roles WHERE rolname IN (%s, %s)", [OWNER, APP]).fetchone()
        if not passwords or known != (2,) or state.get("passwords_of") != [server.kind, server.major]:
            passwords = passwords or {role: secrets.token_urlsafe(24) for role in (OWNER, APP)}
            prepare_server(admin, passwords=passwords)
            cluster.write_state(home, {**state, "passwords": passwords, "passwords_of": [server.kind, server.major]})
        if prepare_database(admin, name=database):
            with psycopg.connect(server.admin_url(database), autocommit=True) as inside:
                grant(inside)
    return server


def refuse_unsafe(app: psycopg.Connection) -> None:
    """Raise UnsafeRole when the role of this connection could pass by row rules or owns the tables."""
    row = app.execute(
        "SELECT current_user, rolsuper, rolbypassrls,"
        " EXISTS (SELECT FROM pg_tables WHERE schemaname = 'public' AND tableowner = current_user)"
        " FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    assert row is not None
    name, is_super, bypasses, owns = row
    if is_super or bypasses or owns:
        raise UnsafeRole(
            "role {name} of DATABASE_URL is a superuser, passes by row-level security or owns the tables",
            mend="give DATABASE_URL the role blanko_app and DATABASE_OWNER_URL the role blanko_owner",
            name=name,
        )
