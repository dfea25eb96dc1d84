"""``./blanko database``: the server, its two roles and the shape of its tables."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
from typing import Any

from blanko.kernel.errors import BlankoError

EXAMPLE = """Examples:
  ./blanko database status            where the data lies, which server and shape
  ./blanko database migrate           bring the tables to this release's shape
  DATABASE_ADMIN_URL=postgresql://postgres:...@db:5432/blanko ./blanko database prepare
                                      make the roles and the database on a server of your own"""


class NoAdmin(BlankoError, ValueError):
    """Roles can only be made by somebody who may make roles."""


def status() -> dict[str, Any]:
    """What this installation uses. Starts the embedded server when none is named, and changes no table."""
    from blanko.ready import start_django

    start_django()
    from django.db import connections

    from blanko.ground.database import cluster, urls
    from blanko.ground.database.home import blanko_home
    from blanko.ground.database.migrate import state

    at = connections["default"].settings_dict
    kind = "external" if urls.is_external() else cluster.ensure_running().kind
    with connections["owner"].cursor() as cursor:
        cursor.execute("SHOW server_version")
        (version,) = cursor.fetchone()
        cursor.execute("SELECT pg_database_size(current_database())")
        (size,) = cursor.fetchone()
    return {
        "home": str(blanko_home()),
        "server": f"PostgreSQL {version}",
        "kind": kind,
        "address": f"{at['HOST']}:{at['PORT']}/{at['NAME']}",
        "role": at["USER"],
        "shape": state(),
        "bytes": size,
    }


def prepare(*, app_password: str | None, owner_password: str | None) -> list[str]:
    """Make both roles and the database of DATABASE_ADMIN_URL; the two lines to put into the environment.

    Running it again sets the passwords anew and keeps the database. Raises NoAdmin.
    """
    import psycopg
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    from blanko.ground.database import roles
    from blanko.ground.database.urls import parse

    url = os.environ.get("DATABASE_ADMIN_URL", "")
    if not url:
        raise NoAdmin(
            "DATABASE_ADMIN_URL is not set",
            mend="give the address of the database to make, with a role that may create roles and databases",
        )
    at = parse(url)
    passwords = {
        roles.OWNER: owner_password or secrets.token_urlsafe(24),
        roles.APP: app_password or secrets.token_urlsafe(24),
    }
    try:
        # The database of the address may not exist yet; every server has the database postgres.
        told: dict[str, Any] = {**conninfo_to_dict(url), "dbname": "postgres"}
        maintenance = make_conninfo(**told)
        with psycopg.connect(maintenance, autocommit=True, connect_timeout=10) as admin:
            roles.prepare_server(admin, passwords=passwords)
            roles.prepare_database(admin, name=at["NAME"])
        with psycopg.connect(url, autocommit=True, connect_timeout=10) as inside:
            roles.grant(inside)
    except psycopg.Error as error:
        raise NoAdmin(
            "the server refused: {reason}",
            mend="check DATABASE_ADMIN_URL and that its role may create roles and databases",
            reason=str(error).strip().splitlines()[0],
        ) from error
    where = f"{at['HOST']}:{at['PORT'] or 5432}/{at['NAME']}"
    return [
        f"DATABASE_URL=postgresql://{roles.APP}:{passwords[roles.APP]}@{where}",
        f"DATABASE_OWNER_URL=postgresql://{roles.OWNER}:{passwords[roles.OWNER]}@{where}",
    ]


def main(argv: list[str]) -> int:
    """Status, migrate or prepare."""
    parser = argparse.ArgumentParser(
        prog="blanko database", description=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("status", help="where the data lies, which server and shape").add_argument(
        "--json", action="store_true"
    )
    verbs.add_parser("migrate", help="bring the tables to this release's shape")
    verbs.add_parser(
        "prepare", help="make the roles and the database of DATABASE_ADMIN_URL; prints the two addresses to use"
    )
    given = parser.parse_args(argv)
    if given.verb == "status":
        found = status()
        print(json.dumps(found) if given.json else "\n".join(f"{name:<9}{value}" for name, value in found.items()))
    elif given.verb == "migrate":
        from blanko.ready import make_ready

        make_ready()
        print("the tables have the shape of this release")
    else:
        lines = prepare(
            app_password=os.environ.get("BLANKO_APP_PASSWORD"), owner_password=os.environ.get("BLANKO_OWNER_PASSWORD")
        )
        print("\n".join(lines))
        print("Keep these two lines secret and put them into the environment of blanko.", file=sys.stderr)
    return 0
