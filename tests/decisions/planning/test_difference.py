"""The difference of two rounds is told in words, and its reasons add up."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blanko.decisions.planning import sharing
from blanko.decisions.planning.difference import difference
from blanko.decisions.planning.dossier import NotADossier
from blanko.doors.cli import main as cli

from .test_sharing import TERMS, area

NUMBERS = st.lists(st.tuples(st.integers(0, 9_000), st.integers(0, 4_000)), min_size=3, max_size=3)


def made(numbers, release=3_000):
    areas = [area(f"11{place:02d}", need, in_hand=held) for place, (need, held) in enumerate(numbers, 1)]
    return sharing.draft(areas, replace(TERMS, release=release)).document


@given(before=NUMBERS, after=NUMBERS, release=st.integers(1, 9_000))
@settings(max_examples=60, deadline=None)
def test_the_reasons_of_every_change_add_up(before, after, release):
    found = difference(made(before), made(after, release))
    for change in found.changes:
        assert change.by_terms + change.by_own + change.by_others == change.by != 0
        assert change.regency in change.sentence()
    assert found.changed == len(found.changes)
    assert found.shared_after - found.shared_before == sum(change.by for change in found.changes)


def test_a_need_that_fell_is_told_as_its_own_reason():
    before, after = made([(2_000, 0), (6_000, 0), (500, 0)]), made([(2_000, 0), (1_000, 0), (500, 0)])
    found = {change.regency: change for change in difference(before, after).changes}
    assert found["1102"].by_own < 0
    assert found["1102"].by_terms == 0
    assert "its need went from 6,000 to 1,000" in found["1102"].sentence()
    assert found["1101"].by_others > 0
    assert "others" in found["1101"].sentence()


def test_equal_rounds_do_not_differ_and_a_smaller_release_is_a_reason():
    one = made([(2_000, 0), (6_000, 0), (500, 0)])
    assert difference(one, one).changed == 0
    less = difference(one, made([(2_000, 0), (6_000, 0), (500, 0)], release=1_000))
    assert less.terms == (("release", 3_000, 1_000),)
    assert all(change.by_terms == change.by for change in less.changes)


def test_the_command_says_it_in_words(tmp_path, capsys):
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    one.write_bytes(made([(2_000, 0), (6_000, 0), (500, 0)]))
    two.write_bytes(made([(2_000, 0), (1_000, 0), (500, 0)]))
    assert cli.main(["planning", "difference", str(one), str(two)]) == 0
    assert "because" in capsys.readouterr().out
    assert cli.main(["planning", "difference", str(one), str(two), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["changes"][0]["sentence"]
    assert cli.main(["planning", "difference", str(one), str(tmp_path / "none")]) == 2
    with pytest.raises(NotADossier):
        difference(b"{}", one.read_bytes())
