"""The table of commands, and the launcher that a user runs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from blanko.doors.cli.main import COMMANDS, main, usage

ROOT = Path(__file__).resolve().parents[3]
HEAVY = ("django", "numba", "psycopg", "pyarrow", "faker")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_listed_command_explains_itself_with_an_example_and_starts_no_server(name, tmp_path):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("DJANGO_")}
    # A process of its own: in this one Django is set up already.
    done = subprocess.run(
        [sys.executable, "-m", "blanko", name, "--help"],
        env={**environment, "BLANKO_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "Example" in done.stdout
    assert not (tmp_path / "home" / "server.json").exists()


def test_the_help_shows_an_example_before_the_list_and_names_every_command():
    text = usage()
    assert text.index("Example") < text.index("Usage") < text.index("Start here")
    assert all(f"\n  {name} " in text for name in COMMANDS)


def test_a_mistyped_command_is_refused_with_the_nearest_one(capsys):
    assert main(["alocation"]) == 2
    assert "did you mean allocation?" in capsys.readouterr().err


def loaded_after(*words: str) -> list[str]:
    """Which of the heavy libraries are loaded once this command has run."""
    code = (
        "import contextlib, io, json, sys\n"
        "from blanko.doors.cli.main import main\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        f"    code = main({list(words)!r})\n"
        f"print(json.dumps([code, [name for name in {HEAVY!r} if name in sys.modules]]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    exit_code, loaded = json.loads(done.stdout)
    assert exit_code == 0
    return loaded


def test_the_help_loads_no_library():
    assert loaded_after("--help") == []


def test_sharing_needs_no_django_and_no_database(tmp_path):
    needs = tmp_path / "needs.csv"
    needs.write_text("area_code,need,in_hand,deadline\n1871,4000,0,\n1801,9000,100,\n", encoding="utf-8")
    out = tmp_path / "shares.csv"
    words = ("allocation", "share", "--needs", str(needs), "--stock", "5000", "--box", "500", "--out", str(out))
    assert not {"django", "psycopg", "numba"} & set(loaded_after(*words))
    assert out.read_text(encoding="utf-8").startswith("area_code,share,boxes,fill,binding")


def run_launcher(folder: Path, path: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(folder / "blanko"), *words],
        env={"PATH": path, "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture
def checkout(tmp_path):
    """A checkout on which nothing has run yet."""
    shutil.copy(ROOT / "blanko", tmp_path / "blanko")
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    return tmp_path


def tools(folder: Path, **programs: str) -> str:
    """A PATH with the plain tools of a small system, and these programs."""
    bin_folder = folder / "bin"
    bin_folder.mkdir()
    for name in ("dirname", "df", "awk", "rm", "mktemp", "tail", "sh"):
        found = shutil.which(name)
        assert found, name
        (bin_folder / name).symlink_to(found)
    for name, text in programs.items():
        (bin_folder / name).write_text(f"#!/bin/sh\n{text}\n", encoding="ascii")
        (bin_folder / name).chmod(0o755)
    return str(bin_folder)


@pytest.mark.launcher
@pytest.mark.parametrize(
    ("programs", "says"),
    [
        ({}, "no python3 found"),
        ({"python3": "exit 1"}, "no venv module"),
        ({"uv": "echo no route to host >&2; exit 2"}, "Python 3.13 could not be had"),
        ({"uv": "exit 0", "df": "echo h; echo d 1 1 20 1 /"}, "the disk is too full"),
        ({"python3": '[ "$1" = -c ] || { echo no route to host >&2; exit 1; }'}, "uv could not be installed"),
    ],
    ids=["no python", "no venv", "no interpreter", "disk full", "no network"],
)
def test_the_launcher_says_in_one_line_what_is_missing(checkout, programs, says):
    programs = dict(programs)
    path = tools(checkout, **{name: text for name, text in programs.items() if name != "df"})
    if "df" in programs:
        (checkout / "bin" / "df").unlink()
        (checkout / "bin" / "df").write_text(f"#!/bin/sh\n{programs['df']}\n", encoding="ascii")
        (checkout / "bin" / "df").chmod(0o755)
    done = run_launcher(checkout, path, "--help")
    assert done.returncode == 1
    assert done.stdout == ""
    told = [line for line in done.stderr.splitlines() if line.startswith("blanko: ")]
    assert says in told[-1]
    assert not (checkout / ".uv").exists()


UV = """
PATH=/usr/bin:/bin
echo "$@" >>"$HOME/uv.log"
[ "$1" = venv ] || exit 0
for folder; do :; done
mkdir -p "$folder/bin"
printf '#!/bin/sh\\nexit 0\\n' >"$folder/bin/python"
chmod +x "$folder/bin/python"
"""


@pytest.mark.launcher
@pytest.mark.parametrize("engine", [("--engine", "spark"), ("--engine=spark",)], ids=["two words", "one word"])
def test_spark_is_added_when_it_is_first_asked_for_and_never_before(checkout, engine):
    path = tools(checkout, uv=UV)
    told = checkout / "uv.log"
    assert run_launcher(checkout, path, "linkage", "dedupe", "x.csv", "--engine", "local").returncode == 0
    assert "runtime.txt" in told.read_text() and "spark.txt" not in told.read_text()
    told.unlink()
    assert run_launcher(checkout, path, "linkage", "dedupe", *engine, "x.csv").returncode == 0
    (line,) = told.read_text().splitlines()
    # Added beside the rest: a sync would take the tests' libraries away.
    assert line.startswith("pip install ") and "--require-hashes" in line and line.endswith("requirements/spark.txt")
    told.unlink()
    assert run_launcher(checkout, path, "linkage", "dedupe", *engine, "x.csv").returncode == 0
    assert not told.exists()


@pytest.mark.launcher
def test_the_launcher_runs_the_command_in_the_checkout_from_any_folder(tmp_path):
    done = subprocess.run(
        [str(ROOT / "blanko"), "--version"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    assert done.stdout.startswith("blanko ")


def test_each_requirement_is_locked_with_a_hash_and_no_package_host_is_written_down():
    for name in ("runtime", "test", "data", "spark"):
        text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
        assert "://" not in text
        pinned = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
        assert pinned
        assert text.count("--hash=sha256:") >= len(pinned)


def test_the_package_asks_for_what_the_launcher_installs():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["tool"]["setuptools"]["dynamic"]["dependencies"] == {"file": "requirements/runtime.in"}
    assert project["project"]["scripts"] == {"blanko": "blanko.doors.cli.main:entry"}
