"""What offices print with comes in as files and by hand, one way for both; every refused row says why."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from blanko.ground.audit import operations as audit
from blanko.ground.files.spreadsheets import xlsx_bytes
from blanko.records.equipment import operations, queries
from blanko.records.equipment.rules import Pace, RefusedReport, prior_rates
from blanko.records.intake import operations as intake
from blanko.records.intake import queries as files

AT = datetime(2017, 4, 4, 3, tzinfo=UTC)
APRIL_4 = date(2017, 4, 4)
EXAMPLES = Path(__file__).parents[3] / "examples"
PRINTERS = """kantor,nomor seri,keadaan,sejak,kartu per jam
3171,F-1,baik,2017-01-02,30
3171,F-1,rusak,2017-03-01,
3172,F-2,berfungsi,05-01-2017,
9999,F-3,baik,2017-01-02,
3172,F-4,sometimes,2017-01-02,
3172,F-5,baik,2017-02-31,
3172,,baik,2017-01-02,
"""


@pytest.fixture
def load(db, acting_as, tmp_path):
    def do(body, name="p.csv"):
        path = tmp_path / name
        path.write_bytes(body if isinstance(body, bytes) else body.encode())
        with acting_as("svc.intake"):
            return intake.load(path=path, by="svc.intake", at=AT, data_dir=tmp_path / "data")

    return do


@pytest.fixture
def tell(db, acting_as, tmp_path):
    def do(operation, *, at=AT, **given):
        with acting_as("planner.pusat"):
            return operation(by="planner.pusat", at=at, data_dir=tmp_path / "data", **given)

    return do


def test_a_list_of_printers_is_taken_in_and_each_refused_row_names_its_cell(load):
    result = load(PRINTERS)
    assert (result.kind, result.read, result.accepted, result.refused) == ("printers", 7, 3, 4)
    with open(result.rejects, encoding="utf-8-sig", newline="") as file:
        causes = [(int(row["row"]), row["column"], row["reason"]) for row in csv.DictReader(file)]
    assert causes == [
        (5, "office", "unknown_office"), (6, "state", "unknown_choice"), (7, "since", "impossible_date"),
        (8, "printer", "missing"),
    ]  # fmt: skip
    now = {row.printer: (row.office, row.state, row.since) for row in queries.printers(as_of=APRIL_4)}
    assert now == {"F-1": ("3171", "failed", date(2017, 3, 1)), "F-2": ("3172", "working", date(2017, 1, 5))}
    assert audit.verify(files.files()[0]["event_id"]).holds
    # In February the printer still worked.
    assert queries.printers(as_of=date(2017, 2, 1), office="3171")[0].state == "working"


def test_a_workbook_of_reports_is_taken_in_and_hours_beyond_a_week_are_refused(load):
    heads = ["office", "reported_on", "ribbon_cards", "ink_cards", "operators", "operator_hours", "print_hours"]
    rows = [["8171", "2017-04-01", 0, 4000, 3, 120, 40], ["8172", "2017-04-01", 10, None, None, None, 169]]
    result = load(xlsx_bytes(heads, rows, sheet="laporan"), "laporan.xlsx")
    assert (result.kind, result.accepted, result.refused) == ("printing", 1, 1)
    with open(result.rejects, encoding="utf-8-sig", newline="") as file:
        assert [(row["column"], row["reason"]) for row in csv.DictReader(file)] == [("print_hours", "too_many")]
    (report,) = queries.reports(as_of=APRIL_4)
    assert (report.office, report.consumable_cards, report.operator_hours) == ("8171", 0, 120)


def test_what_is_told_by_hand_is_one_report_whoever_repeats_it_and_can_be_taken_back(tell):
    given = {"office": "3171", "printer": "F-9", "state": "working", "since": APRIL_4}
    first = tell(operations.report_printer, **given)
    assert (first.accepted, first.unchanged) == (1, 0)
    again = tell(operations.report_printer, at=AT.replace(hour=4), **given)
    assert (again.accepted, again.unchanged) == (0, 1)
    for hour, state in ((5, "failed"), (6, "working"), (7, "failed")):
        assert tell(operations.report_printer, at=AT.replace(hour=hour), **{**given, "state": state}).accepted == 1
    (now,) = queries.printers(as_of=APRIL_4)
    assert now.state == "failed"


@pytest.mark.parametrize(
    ("changed", "says"),
    [({"office": "9999"}, "office cannot be '9999'"), ({"state": "tired"}, "state cannot be 'tired'"),
     ({"printer": ""}, "printer cannot be ''"), ({"cards_an_hour": -5}, "cards_an_hour cannot be '-5'"),
     ({"cards_an_hour": 5_000}, "cards_an_hour cannot be '5000'")],
    ids=["office", "state", "printer", "negative", "too-many"],
)  # fmt: skip
def test_a_report_by_hand_that_no_file_could_hold_is_refused_by_its_cell_and_keeps_nothing(tell, changed, says):
    given = {"office": "3171", "printer": "F-9", "state": "working", "since": APRIL_4, **changed}
    with pytest.raises(RefusedReport, match=says) as refused:
        tell(operations.report_printer, **given)
    assert refused.value.mend
    assert queries.printers(as_of=APRIL_4) == []
    assert files.files() == []


def test_a_report_that_says_nothing_is_refused(tell):
    with pytest.raises(RefusedReport, match="nothing"):
        tell(operations.report_printing, office="3171", reported_on=APRIL_4)


def test_offices_print_by_what_they_reported(load, tell):
    load(PRINTERS)
    tell(operations.report_printing, office="3172", reported_on=APRIL_4, ribbon_cards=250, print_hours=20)
    found = queries.offices(as_of=APRIL_4, pace=Pace(20, 40, 15), prior=prior_rates(availability=0.8, repair_weeks=4))
    assert (found["3171"].working, found["3171"].printer_cards) == (0, 30 * 40)
    assert (found["3172"].working, found["3172"].printer_cards, found["3172"].ribbon_cards) == (1, 20 * 20, 250)


def test_the_examples_are_read_as_their_readme_says(load):
    printers = load((EXAMPLES / "printers.csv").read_bytes(), "printers.csv")
    reports = load((EXAMPLES / "printing-reports.csv").read_bytes(), "printing-reports.csv")
    assert (printers.kind, printers.accepted, printers.refused) == ("printers", 4, 2)
    assert (reports.kind, reports.accepted, reports.refused) == ("printing", 3, 1)
    on = date(2017, 4, 30)
    found = queries.offices(as_of=on, pace=Pace(20, 40, 15), prior=prior_rates(availability=0.8, repair_weeks=4))
    assert (found["3507"].working, found["3507"].ribbon_cards, found["3507"].operator_cards) == (2, 300, 160 * 15)
    assert (found["8171"].working, found["8171"].ribbon_cards) == (0, 0)
