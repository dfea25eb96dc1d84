"""Everything that the API registers the command registers too, in words and as JSON, with the same refusals."""

from __future__ import annotations

import json

import pytest

from blanko.doors.cli import equipment, procurement
from blanko.doors.cli import main as cli
from blanko.ground.files.spreadsheets import xlsx_bytes
from blanko.records.equipment.rules import RefusedReport
from blanko.records.procurement import lists, material, rules, sheets

CONTRACT = (
    "contract", "C-1", "--supplier", "a maker", "--signed-on", "2017-04-01", "--quantity", "1000000",
    "--unit-price-idr", "12000", "--total-idr", "12000000000", "--box-size", "500", "--source", "a test",
)  # fmt: skip


@pytest.fixture
def run(db, capsys, settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"

    def called(*words, of=procurement):
        assert of.main([str(word) for word in words]) == 0
        return capsys.readouterr().out

    return called


def as_json(text):
    return json.loads(text)


@pytest.fixture
def sheet(tmp_path):
    def made(name, heads, *rows):
        path = tmp_path / name
        path.write_bytes(xlsx_bytes(heads, rows, sheet="list"))
        return path

    return made


def test_a_supply_is_registered_wholly_from_the_command_line(run, sheet):
    tender = as_json(run(
        "tender", "T-1", "--title", "blanks", "--quantity", "1000000", "--outcome", "awarded", "--winner", "a maker",
        "--award-idr", "12000000000", "--decided-on", "2017-03-01", "--objection-until", "2017-03-06", "--source",
        "a test", "--rup-code", "12345", "--json",
    ))  # fmt: skip
    assert (tender["winner"], tender["rup_code"]) == ("a maker", "12345")
    plan = sheet("plan.xlsx", ["due_on", "quantity"], ["2017-05-01", 300_000])
    prices = sheet("prices.xlsx", ["from_quantity", "unit_price_idr"], [500_000, 10_000])
    whole = as_json(run(
        *CONTRACT, "--tender-no", "T-1", "--due", "2017-06-01=100000", "--schedule", plan, "--break", "100000=11000",
        "--prices", prices, "--lead", "shipped=4", "arrived=2", "--box-sizes", "500", "1000", "--json",
    ))  # fmt: skip
    assert (whole["planned"], whole["lead_days"], whole["box_sizes"]) == (
        400_000, {"arrived": 2, "shipped": 4}, [500, 1000],
    )  # fmt: skip
    assert len(whole["price_breaks"]) == 2
    assert as_json(run("schedule", "C-1", "2017-07-01=600000", "--json"))["added"] == 1
    heads = ["part", "country", "stage", "lead_days", "needs"]
    rows = ["chip", "ZZ", "chips_made_abroad", 30, ""], ["print", "ID", "printed_and_tested", 7, "chip"]
    parts = sheet("parts.xlsx", heads, *rows)
    assert as_json(run("parts", "C-1", "--file", parts, "--json"))["days"] == 37

    lot = as_json(run("announce", "L-1", "--contract-no", "C-1", "--series", "PB", "--first-box", 1, "--box-count", 300,
                      "--announced-on", "2017-04-02", "--delivery-no", 1, "--json"))  # fmt: skip
    assert (lot["quantity"], lot["unit_price_idr"]) == (150_000, 11_000)
    for stage in list(rules.Stage)[1:-3]:
        run("stage", "L-1", str(stage), "--on", "2017-04-20")
    assert "held for customs: no stock" in run("stage", "L-1", "arrived", "--on", "2017-04-21", "--held-for", "customs")
    run("stage", "L-1", "released", "--on", "2017-04-22", "--note", "cleared")
    done = as_json(
        run("accept", "L-1", "--bast-no", "B-1", "--on", "2017-04-23", "--reject", "7=wet", "9=torn", "--json")
    )
    assert (done["accepted_boxes"], done["rejected_boxes"], done["is_stock"]) == (298, 2, True)
    run("pay", "L-1", 298 * 500, "--payment", "P-1", "--on", "2017-05-01")
    service = as_json(run("service", "S-1", "--title", "servers", "--supplier", "a keeper", "--source", "a test",
                          "--starts-on", "2017-01-01", "--ends-on", "2017-12-31", "--json"))  # fmt: skip
    assert service["successor"] is None
    assert "without a successor" in run("services")


def test_prices_of_a_contract_that_has_none_come_later(run):
    run(*CONTRACT)
    assert len(as_json(run("prices", "C-1", "100000=11000", "--json"))["price_breaks"]) == 1
    with pytest.raises(rules.AlreadyRegistered):
        run("prices", "C-1", "200000=10000")


def test_wrong_input_is_refused_by_name_with_its_row(run, sheet):
    run(*CONTRACT)
    with pytest.raises(rules.ContractWithoutSchedule):
        run("announce", "L-1", "--contract-no", "C-1", "--series", "PB", "--first-box", 1, "--box-count", 3)
    with pytest.raises(rules.NotPositive):
        run(*(word if word != "1000000" else "-1000000" for word in CONTRACT))
    with pytest.raises(sheets.BadSheet, match="row 2: quantity cannot be '-3'"):
        run("schedule", "C-1", "--file", sheet("s.xlsx", ["due_on", "quantity"], ["2017-05-01", -3]))
    ring = sheet("r.xlsx", ["part", "country", "stage", "lead_days", "needs"], ["a", "ID", "shipped", 1, "b"],
                 ["b", "ID", "shipped", 1, "a"])  # fmt: skip
    with pytest.raises(material.MaterialCycle, match="row 2: .*a -> b -> a"):
        run("parts", "C-1", "--file", ring)
    with pytest.raises(Exception, match="nothing is given"):
        run("schedule", "C-1")


def test_every_wrong_cell_of_a_list_is_told(run, sheet, capsys, monkeypatch):
    run(*CONTRACT)
    monkeypatch.setattr("blanko.ready.make_ready", lambda: None)
    path = sheet("s.xlsx", ["due_on", "quantity"], ["2017-05-01", -3], ["soon", 5])
    assert cli.main(["procurement", "schedule", "C-1", "--file", str(path)]) == 2
    told = capsys.readouterr().err
    assert "row 2, quantity '-3': not_a_count" in told
    assert "row 3, due_on 'soon': no_date" in told


@pytest.mark.parametrize("words", [("schedule", "C-1", "soon=5"), ("stage", "L-1", "dreamt", "--on", "2017-01-01"),
                                   ("tender", "T-1", "--outcome", "lost")])  # fmt: skip
def test_words_that_no_verb_takes_end_as_wrong_use(run, words, capsys):
    with pytest.raises(SystemExit) as ended:
        run(*words)
    assert ended.value.code == 2


def test_offices_tell_what_they_print_with_and_learn_from_it(run):
    told = as_json(run("printer", "8171", "SN-1", "failed", "--since", "2017-03-01", "--json", of=equipment))
    assert told["accepted"] == 1
    run("printer", "8171", "SN-2", "working", "--since", "2017-03-01", "--cards-an-hour", 30, of=equipment)
    run("report", "8171", "--on", "2017-04-01", "--ribbon-cards", 0, "--operator-hours", 40, of=equipment)
    assert "1 of 2 printers work" in run("offices", "--as-of", "2017-04-04", of=equipment)
    (row,) = map(json.loads, run("offices", "8171", "--as-of", "2017-04-04", "--json", of=equipment).splitlines())
    assert (row["working"], row["printers"], row["ribbon_cards"]) == (1, 2, 0)
    assert "SN-1" in run("printers", "--as-of", "2017-04-04", of=equipment)
    assert "ribbon_cards 0" in run("reports", "--as-of", "2017-04-04", of=equipment)
    assert as_json(run("wear", "--as-of", "2017-04-04", "--json", of=equipment))["observed"] == 0
    with pytest.raises(RefusedReport, match="office cannot be '9999'"):
        run("printer", "9999", "SN-1", "failed", "--since", "2017-03-01", of=equipment)


def test_a_list_is_previewed_loaded_and_exported(run, tmp_path):
    path, out = tmp_path / "services.xlsx", tmp_path / "out.csv"
    heads = ["service_no", "title", "supplier", "starts_on", "ends_on", "source"]
    path.write_bytes(xlsx_bytes(heads, [["S-1", "servers", "a firm", "2017-01-01", "2017-12-31", "a test"]]))
    assert "1 rows would be stored; nothing is" in run("load", "services", path, "--preview")
    assert json.loads(run("load", "services", path, "--json"))["new"] == 1
    assert "0 rows are stored, 1 stand already" in run("load", "services", path)
    run("export", "services", out)
    assert "S-1" in out.read_text(encoding="utf-8-sig")
    path.write_bytes(xlsx_bytes(heads, [["S-2", "servers", "a firm", "2017-01-01", "2016-12-31", "a test"]]))
    with pytest.raises(lists.RowsRefused) as refused:
        run("load", "services", path)
    assert [(row, cause.column) for row, cause in refused.value.causes] == [(2, "ends_on")]
