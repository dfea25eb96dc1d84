"""The table of commands, and what becomes of wrong use."""

from __future__ import annotations

from importlib import import_module

import pytest

from blanko.doors.cli import main as cli


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_listed_command_is_there_and_helps_with_an_example(name, capsys):
    module = import_module(f"blanko.doors.cli.{cli.COMMANDS[name].module}")
    if name == "test":
        return  # its help is pytest's own
    with pytest.raises(SystemExit) if name != "check" else __import__("contextlib").nullcontext():
        module.main(["--help"])
    assert "Example" in capsys.readouterr().out


def test_wrong_use_is_one_line_with_the_nearest_command(capsys):
    assert cli.main(["intak"]) == 2
    assert "did you mean intake?" in capsys.readouterr().err


def test_help_begins_with_an_example(capsys):
    assert cli.main([]) == 0
    out = capsys.readouterr().out
    assert out.index("./blanko demo") < out.index("Usage")
    assert cli.main(["--version"]) == 0


def test_a_place_is_known_by_both_its_codes(capsys):
    for code in ("9101", "9301"):
        assert cli.main(["places", code]) == 0
        assert capsys.readouterr().out.startswith("9101  Kabupaten Merauke  (today 9301)")
    assert cli.main(["places", "9999"]) == 1
    assert capsys.readouterr().err.count("\n") == 1
