"""Prices, penalties, the schedule beside what came, and stock first in, first out."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blanko.records.procurement import stock
from blanko.records.procurement.stock import Accepted, Break, Came, Planned

DAY = date(2018, 1, 1)
TERMS = {"unit_price_idr": 10_000, "per_mille_a_day": 1, "cap_per_mille": 50}


def after(days):
    return DAY + timedelta(days=days)


lots = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 5_000), st.integers(1, 20_000)), min_size=1, max_size=8
).map(lambda rows: [Accepted(f"L-{n}", after(days), quantity, price) for n, (days, quantity, price) in enumerate(rows)])


@given(lots, st.data())
def test_the_youngest_blanks_are_left_and_all_of_them_are_counted(accepted, data):
    total = sum(lot.quantity for lot in accepted)
    on_hand = data.draw(st.integers(0, total))
    layers = stock.first_in_first_out(accepted, on_hand=on_hand)
    assert sum(layer.left for layer in layers) == on_hand
    touched = [layer for layer in layers if 0 < layer.left < layer.quantity]
    assert len(touched) <= 1
    lefts = [layer.left > 0 for layer in layers]
    assert lefts == sorted(lefts)
    # One blank after the other, the oldest first, gives the same rupiah.
    one_by_one = [lot.unit_price_idr for lot in sorted(accepted, key=lambda lot: (lot.accepted_on, lot.lot_no))
                  for _ in range(lot.quantity)]  # fmt: skip
    assert sum(layer.value_idr for layer in layers) == sum(one_by_one[total - on_hand :])


@pytest.mark.parametrize("on_hand", [-1, 11])
def test_more_at_hand_than_was_accepted_is_refused(on_hand):
    with pytest.raises(stock.MoreThanAccepted):
        stock.first_in_first_out([Accepted("L", DAY, 10, 1)], on_hand=on_hand)


deliveries = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 500)), min_size=1, max_size=6).map(
    lambda rows: [Planned(n, after(days), quantity) for n, (days, quantity) in enumerate(rows, 1)]
)
arrivals = st.lists(
    st.builds(Came, st.integers(0, 80).map(after), st.integers(1, 800), st.one_of(st.none(), st.integers(1, 7))),
    max_size=8,
)


@given(deliveries, arrivals, st.integers(0, 90).map(after))
def test_no_delivery_gets_more_than_was_planned_or_than_came(planned, came, as_of):
    kept = stock.schedule_kept(planned, came, as_of=as_of, **TERMS)
    assert {row.delivery_no for row in kept} == {row.delivery_no for row in planned}
    by_due = sum(row.there_by_due for row in kept)
    assert by_due <= sum(item.quantity for item in came if item.on <= as_of)
    for row in kept:
        assert 0 <= row.there_by_due <= row.quantity
        assert row.short_by == (row.quantity - row.there_by_due if row.is_due else 0)
        assert 0 <= row.penalty_idr <= row.quantity * TERMS["unit_price_idr"] * 50 // 1000
        assert (row.days_late > 0) <= row.is_due
        if row.fulfilled_on is not None and row.is_due and row.short_by:
            assert row.fulfilled_on > row.due_on
            assert row.days_late == (row.fulfilled_on - row.due_on).days


def test_each_late_part_is_charged_for_its_own_days():
    came = [Came(after(10), 600), Came(after(13), 300), Came(after(20), 100)]
    (row,) = stock.schedule_kept([Planned(1, after(10), 1_000)], came, as_of=after(60), **TERMS)
    assert (row.there_by_due, row.short_by, row.fulfilled_on, row.days_late) == (600, 400, after(20), 10)
    assert row.penalty_idr == 300 * 10_000 * 3 // 1000 + 100 * 10_000 * 10 // 1000


def test_a_delay_of_one_delivery_is_no_delay_of_the_next():
    came = [Came(after(9), 100, 1), Came(after(20), 100, 2), Came(after(30), 50, 1)]
    first, second = stock.schedule_kept(
        [Planned(1, after(10), 150), Planned(2, after(20), 100)], came, as_of=after(60), **TERMS
    )
    assert (first.short_by, first.days_late, second.short_by, second.days_late) == (50, 20, 0, 0)


def test_what_is_not_due_is_neither_late_nor_short():
    (row,) = stock.schedule_kept([Planned(1, after(10), 100)], [], as_of=after(9), **TERMS)
    assert (row.is_due, row.short_by, row.days_late, row.penalty_idr) == (False, 0, 0, 0)


@given(st.integers(0, 10**9), st.integers(-5, 400), st.integers(0, 5), st.integers(0, 100))
def test_a_penalty_grows_by_the_day_up_to_its_cap(value, days, per_mille, cap):
    def charged(days):
        return stock.penalty(value_idr=value, days_late=days, per_mille_a_day=per_mille, cap_per_mille=cap)

    assert 0 <= charged(days) <= charged(days + 1) <= value * cap // 1000
    assert charged(0) == 0


breaks = [Break(1_000, 9_000), Break(10_000, 8_000)]


@pytest.mark.parametrize(
    ("quantity", "price"), [(1, 10_000), (999, 10_000), (1_000, 9_000), (9_999, 9_000), (10_000, 8_000)]
)
def test_a_price_falls_at_its_break(quantity, price):
    stock.check_breaks(breaks, list_price_idr=10_000)
    assert stock.price_at(quantity, list_price_idr=10_000, breaks=breaks) == price


@pytest.mark.parametrize(
    "wrong",
    [[Break(1, 9_000)], [Break(10, 10_000)], [Break(10, 9_000), Break(10, 8_000)], [Break(10, 9_000), Break(20, 9_500)],
     [Break(10, 0)]],
)  # fmt: skip
def test_breaks_that_do_not_rise_and_fall_are_refused(wrong):
    with pytest.raises(stock.BadPriceBreaks):
        stock.check_breaks(wrong, list_price_idr=10_000)


def test_the_maker_replaces_what_is_beyond_the_allowance():
    assert stock.replaceable(accepted=990, rejected=10, allowance_per_mille=5) == 5
    assert stock.replaceable(accepted=999, rejected=1, allowance_per_mille=5) == 0
