"""A planner's table goes out as a file and comes in again; every wrong cell is named by its row and column."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime

import pytest
from planning_data import APRIL_4, AT, count, load_rows, load_whole_regency

from blanko.decisions.planning import loading, offices, queries, rules, tables
from blanko.doors.cli import planning
from blanko.ground.access.acting import acting
from blanko.ground.files import spreadsheets

from .test_rounds import PLANNER, SECOND, by_regency, draft, override, review

pytestmark = pytest.mark.django_db


def written(tmp_path, heads, *rows, form="xlsx"):
    path = tmp_path / f"table.{form}"
    body = spreadsheets.xlsx_bytes(heads, rows) if form == "xlsx" else spreadsheets.csv_bytes(heads, rows)
    path.write_bytes(body)
    return path


def preview(path, kind, **rest):
    return loading.preview(path, kind, at=AT, by=PLANNER, **rest)


def store(path, kind, **rest):
    with acting(principal=PLANNER):
        return loading.store(preview(path, kind, **rest), by=PLANNER, at=AT)


def said(made):
    return [str(problem) for problem in made.problems]


@pytest.fixture
def everything(stock, counts, deadlines, tmp_path):
    """Something of every table, and a drafted round with an override."""
    load_rows(tmp_path, "first.csv", [count("3276", 900, metric="priority_suket_holders", day=APRIL_4, source="=1+1")])
    with acting(principal=PLANNER):
        who = {"by": PLANNER, "at": AT}
        offices.defer(deferrals=[{"regency": "1101", "blanks": 300, "reason": "- no ink, until June"}], **who)
        letter = {"regency": "1102", "letter": "7/ST/2017", "officer": "Sri", "collect_on": date(2017, 4, 6)}
        offices.announce_collections(collections=[letter], **who)
        way = {"regency": "1101", "mode": "courier", "from_date": APRIL_4, "days": 3, "lot_cost": 1, "blank_cost": 2,
               "source": "a tariff"}  # fmt: skip
        offices.state_routes(routes=[way], **who)
    number = draft()
    override(number, "1101", 0)
    return number


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize("kind", loading.known_kinds())
def test_an_exported_table_loads_again_unchanged(everything, tmp_path, kind, form):
    path = tmp_path / f"out.{form}"
    path.write_bytes(loading.export(kind, form, day=APRIL_4, round_no=everything))
    made = preview(path, kind, round_no=everything)
    assert said(made) == []
    assert (
        made.count("unchanged") == len(made.table.rows) == len(loading.standing(kind, day=APRIL_4, round_no=everything))
    )
    assert made.table.rows or kind == "rates"
    with acting(principal=PLANNER):
        assert loading.store(made, by=PLANNER, at=AT) == 0
    assert loading.export(kind, form, day=APRIL_4, round_no=everything) == path.read_bytes()


NEEDS = ("regency", "need_source", "need", "counted_on", "source")


def test_needs_come_in_as_counts_with_their_source_and_move_the_need(counts, tmp_path):
    path = written(
        tmp_path, NEEDS,
        ["3276", "reported", 5_100, date(2017, 3, 29), "Depok's office"],
        ["1871", "reported", 4_321, APRIL_4, "the office's letter"],
        ["1101", "", 1_200, APRIL_4, "the office's letter"],
    )  # fmt: skip
    made = preview(path, "needs")
    assert (made.count("unchanged"), made.count("changed"), said(made)) == (1, 2, [])
    assert queries.needs(APRIL_4)["1871"].need == 1_000
    assert store(path, "needs") == 2
    after = queries.needs(APRIL_4)
    assert (after["1871"].need_source, after["1871"].need, after["1871"].source) == (
        "reported", 4_321, "the office's letter",
    )  # fmt: skip
    assert (after["1101"].need_source, after["1101"].need) == ("reported", 1_200)
    assert preview(path, "needs").count("unchanged") == 3


def test_a_count_goes_back_to_what_it_was_only_with_another_source(counts, tmp_path):
    def asked(value, source="a letter"):
        return written(tmp_path, ("area", "requested", "date", "source"), ["1871", value, APRIL_4, source])

    for value in (100, 200):
        assert store(asked(value), "requests") == 1
    with pytest.raises(tables.TableRefused, match="1 rows say what an older version of the same source said"):
        store(asked(100), "requests")
    assert queries.requests(APRIL_4)["1871"]["value"] == 200
    assert store(asked(150), "requests") == 1
    assert queries.requests(APRIL_4)["1871"]["value"] == 150


def test_records_that_are_whole_decide_whatever_a_table_says(counts, tmp_path):
    load_whole_regency(tmp_path, print_ready=5)
    made = preview(written(tmp_path, NEEDS, ["1872", "registry", 9, APRIL_4, "registry"]), "needs")
    assert said(made) == ["row 2, column need: the records of 1872 are whole and decide its need"]


@pytest.mark.parametrize(
    ("kind", "heads", "row", "says"),
    [
        ("needs", NEEDS, ["1871", "", -3, APRIL_4, "x"], "row 2, column need: -3 is below zero"),
        ("needs", NEEDS, ["1871", "", "many", APRIL_4, "x"], "row 2, column need: 'many' is no whole number"),
        ("needs", NEEDS, ["1871", "", 2.5, APRIL_4, "x"], "row 2, column need: '2.5' is no whole number"),
        ("needs", NEEDS, ["9999", "", 3, APRIL_4, "x"], "row 2, column regency: there is no office '9999'"),
        ("needs", NEEDS, ["18", "", 3, APRIL_4, "x"], "row 2, column regency: there is no office '18'"),
        ("needs", NEEDS, ["1871", "", "", APRIL_4, "x"], "row 2, column need: the cell is empty"),
        ("needs", NEEDS, ["1871", "", 7, None, "x"], "row 2, column counted_on: the cell is empty"),
        ("needs", NEEDS, ["1871", "", 7, date(2017, 4, 5), "x"],
         "row 2, column counted_on: 2017-04-05 has not come yet, today is 2017-04-04"),
        ("needs", NEEDS, ["1871", "", 7, "4 April", "x"], "row 2, column counted_on: '4 April' is no day"),
        ("needs", NEEDS, ["1871", "guess", 7, APRIL_4, "x"],
         "row 2, column need_source: 'guess' is none of registry, reported, estimated, unknown"),
        ("deadlines", ("regency", "deadline", "reason", "published_on", "source"),
         ["1871", date(2017, 4, 3), "election", date(2017, 3, 1), "x"],
         "row 2, column deadline: the deadline 2017-04-03 has passed, today is 2017-04-04"),
        ("rates", ("cause", "area", "rate", "cv", "reason"), ["loss", "", 1.5, 0.1, "the press counted"],
         "row 2, column rate: a rate of 1.5 is over 1"),
        ("rates", ("cause", "area", "rate", "cv", "reason"), ["loss", "", -0.1, 0.1, "the press counted"],
         "row 2, column rate: -0.1 is below zero"),
        ("rates", ("cause", "area", "rate", "cv", "reason"), ["luck", "", 0.1, 0.1, "the press counted"],
         "row 2, column cause: 'luck' is none of"),
        ("rates", ("cause", "area", "rate", "cv", "reason"), ["loss", "", 0.1, 0.1, "x"],
         "row 2, column reason: a rate is overruled without a reason"),
        ("deferrals", ("regency", "blanks", "since", "reason"), ["1871", 0, APRIL_4, "no ink"],
         "row 2, column blanks: 0 blanks cannot be put off"),
        ("collections", ("regency", "letter", "officer", "collect_on"), ["1871", "7/ST", "Sri", date(2017, 4, 1)],
         "row 2, column collect_on: a lot is to be fetched on 2017-04-01 and today is 2017-04-04"),
        ("routes", ("regency", "mode", "from_date", "days", "lot_cost", "blank_cost", "source"),
         ["1871", "pigeon", APRIL_4, 1, 1, 1, "x"], "row 2, column mode: 'pigeon' is none of courier, collection"),
        ("routes", ("regency", "mode", "from_date", "days", "lot_cost", "kg_cost", "source"),
         ["1871", "courier", APRIL_4, 1, 0, 20_000, "x"], "row 2, column mode: a tariff by weight lacks the price"),
        ("routes", ("regency", "mode", "from_date", "days", "lot_cost", "source"),
         ["1871", "courier", APRIL_4, 1, 0, "x"], "row 2, column mode: a way says neither what a blank nor what"),
        ("routes", ("regency", "mode", "from_date", "days", "lot_cost", "blank_cost", "kg_cost", "blank_mg", "source"),
         ["1871", "courier", APRIL_4, 1, 0, 9, 20_000, 6_300, "x"],
         "row 2, column mode: a blank costs 9 and by its weight 126"),
        ("priorities", ("regency", "class", "people", "date", "source"), ["1871", "friends", 5, APRIL_4, "x"],
         "row 2, column class: 'friends' is none of vulnerable, suket_holders"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_wrong_cell_is_named_by_its_row_and_column_and_nothing_is_stored(
    counts, tmp_path, kind, heads, row, says, form
):
    path = written(tmp_path, heads, row, form=form)
    made = preview(path, kind)
    assert len(made.problems) == 1 and said(made)[0].startswith(says)
    assert made.problems[0].mend
    with pytest.raises(tables.TableRefused, match="1 cells are wrong"):
        store(path, kind)


def test_a_tariff_by_weight_takes_the_place_of_the_estimate_and_loads_again_unchanged(counts, tmp_path):
    heads = ("kode", "moda", "berlaku_sejak", "hari", "biaya_trip", "biaya_per_kg", "berat_mg", "sumber")
    path = written(tmp_path, heads, ["1871", "courier", APRIL_4, 2, 150_000, 20_050, 6_300, "tarif pos 2017"])
    assert store(path, "routes") == 1
    way = queries.route_table(APRIL_4)[("1871", "courier")]
    # 20,050 x 0.0063 kg is 126.3: rounded up.
    assert (way.kind, way.blank_cost, way.cost(1_000)) == ("stated", 127, 150_000 + 127_000)
    assert (preview(path, "routes").count("unchanged"), way.source) == (1, "tarif pos 2017")


def test_all_wrong_cells_are_named_at_once_in_their_order(counts, tmp_path):
    path = written(
        tmp_path, NEEDS, ["1871", "", -1, APRIL_4, "x"], ["1872", "", 5, APRIL_4, "x"], ["9999", "", "?", APRIL_4, ""],
        ["1872", "", 6, APRIL_4, "x"],
    )  # fmt: skip
    found = preview(path, "needs").problems
    assert [(p.values["row"], p.values["column"], type(p.values["refusal"])) for p in found] == [
        (2, "need", tables.BelowZero), (4, "regency", tables.UnknownOffice), (4, "need", tables.NotANumber),
        (5, "regency", tables.RowTwice),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("heads", "says"),
    [(("regency",), "the column need is missing"), (("regency", "kode", "need"), "two columns mean regency"),
     (("regency", "need", "counted_onn"), "nobody reads the column counted_onn")],
)  # fmt: skip
def test_wrong_heads_are_refused_by_name(db, tmp_path, heads, says):
    with pytest.raises(tables.TableRefused, match=says):
        preview(written(tmp_path, heads, ["1871", "3276", "x"][: len(heads)]), "needs")


def test_overrides_come_in_together_if_they_fit_and_go_the_way_of_every_override(stock, counts, tmp_path):
    number = draft()
    shares = {code: row["share"] for code, row in by_regency(number).items()}
    gets, loses = "9171", "1101"
    given = [[gets, shares[gets] + 500, "flood destroyed the stock", SECOND],
             [loses, shares[loses] - 500, "flood destroyed the stock", SECOND]]  # fmt: skip
    heads = ("regency", "share", "reason", "second")
    alone = preview(written(tmp_path, heads, given[0]), "overrides", round_no=number)
    assert said(alone) == ["row 2, column share: the shares would sum to 10500 of 10000 released"]
    for change, column in (({3: PLANNER}, "second"), ({2: "x"}, "reason"), ({1: 99_999}, "share")):
        row = [change.get(place, cell) for place, cell in enumerate(given[1])]
        made = preview(written(tmp_path, heads, row), "overrides", round_no=number)
        assert [problem.values["column"] for problem in made.problems] == [column] * len(made.problems) != []
    assert store(written(tmp_path, heads, *given), "overrides", round_no=number) == 2
    after = by_regency(number)
    assert (after[gets]["share"], after[loses]["share"]) == (shares[gets] + 500, shares[loses] - 500)
    assert {row["second"] for row in queries.round(number)["overrides"]} == {SECOND}
    with pytest.raises(loading.WhichRound):
        preview(written(tmp_path, heads, *given), "overrides")
    review(number)
    back = [[gets, shares[gets], "the flood went down again", SECOND]]
    with pytest.raises(rules.RoundReviewed):
        store(written(tmp_path, heads, *back), "overrides", round_no=number)


def test_the_terminal_shows_first_and_stores_when_told(counts, tmp_path, capsys):
    out = tmp_path / "deferrals.xlsx"
    today = datetime.now(UTC).date().isoformat()
    heads = ("regency", "blanks", "since", "reason")
    path = written(tmp_path, heads, ["1871", 300, today, "no ink until June"], form="csv")
    assert planning.main(["load", str(path), "--as", "deferrals"]) == 0
    assert "nothing is stored yet: add --store" in capsys.readouterr().out
    assert not queries.deferrals()
    assert planning.main(["load", str(path), "--as", "deferrals", "--store", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["stored"] == 1
    assert planning.main(["table", "deferrals", "--out", str(out)]) == 0
    assert planning.main(["load", str(out), "--as", "deferrals", "--store"]) == 0
    assert "0 new, 0 changed, 1 unchanged" in capsys.readouterr().out
    wrong = written(tmp_path, heads, ["1871", -3, today, "no ink"], form="csv")
    assert planning.main(["load", str(wrong), "--as", "deferrals", "--store"]) == 1
    assert "row 2, column blanks: -3 is below zero" in capsys.readouterr().out
    assert planning.main(["table", "requests", "--as-of", "2017-04-04"]) == 0
    assert "140000" in capsys.readouterr().out


def test_what_a_spreadsheet_would_run_as_a_formula_comes_back_as_it_was(db):
    body = spreadsheets.csv_bytes(["reason"], [["=1+1"]]).decode("utf-8-sig")
    assert next(csv.DictReader(io.StringIO(body)))["reason"] == "'=1+1"
    assert tables._plain("'=1+1") == "=1+1"
