"""Lots come in order, within their contract, and are stock only when they are released and accepted."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.apps import apps
from django.db import Error, connection, transaction

from blanko.ground.audit import operations as audit
from blanko.records.procurement import operations, queries, rules
from blanko.records.procurement.rules import Stage

AT = datetime(2017, 3, 22, 8, 0, tzinfo=UTC)
WHO = {"by": "pengadaan.pusat", "at": AT}
DAY = date(2017, 3, 1)


@pytest.fixture
def contract(db, acting_as):
    with acting_as("svc.procurement"):
        operations.register_tender(
            tender_no="T-1",
            title="Blanks",
            quantity=10_000,
            outcome="awarded",
            decided_on=DAY,
            winner="Maker",
            award_idr=117_500_000,
            ceiling_idr=200_000_000,
            bidders=3,
            source="test",
            **WHO,
        )
        operations.sign_contract(
            contract_no="C-1",
            tender_no="T-1",
            supplier="Maker",
            signed_on=DAY,
            quantity=10_000,
            unit_price_idr=11_750,
            total_idr=117_500_000,
            box_size=500,
            lead_days={Stage.CHIPS_MADE_ABROAD: 20, Stage.CHIPS_ARRIVED: 10, Stage.BODY_MADE_HOME: 5},
            deliveries=[(DAY, 1_000)],
            source="test",
            **WHO,
        )
        yield "C-1"


def announce(lot_no="L-1", first=1, count=4, **changed):
    operations.announce_lot(
        **{
            "lot_no": lot_no,
            "contract_no": "C-1",
            "series": "PB17",
            "first_box": first,
            "box_count": count,
            "announced_on": DAY,
            **WHO,
            **changed,
        }
    )


def advance(lot_no="L-1", until=Stage.RELEASED, held_for=()):
    for days, stage in enumerate(list(Stage)[1:-1]):
        hold = held_for if stage is Stage.ARRIVED else ()
        operations.advance_lot(lot_no=lot_no, stage=stage, on=DAY + timedelta(days=days), held_for=hold, **WHO)
        if stage is until:
            return


def test_a_lot_goes_from_the_order_to_accepted_boxes(contract):
    announce()
    advance()
    accepted = operations.accept_lot(
        lot_no="L-1", bast_no="BAST/1", on=date(2017, 3, 20), rejected={2: "seal broken"}, **WHO
    )
    (lot,) = queries.lots()
    assert (accepted, lot.accepted_boxes, lot.rejected_boxes, lot.is_stock, lot.stage) == (
        3,
        3,
        1,
        True,
        Stage.ACCEPTED,
    )
    (bought,) = queries.contracts()
    assert (bought["announced"], bought["accepted"], bought["rejected"], bought["held"]) == (2_000, 1_500, 500, 0)
    assert queries.rejected_boxes(lot_no="L-1") == [{"box_no": 2, "reason": "seal broken"}]
    with connection.cursor() as cursor:
        cursor.execute("SELECT lot_no, rejected, accepted_boxes FROM procurement_lot_accepted")
        assert cursor.fetchall() == [("L-1", [2], 3)]
        cursor.execute("SELECT id FROM audit_event WHERE operation LIKE 'procurement.%%'")
        assert all(audit.verify(event).holds for (event,) in cursor.fetchall())


def test_a_lot_that_arrived_and_is_not_released_is_no_stock_and_shows_why(contract):
    announce()
    advance(until=Stage.ARRIVED, held_for=["customs", "unpaid"])
    (lot,) = queries.lots()
    assert not lot.is_stock
    assert lot.held_for == (rules.Hold.CUSTOMS, rules.Hold.UNPAID)
    assert queries.contracts()[0]["held"] == 2_000
    with pytest.raises(rules.NotReleased):
        operations.accept_lot(lot_no="L-1", bast_no="BAST/1", on=date(2017, 4, 1), **WHO)


def test_announced_blanks_never_exceed_the_contract(contract):
    announce(count=20)
    with pytest.raises(rules.MoreThanContract):
        announce("L-2", first=21, count=1)
    assert [lot.lot_no for lot in queries.lots()] == ["L-1"]


def test_planned_deliveries_never_exceed_the_contract(contract):
    assert operations.schedule_deliveries(contract_no="C-1", deliveries=[(DAY, 3_000), (DAY, 6_000)], **WHO) == 2
    with pytest.raises(rules.MoreThanContract):
        operations.schedule_deliveries(contract_no="C-1", deliveries=[(DAY, 1)], **WHO)
    assert sum(row["quantity"] for row in queries.deliveries(contract_no="C-1")) == 10_000


def test_no_two_lots_share_a_box(contract):
    announce()
    with pytest.raises(rules.BoxesAnnouncedTwice):
        announce("L-2", first=4)
    announce("L-2", first=5)


@pytest.mark.parametrize(
    ("stage", "on", "error"),
    [
        (Stage.PRINTED_AND_TESTED, DAY, rules.StageOutOfOrder),
        (Stage.CHIPS_MADE_ABROAD, DAY - timedelta(days=1), rules.StageOutOfOrder),
        (Stage.ORDERED, DAY, rules.StageReportedTwice),
        (Stage.ACCEPTED, DAY, rules.StageOutOfOrder),
    ],
)
def test_stages_follow_their_table(contract, stage, on, error):
    announce()
    with pytest.raises(error):
        operations.advance_lot(lot_no="L-1", stage=stage, on=on, **WHO)


def test_the_database_itself_refuses_a_stage_out_of_order(contract):
    announce()
    with connection.cursor() as cursor, pytest.raises(Error, match="needs"), transaction.atomic():
        cursor.execute(
            "INSERT INTO procurement_lot_stage (lot_no, stage, reached_on, is_estimated, held_for, note, event_id)"
            " SELECT 'L-1', 'shipped', DATE '2017-04-01', false, '{}', '', max(id) FROM audit_event"
        )


def test_a_rejected_box_must_be_in_the_lot(contract):
    announce()
    advance()
    with pytest.raises(rules.BoxNotInLot):
        operations.accept_lot(lot_no="L-1", bast_no="B", on=date(2017, 3, 20), rejected={5: "wet"}, **WHO)


def test_a_contract_states_its_sum(contract):
    with pytest.raises(rules.NotContractSum):
        operations.sign_contract(
            contract_no="C-2",
            supplier="Maker",
            signed_on=DAY,
            quantity=10,
            unit_price_idr=3,
            total_idr=31,
            box_size=5,
            source="test",
            **WHO,
        )


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: announce(contract_no="C-9"), rules.UnknownContract),
        (lambda: operations.advance_lot(lot_no="L-9", stage="shipped", on=DAY, **WHO), rules.UnknownLot),
        (lambda: (announce(), announce(first=9)), rules.AlreadyRegistered),
    ],
)
def test_unknown_and_taken_numbers_are_named(contract, call, error):
    with pytest.raises(error):
        call()


def test_the_database_holds_the_table_of_stages(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT stage, needs FROM procurement_stage_needs")
        kept = set(cursor.fetchall())
    assert kept == {(str(stage), str(need)) for stage, needs in rules.NEEDS.items() for need in needs or ("",)}


def test_due_dates_wait_for_the_slower_of_chips_and_bodies():
    lead = {Stage.CHIPS_MADE_ABROAD: 20, Stage.CHIPS_ARRIVED: 10, Stage.BODY_MADE_HOME: 5, Stage.PRINTED_AND_TESTED: 7}
    due = rules.expected(reached={Stage.ORDERED: DAY}, lead_days=lead)
    assert due[Stage.PRINTED_AND_TESTED] == DAY + timedelta(days=37)
    assert Stage.SHIPPED not in due, "a stage without a lead time has no date"


def test_every_constraint_of_the_room_is_refused_by_a_name_of_its_own(db):
    """What the database refuses never reaches a caller as an error of the database."""
    import_only = {"procurement_notice_file_balance", "procurement_notice_once", "procurement_notice_kind"}
    # The operation states what these hold, so that no caller can break them.
    stated = {"procurement_acceptance_counts", "procurement_material_part_values", "procurement_price_break_amounts"}
    named = {
        constraint.name
        for model in apps.get_models()
        if model._meta.db_table.startswith("procurement_") and model.__name__ != "StageNeeds"
        for constraint in model._meta.constraints
    }
    assert sorted(named - set(rules.CONSTRAINTS) - import_only - stated) == []
