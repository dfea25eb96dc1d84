"""What is about to go wrong is found in the records themselves, each problem with what mends it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from planning_data import APRIL_4, count, load_rows

from blanko.cards.custody import operations as custody
from blanko.decisions.planning.outlook import problems, records
from blanko.decisions.planning.outlook.answer import outlook
from blanko.decisions.planning.outlook.plans import plan
from blanko.ground.access.acting import acting
from blanko.ground.places import gazetteer
from blanko.records.equipment import operations as equipment
from blanko.records.procurement import operations as procurement
from blanko.records.procurement.rules import Hold, Stage

AT = datetime(2017, 4, 4, 3, tzinfo=UTC)
WHO = {"by": "svc.procurement", "at": AT}
AMBON, MALUKU = "8171", "81"


@pytest.fixture
def needs(db, tmp_path):
    """Every regency has told that 2,000 print-ready records wait there."""
    rows = [count(regency.code, 2_000) for regency in gazetteer.regencies_2017()]
    load_rows(tmp_path, "counts.csv", rows)


@pytest.fixture
def told(db, tmp_path):
    def printer(name, state, *, office=AMBON, since=date(2017, 1, 2), pace=None):
        with acting(principal="planner.pusat"):
            equipment.report_printer(
                office=office, printer=name, state=state, since=since, cards_an_hour=pace, by="planner.pusat", at=AT,
                data_dir=tmp_path / "data",
            )  # fmt: skip

    def report(*, office=AMBON, on=date(2017, 4, 1), **given):
        with acting(principal="planner.pusat"):
            equipment.report_printing(
                office=office, reported_on=on, by="planner.pusat", at=AT, data_dir=tmp_path / "data", **given
            )

    printer.report = report
    return printer


def case():
    return records.case(as_of=APRIL_4)


def found(level="nation"):
    """code -> the problems of what is recorded."""
    answer = outlook(case(), paths=400, level=level, side_by_side=False)
    by_code = {}
    for problem in answer.problems:
        assert problem.mend, problem
        by_code.setdefault(problem.code, []).append(problem)
    return by_code


def office(code, made=None):
    tried = made or plan(case(), case().readings[0], level="regency")
    return tried.areas.index(code), tried


def contract(number, quantity, *, due, **more):
    with acting(principal="svc.procurement"):
        procurement.sign_contract(
            contract_no=number, supplier="a maker", signed_on=date(2017, 3, 20), quantity=quantity,
            unit_price_idr=11_750, total_idr=quantity * 11_750, box_size=500, source="a test",
            deliveries=[(due, quantity)], **WHO, **more,
        )  # fmt: skip


def lot_that_is_held(number, boxes, holds):
    with acting(principal="svc.procurement"):
        procurement.announce_lot(
            lot_no=number, contract_no="C-9", series="PBX", first_box=1 if number == "L-8" else 5_001,
            box_count=boxes, announced_on=date(2017, 3, 20), **WHO,
        )  # fmt: skip
        for stage in Stage:
            if stage not in (Stage.ORDERED, Stage.RELEASED, Stage.ACCEPTED):
                procurement.advance_lot(
                    lot_no=number, stage=stage, on=date(2017, 3, 27),
                    held_for=holds if stage is Stage.ARRIVED else (), **WHO,
                )  # fmt: skip


def test_an_office_prints_what_its_printers_operators_and_ribbon_allow_and_others_what_is_assumed(needs, told):
    told("F-1", "working", pace=30)
    told("F-2", "failed", since=date(2017, 2, 1))
    told.report(ribbon_cards=900, operator_hours=60, print_hours=30)
    at, made = office(AMBON)
    offices = made.offices
    assert offices.printers[at] == 2
    assert offices.printer_cards[at] == pytest.approx((30 + 175 / 8) * 30)
    assert offices.working[at] == 0.5
    assert offices.operator_cards[at] == pytest.approx(60 * 600 / 40)
    assert offices.ribbon_on_hand[at] == 900
    other, _ = office("1101", made)
    assert offices.printers[other] >= 1
    assert offices.ribbon_cards[other] == float("inf")


def test_the_nation_loses_what_an_office_without_ribbon_cannot_print(needs, told):
    before = plan(case(), case().readings[0])
    told("F-1", "working", pace=30)
    told.report(operator_hours=0)
    after = plan(case(), case().readings[0])
    at, apart = office(AMBON)
    assert apart.offices.operator_cards[at] == 0
    assert after.offices.operator_cards[0] <= apart.offices.printer_cards.sum() - apart.offices.printer_cards[at]
    assert after.areas == before.areas == ("ID",)


def test_printers_that_were_only_counted_stand_in_until_the_office_tells(needs, told, tmp_path):
    load_rows(tmp_path, "printers.csv", [count("3507", 17, metric="printers", kind="observed")])
    at, made = office("3507")
    assert made.offices.printers[at] == 17
    assert made.offices.printer_cards[at] == pytest.approx(17 * 175 * 5)
    assert made.offices.working[at] == made.offices.availability[at] > 0
    told("F-1", "working", office="3507")
    at, made = office("3507")
    assert made.offices.printers[at] == 1


def test_failures_and_repairs_of_the_records_move_the_share_of_printers_that_works(needs, told):
    assumed = case().printing
    for number in range(12):
        told(f"F-{number}", "working", since=date(2016, 4, 1))
        told(f"F-{number}", "failed", since=date(2016, 5, 1))
    learned = case().printing
    assert learned.availability < assumed.availability / 2
    assert learned.repair_weeks > assumed.repair_weeks


def test_offices_without_ink_or_a_printer_that_works_are_named_with_what_mends_it(needs, told):
    told("F-1", "failed")
    told("F-2", "working", office="3171")
    told.report(office="3171", ribbon_cards=6_000, ink_cards=0)
    told.report(office="3172", ribbon_cards=5)
    by_code = found()
    (dry,) = by_code["no_ribbon_or_ink"]
    assert dry.values["offices"] == f"{gazetteer.name_of('3171')} (3171)"
    (down,) = by_code["no_printer_works"]
    assert down.values["offices"] == f"{gazetteer.name_of(AMBON)} ({AMBON})"


def test_an_office_that_prints_slower_than_it_receives_is_named(needs, told):
    slow = {problem.values["offices"] for problem in found().get("prints_slower_than_it_receives", [])}
    told("F-1", "working", pace=1)
    told.report(print_hours=1)
    (named,) = found()["prints_slower_than_it_receives"]
    assert f"({AMBON})" in named.values["offices"]
    assert not any(f"({AMBON})" in offices for offices in slow)


def test_blanks_that_run_out_and_a_day_to_order_that_has_passed_are_found(needs):
    contract("C-9", 1_500_000, due=date(2017, 4, 10))
    by_code = found()
    assert by_code["order_date_passed"][0].values["quantity"] > 0
    assert by_code["stockout_soon"]


def test_stock_in_customs_or_unpaid_is_locked_until_it_is_released(needs):
    contract("C-9", 5_000_000, due=date(2017, 4, 20))
    lot_that_is_held("L-8", 800, [Hold.CUSTOMS])
    lot_that_is_held("L-9", 600, [Hold.UNPAID])
    locked = {problem.values["name"]: problem.values for problem in found()["locked_stock"]}
    assert {name: values["held_for"] for name, values in locked.items()} == {"L-8": "customs", "L-9": "unpaid"}
    assert locked["L-8"]["quantity"] == 400_000
    with acting(principal="svc.procurement"):
        procurement.advance_lot(lot_no="L-8", stage=Stage.RELEASED, on=APRIL_4, **WHO)
    assert [problem.values["name"] for problem in found()["locked_stock"]] == ["L-9"]


def test_a_contract_whose_last_delivery_comes_before_stock_is_safe_is_found(needs):
    contract("C-9", 2_500_000, due=date(2017, 4, 20), kind="catalogue", ends_on=date(2018, 3, 1))
    (ends,) = found()["contract_ends_before_stock_is_safe"]
    assert ends.values["last"] < ends.values["runout"]


def test_more_than_two_years_of_stock_is_too_much(needs):
    with acting(principal="svc.procurement"):
        procurement.sign_contract(
            contract_no="C-BIG", supplier="a maker", signed_on=date(2017, 1, 2), quantity=18_000_000, unit_price_idr=10,
            total_idr=180_000_000, box_size=9_000, source="a test", deliveries=[(date(2017, 3, 1), 18_000_000)], **WHO,
        )  # fmt: skip
        procurement.announce_lot(
            lot_no="L-BIG", contract_no="C-BIG", series="BIG", first_box=1, box_count=2_000,
            announced_on=date(2017, 1, 3), **WHO,
        )  # fmt: skip
        for stage in Stage:
            if stage not in (Stage.ORDERED, Stage.ACCEPTED):
                procurement.advance_lot(lot_no="L-BIG", stage=stage, on=date(2017, 3, 1), **WHO)
        procurement.accept_lot(lot_no="L-BIG", bast_no="BAST-BIG", on=date(2017, 3, 2), **WHO)
    with acting(principal="svc.custody"):
        custody.receive_lot(lot_no="L-BIG", by="gudang.pusat", at=AT)
    assert found()["overstock"][0].values["held"] == 18_000_000


def service(number, ends, **more):
    with acting(principal="svc.procurement"):
        procurement.register_service(
            service_no=number, title="maintenance of the servers", supplier="a keeper", starts_on=date(2016, 1, 1),
            ends_on=ends, source="a test", **WHO, **more,
        )  # fmt: skip


def test_maintenance_that_ends_without_a_successor_is_found_and_a_successor_ends_it(needs):
    service("S-1", date(2017, 5, 31))
    service("S-FAR", date(2019, 5, 31))
    (ends,) = found()["maintenance_without_successor"]
    assert ends.severity == 1
    assert "S-1" in ends.values["name"]
    service("S-2", date(2018, 12, 31), follows="S-1")
    # The successor is the problem of a later year.
    assert "maintenance_without_successor" not in found()


def test_every_kind_of_problem_has_a_test_from_records():
    tested = Path(__file__).read_text(encoding="utf-8")
    # Problems of the check of uniqueness and of a day that is near stand with the case's tests.
    elsewhere = {"checks_bind", "order_date_near"}
    assert [code for code in problems.CODES if code not in tested and code not in elsewhere] == []
