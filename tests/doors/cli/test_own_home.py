"""A command with a home of its own leaves neither a folder nor a server behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import blanko

ASKS = """
from blanko.doors.cli.own_home import own_home
from blanko.ground.database.home import server_folder
home = own_home()
from blanko.ready import make_ready
make_ready()
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SELECT 1")
folder = server_folder(home)
print(home, folder, (folder / "server.pid").read_text().split()[1])
{ends}
"""


@pytest.mark.database
@pytest.mark.parametrize("ends", ["", "raise SystemExit(1)"])
def test_the_home_goes_with_its_command(tmp_path, ends):
    # Not the database of the tests: one of its own.
    own = {name: value for name, value in os.environ.items() if not name.startswith(("DATABASE_", "BLANKO_DATABASE"))}
    done = subprocess.run(
        [sys.executable, "-c", ASKS.format(ends=ends)], capture_output=True, text=True, timeout=120, check=False,
        env={**own, "PYTHONPATH": str(Path(blanko.__file__).parent.parent), "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert done.stdout, done.stderr
    home, folder, server = done.stdout.split()
    assert Path(home).parent == tmp_path
    assert not Path(home).exists() and not Path(folder).exists()
    with pytest.raises(ProcessLookupError):
        os.kill(int(server), 0)
