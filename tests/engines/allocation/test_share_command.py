"""``./blanko allocation share`` as a stranger uses it."""

from __future__ import annotations

import csv
import json
import subprocess
import sys

import pytest

from blanko.doors.cli import main as cli

HEAD = "area_code,need,in_hand,deadline\n"


def run(tmp_path, text, *more, stock=1000, encoding="utf-8"):
    needs, out = tmp_path / "needs.csv", tmp_path / "out.csv"
    needs.write_bytes(text.encode(encoding))
    code = cli.main(
        ["allocation", "share", "--needs", str(needs), "--stock", str(stock), "--box", "100", "--out", str(out), *more]
    )
    return code, list(csv.DictReader(out.open())) if out.exists() else None


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_file_with_any_delimiter_and_mark_is_shared(tmp_path, capsys, delimiter, mark):
    text = mark + (HEAD + "3171,1000,0,2017-04-19\n1871,1000,200,\n").replace(",", delimiter)
    code, rows = run(tmp_path, text, "--explain", "1871")
    assert code == 0
    assert rows == [
        {"area_code": "1871", "share": "400", "boxes": "4", "fill": "0.600000", "binding": "stock"},
        {"area_code": "3171", "share": "600", "boxes": "6", "fill": "0.600000", "binding": "stock"},
    ]
    told = capsys.readouterr()
    assert "2 areas share 1,000 of 1,000 blanks" in told.out
    assert "1871 needs 1,000 and has 200" in told.out
    assert "no stage was opened" in told.err


def test_the_json_says_what_each_area_lost_and_why_one_got_its_share(tmp_path, capsys):
    text = HEAD + "3171,1000,0,2017-04-19\n1871,1000,0,\n1872,1000,1000,\n"
    run(tmp_path, text, "--stage", "2017-04-19=800", "--json", "--explain", "3171")
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert summary["stages"] == [
        {
            "deadline": "2017-04-19",
            "released": 800,
            "shared": 800,
            "areas": ["3171"],
            "lost_by_others": {"1871": 300},
        }
    ]
    explained = summary["explained"]
    assert (explained["early"], explained["binding"], explained["rule_version"]) == (800, "stock", "leximin-fill/1")
    assert explained["sentence"].startswith("3171 needs 1,000 and has 0")


def test_a_stage_serves_its_deadline_first(tmp_path, capsys):
    text = HEAD + "3171,1000,0,2017-04-19\n1871,1000,0,\n"
    code, rows = run(tmp_path, text, "--stage", "2017-04-19=800", "--json")
    assert code == 0
    assert {row["area_code"]: row["share"] for row in rows} == {"1871": "200", "3171": "800"}
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert summary["lost_to_stages"] == 300


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "line 1"),
        ("\n\n", "line 1"),
        (HEAD, "line 2"),
        ("area_code,need,deadline\n1101,5,\n", "line 1: the column in_hand"),
        (HEAD.replace("need", "kebutuhan") + "1101,5,0,\n", "line 1"),
        (HEAD.strip() + ",need\n1101,5,0,,5\n", "line 1: the column need stands twice"),
        (HEAD + "1101,5,0,\n1101,6,0,\n", "line 3"),
        (HEAD + "1101,-5,0,\n", "line 2: need"),
        (HEAD + "1101,5.5,0,\n", "line 2: need"),
        (HEAD + "1101,1.000,0,\n", "line 2: need"),
        (HEAD + "1101,5,,\n", "line 2: in_hand"),
        (HEAD + "1101,5,0,19-04-2017\n", "line 2: deadline"),
        (HEAD + "1101,5,0,2017-02-29\n", "line 2: deadline"),
        (HEAD + "1101,5,0\n", "line 2: 3 cells"),
        (HEAD + ",5,0,\n", "line 2: area_code"),
        (HEAD + '1101,"5,0,\n', "line"),
        (HEAD + "1101,99999999999999999999,0,\n", "line 2: need"),
    ],
)
def test_bad_input_is_refused_with_its_line_and_nothing_is_written(tmp_path, capsys, text, says):
    code, rows = run(tmp_path, text)
    assert (code, rows) == (2, None)
    told = capsys.readouterr().err
    assert says in told
    assert told.count("\n") == 1


def test_another_encoding_is_refused_with_its_line(tmp_path, capsys):
    code, _ = run(tmp_path, HEAD + "1101,5,0,\nKe\u00e9,1,0,\n", encoding="cp1252")
    assert code == 2
    assert "line 3: not UTF-8" in capsys.readouterr().err


