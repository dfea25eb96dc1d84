"""``./blanko database``: prepare a server of your own, migrate, or say what is there."""

from __future__ import annotations

import argparse
import os

from blanko.ground.database import roles, urls
from blanko.kernel.errors import BlankoError

EXAMPLE = """Example:
  BLANKO_ADMIN_URL=postgresql://postgres@host/postgres ./blanko database prepare --name blanko

prepare  makes the roles blanko_owner and blanko_app and the database on a server of your own (admin address in BLANKO_ADMIN_URL,
         passwords in BLANKO_OWNER_PASSWORD and BLANKO_APP_PASSWORD), then prints what DATABASE_URL and DATABASE_OWNER_URL look like
migrate  brings the database to the shape of this release
status   the server, its version and its kind"""


class MissingSetting(BlankoError, ValueError):
    """A variable of the environment that this needs is not set."""


def _setting(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise MissingSetting(f"{name} is not set", mend="see ./blanko database --help")
    return value


def main(argv: list[str]) -> int:
    """Prepare, migrate or look."""
    parser = argparse.ArgumentParser(
        prog="blanko database", description=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["prepare", "migrate", "status"])
    parser.add_argument("--name", default=urls.DATABASE_NAME, help="the database (default blanko)")
    given = parser.parse_args(argv)
    if given.what == "prepare":
        import psycopg

        address = _setting("BLANKO_ADMIN_URL")
        passwords = {roles.OWNER: _setting("BLANKO_OWNER_PASSWORD"), roles.APP: _setting("BLANKO_APP_PASSWORD")}
        with psycopg.connect(address, autocommit=True) as admin:
            roles.prepare_server(admin, passwords=passwords)
            made = roles.prepare_database(admin, name=given.name)
            host, port = admin.info.host, admin.info.port
        if made:
            with psycopg.connect(address, dbname=given.name, autocommit=True) as inside:
                roles.grant(inside)
        print(f"database {given.name} is {'made' if made else 'there already'}; set")
        print(f"  DATABASE_URL=postgresql://{roles.APP}:PASSWORD@{host}:{port}/{given.name}")
        print(f"  DATABASE_OWNER_URL=postgresql://{roles.OWNER}:PASSWORD@{host}:{port}/{given.name}")
        return 0
    from blanko.ready import make_ready, start_django

    if given.what == "migrate":
        make_ready()
        print("the database has the shape of this release")
        return 0
    start_django()
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_database(), current_setting('server_version')")
        user, name, version = cursor.fetchone()
    print(f"{name} on PostgreSQL {version}, as {user} ({'DATABASE_URL' if urls.is_external() else 'embedded'})")
    return 0
