"""A case knows what was known on its day, says where it is wrong, and answers what a planner asks."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta
from importlib.resources import files

import pytest

from blanko.decisions.planning.outlook import backtest, problems, receipts
from blanko.decisions.planning.outlook.answer import outlook
from blanko.decisions.planning.outlook.case import BadCase, Contract, UnknownCase, load, parse
from blanko.decisions.planning.outlook.plans import plan, weights
from blanko.doors.cli import main as cli
from blanko.engines.runout.draws import Stage, median_days
from blanko.engines.runout.errors import InvalidPlan

PATHS = 1_000
TEXT = (files("blanko.decisions.planning.outlook") / "cases" / "2017-04.toml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def case():
    return load("2017-04")


@pytest.fixture(scope="module")
def answer(case):
    return outlook(case, paths=PATHS)


def test_the_answer_has_what_was_asked(answer):
    found = json.loads(json.dumps(answer.as_json()))
    assert date.fromisoformat(found["as_of"]) == date(2017, 4, 4)
    assert set(found["runout"]) == {"p10", "p50", "p90"}
    days = [date.fromisoformat(day) for day in found["runout"].values()]
    assert days == sorted(days)
    assert list(found["probability_before"].values()) == sorted(found["probability_before"].values())
    assert {"latest_date", "quantity", "risk"} <= set(found["order"])
    assert found["binding"] in found["binding_shares"]
    assert all(0 <= promise["probability"] <= 1 for promise in found["promises"])
    assert (found["seed"], found["paths"]) == (1, PATHS)
    assert "fans" not in found
    assert set(answer.as_json(fans=True)["fans"]) == {"stock", "print_ready", "awaiting", "uncollected"}


def test_the_same_seed_gives_the_same_answer_and_another_seed_another(case, answer):
    again = outlook(case, paths=PATHS, side_by_side=False)
    assert again.as_json(fans=True)["fans"] == answer.as_json(fans=True)["fans"]
    assert outlook(case, paths=PATHS, seed=2, side_by_side=False).fans != answer.fans


def test_april_was_not_kept_and_the_readings_stand_side_by_side(answer):
    odds = {promise["date"]: promise["probability"] for promise in answer.promises[:1]}
    assert odds[date(2017, 4, 30)] < 0.05
    assert [(reading.key, reading.doubles_inside) for reading in answer.readings] == [
        (key, inside) for key in "ABC" for inside in (False, True)
    ]
    inside = {reading.key: reading.order_quantity for reading in answer.readings if reading.doubles_inside}
    outside = {reading.key: reading.order_quantity for reading in answer.readings if not reading.doubles_inside}
    # If the 3 million doubles sit inside the 4.5 million, fewer cards are owed and less has to be ordered.
    assert all(inside[key] < outside[key] for key in "ABC")


def test_more_blanks_do_not_speed_the_checks_and_faster_checks_do(case):
    slow = outlook(case, paths=PATHS, side_by_side=False)
    fast = outlook(case, paths=PATHS, side_by_side=False, changed={"checks": 3.0})
    assert fast.fans["awaiting"]["0.5"][50] < slow.fans["awaiting"]["0.5"][50]
    late = outlook(case, paths=PATHS, side_by_side=False, changed={"delivery_days": 0.5})
    assert late.fans["awaiting"] == slow.fans["awaiting"]


def test_the_regencies_add_up_to_the_nation_and_each_is_answered(case):
    found = outlook(case, paths=200, level="regency", side_by_side=False)
    assert len(found.areas) == 514
    assert {area.code for area in found.areas} == set(weights(case, "regency"))
    whole = plan(case, case.readings[0], level="regency")
    nation = plan(case, case.readings[0])
    assert whole.demand.direct.sum() == pytest.approx(nation.demand.direct.sum())
    assert whole.offices.print_ready.sum() == pytest.approx(nation.offices.print_ready.sum())
    assert whole.offices.on_hand.sum() == pytest.approx(200_000)
    assert sum(weights(case, "province").values()) == pytest.approx(1)


def test_nothing_that_happened_later_can_leak_into_the_forecast(case, answer):
    altered = replace(case, later=tuple(replace(item, value=1.0, date=date(2018, 1, 1)) for item in case.later))
    assert outlook(altered, paths=PATHS).as_json(fans=True) == answer.as_json(fans=True)
    # The reader itself refuses a number that was not known yet.
    with pytest.raises(BadCase, match=r"line \d+: .* became known on 2017-04-05, after 2017-04-04"):
        parse(TEXT.replace("known_on = 2017-03-29", "known_on = 2017-04-05", 1))


WRONG = [
    ("value = 4_500_000", "value = -4", r"line \d+: print_ready is -4"),
    ("value = 0.85", "value = 1.85", r"passed_share is 1.85"),
    ('title = "Indonesia', 'titel = "x"\ntitle = "Indonesia', r"line \d+: nobody reads the key titel"),
    ("districts_a_printer", "districts_per_printer", r"line \d+: nobody reads the key districts_per_printer"),
    ("quantity = 2_000_000", "quantity = 0", r"has no quantity"),
    ("until = 2018-06-30", "until = 2016-06-30", r"line \d+: an order until 2016-06-30 looks back"),
    ("risk = 0.1", "risk = 1.5", r"a risk of 1.5"),
    ("date = 2017-04-30", "date = 2017-03-30", r"lies before 2017-04-04"),
    ('test = "lasts"', 'test = "hopes"', r"line \d+: hopes tests no promise"),
    ("availability = 0.8", "availability = 8", r"availability is 8"),
    ("weeks = 104", "weeks = 0", r"a case of 0 weeks"),
    ('split = "population"', 'split = "wishes"', r"neither how to split"),
    ("as_of = 2017-04-04", "as_of = [", r"no TOML"),
]


ODD_VALUES = (None, '"x"', "-1", "[]", "{}", "true", "2017-01-01", "2017-01-01T00:00:00", "1.5", "[1]", "1e400", "nan")


def test_whatever_stands_in_a_case_is_read_or_refused_by_name():
    """Each key of the case is left out, and given every kind of value in turn: nothing ends in another error."""
    lines = TEXT.splitlines()
    found = {number: re.match(r"(\w+) = ", line) for number, line in enumerate(lines)}
    refused = 0
    for number, key in ((number, match[1]) for number, match in found.items() if match):
        for odd in ODD_VALUES:
            changed = [] if odd is None else [f"{key} = {odd}"]
            try:
                parse("\n".join([*lines[:number], *changed, *lines[number + 1 :]]))
            except BadCase as error:
                assert error.mend
                refused += 1
    assert refused > 800


@pytest.mark.parametrize("weights", ["[]", "{}", "{ north = -1 }", "{ north = 0 }", "{ north = nan }", '"north"'])
def test_weights_that_are_none_are_refused(weights):
    with pytest.raises(BadCase, match="weights"):
        parse(TEXT.replace('split = "population"', f"weights = {weights}"))


def test_the_line_is_that_of_the_wrong_value_and_not_of_the_first_of_its_name():
    number = [place for place, line in enumerate(TEXT.splitlines(), 1) if line.startswith("known_on")][5]
    lines = TEXT.splitlines()
    lines[number - 1] = "known_on = 2019-01-01"
    with pytest.raises(BadCase, match=rf"line {number}: "):
        parse("\n".join(lines))


@pytest.mark.parametrize(("old", "new", "says"), WRONG, ids=[new[:30] for _, new, _ in WRONG])
def test_a_case_that_cannot_be_is_refused_with_its_line(old, new, says):
    assert old in TEXT
    with pytest.raises(BadCase, match=says) as refused:
        parse(TEXT.replace(old, new, 1))
    assert refused.value.mend


def test_a_contract_without_a_schedule_is_refused():
    start = TEXT.index("stages = [{ name")
    text = TEXT[:start] + "stages = []" + TEXT[TEXT.index("\n", start) :]
    with pytest.raises(BadCase, match="no schedule"):
        parse(text)


def test_the_command_refuses_a_wrong_case_with_its_line(tmp_path, capsys):
    for old, new, says in (WRONG[0], WRONG[2]):
        path = tmp_path / "case.toml"
        path.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
        assert cli.main(["planning", "runout", "--scenario", str(path), "--json"]) == 2
        assert re.search(says, capsys.readouterr().err)


def test_any_country_is_a_case_with_weights_of_its_own(tmp_path):
    text = TEXT.replace('split = "population"', 'weights = { "north" = 3, "south" = 1 }').replace(
        'area = "31"', 'area = "south"'
    )
    path = tmp_path / "elsewhere.toml"
    path.write_text(text, encoding="utf-8")
    found = outlook(load(str(path)), paths=200, level="regency", side_by_side=False)
    assert {area.code for area in found.areas} == {"north", "south"}


def test_a_what_if_without_a_factor_is_refused(case):
    for factor in (0, -1, 101, float("nan")):
        with pytest.raises(InvalidPlan, match="what-if checks"):
            outlook(case, paths=10, changed={"checks": factor})


def test_an_unknown_case_or_reading_is_named(case):
    with pytest.raises(UnknownCase, match="there is no case atlantis"):
        load("atlantis")
    with pytest.raises(UnknownCase, match="no reading Z"):
        outlook(case, paths=10, reading="Z")


def test_each_problem_is_found_where_it_is_and_not_elsewhere(case, answer):
    codes = {problem.code for problem in answer.problems}
    assert {"order_date_passed", "stockout_soon", "maintenance_without_successor"} <= codes
    assert codes <= set(problems.CODES)
    assert [problem.severity for problem in answer.problems] == sorted(problem.severity for problem in answer.problems)
    rich = replace(
        case, stock={**case.stock, "central": replace(case.stock["central"], value=5e7)},
        contracts=(Contract("servers", date(2017, 12, 31), successor=True),),
        deliveries=(replace(case.deliveries[0], held_for="unpaid"),),
    )  # fmt: skip
    found = {problem.code for problem in outlook(rich, paths=200, side_by_side=False).problems}
    assert {"overstock", "locked_stock"} <= found
    assert not found & {"order_date_passed", "stockout_soon", "maintenance_without_successor"}
    weak = replace(case, printing=replace(case.printing, cards_a_printer_day=2.0))
    assert "prints_slower_than_it_receives" in {p.code for p in outlook(weak, paths=200, side_by_side=False).problems}
    stuck = replace(case, checks={**case.checks, "a_week": replace(case.checks["a_week"], value=100.0)})
    assert "checks_bind" in {p.code for p in outlook(stuck, paths=200, side_by_side=False).problems}


def test_the_backtest_sets_what_happened_beside_the_forecast(case):
    found = backtest.run(case, paths=PATHS)
    by_day = {item.date: item for item in found.comparisons if item.text.startswith("all 7")}
    assert isinstance(by_day[date(2017, 9, 19)].middle, date)
    assert all(0 <= item.place <= 1 for item in found.comparisons)
    page, picture = found.page(picture="x.svg"), found.picture()
    assert "x.svg" in page
    assert picture.count("<circle") == sum(item.test in ("stock", "print_ready", "awaiting") for item in case.later)
    assert json.dumps(found.as_json())


def test_the_command_needs_no_database_and_answers_as_json(capsys):
    assert cli.main(["planning", "runout", "--paths", "200", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["promises"]
    assert cli.main(["planning", "runout", "--paths", "200", "--what-if", "checks=2", "--level", "province"]) == 0
    told = capsys.readouterr().out
    assert "What was promised, and its odds" in told
    assert "weeks short" in told
    assert cli.main(["planning", "runout", "--scenario", "nowhere"]) == 1
    assert "nowhere" in capsys.readouterr().err
    loaded = (
        "import sys; from blanko.doors.cli import main; main.main(['planning', 'runout', '--paths', '50', '--json']);"
        " sys.exit('django' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", loaded], capture_output=True, check=False).returncode == 0


def test_stages_of_one_step_count_once_the_longest_of_them():
    stages = (Stage("chips", 1, 45, 0.1), Stage("bodies", 1, 30, 0.1), Stage("print", 2, 10, 0.1))
    assert median_days(stages) == 55


def test_a_week_is_seven_days_from_the_case(answer):
    assert answer.weeks[1] - answer.weeks[0] == timedelta(days=7)


def test_the_reading_that_was_asked_for_stands_among_the_others_as_it_was_answered():
    from blanko.decisions.planning.outlook.answer import forecast
    from blanko.decisions.planning.outlook.plans import plan
    from blanko.engines.runout.simulate import simulate

    case = load("2017-04")
    answer, futures = forecast(case, seed=3, paths=400)
    first = next(one for one in answer.readings if (one.key, one.doubles_inside) == (answer.reading, False))
    assert (first.runout, first.order_latest, first.order_quantity) == (
        answer.runout, answer.order["latest_date"], answer.order["quantity"],
    )  # fmt: skip
    # What a backtest reads are the very futures of the answer, not others of the same seed.
    again = simulate(plan(case, case.readings[0]), seed=3, paths=400)
    assert (futures.runout == again.runout).all() and (futures.stock == again.stock).all()
    assert forecast(case, seed=3, paths=400, changed={"checks": 2.0})[0].readings[0].runout == first.runout


def test_deaths_receipts_and_boxes_of_a_case_reach_the_plan_and_change_what_is_owed(case):
    tried = plan(case, case.readings[0])
    assert (tried.box, tried.receipts.lost, tried.receipts.late, tried.deaths_cv) == (500, 0.001, 0.05, 0.3)
    assert (1 - tried.offices.deaths[0]) ** (365.25 / 7) == pytest.approx(1 - 0.0072)
    found = outlook(case, paths=PATHS, side_by_side=False)
    assert 0 < found.owed_who_die["p10"] < found.owed_who_die["p50"] < found.owed_who_die["p90"]
    none = outlook(replace(case, deaths=replace(case.deaths, value=0.0)), paths=PATHS, side_by_side=False)
    assert none.owed_who_die == {"p10": 0.0, "p50": 0.0, "p90": 0.0}
    # Fewer of those who wait are left at the end, by about as many as died.
    owed = [sum(each.fans[kind]["0.5"][-1] for kind in ("print_ready", "awaiting")) for each in (none, found)]
    assert owed[0] > owed[1]


STAGE = '\n[[deadline]]\nname = "vote"\ndate = 2017-06-27\nareas = ["1101", "1102"]\nrelease = 60_000\n'


def test_a_stage_of_a_case_serves_its_areas_first_and_its_odds_are_told():
    first, after = (parse(TEXT + text) for text in (STAGE, STAGE.replace("60_000", "0")))
    served, asked = (
        outlook(each, paths=64, level="regency", side_by_side=False).deadlines[0] for each in (first, after)
    )
    assert served["left"]["p50"] < asked["left"]["p50"]
    assert served["met"] >= asked["met"]
    # A nation as one office serves no part of itself first.
    assert outlook(first, paths=64, side_by_side=False).deadlines == []


WRONG_STAGE = [
    (STAGE.replace("2017-06-27", "2017-03-01"), r"line \d+: the deadline vote of 2017-03-01 lies before 2017-04-04"),
    (STAGE.replace('["1101", "1102"]', "[]"), r"line \d+: the deadline vote names no areas"),
    (STAGE.replace("60_000", "-1"), r"line \d+: release is -1"),
    (STAGE.replace("name =", "nom ="), r"line \d+: nobody reads the key nom"),
    ("\n[receipts.stolen]\nvalue = 0.1\n", r"line \d+: nobody reads the key stolen"),
]


@pytest.mark.parametrize(("text", "says"), WRONG_STAGE, ids=[says[-20:] for _, says in WRONG_STAGE])
def test_a_stage_that_cannot_be_is_refused_with_its_line(text, says):
    with pytest.raises(BadCase, match=says):
        parse(TEXT + text)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [("value = 0.0072", "value = 1.2", "deaths is 1.2"), ("value = 0.001", "value = 2", "lost is 2")],
)
def test_a_share_over_one_is_refused(old, new, says):
    assert old in TEXT
    with pytest.raises(BadCase, match=says):
        parse(TEXT.replace(old, new, 1))


def test_receipts_are_learned_by_consignments_round_what_is_believed(case):
    day = date(2017, 4, 4)
    none = receipts.learned(case.receipts, consignments=0, sent=0, lost=0, late=0, day=day)
    assert none == dict(case.receipts)
    few = receipts.learned(case.receipts, consignments=20, sent=100_000, lost=1_000, late=0, day=day)
    # As many consignments as were believed: half way between one in a thousand and one in a hundred.
    assert few["lost"].value == pytest.approx(0.0055)
    assert few["late"].value == pytest.approx(0.025)
    many = receipts.learned(case.receipts, consignments=20_000, sent=1e8, lost=1e6, late=0, day=day)
    assert many["lost"].value == pytest.approx(0.01, rel=0.01)
    assert many["lost"].cv < few["lost"].cv