def test_what_cannot_be_written_or_read_is_one_line(tmp_path, capsys):
    code, _ = run(tmp_path, HEAD + "1101,5,0,\n", "--out", str(tmp_path / "none" / "out.csv"))
    assert code == 2
    assert cli.main(["allocation", "share", "--needs", "none.csv", "--stock", "1", "--box", "1", "--out", "-"]) == 2
    assert run(tmp_path, HEAD + "1101,5,0,\n", "--explain", "9999")[0] == 2
    assert capsys.readouterr().err.count("\n") == 3


def test_a_central_reserve_stays_and_needs_a_purpose(tmp_path, capsys):
    text = HEAD + "1101,5000,0,\n"
    assert run(tmp_path, text, "--reserve", "300") == (2, None)
    assert "needs a purpose" in capsys.readouterr().err
    code, rows = run(tmp_path, text, "--reserve", "300", "--reserve-for", "floods in May")
    assert (code, rows[0]["share"]) == (0, "700")
    assert "300 are kept at the centre for floods in May" in capsys.readouterr().out


def test_other_columns_are_named_and_misspelt_ones_refused(tmp_path, capsys):
    code, rows = run(tmp_path, "name,area_code,need,in_hand,deadline\nX,1101,500,0,\n")
    assert (code, rows[0]["share"]) == (0, "500")
    assert "does not use: name" in capsys.readouterr().err
    assert run(tmp_path, "area_code,need,in_hand,deadline,in_transt\n1101,500,0,,100\n")[0] == 2
    assert "line 1: the column 'in_transt' is unknown: call it in_transit" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--stage", "2017-04-19"], "DATE=BLANKS"),
        (["--stage", "2017-04-19=9" * 3], "DATE=BLANKS"),
        (["--stage", "2017-04-19=2000"], "release 2,000"),
        (["--stage", "2017-05-01=100"], "no area has the deadline 2017-05-01"),
        (["--box", "0"], "box of 0"),
        (["--box", "9" * 5000], "not a whole number"),
        (["--stock", "-1"], "--stock"),
    ],
)
def test_a_wrong_use_is_one_line(tmp_path, capsys, more, says):
    code, rows = run(tmp_path, HEAD + "3171,1000,0,2017-04-19\n", *more)
    assert (code, rows) == (2, None)
    told = capsys.readouterr().err
    assert says in told
    assert told.count("\n") == 1


def test_shares_on_stdout_are_not_mixed_with_words(tmp_path, capsys):
    needs = tmp_path / "needs.csv"
    needs.write_text(HEAD + "1101,500,0,\n")
    assert cli.main(["allocation", "share", "--needs", str(needs), "--stock", "9", "--box", "3", "--out", "-"]) == 0
    assert capsys.readouterr().out == "area_code,share,boxes,fill,binding\n1101,9,3,0.018000,stock\n"


def test_no_half_file_is_left(tmp_path):
    run(tmp_path, HEAD + "1101,500,0,\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["needs.csv", "out.csv"]


def test_the_same_input_gives_the_same_bytes(tmp_path):
    text = HEAD + "".join(f"{1101 + i},{(i * 7919) % 5000},{i % 3 * 100},\n" for i in range(50))
    run(tmp_path, text, "--part-boxes", stock=40_000)
    first = (tmp_path / "out.csv").read_bytes()
    run(tmp_path, text, "--part-boxes", stock=40_000)
    assert (tmp_path / "out.csv").read_bytes() == first


@pytest.mark.parametrize("arguments", [["--help"], ["allocation", "share", "--help"], ["allocation", "--help"]])
def test_a_command_without_a_database_imports_no_django(arguments):
    program = (
        "import sys\nfrom blanko.doors.cli.main import main\n"
        f"try:\n    main({arguments!r})\nexcept SystemExit:\n    pass\n"
        "assert not {'django', 'numba', 'psycopg'} & set(sys.modules), sorted(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Example" in done.stdout


def test_a_part_reserve_serves_areas_that_need_less_than_a_box(tmp_path, capsys):
    text = HEAD + "1101,90000,0,\n1102,50,0,\n"

    def shares(*more):
        _, rows = run(tmp_path, text, *more)
        return {row["area_code"]: int(row["share"]) for row in rows}

    assert shares("--part-boxes") == {"1101": 1000, "1102": 0}
    kept = shares("--part-boxes", "--part-reserve", "200")
    assert kept["1102"] > 0
    assert sum(kept.values()) == 1000
    (tmp_path / "out.csv").unlink()
    assert run(tmp_path, text, "--part-reserve", "200") == (2, None)
    assert "--part-boxes" in capsys.readouterr().err
