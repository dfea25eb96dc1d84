"""What may be tendered, signed and paid, in the words of the rules and by the database itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Barrier

import pytest
from django.db import Error, connection, connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blanko.ground.access.acting import acting
from blanko.ground.audit import operations as audit
from blanko.kernel.errors import BlankoError
from blanko.records.procurement import material, operations, queries, rules, stock
from blanko.records.procurement.rules import Stage

AT = datetime(2018, 3, 22, 8, 0, tzinfo=UTC)
WHO = {"by": "pengadaan.pusat", "at": AT}
DAY = date(2018, 1, 1)
SIGNED = date(2018, 2, 1)


def after(days):
    return DAY + timedelta(days=days)


ARRIVED = after(58)


def tender(**changed):
    operations.register_tender(
        **{
            "tender_no": "T-1", "title": "Blanks", "quantity": 10_000, "outcome": "awarded", "decided_on": after(20),
            "winner": "Maker", "award_idr": 100_000_000, "ceiling_idr": 200_000_000, "owner_estimate_idr": 150_000_000,
            "bidders": 3, "source": "test", "rup_code": "15000001", "spse_code": "4100001", "budget_on": after(-60),
            "announced_on": after(0), "objection_until": after(25), **WHO, **changed,
        }
    )  # fmt: skip


def sign(**changed):
    operations.sign_contract(
        **{
            "contract_no": "C-1", "supplier": "Maker", "signed_on": SIGNED, "quantity": 10_000,
            "unit_price_idr": 10_000, "total_idr": 100_000_000, "box_size": 100,
            "deliveries": [(after(60), 4_000), (after(80), 6_000)], "source": "test", **WHO, **changed,
        }
    )  # fmt: skip


def lot(lot_no="L-1", first=1, count=40, *, arrived=ARRIVED, rejected=None, delivery_no=None, contract_no="C-1"):
    operations.announce_lot(
        lot_no=lot_no, contract_no=contract_no, series="AB18", first_box=first, box_count=count, announced_on=SIGNED,
        delivery_no=delivery_no, **WHO,
    )  # fmt: skip
    for stage, days in (("chips_made_abroad", 10), ("chips_arrived", 14), ("body_made_home", 5),
                        ("printed_and_tested", 20), ("shipped", 22)):  # fmt: skip
        operations.advance_lot(lot_no=lot_no, stage=stage, on=SIGNED + timedelta(days=days), **WHO)
    for stage, days in (("arrived", 0), ("released", 2)):
        operations.advance_lot(lot_no=lot_no, stage=stage, on=arrived + timedelta(days=days), **WHO)
    return operations.accept_lot(
        lot_no=lot_no, bast_no=f"BAST/{lot_no}", on=arrived + timedelta(days=3), rejected=rejected, **WHO
    )


@pytest.fixture
def bought(db, acting_as):
    with acting_as("svc.procurement"):
        sign()
        lot(rejected={2: "wet"})
        yield


def pay(number="P-1", quantity=100, **changed):
    return operations.pay(
        **{"payment_no": number, "lot_no": "L-1", "quantity": quantity, "paid_on": after(90), **WHO, **changed}
    )


def test_accepted_blanks_are_paid_at_their_price_less_the_penalty(bought):
    assert pay(quantity=3_900, penalty_idr=5_000) == 3_900 * 10_000 - 5_000
    assert queries.contract("C-1")["paid"] == 3_900
    (lot_now,) = queries.lots()
    assert (lot_now.accepted, lot_now.paid) == (3_900, 3_900)
    (row,) = queries.payments(contract_no="C-1")
    assert (row["amount_idr"], row["lot_no"]) == (38_995_000, "L-1")
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM audit_event")
        assert audit.verify(cursor.fetchone()[0]).holds


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"quantity": 3_901}, rules.PaidMoreThanAccepted),
        ({"quantity": 0}, rules.NotPositive),
        ({"quantity": -5}, rules.NotPositive),
        ({"penalty_idr": -1}, rules.NotPaymentSum),
        ({"penalty_idr": 1_000_001}, rules.NotPaymentSum),
        ({"paid_on": after(60)}, rules.NotAccepted),
        ({"lot_no": "L-9"}, rules.UnknownLot),
    ],
)
def test_a_payment_that_may_not_be_is_named(bought, changed, error):
    with pytest.raises(error):
        pay(**changed)
    assert queries.payments() == []


def test_a_lot_that_is_not_accepted_is_not_paid(db, acting_as):
    with acting_as("svc.procurement"):
        sign()
        operations.announce_lot(
            lot_no="L-1", contract_no="C-1", series="AB18", first_box=1, box_count=1, announced_on=SIGNED, **WHO
        )
        with pytest.raises(rules.NotAccepted):
            pay()


def test_a_payment_number_is_used_once(bought):
    pay()
    with pytest.raises(rules.AlreadyRegistered):
        pay()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(-100, 2_500), max_size=8))
def test_payments_never_exceed_what_was_accepted(bought, amounts):
    paid = 0
    savepoint = transaction.savepoint_create()
    for number, quantity in enumerate(amounts):
        fits = 0 < quantity <= 3_900 - paid
        try:
            pay(f"P-{number}", quantity)
            paid += quantity
        except BlankoError as refused:
            assert not fits, refused
        else:
            assert fits
        assert queries.lots()[0].paid == paid <= 3_900
    transaction.savepoint_rollback(savepoint)


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ("3901, 10000, 0, 39010000", "BL205"),
        ("100, 9999, 0, 999900", "BL207"),
        ("100, 10000, 0, 999999", "23514"),
        ("-100, 10000, 0, -1000000", "23514"),
    ],
)
def test_the_database_itself_refuses_a_wrong_payment(bought, values, state):
    with connection.cursor() as cursor, pytest.raises(Error) as refused, transaction.atomic():
        cursor.execute(
            "INSERT INTO procurement_payment (payment_no, lot_no, quantity, unit_price_idr, penalty_idr, amount_idr,"
            f" paid_on, note, event_id) SELECT 'X', 'L-1', {values}, DATE '2018-06-01', '', max(id) FROM audit_event"
        )
    assert refused.value.__cause__.sqlstate == state


def test_of_two_payments_at_once_only_what_was_accepted_is_paid(fresh_database, django_db_blocker):
    with django_db_blocker.unblock():
        with acting(principal="svc.procurement"):
            sign()
            lot()
        start = Barrier(4)

        def one(number):
            with django_db_blocker.unblock():
                try:
                    start.wait(10)
                    with acting(principal="svc.procurement"):
                        pay(f"P-{number}", 1_500)
                    return "paid"
                except rules.PaidMoreThanAccepted:
                    return "refused"
                finally:
                    connections.close_all()

        with ThreadPoolExecutor(4) as pool:
            outcomes = sorted(pool.map(one, range(4)))
        assert outcomes == ["paid", "paid", "refused", "refused"]
        with acting(principal="svc.procurement"):
            assert queries.lots()[0].paid == 3_000


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"quantity": 0}, rules.NotPositive),
        ({"ceiling_idr": -1}, rules.NotPositive),
        ({"outcome": "failed"}, rules.BadOutcome),
        ({"winner": ""}, rules.BadOutcome),
        ({"award_idr": 200_000_001}, rules.AboveCeiling),
        ({"owner_estimate_idr": 200_000_001}, rules.AboveCeiling),
        ({"announced_on": after(21)}, rules.DatesOutOfOrder),
        ({"objection_until": after(19)}, rules.DatesOutOfOrder),
        ({"rup_code": "RUP-1"}, rules.BadCode),
        ({"bidders": -1}, rules.NotPositive),
    ],
)
def test_a_tender_that_contradicts_itself_is_named(db, acting_as, changed, error):
    with acting_as("svc.procurement"), pytest.raises(error):
        tender(**changed)


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"quantity": -1, "total_idr": -10_000}, rules.NotPositive),
        ({"unit_price_idr": 0, "total_idr": 0}, rules.NotPositive),
        ({"kind": "catalogue"}, rules.CatalogueWithoutEnd),
        ({"ends_on": SIGNED - timedelta(days=1)}, rules.DatesOutOfOrder),
        ({"ends_on": after(70)}, rules.DueOutsideContract),
        ({"deliveries": [(DAY, 10)]}, rules.DueOutsideContract),
        ({"deliveries": [(after(60), -10)]}, rules.NotPositive),
        ({"deliveries": [(after(60), 10_001)]}, rules.MoreThanContract),
        ({"price_breaks": [(100, 10_001)]}, stock.BadPriceBreaks),
        ({"penalty_per_mille_day": 1_001}, rules.NotPositive),
        ({"spoilage_per_mille": -1}, rules.NotPositive),
        ({"tender_no": "T-9"}, rules.UnknownTender),
        ({"tender_no": "T-F"}, rules.TenderNotAwarded),
        ({"tender_no": "T-1", "signed_on": after(25)}, rules.ObjectionOpen),
    ],
)
def test_a_contract_that_may_not_be_is_named(db, acting_as, changed, error):
    with acting_as("svc.procurement"):
        tender()
        tender(tender_no="T-F", outcome="failed", winner="", award_idr=None)
        with pytest.raises(error):
            sign(**changed)
        assert queries.contracts() == []


def test_a_contract_without_schedule_delivers_nothing(db, acting_as):
    with acting_as("svc.procurement"):
        sign(deliveries=())
        with pytest.raises(rules.ContractWithoutSchedule):
            lot()
        with pytest.raises(rules.ContractWithoutSchedule):
            queries.schedule("C-1", as_of=after(100))
        with connection.cursor() as cursor, pytest.raises(Error) as refused, transaction.atomic():
            cursor.execute(
                "INSERT INTO procurement_lot (lot_no, contract_no, series, first_box, box_count, box_size,"
                " unit_price_idr, announced_on, event_id)"
                " SELECT 'X', 'C-1', 'AB18', 1, 1, 100, 1, DATE '2018-02-01', max(id) FROM audit_event"
            )
        assert refused.value.__cause__.sqlstate == "BL209"


def test_a_catalogue_contract_of_two_years_calls_lots_off_at_the_price_of_their_size(db, acting_as):
    with acting_as("svc.procurement"):
        sign(
            kind="catalogue", ends_on=SIGNED + timedelta(days=730), price_breaks=[(5_000, 9_000)], box_sizes=[100, 400],
            deliveries=[(after(60), 4_000), (after(400), 6_000)],
        )  # fmt: skip
        lot("L-1", 1, 40)
        lot("L-2", 101, 60, arrived=after(399))
        assert [one.unit_price_idr for one in queries.lots()] == [10_000, 9_000]
        with pytest.raises(rules.BoxSizeNotAgreed):
            operations.announce_lot(
                lot_no="L-3", contract_no="C-1", series="AB18", first_box=900, box_count=1, box_size=250, **WHO
            )
        layers = queries.stock_value(on_hand=7_000)
        assert [(layer.left, layer.value_idr) for layer in layers] == [(1_000, 10_000_000), (6_000, 54_000_000)]
        with pytest.raises(stock.MoreThanAccepted):
            queries.stock_value(on_hand=10_001)


def test_suppliers_are_scored_by_what_is_known_of_each(db, acting_as):
    with acting_as("svc.procurement"):
        sign()
        lot("L-1", 1, 40, rejected={1: "wet"}, delivery_no=1)
        lot("L-2", 41, 30, arrived=after(90), delivery_no=2)
        sign(contract_no="C-2", supplier="Other", deliveries=[(after(300), 100)])
        maker, other = queries.score_cards(as_of=after(100))
        assert (maker.record.due, maker.record.on_time, maker.record.short) == (2, 1, 1.0)
        assert maker.record.days_late == (20.0,)
        assert (maker.record.boxes, maker.record.rejected) == (70, 1)
        assert other.record.due == 0
        assert other.card.on_time.mean == 0.6
        assert [card.supplier for card in queries.score_cards(as_of=after(100), supplier="Other")] == ["Other"]
        with pytest.raises(rules.UnknownSupplier):
            queries.score_cards(as_of=DAY, supplier="Nobody")


def test_an_estimated_day_teaches_nothing_unless_it_is_asked_for(db, acting_as):
    with acting_as("svc.procurement"):
        sign()
        operations.announce_lot(
            lot_no="L-1", contract_no="C-1", series="AB18", first_box=1, box_count=40, announced_on=SIGNED, **WHO
        )
        for stage in list(Stage)[1:7]:
            operations.advance_lot(lot_no="L-1", stage=stage, on=after(61), is_estimated=stage is Stage.ARRIVED, **WHO)
        (card,) = queries.score_cards(as_of=after(100))
        assert (card.left_out, card.record.due) == (("C-1",), 0)
        (card,) = queries.score_cards(as_of=after(100), with_estimates=True)
        assert (card.left_out, card.record.due) == ((), 2)
        assert queries.observed_days()["transport"] == []
        assert queries.observed_days()["chips_abroad"] == [30.0]
        assert queries.observed_days(with_estimates=True)["transport"] == [0.0]


def test_lead_times_are_learned_from_the_days_of_our_own_stages(db, acting_as):
    with acting_as("svc.procurement"):
        before = queries.learned_lead_times()
        tender()
        sign(tender_no="T-1")
        lot()
        assert queries.observed_days() == {
            "budget": [60.0], "tender": [20.0], "objection": [5.0], "contract": [6.0], "chips_abroad": [14.0],
            "cards_at_home": [8.0], "customs_release": [2.0], "transport": [5.0],
        }  # fmt: skip
        learned = queries.learned_lead_times()
        assert all(lead.observed == 1 for lead in learned.values())
        assert learned["tender"].median_days < before["tender"].median_days


CARD = [
    material.Part("print", "Print", "ID", "printed_and_tested", 7, ("chip", "body")),
    material.Part("chip", "Chip", "ZZ", "chips_arrived", 44),
    material.Part("body", "Body", "ID", "body_made_home", 10),
]


def test_a_list_of_parts_stands_once_and_tells_its_days(db, acting_as):
    with acting_as("svc.procurement"):
        sign()
        assert operations.register_material(contract_no="C-1", parts=CARD, **WHO) == 51
        path = material.critical_path(queries.parts("C-1"))
        assert ([part.part for part in path.parts], path.abroad_days) == (["chip", "print"], 44)
        with pytest.raises(rules.AlreadyRegistered):
            operations.register_material(contract_no="C-1", parts=CARD, **WHO)


def test_a_circle_of_parts_is_stored_neither_by_us_nor_by_the_database(db, acting_as):
    circle = [material.Part("a", "A", "ID", "arrived", 1, ("b",)), material.Part("b", "B", "ID", "arrived", 1, ("a",))]
    with acting_as("svc.procurement"):
        sign()
        with pytest.raises(material.MaterialCycle, match="a -> b -> a"):
            operations.register_material(contract_no="C-1", parts=circle, **WHO)
        with connection.cursor() as cursor, pytest.raises(Error) as refused, transaction.atomic():
            cursor.execute(
                "INSERT INTO procurement_material_part"
                " (contract_no, part, title, country, stage, lead_days, needs, source, event_id)"
                " SELECT 'C-1', p, p, 'ID', 'arrived', 1, ARRAY[n], '', (SELECT max(id) FROM audit_event)"
                " FROM (VALUES ('a', 'b'), ('b', 'a')) AS given (p, n)"
            )
        assert refused.value.__cause__.sqlstate == "BL208"
        assert queries.parts("C-1") == []
