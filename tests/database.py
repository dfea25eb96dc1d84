"""The databases of a test run: one template for each state of the code, and clones of it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import psycopg
from psycopg import sql

# One server for all test runs of this user; it ends with the last of them. Tests may lose their data.
os.environ.setdefault("BLANKO_HOME", str(Path(tempfile.gettempdir()) / f"blanko-tests-{os.getuid()}"))
os.environ["BLANKO_POSTGRES_UNSAFE"] = "1"
os.environ.pop("DATABASE_URL", None)
os.environ.pop("DATABASE_OWNER_URL", None)
# Programs that a test starts find the package as this run does.
os.environ["PYTHONPATH"] = str(Path(__file__).resolve().parents[1] / "src")

TEMPLATE_LOCK = 4_2017


def admin() -> psycopg.Connection:
    from blanko.ground.database import cluster

    return psycopg.connect(cluster.ensure_running().admin_url(), autocommit=True)


def drop(name: str) -> None:
    with admin() as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def clone(template: str, name: str) -> None:
    from blanko.ground.database.roles import OWNER

    drop(name)
    with admin() as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(
                sql.Identifier(name), sql.Identifier(template), sql.Identifier(OWNER)
            )
        )


def template() -> str:
    """The name of a migrated database for this state of the code, made by whichever run comes first."""
    from django.db import connections

    from blanko.ground.database import migrate, roles
    from blanko.ready import make_ready

    name = f"blanko_template_{migrate.fingerprint()}"
    with admin() as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [TEMPLATE_LOCK])
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            return name
        part = f"{name}_part"
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(part)))
        # Earlier states of the code will not come back.
        stale = connection.execute(
            "SELECT datname FROM pg_database WHERE datname LIKE 'blanko_template_%' AND datname NOT LIKE '%_part'"
        ).fetchall()
        for (old,) in stale[:-3]:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(old)))
        roles.ensure_embedded(database=part)
        use(part)
        make_ready()
        connections.close_all()
        connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(part), sql.Identifier(name)))
    return name


def use(name: str) -> None:
    """Point Django's connections at this database."""
    from django.db import connections

    connections.close_all()
    for alias in ("default", "owner"):
        connections[alias].settings_dict["NAME"] = name
