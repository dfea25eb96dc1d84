"""``./blanko planning`` and ``./blanko transparency``: an officer's whole round from the terminal."""

import json

import pytest

from blanko.decisions.planning import rules
from blanko.doors.cli import planning, transparency

pytestmark = pytest.mark.django_db


def answer(capsys, command, *argv):
    assert command.main([*argv, "--json"]) == 0
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_an_officer_drafts_overrides_commits_and_prints_a_round(stock, counts, deadlines, capsys, tmp_path):
    needs = answer(capsys, planning, "needs", "--as-of", "2017-04-04")
    assert len(needs["needs"]) == 514
    assert needs["requests"]["31"]["value"] == 500_000
    drafted = answer(
        capsys, planning, "draft", "--title", "Tahap Jakarta", "--as-of", "2017-04-04", "--release", "3000",
        "--deadline", "2017-04-19",
    )  # fmt: skip
    number = str(drafted["number"])
    changed = answer(
        capsys, planning, "override", number, "3101", "0", "--reason", "the pier is closed", "--second", "kepala.pusat"
    )
    assert changed["overrides"][0]["second"] == "kepala.pusat"
    assert answer(capsys, planning, "review", number, "--remark", "the pier is closed indeed")["state"] == "reviewed"
    sent = answer(capsys, planning, "commit", number)
    assert sent["blanks"] == changed["shared"]
    written = answer(capsys, planning, "papers", number, "--out", str(tmp_path / "papers"))
    assert len(written["papers"]) == 2 * sent["offices"]
    assert all(
        (tmp_path / "papers" / path.rsplit("/", 1)[-1]).read_bytes()[:4] == b"%PDF" for path in written["papers"]
    )
    assert planning.main(["show"]) == 0
    assert planning.main(["show", number]) == 0
    shown = capsys.readouterr().out
    assert "override 3101" in shown and "the pier is closed" in shown and "this date took" in shown


def test_versions_terms_and_what_offices_say_are_reached_from_the_terminal(stock, counts, capsys):
    day = ("--as-of", "2017-04-04")
    put_off = answer(capsys, planning, "defer", "1101", "300", "--reason", "no ink until June", "--since", "2017-04-04")
    assert put_off[0]["blanks"] == 300
    answer(capsys, planning, "collect", "1102", "--letter", "7/ST", "--officer", "Sri Wahyuni", "--on", "2099-01-01")
    first = answer(
        capsys, planning, "draft", "--title", "Putaran", *day, "--release", "9000", "--reserve", "5000",
        "--reserve-for", "floods in May", "--lot-min", "500", "--part-reserve", "500", "--no-loans",
    )  # fmt: skip
    assert (first["reserve_for"], first["lot_min"], first["lending"], first["loans"]) == (
        "floods in May",
        500,
        False,
        [],
    )
    number = str(first["number"])
    assert planning.main(["review", number, "--return", "--remark", "the reserve is too small"]) == 0
    assert "was returned by kepala.pusat" in capsys.readouterr().out
    assert planning.main(["supersede", number, "--reason", "a larger reserve", "--reserve", "9000"]) == 0
    said = capsys.readouterr().out
    assert "is version 2 and supersedes round" in said and "regencies get another share" in said
    later = str(int(number) + 1)
    changed = answer(capsys, planning, "supersede", later, "--reason", "fewer blanks", "--release", "8000")
    assert (changed["version"], changed["reserve"], changed["changed"]["shared_after"]) == (3, 9_000, 8_000)
    assert planning.main(["show", str(changed["number"])]) == 0
    shown = capsys.readouterr().out
    assert "version 3 of plan" in shown and "9,000 blanks stay at the centre for floods in May" in shown
    assert {row["mode"] for row in answer(capsys, planning, "routes", *day)} == {"courier", "collection"}
    rule = ("days-of-cover/1", "--from", "2099-01-01", "--reference", "a decision", "--reason", "a test of it")
    assert answer(capsys, planning, "adopt-rule", *rule, "--second", "kepala.pusat")[-1]["rule"] == "days-of-cover/1"
    assert planning.main(["rules"]) == 0
    assert "from 2099-01-01  days-of-cover/1      a decision" in capsys.readouterr().out


def test_a_discarded_round_has_no_papers_and_cannot_be_committed(stock, counts, capsys, tmp_path):
    drafted = answer(capsys, planning, "draft", "--title", "Putaran", "--as-of", "2017-04-04", "--release", "500")
    number = str(drafted["number"])
    assert answer(capsys, planning, "discard", number, "--reason", "wrong day")["state"] == "discarded"
    with pytest.raises(rules.UnknownRound):
        planning.main(["papers", number, "--out", str(tmp_path)])
    with pytest.raises(rules.RoundClosed):
        planning.main(["commit", number])


def test_counts_that_name_their_base_are_published_and_shown_as_known(counts, capsys, tmp_path):
    from planning_data import count, load_rows

    stated = [
        {**count("ID", 172_046_898, metric="recorded", kind="observed"), "denominator": 178_207_350},
        {**count("ID", 90, metric="recorded", kind="observed", source="another source"), "denominator": 100},
    ]
    load_rows(tmp_path, "stated.csv", stated)
    done = answer(capsys, transparency, "publish", "--known-on", "2017-04-04")
    assert (done["published"], done["without_base"]) == (4, 517)
    shown = answer(capsys, transparency, "figures", "--known-on", "2017-04-04", "--metric", "recorded_share")
    assert {row["percent"] for row in shown} == {"96.54", "90.00"}
    assert answer(capsys, transparency, "figures", "--known-on", "2017-03-28") == []
    conflicts = answer(capsys, transparency, "conflicts", "--known-on", "2017-04-04", "--metric", "recorded_share")
    assert [conflict["bases"] for conflict in conflicts] == [[178_207_350, 100]]
    assert transparency.main(["conflicts", "--known-on", "2017-04-04"]) == 0
    assert "bases 178,207,350, 100" in capsys.readouterr().out
