"""What the README tells a reader to type works."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from blanko.doors.cli.main import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"


def commands() -> list[list[str]]:
    """The words of each ``./blanko`` line in the README's sh blocks."""
    text = README.read_text(encoding="utf-8") if README.exists() else ""
    blocks = re.findall(r"^```sh\n(.*?)^```", text, flags=re.M | re.S)
    lines = [line.removeprefix("$ ") for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("./blanko")]


def written(words: list[str]) -> str:
    return " ".join(words) or "./blanko"


def run(words: list[str], *, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    return subprocess.run(
        [sys.executable, "-m", "blanko", *words], cwd=cwd, env=environment, capture_output=True, text=True, timeout=120
    )


def test_the_readme_shows_the_two_commands():
    assert {"demo", "test"} <= {words[0] for words in commands() if words}


@pytest.mark.parametrize("words", commands(), ids=written)
def test_each_command_of_the_readme_is_known_with_its_options(words):
    if not words or words[0] in ("--help", "--version"):
        return
    assert words[0] in COMMANDS
    if words[0] in ("test", "check"):
        return
    verb = [word for word in words[1:2] if not word.startswith("-") and words[0] not in ("demo", "bench", "synth")]
    told = run([words[0], *verb, "--help"])
    assert told.returncode == 0, told.stderr
    for option in (word.partition("=")[0] for word in words if word.startswith("--")):
        assert re.search(rf"{option}\b", told.stdout), option


@pytest.mark.parametrize(
    "words",
    [words for words in commands() if words and getattr(COMMANDS.get(words[0]), "ready", "") == "nothing"],
    ids=written,
)
def test_commands_that_need_no_database_run_as_written(words, tmp_path):
    if (ROOT / "examples").is_dir():
        shutil.copytree(ROOT / "examples", tmp_path / "examples")
    done = run(words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_the_files_that_the_readme_names_are_there():
    text = README.read_text(encoding="utf-8")
    named = [target for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text) if "://" not in target]
    named += [word for words in commands() for word in words if word.startswith("examples/")]
    assert not [target for target in named if not (ROOT / target).exists()]
