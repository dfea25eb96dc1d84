"""An addendum makes a new version beside those that were, and each day sees the version that was in force."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.db import Error, connection, transaction

from blanko.ground.audit import operations as audit
from blanko.records.procurement import amending, operations, queries, rules, stock

AT = datetime(2018, 6, 30, 8, tzinfo=UTC)
WHO = {"by": "pengadaan.pusat", "at": AT}
SIGNED, CHANGED = date(2018, 2, 1), date(2018, 4, 1)


def amend(**changed):
    return amending.amend_contract(
        **{"contract_no": "C-1", "from_date": CHANGED, "document": "ADD-1/2018", "reason": "more were owed", **WHO,
           **changed}
    )  # fmt: skip


def announce(lot_no, first, count, on):
    operations.announce_lot(
        lot_no=lot_no, contract_no="C-1", series="AB18", first_box=first, box_count=count, announced_on=on, **WHO
    )


@pytest.fixture
def signed(db, acting_as):
    with acting_as("svc.procurement"):
        operations.sign_contract(
            contract_no="C-1", supplier="Maker", signed_on=SIGNED, quantity=10_000, unit_price_idr=10_000,
            total_idr=100_000_000, box_size=100, source="test", ends_on=date(2018, 12, 31),
            deliveries=[(date(2018, 3, 1), 4_000), (date(2018, 5, 1), 6_000)], price_breaks=[(5_000, 9_500)], **WHO,
        )  # fmt: skip
        yield


@pytest.mark.usefixtures("signed")
def test_both_versions_stay_and_each_day_sees_its_own():
    new = [(date(2018, 3, 1), 4_000), (date(2018, 6, 1), 7_000)]
    assert amend(quantity=11_000, deliveries=new, price_breaks=[(5_000, 9_000)], ends_on=date(2019, 3, 31)) == 2
    first, second = queries.versions("C-1")
    assert (first.quantity, first.ends_on, first.price_breaks) == (
        10_000,
        date(2018, 12, 31),
        (stock.Break(5_000, 9_500),),
    )
    assert (second.quantity, second.total_idr, second.document) == (11_000, 110_000_000, "ADD-1/2018")
    assert (second.added_per_mille, second.above_the_limit) == (100, False)
    assert [planned.delivery_no for planned in second.deliveries] == [3, 4]
    before, after = date(2018, 3, 31), date(2018, 5, 15)
    assert queries.contracts(as_of=before)[0]["quantity"] == 10_000
    assert [item.short_by for item in queries.schedule("C-1", as_of=before)] == [4_000, 0]
    # By the old schedule 6,000 blanks would be due; the addendum moved them to June.
    assert [(item.due_on, item.is_due) for item in queries.schedule("C-1", as_of=after)] == [
        (date(2018, 3, 1), True), (date(2018, 6, 1), False)
    ]  # fmt: skip
    assert queries.contract("C-1")["planned"] == 11_000
    assert queries.deliveries(contract_no="C-1", as_of=before)[1]["quantity"] == 6_000


@pytest.mark.usefixtures("signed")
def test_a_lot_costs_what_its_day_says_and_keeps_its_price():
    announce("L-1", 1, 50, date(2018, 3, 1))
    amend(price_breaks=[(5_000, 9_000)])
    announce("L-2", 51, 50, CHANGED)
    assert [lot.unit_price_idr for lot in queries.lots()] == [9_500, 9_000]
    amend(from_date=date(2018, 4, 2), price_breaks=[])
    assert queries.versions("C-1")[-1].price_breaks == ()
    # The breaks of the earlier versions stand where they stood.
    assert [len(version.price_breaks) for version in queries.versions("C-1")] == [1, 1, 0]


@pytest.mark.usefixtures("signed")
def test_deliveries_are_added_to_the_version_that_stands():
    amend(quantity=12_000)
    assert operations.schedule_deliveries(contract_no="C-1", deliveries=[(date(2018, 7, 1), 2_000)], **WHO) == 1
    assert queries.contract("C-1")["planned"] == 12_000
    with pytest.raises(rules.MoreThanContract):
        operations.schedule_deliveries(contract_no="C-1", deliveries=[(date(2018, 7, 1), 1)], **WHO)


@pytest.mark.usefixtures("signed")
@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"document": " "}, rules.AmendmentWithoutDocument),
        ({"reason": ""}, rules.AmendmentWithoutDocument),
        ({}, rules.AmendmentWithoutDocument),
        ({"quantity": 0}, rules.NotPositive),
        ({"quantity": 9_000}, rules.ScheduleOutsideAmendment),
        ({"ends_on": date(2018, 4, 30)}, rules.ScheduleOutsideAmendment),
        ({"quantity": 4_900, "deliveries": [(date(2018, 5, 1), 4_900)]}, rules.MoreThanContract),
        ({"deliveries": [(date(2019, 1, 1), 10)]}, rules.DueOutsideContract),
        ({"deliveries": []}, rules.ContractWithoutSchedule),
        ({"deliveries": [(date(2018, 5, 1), 10_001)]}, rules.MoreThanContract),
        ({"price_breaks": [(5_000, 11_000)]}, stock.BadPriceBreaks),
        ({"quantity": 11_000, "from_date": SIGNED}, rules.AmendmentOutOfOrder),
        ({"quantity": 11_000, "from_date": date(2018, 7, 1)}, rules.AmendmentOutOfOrder),
        ({"quantity": 11_000, "contract_no": "C-2"}, rules.UnknownContract),
    ],
)
def test_what_is_no_addendum_is_refused_by_name(changed, error):
    announce("L-1", 1, 50, date(2018, 3, 1))
    with pytest.raises(error):
        amend(**changed)
    assert len(queries.versions("C-1")) == 1


@pytest.mark.usefixtures("signed")
def test_the_database_itself_refuses_a_version_that_does_not_follow():
    amend(quantity=11_000)
    wrong = (
        (
            "INSERT INTO procurement_delivery (event_id, contract_no, version, delivery_no, due_on, quantity)"
            " SELECT event_id, 'C-1', 2, 9, '2018-05-01', 1 FROM procurement_delivery LIMIT 1"
        ),
        (
            "INSERT INTO procurement_amendment (event_id, contract_no, version, from_date, document, reason, quantity,"
            " unit_price_idr, total_idr, new_schedule, new_prices)"
            " SELECT event_id, 'C-1', 4, '2018-06-01', 'x', 'x', 1000, 1, 1000, false, false FROM procurement_amendment"
        ),
        "UPDATE procurement_amendment SET quantity = 1",
    )
    for statement in wrong:
        with pytest.raises(Error), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


@pytest.mark.usefixtures("signed")
def test_the_seal_of_an_addendum_is_computed_again():
    amend(quantity=11_000, deliveries=[(date(2018, 5, 1), 11_000)])
    from blanko.ground.audit.queries import events

    newest = events(operation="procurement.amend_contract")[0]
    assert newest["row_count"] == 2
    assert audit.verify(newest["id"]).holds
